// SPDX-License-Identifier: MIT
// Bob is away, and more waits for him than Alice holds in memory. She gives up some of what lies on her disk only, several at a time
// and also right after a restart: each command waits until its row was read, and says what came of it.
#include "sim/story.h"

#define TEXTS 1100
#define CANCELS 6

static bool is_answered(struct world *w, void *actor) {
    (void)w;
    return ((const struct actor *)actor)->pending_count == 0;
}

static bool is_ready(struct world *w, void *actor) {
    const struct actor *a = actor;
    return a->node != NULL && plk_node_state(a->node) == PLK_NODE_READY && !world_failed(w);
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    world_kill(bob);
    story_say_many(alice, bob, "waiting", TEXTS);
    if (w->seed % 2) world_restart(alice);
    story_until(w, is_ready, alice, PLK_MINUTE, "alice is ready");
    uint64_t tickets[CANCELS];
    for (unsigned i = 0; i < CANCELS; i++) {
        struct plk_command c = {.kind = PLK_CMD_CANCEL, .contact = world_contact(alice, bob), .row = TEXTS - 2 * i};
        if (i == CANCELS - 1) c.row = TEXTS; // once more
        tickets[i] = actor_command(alice, &c);
        if (w->seed % 3 == 0) story_run(w, dice_below(&w->dice, 2 * PLK_MS));
    }
    story_until(w, is_answered, alice, PLK_MINUTE, "all are answered");
    for (unsigned i = 0; i < CANCELS; i++) {
        enum plk_err err = actor_result(alice, tickets[i])->err;
        story_expect(w, err == (i == CANCELS - 1 ? PLK_ERR_NOT_FOUND : PLK_ERR_OK));
    }
    world_start(bob);
    story_heard(bob, "waiting 1099", 5 * PLK_MINUTE);
    story_run(w, PLK_MINUTE);
    story_not_heard(bob, "waiting 1100");
    story_not_heard(bob, "waiting 1092");
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
