// SPDX-License-Identifier: MIT
// Alice has accepted bob's blob, and the acceptance is lost with the disk of the relay where it lay. Bob reads that the link was used,
// and by him; he sends the same blob again, and alice the same acceptance.
#include "_meet.h"

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    struct relayd *other = meet_other(&m); // bob's
    mailbox_use(m.bob, other);
    meet_invite(&m, PLK_INVITE_ONE_TIME);
    world_kill(m.alice);
    uint32_t contact = meet_add(&m, m.bob, "first words");
    story_run(w, 20 * PLK_SECOND);
    world_kill(m.bob);
    world_start(m.alice);
    story_heard(m.alice, "first words", MEET_LIMIT);
    story_run(w, 10 * PLK_SECOND);
    story_expect(w, mailbox_items(other) > 0);
    relayd_lose_disk(other);
    relayd_start(other);
    mailbox_token(other);
    world_start(m.bob);
    meet_until_state(m.bob, contact, PLK_CONTACT_ACTIVE);
    meet_talk(m.bob, m.alice, "found again");
    story_ends_well(w);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
