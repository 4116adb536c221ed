// SPDX-License-Identifier: MIT
// UDP does not work, and strangers from several places hold as many connections to Alice as she lets strangers have, silent, and
// make a new one whenever one is closed. Bob gets through all the same.
#include "sim/story.h"

#define STRANGERS 5
#define EACH 40
#define AGAIN_US (200 * PLK_MS)

struct crowd {
    struct actor *of[STRANGERS];
    uint32_t next;
};

static void connect_more(struct crowd *crowd, struct actor *victim, unsigned count) {
    struct plk_addr to = {0};
    net_address(victim->world->net, victim->index, 4, &to);
    to.port = victim->port;
    for (unsigned i = 0; i < count; i++) {
        struct actor *who = crowd->of[crowd->next % STRANGERS];
        net_open(who->world->net, who->index, ++crowd->next, &to);
    }
}

static void tell(struct world *w) {
    static const char *const names[STRANGERS] = {"mallory", "moe", "mia", "max", "maud"};
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    struct crowd crowd = {.next = 0};
    for (unsigned i = 0; i < STRANGERS; i++) {
        crowd.of[i] = world_actor(w, names[i]);
        crowd.of[i]->stranger = true;
        net_bind(w->net, crowd.of[i]->index, crowd.of[i]->port, crowd.of[i]->port, crowd.of[i]->port);
    }
    story_meet(alice, bob);
    story_delivered(w, PLK_MINUTE);
    world_kill(bob);
    world_part(w, alice, bob, NET_UDP);
    world_part_one_way(alice, bob, NET_ALL); // she cannot call him: he has to get in
    story_run(w, PLK_MINUTE);
    connect_more(&crowd, alice, STRANGERS * EACH);
    story_run(w, PLK_SECOND);
    world_part_one_way(alice, bob, NET_UDP);
    world_start(bob);
    bool heard = false;
    for (unsigned i = 0; i < 25 && !heard; i++) {
        connect_more(&crowd, alice, 4);
        story_run(w, AGAIN_US);
        heard = story_view(bob, alice).path != PLK_PATH_NONE;
    }
    story_expect(w, heard);
    story_expect(w, plk_node_counters(alice->node)->limited > 0);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
