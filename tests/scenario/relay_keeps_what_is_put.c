// SPDX-License-Identifier: MIT
// Bob is away. Alice puts three cells into his queue and goes; bob comes, reads them in order, and nothing is left. What lay on
// the relay's disk shows nothing of the text.
#include "_relay.h"

static void tell(struct world *w) {
    struct relay_story s;
    char text[64];
    relay_begin(&s, w);
    relay_make_queue(&s, 0);
    guest_vanish(s.bob);
    relay_attach_alice(&s);
    for (int i = 1; i <= 3; i++) {
        snprintf(text, sizeof text, "%s letter %d", w->canary, i);
        relay_expect(s.alice, guest_put(s.alice, &s.queue, RELAY_SENDER, text), PLK_QUEUE_CODE_OK);
    }
    story_expect(w, relayd_rows(s.relay, PLK_TABLE_rcell) == 3);
    story_expect(w, !relayd_disk_holds(s.relay, plk_bytes_text(w->canary)));
    guest_vanish(s.alice);
    story_run(w, PLK_HOUR);
    relay_come(s.bob);
    relay_attach_bob(&s);
    relay_until_items(s.bob, 3);
    for (size_t i = 1, n = 0; i <= 3; i++) {
        snprintf(text, sizeof text, "%s letter %zu", w->canary, i);
        while (n < s.bob->told_count && s.bob->told[n].type != PLK_QUEUE_ITEM) n++;
        story_expect(w, n < s.bob->told_count && strcmp(s.bob->told[n++].text, text) == 0);
    }
    relay_until_empty(&s);
    relay_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
