// SPDX-License-Identifier: MIT
// Who someone is: personas, PeerIDs, safety numbers, words, names.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "contact/name.h"
#include "contact/words.h"
#include "support/people.h"

static struct person alice, bob;

static int make_people(void **state) {
    (void)state;
    person_make(&alice, 1, "Alice");
    person_make(&bob, 2, "Bob");
    return 0;
}

static void one_seed_is_one_persona(void **state) {
    (void)state;
    struct plk_persona again;
    uint8_t seed[32];
    memset(seed, 1, sizeof seed);
    plk_persona_derive(&again, seed);
    assert_memory_equal(&again, &alice.persona, sizeof again);
    assert_memory_not_equal(again.sign_seed, again.dh_secret, 32);
    assert_memory_not_equal(alice.persona.peer_id, bob.persona.peer_id, 32);

    uint8_t id[32];
    struct plk_identity changed = alice.persona.identity;
    changed.sign[31] ^= 1;
    plk_persona_peer_id(id, &changed);
    assert_memory_not_equal(id, alice.persona.peer_id, 32);
    changed = alice.persona.identity;
    changed.dh[0] ^= 1;
    plk_persona_peer_id(id, &changed);
    assert_memory_not_equal(id, alice.persona.peer_id, 32);
}

static void a_peer_id_as_text(void **state) {
    (void)state;
    char text[PLK_PERSONA_ID_TEXT_MAX];
    uint8_t id[32];
    plk_persona_id_text(text, alice.persona.peer_id);
    assert_int_equal(plk_persona_id_parse(id, plk_bytes(text, sizeof text)), PLK_ERR_OK);
    assert_memory_equal(id, alice.persona.peer_id, 32);
    assert_int_equal(plk_persona_id_parse(id, plk_bytes(text, sizeof text - 1)), PLK_ERR_MALFORMED);
    text[3] = 'l';
    assert_int_equal(plk_persona_id_parse(id, plk_bytes(text, sizeof text)), PLK_ERR_MALFORMED);
}

static void a_safety_number_has_no_order(void **state) {
    (void)state;
    char one[PLK_SAFETY_DIGITS_LEN + 1], two[PLK_SAFETY_DIGITS_LEN + 1];
    plk_persona_safety(one, alice.persona.peer_id, bob.persona.peer_id);
    plk_persona_safety(two, bob.persona.peer_id, alice.persona.peer_id);
    assert_string_equal(one, two);
    assert_int_equal(strlen(one), PLK_SAFETY_DIGITS_LEN);
    for (size_t i = 0; i < PLK_SAFETY_DIGITS_LEN; i++) {
        if (i % 6 == 5) {
            assert_int_equal(one[i], ' ');
        } else {
            assert_in_range(one[i], '0', '9');
        }
    }
    plk_persona_safety(two, alice.persona.peer_id, alice.persona.peer_id);
    assert_string_not_equal(one, two);
}

static void a_bundle_is_ones_own(void **state) {
    (void)state;
    uint8_t bytes[PLK_BUNDLE_LEN], hash[32], other[32];
    struct plk_invite invite;
    struct plk_bundle bundle, untouched;
    plk_invite_make(&invite, 1, PLK_LINK_KIND_INLINE, alice.device, PEOPLE_NOW_MS, 1000, &alice.rng);
    plk_invite_bundle(&invite, &alice.persona, bytes);
    struct plk_bytes whole = plk_bytes(bytes, sizeof bytes);
    assert_int_equal(plk_persona_check_bundle(whole, PEOPLE_NOW_MS + 999, &bundle), PLK_ERR_OK);
    assert_memory_equal(&bundle.identity, &alice.persona.identity, sizeof bundle.identity);
    memset(&bundle, 0xee, sizeof bundle);
    untouched = bundle;
    assert_int_equal(plk_persona_check_bundle(whole, PEOPLE_NOW_MS + 1000, &bundle), PLK_ERR_EXPIRED);
    plk_persona_bundle_hash(hash, whole);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 1;
        plk_persona_bundle_hash(other, whole);
        assert_memory_not_equal(hash, other, 32);
        enum plk_err err = plk_persona_check_bundle(whole, PEOPLE_NOW_MS, &bundle);
        assert_true(err == PLK_ERR_FORGED || err == PLK_ERR_MALFORMED);
        assert_memory_equal(&bundle, &untouched, sizeof bundle);
        bytes[i] ^= 1;
    }
}

