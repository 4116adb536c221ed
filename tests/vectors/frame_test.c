// SPDX-License-Identifier: MIT
// The frames of frame.txt, which another implementation wrote.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "support/vector.h"
#include "wire/frame.h"

#define OVERHEAD 33
#define PATH_SIZE 1152

static void good(struct plk_vector *v) {
    struct plk_bytes bytes = plk_vector_bytes(v, "frame");
    struct plk_reader r = plk_reader(bytes);
    struct plk_frame frame;
    bool eliciting;
    assert_int_equal(plk_frame_next(&r, &frame), PLK_ERR_OK);
    assert_int_equal(r.left, 0);
    assert_int_equal(plk_frame_scan(bytes, &eliciting), PLK_ERR_OK);
    assert_int_equal(eliciting, plk_frame_eliciting(frame.type));
    uint8_t room[PLK_VECTOR_VALUE_MAX];
    struct plk_writer w = plk_writer(room, sizeof room);
    assert_true(plk_frame_put(&w, &frame));
    plk_vector_expect(v, "frame", room, w.len);
}

static void bad(struct plk_vector *v) {
    struct plk_bytes bytes = plk_vector_bytes(v, "frame");
    bool eliciting;
    assert_int_equal(plk_frame_scan(bytes, &eliciting), PLK_ERR_MALFORMED);
}

static void frames_are_those_of_the_other_implementation(void **state) {
    (void)state;
    struct plk_vector v;
    unsigned count = 0;
    plk_vector_open(&v, PLK_VECTOR_DIR "/frame.txt");
    for (; plk_vector_next(&v); count++) {
        const char *use = plk_vector_text(&v, "use");
        if (strcmp(use, "good") == 0) {
            good(&v);
        } else if (strcmp(use, "bad") == 0) {
            bad(&v);
        } else {
            assert_string_equal(use, "padding");
            size_t text = (size_t)plk_vector_number(&v, "text");
            assert_int_equal(text + OVERHEAD + plk_frame_padding_len(text, OVERHEAD, PATH_SIZE),
                             plk_vector_number(&v, "payload"));
        }
    }
    assert_int_equal(count, 61);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(frames_are_those_of_the_other_implementation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
