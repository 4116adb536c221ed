// SPDX-License-Identifier: MIT
#include "path/trail.h"

static bool is_same(const struct plk_trail_step *a, const struct plk_trail_step *b) {
    return a->kind == b->kind && a->transport == b->transport && a->stream == b->stream &&
           plk_addr_equal(&a->addr, &b->addr);
}

static void remove_at(struct plk_trail *trail, unsigned index) {
    trail->count--;
    memmove(&trail->steps[index], &trail->steps[index + 1], (trail->count - index) * sizeof trail->steps[0]);
}

void plk_trail_note(struct plk_trail *trail, uint64_t now_us, const struct plk_trail_step *step) {
    uint32_t before = 0;
    for (unsigned i = trail->count; i-- > 0;) {
        if (is_same(&trail->steps[i], step)) {
            before = trail->steps[i].count;
            remove_at(trail, i);
            break;
        }
        // What was so before data last moved is another story.
        if (trail->steps[i].kind == PLK_TRAIL_ACTIVE || trail->steps[i].kind == PLK_TRAIL_DOWN) break;
    }
    if (trail->count == PLK_TRAIL_LEN) remove_at(trail, 0);
    struct plk_trail_step *new = &trail->steps[trail->count++];
    *new = *step;
    new->at_us = now_us;
    new->count = before + 1;
}

const char *plk_trail_word(enum plk_trail_kind kind) {
    static const char *const words[] = {"called",     "up",         "told",      "asked",   "answered",
                                        "unanswered", "connecting", "connected", "refused", "active",
                                        "silent",     "lost",       "down"};
    return (unsigned)kind < sizeof words / sizeof words[0] ? words[kind] : "unknown";
}
