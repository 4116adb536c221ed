// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "channel/relay_dial.h"
#include "session/cookie.h"

#define FIRST_STREAM 0x1000u

static void *take_mem(void *ctx, size_t len) {
    (void)ctx;
    return malloc(len);
}

static void give_mem(void *ctx, void *at, size_t len) {
    (void)ctx;
    (void)len;
    free(at);
}

static struct plk_mem mem;
static struct plk_rng rng;
static uint64_t now_us;
static struct plk_relay_dial *d;

// The relay, and what the network lets through. It has one channel, the newest, and carries out its own packets at once.
static struct plk_hello_static own;
static struct plk_relay_channel *channel;
static uint32_t channel_stream;
static bool udp_works, tcp_works, wants_cookie, knows_name;
static struct plk_addr me, found[2], client;
static struct plk_cookie_jar jar;
static unsigned hellos, opened, closed, resolves, ups, downs, datagrams, passed_count;

static int set_up(void **state) {
    (void)state;
    static const uint8_t seed[32] = {8};
    uint8_t secret[32];
    mem = (struct plk_mem){.take = take_mem, .give = give_mem};
    plk_rng_seed(&rng, seed);
    plk_rng_bytes(&rng, secret, sizeof secret);
    plk_hello_static_init(&own, secret);
    now_us = 100 * PLK_SECOND;
    me = (struct plk_addr){.family = 4, .ip = {192, 0, 2, 1}, .port = 7447};
    client = (struct plk_addr){.family = 4, .ip = {198, 51, 100, 1}, .port = 5555};
    found[0] = (struct plk_addr){.family = 6, .ip = {0x20, 1, 0xd, 0xb8}}; // nobody there
    found[1] = me;
    udp_works = tcp_works = knows_name = true;
    wants_cookie = false;
    jar = (struct plk_cookie_jar){0};
    hellos = opened = closed = resolves = ups = downs = datagrams = passed_count = 0;
    channel = NULL;
    struct plk_relay_dial_config config = {
        .host = plk_bytes_text("relay.example"), .port = 7447, .first_stream = FIRST_STREAM, .ticket = 77};
    memcpy(config.relay, own.known.public, 32);
    d = plk_relay_dial_new(&mem, &config);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_relay_dial_free(d);
    plk_relay_dial_free(NULL);
    plk_relay_channel_free(channel);
    assert_int_equal(mem.used, 0);
    return 0;
}

// ---- towards the dial

static void hear(uint32_t stream, const uint8_t *bytes, size_t len) {
    uint8_t text[PLK_DATAGRAM_MAX], framed[PLK_DATAGRAM_MAX + 2] = {(uint8_t)(len >> 8), (uint8_t)len};
    struct plk_relay_channel_passed passed;
    struct plk_relay_channel_frame frame;
    if (stream == 0) {
        struct plk_packet packet;
        assert_int_equal(plk_packet_decode(&packet, plk_bytes(bytes, len)), PLK_ERR_OK);
        plk_relay_dial_packet(d, now_us, &me, &packet, &rng, text, &passed);
        while (plk_relay_channel_passed_next(&passed, &frame)) passed_count++;
        return;
    }
    memcpy(framed + 2, bytes, len);
    struct plk_input input = {.kind = PLK_IN_STREAM};
    input.stream.stream = stream;
    input.stream.event = PLK_STREAM_BYTES;
    for (size_t at = 0; at < len + 2; at += 100) { // in pieces
        input.stream.data = plk_bytes(framed + at, len + 2 - at < 100 ? len + 2 - at : 100);
        assert_true(plk_relay_dial_stream(d, now_us, &input));
        while (plk_relay_dial_framed(d, now_us, &rng, text, &passed)) {
            while (plk_relay_channel_passed_next(&passed, &frame)) passed_count++;
        }
    }
}

