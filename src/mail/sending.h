// SPDX-License-Identifier: MIT
// An own stream: what this device has sent in one epoch, and what the peer has said about it. One per generation, the
// newest is current. Two numberings meet here (docs/protocol/messages.md): `seq` counts what is encrypted in the
// epoch, an origin is given when a message is written. They differ after a cancellation and when older messages are
// resent.
#ifndef PLK_MAIL_SENDING_H
#define PLK_MAIL_SENDING_H

#include "mail/key.h"
#include "wire/message.h"

struct plk_sending {
    uint32_t generation;
    uint8_t epoch[PLK_EPOCH_LEN];
    uint64_t begun_ms;
    bool closed; // the peer has moved to a new device since: what it had acknowledged is not sent again
    bool heard;  // the peer has sent something in this generation's ratchet
    bool forked; // this store was rolled back within it: what the peer has of it may be something else
    uint64_t next_origin, done_origin; // the next to give; all up to done are delivered or given up
    uint64_t next_seq, resent;         // resent: how many seqs carry the origin of another epoch or a repeated one
    uint8_t tip[PLK_MESSAGE_HASH_LEN]; // chain hash at next_seq - 1
    uint64_t acked;                    // contiguous
    uint8_t acked_chain[PLK_MESSAGE_HASH_LEN]; // and the chain hash there
    uint64_t resync_next, resync_end;          // origins to be read from history and sent again; none: next > end

    // Not stored. Above next_seq as it was when `acked` was learnt: an ack that says less than acked and names a number
    // from here on was made later, so the peer has lost what it had.
    uint64_t fence;
};

#define PLK_SENDING_ROW_LEN (1 + 8 + 8 + 1 + 5 * 8 + 2 * PLK_MESSAGE_HASH_LEN + 2 * 8)
void plk_sending_encode(const struct plk_sending *s, uint8_t out[PLK_SENDING_ROW_LEN]);
enum plk_err plk_sending_decode(struct plk_sending *s, uint32_t generation, struct plk_bytes row); // CORRUPT

static inline bool plk_sending_has_resync(const struct plk_sending *s) { return s->resync_next <= s->resync_end; }

// Own origins that a peer with `contiguous` has at least: those that its seqs must hold, however many were resent.
// None if forked.
uint64_t plk_sending_origins_at(const struct plk_sending *s, uint64_t contiguous);

// chain = SHA-512("PeerLink/1/mail/chain" ‖ chain before ‖ id)[0..16]; zero before the first message.
void plk_sending_chain(uint8_t chain[PLK_MESSAGE_HASH_LEN], const uint8_t before[PLK_MESSAGE_HASH_LEN],
                       const uint8_t id[PLK_ID_LEN]);

#endif
