// SPDX-License-Identifier: MIT
#include "path/volley.h"

// When a round begins, and how far its packets get. The first must not reach the peer's router: where that takes strangers' packets for
// its own, ours would later get another port (docs/design/paths.md). How many routers are in between nobody knows, so it grows.
struct round {
    uint64_t at_us;
    uint8_t hops;
};

static const struct round aims[] = {{0, 0}, {150 * PLK_MS, 0}, {400 * PLK_MS, 0}};
static const struct round opens[] = {{0, 0}, {100 * PLK_MS, 0}, {350 * PLK_MS, 0}};
static const struct round scatters[] = {
    {0, 2}, {500 * PLK_MS, 3}, {1500 * PLK_MS, 5}, {4 * PLK_SECOND, 0}, {7 * PLK_SECOND, 0}};
static const struct round guesses[] = {{0, 0}};

static const struct {
    const struct round *rounds;
    unsigned count;
} kinds[] = {
    [PLK_VOLLEY_AIM] = {aims, sizeof aims / sizeof aims[0]},
    [PLK_VOLLEY_OPEN] = {opens, sizeof opens / sizeof opens[0]},
    [PLK_VOLLEY_SCATTER] = {scatters, sizeof scatters / sizeof scatters[0]},
    [PLK_VOLLEY_GUESS] = {guesses, sizeof guesses / sizeof guesses[0]},
};

void plk_volley_begin(struct plk_volley *v, enum plk_volley_kind kind, const struct plk_addr *targets, unsigned count,
                      uint64_t now_us) {
    *v = (struct plk_volley){.kind = kind, .socket_count = 1, .began_us = now_us, .paced_us = now_us};
    for (unsigned i = 0; i < count && i < PLK_VOLLEY_TARGETS; i++) v->targets[v->target_count++] = targets[i];
}

static unsigned round_len(const struct plk_volley *v) {
    return v->kind == PLK_VOLLEY_GUESS ? PLK_VOLLEY_GUESSES : v->socket_count * v->target_count;
}

static uint64_t pause_us(const struct plk_volley *v) {
    if (v->kind == PLK_VOLLEY_GUESS) return PLK_VOLLEY_GUESS_US;
    bool pauses = v->kind == PLK_VOLLEY_SCATTER && v->sent % PLK_VOLLEY_OPEN_BURST == 0;
    return pauses ? PLK_VOLLEY_OPEN_US : 0;
}

uint64_t plk_volley_deadline(const struct plk_volley *v) {
    if (v->target_count == 0 || v->round == kinds[v->kind].count) return PLK_NEVER;
    uint64_t at_us = v->began_us + kinds[v->kind].rounds[v->round].at_us;
    return at_us > v->paced_us ? at_us : v->paced_us;
}

bool plk_volley_next(struct plk_volley *v, struct plk_rng *rng, uint64_t now_us, struct plk_volley_shot *shot) {
    if (plk_volley_deadline(v) > now_us) return false;
    bool guess = v->kind == PLK_VOLLEY_GUESS;
    *shot = (struct plk_volley_shot){.socket = v->first_socket, .to = v->targets[0]};
    if (guess)
        shot->to.port = (uint16_t)(PLK_VOLLEY_GUESS_PORT_LOW + plk_rng_below(rng, 65536 - PLK_VOLLEY_GUESS_PORT_LOW));
    if (!guess) shot->to = v->targets[v->sent % v->target_count];
    if (!guess) shot->socket += v->sent / v->target_count;
    shot->hops = kinds[v->kind].rounds[v->round].hops;
    if (v->kind == PLK_VOLLEY_OPEN && v->round == 0) shot->hops = v->hops;
    v->sent++;
    v->paced_us = now_us + pause_us(v);
    if (v->sent < round_len(v)) return true;
    v->sent = 0;
    v->round++;
    return true;
}
