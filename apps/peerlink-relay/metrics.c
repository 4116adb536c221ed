// SPDX-License-Identifier: MIT
#include "metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "once.h"

#define BODY_MAX 16384
#define ANSWER_MAX (BODY_MAX + 256)

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
    struct plk_relay_state view = plk_relay_state(relay);
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

static size_t write_answer(char out[ANSWER_MAX], const char *request, struct plk_relay_host *host) {
    char body[BODY_MAX] = "";
    struct text text = {.at = body, .cap = sizeof body};
    const char *status = "200 OK";
    if (strncmp(request, "GET /metrics ", 13) == 0) {
        write_metrics(&text, host);
    } else if (strncmp(request, "GET /healthz ", 13) == 0) {
        bool stalled = plk_relay_host_stalled(host);
        status = stalled ? "503 Service Unavailable" : "200 OK";
        add(&text, stalled ? "the disk takes nothing\n" : "ok\n");
    } else {
        status = strncmp(request, "GET ", 4) == 0 ? "404 Not Found" : "405 Method Not Allowed";
        add(&text, "there is /metrics and /healthz\n");
    }
    int len =
        snprintf(out, ANSWER_MAX,
                 "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: %zu\r\n"
                 "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s",
                 status, text.len, body);
    plk_assert(len > 0 && len < ANSWER_MAX);
    return (size_t)len;
}

static void on_ask(void *ctx, struct plk_once_client *client, const char *request) {
    char *answer = malloc(ANSWER_MAX);
    plk_once_answer(client, answer, answer == NULL ? 0 : write_answer(answer, request, ctx));
}

enum plk_fault_kind plk_metrics_open(struct plk_once **out, struct plk_relay_host *host, uint16_t port,
                                     struct plk_fault *fault) {
    struct plk_once_config config = {.loop = plk_relay_host_loop(host), .end = "\r\n\r\n", .ask = on_ask, .ctx = host};
    int code = plk_once_open_port(out, &config, port);
    if (code == 0) return PLK_FAULT_NONE;
    return plk_fault_set(fault, PLK_FAULT_LISTEN, "127.0.0.1:%u, for figures, cannot be used: %s", port,
                         uv_strerror(code));
}
