// SPDX-License-Identifier: MIT
// Both write at the same instants, many times over, while packets cross.
#include "sim/story.h"

enum { ROUNDS = 60 };

static void tell(struct world *w) {
    w->quality = w->seed % 2 ? world_line_good : world_line_mobile;
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    for (int i = 0; i < ROUNDS; i++) {
        char text[32];
        snprintf(text, sizeof text, "round %d", i);
        struct plk_command to_bob = {
            .kind = PLK_CMD_SEND, .contact = world_contact(alice, bob), .text = world_text(w, text)};
        actor_command(alice, &to_bob);
        struct plk_command to_alice = {
            .kind = PLK_CMD_SEND, .contact = world_contact(bob, alice), .text = world_text(w, text)};
        actor_command(bob, &to_alice);
        story_run(w, dice_below(&w->dice, 50 * PLK_MS));
    }
    story_heard(alice, "round 59", PLK_MINUTE);
    story_heard(bob, "round 59", PLK_MINUTE);
    story_ends_well(w);
    story_expect(w, check_arrived(w->check, alice) == ROUNDS && check_arrived(w->check, bob) == ROUNDS);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
