// SPDX-License-Identifier: MIT
// One dial and the relay that it asks for, which carries out its own packets at once; what the network lets through is the
// test's to say. Time moves when the test moves it.
#ifndef PLK_TESTS_SUPPORT_RELAY_DIAL_H
#define PLK_TESTS_SUPPORT_RELAY_DIAL_H

#include <stdlib.h>

#include "channel/relay_dial.h"
#include "session/cookie.h"
#include "support/memory.h"

#define FIRST_STREAM 0x1000u

static struct plk_mem mem;
static struct plk_rng rng;
static uint64_t now_us;
static struct plk_relay_dial *d;

// The relay, and what the network lets through. It has one channel, the newest, and carries out its own packets at once.
static struct plk_hello_static own;
static struct plk_relay_channel *channel;
static uint32_t channel_stream;
static bool udp_works, tcp_works, wants_cookie, knows_name, hears_hellos;
static struct plk_addr me, found[2], client;
static struct plk_bytes extensions; // of the relay's greeting
static struct plk_cookie_jar jar;
static unsigned hellos, opened, closed, resolves, ups, downs, datagrams, passed_count;

static inline int set_up(void **state) {
    (void)state;
    static const uint8_t seed[32] = {8};
    uint8_t secret[32];
    mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    plk_rng_seed(&rng, seed);
    plk_rng_bytes(&rng, secret, sizeof secret);
    plk_hello_static_init(&own, secret);
    now_us = 100 * PLK_SECOND;
    me = (struct plk_addr){.family = 4, .ip = {192, 0, 2, 1}, .port = 7447};
    client = (struct plk_addr){.family = 4, .ip = {198, 51, 100, 1}, .port = 5555};
    found[0] = (struct plk_addr){.family = 6, .ip = {0x20, 1, 0xd, 0xb8}}; // nobody there
    found[1] = me;
    udp_works = tcp_works = knows_name = hears_hellos = true;
    wants_cookie = false;
    jar = (struct plk_cookie_jar){0};
    hellos = opened = closed = resolves = ups = downs = datagrams = passed_count = 0;
    channel = NULL;
    extensions = plk_bytes(NULL, 0);
    struct plk_relay_dial_config config = {
        .host = plk_bytes_text("relay.example"), .port = 7447, .first_stream = FIRST_STREAM, .ticket = 77};
    memcpy(config.relay, own.known.public, 32);
    d = plk_relay_dial_new(&mem, &config);
    return 0;
}

// The same carried by another channel (FWD).
static const uint8_t carried_cid[PLK_PACKET_CID_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};

static inline int set_up_carried(void **state) {
    set_up(state);
    plk_relay_dial_free(d);
    struct plk_relay_dial_carried carried = {.addr = me};
    struct plk_relay_dial_config config = {.host = plk_bytes_text("relay.example"),
                                           .port = 7447,
                                           .first_stream = FIRST_STREAM,
                                           .ticket = 77,
                                           .carried = &carried};
    memcpy(carried.cid, carried_cid, sizeof carried_cid);
    memcpy(config.relay, own.known.public, 32);
    d = plk_relay_dial_new(&mem, &config);
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    plk_relay_dial_free(d);
    plk_relay_dial_free(NULL);
    plk_relay_channel_free(channel);
    plk_assert(mem.used == 0);
    return 0;
}

// ---- towards the dial

static inline void hear(uint32_t stream, const uint8_t *bytes, size_t len) {
    uint8_t text[PLK_DATAGRAM_MAX], framed[PLK_DATAGRAM_MAX + 2] = {(uint8_t)(len >> 8), (uint8_t)len};
    struct plk_relay_channel_passed passed;
    struct plk_relay_channel_frame frame;
    if (stream == 0) {
        struct plk_packet packet;
        plk_assert(plk_packet_decode(&packet, plk_bytes(bytes, len)) == PLK_ERR_OK);
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
        plk_assert(plk_relay_dial_stream(d, now_us, &input));
        while (plk_relay_dial_framed(d, now_us, &rng, text, &passed)) {
            while (plk_relay_channel_passed_next(&passed, &frame)) passed_count++;
        }
    }
}

static inline void stream_event(uint32_t stream, enum plk_stream_event event) {
    struct plk_input input = {.kind = PLK_IN_STREAM};
    input.stream.stream = stream;
    input.stream.event = event;
    input.stream.writable = PLK_TCP_UNSENT_MAX;
    plk_assert(plk_relay_dial_stream(d, now_us, &input));
}

