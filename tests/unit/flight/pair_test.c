// SPDX-License-Identifier: MIT
// Stories of two flights over toy links.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/pair.h"

#define MEGABYTE UINT64_C(1000000)

static void shape(struct pair *p, unsigned path, struct pair_link link) {
    for (unsigned who = 0; who < 2; who++) *p->link[who][path - 1] = link;
}

static struct plk_flight_path_info info_of(const struct pair *p, unsigned who, uint32_t path) {
    struct plk_flight_path_info info;
    assert_true(plk_flight_path_info(p->end[who].flight, path, &info));
    return info;
}

static void assert_honest(const struct pair *p) {
    assert_int_equal(p->end[0].malformed, 0);
    assert_int_equal(p->end[1].malformed, 0);
}

static void a_clean_path_is_filled_without_a_loss(void **state) {
    (void)state;
    struct pair *p = pair_new(1);
    uint64_t took_us = pair_transfer(p, 0, 10 * MEGABYTE, 60 * PLK_SECOND);
    assert_true(took_us < 2 * PLK_SECOND); // the receive window of 256 KiB a round trip of 20 ms is the limit
    assert_int_equal(info_of(p, 0, 1).packets_lost, 0);
    assert_int_equal(info_of(p, 0, 1).smoothed_us, 20 * PLK_MS);
    assert_true(p->end[1].next_pn < p->end[0].next_pn / 2 + 1000); // one ack for two packets, and window updates
    assert_honest(p);
    pair_free(p);
}

static void ten_megabytes_pass_loss_disorder_and_copies(void **state) {
    (void)state;
    struct pair *p = pair_new(2);
    shape(p, 1, (struct pair_link){.delay_us = 8 * PLK_MS, .jitter_us = 4 * PLK_MS, .loss = 50, .twice = 20});
    assert_true(pair_transfer(p, 3, 10 * MEGABYTE, 300 * PLK_SECOND) != PLK_NEVER);
    assert_true(p->link[0][0]->dropped > 300);
    assert_honest(p);
    pair_free(p);
}

static void half_of_everything_lost_is_slow_but_whole(void **state) {
    (void)state;
    struct pair *p = pair_new(3);
    shape(p, 1, (struct pair_link){.delay_us = 10 * PLK_MS, .jitter_us = 10 * PLK_MS, .loss = 500});
    assert_true(pair_transfer(p, 3, 50000, 600 * PLK_SECOND) != PLK_NEVER);
    assert_honest(p);
    pair_free(p);
}

static void a_slow_link_is_used_and_its_queue_not_flooded(void **state) {
    (void)state;
    struct pair *p = pair_new(4);
    struct pair_link link = {.delay_us = 10 * PLK_MS, .rate = 250000, .queue = 20000}; // 2 Mbit/s
    shape(p, 1, link);
    uint64_t took_us = pair_transfer(p, 0, 5 * MEGABYTE, 100 * PLK_SECOND);
    assert_true(took_us < 26 * PLK_SECOND);                                          // 20 s at full rate
    assert_true(info_of(p, 0, 1).packets_lost * 50 < info_of(p, 0, 1).packets_sent); // under 2 %
    assert_honest(p);
    pair_free(p);
}

// Two senders, one bottleneck; the second begins when the first has filled it.
static void two_share_a_bottleneck(void **state) {
    (void)state;
    struct pair *p[2] = {pair_new(5), pair_new(6)};
    uint64_t at[2] = {0, 0}, begin[2], at_half[2];
    shape(p[0], 1, (struct pair_link){.delay_us = 10 * PLK_MS, .rate = 1000000, .queue = 30000});
    for (unsigned who = 0; who < 2; who++) p[1]->link[who][0] = p[0]->link[who][0];
    uint64_t start_us = p[0]->now_us, end_us = start_us + 60 * PLK_SECOND;
    begin[0] = start_us;
    begin[1] = start_us + 5 * PLK_SECOND;
    at_half[0] = at_half[1] = 0;
    while (p[0]->now_us < end_us) {
        for (unsigned i = 0; i < 2; i++) {
            if (p[i]->now_us >= begin[i]) pair_write(p[i], 0, 0, UINT64_MAX / 2);
            pair_send(p[i], 0);
            pair_send(p[i], 1);
        }
        uint64_t next_us = plk_earlier(pair_deadline(p[0]), pair_deadline(p[1]));
        if (next_us <= p[0]->now_us) next_us = p[0]->now_us + 1;
        if (p[1]->now_us < begin[1]) next_us = plk_earlier(next_us, begin[1]);
        for (unsigned i = 0; i < 2; i++) {
            while (pair_step(p[i], next_us)) {}
            assert_true(pair_read(p[i], 1, 0, &at[i]));
            if (at_half[i] == 0 && p[i]->now_us >= start_us + 30 * PLK_SECOND) at_half[i] = at[i];
        }
    }
    uint64_t first = at[0] - at_half[0], second = at[1] - at_half[1];
    assert_true(first + second > 24 * MEGABYTE); // of 30 in the last half minute
    assert_true(first < 2 * second && second < 2 * first);
    pair_free(p[0]);
    pair_free(p[1]);
}

