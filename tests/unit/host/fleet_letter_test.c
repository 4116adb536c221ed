// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/fleet_letter.h"

static uint8_t room[PLK_FLEET_LETTER_MAX], sealed[PLK_FLEET_LETTER_MAX];
static struct plk_fleet_writer from = {.key = {1, 2}, .slot = 7, .instance = {5, 5}};
static struct plk_fleet_letter letter;

static size_t seal(const char *word) { return plk_fleet_letter_seal(sealed, &from, plk_bytes_text(word)); }
static enum plk_err open(size_t len) { return plk_fleet_letter_open(&letter, from.key, plk_bytes(sealed, len), room); }

static void what_is_sealed_opens(void **state) {
    (void)state;
    assert_int_equal(open(seal("word")), PLK_ERR_OK);
    assert_int_equal(letter.slot, 7);
    assert_int_equal(letter.number, from.number);
    assert_true(plk_bytes_equal(letter.word, plk_bytes_text("word")));
}

static void every_byte_counts(void **state) {
    (void)state;
    size_t len = seal("word");
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= 1;
        assert_int_not_equal(open(len), PLK_ERR_OK);
        sealed[i] ^= 1;
    }
    for (size_t i = 0; i < len; i++) assert_int_not_equal(open(i), PLK_ERR_OK);
    assert_int_equal(open(len), PLK_ERR_OK);
    from.key[0] ^= 1; // another relay's
    assert_int_equal(open(len), PLK_ERR_FORGED);
    from.key[0] ^= 1;
}

static void each_is_good_once(void **state) {
    (void)state;
    struct plk_fleet_reader reader = {.highest = 0};
    letter = (struct plk_fleet_letter){.slot = 7, .instance = {5, 5}, .number = 3};
    assert_int_equal(plk_fleet_letter_accept(&reader, &letter), PLK_ERR_REPLAYED); // nobody knows that process yet
    reader.instance[0] = reader.instance[1] = 5;
    assert_int_equal(plk_fleet_letter_accept(&reader, &letter), PLK_ERR_OK);
    assert_int_equal(plk_fleet_letter_accept(&reader, &letter), PLK_ERR_REPLAYED);
    static const uint64_t orders[] = {1, 2, 70, 7, 8, 200, 137, 136};
    static const enum plk_err verdicts[] = {PLK_ERR_OK, PLK_ERR_OK, PLK_ERR_OK, PLK_ERR_OK,
                                            PLK_ERR_OK, PLK_ERR_OK, PLK_ERR_OK, PLK_ERR_REPLAYED};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        letter.number = orders[i];
        assert_int_equal(plk_fleet_letter_accept(&reader, &letter), verdicts[i]);
        assert_int_equal(plk_fleet_letter_accept(&reader, &letter), PLK_ERR_REPLAYED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(each_is_good_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
