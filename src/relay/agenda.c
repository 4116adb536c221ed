// SPDX-License-Identifier: MIT
#include "relay/agenda.h"

#include "relay/client.h"

#define CAP_MIN 16

void plk_agenda_init(struct plk_agenda *agenda, struct plk_mem *mem) { *agenda = (struct plk_agenda){.mem = mem}; }

void plk_agenda_free(struct plk_agenda *agenda) { plk_mem_give(agenda->mem, agenda->heap); }

static void put(struct plk_agenda *agenda, uint32_t at, struct plk_agenda_entry entry) {
    agenda->heap[at] = entry;
    entry.client->agenda_at = at + 1;
}

static void up(struct plk_agenda *agenda, uint32_t at, struct plk_agenda_entry entry) {
    for (; at > 0 && agenda->heap[(at - 1) / 2].at_us > entry.at_us; at = (at - 1) / 2) {
        put(agenda, at, agenda->heap[(at - 1) / 2]);
    }
    put(agenda, at, entry);
}

static void down(struct plk_agenda *agenda, uint32_t at, struct plk_agenda_entry entry) {
    for (uint32_t child; (child = 2 * at + 1) < agenda->count; at = child) {
        if (child + 1 < agenda->count && agenda->heap[child + 1].at_us < agenda->heap[child].at_us) child++;
        if (agenda->heap[child].at_us >= entry.at_us) break;
        put(agenda, at, agenda->heap[child]);
    }
    put(agenda, at, entry);
}

static void settle(struct plk_agenda *agenda, uint32_t at, struct plk_agenda_entry entry) {
    if (at > 0 && agenda->heap[(at - 1) / 2].at_us > entry.at_us) {
        up(agenda, at, entry);
    } else {
        down(agenda, at, entry);
    }
}

void plk_agenda_set(struct plk_agenda *agenda, struct plk_relay_client *client, uint64_t at_us) {
    struct plk_agenda_entry entry = {.at_us = at_us, .client = client};
    if (client->agenda_at != 0) {
        settle(agenda, client->agenda_at - 1, entry);
        return;
    }
    if (agenda->count == agenda->cap) {
        agenda->cap = agenda->cap == 0 ? CAP_MIN : 2 * agenda->cap;
        agenda->heap = plk_mem_grow(agenda->mem, agenda->heap, agenda->cap * sizeof *agenda->heap);
    }
    up(agenda, agenda->count++, entry);
}

void plk_agenda_remove(struct plk_agenda *agenda, struct plk_relay_client *client) {
    if (client->agenda_at == 0) return;
    uint32_t at = client->agenda_at - 1;
    struct plk_agenda_entry last = agenda->heap[--agenda->count];
    client->agenda_at = 0;
    if (last.client != client) settle(agenda, at, last);
}

uint64_t plk_agenda_next_us(const struct plk_agenda *agenda) {
    return agenda->count == 0 ? PLK_NEVER : agenda->heap[0].at_us;
}

struct plk_relay_client *plk_agenda_due(const struct plk_agenda *agenda, uint64_t now_us) {
    return plk_agenda_next_us(agenda) <= now_us && agenda->count > 0 ? agenda->heap[0].client : NULL;
}
