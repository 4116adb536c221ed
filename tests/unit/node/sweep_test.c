// SPDX-License-Identifier: MIT
// A node that has lived long: what it lets go, in which steps. Its rows are made up here as they are asked for.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/inside.h"
#include "unit/base/heap.h"

#define NOW_MS UINT64_C(1750000000000)
#define DAY_MS (UINT64_C(24) * 3600 * 1000)

static struct heap heap;
static struct plk_mem mem;
static struct plk_node *node;
static struct plk_now now;

// The store: events from .. event_n, callers' ids with one event number each.
static uint64_t first_event;
#define CALLERS 1200
static uint8_t caller_keys[CALLERS][PLK_CALLER_KEY_LEN], caller_values[CALLERS][45];
static bool caller_gone[CALLERS];
static uint64_t steps, most_rows;

static void make_caller(size_t i, uint64_t event_n) {
    struct plk_writer k = plk_writer(caller_keys[i], PLK_CALLER_KEY_LEN),
                      v = plk_writer(caller_values[i], sizeof caller_values[i]);
    plk_writer_u64(&k, i);
    plk_writer_zero(&k, PLK_CALLER_KEY_LEN - 8);
    plk_writer_u8(&v, 1);
    plk_writer_u32(&v, 1);
    plk_writer_u64(&v, i);
    plk_writer_u64(&v, NOW_MS);
    plk_writer_u64(&v, event_n);
    plk_writer_zero(&v, PLK_ID_LEN);
    assert_int_equal(v.len, sizeof caller_values[i]);
}

static void give(const struct plk_input *input) { plk_node_handle(node, now, input); }

static void take_op(const struct plk_op *op) {
    if (op->kind == PLK_OP_DELETE_RANGE && op->table == PLK_TABLE_event) {
        struct plk_reader from = plk_reader(op->key), to = plk_reader(op->key_end);
        assert_int_equal(plk_reader_u64(&from), first_event); // no hole is left behind
        uint64_t end = plk_reader_u64(&to);
        if (end - first_event > most_rows) most_rows = end - first_event;
        first_event = end;
        steps++;
    }
    if (op->kind == PLK_OP_DELETE && op->table == PLK_TABLE_caller_id) {
        struct plk_reader key = plk_reader(op->key);
        caller_gone[plk_reader_u64(&key)] = true;
    }
}

static void answer_load(const struct plk_output *output) {
    static struct plk_row rows[PLK_SWEEP_STEP];
    uint8_t key[8], value[PLK_EVENT_ROW_LEN];
    struct plk_input input = {.kind = PLK_IN_LOADED, .loaded = {.ticket = output->load.ticket, .rows = rows}};
    if (output->load.table == PLK_TABLE_event && !output->load.reverse) {
        struct plk_event_row event = {.n = first_event, .kind = PLK_EVENT_CONTACT, .contact = 1};
        struct plk_writer w = plk_writer(key, sizeof key);
        plk_writer_u64(&w, first_event);
        plk_event_row_encode(value, &event);
        rows[0] = (struct plk_row){plk_bytes(key, sizeof key), plk_bytes(value, sizeof value)};
        input.loaded.count = 1;
    }
    for (size_t i = 0; output->load.table == PLK_TABLE_caller_id && i < CALLERS; i++) {
        struct plk_bytes at = plk_bytes(caller_keys[i], PLK_CALLER_KEY_LEN);
        if (caller_gone[i] || plk_bytes_compare(at, output->load.from) < 0) continue;
        if (input.loaded.count == output->load.limit) break;
        rows[input.loaded.count++] = (struct plk_row){at, plk_bytes(caller_values[i], sizeof caller_values[i])};
    }
    assert_true(output->load.limit <= PLK_SWEEP_STEP);
    give(&input);
}

// Carries out everything until the node waits; its deadline.
static uint64_t settle(void) {
    for (;;) {
        struct plk_output output;
        plk_node_poll(node, now, &output);
        if (output.kind == PLK_OUT_WAIT) return output.wait.deadline_us;
        if (output.kind == PLK_OUT_LOAD) answer_load(&output);
        if (output.kind != PLK_OUT_STORE) continue;
        struct plk_input stored = {.kind = PLK_IN_STORED, .stored = {output.store.n}};
        assert_true(plk_batch_count(output.store.ops) <= PLK_BATCH_OPS_MAX);
        for (size_t i = 0; i < plk_batch_count(output.store.ops); i++) {
            struct plk_op op = plk_batch_at(output.store.ops, i);
            take_op(&op);
        }
        give(&stored);
    }
}

static void run_until(uint64_t mono_us) {
    struct plk_input tick = {.kind = PLK_IN_TICK};
    for (uint64_t next = settle(); next <= mono_us; next = settle()) {
        now.mono_us = next > now.mono_us ? next : now.mono_us;
        give(&tick);
    }
    now.mono_us = mono_us;
}

