// SPDX-License-Identifier: MIT
#include "host/relay_host.h"

#include "crypto/crypto.h"
#include "host/clock.h"
#include "host/entropy.h"
#include "host/fleet_letter.h"
#include "host/home.h"
#include "host/keyfile.h"
#include "host/memory.h"
#include "host/resolve.h"
#include "host/store.h"
#include "host/timer.h"
#include "relay/token.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define INPUTS_MAX 64                  // datagrams between two looks at the core's outputs
#define OWN_TICKET (UINT64_C(1) << 63) // of loads that are not the core's

// Something of the operator's that waits for the store.
struct act {
    bool live;
    bool revokes;    // n is known once the core has no read under way
    uint64_t n;      // a batch to become durable; or
    uint64_t ticket; // rows to be read
    plk_relay_host_done *done;
    plk_relay_host_listed *listed;
    void *ctx;
};

struct plk_relay_host {
    uv_loop_t loop;
    int lock;
    struct plk_log log;
    void (*lost)(void *ctx, const struct plk_fault *fault);
    void *ctx;
    struct plk_mem mem;
    struct plk_relay *relay;
    struct plk_store *store;
    struct plk_relay_sockets *sockets; // NULL: none were asked for
    struct plk_resolver *resolver;     // of the names of relays that are told of this one
    uint8_t public[32], fleet_key[32];
    void (*speak)(void *ctx, struct plk_relay *relay); // of several processes; NULL: there is one
    void *fleet_ctx;
    uint64_t put_n, stored_n, last_ticket, slept_us;
    struct act acts[PLK_RELAY_HOST_ACTS_MAX];
    uv_async_t reported;
    uv_prepare_t prepare;
    uv_check_t check;
    struct plk_timer timer;
    struct plk_now now; // of the datagrams that came together
    unsigned inputs;    // datagrams since the core was last asked
    bool dirty, draining, closing;
};

// ---- inputs -----------------------------------------------------------------------------------------------------------

static void drain(struct plk_relay_host *host);

static void give(struct plk_relay_host *host, const struct plk_input *input) {
    plk_relay_handle(host->relay, plk_clock_now(), input);
    host->dirty = true;
}

static void on_datagram(void *ctx, const struct plk_addr *from, const struct plk_addr *to, struct plk_bytes data) {
    struct plk_relay_host *host = ctx;
    struct plk_input input = {.kind = PLK_IN_DATAGRAM, .datagram = {.from = *from, .to = *to, .data = data}};
    if (host->inputs == 0) host->now = plk_clock_now(); // a look at the clock costs as much as a look at a datagram
    plk_relay_handle(host->relay, host->now, &input);
    host->dirty = true;
    if (++host->inputs >= INPUTS_MAX) drain(host);
}

static void on_stream(void *ctx, const struct plk_input *input) { give(ctx, input); }

static void on_done(void *ctx) { drain(ctx); }

static void on_resolved(void *ctx, uint64_t ticket, const struct plk_addr *addrs, size_t count) {
    struct plk_input input = {.kind = PLK_IN_RESOLVED, .resolved = {.ticket = ticket, .addrs = addrs, .count = count}};
    give(ctx, &input);
}

static void on_jump(void *ctx) {
    struct plk_relay_host *host = ctx;
    if (plk_clock_slept_since(&host->slept_us) == 0) return;
    struct plk_input input = {.kind = PLK_IN_RESUME};
    plk_entropy_bytes(input.resume.entropy, sizeof input.resume.entropy);
    give(host, &input);
    plk_mem_wipe(&input, sizeof input);
}

static void on_due(void *ctx) {
    on_jump(ctx);
    struct plk_input input = {.kind = PLK_IN_TICK};
    give(ctx, &input);
}

// ---- the operator's acts ------------------------------------------------------------------------------------------------

static void end_act(struct act *act, enum plk_err err) {
    struct act ended = *act;
    act->live = false; // what is called may begin another
    if (ended.done != NULL) ended.done(ended.ctx, err);
    if (ended.listed != NULL) ended.listed(ended.ctx, NULL);
}

