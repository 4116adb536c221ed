// SPDX-License-Identifier: MIT
// Two people open the same one-time link that leads through a relay. The first becomes a contact. The second is refused, and told so,
// whether it comes later or had already read the bundle; and alice is told that her link was used twice.
#include "_meet.h"

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    struct actor *carol = story_person(w, "carol");
    world_part(w, m.alice, carol, NET_ALL);
    meet_invite(&m, PLK_INVITE_ONE_TIME);
    bool at_once = w->seed % 2;
    if (at_once) world_kill(m.alice); // both put their blobs before she sees any
    meet_add(&m, m.bob, NULL);
    if (at_once) story_run(w, 20 * PLK_SECOND);
    uint32_t contact = at_once ? meet_add(&m, carol, "me, too") : 0;
    if (at_once) story_run(w, 20 * PLK_SECOND);
    if (at_once) world_start(m.alice);
    meet_until_friends(&m, m.alice, m.bob);
    if (!at_once) contact = meet_add(&m, carol, "me, too");
    meet_until_state(carol, contact, PLK_CONTACT_REFUSED);
    meet_until_told(carol, contact, PLK_ERR_USED);
    meet_until_told(m.alice, world_contact(m.alice, m.bob), PLK_ERR_USED);
    story_expect(w, world_contact(m.alice, carol) == 0 && meet_contacts(m.alice) == 1);
    meet_talk(m.bob, m.alice, "we are still talking");
    story_not_heard(m.alice, "me, too");
    story_run(w, 10 * PLK_SECOND);
    story_expect(w, relayd_rows(m.relay, PLK_TABLE_rqueue) == 3); // the invite's, and one of each of the two
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
