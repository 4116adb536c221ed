// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/address.h"
#include "host/bind.h"
#include "host/udp.h"

#define HEARD_MAX 512

struct end {
    struct plk_udp *udp;
    int fd;
    struct plk_addr at;
    size_t count, dones;
    size_t lens[HEARD_MAX];
    uint32_t numbers[HEARD_MAX];
    struct plk_addr from[HEARD_MAX], to[HEARD_MAX];
};

struct story {
    uv_loop_t loop;
    struct end a, b;
};

// Every datagram begins with its number and is filled with its low byte.
static void heard(void *ctx, const struct plk_addr *from, const struct plk_addr *to, struct plk_bytes data) {
    struct end *end = ctx;
    uint32_t number;
    assert_true(data.len >= 4 && end->count < HEARD_MAX);
    memcpy(&number, data.at, 4);
    for (size_t i = 4; i < data.len; i++) assert_int_equal(data.at[i], (uint8_t)number);
    end->numbers[end->count] = number;
    end->lens[end->count] = data.len;
    end->from[end->count] = *from;
    end->to[end->count++] = *to;
}

static void done(void *ctx) { ((struct end *)ctx)->dones++; }

static void open_end(struct story *story, struct end *end, const char *listen) {
    struct plk_bound bound;
    struct plk_fault fault;
    struct plk_bind_config config = {.listen = listen, .home = "/nowhere", .no_tcp = true};
    assert_int_equal(plk_bind(&bound, &config, &fault), PLK_FAULT_NONE);
    end->fd = bound.udp4;
    end->udp = plk_udp_open(&story->loop, bound.udp4, bound.udp6, heard, done, end);
    end->at = bound.only;
    end->at.port = bound.udp4_port != 0 ? bound.udp4_port : bound.udp6_port;
}

static void begin(struct story *story, const char *listen) {
    memset(story, 0, sizeof *story);
    assert_int_equal(uv_loop_init(&story->loop), 0);
    open_end(story, &story->a, listen);
    open_end(story, &story->b, listen);
}

static void finish(struct story *story) {
    plk_udp_close(story->a.udp);
    plk_udp_close(story->b.udp);
    uv_run(&story->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&story->loop), 0);
}

static void send_one(struct end *from, const struct plk_addr *to, uint32_t number, size_t len) {
    static const struct plk_addr any;
    uint8_t data[2000];
    memset(data, (uint8_t)number, sizeof data);
    memcpy(data, &number, 4);
    plk_udp_send(from->udp, to, &any, plk_bytes(data, len));
}

static void wait_for(struct story *story, const struct end *end, size_t count) {
    uint64_t until = uv_hrtime() + UINT64_C(10000000000);
    while (end->count < count) {
        uv_run(&story->loop, UV_RUN_NOWAIT);
        if (uv_hrtime() > until) fail_msg("%zu of %zu came", end->count, count);
    }
    uv_run(&story->loop, UV_RUN_NOWAIT);
    assert_int_equal(end->count, count);
}

static void trains_arrive_as_what_they_were(void **state) {
    (void)state;
    static const char *const listens[] = {"127.0.0.1:0", "[::1]:0"};
    for (int family = 0; family < 2; family++) {
        struct story story;
        begin(&story, listens[family]);
        // 150 of one size, a shorter one, one more of the first size, a longer one, two small ones, one of one byte more.
        size_t lens[160], count = 0;
        while (count < 150) lens[count++] = 1152;
        lens[count++] = 300;
        lens[count++] = 1152;
        lens[count++] = 1400;
        lens[count++] = 64;
        lens[count++] = 64;
        lens[count++] = 65;
        for (size_t i = 0; i < count; i++) send_one(&story.a, &story.b.at, (uint32_t)i, lens[i]);
        plk_udp_flush(story.a.udp);
        wait_for(&story, &story.b, count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(story.b.numbers[i], i);
            assert_int_equal(story.b.lens[i], lens[i]);
            assert_true(plk_addr_equal(&story.b.from[i], &story.a.at));
            assert_true(plk_addr_equal(&story.b.to[i], &story.b.at)); // and at which address it came in
        }
        assert_true(story.b.dones > 0);
        assert_int_equal(plk_udp_dropped(story.a.udp), 0);
        finish(&story);
    }
}

