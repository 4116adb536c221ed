// SPDX-License-Identifier: MIT
#include "serve.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "acts.h"
#include "control.h"
#include "host/address.h"
#include "host/entropy.h"
#include "host/home.h"
#include "metrics.h"
#include "relay_store.h"
#include "small_file.h"

#define SIGNALS 3
#define ADDRESS_MAX (PLK_RELAY_HOST_MAX + 16)

struct serving {
    const struct plk_relay_options *options;
    struct plk_relay_settings settings; // of now: SIGHUP changes some
    struct plk_relay_host *host;
    struct plk_pg_fleet *fleet; // NULL: this process is the only one
    struct plk_control *control;
    struct plk_once *metrics;
    struct plk_acts acts;
    struct plk_log log;
    char address[ADDRESS_MAX]; // HOST:PORT
    uint8_t token[PLK_QUEUE_TOKEN_LEN];
    bool has_token;
    uv_signal_t signals[SIGNALS];
    uv_timer_t end;
    int status;
    bool ending;
};

// ---- where it is --------------------------------------------------------------------------------------------------------

// How good an address is for being told to others.
static int rank(const struct plk_addr *addr) {
    switch (plk_addr_class(addr)) {
    case PLK_ADDR_GLOBAL:
        return addr->family == 4 ? 6 : 5; // more networks reach it
    case PLK_ADDR_PRIVATE:
        return addr->family == 4 ? 4 : 3;
    case PLK_ADDR_LOOPBACK:
        return addr->family == 4 ? 2 : 1;
    case PLK_ADDR_LINK_LOCAL:
    case PLK_ADDR_REFUSED:
        break;
    }
    return 0;
}

static void choose_better(struct plk_addr *best, const struct plk_addr *addr) {
    if (rank(addr) > rank(best)) *best = *addr;
}

// The best address of this machine on which it listens.
static struct plk_addr best_address(const struct serving *s) {
    struct plk_addr at[2 * PLK_RELAY_LISTENS_MAX], best = {.family = 0};
    size_t count = plk_relay_host_list(s->host, at);
    uv_interface_address_t *interfaces = NULL;
    int interface_count = 0;
    if (uv_interface_addresses(&interfaces, &interface_count) != 0) interface_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (plk_addr_class(&at[i]) != PLK_ADDR_REFUSED) {
            choose_better(&best, &at[i]);
            continue;
        }
        for (int k = 0; k < interface_count; k++) { // it listens on all of them
            struct plk_addr addr = plk_address_from_system((const struct sockaddr *)&interfaces[k].address);
            if (addr.family != at[i].family) continue;
            addr.port = at[i].port;
            choose_better(&best, &addr);
        }
    }
    if (interface_count > 0) uv_free_interface_addresses(interfaces, interface_count);
    return best;
}

// What it says of itself to other relays: an address, since names cost nothing and nobody can tell how many there are of them. Where
// only a name is known, or an address that others may not reach, the other relay says how it sees this one.
static struct plk_addr announced_address(const struct serving *s) {
    const char *host = s->settings.public_host;
    struct plk_addr best = best_address(s), addr = {.family = 0};
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1) return plk_address_v4(&v4, best.port);
    if (inet_pton(AF_INET6, host, &v6) == 1) return plk_address_v6(&v6, best.port, 0);
    enum plk_addr_class class = plk_addr_class(&best);
    return class == PLK_ADDR_GLOBAL || class == PLK_ADDR_LOOPBACK ? best : addr;
}

static void announce(struct serving *s) {
    s->settings.limits.public = announced_address(s);
    plk_relay_host_retune(s->host, &s->settings.limits, s->log.level);
}

