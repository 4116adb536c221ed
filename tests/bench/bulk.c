// SPDX-License-Identifier: MIT
// A bulk stream between two real nodes, memory to memory: bytes go into a stream of the link of two contacts (src/stream) and
// through flight, session, path, the node's loop and the host's sockets, as files will. No call of the API carries bulk bytes
// as yet, so this program reaches into the node for the stream, and for nothing else.
//
//     bench_bulk receive HOME LISTEN                prints an inline link, then waits for the stream until standard input ends
//     bench_bulk send HOME LISTEN LINK SECONDS      adds that contact and sends for so long
//
// Each prints one JSON object at its end: bytes, seconds, processor seconds, and what the sender's flight has seen. The receiver
// compares each byte with what it has to be.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

// The node has another noun of this name.
#define plk_timer plk_host_timer
#include "host/host_inside.h"
#undef plk_timer
#include "node/inside.h"

enum { STREAM = 7, PATTERN_LEN = 65536, PIECE_MIN = 16384, SETTLE_MS = 1000, PATIENCE_S = 20 };

struct bulk {
    struct plk_host *host;
    bool sends, began, over;
    uint64_t bytes, start_ns, last_ns, until_ns;
    uint64_t acked_at_start;
    double cpu_start_s, cpu_last_s, seconds;
    char text[PLK_LINK_TEXT_MAX + 1];
    uv_check_t check;
    uv_timer_t timer;
    uv_pipe_t standard_input;
    struct plk_flight_path_info seen;
};

static uint8_t pattern[2 * PATTERN_LEN]; // twice the same: any piece of PATTERN_LEN lies in it whole

static _Noreturn void die(const char *what) {
    fprintf(stderr, "bench_bulk: %s\n", what);
    exit(1);
}

static double cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void make_pattern(void) {
    uint32_t x = 1;
    for (size_t i = 0; i < PATTERN_LEN; i++) {
        x = x * 1664525 + 1013904223;
        pattern[i] = pattern[i + PATTERN_LEN] = (uint8_t)(x >> 24);
    }
}

// The link of the only contact, when it is up; NULL.
static struct plk_link *the_link(struct bulk *bulk) {
    struct plk_node *node = bulk->host->node;
    if (node == NULL || node->peers.count == 0) return NULL;
    struct plk_link *link = node->peers.list[0]->link;
    return link != NULL && plk_link_is_up(link) ? link : NULL;
}

static void touch(struct bulk *bulk, struct plk_link *link) {
    struct plk_input input = {.kind = PLK_IN_TICK};
    link->dirty = true;
    plk_host_input(bulk->host, &input);
}

// ---- the sender -------------------------------------------------------------------------------------------------------

static void note_flight(struct bulk *bulk, struct plk_link *link) {
    struct plk_channel *channel = plk_link_current(link);
    plk_flight_path_info(channel->flight, link->paths.active, &bulk->seen);
}

static void feed(struct bulk *bulk, struct plk_link *link) {
    struct plk_streams *streams = link->streams;
    uint64_t now_ns = uv_hrtime();
    if (!bulk->began) {
        bulk->began = true;
        bulk->start_ns = now_ns;
        bulk->until_ns = now_ns + (uint64_t)(bulk->seconds * 1e9);
        bulk->cpu_start_s = cpu_s();
        bulk->acked_at_start = plk_streams_acked_to(streams, STREAM);
    }
    if (now_ns >= bulk->until_ns) {
        bulk->bytes = plk_streams_acked_to(streams, STREAM) - bulk->acked_at_start;
        bulk->last_ns = now_ns;
        bulk->cpu_last_s = cpu_s();
        note_flight(bulk, link);
        uv_stop(bulk->host->loop);
        bulk->over = true;
        return;
    }
    if (plk_streams_room(streams, STREAM) < PIECE_MIN) return;
    for (size_t room; (room = plk_streams_room(streams, STREAM)) > 0;) {
        size_t at = plk_streams_written_to(streams, STREAM) % PATTERN_LEN;
        plk_streams_write(streams, STREAM, plk_bytes(pattern + at, room < PATTERN_LEN ? room : PATTERN_LEN));
    }
    touch(bulk, link);
}

// ---- the receiver -----------------------------------------------------------------------------------------------------

static void take(struct bulk *bulk, struct plk_link *link) {
    struct plk_bytes bytes = plk_streams_readable(link->streams, STREAM);
    if (bytes.len == 0) return;
    if (!bulk->began) {
        bulk->began = true;
        bulk->start_ns = uv_hrtime();
        bulk->cpu_start_s = cpu_s();
    }
    for (size_t done = 0; done < bytes.len;) {
        size_t len = bytes.len - done < PATTERN_LEN ? bytes.len - done : PATTERN_LEN;
        if (memcmp(bytes.at + done, pattern + (bulk->bytes + done) % PATTERN_LEN, len) != 0) die("other bytes came");
        done += len;
    }
    bulk->bytes += bytes.len;
    bulk->last_ns = uv_hrtime();
    bulk->cpu_last_s = cpu_s();
    plk_streams_consume(link->streams, STREAM, bytes.len);
    if (plk_streams_wants(link->streams)) touch(bulk, link);
}

// ---- both -------------------------------------------------------------------------------------------------------------

