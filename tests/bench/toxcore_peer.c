// SPDX-License-Identifier: MIT
// The same figures for c-toxcore, through its public API and its normal loop (sleep for tox_iteration_interval): two
// processes on loopback that know each other's keys and bootstrap from each other. Nothing is written to a disk.
//
// usage: bench_toxcore_peer MESSAGES IDLE_SECONDS FILE_MB PORT_A PORT_B
// Prints a line "idle" when the two begin to be idle, and one JSON object at the end. Without messages and idle time, only the
// file is sent: its bytes come from memory, and the receiver drops them.
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <tox/tox.h>
#include <unistd.h>

enum { SINGLE = 20, TEXT = 100, GIVE_UP_S = 120, SETTLE_S = 30, SETTLE_FILE_S = 2 };

struct peer {
    Tox *tox;
    bool echo; // answers what begins with 'e'
    bool connected;
    unsigned receipts, answers;
    unsigned files; // wholly sent
    uint64_t turns;
    double receipt_at, answer_at;
};

struct card { // what one process tells the other
    uint8_t public_key[TOX_PUBLIC_KEY_SIZE], dht_id[TOX_PUBLIC_KEY_SIZE];
};

static void die(const char *what) {
    fprintf(stderr, "bench_toxcore_peer: %s\n", what);
    exit(1);
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void on_connection(Tox *tox, uint32_t friend_number, TOX_CONNECTION status, void *ctx) {
    (void)tox;
    (void)friend_number;
    ((struct peer *)ctx)->connected = status != TOX_CONNECTION_NONE;
}

static void on_message(Tox *tox, uint32_t friend_number, TOX_MESSAGE_TYPE type, const uint8_t *text, size_t len,
                       void *ctx) {
    struct peer *peer = ctx;
    peer->answers++;
    peer->answer_at = now_ms();
    if (peer->echo && len > 0 && text[0] == 'e') tox_friend_send_message(tox, friend_number, type, text, len, NULL);
}

static void on_receipt(Tox *tox, uint32_t friend_number, uint32_t message_id, void *ctx) {
    struct peer *peer = ctx;
    (void)tox;
    (void)friend_number;
    (void)message_id;
    peer->receipts++;
    peer->receipt_at = now_ms();
}

static void on_file(Tox *tox, uint32_t friend_number, uint32_t file, uint32_t kind, uint64_t size, const uint8_t *name,
                    size_t name_len, void *ctx) {
    (void)kind, (void)size, (void)name, (void)name_len, (void)ctx;
    if (!tox_file_control(tox, friend_number, file, TOX_FILE_CONTROL_RESUME, NULL)) die("no file");
}

static void on_piece(Tox *tox, uint32_t friend_number, uint32_t file, uint64_t at, const uint8_t *data, size_t len,
                     void *ctx) {
    (void)tox, (void)friend_number, (void)file, (void)at, (void)data, (void)len, (void)ctx;
}

static void on_piece_wanted(Tox *tox, uint32_t friend_number, uint32_t file, uint64_t at, size_t len, void *ctx) {
    static const uint8_t bytes[4096];
    if (len == 0) ((struct peer *)ctx)->files++; // all of it is there
    if (len > sizeof bytes) die("a large piece");
    if (len > 0) tox_file_send_chunk(tox, friend_number, file, at, bytes, len, NULL);
}

static void begin(struct peer *peer, uint16_t port) {
    struct Tox_Options *options = tox_options_new(NULL);
    if (options == NULL) die("no memory");
    tox_options_set_ipv6_enabled(options, false);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_start_port(options, port);
    tox_options_set_end_port(options, port);
    peer->tox = tox_new(options, NULL);
    tox_options_free(options);
    if (peer->tox == NULL) die("tox_new failed");
    tox_callback_friend_connection_status(peer->tox, on_connection);
    tox_callback_friend_message(peer->tox, on_message);
    tox_callback_friend_read_receipt(peer->tox, on_receipt);
    tox_callback_file_recv(peer->tox, on_file);
    tox_callback_file_recv_chunk(peer->tox, on_piece);
    tox_callback_file_chunk_request(peer->tox, on_piece_wanted);
}

static void meet(struct peer *peer, int to, int from, uint16_t port) {
    struct card mine, theirs;
    tox_self_get_public_key(peer->tox, mine.public_key);
    tox_self_get_dht_id(peer->tox, mine.dht_id);
    if (write(to, &mine, sizeof mine) != sizeof mine || read(from, &theirs, sizeof theirs) != sizeof theirs)
        die("pipe");
    if (tox_friend_add_norequest(peer->tox, theirs.public_key, NULL) == UINT32_MAX) die("no friend");
    if (!tox_bootstrap(peer->tox, "127.0.0.1", port, theirs.dht_id, NULL)) die("no bootstrap");
}

static void turn(struct peer *peer) {
    tox_iterate(peer->tox, peer);
    peer->turns++;
    struct timespec pause = {.tv_nsec = (long)tox_iteration_interval(peer->tox) * 1000000};
    nanosleep(&pause, NULL);
}

static void await(struct peer *peer, const unsigned *value, unsigned wanted) {
    double end = now_ms() + GIVE_UP_S * 1e3;
    while (*value < wanted) {
        if (now_ms() > end) die("nothing came");
        turn(peer);
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void singles(struct peer *peer) {
    static const uint8_t text[] = "echo this";
    double answers[SINGLE], receipts[SINGLE];
    for (unsigned i = 0; i < SINGLE; i++) {
        double start = now_ms();
        tox_friend_send_message(peer->tox, 0, TOX_MESSAGE_TYPE_NORMAL, text, sizeof text - 1, NULL);
        await(peer, &peer->answers, i + 1);
        await(peer, &peer->receipts, i + 1);
        answers[i] = peer->answer_at - start;
        receipts[i] = peer->receipt_at - start;
    }
    qsort(answers, SINGLE, sizeof answers[0], by_size);
    qsort(receipts, SINGLE, sizeof receipts[0], by_size);
    printf("\"answer_ms\":%.1f,\"receipt_ms\":%.1f", answers[SINGLE / 2], receipts[SINGLE / 2]);
}

static void stream(struct peer *peer, unsigned count) {
    uint8_t text[TEXT];
    unsigned first = peer->receipts;
    double start = now_ms();
    memset(text, 'x', sizeof text);
    for (unsigned sent = 0; sent < count;) {
        TOX_ERR_FRIEND_SEND_MESSAGE error;
        tox_friend_send_message(peer->tox, 0, TOX_MESSAGE_TYPE_NORMAL, text, sizeof text, &error);
        if (error == TOX_ERR_FRIEND_SEND_MESSAGE_OK)
            sent++;
        else if (error == TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ)
            turn(peer);
        else
            die("a message was refused");
    }
    await(peer, &peer->receipts, first + count);
    printf(",\"messages_per_s\":%.0f", count / (now_ms() - start) * 1e3);
}

static double cpu_s(int who) {
    struct rusage used;
    getrusage(who, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

// Sends so many megabytes; the rate, and how long the sender has used a processor for each gigabyte.
static void file(struct peer *peer, unsigned megabytes) {
    double start = now_ms(), cpu = cpu_s(RUSAGE_SELF);
    if (tox_file_send(peer->tox, 0, TOX_FILE_KIND_DATA, (uint64_t)megabytes * 1000000, NULL, (const uint8_t *)"file", 4,
                      NULL) == UINT32_MAX)
        die("no file is sent");
    await(peer, &peer->files, 1);
    printf(",\"file_mb_per_s\":%.1f,\"file_cpu_s_per_gb\":%.2f", megabytes / (now_ms() - start) * 1e3,
           (cpu_s(RUSAGE_SELF) - cpu) * 1000 / megabytes);
}

int main(int argc, char **argv) {
    struct peer peer = {0};
    int there[2], back[2];
    if (argc != 6) die("usage: bench_toxcore_peer MESSAGES IDLE_SECONDS FILE_MB PORT_A PORT_B");
    unsigned messages = (unsigned)atoi(argv[1]), megabytes = (unsigned)atoi(argv[3]);
    uint16_t port_a = (uint16_t)atoi(argv[4]), port_b = (uint16_t)atoi(argv[5]);
    if (pipe(there) != 0 || pipe(back) != 0) die("pipe");
    pid_t other = fork();
    if (other < 0) die("fork");
    if (other == 0) {
        pid_t parent = getppid();
        peer.echo = true;
        begin(&peer, port_b);
        meet(&peer, back[1], there[0], port_a);
        while (getppid() == parent) turn(&peer);
        return 0;
    }
    double start = now_ms();
    begin(&peer, port_a);
    meet(&peer, there[1], back[0], port_b);
    while (!peer.connected) {
        if (now_ms() > start + GIVE_UP_S * 1e3) die("no connection");
        turn(&peer);
    }
    double connected = now_ms() - start, end;
    double settle_s = messages > 0 ? SETTLE_S : SETTLE_FILE_S; // after connecting it is busier for a while
    for (end = now_ms() + settle_s * 1e3; now_ms() < end;) turn(&peer);
    printf("idle\n");
    fflush(stdout);
    uint64_t turns = peer.turns;
    for (start = now_ms(), end = start + atof(argv[2]) * 1e3; now_ms() < end;) turn(&peer);
    printf("{\"connect_ms\":%.0f", connected);
    if (messages > 0) {
        printf(",\"wakeups_per_s\":%.1f,", (double)(peer.turns - turns) / (now_ms() - start) * 1e3);
        fflush(stdout);
        singles(&peer);
        stream(&peer, messages);
    }
    if (megabytes > 0) file(&peer, megabytes);
    printf("}\n");
    tox_kill(peer.tox);
    kill(other, SIGTERM);
    waitpid(other, NULL, 0);
    return 0;
}
