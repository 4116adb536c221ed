// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sim/net.h"

#define PORT 4000

struct received { // by one host
    unsigned datagrams, accepted, opened, closed;
    uint64_t last_us;
    struct plk_addr from, to;
    uint32_t stream;
    uint8_t bytes[1 << 20];
    size_t len, writable;
    struct net *net;
};

struct pair {
    struct agenda *agenda;
    struct net *net;
    struct received got[3];
    struct plk_addr addr[3];
};

static void input(void *ctx, const struct plk_input *in) {
    struct received *got = ctx;
    got->last_us = agenda_now(got->net->agenda);
    if (in->kind == PLK_IN_DATAGRAM) {
        got->datagrams++;
        got->from = in->datagram.from;
        got->to = in->datagram.to;
        return;
    }
    got->accepted += in->stream.event == PLK_STREAM_ACCEPTED;
    got->opened += in->stream.event == PLK_STREAM_OPENED;
    got->closed += in->stream.event == PLK_STREAM_CLOSED;
    if (in->stream.event == PLK_STREAM_ACCEPTED) got->stream = in->stream.stream;
    got->writable = in->stream.writable;
    if (in->stream.event != PLK_STREAM_BYTES) return;
    memcpy(got->bytes + got->len, in->stream.data.at, in->stream.data.len);
    got->len += in->stream.data.len;
}

static void no_datagram(void *ctx, int host, struct plk_bytes data) { (void)ctx, (void)host, (void)data; }
static void no_stream(void *ctx, int host, uint32_t stream, struct plk_bytes data) {
    (void)ctx, (void)host, (void)stream, (void)data;
}

static struct plk_addr addr4(uint8_t last) {
    return (struct plk_addr){.family = 4, .ip = {45, 1, last, 1}, .port = PORT};
}

static void set_face(struct pair *p, int host, uint8_t last) {
    struct plk_interface face = {.addr = addr4(last), .prefix_bits = 24};
    face.addr.port = 0;
    p->addr[host] = addr4(last);
    net_set_faces(p->net, host, &face, 1);
}

static struct pair *pair_new(const struct net_quality *quality) {
    struct pair *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->agenda = agenda_new();
    p->net = net_new(p->agenda, 1, (struct net_tap){NULL, no_datagram, no_stream});
    for (int i = 0; i < 2; i++) {
        p->got[i].net = p->net;
        net_add_host(p->net, (struct net_sink){&p->got[i], input}, quality);
        net_bind(p->net, i, PORT, PORT, PORT);
        set_face(p, i, (uint8_t)(i + 1));
    }
    return p;
}

static void pair_free(struct pair *p) {
    net_free(p->net);
    agenda_free(p->agenda);
    free(p);
}

static void send_to(struct pair *p, int from, const struct plk_addr *to, size_t len) {
    static const uint8_t bytes[2000];
    struct plk_addr local = {0};
    net_datagram(p->net, from, &local, to, plk_bytes(bytes, len));
}

static void run(struct pair *p, uint64_t us) {
    uint64_t end_us = agenda_now(p->agenda) + us;
    while (agenda_next(p->agenda) <= end_us) agenda_step(p->agenda);
    agenda_skip(p->agenda, end_us);
}

static const struct net_quality plain = {.delay_us = 10000, .mtu = 1500};

static void a_datagram_takes_both_lines(void **state) {
    (void)state;
    struct pair *p = pair_new(&plain);
    send_to(p, 0, &p->addr[1], 100);
    run(p, PLK_SECOND);
    assert_int_equal(p->got[1].datagrams, 1);
    assert_int_equal(p->got[1].last_us, 20000);
    assert_true(plk_addr_equal(&p->got[1].from, &p->addr[0]));
    assert_true(plk_addr_equal(&p->got[1].to, &p->addr[1]));
    pair_free(p);
}

