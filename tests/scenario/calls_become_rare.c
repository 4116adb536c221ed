// SPDX-License-Identifier: MIT
// Bob is away for a day while something waits for him. Alice calls often at first and then ever more rarely, at most about
// once an hour (DESIGN 3.8); as soon as he is there again he calls her, and she does not wait for her own next time.
#include "sim/story.h"

static uint64_t out_in(struct world *w, struct actor *alice, uint64_t us) {
    uint64_t before = plk_node_counters(alice->node)->datagrams_out;
    story_run(w, us);
    return plk_node_counters(alice->node)->datagrams_out - before;
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_delivered(w, PLK_MINUTE);
    world_kill(bob);
    story_say(alice, bob, "when you are back");
    uint64_t first = out_in(w, alice, 5 * PLK_MINUTE), call = 0;
    story_expect(w, first > 0);
    story_run(w, 12 * PLK_HOUR);
    // One call goes to two families of address, repeated for twelve seconds: some twenty packets.
    call = out_in(w, alice, 4 * PLK_HOUR);
    story_expect(w, call > 0 && call < 6 * 24);
    world_start(bob);
    story_heard(bob, "when you are back", 3 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
