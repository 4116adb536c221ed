// SPDX-License-Identifier: MIT
// What relay processes on one database say to each other (docs/design/relays.md, "Several processes"): words that may be lost, each in
// a datagram that its host seals. None of them is needed for a message to arrive; they make it arrive at once.
//
//   kind u8 | ITEMS, ROW:    count u8 (1 to 64), sids 16 each
//             SUBSCRIBED:    stamp u64, count u8, sids
//             ASK, PASS:     sid 16, client u64, handle u32, bytes (1 to 1,400): the rest
//             HERE, ABSENT:  sid 16, client u64, handle u32
#ifndef PLK_WIRE_FLEET_WORD_H
#define PLK_WIRE_FLEET_WORD_H

#include "base/reader.h"
#include "base/writer.h"
#include "wire/queue.h"

#define PLK_FLEET_SLOTS 64 // processes of one population at most; each has a number below it, its slot
#define PLK_FLEET_SIDS_MAX 64
#define PLK_FLEET_PASS_MAX 1400 // relay.md, section 4
#define PLK_FLEET_WORD_MAX (1 + PLK_QUEUE_ID_LEN + 8 + 4 + PLK_FLEET_PASS_MAX)

enum plk_fleet_kind {
    PLK_FLEET_ITEMS = 1,  // these queues have items that they had not
    PLK_FLEET_ROW,        // their rows have changed, or are gone
    PLK_FLEET_SUBSCRIBED, // their subscriber is at the sender's since `stamp`
    PLK_FLEET_ASK,        // a packet for a queue's subscriber, said to all; client and handle: whose it is
    PLK_FLEET_PASS,       // the same, said to one
    PLK_FLEET_HERE,       // answers ASK: it is here, so the next need not be asked of all
    PLK_FLEET_ABSENT,     // answers both: it is not
};

struct plk_fleet_word {
    enum plk_fleet_kind kind;
    struct plk_bytes sids; // one after the other, borrowed; PASS, HERE, ABSENT: one
    uint64_t stamp, client;
    uint32_t handle;
    struct plk_bytes bytes; // borrowed
};

void plk_fleet_word_encode(struct plk_writer *w, const struct plk_fleet_word *word);
// MALFORMED: no such kind, too many or no sids, bytes that are left. *word is written on OK only, and borrows from bytes.
enum plk_err plk_fleet_word_decode(struct plk_bytes bytes, struct plk_fleet_word *word);

#endif
