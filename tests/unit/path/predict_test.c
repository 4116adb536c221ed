// SPDX-License-Identifier: MIT
// Ports that a NAT has given, and the next ones.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "path/predict.h"

static int step(unsigned count, uint16_t a, uint16_t b, uint16_t c, uint16_t d) {
    const uint16_t ports[4] = {a, b, c, d};
    return plk_predict_step(ports, count);
}

static void ports_that_follow_each_other_have_a_step(void **state) {
    (void)state;
    assert_int_equal(step(3, 40000, 40001, 40002, 0), 1);
    assert_int_equal(step(4, 40000, 40002, 40004, 40006), 2);
    assert_int_equal(step(3, 40000, 39999, 39998, 0), -1);
    assert_int_equal(step(4, 40000, 40032, 40064, 40096), 32);
}

static void what_others_took_in_between_is_a_multiple(void **state) {
    (void)state;
    assert_int_equal(step(3, 40000, 40001, 40004, 0), 1);
    assert_int_equal(step(4, 40000, 40006, 40008, 40010), 2);
    assert_int_equal(step(4, 40000, 39994, 39992, 39990), -2);
}

static void others_have_none(void **state) {
    (void)state;
    assert_int_equal(step(2, 40000, 40001, 0, 0), 0); // two prove nothing
    assert_int_equal(step(3, 40000, 40000, 40000, 0), 0);
    assert_int_equal(step(3, 40000, 40001, 40000, 0), 0); // to and fro
    assert_int_equal(step(3, 40000, 40033, 40066, 0), 0); // too far
    assert_int_equal(step(3, 51234, 1999, 33017, 0), 0);  // at random
    assert_int_equal(step(4, 40000, 40002, 40005, 40007), 0);
    assert_int_equal(step(4, 43998, 43999, 40000, 40001), 0); // it has come to its end and begun anew
}

static void the_window_is_what_comes_next(void **state) {
    (void)state;
    struct plk_addr last = {.family = 4, .ip = {198, 51, 100, 1}, .port = 40000}, window[PLK_PREDICT_WINDOW];
    assert_int_equal(plk_predict_window(&last, 2, window), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(plk_addr_same_ip(&window[i], &last));
        assert_int_equal(window[i].port, 40002 + 2 * i);
    }
    last.port = 65534;
    assert_int_equal(plk_predict_window(&last, 1, window), 1);
    assert_int_equal(window[0].port, 65535);
    last.port = 2;
    assert_int_equal(plk_predict_window(&last, -1, window), 1);
    assert_int_equal(window[0].port, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_that_follow_each_other_have_a_step),
        cmocka_unit_test(what_others_took_in_between_is_a_multiple),
        cmocka_unit_test(others_have_none),
        cmocka_unit_test(the_window_is_what_comes_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
