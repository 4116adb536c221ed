// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/address.h"
#include "host/bind.h"
#include "host/memory.h"
#include "host/tcp.h"

#define SEEN_MAX 64

struct seen {
    uint32_t stream;
    enum plk_stream_event event;
    size_t writable;
    struct plk_addr remote;
};

struct story {
    uv_loop_t loop;
    struct plk_tcp *tcp;
    struct plk_addr at;
    struct seen seen[SEEN_MAX];
    size_t count, dones;
    uint8_t bytes[4096];
    size_t len;
};

static void happened(void *ctx, const struct plk_input *input) {
    struct story *story = ctx;
    assert_int_equal(input->kind, PLK_IN_STREAM);
    if (input->stream.event == PLK_STREAM_BYTES) {
        assert_true(story->len + input->stream.data.len <= sizeof story->bytes);
        memcpy(story->bytes + story->len, input->stream.data.at, input->stream.data.len);
        story->len += input->stream.data.len;
    }
    assert_true(story->count < SEEN_MAX);
    story->seen[story->count++] =
        (struct seen){input->stream.stream, input->stream.event, input->stream.writable, input->stream.remote};
}

static void done(void *ctx) { ((struct story *)ctx)->dones++; }

static void begin(struct story *story, bool v6) {
    struct plk_bound bound;
    struct plk_fault fault;
    struct plk_bind_config config = {.listen = v6 ? "[::1]:0" : "127.0.0.1:0", .home = "/nowhere", .no_udp = true};
    memset(story, 0, sizeof *story);
    assert_int_equal(plk_bind(&bound, &config, &fault), PLK_FAULT_NONE);
    assert_int_equal(uv_loop_init(&story->loop), 0);
    story->tcp = plk_tcp_open(&story->loop, NULL, happened, done, story);
    plk_tcp_listen(story->tcp, bound.tcp4);
    plk_tcp_listen(story->tcp, bound.tcp6);
    story->at = bound.only;
    story->at.port = bound.tcp_port;
}

static void end(struct story *story) {
    plk_tcp_close(story->tcp);
    uv_run(&story->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&story->loop), 0);
}

#define UNTIL(story, condition)                                              \
    do {                                                                     \
        uint64_t until = uv_hrtime() + UINT64_C(10000000000);                \
        while (!(condition)) {                                               \
            uv_run(&(story)->loop, UV_RUN_NOWAIT);                           \
            if (uv_hrtime() > until) fail_msg("never came: %s", #condition); \
        }                                                                    \
    } while (0)

static int client(const struct story *story) {
    struct sockaddr_storage to;
    socklen_t len = plk_address_to_system(&story->at, &to);
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, len), 0);
    return fd;
}

// What a client reads: bytes, 0 for the end.
static ssize_t read_some(int fd, void *to, size_t len) { return recv(fd, to, len, MSG_DONTWAIT); }

static void a_stranger_connects_and_both_talk(void **state) {
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct story story;
        begin(&story, v6 != 0);
        int fd = client(&story);
        UNTIL(&story, story.count == 1);
        assert_int_equal(story.seen[0].event, PLK_STREAM_ACCEPTED);
        uint32_t id = story.seen[0].stream;
        assert_true((id & PLK_TCP_ACCEPTED_BIT) != 0);
        assert_int_equal(story.seen[0].writable, PLK_TCP_BUFFER_MAX);
        assert_int_equal(story.seen[0].remote.family, v6 ? 6 : 4);
        assert_int_equal(write(fd, "hello", 5), 5);
        UNTIL(&story, story.len == 5);
        assert_memory_equal(story.bytes, "hello", 5);
        plk_tcp_write(story.tcp, id, plk_bytes_text("and "));
        plk_tcp_write(story.tcp, id, plk_bytes_text("hello"));
        char got[16];
        assert_int_equal(read_some(fd, got, sizeof got), -1); // not before the flush: one segment, not two
        plk_tcp_flush(story.tcp);
        assert_int_equal(read(fd, got, sizeof got), 9);
        assert_memory_equal(got, "and hello", 9);
        size_t before = story.count;
        plk_tcp_write(story.tcp, id, plk_bytes_text("bye"));
        plk_tcp_shut(story.tcp, id); // what was written still goes
        assert_int_equal(read(fd, got, sizeof got), 3);
        UNTIL(&story, read_some(fd, got, sizeof got) == 0);
        assert_int_equal(story.count, before); // an own close is not told
        plk_tcp_write(story.tcp, id, plk_bytes_text("to nobody"));
        close(fd);
        end(&story);
    }
}

