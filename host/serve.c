// SPDX-License-Identifier: MIT
#include "host/serve.h"

#include "crypto/crypto.h"
#include "host/clock.h"
#include "host/entropy.h"
#include "host/home.h"
#include "host/keyfile.h"
#include "host/memory.h"
#include "host/store.h"
#include "host/timer.h"

#include <stdio.h>
#include <string.h>

struct plk_serve {
    struct plk_serve_config config;
    struct plk_mem mem;
    struct plk_relay *relay;
    struct plk_store *store;
    uint8_t public[32];
    uint64_t put_n, stored_n, slept_us;
    uv_async_t reported, last; // last: is closed when all else is, and all goes with it
    struct plk_timer timer;
    bool dirty, draining, closing, lost;
};

// ---- inputs -----------------------------------------------------------------------------------------------------------

void plk_serve_input(struct plk_serve *serve, const struct plk_input *input) {
    plk_relay_handle(serve->relay, plk_clock_now(), input);
    serve->dirty = true;
}

static void on_jump(void *ctx) {
    struct plk_serve *serve = ctx;
    if (plk_clock_slept_since(&serve->slept_us) == 0) return;
    struct plk_input input = {.kind = PLK_IN_RESUME};
    plk_entropy_bytes(input.resume.entropy, sizeof input.resume.entropy);
    plk_serve_input(serve, &input);
    plk_mem_wipe(&input, sizeof input);
}

static void on_due(void *ctx) {
    struct plk_input input = {.kind = PLK_IN_TICK};
    on_jump(ctx);
    plk_serve_input(ctx, &input);
    plk_serve_turn(ctx);
}

// ---- outputs ----------------------------------------------------------------------------------------------------------

static void carry_out(struct plk_serve *serve, const struct plk_output *output) {
    switch (output->kind) {
    case PLK_OUT_DATAGRAM:
        plk_udp_send(serve->config.udp, &output->datagram.to, &output->datagram.local, output->datagram.data);
        break;
    case PLK_OUT_STREAM_WRITE:
        plk_tcp_write(serve->config.tcp, output->stream_write.stream, output->stream_write.data);
        break;
    case PLK_OUT_STREAM_CLOSE:
        plk_shared_port_close(serve->config.shared, output->stream_close.stream);
        plk_tcp_shut(serve->config.tcp, output->stream_close.stream);
        break;
    case PLK_OUT_STORE:
        serve->put_n = output->store.n;
        plk_store_put(serve->store, output->store.n, output->store.ops);
        break;
    case PLK_OUT_LOAD:
        plk_store_load(serve->store, output->load.ticket, output->load.table, output->load.from, output->load.to,
                       output->load.limit, output->load.reverse);
        break;
    case PLK_OUT_STREAM_OPEN: // for announcing itself, which it does not
    case PLK_OUT_RESOLVE:
    case PLK_OUT_SOCKET_OPEN: // a relay asks for none of these
    case PLK_OUT_SOCKET_CLOSE:
    case PLK_OUT_EVENT:
    case PLK_OUT_RESULT:
    case PLK_OUT_WAIT:
        break;
    }
}

void plk_serve_turn(struct plk_serve *serve) {
    if (serve->draining || !serve->dirty) return;
    serve->draining = true;
    struct plk_output output = {.kind = PLK_OUT_WAIT};
    do {
        serve->dirty = false;
        struct plk_now now = plk_clock_now();
        while (plk_relay_poll(serve->relay, now, &output), output.kind != PLK_OUT_WAIT) carry_out(serve, &output);
        plk_udp_flush(serve->config.udp);
        plk_tcp_flush(serve->config.tcp); // room again is an input again
    } while (serve->dirty);
    plk_timer_set(&serve->timer, output.wait.deadline_us);
    serve->draining = false;
}

// ---- what the store says ----------------------------------------------------------------------------------------------

static void report(struct plk_serve *serve, const struct plk_store_report *report) {
    struct plk_input input = {.kind = PLK_IN_STORED, .stored = {.n = report->n}};
    switch (report->kind) {
    case PLK_STORE_STORED:
        serve->stored_n = report->n;
        break;
    case PLK_STORE_LOADED:
        input = (struct plk_input){
            .kind = PLK_IN_LOADED,
            .loaded = {.ticket = report->ticket, .rows = report->rows, .count = report->count, .more = report->more}};
        break;
    case PLK_STORE_STALLED:
    case PLK_STORE_RESUMED:
        input.kind = PLK_IN_STORE_STATE;
        input.store_state.stalled = report->kind == PLK_STORE_STALLED;
        if (input.store_state.stalled)
            plk_log(&serve->config.log, PLK_LOG_WARN, "serving others: nothing can be stored: %s; it is tried again",
                    report->fault.line);
        break;
    case PLK_STORE_LOST:
        plk_log(&serve->config.log, PLK_LOG_ERROR, "serving others: the store is lost: %s", report->fault.line);
        serve->lost = true;
        return;
    }
    plk_serve_input(serve, &input);
}

static void reports(struct plk_serve *serve) {
    struct plk_store_report next;
    while (plk_store_next(serve->store, &next)) report(serve, &next);
    plk_serve_turn(serve);
}

static void on_reported(uv_async_t *async) {
    struct plk_serve *serve = async->data;
    if (serve->closing) return;
    reports(serve);
    if (serve->lost) serve->config.lost(serve->config.ctx);
}

static void wake(void *ctx) { uv_async_send(&((struct plk_serve *)ctx)->reported); }

// ---- opening and closing ------------------------------------------------------------------------------------------------

