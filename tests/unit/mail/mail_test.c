// SPDX-License-Identifier: MIT
// Mail as stories of Alice and Bob (DESIGN 3.8).
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/mail_pair.h"

enum { ALICE, BOB };

static struct mail_pair pair;
static struct mail_side *const alice = &pair.side[ALICE];
static struct mail_side *const bob = &pair.side[BOB];

static int set_up(void **state) {
    (void)state;
    mail_pair_init(&pair);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    mail_pair_free(&pair);
    return 0;
}

static void write_many(int from, unsigned count) {
    char text[32];
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "letter %u", i);
        mail_text(&pair, from, text);
    }
}

static void end_well(void) {
    mail_heal(&pair);
    mail_check_end(&pair, ALICE);
    mail_check_end(&pair, BOB);
}

// ---- ordinary days --------------------------------------------------------------------------------------------------

static void offline_then_online(void **state) {
    (void)state;
    write_many(ALICE, 5);
    mail_flush(&pair, alice);
    assert_int_equal(mail_state(alice, 1), PLK_STATE_QUEUED);
    assert_int_equal(plk_mail_undelivered(alice->mail), 5);
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 5);
    assert_int_equal(alice->counts.delivered, 5);
    assert_int_equal(pair.rekeys, 1); // the first contact
}

static void both_write_at_once(void **state) {
    (void)state;
    mail_connect(&pair);
    for (int i = 0; i < 50; i++) {
        write_many(ALICE, 3);
        write_many(BOB, 2);
        mail_run(&pair);
    }
    end_well();
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 150);
    assert_int_equal(mail_count(&alice->disk, PLK_IN), 100);
    assert_int_equal(pair.rekeys, 1);
}

int main(void) {
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORY(offline_then_online),
        STORY(both_write_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
