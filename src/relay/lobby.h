// SPDX-License-Identifier: MIT
// Hellos that wait for their Diffie-Hellman: those who have a channel go first, however many come at once (relay.md, section 3.1).
#ifndef PLK_RELAY_LOBBY_H
#define PLK_RELAY_LOBBY_H

#include "base/addr.h"
#include "base/bytes.h"
#include "base/mem.h"

#define PLK_LOBBY_TURN 1        // hellos answered at a time; then whatever else has come is looked at
#define PLK_LOBBY_MAX 1024      // that wait: none more is heard
#define PLK_LOBBY_US PLK_SECOND // who has waited longer has said it again

struct plk_guest {
    struct plk_guest *next;
    struct plk_addr from, local;
    uint32_t stream; // 0: UDP
    unsigned which;  // of the relay's statics
    uint64_t key;    // admit.h: of a half
    uint64_t since_us;
    size_t len;
    uint8_t hello[]; // the packet
};

struct plk_lobby {
    struct plk_guest *first, **last;
    size_t count;
    uint64_t turn_us; // of this turn: when, and how many it has had
    unsigned turn_count;
};

void plk_lobby_init(struct plk_lobby *lobby);
void plk_lobby_free(struct plk_lobby *lobby, struct plk_mem *mem);
static inline bool plk_lobby_full(const struct plk_lobby *lobby) { return lobby->count >= PLK_LOBBY_MAX; }
// One more may be answered in this turn, and is counted.
bool plk_lobby_take_turn(struct plk_lobby *lobby, uint64_t now_us);
void plk_lobby_next_turn(struct plk_lobby *lobby); // time was given for another one
void plk_lobby_wait(struct plk_lobby *lobby, struct plk_mem *mem, const struct plk_guest *guest,
                    struct plk_bytes hello);                // copied; traps when it is full
struct plk_guest *plk_lobby_leave(struct plk_lobby *lobby); // the one that came first, now the caller's; NULL: none

#endif