static void stream_event(uint32_t stream, enum plk_stream_event event) {
    struct plk_input input = {.kind = PLK_IN_STREAM};
    input.stream.stream = stream;
    input.stream.event = event;
    input.stream.writable = PLK_TCP_UNSENT_MAX;
    assert_true(plk_relay_dial_stream(d, now_us, &input));
}

// ---- the relay

static void answer_hello(uint32_t stream, const struct plk_packet *hello) {
    struct plk_relay_greeting greeting = {.seen = client, .admission = PLK_RELAY_ADMIT_TOKEN};
    struct plk_hello_answered answered;
    uint8_t packet[PLK_PACKET_COOKIE_LEN], cookie[PLK_COOKIE_LEN];
    hellos++;
    assert_true(plk_hello_mac1_good(&own.known, hello));
    if (stream == 0 && wants_cookie && !plk_cookie_good(&jar, now_us, &rng, &client, hello)) {
        plk_cookie_make(&jar, now_us, &rng, &client, cookie);
        plk_cookie_write(packet, own.known.cookie_key, &rng, hello, cookie);
        hear(0, packet, sizeof packet);
        return;
    }
    plk_rng_bytes(&rng, greeting.cid, sizeof greeting.cid);
    assert_int_equal(plk_hello_answer(&own, hello, &greeting, now_us, &rng, &answered), PLK_ERR_OK);
    struct plk_relay_channel_start start = {.role = PLK_RELAY_CHANNEL_RELAY,
                                            .transport = stream == 0 ? PLK_UDP : PLK_TCP,
                                            .session = &answered.session,
                                            .addr = client};
    memcpy(start.peer_cid, answered.peer_cid, sizeof start.peer_cid);
    plk_relay_channel_free(channel);
    channel = plk_relay_channel_new(&mem, &start, now_us);
    channel_stream = stream;
    hear(stream, answered.message, sizeof answered.message);
}

static void relay_says(void) {
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
    struct plk_addr to;
    size_t len;
    if (channel == NULL) return;
    plk_relay_channel_tick(channel, now_us);
    while (plk_relay_channel_poll(channel, now_us, out, sizeof out, &len, &to)) {
        if (channel_stream != 0 ? tcp_works : udp_works) hear(channel_stream, out, len);
    }
}

static void relay_hears(uint32_t stream, struct plk_bytes bytes) {
    struct plk_packet packet;
    uint8_t text[PLK_DATAGRAM_MAX];
    struct plk_relay_channel_passed passed;
    assert_int_equal(plk_packet_decode(&packet, bytes), PLK_ERR_OK);
    if (packet.kind == PLK_PACKET_HELLO) {
        answer_hello(stream, &packet);
    } else if (channel != NULL && channel_stream == stream) {
        plk_relay_channel_receive(channel, now_us, &client, &packet, PLK_RELAY_CHANNEL_PLENTY, &rng, text, &passed);
    }
}

static void carry_out(const struct plk_output *output) {
    static uint8_t copy[PLK_DATAGRAM_MAX + 2];
    switch (output->kind) {
    case PLK_OUT_RESOLVE:
        resolves++;
        assert_int_equal(output->resolve.ticket, 77);
        plk_relay_dial_resolved(d, now_us, found, knows_name ? 2 : 0);
        break;
    case PLK_OUT_DATAGRAM:
        datagrams++;
        if (!udp_works || !plk_addr_equal(&output->datagram.to, &me)) break;
        memcpy(copy, output->datagram.data.at, output->datagram.data.len);
        relay_hears(0, plk_bytes(copy, output->datagram.data.len));
        break;
    case PLK_OUT_STREAM_OPEN:
        opened++;
        assert_true(output->stream_open.stream >= FIRST_STREAM);
        stream_event(output->stream_open.stream,
                     tcp_works && plk_addr_equal(&output->stream_open.to, &me) ? PLK_STREAM_OPENED : PLK_STREAM_CLOSED);
        break;
    case PLK_OUT_STREAM_WRITE:
        memcpy(copy, output->stream_write.data.at, output->stream_write.data.len);
        relay_hears(output->stream_write.stream, plk_bytes(copy + 2, output->stream_write.data.len - 2));
        stream_event(output->stream_write.stream, PLK_STREAM_WRITABLE);
        break;
    default:
        assert_int_equal(output->kind, PLK_OUT_STREAM_CLOSE);
        closed++;
    }
}