static void what_cannot_pass_is_lost(void **state) {
    (void)state;
    struct pair *p = pair_new(&plain);
    send_to(p, 0, &p->addr[1], 1473); // above the MTU
    net_block(p->net, 0, 1, NET_UDP);
    send_to(p, 0, &p->addr[1], 100);
    send_to(p, 1, &p->addr[0], 100); // one way only
    net_block(p->net, 0, 1, 0);
    net_filter(p->net, 1, NET_UDP);
    send_to(p, 0, &p->addr[1], 100);
    net_filter(p->net, 1, 0);
    struct plk_addr other = p->addr[1];
    other.port++;
    send_to(p, 0, &other, 100); // nobody listens
    run(p, PLK_SECOND);
    assert_int_equal(p->got[1].datagrams, 0);
    assert_int_equal(p->got[0].datagrams, 1);
    send_to(p, 0, &p->addr[1], 100);
    net_sleep(p->net, 1, true);
    run(p, PLK_SECOND);
    net_sleep(p->net, 1, false);
    assert_int_equal(p->got[1].datagrams, 0);
    send_to(p, 0, &p->addr[1], 1472);
    run(p, PLK_SECOND);
    assert_int_equal(p->got[1].datagrams, 1);
    pair_free(p);
}

static void packets_to_an_old_address_vanish(void **state) {
    (void)state;
    struct pair *p = pair_new(&plain);
    struct plk_addr old = p->addr[1];
    send_to(p, 0, &old, 100); // under way while the address changes
    set_face(p, 1, 9);
    send_to(p, 0, &old, 100);
    run(p, PLK_SECOND);
    assert_int_equal(p->got[1].datagrams, 0);
    send_to(p, 0, &p->addr[1], 100);
    run(p, PLK_SECOND);
    assert_int_equal(p->got[1].datagrams, 1);
    pair_free(p);
}

static void loss_bursts_and_copies_come_as_often_as_told(void **state) {
    (void)state;
    struct net_quality q = {.delay_us = 1000, .loss_ppm = 100000, .duplicate_ppm = 50000, .mtu = 1500};
    struct pair *p = pair_new(&q);
    for (int i = 0; i < 4000; i++) send_to(p, 0, &p->addr[1], 100);
    run(p, PLK_SECOND);
    // 0.9 * 0.9 of 1.1 copies
    assert_in_range(p->got[1].datagrams, 3350, 3800);
    pair_free(p);
}

static void a_full_queue_drops_and_a_rate_delays(void **state) {
    (void)state;
    struct net_quality q = {.rate = 100000, .queue_len = 10000, .mtu = 1500};
    struct pair *p = pair_new(&q);
    for (int i = 0; i < 100; i++) send_to(p, 0, &p->addr[1], 1000);
    run(p, 10 * PLK_SECOND);
    assert_in_range(p->got[1].datagrams, 10, 13);
    assert_in_range(p->got[1].last_us, 100000, 140000);
    pair_free(p);
}

// ---- streams ------------------------------------------------------------------------------------------------------------

static void a_stream_carries_bytes_in_order(void **state) {
    (void)state;
    struct net_quality q = {.delay_us = 5000, .jitter_us = 4000, .loss_ppm = 50000, .mtu = 1500};
    struct pair *p = pair_new(&q);
    static uint8_t bytes[PLK_TCP_UNSENT_MAX];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7 + i / 251);
    net_open(p->net, 0, 1, &p->addr[1]);
    run(p, PLK_SECOND);
    assert_int_equal(p->got[0].opened, 1);
    assert_int_equal(p->got[1].accepted, 1);
    assert_true(p->got[1].stream >> 31);
    for (size_t at = 0; at < sizeof bytes; at += 5000) {
        size_t len = sizeof bytes - at < 5000 ? sizeof bytes - at : 5000;
        net_write(p->net, 0, 1, plk_bytes(bytes + at, len));
    }
    run(p, 10 * PLK_SECOND);
    assert_int_equal(p->got[0].writable, PLK_TCP_UNSENT_MAX);
    assert_int_equal(p->got[1].len, sizeof bytes);
    assert_memory_equal(p->got[1].bytes, bytes, sizeof bytes);
    net_write(p->net, 0, 1, plk_bytes(bytes, 10));
    net_close(p->net, 0, 1); // what was written still comes
    run(p, 5 * PLK_SECOND);
    assert_int_equal(p->got[1].len, sizeof bytes + 10);
    assert_int_equal(p->got[1].closed, 1);
    assert_int_equal(p->got[0].closed, 0);
    pair_free(p);
}

