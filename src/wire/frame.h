// SPDX-License-Identifier: MIT
// The frames inside a decrypted data packet: docs/protocol/link.md section 2, shapes after RFC 9000 section
// 19. A packet is a run of frames; a type byte that is not listed makes the whole packet MALFORMED, because
// versions are settled by the handshake. Byte ranges in a decoded frame are borrowed from the packet.
#ifndef PLK_WIRE_FRAME_H
#define PLK_WIRE_FRAME_H

#include "base/addr.h"
#include "base/err.h"

#define PLK_FRAME_RANGES_MAX 32                 // most ranges of one ACK; older ones are forgotten
#define PLK_FRAME_STREAMS 8                     // stream ids are 0..7, the same for both sides, always open
#define PLK_FRAME_ADDRESSES_MAX 16              // most addresses of one ADDRESSES
#define PLK_FRAME_MAX ((UINT64_C(1) << 62) - 1) // largest number, offset or limit (varint)
#define PLK_FRAME_STREAM_HEAD 15                // most bytes of a STREAM frame before its data
#define PLK_FRAME_DATAGRAM_HEAD 5               // most bytes of a DATAGRAM frame before its data
#define PLK_FRAME_PASS_MAX 1400                 // most bytes inside a PASS or FWD
#define PLK_FRAME_PASS_HEAD 11                  // most bytes of a PASS or FWD before them

enum plk_frame_type {
    PLK_FRAME_PADDING = 0, // a run of zero bytes is one frame
    PLK_FRAME_PING = 1,
    PLK_FRAME_ACK = 2,
    PLK_FRAME_STREAM = 3,
    PLK_FRAME_MAX_DATA = 4,
    PLK_FRAME_MAX_STREAM_DATA = 5,
    PLK_FRAME_DATAGRAM = 6,
    PLK_FRAME_PATH_CHALLENGE = 7,
    PLK_FRAME_PATH_RESPONSE = 8,
    PLK_FRAME_NEW_CID = 9,
    PLK_FRAME_RETIRE_CID = 10,
    PLK_FRAME_CLOSE = 11,
    PLK_FRAME_ADDRESSES = 12,
    PLK_FRAME_PASS = 13, // these three between a client and its relay only: docs/protocol/relay.md section 4
    PLK_FRAME_NOBODY = 14,
    PLK_FRAME_FWD = 15,
    PLK_FRAME_TYPES = 16
};

struct plk_frame_range {
    uint64_t first, last; // both inclusive
};

struct plk_frame_ack {
    uint64_t delay_us; // from the arrival of the largest number to the sending of this frame
    unsigned count;    // 1..PLK_FRAME_RANGES_MAX
    // Descending and apart: ranges[0].last is the largest number.
    struct plk_frame_range ranges[PLK_FRAME_RANGES_MAX];
};

// How the sender has come to an address of its own (RFC 8445, section 5.1.1: types of candidates).
enum plk_frame_address_kind {
    PLK_FRAME_ADDRESS_HOST,
    PLK_FRAME_ADDRESS_REFLEXIVE, // a relay sees it there
    PLK_FRAME_ADDRESS_MAPPED,    // its router has said so
    // A relay sees it there, and its NAT gives every other flow another port: the next one, or any.
    PLK_FRAME_ADDRESS_SEQUENTIAL,
    PLK_FRAME_ADDRESS_RANDOM,
    // For an attempt that is on: its NAT is about to give it this one; it has many there, on ports that it does not know.
    PLK_FRAME_ADDRESS_PREDICTED,
    PLK_FRAME_ADDRESS_SCATTERED
};

// It tells where the sender can be reached for longer than one attempt.
static inline bool plk_frame_address_lasts(uint8_t kind) {
    return kind != PLK_FRAME_ADDRESS_PREDICTED && kind != PLK_FRAME_ADDRESS_SCATTERED;
}

// What a NAT has made of the sender's own address.
static inline bool plk_frame_address_seen(uint8_t kind) {
    return kind == PLK_FRAME_ADDRESS_REFLEXIVE ||
           (kind >= PLK_FRAME_ADDRESS_SEQUENTIAL && kind <= PLK_FRAME_ADDRESS_SCATTERED);
}

struct plk_frame_address {
    uint8_t kind; // plk_frame_address_kind; up to 15: of a later version
    enum plk_transport transport;
    struct plk_addr addr; // any family 4 or 6 address: DESIGN 3.10 is the receiver's business
};

