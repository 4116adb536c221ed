// SPDX-License-Identifier: MIT
// What the relay reads from its store, and what for. Answers come in the order of the requests, so the oldest is found at
// once however many there are.
#ifndef PLK_RELAY_READS_H
#define PLK_RELAY_READS_H

#include "wire/effect.h"
#include "wire/queue.h"

#define PLK_READS_MAX 4096 // under way at once: clients wait beyond

struct plk_queue;

enum plk_read_kind {
    PLK_READ_ATTACH = 1, // a queue's row, to check a proof
    PLK_READ_NEWQ,       // a queue's row, to make it unless it is there
    PLK_READ_FLAGS,      // a queue's row, to change it
    PLK_READ_TOKEN,      // a token's row: of a NEWQ, or of a GUEST's inviter
    PLK_READ_PARENT,     // the row of the token that a guest's token came from
    PLK_READ_GRANT,      // what an invite queue may give guests
    PLK_READ_HEADS,      // a queue's items, without their cells
    PLK_READ_ITEM,       // a cell
    PLK_READ_BUNDLE,     // an overwritable cell, to send it
    PLK_READ_SEQUENCE,   // the same, to replace it
    PLK_READ_LOOK,       // a queue's row, since another process has changed it
    PLK_READ_SWEEP,      // the next part of the daily walk over the store
};

struct plk_read {
    struct plk_read *next;
    uint64_t ticket;
    enum plk_read_kind kind;
    uint64_t client;          // the number of who asked; 0: nobody in particular
    struct plk_queue *queue;  // held by it (queues.h), or NULL
    uint64_t number;          // ITEM: of the item; TOKEN: revoke
    uint32_t size;            // ITEM: bytes of the cell
    uint64_t after_n;         // handed to the host after STORE with this number
    struct plk_bytes command; // the command under way, owned: a copy of the record's body; may be empty
    uint8_t key[32];          // TOKEN, PARENT: the hash that is read; PARENT: with child
    uint8_t child[32];
    uint8_t left;           // TOKEN, PARENT of a GUEST: guests that are left after this one
    uint32_t made, allowed; // PARENT: of the child
    enum plk_table table;   // the request
    uint8_t from[PLK_ROW_KEY_MAX], to[PLK_ROW_KEY_MAX];
    size_t from_len, to_len;
    uint32_t limit;
    bool exclusive; // the queue is locked for it
    bool any;       // a part of the answer had rows
};

struct plk_reads {
    struct plk_mem *mem;
    struct plk_read *first, **last; // in the order of their tickets
    struct plk_read *unhanded;      // the first that the host has not got yet
    uint64_t next_ticket;
    size_t count;
};

void plk_reads_init(struct plk_reads *reads, struct plk_mem *mem);
void plk_reads_free(struct plk_reads *reads);
static inline bool plk_reads_full(const struct plk_reads *reads) { return reads->count >= PLK_READS_MAX; }

// Asks for the one row with this key, or for those that begin with it. A new read, to be filled in by the caller.
struct plk_read *plk_reads_one(struct plk_reads *reads, enum plk_read_kind kind, enum plk_table table,
                               struct plk_bytes key, uint64_t after_n);
struct plk_read *plk_reads_all(struct plk_reads *reads, enum plk_read_kind kind, enum plk_table table,
                               struct plk_bytes prefix, uint32_t limit, uint64_t after_n);
// Keeps a copy of the command with the read.
void plk_reads_keep(struct plk_reads *reads, struct plk_read *read, struct plk_bytes command);

// The next request for the host. false: none whose STORE has gone out.
bool plk_reads_next(struct plk_reads *reads, uint64_t emitted_n, struct plk_output *output);
struct plk_read *plk_reads_find(struct plk_reads *reads, uint64_t ticket); // NULL: unknown
void plk_reads_remove(struct plk_reads *reads, struct plk_read *read);

#endif
