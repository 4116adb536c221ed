// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "session/handshake.h"
#include "support/session_pair.h"
#include "wire/version.h"

static struct plk_packet message2_of(struct plk_session_pair *pair) {
    return plk_session_pair_packet(plk_bytes(pair->answered.message, sizeof pair->answered.message));
}

static void check_connected(struct plk_session_pair *pair) {
    for (int side = 0; side < 2; side++) {
        const struct plk_greeting *sent = &pair->greetings[1 - side], *heard = &pair->heard[side];
        assert_memory_equal(heard->device, sent->device, sizeof sent->device);
        assert_memory_equal(heard->incarnation, sent->incarnation, sizeof sent->incarnation);
        assert_memory_equal(heard->cids, sent->cids, sizeof sent->cids);
        assert_int_equal(heard->generation, sent->generation);
        assert_int_equal(heard->version_min, PLK_VERSION_MIN);
        assert_int_equal(heard->version_max, PLK_VERSION_MAX);
        assert_int_equal(heard->kem.len + heard->extensions.len, 0);
        const struct plk_session_keys *own = &pair->sessions[side].keys, *peer = &pair->sessions[1 - side].keys;
        assert_memory_equal(own->send, peer->recv, 32);
        assert_memory_equal(own->send_header, peer->recv_header, 32);
        assert_memory_not_equal(own->send, own->recv, 32);
        assert_memory_not_equal(own->send_header, own->recv_header, 32);
        assert_memory_not_equal(own->send, own->send_header, 32);
    }
    assert_true(pair->sessions[0].confirmed && pair->sessions[0].initiator);
    assert_false(pair->sessions[1].confirmed || pair->sessions[1].initiator);
}

static void both_patterns_connect(void **state) {
    (void)state;
    static const enum plk_handshake_kind kinds[] = {PLK_HANDSHAKE_KK, PLK_HANDSHAKE_NN};
    for (size_t i = 0; i < 2; i++) {
        struct plk_session_pair pair;
        plk_session_pair_init(&pair, (uint8_t)i);
        assert_int_equal(plk_session_pair_connect(&pair, kinds[i], 42), PLK_ERR_OK);
        check_connected(&pair);
        assert_int_equal(pair.answered.stamp, 42);
        assert_int_equal(pair.heard[1].echo, 0);
        assert_int_equal(pair.heard[0].echo, 42); // the answer says that this stamp was accepted
    }
}

static void the_wire_shows_the_documented_layout(void **state) {
    (void)state;
    struct plk_session_pair pair;
    plk_session_pair_init(&pair, 1);
    assert_int_equal(plk_session_pair_connect(&pair, PLK_HANDSHAKE_KK, 5), PLK_ERR_OK);
    const uint8_t *one = pair.attempt.message, *two = pair.answered.message;
    assert_int_equal(sizeof pair.attempt.message, 256);
    assert_int_equal(sizeof pair.answered.message, 256);
    assert_int_equal(one[0], 0xC1);
    assert_int_equal(one[1], 1);
    uint8_t hint[16], stamp[8];
    plk_hint_make(pair.hint_key, one + 26, 5, hint, stamp);
    assert_memory_equal(one + 2, hint, 16);
    assert_memory_equal(one + 18, stamp, 8);
    assert_int_equal(two[0], 0xC2);
    assert_int_equal(two[1], 1);
    assert_memory_equal(two + 2, pair.greetings[0].cids[0], 8);
}