static void a_cut_path_is_noticed_and_the_other_goes_on_without_loss(void **state) {
    (void)state;
    struct pair *p = pair_new(7);
    uint64_t at = 0, total = 2 * MEGABYTE, cut_us = 0, moved_us = 0;
    while (at < total) {
        pair_write(p, 0, 0, total);
        assert_true(pair_step(p, p->now_us + PLK_MINUTE));
        assert_true(pair_read(p, 1, 0, &at));
        if (at > total / 2 && cut_us == 0) {
            cut_us = p->now_us;
            p->link[0][0]->cut = p->link[1][0]->cut = true;
        }
        if (p->end[0].silent[0] >= PLK_FLIGHT_SILENT_PTOS && moved_us == 0) {
            moved_us = p->now_us;
            for (unsigned who = 0; who < 2; who++) {
                plk_flight_path_dead(p->end[who].flight, 1);
                p->end[who].path = 2;
                p->end[who].probes[0] = 0;
            }
        }
    }
    assert_true(cut_us > 0);
    assert_true(moved_us - cut_us < 200 * PLK_MS); // 1 + 2 probe time-outs of about 40 ms
    assert_honest(p);
    pair_free(p);
}

static void on_a_reliable_carrier_nothing_is_paced_or_repeated(void **state) {
    (void)state;
    struct pair *p = pair_new(8);
    for (unsigned who = 0; who < 2; who++) {
        struct plk_flight_path path = {.id = 1, .carrier = PLK_FLIGHT_RELIABLE, .mtu = PAIR_MTU};
        plk_flight_path_dead(p->end[who].flight, 1);
        assert_int_equal(plk_flight_path_add(p->end[who].flight, &path), PLK_ERR_OK);
    }
    shape(p, 1, (struct pair_link){.delay_us = 50 * PLK_MS, .rate = 2000000});
    assert_true(pair_transfer(p, 0, 10 * MEGABYTE, 20 * PLK_SECOND) != PLK_NEVER);
    assert_int_equal(p->end[0].lost, 0);
    assert_int_equal(plk_streams_stats(p->end[0].streams).bytes_repeated, 0);
    pair_free(p);
}

static void at_rest_nothing_is_sent(void **state) {
    (void)state;
    struct pair *p = pair_new(9);
    assert_true(pair_transfer(p, 0, 1000, 10 * PLK_SECOND) != PLK_NEVER);
    pair_run(p, PLK_SECOND);
    uint64_t sent[2] = {p->end[0].next_pn, p->end[1].next_pn};
    assert_int_equal(pair_deadline(p), PLK_NEVER);
    pair_run(p, PLK_HOUR);
    assert_int_equal(p->end[0].next_pn, sent[0]);
    assert_int_equal(p->end[1].next_pn, sent[1]);
    assert_true(plk_flight_idle(p->end[0].flight));
    pair_free(p);
}

static void the_last_packet_of_a_burst_is_repeated_after_one_time_out(void **state) {
    (void)state;
    struct pair *p = pair_new(10);
    assert_true(pair_transfer(p, 0, 20000, 10 * PLK_SECOND) != PLK_NEVER); // RTT is known
    pair_run(p, PLK_SECOND);
    uint64_t at = 20000, start_us = p->now_us, pto_us = info_of(p, 0, 1).pto_us;
    pair_write(p, 0, 0, 20100);
    p->link[0][0]->cut = true;
    pair_send(p, 0);
    p->link[0][0]->cut = false;
    while (at < 20100) {
        assert_true(pair_step(p, start_us + PLK_SECOND));
        assert_true(pair_read(p, 1, 0, &at));
    }
    assert_int_equal(p->now_us - start_us, pto_us + 10 * PLK_MS); // the probe carries it, not a PING
    pair_free(p);
}

