// SPDX-License-Identifier: MIT
// The rows that a host decodes into columns (contact, message, event), and the PATCH of a message row. All other rows are
// opaque to a host. Every decoder refuses what its encoder would not write.
#ifndef PLK_WIRE_ROW_H
#define PLK_WIRE_ROW_H

#include "base/err.h"
#include "base/reader.h"
#include "base/writer.h"

#define PLK_NAME_MAX 64    // bytes of UTF-8 in a name
#define PLK_ABOUT_MAX 500  // bytes of UTF-8 in an about text
#define PLK_BODY_MAX 60000 // bytes of payload in a message (DESIGN 3.8)
#define PLK_ID_LEN 16      // a message id
#define PLK_PEER_ID_LEN 32
#define PLK_DEVICE_LEN 8
#define PLK_EPOCH_LEN 8

// ---- messages -------------------------------------------------------------------------------------------------------

enum plk_direction { PLK_IN = 0, PLK_OUT = 1 };

// What a body is (DESIGN 3.8: unknown kinds are kept and acknowledged). Below 64: shown in history. From 64: control.
enum plk_body_kind {
    PLK_BODY_TEXT = 1,
    PLK_BODY_NOTICE = 2,   // made locally: "safety number unchanged, this profile moved to another device", ...
    PLK_BODY_PICTURE = 3,  // wire/picture.h; its parts follow it
    PLK_BODY_PROFILE = 64, // name, about
    PLK_BODY_LINK = 65,    // proposes or answers a link generation
    PLK_BODY_RESET = 66,   // refreshes the reset bundle
    PLK_BODY_ADDRESSES = 67,
    PLK_BODY_ACK = 68, // an Ack as a ratchet message; without sequence number, never acknowledged
    PLK_BODY_UNREADABLE = 69,
    PLK_BODY_PULSE = 70,    // nothing: turns the ratchet; without sequence number
    PLK_BODY_QUEUES = 71,   // where the sender is written to while it is away: wire/queue_list.h
    PLK_BODY_REACTION = 72, // 72 to 76: wire/mark.h
    PLK_BODY_EDIT = 73,
    PLK_BODY_DELETE = 74,
    PLK_BODY_READ = 75,
    PLK_BODY_TIMER = 76,
    PLK_BODY_RELAY = 78,        // the relay that the sender is for its contacts: wire/relay_offer.h
    PLK_BODY_PICTURE_PART = 77, // of the picture that is its target: wire/picture.h
};

enum plk_state {
    PLK_STATE_QUEUED = 1, // waiting on this device
    PLK_STATE_SENT,       // all bytes left on a live path
    PLK_STATE_STORED,     // kept on stored of stored_of relays
    PLK_STATE_DELIVERED,  // the peer's device says that it has committed it
    PLK_STATE_READ,
    PLK_STATE_FAILED, // only by the user's act
    PLK_STATE_CANCELLED,
    PLK_STATE_RECEIVED, // incoming
    PLK_STATE_SEEN,     // incoming, read by the user; "read" in JSON
};

// A message's origin: the first {device, epoch, seq} it had; its row's key together with contact and direction.
struct plk_origin {
    uint8_t device[PLK_DEVICE_LEN];
    uint8_t epoch[PLK_EPOCH_LEN];
    uint64_t seq; // from 1
};

#define PLK_MESSAGE_KEY_LEN (4 + 1 + PLK_DEVICE_LEN + PLK_EPOCH_LEN + 8)

struct plk_message_row {
    uint32_t contact;
    enum plk_direction direction;
    struct plk_origin origin;
    uint64_t row; // the conversation's local number over both directions, from 1, never reused ("seq" in JSON)
    uint8_t id[PLK_ID_LEN];
    uint16_t kind; // enum plk_body_kind or one not known to this version
    enum plk_state state;
    uint8_t stored, stored_of;
    uint8_t reason;       // enum plk_err: why a state stepped back
    uint64_t time_ms;     // the sender's wall clock
    uint64_t received_ms; // incoming: committed here; outgoing: delivered, 0 before
    bool has_target;
    struct plk_origin target;
    uint32_t lifetime_s;      // it vanishes that long after it was seen (in) or delivered (out); 0: it stays
    struct plk_bytes payload; // text: UTF-8; borrowed
};

void plk_message_key(uint8_t out[PLK_MESSAGE_KEY_LEN], uint32_t contact, enum plk_direction direction,
                     const struct plk_origin *origin);
enum plk_err plk_message_key_decode(struct plk_bytes key, struct plk_message_row *row);   // contact, direction, origin
void plk_message_row_encode(struct plk_writer *w, const struct plk_message_row *row);     // the value
enum plk_err plk_message_row_decode(struct plk_bytes value, struct plk_message_row *row); // all that is not in the key

#define PLK_MESSAGE_HEAD_MAX 128 // an encoded message row is at most this and its payload

enum { PLK_PATCH_STATE = 1, PLK_PATCH_STORED = 2, PLK_PATCH_RECEIVED = 4, PLK_PATCH_PAYLOAD_WIPED = 8 };