// An attempt survives garbage: every single changed bit is refused, and the true answer still connects afterwards.
static void garbage_does_not_end_an_attempt(void **state) {
    (void)state;
    struct plk_session_pair pair;
    plk_session_pair_init(&pair, 2);
    assert_int_equal(plk_session_pair_connect(&pair, PLK_HANDSHAKE_KK, 1), PLK_ERR_OK);
    struct plk_session session = {.started_us = 99};
    struct plk_greeting peer;
    const struct plk_handshake before = pair.attempt;
    for (size_t i = 10; i < sizeof pair.answered.message; i++) {
        pair.answered.message[i] ^= (uint8_t)(1u << i % 8);
        struct plk_packet garbage = message2_of(&pair);
        assert_int_equal(plk_handshake_finish(&pair.attempt, &garbage, 3000, &session, &peer), PLK_ERR_FORGED);
        pair.answered.message[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_memory_equal(&before, &pair.attempt, sizeof before);
    assert_int_equal(session.started_us, 99);
    struct plk_packet good = message2_of(&pair);
    assert_int_equal(plk_handshake_finish(&pair.attempt, &good, 3000, &session, &peer), PLK_ERR_OK);
    assert_memory_equal(session.keys.send, pair.sessions[1].keys.recv, 32);
}

static void message2_for_another_is_not_ours(void **state) {
    (void)state;
    struct plk_session_pair pair;
    plk_session_pair_init(&pair, 3);
    assert_int_equal(plk_session_pair_connect(&pair, PLK_HANDSHAKE_KK, 1), PLK_ERR_OK);
    pair.answered.message[2] ^= 1; // the connection id
    struct plk_packet packet = message2_of(&pair);
    struct plk_session session;
    struct plk_greeting peer;
    assert_int_equal(plk_handshake_finish(&pair.attempt, &packet, 0, &session, &peer), PLK_ERR_NOT_FOUND);
    struct plk_packet message1 = plk_session_pair_packet(plk_handshake_message(&pair.attempt));
    assert_int_equal(plk_handshake_finish(&pair.attempt, &message1, 0, &session, &peer), PLK_ERR_MALFORMED);
    struct plk_handshake_keys keys = plk_session_pair_keys(&pair, PLK_HANDSHAKE_KK, 1);
    assert_int_equal(plk_handshake_answer(&keys, &packet, &pair.greetings[1], 0, &pair.rng, &pair.answered),
                     PLK_ERR_MALFORMED);
}

// A changed bit anywhere in message 1 is refused: in the hint or stamp for the hint's sake, elsewhere by Noise.
static void message1_is_authenticated_to_the_last_bit(void **state) {
    (void)state;
    struct plk_session_pair pair;
    plk_session_pair_init(&pair, 4);
    assert_int_equal(plk_session_pair_connect(&pair, PLK_HANDSHAKE_KK, 1), PLK_ERR_OK);
    struct plk_handshake_keys keys = plk_session_pair_keys(&pair, PLK_HANDSHAKE_KK, 1);
    static const struct plk_handshake_answered zero;
    uint8_t *message = pair.attempt.message;
    for (size_t i = 2; i < sizeof pair.attempt.message; i++) {
        message[i] ^= (uint8_t)(1u << i % 8);
        struct plk_packet packet = plk_session_pair_packet(plk_bytes(message, 256));
        enum plk_err want = i < 58 ? PLK_ERR_NOT_FOUND : PLK_ERR_FORGED; // hint, stamp and ephemeral make the hint
        assert_int_equal(plk_handshake_answer(&keys, &packet, &pair.greetings[1], 0, &pair.rng, &pair.answered), want);
        if (want == PLK_ERR_FORGED) assert_memory_equal(&pair.answered, &zero, sizeof zero);
        message[i] ^= (uint8_t)(1u << i % 8);
    }
}

// The prologue binds hint and stamp: another stamp with a hint that fits it does not go with the same Noise message.
static void a_stamp_cannot_be_moved(void **state) {
    (void)state;
    struct plk_session_pair pair;
    plk_session_pair_init(&pair, 5);
    assert_int_equal(plk_session_pair_connect(&pair, PLK_HANDSHAKE_KK, 1), PLK_ERR_OK);
    uint8_t *message = pair.attempt.message;
    plk_hint_make(pair.hint_key, message + 26, 2, message + 2, message + 18);
    struct plk_handshake_keys keys = plk_session_pair_keys(&pair, PLK_HANDSHAKE_KK, 1);
    struct plk_packet packet = plk_session_pair_packet(plk_bytes(message, 256));
    assert_int_equal(plk_hint_stamp(pair.hint_key, &packet), 2);
    assert_int_equal(plk_handshake_answer(&keys, &packet, &pair.greetings[1], 0, &pair.rng, &pair.answered),
                     PLK_ERR_FORGED);
}

// Whoever lacks one of the keys gets nowhere.
static void every_key_counts(void **state) {
    (void)state;
    for (int which = 0; which < 4; which++) {
        struct plk_session_pair pair, other;
        plk_session_pair_init(&pair, 6);
        plk_session_pair_init(&other, 7);
        struct plk_handshake_keys keys = plk_session_pair_keys(&pair, PLK_HANDSHAKE_KK, 0);
        if (which == 0) keys.own_static = other.statics[0];
        if (which == 1) keys.peer_static = other.publics[1];
        if (which == 2) keys.psk = other.psk;
        if (which == 3) keys.hint_key = other.hint_key;
        assert_int_equal(plk_handshake_start(&pair.attempt, &keys, 1, &pair.greetings[0], &pair.rng), PLK_ERR_OK);
        struct plk_packet packet = plk_session_pair_packet(plk_handshake_message(&pair.attempt));
        keys = plk_session_pair_keys(&pair, PLK_HANDSHAKE_KK, 1);
        assert_int_equal(plk_handshake_answer(&keys, &packet, &pair.greetings[1], 0, &pair.rng, &pair.answered),
                         which == 3 ? PLK_ERR_NOT_FOUND : PLK_ERR_FORGED);
    }
}

static void another_generation_is_refused(void **state) {
    (void)state;
    struct plk_session_pair pair;
    plk_session_pair_init(&pair, 8);
    pair.greetings[1].generation = 8;
    assert_int_equal(plk_session_pair_connect(&pair, PLK_HANDSHAKE_KK, 1), PLK_ERR_MALFORMED);
}

static void a_peer_static_of_small_order_is_refused(void **state) {
    (void)state;
    struct plk_session_pair pair;
    plk_session_pair_init(&pair, 9);
    memset(pair.publics[1], 0, 32);
    assert_int_equal(plk_session_pair_connect(&pair, PLK_HANDSHAKE_KK, 1), PLK_ERR_FORGED);
    static const struct plk_handshake zero;
    assert_memory_equal(&pair.attempt, &zero, sizeof zero);
}

static void unknown_extensions_are_skipped_up_to_their_room(void **state) {
    (void)state;
    struct plk_session_pair pair;
    plk_session_pair_init(&pair, 10);
    uint8_t extension[PLK_HANDSHAKE_EXTENSIONS_MAX + 1] = {0x21, 0x40, PLK_HANDSHAKE_EXTENSIONS_MAX - 3};
    memset(extension + 3, 0x55, sizeof extension - 3);
    pair.greetings[0].extensions = plk_bytes(extension, PLK_HANDSHAKE_EXTENSIONS_MAX);
    assert_int_equal(plk_session_pair_connect(&pair, PLK_HANDSHAKE_NN, 1), PLK_ERR_OK);
    check_connected(&pair);
    extension[2]++;
    pair.greetings[0].extensions.len++;
    assert_int_equal(plk_session_pair_connect(&pair, PLK_HANDSHAKE_NN, 2), PLK_ERR_TOO_LONG);
}

// The same inputs give the same bytes; another attempt shares none of its secrets.
// Both learn it, and neither has a session; another device of the same contact is not meant.
static void a_replaced_device_is_told(void **state) {
    (void)state;
    struct plk_session_pair pair;
    plk_session_pair_init(&pair, 12);
    assert_int_equal(plk_session_pair_connect(&pair, PLK_HANDSHAKE_KK, 1), PLK_ERR_OK);
    assert_false(pair.answered.refused || pair.heard[0].moved);
    struct plk_packet message1 = plk_session_pair_packet(plk_handshake_message(&pair.attempt));
    struct plk_handshake_keys keys = plk_session_pair_keys(&pair, PLK_HANDSHAKE_KK, 1);
    uint8_t refused[2][PLK_GREETING_DEVICE_LEN] = {"another", ""};
    keys.refused = (const uint8_t(*)[PLK_GREETING_DEVICE_LEN])refused;
    keys.refused_count = 2;
    assert_int_equal(plk_handshake_answer(&keys, &message1, &pair.greetings[1], 0, &pair.rng, &pair.answered),
                     PLK_ERR_OK);
    assert_false(pair.answered.refused);
    memcpy(refused[1], pair.greetings[0].device, sizeof refused[1]);
    assert_int_equal(plk_handshake_answer(&keys, &message1, &pair.greetings[1], 0, &pair.rng, &pair.answered),
                     PLK_ERR_OK);
    assert_true(pair.answered.refused);
    const struct plk_session none = {0};
    assert_memory_equal(&pair.answered.session, &none, sizeof none);
    struct plk_packet message2 = message2_of(&pair);
    struct plk_session session = {.started_us = 99};
    struct plk_greeting peer;
    assert_int_equal(plk_handshake_finish(&pair.attempt, &message2, 0, &session, &peer), PLK_ERR_MOVED);
    assert_int_equal(session.started_us, 99);
}

static void attempts_are_deterministic_and_unlike(void **state) {
    (void)state;
    struct plk_session_pair pair, again;
    plk_session_pair_init(&pair, 11);
    plk_session_pair_init(&again, 11);
    assert_int_equal(plk_session_pair_connect(&pair, PLK_HANDSHAKE_KK, 1), PLK_ERR_OK);
    assert_int_equal(plk_session_pair_connect(&again, PLK_HANDSHAKE_KK, 1), PLK_ERR_OK);
    assert_memory_equal(pair.attempt.message, again.attempt.message, 256);
    assert_memory_equal(pair.answered.message, again.answered.message, 256);
    assert_memory_equal(&pair.sessions, &again.sessions, sizeof pair.sessions);
    assert_int_equal(plk_session_pair_connect(&again, PLK_HANDSHAKE_KK, 1), PLK_ERR_OK);
    assert_memory_not_equal(pair.attempt.message + 26, again.attempt.message + 26, 32);
    assert_memory_not_equal(pair.sessions[0].keys.send, again.sessions[0].keys.send, 32);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_patterns_connect),
        cmocka_unit_test(the_wire_shows_the_documented_layout),
        cmocka_unit_test(garbage_does_not_end_an_attempt),
        cmocka_unit_test(message2_for_another_is_not_ours),
        cmocka_unit_test(message1_is_authenticated_to_the_last_bit),
        cmocka_unit_test(a_stamp_cannot_be_moved),
        cmocka_unit_test(every_key_counts),
        cmocka_unit_test(another_generation_is_refused),
        cmocka_unit_test(a_peer_static_of_small_order_is_refused),
        cmocka_unit_test(unknown_extensions_are_skipped_up_to_their_room),
        cmocka_unit_test(a_replaced_device_is_told),
        cmocka_unit_test(attempts_are_deterministic_and_unlike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
