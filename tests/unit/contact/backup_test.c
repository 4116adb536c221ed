// SPDX-License-Identifier: MIT
// A device is lost; its backup and 24 words are left.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "contact/backup.h"
#include "support/people.h"

static struct plk_mem mem;
static struct person alice, bob;
static struct plk_profile profile;
static struct plk_buf sealed;

static struct plk_backup_contact contact(uint32_t number, const char *name) {
    static const uint8_t secret[32] = {0x5e};
    struct plk_backup_contact c = {.contact = number, .verified = true, .renamed = number == 2, .created_ms = 5};
    c.relay_only = number == 2;
    c.name = plk_bytes_text(name);
    c.profile_name = number == 1 ? plk_bytes_text("Bob") : plk_bytes(NULL, 0);
    c.about = number == 1 ? plk_bytes_text("two\nlines") : plk_bytes(NULL, 0);
    c.places = bob.payload.places;
    person_recovery(&alice, &bob, secret, &c.recovery);
    return c;
}

static void put_all(void) {
    struct plk_invite invite;
    plk_backup_begin(&mem, &sealed, &profile, PEOPLE_NOW_MS);
    struct plk_backup_contact one = contact(1, "Bob"), two = contact(2, "The other");
    plk_backup_put_contact(&mem, &sealed, &one);
    plk_invite_make(&invite, 9, PLK_LINK_KIND_INLINE, alice.device, PEOPLE_NOW_MS, 1000, &alice.rng);
    plk_backup_put_invite(&mem, &sealed, &invite);
    plk_backup_put_contact(&mem, &sealed, &two);
}

static int begin(void **state) {
    (void)state;
    mem = people_mem();
    person_make(&alice, 1, "Alice");
    person_make(&bob, 2, "Bob");
    plk_profile_make(&profile, NULL, plk_bytes_text("Alice"), PEOPLE_NOW_MS, &alice.rng);
    put_all();
    return plk_backup_seal(&mem, &sealed, profile.seed, &alice.rng);
}

static int end(void **state) {
    (void)state;
    plk_buf_free(&mem, &sealed);
    return mem.used == 0 ? 0 : -1;
}

static void it_all_comes_back(void **state) {
    (void)state;
    struct plk_backup backup;
    struct plk_backup_item item;
    assert_int_equal(plk_backup_open(&mem, plk_buf_bytes(&sealed), profile.seed, &backup), PLK_ERR_OK);
    assert_memory_equal(&backup.profile, &profile, sizeof profile);
    assert_true(backup.made_ms == PEOPLE_NOW_MS);
    plk_backup_next(&backup, &item);
    assert_int_equal(item.part, PLK_BACKUP_CONTACT);
    assert_int_equal(item.contact.contact, 1);
    assert_true(plk_bytes_equal(item.contact.name, plk_bytes_text("Bob")));
    assert_true(plk_bytes_equal(item.contact.about, plk_bytes_text("two\nlines")));
    assert_true(item.contact.verified && !item.contact.blocked && !item.contact.renamed && !item.contact.relay_only);
    assert_memory_equal(item.contact.recovery.resets[0].secret, alice.reset.secret, 32);
    assert_int_equal(item.contact.places.count, 1);
    plk_backup_next(&backup, &item);
    assert_int_equal(item.part, PLK_BACKUP_INVITE);
    assert_int_equal(item.invite.number, 9);
    assert_int_equal(item.invite.state, PLK_INVITE_OPEN);
    plk_backup_next(&backup, &item);
    assert_int_equal(item.part, PLK_BACKUP_CONTACT);
    assert_int_equal(item.contact.contact, 2);
    assert_int_equal(item.contact.profile_name.len, 0);
    assert_true(item.contact.renamed && item.contact.relay_only);
    plk_backup_next(&backup, &item);
    assert_int_equal(item.part, PLK_BACKUP_END);
    plk_backup_next(&backup, &item);
    assert_int_equal(item.part, PLK_BACKUP_END);
    plk_backup_free(&mem, &backup);
}

static void refuses(struct plk_bytes bytes, const uint8_t seed[32], enum plk_err expected) {
    struct plk_backup backup, untouched;
    memset(&backup, 0xee, sizeof backup);
    untouched = backup;
    size_t used = mem.used;
    assert_int_equal(plk_backup_open(&mem, bytes, seed, &backup), expected);
    assert_memory_equal(&backup, &untouched, sizeof backup);
    assert_int_equal(mem.used, used);
}

static void wrong_words_or_a_damaged_file(void **state) {
    (void)state;
    uint8_t seed[32];
    memcpy(seed, profile.seed, 32);
    seed[0] ^= 1;
    refuses(plk_buf_bytes(&sealed), seed, PLK_ERR_FORGED);
    for (size_t len = 0; len < sealed.len; len++) {
        refuses(plk_bytes(sealed.at, len), profile.seed, len < 4 ? PLK_ERR_MALFORMED : PLK_ERR_CUT_OFF);
    }
    for (size_t i = 9; i < sealed.len; i++) {
        sealed.at[i] ^= 1;
        refuses(plk_buf_bytes(&sealed), profile.seed, PLK_ERR_FORGED);
        sealed.at[i] ^= 1;
    }
    sealed.at[0] ^= 1;
    refuses(plk_buf_bytes(&sealed), profile.seed, PLK_ERR_MALFORMED);
    sealed.at[0] ^= 1;
    sealed.at[4] = 2;
    refuses(plk_buf_bytes(&sealed), profile.seed, PLK_ERR_TOO_NEW);
    sealed.at[4] = 1;
    sealed.at[5] = 0xff;
    refuses(plk_buf_bytes(&sealed), profile.seed, PLK_ERR_LIMIT);
    sealed.at[5] = 0;
    sealed.at[8]--;
    refuses(plk_buf_bytes(&sealed), profile.seed, PLK_ERR_MALFORMED); // something behind it
}