static void the_other_side_ends_it(void **state) {
    (void)state;
    struct story story;
    begin(&story, false);
    int fd = client(&story);
    UNTIL(&story, story.count == 1);
    close(fd);
    UNTIL(&story, story.count == 2);
    assert_int_equal(story.seen[1].event, PLK_STREAM_CLOSED);
    assert_int_equal(story.seen[1].stream, story.seen[0].stream);
    assert_int_equal(plk_tcp_count(story.tcp), 0);
    end(&story);
}

static void own_connections_open_or_close(void **state) {
    (void)state;
    struct story story, other;
    begin(&story, false);
    begin(&other, false);
    plk_tcp_connect(story.tcp, 7, &other.at, 0);
    assert_int_equal(story.count, 0); // later, never from within
    UNTIL(&story, story.count == 1);
    assert_int_equal(story.seen[0].event, PLK_STREAM_OPENED);
    assert_int_equal(story.seen[0].stream, 7);
    assert_int_equal(story.seen[0].writable, PLK_TCP_BUFFER_MAX);
    UNTIL(&other, other.count == 1);
    struct plk_addr nowhere = other.at, broken = {.family = 0};
    end(&other); // its port is free now
    UNTIL(&story, story.count == 2);
    assert_int_equal(story.seen[1].event, PLK_STREAM_CLOSED);
    plk_tcp_connect(story.tcp, 8, &nowhere, 0);
    plk_tcp_connect(story.tcp, 9, &broken, 0);
    assert_int_equal(story.count, 2);
    UNTIL(&story, story.count == 4);
    for (size_t i = 2; i < 4; i++) {
        assert_int_equal(story.seen[i].event, PLK_STREAM_CLOSED);
        assert_true(story.seen[i].stream == 8 || story.seen[i].stream == 9);
    }
    plk_tcp_connect(story.tcp, 10, &nowhere, 0);
    plk_tcp_shut(story.tcp, 10); // given up before it was there
    for (int i = 0; i < 20; i++) uv_run(&story.loop, UV_RUN_NOWAIT);
    assert_int_equal(story.count, 4);
    end(&story);
}

// Whom we connect to sees where we listen; the port is nobody else's, and a second connection between the same two has another.
static void own_connections_leave_from_where_we_listen(void **state) {
    (void)state;
    struct story story, other;
    for (int v6 = 0; v6 < 2; v6++) {
        begin(&story, v6);
        begin(&other, v6);
        plk_tcp_connect(story.tcp, 7, &other.at, story.at.port);
        UNTIL(&other, other.count == 1);
        assert_true(plk_addr_equal(&other.seen[0].remote, &story.at));
        plk_tcp_connect(story.tcp, 8, &other.at, story.at.port);
        UNTIL(&other, other.count == 2);
        assert_int_not_equal(other.seen[1].remote.port, story.at.port);
        UNTIL(&story, story.count == 2);
        assert_true(story.seen[0].event == PLK_STREAM_OPENED && story.seen[1].event == PLK_STREAM_OPENED);
        plk_tcp_connect(other.tcp, 9, &story.at, other.at.port); // as it has one with us from there, too
        UNTIL(&story, story.count == 3);
        assert_int_equal(story.seen[2].event, PLK_STREAM_ACCEPTED);
        struct plk_bound bound;
        struct plk_fault fault;
        char listen[64];
        snprintf(listen, sizeof listen, v6 ? "[::1]:%u" : "127.0.0.1:%u", story.at.port);
        struct plk_bind_config config = {.listen = listen, .home = "/nowhere", .no_udp = true};
        assert_int_equal(plk_bind(&bound, &config, &fault), PLK_FAULT_LISTEN);
        end(&story);
        end(&other);
    }
}