static int set_up(void **state) {
    (void)state;
    mem = heap_mem(&heap);
    now = (struct plk_now){.mono_us = 5 * PLK_SECOND, .wall_ms = NOW_MS};
    steps = most_rows = 0;
    memset(caller_gone, 1, sizeof caller_gone);
    struct plk_node_config config = {.mem = &mem, .entropy = {1}, .allow_udp = true};
    node = plk_node_new(&config);
    first_event = 1;
    settle();
    struct plk_command command = {.kind = PLK_CMD_INIT, .ticket = 1, .name = plk_bytes_text("me")};
    give(&(struct plk_input){.kind = PLK_IN_COMMAND, .command = command});
    settle();
    return plk_node_state(node) == PLK_NODE_READY ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    plk_node_free(node);
    return heap.blocks == 0 ? 0 : -1;
}

static void old_rows_go_in_steps(void **state) {
    (void)state;
    node->event_n = 203500;
    node->sweep.mark_count = 2;
    node->sweep.marks[0] = (struct plk_sweep_mark){NOW_MS - 40 * DAY_MS, 1};
    node->sweep.marks[1] = (struct plk_sweep_mark){NOW_MS - 31 * DAY_MS, 2800}; // fewer than there are too many
    memset(caller_gone, 0, sizeof caller_gone);
    for (size_t i = 0; i < CALLERS; i++) make_caller(i, i % 3 == 0 ? 2799 : 2800);
    run_until(now.mono_us + 20 * PLK_MINUTE);
    assert_int_equal(first_event, 2800);
    assert_int_equal(most_rows, PLK_SWEEP_STEP);
    assert_int_equal(steps, 6);
    for (size_t i = 0; i < CALLERS; i++) assert_int_equal(caller_gone[i], i % 3 == 0);
    run_until(now.mono_us + 12 * PLK_HOUR);
    assert_int_equal(first_event, 2800);
    now.wall_ms += DAY_MS;
    node->sweep.marks[node->sweep.mark_count++] = (struct plk_sweep_mark){NOW_MS - 30 * DAY_MS, 150000};
    run_until(now.mono_us + 13 * PLK_HOUR); // and the next day again, up to what is always kept
    assert_int_equal(first_event, 203500 - PLK_SWEEP_EVENTS_KEPT + 1);
}

static void a_busy_hour_and_a_short_life_take_nothing(void **state) {
    (void)state;
    struct plk_sweep sweep = {.mark_count = 1, .marks = {{NOW_MS - 40 * DAY_MS, 5000}}};
    assert_int_equal(plk_sweep_below(&sweep, 100000, NOW_MS), 0);
    assert_int_equal(plk_sweep_below(&sweep, 100001, NOW_MS), 2);
    assert_int_equal(plk_sweep_below(&sweep, 900000, NOW_MS), 5000);
    sweep.marks[0].wall_ms = NOW_MS - 30 * DAY_MS + 1;
    assert_int_equal(plk_sweep_below(&sweep, 900000, NOW_MS), 0);
    assert_int_equal(plk_sweep_below(&sweep, 900000, 5), 0);
    run_until(now.mono_us + 48 * PLK_HOUR);
    assert_int_equal(steps, 0);
}

static void a_mark_a_day_whatever_the_clock_does(void **state) {
    (void)state;
    struct plk_sweep *sweep = &node->sweep;
    sweep->mark_count = 0;
    for (uint64_t i = 1; i <= 100; i++) {
        node->event_n = i;
        node->now.wall_ms = NOW_MS + i * DAY_MS / 2;
        plk_sweep_mark(node);
    }
    assert_int_equal(sweep->mark_count, PLK_SWEEP_MARKS_MAX);
    assert_int_equal(sweep->marks[PLK_SWEEP_MARKS_MAX - 1].n, 99);
    node->now.wall_ms = NOW_MS + 45 * DAY_MS;
    node->event_n = 101;
    plk_sweep_mark(node); // set back: nothing is younger than now
    assert_int_equal(sweep->marks[PLK_SWEEP_MARKS_MAX - 1].wall_ms, NOW_MS + 45 * DAY_MS);
    assert_int_equal(sweep->marks[PLK_SWEEP_MARKS_MAX - 1].n, 99);
}

static void the_row_of_marks(void **state) {
    (void)state;
    static const uint8_t good[] = {1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 7,
                                   0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 8};
    uint8_t bad[sizeof good];
    struct plk_sweep sweep = {.mark_count = 0};
    assert_true(plk_sweep_load(&sweep, plk_bytes(good, sizeof good)));
    assert_int_equal(sweep.mark_count, 2);
    assert_true(sweep.marks[1].wall_ms == 6 && sweep.marks[1].n == 8);
    for (size_t len = 0; len < sizeof good; len++) {
        assert_int_equal(plk_sweep_load(&sweep, plk_bytes(good, len)), len == 1 || len == 17);
    }
    for (size_t at = 0; at < 3; at++) { // another version, a time and a number that fall
        static const size_t places[] = {0, 24, 32};
        memcpy(bad, good, sizeof good);
        bad[places[at]] = 2;
        assert_false(plk_sweep_load(&sweep, plk_bytes(bad, sizeof bad)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(old_rows_go_in_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_busy_hour_and_a_short_life_take_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_mark_a_day_whatever_the_clock_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_row_of_marks, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
