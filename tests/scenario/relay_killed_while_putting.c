// SPDX-License-Identifier: MIT
// The relay dies again and again, also between STORE and STORED, while alice puts and bob reads. What alice was answered OK
// reaches bob; what she was not, she puts again. In the end nothing is left.
#include "_relay.h"

#define LETTERS 30

static void back(struct relay_story *s) {
    relayd_kill(s->relay);
    story_run(s->w, dice_between(&s->w->dice, 0, 3 * PLK_SECOND));
    relayd_start(s->relay);
    guest_vanish(s->alice);
    guest_vanish(s->bob);
    relay_come(s->alice);
    relay_attach_alice(s);
    if (dice_chance(&s->w->dice, 500000)) return;
    relay_come(s->bob);
    relay_attach_bob(s);
}

static bool put(struct relay_story *s, const char *text) {
    uint32_t tag = guest_put(s->alice, &s->queue, RELAY_SENDER, text);
    uint64_t patience_us = dice_chance(&s->w->dice, 300000) ? dice_below(&s->w->dice, 60 * PLK_MS) : RELAY_LIMIT;
    return guest_code(s->alice, tag, patience_us) == PLK_QUEUE_CODE_OK;
}

static void tell(struct world *w) {
    struct relay_story s;
    char text[64];
    relay_begin(&s, w);
    relay_make_queue(&s, 0);
    relay_attach_alice(&s);
    for (unsigned i = 0; i < LETTERS; i++) {
        snprintf(text, sizeof text, "letter %u", i);
        while (!put(&s, text)) back(&s);
    }
    relay_come(s.bob);
    relay_attach_bob(&s);
    relay_until_empty(&s);
    for (unsigned i = 0; i < LETTERS; i++) {
        snprintf(text, sizeof text, "letter %u", i);
        story_expect(w, guest_has_item(s.bob, text));
    }
    relay_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
