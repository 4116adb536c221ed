// SPDX-License-Identifier: MIT
// What a node wants of one relay, whatever channels come and go (docs/protocol/queue.md; DESIGN 3.7): its own queues there,
// made, subscribed and made again when the relay has lost them; queues of others that it writes into; cells on their way, sent
// again until they are answered; items, acknowledged once their owner says that they are durable. It eats records and gives
// records: the channel is its owner's, and so are all keys and what is inside cells.
//
//     channel is open                 -> plk_queue_client_up, then records from plk_queue_client_next into its stream
//     a record out of its stream      -> plk_queue_client_receive -> what came, in *event
//     after each of all these calls   -> plk_queue_client_event until false, plk_queue_client_next until false
//     otherwise                       -> plk_queue_client_tick at plk_queue_client_deadline
//     channel is gone                 -> plk_queue_client_down
//
// Bounded: PLK_QUEUE_CLIENT_QUEUES queues, PLK_QUEUE_CLIENT_PUTS cells of PLK_QUEUE_CLIENT_PUT_BYTES together.
#ifndef PLK_QUEUE_CLIENT_H
#define PLK_QUEUE_CLIENT_H

#include "base/time.h"
#include "crypto/rng.h"
#include "queue/key.h"
#include "wire/relay_greeting.h"

#define PLK_QUEUE_CLIENT_QUEUES 4096             // handles of a channel (queue.md, section 3)
#define PLK_QUEUE_CLIENT_PUTS 256                // cells that wait for an answer
#define PLK_QUEUE_CLIENT_PUT_BYTES (1024 * 1024) // of them together
#define PLK_QUEUE_CLIENT_ITEMS 4096              // items that came on one channel and are not acknowledged
#define PLK_QUEUE_CLIENT_AHEAD 16                // of one queue: a relay that sends more breaks a rule
#define PLK_QUEUE_CLIENT_FORWARDS 8          // ways to other relays of a channel, those that are being closed included
#define PLK_QUEUE_CLIENT_LATER_US PLK_SECOND // first pause after LIMIT or BUSY; doubles
#define PLK_QUEUE_CLIENT_LATER_MAX_US PLK_MINUTE
// Another client has an own queue: a copy of this profile, or this one before it was restored. Neither is to be without mail
// for good, and they are not to fight.
#define PLK_QUEUE_CLIENT_RETAKE_US (15 * PLK_MINUTE)
#define PLK_QUEUE_CLIENT_WORK_STEP 2000 // nonces tried in one tick, about a millisecond
#define PLK_QUEUE_CLIENT_WORK_BITS 26   // a relay that asks for more work than this is as good as closed

struct plk_queue_client;

// The caller owns it. mem must outlive it.
struct plk_queue_client *plk_queue_client_new(struct plk_mem *mem, const uint8_t relay_static[PLK_QUEUE_KEY_LEN]);
void plk_queue_client_free(struct plk_queue_client *c); // wipes; NULL is fine

// ---- queues. id is the owner's number, for one queue in one role.

// An own queue: made if it is not there, and subscribed. fresh: it was never made, which saves asking for it first. EXISTS:
// the id is in use. LIMIT: too many queues.
enum plk_err plk_queue_client_own(struct plk_queue_client *c, uint32_t id, const uint8_t secret[PLK_QUEUE_KEY_LEN],
                                  const uint8_t sender_public[PLK_QUEUE_KEY_LEN], uint8_t flags, bool fresh);
// A queue of somebody else: attached when something is first wanted of it.
enum plk_err plk_queue_client_sender(struct plk_queue_client *c, uint32_t id, const uint8_t sid[PLK_QUEUE_ID_LEN],
                                     const uint8_t secret[PLK_QUEUE_KEY_LEN]);
