// SPDX-License-Identifier: MIT
// Nothing passes between alice and bob: they meet by message 1 through each other's queues, and talk by relay. When their networks
// let them, they go on directly, without a handshake.
#include "_relayed.h"

static void tell(struct world *w) {
    struct relayed s;
    relayed_begin(&s, w);
    relayed_part(&s);
    world_restart(s.alice);
    world_restart(s.bob);
    relayed_talk(&s, "can you hear me", 5 * PLK_SECOND);
    relayed_until(&s, true, PLK_SECOND);
    for (int i = 0; i < 8; i++) {
        char text[32];
        snprintf(text, sizeof text, "word %d", i);
        relayed_talk(&s, text, PLK_SECOND);
        story_run(w, 5 * PLK_SECOND);
        relayed_until(&s, true, PLK_MS);
    }
    story_say_many(s.alice, s.bob, "one of many", 300);
    story_delivered(w, PLK_MINUTE);
    uint64_t since_us = relayed_since(&s);
    relayed_join(&s);
    relayed_until(&s, false, RELAYED_LOOK);
    relayed_talk(&s, "that is better", PLK_SECOND);
    story_expect(w, relayed_since(&s) == since_us);
    relayed_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
