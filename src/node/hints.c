// SPDX-License-Identifier: MIT
#include "node/hints.h"

void plk_hints_init(struct plk_hints *hints, struct plk_mem *mem) {
    *hints = (struct plk_hints){.mem = mem};
    plk_hint_budget_init(&hints->budget, 0);
}

void plk_hints_free(struct plk_hints *hints) { plk_mem_give(hints->mem, hints->entries); }

void plk_hints_add(struct plk_hints *hints, const uint8_t key[PLK_HINT_KEY_LEN], uint32_t owner) {
    if (hints->count == hints->cap) {
        hints->cap = hints->cap == 0 ? 16 : hints->cap * 2;
        hints->entries = plk_mem_grow(hints->mem, hints->entries, hints->cap * sizeof *hints->entries);
    }
    struct plk_hint_entry *entry = &hints->entries[hints->count++];
    memcpy(entry->key, key, sizeof entry->key);
    entry->owner = owner;
}

void plk_hints_remove(struct plk_hints *hints, uint32_t owner) {
    size_t kept = 0;
    for (size_t i = 0; i < hints->count; i++) {
        if (hints->entries[i].owner != owner) hints->entries[kept++] = hints->entries[i];
    }
    if (kept < hints->count) plk_mem_wipe(&hints->entries[kept], (hints->count - kept) * sizeof *hints->entries);
    hints->count = kept;
}
