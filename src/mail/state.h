// SPDX-License-Identifier: MIT
// The inside of struct plk_mail, shared by the files of this folder and nobody else. What each of them does:
//
//   lineage, held    ratchets and seen hashes; messages behind a gap      history   message rows and their events
//   sending          own streams                                          inbox     ciphertexts coming in
//   receiving        the peer's streams                                   copies    is it in history already?
//   outbox, window   what is to be sent: rows, paging                     receipt   acks and reports going out
//   seal             encrypting, giving out                               load      rows of the start
//   deliver          what acks do                                         tick      what time brings about
//   absent           while the peer does not answer: relays
//   resync           history sent again                                   mail      the calls of mail.h
#ifndef PLK_MAIL_STATE_H
#define PLK_MAIL_STATE_H

#include "mail/held.h"
#include "mail/lineage.h"
#include "mail/mail.h"
#include "mail/receiving.h"
#include "mail/sending.h"
#include "mail/window.h"

// A record without a place in the outbox: a pulse, an ack, a report.
struct plk_loose {
    uint8_t *record; // owned; NULL: none
    size_t len;
    uint64_t batch_n;
    bool given; // its bytes are borrowed until the next call
};

// Where a list of acks came from.
enum plk_acks_way {
    PLK_ACKS_LINK,
    PLK_ACKS_CURRENT, // a message in the current ratchet: it names every stream of which there is anything
    PLK_ACKS_OTHER,
};

// Room for what is made and handed on within one call; as large as was needed so far.
struct plk_scratch {
    uint8_t *at;
    size_t cap;
};

struct plk_wish {
    bool open;   // told to the node, not answered
    bool full;   // the rest of the answer is ignored
    size_t rows; // that came so far
    struct plk_key from, to;
};

// A list of acks that is being carried out. It has a row as long as it is: what brought it is acknowledged with the first step.
struct plk_late {
    struct plk_ack acks[PLK_ACKS_MAX];
    size_t count;
    bool live, first; // from the present link; its first: all that the peer has
    bool have;        // PLK_ACKS_CURRENT
};

struct plk_mail {
    struct plk_mem *mem;
    uint32_t contact;
    uint8_t device[PLK_DEVICE_LEN];
    uint8_t ad[PLK_MAIL_AD_MAX];
    size_t ad_len;

    // Stored in the counters row.
    uint64_t next_row;     // of the conversation
    uint32_t minor;        // of control messages since the last row
    uint32_t generation;   // current; 0: none has begun
    uint64_t outbox_count; // rows, parts not counted
    uint64_t undelivered;  // of them, shown ones
    uint8_t stopped;       // enum plk_mail_why; NONE: not stopped
    bool settled;          // what the peer has of earlier generations is known, and resent or being so
    uint64_t rekey_ms;     // when a re-key was wanted last; 0: never
    uint64_t mark_ms;      // the time of the newest mark: later ones are later, whatever the clock says

    struct plk_lineage lineage;
    uint8_t sending_count, receiving_count;
    struct plk_sending sending[PLK_MAIL_GENERATIONS_MAX]; // by generation; the last is current
    struct plk_receiving receiving[PLK_MAIL_STREAMS_MAX]; // by generation
    struct plk_held held;
    bool undrained; // the next of those held may be ready: one batch did not take them all
    bool loaded_state;

    // The outbox in memory. Indices count from its front; those below `given` were given to the present link.
    struct plk_window window;
    struct plk_order cursor; // rows below it are in the window, or gone
    bool beyond;             // there are, or may be, rows at or after the cursor
    bool is_open;
    bool handing; // plk_mail_hand_over waits for more
    size_t given, left, told, again_count;
    bool unsealed;             // an entry that is numbered in this generation may lack its ciphertext
    uint64_t outbox_n;         // batch of the last change of the outbox, and of history
    struct plk_entry canceled; // the row that WANT_CANCEL read; order.row 0: none
    enum { PLK_CANCEL_NONE, PLK_CANCEL_WANTED, PLK_CANCEL_FOUND, PLK_CANCEL_ABSENT } cancel_step;
    uint64_t cancel_row;
    struct plk_wish wishes[PLK_MAIL_WANT_COUNT];

    // Copies: one run of held messages is being looked up.
    uint32_t copies_generation; // 0: none
    uint64_t copies_first, copies_last;
    bool copies_apart; // the place of a message whose origin is taken

    // The link.
    bool up, heard_have, told_have;
    struct plk_late *late; // a list that moves more messages than one batch takes, or NULL; owned
    uint64_t given_bytes, acked_at_up;
    struct plk_loose pulse;
    bool pulse_wanted;
    bool told_mute, heard_mute;               // PLK_CONTROL_PULSE went out, came in, on the present link
    uint8_t pulse_hash[PLK_MESSAGE_HASH_LEN]; // of the newest pulse
    bool opened;                              // a ciphertext in the current ratchet, by this process
    unsigned received_since;                  // numbered messages since the last own encryption
    unsigned unreadable;                      // re-encryptions since the last progress
    uint8_t reports[PLK_MAIL_UNREADABLE_QUEUE][PLK_MESSAGE_HASH_LEN];
    size_t report_count;

