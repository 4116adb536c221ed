// SPDX-License-Identifier: MIT
#include "node/haunts.h"

#include "crypto/crypto.h"

void plk_haunts_init(struct plk_haunts *haunts, struct plk_mem *mem, struct plk_rng *rng) {
    haunts->mem = mem;
    haunts->places = plk_mem_take(mem, PLK_HAUNTS_PLACES * sizeof *haunts->places);
    plk_rng_bytes(rng, haunts->key, sizeof haunts->key);
}

void plk_haunts_free(struct plk_haunts *haunts) { plk_mem_give(haunts->mem, haunts->places); }

static struct plk_haunt *place_of(const struct plk_haunts *haunts, const struct plk_addr *addr, uint32_t *check) {
    uint64_t hash = plk_siphash(haunts->key, plk_bytes(addr->ip, addr->family == 4 ? 4 : 8));
    *check = (uint32_t)(hash >> 32);
    return haunts->places[hash % PLK_HAUNTS_PLACES];
}

void plk_haunts_note(struct plk_haunts *haunts, const struct plk_addr *addr, uint32_t owner) {
    uint32_t check;
    struct plk_haunt *place = place_of(haunts, addr, &check);
    size_t at = 0;
    while (at < PLK_HAUNTS_EACH - 1 && (place[at].owner != owner || place[at].check != check)) at++;
    memmove(place + 1, place, at * sizeof *place);
    *place = (struct plk_haunt){.owner = owner, .check = check};
}

void plk_haunts_forget(struct plk_haunts *haunts, uint32_t owner) {
    for (size_t i = 0; i < PLK_HAUNTS_PLACES; i++) {
        for (size_t k = 0; k < PLK_HAUNTS_EACH; k++) {
            if (haunts->places[i][k].owner == owner) haunts->places[i][k].owner = 0;
        }
    }
}

size_t plk_haunts_at(const struct plk_haunts *haunts, const struct plk_addr *addr, uint32_t owners[PLK_HAUNTS_EACH]) {
    uint32_t check;
    size_t count = 0;
    const struct plk_haunt *place = place_of(haunts, addr, &check);
    for (size_t i = 0; i < PLK_HAUNTS_EACH; i++) {
        if (place[i].owner != 0 && place[i].check == check) owners[count++] = place[i].owner;
    }
    return count;
}
