// SPDX-License-Identifier: MIT
// One flight under test, whose packets carry one item each: their number. After cmocka.h.
#ifndef PLK_TESTS_SUPPORT_FLIGHT_H
#define PLK_TESTS_SUPPORT_FLIGHT_H

#include <stdlib.h>
#include "flight/flight.h"
#include "support/memory.h"

#define SIZE 1000
#define RTT_US (100 * PLK_MS)

static struct plk_mem mem;
static struct plk_flight *f;
static uint64_t now_us;

static inline void add_path(uint32_t id, enum plk_flight_carrier carrier, uint64_t rtt_us) {
    struct plk_flight_path path = {.id = id, .carrier = carrier, .mtu = 1152, .rtt_us = rtt_us};
    assert_int_equal(plk_flight_path_add(f, &path), PLK_ERR_OK);
}

static inline int set_up(void **state) {
    (void)state;
    mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    f = plk_flight_new(&mem);
    now_us = 1000 * PLK_SECOND;
    add_path(1, PLK_FLIGHT_LOSSY, RTT_US);
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    plk_flight_free(f);
    assert_int_equal(mem.used, 0);
    return 0;
}

// A packet with one item whose value is its number.
static inline void send_on(uint32_t path, uint64_t pn) {
    struct plk_frame_item item = {.kind = PLK_FRAME_STREAM, .value = pn};
    struct plk_flight_packet packet = {
        .path = path, .pn = pn, .size = SIZE, .eliciting = true, .count = 1, .items = &item};
    plk_flight_sent(f, now_us, &packet);
}

static inline void send_run(uint64_t first, uint64_t last) {
    for (uint64_t pn = first; pn <= last; pn++) send_on(1, pn);
}

static inline enum plk_err ack_range(uint64_t first, uint64_t last) {
    struct plk_frame_ack ack = {.count = 1, .ranges = {{.first = first, .last = last}}};
    return plk_flight_on_ack(f, now_us, &ack);
}

static inline struct plk_flight_path_info info_of(uint32_t path) {
    struct plk_flight_path_info info;
    assert_true(plk_flight_path_info(f, path, &info));
    return info;
}

static inline struct plk_flight_event expect(enum plk_flight_event_kind kind) {
    struct plk_flight_event event;
    assert_true(plk_flight_next(f, &event));
    assert_int_equal(event.kind, kind);
    return event;
}

static inline void expect_item(enum plk_flight_event_kind kind, uint64_t pn) {
    struct plk_flight_event event = expect(kind);
    assert_int_equal(event.pn, pn);
    assert_int_equal(event.item.value, pn);
}

static inline void expect_nothing(void) {
    struct plk_flight_event event;
    assert_false(plk_flight_next(f, &event));
}

#endif