    // The box: what goes to relays while the peer does not answer.
    bool silent; // the link does not answer: the box takes part
    bool box;
    bool box_late;             // some entries are `lost`: carried out in steps
    bool have_due, have_boxed; // an ack that says what there is of earlier streams; it went into the box, today
    bool note_failed;          // no relay took an ack
    bool ack_told;             // a link took what was owed: rows are to be written
    struct plk_loose notes[2]; // an ack, a report
    uint64_t ack_us;           // mono: when they are due; PLK_NEVER: nothing is owed
    uint64_t ack_again_us;     // mono: for copies and what is unreadable not before

    uint64_t age_us;            // mono: when keys are looked at for age
    uint32_t resync_generation; // whose history was asked for,
    uint64_t resync_from;       // from which origin on
    uint64_t resync_us;         // mono: a RESYNC of the peer is obeyed from then on

    struct plk_mail_event *events;
    size_t event_count, event_next, event_cap;
    struct plk_buf event_bytes; // payloads of CONTROL events, in order
    size_t event_taken;

    struct plk_scratch text;       // one envelope, or an outbox row
    struct plk_scratch ciphertext; // one ciphertext, a message row, or a control record
};

static inline struct plk_bytes plk_state_ad(const struct plk_mail *m) { return plk_bytes(m->ad, m->ad_len); }

// state.c
struct plk_sending *plk_state_current(struct plk_mail *m); // NULL: none has begun
struct plk_sending *plk_state_sending(struct plk_mail *m, const uint8_t epoch[PLK_EPOCH_LEN]);
struct plk_receiving *plk_state_receiving(struct plk_mail *m, uint32_t generation);
uint8_t *plk_state_room(struct plk_mail *m, struct plk_scratch *scratch, size_t len); // what was in it is gone
size_t plk_state_unacked(struct plk_mail *m); // entries at the front that are numbered in the current generation
void plk_state_save(struct plk_mail *m, struct plk_batch *batch); // the counters row
enum plk_err plk_state_decode(struct plk_mail *m, struct plk_bytes row);
void plk_state_save_sending(struct plk_mail *m, const struct plk_sending *s, struct plk_batch *batch);
void plk_state_save_receiving(struct plk_mail *m, const struct plk_receiving *s, struct plk_batch *batch);
void plk_state_want_rekey(struct plk_mail *m, const struct plk_mail_turn *turn, enum plk_mail_why why);
void plk_state_stop(struct plk_mail *m, const struct plk_mail_turn *turn, enum plk_mail_why why);
struct plk_mail_event *plk_state_event(struct plk_mail *m, enum plk_mail_event_kind kind);

// history.c
uint64_t plk_history_add(struct plk_mail *m, const struct plk_mail_turn *turn,
                         struct plk_message_row *row); // gives the row number
void plk_history_patch(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_entry *entry,
                       enum plk_state state, enum plk_err reason);
void plk_history_repeat(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_entry *entry);
void plk_history_control(struct plk_mail *m, const struct plk_envelope *e, const struct plk_origin *origin);

// outbox.c
void plk_outbox_add(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_entry *entry); // takes it
void plk_outbox_write(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_entry *entry);
void plk_outbox_erase(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_entry *entry); // its rows
void plk_outbox_pop(struct plk_mail *m, const struct plk_mail_turn *turn,
                    size_t count); // front entries, with their rows
void plk_outbox_remove(struct plk_mail *m, const struct plk_mail_turn *turn, size_t index);
void plk_outbox_reset(struct plk_mail *m); // forgets the window; it is paged in again from the start
bool plk_outbox_wants_page(struct plk_mail *m, struct plk_mail_load *load);
enum plk_err plk_outbox_page(struct plk_mail *m, const struct plk_row *rows, size_t count, bool more);
enum plk_err plk_outbox_cancel(struct plk_mail *m, const struct plk_mail_turn *turn, uint64_t row);
bool plk_outbox_wants_cancel(struct plk_mail *m, struct plk_mail_load *load);
enum plk_err plk_outbox_cancel_row(struct plk_mail *m, const struct plk_row *rows, size_t count, bool more);

// seal.c
bool plk_seal_run(struct plk_mail *m, const struct plk_mail_turn *turn);
enum plk_err plk_seal_loose(struct plk_mail *m, const struct plk_mail_turn *turn, uint16_t kind,
                            struct plk_bytes payload, struct plk_bytes *ciphertext);
void plk_seal_wrap(struct plk_mail *m, struct plk_entry *entry, struct plk_envelope *envelope); // numbers it
bool plk_seal_next(struct plk_mail *m, uint64_t durable_n, struct plk_bytes *record);
void plk_seal_drop(struct plk_mail *m, struct plk_loose *loose);
void plk_seal_keep(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_loose *loose,
                   struct plk_bytes ciphertext);
