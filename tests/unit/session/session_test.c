// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "session/session.h"
#include "support/session_pair.h"

static const uint8_t cid[8] = {1, 2, 3, 4, 5, 6, 7, 8};

static void connect(struct plk_session_pair *pair) {
    plk_session_pair_init(pair, 20);
    assert_int_equal(plk_session_pair_connect(pair, PLK_HANDSHAKE_KK, 1), PLK_ERR_OK);
}

struct sealed {
    uint8_t bytes[64];
    size_t len;
    uint64_t counter;
};

static struct sealed seal(struct plk_session *s, const char *text) {
    struct sealed sealed = {.len = strlen(text) + PLK_PACKET_OVERHEAD};
    assert_int_equal(plk_session_seal(s, cid, plk_bytes_text(text), sealed.bytes, &sealed.counter), PLK_ERR_OK);
    return sealed;
}

static enum plk_err open_one(struct plk_session *s, const struct sealed *sealed, const char *want) {
    uint8_t out[64];
    size_t len;
    uint64_t counter;
    struct plk_packet packet = plk_session_pair_packet(plk_bytes(sealed->bytes, sealed->len));
    enum plk_err err = plk_session_open(s, &packet, out, &len, &counter);
    if (err == PLK_ERR_OK) {
        assert_int_equal(len, strlen(want));
        assert_memory_equal(out, want, len);
        assert_int_equal(counter, sealed->counter);
    }
    return err;
}

static void texts_go_both_ways(void **state) {
    (void)state;
    struct plk_session_pair pair;
    connect(&pair);
    struct sealed one = seal(&pair.sessions[0], "there");
    assert_int_equal(one.counter, 0);
    assert_int_equal(open_one(&pair.sessions[1], &one, "there"), PLK_ERR_OK);
    struct sealed two = seal(&pair.sessions[1], "");
    assert_int_equal(two.len, PLK_PACKET_OVERHEAD);
    assert_int_equal(open_one(&pair.sessions[0], &two, ""), PLK_ERR_OK);
    assert_int_equal(open_one(&pair.sessions[1], &two, ""), PLK_ERR_FORGED); // back at its sender
}

static void nothing_leaves_an_unconfirmed_session(void **state) {
    (void)state;
    struct plk_session_pair pair;
    connect(&pair);
    uint8_t out[64], before[64];
    memset(out, 0x77, sizeof out);
    memcpy(before, out, sizeof out);
    uint64_t counter;
    assert_int_equal(plk_session_seal(&pair.sessions[1], cid, plk_bytes_text("early"), out, &counter), PLK_ERR_INVALID);
    assert_memory_equal(out, before, sizeof out);
    assert_false(plk_session_needs_rekey(&pair.sessions[1], 10 * PLK_HOUR));
    struct sealed first = seal(&pair.sessions[0], "confirm");
    first.bytes[30] ^= 1;
    assert_int_equal(open_one(&pair.sessions[1], &first, ""), PLK_ERR_FORGED);
    assert_false(pair.sessions[1].confirmed); // a forgery proves nothing
    first.bytes[30] ^= 1;
    assert_int_equal(open_one(&pair.sessions[1], &first, "confirm"), PLK_ERR_OK);
    assert_true(pair.sessions[1].confirmed);
    seal(&pair.sessions[1], "now");
}

static void sealing_in_place_gives_the_same_bytes(void **state) {
    (void)state;
    struct plk_session_pair pair;
    connect(&pair);
    struct plk_session twin = pair.sessions[0];
    struct sealed apart = seal(&pair.sessions[0], "in place");
    uint8_t out[64];
    uint64_t counter;
    memcpy(out + PLK_PACKET_HEADER_LEN, "in place", 8);
    assert_int_equal(plk_session_seal(&twin, cid, plk_bytes(out + PLK_PACKET_HEADER_LEN, 8), out, &counter),
                     PLK_ERR_OK);
    assert_memory_equal(out, apart.bytes, apart.len);
    struct plk_packet packet = plk_session_pair_packet(plk_bytes(out, apart.len));
    size_t len;
    assert_int_equal(plk_session_open(&pair.sessions[1], &packet, out + PLK_PACKET_HEADER_LEN, &len, &counter),
                     PLK_ERR_OK);
    assert_memory_equal(out + PLK_PACKET_HEADER_LEN, "in place", 8);
}

