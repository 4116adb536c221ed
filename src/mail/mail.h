// SPDX-License-Identifier: MIT
// The mail of one contact: outbox, delivery states, acknowledgements, repair of gaps, removal of copies, history
// (DESIGN 3.4, 3.8). Normative text: docs/protocol/messages.md. How a node uses it:
//
//   a new contact     plk_mail_new, plk_mail_begin, then plk_mail_wrap or plk_mail_adopt for what the blob carries
//   a stored contact  plk_mail_new, plk_mail_load for every row of the contact in the tables ratchet, skipped, link and
//                     blob (rows that are not mail's are ignored), plk_mail_ready; then what plk_mail_wants asks for
//   the link is up    plk_mail_link_up; plk_mail_next_control fills stream 0, plk_mail_next stream 1; what arrives goes
//                     to plk_mail_on_control and plk_mail_on_ciphertext
//   no answer         plk_mail_box_open; plk_mail_box_next fills cells for relays, plk_mail_boxed says what became of them;
//                     records out of cells go to plk_mail_on_ciphertext, link or none
//   after each input  plk_mail_seal until it says false, plk_mail_event until it says false, and plk_mail_wants
//   STORED{n}         plk_mail_next, plk_mail_next_control, plk_mail_box_next with that n
//
// **Durability** (DESIGN 2). Every mutation goes into turn->batch, whose number will be turn->batch_n. Nothing is
// given out before the batch it depends on is durable: plk_mail_next, plk_mail_next_control and plk_mail_box_next take
// the highest durable number. Events are taken from the queue in the same turn, numbered by the node, written into the same
// batch, and told after it is durable.
//
// **Store operations.** Sending side, per message: message UPSERT, outbox UPSERT (twice if it was queued while
// offline), PATCH to delivered; per ack one outbox DELETE_RANGE; only if it stays undelivered for
// PLK_MAIL_SENT_AFTER_US a PATCH to sent; per answer of relays an outbox UPSERT and a PATCH. Receiving side: message UPSERT. Per batch, however many messages it has:
// ratchet, own stream, counters; receiving stream and the hashes of 32 ciphertexts. The node adds an event row for
// each MESSAGE and STATE.
//
// No call is O(outbox): plk_mail_send writes rows and, when the window in memory has room, one entry.
#ifndef PLK_MAIL_MAIL_H
#define PLK_MAIL_MAIL_H

#include "base/time.h"
#include "crypto/rng.h"
#include "ratchet/ratchet.h"
#include "wire/batch.h"
#include "wire/mark.h"
#include "wire/message.h"

