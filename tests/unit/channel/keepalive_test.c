// SPDX-License-Identifier: MIT
// Behind a NAT that forgets after so long, the interval grows until that is too much, and then stays below it.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "channel/keepalive.h"

struct nat {
    struct plk_keepalive keepalive;
    uint64_t now_us, asked_us, lifetime_us;
    uint8_t challenged;
    unsigned forgotten;
};

static void silence(struct nat *n) {
    n->now_us += n->keepalive.interval_us;
    if (n->now_us - n->asked_us > n->lifetime_us) {
        n->challenged++;
        n->forgotten++;
    }
    plk_keepalive_learn(&n->keepalive, n->challenged, n->now_us);
    n->asked_us = n->now_us;
}

static struct nat behind(uint64_t lifetime_us) {
    struct nat n = {.lifetime_us = lifetime_us, .now_us = PLK_SECOND};
    plk_keepalive_begin(&n.keepalive);
    plk_keepalive_channel(&n.keepalive, n.now_us);
    n.asked_us = n.now_us;
    for (int i = 0; i < 200; i++) silence(&n);
    return n;
}

static void it_finds_what_the_nat_bears(void **state) {
    (void)state;
    static const uint64_t lifetimes[] = {20 * PLK_SECOND, 30 * PLK_SECOND, PLK_MINUTE, 3 * PLK_MINUTE};
    for (unsigned i = 0; i < sizeof lifetimes / sizeof lifetimes[0]; i++) {
        struct nat n = behind(lifetimes[i]);
        assert_true(n.forgotten <= 2);
        assert_true(n.keepalive.interval_us <= lifetimes[i]);
        assert_true(2 * n.keepalive.interval_us >= lifetimes[i]);
    }
}

static void it_has_bounds(void **state) {
    (void)state;
    struct nat open = behind(PLK_NEVER), impatient = behind(5 * PLK_SECOND);
    assert_true(open.keepalive.interval_us <= PLK_KEEPALIVE_MAX_US);
    assert_true(2 * open.keepalive.interval_us > PLK_KEEPALIVE_MAX_US);
    assert_true(impatient.keepalive.interval_us == PLK_KEEPALIVE_FIRST_US);
}

static void traffic_between_teaches_nothing(void **state) {
    (void)state;
    struct nat n = behind(PLK_NEVER);
    plk_keepalive_begin(&n.keepalive);
    plk_keepalive_channel(&n.keepalive, n.now_us);
    for (int i = 0; i < 50; i++) {
        n.now_us += PLK_SECOND;
        assert_false(plk_keepalive_learn(&n.keepalive, 0, n.now_us));
    }
}

static void a_new_channel_keeps_what_was_learned(void **state) {
    (void)state;
    struct nat n = behind(PLK_MINUTE);
    uint64_t learned_us = n.keepalive.interval_us;
    plk_keepalive_channel(&n.keepalive, n.now_us);
    n.challenged = 0;
    for (int i = 0; i < 20; i++) silence(&n);
    assert_true(n.keepalive.interval_us == learned_us);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_what_the_nat_bears),
        cmocka_unit_test(it_has_bounds),
        cmocka_unit_test(traffic_between_teaches_nothing),
        cmocka_unit_test(a_new_channel_keeps_what_was_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
