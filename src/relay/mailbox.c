// SPDX-License-Identifier: MIT
#include "relay/mailbox.h"

#define HEAD_VERSION 1
#define CAP_MIN 8

static const size_t sizes[] = {PLK_QUEUE_CELL_SMALL, PLK_QUEUE_CELL_MIDDLE, PLK_QUEUE_CELL_LARGE};
#define STEPS (sizeof sizes / sizeof sizes[0])

size_t plk_head_size(const struct plk_head *head) { return sizes[head->step]; }

uint8_t plk_head_step(size_t cell_len) {
    uint8_t step = 0;
    while (sizes[step] < cell_len) step++;
    return step;
}

void plk_mailbox_free(struct plk_mem *mem, struct plk_mailbox *mailbox) {
    if (mailbox == NULL) return;
    plk_mem_give(mem, mailbox->heads);
    plk_mem_give(mem, mailbox);
}

struct plk_mailbox *plk_mailbox_of(struct plk_mem *mem, struct plk_queue *queue) {
    if (queue->mailbox == NULL) {
        queue->mailbox = plk_mem_take(mem, sizeof *queue->mailbox);
        queue->mailbox->queue = queue;
        queue->mailbox->window = PLK_MAILBOX_WINDOW;
    }
    return queue->mailbox;
}

const struct plk_head *plk_mailbox_find(const struct plk_mailbox *mailbox,
                                        const uint8_t digest[PLK_MAILBOX_DIGEST_LEN]) {
    for (uint32_t i = mailbox->count; i-- > 0;) { // what is put again was put lately
        if (memcmp(mailbox->heads[i].digest, digest, PLK_MAILBOX_DIGEST_LEN) == 0) return &mailbox->heads[i];
    }
    return NULL;
}

static void grow(struct plk_mem *mem, struct plk_mailbox *mailbox) {
    if (mailbox->count < mailbox->cap) return;
    mailbox->cap = mailbox->cap == 0 ? CAP_MIN : 2 * mailbox->cap;
    mailbox->heads = plk_mem_grow(mem, mailbox->heads, mailbox->cap * sizeof *mailbox->heads);
}

void plk_mailbox_add(struct plk_mem *mem, struct plk_mailbox *mailbox, const struct plk_head *head) {
    plk_assert(mailbox->count == 0 || mailbox->heads[mailbox->count - 1].number < head->number);
    grow(mem, mailbox);
    mailbox->heads[mailbox->count++] = *head;
    mailbox->bytes += plk_head_size(head);
}

// The index of the first item whose number is not below this one.
static uint32_t lower(const struct plk_mailbox *mailbox, uint64_t number) {
    uint32_t low = 0, high = mailbox->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (mailbox->heads[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool plk_mailbox_insert(struct plk_mem *mem, struct plk_mailbox *mailbox, const struct plk_head *head) {
    uint32_t at = lower(mailbox, head->number);
    if (at < mailbox->count && mailbox->heads[at].number == head->number) return false;
    grow(mem, mailbox);
    memmove(&mailbox->heads[at + 1], &mailbox->heads[at], (mailbox->count - at) * sizeof *mailbox->heads);
    mailbox->heads[at] = *head;
    mailbox->count++;
    mailbox->bytes += plk_head_size(head);
    if (head->number < mailbox->cursor) mailbox->cursor = head->number;
    return true;
}

bool plk_mailbox_remove(struct plk_mailbox *mailbox, uint64_t number, bool sent_only) {
    uint32_t at = lower(mailbox, number);
    if (at == mailbox->count || mailbox->heads[at].number != number) return false;
    struct plk_head *head = &mailbox->heads[at];
    uint32_t size = (uint32_t)plk_head_size(head);
    if (sent_only && !head->sent) return false;
    if (head->sent) {
        mailbox->out_count--;
        mailbox->out_bytes -= size;
    }
    mailbox->bytes -= size;
    mailbox->count--;
    memmove(head, head + 1, (mailbox->count - at) * sizeof *head);
    return true;
}

void plk_mailbox_rewind(struct plk_mailbox *mailbox, uint64_t from, uint32_t window) {
    mailbox->cursor = from;
    mailbox->window = window < 1 || window > PLK_MAILBOX_WINDOW ? PLK_MAILBOX_WINDOW : window;
    // Few are sent at a time: whoever subscribes again and again does not make the relay go through all.
    for (uint32_t i = lower(mailbox, from); i < mailbox->count && mailbox->out_count > 0; i++) {
        struct plk_head *head = &mailbox->heads[i];
        if (!head->sent) continue;
        head->sent = false;
        mailbox->out_count--;
        mailbox->out_bytes -= (uint32_t)plk_head_size(head);
    }
}

struct plk_head *plk_mailbox_next(const struct plk_mailbox *mailbox) {
    uint32_t at = lower(mailbox, mailbox->cursor);
    while (at < mailbox->count && mailbox->heads[at].sent) at++; // one was put in before those
    if (at == mailbox->count || mailbox->out_count >= mailbox->window) return NULL;
    struct plk_head *head = &mailbox->heads[at];
    bool fits = mailbox->out_bytes + plk_head_size(head) <= PLK_MAILBOX_WINDOW_BYTES;
    return fits ? head : NULL;
}

void plk_mailbox_went(struct plk_mailbox *mailbox, struct plk_head *head) {
    head->sent = true;
    mailbox->cursor = head->number + 1;
    mailbox->out_count++;
    mailbox->out_bytes += (uint32_t)plk_head_size(head);
}

void plk_head_key(uint8_t out[PLK_MAILBOX_KEY_LEN], const uint8_t sid[PLK_QUEUE_ID_LEN], uint64_t number) {
    struct plk_writer w = plk_writer(out, PLK_MAILBOX_KEY_LEN);
    plk_writer_copy(&w, sid, PLK_QUEUE_ID_LEN);
    plk_writer_u64(&w, number);
}

void plk_head_encode(uint8_t out[PLK_MAILBOX_HEAD_LEN], const struct plk_head *head) {
    struct plk_writer w = plk_writer(out, PLK_MAILBOX_HEAD_LEN);
    plk_writer_u8(&w, HEAD_VERSION);
    plk_writer_u32(&w, head->day);
    plk_writer_u8(&w, head->step);
    plk_writer_copy(&w, head->digest, PLK_MAILBOX_DIGEST_LEN);
}

enum plk_err plk_head_decode(struct plk_bytes key, struct plk_bytes value, struct plk_head *head) {
    struct plk_reader k = plk_reader(key), r = plk_reader(value);
    struct plk_head read = {.sent = false};
    plk_reader_take(&k, PLK_QUEUE_ID_LEN);
    read.number = plk_reader_u64(&k);
    uint8_t version = plk_reader_u8(&r);
    read.day = plk_reader_u32(&r);
    read.step = plk_reader_u8(&r);
    plk_reader_copy(&r, read.digest, PLK_MAILBOX_DIGEST_LEN);
    bool whole = plk_reader_done(&k) && plk_reader_done(&r);
    if (!whole || version != HEAD_VERSION || read.step >= STEPS || read.number > PLK_MAILBOX_NUMBER_MAX) {
        return PLK_ERR_CORRUPT;
    }
    *head = read;
    return PLK_ERR_OK;
}
