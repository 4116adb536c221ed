// SPDX-License-Identifier: MIT
// What the vectors (tests/vectors/stun.txt) do not say.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/crc.h"
#include "wire/stun.h"

static void a_request_asks_and_its_answer_tells(void **state) {
    (void)state;
    static const uint8_t random[12] = {1, 2, 3};
    uint8_t room[PLK_STUN_ANSWER_MAX];
    struct plk_stun request = {.kind = PLK_STUN_REQUEST, .has_change = true, .change = PLK_STUN_CHANGE_PORT}, read;
    plk_stun_id(request.id, random);
    assert_true(plk_stun_is_modern(&request));
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_stun_encode(&w, &request);
    assert_int_equal(plk_stun_decode(plk_writer_bytes(&w), &read), PLK_ERR_OK);
    assert_int_equal(read.change, PLK_STUN_CHANGE_PORT);
    request.id[0] = 0;
    assert_false(plk_stun_is_modern(&request));
}

static void every_prefix_is_malformed(void **state) {
    (void)state;
    uint8_t room[PLK_STUN_ANSWER_MAX];
    struct plk_stun answer = {.kind = PLK_STUN_SUCCESS, .fingerprint = true}, read = {.error = 5};
    answer.xor_mapped = (struct plk_addr){.family = 6, .ip = {0x20, 1, [15] = 7}, .port = 99};
    answer.origin = answer.other = answer.xor_mapped;
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_stun_encode(&w, &answer);
    assert_int_equal(w.len, PLK_STUN_ANSWER_MAX); // the longest that there is
    for (size_t len = 0; len < w.len; len++) {
        assert_int_equal(plk_stun_decode(plk_bytes(room, len), &read), PLK_ERR_MALFORMED);
        struct plk_writer small = plk_writer(room, len);
        plk_stun_encode(&small, &answer);
        assert_true(small.failed);
        plk_stun_encode(&(struct plk_writer){.at = room, .cap = sizeof room}, &answer);
    }
    assert_int_equal(read.error, 5);
    for (size_t bit = 0; bit < 8 * w.len; bit++) { // no single bit flips and the fingerprint still fits
        room[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(plk_stun_decode(plk_bytes(room, w.len), &read) != PLK_ERR_OK || !read.fingerprint);
        room[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void check_sums_are_those_of_the_standards(void **state) {
    (void)state;
    assert_int_equal(plk_crc_32(plk_bytes_text("123456789")), 0xcbf43926);
    assert_int_equal(plk_crc_32c(plk_bytes_text("123456789")), 0xe3069283);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_asks_and_its_answer_tells),
        cmocka_unit_test(every_prefix_is_malformed),
        cmocka_unit_test(check_sums_are_those_of_the_standards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
