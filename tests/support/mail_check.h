// SPDX-License-Identifier: MIT
// What the two disks of a mail pair say, and what must hold on them: at any moment, and when all has been healed.
#ifndef PLK_TESTS_SUPPORT_MAIL_CHECK_H
#define PLK_TESTS_SUPPORT_MAIL_CHECK_H

#include "support/mail_pair.h"

// ---- what the disks say ---------------------------------------------------------------------------------------------

// Rows of one direction by row number; decoded, borrowed from the disk. The caller frees the array.
static inline size_t mail_history(const struct toy_disk *disk, enum plk_direction direction,
                                  struct plk_message_row **rows) {
    const struct toy_table *table = &disk->tables[PLK_TABLE_message];
    size_t count = 0;
    *rows = calloc(table->count + 1, sizeof **rows);
    TOY_CHECK(*rows != NULL);
    for (size_t i = 0; i < table->count; i++) {
        struct plk_message_row row = {.contact = 0};
        TOY_CHECK(plk_message_key_decode(table->rows[i].key, &row) == PLK_ERR_OK);
        TOY_CHECK(plk_message_row_decode(table->rows[i].value, &row) == PLK_ERR_OK);
        if (row.direction == direction) (*rows)[count++] = row;
    }
    // Insertion sort: keys are nearly in this order.
    for (size_t i = 1; i < count; i++) {
        struct plk_message_row row = (*rows)[i];
        size_t at = i;
        for (; at > 0 && (*rows)[at - 1].row > row.row; at--) (*rows)[at] = (*rows)[at - 1];
        (*rows)[at] = row;
    }
    return count;
}

static inline int mail_by_id(const void *a, const void *b) {
    return memcmp(((const struct plk_message_row *)a)->id, ((const struct plk_message_row *)b)->id, PLK_ID_LEN);
}

static inline size_t mail_count(const struct toy_disk *disk, enum plk_direction direction) {
    struct plk_message_row *rows;
    size_t count = mail_history(disk, direction, &rows);
    free(rows);
    return count;
}

static inline enum plk_state mail_state(const struct mail_side *side, uint64_t number) {
    struct plk_message_row *rows;
    enum plk_state state = 0;
    size_t count = mail_history(&side->disk, PLK_OUT, &rows);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].row == number) state = rows[i].state;
    }
    free(rows);
    return state;
}

// Each message at most once; and what is called delivered is on the other disk. Holds at any moment, unless a disk
// was rolled back and the two have not met since.
static inline void mail_check_now(const struct mail_pair *pair, int from) {
    struct plk_message_row *out, *in;
    size_t out_count = mail_history(&pair->side[from].disk, PLK_OUT, &out);
    size_t in_count = mail_history(&pair->side[1 - from].disk, PLK_IN, &in);
    qsort(in, in_count, sizeof *in, mail_by_id);
    for (size_t i = 1; i < in_count; i++) TOY_CHECK(memcmp(in[i - 1].id, in[i].id, PLK_ID_LEN) != 0);
    for (size_t i = 0; i < out_count; i++) {
        const struct plk_message_row *found = bsearch(&out[i], in, in_count, sizeof *in, mail_by_id);
        if (out[i].state != PLK_STATE_DELIVERED) continue;
        TOY_CHECK(found != NULL);
        TOY_CHECK(plk_bytes_equal(found->payload, out[i].payload));
    }
    free(out);
    free(in);
}

// All is delivered, in whatever order.
static inline void mail_check_delivered(const struct mail_pair *pair, int from) {
    struct plk_message_row *out;
    size_t out_count = mail_history(&pair->side[from].disk, PLK_OUT, &out);
    mail_check_now(pair, from);
    for (size_t i = 0; i < out_count; i++) {
        TOY_CHECK(out[i].state == PLK_STATE_CANCELLED || out[i].state == PLK_STATE_DELIVERED);
    }
    free(out);
    TOY_CHECK(pair->side[from].disk.tables[PLK_TABLE_outbox].count == 0);
    TOY_CHECK(plk_mail_undelivered(pair->side[from].mail) == 0);
}

// All is delivered, and the other side shows it in the order in which it was written.
static inline void mail_check_end(const struct mail_pair *pair, int from) {
    struct plk_message_row *out, *in;
    size_t out_count = mail_history(&pair->side[from].disk, PLK_OUT, &out);
    size_t in_count = mail_history(&pair->side[1 - from].disk, PLK_IN, &in);
    size_t at = 0;
    mail_check_delivered(pair, from);
    for (size_t i = 0; i < out_count; i++) {
        if (out[i].state == PLK_STATE_CANCELLED) continue;
        while (at < in_count && memcmp(in[at].id, out[i].id, PLK_ID_LEN) != 0) at++;
        TOY_CHECK(at < in_count);
    }
    free(out);
    free(in);
}

#endif
