// SPDX-License-Identifier: MIT
// The records that a client and its relay exchange on stream 0 of their channel: commands about queues and the answers
// (docs/protocol/queue.md, section 2; DESIGN 3.7). One tagged struct for all; byte ranges in a decoded record are
// borrowed from the stream's bytes.
#ifndef PLK_WIRE_QUEUE_H
#define PLK_WIRE_QUEUE_H

#include "base/addr.h"
#include "base/err.h"

#define PLK_QUEUE_ID_LEN 16 // rid, sid
#define PLK_QUEUE_KEY_LEN 32
#define PLK_QUEUE_TOKEN_LEN 16
#define PLK_QUEUE_PROOF_LEN 16
#define PLK_QUEUE_CID_LEN 8
#define PLK_QUEUE_HEAD_LEN 3       // the length before every record
#define PLK_QUEUE_RECORD_MAX 65600 // most bytes behind it
#define PLK_QUEUE_LIST_MAX 1000    // handles of a SUB, numbers of an ACK
#define PLK_QUEUE_SMALL_MAX 128    // an encoded record without cell and list is at most this, its head included
#define PLK_QUEUE_CELL_SMALL 4096  // the three sizes of a cell; the first is also that of an overwritable one
#define PLK_QUEUE_CELL_MIDDLE 16384
#define PLK_QUEUE_CELL_LARGE 65536

enum plk_queue_type {
    PLK_QUEUE_NEWQ = 1, // commands
    PLK_QUEUE_ATTACH,
    PLK_QUEUE_DETACH,
    PLK_QUEUE_SUB,
    PLK_QUEUE_PUT,
    PLK_QUEUE_GET,
    PLK_QUEUE_ACK,
    PLK_QUEUE_WRITE,
    PLK_QUEUE_READ,
    PLK_QUEUE_FLAGS,
    PLK_QUEUE_DEL,
    PLK_QUEUE_GUEST,
    PLK_QUEUE_FWD_OPEN,
    PLK_QUEUE_FWD_CLOSE,
    PLK_QUEUE_ANNOUNCE,
    PLK_QUEUE_DIRECTORY,
    PLK_QUEUE_DONE = 64, // from the relay
    PLK_QUEUE_ITEM,
    PLK_QUEUE_CELL,
    PLK_QUEUE_TOKEN,
    PLK_QUEUE_REPLACED,
    PLK_QUEUE_BYE,
    PLK_QUEUE_RELAYS,
};

// X(name, what a client makes of it). The order is the wire's value.
#define PLK_QUEUE_CODE_LIST(X)                                  \
    X(OK, "done")                                               \
    X(NOT_FOUND, "no such queue, item, cell or handle")         \
    X(DENIED, "the proof, the role or the token is wrong")      \
    X(FULL, "the queue holds as much as it may")                \
    X(LIMIT, "too much in this time, or too many: try later")   \
    X(ADMISSION, "a token, or work, is needed")                 \
    X(STALE, "a sequence that is not higher")                   \
    X(BUSY, "the relay's disk is behind, or full: try later")   \
    X(UNREACHABLE, "FWD, ANNOUNCE: that relay does not answer") \
    X(EXISTS, "the handle or id is in use for something else")  \
    X(INVALID, "a value that cannot be")

enum plk_queue_code {
#define PLK_QUEUE_CODE_NAME(name, text) PLK_QUEUE_CODE_##name,
    PLK_QUEUE_CODE_LIST(PLK_QUEUE_CODE_NAME)
#undef PLK_QUEUE_CODE_NAME
        PLK_QUEUE_CODES
};

enum plk_queue_role { PLK_QUEUE_OWNER = 1, PLK_QUEUE_SENDER = 2 };

enum { PLK_QUEUE_QUIET = 1, PLK_QUEUE_INVITE = 2, PLK_QUEUE_ADDRESS = 4 }; // flags

enum plk_queue_admission { PLK_QUEUE_ADMIT_NONE, PLK_QUEUE_ADMIT_TOKEN, PLK_QUEUE_ADMIT_WORK };

struct plk_queue_record {
    enum plk_queue_type type;
    uint32_t tag;    // all commands, DONE, CELL, TOKEN, RELAYS: chosen by the client; else 0
    uint32_t handle; // of those that have one; FWD OPEN, FWD CLOSE: the id
    union {
        struct {
            uint8_t flags; // any value: what is valid is the relay's answer
            uint8_t owner[PLK_QUEUE_KEY_LEN], sender[PLK_QUEUE_KEY_LEN];
            enum plk_queue_admission admission;
            uint8_t token[PLK_QUEUE_TOKEN_LEN]; // TOKEN
            uint64_t nonce;                     // WORK
            uint32_t day;
        } newq;
        struct {
            enum plk_queue_role role;
            uint8_t id[PLK_QUEUE_ID_LEN], proof[PLK_QUEUE_PROOF_LEN];
        } attach;
        struct plk_bytes list; // SUB: handles u32 each; ACK: numbers u64 each; plk_queue_count and _at read it
        struct {
            uint64_t number; // GET: from; ITEM: its number; WRITE, CELL: the sequence
            uint16_t limit;  // GET
            struct plk_bytes bytes;
        } cell;        // PUT, GET, WRITE, ITEM, CELL
        uint8_t flags; // FLAGS
        struct {
            enum plk_queue_admission admission; // NONE, TOKEN
            uint8_t token[PLK_QUEUE_TOKEN_LEN]; // TOKEN: whose count is one less then
        } del;                                  // DEL
        struct {
            struct plk_addr addr;
            uint8_t relay[PLK_QUEUE_KEY_LEN]; // its static
            uint8_t cid[PLK_QUEUE_CID_LEN];   // the client's connection id there
        } fwd;                                // FWD OPEN
        enum plk_queue_code code;             // DONE
        struct {
            uint8_t token[PLK_QUEUE_TOKEN_LEN];
            uint16_t queues;
        } guest;          // TOKEN
        uint32_t wait_ms; // BYE
        struct plk_bytes
            descriptors; // ANNOUNCE: one, RELAYS: a list (wire/descriptor.h); what each says is not looked at
    };
};

// Cuts the first record out of the bytes of a stream: how many of them it takes with its head (*body is then what is
// behind it, borrowed), or 0 when more must arrive. *broken: a length that cannot be; the channel is to be closed.
size_t plk_queue_cut(struct plk_bytes stream, struct plk_bytes *body, bool *broken);

// MALFORMED: an unknown type, a length, count, role or admission that cannot be, a cell of none of its sizes. *record is
// written on OK only.
enum plk_err plk_queue_decode(struct plk_bytes body, struct plk_queue_record *record);

// The mirror of cut and decode: writes the record with its head. Traps on one that no decoder would take.
void plk_queue_encode(struct plk_writer *w, const struct plk_queue_record *record);
size_t plk_queue_len(const struct plk_queue_record *record); // of what encode writes

// Entries of a list (SUB, ACK).
size_t plk_queue_count(const struct plk_queue_record *record);
uint64_t plk_queue_at(const struct plk_queue_record *record, size_t index);

bool plk_queue_is_cell_len(size_t len);              // one of the three sizes
bool plk_queue_is_command(enum plk_queue_type type); // a client's

#endif