// What is under way for it is given up. drop: an own queue is to be deleted at the relay; the event DROPPED tells when it is,
// and until then the id stays in use.
void plk_queue_client_forget(struct plk_queue_client *c, uint32_t id, bool drop);
// QUIET and the like, now and when it is made again. Traps on an id that is no own queue.
void plk_queue_client_flags(struct plk_queue_client *c, uint32_t id, uint8_t flags);
// With what queues are made from now on; NULL: nothing. Those that waited for it are tried again.
void plk_queue_client_token(struct plk_queue_client *c, const uint8_t *token);

enum plk_queue_client_state {
    PLK_QUEUE_CLIENT_NONE,      // no such id
    PLK_QUEUE_CLIENT_AWAY,      // not attached: no channel, or nothing is wanted of it
    PLK_QUEUE_CLIENT_UNDER_WAY, // asked for
    PLK_QUEUE_CLIENT_READY,     // own: there and subscribed; else: may be written into
    PLK_QUEUE_CLIENT_REFUSED, // own: a token is needed, or the one given is not good; else: not there, or not ours to write
    PLK_QUEUE_CLIENT_REPLACED // own: another client has subscribed; it is taken over again after a while
};
enum plk_queue_client_state plk_queue_client_state(const struct plk_queue_client *c, uint32_t id);

// The handle for a PASS; begins to attach if it is not (the relay waits up to a second for it). NOT_FOUND: no such id, or no
// channel; CLOSED: the relay has refused it.
enum plk_err plk_queue_client_handle(struct plk_queue_client *c, uint32_t id, uint32_t *handle);
// Whose handle a PASS or NOBODY of this channel names. false: nobody's.
bool plk_queue_client_of_handle(const struct plk_queue_client *c, uint32_t handle, uint32_t *id);

// ---- what is wanted of them

// Puts a cell into somebody's queue: copied and kept until the event PUT answers it, over channels that come and go. put is
// the owner's number of it. NOT_FOUND: no such queue. LIMIT: too many or too much. Traps on a cell of none of the sizes.
enum plk_err plk_queue_client_put(struct plk_queue_client *c, uint32_t id, uint64_t put, struct plk_bytes cell);
// It is not needed any more. What was sent may arrive all the same; no event follows. Unknown ones: nothing.
void plk_queue_client_put_cancel(struct plk_queue_client *c, uint64_t put);
size_t plk_queue_client_put_room(const struct plk_queue_client *c); // bytes of cells that it would take now

// The item's content is durable, or not worth it: it is acknowledged. Items of earlier channels come again: then nothing.
void plk_queue_client_ack(struct plk_queue_client *c, uint32_t id, uint64_t number);

// Writes the overwritable cell of an own queue, PLK_QUEUE_CELL_SMALL bytes, copied; a newer one takes its place. Event WRITTEN.
enum plk_err plk_queue_client_write(struct plk_queue_client *c, uint32_t id, uint64_t sequence, struct plk_bytes cell);
// Asks for the overwritable cell: event CELL or NO_CELL, once; a queue that is asked already is not asked again.
enum plk_err plk_queue_client_read(struct plk_queue_client *c, uint32_t id);
// Asks for a token as somebody who was invited: event TOKEN or NO_TOKEN.
enum plk_err plk_queue_client_guest(struct plk_queue_client *c, uint32_t id);

// ---- ways to other relays (FWD; queue.md, section 3)

struct plk_queue_forward {
    uint32_t id; // the owner's, not used before on this channel
    struct plk_addr addr;
    uint8_t relay[PLK_QUEUE_KEY_LEN]; // that relay's static
    uint8_t cid[PLK_QUEUE_CID_LEN];   // of the hello that will be said there
};
// Asks for a way, which lives as long as the channel: event FORWARD, unless the channel goes before. NOT_FOUND: no channel.
// EXISTS: the id. LIMIT: no place is left.
enum plk_err plk_queue_client_forward(struct plk_queue_client *c, const struct plk_queue_forward *forward);
void plk_queue_client_forward_end(struct plk_queue_client *c, uint32_t id); // no event follows; unknown ones: nothing

