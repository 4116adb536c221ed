// SPDX-License-Identifier: MIT
// Links as people paste them.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/people.h"
#include "wire/base58.h"

static char one_time[PLK_INVITE_LINK_TEXT_MAX + 1], in_line[PLK_INVITE_LINK_TEXT_MAX + 1];
static struct plk_invite_link read_link;
static uint8_t raw[PLK_INVITE_LINK_BYTES_MAX];
static uint8_t bundle_bytes[PLK_BUNDLE_LEN];

static struct plk_invite_link relayed(enum plk_link_kind kind) {
    struct plk_invite_link link = {.kind = kind, .flags = 0x03, .relay_count = 2};
    memset(link.psk, 0x11, sizeof link.psk);
    memset(link.hash, 0x22, sizeof link.hash);
    memset(link.queue, 0x33, sizeof link.queue);
    memset(link.relays[0].key, 0x44, 32);
    link.relays[0].host = plk_bytes_text("relay.example.org");
    link.relays[0].port = 7447;
    memset(link.relays[1].key, 0x55, 32);
    link.relays[1].host = plk_bytes_text("198.51.100.7");
    link.relays[1].port = 443;
    return link;
}

static int make_links(void **state) {
    (void)state;
    size_t len;
    struct person alice;
    struct plk_invite invite;
    struct plk_invite_link link = relayed(PLK_LINK_KIND_ONE_TIME);
    plk_invite_link_encode(&link, one_time, &len);
    one_time[len] = 0;
    person_make(&alice, 1, "Alice");
    plk_invite_make(&invite, 1, PLK_LINK_KIND_INLINE, alice.device, PEOPLE_NOW_MS, PLK_INVITE_LIFE_MS, &alice.rng);
    plk_invite_bundle(&invite, &alice.persona, bundle_bytes);
    int err = plk_invite_text(&invite, &alice.persona, &alice.payload.places, in_line, &len);
    in_line[len] = 0;
    return err;
}

static enum plk_err read_text(const char *text) {
    memset(&read_link, 0xee, sizeof read_link);
    return plk_invite_link_decode(plk_bytes_text(text), raw, &read_link);
}

// prefix, the link with `between` after every `every` characters, suffix.
static enum plk_err read_wrapped(const char *link, const char *prefix, const char *between, size_t every,
                                 const char *suffix) {
    static char text[20000];
    size_t at = 0;
    memcpy(text, prefix, strlen(prefix));
    at += strlen(prefix);
    for (size_t i = 0; link[i] != 0; i++) {
        text[at++] = link[i];
        if ((i + 1) % every != 0 || i < 9) continue;
        memcpy(text + at, between, strlen(between));
        at += strlen(between);
    }
    memcpy(text + at, suffix, strlen(suffix) + 1);
    return read_text(text);
}

static void all_kinds_come_back(void **state) {
    (void)state;
    assert_int_equal(read_text(one_time), PLK_ERR_OK);
    struct plk_invite_link link = relayed(PLK_LINK_KIND_ONE_TIME);
    assert_int_equal(read_link.kind, PLK_LINK_KIND_ONE_TIME);
    assert_int_equal(read_link.flags, 0x03);
    assert_memory_equal(read_link.psk, link.psk, 16);
    assert_memory_equal(read_link.hash, link.hash, 32);
    assert_memory_equal(read_link.queue, link.queue, 16);
    assert_int_equal(read_link.relay_count, 2);
    assert_true(plk_bytes_equal(read_link.relays[0].host, link.relays[0].host));
    assert_memory_equal(read_link.relays[1].key, link.relays[1].key, 32);
    assert_int_equal(read_link.relays[1].port, 443);

    char text[PLK_INVITE_LINK_TEXT_MAX + 1];
    size_t len;
    link.kind = PLK_LINK_KIND_ADDRESS;
    plk_invite_link_encode(&link, text, &len);
    text[len] = 0;
    assert_int_equal(read_text(text), PLK_ERR_OK);
    assert_int_equal(read_link.kind, PLK_LINK_KIND_ADDRESS);

    assert_int_equal(read_text(in_line), PLK_ERR_OK);
    assert_int_equal(read_link.kind, PLK_LINK_KIND_INLINE);
    assert_true(plk_bytes_equal(read_link.bundle, plk_bytes(bundle_bytes, sizeof bundle_bytes)));
    assert_int_equal(read_link.places.count, 1);
    assert_int_equal(read_link.places.at[0].addr.port, 4000);
    assert_true(strlen(in_line) < 400);
}

static void the_largest_link_fits(void **state) {
    (void)state;
    char host[PLK_INVITE_HOST_MAX], text[PLK_INVITE_LINK_TEXT_MAX + 1];
    size_t len;
    struct plk_invite_link link = relayed(PLK_LINK_KIND_ONE_TIME);
    memset(host, 'h', sizeof host);
    link.relay_count = PLK_INVITE_RELAYS_MAX;
    for (size_t i = 0; i < PLK_INVITE_RELAYS_MAX; i++) {
        link.relays[i] = (struct plk_invite_relay){.host = plk_bytes(host, sizeof host), .port = 1};
    }
    plk_invite_link_encode(&link, text, &len);
    text[len] = 0;
    assert_int_equal(read_text(text), PLK_ERR_OK);
    assert_int_equal(read_link.relay_count, PLK_INVITE_RELAYS_MAX);
}

