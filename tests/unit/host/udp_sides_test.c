// SPDX-License-Identifier: MIT
// Sockets beside the node's own, on loopback.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/address.h"
#include "host/udp_sides.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEARD_MAX 8

struct story {
    uv_loop_t loop;
    struct plk_udp_sides *sides;
    int peer; // a socket of somebody else
    struct plk_addr peer_at;
    unsigned count, dones;
    uint32_t sockets[HEARD_MAX];
    uint8_t bytes[HEARD_MAX];
};

static void heard(void *ctx, uint32_t socket, const struct plk_addr *from, struct plk_bytes data) {
    struct story *story = ctx;
    assert_true(data.len == 1 && story->count < HEARD_MAX && plk_addr_equal(from, &story->peer_at));
    story->sockets[story->count] = socket;
    story->bytes[story->count++] = data.at[0];
}

static void done(void *ctx) { ((struct story *)ctx)->dones++; }

static void begin(struct story *story) {
    struct plk_addr local = {.family = 4, .ip = {127, 0, 0, 1}};
    struct sockaddr_storage at;
    int yes = 1;
    socklen_t len = plk_address_to_system(&local, &at);
    memset(story, 0, sizeof *story);
    assert_int_equal(uv_loop_init(&story->loop), 0);
    story->sides = plk_udp_sides_new(&story->loop, &local, heard, done, story);
    story->peer = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(story->peer >= 0 && bind(story->peer, (struct sockaddr *)&at, len) == 0);
    assert_int_equal(setsockopt(story->peer, IPPROTO_IP, IP_RECVTTL, &yes, sizeof yes), 0);
    len = sizeof at;
    assert_int_equal(getsockname(story->peer, (struct sockaddr *)&at, &len), 0);
    story->peer_at = plk_address_from_system((struct sockaddr *)&at);
}

static void finish(struct story *story) {
    plk_udp_sides_free(story->sides);
    assert_int_equal(uv_run(&story->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&story->loop), 0);
    close(story->peer);
}

// What the peer hears next: where it came from and how many routers it might have passed. -1: nothing.
static int peer_hears(struct story *story, struct sockaddr_storage *from) {
    struct pollfd look = {.fd = story->peer, .events = POLLIN};
    uint8_t byte;
    _Alignas(struct cmsghdr) uint8_t control[64];
    struct iovec io = {.iov_base = &byte, .iov_len = 1};
    struct msghdr header = {.msg_name = from,
                            .msg_namelen = sizeof *from,
                            .msg_iov = &io,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    int hops = -1;
    if (poll(&look, 1, 0) != 1 || recvmsg(story->peer, &header, MSG_DONTWAIT) != 1) return -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c != NULL; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) memcpy(&hops, CMSG_DATA(c), sizeof hops);
    }
    return hops;
}

static void send_byte(struct story *story, uint32_t socket, uint8_t hops) {
    uint8_t byte = (uint8_t)socket;
    plk_udp_sides_send(story->sides, socket, &story->peer_at, hops, plk_bytes(&byte, 1));
}

static void each_socket_has_a_port_of_its_own_and_hears_its_answers(void **state) {
    struct story story;
    struct sockaddr_storage from[2];
    (void)state;
    begin(&story);
    for (uint32_t i = 0; i < 2; i++) {
        plk_udp_sides_open(story.sides, i + 1, 4);
        send_byte(&story, i + 1, 0);
        assert_true(peer_hears(&story, &from[i]) > 2);
    }
    struct plk_addr a = plk_address_from_system((struct sockaddr *)&from[0]);
    struct plk_addr b = plk_address_from_system((struct sockaddr *)&from[1]);
    assert_true(plk_addr_same_ip(&a, &b) && a.port != b.port);
    for (unsigned i = 2; i > 0; i--) {
        uint8_t byte = (uint8_t)(10 + i);
        assert_int_equal(sendto(story.peer, &byte, 1, 0, (struct sockaddr *)&from[i - 1], sizeof(struct sockaddr_in)),
                         1);
        while (story.count < 3 - i) uv_run(&story.loop, UV_RUN_ONCE);
    }
    assert_true(story.sockets[0] == 2 && story.bytes[0] == 12 && story.sockets[1] == 1 && story.bytes[1] == 11);
    assert_true(story.dones >= 2);
    finish(&story);
}

static void a_packet_can_be_told_how_far_it_gets(void **state) {
    struct story story;
    struct sockaddr_storage from;
    (void)state;
    begin(&story);
    plk_udp_sides_open(story.sides, 7, 4);
    send_byte(&story, 7, 3);
    assert_int_equal(peer_hears(&story, &from), 3);
    send_byte(&story, 7, 0);
    assert_true(peer_hears(&story, &from) > 3); // only that one
    finish(&story);
}

static void what_is_closed_or_was_never_open_sends_nothing(void **state) {
    struct story story;
    struct sockaddr_storage from;
    (void)state;
    begin(&story);
    plk_udp_sides_open(story.sides, 1, 4);
    plk_udp_sides_open(story.sides, 2, 4);
    plk_udp_sides_close(story.sides, 1);
    plk_udp_sides_close(story.sides, 99);
    send_byte(&story, 1, 0);
    send_byte(&story, 5, 0);
    assert_int_equal(peer_hears(&story, &from), -1);
    send_byte(&story, 2, 0);
    assert_true(peer_hears(&story, &from) > 0);
    plk_udp_sides_clear(story.sides);
    send_byte(&story, 2, 0);
    assert_int_equal(peer_hears(&story, &from), -1);
    finish(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_socket_has_a_port_of_its_own_and_hears_its_answers),
        cmocka_unit_test(a_packet_can_be_told_how_far_it_gets),
        cmocka_unit_test(what_is_closed_or_was_never_open_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
