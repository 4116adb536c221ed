// SPDX-License-Identifier: MIT
// One side dies at every moment between STORE and STORED, again and again, while both write. What was accepted stays; what
// was said to be delivered is there; nothing comes twice.
#include "sim/story.h"

static bool has_unsaved(struct world *w, void *actor) {
    (void)w;
    return ((struct actor *)actor)->disk->batches > 0;
}

static void tell(struct world *w) {
    w->speed.commit_low_us = 2 * PLK_MS;
    w->speed.commit_high_us = 40 * PLK_MS;
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    for (int i = 0; i < 25; i++) {
        struct actor *victim = dice_below(&w->dice, 2) ? alice : bob, *other = victim == alice ? bob : alice;
        char text[64];
        snprintf(text, sizeof text, "%d from %s", i, other->name);
        story_say(other, victim, text);
        struct plk_command unsure = {.kind = PLK_CMD_SEND, .contact = world_contact(victim, other)};
        snprintf(text, sizeof text, "%d perhaps", i);
        unsure.text = world_text(w, text);
        if (plk_node_state(victim->node) == PLK_NODE_READY) actor_command(victim, &unsure);
        world_run_until(w, has_unsaved, victim, 2 * PLK_SECOND);
        story_run(w, dice_below(&w->dice, 3 * PLK_MS));
        world_restart(victim);
        story_run(w, dice_below(&w->dice, 300 * PLK_MS));
    }
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
