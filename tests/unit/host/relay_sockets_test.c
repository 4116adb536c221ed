// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/address.h"
#include "host/relay_sockets.h"

struct story {
    uv_loop_t loop;
    struct plk_relay_sockets *sockets;
    struct plk_addr from, to;
    size_t datagrams, streams;
};

static void received(void *ctx, const struct plk_addr *from, const struct plk_addr *to, struct plk_bytes data) {
    struct story *story = ctx;
    story->from = *from;
    story->to = *to;
    story->datagrams += data.len == 5;
}

static void happened(void *ctx, const struct plk_input *input) {
    ((struct story *)ctx)->streams += input->stream.event == PLK_STREAM_ACCEPTED;
}

static enum plk_fault_kind begin(struct story *story, const char *const *listen, size_t count) {
    *story = (struct story){.datagrams = 0};
    assert_int_equal(uv_loop_init(&story->loop), 0);
    struct plk_relay_sockets_config config = {.listen = listen,
                                              .count = count,
                                              .tcp = {.streams = 10, .accepted = 10, .per_site = 10, .strangers = 10},
                                              .received = received,
                                              .happened = happened,
                                              .ctx = story};
    struct plk_fault fault;
    return plk_relay_sockets_open(&story->sockets, &story->loop, &config, &fault);
}

static void end(struct story *story) {
    plk_relay_sockets_close(story->sockets);
    uv_run(&story->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&story->loop), 0);
}

static int client(int type, const struct plk_addr *to) {
    struct sockaddr_storage system;
    socklen_t len = plk_address_to_system(to, &system);
    int fd = socket(system.ss_family, type, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&system, len), 0);
    return fd;
}

// What was asked of a port is answered from this port; a connected socket hears nothing else.
static void ask(struct story *story, struct plk_addr at) {
    int fd = client(SOCK_DGRAM, &at);
    size_t before = story->datagrams;
    assert_int_equal(send(fd, "where", 5, 0), 5);
    while (story->datagrams == before) uv_run(&story->loop, UV_RUN_ONCE);
    assert_int_equal(story->to.port, at.port);
    assert_true(plk_addr_same_ip(&story->to, &at));
    plk_relay_sockets_send(story->sockets, &story->from, &story->to, plk_bytes_text("there"));
    plk_relay_sockets_flush(story->sockets);
    char answer[8];
    assert_int_equal(recv(fd, answer, sizeof answer, 0), 5);
    close(fd);
}

static void test_two_ports_of_two_addresses(void **state) {
    (void)state;
    struct story story;
    const char *listen[] = {"127.0.0.1:0", "127.0.0.2:0"};
    struct plk_addr list[2 * PLK_RELAY_LISTENS_MAX];
    assert_int_equal(begin(&story, listen, 2), PLK_FAULT_NONE);
    assert_int_equal(plk_relay_sockets_list(story.sockets, list), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(list[i].ip[3], i + 1);
        struct plk_addr next = list[i];
        next.port++;
        ask(&story, list[i]);
        ask(&story, next);
        int fd = client(SOCK_STREAM, &list[i]);
        while (story.streams == i) uv_run(&story.loop, UV_RUN_ONCE);
        close(fd);
    }
    end(&story);
}

static void test_all_addresses_answer_from_the_one_asked(void **state) {
    (void)state;
    struct story story;
    const char *listen[] = {"0"};
    struct plk_addr list[2 * PLK_RELAY_LISTENS_MAX];
    assert_int_equal(begin(&story, listen, 1), PLK_FAULT_NONE);
    assert_true(plk_relay_sockets_list(story.sockets, list) >= 1);
    for (uint8_t last = 1; last <= 3; last++) {
        ask(&story, (struct plk_addr){.family = 4, .ip = {127, 0, 0, last}, .port = list[0].port});
    }
    end(&story);
}

static void test_a_taken_neighbour_is_a_fault(void **state) {
    (void)state;
    struct story story, other;
    const char *any[] = {"127.0.0.1:0"};
    struct plk_addr list[2 * PLK_RELAY_LISTENS_MAX];
    assert_int_equal(begin(&story, any, 1), PLK_FAULT_NONE);
    assert_int_equal(plk_relay_sockets_list(story.sockets, list), 1);
    char below[32], same[32];
    snprintf(below, sizeof below, "127.0.0.1:%u", list[0].port - 1u);
    snprintf(same, sizeof same, "127.0.0.1:%u", (unsigned)list[0].port);
    const char *taken[][2] = {{"127.0.0.1:0", below}, {"127.0.0.1:0", same}, {"127.0.0.1:0", "127.0.0.1:65535"}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(begin(&other, taken[i], 2), PLK_FAULT_LISTEN);
        assert_null(other.sockets);
        end(&other);
    }
    end(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_ports_of_two_addresses),
        cmocka_unit_test(test_all_addresses_answer_from_the_one_asked),
        cmocka_unit_test(test_a_taken_neighbour_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