static void on_check(uv_check_t *check) {
    struct bulk *bulk = check->data;
    struct plk_link *link = the_link(bulk);
    if (link == NULL || bulk->over) return;
    if (!bulk->sends) {
        take(bulk, link);
    } else if (bulk->seconds > 0) {
        feed(bulk, link);
    }
}

static void on_result(void *ctx, const struct plk_output *output) {
    struct bulk *bulk = ctx;
    if (output->result.err != PLK_ERR_OK) die("a command failed");
    size_t len = output->result.text.len < PLK_LINK_TEXT_MAX ? output->result.text.len : PLK_LINK_TEXT_MAX;
    if (len > 0) memcpy(bulk->text, output->result.text.at, len);
    bulk->text[len] = 0;
    uv_stop(bulk->host->loop);
}

static void on_patience(uv_timer_t *timer) {
    (void)timer;
    die("it took too long");
}

static void run(struct bulk *bulk) {
    uv_timer_start(&bulk->timer, on_patience, (uint64_t)((PATIENCE_S + bulk->seconds) * 1e3), 0);
    uv_run(bulk->host->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&bulk->timer);
}

static void command(struct bulk *bulk, struct plk_command command) {
    if (plk_host_command(bulk->host, &command, on_result, bulk) != PLK_ERR_OK) die("busy");
    run(bulk);
}

static void on_state(void *ctx, enum plk_node_state state) {
    struct bulk *bulk = ctx;
    if (state == PLK_NODE_EMPTY) uv_stop(bulk->host->loop);
}

static void on_second(uv_timer_t *timer) { uv_stop(timer->loop); }

static void settle(struct bulk *bulk) {
    uv_timer_start(&bulk->timer, on_second, SETTLE_MS, 0);
    uv_run(bulk->host->loop, UV_RUN_DEFAULT);
}

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    static char bytes[64];
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(bytes, sizeof bytes);
}

static void on_input(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf) {
    (void)buf;
    if (got < 0) uv_stop(stream->loop);
}

static void open_bulk(struct bulk *bulk, const char *home, const char *listen) {
    struct plk_fault fault = {.line = ""};
    struct plk_host_config config = {.home = home, .create = true, .listen = listen, .no_tcp = true};
    config.log.fd = -1;
    config.on.state = on_state;
    config.ctx = bulk;
    if (plk_host_open(&bulk->host, &config, &fault) != PLK_FAULT_NONE) die(fault.line);
    uv_check_init(bulk->host->loop, &bulk->check);
    uv_timer_init(bulk->host->loop, &bulk->timer);
    bulk->check.data = bulk;
    uv_check_start(&bulk->check, on_check);
    run(bulk);
    command(bulk, (struct plk_command){.kind = PLK_CMD_INIT, .name = plk_bytes_text(bulk->sends ? "Alice" : "Bob")});
}

static void print(const struct bulk *bulk) {
    double seconds = (double)(bulk->last_ns - bulk->start_ns) / 1e9;
    printf("{\"bytes\":%llu,\"seconds\":%.3f,\"cpu_s\":%.3f", (unsigned long long)bulk->bytes, seconds,
           bulk->cpu_last_s - bulk->cpu_start_s);
    if (bulk->sends) {
        const struct plk_flight_path_info *seen = &bulk->seen;
        printf(",\"rtt_us\":%llu,\"window\":%llu,\"sent\":%llu,\"lost\":%llu,\"late\":%llu",
               (unsigned long long)seen->smoothed_us, (unsigned long long)seen->window,
               (unsigned long long)seen->packets_sent, (unsigned long long)seen->packets_lost,
               (unsigned long long)seen->late);
    }
    printf("}\n");
}

int main(int argc, char **argv) {
    static struct bulk bulk;
    make_pattern();
    if (argc == 6 && strcmp(argv[1], "send") == 0) {
        bulk.sends = true;
        open_bulk(&bulk, argv[2], argv[3]);
        command(&bulk, (struct plk_command){.kind = PLK_CMD_ADD, .text = plk_bytes_text(argv[4])});
        while (the_link(&bulk) == NULL) settle(&bulk);
        settle(&bulk); // what contacts say to each other first
        bulk.seconds = atof(argv[5]);
        if (bulk.seconds <= 0) die("how long?");
        uv_timer_start(&bulk.timer, on_patience, (uint64_t)((PATIENCE_S + bulk.seconds) * 1e3), 0);
        touch(&bulk, the_link(&bulk));
        uv_run(bulk.host->loop, UV_RUN_DEFAULT);
    } else if (argc == 4 && strcmp(argv[1], "receive") == 0) {
        open_bulk(&bulk, argv[2], argv[3]);
        command(&bulk, (struct plk_command){.kind = PLK_CMD_INVITE, .invite_kind = PLK_INVITE_INLINE});
        printf("%s\n", bulk.text);
        fflush(stdout);
        uv_pipe_init(bulk.host->loop, &bulk.standard_input, 0);
        uv_pipe_open(&bulk.standard_input, 0);
        uv_read_start((uv_stream_t *)&bulk.standard_input, on_buffer, on_input);
        uv_run(bulk.host->loop, UV_RUN_DEFAULT);
    } else {
        fprintf(stderr, "bench_bulk receive HOME LISTEN | send HOME LISTEN LINK SECONDS\n");
        return 2;
    }
    print(&bulk);
    fflush(stdout);
    _Exit(0); // the store is thrown away
}
