// SPDX-License-Identifier: MIT
// A program on a node's socket that is never the bottleneck: it writes requests without building JSON and reads answers
// without parsing more than it must. One JSON object on stdout tells what it measured.
//
// usage: bench_load one SOCKET CONTACT COUNT     sends one at a time, each awaited until delivered: microseconds of each
//        bench_load many SOCKET CONTACT COUNT BYTES   as many as the socket takes, until the last one is delivered
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 4096, IN_LEN = 1 << 20, OUT_LEN = 1 << 16, TEXT_MAX_LEN = 2048, STATUS_EVERY_US = 2000 };

struct load {
    int fd;
    const char *contact;
    char in[IN_LEN], out[OUT_LEN];
    size_t in_len, in_at, out_len, out_at;
};

static void die(const char *what) {
    fprintf(stderr, "bench_load: %s\n", what);
    exit(1);
}

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void connect_to(struct load *load, const char *path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof at.sun_path) die("the socket's path is too long");
    strcpy(at.sun_path, path);
    load->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (load->fd < 0 || connect(load->fd, (struct sockaddr *)&at, sizeof at) != 0) die("nobody listens there");
    if (fcntl(load->fd, F_SETFL, O_NONBLOCK) != 0) die("fcntl");
}

// Moves bytes both ways; waits until something is possible.
static void turn(struct load *load, int wait_ms) {
    struct pollfd p = {.fd = load->fd, .events = POLLIN};
    if (load->out_at < load->out_len) p.events |= POLLOUT;
    if (poll(&p, 1, wait_ms) < 0 && errno != EINTR) die("poll");
    if ((p.revents & POLLOUT) != 0) {
        ssize_t sent = send(load->fd, load->out + load->out_at, load->out_len - load->out_at, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) die("the node went away");
        if (sent > 0) load->out_at += (size_t)sent;
        if (load->out_at == load->out_len) load->out_at = load->out_len = 0;
    }
    if ((p.revents & (POLLIN | POLLHUP)) != 0) {
        if (load->in_at > 0) memmove(load->in, load->in + load->in_at, load->in_len -= load->in_at);
        load->in_at = 0;
        ssize_t got = recv(load->fd, load->in + load->in_len, IN_LEN - 1 - load->in_len, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN)) die("the node went away");
        if (got > 0) load->in_len += (size_t)got;
    }
}

// The next line that has arrived, ended by NUL; NULL: none yet.
static char *next_line(struct load *load) {
    char *start = load->in + load->in_at, *end = memchr(start, '\n', load->in_len - load->in_at);
    if (end == NULL) return NULL;
    *end = 0;
    load->in_at = (size_t)(end - load->in) + 1;
    return start;
}

static bool put(struct load *load, const char *line, size_t len) {
    if (load->out_len + len > OUT_LEN) return false;
    memcpy(load->out + load->out_len, line, len);
    load->out_len += len;
    return true;
}

static char *answer(struct load *load) {
    char *line;
    while ((line = next_line(load)) == NULL) turn(load, 60000);
    return line;
}

static size_t request(const struct load *load, char *line, uint64_t id, const char *text, const char *more) {
    int len = snprintf(
        line, LINE_MAX_LEN,
        "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"send\",\"params\":{\"contact\":\"%s\",\"text\":\"%s\"%s}}\n",
        (unsigned long long)id, load->contact, text, more);
    if (len <= 0 || len >= LINE_MAX_LEN) die("the request is too long");
    return (size_t)len;
}

static void one(struct load *load, unsigned count) {
    char line[LINE_MAX_LEN], text[64];
    printf("{\"each_us\":[");
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "message %u", i);
        size_t len = request(load, line, i, text, ",\"wait\":\"delivered\"");
        uint64_t start = now_us();
        put(load, line, len);
        char *got = answer(load);
        if (strstr(got, "\"delivered\"") == NULL) die(got);
        printf("%s%llu", i == 0 ? "" : ",", (unsigned long long)(now_us() - start));
    }
    printf("]}\n");
}

// How many messages the peer has not yet committed, as `status` says.
static long undelivered(struct load *load) {
    static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"status\"}\n", name[] = "\"undelivered\":";
    put(load, line, sizeof line - 1);
    char *got = answer(load), *at = strstr(got, name);
    if (at == NULL) die(got);
    return strtol(at + sizeof name - 1, NULL, 10);
}

static void many(struct load *load, unsigned count, size_t bytes) {
    char line[LINE_MAX_LEN], text[TEXT_MAX_LEN + 1];
    unsigned sent = 0, answered = 0, refused = 0;
    uint64_t start = now_us();
    if (bytes > TEXT_MAX_LEN || bytes < 10) die("10 to 2048 bytes a text");
    memset(text, 'x', bytes);
    for (size_t i = 0; i < bytes; i++) text[i] = i % 6 == 5 ? ' ' : (char)('a' + i * 7 % 26);
    text[bytes] = 0;
    while (answered < count + refused) {
        while (sent < count + refused) {
            char number[16];
            snprintf(number, sizeof number, "%010u", sent);
            memcpy(text, number, 10);
            if (!put(load, line, request(load, line, sent, text, ""))) break;
            sent++;
        }
        turn(load, 60000);
        for (char *got; (got = next_line(load)) != NULL; answered++) {
            if (strstr(got, "\"error\"") == NULL) continue;
            if (strstr(got, "\"BUSY\"") == NULL) die(got);
            refused++; // once more
        }
    }
    uint64_t accepted = now_us();
    struct timespec pause = {.tv_nsec = STATUS_EVERY_US * 1000};
    while (undelivered(load) > 0) nanosleep(&pause, NULL);
    uint64_t end = now_us();
    printf("{\"count\":%u,\"busy\":%u,\"accepted_us\":%llu,\"delivered_us\":%llu}\n", count, refused,
           (unsigned long long)(accepted - start), (unsigned long long)(end - start));
}

int main(int argc, char **argv) {
    static struct load load;
    if (argc < 5) die("usage: bench_load one|many SOCKET CONTACT COUNT [BYTES]");
    load.contact = argv[3];
    connect_to(&load, argv[2]);
    unsigned count = (unsigned)strtoul(argv[4], NULL, 10);
    if (strcmp(argv[1], "one") == 0)
        one(&load, count);
    else
        many(&load, count, argc > 5 ? strtoul(argv[5], NULL, 10) : 100);
    close(load.fd);
    return 0;
}
