// SPDX-License-Identifier: MIT
// Bob opens a link that leads through a relay, and it turns out to be alice's, whom he has known all along: one contact, not two. The
// text that he gave with the link becomes part of their conversation.
#include "_meet.h"

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    world_part(w, m.alice, m.bob, 0);
    story_meet(m.alice, m.bob);
    uint32_t contact = world_contact(m.bob, m.alice);
    meet_talk(m.bob, m.alice, "old words");
    meet_invite(&m, w->seed % 3 ? PLK_INVITE_ONE_TIME : PLK_INVITE_ADDRESS);
    if (w->seed % 2) world_restart(m.bob);
    world_part(w, m.bob, m.relay->machine, NET_ALL);
    uint32_t number = meet_add(&m, m.bob, "by a new link");
    if (number != contact) check_forget(w->check, m.bob, number); // it moves
    world_part(w, m.bob, m.relay->machine, 0);
    story_heard(m.alice, "by a new link", MEET_LIMIT);
    story_run(w, 20 * PLK_SECOND);
    story_expect(w, meet_contacts(m.bob) == 1 && meet_contacts(m.alice) == 1);
    story_expect(w, world_contact(m.bob, m.alice) == contact && meet_state(m.bob, contact) == PLK_CONTACT_ACTIVE);
    meet_talk(m.alice, m.bob, "still we two");
    story_ends_well(w);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
