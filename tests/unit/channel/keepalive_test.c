// SPDX-License-Identifier: MIT
// Behind a NAT that forgets after so long, the interval grows until that is too much, and then stays below it. Whether it gives
// another port then, or the same one, is seen in different ways; what is never seen is not taken for granted.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "channel/keepalive.h"

struct nat {
    struct plk_keepalive keepalive;
    uint64_t now_us, lifetime_us;
    bool keeps_port, somebody_writes; // in the middle of each silence
    struct plk_keepalive_seen seen;
    unsigned forgotten;
};

static void silence(struct nat *n) {
    uint64_t silent_us = n->keepalive.interval_us, written_us = silent_us * 9 / 10;
    bool lost = n->somebody_writes && written_us > n->lifetime_us;
    if (n->somebody_writes && !lost && written_us > n->seen.borne_us) n->seen.borne_us = written_us;
    n->now_us += silent_us;
    n->forgotten += silent_us > n->lifetime_us;
    n->seen.challenged = (uint8_t)(n->seen.challenged + (silent_us > n->lifetime_us && !n->keeps_port));
    n->seen.missed = (uint8_t)(n->seen.missed + lost);
    n->seen.asked_us = n->now_us;
    plk_keepalive_learn(&n->keepalive, &n->seen);
}

static struct nat behind(uint64_t lifetime_us, bool keeps_port, bool somebody_writes) {
    struct nat n = {.lifetime_us = lifetime_us, .now_us = PLK_SECOND};
    n.keeps_port = keeps_port;
    n.somebody_writes = somebody_writes;
    n.seen.asked_us = n.now_us;
    plk_keepalive_begin(&n.keepalive);
    plk_keepalive_channel(&n.keepalive, n.now_us);
    for (int i = 0; i < 200; i++) silence(&n);
    return n;
}

static void it_finds_what_the_nat_bears(void **state) {
    (void)state;
    static const uint64_t lifetimes[] = {20 * PLK_SECOND, 30 * PLK_SECOND, PLK_MINUTE, 3 * PLK_MINUTE};
    for (unsigned i = 0; i < sizeof lifetimes / sizeof lifetimes[0]; i++) {
        for (int keeps_port = 0; keeps_port < 2; keeps_port++) {
            struct nat n = behind(lifetimes[i], keeps_port, true);
            assert_true(n.forgotten <= 2);
            assert_true(n.keepalive.interval_us <= lifetimes[i]);
            assert_true(2 * n.keepalive.interval_us >= lifetimes[i]);
        }
    }
}

// Nobody writes, and the PING is answered from where we were: the mapping may have been away all the time.
static void without_a_sign_it_does_not_go_beyond_what_is_common(void **state) {
    (void)state;
    struct nat n = behind(30 * PLK_SECOND, true, false);
    assert_int_equal(n.forgotten, 0);
    assert_true(n.keepalive.interval_us <= PLK_KEEPALIVE_BLIND_US);
    assert_true(2 * n.keepalive.interval_us > PLK_KEEPALIVE_BLIND_US);
    n.somebody_writes = true;
    for (int i = 0; i < 20; i++) silence(&n); // now it tries more, and finds that it was too much
    assert_int_equal(n.forgotten, 1);
    assert_true(n.keepalive.interval_us <= 30 * PLK_SECOND);
}

// What was lost on a bad line looks the same; it only makes one more careful.
static void a_loss_after_a_silence_shortens_it(void **state) {
    (void)state;
    struct nat n = behind(PLK_NEVER, true, true);
    uint64_t was_us = n.keepalive.interval_us;
    n.seen.missed++;
    assert_true(plk_keepalive_learn(&n.keepalive, &n.seen));
    assert_true(n.keepalive.interval_us == was_us * 7 / 10 / PLK_MS * PLK_MS);
    assert_false(plk_keepalive_learn(&n.keepalive, &n.seen));
}

static void it_has_bounds(void **state) {
    (void)state;
    struct nat open = behind(PLK_NEVER, false, true), impatient = behind(5 * PLK_SECOND, false, false);
    assert_true(open.keepalive.interval_us <= PLK_KEEPALIVE_MAX_US);
    assert_true(2 * open.keepalive.interval_us > PLK_KEEPALIVE_MAX_US);
    assert_true(impatient.keepalive.interval_us == PLK_KEEPALIVE_FIRST_US);
}

static void traffic_between_teaches_nothing(void **state) {
    (void)state;
    struct nat n = behind(PLK_NEVER, false, true);
    plk_keepalive_begin(&n.keepalive);
    plk_keepalive_channel(&n.keepalive, n.now_us);
    for (int i = 0; i < 50; i++) {
        n.seen.asked_us += PLK_SECOND;
        assert_false(plk_keepalive_learn(&n.keepalive, &n.seen));
    }
}

static void a_new_channel_keeps_what_was_learned(void **state) {
    (void)state;
    struct nat n = behind(PLK_MINUTE, false, true);
    uint64_t learned_us = n.keepalive.interval_us;
    plk_keepalive_channel(&n.keepalive, n.now_us);
    n.seen = (struct plk_keepalive_seen){.asked_us = n.now_us};
    for (int i = 0; i < 20; i++) silence(&n);
    assert_true(n.keepalive.interval_us == learned_us);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_what_the_nat_bears),
        cmocka_unit_test(without_a_sign_it_does_not_go_beyond_what_is_common),
        cmocka_unit_test(a_loss_after_a_silence_shortens_it),
        cmocka_unit_test(it_has_bounds),
        cmocka_unit_test(traffic_between_teaches_nothing),
        cmocka_unit_test(a_new_channel_keeps_what_was_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