// Sealed as it should be, but with something in it that no writer writes.
static void a_backup_that_is_half_right(void **state) {
    (void)state;
    static const uint8_t wrong[][3] = {{2, 1, 9}, {3, 1, 9}, {1, 0, 0}, {0, 1, 9}, {2, 9, 9}};
    for (size_t i = 0; i <= sizeof wrong / sizeof wrong[0]; i++) {
        plk_buf_free(&mem, &sealed);
        put_all();
        bool later = i == sizeof wrong / sizeof wrong[0];
        plk_buf_put(&mem, &sealed,
                    later ? plk_bytes("\x63\x01x", 3) : plk_bytes(wrong[i], 3)); // type 99: of a later version
        assert_int_equal(plk_backup_seal(&mem, &sealed, profile.seed, &alice.rng), PLK_ERR_OK);
        if (!later) refuses(plk_buf_bytes(&sealed), profile.seed, PLK_ERR_MALFORMED);
    }
    it_all_comes_back(NULL);
}

// One odd name or address must not cost the whole backup.
static void odd_things_are_left_out(void **state) {
    (void)state;
    struct plk_backup backup;
    struct plk_backup_item item;
    struct plk_backup_contact c = contact(1, " Bob");
    c.profile_name = plk_bytes_text("\n");
    c.about = plk_bytes_text("\x01");
    c.places.count = 3;
    c.places.at[1] = c.places.at[2] = c.places.at[0];
    c.places.at[1].addr.port = 0;
    c.places.at[2].transport = (enum plk_transport)9;
    plk_buf_free(&mem, &sealed);
    plk_backup_begin(&mem, &sealed, &profile, PEOPLE_NOW_MS);
    plk_backup_put_contact(&mem, &sealed, &c);
    assert_int_equal(plk_backup_seal(&mem, &sealed, profile.seed, &alice.rng), PLK_ERR_OK);
    assert_int_equal(plk_backup_open(&mem, plk_buf_bytes(&sealed), profile.seed, &backup), PLK_ERR_OK);
    plk_backup_next(&backup, &item);
    assert_true(plk_bytes_equal(item.contact.name, plk_bytes_text("contact")));
    assert_int_equal(item.contact.profile_name.len + item.contact.about.len, 0);
    assert_int_equal(item.contact.places.count, 1);
    plk_backup_free(&mem, &backup);
}

static void it_holds_a_thousand_contacts_and_has_an_end(void **state) {
    (void)state;
    struct plk_backup backup;
    struct plk_backup_contact c = contact(1, "Bob");
    plk_buf_free(&mem, &sealed);
    plk_backup_begin(&mem, &sealed, &profile, PEOPLE_NOW_MS);
    for (uint32_t i = 0; i < 1000; i++) plk_backup_put_contact(&mem, &sealed, &c);
    assert_int_equal(plk_backup_seal(&mem, &sealed, profile.seed, &alice.rng), PLK_ERR_OK);
    assert_true(sealed.len < 500 * 1000);
    assert_int_equal(plk_backup_open(&mem, plk_buf_bytes(&sealed), profile.seed, &backup), PLK_ERR_OK);
    plk_backup_free(&mem, &backup);
    plk_buf_free(&mem, &sealed);

    plk_backup_begin(&mem, &sealed, &profile, PEOPLE_NOW_MS);
    for (uint32_t i = 0; i <= PLK_BACKUP_CONTACTS_MAX; i++) plk_backup_put_contact(&mem, &sealed, &c);
    assert_int_equal(plk_backup_seal(&mem, &sealed, profile.seed, &alice.rng), PLK_ERR_OK);
    refuses(plk_buf_bytes(&sealed), profile.seed, PLK_ERR_LIMIT);
    plk_buf_free(&mem, &sealed);

    plk_backup_begin(&mem, &sealed, &profile, PEOPLE_NOW_MS);
    plk_buf_room(&mem, &sealed, PLK_BACKUP_MAX);
    assert_int_equal(plk_backup_seal(&mem, &sealed, profile.seed, &alice.rng), PLK_ERR_LIMIT);
    assert_int_equal(sealed.len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_all_comes_back, begin, end),
        cmocka_unit_test_setup_teardown(wrong_words_or_a_damaged_file, begin, end),
        cmocka_unit_test_setup_teardown(a_backup_that_is_half_right, begin, end),
        cmocka_unit_test_setup_teardown(odd_things_are_left_out, begin, end),
        cmocka_unit_test_setup_teardown(it_holds_a_thousand_contacts_and_has_an_end, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
