// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/carrier.h"
#include "unit/base/heap.h"

static struct heap heap;
static struct plk_mem mem;
static struct plk_carriers carriers;
static const struct plk_addr remote = {.family = 4, .port = 7, .ip = {11, 0, 0, 2}};
static uint8_t links[2]; // only their addresses matter here

static struct plk_link *link_of(unsigned i) { return (struct plk_link *)(void *)&links[i]; }

static int set_up(void **state) {
    (void)state;
    mem = heap_mem(&heap);
    plk_carriers_init(&carriers, &mem);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_carriers_free(&carriers);
    assert_int_equal(heap.blocks, 0);
    return 0;
}

static struct plk_carrier *stranger(uint32_t n) {
    return plk_carriers_add(&carriers, 0x80000000u | n, &remote, NULL, n);
}

static void strangers_are_few_and_the_oldest_gives_way(void **state) {
    (void)state;
    for (uint32_t i = 0; i < PLK_CARRIERS_STRANGERS_MAX; i++) {
        assert_null(plk_carriers_surplus(&carriers));
        assert_non_null(stranger(i));
    }
    assert_null(stranger(1000));
    struct plk_carrier *oldest = plk_carriers_surplus(&carriers);
    assert_int_equal(oldest->stream, 0x80000000u);
    plk_carriers_remove(&carriers, oldest);
    assert_non_null(stranger(1000));
    assert_int_equal(plk_carriers_surplus(&carriers)->stream, 0x80000001u);
}

static void one_that_proved_whose_it_is_makes_room_for_strangers(void **state) {
    (void)state;
    for (uint32_t i = 0; i < PLK_CARRIERS_STRANGERS_MAX; i++) stranger(i);
    plk_carriers_adopt(&carriers, plk_carriers_find(&carriers, 0x80000000u), link_of(0));
    assert_null(plk_carriers_surplus(&carriers));
    assert_non_null(stranger(1000));
    assert_int_equal(plk_carriers_surplus(&carriers)->stream, 0x80000001u); // never that of a contact
    plk_carriers_remove(&carriers, plk_carriers_find(&carriers, 0x80000000u));
    assert_int_equal(carriers.strangers, PLK_CARRIERS_STRANGERS_MAX);
    assert_int_equal(carriers.count, PLK_CARRIERS_STRANGERS_MAX);
}

static void a_carrier_is_adopted_once(void **state) {
    (void)state;
    struct plk_carrier *one = stranger(1);
    plk_carriers_adopt(&carriers, one, link_of(0));
    plk_carriers_adopt(&carriers, one, link_of(1));
    assert_int_equal(carriers.strangers, 0);
    assert_null(plk_carriers_of(&carriers, link_of(0), NULL));
    assert_ptr_equal(plk_carriers_of(&carriers, link_of(1), NULL), one);
}

static void all_together_are_bounded(void **state) {
    (void)state;
    uint32_t n = 0;
    while (plk_carriers_add(&carriers, ++n, &remote, link_of(0), 0) != NULL) assert_true(n <= PLK_CARRIERS_MAX);
    assert_int_equal(carriers.count, PLK_CARRIERS_MAX);
    assert_null(stranger(1));
    assert_null(plk_carriers_surplus(&carriers)); // there is no stranger that could go
}

static void a_link_finds_its_own(void **state) {
    (void)state;
    for (uint32_t i = 1; i <= 6; i++) plk_carriers_add(&carriers, i, &remote, link_of(i % 2), 0);
    unsigned count = 0;
    for (struct plk_carrier *c = NULL; (c = plk_carriers_of(&carriers, link_of(1), c)) != NULL; count++) {
        assert_int_equal(c->stream % 2, 1);
    }
    assert_int_equal(count, 3);
    assert_null(plk_carriers_find(&carriers, 7));
    assert_int_equal(plk_carriers_find(&carriers, 4)->stream, 4);
}

static void what_had_come_of_a_packet_goes_with_it(void **state) {
    (void)state;
    struct plk_carrier *one = stranger(1);
    plk_buf_put(&mem, &one->in, plk_bytes("half a packet", 13));
    plk_carriers_remove(&carriers, one);
    assert_int_equal(heap.blocks, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(strangers_are_few_and_the_oldest_gives_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_proved_whose_it_is_makes_room_for_strangers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_carrier_is_adopted_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_together_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_finds_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_had_come_of_a_packet_goes_with_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