static void mail_and_chat_programs_may_dress_it(void **state) {
    (void)state;
    const char *links[] = {one_time, in_line};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(read_wrapped(links[i], "  \t\r\n", "", 1, " \n"), PLK_ERR_OK);
        assert_int_equal(read_wrapped(links[i], "", "\n", 76, "\n"), PLK_ERR_OK);
        assert_int_equal(read_wrapped(links[i], "> ", "\r\n> ", 70, "\r\n"), PLK_ERR_OK);
        assert_int_equal(read_wrapped(links[i], "<", "", 1, ">"), PLK_ERR_OK);
        assert_int_equal(read_wrapped(links[i], "\"", "", 1, "\"."), PLK_ERR_OK);
        assert_int_equal(read_wrapped(links[i], "(", "", 1, ")!?"), PLK_ERR_OK);
        assert_int_equal(read_wrapped(links[i], "\xe2\x80\x9e", "", 1, "\xe2\x80\x9c,"), PLK_ERR_OK); // German quotes
        assert_int_equal(read_wrapped(links[i], "", "\xe2\x80\x8b", 20, ""), PLK_ERR_OK);         // zero-width space
        assert_int_equal(read_wrapped(links[i], "\xef\xbb\xbf", "\xc2\xad", 11, ""), PLK_ERR_OK); // soft hyphen
        assert_int_equal(read_wrapped(links[i], "", "\xc2\xa0 ", 1, ""), PLK_ERR_OK);
        assert_int_equal(read_wrapped(links[i], "Hi, take <", "", 1, "> and call me. See you, 0lO"), PLK_ERR_OK);
        assert_int_equal(read_wrapped(links[i], "My peerlink: here: ", "", 1, " bye"), PLK_ERR_OK);
        assert_int_equal(read_wrapped(links[i], "*", "\n", 40, "*\n"), PLK_ERR_OK);
    }
    char upper[PLK_INVITE_LINK_TEXT_MAX + 1];
    memcpy(upper, in_line, strlen(in_line) + 1);
    memcpy(upper, "PeerLink:", 9);
    assert_int_equal(read_text(upper), PLK_ERR_OK);
    assert_int_equal(read_wrapped(in_line + 9, "peerlink://", "", 1, ""), PLK_ERR_OK);
}

static void a_cut_is_called_a_cut(void **state) {
    (void)state;
    char text[PLK_INVITE_LINK_TEXT_MAX + 8];
    for (size_t len = 9; len < strlen(in_line); len++) {
        memcpy(text, in_line, len);
        text[len] = 0;
        assert_int_equal(read_text(text), PLK_ERR_CUT_OFF);
        memcpy(text + len, "...", 4);
        assert_int_equal(read_text(text), PLK_ERR_CUT_OFF);
        memcpy(text + len, "\xe2\x80\xa6\n", 5);
        assert_int_equal(read_text(text), PLK_ERR_CUT_OFF);
        memcpy(text + len, ">", 2);
        assert_int_equal(read_text(text), PLK_ERR_CUT_OFF);
    }
}

static void a_wrong_character_is_called_mistyped(void **state) {
    (void)state;
    char text[PLK_INVITE_LINK_TEXT_MAX + 8];
    for (size_t i = 9; i < strlen(in_line); i++) {
        memcpy(text, in_line, strlen(in_line) + 1);
        text[i] = text[i] == 'a' ? 'b' : 'a';
        assert_int_equal(read_text(text), PLK_ERR_MISTYPED);
        text[i] = '0';
        assert_int_equal(read_text(text), PLK_ERR_MISTYPED);
        text[i] = '-';
        assert_int_equal(read_text(text), PLK_ERR_MISTYPED);
    }
    for (size_t i = 9; i + 1 < strlen(in_line); i++) { // two neighbours changed places
        memcpy(text, in_line, strlen(in_line) + 1);
        if (text[i] == text[i + 1]) continue;
        char c = text[i];
        text[i] = text[i + 1];
        text[i + 1] = c;
        assert_int_equal(read_text(text), PLK_ERR_MISTYPED);
    }
    for (size_t i = 20; i < strlen(in_line); i++) { // one too many; one missing, and more text behind it
        size_t len = strlen(in_line);
        memcpy(text, in_line, i);
        text[i] = 'q';
        memcpy(text + i + 1, in_line + i, len - i + 1);
        assert_int_equal(read_text(text), PLK_ERR_MISTYPED);
        if (in_line[i] == 'b') continue;
        memcpy(text + i, in_line + i + 1, len - i - 1);
        memcpy(text + len - 1, " bye", 5);
        assert_int_equal(read_text(text), PLK_ERR_MISTYPED);
    }
}

