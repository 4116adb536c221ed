// SPDX-License-Identifier: MIT
// A receiving stream: what this device has committed of one {device, epoch} of the peer. Each belongs to one
// generation: the peer begins one stream per ratchet (docs/protocol/messages.md).
#ifndef PLK_MAIL_RECEIVING_H
#define PLK_MAIL_RECEIVING_H

#include "mail/key.h"
#include "wire/message.h"

#define PLK_RECEIVING_SNAPSHOTS 9 // = PLK_MAIL_SNAPSHOTS

// What may be acknowledged once a batch is durable.
struct plk_receiving_snapshot {
    uint64_t batch_n, contiguous;
    uint8_t chain[PLK_MESSAGE_HASH_LEN];
};

struct plk_receiving {
    uint32_t generation;
    uint8_t device[PLK_DEVICE_LEN], epoch[PLK_EPOCH_LEN];
    uint64_t contiguous; // committed in this turn's batch at the latest
    uint8_t chain[PLK_MESSAGE_HASH_LEN];
    uint64_t next_origin; // an own origin below it may have been received already: its row must be looked at
    bool owed;            // something came while no link was up, and neither a link nor a relay has taken an ack since

    // Not stored.
    struct plk_receiving_snapshot durable; // batch_n: the batch it became durable with
    uint8_t waiting_count;
    struct plk_receiving_snapshot waiting[PLK_RECEIVING_SNAPSHOTS]; // batch_n ascending
    uint64_t held_n; // batch that made the newest held message: its range waits for it
    bool tell;       // an ack is due on the link
    bool boxed;      // what is owed is in an ack on its way to relays
};

#define PLK_RECEIVING_ROW_LEN (1 + 4 + 8 + PLK_MESSAGE_HASH_LEN + 8 + 1)
void plk_receiving_encode(const struct plk_receiving *s, uint8_t out[PLK_RECEIVING_ROW_LEN]);
// key and row; durable is what the row says. CORRUPT.
enum plk_err plk_receiving_decode(struct plk_receiving *s, struct plk_bytes key, struct plk_bytes row);

// One more message is committed by this batch.
void plk_receiving_advance(struct plk_receiving *s, uint64_t batch_n, const uint8_t id[PLK_ID_LEN]);
// Moves what is durable now; true if that is more than before.
bool plk_receiving_settle(struct plk_receiving *s, uint64_t durable_n);

#endif