// Those that are durable now. Called when all that the core had to say was carried out.
static void end_acts(struct plk_relay_host *host) {
    bool quiet = plk_relay_state(host->relay).reads == 0;
    for (size_t i = 0; i < PLK_RELAY_HOST_ACTS_MAX; i++) {
        struct act *act = &host->acts[i];
        if (!act->live || act->done == NULL) continue;
        if (act->revokes && quiet) {
            act->revokes = false;
            act->n = host->put_n;
        }
        if (!act->revokes && act->n <= host->stored_n) end_act(act, PLK_ERR_OK);
    }
}

// ---- outputs ----------------------------------------------------------------------------------------------------------

static void resolve(struct plk_relay_host *host, const struct plk_output *output) {
    if (plk_resolver_ask(host->resolver, output->resolve.ticket, output->resolve.host, output->resolve.port)) return;
    struct plk_input input = {.kind = PLK_IN_RESOLVED, .resolved = {.ticket = output->resolve.ticket}};
    give(host, &input);
}

static void carry_out(struct plk_relay_host *host, const struct plk_output *output) {
    switch (output->kind) {
    case PLK_OUT_DATAGRAM:
        plk_relay_sockets_send(host->sockets, &output->datagram.to, &output->datagram.local, output->datagram.data);
        break;
    case PLK_OUT_STREAM_OPEN:
        plk_tcp_connect(plk_relay_sockets_tcp(host->sockets), output->stream_open.stream, &output->stream_open.to,
                        output->stream_open.port);
        break;
    case PLK_OUT_STREAM_WRITE:
        plk_tcp_write(plk_relay_sockets_tcp(host->sockets), output->stream_write.stream, output->stream_write.data);
        break;
    case PLK_OUT_STREAM_CLOSE:
        plk_tcp_shut(plk_relay_sockets_tcp(host->sockets), output->stream_close.stream);
        break;
    case PLK_OUT_STORE:
        host->put_n = output->store.n;
        plk_store_put(host->store, output->store.n, output->store.ops);
        break;
    case PLK_OUT_LOAD:
        plk_store_load(host->store, output->load.ticket, output->load.table, output->load.from, output->load.to,
                       output->load.limit, output->load.reverse);
        break;
    case PLK_OUT_RESOLVE:
        resolve(host, output);
        break;
    case PLK_OUT_SOCKET_OPEN: // a relay asks for none of these
    case PLK_OUT_SOCKET_CLOSE:
    case PLK_OUT_EVENT:
    case PLK_OUT_RESULT:
    case PLK_OUT_WAIT:
        break;
    }
}

static void drain(struct plk_relay_host *host) {
    if (host->draining) return;
    host->draining = true;
    host->inputs = 0;
    struct plk_output output = {.kind = PLK_OUT_WAIT};
    do {
        host->dirty = false;
        struct plk_now now = plk_clock_now();
        while (plk_relay_poll(host->relay, now, &output), output.kind != PLK_OUT_WAIT) carry_out(host, &output);
        if (host->sockets == NULL) continue;
        plk_relay_sockets_flush(host->sockets);
        plk_tcp_flush(plk_relay_sockets_tcp(host->sockets)); // room again is an input again
    } while (host->dirty);
    if (host->speak != NULL) host->speak(host->fleet_ctx, host->relay);
    plk_timer_set(&host->timer, output.wait.deadline_us);
    host->draining = false;
    end_acts(host);
}

static void on_prepare(uv_prepare_t *prepare) {
    struct plk_relay_host *host = prepare->data;
    if (host->dirty) drain(host);
}

static void on_check(uv_check_t *check) {
    struct plk_relay_host *host = check->data;
    if (host->dirty) drain(host);
}

// ---- what the store says ----------------------------------------------------------------------------------------------

static void stored(struct plk_relay_host *host, uint64_t n) {
    struct plk_input input = {.kind = PLK_IN_STORED, .stored = {.n = n}};
    host->stored_n = n;
    give(host, &input);
}

static void list(struct plk_relay_host *host, const struct plk_store_report *report) {
    for (size_t i = 0; i < PLK_RELAY_HOST_ACTS_MAX; i++) {
        struct act *act = &host->acts[i];
        if (!act->live || act->ticket != report->ticket) continue;
        for (size_t k = 0; k < report->count; k++) {
            struct plk_token_row row;
            struct plk_relay_host_token token;
            if (report->rows[k].key.len != sizeof token.hash) continue;
            if (plk_token_row_decode(report->rows[k].value, &row) != PLK_ERR_OK) continue;
            memcpy(token.hash, report->rows[k].key.at, sizeof token.hash);
            token.allowed = row.allowed;
            token.made = row.made;
            token.revoked = row.revoked;
            token.guest = row.guest;
            act->listed(act->ctx, &token);
        }
        if (!report->more) end_act(act, PLK_ERR_OK);
        return;
    }
}