static void nobody_listens_and_nobody_is_there(void **state) {
    (void)state;
    struct pair *p = pair_new(&plain);
    net_unbind(p->net, 1);
    net_open(p->net, 0, 1, &p->addr[1]);
    run(p, PLK_SECOND);
    assert_int_equal(p->got[0].closed, 1); // refused, after one round trip
    assert_in_range(p->got[0].last_us, 40000, 41000);
    struct plk_addr none = addr4(77);
    net_open(p->net, 0, 2, &none);
    run(p, 20 * PLK_SECOND);
    assert_int_equal(p->got[0].closed, 1);
    run(p, 20 * PLK_SECOND);
    assert_int_equal(p->got[0].closed, 2); // after a long time
    pair_free(p);
}

static void a_parted_stream_waits_then_dies(void **state) {
    (void)state;
    struct pair *p = pair_new(&plain);
    net_open(p->net, 0, 1, &p->addr[1]);
    run(p, PLK_SECOND);
    net_block(p->net, 0, 1, NET_ALL);
    static const uint8_t bytes[PLK_TCP_UNSENT_MAX];
    net_write(p->net, 0, 1, plk_bytes(bytes, 1000));
    run(p, 5 * PLK_SECOND);
    assert_int_equal(p->got[1].len, 0);
    net_block(p->net, 0, 1, 0);
    run(p, 20 * PLK_SECOND);
    assert_int_equal(p->got[1].len, 1000);
    net_block(p->net, 0, 1, NET_ALL);
    net_write(p->net, 0, 1, plk_bytes(bytes, sizeof bytes)); // leaves the sender's buffer
    run(p, PLK_SECOND);
    net_write(p->net, 0, 1, plk_bytes(bytes, sizeof bytes)); // so does this
    run(p, PLK_SECOND);
    net_write(p->net, 0, 1, plk_bytes(bytes, sizeof bytes)); // this one stays: its window is full
    run(p, PLK_SECOND);
    assert_int_equal(p->got[0].writable, PLK_TCP_UNSENT_MAX);
    run(p, 3 * PLK_MINUTE);
    assert_int_equal(p->got[0].closed, 1);
    assert_int_equal(p->got[1].len, 1000);
    pair_free(p);
}

static void a_moved_host_loses_its_streams_at_once_and_the_other_late(void **state) {
    (void)state;
    struct pair *p = pair_new(&plain);
    net_open(p->net, 0, 1, &p->addr[1]);
    run(p, PLK_SECOND);
    set_face(p, 0, 9);
    run(p, PLK_SECOND);
    assert_int_equal(p->got[0].closed, 1);
    assert_int_equal(p->got[1].closed, 0);
    net_write(p->net, 1, p->got[1].stream, plk_bytes("x", 1));
    run(p, 3 * PLK_MINUTE);
    assert_int_equal(p->got[1].closed, 1);
    pair_free(p);
}

static void a_killed_process_and_a_reset_close_streams(void **state) {
    (void)state;
    struct pair *p = pair_new(&plain);
    net_open(p->net, 0, 1, &p->addr[1]);
    run(p, PLK_SECOND);
    net_unbind(p->net, 0);
    run(p, PLK_SECOND);
    assert_int_equal(p->got[1].closed, 1);
    net_bind(p->net, 0, PORT, PORT, PORT);
    net_open(p->net, 0, 2, &p->addr[1]);
    run(p, PLK_SECOND);
    net_reset(p->net, 1);
    run(p, PLK_SECOND);
    assert_int_equal(p->got[0].closed, 1);
    assert_int_equal(p->got[1].closed, 2);
    assert_int_equal(p->net->hosts[0].streams + p->net->hosts[1].streams, 0);
    pair_free(p);
}

// ---- gateways -------------------------------------------------------------------------------------------------------------