// Each packet takes 10 to 30 ms, whatever left before it: with a threshold of three packets that is 65 kB a second, because
// half of what is called lost is only late. The window of a stream allows 6 MB a second at 20 ms.
static void strong_disorder_is_not_taken_for_loss(void **state) {
    (void)state;
    struct pair *p = pair_new(12);
    shape(p, 1, (struct pair_link){.delay_us = 10 * PLK_MS, .jitter_us = 20 * PLK_MS});
    uint64_t took_us = pair_transfer(p, 0, 10 * MEGABYTE, 60 * PLK_SECOND);
    assert_true(took_us < 10 * PLK_SECOND);
    assert_true(info_of(p, 0, 1).late > 0);
    assert_true(info_of(p, 0, 1).packets_lost * 50 < info_of(p, 0, 1).packets_sent); // under 2 %
    assert_true(info_of(p, 0, 1).packet_threshold <= PLK_FLIGHT_PACKET_THRESHOLD_MAX);
    assert_honest(p);
    pair_free(p);
}

static void the_same_seed_gives_the_same_run(void **state) {
    (void)state;
    uint64_t took_us[2], packets[2];
    for (unsigned i = 0; i < 2; i++) {
        struct pair *p = pair_new(11);
        shape(p, 1, (struct pair_link){.delay_us = 8 * PLK_MS, .jitter_us = 4 * PLK_MS, .loss = 50, .twice = 20});
        took_us[i] = pair_transfer(p, 0, MEGABYTE, 100 * PLK_SECOND);
        packets[i] = p->end[0].next_pn;
        pair_free(p);
    }
    assert_int_equal(took_us[0], took_us[1]);
    assert_int_equal(packets[0], packets[1]);
}

// 10 MB a second, 40 ms there and back, so 400 kB under way, and a queue of 50 kB that overflows now and then. After each time
// NewReno needs six seconds to fill the way again, CUBIC less.
static uint64_t long_fat_pipe(enum plk_flight_law law) {
    struct pair *p = pair_new(13);
    for (unsigned who = 0; who < 2; who++) {
        struct plk_flight_path path = {.id = 1, .law = law, .mtu = PAIR_MTU};
        plk_flight_path_dead(p->end[who].flight, 1);
        assert_int_equal(plk_flight_path_add(p->end[who].flight, &path), PLK_ERR_OK);
        plk_streams_let_grow(p->end[who].streams);
    }
    shape(p, 1, (struct pair_link){.delay_us = 20 * PLK_MS, .rate = 10 * MEGABYTE, .queue = 50000});
    uint64_t took_us = pair_transfer(p, 0, 100 * MEGABYTE, 100 * PLK_SECOND);
    assert_honest(p);
    pair_free(p);
    return took_us;
}

static void a_long_fat_pipe_is_soon_full_again_after_a_loss(void **state) {
    (void)state;
    uint64_t cubic_us = long_fat_pipe(PLK_FLIGHT_CUBIC), reno_us = long_fat_pipe(PLK_FLIGHT_RENO);
    assert_true(cubic_us < 12 * PLK_SECOND); // 10 s at full rate
    assert_true(cubic_us + PLK_SECOND / 2 < reno_us);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_path_is_filled_without_a_loss),
        cmocka_unit_test(ten_megabytes_pass_loss_disorder_and_copies),
        cmocka_unit_test(half_of_everything_lost_is_slow_but_whole),
        cmocka_unit_test(a_slow_link_is_used_and_its_queue_not_flooded),
        cmocka_unit_test(two_share_a_bottleneck),
        cmocka_unit_test(a_cut_path_is_noticed_and_the_other_goes_on_without_loss),
        cmocka_unit_test(on_a_reliable_carrier_nothing_is_paced_or_repeated),
        cmocka_unit_test(at_rest_nothing_is_sent),
        cmocka_unit_test(the_last_packet_of_a_burst_is_repeated_after_one_time_out),
        cmocka_unit_test(strong_disorder_is_not_taken_for_loss),
        cmocka_unit_test(the_same_seed_gives_the_same_run),
        cmocka_unit_test(a_long_fat_pipe_is_soon_full_again_after_a_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