#define PLK_MAIL_DELIVER_STEP 100             // messages that one ack, or one that closes a gap, moves in one batch
#define PLK_MAIL_UNACKED_MAX 512              // encrypted and not acknowledged (DESIGN 3.4)
#define PLK_MAIL_UNACKED_BYTES_MAX (2u << 20) // of their ciphertexts
#define PLK_MAIL_WINDOW_MAX 1024              // outbox entries in memory; the rest is in the store
#define PLK_MAIL_WINDOW_BYTES_MAX (2u << 20)  // of their payloads
// How much may be in the outbox when a part of a picture is added, so that what is written meanwhile does not wait for all of them: on a
// link, and where relays keep a whole picture.
#define PLK_MAIL_PARTS_LINK_BYTES (128u << 10)
#define PLK_MAIL_PARTS_BOX_BYTES (1u << 20)
#define PLK_MAIL_PAGE 128 // outbox rows asked for at a time
// Own streams whose acks are understood: many more than a peer keeps, so that one whose store was rolled back over many
// re-keys still finds where it was (sim, rollback seed 92).
#define PLK_MAIL_GENERATIONS_MAX 32
#define PLK_MAIL_OLDER_MAX 3                                    // ratchets kept readable beside the current one ...
#define PLK_MAIL_OLDER_KEEP_MS (UINT64_C(7) * 24 * 3600 * 1000) // ... for 7 days
#define PLK_MAIL_STREAMS_MAX 8                                  // receiving streams
#define PLK_MAIL_HELD_MAX 1000                                  // messages held behind a gap, over all streams
#define PLK_MAIL_HELD_BYTES_MAX (2u << 20)
#define PLK_MAIL_UNREADABLE_QUEUE 32          // reports waiting for the link; more are dropped, the peer repeats
#define PLK_MAIL_UNREADABLE_MAX 16            // re-encryptions without an ack in between, before a re-key is wanted
#define PLK_MAIL_PULSE_EVERY 256              // messages received without sending, then a pulse turns the ratchet
#define PLK_MAIL_SENT_AFTER_US (200 * PLK_MS) // what is delivered sooner is never reported as sent
#define PLK_MAIL_REKEY_EVERY_MS (UINT64_C(3600) * 1000)  // a re-key is wanted at most once an hour (DESIGN 3.4)
#define PLK_MAIL_RESYNC_EVERY_MS (UINT64_C(3600) * 1000) // a RESYNC of the peer is obeyed at most once an hour
// The box. What it owes is gathered for so long; what was said before is not said again sooner than after an hour,
// however often relays repeat an old cell.
#define PLK_MAIL_ACK_MIN_US (500 * PLK_MS)
#define PLK_MAIL_ACK_MAX_US (4 * PLK_SECOND)
#define PLK_MAIL_ACK_AGAIN_US PLK_HOUR
#define PLK_MAIL_BOX_MISSED_MS (UINT64_C(60) * 1000)           // put so long ago, it should have come before later ones
#define PLK_MAIL_BOX_KEPT_MS (UINT64_C(29) * 24 * 3600 * 1000) // then it is put again: relays delete after 30 days
#define PLK_MAIL_BOX_AGE_US (6 * PLK_HOUR)                     // how often that is looked at
#define PLK_MAIL_MARK_AHEAD_MS (UINT64_C(24) * 3600 * 1000)    // a clock that is wrong by more leads nobody's marks
#define PLK_MAIL_SNAPSHOTS 9 // ack states waiting for their batch: 8 outstanding and the open one
#define PLK_MAIL_AD_MAX PLK_RATCHET_AD_MAX

struct plk_mail;

struct plk_mail_config {
    uint32_t contact;
    uint8_t device[PLK_DEVICE_LEN]; // this profile's
    struct plk_bytes ad;            // bound into every ratchet message, the same on both sides; copied
};

// What every mutation needs: the time, randomness, the open batch and the number that it will have.
struct plk_mail_turn {
    struct plk_now now;
    struct plk_rng *rng;
    struct plk_batch *batch;
    uint64_t batch_n;
};

// mem outlives the mail. The caller owns it until plk_mail_free, which wipes.
struct plk_mail *plk_mail_new(struct plk_mem *mem, const struct plk_mail_config *config);
void plk_mail_free(struct plk_mail *mail);
// Another ad, before anything was encrypted (else a trap): who the peer is was not known yet.
void plk_mail_bind(struct plk_mail *mail, struct plk_bytes ad);

// ---- from the store -------------------------------------------------------------------------------------------------

// One row, before plk_mail_ready; key and value are borrowed for the call. The tables in that order, their rows in
// the order of keys. CORRUPT. Rows of other contacts, tables or kinds: OK, without effect.
enum plk_err plk_mail_load(struct plk_mail *mail, enum plk_table table, struct plk_bytes key, struct plk_bytes value);

// All rows are in. CORRUPT when they do not fit together; then only plk_mail_free is allowed. A contact without any
// row is fine: it waits for plk_mail_begin.
enum plk_err plk_mail_ready(struct plk_mail *mail);

// What mail wants to read next, beyond the rows above. Each wish is told once; at most one of each kind is open.
enum plk_mail_want {
    PLK_MAIL_WANT_PAGE = 1, // the next rows of the outbox
    PLK_MAIL_WANT_CANCEL,   // one row of the outbox, for plk_mail_cancel
    PLK_MAIL_WANT_RESYNC,   // own history that the peer has lost (DESIGN 3.8)
    PLK_MAIL_WANT_COPIES,   // history at the origins of messages that were resent: are they copies?
    PLK_MAIL_WANT_COUNT
};

