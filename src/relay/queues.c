// SPDX-License-Identifier: MIT
#include "relay/queues.h"

#include "relay/mailbox.h"

#define ROW_VERSION 2
#define BUCKETS_MIN 16

void plk_queues_init(struct plk_queues *queues, struct plk_mem *mem, const uint8_t key[16]) {
    *queues = (struct plk_queues){.mem = mem};
    memcpy(queues->key, key, sizeof queues->key);
}

static void release(struct plk_queues *queues, struct plk_queue *queue) {
    plk_mailbox_free(queues->mem, queue->mailbox);
    plk_mem_give(queues->mem, queue);
}

void plk_queues_free(struct plk_queues *queues) {
    for (size_t i = 0; i < queues->bucket_count; i++) {
        while (queues->buckets[i] != NULL) {
            struct plk_queue *queue = queues->buckets[i];
            queues->buckets[i] = queue->next_in_bucket;
            release(queues, queue);
        }
    }
    plk_mem_give(queues->mem, queues->buckets);
}

static struct plk_queue **bucket_of(const struct plk_queues *queues, const uint8_t sid[PLK_QUEUE_ID_LEN]) {
    uint64_t hash = plk_siphash(queues->key, plk_bytes(sid, PLK_QUEUE_ID_LEN));
    return &queues->buckets[hash & (queues->bucket_count - 1)];
}

static void grow(struct plk_queues *queues) {
    struct plk_queue **before = queues->buckets;
    size_t count = queues->bucket_count;
    queues->bucket_count = count == 0 ? BUCKETS_MIN : 2 * count;
    queues->buckets = plk_mem_take(queues->mem, queues->bucket_count * sizeof *queues->buckets);
    for (size_t i = 0; i < count; i++) {
        while (before[i] != NULL) {
            struct plk_queue *queue = before[i], **bucket = bucket_of(queues, queue->sid);
            before[i] = queue->next_in_bucket;
            queue->next_in_bucket = *bucket;
            *bucket = queue;
        }
    }
    plk_mem_give(queues->mem, before);
}

struct plk_queue *plk_queues_find(const struct plk_queues *queues, const uint8_t sid[PLK_QUEUE_ID_LEN]) {
    struct plk_queue *queue = queues->bucket_count == 0 ? NULL : *bucket_of(queues, sid);
    while (queue != NULL && memcmp(queue->sid, sid, sizeof queue->sid) != 0) queue = queue->next_in_bucket;
    return queue;
}

struct plk_queue *plk_queues_hold(struct plk_queues *queues, const uint8_t sid[PLK_QUEUE_ID_LEN]) {
    if (queues->count == queues->bucket_count) grow(queues);
    struct plk_queue *queue = plk_queues_find(queues, sid);
    if (queue == NULL) {
        struct plk_queue **bucket = bucket_of(queues, sid);
        queue = plk_mem_take(queues->mem, sizeof *queue + (queues->several ? sizeof queue->fleet[0] : 0));
        memcpy(queue->sid, sid, sizeof queue->sid);
        queue->next_in_bucket = *bucket;
        *bucket = queue;
        queues->count++;
    }
    queue->refs++;
    return queue;
}

void plk_queues_drop(struct plk_queues *queues, struct plk_queue *queue) {
    plk_assert(queue->refs > 0);
    if (--queue->refs > 0) return;
    struct plk_queue **at = bucket_of(queues, queue->sid);
    while (*at != queue) at = &(*at)->next_in_bucket;
    *at = queue->next_in_bucket;
    queues->count--;
    release(queues, queue);
}

void plk_queue_row_encode(uint8_t out[PLK_QUEUE_ROW_LEN], const struct plk_queue_row *row) {
    struct plk_writer w = plk_writer(out, PLK_QUEUE_ROW_LEN);
    plk_writer_u8(&w, ROW_VERSION);
    plk_writer_u8(&w, row->flags);
    plk_writer_u32(&w, row->day);
    plk_writer_copy(&w, row->owner, PLK_QUEUE_KEY_LEN);
    plk_writer_copy(&w, row->sender, PLK_QUEUE_KEY_LEN);
    plk_writer_copy(&w, row->proves, PLK_QUEUE_PROVES_LEN);
    plk_assert(!w.failed);
}

enum plk_err plk_queue_row_decode(struct plk_bytes value, struct plk_queue_row *row) {
    struct plk_reader r = plk_reader(value);
    struct plk_queue_row read;
    uint8_t version = plk_reader_u8(&r);
    read.flags = plk_reader_u8(&r);
    read.day = plk_reader_u32(&r);
    plk_reader_copy(&r, read.owner, PLK_QUEUE_KEY_LEN);
    plk_reader_copy(&r, read.sender, PLK_QUEUE_KEY_LEN);
    plk_reader_copy(&r, read.proves, PLK_QUEUE_PROVES_LEN);
    if (!plk_reader_done(&r) || version != ROW_VERSION) return PLK_ERR_CORRUPT;
    *row = read;
    return PLK_ERR_OK;
}
