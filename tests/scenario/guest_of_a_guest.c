// SPDX-License-Identifier: MIT
// Bob has come to alice's relay as a guest, and invites carol, who has no relay either. His link lies on the relay like any other; carol gets
// no token there, is told so, and becomes his contact when a packet passes directly. What she writes while he is away, the relay keeps.
#include "_meet.h"

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    struct actor *carol = story_person(w, "carol");
    world_part(w, m.alice, carol, NET_ALL);
    meet_invite(&m, PLK_INVITE_ONE_TIME);
    meet_add(&m, m.bob, "hello");
    meet_until_friends(&m, m.alice, m.bob);

    const char *link = world_invite(m.bob, w->seed % 2 ? PLK_INVITE_ONE_TIME : PLK_INVITE_ADDRESS);
    story_holds(w);
    if (w->seed % 4 >= 2) world_part(w, m.bob, carol, NET_ALL);
    uint32_t contact = world_add(carol, link, "I am carol");
    story_heard(m.bob, "I am carol", MEET_LIMIT);
    meet_until_told(carol, contact, PLK_ERR_NO_TOKEN);
    if (w->seed % 2 == 0)
        meet_must(m.bob, (struct plk_command){.kind = PLK_CMD_ACCEPT, .contact = world_contact(m.bob, carol)});
    story_run(w, PLK_MINUTE);
    story_expect(w, (meet_state(carol, contact) == PLK_CONTACT_ACTIVE) == (w->seed % 4 < 2));
    world_part(w, m.bob, carol, 0);
    story_run(w,
              40 * PLK_MINUTE); // he calls now and then, and every fourth time as one who may not have his acceptance
    meet_until_friends(&m, m.bob, carol);
    meet_talk(m.bob, carol, "welcome");
    story_delivered(w, MEET_LIMIT);
    world_stop(m.bob);
    story_say(carol, m.bob, "while you were away");
    story_run(w, PLK_MINUTE);
    world_stop(carol);
    world_start(m.bob);
    story_heard(m.bob, "while you were away", MEET_LIMIT);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
