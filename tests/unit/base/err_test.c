// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/err.h"
#include "base/mem.h"

static void every_error_has_a_name_and_a_line(void **state) {
    (void)state;
    for (int i = 0; i < PLK_ERR_COUNT; i++) {
        const char *text = plk_err_text((enum plk_err)i), *name = plk_err_name((enum plk_err)i);
        assert_true(strlen(text) > 3);
        assert_null(strchr(text, '\n'));
        for (const char *c = name; *c != '\0'; c++) assert_true((*c >= 'A' && *c <= 'Z') || *c == '_' || *c == '8');
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(name, plk_err_name((enum plk_err)j));
            assert_string_not_equal(text, plk_err_text((enum plk_err)j));
        }
    }
}

// They are stored and sent: a value that moves would change its meaning.
static void the_values_stay(void **state) {
    (void)state;
    assert_int_equal(PLK_ERR_OK, 0);
    assert_int_equal(PLK_ERR_MALFORMED, 1);
    assert_int_equal(PLK_ERR_FORGED, 6);
    assert_int_equal(PLK_ERR_SPENT, 8);
    assert_int_equal(PLK_ERR_EXPIRED, 15);
    assert_int_equal(PLK_ERR_CORRUPT, 26);
    assert_int_equal(PLK_ERR_INVALID, 30);
    assert_string_equal(plk_err_name(PLK_ERR_OK), "OK");
    assert_string_equal(plk_err_name(PLK_ERR_NOT_UTF8), "NOT_UTF8");
    assert_string_equal(plk_err_text(PLK_ERR_OK), "done");
}

static void a_number_that_is_none(void **state) {
    (void)state;
    assert_string_equal(plk_err_name(PLK_ERR_COUNT), "UNKNOWN");
    assert_string_equal(plk_err_name((enum plk_err)1000), "UNKNOWN");
    assert_string_equal(plk_err_text((enum plk_err) - 1), "an unknown error");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_and_a_line),
        cmocka_unit_test(the_values_stay),
        cmocka_unit_test(a_number_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
