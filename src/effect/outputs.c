// SPDX-License-Identifier: MIT
#include "effect/outputs.h"

void plk_outputs_init(struct plk_outputs *outputs, struct plk_mem *mem) { *outputs = (struct plk_outputs){.mem = mem}; }

static void entry_free(struct plk_mem *mem, struct plk_output_entry *entry) {
    if (entry == NULL) return;
    plk_buf_free(mem, &entry->bytes);
    plk_mem_give(mem, entry);
}

static void queue_free(struct plk_mem *mem, struct plk_output_queue *queue) {
    while (queue->first != NULL) {
        struct plk_output_entry *entry = queue->first;
        queue->first = entry->next;
        entry_free(mem, entry);
    }
}

void plk_outputs_free(struct plk_outputs *outputs) {
    queue_free(outputs->mem, &outputs->now);
    queue_free(outputs->mem, &outputs->later);
    entry_free(outputs->mem, outputs->handed);
}

// The ranges of an output that refer to bytes; at most two.
static size_t ranges(struct plk_output *output, struct plk_bytes *found[2]) {
    switch (output->kind) {
    case PLK_OUT_LOAD:
        found[0] = &output->load.from;
        found[1] = &output->load.to;
        return 2;
    case PLK_OUT_RESOLVE:
        found[0] = &output->resolve.host;
        return 1;
    case PLK_OUT_RESULT:
        found[0] = &output->result.text;
        return 1;
    case PLK_OUT_DATAGRAM:
        found[0] = &output->datagram.data;
        return 1;
    case PLK_OUT_STREAM_WRITE:
        found[0] = &output->stream_write.data;
        return 1;
    case PLK_OUT_WAIT:
    case PLK_OUT_SOCKET_OPEN:
    case PLK_OUT_SOCKET_CLOSE:
    case PLK_OUT_STREAM_OPEN:
    case PLK_OUT_STREAM_CLOSE:
    case PLK_OUT_STORE:
    case PLK_OUT_EVENT:
        break;
    }
    return 0;
}

static void append(struct plk_outputs *outputs, struct plk_output_queue *queue, uint64_t mark,
                   const struct plk_output *output) {
    struct plk_output_entry *entry = plk_mem_take(outputs->mem, sizeof *entry);
    entry->mark = mark;
    entry->output = *output;
    struct plk_bytes *found[2];
    size_t count = ranges(&entry->output, found), at[2] = {0, 0};
    for (size_t i = 0; i < count; i++) {
        at[i] = entry->bytes.len;
        plk_buf_put(outputs->mem, &entry->bytes, *found[i]);
    }
    for (size_t i = 0; i < count; i++) found[i]->at = found[i]->len == 0 ? NULL : entry->bytes.at + at[i];
    if (queue->last != NULL && queue->first != NULL) {
        queue->last->next = entry;
    } else {
        queue->first = entry;
    }
    queue->last = entry;
}

void plk_outputs_now(struct plk_outputs *outputs, const struct plk_output *output) {
    append(outputs, &outputs->now, 0, output);
}

void plk_outputs_later(struct plk_outputs *outputs, uint64_t mark, const struct plk_output *output) {
    append(outputs, &outputs->later, mark, output);
}

bool plk_outputs_next(struct plk_outputs *outputs, uint64_t stored_n, struct plk_output *output) {
    entry_free(outputs->mem, outputs->handed);
    outputs->handed = NULL;
    struct plk_output_queue *queue = &outputs->now;
    if (queue->first == NULL) queue = &outputs->later;
    struct plk_output_entry *entry = queue->first;
    if (entry == NULL || entry->mark > stored_n) return false;
    queue->first = entry->next;
    outputs->handed = entry;
    *output = entry->output;
    return true;
}
