// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "session/hint.h"

#include "crypto/rng.h"

#define KEYS 1000

struct world {
    struct plk_rng rng;
    struct plk_hint_entry entries[KEYS];
    uint8_t bytes[PLK_PACKET_HANDSHAKE_LEN];
    struct plk_packet packet;
    struct plk_hint_budget budget;
};

static void init(struct world *w) {
    static const uint8_t seed[32] = {3};
    plk_rng_seed(&w->rng, seed);
    for (uint32_t i = 0; i < KEYS; i++) {
        plk_rng_bytes(&w->rng, w->entries[i].key, sizeof w->entries[i].key);
        w->entries[i].owner = 5000 + i;
    }
    plk_hint_budget_init(&w->budget, PLK_HINT_KEYS_PER_SECOND, PLK_HINT_KEYS_BURST, 0);
}

// A message 1 under a key.
static void make(struct world *w, const uint8_t *key, uint64_t stamp) {
    plk_rng_bytes(&w->rng, w->bytes, sizeof w->bytes);
    w->bytes[0] = PLK_PACKET_MESSAGE1;
    w->bytes[1] = PLK_PACKET_VERSION;
    plk_hint_make(key, w->bytes + PLK_PACKET_HEADER1_LEN, stamp, w->bytes + 2, w->bytes + 18);
    assert_int_equal(plk_packet_decode(&w->packet, plk_bytes(w->bytes, sizeof w->bytes)), PLK_ERR_OK);
}

static void the_owner_is_found_wherever_it_stands(void **state) {
    (void)state;
    static struct world w;
    init(&w);
    static const size_t places[] = {0, 1, 499, KEYS - 2, KEYS - 1};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        uint32_t owner = 0;
        make(&w, w.entries[places[i]].key, 77);
        uint64_t before = w.budget.keys;
        assert_int_equal(plk_hint_scan(w.entries, KEYS, &w.packet, &w.budget, &owner), PLK_ERR_OK);
        assert_int_equal(owner, 5000 + places[i]);
        assert_int_equal(before - w.budget.keys, places[i] + 1);
        assert_true(plk_hint_check(w.entries[places[i]].key, &w.packet));
        assert_false(plk_hint_check(w.entries[500].key, &w.packet));
    }
}

static void a_stranger_is_nobody(void **state) {
    (void)state;
    static struct world w;
    init(&w);
    uint8_t key[16] = {9};
    uint32_t owner = 1;
    make(&w, key, 77);
    assert_int_equal(plk_hint_scan(w.entries, KEYS, &w.packet, &w.budget, &owner), PLK_ERR_NOT_FOUND);
    assert_int_equal(owner, 1);
    assert_int_equal(w.budget.keys, PLK_HINT_KEYS_BURST - KEYS);
    assert_int_equal(plk_hint_scan(w.entries, 0, &w.packet, &w.budget, &owner), PLK_ERR_NOT_FOUND);
}

static void any_change_of_hint_stamp_or_ephemeral_loses_the_owner(void **state) {
    (void)state;
    static struct world w;
    init(&w);
    make(&w, w.entries[3].key, 1);
    for (size_t bit = 16; bit < 58 * 8; bit++) {
        w.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(plk_hint_check(w.entries[3].key, &w.packet));
        w.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(plk_hint_check(w.entries[3].key, &w.packet));
}

static void the_stamp_comes_back_and_does_not_show(void **state) {
    (void)state;
    static struct world w;
    init(&w);
    static const uint64_t stamps[] = {0, 1, 2, 0x0102030405060708, UINT64_MAX};
    for (size_t i = 0; i < 5; i++) {
        make(&w, w.entries[0].key, stamps[i]);
        assert_int_equal(plk_hint_stamp(w.entries[0].key, &w.packet), stamps[i]);
        uint8_t plain[8];
        for (int n = 0; n < 8; n++) plain[n] = (uint8_t)(stamps[i] >> (56 - 8 * n));
        assert_memory_not_equal(w.packet.stamp.at, plain, 8);
    }
}

static void keys_differ_by_psk_and_direction(void **state) {
    (void)state;
    uint8_t psk[32] = {1}, keys[4][16];
    for (int i = 0; i < 3; i++) plk_hint_key(keys[i], psk, (enum plk_hint_direction)i);
    psk[31] = 1;
    plk_hint_key(keys[3], psk, PLK_HINT_LARGER);
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < i; j++) assert_memory_not_equal(keys[i], keys[j], 16);
    }
}

static void the_budget_is_used_up_and_comes_back_with_time(void **state) {
    (void)state;
    static struct world w;
    init(&w);
    uint8_t key[16] = {9};
    uint32_t owner = 0;
    unsigned scans = 0;
    make(&w, key, 1);
    for (; w.budget.keys >= KEYS; scans++) {
        assert_int_equal(plk_hint_scan(w.entries, KEYS, &w.packet, &w.budget, &owner), PLK_ERR_NOT_FOUND);
    }
    assert_int_equal(scans, PLK_HINT_KEYS_BURST / KEYS);
    plk_hint_budget_refill(&w.budget, 0); // no time, no keys
    assert_int_equal(w.budget.keys, 0);
    plk_hint_budget_refill(&w.budget, 10 * PLK_MS);
    assert_int_equal(w.budget.keys, PLK_HINT_KEYS_PER_SECOND / 100);
    plk_hint_budget_refill(&w.budget, 5 * PLK_MS); // time does not go back
    assert_int_equal(w.budget.keys, PLK_HINT_KEYS_PER_SECOND / 100);
    plk_hint_budget_take(&w.budget, PLK_HINT_KEYS_PER_SECOND / 100 - 1);
    assert_int_equal(w.budget.keys, 1);
    plk_hint_budget_take(&w.budget, 2); // never below nothing
    assert_int_equal(w.budget.keys, 0);
    plk_hint_budget_refill(&w.budget, PLK_DAY);
    assert_int_equal(w.budget.keys, PLK_HINT_KEYS_BURST);
}

// Refilling every microsecond gives at least two thirds of what refilling once does: 1.5 keys a step, cut to 1.
static void small_steps_lose_little_budget(void **state) {
    (void)state;
    struct plk_hint_budget budget = {.per_second = PLK_HINT_KEYS_PER_SECOND, .burst = PLK_HINT_KEYS_BURST};
    for (uint64_t now = 0; now <= 1000; now++) plk_hint_budget_refill(&budget, now);
    assert_in_range(budget.keys, 1000, 1500);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_owner_is_found_wherever_it_stands),
        cmocka_unit_test(a_stranger_is_nobody),
        cmocka_unit_test(any_change_of_hint_stamp_or_ephemeral_loses_the_owner),
        cmocka_unit_test(the_stamp_comes_back_and_does_not_show),
        cmocka_unit_test(keys_differ_by_psk_and_direction),
        cmocka_unit_test(the_budget_is_used_up_and_comes_back_with_time),
        cmocka_unit_test(small_steps_lose_little_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