static void settle(void) {
    struct plk_output output;
    for (unsigned i = 0; i < 5000; i++) {
        plk_relay_dial_tick(d, now_us, &rng);
        if (!plk_relay_dial_poll(d, now_us, &output)) {
            relay_says();
            if (!plk_relay_dial_poll(d, now_us, &output)) break;
        }
        carry_out(&output);
        enum plk_relay_dial_news news = plk_relay_dial_news(d);
        ups += news == PLK_RELAY_DIAL_UP;
        downs += news == PLK_RELAY_DIAL_DOWN;
        assert_true(i < 4000);
    }
    enum plk_relay_dial_news news = plk_relay_dial_news(d);
    ups += news == PLK_RELAY_DIAL_UP;
    downs += news == PLK_RELAY_DIAL_DOWN;
}

static void run(uint64_t for_us) {
    uint64_t until_us = now_us + for_us;
    for (unsigned i = 0;; i++) {
        assert_true(i < 200000);
        settle();
        uint64_t at_us = plk_relay_dial_deadline(d);
        if (channel != NULL) at_us = plk_earlier(at_us, plk_relay_channel_deadline(channel));
        if (at_us <= now_us) at_us = now_us + PLK_MS;
        if (at_us > until_us) break;
        now_us = at_us;
    }
    now_us = until_us;
    settle();
}

static bool connected(void) { return plk_relay_dial_status(d).connected; }

// ---- stories

static void udp_is_quicker(void **state) {
    (void)state;
    run(PLK_SECOND);
    assert_true(connected());
    struct plk_relay_dial_status status = plk_relay_dial_status(d);
    assert_false(status.tcp);
    assert_true(plk_addr_equal(&status.addr, &me));
    assert_int_equal(hellos, 1);
    assert_int_equal(opened, 0);
    assert_int_equal(ups, 1);
    assert_int_equal(resolves, 1);
    assert_int_equal(plk_relay_dial_heard(d)->greeting.admission, PLK_RELAY_ADMIT_TOKEN);
    assert_int_equal(plk_relay_channel_status(channel).state, PLK_RELAY_CHANNEL_OPEN);
    struct plk_output output;
    struct plk_relay_channel_frame frame = {.type = PLK_FRAME_PASS, .handle = 1, .bytes = {(const uint8_t *)"x", 1}};
    assert_true(plk_relay_dial_pass(d, &frame, &output));
    assert_int_equal(output.kind, PLK_OUT_DATAGRAM);
}

static void tcp_is_there_when_udp_is_not(void **state) {
    (void)state;
    udp_works = false;
    run(2 * PLK_SECOND);
    assert_true(plk_relay_dial_status(d).tcp);
    assert_int_equal(opened, 2); // the first address refuses
    run(PLK_HOUR);
    assert_int_equal(ups, 1);
    assert_int_equal(downs, 0);
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
    size_t len;
    struct plk_relay_channel_frame frame = {.type = PLK_FRAME_NOBODY, .handle = 1};
    assert_int_equal(plk_relay_channel_pass(channel, &frame, out, &len), PLK_ERR_OK);
    hear(channel_stream, out, len);
    assert_int_equal(passed_count, 1);
    struct plk_output output;
    frame.type = PLK_FRAME_PASS;
    assert_true(plk_relay_dial_pass(d, &frame, &output));
    assert_int_equal(output.kind, PLK_OUT_STREAM_WRITE);
}

