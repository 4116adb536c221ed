// SPDX-License-Identifier: MIT
// Keys of the rows that mail keeps (wire/table.h). Each begins with the contact, so that all rows of a contact in a
// table are one key range; in the tables that others use too, a kind byte follows.
//
//   ratchet   contact u32, generation u32                            plk_ratchet_encode
//   skipped   contact u32, generation u32, 1, chain u32, block u32   plk_skipped_encode
//             contact u32, 0 u32, 2, row u8                          plk_seen_encode: one ring for all generations
//   link      contact u32, 0x40                                      mail's counters
//             contact u32, 0x41, generation u32                      an own sending stream
//             contact u32, 0x42, device 8, epoch 8                   a receiving stream
//             contact u32, 0x43                                      an ack list that is not carried out yet
//   blob      contact u32, 0x40, device 8, epoch 8, seq u64          a held message: its envelope
//   outbox    contact u32, row u64, minor u32, part u8               what the peer has not committed
//
// The outbox is in the order in which it is sent: row is the message's conversation row; control messages take the last
// row given and a minor from 1. Part 0 is the message, part 1 its ciphertext if both do not fit into one value.
#ifndef PLK_MAIL_KEY_H
#define PLK_MAIL_KEY_H

#include "wire/row.h"
#include "wire/table.h"

#define PLK_MAIL_KIND_FIRST 0x40 // kinds of mail in the tables link and blob: [FIRST, LAST]
#define PLK_MAIL_KIND_LAST 0x4f

enum plk_mail_kind {
    PLK_MAIL_KIND_STATE = 0x40,
    PLK_MAIL_KIND_SENDING = 0x41,
    PLK_MAIL_KIND_RECEIVING = 0x42,
    PLK_MAIL_KIND_LATE = 0x43,
};
enum { PLK_MAIL_BLOB_HELD = 0x40 };
enum { PLK_MAIL_SKIPPED_KEYS = 1, PLK_MAIL_SKIPPED_SEEN = 2 };

// A key by value.
struct plk_key {
    uint8_t len;
    uint8_t at[PLK_ROW_KEY_MAX];
};

static inline struct plk_bytes plk_key_bytes(const struct plk_key *key) { return plk_bytes(key->at, key->len); }

// The place of a message in the outbox; compared by row, then minor.
struct plk_order {
    uint64_t row;
    uint32_t minor;
};

struct plk_key plk_key_contact(uint32_t contact);        // begins every key of this contact
struct plk_key plk_key_after(const struct plk_key *key); // the first key that does not begin with this one
struct plk_key plk_key_ratchet(uint32_t contact, uint32_t generation);
struct plk_key plk_key_skipped(uint32_t contact, uint32_t generation, const uint8_t row_key[8]);
struct plk_key plk_key_skipped_all(uint32_t contact, uint32_t generation); // begins every skipped row of a generation
struct plk_key plk_key_seen(uint32_t contact, uint8_t row);
struct plk_key plk_key_state(uint32_t contact);
struct plk_key plk_key_late(uint32_t contact);
struct plk_key plk_key_sending(uint32_t contact, uint32_t generation);
struct plk_key plk_key_receiving(uint32_t contact, const uint8_t device[8], const uint8_t epoch[8]);
struct plk_key plk_key_held(uint32_t contact, const uint8_t device[8], const uint8_t epoch[8], uint64_t seq);
struct plk_key plk_key_held_all(uint32_t contact, const uint8_t device[8], const uint8_t epoch[8]);
struct plk_key plk_key_outbox(uint32_t contact, struct plk_order order, uint8_t part);
struct plk_key plk_key_message(uint32_t contact, enum plk_direction direction, const struct plk_origin *origin);

#endif