bool plk_seal_give(struct plk_mail *m, struct plk_loose *loose, uint64_t durable_n, size_t room,
                   struct plk_bytes *record);
void plk_seal_rewind(struct plk_mail *m); // nothing was given to the present link
void plk_seal_left(struct plk_mail *m, uint64_t now_us, uint64_t offset);
void plk_seal_tell_sent(struct plk_mail *m, const struct plk_mail_turn *turn);

// deliver.c
void plk_deliver_unlink(struct plk_mail *m); // that list is not the present link's any more
// The list of acks that is not yet carried out; its row stays without a turn.
void plk_deliver_forget(struct plk_mail *m, const struct plk_mail_turn *turn);
enum plk_err plk_deliver_load(struct plk_mail *m, struct plk_bytes row); // CORRUPT
bool plk_deliver_late(struct plk_mail *m,
                      const struct plk_mail_turn *turn); // true: call again when there is a new batch
enum plk_err plk_deliver_acks(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_bytes acks,
                              enum plk_acks_way way);
void plk_deliver_unreadable(struct plk_mail *m, const struct plk_mail_turn *turn,
                            const uint8_t hash[PLK_MESSAGE_HASH_LEN]);

// absent.c
void plk_absent_open(struct plk_mail *m);
bool plk_absent_next(struct plk_mail *m, uint64_t durable_n, size_t room, struct plk_bytes *record, uint64_t *letter);
void plk_absent_answer(struct plk_mail *m, const struct plk_mail_turn *turn, uint64_t letter, uint8_t stored,
                       uint8_t of, enum plk_err reason);
void plk_absent_retry(struct plk_mail *m, bool lost);
void plk_absent_lose(struct plk_mail *m, struct plk_entry *entry, enum plk_err why); // plk_absent_late carries it out
bool plk_absent_late(struct plk_mail *m,
                     const struct plk_mail_turn *turn); // true: call again when there is a new batch
void plk_absent_missing(struct plk_mail *m, uint64_t wall_ms, const struct plk_sending *s, const struct plk_ack *ack);
void plk_absent_doubt(struct plk_mail *m);
bool plk_absent_age(struct plk_mail *m, uint64_t wall_ms); // true: something is kept
// Something came while no link was up; s may be NULL. news: the peer does not know that it is here.
void plk_absent_owe(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_receiving *s, bool news);
void plk_absent_asked(struct plk_mail *m); // the peer has said what it has, and may wait for the same
bool plk_absent_owes(const struct plk_mail *m);
enum plk_err plk_absent_seal(struct plk_mail *m, const struct plk_mail_turn *turn);
void plk_absent_told(struct plk_mail *m, const struct plk_mail_turn *turn);
uint64_t plk_absent_deadline(const struct plk_mail *m);
void plk_absent_drop(struct plk_mail *m); // acks and reports that were not given

// resync.c
bool plk_resync_is_pending(const struct plk_mail *m);
// The peer lacks what it once acknowledged of a stream before the current one: it will be sent again.
bool plk_resync_less(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_ack *acks, size_t count);
void plk_resync_settle(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_ack *acks, size_t count);
void plk_resync_asked(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_resync *resync);
bool plk_resync_wants(struct plk_mail *m, struct plk_mail_load *load);
enum plk_err plk_resync_rows(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_row *rows,
                             size_t count, bool more);

// inbox.c
enum plk_err plk_inbox_ciphertext(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_bytes ciphertext);
enum plk_err plk_inbox_adopt(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_bytes text);
void plk_inbox_drain(struct plk_mail *m, const struct plk_mail_turn *turn, struct plk_receiving *s);
bool plk_inbox_late(struct plk_mail *m, const struct plk_mail_turn *turn); // as plk_deliver_late: what drain left

// copies.c
struct plk_origin plk_copies_apart(const struct plk_envelope *e);
bool plk_copies_wants(struct plk_mail *m, struct plk_mail_load *load);
enum plk_err plk_copies_rows(struct plk_mail *m, const struct plk_mail_turn *turn, const struct plk_row *rows,
                             size_t count, bool more);

// receipt.c
void plk_receipt_report(struct plk_mail *m, const uint8_t hash[PLK_MESSAGE_HASH_LEN]);
void plk_receipt_tell_all(struct plk_mail *m);
void plk_receipt_acks(const struct plk_mail *m, struct plk_writer *out); // as of this turn
bool plk_receipt_next(struct plk_mail *m, uint64_t durable_n, struct plk_bytes *record);

// load.c
enum plk_err plk_load_row(struct plk_mail *m, enum plk_table table, struct plk_bytes key, struct plk_bytes value);
enum plk_err plk_load_ready(struct plk_mail *m);

#endif
