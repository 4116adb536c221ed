// SPDX-License-Identifier: MIT
// Invites that lie on relays: their links, cells, prekeys and rows.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "contact/opened.h"
#include "contact/prekey.h"
#include "contact/request.h"

#define NOW UINT64_C(1767225600000)
#define DAY (UINT64_C(24) * 3600 * 1000)

static struct plk_rng rng;
static struct plk_persona me;
static const uint8_t device[PLK_DEVICE_LEN] = {1};

static int setup(void **state) {
    static const uint8_t entropy[32] = {1}, seed[32] = {2};
    (void)state;
    plk_rng_seed(&rng, entropy);
    plk_persona_derive(&me, seed);
    return 0;
}

static struct plk_invite some_invite(enum plk_link_kind kind) {
    struct plk_invite invite;
    plk_invite_make(&invite, 7, kind, device, NOW, kind == PLK_LINK_KIND_ADDRESS ? UINT64_MAX : PLK_INVITE_LIFE_MS,
                    &rng);
    return invite;
}

// What a joiner reads in the link is what pins the bundle that the inviter writes.
static void a_link_names_its_relays_and_pins_its_bundle(void **state) {
    static const uint8_t queue[PLK_INVITE_QUEUE_LEN] = {5, 6};
    (void)state;
    for (enum plk_link_kind kind = PLK_LINK_KIND_ONE_TIME; kind <= PLK_LINK_KIND_ADDRESS; kind++) {
        struct plk_invite_relay relays[2] = {{.key = {1}, .host = plk_bytes_text("one.example"), .port = 1},
                                             {.key = {2}, .host = plk_bytes_text("192.0.2.1"), .port = 65535}};
        struct plk_invite invite = some_invite(kind);
        uint8_t raw[PLK_INVITE_LINK_BYTES_MAX], bundle[PLK_BUNDLE_LEN], hash[32];
        char text[PLK_INVITE_LINK_TEXT_MAX];
        struct plk_invite_link link;
        size_t len;
        plk_invite_text_relays(&invite, &me, queue, relays, 2, text, &len);
        assert_int_equal(plk_invite_link_decode(plk_bytes(text, len), raw, &link), PLK_ERR_OK);
        assert_int_equal(link.kind, kind);
        assert_int_equal(link.relay_count, 2);
        assert_true(plk_bytes_equal(link.relays[1].host, relays[1].host));
        assert_memory_equal(link.queue, queue, sizeof queue);
        assert_memory_equal(link.psk, invite.psk, sizeof link.psk);
        plk_invite_bundle(&invite, &me, bundle);
        plk_persona_bundle_hash(hash, plk_bytes(bundle, sizeof bundle));
        assert_memory_equal(link.hash, kind == PLK_LINK_KIND_ONE_TIME ? hash : me.peer_id, 32);
    }
}

static void a_cell_says_open_or_used(void **state) {
    uint8_t content[PLK_INVITE_CELL_MAX], bytes[PLK_BUNDLE_MAX + 1] = {9};
    enum plk_invite_cell kind;
    struct plk_bytes read;
    (void)state;
    size_t len = plk_invite_cell_encode(content, PLK_INVITE_CELL_OPEN, plk_bytes(bytes, PLK_BUNDLE_LEN));
    assert_int_equal(plk_invite_cell_decode(plk_bytes(content, len), &kind, &read), PLK_ERR_OK);
    assert_true(kind == PLK_INVITE_CELL_OPEN && read.len == PLK_BUNDLE_LEN);
    len = plk_invite_cell_encode(content, PLK_INVITE_CELL_USED, plk_bytes(bytes, 32));
    assert_int_equal(plk_invite_cell_decode(plk_bytes(content, len), &kind, &read), PLK_ERR_OK);
    assert_true(kind == PLK_INVITE_CELL_USED && read.len == 32);
    assert_int_equal(plk_invite_cell_decode(plk_bytes(content, len - 1), &kind, &read), PLK_ERR_MALFORMED);
    assert_int_equal(plk_invite_cell_decode(plk_bytes(content, 0), &kind, &read), PLK_ERR_MALFORMED);
    content[0] = 0;
    assert_int_equal(plk_invite_cell_decode(plk_bytes(content, len), &kind, &read), PLK_ERR_MALFORMED);
    content[0] = 3;
    assert_int_equal(plk_invite_cell_decode(plk_bytes(content, len), &kind, &read), PLK_ERR_MALFORMED);
}

static void prekeys_turn_weekly_and_last_37_days(void **state) {
    struct plk_invite invite = some_invite(PLK_LINK_KIND_ADDRESS);
    struct plk_prekey first, second;
    struct plk_bundle bundle;
    uint8_t bytes[PLK_BUNDLE_LEN], hash[32];
    (void)state;
    assert_false(plk_invite_is_over(&invite, NOW + 3650 * DAY));
    plk_prekey_make(&first, &invite, &me, 0, NOW, &rng);
    assert_false(plk_prekey_is_due(&first, NOW + 7 * DAY - 1));
    assert_true(plk_prekey_is_due(&first, NOW + 7 * DAY));
    assert_false(plk_prekey_is_over(&first, NOW + 37 * DAY - 1));
    assert_true(plk_prekey_is_over(&first, NOW + 37 * DAY));
    plk_prekey_make(&second, &invite, &me, first.sequence, NOW - DAY, &rng); // the clock went back
    assert_true(second.sequence > first.sequence);
    assert_memory_not_equal(second.secret, first.secret, 32);
    plk_prekey_bundle(&first, &me, bytes);
    plk_persona_bundle_hash(hash, plk_bytes(bytes, sizeof bytes));
    assert_memory_equal(hash, first.bundle_hash, 32);
    assert_int_equal(plk_persona_check_bundle(plk_bytes(bytes, sizeof bytes), NOW + 36 * DAY, &bundle), PLK_ERR_OK);
    assert_true(bundle.sequence == first.sequence);
    assert_int_equal(plk_persona_check_bundle(plk_bytes(bytes, sizeof bytes), NOW + 38 * DAY, &bundle),
                     PLK_ERR_EXPIRED);
}

