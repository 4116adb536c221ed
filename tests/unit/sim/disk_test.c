// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sim/disk.h"
#include "unit/base/heap.h"

struct bench {
    struct heap heap;
    struct plk_mem mem;
    struct agenda *agenda;
    struct disk *disk;
    uint64_t stored, n;
    unsigned answers, rows, stalls, heals, changes;
    bool more;
    char first[64], last[64]; // keys
    uint64_t stored_at_load;
    const char *broke;
};

static void input(void *ctx, const struct plk_input *in) {
    struct bench *b = ctx;
    if (in->kind == PLK_IN_STORED) b->stored = in->stored.n;
    if (in->kind == PLK_IN_STORE_STATE) *(in->store_state.stalled ? &b->stalls : &b->heals) += 1;
    if (in->kind != PLK_IN_LOADED) return;
    b->answers++;
    b->stored_at_load = b->stored;
    b->more = in->loaded.more;
    for (size_t i = 0; i < in->loaded.count; i++) {
        char *to = b->rows++ == 0 ? b->first : b->last;
        snprintf(to, sizeof b->last, "%.*s", (int)in->loaded.rows[i].key.len, (const char *)in->loaded.rows[i].key.at);
    }
}

static void broke(void *ctx, const char *what) { ((struct bench *)ctx)->broke = what; }

static void changed(void *ctx, enum plk_table table, struct plk_bytes key, struct plk_bytes before,
                    struct plk_bytes after) {
    (void)table, (void)key, (void)before, (void)after;
    ((struct bench *)ctx)->changes++;
}

static struct bench *bench_new(uint64_t seed) {
    static const struct disk_speed speed = {.commit_low_us = 1000, .commit_high_us = 5000, .load_high_us = 1000};
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    struct disk_sink sink = {b, input, broke, changed};
    b->mem = heap_mem(&b->heap);
    b->agenda = agenda_new();
    b->disk = disk_new(b->agenda, dice(seed, "disk", 0), &sink, &speed);
    return b;
}

static void bench_free(struct bench *b) {
    disk_free(b->disk);
    agenda_free(b->agenda);
    assert_int_equal(b->heap.blocks, 0);
    free(b);
}

static void run(struct bench *b, uint64_t us) {
    uint64_t end_us = agenda_now(b->agenda) + us;
    while (agenda_next(b->agenda) <= end_us) agenda_step(b->agenda);
    agenda_skip(b->agenda, end_us);
}

// A batch that puts key (in the invite table) or deletes it.
static void store(struct bench *b, const char *key, const char *value) {
    struct plk_batch *batch = plk_batch_new(&b->mem);
    if (value)
        plk_batch_upsert(batch, PLK_TABLE_invite, plk_bytes_text(key), plk_bytes_text(value));
    else
        plk_batch_delete(batch, PLK_TABLE_invite, plk_bytes_text(key));
    disk_store(b->disk, ++b->n, batch);
    plk_batch_free(batch);
}

static void load(struct bench *b, const char *from, const char *to, uint32_t limit, bool reverse) {
    struct disk_range range = {1, PLK_TABLE_invite, plk_bytes_text(from), plk_bytes_text(to), limit, reverse};
    b->rows = 0;
    b->more = true;
    disk_load(b->disk, &range);
}

static bool has(struct bench *b, const char *key) {
    return tables_find(&b->disk->durable, PLK_TABLE_invite, plk_bytes_text(key)) != NULL;
}

static void what_gathers_is_one_transaction(void **state) {
    (void)state;
    struct bench *b = bench_new(1);
    store(b, "a", "1");
    store(b, "b", "2");
    store(b, "c", "3");
    assert_false(has(b, "a"));
    run(b, PLK_SECOND);
    assert_int_equal(b->stored, 3);
    assert_true(has(b, "a") && has(b, "b") && has(b, "c"));
    assert_int_equal(b->disk->commits, 2); // the first alone, the others together
    assert_int_equal(b->changes, 3);
    assert_true(disk_idle(b->disk));
    assert_null(b->broke);
    bench_free(b);
}

static void loads_follow_earlier_stores(void **state) {
    (void)state;
    struct bench *b = bench_new(2);
    for (char key[2] = "a"; key[0] <= 'g'; key[0]++) store(b, key, "x");
    load(b, "b", "f", 0, false);
    run(b, PLK_SECOND);
    assert_int_equal(b->stored_at_load, 7);
    assert_int_equal(b->rows, 4);
    assert_string_equal(b->first, "b");
    assert_string_equal(b->last, "e");
    assert_false(b->more);
    load(b, "", "", 2, true);
    run(b, PLK_SECOND);
    assert_int_equal(b->rows, 2);
    assert_string_equal(b->first, "g");
    assert_string_equal(b->last, "f");
    load(b, "x", "", 0, false);
    run(b, PLK_SECOND);
    assert_int_equal(b->rows, 0);
    assert_false(b->more); // an answer came all the same
    bench_free(b);
}

static void a_crash_keeps_a_first_part(void **state) {
    (void)state;
    unsigned kept[4] = {0};
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct bench *b = bench_new(seed);
        store(b, "a", "1");
        store(b, "b", "2");
        store(b, "c", "3");
        load(b, "", "", 0, false);
        disk_crash(b->disk);
        unsigned count = has(b, "a") + has(b, "b") + has(b, "c");
        if (count >= 1) assert_true(has(b, "a"));
        if (count >= 2) assert_true(has(b, "b"));
        kept[count]++;
        b->n = 0;
        store(b, "d", "4"); // the next process counts from one
        run(b, PLK_SECOND);
        assert_int_equal(b->stored, 1);
        assert_int_equal(b->answers, 0); // nothing for the dead
        assert_null(b->broke);
        bench_free(b);
    }
    for (int i = 0; i < 4; i++) assert_true(kept[i] > 20);
}

