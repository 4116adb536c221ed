// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/hints.h"
#include "unit/base/heap.h"

enum { CONTACTS = 1000 }; // of the floods, with a usual and two rare keys each

static struct heap heap;
static struct plk_mem mem;
static struct plk_hints hints;
static uint64_t now_us;

static int set_up(void **state) {
    static const uint8_t seed[32] = {1};
    struct plk_rng rng;
    (void)state;
    mem = heap_mem(&heap);
    plk_rng_seed(&rng, seed);
    plk_hints_init(&hints, &mem, &rng);
    now_us = 1;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_hints_free(&hints);
    assert_int_equal(heap.blocks, 0);
    return 0;
}

static void key_of(uint8_t key[PLK_HINT_KEY_LEN], unsigned i) {
    memset(key, 0, PLK_HINT_KEY_LEN);
    key[0] = (uint8_t)i;
    key[1] = (uint8_t)(i >> 8);
    key[2] = (uint8_t)(i >> 16);
}

static void add(enum plk_hint_class class, unsigned i, uint32_t owner) {
    uint8_t key[PLK_HINT_KEY_LEN];
    key_of(key, i);
    plk_hints_add(&hints, class, key, owner);
}

// A call under key i from there. 0: nobody's, or too much is being asked.
static uint32_t call(unsigned i, const struct plk_addr *from, bool proven, enum plk_err *err) {
    uint8_t key[PLK_HINT_KEY_LEN], ephemeral[32] = {1, 2, 3}, hint[PLK_PACKET_HINT_LEN], stamp[PLK_PACKET_STAMP_LEN];
    uint32_t owner = 0;
    key_of(key, i);
    plk_hint_make(key, ephemeral, 5, hint, stamp);
    struct plk_packet packet = {.kind = PLK_PACKET_MESSAGE1, .hint = plk_bytes(hint, sizeof hint)};
    packet.stamp = plk_bytes(stamp, sizeof stamp);
    packet.ephemeral = plk_bytes(ephemeral, sizeof ephemeral);
    *err = plk_hints_find(&hints, &packet, (struct plk_hint_source){from, proven}, now_us, &owner);
    assert_true(*err == PLK_ERR_OK || *err == PLK_ERR_NOT_FOUND || *err == PLK_ERR_LIMIT);
    return *err == PLK_ERR_OK ? owner : 0;
}

static struct plk_addr source(uint32_t i) {
    return (struct plk_addr){.family = 4, .ip = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1}, .port = 7};
}

static uint32_t called(unsigned i) {
    struct plk_addr from = source(1);
    enum plk_err err;
    uint32_t owner = call(i, &from, false, &err);
    assert_true(err != PLK_ERR_LIMIT);
    return owner;
}

static size_t count(void) { return hints.classes[PLK_HINT_USUAL].count + hints.classes[PLK_HINT_RARE].count; }

static void the_owner_of_each_key_is_found(void **state) {
    (void)state;
    assert_int_equal(called(1), 0);
    for (unsigned i = 1; i <= 100; i++) {
        add(i % 3 == 0 ? PLK_HINT_RARE : PLK_HINT_USUAL, i, i <= 50 ? i : PLK_HINT_OF_INVITE | i);
    }
    for (unsigned i = 1; i <= 100; i++) assert_int_equal(called(i), i <= 50 ? i : PLK_HINT_OF_INVITE | i);
    assert_int_equal(called(101), 0);
}

static void all_keys_of_an_owner_go_and_no_others(void **state) {
    (void)state;
    for (unsigned i = 0; i < 12; i++) add(i < 6 ? PLK_HINT_USUAL : PLK_HINT_RARE, i, i % 3 + 1);
    add(PLK_HINT_USUAL, 100, PLK_HINT_OF_INVITE | 2); // the invite of the same number is somebody else
    plk_hints_remove(&hints, 2);
    assert_int_equal(count(), 9);
    for (unsigned i = 0; i < 12; i++) assert_int_equal(called(i), i % 3 == 1 ? 0 : i % 3 + 1);
    assert_int_equal(called(100), PLK_HINT_OF_INVITE | 2);
    plk_hints_remove(&hints, 77); // nobody
    assert_int_equal(count(), 9);
}