struct plk_frame {
    enum plk_frame_type type;
    union {
        size_t padding; // length of the run
        struct plk_frame_ack ack;
        struct {
            uint32_t id;
            bool fin; // the stream ends with this frame's last byte
            uint64_t offset;
            struct plk_bytes bytes;
        } stream;
        uint64_t max_data; // absolute limit over all streams
        struct {
            uint32_t id;
            uint64_t limit; // absolute
        } max_stream_data;
        struct plk_bytes datagram;
        uint8_t challenge[8];
        struct {
            uint8_t token[8];
            struct plk_addr seen; // where the challenge came from; family 0 over a carrier without addresses
        } response;
        struct {
            uint64_t seq;
            uint8_t cid[8];
        } new_cid;
        uint64_t retire_cid; // the seq of the id that is given up
        uint64_t close;      // reason
        struct {
            uint64_t sequence; // the newest list replaces all older ones
            unsigned count;
            struct plk_frame_address list[PLK_FRAME_ADDRESSES_MAX];
        } addresses;
        struct {
            uint32_t handle; // PASS: of the queue, the side's own that sends or receives it; FWD: the client's id
            struct plk_bytes bytes;
        } pass;          // PASS, FWD
        uint32_t nobody; // the sender's handle
    };
};

// What a sender remembers of a frame that it must repeat when its packet is lost: the currency between stream
// (and whoever else sends frames) and flight, which carries it without looking inside.
struct plk_frame_item {
    uint8_t kind;    // a plk_frame_type; PLK_FRAME_PADDING: there is nothing to remember
    bool fin;        // STREAM
    uint16_t stream; // STREAM, MAX_STREAM_DATA
    uint32_t len;    // STREAM: bytes
    uint64_t value;  // STREAM: offset; else a limit or sequence, as its sender likes
};

// Reads the next frame. Call while r->left > 0. MALFORMED: the packet is dropped, the reader has failed; the
// frame is then undefined.
enum plk_err plk_frame_next(struct plk_reader *r, struct plk_frame *frame);

// Walks a whole packet before anything in it is acted upon ("verify, then commit"). MALFORMED when any frame
// is, or when there is none. *eliciting: it holds a frame that wants an acknowledgement (RFC 9002 section 2).
enum plk_err plk_frame_scan(struct plk_bytes packet, bool *eliciting);

// Frames of a channel between client and relay, which no link takes.
static inline bool plk_frame_is_channels(enum plk_frame_type type) {
    return type == PLK_FRAME_PASS || type == PLK_FRAME_NOBODY || type == PLK_FRAME_FWD;
}

// All but PADDING, ACK and CLOSE, and those that carry what has a congestion control of its own (relay.md section 4).
static inline bool plk_frame_eliciting(enum plk_frame_type type) {
    return type != PLK_FRAME_PADDING && type != PLK_FRAME_ACK && type != PLK_FRAME_CLOSE &&
           !plk_frame_is_channels(type);
}

// A packet of such frames alone asks about a path and moves no data to it: RFC 9000 section 9.1.
static inline bool plk_frame_probing(enum plk_frame_type type) {
    return type == PLK_FRAME_PADDING || type == PLK_FRAME_PATH_CHALLENGE || type == PLK_FRAME_PATH_RESPONSE ||
           type == PLK_FRAME_NEW_CID;
}

// Appends one frame of any type when it fits whole: false, and the writer as it was, when it does not. An ACK
// that does not fit whole is not cut: use plk_frame_put_ack. Traps on a frame that no decoder would accept.
bool plk_frame_put(struct plk_writer *w, const struct plk_frame *frame);

// The same for single types, without building the union.
bool plk_frame_put_padding(struct plk_writer *w, size_t len);
bool plk_frame_put_ping(struct plk_writer *w);
// With as many of the newest ranges as fit.
bool plk_frame_put_ack(struct plk_writer *w, const struct plk_frame_ack *ack);
bool plk_frame_put_stream(struct plk_writer *w, uint32_t id, uint64_t offset, bool fin, struct plk_bytes bytes);
bool plk_frame_put_max_data(struct plk_writer *w, uint64_t limit);
bool plk_frame_put_max_stream_data(struct plk_writer *w, uint32_t id, uint64_t limit);
bool plk_frame_put_datagram(struct plk_writer *w, struct plk_bytes bytes);
bool plk_frame_put_challenge(struct plk_writer *w, const uint8_t token[8]);
bool plk_frame_put_response(struct plk_writer *w, const uint8_t token[8], const struct plk_addr *seen);
bool plk_frame_put_new_cid(struct plk_writer *w, uint64_t seq, const uint8_t cid[8]);
bool plk_frame_put_retire_cid(struct plk_writer *w, uint64_t seq);
bool plk_frame_put_close(struct plk_writer *w, uint64_t reason);
bool plk_frame_put_addresses(struct plk_writer *w, uint64_t sequence, const struct plk_frame_address *list,
                             unsigned count);
bool plk_frame_put_pass(struct plk_writer *w, uint32_t handle, struct plk_bytes bytes);
bool plk_frame_put_nobody(struct plk_writer *w, uint32_t handle);
bool plk_frame_put_fwd(struct plk_writer *w, uint32_t id, struct plk_bytes bytes);

// DESIGN 3.5: a packet that carries messages has a UDP payload of 256, 512, 768, 1,024 bytes or the path's
// full size. How many bytes of padding frames a packet needs that holds frames_len bytes of frames and
// overhead bytes of header and tag. 0 when it is full. Traps when it is larger than path_size.
size_t plk_frame_padding_len(size_t frames_len, size_t overhead, size_t path_size);

#endif