static bool directory_of(const char *home, char out[PLK_HOME_PATH_MAX]) {
    int len = snprintf(out, PLK_HOME_PATH_MAX, "%s/%s", home, PLK_SERVE_DIRECTORY);
    return len > 0 && len < PLK_HOME_PATH_MAX;
}

bool plk_serve_was_there(const char *home) {
    char path[PLK_HOME_PATH_MAX];
    return directory_of(home, path) && plk_keyfile_exists(path);
}

static enum plk_fault_kind open_key(const char *path, uint8_t secret[32], struct plk_fault *fault) {
    bool sealed;
    if (plk_keyfile_exists(path)) return plk_keyfile_read(path, plk_bytes(NULL, 0), secret, &sealed, fault);
    plk_entropy_bytes(secret, 32);
    struct plk_keyfile_cost cost = {0};
    return plk_keyfile_write(path, plk_bytes(NULL, 0), secret, cost, fault);
}

static void make_relay(struct plk_serve *serve, const uint8_t secret[32]) {
    struct plk_relay_config limits;
    plk_relay_config_init(&limits);
    limits.mem = &serve->mem;
    plk_entropy_bytes(limits.entropy, sizeof limits.entropy);
    memcpy(limits.statics[0], secret, sizeof limits.statics[0]);
    limits.static_count = 1;
    for (size_t i = 0; i < serve->config.listener_count && i < PLK_RELAY_LISTENERS_MAX; i++)
        limits.listeners[limits.listener_count++].addr = serve->config.listeners[i];
    limits.admission = serve->config.open ? PLK_RELAY_ADMIT_OPEN : PLK_RELAY_ADMIT_TOKEN;
    limits.clients_max = PLK_SERVE_CLIENTS_MAX;
    limits.prefix_clients_max = PLK_SERVE_PREFIX_MAX;
    limits.memory_max = PLK_SERVE_MEMORY_MAX;
    limits.store_max = PLK_SERVE_STORE_MAX;
    limits.queue_bytes_max = PLK_SERVE_QUEUE_BYTES;
    limits.queue_items_max = PLK_SERVE_QUEUE_ITEMS;
    serve->relay = plk_relay_new(&limits);
    plk_mem_wipe(&limits, sizeof limits);
}

static enum plk_fault_kind open_parts(struct plk_serve *serve, struct plk_fault *fault) {
    char path[PLK_HOME_PATH_MAX];
    uint8_t secret[32];
    if (!directory_of(serve->config.home, path))
        return plk_fault_set(fault, PLK_FAULT_HOME, "the path of the home directory is too long");
    enum plk_fault_kind kind = plk_home_make(path, fault);
    if (kind == PLK_FAULT_NONE) kind = open_key(path, secret, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    plk_dh_public(serve->public, secret);
    struct plk_store_config store = {
        .home = path, .relay_key = serve->public, .create = true, .relay = true, .wake = wake, .ctx = serve};
    kind = plk_store_open(&serve->store, &store, fault);
    if (kind == PLK_FAULT_NONE) make_relay(serve, secret);
    plk_mem_wipe(secret, sizeof secret);
    return kind;
}

static void on_closed(uv_handle_t *handle) { plk_memory_give(handle->data, sizeof(struct plk_serve)); }

static void on_others_closed(uv_handle_t *handle) {
    struct plk_serve *serve = handle->data;
    uv_close((uv_handle_t *)&serve->last, on_closed);
}

enum plk_fault_kind plk_serve_open(struct plk_serve **out, const struct plk_serve_config *config,
                                   struct plk_fault *fault) {
    *out = NULL;
    struct plk_serve *serve = plk_memory_take(sizeof *serve);
    serve->config = *config;
    serve->mem = plk_memory_system();
    plk_assert(uv_async_init(config->loop, &serve->reported, on_reported) == 0);
    serve->reported.data = serve;
    enum plk_fault_kind kind = open_parts(serve, fault);
    if (kind != PLK_FAULT_NONE) {
        uv_close((uv_handle_t *)&serve->reported, on_closed);
        return kind;
    }
    serve->config.home = NULL; // borrowed for the call, as the listeners are
    serve->config.listeners = NULL;
    plk_assert(uv_async_init(config->loop, &serve->last, NULL) == 0);
    serve->last.data = serve;
    plk_timer_open(&serve->timer, config->loop, on_due, on_jump, serve);
    serve->slept_us = plk_clock_slept_us();
    serve->dirty = true;
    plk_serve_turn(serve);
    *out = serve;
    return PLK_FAULT_NONE;
}

static void settle(struct plk_serve *serve) {
    uint64_t until_us = plk_clock_now().mono_us + PLK_STORE_CLOSE_MS * PLK_MS, n = serve->put_n;
    while (!serve->lost && serve->stored_n < n && !plk_store_stalled(serve->store) &&
           plk_clock_now().mono_us < until_us) {
        reports(serve);
        if (serve->stored_n < n) uv_sleep(1);
    }
}

void plk_serve_close(struct plk_serve *serve) {
    if (serve == NULL) return;
    serve->closing = true;
    settle(serve);
    plk_relay_drain(serve->relay, PLK_SERVE_BYE_MS);
    serve->dirty = true;
    plk_serve_turn(serve);
    plk_store_close(serve->store);
    plk_relay_free(serve->relay);
    plk_timer_close(&serve->timer);
    uv_close((uv_handle_t *)&serve->reported, on_others_closed);
}

void plk_serve_contacts(struct plk_serve *serve, const uint8_t *tokens, size_t count) {
    plk_relay_contacts(serve->relay, tokens, count);
}

const struct plk_relay *plk_serve_relay(const struct plk_serve *serve) { return serve->relay; }
const uint8_t *plk_serve_key(const struct plk_serve *serve) { return serve->public; }
