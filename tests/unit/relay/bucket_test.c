// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "relay/agenda.h"
#include "relay/bucket.h"
#include "relay/client.h"
#include "support/memory.h"

static void a_bucket_leaks(void **state) {
    (void)state;
    struct plk_bucket bucket = {0};
    uint64_t now_us = 77 * PLK_SECOND;
    for (int i = 0; i < 40; i++) assert_true(plk_bucket_take(&bucket, now_us, 20, 40, 1));
    assert_false(plk_bucket_take(&bucket, now_us, 20, 40, 1));
    unsigned taken = 0;
    for (int i = 0; i < 1000; i++) { // looked at often: nothing is lost by rounding
        now_us += 7 * PLK_MS;
        taken += plk_bucket_take(&bucket, now_us, 20, 40, 1);
    }
    assert_in_range(taken, 138, 141);
    assert_false(plk_bucket_take(&bucket, now_us + PLK_HOUR, 20, 40, 41)); // more than it holds
    assert_true(plk_bucket_take(&bucket, now_us + PLK_HOUR, 20, 40, 40));
}

static void prefixes_are_24_and_48(void **state) {
    (void)state;
    struct plk_addr a = {.family = 4, .ip = {1, 2, 3, 4}}, b = {.family = 4, .ip = {1, 2, 3, 200}};
    struct plk_addr c = {.family = 4, .ip = {1, 2, 4, 4}};
    struct plk_addr d = {.family = 6, .ip = {0x20, 1, 0xd, 0xb8, 0, 1, 5}},
                    e = {.family = 6, .ip = {0x20, 1, 0xd, 0xb8, 0, 1, 6}};
    struct plk_addr f = {.family = 6, .ip = {0x20, 1, 0xd, 0xb8, 0, 2, 5}};
    assert_true(plk_bucket_prefix(&a) == plk_bucket_prefix(&b));
    assert_true(plk_bucket_prefix(&a) != plk_bucket_prefix(&c));
    assert_true(plk_bucket_prefix(&d) == plk_bucket_prefix(&e));
    assert_true(plk_bucket_prefix(&d) != plk_bucket_prefix(&f));
}

static void a_table_of_buckets_forgets_the_oldest_only(void **state) {
    (void)state;
    static const uint8_t key[16] = {1};
    struct plk_buckets *buckets = calloc(1, sizeof *buckets);
    uint64_t now_us = PLK_SECOND;
    assert_true(plk_bucket_take(plk_buckets_of(buckets, key, 5, now_us), now_us, 1, 9, 9));
    for (uint64_t i = 100; i < 600; i++) plk_buckets_of(buckets, key, i, now_us += PLK_MS);
    struct plk_bucket *mine = plk_buckets_of(buckets, key, 5, now_us);
    assert_false(plk_bucket_take(mine, now_us, 1, 9, 9)); // remembered among a few hundred
    for (uint64_t i = 1000; i < 20000; i++) plk_buckets_of(buckets, key, i, now_us += PLK_MS);
    assert_true(plk_bucket_take(plk_buckets_of(buckets, key, 5, now_us), now_us, 1, 9, 9));
    free(buckets);
}

static void the_agenda_is_in_order(void **state) {
    (void)state;
    enum { N = 300 };
    struct plk_mem mem = {.take = memory_take, .give = memory_give};
    struct plk_agenda agenda;
    struct plk_relay_client *clients = calloc(N, sizeof *clients);
    uint64_t at_us[N], seed = 5;
    plk_agenda_init(&agenda, &mem);
    assert_true(plk_agenda_next_us(&agenda) == PLK_NEVER);
    for (unsigned round = 0; round < 3; round++) { // set, and move
        for (unsigned i = 0; i < N; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            at_us[i] = seed >> 44;
            plk_agenda_set(&agenda, &clients[i], at_us[i]);
        }
    }
    for (unsigned i = 0; i < N; i += 3) {
        plk_agenda_remove(&agenda, &clients[i]);
        plk_agenda_remove(&agenda, &clients[i]);
        at_us[i] = PLK_NEVER;
    }
    uint64_t before = 0;
    for (unsigned left = N - N / 3; left > 0; left--) {
        uint64_t next = plk_agenda_next_us(&agenda);
        assert_null(plk_agenda_due(&agenda, next - 1));
        struct plk_relay_client *client = plk_agenda_due(&agenda, next);
        assert_true(at_us[client - clients] == next && next >= before);
        before = next;
        plk_agenda_remove(&agenda, client);
    }
    assert_int_equal(agenda.count, 0);
    plk_agenda_free(&agenda);
    assert_int_equal(mem.used, 0);
    free(clients);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_leaks),
        cmocka_unit_test(prefixes_are_24_and_48),
        cmocka_unit_test(a_table_of_buckets_forgets_the_oldest_only),
        cmocka_unit_test(the_agenda_is_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
