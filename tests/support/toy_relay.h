// SPDX-License-Identifier: MIT
// A relay without network, disk and limits, for tests of a client's queues: it takes records and gives records, as
// docs/protocol/queue.md says, checks every proof, and answers late or with an error when it is told to. After cmocka.h, or
// without it.
#ifndef PLK_TESTS_SUPPORT_TOY_RELAY_H
#define PLK_TESTS_SUPPORT_TOY_RELAY_H

#include <stdlib.h>

#include "queue/client.h"

#define TOY_QUEUES 64
#define TOY_ITEMS 64
#define TOY_HANDLES 8192
#define TOY_OUT 4096

struct toy_item {
    uint64_t number;
    size_t len;
    uint8_t *cell;
};

struct toy_queue {
    bool used;
    uint8_t rid[16], sid[16], owner[32], sender[32], flags;
    uint64_t next;
    struct toy_item items[TOY_ITEMS];
    unsigned count;
    uint64_t sequence;
    uint8_t bundle[PLK_QUEUE_CELL_SMALL];
};

struct toy_handle {
    uint8_t role; // 0: free
    unsigned queue;
    bool subscribed;
    uint64_t sent_to; // items below it were sent on this channel
};

struct toy_relay {
    uint8_t secret[32], public[32], hash[PLK_HASH_LEN], token[16];
    bool wants_token;
    unsigned bits;
    uint32_t day;
    struct toy_queue queues[TOY_QUEUES];
    struct toy_handle handles[TOY_HANDLES];
    struct plk_queue_record out[TOY_OUT]; // answers, oldest first; bytes are owned by the queues
    unsigned out_count;
    unsigned commands[16];        // by type
    enum plk_queue_code fail[16]; // the next command of this type is answered so, and not carried out
    unsigned fail_count[16];
    size_t most; // items of one queue
};

static inline void toy_init(struct toy_relay *t) {
    memset(t, 0, sizeof *t);
    memset(t->secret, 7, sizeof t->secret);
    plk_dh_public(t->public, t->secret);
    memset(t->token, 9, sizeof t->token);
    t->most = TOY_ITEMS;
}

static inline void toy_empty(struct toy_queue *queue) {
    while (queue->count > 0) free(queue->items[--queue->count].cell);
}

static inline void toy_forget(struct toy_relay *t) { // the disk is lost
    for (unsigned i = 0; i < TOY_QUEUES; i++) toy_empty(&t->queues[i]);
    memset(t->queues, 0, sizeof t->queues);
}

static inline void toy_channel(struct toy_relay *t, uint8_t number) { // a new one
    memset(t->handles, 0, sizeof t->handles);
    memset(t->hash, number, sizeof t->hash);
    t->out_count = 0;
}

static inline struct plk_queue_client_channel toy_greeting(const struct toy_relay *t) {
    struct plk_queue_client_channel channel = {.wall_ms = t->day * UINT64_C(86400000)};
    memcpy(channel.hash, t->hash, sizeof channel.hash);
    channel.admission = t->wants_token ? PLK_RELAY_ADMIT_TOKEN : PLK_RELAY_ADMIT_OPEN;
    channel.bits = (uint8_t)t->bits;
    return channel;
}

static inline void toy_say(struct toy_relay *t, const struct plk_queue_record *record) {
    plk_assert(t->out_count < TOY_OUT);
    t->out[t->out_count++] = *record;
}

static inline struct toy_queue *toy_find(struct toy_relay *t, const uint8_t sid[16]) {
    for (unsigned i = 0; i < TOY_QUEUES; i++) {
        if (t->queues[i].used && memcmp(t->queues[i].sid, sid, 16) == 0) return &t->queues[i];
    }
    return NULL;
}