struct box { // maps everything to its one host behind it, port for port
    struct plk_addr inside, outside;
    unsigned out, in;
    enum net_verdict streams; // what becomes of those from outside
};

static enum net_verdict outward(void *ctx, uint64_t now_us, struct net_packet *packet) {
    struct box *box = ctx;
    uint16_t port = packet->from.port;
    (void)now_us;
    packet->from = box->outside;
    packet->from.port = port;
    box->out++;
    return NET_PASSES;
}

static enum net_verdict inward(void *ctx, uint64_t now_us, struct net_packet *packet) {
    struct box *box = ctx;
    uint16_t port = packet->to.port;
    (void)now_us;
    packet->to = box->inside;
    packet->to.port = port;
    box->in++;
    return packet->transport == PLK_TCP && packet->first ? box->streams : NET_PASSES;
}

static bool whose(void *ctx, uint64_t now_us, enum plk_transport transport, struct plk_addr *to) {
    struct box *box = ctx;
    uint16_t port = to->port;
    (void)now_us, (void)transport;
    *to = box->inside;
    to->port = port;
    return true;
}

static void a_gateway_sees_every_datagram_both_ways(void **state) {
    (void)state;
    struct pair *p = pair_new(&plain);
    struct box box = {.inside = {.family = 4, .ip = {192, 168, 1, 2}}, .outside = addr4(200), .streams = NET_DROPPED};
    struct plk_interface face = {.addr = box.inside, .prefix_bits = 24};
    struct net_gateway gateway = {
        &box, outward, inward, whose, NULL, .addrs = {box.outside}, .addr_count = 1, .realm = NET_OPEN};
    net_move_behind(p->net, 0, net_add_gateway(p->net, &gateway));
    net_set_faces(p->net, 0, &face, 1);
    send_to(p, 0, &p->addr[1], 100);
    run(p, PLK_SECOND);
    assert_int_equal(p->got[1].datagrams, 1);
    assert_true(plk_addr_equal(&p->got[1].from, &box.outside));
    send_to(p, 1, &p->got[1].from, 100);
    run(p, PLK_SECOND);
    assert_int_equal(p->got[0].datagrams, 1);
    assert_true(plk_addr_same_ip(&p->got[0].to, &(struct plk_addr){.family = 4, .ip = {192, 168, 1, 2}, .port = PORT}));
    struct plk_addr inner = box.inside;
    inner.port = PORT;
    send_to(p, 1, &inner, 100); // nobody in the open has that address
    net_open(p->net, 0, 1, &p->addr[1]);
    net_open(p->net, 1, 2, &box.outside);
    run(p, PLK_MINUTE);
    assert_int_equal(p->got[0].datagrams, 1);
    assert_int_equal(p->got[0].opened, 1);
    assert_int_equal(p->got[1].opened, 0);
    assert_true(box.out >= 2 && box.in >= 2);
    box.streams = NET_REJECTED;
    uint64_t asked_us = agenda_now(p->agenda);
    unsigned closed = p->got[1].closed;
    net_open(p->net, 1, 3, &box.outside);
    run(p, PLK_MINUTE);
    assert_int_equal(p->got[1].closed, closed + 1);
    assert_in_range(p->got[1].last_us - asked_us, 40000, 41000); // at once: somebody answered
    pair_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_takes_both_lines),
        cmocka_unit_test(what_cannot_pass_is_lost),
        cmocka_unit_test(packets_to_an_old_address_vanish),
        cmocka_unit_test(loss_bursts_and_copies_come_as_often_as_told),
        cmocka_unit_test(a_full_queue_drops_and_a_rate_delays),
        cmocka_unit_test(a_stream_carries_bytes_in_order),
        cmocka_unit_test(nobody_listens_and_nobody_is_there),
        cmocka_unit_test(a_parted_stream_waits_then_dies),
        cmocka_unit_test(a_moved_host_loses_its_streams_at_once_and_the_other_late),
        cmocka_unit_test(a_killed_process_and_a_reset_close_streams),
        cmocka_unit_test(a_gateway_sees_every_datagram_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