struct plk_mail_load {
    enum plk_mail_want want;
    enum plk_table table;
    struct plk_bytes from, to; // from <= key < to; borrowed until the next call on mail
    uint32_t limit;
    uint64_t after_n; // LOAD only after STORE with this number has been given to the host
};
bool plk_mail_wants(struct plk_mail *mail, struct plk_mail_load *load);

// The answer: all rows in [from, to), in key order, at most limit of them; in one call, or several with more set on
// all but the last. CORRUPT: a row that mail did not write, the store is damaged.
enum plk_err plk_mail_loaded(struct plk_mail *mail, const struct plk_mail_turn *turn, enum plk_mail_want want,
                             const struct plk_row *rows, size_t count, bool more);

// The first page of the outbox is in: before it plk_mail_on_control, plk_mail_on_ciphertext, plk_mail_on_acks and
// plk_mail_link_up are not allowed (trap). plk_mail_send and plk_mail_cancel are. True at once for a contact without
// stored rows.
bool plk_mail_is_open(const struct plk_mail *mail);

// ---- ratchets and epochs --------------------------------------------------------------------------------------------

enum plk_mail_begin {
    PLK_MAIL_BEGIN_FIRST,    // first contact
    PLK_MAIL_BEGIN_REKEY,    // with the device that the peer had: what it has lost below the outbox is sent again
    PLK_MAIL_BEGIN_RESTORED, // the peer is on a new device: what it once acknowledged stays delivered
};

// A new generation: the ratchet is copied; epoch is 8 fresh random bytes, this side's stream from 1. The ratchet
// before it stays readable for 7 days; what is undelivered is sent again in the new epoch, under its origin, after
// the peer has said on a link what it has of the earlier ones. The link counts as down: plk_mail_link_up follows on a
// new one. Ends a stop. A ratchet that can send but has not received sends a pulse on every link until it has, so
// that the other side can send too. ratchet may be NULL when plk_mail_set_ratchet follows.
void plk_mail_begin(struct plk_mail *mail, const struct plk_mail_turn *turn, enum plk_mail_begin how,
                    const struct plk_ratchet *ratchet, const uint8_t epoch[PLK_EPOCH_LEN]);
bool plk_mail_has_begun(const struct plk_mail *mail);
// A ciphertext was opened with the current ratchet since it began (or since the start of this process): the peer has all that it
// needs of it.
bool plk_mail_has_opened(const struct plk_mail *mail);
// False: what is sent waits in the outbox for the first ratchet (a joiner's, a contact's that came out of a backup).
bool plk_mail_has_ratchet(const struct plk_mail *mail);
const uint8_t *plk_mail_epoch(const struct plk_mail *mail); // of the current own stream

// The current ratchet, for messages that are not mail's (blob, acceptance: contact/first.h works on a copy), and
// back, moved on.
const struct plk_ratchet *plk_mail_ratchet(const struct plk_mail *mail);
void plk_mail_set_ratchet(struct plk_mail *mail, const struct plk_mail_turn *turn, const struct plk_ratchet *ratchet);

//   joiner   begin(FIRST, NULL, epoch), wrap, plk_first_make with the envelopes, set_ratchet
//   inviter  plk_first_open, begin(FIRST, its ratchet, epoch), adopt, plk_mail_acks, plk_first_accept on the ratchet,
//            set_ratchet
//   joiner   plk_first_read_acceptance on a copy of plk_mail_ratchet, set_ratchet, plk_mail_on_acks

// A body given to plk_mail_send or plk_mail_wrap. Kinds below 64 get a history row, the others are control messages.
struct plk_mail_body {
    uint8_t id[PLK_ID_LEN];
    uint16_t kind;
    bool has_target;
    struct plk_origin target;
    uint32_t lifetime_s;      // of a shown kind, or of the picture that speaks_row is
    uint64_t time_ms;         // 0: now
    uint64_t speaks_row;      // the last part of a picture, its target: what becomes of it is told of this row; else 0
    struct plk_bytes payload; // borrowed
};

// As plk_mail_send, and appends the envelope to out at once: for a text inside a first-contact blob. Only in the
// first generation, before anything was encrypted by plk_mail_seal (else a trap). TOO_LONG: the payload, or out is
// too small; nothing has changed.
enum plk_err plk_mail_wrap(struct plk_mail *mail, const struct plk_mail_turn *turn, const struct plk_mail_body *body,
                           struct plk_writer *out, uint64_t *row);