static void loaded(struct plk_relay_host *host, const struct plk_store_report *report) {
    if ((report->ticket & OWN_TICKET) != 0) {
        list(host, report);
        return;
    }
    struct plk_input input = {
        .kind = PLK_IN_LOADED,
        .loaded = {.ticket = report->ticket, .rows = report->rows, .count = report->count, .more = report->more}};
    give(host, &input);
}

static void stalled(struct plk_relay_host *host, bool is, const struct plk_fault *fault) {
    if (is) {
        plk_log(&host->log, PLK_LOG_WARN, "nothing can be stored: %s; it is tried again", fault->line);
    } else {
        plk_log(&host->log, PLK_LOG_INFO, "the store is well again");
    }
    struct plk_input input = {.kind = PLK_IN_STORE_STATE, .store_state = {.stalled = is}};
    give(host, &input);
}

static void reports(struct plk_relay_host *host) {
    struct plk_store_report report;
    while (plk_store_next(host->store, &report)) {
        switch (report.kind) {
        case PLK_STORE_STORED:
            stored(host, report.n);
            break;
        case PLK_STORE_LOADED:
            loaded(host, &report);
            break;
        case PLK_STORE_STALLED:
        case PLK_STORE_RESUMED:
            stalled(host, report.kind == PLK_STORE_STALLED, &report.fault);
            break;
        case PLK_STORE_LOST: // clients have what was confirmed; what is left is the operator's
            plk_log(&host->log, PLK_LOG_ERROR, "the store is lost: %s", report.fault.line);
            if (host->lost != NULL && !host->closing) host->lost(host->ctx, &report.fault);
            break;
        }
    }
    drain(host);
}

static void on_reported(uv_async_t *async) { reports(async->data); }

static void wake(void *ctx) { uv_async_send(&((struct plk_relay_host *)ctx)->reported); }

// ---- opening ----------------------------------------------------------------------------------------------------------

static enum plk_fault_kind open_key(const char *data, uint8_t secret[32], struct plk_fault *fault) {
    bool sealed;
    if (plk_keyfile_exists(data)) return plk_keyfile_read(data, plk_bytes(NULL, 0), secret, &sealed, fault);
    plk_entropy_bytes(secret, 32);
    struct plk_keyfile_cost cost = {0};
    return plk_keyfile_write(data, plk_bytes(NULL, 0), secret, cost, fault);
}

static enum plk_fault_kind open_sockets(struct plk_relay_host *host, const struct plk_relay_host_config *config,
                                        struct plk_fault *fault) {
    size_t most = config->limits.clients_max + 64u; // some who only knock
    struct plk_relay_sockets_config sockets = {.listen = config->listen,
                                               .count = config->listen_count,
                                               .tcp = {.streams = most,
                                                       .accepted = most,
                                                       .per_site = config->limits.prefix_clients_max,
                                                       .strangers = most < 4096 ? most : 4096},
                                               .received = on_datagram,
                                               .happened = on_stream,
                                               .done = on_done,
                                               .ctx = host};
    return config->listen_count == 0 ? PLK_FAULT_NONE
                                     : plk_relay_sockets_open(&host->sockets, &host->loop, &sockets, fault);
}

static void open_relay(struct plk_relay_host *host, const struct plk_relay_host_config *config, uint8_t secret[32]) {
    struct plk_relay_config limits = config->limits;
    struct plk_addr at[2 * PLK_RELAY_LISTENS_MAX];
    size_t count = plk_relay_host_list(host, at);
    limits.mem = &host->mem;
    plk_entropy_bytes(limits.entropy, sizeof limits.entropy);
    memcpy(limits.statics[0], secret, sizeof limits.statics[0]);
    limits.static_count = 1;
    for (limits.listener_count = 0; limits.listener_count < count && limits.listener_count < PLK_RELAY_LISTENERS_MAX;) {
        struct plk_addr *addr = &at[limits.listener_count];
        limits.listeners[limits.listener_count++] =
            (struct plk_relay_listener){.addr = *addr, .stun_port = (uint16_t)(addr->port + 1)};
    }
    limits.bootstrap_count = 0; // told when its owner says where it is: plk_relay_host_retune
    host->relay = plk_relay_new(&limits);
    plk_mem_wipe(&limits, sizeof limits);
}

