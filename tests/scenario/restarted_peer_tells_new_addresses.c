// SPDX-License-Identifier: MIT
// Alice's addresses change many times, so that her lists of them have high numbers; then her node is restarted, before Bob's
// link to it dies, and counts from one again. What the new process tells is believed all the same.
#include "sim/story.h"

static bool knows(const struct actor *a, const struct actor *peer, enum plk_transport transport) {
    struct plk_addr addr;
    struct plk_way_view way;
    if (!net_address(a->world->net, peer->index, 4, &addr)) return false;
    for (size_t i = 0; plk_node_way(a->node, world_contact(a, peer), i, &way); i++) {
        if (way.transport == transport && plk_addr_same_ip(&way.addr, &addr)) return true;
    }
    return false;
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    for (int i = 0; i < 12; i++) {
        world_move(alice, i % 2);
        story_run(w, 5 * PLK_SECOND);
    }
    world_restart(alice);
    story_say(bob, alice, "restarted");
    story_heard(alice, "restarted", 20 * PLK_SECOND);
    world_move_one(alice, 4, 3);
    story_run(w, 10 * PLK_SECOND);
    story_expect(w, knows(bob, alice, PLK_TCP)); // no packet came from there: she has told him
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