// Whether a reader of names would take it.
static bool is_address(const struct serving *s) {
    char sample[PLK_RELAY_NAME_TEXT_MAX + 1], line[sizeof s->address + PLK_RELAY_NAME_TEXT_MAX];
    struct plk_relay_name name;
    plk_assert(plk_acts_name("x:1", plk_relay_host_key(s->host), NULL, sample));
    snprintf(line, sizeof line, "%s%s", s->address, strchr(sample, '#'));
    return plk_relay_name_decode(plk_bytes_text(line), &name) == PLK_ERR_OK;
}

static int find_address(struct serving *s) {
    struct plk_addr best = best_address(s);
    const char *host = s->settings.public_host;
    char text[64];
    if (best.family == 0) return plk_relay_fail(PLK_RELAY_EXIT_FAILED, "no address is known: say --public HOST");
    if (host[0] == '\0') {
        snprintf(s->address, sizeof s->address, "%s", plk_address_text(&best, text));
        return PLK_RELAY_EXIT_DONE;
    }
    bool bare_v6 = strchr(host, ':') != NULL && host[0] != '[';
    snprintf(s->address, sizeof s->address, bare_v6 ? "[%s]:%u" : "%s:%u", host, best.port);
    if (is_address(s)) return PLK_RELAY_EXIT_DONE;
    return plk_relay_fail(PLK_RELAY_EXIT_USAGE, "--public takes a name or an address, not %s", host);
}

// ---- the first token ----------------------------------------------------------------------------------------------------

static void ready(struct serving *s);

static void stop(struct serving *s, int status) {
    s->status = status;
    uv_stop(plk_relay_host_loop(s->host));
}

static void on_first_token(void *ctx, enum plk_err err) {
    struct serving *s = ctx;
    struct plk_fault fault;
    if (err != PLK_ERR_OK) return; // it ends before it began
    if (plk_home_replace(s->settings.data, PLK_SERVE_TOKEN_NAME, plk_bytes(s->token, sizeof s->token), &fault) !=
        PLK_FAULT_NONE) {
        stop(s, plk_relay_fail(PLK_RELAY_EXIT_FAILED, "%s", fault.line));
        return;
    }
    s->has_token = true;
    ready(s);
}

// So that whoever starts a relay can use it at once. Made on the first start only.
static void begin(struct serving *s) {
    size_t got = plk_small_file_read(s->settings.data, PLK_SERVE_TOKEN_NAME, s->token, sizeof s->token);
    s->has_token = got == sizeof s->token;
    if (s->has_token || s->settings.limits.admission == PLK_RELAY_ADMIT_CLOSED) {
        ready(s);
        return;
    }
    plk_entropy_bytes(s->token, sizeof s->token);
    plk_assert(plk_relay_host_token_new(s->host, s->token, 0, on_first_token, s) == PLK_ERR_OK);
}

// ---- ready --------------------------------------------------------------------------------------------------------------

// The first ports of its pairs; UDP has the next one too.
static size_t ports(const struct serving *s, uint16_t out[2 * PLK_RELAY_LISTENS_MAX]) {
    struct plk_addr at[2 * PLK_RELAY_LISTENS_MAX];
    size_t count = plk_relay_host_list(s->host, at), found = 0;
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t k = 0; k < found; k++) seen = seen || out[k] == at[i].port;
        if (!seen) out[found++] = at[i].port;
    }
    return found;
}

static void say_ready(const struct serving *s, const char *name) {
    uint16_t first[2 * PLK_RELAY_LISTENS_MAX];
    size_t count = ports(s, first);
    bool json = s->options->json;
    printf(json ? "{\"ready\":true,\"relay\":\"%s\",\"tcp\":[" : "relay %s\n", name);
    for (size_t i = 0; json && i < count; i++) printf("%s%u", i > 0 ? "," : "", first[i]);
    if (json) printf("],\"udp\":[");
    for (size_t i = 0; i < count; i++) {
        unsigned port = first[i];
        if (json)
            printf("%s%u,%u", i > 0 ? "," : "", port, port + 1);
        else
            printf("firewall: let in UDP %u and %u, TCP %u, e.g. `ufw allow %u:%u/udp; ufw allow %u/tcp`\n", port,
                   port + 1, port, port, port + 1, port);
    }
    if (json) puts("]}");
    fflush(stdout);
}