// Asks what other relays it knows (relay.md, section 8): event RELAYS, or none. Only for one whose greeting says that it has a directory.
// NOT_FOUND: no channel. EXISTS: it is asked already.
enum plk_err plk_queue_client_directory(struct plk_queue_client *c);

// ---- the channel

struct plk_queue_client_channel {
    uint8_t hash[PLK_HASH_LEN]; // of its handshake
    enum plk_relay_admission admission;
    uint8_t bits;
    uint64_t wall_ms; // the relay's clock at its greeting
};
void plk_queue_client_up(struct plk_queue_client *c, uint64_t now_us, const struct plk_queue_client_channel *channel);
void plk_queue_client_down(struct plk_queue_client *c); // twice is fine

// The next record for the channel whose encoding has at most room bytes; it counts as sent. Its bytes are borrowed until the
// next call on c. false: none now.
bool plk_queue_client_next(struct plk_queue_client *c, uint64_t now_us, size_t room, struct plk_queue_record *record);

enum plk_queue_client_event_kind {
    PLK_QUEUE_CLIENT_NOTHING,
    PLK_QUEUE_CLIENT_STATE, // id: plk_queue_client_state has changed; code says why it was refused; made: it is new there
    PLK_QUEUE_CLIENT_PUT_DONE, // id, number: the owner's; code OK: on the relay's disk; FULL, NOT_FOUND, DENIED, ..: it is not
    PLK_QUEUE_CLIENT_ITEM,     // id, number, bytes: a cell came; plk_queue_client_ack is due when it is durable
    PLK_QUEUE_CLIENT_CELL,     // id, number (its sequence), bytes
    PLK_QUEUE_CLIENT_NO_CELL,  // id, code
    PLK_QUEUE_CLIENT_WRITTEN,  // id, number, code: OK or STALE
    PLK_QUEUE_CLIENT_TOKEN,    // id, bytes: 16, number: of queues that it is good for
    PLK_QUEUE_CLIENT_NO_TOKEN, // id, code
    PLK_QUEUE_CLIENT_DROPPED,  // id: is free again
    PLK_QUEUE_CLIENT_FORWARD,  // id: of the way, code: OK; UNREACHABLE, LIMIT, ..: there is none
    PLK_QUEUE_CLIENT_RELAYS,   // bytes: a list of wire/descriptor.h
    PLK_QUEUE_CLIENT_BYE       // number: milliseconds; the relay is about to stop
};

struct plk_queue_client_event {
    enum plk_queue_client_event_kind kind;
    uint32_t id;
    bool made;
    enum plk_queue_code code;
    uint64_t number;
    struct plk_bytes bytes; // borrowed from the record
};

// Takes a record of the relay. *event is what came with bytes of its own: ITEM, CELL, TOKEN, RELAYS, BYE, or NOTHING; everything else
// is told by plk_queue_client_event. MALFORMED: an answer to nothing, or more than a relay may send; the channel is to be
// closed. Nothing has changed then.
enum plk_err plk_queue_client_receive(struct plk_queue_client *c, uint64_t now_us,
                                      const struct plk_queue_record *record, struct plk_queue_client_event *event);
// Pulls what has changed. false: nothing more.
bool plk_queue_client_event(struct plk_queue_client *c, struct plk_queue_client_event *event);

// Work for an open relay, and the end of a pause. rng: where the search for a nonce begins.
void plk_queue_client_tick(struct plk_queue_client *c, uint64_t now_us, struct plk_rng *rng);
uint64_t plk_queue_client_deadline(const struct plk_queue_client *c, uint64_t now_us); // PLK_NEVER; now_us: at once

struct plk_queue_client_status {
    bool up;
    unsigned own, ready, refused; // own queues
    unsigned puts;                // cells not answered
    size_t put_bytes;
    uint64_t later_us; // the relay has asked for patience until then, 0: it has not
};
struct plk_queue_client_status plk_queue_client_status(const struct plk_queue_client *c);

#endif
