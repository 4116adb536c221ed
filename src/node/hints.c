// SPDX-License-Identifier: MIT
#include "node/hints.h"

#include "crypto/crypto.h"

void plk_hints_init(struct plk_hints *hints, struct plk_mem *mem, struct plk_rng *rng) {
    *hints = (struct plk_hints){.mem = mem};
    plk_rng_bytes(rng, hints->key, sizeof hints->key);
    plk_hint_budget_init(&hints->classes[PLK_HINT_USUAL].budget, PLK_HINT_KEYS_PER_SECOND, PLK_HINT_KEYS_BURST, 0);
    plk_hint_budget_init(&hints->classes[PLK_HINT_RARE].budget, PLK_HINT_RARE_PER_SECOND, PLK_HINT_RARE_BURST, 0);
    for (size_t i = 0; i < 2 * PLK_HINT_SHARES; i++) {
        plk_hint_budget_init(&hints->shares[i % 2][i / 2], PLK_HINT_SHARE_PER_SECOND, PLK_HINT_SHARE_BURST, 0);
    }
}

void plk_hints_free(struct plk_hints *hints) {
    for (size_t i = 0; i < PLK_HINT_CLASSES; i++) plk_mem_give(hints->mem, hints->classes[i].entries);
}

void plk_hints_add(struct plk_hints *hints, enum plk_hint_class class, const uint8_t key[PLK_HINT_KEY_LEN],
                   uint32_t owner) {
    struct plk_hint_keys *keys = &hints->classes[class];
    if (keys->count == keys->cap) {
        keys->cap = keys->cap == 0 ? 16 : keys->cap * 2;
        keys->entries = plk_mem_grow(hints->mem, keys->entries, keys->cap * sizeof *keys->entries);
    }
    struct plk_hint_entry *entry = &keys->entries[keys->count++];
    memcpy(entry->key, key, sizeof entry->key);
    entry->owner = owner;
}

static void remove_from(struct plk_hint_keys *keys, uint32_t owner) {
    size_t kept = 0;
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->entries[i].owner != owner) keys->entries[kept++] = keys->entries[i];
    }
    if (kept < keys->count) plk_mem_wipe(&keys->entries[kept], (keys->count - kept) * sizeof *keys->entries);
    keys->count = kept;
}

void plk_hints_remove(struct plk_hints *hints, uint32_t owner) {
    for (size_t i = 0; i < PLK_HINT_CLASSES; i++) remove_from(&hints->classes[i], owner);
}

// ---- who pays -------------------------------------------------------------------------------------------------------

static struct plk_hint_budget *share_of(struct plk_hints *hints, struct plk_hint_source source, uint64_t now_us) {
    uint8_t text[14];
    struct plk_writer w = plk_writer(text, sizeof text);
    plk_writer_u64(&w, now_us / PLK_HINT_SHARE_US);
    plk_writer_put(&w, plk_bytes(source.addr->ip, source.addr->family == 4 ? 3 : 6));
    return &hints->shares[source.proven][plk_siphash(hints->key, plk_writer_bytes(&w)) % PLK_HINT_SHARES];
}

// More keys than it ever holds cost all that it may hold.
static bool affords(struct plk_hint_budget *budget, uint64_t count, uint64_t reserve, uint64_t now_us) {
    uint64_t most = budget->burst - reserve;
    plk_hint_budget_refill(budget, now_us);
    return budget->keys >= (count < most ? count : most) + reserve;
}

static enum plk_err scan(struct plk_hint_keys *keys, const struct plk_packet *message1, uint64_t reserve,
                         uint64_t now_us, uint32_t *owner) {
    if (!affords(&keys->budget, keys->count, reserve, now_us)) return PLK_ERR_LIMIT;
    return plk_hint_scan(keys->entries, keys->count, message1, &keys->budget, owner);
}

static enum plk_err scan_rare(struct plk_hints *hints, const struct plk_packet *message1, struct plk_hint_source source,
                              uint64_t now_us, uint32_t *owner) {
    struct plk_hint_keys *rare = &hints->classes[PLK_HINT_RARE];
    if (rare->count == 0) return PLK_ERR_NOT_FOUND;
    struct plk_hint_budget *share = share_of(hints, source, now_us);
    if (!affords(share, rare->count, 0, now_us)) return PLK_ERR_LIMIT;
    enum plk_err err = scan(rare, message1, source.proven ? 0 : rare->budget.burst / 2, now_us, owner);
    if (err == PLK_ERR_NOT_FOUND) plk_hint_budget_take(share, rare->count);
    return err;
}

enum plk_err plk_hints_find(struct plk_hints *hints, const struct plk_packet *message1, struct plk_hint_source source,
                            uint64_t now_us, uint32_t *owner) {
    struct plk_hint_keys *usual = &hints->classes[PLK_HINT_USUAL];
    enum plk_err err = scan(usual, message1, source.proven ? 0 : usual->budget.burst / 4, now_us, owner);
    if (err == PLK_ERR_OK) return err;
    enum plk_err rare_err = scan_rare(hints, message1, source, now_us, owner);
    return rare_err == PLK_ERR_NOT_FOUND ? err : rare_err;
}