// A key of what was removed opens nothing any more, and none of it lies behind the last entry.
static void nothing_is_left_of_a_removed_key(void **state) {
    (void)state;
    for (unsigned i = 0; i < PLK_HINT_CLASSES; i++) {
        add((enum plk_hint_class)i, 1, 1);
        add((enum plk_hint_class)i, 2, 2);
    }
    plk_hints_remove(&hints, 1);
    plk_hints_remove(&hints, 2);
    assert_int_equal(count(), 0);
    for (unsigned class = 0; class < PLK_HINT_CLASSES; class ++) {
        for (size_t i = 0; i < hints.classes[class].cap; i++) {
            static const uint8_t none[PLK_HINT_KEY_LEN];
            assert_memory_equal(hints.classes[class].entries[i].key, none, sizeof none);
        }
    }
}

// ---- floods: for some seconds, so many calls each under no key at all ---------------------------------------------------

static void people(void) {
    for (unsigned i = 1; i <= CONTACTS; i++) {
        add(PLK_HINT_USUAL, i, i);
        add(PLK_HINT_RARE, 10000 + i, i);
        add(PLK_HINT_RARE, 20000 + i, i);
    }
}

// Returns the keys that were tried for the last second of it.
static uint64_t flood(unsigned seconds, unsigned a_second, uint32_t sources) {
    uint64_t tried = 0;
    for (unsigned i = 0; i < seconds * a_second; i++) {
        struct plk_addr from = source(1000 + i % sources);
        enum plk_err err;
        now_us += PLK_SECOND / a_second;
        if (i == (seconds - 1) * a_second) tried = 0;
        for (unsigned c = 0; c < PLK_HINT_CLASSES; c++) {
            plk_hint_budget_refill(&hints.classes[c].budget, now_us);
            tried += hints.classes[c].budget.keys;
        }
        assert_int_equal(call(99999, &from, false, &err), 0);
        for (unsigned c = 0; c < PLK_HINT_CLASSES; c++) tried -= hints.classes[c].budget.keys;
    }
    return tried;
}

static void a_flood_costs_no_more_than_its_budget(void **state) {
    (void)state;
    people();
    uint64_t tried = flood(2, 10000, 5000);
    assert_true(tried <= PLK_HINT_KEYS_PER_SECOND + PLK_HINT_RARE_PER_SECOND + 3 * CONTACTS);
    assert_true(tried > PLK_HINT_KEYS_PER_SECOND / 2); // and it is used
}

// A contact that lost something, and calls from where it never was: the first try finds it, whatever one source sends.
static void a_flood_of_one_source_hides_no_rare_caller(void **state) {
    (void)state;
    people();
    flood(50, 1000, 1); // shares are drawn anew when the minute is full, and that is no proof
    for (unsigned minute = 0; minute < 5; minute++) {
        flood(60, 1000, 1);
        struct plk_addr from = source(7), flooder = source(1000);
        enum plk_err err;
        // Two sources of 128 share a place now and then; not for more than this minute.
        uint32_t owner = call(10000 + CONTACTS, &from, false, &err);
        if (owner == 0) continue;
        assert_int_equal(owner, CONTACTS);
        assert_int_equal(call(10000 + CONTACTS, &flooder, false, &err), 0);
        assert_int_equal(err, PLK_ERR_LIMIT);
        return;
    }
    fail_msg("never found");
}

// Invented sources use up what those may that prove nothing. Who comes over a connection is found, rare or not.
static void invented_sources_hide_no_caller_over_tcp(void **state) {
    (void)state;
    people();
    flood(3, 10000, 1u << 20);
    struct plk_addr from = source(7);
    enum plk_err err;
    assert_int_equal(call(20000 + CONTACTS, &from, false, &err), 0);
    assert_int_equal(err, PLK_ERR_LIMIT);
    assert_int_equal(call(CONTACTS, &from, true, &err), CONTACTS);
    assert_int_equal(call(20000 + CONTACTS, &from, true, &err), CONTACTS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_owner_of_each_key_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_keys_of_an_owner_go_and_no_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_a_removed_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flood_costs_no_more_than_its_budget, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flood_of_one_source_hides_no_rare_caller, set_up, tear_down),
        cmocka_unit_test_setup_teardown(invented_sources_hide_no_caller_over_tcp, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