// The other side of it: an envelope that came inside a blob, after plk_mail_begin. MALFORMED, TOO_NEW: nothing has
// changed.
enum plk_err plk_mail_adopt(struct plk_mail *mail, const struct plk_mail_turn *turn, struct plk_bytes envelope);

// ---- sending --------------------------------------------------------------------------------------------------------

// Queues a body: history row (state queued) and MESSAGE event for a shown kind, outbox row for every kind. *row is
// the conversation row, 0 for control. TOO_LONG: payload above PLK_BODY_MAX. CLOSED: no generation has begun. Never
// waits.
enum plk_err plk_mail_send(struct plk_mail *mail, const struct plk_mail_turn *turn, const struct plk_mail_body *body,
                           uint64_t *row);

// The same for a mark (wire/mark.h); its stamp, which is later than that of every mark before it, unless body names a time.
enum plk_err plk_mail_send_mark(struct plk_mail *mail, const struct plk_mail_turn *turn,
                                const struct plk_mail_body *body, struct plk_mark_stamp *stamp);
// A mark of the peer's in a register that both write: what is made here from now on is later. Of clocks that are far ahead: no effect.
void plk_mail_mark_seen(struct plk_mail *mail, const struct plk_mail_turn *turn, uint64_t time_ms);

// The origin that the next message gets, whatever it is. A generation has begun (else a trap).
struct plk_origin plk_mail_next_origin(const struct plk_mail *mail);

// Parts of pictures wait outside: whether one may be added now. Not while nothing could be sent, or while there is enough.
bool plk_mail_takes_part(const struct plk_mail *mail);

// All that waits here, the oldest first, waits in another conversation from now on, under its id, in the same batch: nothing of it has
// left, since there never was a ratchet. True: call again with a new batch, or when the page that mail wants has come. Not before
// plk_mail_is_open (trap).
bool plk_mail_hand_over(struct plk_mail *mail, const struct plk_mail_turn *turn, struct plk_mail *to);

// A history row made here and sent to nobody (PLK_BODY_NOTICE). Returns its row.
uint64_t plk_mail_note(struct plk_mail *mail, const struct plk_mail_turn *turn, uint16_t kind,
                       struct plk_bytes payload);

// First the rest of what an ack, a closed gap or a lost relay has moved; then encrypts what may be encrypted now: a link
// is up or the box is open, the window has room, the batch is not full. True: call again when there is a new batch. Also
// makes the pulse that is due, and acks for the box.
bool plk_mail_seal(struct plk_mail *mail, const struct plk_mail_turn *turn);

void plk_mail_link_up(struct plk_mail *mail); // a fresh link: both streams start at offset 0
void plk_mail_link_down(
    struct plk_mail *mail); // what was given and not acknowledged will be given again, the same bytes

// The next record for stream 1, whose batch is durable; with its length in front, borrowed until the next call on
// mail. False: nothing now. Once given it counts as written: the caller keeps what it cannot write at once.
bool plk_mail_next(struct plk_mail *mail, uint64_t durable_n, struct plk_bytes *record);
// The same for stream 0: acks, reports of unreadable ciphertexts. The first on each link is the "have".
bool plk_mail_next_control(struct plk_mail *mail, uint64_t durable_n, struct plk_bytes *record);

// All bytes of stream 1 below this offset have left on a live path. Those messages become `sent` in plk_mail_tick if
// they are not delivered within PLK_MAIL_SENT_AFTER_US.
void plk_mail_left(struct plk_mail *mail, struct plk_now now, uint64_t offset);

// When plk_mail_tick has something to do (mono_us, PLK_NEVER); and it: sent states, keys that are too old, a re-key
// that is still wanted after an hour, cells that relays delete soon; and when plk_mail_seal has acks for the box.
uint64_t plk_mail_deadline(const struct plk_mail *mail, struct plk_now now);
void plk_mail_tick(struct plk_mail *mail, const struct plk_mail_turn *turn);