static inline enum plk_queue_code toy_newq(struct toy_relay *t, const struct plk_queue_record *r) {
    uint8_t rid[16], sid[16];
    plk_queue_key_rid(rid, r->newq.owner);
    plk_queue_key_sid(sid, rid);
    struct toy_queue *queue = toy_find(t, sid);
    if (queue == NULL) {
        if (r->newq.admission == PLK_QUEUE_ADMIT_TOKEN && memcmp(r->newq.token, t->token, 16) != 0) {
            return PLK_QUEUE_CODE_DENIED;
        }
        if (r->newq.admission != PLK_QUEUE_ADMIT_TOKEN &&
            (t->wants_token || r->newq.admission != PLK_QUEUE_ADMIT_WORK || r->newq.day + 1 < t->day ||
             plk_queue_key_work(rid, r->newq.day, r->newq.nonce) < t->bits)) {
            return PLK_QUEUE_CODE_ADMISSION;
        }
        for (unsigned i = 0; i < TOY_QUEUES && queue == NULL; i++) queue = t->queues[i].used ? NULL : &t->queues[i];
        if (queue == NULL) return PLK_QUEUE_CODE_LIMIT;
        toy_empty(queue); // what was put after it was deleted
        *queue = (struct toy_queue){.used = true, .next = 1};
        memcpy(queue->rid, rid, 16);
        memcpy(queue->sid, sid, 16);
        memcpy(queue->owner, r->newq.owner, 32);
        memcpy(queue->sender, r->newq.sender, 32);
    }
    queue->flags = r->newq.flags;
    return PLK_QUEUE_CODE_OK;
}

static inline enum plk_queue_code toy_attach(struct toy_relay *t, const struct plk_queue_record *r) {
    uint8_t sid[16], proof[16];
    bool owner = r->attach.role == PLK_QUEUE_OWNER;
    memcpy(sid, r->attach.id, 16);
    if (owner) plk_queue_key_sid(sid, r->attach.id);
    struct toy_queue *queue = toy_find(t, sid);
    if (queue == NULL) return PLK_QUEUE_CODE_NOT_FOUND;
    if (r->handle >= TOY_HANDLES || t->handles[r->handle].role != 0) return PLK_QUEUE_CODE_EXISTS;
    if (plk_queue_key_proof(proof, t->secret, owner ? queue->owner : queue->sender, r->attach.role, r->attach.id,
                            t->hash, r->handle) != PLK_ERR_OK ||
        memcmp(proof, r->attach.proof, 16) != 0) {
        return PLK_QUEUE_CODE_DENIED;
    }
    t->handles[r->handle] =
        (struct toy_handle){.role = (uint8_t)r->attach.role, .queue = (unsigned)(queue - t->queues)};
    return PLK_QUEUE_CODE_OK;
}

// Items that are not ahead of their ACKs by more than 16.
static inline void toy_items(struct toy_relay *t) {
    for (uint32_t h = 0; h < TOY_HANDLES; h++) {
        struct toy_handle *handle = &t->handles[h];
        if (handle->role != PLK_QUEUE_OWNER || !handle->subscribed) continue;
        struct toy_queue *queue = &t->queues[handle->queue];
        for (unsigned i = 0; i < queue->count && i < PLK_QUEUE_CLIENT_AHEAD; i++) {
            if (queue->items[i].number < handle->sent_to) continue;
            struct plk_queue_record item = {.type = PLK_QUEUE_ITEM, .handle = h};
            item.cell.number = queue->items[i].number;
            item.cell.bytes = plk_bytes(queue->items[i].cell, queue->items[i].len);
            toy_say(t, &item);
            handle->sent_to = item.cell.number + 1;
        }
    }
}

static inline enum plk_queue_code toy_sub(struct toy_relay *t, const struct plk_queue_record *r) {
    for (size_t i = 0; i < plk_queue_count(r); i++) {
        uint8_t role = t->handles[plk_queue_at(r, i) % TOY_HANDLES].role;
        if (role != PLK_QUEUE_OWNER) return role == 0 ? PLK_QUEUE_CODE_NOT_FOUND : PLK_QUEUE_CODE_DENIED;
    }
    for (size_t i = 0; i < plk_queue_count(r); i++) t->handles[plk_queue_at(r, i) % TOY_HANDLES].subscribed = true;
    return PLK_QUEUE_CODE_OK;
}

static inline enum plk_queue_code toy_put(struct toy_relay *t, struct toy_queue *queue,
                                          const struct plk_queue_record *r) {
    for (unsigned i = 0; i < queue->count; i++) {
        if (plk_bytes_equal(plk_bytes(queue->items[i].cell, queue->items[i].len), r->cell.bytes))
            return PLK_QUEUE_CODE_OK;
    }
    if (queue->count >= t->most) return PLK_QUEUE_CODE_FULL;
    struct toy_item *item = &queue->items[queue->count++];
    *item = (struct toy_item){.number = queue->next++, .len = r->cell.bytes.len, .cell = malloc(r->cell.bytes.len)};
    plk_assert(item->cell != NULL);
    memcpy(item->cell, r->cell.bytes.at, r->cell.bytes.len);
    return PLK_QUEUE_CODE_OK;
}

