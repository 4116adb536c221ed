// SPDX-License-Identifier: MIT
#include "mail/window.h"

void plk_window_init(struct plk_window *window, struct plk_mem *mem) { *window = (struct plk_window){.mem = mem}; }

struct plk_entry *plk_window_at(const struct plk_window *window, size_t index) {
    plk_assert(index < window->count);
    return &window->ring[(window->head + index) & (window->cap - 1)];
}

static void grow(struct plk_window *window) {
    size_t cap = window->cap == 0 ? 16 : window->cap * 2;
    struct plk_entry *ring = plk_mem_take(window->mem, cap * sizeof *ring);
    for (size_t i = 0; i < window->count; i++) ring[i] = *plk_window_at(window, i);
    plk_mem_give(window->mem, window->ring);
    window->ring = ring;
    window->cap = cap;
    window->head = 0;
}

void plk_window_push(struct plk_window *window, const struct plk_entry *entry) {
    if (window->count == window->cap) grow(window);
    window->count++;
    *plk_window_at(window, window->count - 1) = *entry;
    window->payload_bytes += entry->payload_len;
    window->record_bytes += entry->record_len;
}

static void drop(struct plk_window *window, struct plk_entry *entry) {
    window->payload_bytes -= entry->payload_len;
    window->record_bytes -= entry->record_len;
    plk_entry_free(window->mem, entry);
}

void plk_window_pop(struct plk_window *window) {
    drop(window, plk_window_at(window, 0));
    window->head = (window->head + 1) & (window->cap - 1);
    window->count--;
}

void plk_window_remove(struct plk_window *window, size_t index) {
    drop(window, plk_window_at(window, index));
    for (size_t i = index; i + 1 < window->count; i++) *plk_window_at(window, i) = *plk_window_at(window, i + 1);
    window->count--;
}

void plk_window_clear(struct plk_window *window) {
    while (window->count > 0) plk_window_pop(window);
    plk_mem_give(window->mem, window->ring);
    plk_window_init(window, window->mem);
}

void plk_window_set_record(struct plk_window *window, struct plk_entry *entry, struct plk_bytes ciphertext) {
    window->record_bytes -= entry->record_len;
    if (ciphertext.len > 0) {
        plk_entry_set_record(window->mem, entry, ciphertext);
    } else {
        plk_entry_drop_record(window->mem, entry);
    }
    window->record_bytes += entry->record_len;
}

bool plk_window_find(const struct plk_window *window, struct plk_order order, size_t *index) {
    size_t low = 0;
    size_t high = window->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (plk_order_before(plk_window_at(window, middle)->order, order)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *index = low;
    return low < window->count && !plk_order_before(order, plk_window_at(window, low)->order);
}
