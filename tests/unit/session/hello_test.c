// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/hello_pair.h"

static void a_hello_opens_a_channel(void **state) {
    (void)state;
    struct plk_hello_pair pair;
    plk_hello_pair_init(&pair, 1);
    assert_int_equal(plk_hello_pair_connect(&pair, 1000), PLK_ERR_OK);
    const struct plk_session *client = &pair.heard.session, *relay = &pair.answered.session;
    assert_memory_equal(client->keys.send, relay->keys.recv, 32);
    assert_memory_equal(client->keys.recv, relay->keys.send, 32);
    assert_memory_equal(client->keys.send_header, relay->keys.recv_header, 32);
    assert_memory_equal(client->keys.recv_header, relay->keys.send_header, 32);
    assert_memory_not_equal(client->keys.send, client->keys.recv, 32);
    assert_memory_not_equal(client->keys.send_header, client->keys.recv_header, 32);
    assert_memory_equal(pair.heard.hash, pair.answered.hash, PLK_HELLO_HASH_LEN);
    assert_true(client->confirmed && client->initiator);
    assert_false(relay->confirmed || relay->initiator);
    assert_memory_equal(pair.answered.peer_cid, pair.client_cid, 8);
    assert_memory_equal(pair.heard.greeting.cid, pair.greeting.cid, 8);
    assert_true(plk_addr_equal(&pair.heard.greeting.seen, &pair.client));
    assert_int_equal(pair.heard.greeting.wall_ms, pair.greeting.wall_ms);
}

static void two_channels_share_nothing(void **state) {
    (void)state;
    struct plk_hello_pair pair, again;
    plk_hello_pair_init(&pair, 1);
    assert_int_equal(plk_hello_pair_connect(&pair, 1000), PLK_ERR_OK);
    again = pair;
    assert_int_equal(plk_hello_start(&again.hello, again.own.known.public, again.client_cid, &again.rng), PLK_ERR_OK);
    assert_int_equal(plk_hello_pair_connect(&again, 1000), PLK_ERR_OK);
    assert_memory_not_equal(pair.heard.hash, again.heard.hash, PLK_HELLO_HASH_LEN);
    assert_memory_not_equal(pair.heard.session.keys.send, again.heard.session.keys.send, 32);
}

static void nothing_is_larger_than_the_hello(void **state) {
    (void)state;
    struct plk_hello_pair pair;
    plk_hello_pair_init(&pair, 2);
    assert_int_equal(plk_hello_message(&pair.hello).len, PLK_PACKET_HANDSHAKE_LEN);
    assert_int_equal(sizeof pair.answered.message, PLK_PACKET_HANDSHAKE_LEN);
    assert_true(PLK_PACKET_COOKIE_LEN < PLK_PACKET_HANDSHAKE_LEN);
    uint8_t list[200] = {9, 0x40, 190};
    struct plk_packet hello = plk_hello_pair_packet(plk_hello_message(&pair.hello));
    pair.greeting.extensions = plk_bytes(list, 193);
    assert_int_equal(plk_hello_answer(&pair.own, &hello, &pair.greeting, 0, &pair.rng, &pair.answered),
                     PLK_ERR_TOO_LONG);
    static const struct plk_hello_answered nothing;
    assert_memory_equal(&pair.answered, &nothing, sizeof nothing);
}

// Who does not know the relay's key is not heard: every bit before mac 1, and of it, counts.
static void mac1_covers_the_hello(void **state) {
    (void)state;
    struct plk_hello_pair pair, other;
    plk_hello_pair_init(&pair, 3);
    plk_hello_pair_init(&other, 4);
    struct plk_packet hello = plk_hello_pair_packet(plk_hello_message(&pair.hello));
    assert_true(plk_hello_mac1_good(&pair.own.known, &hello));
    assert_false(plk_hello_mac1_good(&other.own.known, &hello));
    for (size_t i = 2; i < PLK_PACKET_HANDSHAKE_LEN; i++) {
        pair.hello.message[i] ^= (uint8_t)(1u << i % 8);
        bool before_mac2 = i < PLK_PACKET_HANDSHAKE_LEN - PLK_PACKET_MAC_LEN;
        assert_int_equal(plk_hello_mac1_good(&pair.own.known, &hello), !before_mac2);
        pair.hello.message[i] ^= (uint8_t)(1u << i % 8);
    }
}