// ---- the relay

static inline void answer_hello(uint32_t stream, const struct plk_packet *hello) {
    struct plk_relay_greeting greeting = {.seen = client, .admission = PLK_RELAY_ADMIT_TOKEN, .extensions = extensions};
    struct plk_hello_answered answered;
    uint8_t packet[PLK_PACKET_COOKIE_LEN], cookie[PLK_COOKIE_LEN];
    hellos++;
    plk_assert(plk_hello_mac1_good(&own.known, hello));
    if (stream == 0 && wants_cookie && !plk_cookie_good(&jar, now_us, &rng, &client, hello)) {
        plk_cookie_make(&jar, now_us, &rng, &client, cookie);
        plk_cookie_write(packet, own.known.cookie_key, &rng, hello, cookie);
        hear(0, packet, sizeof packet);
        return;
    }
    plk_rng_bytes(&rng, greeting.cid, sizeof greeting.cid);
    plk_assert(plk_hello_answer(&own, hello, &greeting, now_us, &rng, &answered) == PLK_ERR_OK);
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

static inline void relay_says(void) {
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
    struct plk_addr to;
    size_t len;
    if (channel == NULL) return;
    plk_relay_channel_tick(channel, now_us);
    while (plk_relay_channel_poll(channel, now_us, out, sizeof out, &len, &to)) {
        if (channel_stream != 0 ? tcp_works : udp_works) hear(channel_stream, out, len);
    }
}

static inline void relay_hears(uint32_t stream, struct plk_bytes bytes) {
    struct plk_packet packet;
    uint8_t text[PLK_DATAGRAM_MAX];
    struct plk_relay_channel_passed passed;
    plk_assert(plk_packet_decode(&packet, bytes) == PLK_ERR_OK);
    if (packet.kind == PLK_PACKET_HELLO) {
        if (hears_hellos) answer_hello(stream, &packet);
    } else if (channel != NULL && channel_stream == stream) {
        plk_relay_channel_receive(channel, now_us, &client, &packet, PLK_RELAY_CHANNEL_PLENTY, &rng, text, &passed);
    }
}

// How many datagrams went there.
static struct plk_addr went[256];
static inline unsigned datagrams_to(const struct plk_addr *addr) {
    unsigned count = 0;
    for (unsigned i = 0; i < datagrams && i < 256; i++) count += plk_addr_equal(&went[i], addr);
    return count;
}

static inline void carry_out(const struct plk_output *output) {
    static uint8_t copy[PLK_DATAGRAM_MAX + 2];
    switch (output->kind) {
    case PLK_OUT_RESOLVE:
        resolves++;
        plk_assert(output->resolve.ticket == 77);
        plk_relay_dial_resolved(d, now_us, found, knows_name ? 2 : 0);
        break;
    case PLK_OUT_DATAGRAM:
        if (datagrams < 256) went[datagrams] = output->datagram.to;
        datagrams++;
        if (!udp_works || !plk_addr_equal(&output->datagram.to, &me)) break;
        memcpy(copy, output->datagram.data.at, output->datagram.data.len);
        relay_hears(0, plk_bytes(copy, output->datagram.data.len));
        break;
    case PLK_OUT_STREAM_OPEN:
        opened++;
        plk_assert(output->stream_open.stream >= FIRST_STREAM);
        stream_event(output->stream_open.stream,
                     tcp_works && plk_addr_equal(&output->stream_open.to, &me) ? PLK_STREAM_OPENED : PLK_STREAM_CLOSED);
        break;
    case PLK_OUT_STREAM_WRITE:
        memcpy(copy, output->stream_write.data.at, output->stream_write.data.len);
        relay_hears(output->stream_write.stream, plk_bytes(copy + 2, output->stream_write.data.len - 2));
        stream_event(output->stream_write.stream, PLK_STREAM_WRITABLE);
        break;
    default:
        plk_assert(output->kind == PLK_OUT_STREAM_CLOSE);
        closed++;
    }
}

static inline void settle(void) {
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
        plk_assert(i < 4000);
    }
    enum plk_relay_dial_news news = plk_relay_dial_news(d);
    ups += news == PLK_RELAY_DIAL_UP;
    downs += news == PLK_RELAY_DIAL_DOWN;
}

static inline void run(uint64_t for_us) {
    uint64_t until_us = now_us + for_us;
    for (unsigned i = 0;; i++) {
        plk_assert(i < 200000);
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

static inline bool connected(void) { return plk_relay_dial_status(d).connected; }

#endif