static bool write_address(const struct serving *s) {
    struct plk_fault fault;
    if (plk_home_replace(s->settings.data, PLK_SERVE_ADDRESS_NAME, plk_bytes_text(s->address), &fault) ==
        PLK_FAULT_NONE)
        return true;
    plk_relay_fail(PLK_RELAY_EXIT_FAILED, "%s", fault.line);
    return false;
}

static void ready(struct serving *s) {
    char name[PLK_RELAY_NAME_TEXT_MAX + 1];
    plk_acts_name(s->address, plk_relay_host_key(s->host), s->has_token ? s->token : NULL, name);
    if (!write_address(s)) {
        stop(s, PLK_RELAY_EXIT_FAILED);
        return;
    }
    say_ready(s, name);
    announce(s);
    plk_mem_wipe(name, sizeof name);
}

// ---- the config file, read again ----------------------------------------------------------------------------------------

static bool needs_restart(const struct plk_relay_settings *now, const struct plk_relay_settings *next) {
    bool same = strcmp(now->data, next->data) == 0 && strcmp(now->store, next->store) == 0 &&
                strcmp(now->fleet, next->fleet) == 0 && now->metrics == next->metrics &&
                now->listen_count == next->listen_count;
    for (size_t i = 0; same && i < now->listen_count; i++) same = strcmp(now->listen[i], next->listen[i]) == 0;
    return !same;
}

// Tokens are in the store, where `token` changes them at once. Of what is wrong nothing is taken.
static void reload(struct serving *s) {
    struct plk_relay_options next;
    char address[ADDRESS_MAX];
    if (plk_relay_options_read(&next, s->options->argc, s->options->argv) != PLK_RELAY_EXIT_DONE) return;
    struct plk_relay_settings before = s->settings;
    memcpy(address, s->address, sizeof address);
    memcpy(s->settings.public_host, next.settings.public_host, sizeof s->settings.public_host);
    if (find_address(s) != PLK_RELAY_EXIT_DONE || !write_address(s)) {
        memcpy(s->settings.public_host, before.public_host, sizeof before.public_host);
        memcpy(s->address, address, sizeof address);
        return;
    }
    s->settings.limits = next.settings.limits;
    s->settings.log_level = s->log.level = next.settings.log_level;
    announce(s);
    bool restart = needs_restart(&s->settings, &next.settings);
    plk_log(&s->log, PLK_LOG_INFO, "the options were read again%s",
            restart ? "; data, listen and metrics change with the next start" : "");
}

// ---- the end ------------------------------------------------------------------------------------------------------------

static void on_end(uv_timer_t *timer) { stop(timer->data, PLK_RELAY_EXIT_DONE); }

static void on_signal(uv_signal_t *signal, int number) {
    struct serving *s = signal->data;
    if (number == SIGHUP) {
        reload(s);
        return;
    }
    if (s->ending) {
        stop(s, PLK_RELAY_EXIT_DONE);
        return;
    }
    s->ending = true;
    plk_relay_host_drain(s->host);
    uv_timer_start(&s->end, on_end, PLK_SERVE_DRAIN_MS, 0);
}

static void on_lost(void *ctx, const struct plk_fault *fault) {
    stop(ctx, plk_relay_fail(PLK_RELAY_EXIT_FAILED, "%s", fault->line));
}

// ---- opening ------------------------------------------------------------------------------------------------------------