// A mac 1 can be made by whoever knows the key; the handshake inside has to hold by itself.
static void a_changed_hello_is_forged(void **state) {
    (void)state;
    struct plk_hello_pair pair;
    plk_hello_pair_init(&pair, 5);
    static const struct plk_hello_answered nothing;
    for (size_t i = 2; i < PLK_PACKET_HANDSHAKE_LEN - 2 * PLK_PACKET_MAC_LEN; i += 3) {
        pair.hello.message[i] ^= (uint8_t)(1u << i % 8);
        struct plk_packet hello = plk_hello_pair_packet(plk_hello_message(&pair.hello));
        assert_int_equal(plk_hello_answer(&pair.own, &hello, &pair.greeting, 0, &pair.rng, &pair.answered),
                         PLK_ERR_FORGED);
        assert_memory_equal(&pair.answered, &nothing, sizeof nothing);
        pair.hello.message[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_int_equal(plk_hello_pair_connect(&pair, 0), PLK_ERR_OK);
}

static void garbage_does_not_end_a_hello(void **state) {
    (void)state;
    struct plk_hello_pair pair;
    plk_hello_pair_init(&pair, 6);
    assert_int_equal(plk_hello_pair_connect(&pair, 0), PLK_ERR_OK);
    const struct plk_hello before = pair.hello;
    uint8_t *message = pair.answered.message;
    for (size_t i = 2; i < PLK_PACKET_HANDSHAKE_LEN; i++) {
        message[i] ^= (uint8_t)(1u << i % 8);
        struct plk_packet packet = plk_hello_pair_packet(plk_bytes(message, PLK_PACKET_HANDSHAKE_LEN));
        assert_int_equal(plk_hello_finish(&pair.hello, &packet, 0, &pair.heard),
                         i < PLK_PACKET_HEADER2_LEN ? PLK_ERR_NOT_FOUND : PLK_ERR_FORGED);
        message[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_memory_equal(&pair.hello, &before, sizeof before);
    struct plk_packet hello = plk_hello_pair_packet(plk_hello_message(&pair.hello));
    assert_int_equal(plk_hello_finish(&pair.hello, &hello, 0, &pair.heard), PLK_ERR_MALFORMED);
    assert_int_equal(plk_hello_pair_connect(&pair, 0), PLK_ERR_OK);
}

static void another_relay_cannot_answer(void **state) {
    (void)state;
    struct plk_hello_pair pair, other;
    plk_hello_pair_init(&pair, 7);
    plk_hello_pair_init(&other, 8);
    struct plk_packet hello = plk_hello_pair_packet(plk_hello_message(&pair.hello));
    assert_int_equal(plk_hello_answer(&other.own, &hello, &other.greeting, 0, &other.rng, &other.answered),
                     PLK_ERR_FORGED);
    static const uint8_t refused[32] = {0}; // a static of low order
    assert_int_equal(plk_hello_start(&other.hello, refused, other.client_cid, &other.rng), PLK_ERR_FORGED);
}

// ---- cookies

static struct plk_packet cookie_for(struct plk_hello_pair *pair, struct plk_cookie_jar *jar, uint64_t now_us,
                                    uint8_t bytes[PLK_PACKET_COOKIE_LEN]) {
    uint8_t cookie[PLK_COOKIE_LEN];
    struct plk_packet hello = plk_hello_pair_packet(plk_hello_message(&pair->hello));
    plk_cookie_make(jar, now_us, &pair->rng, &pair->client, cookie);
    plk_cookie_write(bytes, pair->own.known.cookie_key, &pair->rng, &hello, cookie);
    return plk_hello_pair_packet(plk_bytes(bytes, PLK_PACKET_COOKIE_LEN));
}

static bool is_good(struct plk_hello_pair *pair, struct plk_cookie_jar *jar, uint64_t now_us,
                    const struct plk_addr *addr) {
    struct plk_packet hello = plk_hello_pair_packet(plk_hello_message(&pair->hello));
    return plk_cookie_good(jar, now_us, &pair->rng, addr, &hello);
}

static void a_cookie_proves_the_address(void **state) {
    (void)state;
    struct plk_hello_pair pair;
    struct plk_cookie_jar jar = {0};
    uint8_t bytes[PLK_PACKET_COOKIE_LEN], cookie[PLK_COOKIE_LEN], first[PLK_PACKET_HANDSHAKE_LEN];
    plk_hello_pair_init(&pair, 9);
    memcpy(first, pair.hello.message, sizeof first);
    assert_false(is_good(&pair, &jar, 0, &pair.client));
    struct plk_packet packet = cookie_for(&pair, &jar, 0, bytes);
    assert_int_equal(plk_hello_cookie(&pair.hello, &packet, cookie), PLK_ERR_OK);
    assert_true(is_good(&pair, &jar, 0, &pair.client));
    assert_memory_equal(first, pair.hello.message, sizeof first - PLK_PACKET_MAC_LEN); // only mac 2 is new
    struct plk_addr other = pair.client;
    other.port++;
    assert_false(is_good(&pair, &jar, 0, &other));
    other = pair.client;
    other.ip[3]++;
    assert_false(is_good(&pair, &jar, 0, &other));
    assert_int_equal(plk_hello_pair_connect(&pair, 0), PLK_ERR_OK);
    // another hello from the same address needs no other cookie
    assert_int_equal(plk_hello_start(&pair.hello, pair.own.known.public, pair.client_cid, &pair.rng), PLK_ERR_OK);
    assert_false(is_good(&pair, &jar, 0, &pair.client));
    plk_hello_prove(&pair.hello, cookie);
    assert_true(is_good(&pair, &jar, 0, &pair.client));
}

static void a_cookie_lives_for_two_secrets(void **state) {
    (void)state;
    struct plk_hello_pair pair;
    struct plk_cookie_jar jar = {0};
    uint8_t bytes[PLK_PACKET_COOKIE_LEN], cookie[PLK_COOKIE_LEN];
    plk_hello_pair_init(&pair, 10);
    struct plk_packet packet = cookie_for(&pair, &jar, 1000, bytes);
    assert_int_equal(plk_hello_cookie(&pair.hello, &packet, cookie), PLK_ERR_OK);
    struct plk_cookie_jar quiet = jar;
    assert_true(is_good(&pair, &jar, 1000 + PLK_COOKIE_US - 1, &pair.client));
    assert_true(is_good(&pair, &jar, 1000 + PLK_COOKIE_US, &pair.client)); // the one before
    assert_true(is_good(&pair, &jar, 1000 + 2 * PLK_COOKIE_US - 1, &pair.client));
    assert_false(is_good(&pair, &jar, 1000 + 2 * PLK_COOKIE_US, &pair.client));
    assert_false(is_good(&pair, &quiet, 1000 + 2 * PLK_COOKIE_US, &pair.client)); // though nobody asked in between
}

static void a_cookie_is_for_one_hello_of_one_relay(void **state) {
    (void)state;
    struct plk_hello_pair pair;
    struct plk_cookie_jar jar = {0};
    uint8_t bytes[PLK_PACKET_COOKIE_LEN], cookie[PLK_COOKIE_LEN], wrong[32] = {1};
    plk_hello_pair_init(&pair, 11);
    struct plk_packet packet = cookie_for(&pair, &jar, 0, bytes);
    const struct plk_hello before = pair.hello;
    for (size_t i = 2; i < PLK_PACKET_COOKIE_LEN; i++) {
        bytes[i] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(plk_hello_cookie(&pair.hello, &packet, cookie),
                         i < PLK_PACKET_HEADER2_LEN ? PLK_ERR_NOT_FOUND : PLK_ERR_FORGED);
        bytes[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_memory_equal(&pair.hello, &before, sizeof before);
    assert_int_equal(plk_cookie_open(cookie, wrong, before.message + 224, &packet), PLK_ERR_FORGED);
    struct plk_hello again;
    assert_int_equal(plk_hello_start(&again, pair.own.known.public, pair.client_cid, &pair.rng), PLK_ERR_OK);
    assert_int_equal(plk_hello_cookie(&again, &packet, cookie), PLK_ERR_FORGED); // recorded, for an earlier hello
    struct plk_packet hello = plk_hello_pair_packet(plk_hello_message(&pair.hello));
    assert_int_equal(plk_hello_cookie(&pair.hello, &hello, cookie), PLK_ERR_MALFORMED);
    assert_int_equal(plk_cookie_open(cookie, pair.own.known.cookie_key, before.message + 224, &hello),
                     PLK_ERR_MALFORMED);
    assert_int_equal(plk_hello_cookie(&pair.hello, &packet, cookie), PLK_ERR_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hello_opens_a_channel),          cmocka_unit_test(two_channels_share_nothing),
        cmocka_unit_test(nothing_is_larger_than_the_hello), cmocka_unit_test(mac1_covers_the_hello),
        cmocka_unit_test(a_changed_hello_is_forged),        cmocka_unit_test(garbage_does_not_end_a_hello),
        cmocka_unit_test(another_relay_cannot_answer),      cmocka_unit_test(a_cookie_proves_the_address),
        cmocka_unit_test(a_cookie_lives_for_two_secrets),   cmocka_unit_test(a_cookie_is_for_one_hello_of_one_relay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