// The header is cid and a counter that no observer can read: a run of packets shows 8 bytes without order.
static void the_counter_is_masked_by_the_ciphertext(void **state) {
    (void)state;
    struct plk_session_pair pair;
    connect(&pair);
    for (int i = 0; i < 100; i++) {
        struct sealed sealed = seal(&pair.sessions[0], "x");
        assert_int_equal(sealed.bytes[0], 0xC3);
        assert_memory_equal(sealed.bytes + 1, cid, 8);
        uint8_t mask[8];
        plk_mask(mask, pair.sessions[0].keys.send_header, sealed.bytes + 17);
        uint64_t value = 0;
        for (int n = 0; n < 8; n++) value = value << 8 | (uint8_t)(sealed.bytes[9 + n] ^ mask[n]);
        assert_int_equal(value, (uint64_t)i);
        static const uint8_t plain[7];
        assert_memory_not_equal(sealed.bytes + 9, plain, 7);
    }
}

// Each bit counts, the header's too; a refused packet changes nothing but the count of forgeries.
static void every_bit_is_authenticated(void **state) {
    (void)state;
    struct plk_session_pair pair;
    connect(&pair);
    for (int i = 0; i < 5; i++) {
        struct sealed warm = seal(&pair.sessions[0], "warm");
        assert_int_equal(open_one(&pair.sessions[1], &warm, "warm"), PLK_ERR_OK);
    }
    struct sealed sealed = seal(&pair.sessions[0], "exactly");
    struct plk_session before = pair.sessions[1];
    for (size_t bit = 8; bit < sealed.len * 8; bit++) {
        sealed.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum plk_err err = open_one(&pair.sessions[1], &sealed, "");
        assert_true(err == PLK_ERR_FORGED || err == PLK_ERR_REPLAYED);
        assert_true(pair.sessions[1].forged - before.forged <= (err == PLK_ERR_FORGED));
        before.forged = pair.sessions[1].forged;
        assert_memory_equal(&pair.sessions[1], &before, sizeof before);
        sealed.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(before.forged >= 7 * 8); // the bits past the sample leave the counter right, and reach the cipher
    assert_int_equal(open_one(&pair.sessions[1], &sealed, "exactly"), PLK_ERR_OK);
}

// Seals one packet with a counter of the test's choice.
static struct sealed seal_at(struct plk_session *s, uint64_t counter) {
    uint64_t next = s->send_next;
    s->send_next = counter;
    struct sealed sealed = seal(s, "w");
    s->send_next = next;
    return sealed;
}

static enum plk_err open_at(struct plk_session_pair *pair, uint64_t counter) {
    struct sealed sealed = seal_at(&pair->sessions[0], counter);
    return open_one(&pair->sessions[1], &sealed, "w");
}

static void the_window_is_2048_wide_exactly(void **state) {
    (void)state;
    struct plk_session_pair pair;
    connect(&pair);
    assert_int_equal(open_at(&pair, 5000), PLK_ERR_OK);
    assert_int_equal(open_at(&pair, 5000), PLK_ERR_REPLAYED);
    assert_int_equal(open_at(&pair, 5000 - 2047), PLK_ERR_OK);
    assert_int_equal(open_at(&pair, 5000 - 2047), PLK_ERR_REPLAYED);
    assert_int_equal(open_at(&pair, 5000 - 2048), PLK_ERR_REPLAYED);
    assert_int_equal(open_at(&pair, 0), PLK_ERR_REPLAYED);
    assert_int_equal(open_at(&pair, 5001), PLK_ERR_OK);
    assert_int_equal(open_at(&pair, 5000 - 2047), PLK_ERR_REPLAYED);
    assert_int_equal(open_at(&pair, 5000 - 2046), PLK_ERR_OK);
}

// Against the plain rule, with jumps of every size: opened once each, unless too old.
static void the_window_agrees_with_a_plain_list(void **state) {
    (void)state;
    enum { RANGE = 400000, STEPS = 12000 };
    static bool opened[RANGE];
    struct plk_session_pair pair;
    connect(&pair);
    uint64_t top = 0; // highest plus 1
    for (int i = 0; i < STEPS; i++) {
        uint64_t ahead = i % 100 == 0 ? 3000 : 4, behind = i % 5 == 0 ? 2200 : 20;
        uint64_t low = top > behind ? top - behind : 0;
        uint64_t n = low + plk_rng_below(&pair.rng, top + ahead - low);
        assert_true(n < RANGE);
        bool fresh = !opened[n] && (n >= top || top - n <= PLK_SESSION_WINDOW);
        assert_int_equal(open_at(&pair, n), fresh ? PLK_ERR_OK : PLK_ERR_REPLAYED);
        if (fresh) opened[n] = true;
        if (fresh && n >= top) top = n + 1;
    }
    assert_true(top > 4 * PLK_SESSION_WINDOW);
}

static void a_session_ends_long_before_its_counter(void **state) {
    (void)state;
    struct plk_session_pair pair;
    connect(&pair);
    uint8_t out[64];
    uint64_t counter = 7;
    pair.sessions[0].send_next = PLK_SESSION_COUNTER_END - 1;
    seal(&pair.sessions[0], "last");
    assert_int_equal(plk_session_seal(&pair.sessions[0], cid, plk_bytes_text("no"), out, &counter), PLK_ERR_CLOSED);
    assert_int_equal(counter, 7);
    // A peer that goes on all the same is not believed.
    struct plk_session_keys keys = pair.sessions[0].keys;
    uint8_t packet[17 + 16] = {0xC3}, number[8] = {0, 0, 0, 1}, mask[8];
    memcpy(packet + 9, number, 8);
    plk_aead_seal(packet + 17, keys.send, PLK_SESSION_COUNTER_END, plk_bytes(packet, 17), plk_bytes(NULL, 0));
    plk_mask(mask, keys.send_header, packet + 17);
    for (int i = 0; i < 8; i++) packet[9 + i] ^= mask[i];
    struct plk_packet decoded = plk_session_pair_packet(plk_bytes(packet, sizeof packet));
    size_t len;
    assert_int_equal(plk_session_open(&pair.sessions[1], &decoded, out, &len, &counter), PLK_ERR_FORGED);
    assert_int_equal(pair.sessions[1].forged, 0);
}

static void too_many_forgeries_end_a_session(void **state) {
    (void)state;
    struct plk_session_pair pair;
    connect(&pair);
    struct sealed good = seal(&pair.sessions[0], "good"), bad = seal(&pair.sessions[0], "bad");
    bad.bytes[bad.len - 1] ^= 1; // past the sample
    pair.sessions[1].forged = PLK_SESSION_FORGED_END - 1;
    assert_int_equal(open_one(&pair.sessions[1], &bad, ""), PLK_ERR_FORGED);
    assert_int_equal(open_one(&pair.sessions[1], &good, "good"), PLK_ERR_CLOSED);
}

static void only_data_packets_are_opened(void **state) {
    (void)state;
    struct plk_session_pair pair;
    connect(&pair);
    struct plk_packet message1 = plk_session_pair_packet(plk_handshake_message(&pair.attempt));
    uint8_t out[256];
    size_t len;
    uint64_t counter;
    assert_int_equal(plk_session_open(&pair.sessions[1], &message1, out, &len, &counter), PLK_ERR_MALFORMED);
}

static void rekey_is_due_after_an_hour_or_a_million(void **state) {
    (void)state;
    struct plk_session_pair pair;
    connect(&pair);
    struct plk_session *s = &pair.sessions[0];
    assert_int_equal(plk_session_rekey_us(s), 2000 + PLK_HOUR);
    assert_false(plk_session_needs_rekey(s, 2000 + PLK_HOUR - 1));
    assert_true(plk_session_needs_rekey(s, 2000 + PLK_HOUR));
    s->send_next = PLK_SESSION_REKEY_PACKETS;
    assert_true(plk_session_needs_rekey(s, 2000));
    s->send_next--;
    assert_false(plk_session_needs_rekey(s, 2000));
    s->recv_next = PLK_SESSION_REKEY_PACKETS;
    assert_true(plk_session_needs_rekey(s, 2000));
    pair.sessions[1].confirmed = true; // the responder waits a little longer
    assert_false(plk_session_needs_rekey(&pair.sessions[1], 1000 + PLK_HOUR));
    assert_true(plk_session_needs_rekey(&pair.sessions[1], 1000 + PLK_HOUR + PLK_SESSION_REKEY_LATE_US));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_go_both_ways),
        cmocka_unit_test(nothing_leaves_an_unconfirmed_session),
        cmocka_unit_test(sealing_in_place_gives_the_same_bytes),
        cmocka_unit_test(the_counter_is_masked_by_the_ciphertext),
        cmocka_unit_test(every_bit_is_authenticated),
        cmocka_unit_test(the_window_is_2048_wide_exactly),
        cmocka_unit_test(the_window_agrees_with_a_plain_list),
        cmocka_unit_test(a_session_ends_long_before_its_counter),
        cmocka_unit_test(too_many_forgeries_end_a_session),
        cmocka_unit_test(only_data_packets_are_opened),
        cmocka_unit_test(rekey_is_due_after_an_hour_or_a_million),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
