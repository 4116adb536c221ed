// SPDX-License-Identifier: MIT
// What the vectors (tests/vectors/queue.txt) do not say: prefixes, lists, and a writer that is too short.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/queue.h"

static uint8_t room[PLK_QUEUE_RECORD_MAX + PLK_QUEUE_HEAD_LEN], cell[PLK_QUEUE_CELL_LARGE];
static const uint8_t one_descriptor[] = {1, 3, 9, 9, 9}; // as long as it says; what it is, is not looked at

static struct plk_bytes encode(const struct plk_queue_record *record) {
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_queue_encode(&w, record);
    assert_false(w.failed);
    return plk_writer_bytes(&w);
}

static bool has_cell(enum plk_queue_type type) {
    return type == PLK_QUEUE_PUT || type == PLK_QUEUE_WRITE || type == PLK_QUEUE_ITEM || type == PLK_QUEUE_CELL;
}

static struct plk_queue_record record_of(enum plk_queue_type type) {
    struct plk_queue_record record = {.type = type, .tag = 5, .handle = 6};
    if (type == PLK_QUEUE_ATTACH) record.attach.role = PLK_QUEUE_OWNER;
    if (type == PLK_QUEUE_SUB || type == PLK_QUEUE_ACK) record.list = plk_bytes(cell, 24);
    if (type == PLK_QUEUE_FWD_OPEN) record.fwd.addr = (struct plk_addr){.family = 4, .ip = {1, 2, 3, 4}, .port = 9};
    if (type == PLK_QUEUE_ANNOUNCE) record.descriptors = plk_bytes(cell, 100);
    if (type == PLK_QUEUE_RELAYS) record.descriptors = plk_bytes(one_descriptor, sizeof one_descriptor);
    if (has_cell(type)) record.cell.bytes = plk_bytes(cell, PLK_QUEUE_CELL_SMALL);
    return record;
}

static bool is_type(unsigned type) {
    return (type >= PLK_QUEUE_NEWQ && type <= PLK_QUEUE_DIRECTORY) ||
           (type >= PLK_QUEUE_DONE && type <= PLK_QUEUE_RELAYS);
}

static void no_prefix_of_a_body_is_a_record_and_nothing_may_follow(void **state) {
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        struct plk_queue_record read;
        struct plk_bytes body;
        bool broken;
        if (!is_type(type)) {
            const uint8_t other[] = {(uint8_t)type, 0, 0, 0, 5, 0, 0, 0, 6};
            assert_int_equal(plk_queue_decode(plk_bytes(other, sizeof other), &read), PLK_ERR_MALFORMED);
            continue;
        }
        struct plk_queue_record record = record_of((enum plk_queue_type)type);
        struct plk_bytes bytes = encode(&record);
        assert_int_equal(plk_queue_cut(bytes, &body, &broken), bytes.len);
        assert_int_equal(plk_queue_decode(body, &read), PLK_ERR_OK);
        assert_int_equal(read.type, type);
        if (!has_cell(record.type)) assert_true(bytes.len <= PLK_QUEUE_SMALL_MAX);
        for (size_t len = 0; len < body.len; len++) {
            assert_int_equal(plk_queue_decode(plk_bytes(body.at, len), &read), PLK_ERR_MALFORMED);
            assert_int_equal(plk_queue_cut(plk_bytes(bytes.at, len), &body, &broken), 0);
            assert_false(broken);
            body = plk_bytes(bytes.at + PLK_QUEUE_HEAD_LEN, bytes.len - PLK_QUEUE_HEAD_LEN);
        }
        assert_int_equal(plk_queue_decode(plk_bytes(body.at, body.len + 1), &read), PLK_ERR_MALFORMED);
    }
}

static void lists_are_read_by_index(void **state) {
    (void)state;
    static const uint8_t numbers[] = {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3};
    struct plk_queue_record record = {.type = PLK_QUEUE_ACK, .list = {numbers, sizeof numbers}};
    assert_int_equal(plk_queue_count(&record), 2);
    assert_int_equal(plk_queue_at(&record, 1), UINT64_C(0x200000003));
    record.type = PLK_QUEUE_SUB;
    assert_int_equal(plk_queue_count(&record), 4);
    assert_int_equal(plk_queue_at(&record, 3), 3);
}

static void only_three_sizes_are_cells(void **state) {
    (void)state;
    unsigned count = 0;
    for (size_t len = 0; len <= PLK_QUEUE_RECORD_MAX; len++) count += plk_queue_is_cell_len(len);
    assert_int_equal(count, 3);
    assert_true(plk_queue_is_cell_len(4096) && plk_queue_is_cell_len(16384) && plk_queue_is_cell_len(65536));
}

static void a_writer_that_is_too_short_fails(void **state) {
    (void)state;
    struct plk_queue_record record = record_of(PLK_QUEUE_PUT);
    struct plk_writer w = plk_writer(room, plk_queue_len(&record) - 1);
    plk_queue_encode(&w, &record);
    assert_true(w.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_prefix_of_a_body_is_a_record_and_nothing_may_follow),
        cmocka_unit_test(lists_are_read_by_index),
        cmocka_unit_test(only_three_sizes_are_cells),
        cmocka_unit_test(a_writer_that_is_too_short_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
