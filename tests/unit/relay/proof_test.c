// SPDX-License-Identifier: MIT
// What proves an owner and a sender is made once and kept in the queue's row.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "relay/proof.h"
#include "support/relay_story.h"

static uint8_t *row_bytes(void) {
    assert_int_equal(rows(PLK_TABLE_rqueue), 1);
    return (uint8_t *)(uintptr_t)rig->disk.tables[PLK_TABLE_rqueue].rows[0].value.at;
}

static int ask_with(enum plk_queue_role role, const uint8_t key[PLK_KEY_LEN], uint32_t handle) {
    struct plk_queue_record record = rig_attach(rig, alice, &queue, role, handle);
    plk_queue_key_prove(record.attach.proof, key, rig->clients[alice].heard.hash, handle);
    return rig_ask(rig, alice, record);
}

// The row is given other K than those that the queue's keys make: whoever proves those is let in, and nobody else. So the relay
// looks at the row, and makes no Diffie-Hellman, for good proofs and for wrong ones, from the first ATTACH on.
static void both_are_taken_from_the_row(void **state) {
    (void)state;
    static const uint8_t owner[PLK_KEY_LEN] = {7}, sender[PLK_KEY_LEN] = {8};
    uint8_t seal[PLK_KEY_LEN];
    struct plk_queue_row row;
    make(0);
    rig_run(rig, PLK_SECOND);
    assert_int_equal(plk_queue_row_decode(plk_bytes(row_bytes(), PLK_QUEUE_ROW_LEN), &row), PLK_ERR_OK);
    plk_hkdf_label(seal, sizeof seal, plk_bytes(rig->config.statics[0], 32), PLK_QUEUE_LABEL_PROVES);
    plk_proof_seal(&row, seal, owner, sender);
    plk_queue_row_encode(row_bytes(), &row);
    assert_int_equal(ask_with(PLK_QUEUE_OWNER, owner, 1), PLK_QUEUE_CODE_OK);
    assert_int_equal(ask_with(PLK_QUEUE_SENDER, sender, 2), PLK_QUEUE_CODE_OK);
    assert_int_equal(ask_with(PLK_QUEUE_OWNER, sender, 3), PLK_QUEUE_CODE_DENIED);
    assert_int_equal(ask_with(PLK_QUEUE_SENDER, owner, 4), PLK_QUEUE_CODE_DENIED);
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &queue, PLK_QUEUE_OWNER, 5)), PLK_QUEUE_CODE_DENIED);
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &queue, PLK_QUEUE_SENDER, 6)), PLK_QUEUE_CODE_DENIED);
}

// A damaged box closes nobody out, and an owner's good proof mends it for both. A sender writes nothing.
static void a_damaged_box_is_mended_by_the_owner(void **state) {
    (void)state;
    uint8_t kept[PLK_QUEUE_ROW_LEN];
    make(0);
    rig_run(rig, PLK_SECOND);
    memcpy(kept, row_bytes(), sizeof kept);
    row_bytes()[PLK_QUEUE_ROW_LEN - 1] ^= 1;
    size_t writes = rig->disk.writes;
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &queue, PLK_QUEUE_SENDER, 1)), PLK_QUEUE_CODE_OK);
    struct plk_queue_record wrong = rig_attach(rig, alice, &queue, PLK_QUEUE_OWNER, 2);
    wrong.attach.proof[3] ^= 1;
    assert_int_equal(rig_ask(rig, alice, wrong), PLK_QUEUE_CODE_DENIED);
    rig_run(rig, PLK_SECOND);
    assert_int_equal(rig->disk.writes, writes);
    assert_memory_not_equal(row_bytes(), kept, sizeof kept);
    assert_int_equal(rig_ask(rig, bob, rig_attach(rig, bob, &queue, PLK_QUEUE_OWNER, 1)), PLK_QUEUE_CODE_OK);
    rig_run(rig, PLK_SECOND);
    assert_memory_equal(row_bytes(), kept, sizeof kept);
}

// Keys of one queue are sealed under one nonce, and those of another under another, also when the sender is the same.
static void nonces_are_of_both_keys(void **state) {
    (void)state;
    static const uint8_t seal[PLK_KEY_LEN] = {1}, key[PLK_KEY_LEN] = {2};
    struct plk_queue_row a = {.owner = {1}, .sender = {2}}, b = {.owner = {1}, .sender = {3}},
                         c = {.owner = {4}, .sender = {2}};
    plk_proof_seal(&a, seal, key, key);
    plk_proof_seal(&b, seal, key, key);
    plk_proof_seal(&c, seal, key, key);
    assert_memory_not_equal(a.proves, b.proves, 16);
    assert_memory_not_equal(a.proves, c.proves, 16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_are_taken_from_the_row, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_box_is_mended_by_the_owner, setup, teardown),
        cmocka_unit_test(nonces_are_of_both_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
