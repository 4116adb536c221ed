// SPDX-License-Identifier: MIT
// The typed tables of a node's store and a relay's (DESIGN 2, "Durability is an effect") and the keys and operations on them. The core
// writes rows; a host keeps them, in whatever way, in the order of plk_bytes_compare on their keys within each table.
// Keys are <= PLK_KEY_MAX bytes and are written with base/writer.h, so that byte order is numeric order.
#ifndef PLK_WIRE_TABLE_H
#define PLK_WIRE_TABLE_H

#include "base/bytes.h"

// Those of a relay (src/relay): no address, no name, no time but days.
#define PLK_RELAY_TABLE_LIST(X)                                                                       \
    X(rqueue, "sid 16: a queue: its keys, flags, the day on which its owner last came; <= 128 bytes") \
    X(ritem, "sid 16, number u64: an item's day, size and digest")                                    \
    X(rcell, "sid 16, number u64: the item's cell")                                                   \
    X(rbundle, "sid 16: the overwritable cell and its sequence")                                      \
    X(rtoken, "hash of a token, 32 bytes: what it may make and has made")                             \
    X(rgrant, "sid 16: of an invite queue: guests that are left, and whose token is charged")

// X(name, what a row is and its key)
#define PLK_TABLE_LIST(X)                                                                                           \
    X(profile,                                                                                                      \
      "key 'p': seed, device, name, about, limits; key 'a': its picture; key 's': settings; key 'e': node/sweep.h") \
    X(contact, "contact u32: the index row, <= 300 bytes, wire/row.h; decoded by the host into columns")            \
    X(ratchet, "contact u32, number u32: a double ratchet")                                                         \
    X(skipped, "contact u32, number u32, kind u8, ...: skipped keys and hashes of what was received")               \
    X(link, "contact u32, kind u8, ...: link generations, stamps, addresses, recovery, mail state, peer's profile") \
    X(invite, "invite u32: an open or spent invite of one's own; <= 128 bytes")                                     \
    X(queue, "for the relay's client")                                                                              \
    X(outbox, "contact u32, row u64, minor u32, part u8: what the peer has not yet committed, mail/key.h")          \
    X(message, "wire/row.h: the history; decoded by the host into columns")                                         \
    X(event, "number u64: a durable event, wire/row.h")                                                             \
    X(caller_id, "SHA-512 of a caller's id, 32 bytes: the message it made; kept 30 days at least, node/sweep.h")    \
    X(blob,                                                                                                         \
      "contact u32 or 0, kind u8, ...: larger things that are read rarely: blobs of first contact, held messages")  \
    X(relay, "for the relay's client")                                                                              \
    X(mark, "a message's key, author u8, what u8: what was done to it later, wire/mark.h")                          \
    X(expiry, "u8, ...: messages that vanish, and when, wire/expiry.h")                                             \
    X(picture, "a message's key, part u8: the bytes of a picture, wire/picture.h")                                  \
    PLK_RELAY_TABLE_LIST(X)

enum plk_table {
    PLK_TABLE_NONE,
#define PLK_TABLE_NAME(name, what) PLK_TABLE_##name,
    PLK_TABLE_LIST(PLK_TABLE_NAME)
#undef PLK_TABLE_NAME
        PLK_TABLE_COUNT
};

#define PLK_ROW_KEY_MAX 64
#define PLK_ROW_VALUE_MAX 65536
#define PLK_BATCH_OPS_MAX 1000
#define PLK_BATCH_BYTES_MAX (1u << 20)
#define PLK_BATCHES_OUTSTANDING_MAX 8
#define PLK_BYTES_OUTSTANDING_MAX (4u << 20)

enum plk_op_kind {
    PLK_OP_UPSERT = 1,   // key, value; in table mark by the rules of wire/mark.h
    PLK_OP_PATCH,        // table message only: value is a plk_message_patch; no such row, no effect
    PLK_OP_DELETE,       // key; no such row, no effect
    PLK_OP_DELETE_RANGE, // key <= k < key_end
};

struct plk_op {
    enum plk_op_kind kind;
    enum plk_table table;
    struct plk_bytes key, key_end, value;
};

struct plk_row {
    struct plk_bytes key, value;
};

#endif