static void a_full_disk_keeps_order_and_goes_on(void **state) {
    (void)state;
    struct bench *b = bench_new(3);
    disk_stall(b->disk, true);
    store(b, "a", "1");
    store(b, "a", NULL);
    run(b, PLK_MINUTE);
    assert_int_equal(b->stalls, 1);
    assert_int_equal(b->stored, 0);
    disk_stall(b->disk, false);
    run(b, PLK_SECOND);
    assert_int_equal(b->heals, 1);
    assert_int_equal(b->stored, 2);
    assert_false(has(b, "a"));
    disk_stall(b->disk, true);
    store(b, "b", "1");
    disk_crash(b->disk); // what a full disk was given is gone
    assert_false(has(b, "b"));
    bench_free(b);
}

static void a_patch_changes_its_columns_only(void **state) {
    (void)state;
    struct bench *b = bench_new(4);
    struct plk_message_row row = {
        .contact = 1, .direction = PLK_OUT, .row = 5, .kind = PLK_BODY_TEXT, .state = PLK_STATE_QUEUED};
    struct plk_message_patch patch = {.columns = PLK_PATCH_STATE, .state = PLK_STATE_DELIVERED};
    uint8_t key[PLK_MESSAGE_KEY_LEN], value[PLK_MESSAGE_HEAD_MAX + 8];
    row.origin.seq = 1;
    row.payload = plk_bytes_text("text");
    plk_message_key(key, 1, PLK_OUT, &row.origin);
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_message_row_encode(&w, &row);
    struct plk_batch *batch = plk_batch_new(&b->mem);
    plk_batch_patch(batch, plk_bytes(key, sizeof key), &patch); // no such row yet: no effect
    disk_store(b->disk, ++b->n, batch);
    plk_batch_clear(batch);
    plk_batch_upsert(batch, PLK_TABLE_message, plk_bytes(key, sizeof key), plk_writer_bytes(&w));
    disk_store(b->disk, ++b->n, batch);
    plk_batch_clear(batch);
    plk_batch_patch(batch, plk_bytes(key, sizeof key), &patch);
    disk_store(b->disk, ++b->n, batch);
    plk_batch_free(batch);
    run(b, PLK_SECOND);
    const struct tables_row *found = tables_find(&b->disk->durable, PLK_TABLE_message, plk_bytes(key, sizeof key));
    struct plk_message_row got = {0};
    assert_non_null(found);
    assert_int_equal(plk_message_row_decode(tables_value(found), &got), PLK_ERR_OK);
    assert_int_equal(got.state, PLK_STATE_DELIVERED);
    assert_int_equal(got.row, 5);
    assert_true(plk_bytes_equal(got.payload, row.payload));
    bench_free(b);
}

static void what_breaks_the_contract_is_told(void **state) {
    (void)state;
    struct bench *b = bench_new(5);
    store(b, "a", "1");
    b->n++;
    store(b, "b", "1");
    assert_string_equal(b->broke, "STORE: n does not count up by one");
    b->broke = NULL;
    disk_crash(b->disk);
    b->n = 0;
    for (int i = 0; i < PLK_BATCHES_OUTSTANDING_MAX; i++) store(b, "a", "1");
    assert_null(b->broke);
    store(b, "a", "1");
    assert_string_equal(b->broke, "STORE: more than 8 batches outstanding");
    b->broke = NULL;
    disk_crash(b->disk);
    struct plk_batch *batch = plk_batch_new(&b->mem);
    disk_store(b->disk, 1, batch);
    assert_string_equal(b->broke, "STORE: an empty batch");
    for (uint32_t i = 0; i <= PLK_BATCH_OPS_MAX; i++) {
        plk_batch_upsert(batch, PLK_TABLE_invite, plk_bytes(&i, sizeof i), plk_bytes("x", 1));
    }
    disk_store(b->disk, 2, batch);
    assert_string_equal(b->broke, "STORE: too many operations in a batch");
    plk_batch_free(batch);
    bench_free(b);
}

static void a_store_can_be_replaced(void **state) {
    (void)state;
    struct bench *b = bench_new(6);
    struct tables saved = {0};
    store(b, "a", "1");
    run(b, PLK_SECOND);
    tables_copy(&saved, &b->disk->durable);
    store(b, "b", "2");
    store(b, "a", NULL);
    run(b, PLK_SECOND);
    disk_crash(b->disk);
    disk_replace(b->disk, &saved);
    assert_true(has(b, "a") && !has(b, "b"));
    tables_free(&saved);
    assert_true(has(b, "a")); // a copy
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_gathers_is_one_transaction),  cmocka_unit_test(loads_follow_earlier_stores),
        cmocka_unit_test(a_crash_keeps_a_first_part),       cmocka_unit_test(a_full_disk_keeps_order_and_goes_on),
        cmocka_unit_test(a_patch_changes_its_columns_only), cmocka_unit_test(what_breaks_the_contract_is_told),
        cmocka_unit_test(a_store_can_be_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
