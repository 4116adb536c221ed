// SPDX-License-Identifier: MIT
#include "metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/memory.h"

#define BODY_MAX 16384
#define HEAD_MAX 256

struct client {
    struct plk_metrics *metrics;
    struct client *next;
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    char request[PLK_METRICS_REQUEST_MAX];
    size_t len;
    char answer[HEAD_MAX + BODY_MAX];
    bool closing;
    int handles;
};

struct plk_metrics {
    struct plk_relay_host *host;
    uv_tcp_t listener;
    struct client *clients;
    size_t count;
    bool closed, listener_gone;
};

// ---- what is told -----------------------------------------------------------------------------------------------------

struct text {
    char *at;
    size_t len, cap;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *text, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text->at + text->len, text->cap - text->len, format, args);
    va_end(args);
    plk_assert(len >= 0 && text->len + (size_t)len < text->cap); // the list is as long as it was when it was written
    text->len += (size_t)len;
}

static void add_one(struct text *text, const char *kind, const char *name, const char *what, uint64_t value) {
    const char *end = strcmp(kind, "counter") == 0 ? "_total" : "";
    add(text, "# HELP peerlink_relay_%s%s %s\n# TYPE peerlink_relay_%s%s %s\npeerlink_relay_%s%s %" PRIu64 "\n", name,
        end, what, name, end, kind, name, end, value);
}

static void write_metrics(struct text *text, struct plk_relay_host *host) {
    const struct plk_relay *relay = plk_relay_host_relay(host);
    const struct plk_relay_counters *counters = plk_relay_counters(relay);
    struct plk_relay_view view = plk_relay_view(relay);
    add_one(text, "gauge", "clients_now", "channels that are open", view.clients);
    add_one(text, "gauge", "half_open_now", "hellos answered, not yet confirmed", view.half_open);
    add_one(text, "gauge", "queues_now", "queues in memory", view.queues);
    add_one(text, "gauge", "memory_bytes", "memory of the core", view.memory);
    if (view.stored_known) add_one(text, "gauge", "stored_bytes", "bytes of cells on the disk", view.stored_bytes);
    add_one(text, "gauge", "stalled", "1 while the disk takes nothing", plk_relay_host_stalled(host));
#define COUNTER(field, what) add_one(text, "counter", #field, what, counters->field);
    PLK_RELAY_COUNTER_LIST(COUNTER)
#undef COUNTER
}

static size_t write_answer(struct client *client) {
    char body[BODY_MAX] = "";
    struct text text = {.at = body, .cap = sizeof body};
    const char *status = "200 OK";
    if (strncmp(client->request, "GET /metrics ", 13) == 0) {
        write_metrics(&text, client->metrics->host);
    } else if (strncmp(client->request, "GET /healthz ", 13) == 0) {
        bool stalled = plk_relay_host_stalled(client->metrics->host);
        status = stalled ? "503 Service Unavailable" : "200 OK";
        add(&text, stalled ? "the disk takes nothing\n" : "ok\n");
    } else {
        status = strncmp(client->request, "GET ", 4) == 0 ? "404 Not Found" : "405 Method Not Allowed";
        add(&text, "there is /metrics and /healthz\n");
    }
    int len =
        snprintf(client->answer, sizeof client->answer,
                 "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: %zu\r\n"
                 "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s",
                 status, text.len, body);
    plk_assert(len > 0 && (size_t)len < sizeof client->answer);
    return (size_t)len;
}

// ---- one client -------------------------------------------------------------------------------------------------------

static void free_if_done(struct plk_metrics *metrics) {
    if (metrics->closed && metrics->listener_gone && metrics->clients == NULL)
        plk_memory_give(metrics, sizeof *metrics);
}

static void on_handle_closed(uv_handle_t *handle) {
    struct client *client = handle->data;
    struct plk_metrics *metrics = client->metrics;
    if (--client->handles > 0) return;
    struct client **at = &metrics->clients;
    while (*at != client) at = &(*at)->next;
    *at = client->next;
    metrics->count--;
    plk_memory_give(client, sizeof *client);
    free_if_done(metrics);
}

