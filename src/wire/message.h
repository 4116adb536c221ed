// SPDX-License-Identifier: MIT
// What the ratchet carries and what a link says about it (DESIGN 3.8). Normative text: docs/protocol/messages.md.
//
// An *envelope* is the plaintext of one ratchet message. An *ack list* says what a device has committed. A *record*
// frames both on a link: control records on link stream 0, ciphertexts on link stream 1, each behind a varint of its
// length. Every decoder is strict: it accepts only what its encoder writes. Varints are RFC 9000 section 16, shortest
// form.
#ifndef PLK_WIRE_MESSAGE_H
#define PLK_WIRE_MESSAGE_H

#include "base/buf.h"
#include "base/err.h"
#include "wire/row.h"

#define PLK_MESSAGE_VERSION 1
#define PLK_MESSAGE_HASH_LEN 16                       // chain hashes and hashes of ciphertexts
#define PLK_MESSAGE_SEQ_MAX ((UINT64_C(1) << 62) - 1) // what a varint holds

// ---- envelopes ------------------------------------------------------------------------------------------------------

// version u8 | flags u8 | device 8 | epoch 8 | seq varint | if seq > 0: previous 16, id 16, time_ms u64 | origin? |
// kind u16 | target? | lifetime u32? | payload: the rest. Origin is {device 8, epoch 8, seq varint}, or the seq alone when the stream
// is the same.
struct plk_envelope {
    uint8_t device[PLK_DEVICE_LEN]; // the sender's stream is {device, epoch}
    uint8_t epoch[PLK_EPOCH_LEN];
    uint64_t
        seq; // from 1; 0: without a number (ack, unreadable, pulse), then previous, id, time_ms are zero, no origin
    uint8_t previous[PLK_MESSAGE_HASH_LEN]; // chain hash of the stream before this message; zero before the first
    uint8_t id[PLK_ID_LEN];
    uint64_t time_ms;
    bool has_origin; // it had another {device, epoch, seq} first; never equal to its own
    struct plk_origin origin;
    uint16_t kind; // enum plk_body_kind, or one not known to this version; never 0
    bool has_target;
    struct plk_origin target;
    uint32_t lifetime_s;      // of a shown kind: seconds until it vanishes; 0: it stays
    struct plk_bytes payload; // at most PLK_BODY_MAX; borrowed
};

#define PLK_ENVELOPE_HEAD_MAX 128 // an encoded envelope is at most this and its payload

// Fails the writer when there is no room; traps on what no envelope may be.
void plk_message_envelope_encode(struct plk_writer *w, const struct plk_envelope *envelope);
// MALFORMED; TOO_NEW for a later version. On an error nothing in envelope counts.
enum plk_err plk_message_envelope_decode(struct plk_bytes text, struct plk_envelope *envelope);

// ---- acks -----------------------------------------------------------------------------------------------------------

#define PLK_ACK_RANGES_MAX 32
#define PLK_ACKS_MAX 9      // streams in one list: all that a receiver keeps, and one being made
#define PLK_ACK_LEN_MAX 568 // of one encoded ack
#define PLK_ACKS_LEN_MAX (1 + PLK_ACKS_MAX * PLK_ACK_LEN_MAX)

struct plk_ack_range {
    uint64_t first, last; // both included
};

// Everything up to contiguous is committed and shown; the ranges are held until the gap before them is filled. Only
// contiguous, together with a chain hash that fits, makes a message delivered; ranges merely spare repeats.
struct plk_ack {
    uint8_t device[PLK_DEVICE_LEN]; // the acknowledged stream, that is, the reader's own device and epoch
    uint8_t epoch[PLK_EPOCH_LEN];
    uint64_t contiguous;                 // 0: nothing
    uint8_t chain[PLK_MESSAGE_HASH_LEN]; // at contiguous
    uint8_t range_count;
    struct plk_ack_range ranges[PLK_ACK_RANGES_MAX]; // ascending, apart, above contiguous + 1
};

// count u8, then each: device 8, epoch 8, contiguous varint, chain 16, range count u8, then per range two varints:
// its distance from the one before (first - last before - 2; before the first range: contiguous) and last - first.
void plk_message_acks_encode(struct plk_writer *w, const struct plk_ack *acks, size_t count);
// MALFORMED; more than PLK_ACKS_MAX is MALFORMED too. acks has room for PLK_ACKS_MAX.
enum plk_err plk_message_acks_decode(struct plk_bytes text, struct plk_ack *acks, size_t *count);

// ---- control records ------------------------------------------------------------------------------------------------

enum plk_control_type {
    PLK_CONTROL_ACKS = 1, // an ack list; the first record of each side on every link, "have", then all its streams
    PLK_CONTROL_UNREADABLE = 2, // the hash of a ciphertext that no ratchet opens
    PLK_CONTROL_RESYNC = 3,     // a stream of the reader's, and from where to send it again
    PLK_CONTROL_PULSE = 4,      // empty: the sender cannot encrypt before it has heard something in this ratchet
    PLK_CONTROL_NODE =
        64, // from here on: opaque to this file and to mail, for src/node. Below: unknown ones are ignored
};

struct plk_control {
    uint8_t type;
    struct plk_bytes body; // as in the record; borrowed
};

#define PLK_CONTROL_RECORD_MAX 16384    // type and body
#define PLK_CIPHERTEXT_RECORD_MAX 65536 // = PLK_RATCHET_SEALED_MAX
#define PLK_RECORD_PREFIX_MAX 4         // varint of the length

// varint length of what follows | type u8 | body.
void plk_message_control_encode(struct plk_writer *w, uint8_t type, struct plk_bytes body);
// record: without the length. MALFORMED when empty or type 0.
enum plk_err plk_message_control_decode(struct plk_bytes record, struct plk_control *control);

struct plk_resync {
    uint8_t device[PLK_DEVICE_LEN], epoch[PLK_EPOCH_LEN];
    uint64_t from; // the first sequence number wanted, from 1; 0 means 1
};
#define PLK_RESYNC_LEN_MAX 24
void plk_message_resync_encode(struct plk_writer *w, const struct plk_resync *resync); // the body
enum plk_err plk_message_resync_decode(struct plk_bytes body, struct plk_resync *resync);

// UNREADABLE's body is the PLK_MESSAGE_HASH_LEN bytes of the hash: MALFORMED for any other length.
enum plk_err plk_message_unreadable_decode(struct plk_bytes body, uint8_t hash[PLK_MESSAGE_HASH_LEN]);

// ---- records from a byte stream -------------------------------------------------------------------------------------

// Cuts a byte stream into records. It holds at most one incomplete record, and what was pushed and not yet taken.
struct plk_message_feed {
    struct plk_mem *mem;
    size_t max; // of one record, without its length
    struct plk_buf buf;
    size_t taken; // of buf, already given out
};

void plk_message_feed_init(struct plk_message_feed *feed, struct plk_mem *mem, size_t max);
void plk_message_feed_free(struct plk_message_feed *feed);
void plk_message_feed_clear(struct plk_message_feed *feed); // the stream starts again at 0
void plk_message_feed_push(struct plk_message_feed *feed, struct plk_bytes bytes);

// The next whole record, borrowed until the next call on feed: OK. EMPTY: more bytes are needed. TOO_LONG or
// MALFORMED (a record without bytes, a length that is not in its shortest form): the peer broke the rules, every
// further call says so.
enum plk_err plk_message_feed_next(struct plk_message_feed *feed, struct plk_bytes *record);

#endif
