// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sim/agenda.h"
#include "sim/dice.h"

struct log {
    struct agenda *agenda;
    int seen[64];
    uint64_t at_us[64];
    size_t count;
};

static void note(void *ctx, void *item) {
    struct log *log = ctx;
    log->at_us[log->count] = agenda_now(log->agenda);
    log->seen[log->count++] = *(int *)item;
}

static int *number(int n) {
    int *item = malloc(sizeof *item);
    assert_non_null(item);
    *item = n;
    return item;
}

static void things_happen_in_order(void **state) {
    (void)state;
    struct log log = {.agenda = agenda_new()};
    agenda_at(log.agenda, 30, note, &log, number(3));
    agenda_at(log.agenda, 10, note, &log, number(1));
    agenda_at(log.agenda, 10, note, &log, number(2));
    assert_int_equal(agenda_next(log.agenda), 10);
    while (agenda_step(log.agenda)) continue;
    assert_int_equal(log.count, 3);
    for (int i = 0; i < 3; i++) assert_int_equal(log.seen[i], i + 1);
    assert_int_equal(log.at_us[2], 30);
    assert_int_equal(agenda_next(log.agenda), UINT64_MAX);
    agenda_free(log.agenda);
}

static void the_past_is_now_and_time_never_goes_back(void **state) {
    (void)state;
    struct log log = {.agenda = agenda_new()};
    struct dice d = dice(1, "agenda", 0);
    agenda_skip(log.agenda, 500);
    agenda_at(log.agenda, 5, note, &log, number(0));
    for (int i = 1; i < 60; i++) agenda_at(log.agenda, dice_below(&d, 1000), note, &log, number(i));
    uint64_t last_us = 0;
    while (agenda_step(log.agenda)) {
        assert_true(agenda_now(log.agenda) >= last_us);
        last_us = agenda_now(log.agenda);
    }
    assert_int_equal(log.seen[0], 0);
    assert_int_equal(log.at_us[0], 500);
    assert_int_equal(log.count, 60);
    agenda_at(log.agenda, 2000, note, &log, number(9)); // never happens: freed with the agenda
    agenda_free(log.agenda);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_happen_in_order),
        cmocka_unit_test(the_past_is_now_and_time_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
