// SPDX-License-Identifier: MIT
// Marks: what is done to a message after it was written (reactions, edits, deletion), how far it was read, and a conversation's
// timer. Payloads of the kinds 72 to 76 (docs/protocol/messages.md, section 11), and the rows of table mark.
//
// A mark is a register {message, author, what} in which the last writer wins: by the sender's time, then by the mark's own origin.
// So both sides show the same, in whatever order marks and messages arrive.
#ifndef PLK_WIRE_MARK_H
#define PLK_WIRE_MARK_H

#include "wire/row.h"

#define PLK_MARK_EMOJI_MAX 32                // bytes of UTF-8
#define PLK_MARK_TEXT_MAX (PLK_BODY_MAX - 1) // of an edit
#define PLK_MARK_TIMER_MAX_S UINT32_C(31536000)
#define PLK_MARK_EARLY_MAX 256 // marks of a contact whose message is not there (yet); more have no effect

// ---- payloads -------------------------------------------------------------------------------------------------------

// Of which side's message it is. READ: always the receiver's; EDIT, DELETE: always the sender's.
enum plk_mark_whose { PLK_MARK_SENDERS = 0, PLK_MARK_RECEIVERS = 1 };

struct plk_mark_body {
    uint16_t kind; // PLK_BODY_REACTION to PLK_BODY_TIMER
    enum plk_mark_whose whose;
    struct plk_bytes text; // REACTION: an emoji, empty takes it back; EDIT: the new text, not empty; UTF-8, borrowed
    uint32_t seconds;      // TIMER
};

#define PLK_MARK_BODY_HEAD_MAX 4 // a payload is at most this and the text
static inline bool plk_mark_is_kind(uint16_t kind) { return kind >= PLK_BODY_REACTION && kind <= PLK_BODY_TIMER; }
// Whether it may be said, by anybody.
bool plk_mark_body_is_valid(const struct plk_mark_body *body);
void plk_mark_body_encode(struct plk_writer *w, const struct plk_mark_body *body); // traps on what is not valid
// MALFORMED: of no such kind, not for its sender to say, too long, no UTF-8; has_target: whether the envelope has one.
enum plk_err plk_mark_body_decode(uint16_t kind, bool has_target, struct plk_bytes payload, struct plk_mark_body *body);

// ---- rows -----------------------------------------------------------------------------------------------------------

// Those from WIPES on take the message's text away, and every other mark of it.
enum plk_mark_what {
    PLK_MARK_REACTION = 1,
    PLK_MARK_EDIT,
    PLK_MARK_DUE,     // made here: when it vanishes, u64 ms
    PLK_MARK_READ,    // of no message: {direction OUT by them, IN by me, origin of zeros}; value: the origin read up to
    PLK_MARK_DELETED, // for both
    PLK_MARK_HIDDEN,  // here only
    PLK_MARK_EXPIRED,
    PLK_MARK_WHAT_COUNT,
    PLK_MARK_WIPES = PLK_MARK_DELETED,
};
enum plk_mark_author { PLK_MARK_ME, PLK_MARK_THEM };

#define PLK_MARK_KEY_LEN (PLK_MESSAGE_KEY_LEN + 2)
#define PLK_MARK_STAMP_LEN (8 + PLK_DEVICE_LEN + PLK_EPOCH_LEN + 8)
#define PLK_MARK_ORIGIN_LEN (PLK_DEVICE_LEN + PLK_EPOCH_LEN + 8) // READ's text

// When it was said: compared as bytes.
struct plk_mark_stamp {
    uint64_t time_ms;
    struct plk_origin origin; // of the mark itself
};

struct plk_mark_row {
    uint32_t contact;
    enum plk_direction direction; // of the message, as seen here
    struct plk_origin origin;     // of the message
    enum plk_mark_author author;
    enum plk_mark_what what;
    struct plk_mark_stamp stamp;
    struct plk_bytes text; // REACTION, EDIT as said; DUE u64; READ an origin; else empty
};

#define PLK_MARK_VALUE_MAX (PLK_MARK_STAMP_LEN + PLK_MARK_TEXT_MAX)

void plk_mark_key(uint8_t out[PLK_MARK_KEY_LEN], const struct plk_mark_row *row);
void plk_mark_row_encode(struct plk_writer *w, const struct plk_mark_row *row);                           // the value
enum plk_err plk_mark_row_decode(struct plk_bytes key, struct plk_bytes value, struct plk_mark_row *row); // MALFORMED
void plk_mark_stamp_encode(uint8_t out[PLK_MARK_STAMP_LEN], const struct plk_mark_stamp *stamp);
void plk_mark_origin_encode(uint8_t out[PLK_MARK_ORIGIN_LEN], const struct plk_origin *origin);
enum plk_err plk_mark_origin_decode(struct plk_bytes text, struct plk_origin *origin); // MALFORMED

static inline bool plk_mark_wipes(enum plk_mark_what what) { return what >= PLK_MARK_WIPES; }
static inline bool plk_mark_is_of_message(enum plk_mark_what what) { return what != PLK_MARK_READ; }

// ---- the rules of the store -------------------------------------------------------------------------------------------
// How a host, and any other keeper of the tables, carries out an UPSERT (effect.h):
//
// mark     1. No effect if there is a row of this key whose stamp is not smaller (plk_mark_wins; so do several in one batch).
//          2. No effect if it is of a message, does not wipe, and a wiping row of that message is there.
//          3. No effect if it is of a message that has no row, and PLK_MARK_EARLY_MAX such rows of its contact are there.
//          4. If it wipes: all rows of its message that do not wipe go, and the message's row, if there is one, loses its text.
//          5. If it is an EDIT: the message's row, if it is there and of kind TEXT, takes its text.
// message  6. If a wiping mark of it is there, it is put without its text; else, if it is of kind TEXT and there is an EDIT by its
//             author, with that text.

// Whether the value after takes the place of before.
bool plk_mark_wins(struct plk_bytes before, struct plk_bytes after);

#endif
