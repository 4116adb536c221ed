// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/base64.h"

// RFC 4648, section 10.
static const char *const vectors[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}};

static void published_vectors(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char text[16];
        uint8_t bytes[16];
        size_t len = 99;
        struct plk_bytes plain = plk_bytes_text(vectors[i][0]), coded = plk_bytes_text(vectors[i][1]);
        assert_int_equal(PLK_BASE64_TEXT_LEN(plain.len), coded.len);
        plk_base64_encode(text, plain);
        assert_memory_equal(text, coded.at, coded.len);
        assert_true(plk_base64_decode(bytes, &len, coded));
        assert_int_equal(len, plain.len);
        assert_memory_equal(bytes, plain.at, plain.len);
    }
}

static void every_byte(void **state) {
    (void)state;
    uint8_t bytes[256], back[258];
    char text[PLK_BASE64_TEXT_LEN(256)];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)i;
    for (size_t len = 250; len <= 256; len++) {
        size_t back_len = 0;
        plk_base64_encode(text, plk_bytes(bytes, len));
        assert_true(plk_base64_decode(back, &back_len, plk_bytes(text, PLK_BASE64_TEXT_LEN(len))));
        assert_int_equal(back_len, len);
        assert_memory_equal(back, bytes, len);
    }
}

// Section 3.5: bits that mean nothing must be zero, so that there is one text of some bytes.
static void refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Zg==Zg==", "Zm9v\n", "Zm-v", "Zm_v", "=m9v", "Zm=v"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t bytes[16];
        size_t len = 0;
        if (plk_base64_decode(bytes, &len, plk_bytes_text(bad[i]))) fail_msg("%s was taken", bad[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_vectors), cmocka_unit_test(every_byte),
                                       cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