static void a_bundle_of_another_age(void **state) {
    (void)state;
    uint8_t bytes[PLK_BUNDLE_LEN];
    struct plk_bundle bundle = {.suite = 1, .min = PLK_VERSION_MAX + 1, .max = 200, .expires_ms = UINT64_MAX}, read;
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    plk_persona_sign_bundle(&alice.persona, &bundle);
    plk_bundle_encode(&w, &bundle);
    assert_int_equal(plk_persona_check_bundle(plk_writer_bytes(&w), 0, &read), PLK_ERR_TOO_NEW);
}

// ---- words

static const char zero_words[] =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
    "abandon art";

// BIP-39's own vectors (github.com/trezor/python-mnemonic, vectors.json).
static void bip39_vectors(void **state) {
    (void)state;
    static const struct {
        const char *seed, *words;
    } known[] = {
        {"0000000000000000000000000000000000000000000000000000000000000000", zero_words},
        {"7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
         "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner "
         "thank year wave sausage worth title"},
        {"8080808080808080808080808080808080808080808080808080808080808080",
         "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid "
         "letter advice cage absurd amount doctor acoustic bless"},
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
         "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote"},
        {"68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c",
         "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple "
         "dilemma loan word shrug inflict delay length"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint8_t seed[32], back[32];
        char words[PLK_WORDS_TEXT_MAX + 1];
        size_t len;
        unsigned wrong = 99;
        for (size_t k = 0; k < 32; k++) {
            char pair[3] = {known[i].seed[2 * k], known[i].seed[2 * k + 1], 0};
            seed[k] = (uint8_t)strtoul(pair, NULL, 16);
        }
        plk_words_encode(seed, words, &len);
        assert_string_equal(words, known[i].words);
        assert_int_equal(len, strlen(words));
        assert_int_equal(plk_words_decode(plk_bytes_text(words), back, &wrong), PLK_ERR_OK);
        assert_memory_equal(seed, back, 32);
        assert_int_equal(wrong, 0);
    }
}

static void every_word_is_found(void **state) {
    (void)state;
    for (size_t i = 0; i < PLK_WORDS_LIST_LEN; i++) {
        char text[16];
        uint8_t seed[32];
        unsigned wrong;
        size_t len = strlen(plk_words_list[i]);
        assert_in_range(len, 3, 8);
        memcpy(text, plk_words_list[i], len + 1);
        assert_int_equal(plk_words_decode(plk_bytes_text(text), seed, &wrong), PLK_ERR_CUT_OFF);
        assert_int_equal(wrong, 2);
        text[len < 4 ? len : 4] = 0; // its beginning is enough
        assert_int_equal(plk_words_decode(plk_bytes_text(text), seed, &wrong), PLK_ERR_CUT_OFF);
        assert_int_equal(wrong, 2);
    }
}

static enum plk_err words(const char *text, unsigned *wrong) {
    uint8_t seed[32], untouched[32];
    memset(seed, 0xee, sizeof seed);
    memset(untouched, 0xee, sizeof untouched);
    enum plk_err err = plk_words_decode(plk_bytes_text(text), seed, wrong);
    if (err != PLK_ERR_OK) assert_memory_equal(seed, untouched, sizeof seed);
    return err;
}

