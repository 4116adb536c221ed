// SPDX-License-Identifier: MIT
#include "host/store_queue.h"

#include "host/memory.h"

#define MS_NS UINT64_C(1000000)

// ---- items ------------------------------------------------------------------------------------------------------------

static struct plk_store_item *item_new(enum plk_store_item_kind kind, uint64_t number, size_t bytes_len) {
    size_t len = sizeof(struct plk_store_item) + bytes_len;
    struct plk_store_item *item = plk_memory_take(len);
    item->len = len;
    item->kind = kind;
    item->number = number;
    item->bytes_len = bytes_len;
    return item;
}

static uint8_t *copy(uint8_t *to, struct plk_bytes bytes) {
    if (bytes.len > 0) memcpy(to, bytes.at, bytes.len);
    return to + bytes.len;
}

struct plk_store_item *plk_store_item_batch(uint64_t n, const struct plk_batch *ops) {
    size_t count = plk_batch_count(ops), len = 0;
    for (size_t i = 0; i < count; i++) {
        struct plk_op op = plk_batch_at(ops, i);
        len += sizeof(struct plk_store_op_head) + op.key.len + op.key_end.len + op.value.len;
    }
    struct plk_store_item *item = item_new(PLK_STORE_ITEM_BATCH, n, len);
    uint8_t *to = item->bytes;
    for (size_t i = 0; i < count; i++) {
        struct plk_op op = plk_batch_at(ops, i);
        plk_assert(op.key.len <= PLK_ROW_KEY_MAX && op.key_end.len <= PLK_ROW_KEY_MAX &&
                   op.value.len <= PLK_ROW_VALUE_MAX);
        struct plk_store_op_head head = {(uint8_t)op.kind, (uint8_t)op.table, (uint8_t)op.key.len,
                                         (uint8_t)op.key_end.len, (uint32_t)op.value.len};
        to = copy(to, plk_bytes(&head, sizeof head));
        to = copy(to, op.key);
        to = copy(to, op.key_end);
        to = copy(to, op.value);
    }
    return item;
}

bool plk_store_item_op(const struct plk_store_item *item, size_t *offset, struct plk_op *op) {
    if (*offset >= item->bytes_len) return false;
    struct plk_store_op_head head;
    const uint8_t *at = item->bytes + *offset;
    memcpy(&head, at, sizeof head);
    at += sizeof head;
    *op = (struct plk_op){.kind = (enum plk_op_kind)head.kind,
                          .table = (enum plk_table)head.table,
                          .key = plk_bytes(at, head.key_len),
                          .key_end = plk_bytes(at + head.key_len, head.end_len),
                          .value = plk_bytes(at + head.key_len + head.end_len, head.value_len)};
    *offset += sizeof head + head.key_len + head.end_len + head.value_len;
    return true;
}

struct plk_store_item *plk_store_item_load(uint64_t ticket, const struct plk_store_load *load) {
    plk_assert(load->from.len <= PLK_ROW_KEY_MAX && load->to.len <= PLK_ROW_KEY_MAX);
    struct plk_store_item *item = item_new(PLK_STORE_ITEM_LOAD, ticket, load->from.len + load->to.len);
    item->table = load->table;
    item->limit = load->limit;
    item->reverse = load->reverse;
    item->from_len = (uint8_t)load->from.len;
    item->to_len = (uint8_t)load->to.len;
    copy(copy(item->bytes, load->from), load->to);
    return item;
}

struct plk_store_load plk_store_item_range(const struct plk_store_item *item) {
    return (struct plk_store_load){.table = item->table,
                                   .from = plk_bytes(item->bytes, item->from_len),
                                   .to = plk_bytes(item->bytes + item->from_len, item->to_len),
                                   .limit = item->limit,
                                   .reverse = item->reverse};
}

void plk_store_item_free(struct plk_store_item *item) { plk_memory_give(item, item->len); }

void plk_store_items_add(struct plk_store_items *items, struct plk_store_item *item) {
    item->next = NULL;
    if (items->last != NULL) {
        items->last->next = item;
    } else {
        items->first = item;
    }
    items->last = item;
}

void plk_store_items_move(struct plk_store_items *to, struct plk_store_items *from) {
    if (from->first == NULL) return;
    if (to->last != NULL) {
        to->last->next = from->first;
    } else {
        to->first = from->first;
    }
    to->last = from->last;
    *from = (struct plk_store_items){.first = NULL};
}

void plk_store_items_free(struct plk_store_items *items) {
    for (struct plk_store_item *item = items->first, *next; item != NULL; item = next) {
        next = item->next;
        plk_store_item_free(item);
    }
    *items = (struct plk_store_items){.first = NULL};
}

// ---- notes ------------------------------------------------------------------------------------------------------------

struct plk_store_note *plk_store_note_of(enum plk_store_report_kind kind, uint64_t n, const struct plk_fault *fault) {
    struct plk_store_note *note = plk_memory_take(sizeof *note);
    note->len = sizeof *note;
    note->report.kind = kind;
    note->report.n = n;
    if (fault != NULL) note->report.fault = *fault;
    return note;
}

void plk_store_notes_add(struct plk_store_notes *notes, struct plk_store_note *note) {
    note->next = NULL;
    if (notes->last != NULL) {
        notes->last->next = note;
    } else {
        notes->first = note;
    }
    notes->last = note;
}

void plk_store_notes_free(struct plk_store_notes *notes) {
    for (struct plk_store_note *note = notes->first, *next; note != NULL; note = next) {
        next = note->next;
        plk_memory_give(note, note->len);
    }
    *notes = (struct plk_store_notes){.first = NULL};
}

// ---- rows of a load ---------------------------------------------------------------------------------------------------

