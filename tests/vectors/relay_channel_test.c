// SPDX-License-Identifier: MIT
// src/session/hello and cookie against tests/vectors/relay_channel.txt: every byte on the wire from fixed keys.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "session/cookie.h"
#include "session/hello.h"
#include "support/vector.h"

// A generator that gives these bytes next.
static struct plk_rng giving(const uint8_t *bytes, size_t len) {
    struct plk_rng rng = {.left = len};
    memcpy(rng.pool + sizeof rng.pool - len, bytes, len);
    return rng;
}

static struct plk_addr address(struct plk_vector *v) {
    struct plk_reader r = plk_reader(plk_vector_bytes(v, "address"));
    struct plk_addr addr = plk_addr_read(&r);
    assert_true(plk_reader_done(&r));
    return addr;
}

static struct plk_packet decoded(struct plk_bytes bytes) {
    struct plk_packet packet;
    assert_int_equal(plk_packet_decode(&packet, bytes), PLK_ERR_OK);
    return packet;
}

static void check_cookie(struct plk_vector *v, const struct plk_hello_static *own, struct plk_hello *h) {
    struct plk_cookie_jar jar = {.has = true};
    struct plk_addr addr = address(v);
    uint8_t cookie[PLK_COOKIE_LEN], packet[PLK_PACKET_COOKIE_LEN];
    memcpy(jar.secret, plk_vector_key(v, "cookie_secret", 16), 16);
    struct plk_packet hello = decoded(plk_hello_message(h));
    plk_cookie_make(&jar, 0, NULL, &addr, cookie);
    plk_vector_expect(v, "cookie", cookie, sizeof cookie);
    struct plk_rng rng = giving(plk_vector_key(v, "nonce", 24), 24);
    plk_cookie_write(packet, own->known.cookie_key, &rng, &hello, cookie);
    plk_vector_expect(v, "cookie_packet", packet, sizeof packet);
    assert_false(plk_cookie_good(&jar, 0, NULL, &addr, &hello));
    struct plk_packet answer = decoded(plk_bytes(packet, sizeof packet));
    assert_int_equal(plk_hello_cookie(h, &answer, cookie), PLK_ERR_OK);
    plk_vector_expect(v, "cookie", cookie, sizeof cookie);
    plk_vector_expect(v, "hello_proved", h->message, sizeof h->message);
    hello = decoded(plk_hello_message(h));
    assert_true(plk_cookie_good(&jar, 0, NULL, &addr, &hello));
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
    struct plk_packet data = decoded(want);
    assert_int_equal(plk_session_open(to, &data, out, &len, &used), PLK_ERR_OK);
    assert_int_equal(used, counter);
    plk_vector_expect(v, text_name, out, len);
}

static void check_sessions(struct plk_vector *v, struct plk_session *client, struct plk_session *relay) {
    plk_vector_expect(v, "c_send", client->keys.send, 32);
    plk_vector_expect(v, "r_send", client->keys.recv, 32);
    plk_vector_expect(v, "c_header", client->keys.send_header, 32);
    plk_vector_expect(v, "r_header", client->keys.recv_header, 32);
    check_data(v, client, relay, "text_0", "packet_0", 0);
    check_data(v, relay, client, "text_1", "packet_1", 0);
    check_data(v, client, relay, "text_2", "packet_2", 70000);
}

static void answer(struct plk_vector *v, const struct plk_hello_static *own, const struct plk_packet *hello,
                   struct plk_hello_answered *out) {
    struct plk_relay_greeting greeting = {.wall_ms = plk_vector_number(v, "wall_ms"), .seen = address(v)};
    memcpy(greeting.cid, plk_vector_key(v, "r_cid", 8), 8);
    greeting.admission = (enum plk_relay_admission)plk_vector_number(v, "admission");
    greeting.bits = (uint8_t)plk_vector_number(v, "bits");
    greeting.extensions = plk_vector_bytes(v, "relay_extensions");
    struct plk_rng rng = giving(plk_vector_key(v, "r_ephemeral", 32), 32);
    assert_true(plk_hello_mac1_good(&own->known, hello));
    assert_int_equal(plk_hello_answer(own, hello, &greeting, 0, &rng, out), PLK_ERR_OK);
    plk_vector_expect(v, "message2", out->message, sizeof out->message);
    plk_vector_expect(v, "hash", out->hash, sizeof out->hash);
    plk_vector_expect(v, "c_cid", out->peer_cid, 8);
}

static void finish(struct plk_vector *v, struct plk_hello *h, struct plk_hello_answered *answered) {
    struct plk_hello_heard heard;
    struct plk_packet message2 = decoded(plk_bytes(answered->message, sizeof answered->message));
    assert_int_equal(plk_hello_finish(h, &message2, 0, &heard), PLK_ERR_OK);
    plk_vector_expect(v, "hash", heard.hash, sizeof heard.hash);
    plk_vector_expect(v, "r_cid", heard.greeting.cid, 8);
    assert_int_equal(heard.greeting.wall_ms, plk_vector_number(v, "wall_ms"));
    assert_int_equal(heard.greeting.admission, plk_vector_number(v, "admission"));
    assert_int_equal(heard.greeting.bits, plk_vector_number(v, "bits"));
    struct plk_addr seen = address(v);
    assert_true(plk_addr_equal(&heard.greeting.seen, &seen));
    assert_int_equal(heard.has_stun, plk_vector_bytes(v, "relay_extensions").len > 0);
    check_sessions(v, &heard.session, &answered->session);
}

// A client without extensions: our own. One of a later version has some, and its bytes are given.
static void run(struct plk_vector *v) {
    struct plk_hello_static own;
    struct plk_hello h;
    struct plk_hello_answered answered;
    plk_hello_static_init(&own, plk_vector_key(v, "static", 32));
    if (plk_vector_has(v, "client_extensions")) {
        struct plk_packet hello = decoded(plk_vector_bytes(v, "hello"));
        answer(v, &own, &hello, &answered);
        return;
    }
    struct plk_rng rng = giving(plk_vector_key(v, "c_ephemeral", 32), 32);
    assert_int_equal(plk_hello_start(&h, own.known.public, plk_vector_key(v, "c_cid", 8), &rng), PLK_ERR_OK);
    plk_vector_expect(v, "hello", h.message, sizeof h.message);
    check_cookie(v, &own, &h);
    struct plk_packet hello = decoded(plk_hello_message(&h));
    answer(v, &own, &hello, &answered);
    finish(v, &h, &answered);
}

static void every_vector(void **state) {
    (void)state;
    struct plk_vector v;
    unsigned count = 0;
    plk_vector_open(&v, PLK_VECTOR_DIR "/relay_channel.txt");
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