// Gives up a message that has never been encrypted. OK: state cancelled. TOO_LATE: it may have reached the peer.
// NOT_FOUND. BUSY: it must be read first; the caller must repeat the call when a read has been answered, until it is not
// BUSY: others are BUSY until then.
enum plk_err plk_mail_cancel(struct plk_mail *mail, const struct plk_mail_turn *turn, uint64_t row);

// Turns the ratchet at the next plk_mail_seal, by a pulse if there is nothing else to send.
void plk_mail_pulse(struct plk_mail *mail);

uint64_t plk_mail_undelivered(const struct plk_mail *mail); // shown messages that the peer has not committed
bool plk_mail_needs_link(const struct plk_mail *mail);      // anything at all is in the outbox

// ---- the box: what relays keep while the peer does not answer ------------------------------------------------------

// The peer does not answer, and there are relays that would keep what waits for it: it is encrypted as if a link were
// up, under the same limits. As long as a link is up nothing is given to the box. Not before plk_mail_is_open (trap).
// Twice is fine.
void plk_mail_box_open(struct plk_mail *mail);
// It answers again, or there is no relay to give anything to. What was given stays given until it is answered, or a new
// link comes up. Twice is fine.
void plk_mail_box_close(struct plk_mail *mail);

// A link is up, but nothing is heard on it any more: what waits is given to the box as well, and on the link should it answer
// after all (copies are dropped there). Ends with the link.
void plk_mail_link_silent(struct plk_mail *mail, bool silent);

// Acks or reports are owed that came due while no link was up, and could leave through a box or as the have of a link.
bool plk_mail_owes(const struct plk_mail *mail);

// The next record of at most room bytes for the peer's cells: durable, unacknowledged, not kept by a relay, not given
// before; with its length in front as on stream 1, so that several lie in one cell one after the other; borrowed until
// the next call on mail. PLK_CIPHERTEXT_RECORD_MAX and its length are always room enough. False: nothing now, or the
// next is larger. *letter names it from now on, also after a restart, until it is acknowledged or encrypted anew; or one of these.
#define PLK_MAIL_LETTER_NOTE 0          // a report or a pulse
#define PLK_MAIL_LETTER_ACKS UINT64_MAX // an ack
bool plk_mail_box_next(struct plk_mail *mail, uint64_t durable_n, size_t room, struct plk_bytes *record,
                       uint64_t *letter);

// So many of so many relays (at most 255) have that letter on their disks now; may be called again when it is more, or
// less. State: stored. None: queued, with the reason, and it is not given again before plk_mail_box_retry. reason goes
// with either. A letter that is not there any more: nothing. 0 and PLK_MAIL_LETTER_ACKS with stored 0 are made again after
// plk_mail_box_retry; an ack that no relay has taken also after a restart. The batch must not be full.
void plk_mail_boxed(struct plk_mail *mail, const struct plk_mail_turn *turn, uint64_t letter, unsigned stored,
                    unsigned of, enum plk_err reason);

// What was given and not answered, and what was refused, is given again (a link that came up does that too). lost: also all that was kept (the peer's queues
// were made anew): state queued, LOST, at the next plk_mail_seal.
//
// By itself mail gives again what was kept for PLK_MAIL_BOX_KEPT_MS (it stays stored meanwhile), and what the peer lacks
// although it has later ones (queued, LOST).
void plk_mail_box_retry(struct plk_mail *mail, bool lost);
// Nothing is known to be lost, but the peer acts as if it had not got what relays keep: all of it is given again, and stays stored.
void plk_mail_box_doubt(struct plk_mail *mail);

// ---- receiving ------------------------------------------------------------------------------------------------------

// A ciphertext, from stream 1 or from a mailbox. OK: taken (a history row, a control event, or held behind a gap).
//   REPLAYED    seen before, or a number that was received: acknowledged again
//   SPENT       its key was used and it is not a copy: the peer was rolled back, or a relay repeats an old cell. On a
//               link a re-key is wanted, else it is reported as unreadable
//   FORGED, EXPIRED, GAP, TOO_NEW, UNSUPPORTED   no ratchet opens it: reported to the peer as unreadable
//   MALFORMED   it is no ciphertext: reported too; or it opens, and holds what no peer of this version writes: dropped
//   LIMIT       it opens, and there is no room to hold it: reported as unreadable, the peer will send it again
//   STALE       its chain hash does not fit: the peer was rolled back or cloned; ROLLBACK and REKEY_WANTED
enum plk_err plk_mail_on_ciphertext(struct plk_mail *mail, const struct plk_mail_turn *turn,
                                    struct plk_bytes ciphertext);

