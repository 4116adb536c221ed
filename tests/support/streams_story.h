// SPDX-License-Identifier: MIT
// Two ends of streams, a and b, and what tests of them ask again and again.
#ifndef SUPPORT_STREAMS_STORY_H
#define SUPPORT_STREAMS_STORY_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/pair.h"

#define ROOM 1100

static struct plk_mem mem;
static struct plk_streams *a, *b;
static uint8_t text[300 * 1024];

static inline int set_up(void **state) {
    (void)state;
    mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    a = plk_streams_new(&mem);
    b = plk_streams_new(&mem);
    for (size_t i = 0; i < sizeof text; i++) text[i] = pair_byte(i);
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    plk_streams_free(a);
    plk_streams_free(b);
    plk_streams_free(NULL);
    assert_int_equal(mem.used, 0);
    return 0;
}

static inline size_t write_text(struct plk_streams *s, uint32_t id, size_t len) {
    uint64_t at = plk_streams_written_to(s, id);
    assert_true(at + len <= sizeof text);
    return plk_streams_write(s, id, plk_bytes(text + at, len));
}

static inline struct plk_frame_item next_item(struct plk_streams *s, struct plk_frame *frame) {
    struct plk_frame_item item;
    assert_true(plk_streams_next(s, ROOM, frame, &item));
    return item;
}

static inline void assert_nothing(struct plk_streams *s) {
    struct plk_frame frame;
    struct plk_frame_item item;
    assert_false(plk_streams_wants(s));
    assert_false(plk_streams_next(s, ROOM, &frame, &item));
}

// All that `from` has to say arrives at `to`, and `from` is told so.
static inline void deliver_all(struct plk_streams *from, struct plk_streams *to) {
    struct plk_frame frame;
    struct plk_frame_item item;
    while (plk_streams_next(from, ROOM, &frame, &item)) {
        assert_int_equal(plk_streams_receive(to, &frame), PLK_ERR_OK);
        plk_streams_acked(from, &item);
    }
}

static inline void assert_readable(struct plk_streams *s, uint32_t id, uint64_t from, size_t len) {
    assert_true(plk_bytes_equal(plk_streams_readable(s, id), plk_bytes(text + from, len)));
}

static inline enum plk_err receive(uint32_t id, uint64_t offset, size_t len, bool fin) {
    struct plk_frame frame = {.type = PLK_FRAME_STREAM};
    frame.stream.id = id;
    frame.stream.offset = offset;
    frame.stream.fin = fin;
    frame.stream.bytes = plk_bytes(text + offset % 1024, len);
    if (offset + len <= sizeof text) frame.stream.bytes.at = text + offset;
    return plk_streams_receive(b, &frame);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