struct plk_message_patch {
    uint8_t columns; // PLK_PATCH_* bits: which of the following are set
    enum plk_state state;
    uint8_t reason;            // with STATE
    uint8_t stored, stored_of; // with STORED
    uint64_t received_ms;      // with RECEIVED
};

#define PLK_MESSAGE_PATCH_LEN 13
void plk_message_patch_encode(uint8_t out[PLK_MESSAGE_PATCH_LEN], const struct plk_message_patch *patch);
enum plk_err plk_message_patch_decode(struct plk_bytes value, struct plk_message_patch *patch);
// later's columns win.
void plk_message_patch_merge(struct plk_message_patch *into, const struct plk_message_patch *later);

// ---- contacts -------------------------------------------------------------------------------------------------------

enum plk_contact_state {
    PLK_CONTACT_ADDED = 1, // we opened their link; the acceptance has not come yet
    PLK_CONTACT_REQUEST,   // they opened our address link; we have not accepted
    PLK_CONTACT_ACTIVE,
    PLK_CONTACT_REFUSED, // the peer's side refused (second use of a link, ...)
};

// The index row: small, all of them in memory while the node runs.
struct plk_contact_row {
    uint32_t contact; // the key, from 1, never reused
    uint8_t peer_id[PLK_PEER_ID_LEN];
    uint8_t name_len, profile_name_len;
    char name[PLK_NAME_MAX];         // how it is called here, unique among contacts; not terminated
    char profile_name[PLK_NAME_MAX]; // how it calls itself; may be empty
    enum plk_contact_state state;
    bool verified, blocked, has_outbox, renamed; // renamed: name was chosen here and no longer follows the profile
    bool relay_only;    // nothing goes to it or comes from it but through one's own relays (DESIGN 4)
    bool pinned, muted; // how the person wants to see it; said to nobody
    bool silent;        // it is not told what of its was read here
    uint32_t timer_s;   // what is written now vanishes that long after it was read; 0: it stays
    uint64_t created_ms;
    uint64_t read_row;  // the person has seen what came up to this row of the conversation; 0: nothing
    uint8_t hint_count; // inbound hint keys, newest first: link generations, recovery
    struct {
        uint8_t key[16];
        uint32_t tag; // which: generation number, or 0 for the recovery secret; with the top bit for an invite's
    } hints[4];
};

#define PLK_CONTACT_ROW_MAX 300
void plk_contact_row_encode(struct plk_writer *w, const struct plk_contact_row *row); // value only
enum plk_err plk_contact_row_decode(struct plk_bytes key, struct plk_bytes value, struct plk_contact_row *row);

// ---- events ---------------------------------------------------------------------------------------------------------

enum plk_event_kind {
    PLK_EVENT_MESSAGE = 1, // a row was added to history (either direction)
    PLK_EVENT_STATE,       // a message's state changed
    PLK_EVENT_CONTACT,     // a contact was added, changed or removed
    PLK_EVENT_REQUEST,     // someone asks to be a contact
    PLK_EVENT_PATH,        // not stored
    PLK_EVENT_RELAY,       // not stored
    PLK_EVENT_CHANGE,      // what a message, or a conversation, is to people has changed: change, and the message
};

// What has changed; of a message that event names by target, not by row: the core does not know where it is.
enum plk_change {
    PLK_CHANGE_EDITED = 1,
    PLK_CHANGE_REACTED,
    PLK_CHANGE_DELETED,
    PLK_CHANGE_EXPIRED,
    PLK_CHANGE_PICTURE,
    PLK_CHANGE_READ,  // everything of ours up to the message was read
    PLK_CHANGE_TIMER, // of no message: contact.timer_s
    PLK_CHANGE_COUNT
};

// Enough to find the row it speaks of; a reader joins it with the message and contact tables. What happens to many messages at
// once is one stored row: event n + i is of the conversation's row `row` + i, for i up to `more`.
struct plk_event_row {
    uint64_t n; // the key
    enum plk_event_kind kind;
    uint32_t contact;
    uint64_t row; // message, state: the conversation's row number; else 0
    enum plk_state state;
    uint8_t reason;  // change: enum plk_change
    uint16_t more;   // message, state: so many follow; 0 in an EVENT
    bool has_target; // change: of a message
    enum plk_direction target_direction;
    struct plk_origin target;
};

#define PLK_EVENT_ROW_LEN 17
#define PLK_EVENT_TARGET_LEN (PLK_MESSAGE_KEY_LEN - 4) // direction and origin, behind it
#define PLK_EVENT_ROW_MAX (PLK_EVENT_ROW_LEN + PLK_EVENT_TARGET_LEN)
// Value only; its length: PLK_EVENT_ROW_LEN, or PLK_EVENT_ROW_MAX with a target.
size_t plk_event_row_encode(uint8_t *out, const struct plk_event_row *event);
// Does the event that follows belong into the same row? Then it is one longer.
bool plk_event_row_extend(struct plk_event_row *event, const struct plk_event_row *next);
enum plk_err plk_event_row_decode(struct plk_bytes key, struct plk_bytes value, struct plk_event_row *event);

#endif