// A control record without its length, from stream 0. CLOSED: no link is up. UNSUPPORTED: not mail's (types from PLK_CONTROL_NODE on are the
// node's, others are to be ignored). MALFORMED: nothing has changed.
enum plk_err plk_mail_on_control(struct plk_mail *mail, const struct plk_mail_turn *turn, struct plk_bytes record);

// An ack list that came in another way (acceptance, re-key). It may be older than what is known: then it has no
// effect.
enum plk_err plk_mail_on_acks(struct plk_mail *mail, const struct plk_mail_turn *turn, struct plk_bytes acks);

// The ack list as of this turn, not of what is durable: for an acceptance that is committed in the same batch.
void plk_mail_acks(const struct plk_mail *mail, struct plk_writer *out);

// ---- what came of it ------------------------------------------------------------------------------------------------

enum plk_mail_event_kind {
    PLK_MAIL_MESSAGE, // a history row was made: row, id, direction, kind, state
    PLK_MAIL_STATE,   // a message's state changed: row, id, state, reason
    PLK_MAIL_CONTROL, // a control message of the peer: kind, target, payload; exactly once, in order with its other messages
    PLK_MAIL_TAKEN, // a control message of ours has been committed by the peer: kind, id
    PLK_MAIL_REPEATED, // a picture of ours that the peer has lost is sent again, and its parts must be: row, id, target, payload
    PLK_MAIL_EARLIER,      // something came that was encrypted in an earlier ratchet: device, which wrote it
    PLK_MAIL_REKEY_WANTED, // why; nothing more is encrypted while plk_mail_is_stopped
    PLK_MAIL_LOST,     // the peer lacks what it once had: its messages are sent again; marks are the caller's to repeat
    PLK_MAIL_ROLLBACK, // own: true, this store is older than what the peer has; false: the peer's is
};

enum plk_mail_why {
    PLK_MAIL_WHY_NONE,
    PLK_MAIL_WHY_SPENT,      // a spent key with an unknown hash
    PLK_MAIL_WHY_UNREADABLE, // the peer cannot read what was encrypted for it anew
    PLK_MAIL_WHY_AHEAD,      // PLK_RATCHET_HARD_AHEAD
    PLK_MAIL_WHY_ROLLBACK,   // chain hashes that do not fit, or more, or less, than there should be
};

struct plk_mail_event {
    enum plk_mail_event_kind kind;
    enum plk_direction direction; // MESSAGE
    bool own;                     // ROLLBACK
    enum plk_mail_why why;        // REKEY_WANTED
    uint64_t row;
    uint8_t id[PLK_ID_LEN];
    uint8_t device[PLK_DEVICE_LEN]; // EARLIER
    uint16_t body_kind;             // MESSAGE, CONTROL, TAKEN
    enum plk_state state;
    uint8_t reason;           // enum plk_err
    struct plk_origin origin; // MESSAGE, STATE, CONTROL, REPEATED
    uint32_t lifetime_s;      // MESSAGE, STATE
    uint64_t time_ms;         // CONTROL: the sender's clock
    bool has_target;          // CONTROL
    struct plk_origin target;
    struct plk_bytes payload; // CONTROL, REPEATED, MESSAGE of an incoming picture; borrowed until the next call on mail
};

// The next event; false: none. To be drained in the turn that made it, before the batch is closed.
bool plk_mail_event(struct plk_mail *mail, struct plk_mail_event *event);

// Sending has stopped until plk_mail_begin (DESIGN 3.8, rollback); survives a restart.
bool plk_mail_is_stopped(const struct plk_mail *mail);

// Deletes all rows of a contact that mail keeps: history, outbox, ratchets, and its kinds in link and blob.
void plk_mail_remove(uint32_t contact, struct plk_batch *batch);

#endif
