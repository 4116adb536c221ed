// SPDX-License-Identifier: MIT
// A newcomer opens a link that names two relays, one of which does not answer just then. Its process ends while it waits for that
// one, again and again, and begins again: it goes on taking over both, and has both in the end.
#include "_meet.h"

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    struct relayd *other = meet_other(&m);
    mailbox_use(m.alice, other);
    meet_invite(&m, PLK_INVITE_ONE_TIME);
    struct relayd *late = w->seed % 2 ? other : m.relay, *there = w->seed % 2 ? m.relay : other;
    relayd_kill(late);
    meet_add(&m, m.bob, "with both");
    for (uint64_t i = 0; i < 1 + w->seed % 3; i++) { // the second one is waited for 5 s, and taken over all the same
        story_run(w, PLK_SECOND + w->seed * 13 % 2900 * PLK_MS);
        world_restart(m.bob);
    }
    meet_until_friends(&m, m.alice, m.bob);
    story_heard(m.alice, "with both", MEET_LIMIT);
    story_expect(w, mailbox_connected(m.bob, there));
    relayd_start(late);
    for (int i = 0; i < 300 && !mailbox_connected(m.bob, late); i++) story_run(w, PLK_SECOND);
    story_expect(w, mailbox_connected(m.bob, late));
    meet_talk(m.alice, m.bob, "and back");
    story_ends_well(w);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
