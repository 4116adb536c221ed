// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "flight/late.h"

static struct plk_late late;

static int set_up(void **state) {
    (void)state;
    memset(&late, 0, sizeof late);
    return 0;
}

static void lose(uint32_t path, uint64_t pn, uint64_t at_us) {
    struct plk_late_packet packet = {.pn = pn, .order = pn + 1000, .lost_us = at_us, .path = path};
    plk_late_lost(&late, &packet);
}

// How many of the path's an ack of first..last names.
static unsigned take(uint32_t path, uint64_t first, uint64_t last, uint64_t now_us) {
    struct plk_frame_ack ack = {.count = 1, .ranges = {{.first = first, .last = last}}};
    struct plk_late_packet packet;
    unsigned count = 0;
    for (; plk_late_take(&late, path, &ack, now_us, &packet); count++) {
        assert_in_range(packet.pn, first, last);
        assert_int_equal(packet.order, packet.pn + 1000);
    }
    return count;
}

static void each_is_taken_once_by_its_own_path(void **state) {
    (void)state;
    for (uint64_t pn = 1; pn <= 5; pn++) lose(pn == 3 ? 2 : 1, pn, 0);
    assert_int_equal(take(1, 2, 4, 0), 2);
    assert_int_equal(take(1, 2, 4, 0), 0);
    assert_int_equal(take(2, 0, 9, 0), 1);
    assert_int_equal(take(1, 0, 9, 0), 2);
    assert_int_equal(late.count, 0);
}

static void only_what_the_ack_names(void **state) {
    (void)state;
    struct plk_frame_ack ack = {.count = 2, .ranges = {{.first = 8, .last = 9}, {.first = 2, .last = 3}}};
    struct plk_late_packet packet;
    lose(1, 5, 0);
    lose(1, 3, 0);
    assert_true(plk_late_take(&late, 1, &ack, 0, &packet));
    assert_int_equal(packet.pn, 3);
    assert_false(plk_late_take(&late, 1, &ack, 0, &packet));
}

static void the_oldest_give_way(void **state) {
    (void)state;
    for (uint64_t pn = 0; pn < PLK_LATE_PACKETS + 10; pn++) lose(1, pn, 0);
    assert_int_equal(late.count, PLK_LATE_PACKETS);
    assert_int_equal(take(1, 0, 9, 0), 0);
    assert_int_equal(take(1, 10, 10, 0), 1);
    plk_late_forget(&late, 2);
    assert_int_equal(late.count, PLK_LATE_PACKETS - 1);
    plk_late_forget(&late, 1);
    assert_int_equal(late.count, 0);
}

static void after_a_while_lost_is_lost(void **state) {
    (void)state;
    lose(1, 7, PLK_SECOND);
    lose(1, 8, PLK_SECOND + 1);
    assert_int_equal(take(1, 0, 9, PLK_SECOND + PLK_LATE_US + 1), 1);
    assert_int_equal(late.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_is_taken_once_by_its_own_path, set_up),
        cmocka_unit_test_setup(only_what_the_ack_names, set_up),
        cmocka_unit_test_setup(the_oldest_give_way, set_up),
        cmocka_unit_test_setup(after_a_while_lost_is_lost, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
