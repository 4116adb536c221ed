// SPDX-License-Identifier: MIT
// Reads history, events and contacts for api/ from a read-only connection of its own, each call from one snapshot
// (DESIGN 2: the core writes history, readers read it). Works the same with the node running or stopped. One thread.
//
// Rows point into their page, which the caller owns and frees.
#ifndef PLK_HOST_HISTORY_H
#define PLK_HOST_HISTORY_H

#include "host/fault.h"
#include "wire/mark.h"
#include "wire/picture.h"
#include "wire/row.h"
#include "wire/table.h"

#define PLK_HISTORY_LIMIT_MAX 1000     // rows in one page
#define PLK_HISTORY_SEARCH_MAX 256     // bytes of a search text; longer ones find nothing
#define PLK_HISTORY_SCAN_DEFAULT 20000 // rows that one search call looks through at most

struct plk_history;

// The store of home, without a node. NO_STORE, WRONG_PASSPHRASE, CORRUPT, TOO_NEW (also: too old, a node must migrate it
// first), LOCKED, UNSUPPORTED, SYSTEM. The caller owns *out.
enum plk_fault_kind plk_history_open(struct plk_history **out, const char *home, struct plk_bytes passphrase,
                                     struct plk_fault *fault);

// The same with the data key at hand (plk_store_key): no passphrase work.
enum plk_fault_kind plk_history_open_key(struct plk_history **out, const char *home, const uint8_t *key,
                                         struct plk_fault *fault);
void plk_history_close(struct plk_history *history); // NULL is fine

// ---- messages -------------------------------------------------------------------------------------------------------

struct plk_history_query {
    uint32_t contact;        // 0: all contacts, only together with search
    uint64_t before_row;     // rows below this; 0: from the newest. With contact 0: below_at instead
    uint64_t after_row;      // or rows above this, the first ones; 0: not. Without search
    uint64_t below_at;       // contact 0: what the last page gave as next_at; 0: from the start
    uint32_t limit;          // 1 .. PLK_HISTORY_LIMIT_MAX
    struct plk_bytes search; // text that must be in the payload, compared without case; empty: all
    uint32_t scan;           // search: rows to look through at most; 0: PLK_HISTORY_SCAN_DEFAULT
};

#define PLK_HISTORY_QUOTE_MAX 200 // characters of a message that is answered

// What became of a message since, in the same snapshot.
struct plk_history_marks {
    bool deleted, expired; // it has no text any more; expired ones are on no page
    bool whole;            // of a picture: all of it is here
    bool read;             // out: the contact has said that it read it
    uint64_t edited_ms;    // 0: it was not
    uint64_t expires_ms;   // 0: it does not, or its time does not run yet
    struct {
        uint8_t len; // 0: none
        char emoji[PLK_MARK_EMOJI_MAX];
    } reactions[2]; // by PLK_MARK_ME, PLK_MARK_THEM
    bool has_reply;
    struct {
        uint64_t row; // 0: it is not here any more, and the rest is not set
        uint8_t id[PLK_ID_LEN];
        enum plk_direction direction;
        uint16_t kind;
        struct plk_bytes text; // the beginning of it, at most PLK_HISTORY_QUOTE_MAX characters
    } reply;
};

struct plk_history_page {
    struct plk_message_row *rows;    // oldest first (all contacts: by contact, then row); kinds below 64 only
    struct plk_history_marks *marks; // of each row
    size_t count;
    bool more; // there is, or may be (a search that used up its scan), something before; with after_row: after
    uint64_t next_before; // before_row of the page before this one
    uint64_t next_at;     // below_at of it, when contact was 0
    size_t cap;           // what the page owns
    void *held;
};

// A page of a conversation. INVALID for a query against these rules; CORRUPT, BUSY, STALLED from the disk. An unknown
// contact has an empty history.
enum plk_err plk_history_read(struct plk_history *history, const struct plk_history_query *query,
                              struct plk_history_page *page);

// The bytes of the picture of that row, PLK_PICTURE_MAX at most. NOT_FOUND: there is no such picture, or it was deleted; EMPTY: not all of
// it is here.
enum plk_err plk_history_picture(struct plk_history *history, uint32_t contact, uint64_t row, uint8_t *out, size_t *len,
                                 enum plk_picture_type *type);

// What came from a contact after that row, of the newest PLK_HISTORY_UNREAD_SCAN messages.
#define PLK_HISTORY_UNREAD_SCAN 2000
enum plk_err plk_history_unread(struct plk_history *history, uint32_t contact, uint64_t row, uint64_t *count);

// The newest row of a contact's own messages up to that row, for who tells it what was read. NOT_FOUND.
enum plk_err plk_history_newest_in(struct plk_history *history, uint32_t contact, uint64_t row,
                                   struct plk_origin *origin);

// The one message of that row number (of any kind), as a page of one; NOT_FOUND.
enum plk_err plk_history_message(struct plk_history *history, uint32_t contact, uint64_t row,
                                 struct plk_history_page *page);

void plk_history_page_free(struct plk_history_page *page); // a zeroed page is fine

// ---- events ---------------------------------------------------------------------------------------------------------

struct plk_history_event {
    struct plk_event_row event;
    bool has_message; // message, state, change: the row it speaks of, as it is now
    struct plk_message_row message;
    struct plk_history_marks marks;
};

struct plk_history_events {
    struct plk_history_event *events; // by rising number
    size_t count;
    bool more;      // the limit cut it: ask again since the last one's number
    uint64_t first; // the lowest number in this snapshot: older ones are kept no more; 0: none
    uint64_t last;  // the highest durable event number in this snapshot; 0: none
    size_t cap;     // what the page owns
    void *held;
};

// Events with a number above since, at most limit (1 .. PLK_HISTORY_LIMIT_MAX).
enum plk_err plk_history_events(struct plk_history *history, uint64_t since, uint32_t limit,
                                struct plk_history_events *events);
void plk_history_events_free(struct plk_history_events *events);

// ---- contacts and the rest --------------------------------------------------------------------------------------------

struct plk_history_contact {
    struct plk_contact_row row;
    uint64_t undelivered; // rows of its outbox
    uint64_t last_row;    // the newest row number of the conversation; 0: none
};

struct plk_history_contacts {
    struct plk_history_contact *contacts; // by number
    size_t count, cap;
};

enum plk_err plk_history_contacts(struct plk_history *history, struct plk_history_contacts *contacts);
void plk_history_contacts_free(struct plk_history_contacts *contacts);

// By local name: exact, else without case if that is unique. NOT_FOUND.
enum plk_err plk_history_find_contact(struct plk_history *history, struct plk_bytes name, struct plk_contact_row *row);

// Messages of an outbox: what the peer has not committed yet.
enum plk_err plk_history_undelivered(struct plk_history *history, uint32_t contact, uint64_t *count);

// Any row of a table that is opaque to the host (not contact, message or event), e.g. the profile's. Copied into out;
// NOT_FOUND, TOO_LONG when it does not fit cap.
enum plk_err plk_history_row(struct plk_history *history, enum plk_table table, struct plk_bytes key, uint8_t *out,
                             size_t cap, size_t *len);

#endif
