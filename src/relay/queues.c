// SPDX-License-Identifier: MIT
#include "relay/queues.h"

#include "relay/mailbox.h"

#define ROW_VERSION 1

void plk_queues_init(struct plk_queues *queues, struct plk_mem *mem, const uint8_t key[16]) {
    *queues = (struct plk_queues){.mem = mem};
    plk_map_init(&queues->map, mem);
    memcpy(queues->key, key, sizeof queues->key);
}

static void release(struct plk_queues *queues, struct plk_queue *queue) {
    plk_mailbox_free(queues->mem, queue->mailbox);
    plk_mem_give(queues->mem, queue);
}

void plk_queues_free(struct plk_queues *queues) {
    for (size_t i = 0; i < queues->map.cap; i++) {
        struct plk_queue *queue = (struct plk_queue *)(uintptr_t)queues->map.slots[i].value;
        if (queue != NULL) release(queues, queue);
    }
    plk_map_free(&queues->map);
}

static uint64_t place(const struct plk_queues *queues, const uint8_t sid[PLK_QUEUE_ID_LEN]) {
    return plk_siphash(queues->key, plk_bytes(sid, PLK_QUEUE_ID_LEN));
}

struct plk_queue *plk_queues_hold(struct plk_queues *queues, const uint8_t sid[PLK_QUEUE_ID_LEN]) {
    uint64_t key = place(queues, sid);
    struct plk_queue *queue = plk_map_pointer(&queues->map, key);
    if (queue == NULL) {
        queue = plk_mem_take(queues->mem, sizeof *queue);
        memcpy(queue->sid, sid, sizeof queue->sid);
        plk_map_put_pointer(&queues->map, key, queue);
        queues->count++;
    }
    if (memcmp(queue->sid, sid, sizeof queue->sid) != 0) return NULL;
    queue->refs++;
    return queue;
}

void plk_queues_drop(struct plk_queues *queues, struct plk_queue *queue) {
    plk_assert(queue->refs > 0);
    if (--queue->refs > 0) return;
    plk_map_remove(&queues->map, place(queues, queue->sid));
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
    if (!plk_reader_done(&r) || version != ROW_VERSION) return PLK_ERR_CORRUPT;
    *row = read;
    return PLK_ERR_OK;
}