static inline enum plk_queue_code toy_ack(struct toy_queue *queue, const struct plk_queue_record *r) {
    for (size_t k = 0; k < plk_queue_count(r); k++) {
        for (unsigned i = 0; i < queue->count; i++) {
            if (queue->items[i].number != plk_queue_at(r, k)) continue;
            free(queue->items[i].cell);
            memmove(&queue->items[i], &queue->items[i + 1], (--queue->count - i) * sizeof queue->items[0]);
        }
    }
    return PLK_QUEUE_CODE_OK;
}

static inline enum plk_queue_code toy_write(struct toy_queue *queue, const struct plk_queue_record *r) {
    if (r->cell.number <= queue->sequence) return PLK_QUEUE_CODE_STALE;
    queue->sequence = r->cell.number;
    memcpy(queue->bundle, r->cell.bytes.at, sizeof queue->bundle);
    return PLK_QUEUE_CODE_OK;
}

// An answer of its own, or a code.
static inline bool toy_special(struct toy_relay *t, struct toy_queue *queue, const struct plk_queue_record *r) {
    struct plk_queue_record answer = {.tag = r->tag};
    if (r->type == PLK_QUEUE_READ && queue->sequence > 0) {
        answer.type = PLK_QUEUE_CELL;
        answer.cell.number = queue->sequence;
        answer.cell.bytes = plk_bytes(queue->bundle, sizeof queue->bundle);
    } else if (r->type == PLK_QUEUE_GUEST && (queue->flags & PLK_QUEUE_INVITE) != 0) {
        answer.type = PLK_QUEUE_TOKEN;
        memcpy(answer.guest.token, t->token, 16);
        answer.guest.queues = 32;
    } else {
        return false;
    }
    toy_say(t, &answer);
    return true;
}

static inline enum plk_queue_code toy_of_handle(struct toy_relay *t, const struct plk_queue_record *r) {
    struct toy_handle *handle = r->handle < TOY_HANDLES ? &t->handles[r->handle] : NULL;
    if (handle == NULL || handle->role == 0) return PLK_QUEUE_CODE_NOT_FOUND;
    struct toy_queue *queue = &t->queues[handle->queue];
    bool owner = handle->role == PLK_QUEUE_OWNER;
    if (r->type == PLK_QUEUE_DETACH) {
        handle->role = 0;
        return PLK_QUEUE_CODE_OK;
    }
    if (r->type == PLK_QUEUE_READ || (r->type == PLK_QUEUE_GUEST && !owner)) {
        return toy_special(t, queue, r) ? PLK_QUEUE_CODES : PLK_QUEUE_CODE_NOT_FOUND;
    }
    if (owner != (r->type != PLK_QUEUE_PUT && r->type != PLK_QUEUE_GUEST)) return PLK_QUEUE_CODE_DENIED;
    if (r->type == PLK_QUEUE_PUT) return toy_put(t, queue, r);
    if (r->type == PLK_QUEUE_ACK) return toy_ack(queue, r);
    if (r->type == PLK_QUEUE_WRITE) return toy_write(queue, r);
    if (r->type == PLK_QUEUE_FLAGS) queue->flags = r->flags;
    if (r->type == PLK_QUEUE_DEL) {
        toy_empty(queue);
        queue->used = false;
    }
    return PLK_QUEUE_CODE_OK;
}

static inline void toy_take(struct toy_relay *t, const struct plk_queue_record *r) {
    plk_assert(r->type < 16);
    t->commands[r->type]++;
    enum plk_queue_code code;
    if (t->fail_count[r->type] > 0) {
        t->fail_count[r->type]--;
        code = t->fail[r->type];
    } else if (r->type == PLK_QUEUE_NEWQ) {
        code = toy_newq(t, r);
    } else if (r->type == PLK_QUEUE_ATTACH) {
        code = toy_attach(t, r);
    } else if (r->type == PLK_QUEUE_SUB) {
        code = toy_sub(t, r);
    } else {
        code = toy_of_handle(t, r);
    }
    struct plk_queue_record done = {.type = PLK_QUEUE_DONE, .tag = r->tag, .code = code};
    if (code != PLK_QUEUE_CODES) toy_say(t, &done);
}

#endif
