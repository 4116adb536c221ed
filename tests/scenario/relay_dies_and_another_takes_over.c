// SPDX-License-Identifier: MIT
// Alice and bob can talk by relay only. One relay after the other is killed and comes back: the conversation goes on by the other.
#include "_relayed.h"

static void tell(struct world *w) {
    struct relayed s;
    relayed_begin(&s, w);
    relayed_part(&s);
    relayed_talk(&s, "are you there", RELAYED_MOVE);
    relayed_until(&s, true, PLK_SECOND);
    uint64_t since_us = relayed_since(&s);
    for (int i = 0; i < 4; i++) {
        struct relayd *relay = (i + (int)w->seed) % 2 ? s.near : s.far;
        char text[64];
        relayd_kill(relay);
        snprintf(text, sizeof text, "without %s %d", relay->machine->name, i);
        relayed_talk(&s, text, RELAYED_MOVE);
        relayed_until(&s, true, PLK_MS);
        relayd_start(relay);
        // It has forgotten its clients and does not say so; that nothing is answered by it makes them ask.
        story_run(w, PLK_MINUTE);
    }
    story_expect(w, relayed_since(&s) == since_us);
    relayed_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