static void nothing_and_something_else(void **state) {
    (void)state;
    assert_int_equal(read_text(""), PLK_ERR_EMPTY);
    assert_int_equal(read_text(" \r\n\t"), PLK_ERR_EMPTY);
    assert_int_equal(read_text("https://example.org/"), PLK_ERR_MALFORMED);
    assert_int_equal(read_text("hello"), PLK_ERR_MALFORMED);
    assert_int_equal(read_text("peerlink:"), PLK_ERR_CUT_OFF);
    assert_int_equal(read_text("peerlin"), PLK_ERR_MALFORMED);
    static char flood[PLK_INVITE_LINK_INPUT_MAX + 2];
    memset(flood, 'x', sizeof flood - 1);
    assert_int_equal(read_text(flood), PLK_ERR_TOO_LONG);
}

// The low half of CRC-32C over the head, and all of it over the record: written again, since a test may not ask the
// code.
static uint32_t crc32c(const uint8_t *at, size_t len) {
    uint32_t crc = 0xffffffff;
    while (len-- > 0) {
        crc ^= *at++;
        for (int i = 0; i < 8; i++) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
    return ~crc;
}

static enum plk_err read_record(uint8_t *record, size_t len) {
    char text[PLK_INVITE_LINK_TEXT_MAX + 1] = "peerlink:";
    record[4] = (uint8_t)(len >> 8);
    record[5] = (uint8_t)len;
    uint32_t head = crc32c(record, 6);
    record[6] = (uint8_t)(head >> 8);
    record[7] = (uint8_t)head;
    uint32_t crc = crc32c(record, len - 4);
    for (size_t i = 0; i < 4; i++) record[len - 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
    plk_base58_encode(text + 9, plk_bytes(record, len));
    text[9 + plk_base58_text_len(len)] = 0;
    return read_text(text);
}

static void a_newer_version_is_called_newer(void **state) {
    (void)state;
    uint8_t record[PLK_INVITE_LINK_BYTES_MAX];
    assert_int_equal(read_text(in_line), PLK_ERR_OK);
    size_t len = (size_t)raw[4] << 8 | raw[5];
    for (size_t at = 0; at < 4; at++) {
        memcpy(record, raw, len);
        record[at] = at == 2 ? 0x10 : 200;
        assert_int_equal(read_record(record, len), PLK_ERR_TOO_NEW);
        assert_int_equal(read_text(in_line), PLK_ERR_OK);
        memcpy(record, raw, len);
        record[at] = 0;
        assert_int_equal(read_record(record, len), at == 2 ? PLK_ERR_OK : PLK_ERR_MALFORMED);
        assert_int_equal(read_text(in_line), PLK_ERR_OK);
    }
    memcpy(record, raw, len);
    record[26] = 9; // suite of the bundle
    assert_int_equal(read_record(record, len), PLK_ERR_TOO_NEW);
}

static void a_link_made_wrong_is_malformed(void **state) {
    (void)state;
    uint8_t record[PLK_INVITE_LINK_BYTES_MAX];
    assert_int_equal(read_text(one_time), PLK_ERR_OK);
    size_t len = (size_t)raw[4] << 8 | raw[5];
    size_t first = 8 + 16 + 32 + 16; // number of relays
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{0, 0}, {0, 5}, {1 + 32, 0}, {1 + 32, 200}, {1 + 32 + 1, ' '}, {1 + 32 + 1, 0xc3}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(record, raw, len);
        record[first + wrong[i].at] = wrong[i].value;
        assert_int_equal(read_record(record, len), PLK_ERR_MALFORMED);
        assert_int_equal(read_text(one_time), PLK_ERR_OK);
    }
    memcpy(record, raw, len);
    assert_int_equal(read_record(record, len - 1), PLK_ERR_MALFORMED);
    assert_int_equal(read_text(one_time), PLK_ERR_OK);
    memcpy(record, raw, len);
    record[len] = 0;
    assert_int_equal(read_record(record, len + 1), PLK_ERR_MALFORMED);

    assert_int_equal(read_text(in_line), PLK_ERR_OK);
    len = (size_t)raw[4] << 8 | raw[5];
    memcpy(record, raw, len);
    record[26 + PLK_BUNDLE_LEN] = 9; // places
    assert_int_equal(read_record(record, len), PLK_ERR_MALFORMED);
    uint8_t kept[PLK_INVITE_LINK_BYTES_MAX];
    assert_int_equal(read_text(in_line), PLK_ERR_OK);
    memcpy(kept, raw, len);
    kept[26 + PLK_BUNDLE_LEN + 3] = 224; // a multicast address is nowhere to go
    assert_int_equal(read_record(kept, len), PLK_ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_come_back),
        cmocka_unit_test(the_largest_link_fits),
        cmocka_unit_test(mail_and_chat_programs_may_dress_it),
        cmocka_unit_test(a_cut_is_called_a_cut),
        cmocka_unit_test(a_wrong_character_is_called_mistyped),
        cmocka_unit_test(nothing_and_something_else),
        cmocka_unit_test(a_newer_version_is_called_newer),
        cmocka_unit_test(a_link_made_wrong_is_malformed),
    };
    return cmocka_run_group_tests(tests, make_links, NULL);
}