static void a_lost_stream_is_made_again(void **state) {
    (void)state;
    udp_works = false;
    run(2 * PLK_SECOND);
    stream_event(channel_stream, PLK_STREAM_CLOSED);
    settle();
    assert_int_equal(downs, 1);
    run(2 * PLK_SECOND);
    assert_int_equal(ups, 2);
    assert_true(plk_relay_dial_status(d).tcp);
    assert_int_equal(closed, 0); // what the other side has closed needs no closing
}

static void a_cookie_is_used_and_kept(void **state) {
    (void)state;
    wants_cookie = true;
    run(100 * PLK_MS);
    assert_true(connected());
    assert_int_equal(hellos, 2);
    plk_relay_channel_free(channel); // the relay is restarted, its secret with it
    channel = NULL;
    jar = (struct plk_cookie_jar){0};
    plk_relay_channel_ping(plk_relay_dial_channel(d), now_us);
    run(20 * PLK_SECOND);
    assert_int_equal(ups, 2);
    assert_int_equal(hellos, 4); // the old cookie is good no more
}

static void a_dead_relay_is_noticed_and_asked_for(void **state) {
    (void)state;
    run(PLK_SECOND);
    udp_works = tcp_works = false;
    run(25 * PLK_SECOND);
    assert_false(connected());
    assert_int_equal(downs, 1);
    run(10 * PLK_MINUTE);
    unsigned failures = plk_relay_dial_status(d).failures;
    assert_true(failures >= 5 && failures <= 12);
    udp_works = true;
    run(PLK_RELAY_DIAL_PAUSE_MAX_US * 3 / 2);
    assert_true(connected());
    assert_int_equal(plk_relay_dial_status(d).failures, 0);
}

static void a_hello_is_repeated_a_few_times(void **state) {
    (void)state;
    udp_works = tcp_works = false;
    run(PLK_RELAY_DIAL_GIVE_UP_US - PLK_MS);
    assert_int_equal(datagrams, 2 * (1 + PLK_RELAY_DIAL_REPEATS)); // to both addresses
    assert_int_equal(opened, 2);
    assert_int_equal(plk_relay_dial_status(d).failures, 0);
    run(2 * PLK_MS);
    assert_int_equal(plk_relay_dial_status(d).failures, 1);
}

static void a_name_that_is_not_known_is_asked_again(void **state) {
    (void)state;
    knows_name = false;
    run(PLK_MINUTE);
    assert_false(connected());
    assert_true(resolves >= 3);
    assert_int_equal(hellos + opened + datagrams, 0);
    knows_name = true;
    run(PLK_MINUTE);
    assert_true(connected());
    knows_name = false; // what it was is good enough
    plk_relay_dial_hurry(d, now_us);
    run(PLK_SECOND);
    assert_int_equal(ups, 2);
}

static void a_new_network_gets_a_new_channel(void **state) {
    (void)state;
    run(PLK_SECOND);
    struct plk_relay_channel *before = plk_relay_dial_channel(d);
    assert_non_null(before);
    client.ip[3] = 9;
    plk_relay_dial_hurry(d, now_us);
    assert_true(connected()); // until the new one is there
    run(PLK_SECOND);
    assert_int_equal(ups, 2);
    assert_int_equal(downs, 0);
    assert_int_equal(hellos, 2);
}

static void a_channel_is_renewed_before_it_ends(void **state) {
    (void)state;
    run(PLK_RELAY_CHANNEL_RENEW_US - PLK_MINUTE);
    assert_int_equal(ups, 1);
    run(2 * PLK_MINUTE);
    assert_int_equal(ups, 2);
    assert_int_equal(downs, 0);
}

