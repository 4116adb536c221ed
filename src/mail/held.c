// SPDX-License-Identifier: MIT
#include "mail/held.h"

void plk_held_init(struct plk_held *held, struct plk_mem *mem) { *held = (struct plk_held){.mem = mem}; }

void plk_held_clear(struct plk_held *held) {
    for (size_t i = 0; i < held->count; i++) plk_mem_give(held->mem, held->items[i].text);
    plk_mem_give(held->mem, held->items);
    plk_held_init(held, held->mem);
}

// The first item that is not below {generation, seq}.
static size_t lower_bound(const struct plk_held *held, uint32_t generation, uint64_t seq) {
    size_t low = 0;
    size_t high = held->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct plk_held_item *item = &held->items[middle];
        bool below = item->generation != generation ? item->generation < generation : item->seq < seq;
        if (below) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct plk_held_item *plk_held_find(const struct plk_held *held, uint32_t generation, uint64_t seq) {
    size_t index = lower_bound(held, generation, seq);
    if (index == held->count) return NULL;
    struct plk_held_item *item = &held->items[index];
    return item->generation == generation && item->seq == seq ? item : NULL;
}

struct plk_held_item *plk_held_put(struct plk_held *held, uint32_t generation, uint64_t seq, struct plk_bytes text) {
    plk_assert(plk_held_find(held, generation, seq) == NULL);
    size_t index = lower_bound(held, generation, seq);
    if (held->count == held->cap) {
        held->cap = held->cap == 0 ? 16 : held->cap * 2;
        held->items = plk_mem_grow(held->mem, held->items, held->cap * sizeof *held->items);
    }
    struct plk_held_item *item = &held->items[index];
    memmove(item + 1, item, (held->count - index) * sizeof *item);
    held->count++;
    *item = (struct plk_held_item){.generation = generation, .seq = seq, .text_len = text.len};
    item->text = plk_mem_take(held->mem, text.len);
    if (text.len > 0) memcpy(item->text, text.at, text.len);
    held->bytes += text.len;
    return item;
}

static void remove_span(struct plk_held *held, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        held->bytes -= held->items[i].text_len;
        plk_mem_give(held->mem, held->items[i].text);
    }
    if (to > from) memmove(held->items + from, held->items + to, (held->count - to) * sizeof *held->items);
    held->count -= to - from;
}

void plk_held_remove(struct plk_held *held, uint32_t generation, uint64_t seq) {
    plk_assert(plk_held_find(held, generation, seq) != NULL);
    size_t index = lower_bound(held, generation, seq);
    remove_span(held, index, index + 1);
}

void plk_held_remove_all(struct plk_held *held, uint32_t generation) {
    size_t from = lower_bound(held, generation, 0);
    size_t to = from;
    while (to < held->count && held->items[to].generation == generation) to++;
    remove_span(held, from, to);
}

void plk_held_ranges(const struct plk_held *held, uint32_t generation, struct plk_ack *ack) {
    ack->range_count = 0;
    for (size_t i = lower_bound(held, generation, ack->contiguous + 2); i < held->count; i++) {
        uint64_t seq = held->items[i].seq;
        if (held->items[i].generation != generation) return;
        struct plk_ack_range *last = ack->range_count > 0 ? &ack->ranges[ack->range_count - 1] : NULL;
        if (last != NULL && seq == last->last + 1) {
            last->last = seq;
            continue;
        }
        if (ack->range_count == PLK_ACK_RANGES_MAX) return;
        ack->ranges[ack->range_count++] = (struct plk_ack_range){seq, seq};
    }
}
