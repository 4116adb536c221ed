// SPDX-License-Identifier: MIT
// The queues that are in memory: those to which somebody is attached, or of which something is being read. Their keys stay on
// disk and are read at each ATTACH, so that a queue takes little: relay.md, section 6.
#ifndef PLK_RELAY_QUEUES_H
#define PLK_RELAY_QUEUES_H

#include "base/mem.h"
#include "crypto/crypto.h"
#include "relay/bucket.h"
#include "wire/queue.h"
#include "wire/table.h"

struct plk_relay_client;
struct plk_mailbox;

struct plk_queue {
    struct plk_queue *next_in_bucket;
    uint8_t sid[PLK_QUEUE_ID_LEN];
    struct plk_relay_client *sub; // the subscriber, or NULL
    struct plk_mailbox *mailbox;  // NULL: empty, if heads_known
    struct plk_bucket pass;       // bytes passed into it
    uint64_t next;                // number of the next item, while somebody is attached
    uint32_t sub_handle;
    uint32_t refs;   // handles and reads that hold it
    uint16_t reads;  // under way: who would change its row or its items waits
    uint16_t epoch;  // counts deletions: handles from before are good for nothing
    uint16_t wanted; // when somebody who would change it last had to wait (plk_queue_moment), 0: nobody since a change
    uint8_t flags;   // good once somebody is attached
    bool exclusive : 1; // one of the reads will change the row: who would read it waits
    bool heads_known : 1, heads_reading : 1;
    bool heads_again : 1; // they are to be read once more
    struct plk_queue_fleet {
        uint64_t sub_stamp; // of the newest subscription that is known of, anywhere
        uint64_t asked;     // slots of processes that have not said yet that its subscriber is not there
        uint32_t heads_at;  // when its heads were read, in 1/64 s
        uint8_t away;       // the slot of the process with its subscriber, plus 1; 0: not known
    } fleet[];              // one where this process is one of several (fleet.h), else none
};

#define PLK_QUEUE_WANTED_US PLK_SECOND // who would read it lets a change go first, for so long

// A point in time in 2 bytes: in 1/64 s, never 0; it comes again every 17 minutes.
static inline uint16_t plk_queue_moment(uint64_t now_us) { return (uint16_t)(now_us / (PLK_SECOND / 64) | 1); }

// By sid: one bucket or less for each, since there are very many and the rest of a queue takes little.
struct plk_queues {
    struct plk_mem *mem;
    struct plk_queue **buckets; // by SipHash of the sid; a power of two of them
    size_t bucket_count, count;
    bool several; // processes
    uint8_t key[16];
};

void plk_queues_init(struct plk_queues *queues, struct plk_mem *mem, const uint8_t key[16]);
void plk_queues_free(struct plk_queues *queues);

// The queue of this sid, made if it is not in memory, with one reference more.
struct plk_queue *plk_queues_hold(struct plk_queues *queues, const uint8_t sid[PLK_QUEUE_ID_LEN]);
struct plk_queue *plk_queues_find(const struct plk_queues *queues, const uint8_t sid[PLK_QUEUE_ID_LEN]); // or NULL
void plk_queues_drop(struct plk_queues *queues, struct plk_queue *queue); // the last one frees it, and its mailbox

// A queue's row. What proves its owner and its sender is kept in it, sealed (proof.h).
#define PLK_QUEUE_LABEL_PROVES "PeerLink/1/relay/proves"
#define PLK_QUEUE_PROVES_LEN (2 * PLK_KEY_LEN + PLK_TAG_LEN)
#define PLK_QUEUE_ROW_LEN (1 + 1 + 4 + 2 * PLK_QUEUE_KEY_LEN + PLK_QUEUE_PROVES_LEN)
struct plk_queue_row {
    uint8_t flags;
    uint32_t day; // on which its owner last attached, since 1970
    uint8_t owner[PLK_QUEUE_KEY_LEN], sender[PLK_QUEUE_KEY_LEN];
    uint8_t proves[PLK_QUEUE_PROVES_LEN]; // both K, sealed; anything else: they are made anew
};
void plk_queue_row_encode(uint8_t out[PLK_QUEUE_ROW_LEN], const struct plk_queue_row *row);
enum plk_err plk_queue_row_decode(struct plk_bytes value, struct plk_queue_row *row); // CORRUPT

#endif
