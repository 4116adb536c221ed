// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "relay/mailbox.h"
#include "relay/token.h"
#include "support/memory.h"

static struct plk_mem mem;
static struct plk_queue queue;
static struct plk_mailbox *box;

static int setup(void **state) {
    (void)state;
    mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    queue = (struct plk_queue){.sid = {1}};
    box = plk_mailbox_of(&mem, &queue);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    plk_mailbox_free(&mem, queue.mailbox);
    assert_int_equal(mem.used, 0);
    return 0;
}

static void add(uint64_t number, uint8_t step) {
    struct plk_head head = {.number = number, .step = step, .digest = {(uint8_t)number, 9}};
    plk_mailbox_add(&mem, box, &head);
}

// How many are sent until the window is full.
static unsigned send_all(void) {
    struct plk_head *head;
    unsigned count = 0;
    for (; (head = plk_mailbox_next(box)) != NULL; count++) plk_mailbox_went(box, head);
    return count;
}

static void sixteen_items_go_ahead(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 40; i++) add(2 * i, 0);
    assert_int_equal(send_all(), 16);
    assert_true(plk_mailbox_remove(box, 4, true));
    assert_int_equal(send_all(), 1);
    assert_false(plk_mailbox_remove(box, 4, true));
    assert_false(plk_mailbox_remove(box, 60, true)); // there, but not sent yet
    assert_true(plk_mailbox_remove(box, 60, false));
    assert_int_equal(box->count, 38);
    assert_int_equal(box->bytes, 38 * 4096);
}

static void a_number_that_no_queue_reaches_is_damage(void **state) {
    (void)state;
    static const uint8_t sid[PLK_QUEUE_ID_LEN];
    uint8_t key[PLK_MAILBOX_KEY_LEN], value[PLK_MAILBOX_HEAD_LEN];
    struct plk_head head = {.number = PLK_MAILBOX_NUMBER_MAX}, read;
    plk_head_key(key, sid, head.number);
    plk_head_encode(value, &head);
    struct plk_bytes at = plk_bytes(key, sizeof key), what = plk_bytes(value, sizeof value);
    assert_int_equal(plk_head_decode(at, what, &read), PLK_ERR_OK);
    plk_head_key(key, sid, PLK_MAILBOX_NUMBER_MAX + 1);
    assert_int_equal(plk_head_decode(at, what, &read), PLK_ERR_CORRUPT);
    plk_head_key(key, sid, UINT64_MAX); // the next would be 0
    assert_int_equal(plk_head_decode(at, what, &read), PLK_ERR_CORRUPT);
}

static void or_128_kib(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 8; i++) add(i, 2);
    assert_int_equal(send_all(), 2);
    plk_mailbox_remove(box, 0, true);
    assert_int_equal(send_all(), 1);
}

static void a_rewind_sends_again(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 10; i++) add(i, 0);
    assert_int_equal(send_all(), 10);
    plk_mailbox_rewind(box, 7, 0);
    assert_int_equal(box->out_count, 7);
    assert_int_equal(plk_mailbox_next(box)->number, 7);
    plk_mailbox_rewind(box, 0, 3);
    assert_int_equal(box->out_bytes, 0);
    assert_int_equal(send_all(), 3);
    plk_mailbox_rewind(box, 0, 100); // no more than there may be
    assert_int_equal(box->window, PLK_MAILBOX_WINDOW);
}

static void copies_are_known_by_their_digest(void **state) {
    (void)state;
    uint8_t digest[PLK_MAILBOX_DIGEST_LEN] = {3, 9};
    for (uint64_t i = 0; i < 5; i++) add(i, 0);
    assert_int_equal(plk_mailbox_find(box, digest)->number, 3);
    digest[5] = 1;
    assert_null(plk_mailbox_find(box, digest));
}

static void rows_are_what_they_were(void **state) {
    (void)state;
    uint8_t key[PLK_MAILBOX_KEY_LEN], value[PLK_MAILBOX_HEAD_LEN];
    struct plk_head head = {.number = UINT64_C(1) << 40, .day = 20000, .step = 2, .digest = {7}}, read;
    plk_head_key(key, queue.sid, head.number);
    plk_head_encode(value, &head);
    struct plk_bytes k = plk_bytes(key, sizeof key);
    assert_int_equal(plk_head_decode(k, plk_bytes(value, sizeof value), &read), PLK_ERR_OK);
    assert_memory_equal(&read, &head, sizeof read);
    assert_int_equal(plk_head_size(&read), PLK_QUEUE_CELL_LARGE);
    for (size_t i = 0; i < sizeof value; i++) {
        assert_int_equal(plk_head_decode(k, plk_bytes(value, i), &read), PLK_ERR_CORRUPT);
    }
    value[5] = 3; // there is no such size
    assert_int_equal(plk_head_decode(k, plk_bytes(value, sizeof value), &read), PLK_ERR_CORRUPT);
    assert_int_equal(plk_head_decode(plk_bytes(key, 23), plk_bytes(value, sizeof value), &read), PLK_ERR_CORRUPT);

    uint8_t row[PLK_QUEUE_ROW_LEN], token[PLK_TOKEN_ROW_LEN], grant[PLK_GRANT_ROW_LEN];
    struct plk_queue_row q = {.flags = 2, .day = 9, .owner = {1}, .sender = {2}}, q2;
    struct plk_token_row t = {.guest = true, .allowed = 32, .made = 5, .parent = {8}}, t2;
    struct plk_grant_row g = {.left = 64, .token = {5}}, g2;
    plk_queue_row_encode(row, &q);
    plk_token_row_encode(token, &t);
    plk_grant_row_encode(grant, &g);
    assert_true(sizeof row <= 160);
    assert_int_equal(plk_queue_row_decode(plk_bytes(row, sizeof row), &q2), PLK_ERR_OK);
    assert_int_equal(plk_token_row_decode(plk_bytes(token, sizeof token), &t2), PLK_ERR_OK);
    assert_int_equal(plk_grant_row_decode(plk_bytes(grant, sizeof grant), &g2), PLK_ERR_OK);
    assert_int_equal(q2.day, 9);
    assert_memory_equal(q2.sender, q.sender, 32);
    assert_true(t2.guest && !t2.revoked && t2.made == 5 && t2.parent[0] == 8);
    assert_true(g2.left == 64 && g2.token[0] == 5);
    row[0] = token[0] = grant[0] = 3; // a version that is not known
    assert_int_equal(plk_queue_row_decode(plk_bytes(row, sizeof row), &q2), PLK_ERR_CORRUPT);
    assert_int_equal(plk_token_row_decode(plk_bytes(token, sizeof token), &t2), PLK_ERR_CORRUPT);
    assert_int_equal(plk_grant_row_decode(plk_bytes(grant, sizeof grant), &g2), PLK_ERR_CORRUPT);
}

static void tokens_count(void **state) {
    (void)state;
    struct plk_token_row row = {.allowed = 40, .made = 8};
    assert_true(plk_token_has_left(&row, 32));
    assert_false(plk_token_has_left(&row, 33));
    row.made = 41; // more than there may be
    assert_false(plk_token_has_left(&row, 0));
    row = (struct plk_token_row){.allowed = 0, .made = UINT32_MAX};
    assert_false(plk_token_has_left(&row, 1));
    row.made = 5;
    assert_true(plk_token_has_left(&row, 1000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(sixteen_items_go_ahead),
        TEST(or_128_kib),
        TEST(a_rewind_sends_again),
        TEST(copies_are_known_by_their_digest),
        TEST(rows_are_what_they_were),
        TEST(tokens_count),
        TEST(a_number_that_no_queue_reaches_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
