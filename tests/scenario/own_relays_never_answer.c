// SPDX-License-Identifier: MIT
// Bob's own relay is gone for good when he opens alice's link. He does not wait for it: he takes over the relay of the link, which has
// answered, and the two become contacts there. When his relay comes again after all, alice is told of it.
#include "_meet.h"

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    struct relayd *other = meet_other(&m);
    mailbox_use(m.bob, other);
    if (w->seed % 2) relayd_kill(other);
    if (w->seed % 2 == 0) world_part(w, m.bob, other->machine, NET_ALL); // it does not say that it is gone
    meet_invite(&m, w->seed % 3 ? PLK_INVITE_ONE_TIME : PLK_INVITE_ADDRESS);
    uint32_t contact = meet_add(&m, m.bob, "hello");
    story_heard(m.alice, "hello", PLK_MINUTE);
    if (w->seed % 3 == 0)
        meet_must(m.alice, (struct plk_command){.kind = PLK_CMD_ACCEPT, .contact = world_contact(m.alice, m.bob)});
    meet_until_state(m.bob, contact, PLK_CONTACT_ACTIVE);
    meet_talk(m.alice, m.bob, "so you are there");
    if (w->seed % 2) relayd_start(other);
    if (w->seed % 2 == 0) world_part(w, m.bob, other->machine, 0);
    story_run(w, 10 * PLK_MINUTE);
    story_expect(w, relayd_rows(other, PLK_TABLE_rqueue) == 1 && mailbox_items(other) == 0);
    relayd_kill(m.relay);
    story_run(w, PLK_MINUTE);
    meet_talk(m.alice, m.bob, "by your own relay");
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