static void words_as_people_write_them(void **state) {
    (void)state;
    unsigned wrong;
    char text[600];
    assert_int_equal(words("", &wrong), PLK_ERR_EMPTY);
    assert_int_equal(words(" 1. 2. ", &wrong), PLK_ERR_EMPTY);
    assert_int_equal(words("abandon abandom", &wrong), PLK_ERR_INVALID);
    assert_int_equal(wrong, 2);
    assert_int_equal(words("aba", &wrong), PLK_ERR_INVALID); // three letters may be many words
    assert_int_equal(words("abandonx", &wrong), PLK_ERR_INVALID);
    assert_int_equal(words("abandonabandon", &wrong), PLK_ERR_INVALID);
    assert_int_equal(words("abandon caf\xc3\xa9", &wrong), PLK_ERR_INVALID);
    assert_int_equal(wrong, 2);
    assert_int_equal(words(zero_words, &wrong), PLK_ERR_OK);

    size_t at = 0;
    for (int i = 1; i <= 24; i++) at += (size_t)sprintf(text + at, "%d. %s\r\n", i, i < 24 ? "ABANdon" : "Art,");
    assert_int_equal(words(text, &wrong), PLK_ERR_OK);
    at = 0;
    for (int i = 1; i <= 24; i++) at += (size_t)sprintf(text + at, " %s", i < 24 ? "abandon" : "zoo");
    assert_int_equal(words(text, &wrong), PLK_ERR_MISTYPED);
    assert_int_equal(wrong, 0);
    memcpy(text + at, " art", 5);
    assert_int_equal(words(text, &wrong), PLK_ERR_TOO_LONG);
    text[at - 4] = 0;
    assert_int_equal(words(text, &wrong), PLK_ERR_CUT_OFF);
    assert_int_equal(wrong, 24);
}

// ---- names

static void names(void **state) {
    (void)state;
    static const char *const good[] = {"a",
                                       "Bob",
                                       "\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0",
                                       "\xe4\xbd\xa0\xe5\xa5\xbd",
                                       "Bob  Smith",
                                       "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80", // astronaut: joined
                                       "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(plk_name_check(plk_bytes_text(good[i])), PLK_ERR_OK);
    }
    static const char *const bad[] = {" a",
                                      "a ",
                                      "a\nb",
                                      "a\tb",
                                      "a\x7f",
                                      "\x1b[31mred",
                                      "a\xc2\x85",
                                      "a\xe2\x80\xa8z",
                                      "a\xe2\x80\xae"
                                      "b",
                                      "a\xe2\x81\xa6"
                                      "b",
                                      "\xe2\x80\x8b",
                                      "\xc2\xad",
                                      " ",
                                      "\xe3\x80\x80",
                                      "a\xc2\xa0",
                                      "\xef\xbb\xbf"
                                      "a",
                                      "a\xf3\xa0\x81\x81",
                                      "a\xef\xbf\xbf",
                                      "\xe2\x80\x8f"
                                      "a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(plk_name_check(plk_bytes_text(bad[i])), PLK_ERR_INVALID);
    }
    char full[PLK_ABOUT_MAX + 2];
    memset(full, 'n', sizeof full);
    assert_int_equal(plk_name_check(plk_bytes(full, PLK_NAME_MAX)), PLK_ERR_OK);
    assert_int_equal(plk_name_check(plk_bytes(full, PLK_NAME_MAX + 1)), PLK_ERR_TOO_LONG);
    assert_int_equal(plk_name_check(plk_bytes(full, 0)), PLK_ERR_EMPTY);
    assert_int_equal(plk_name_check(plk_bytes_text("\xff")), PLK_ERR_NOT_UTF8);
    assert_int_equal(plk_name_check(plk_bytes("a\0b", 3)), PLK_ERR_NOT_UTF8);

    assert_int_equal(plk_name_check_about(plk_bytes(full, 0)), PLK_ERR_OK);
    assert_int_equal(plk_name_check_about(plk_bytes(full, PLK_ABOUT_MAX)), PLK_ERR_OK);
    assert_int_equal(plk_name_check_about(plk_bytes(full, PLK_ABOUT_MAX + 1)), PLK_ERR_TOO_LONG);
    assert_int_equal(plk_name_check_about(plk_bytes_text("two\nlines ")), PLK_ERR_OK);
    assert_int_equal(plk_name_check_about(plk_bytes_text("a\rb")), PLK_ERR_INVALID);
    assert_int_equal(plk_name_check_about(plk_bytes_text("\xc0\x80")), PLK_ERR_NOT_UTF8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_is_one_persona),
        cmocka_unit_test(a_peer_id_as_text),
        cmocka_unit_test(a_safety_number_has_no_order),
        cmocka_unit_test(a_bundle_is_ones_own),
        cmocka_unit_test(a_bundle_of_another_age),
        cmocka_unit_test(bip39_vectors),
        cmocka_unit_test(every_word_is_found),
        cmocka_unit_test(words_as_people_write_them),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, make_people, NULL);
}