static void targets_are_kept_apart(void **state) {
    (void)state;
    struct story story;
    begin(&story, "127.0.0.1:0");
    for (uint32_t i = 0; i < 40; i++) send_one(&story.a, i % 2 == 0 ? &story.b.at : &story.a.at, i, 500);
    plk_udp_flush(story.a.udp);
    wait_for(&story, &story.a, 20);
    wait_for(&story, &story.b, 20);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(story.b.numbers[i], 2 * i);
        assert_int_equal(story.a.numbers[i], 2 * i + 1);
    }
    finish(&story);
}

// More than is gathered at once, of sizes that end trains and begin others: none overtakes another of its target.
static void the_order_of_each_target_stays(void **state) {
    (void)state;
    struct story story;
    begin(&story, "127.0.0.1:0");
    for (uint32_t i = 0; i < 800; i++) {
        send_one(&story.a, i % 2 == 0 ? &story.b.at : &story.a.at, i, i % 7 == 0 ? 1152 : i % 31 == 0 ? 90 : 700);
    }
    plk_udp_flush(story.a.udp);
    wait_for(&story, &story.a, 400);
    wait_for(&story, &story.b, 400);
    for (size_t i = 0; i < 400; i++) {
        assert_int_equal(story.b.numbers[i], 2 * i);
        assert_int_equal(story.a.numbers[i], 2 * i + 1);
    }
    assert_int_equal(plk_udp_dropped(story.a.udp), 0);
    finish(&story);
}

static void the_source_address_is_chosen(void **state) {
    (void)state;
    struct story story;
    begin(&story, ":0");
    struct plk_addr to = {.family = 4, .ip = {127, 0, 0, 1}, .port = story.b.at.port},
                    from = {.family = 4, .ip = {127, 0, 0, 5}};
    uint8_t data[4] = {7};
    plk_udp_send(story.a.udp, &to, &from, plk_bytes(data, sizeof data));
    plk_udp_flush(story.a.udp);
    wait_for(&story, &story.b, 1);
    from.port = story.a.at.port;
    assert_true(plk_addr_equal(&story.b.from[0], &from));
    finish(&story);
}

static void what_cannot_go_is_counted(void **state) {
    (void)state;
    struct story story;
    begin(&story, "127.0.0.1:0");
    struct plk_addr v6 = {.family = 6, .ip = {[15] = 1}, .port = 9},
                    nowhere = {.family = 4, .ip = {255, 255, 255, 255}, .port = 9};
    send_one(&story.a, &v6, 1, 100); // no socket of that family
    assert_int_equal(plk_udp_dropped(story.a.udp), 1);
    send_one(&story.a, &nowhere, 1, 100); // not permitted
    send_one(&story.a, &nowhere, 2, 100);
    send_one(&story.a, &story.b.at, 3, 100);
    plk_udp_flush(story.a.udp);
    assert_int_equal(plk_udp_dropped(story.a.udp), 3);
    wait_for(&story, &story.b, 1);
    assert_int_equal(story.b.numbers[0], 3);
    finish(&story);
}

// An error that the system reports for the socket is not the end of it.
static void an_error_of_the_socket_is_survived(void **state) {
    (void)state;
    struct story story;
    begin(&story, "127.0.0.1:0");
    struct sockaddr_storage closed;
    struct plk_addr nobody = {.family = 4, .ip = {127, 0, 0, 1}, .port = 1};
    socklen_t len = plk_address_to_system(&nobody, &closed);
    assert_int_equal(connect(story.b.fd, (struct sockaddr *)&closed, len),
                     0); // so that a refusal is an error of the socket
    send_one(&story.b, &nobody, 1, 100);
    plk_udp_flush(story.b.udp);
    for (int i = 0; i < 50; i++) uv_run(&story.loop, UV_RUN_NOWAIT);
    len = plk_address_to_system(&story.a.at, &closed); // from whom it may hear now
    assert_int_equal(connect(story.b.fd, (struct sockaddr *)&closed, len), 0);
    send_one(&story.a, &story.b.at, 2, 100);
    plk_udp_flush(story.a.udp);
    wait_for(&story, &story.b, 1);
    finish(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trains_arrive_as_what_they_were),    cmocka_unit_test(targets_are_kept_apart),
        cmocka_unit_test(the_source_address_is_chosen),       cmocka_unit_test(what_cannot_go_is_counted),
        cmocka_unit_test(an_error_of_the_socket_is_survived), cmocka_unit_test(the_order_of_each_target_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
