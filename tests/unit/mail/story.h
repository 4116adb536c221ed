// SPDX-License-Identifier: MIT
// What the stories of mail share: the pair, and letters by the dozen.
#ifndef PLK_TESTS_UNIT_MAIL_STORY_H
#define PLK_TESTS_UNIT_MAIL_STORY_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/mail_check.h"

enum { ALICE, BOB };

static struct mail_pair pair;
static struct mail_side *const alice = &pair.side[ALICE];
static struct mail_side *const bob = &pair.side[BOB];

static inline int set_up(void **state) {
    (void)state;
    mail_pair_init(&pair);
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    mail_pair_free(&pair);
    return 0;
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static inline void write_many(int from, unsigned count) {
    char text[32];
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "letter %u", i);
        mail_text(&pair, from, text);
    }
}

static inline void end_well(void) {
    mail_heal(&pair);
    mail_check_end(&pair, ALICE);
    mail_check_end(&pair, BOB);
}

// They have met, talked, and nothing is under way.
static inline void acquaint(void) {
    mail_connect(&pair);
    write_many(ALICE, 3);
    write_many(BOB, 3);
    assert_true(mail_run(&pair));
}

#endif