static void gather_room(struct plk_store_gather *gather, size_t len) {
    if (gather->len + len <= gather->cap) return;
    size_t cap = gather->cap == 0 ? 4096 : gather->cap;
    while (cap < gather->len + len) cap *= 2;
    uint8_t *grown = plk_memory_take(cap);
    if (gather->len > 0) memcpy(grown, gather->bytes, gather->len);
    plk_memory_give(gather->bytes, gather->cap);
    gather->bytes = grown;
    gather->cap = cap;
}

void plk_store_gather_row(void *ctx, struct plk_bytes key, struct plk_bytes value) {
    struct plk_store_gather *gather = ctx;
    bool full = gather->count == PLK_STORE_LOADED_ROWS_MAX ||
                (gather->count > 0 && gather->len + key.len + value.len > PLK_STORE_LOADED_BYTES_MAX);
    if (full) plk_store_gather_end(gather, true);
    gather_room(gather, key.len + value.len);
    gather->rows[gather->count++] =
        (struct plk_row){.key = plk_bytes(NULL, key.len), .value = plk_bytes(NULL, value.len)};
    copy(copy(gather->bytes + gather->len, key), value);
    gather->len += key.len + value.len;
}

void plk_store_gather_end(struct plk_store_gather *gather, bool more) {
    size_t rows_len = gather->count * sizeof(struct plk_row);
    size_t len = sizeof(struct plk_store_note) + rows_len + gather->len;
    struct plk_store_note *note = plk_memory_take(len);
    struct plk_row *rows = (struct plk_row *)(note + 1);
    uint8_t *at = (uint8_t *)rows + rows_len;
    if (gather->len > 0) memcpy(at, gather->bytes, gather->len);
    for (size_t i = 0; i < gather->count; i++) {
        size_t key_len = gather->rows[i].key.len, value_len = gather->rows[i].value.len;
        rows[i] = (struct plk_row){.key = plk_bytes(at, key_len), .value = plk_bytes(at + key_len, value_len)};
        at += key_len + value_len;
    }
    note->len = len;
    note->report = (struct plk_store_report){
        .kind = PLK_STORE_LOADED, .ticket = gather->ticket, .rows = rows, .count = gather->count, .more = more};
    plk_store_notes_add(&gather->notes, note);
    gather->count = gather->len = 0;
}

void plk_store_gather_free(struct plk_store_gather *gather) {
    plk_memory_give(gather->bytes, gather->cap);
    plk_store_notes_free(&gather->notes);
    plk_memory_give(gather, sizeof *gather);
}

// ---- between the threads ------------------------------------------------------------------------------------------------

void plk_store_queue_open(struct plk_store_queue *queue, void (*wake)(void *ctx), void *ctx) {
    *queue = (struct plk_store_queue){.wake = wake, .ctx = ctx};
    plk_assert(uv_mutex_init(&queue->lock) == 0 && uv_cond_init(&queue->changed) == 0);
}

void plk_store_queue_close(struct plk_store_queue *queue) {
    plk_store_items_free(&queue->items);
    plk_store_notes_free(&queue->notes);
    uv_cond_destroy(&queue->changed);
    uv_mutex_destroy(&queue->lock);
}

uint64_t plk_store_queue_ms(void) { return uv_hrtime() / MS_NS; }

bool plk_store_queue_has_work(struct plk_store_queue *queue) {
    uv_mutex_lock(&queue->lock);
    bool work = queue->items.first != NULL || queue->quit;
    uv_mutex_unlock(&queue->lock);
    return work;
}

bool plk_store_queue_take(struct plk_store_queue *queue, struct plk_store_items *pending, uint64_t wait_ms) {
    uint64_t until = plk_store_queue_ms() + wait_ms;
    uv_mutex_lock(&queue->lock);
    while (queue->items.first == NULL && !queue->quit) {
        if (wait_ms == 0) {
            uv_cond_wait(&queue->changed, &queue->lock);
        } else if (plk_store_queue_ms() >= until ||
                   uv_cond_timedwait(&queue->changed, &queue->lock, (until - plk_store_queue_ms()) * MS_NS) ==
                       UV_ETIMEDOUT) {
            break;
        }
    }
    plk_store_items_move(pending, &queue->items);
    bool done = queue->quit && pending->first == NULL;
    uv_mutex_unlock(&queue->lock);
    return !done;
}

bool plk_store_queue_retry(struct plk_store_queue *queue, struct plk_store_items *pending, uint64_t wait_ms,
                           uint64_t *give_up_ms) {
    uint64_t until = plk_store_queue_ms() + wait_ms, now;
    uv_mutex_lock(&queue->lock);
    while (!queue->quit && (now = plk_store_queue_ms()) < until)
        uv_cond_timedwait(&queue->changed, &queue->lock, (until - now + 1) * MS_NS);
    bool quit = queue->quit;
    plk_store_items_move(pending, &queue->items);
    uv_mutex_unlock(&queue->lock);
    if (!quit) return true;
    now = plk_store_queue_ms();
    if (*give_up_ms == 0) *give_up_ms = now + PLK_STORE_CLOSE_MS;
    if (now >= *give_up_ms) return false;
    if (now < until) uv_sleep((unsigned)(until - now < 100 ? until - now : 100));
    return true;
}

void plk_store_queue_tell(struct plk_store_queue *queue, struct plk_store_notes *notes) {
    bool any = notes->first != NULL;
    uv_mutex_lock(&queue->lock);
    for (struct plk_store_note *note = notes->first, *next; note != NULL; note = next) {
        next = note->next;
        plk_store_notes_add(&queue->notes, note);
    }
    uv_mutex_unlock(&queue->lock);
    *notes = (struct plk_store_notes){.first = NULL};
    if (any) queue->wake(queue->ctx);
}