static void rows_come_back(void **state) {
    struct plk_invite invite = some_invite(PLK_LINK_KIND_ADDRESS);
    uint8_t key[PLK_PREKEY_KEY_MAX], value[PLK_PREKEY_ROW_MAX];
    struct plk_prekey prekey, prekey2;
    struct plk_met met = {.invite = 7, .blob_hash = {1, 2}, .contact = 9, .until_ms = 10}, met2;
    struct plk_writer k = plk_writer(key, sizeof key), w = plk_writer(value, sizeof value);
    (void)state;
    plk_prekey_make(&prekey, &invite, &me, 0, NOW, &rng);
    plk_prekey_encode(&k, &w, &prekey);
    assert_false(k.failed || w.failed);
    assert_int_equal(plk_prekey_decode(plk_writer_bytes(&k), plk_writer_bytes(&w), &prekey2), PLK_ERR_OK);
    assert_memory_equal(&prekey, &prekey2, sizeof prekey);
    assert_int_equal(plk_met_decode(plk_writer_bytes(&k), plk_writer_bytes(&w), &met2), PLK_ERR_CORRUPT);
    assert_int_equal(plk_prekey_decode(plk_writer_bytes(&k), plk_bytes(value, w.len - 1), &prekey2), PLK_ERR_CORRUPT);
    k = plk_writer(key, sizeof key);
    w = plk_writer(value, sizeof value);
    plk_met_encode(&k, &w, &met);
    assert_false(k.failed || w.failed);
    assert_int_equal(plk_met_decode(plk_writer_bytes(&k), plk_writer_bytes(&w), &met2), PLK_ERR_OK);
    assert_memory_equal(&met, &met2, sizeof met);
    assert_int_equal(plk_prekey_decode(plk_writer_bytes(&k), plk_writer_bytes(&w), &prekey2), PLK_ERR_CORRUPT);
}

static void an_opened_link_comes_back(void **state) {
    uint8_t value[200];
    struct plk_opened opened = {.opened_ms = 5, .text = plk_bytes_text("peerlink:x"), .note = plk_bytes_text("hi")},
                      read;
    struct plk_writer w = plk_writer(value, sizeof value);
    (void)state;
    plk_opened_encode(&w, &opened);
    assert_int_equal(plk_opened_decode(plk_writer_bytes(&w), &read), PLK_ERR_OK);
    assert_true(read.opened_ms == 5 && plk_bytes_equal(read.text, opened.text) &&
                plk_bytes_equal(read.note, opened.note) && !read.adopts);
    opened.adopts = true;
    w.len = 0;
    plk_opened_encode(&w, &opened);
    assert_int_equal(plk_opened_decode(plk_writer_bytes(&w), &read), PLK_ERR_OK);
    assert_true(read.adopts && plk_bytes_equal(read.text, opened.text));
    assert_int_equal(plk_opened_decode(plk_bytes(value, 12), &read), PLK_ERR_CORRUPT); // the text is cut off
    value[0] = 3;
    assert_int_equal(plk_opened_decode(plk_writer_bytes(&w), &read), PLK_ERR_CORRUPT);
}

static void a_request_comes_back(void **state) {
    static uint8_t payload_room[2048], value[PLK_REQUEST_ROW_MAX];
    struct plk_payload payload = {.name = plk_bytes_text("bob"), .device = {1}, .epoch = {2}, .link_public = {3}};
    struct plk_request request = {.blob_hash = {1}, .recovery = {2}, .link_psk = {3}, .line = {4}}, read;
    struct plk_writer p = plk_writer(payload_room, sizeof payload_room), w = plk_writer(value, sizeof value);
    (void)state;
    request.identity = me.identity;
    plk_payload_encode(&p, &payload);
    request.payload = plk_writer_bytes(&p);
    plk_request_encode(&w, &request);
    assert_int_equal(plk_request_decode(plk_writer_bytes(&w), &read), PLK_ERR_OK);
    assert_memory_equal(read.blob_hash, request.blob_hash, 32);
    assert_memory_equal(read.line, request.line, sizeof read.line);
    assert_memory_equal(&read.identity, &me.identity, sizeof me.identity);
    assert_true(plk_bytes_equal(read.payload, request.payload));
    assert_int_equal(plk_request_decode(plk_bytes(value, w.len - 1), &read), PLK_ERR_CORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_names_its_relays_and_pins_its_bundle),
        cmocka_unit_test(a_cell_says_open_or_used),
        cmocka_unit_test(prekeys_turn_weekly_and_last_37_days),
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(an_opened_link_comes_back),
        cmocka_unit_test(a_request_comes_back),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
