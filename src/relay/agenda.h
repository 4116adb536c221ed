// SPDX-License-Identifier: MIT
// When which client is due: a heap, so that a hundred thousand idle ones cost nothing while they idle.
#ifndef PLK_RELAY_AGENDA_H
#define PLK_RELAY_AGENDA_H

#include "base/time.h"

struct plk_relay_client;

struct plk_agenda {
    struct plk_mem *mem;
    struct plk_agenda_entry {
        uint64_t at_us;
        struct plk_relay_client *client;
    } * heap;
    uint32_t count, cap;
};

void plk_agenda_init(struct plk_agenda *agenda, struct plk_mem *mem);
void plk_agenda_free(struct plk_agenda *agenda);
void plk_agenda_set(struct plk_agenda *agenda, struct plk_relay_client *client, uint64_t at_us); // adds or moves
void plk_agenda_remove(struct plk_agenda *agenda, struct plk_relay_client *client);              // not in it: no effect
uint64_t plk_agenda_next_us(const struct plk_agenda *agenda);                                    // PLK_NEVER
struct plk_relay_client *plk_agenda_due(const struct plk_agenda *agenda, uint64_t now_us);       // the first, or NULL

#endif
