// SPDX-License-Identifier: MIT
// The longest of what marks say, the order of their stamps, several in one batch; rows of messages that vanish.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/base/heap.h"
#include "wire/batch.h"
#include "wire/expiry.h"
#include "wire/mark.h"

static uint8_t buffer[PLK_BODY_MAX + 64];

static void texts_have_a_limit(void **state) {
    (void)state;
    struct plk_mark_body body;
    memset(buffer, 'a', sizeof buffer);
    buffer[0] = PLK_MARK_SENDERS;
    assert_int_equal(plk_mark_body_decode(PLK_BODY_EDIT, true, plk_bytes(buffer, PLK_BODY_MAX), &body), PLK_ERR_OK);
    assert_int_equal(body.text.len, PLK_MARK_TEXT_MAX);
    assert_int_not_equal(plk_mark_body_decode(PLK_BODY_EDIT, true, plk_bytes(buffer, PLK_BODY_MAX + 1), &body),
                         PLK_ERR_OK);
    assert_true(PLK_MARK_VALUE_MAX <= PLK_ROW_VALUE_MAX);
}

static struct plk_mark_row sample(uint64_t time_ms, uint64_t seq, const char *text) {
    struct plk_mark_row row = {.contact = 3, .direction = PLK_OUT, .origin = {.device = "device!", .seq = 5}};
    row.author = PLK_MARK_THEM;
    row.what = PLK_MARK_REACTION;
    row.stamp = (struct plk_mark_stamp){.time_ms = time_ms, .origin = {.device = "another", .seq = seq}};
    row.text = plk_bytes_text(text);
    return row;
}

static struct plk_bytes encoded(uint8_t room[128], const struct plk_mark_row *row) {
    struct plk_writer w = plk_writer(room, 128);
    plk_mark_row_encode(&w, row);
    assert_false(w.failed);
    return plk_writer_bytes(&w);
}

static void the_later_wins_then_the_higher_origin(void **state) {
    (void)state;
    uint8_t a[128], b[128];
    struct plk_mark_row early = sample(255, 900, "z"), later = sample(256, 1, "a"), higher = sample(256, 2, "");
    assert_true(plk_mark_wins(encoded(a, &early), encoded(b, &later)));
    assert_false(plk_mark_wins(encoded(a, &later), encoded(b, &early)));
    assert_true(plk_mark_wins(encoded(a, &later), encoded(b, &higher)));
    assert_false(plk_mark_wins(encoded(a, &higher), encoded(b, &higher)));
}

static void one_batch_keeps_the_winner(void **state) {
    (void)state;
    struct heap heap = {0};
    struct plk_mem mem = heap_mem(&heap);
    struct plk_batch *batch = plk_batch_new(&mem);
    uint8_t key[PLK_MARK_KEY_LEN], value[128];
    struct plk_mark_row rows[] = {sample(2, 1, "two"), sample(3, 1, "three"), sample(1, 1, "one")}, got;
    for (size_t i = 0; i < 3; i++) {
        plk_mark_key(key, &rows[i]);
        plk_batch_upsert(batch, PLK_TABLE_mark, plk_bytes(key, sizeof key), encoded(value, &rows[i]));
    }
    assert_int_equal(plk_batch_count(batch), 1);
    struct plk_op op = plk_batch_at(batch, 0);
    assert_int_equal(plk_mark_row_decode(op.key, op.value, &got), PLK_ERR_OK);
    assert_true(plk_bytes_equal(got.text, plk_bytes_text("three")) && got.stamp.time_ms == 3);
    plk_batch_free(batch);
}

static void a_row_comes_back_and_a_damaged_one_does_not(void **state) {
    (void)state;
    uint8_t key[PLK_MARK_KEY_LEN], value[128];
    struct plk_mark_row row = sample(7, 8, "!"), got;
    plk_mark_key(key, &row);
    struct plk_bytes bytes = encoded(value, &row);
    assert_int_equal(plk_mark_row_decode(plk_bytes(key, sizeof key), bytes, &got), PLK_ERR_OK);
    assert_true(got.contact == 3 && got.direction == PLK_OUT && got.origin.seq == 5 && got.author == PLK_MARK_THEM);
    assert_true(got.what == PLK_MARK_REACTION && got.stamp.origin.seq == 8 && got.text.len == 1);
    assert_int_not_equal(plk_mark_row_decode(plk_bytes(key, sizeof key - 1), bytes, &got), PLK_ERR_OK);
    assert_int_not_equal(
        plk_mark_row_decode(plk_bytes(key, sizeof key), plk_bytes(value, PLK_MARK_STAMP_LEN - 1), &got), PLK_ERR_OK);
    key[PLK_MARK_KEY_LEN - 1] = PLK_MARK_DELETED; // has no text
    assert_int_not_equal(plk_mark_row_decode(plk_bytes(key, sizeof key), bytes, &got), PLK_ERR_OK);
    key[PLK_MARK_KEY_LEN - 1] = PLK_MARK_WHAT_COUNT;
    assert_int_not_equal(plk_mark_row_decode(plk_bytes(key, sizeof key), plk_bytes(value, PLK_MARK_STAMP_LEN), &got),
                         PLK_ERR_OK);
}

static void what_vanishes_sorts_by_when(void **state) {
    (void)state;
    struct plk_expiry first = {.runs = true, .due_ms = 255, .contact = 9, .row = 4, .lifetime_s = 60}, got;
    struct plk_expiry second = {.runs = true, .due_ms = 256, .contact = 1, .row = 7, .lifetime_s = 60};
    struct plk_expiry waits = {.contact = 1, .row = 2, .direction = PLK_IN, .lifetime_s = 60};
    uint8_t keys[3][PLK_EXPIRY_KEY_MAX], value[PLK_EXPIRY_VALUE_MAX];
    struct plk_writer k[3];
    const struct plk_expiry *all[] = {&first, &second, &waits};
    for (size_t i = 0; i < 3; i++) {
        struct plk_writer w = plk_writer(value, sizeof value);
        k[i] = plk_writer(keys[i], sizeof keys[i]);
        plk_expiry_key(&k[i], all[i]);
        plk_expiry_encode(&w, all[i]);
        assert_int_equal(plk_expiry_decode(plk_writer_bytes(&k[i]), plk_writer_bytes(&w), &got), PLK_ERR_OK);
        assert_true(got.runs == all[i]->runs && got.due_ms == all[i]->due_ms && got.contact == all[i]->contact);
        assert_true(got.row == all[i]->row && got.lifetime_s == 60);
        assert_int_not_equal(plk_expiry_decode(plk_writer_bytes(&k[i]), plk_bytes(value, w.len - 1), &got), PLK_ERR_OK);
    }
    assert_true(plk_bytes_compare(plk_writer_bytes(&k[0]), plk_writer_bytes(&k[1])) < 0);
    assert_true(plk_bytes_compare(plk_writer_bytes(&k[1]), plk_writer_bytes(&k[2])) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_have_a_limit),          cmocka_unit_test(the_later_wins_then_the_higher_origin),
        cmocka_unit_test(one_batch_keeps_the_winner),  cmocka_unit_test(a_row_comes_back_and_a_damaged_one_does_not),
        cmocka_unit_test(what_vanishes_sorts_by_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