static void keepalive_grows_until_the_nat_forgets(void **state) {
    (void)state;
    run(PLK_MINUTE);
    run(2 * PLK_HOUR);
    assert_in_range(plk_relay_dial_status(d).keepalive_us, PLK_RELAY_CHANNEL_PING_MAX_US / 2,
                    PLK_RELAY_CHANNEL_PING_MAX_US);
    assert_int_equal(ups, 1);
    uint64_t long_us = plk_relay_dial_status(d).keepalive_us;
    client.port++; // a NAT that had forgotten
    run(2 * long_us);
    uint64_t shorter_us = plk_relay_dial_status(d).keepalive_us;
    assert_int_equal(shorter_us, long_us * 7 / 10 / PLK_MS * PLK_MS);
    run(2 * PLK_HOUR);
    assert_true(plk_relay_dial_status(d).keepalive_us < long_us); // not so long again on this network
    plk_relay_dial_hurry(d, now_us);
    assert_int_equal(plk_relay_dial_status(d).keepalive_us, PLK_RELAY_CHANNEL_PING_UDP_US);
}

static void who_shows_us_out_is_not_asked_at_once(void **state) {
    (void)state;
    run(PLK_SECOND);
    plk_relay_channel_close(channel);
    settle();
    run(100 * PLK_MS);
    assert_int_equal(downs, 1);
    assert_false(connected());
    run(3 * PLK_SECOND);
    assert_int_equal(ups, 2);
}

static void what_is_not_for_it_is_not_taken(void **state) {
    (void)state;
    run(PLK_SECOND);
    uint8_t bytes[300] = {PLK_PACKET_DATA}, text[300];
    struct plk_relay_channel_passed passed;
    struct plk_packet packet;
    static const uint8_t kinds[] = {PLK_PACKET_DATA, PLK_PACKET_MESSAGE1, PLK_PACKET_MESSAGE2, PLK_PACKET_HELLO, 0};
    for (size_t i = 0; i < sizeof kinds; i++) {
        bytes[0] = kinds[i];
        bytes[1] = 1;
        assert_int_equal(plk_packet_decode(&packet, plk_bytes(bytes, sizeof bytes)), PLK_ERR_OK);
        assert_false(plk_relay_dial_packet(d, now_us, &me, &packet, &rng, text, &passed));
    }
    struct plk_input input = {.kind = PLK_IN_STREAM};
    input.stream.stream = FIRST_STREAM - 1;
    assert_false(plk_relay_dial_stream(d, now_us, &input));
    input.stream.stream = FIRST_STREAM + PLK_RELAY_DIAL_STREAMS;
    assert_false(plk_relay_dial_stream(d, now_us, &input));
}

static void a_broken_stream_is_closed(void **state) {
    (void)state;
    udp_works = false;
    run(2 * PLK_SECOND);
    struct plk_input input = {.kind = PLK_IN_STREAM};
    uint8_t text[16];
    struct plk_relay_channel_passed passed;
    input.stream.stream = channel_stream;
    input.stream.event = PLK_STREAM_BYTES;
    input.stream.data = plk_bytes("\xff\xff", 2);
    assert_true(plk_relay_dial_stream(d, now_us, &input));
    assert_false(plk_relay_dial_framed(d, now_us, &rng, text, &passed));
    settle();
    assert_int_equal(closed, 1);
    assert_int_equal(downs, 1);
    run(5 * PLK_SECOND);
    assert_int_equal(ups, 2);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(udp_is_quicker),
        TEST(tcp_is_there_when_udp_is_not),
        TEST(a_lost_stream_is_made_again),
        TEST(a_cookie_is_used_and_kept),
        TEST(a_dead_relay_is_noticed_and_asked_for),
        TEST(a_hello_is_repeated_a_few_times),
        TEST(a_name_that_is_not_known_is_asked_again),
        TEST(a_new_network_gets_a_new_channel),
        TEST(a_channel_is_renewed_before_it_ends),
        TEST(keepalive_grows_until_the_nat_forgets),
        TEST(who_shows_us_out_is_not_asked_at_once),
        TEST(what_is_not_for_it_is_not_taken),
        TEST(a_broken_stream_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
