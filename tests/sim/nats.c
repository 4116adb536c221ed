// SPDX-License-Identifier: MIT
#include "sim/nats.h"

#include <stdlib.h>

struct nats {
    struct world *w;
    struct dice dice;
    struct nat *networks[NATS_NETWORKS_MAX]; // the box next to people; NULL: the open
    int count;
};

static void give_traits(struct nats *n, struct nat *nat) {
    static const uint64_t lives_us[] = {0, 12 * PLK_SECOND, 30 * PLK_SECOND, 5 * PLK_MINUTE};
    struct nat_behaviour *is = &nat->is;
    is->hairpin = dice_chance(&n->dice, 300000);
    is->rejects = dice_chance(&n->dice, 300000);
    is->traps = dice_chance(&n->dice, 300000);
    is->inside_keeps = dice_chance(&n->dice, 300000);
    is->stream_us = lives_us[dice_below(&n->dice, 4)];
    if (dice_chance(&n->dice, 400000)) is->gives = (uint8_t)dice_between(&n->dice, 1, 3);
    if (dice_chance(&n->dice, 300000)) is->lies = (enum nat_lie)dice_between(&n->dice, 1, NAT_SAYS_FOREVER);
    if (is->stream_us) is->unreplied_us = is->stream_us < NAT_UDP_UNREPLIED_US ? is->stream_us : NAT_UDP_UNREPLIED_US;
}

// One more network: of its own, of a carrier that is there already, or the open.
static struct nat *make(struct nats *n) {
    const struct nat_behaviour home = {.filtering = NAT_ADDRESS_AND_PORT};
    const struct nat *shared = n->w->nat_count ? n->w->nats[dice_below(&n->dice, (uint64_t)n->w->nat_count)] : NULL;
    bool carrier = shared && !shared->front && !shared->is.firewall && dice_chance(&n->dice, 200000);
    int before = n->w->nat_count;
    struct nat *nat = carrier ? world_nat_box(n->w, &home, shared)
                              : world_nat(n->w, (enum nat_class)dice_below(&n->dice, NAT_CLASS_COUNT));
    for (int i = before; i < n->w->nat_count; i++) give_traits(n, n->w->nats[i]);
    return nat;
}

struct nats *nats_new(struct world *w, struct actor *const *people, int count) {
    struct nats *n = calloc(1, sizeof *n);
    if (!n) abort();
    n->w = w;
    n->dice = dice(w->seed, "nats", 0);
    n->count = (int)dice_between(&n->dice, 2, NATS_NETWORKS_MAX);
    for (int i = 0; i < n->count; i++) n->networks[i] = make(n);
    for (int i = 0; i < count; i++) nats_move(n, people[i]);
    return n;
}

void nats_free(struct nats *n) { free(n); }

void nats_move(struct nats *n, struct actor *a) {
    world_behind(a, n->networks[dice_below(&n->dice, (uint64_t)n->count)]);
}

void nats_strike(struct nats *n) {
    if (n->w->nat_count == 0) return;
    struct nat *nat = n->w->nats[dice_below(&n->dice, (uint64_t)n->w->nat_count)];
    uint64_t what = dice_below(&n->dice, 5);
    if (what < 2)
        world_nat_reboot(n->w, nat);
    else if (what < 4)
        world_nat_renumber(n->w, nat);
    else
        for (int i = 0; i < n->w->nat_count; i++) world_nat_renumber(n->w, n->w->nats[i]);
}
