// SPDX-License-Identifier: MIT
// The direct way dies in mid-conversation, without a word from any network, early or long after it has proved itself: the next
// text arrives by relay after the time that it takes to notice, and after the direct way is there again the next ones go by it.
// None of this takes a handshake.
#include "_relayed.h"

static void tell(struct world *w) {
    struct relayed s;
    relayed_begin(&s, w);
    relayed_until(&s, false, RELAYED_LOOK);
    for (int i = 0; i < (w->seed % 2 ? 1 : 12); i++) {
        char text[32];
        snprintf(text, sizeof text, "word %d", i);
        relayed_talk(&s, text, PLK_SECOND);
        story_run(w, 6 * PLK_SECOND);
    }
    uint64_t since_us = relayed_since(&s);
    for (int i = 0; i < 2; i++) {
        char text[32];
        relayed_part(&s);
        snprintf(text, sizeof text, "are you there %d", i);
        relayed_talk(&s, text, RELAYED_MOVE);
        relayed_until(&s, true, PLK_SECOND);
        relayed_join(&s);
        relayed_until(&s, false, RELAYED_LOOK);
        snprintf(text, sizeof text, "directly again %d", i);
        relayed_talk(&s, text, PLK_SECOND);
    }
    story_expect(w, relayed_since(&s) == since_us);
    relayed_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
