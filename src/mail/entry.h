// SPDX-License-Identifier: MIT
// One message on its way out: its outbox row, in memory. Normative for the row: none, it is read only by this file.
#ifndef PLK_MAIL_ENTRY_H
#define PLK_MAIL_ENTRY_H

#include "mail/key.h"
#include "ratchet/ratchet.h"
#include "wire/message.h"

// payload and record are owned through the mem that is passed to the calls below.
struct plk_entry {
    struct plk_order order;
    struct plk_origin origin;
    uint8_t id[PLK_ID_LEN];
    uint16_t kind;
    uint64_t time_ms;
    bool has_target;
    struct plk_origin target;
    uint32_t lifetime_s;
    uint8_t *payload;
    uint32_t payload_len;
    bool repeat; // taken from history again: the peer had it once
    uint64_t
        speaks_row; // it is the last part of this conversation row, its target: what becomes of it is told of that; 0: none

    // How it was numbered last; of an older generation only for acks that are still to come.
    uint32_t generation; // 0: never
    uint64_t seq;
    uint8_t chain[PLK_MESSAGE_HASH_LEN]; // of the stream, this message included
    struct plk_ratchet_place place;      // in the ratchet; valid with a record
    uint8_t hash[PLK_MESSAGE_HASH_LEN];  // of the ciphertext
    uint8_t *record;                     // length and ciphertext as on the link; NULL: to be encrypted (again)
    uint32_t record_len;
    uint64_t batch_n;      // the record may leave when this batch is durable
    uint8_t kept, kept_of; // of so many relays so many have the record; 0: none
    uint64_t kept_ms;      // wall clock when that was said last

    // Not stored.
    enum { PLK_BOXING_NONE, PLK_BOXING_GIVEN, PLK_BOXING_REFUSED } boxing; // what has become of it in the box
    bool renew;       // kept, but for so long that relays delete it soon
    uint8_t lost;     // enum plk_err: why what is kept is of no use any more; OK: it is
    uint8_t reason;   // enum plk_err: why no relay took it, as told last
    uint64_t end;     // offset on stream 1 of the present link at which it ends; 0: not given
    uint64_t left_us; // when all its bytes had left; 0: not yet
    bool again;       // to be given out of turn: it was encrypted anew
    bool peer_holds;  // said by an ack's range on this link
    bool was_sent;    // state sent was told
    bool retried;     // it was encrypted anew since the last begin
    bool parted;      // its ciphertext has a row of its own
    bool part_due;    // which was not read yet: it is the record, unless the message is encrypted anew before
};

static inline bool plk_entry_is_shown(const struct plk_entry *entry) { return entry->kind < PLK_BODY_PROFILE; }
// A picture is under way until its last part is there: that one counts, and not the message.
static inline bool plk_entry_counts(const struct plk_entry *entry) {
    return entry->speaks_row > 0 || (plk_entry_is_shown(entry) && entry->kind != PLK_BODY_PICTURE);
}
bool plk_order_before(struct plk_order a, struct plk_order b);

// An entry that owns a copy of payload.
struct plk_entry plk_entry_make(struct plk_mem *mem, struct plk_bytes payload);
void plk_entry_free(struct plk_mem *mem, struct plk_entry *entry);        // wipes
void plk_entry_drop_record(struct plk_mem *mem, struct plk_entry *entry); // the ciphertext only

struct plk_bytes plk_entry_ciphertext(const struct plk_entry *entry); // of the record; empty without one

// Rows. The ciphertext lies behind the message if both fit into one value, else in a row of its own (`parted`), part
// 1.
#define PLK_ENTRY_HEAD_MAX 256
size_t plk_entry_row_max(const struct plk_entry *entry);
void plk_entry_encode(struct plk_writer *w, struct plk_entry *entry); // part 0; sets `parted`

// Part 0 into a fresh entry: CORRUPT leaves nothing to free. *needs_part says that part 1 is to follow by
// plk_entry_set_record.
enum plk_err plk_entry_decode(struct plk_mem *mem, struct plk_bytes key, struct plk_bytes value,
                              struct plk_entry *entry, bool *needs_part);
enum plk_err plk_entry_key_decode(struct plk_bytes key, struct plk_order *order, uint8_t *part); // CORRUPT
void plk_entry_set_record(struct plk_mem *mem, struct plk_entry *entry, struct plk_bytes ciphertext);

#endif
