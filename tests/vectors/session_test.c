// SPDX-License-Identifier: MIT
// src/session against tests/vectors/session.txt: every byte on the wire from fixed keys.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "session/handshake.h"
#include "support/vector.h"

// A generator that gives these 32 bytes next.
static struct plk_rng giving(const uint8_t bytes[32]) {
    struct plk_rng rng = {.left = 32};
    memcpy(rng.pool + sizeof rng.pool - 32, bytes, 32);
    return rng;
}

static struct plk_greeting greeting(struct plk_vector *v, bool initiator) {
    struct plk_greeting g = {.generation = (uint32_t)plk_vector_number(v, "generation")};
    memcpy(g.device, plk_vector_key(v, initiator ? "i_device" : "r_device", 8), 8);
    memcpy(g.incarnation, plk_vector_key(v, initiator ? "i_incarnation" : "r_incarnation", 8), 8);
    memcpy(g.cids, plk_vector_key(v, initiator ? "i_cids" : "r_cids", 32), 32);
    g.echo = initiator ? plk_vector_number(v, "i_echo") : 0;
    return g;
}

static void check_greeting(struct plk_vector *v, const struct plk_greeting *heard, bool initiator) {
    plk_vector_expect(v, initiator ? "i_device" : "r_device", heard->device, 8);
    plk_vector_expect(v, initiator ? "i_incarnation" : "r_incarnation", heard->incarnation, 8);
    plk_vector_expect(v, initiator ? "i_cids" : "r_cids", heard->cids, 32);
    assert_int_equal(heard->echo, plk_vector_number(v, initiator ? "i_echo" : "r_echo"));
}

static void check_data(struct plk_vector *v, struct plk_session *from, struct plk_session *to, const char *text_name,
                       const char *packet_name, uint64_t counter) {
    struct plk_bytes text = plk_vector_bytes(v, text_name), want = plk_vector_bytes(v, packet_name);
    uint8_t packet[512], out[512];
    uint64_t used;
    size_t len;
    from->send_next = counter;
    assert_int_equal(plk_session_seal(from, want.at + 1, text, packet, &used), PLK_ERR_OK);
    plk_vector_expect(v, packet_name, packet, text.len + PLK_PACKET_OVERHEAD);
    struct plk_packet decoded;
    assert_int_equal(plk_packet_decode(&decoded, want), PLK_ERR_OK);
    assert_int_equal(plk_session_open(to, &decoded, out, &len, &used), PLK_ERR_OK);
    assert_int_equal(used, counter);
    plk_vector_expect(v, text_name, out, len);
}

static void run(struct plk_vector *v) {
    enum plk_handshake_kind kind = (enum plk_handshake_kind)plk_vector_number(v, "kind");
    uint8_t hint_key[16], i_public[32], r_public[32];
    plk_hint_key(hint_key, plk_vector_key(v, "psk", 32), (enum plk_hint_direction)plk_vector_number(v, "direction"));
    plk_vector_expect(v, "hint_key", hint_key, sizeof hint_key);
    struct plk_handshake_keys i = {.kind = kind, .psk = plk_vector_key(v, "psk", 32), .hint_key = hint_key}, r = i;
    if (kind == PLK_HANDSHAKE_KK) {
        i.own_static = plk_vector_key(v, "i_static", 32);
        r.own_static = plk_vector_key(v, "r_static", 32);
        plk_dh_public(i_public, i.own_static);
        plk_dh_public(r_public, r.own_static);
        i.peer_static = r_public;
        r.peer_static = i_public;
    }
    struct plk_rng rng = giving(plk_vector_key(v, "i_ephemeral", 32));
    struct plk_greeting own = greeting(v, true), heard;
    struct plk_handshake attempt;
    assert_int_equal(plk_handshake_start(&attempt, &i, plk_vector_number(v, "stamp"), &own, &rng), PLK_ERR_OK);
    plk_vector_expect(v, "message1", attempt.message, sizeof attempt.message);

    struct plk_packet packet;
    struct plk_handshake_answered answered;
    rng = giving(plk_vector_key(v, "r_ephemeral", 32));
    own = greeting(v, false);
    assert_int_equal(plk_packet_decode(&packet, plk_handshake_message(&attempt)), PLK_ERR_OK);
    assert_int_equal(plk_handshake_answer(&r, &packet, &own, 0, &rng, &answered), PLK_ERR_OK);
    assert_int_equal(answered.stamp, plk_vector_number(v, "stamp"));
    check_greeting(v, &answered.peer, true);
    plk_vector_expect(v, "message2", answered.message, sizeof answered.message);

    struct plk_session session;
    assert_int_equal(plk_packet_decode(&packet, plk_bytes(answered.message, sizeof answered.message)), PLK_ERR_OK);
    assert_int_equal(plk_handshake_finish(&attempt, &packet, 0, &session, &heard), PLK_ERR_OK);
    check_greeting(v, &heard, false);
    plk_vector_expect(v, "i_send", session.keys.send, 32);
    plk_vector_expect(v, "r_send", session.keys.recv, 32);
    plk_vector_expect(v, "i_header", session.keys.send_header, 32);
    plk_vector_expect(v, "r_header", session.keys.recv_header, 32);
    check_data(v, &session, &answered.session, "text_0", "packet_0", 0);
    check_data(v, &answered.session, &session, "text_1", "packet_1", 0);
    check_data(v, &session, &answered.session, "text_2", "packet_2", PLK_SESSION_COUNTER_END - 1);
}

static void every_vector(void **state) {
    (void)state;
    struct plk_vector v;
    unsigned count = 0;
    plk_vector_open(&v, PLK_VECTOR_DIR "/session.txt");
    while (plk_vector_next(&v)) {
        run(&v);
        count++;
    }
    assert_int_equal(count, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_vector)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
