// SPDX-License-Identifier: MIT
#include "relay/reads.h"

void plk_reads_init(struct plk_reads *reads, struct plk_mem *mem) {
    *reads = (struct plk_reads){.mem = mem, .next_ticket = 1};
}

static void release(struct plk_reads *reads, struct plk_read *read) {
    plk_mem_give(reads->mem, (void *)(uintptr_t)read->command.at);
    plk_mem_give(reads->mem, read);
}

void plk_reads_free(struct plk_reads *reads) {
    while (reads->first != NULL) {
        struct plk_read *read = reads->first;
        reads->first = read->next;
        release(reads, read);
    }
}

static struct plk_read *ask(struct plk_reads *reads, enum plk_read_kind kind, enum plk_table table,
                            struct plk_bytes from, uint64_t after_n) {
    struct plk_read *read = plk_mem_take(reads->mem, sizeof *read);
    plk_assert(from.len < PLK_ROW_KEY_MAX);
    read->ticket = reads->next_ticket++;
    read->kind = kind;
    read->table = table;
    read->after_n = after_n;
    read->from_len = read->to_len = from.len;
    if (from.len > 0) {
        memcpy(read->from, from.at, from.len);
        memcpy(read->to, from.at, from.len);
    }
    if (reads->first == NULL) {
        reads->first = read;
    } else {
        *reads->last = read;
    }
    reads->last = &read->next;
    if (reads->unhanded == NULL) reads->unhanded = read;
    reads->count++;
    return read;
}

struct plk_read *plk_reads_one(struct plk_reads *reads, enum plk_read_kind kind, enum plk_table table,
                               struct plk_bytes key, uint64_t after_n) {
    struct plk_read *read = ask(reads, kind, table, key, after_n);
    read->to[read->to_len++] = 0; // the smallest key above this one
    read->limit = 1;
    return read;
}

struct plk_read *plk_reads_all(struct plk_reads *reads, enum plk_read_kind kind, enum plk_table table,
                               struct plk_bytes prefix, uint32_t limit, uint64_t after_n) {
    struct plk_read *read = ask(reads, kind, table, prefix, after_n);
    while (read->to_len > 0 && ++read->to[read->to_len - 1] == 0) read->to_len--; // an empty one: until the end
    read->limit = limit;
    return read;
}

void plk_reads_keep(struct plk_reads *reads, struct plk_read *read, struct plk_bytes command) {
    uint8_t *copy = plk_mem_take(reads->mem, command.len);
    memcpy(copy, command.at, command.len);
    read->command = plk_bytes(copy, command.len);
}

bool plk_reads_next(struct plk_reads *reads, uint64_t emitted_n, struct plk_output *output) {
    struct plk_read *read = reads->unhanded;
    if (read == NULL || read->after_n > emitted_n) return false;
    reads->unhanded = read->next;
    *output = (struct plk_output){.kind = PLK_OUT_LOAD};
    output->load.ticket = read->ticket;
    output->load.table = read->table;
    output->load.from = plk_bytes(read->from, read->from_len);
    output->load.to = plk_bytes(read->to, read->to_len);
    output->load.limit = read->limit;
    return true;
}

struct plk_read *plk_reads_find(struct plk_reads *reads, uint64_t ticket) {
    struct plk_read *read = reads->first;
    while (read != NULL && read->ticket != ticket) read = read->next;
    return read;
}

void plk_reads_remove(struct plk_reads *reads, struct plk_read *read) {
    struct plk_read **at = &reads->first;
    while (*at != read) at = &(*at)->next;
    if (reads->unhanded == read) reads->unhanded = read->next;
    *at = read->next;
    if (read->next == NULL) reads->last = at;
    reads->count--;
    release(reads, read);
}