// Nothing beyond what was said to be writable, and room is told of when there is some.
static void a_slow_reader_is_waited_for(void **state) {
    (void)state;
    struct story story;
    begin(&story, false);
    int fd = client(&story);
    UNTIL(&story, story.count == 1);
    uint32_t id = story.seen[0].stream;
    size_t room = story.seen[0].writable, wrote = 0, rounds = 0;
    uint8_t chunk[1024];
    // Until the kernel on both sides and the buffer here are full.
    while (room > 0) {
        for (size_t i = 0; i < sizeof chunk; i++) chunk[i] = (uint8_t)((wrote + i) % 251);
        size_t len = room < sizeof chunk ? room : sizeof chunk;
        plk_tcp_write(story.tcp, id, plk_bytes(chunk, len));
        wrote += len;
        room -= len;
        story.count = 0;
        if (plk_tcp_flush(story.tcp)) room = story.seen[0].writable;
        assert_true(room <= PLK_TCP_BUFFER_MAX);
        if (++rounds > 100000) fail_msg("no limit");
    }
    assert_true(wrote > PLK_TCP_BUFFER_MAX);
    story.count = 0;
    size_t read_len = 0;
    uint8_t got[8192];
    while (read_len < wrote) {
        uv_run(&story.loop, UV_RUN_NOWAIT);
        ssize_t n = read_some(fd, got, sizeof got);
        if (n < 0) continue;
        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++) assert_int_equal(got[i], (uint8_t)((read_len + (size_t)i) % 251));
        read_len += (size_t)n;
    }
    assert_true(story.count >= 1);
    for (size_t i = 0; i < story.count; i++) assert_int_equal(story.seen[i].event, PLK_STREAM_WRITABLE);
    assert_true(story.seen[story.count - 1].writable >= PLK_TCP_BUFFER_MAX / 2);
    close(fd);
    end(&story);
}

static bool is_closed(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static void strangers_are_limited_by_address(void **state) {
    (void)state;
    struct story story;
    int fds[PLK_TCP_ACCEPTED_PER_IP + 2];
    begin(&story, false);
    for (size_t i = 0; i < PLK_TCP_ACCEPTED_PER_IP; i++) {
        fds[i] = client(&story);
        UNTIL(&story, story.count == i + 1);
    }
    plk_tcp_write(story.tcp, story.seen[0].stream, plk_bytes_text("known"));
    plk_tcp_flush(story.tcp);
    char known[8];
    assert_int_equal(recv(fds[0], known, sizeof known, 0), 5);
    fds[PLK_TCP_ACCEPTED_PER_IP] = client(&story); // the oldest that nobody has answered gives way: the second
    UNTIL(&story, story.count == PLK_TCP_ACCEPTED_PER_IP + 2);
    assert_int_equal(story.seen[PLK_TCP_ACCEPTED_PER_IP].event, PLK_STREAM_CLOSED);
    assert_int_equal(story.seen[PLK_TCP_ACCEPTED_PER_IP].stream, story.seen[1].stream);
    UNTIL(&story, is_closed(fds[1]));
    assert_false(is_closed(fds[0]));
    for (size_t i = 2; i < PLK_TCP_ACCEPTED_PER_IP; i++)
        plk_tcp_write(story.tcp, story.seen[i].stream, plk_bytes_text("x"));
    plk_tcp_write(story.tcp, story.seen[PLK_TCP_ACCEPTED_PER_IP + 1].stream, plk_bytes_text("x"));
    plk_tcp_flush(story.tcp);
    size_t before = story.count;
    fds[PLK_TCP_ACCEPTED_PER_IP + 1] = client(&story); // all others are known: this one is turned away
    UNTIL(&story, is_closed(fds[PLK_TCP_ACCEPTED_PER_IP + 1]));
    assert_int_equal(story.count, before);
    assert_int_equal(plk_tcp_count(story.tcp), PLK_TCP_ACCEPTED_PER_IP);
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) close(fds[i]);
    end(&story);
}

static void a_stranger_that_stays_unanswered_is_dropped(void **state) {
    (void)state;
    struct story story;
    begin(&story, false);
    plk_tcp_patience(story.tcp, 30);
    int known = client(&story);
    UNTIL(&story, story.count == 1);
    plk_tcp_write(story.tcp, story.seen[0].stream, plk_bytes_text("x"));
    plk_tcp_flush(story.tcp);
    int stranger = client(&story);
    UNTIL(&story, story.count == 2);
    assert_int_equal(write(stranger, "drip", 4), 4); // a drop now and then does not help
    UNTIL(&story, story.count == 4);
    assert_int_equal(story.seen[2].event, PLK_STREAM_BYTES);
    assert_int_equal(story.seen[3].event, PLK_STREAM_CLOSED);
    assert_int_equal(story.seen[3].stream, story.seen[1].stream);
    assert_int_equal(plk_tcp_count(story.tcp), 1);
    close(known);
    close(stranger);
    end(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stranger_connects_and_both_talk),
        cmocka_unit_test(the_other_side_ends_it),
        cmocka_unit_test(own_connections_open_or_close),
        cmocka_unit_test(own_connections_leave_from_where_we_listen),
        cmocka_unit_test(a_slow_reader_is_waited_for),
        cmocka_unit_test(strangers_are_limited_by_address),
        cmocka_unit_test(a_stranger_that_stays_unanswered_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
