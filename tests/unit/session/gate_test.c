// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "session/gate.h"

static const uint8_t e1[32] = {1}, e2[32] = {2}, answer[PLK_PACKET_HANDSHAKE_LEN] = {0xC2, 7};

static struct plk_bytes eph(const uint8_t *e) { return plk_bytes(e, 32); }
static struct plk_bytes the_answer(void) { return plk_bytes(answer, sizeof answer); }

static void stamps_only_go_up(void **state) {
    (void)state;
    struct plk_gate gate;
    plk_gate_init(&gate, 0);
    assert_int_equal(plk_gate_check(&gate, 0, eph(e1), 0), PLK_GATE_OLDER); // stamps count from 1
    assert_int_equal(plk_gate_check(&gate, 1, eph(e1), 0), PLK_GATE_FRESH);
    assert_int_equal(gate.highest, 0); // only authentication raises it
    plk_gate_raise(&gate, 5, eph(e1), the_answer(), 0);
    assert_int_equal(gate.highest, 5);
    assert_int_equal(plk_gate_check(&gate, 4, eph(e1), 1), PLK_GATE_OLDER);
    assert_int_equal(plk_gate_check(&gate, 6, eph(e1), 1), PLK_GATE_FRESH);
    assert_int_equal(plk_gate_check(&gate, UINT64_MAX, eph(e1), 1), PLK_GATE_FRESH);
}

static void the_same_attempt_gets_the_same_answer_for_30_seconds(void **state) {
    (void)state;
    struct plk_gate gate;
    plk_gate_init(&gate, 0);
    plk_gate_raise(&gate, 5, eph(e1), the_answer(), 1000);
    assert_int_equal(plk_gate_check(&gate, 5, eph(e1), 1000), PLK_GATE_REPEAT);
    assert_int_equal(plk_gate_check(&gate, 5, eph(e1), 1000 + 30 * PLK_SECOND - 1), PLK_GATE_REPEAT);
    struct plk_bytes repeated = plk_gate_answer(&gate);
    assert_int_equal(repeated.len, sizeof answer);
    assert_memory_equal(repeated.at, answer, sizeof answer);
    assert_int_equal(plk_gate_check(&gate, 5, eph(e1), 1000 + 30 * PLK_SECOND), PLK_GATE_OLDER);
    assert_int_equal(plk_gate_check(&gate, 5, eph(e2), 1000), PLK_GATE_OLDER); // another ephemeral: older
}

static void a_restart_keeps_the_stamp_and_loses_the_answer(void **state) {
    (void)state;
    struct plk_gate gate;
    plk_gate_init(&gate, 5);
    assert_int_equal(plk_gate_check(&gate, 5, eph(e1), 0), PLK_GATE_OLDER);
    assert_int_equal(plk_gate_check(&gate, 6, eph(e1), 0), PLK_GATE_FRESH);
}

static void old_stamps_make_one_attempt_a_minute(void **state) {
    (void)state;
    struct plk_gate gate;
    plk_gate_init(&gate, 5);
    assert_true(plk_gate_may_initiate(&gate, 0));
    assert_false(plk_gate_may_initiate(&gate, 0));
    assert_false(plk_gate_may_initiate(&gate, PLK_MINUTE - 1));
    assert_true(plk_gate_may_initiate(&gate, PLK_MINUTE));
    assert_false(plk_gate_may_initiate(&gate, PLK_MINUTE + 1));
    plk_gate_wipe(&gate);
    assert_int_equal(gate.highest, 0);
}

static void a_restart_repeats_no_stamp(void **state) {
    (void)state;
    struct plk_stamp stamp;
    uint64_t durable = 0, highest = 0;
    for (int start = 0; start < 20; start++) { // each start is a crash after some attempts
        plk_stamp_init(&stamp, durable);
        for (int i = 0; i < start * 3; i++) {
            uint64_t taken;
            bool persist;
            assert_int_equal(plk_stamp_take(&stamp, &taken, &persist), PLK_ERR_OK);
            if (persist) durable = stamp.reserved_until;
            assert_true(taken > highest && taken < durable);
            highest = taken;
        }
    }
    assert_true(highest > 500);
}

static void a_block_is_reserved_once_in_sixteen(void **state) {
    (void)state;
    struct plk_stamp stamp;
    unsigned persisted = 0;
    plk_stamp_init(&stamp, 0);
    for (uint64_t i = 1; i <= 160; i++) {
        uint64_t taken;
        bool persist;
        assert_int_equal(plk_stamp_take(&stamp, &taken, &persist), PLK_ERR_OK);
        assert_int_equal(taken, i);
        persisted += persist;
    }
    assert_int_equal(persisted, 160 / PLK_STAMP_BLOCK);
}

static void an_echo_moves_a_rolled_back_sender_on(void **state) {
    (void)state;
    struct plk_stamp stamp;
    uint64_t taken;
    bool persist;
    plk_stamp_init(&stamp, 10);
    assert_false(plk_stamp_heard(&stamp, 9));
    assert_true(plk_stamp_heard(&stamp, 10));
    assert_true(plk_stamp_heard(&stamp, 500));
    assert_int_equal(plk_stamp_take(&stamp, &taken, &persist), PLK_ERR_OK);
    assert_int_equal(taken, 501);
    assert_true(persist);
    assert_int_equal(stamp.reserved_until, 501 + PLK_STAMP_BLOCK);
    assert_false(plk_stamp_heard(&stamp, 502 + PLK_STAMP_JUMP_MAX)); // a lie
    assert_false(plk_stamp_heard(&stamp, UINT64_MAX));
    assert_int_equal(stamp.next, 502);
}

static void stamps_end_without_wrapping(void **state) {
    (void)state;
    struct plk_stamp stamp;
    uint64_t taken = 0, count = 0;
    bool persist;
    plk_stamp_init(&stamp, UINT64_MAX - 5);
    assert_false(plk_stamp_heard(&stamp, UINT64_MAX));
    while (plk_stamp_take(&stamp, &taken, &persist) == PLK_ERR_OK) {
        count++;
        assert_true(taken < stamp.reserved_until);
    }
    assert_int_equal(count, 5);
    assert_int_equal(taken, UINT64_MAX - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamps_only_go_up),
        cmocka_unit_test(the_same_attempt_gets_the_same_answer_for_30_seconds),
        cmocka_unit_test(a_restart_keeps_the_stamp_and_loses_the_answer),
        cmocka_unit_test(old_stamps_make_one_attempt_a_minute),
        cmocka_unit_test(a_restart_repeats_no_stamp),
        cmocka_unit_test(a_block_is_reserved_once_in_sixteen),
        cmocka_unit_test(an_echo_moves_a_rolled_back_sender_on),
        cmocka_unit_test(stamps_end_without_wrapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
