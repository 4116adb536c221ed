// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/base58.h"

static void every_length_comes_back(void **state) {
    (void)state;
    uint8_t bytes[40], back[40];
    char text[PLK_BASE58_TEXT_MAX(40)];
    for (size_t len = 0; len <= sizeof bytes; len++) {
        for (unsigned fill = 0; fill < 256; fill += 51) {
            size_t back_len = 99, text_len = plk_base58_text_len(len);
            memset(bytes, (int)fill, sizeof bytes);
            plk_base58_encode(text, plk_bytes(bytes, len));
            assert_true(text_len <= PLK_BASE58_TEXT_MAX(len));
            assert_true(plk_base58_bytes_len(text_len, &back_len));
            assert_int_equal(back_len, len);
            assert_int_equal(plk_base58_decode(back, plk_bytes(text, text_len)), PLK_ERR_OK);
            assert_memory_equal(back, bytes, len);
        }
    }
}

static void known_blocks(void **state) {
    (void)state;
    // Monero's base58 has the same blocks; these are of its tests.
    static const struct {
        uint8_t bytes[8];
        size_t len;
        const char *text;
    } known[] = {
        {{0x00}, 1, "11"},
        {{0x39}, 1, "1z"},
        {{0xff}, 1, "5Q"},
        {{0x00, 0x00}, 2, "111"},
        {{0x00, 0x39}, 2, "11z"},
        {{0x01, 0x00}, 2, "15R"},
        {{0xff, 0xff}, 2, "LUv"},
        {{0x06, 0x15, 0x60, 0x13, 0x76, 0x28, 0x79, 0xf7}, 8, "22222222222"},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8, "jpXCZedGfVQ"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char text[11];
        plk_base58_encode(text, plk_bytes(known[i].bytes, known[i].len));
        assert_int_equal(plk_base58_text_len(known[i].len), strlen(known[i].text));
        assert_memory_equal(text, known[i].text, strlen(known[i].text));
    }
}

static void a_cut_text_keeps_its_front(void **state) {
    (void)state;
    uint8_t bytes[32], back[32];
    char text[44];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 37);
    plk_base58_encode(text, plk_bytes(bytes, sizeof bytes));
    assert_int_equal(plk_base58_decode(back, plk_bytes(text, 22)), PLK_ERR_OK);
    assert_memory_equal(back, bytes, 16);
}

static void what_has_no_bytes_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"1",  "1111", "11111111", "0",           "1O",          "1I", "1l",
                                      "5R", "zz",   "LUw",      "jpXCZedGfVR", "zzzzzzzzzzz", "1 ", "1-"};
    uint8_t back[8];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(plk_base58_decode(back, plk_bytes_text(bad[i])), PLK_ERR_MALFORMED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(known_blocks),
        cmocka_unit_test(a_cut_text_keeps_its_front),
        cmocka_unit_test(what_has_no_bytes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