static enum plk_fault_kind open_parts(struct plk_relay_host *host, const struct plk_relay_host_config *config,
                                      struct plk_fault *fault) {
    uint8_t secret[32];
    enum plk_fault_kind kind = plk_home_make(config->data, fault);
    if (kind == PLK_FAULT_NONE) kind = plk_home_lock(config->data, &host->lock, fault);
    if (kind == PLK_FAULT_NONE) kind = open_key(config->data, secret, fault);
    if (kind == PLK_FAULT_NONE) kind = open_sockets(host, config, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    plk_dh_public(host->public, secret);
    plk_hkdf_label(host->fleet_key, sizeof host->fleet_key, plk_bytes(secret, sizeof secret), PLK_FLEET_LETTER_LABEL);
    struct plk_store_config store = {.home = config->data,
                                     .url = config->store_url,
                                     .relay_key = host->public,
                                     .create = true,
                                     .relay = true,
                                     .wake = wake,
                                     .ctx = host};
    kind = config->store_url == NULL ? plk_store_open(&host->store, &store, fault)
                                     : config->open_url(&host->store, &store, fault);
    if (kind == PLK_FAULT_NONE) {
        open_relay(host, config, secret);
    } else {
        plk_relay_sockets_close(host->sockets);
    }
    plk_mem_wipe(secret, sizeof secret);
    return kind;
}

static void open_drive(struct plk_relay_host *host) {
    plk_timer_open(&host->timer, &host->loop, on_due, on_jump, host);
    host->resolver = plk_resolver_open(&host->loop, on_resolved, host);
    plk_assert(uv_prepare_init(&host->loop, &host->prepare) == 0 && uv_check_init(&host->loop, &host->check) == 0);
    host->prepare.data = host->check.data = host;
    plk_assert(uv_prepare_start(&host->prepare, on_prepare) == 0 && uv_check_start(&host->check, on_check) == 0);
    host->slept_us = plk_clock_slept_us();
    host->dirty = true;
}

static void free_host(struct plk_relay_host *host) {
    uv_close((uv_handle_t *)&host->reported, NULL);
    uv_run(&host->loop, UV_RUN_DEFAULT);
    plk_assert(uv_loop_close(&host->loop) == 0);
    if (host->lock >= 0) close(host->lock);
    plk_mem_wipe(host->fleet_key, sizeof host->fleet_key);
    plk_memory_give(host, sizeof *host);
}

enum plk_fault_kind plk_relay_host_open(struct plk_relay_host **out, const struct plk_relay_host_config *config,
                                        struct plk_fault *fault) {
    *out = NULL;
    plk_entropy_start();
    signal(SIGPIPE, SIG_IGN);
    struct plk_relay_host *host = plk_memory_take(sizeof *host);
    host->lock = -1;
    host->log = config->log;
    host->lost = config->lost;
    host->ctx = config->ctx;
    host->mem = plk_memory_system();
    plk_assert(uv_loop_init(&host->loop) == 0 && uv_async_init(&host->loop, &host->reported, on_reported) == 0);
    host->reported.data = host;
    enum plk_fault_kind kind = open_parts(host, config, fault);
    if (kind != PLK_FAULT_NONE) {
        free_host(host);
        return kind;
    }
    open_drive(host);
    *out = host;
    return PLK_FAULT_NONE;
}

// ---- closing ----------------------------------------------------------------------------------------------------------

// What was accepted becomes durable, and what waits for that still leaves.
static void settle(struct plk_relay_host *host) {
    drain(host);
    uint64_t until_us = plk_clock_now().mono_us + PLK_STORE_CLOSE_MS * PLK_MS, n = host->put_n;
    while (host->stored_n < n && !plk_store_stalled(host->store) && plk_clock_now().mono_us < until_us) {
        reports(host);
        if (host->stored_n < n) uv_sleep(1);
    }
}

bool plk_relay_host_close(struct plk_relay_host *host) {
    if (host == NULL) return true;
    host->closing = true;
    settle(host);
    for (size_t i = 0; i < PLK_RELAY_HOST_ACTS_MAX; i++) {
        if (host->acts[i].live) end_act(&host->acts[i], PLK_ERR_CLOSED);
    }
    bool durable = plk_store_close(host->store);
    plk_relay_free(host->relay);
    plk_relay_sockets_close(host->sockets);
    plk_timer_close(&host->timer);
    plk_resolver_close(host->resolver);
    uv_close((uv_handle_t *)&host->prepare, NULL);
    uv_close((uv_handle_t *)&host->check, NULL);
    free_host(host);
    return durable;
}

// ---- what its owner asks ----------------------------------------------------------------------------------------------

uv_loop_t *plk_relay_host_loop(struct plk_relay_host *host) { return &host->loop; }
const struct plk_relay *plk_relay_host_relay(const struct plk_relay_host *host) { return host->relay; }
const uint8_t *plk_relay_host_key(const struct plk_relay_host *host) { return host->public; }
bool plk_relay_host_stalled(const struct plk_relay_host *host) { return plk_store_stalled(host->store); }

size_t plk_relay_host_list(const struct plk_relay_host *host, struct plk_addr list[static 2 * PLK_RELAY_LISTENS_MAX]) {
    return host->sockets == NULL ? 0 : plk_relay_sockets_list(host->sockets, list);
}

void plk_relay_host_retune(struct plk_relay_host *host, const struct plk_relay_config *limits,
                           enum plk_log_level level) {
    host->log.level = level;
    plk_relay_retune(host->relay, limits);
    host->dirty = true;
    drain(host);
}

void plk_relay_host_drain(struct plk_relay_host *host) {
    plk_relay_drain(host->relay, PLK_RELAY_HOST_DRAIN_MS);
    drain(host);
}

static struct act *new_act(struct plk_relay_host *host) {
    for (size_t i = 0; i < PLK_RELAY_HOST_ACTS_MAX; i++) {
        if (host->acts[i].live) continue;
        host->acts[i] = (struct act){.live = true};
        return &host->acts[i];
    }
    return NULL;
}

enum plk_err plk_relay_host_token_new(struct plk_relay_host *host, const uint8_t token[PLK_QUEUE_TOKEN_LEN],
                                      uint32_t queues, plk_relay_host_done *done, void *ctx) {
    struct act *act = new_act(host);
    if (act == NULL) return PLK_ERR_BUSY;
    act->n = plk_relay_token_new(host->relay, token, queues);
    act->done = done;
    act->ctx = ctx;
    drain(host);
    return PLK_ERR_OK;
}

enum plk_err plk_relay_host_token_revoke(struct plk_relay_host *host, const uint8_t hash[32], plk_relay_host_done *done,
                                         void *ctx) {
    struct act *act = new_act(host);
    if (act == NULL) return PLK_ERR_BUSY;
    plk_relay_token_revoke(host->relay, hash);
    act->revokes = true;
    act->done = done;
    act->ctx = ctx;
    drain(host);
    return PLK_ERR_OK;
}

enum plk_err plk_relay_host_token_list(struct plk_relay_host *host, plk_relay_host_listed *listed, void *ctx) {
    struct act *act = new_act(host);
    if (act == NULL) return PLK_ERR_BUSY;
    act->ticket = OWN_TICKET | ++host->last_ticket;
    act->listed = listed;
    act->ctx = ctx;
    plk_store_load(host->store, act->ticket, PLK_TABLE_rtoken, plk_bytes(NULL, 0), plk_bytes(NULL, 0), 0, false);
    return PLK_ERR_OK;
}

struct plk_store *plk_relay_host_store(struct plk_relay_host *host) {
    return host->store;
}
const uint8_t *plk_relay_host_fleet_key(const struct plk_relay_host *host) { return host->fleet_key; }

void plk_relay_host_fleet_join(struct plk_relay_host *host, uint8_t slot,
                               void (*speak)(void *ctx, struct plk_relay *relay), void *ctx) {
    plk_relay_fleet_join(host->relay, slot);
    host->speak = speak;
    host->fleet_ctx = ctx;
}

struct plk_relay *plk_relay_host_turn(struct plk_relay_host *host) {
    host->dirty = true;
    return host->relay;
}
