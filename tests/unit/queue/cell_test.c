// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "queue/cell.h"

static const uint8_t key[32] = {1}, other_key[32] = {2}, sid[16] = {3}, other_sid[16] = {4};
static uint8_t nonce[PLK_XNONCE_LEN] = {5};
static uint8_t cell[PLK_QUEUE_CELL_LARGE], text[PLK_QUEUE_CELL_LARGE], content[PLK_QUEUE_CELL_LARGE];

static void sizes_are_the_smallest_that_hold_it(void **state) {
    (void)state;
    assert_int_equal(plk_cell_len(0), 4096);
    assert_int_equal(plk_cell_len(4052), 4096);
    assert_int_equal(plk_cell_len(4053), 16384);
    assert_int_equal(plk_cell_len(16340), 16384);
    assert_int_equal(plk_cell_len(16341), 65536);
    assert_int_equal(plk_cell_len(65492), 65536);
    assert_int_equal(plk_cell_len(65493), 0);
    assert_int_equal(PLK_CELL_CONTENT_MAX, 65492);
}

static void what_is_sealed_opens_with_its_key_for_its_queue(void **state) {
    (void)state;
    static const size_t lens[] = {0, 1, 4052, 4053, 16341, 65492};
    struct plk_bytes opened;
    for (size_t i = 0; i < sizeof content; i++) content[i] = (uint8_t)(i * 31);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct plk_bytes sealed = plk_bytes(cell, plk_cell_len(lens[i]));
        plk_cell_seal(cell, key, sid, nonce, plk_bytes(content, lens[i]));
        assert_int_equal(plk_cell_open(text, other_key, sid, sealed, &opened), PLK_ERR_FORGED);
        assert_int_equal(plk_cell_open(text, key, other_sid, sealed, &opened), PLK_ERR_FORGED);
        assert_int_equal(plk_cell_open(text, key, sid, sealed, &opened), PLK_ERR_OK);
        assert_true(plk_bytes_equal(opened, plk_bytes(content, lens[i])));
        cell[sealed.len - 1] ^= 1;
        assert_int_equal(plk_cell_open(text, key, sid, sealed, &opened), PLK_ERR_FORGED);
    }
}

static void two_copies_share_nothing(void **state) {
    (void)state;
    static uint8_t second[PLK_QUEUE_CELL_SMALL];
    uint8_t nonce2[PLK_XNONCE_LEN] = {9};
    plk_cell_seal(cell, key, sid, nonce, plk_bytes("hello", 5));
    plk_cell_seal(second, key, other_sid, nonce2, plk_bytes("hello", 5));
    for (size_t i = 24; i + 8 <= sizeof second; i++) assert_memory_not_equal(cell + i, second + i, 8);
}

static void a_blob_is_the_same_cell_again_and_another_one_elsewhere(void **state) {
    (void)state;
    static const uint8_t relay[32] = {6}, other_relay[32] = {7};
    uint8_t first[PLK_XNONCE_LEN], again[PLK_XNONCE_LEN];
    plk_cell_nonce(first, key, relay, sid, plk_bytes("blob", 4));
    plk_cell_nonce(again, key, relay, sid, plk_bytes("blob", 4));
    assert_memory_equal(first, again, sizeof first);
    plk_cell_nonce(again, other_key, relay, sid, plk_bytes("blob", 4));
    assert_memory_not_equal(first, again, sizeof first);
    plk_cell_nonce(again, key, other_relay, sid, plk_bytes("blob", 4));
    assert_memory_not_equal(first, again, sizeof first);
    plk_cell_nonce(again, key, relay, other_sid, plk_bytes("blob", 4));
    assert_memory_not_equal(first, again, sizeof first);
    plk_cell_nonce(again, key, relay, sid, plk_bytes("bloc", 4));
    assert_memory_not_equal(first, again, sizeof first);
}

static void other_sizes_are_no_cells(void **state) {
    (void)state;
    struct plk_bytes opened = plk_bytes(NULL, 9);
    static const size_t lens[] = {0, 44, 4095, 4097, 65535};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        assert_int_equal(plk_cell_open(text, key, sid, plk_bytes(cell, lens[i]), &opened), PLK_ERR_MALFORMED);
    }
    assert_int_equal(opened.len, 9);
}

// Sealed with the right key, but not as a writer would have laid it out.
static enum plk_err open_text(size_t cell_len, uint32_t len, size_t dirt_at) {
    static uint8_t plain[PLK_QUEUE_CELL_LARGE];
    uint8_t aad[37];
    struct plk_bytes opened;
    memcpy(aad, "PeerLink/1/queue/cell", 21);
    memcpy(aad + 21, sid, 16);
    memset(plain, 0, sizeof plain);
    for (size_t i = 0; i < 4; i++) plain[i] = (uint8_t)(len >> (24 - 8 * i));
    if (dirt_at > 0) plain[dirt_at] = 1;
    memcpy(cell, nonce, sizeof nonce);
    plk_xaead_seal(cell + 24, key, nonce, plk_bytes(aad, sizeof aad), plk_bytes(plain, cell_len - 40));
    return plk_cell_open(text, key, sid, plk_bytes(cell, cell_len), &opened);
}

static void there_is_one_text_for_each_content(void **state) {
    (void)state;
    assert_int_equal(open_text(4096, 10, 0), PLK_ERR_OK);
    assert_int_equal(open_text(4096, 10, 13), PLK_ERR_OK);          // the last byte of the content
    assert_int_equal(open_text(4096, 10, 14), PLK_ERR_MALFORMED);   // the first of the padding
    assert_int_equal(open_text(4096, 10, 4055), PLK_ERR_MALFORMED); // its last
    assert_int_equal(open_text(4096, 4053, 0), PLK_ERR_MALFORMED);
    assert_int_equal(open_text(4096, UINT32_MAX, 0), PLK_ERR_MALFORMED);
    assert_int_equal(open_text(16384, 4052, 0), PLK_ERR_MALFORMED); // would have fitted the smaller one
    assert_int_equal(open_text(16384, 4053, 0), PLK_ERR_OK);
}

static void a_bundles_cell_is_bound_to_its_sequence(void **state) {
    (void)state;
    struct plk_bytes opened, sealed = plk_bytes(cell, PLK_QUEUE_CELL_SMALL);
    plk_cell_bundle_seal(cell, key, sid, 5, nonce, plk_bytes("bundle", 6));
    assert_int_equal(plk_cell_bundle_open(text, key, sid, 6, sealed, &opened), PLK_ERR_FORGED);
    assert_int_equal(plk_cell_bundle_open(text, key, other_sid, 5, sealed, &opened), PLK_ERR_FORGED);
    assert_int_equal(plk_cell_open(text, key, sid, sealed, &opened), PLK_ERR_FORGED);
    assert_int_equal(plk_cell_bundle_open(text, key, sid, 5, plk_bytes(cell, 4095), &opened), PLK_ERR_MALFORMED);
    assert_int_equal(plk_cell_bundle_open(text, key, sid, 5, sealed, &opened), PLK_ERR_OK);
    assert_true(plk_bytes_equal(opened, plk_bytes_text("bundle")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_the_smallest_that_hold_it),
        cmocka_unit_test(what_is_sealed_opens_with_its_key_for_its_queue),
        cmocka_unit_test(two_copies_share_nothing),
        cmocka_unit_test(a_blob_is_the_same_cell_again_and_another_one_elsewhere),
        cmocka_unit_test(other_sizes_are_no_cells),
        cmocka_unit_test(there_is_one_text_for_each_content),
        cmocka_unit_test(a_bundles_cell_is_bound_to_its_sequence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
