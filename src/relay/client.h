// SPDX-License-Identifier: MIT
// One client: its channel, the handles that it has bound, the answers that it is owed, and what it waits for.
#ifndef PLK_RELAY_CLIENT_H
#define PLK_RELAY_CLIENT_H

#include "base/addr.h"
#include "channel/relay_channel.h"
#include "relay/bucket.h"
#include "relay/queues.h"
#include "wire/packet.h"

#define PLK_RELAY_CLIENT_HANDLES_MAX 4096
#define PLK_RELAY_HANDLE_COST 192                    // bytes that a handle and its queue take at most, tables included
#define PLK_RELAY_PREFIX_PART 4                      // one prefix's handles take at most this part of memory_max
#define PLK_RELAY_HANDLES_LEAVE 8                    // and all of them together leave this part
#define PLK_RELAY_CLIENT_ANSWERS_MAX 1024            // owed at once: no further command is read
#define PLK_RELAY_CLIENT_ANSWER_ROOM 8192            // bytes of the stream that are kept for answers
#define PLK_RELAY_CLIENT_UNDER_WAY_MAX (192 * 1024)  // bytes of items being read or not yet acknowledged
#define PLK_RELAY_CLIENT_NEWQ_BURST 64               // queues made at once; then one a second
#define PLK_RELAY_CLIENT_PASS_WAIT_US PLK_SECOND     // a PASS on a handle that is not attached yet
#define PLK_RELAY_CLIENT_PASS_WAIT_BYTES (16 * 1024) // with what keeping each takes
#define PLK_RELAY_PASS_LEAST 64                      // bytes that a PASS or a FWD is counted as, at least
#define PLK_RELAY_CLIENT_ATTACHING_MAX 256           // ATTACHes under way at once

struct plk_relay;
struct plk_relay_tcp;
struct plk_half;

enum plk_handle_state { PLK_HANDLE_ATTACHING = 1, PLK_HANDLE_ATTACHED };

struct plk_handle {
    uint32_t number;
    uint8_t role, state;
    uint16_t epoch;          // of the queue, when it was attached
    struct plk_queue *queue; // held
};

// A record that leaves when its mark is durable.
struct plk_answer {
    struct plk_answer *next;
    uint64_t mark;
    size_t len;
    uint8_t bytes[PLK_QUEUE_SMALL_MAX];
};

// A PASS that waits for its handle.
struct plk_pass_waiting {
    struct plk_pass_waiting *next;
    uint64_t until_us;
    uint32_t handle;
    size_t len;
    uint8_t bytes[];
};

struct plk_relay_client {
    struct plk_relay_client *before, *next; // of all
    struct plk_relay_client *next_dirty, *next_polling, *next_waiting;
    struct plk_relay_client *before_owing, *next_owing;
    struct plk_relay_channel *channel;
    struct plk_half *half;     // not confirmed yet
    struct plk_relay_tcp *tcp; // NULL: UDP
    uint64_t cid;              // the relay's connection id, as a number: also the client's number
    uint64_t prefix;
    struct plk_addr local; // where its packets arrive: ours leave from there
    uint8_t hash[PLK_HASH_LEN];
    struct plk_handle *handles; // by number
    struct plk_answer *answers, **answers_end;
    struct plk_mailbox *ready, **ready_end; // queues that have something to send
    struct plk_pass_waiting *passes;
    struct plk_forward *forwards; // to other relays
    struct plk_bucket pass, newq;
    uint32_t agenda_at; // place in the agenda, plus 1
    uint32_t answer_count;
    uint32_t loading; // bytes of cells that are being read for it
    uint32_t pass_bytes;
    uint16_t handle_count, handle_cap, attaching;
    uint8_t which_static;
    bool dirty, is_polling, is_waiting, is_patient, has_turn, is_owing;
    bool confirmed; // it has proven that it gets what is sent to its address, and counts among those of its prefix
    bool blocked;   // a command is under way that ends with an answer from the store: no other is read
};

uint64_t plk_relay_client_new_cid(struct plk_relay *relay); // one that nobody has
struct plk_relay_client *plk_relay_client_new(struct plk_relay *relay, uint64_t cid, const struct plk_addr *from);
// Its first packet has come. Not before: hellos with somebody else's address would use up what that one's prefix may have.
void plk_relay_client_confirm(struct plk_relay *relay, struct plk_relay_client *client);
void plk_relay_client_free(struct plk_relay *relay, struct plk_relay_client *client);
struct plk_relay_client *plk_relay_client_find(const struct plk_relay *relay, uint64_t cid); // or NULL

// Something happened to it: it is looked at before the input is over.
void plk_relay_client_touch(struct plk_relay *relay, struct plk_relay_client *client);
// It is looked at when a place among the reads is free, or a lock, or the disk has caught up.
void plk_relay_client_wait(struct plk_relay *relay, struct plk_relay_client *client);
// It is looked at when nobody else changes tokens and it has waited longest.
void plk_relay_client_wait_token(struct plk_relay *relay, struct plk_relay_client *client);

struct plk_handle *plk_relay_client_handle(struct plk_relay_client *client, uint32_t number); // or NULL
// It may be used: attached, and its queue has not been deleted since.
static inline bool plk_handle_is_good(const struct plk_handle *handle) {
    return handle != NULL && handle->state == PLK_HANDLE_ATTACHED && handle->epoch == handle->queue->epoch;
}
// One more handle: neither the client has too many, nor its prefix, nor all together.
bool plk_relay_client_may_bind(const struct plk_relay *relay, const struct plk_relay_client *client);
struct plk_handle *plk_relay_client_bind(struct plk_relay *relay, struct plk_relay_client *client, uint32_t number);
void plk_relay_client_unbind(struct plk_relay *relay, struct plk_relay_client *client, struct plk_handle *handle);

// An answer, when everything written so far is durable (durable), or at once.
void plk_relay_client_answer(struct plk_relay *relay, struct plk_relay_client *client,
                             const struct plk_queue_record *record, bool durable);
void plk_relay_client_done(struct plk_relay *relay, struct plk_relay_client *client, uint32_t tag,
                           enum plk_queue_code code, bool durable);
// Writes the answers whose time has come into the channel.
void plk_relay_client_flush(struct plk_relay *relay, struct plk_relay_client *client);

#endif
