// SPDX-License-Identifier: MIT
// A disk fills up. Nothing is accepted that cannot be kept, nothing is acknowledged that was not; when there is room again
// everything goes on where it stopped.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say(alice, bob, "before");
    story_heard(bob, "before", 5 * PLK_SECOND);
    story_delivered(w, 5 * PLK_SECOND);
    story_run(w, 5 * PLK_SECOND);

    disk_stall(bob->disk, true);
    story_say_many(alice, bob, "into a full disk", 30);
    story_run(w, 20 * PLK_SECOND);
    story_not_heard(bob, "into a full disk 1");
    story_expect(w, check_undelivered(w->check) == 30);
    struct plk_command c = {
        .kind = PLK_CMD_SEND, .contact = world_contact(bob, alice), .text = world_text(w, "refused")};
    uint64_t ticket = actor_command(bob, &c);
    story_run(w, 10 * PLK_SECOND);
    const struct actor_result *r = actor_result(bob, ticket);
    story_expect(w, r && (r->err == PLK_ERR_STALLED || r->err == PLK_ERR_BUSY));

    if (w->seed % 3 == 0) world_restart(bob);
    story_run(w, 20 * PLK_SECOND);
    disk_stall(bob->disk, false);
    story_heard(bob, "into a full disk 30", 2 * PLK_MINUTE);
    story_say(bob, alice, "there is room again");
    story_heard(alice, "there is room again", 10 * PLK_SECOND);
    story_not_heard(alice, "refused");
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
