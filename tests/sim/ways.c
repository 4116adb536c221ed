// SPDX-License-Identifier: MIT
#include "sim/ways.h"

#include <stdio.h>

static bool goes_directly(const struct actor *a, const struct actor *b) {
    struct plk_contact_view view;
    if (!a->node || plk_node_contact(a->node, world_contact(a, b), &view) != PLK_ERR_OK) return false;
    return view.path != PLK_PATH_NONE && view.path != PLK_PATH_RELAY;
}

static bool both(struct world *w, void *pair) {
    struct actor *const *p = pair;
    (void)w;
    return goes_directly(p[0], p[1]) && goes_directly(p[1], p[0]);
}

// A router that takes a stranger's packet for its own may give ours another port, whatever its class.
static bool traps(const struct nat *nat) {
    for (; nat; nat = nat->front) {
        if (nat->is.traps) return true;
    }
    return false;
}

// So does one to which the same port at an address that we had a moment ago still means something, for as long as it does: what the other side
// sends there keeps it alive.
static bool is_odd(const struct nat *nat) {
    for (; nat; nat = nat->front) {
        for (size_t i = 0; i < nat->count; i++) {
            if (nat->sessions[i].odd) return true;
        }
    }
    return false;
}

static void say(struct actor *from, struct actor *to, int number) {
    char text[32];
    snprintf(text, sizeof text, "which way is this, %d", number);
    enum plk_err err = world_send(from, to, text);
    if (err) world_fail(from->world, "%s may not write to %s: %s", from->name, to->name, plk_err_name(err));
}

static void check_pair(struct world *w, struct actor *a, struct actor *b) {
    struct actor *pair[2] = {a, b};
    enum nat_way way = world_permits(a, b, PLK_UDP);
    if (way == NAT_WAY_NONE || traps(a->nat) || traps(b->nat)) return;
    for (uint64_t us = 0; us < WAYS_OPEN_US && !w->failed; us += WAYS_WORD_US) {
        if (both(w, pair)) return;
        say(pair[us / WAYS_WORD_US % 2], pair[1 - us / WAYS_WORD_US % 2], (int)(us / WAYS_WORD_US));
        world_run_for(w, WAYS_WORD_US);
    }
    if (is_odd(a->nat) || is_odd(b->nat)) return;
    if (!both(w, pair) && !w->failed)
        world_fail(w, "%s and %s could reach each other directly (%s - %s) and do not", a->name, b->name,
                   nat_class_name(nat_class_of(a->nat, PLK_UDP)), nat_class_name(nat_class_of(b->nat, PLK_UDP)));
}

void ways_check(struct world *w, struct actor *const *people, int count) {
    for (int i = 0; i < count; i++) {
        for (int j = i + 1; j < count && !w->failed; j++) check_pair(w, people[i], people[j]);
    }
}
