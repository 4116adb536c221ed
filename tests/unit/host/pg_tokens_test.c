// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/pg/pg_tokens.h"
#include "relay/token.h"

static uint8_t base[PLK_PG_TOKENS_ROW_MAX], to[PLK_PG_TOKENS_ROW_MAX], there[PLK_PG_TOKENS_ROW_MAX],
    out[PLK_PG_TOKENS_ROW_MAX];

static struct plk_bytes token(uint8_t at[PLK_PG_TOKENS_ROW_MAX], uint32_t made, bool revoked) {
    struct plk_token_row row = {.allowed = 10, .made = made, .revoked = revoked};
    plk_token_row_encode(at, &row);
    return plk_bytes(at, PLK_TOKEN_ROW_LEN);
}

static struct plk_bytes grant(uint8_t at[PLK_PG_TOKENS_ROW_MAX], uint8_t left) {
    struct plk_grant_row row = {.left = left};
    plk_grant_row_encode(at, &row);
    return plk_bytes(at, PLK_GRANT_ROW_LEN);
}

static uint32_t made_of(uint32_t from, uint32_t wanted, uint32_t now, bool revoked, bool *revoked_now) {
    struct plk_token_row row = {.made = 999};
    size_t len = plk_pg_tokens_merge(PLK_TABLE_rtoken, token(base, from, false), token(to, wanted, false),
                                     token(there, now, revoked), out);
    assert_int_equal(plk_token_row_decode(plk_bytes(out, len), &row), PLK_ERR_OK);
    if (revoked_now != NULL) *revoked_now = row.revoked;
    return row.made;
}

static void counts_of_two_add_up(void **state) {
    (void)state;
    bool revoked = false;
    assert_int_equal(made_of(5, 6, 6, false, NULL), 7);
    assert_int_equal(made_of(5, 37, 6, false, NULL), 38);
    assert_int_equal(made_of(5, 4, 8, false, NULL), 7);
    assert_int_equal(made_of(5, 4, 0, false, NULL), 0); // never below none
    made_of(5, 6, 5, true, &revoked);                   // and nobody's write brings back what was revoked
    assert_true(revoked);
}

static void guests_of_two_add_up(void **state) {
    (void)state;
    struct plk_grant_row row = {.left = 99};
    size_t len = plk_pg_tokens_merge(PLK_TABLE_rgrant, grant(base, 64), grant(to, 63), grant(there, 63), out);
    assert_int_equal(plk_grant_row_decode(plk_bytes(out, len), &row), PLK_ERR_OK);
    assert_int_equal(row.left, 62);
    len = plk_pg_tokens_merge(PLK_TABLE_rgrant, grant(base, 1), grant(to, 0), grant(there, 0), out);
    assert_int_equal(plk_grant_row_decode(plk_bytes(out, len), &row), PLK_ERR_OK);
    assert_int_equal(row.left, 0);
}

static void what_nobody_changed_is_written_as_it_is(void **state) {
    (void)state;
    assert_int_equal(
        plk_pg_tokens_merge(PLK_TABLE_rtoken, token(base, 5, false), token(to, 6, false), token(there, 5, false), out),
        0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_of_two_add_up),
        cmocka_unit_test(guests_of_two_add_up),
        cmocka_unit_test(what_nobody_changed_is_written_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