static enum plk_fault_kind open_metrics(struct serving *s, struct plk_fault *fault) {
    struct plk_addr at[2 * PLK_RELAY_LISTENS_MAX];
    uint32_t port = s->settings.metrics;
    if (port == PLK_RELAY_METRICS_OFF) return PLK_FAULT_NONE;
    if (port != PLK_RELAY_METRICS_AUTO) return plk_metrics_open(&s->metrics, s->host, (uint16_t)port, fault);
    if (plk_relay_host_list(s->host, at) == 0 || at[0].port > UINT16_MAX - 2) return PLK_FAULT_NONE;
    if (plk_metrics_open(&s->metrics, s->host, (uint16_t)(at[0].port + 2), fault) != PLK_FAULT_NONE)
        plk_log(&s->log, PLK_LOG_WARN, "there are no figures: %s", fault->line);
    return PLK_FAULT_NONE;
}

static void open_signals(struct serving *s) {
    static const int numbers[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
    uv_loop_t *loop = plk_relay_host_loop(s->host);
    for (size_t i = 0; i < SIGNALS; i++) {
        plk_assert(uv_signal_init(loop, &s->signals[i]) == 0);
        s->signals[i].data = s;
        uv_signal_start(&s->signals[i], on_signal, numbers[i]);
    }
    plk_assert(uv_timer_init(loop, &s->end) == 0);
    s->end.data = s;
}

static int open_rest(struct serving *s) {
    struct plk_fault fault;
    int status = find_address(s);
    if (status != PLK_RELAY_EXIT_DONE) return status;
    s->acts = (struct plk_acts){.host = s->host, .address = s->address};
    if (plk_relay_store_join(&s->fleet, s->host, &s->settings, s->address, &fault) != PLK_FAULT_NONE ||
        plk_control_open(&s->control, s->settings.data, &s->acts, &fault) != PLK_FAULT_NONE ||
        open_metrics(s, &fault) != PLK_FAULT_NONE) {
        return plk_relay_fail(PLK_RELAY_EXIT_FAILED, "%s", fault.line);
    }
    return PLK_RELAY_EXIT_DONE;
}

static void close_rest(struct serving *s) {
    for (size_t i = 0; i < SIGNALS; i++) uv_close((uv_handle_t *)&s->signals[i], NULL);
    uv_close((uv_handle_t *)&s->end, NULL);
    plk_control_close(s->control);
    plk_once_close(s->metrics);
    plk_relay_store_leave(s->fleet);
}

int plk_serve(const struct plk_relay_options *options) {
    static const char *const all[] = {"7447"}; // PLK_RELAY_PORT
    const struct plk_relay_settings *settings = &options->settings;
    struct serving s = {
        .options = options, .settings = *settings, .log = {.level = settings->log_level, .fd = STDERR_FILENO}};
    struct plk_fault fault;
    const char *listen[PLK_RELAY_LISTENS_MAX];
    for (size_t i = 0; i < settings->listen_count; i++) listen[i] = settings->listen[i];
    bool any = settings->listen_count == 0;
    struct plk_relay_host_config config = {.data = settings->data,
                                           .store_url = plk_relay_store_url(settings),
                                           .open_url = plk_relay_store_open,
                                           .listen = any ? all : listen,
                                           .listen_count = any ? 1 : settings->listen_count,
                                           .limits = settings->limits,
                                           .log = s.log,
                                           .lost = on_lost,
                                           .ctx = &s};
    if (plk_relay_host_open(&s.host, &config, &fault) != PLK_FAULT_NONE)
        return plk_relay_fail(PLK_RELAY_EXIT_FAILED, "%s", fault.line);
    open_signals(&s);
    s.status = open_rest(&s);
    if (s.status == PLK_RELAY_EXIT_DONE) {
        begin(&s);
        uv_run(plk_relay_host_loop(s.host), UV_RUN_DEFAULT);
    }
    close_rest(&s);
    if (!plk_relay_host_close(s.host) && s.status == PLK_RELAY_EXIT_DONE)
        s.status = plk_relay_fail(PLK_RELAY_EXIT_FAILED, "the disk did not take all that was confirmed");
    plk_mem_wipe(s.token, sizeof s.token);
    return s.status;
}
