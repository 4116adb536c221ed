// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/greeting.h"

// Type 1 "ab", type 0x80 "c", type 0x3f00 with a length of 0.
static const uint8_t tlvs[] = {0x01, 0x02, 'a', 'b', 0x40, 0x80, 0x01, 'c', 0x7f, 0x00, 0x00};

static struct plk_greeting sample(void) {
    struct plk_greeting g = {.version_min = 1, .version_max = 1, .generation = 0x01020304, .echo = 0x05060708090a0b0c};
    memset(g.device, 0xd0, sizeof g.device);
    memset(g.incarnation, 0xd1, sizeof g.incarnation);
    for (size_t i = 0; i < PLK_GREETING_CIDS; i++) memset(g.cids[i], (int)i, sizeof g.cids[i]);
    return g;
}

static size_t write(uint8_t *out, const struct plk_greeting *g, size_t len) {
    struct plk_writer w = plk_writer(out, 512);
    plk_greeting_write(&w, g, len);
    return plk_writer_bytes(&w).len;
}

static void it_is_laid_out_as_documented(void **state) {
    (void)state;
    struct plk_greeting g = sample(), back;
    uint8_t out[512], want[182] = {1, 1};
    memset(want + 2, 0xd0, 8);
    memset(want + 10, 0xd1, 8);
    for (int i = 0; i < 4; i++) memset(want + 18 + 8 * i, i, 8);
    memcpy(want + 50, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x00\x00", 14);
    assert_int_equal(write(out, &g, sizeof want), sizeof want);
    assert_memory_equal(out, want, sizeof want);
    assert_int_equal(plk_greeting_decode(&back, plk_bytes(out, sizeof want)), PLK_ERR_OK);
    assert_int_equal(back.generation, g.generation);
    assert_int_equal(back.echo, g.echo);
    assert_memory_equal(back.cids, g.cids, sizeof g.cids);
    assert_int_equal(back.kem.len + back.extensions.len, 0);
    assert_int_equal(plk_greeting_decode(&back, plk_bytes(out, PLK_GREETING_FIXED_LEN)), PLK_ERR_OK);
}

static void kem_and_extensions_come_back(void **state) {
    (void)state;
    struct plk_greeting g = sample(), back;
    uint8_t out[512], kem[100];
    memset(kem, 0x4b, sizeof kem);
    g.kem = plk_bytes(kem, sizeof kem);
    g.extensions = plk_bytes(tlvs, sizeof tlvs);
    assert_int_equal(write(out, &g, 300), 300);
    assert_int_equal(plk_greeting_decode(&back, plk_bytes(out, 300)), PLK_ERR_OK);
    assert_true(plk_bytes_equal(back.kem, g.kem));
    assert_true(plk_bytes_equal(back.extensions, g.extensions));
    struct plk_bytes value;
    assert_true(plk_greeting_extension(&back, 1, &value));
    assert_true(plk_bytes_equal(value, plk_bytes_text("ab")));
    assert_true(plk_greeting_extension(&back, 0x80, &value));
    assert_true(plk_bytes_equal(value, plk_bytes_text("c")));
    assert_false(plk_greeting_extension(&back, 2, &value));
}

static void every_cut_is_refused(void **state) {
    (void)state;
    struct plk_greeting g = sample(), back = {.generation = 99};
    uint8_t out[512];
    g.extensions = plk_bytes(tlvs, 4);
    size_t len = write(out, &g, PLK_GREETING_FIXED_LEN + 4);
    for (size_t cut = 0; cut < len; cut++) {
        enum plk_err err = plk_greeting_decode(&back, plk_bytes(out, cut));
        assert_int_equal(err, cut == PLK_GREETING_FIXED_LEN ? PLK_ERR_OK : PLK_ERR_MALFORMED);
        if (cut < PLK_GREETING_FIXED_LEN) assert_int_equal(back.generation, 99);
    }
}

static enum plk_err decode_with(size_t at, uint8_t value) {
    struct plk_greeting g = sample(), back;
    uint8_t out[512];
    size_t len = write(out, &g, 100);
    out[at] = value;
    return plk_greeting_decode(&back, plk_bytes(out, len));
}

static void versions_have_a_floor_and_a_ceiling(void **state) {
    (void)state;
    assert_int_equal(decode_with(0, 0), PLK_ERR_MALFORMED);
    assert_int_equal(decode_with(0, 2), PLK_ERR_MALFORMED); // minimum above maximum
    assert_int_equal(decode_with(1, 9), PLK_ERR_OK);        // a newer peer that still speaks ours
    struct plk_greeting g;
    const uint8_t future[] = {2, 3, 'n', 'o', 't', ' ', 'o', 'u', 'r', 's'};
    assert_int_equal(plk_greeting_decode(&g, plk_bytes(future, sizeof future)), PLK_ERR_TOO_NEW);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct plk_greeting g = sample(), back;
    uint8_t out[512];
    memcpy(g.cids[3], g.cids[1], 8);
    assert_int_equal(plk_greeting_decode(&back, plk_bytes(out, write(out, &g, 100))), PLK_ERR_MALFORMED);
    assert_int_equal(decode_with(99, 1), PLK_ERR_MALFORMED);    // padding that is not zero
    assert_int_equal(decode_with(64, 1), PLK_ERR_OK);           // type 1, length 0
    assert_int_equal(decode_with(64, 0x40), PLK_ERR_MALFORMED); // type 0 in two bytes
    g = sample();
    const uint8_t unordered[] = {2, 0, 1, 0};
    g.extensions = plk_bytes(unordered, sizeof unordered);
    assert_int_equal(plk_greeting_decode(&back, plk_bytes(out, write(out, &g, 100))), PLK_ERR_MALFORMED);
    assert_int_equal(decode_with(62, 0xff), PLK_ERR_MALFORMED); // a KEM field past the end
}

static void what_does_not_fit_is_not_written(void **state) {
    (void)state;
    struct plk_greeting g = sample();
    uint8_t out[512];
    assert_int_equal(write(out, &g, PLK_GREETING_FIXED_LEN - 1), 0);
    assert_int_equal(write(out, &g, PLK_GREETING_FIXED_LEN), PLK_GREETING_FIXED_LEN);
    assert_int_equal(write(out, &g, 513), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_laid_out_as_documented), cmocka_unit_test(kem_and_extensions_come_back),
        cmocka_unit_test(every_cut_is_refused),         cmocka_unit_test(versions_have_a_floor_and_a_ceiling),
        cmocka_unit_test(nonsense_is_refused),          cmocka_unit_test(what_does_not_fit_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