static void end_client(struct client *client) {
    if (client->closing) return;
    client->closing = true;
    uv_close((uv_handle_t *)&client->tcp, on_handle_closed);
    uv_close((uv_handle_t *)&client->timer, on_handle_closed);
}

static void on_written(uv_write_t *write, int status) {
    (void)status;
    end_client(write->data);
}

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
    struct client *client = handle->data;
    (void)size;
    *buffer = uv_buf_init(client->request + client->len, (unsigned)(sizeof client->request - 1 - client->len));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer) {
    struct client *client = stream->data;
    (void)buffer;
    if (got < 0 || client->len + (size_t)got >= sizeof client->request - 1) {
        end_client(client);
        return;
    }
    client->len += (size_t)got;
    client->request[client->len] = '\0';
    if (strstr(client->request, "\r\n\r\n") == NULL) return;
    uv_read_stop(stream);
    uv_buf_t answer = uv_buf_init(client->answer, (unsigned)write_answer(client));
    client->write.data = client;
    if (uv_write(&client->write, stream, &answer, 1, on_written) != 0) end_client(client);
}

static void on_late(uv_timer_t *timer) { end_client(timer->data); }

static void on_connection(uv_stream_t *listener, int status) {
    struct plk_metrics *metrics = listener->data;
    uv_loop_t *loop = plk_relay_host_loop(metrics->host);
    if (status != 0) return;
    struct client *client = plk_memory_take(sizeof *client);
    client->metrics = metrics;
    client->next = metrics->clients;
    metrics->clients = client;
    metrics->count++;
    plk_assert(uv_tcp_init(loop, &client->tcp) == 0 && uv_timer_init(loop, &client->timer) == 0);
    client->tcp.data = client->timer.data = client;
    client->handles = 2;
    if (uv_accept(listener, (uv_stream_t *)&client->tcp) != 0 || metrics->count > PLK_METRICS_CLIENTS_MAX ||
        uv_read_start((uv_stream_t *)&client->tcp, on_room, on_read) != 0) {
        end_client(client);
        return;
    }
    uv_timer_start(&client->timer, on_late, PLK_METRICS_CLIENT_MS, 0);
}

// ---- opening and closing ----------------------------------------------------------------------------------------------

enum plk_fault_kind plk_metrics_open(struct plk_metrics **out, struct plk_relay_host *host, uint16_t port,
                                     struct plk_fault *fault) {
    struct sockaddr_in at;
    struct plk_metrics *metrics = plk_memory_take(sizeof *metrics);
    metrics->host = host;
    plk_assert(uv_tcp_init(plk_relay_host_loop(host), &metrics->listener) == 0);
    metrics->listener.data = metrics;
    int code = uv_ip4_addr("127.0.0.1", port, &at);
    if (code == 0) code = uv_tcp_bind(&metrics->listener, (struct sockaddr *)&at, 0);
    if (code == 0) code = uv_listen((uv_stream_t *)&metrics->listener, PLK_METRICS_CLIENTS_MAX, on_connection);
    *out = metrics;
    if (code == 0) return PLK_FAULT_NONE;
    plk_metrics_close(metrics);
    *out = NULL;
    return plk_fault_set(fault, PLK_FAULT_LISTEN, "127.0.0.1:%u, for figures, cannot be used: %s", port,
                         uv_strerror(code));
}

static void on_listener_closed(uv_handle_t *handle) {
    struct plk_metrics *metrics = handle->data;
    metrics->listener_gone = true;
    free_if_done(metrics);
}

void plk_metrics_close(struct plk_metrics *metrics) {
    if (metrics == NULL) return;
    metrics->closed = true;
    for (struct client *client = metrics->clients; client != NULL; client = client->next) end_client(client);
    uv_close((uv_handle_t *)&metrics->listener, on_listener_closed);
}
