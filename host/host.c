// SPDX-License-Identifier: MIT
#include "host/host_inside.h"

#include "host/clock.h"
#include "host/entropy.h"
#include "host/memory.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

uv_loop_t *plk_host_loop(struct plk_host *host) { return host->loop; }
const struct plk_node *plk_host_node(const struct plk_host *host) { return host->node; }
struct plk_history *plk_host_history(struct plk_host *host) {
    return host->history;
}
const char *plk_host_home(const struct plk_host *host) { return host->home; }
const struct plk_log *plk_host_log(const struct plk_host *host) { return &host->log; }

struct plk_now plk_host_now(const struct plk_host *host) {
    (void)host;
    return plk_clock_now();
}

void plk_host_status(struct plk_host *host, struct plk_host_status *status) {
    *status = (struct plk_host_status){.can_encrypt = plk_store_db_can_encrypt(),
                                       .encrypted = host->locked,
                                       .stalled = !host->locked,
                                       .udp4_port = host->bound.udp4_port,
                                       .udp6_port = host->bound.udp6_port,
                                       .tcp_port = host->bound.tcp_port,
                                       .wakeups = host->wakeups,
                                       .send_dropped = plk_udp_dropped(host->udp)};
    if (host->store == NULL) return;
    status->encrypted = plk_store_encrypted(host->store);
    status->stalled = plk_store_stalled(host->store);
    status->unindexed = plk_store_unindexed(host->store);
}

// ---- opening ----------------------------------------------------------------------------------------------------------

static enum plk_fault_kind take_home(struct plk_host *host, const struct plk_host_config *config,
                                     struct plk_fault *fault) {
    if (strlen(config->home) >= sizeof host->home) {
        return plk_fault_set(fault, PLK_FAULT_HOME, "the path of the home directory is too long");
    }
    strcpy(host->home, config->home);
    if (config->create) {
        enum plk_fault_kind kind = plk_home_make(host->home, fault);
        if (kind != PLK_FAULT_NONE) return kind;
    } else if (!plk_keyfile_exists(host->home)) {
        return plk_fault_set(fault, PLK_FAULT_NO_STORE, "there is no profile in %s", host->home);
    }
    return plk_home_lock(host->home, &host->lock, fault);
}

static enum plk_fault_kind open_parts(struct plk_host *host, const struct plk_host_config *config,
                                      struct plk_fault *fault) {
    enum plk_fault_kind kind = take_home(host, config, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    // The port first: it fails more often than the store, and leaves nothing behind.
    struct plk_bind_config bind = {
        .listen = config->listen, .home = host->home, .no_udp = config->no_udp, .no_tcp = config->no_tcp};
    kind = plk_bind(&host->bound, &bind, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    kind = plk_host_store_open(host, config->passphrase, config->create, fault);
    host->locked = kind == PLK_FAULT_WRONG_PASSPHRASE && config->may_lock && config->passphrase.len == 0;
    if (host->locked) return PLK_FAULT_NONE;
    if (kind != PLK_FAULT_NONE) plk_bound_close(&host->bound);
    return kind;
}

static void on_reported(uv_async_t *async) {
    struct plk_host *host = async->data;
    if (host->node != NULL) plk_host_store_reports(host);
}

static uv_loop_t *loop_new(struct plk_host *host) {
    uv_loop_t *loop = plk_memory_take(sizeof *loop);
    plk_assert(uv_loop_init(loop) == 0);
    plk_assert(uv_async_init(loop, &host->reported, on_reported) == 0);
    host->reported.data = host;
    return loop;
}

static void loop_free(uv_loop_t *loop) {
    // A name that the system is still looking up keeps the loop: it is left to it then.
    for (int i = 0; i < 100 && uv_loop_alive(loop); i++) {
        uv_run(loop, UV_RUN_NOWAIT);
        if (uv_loop_alive(loop)) uv_sleep(10);
    }
    if (uv_loop_close(loop) == 0) plk_memory_give(loop, sizeof *loop);
}

enum plk_fault_kind plk_host_open(struct plk_host **out, const struct plk_host_config *config,
                                  struct plk_fault *fault) {
    *out = NULL;
    plk_entropy_start();
    signal(SIGPIPE, SIG_IGN);
    struct plk_host *host = plk_memory_take(sizeof *host);
    host->lock = -1;
    host->no_udp = config->no_udp;
    host->no_tcp = config->no_tcp;
    host->no_portmap = config->no_portmap;
    host->no_lan = config->no_lan;
    host->no_learning = config->no_learning;
    host->log = config->log;
    host->on = config->on;
    host->ctx = config->ctx;
    host->commands_end = &host->commands;
    host->mem = plk_memory_system();
    host->loop = loop_new(host);
    enum plk_fault_kind kind = open_parts(host, config, fault);
    if (kind != PLK_FAULT_NONE) {
        uv_close((uv_handle_t *)&host->reported, NULL);
        loop_free(host->loop);
        if (host->lock >= 0) close(host->lock);
        plk_memory_give(host, sizeof *host);
        return kind;
    }
    plk_host_drive_open(host);
    plk_host_serve_open(host, config->serve);
    if (!host->locked) plk_host_node_new(host);
    host->state = PLK_NODE_LOADING;
    *out = host;
    return PLK_FAULT_NONE;
}

// ---- closing ----------------------------------------------------------------------------------------------------------

// What waits for that: results, acks.
void plk_host_settle(struct plk_host *host) {
    struct plk_input leave = {.kind = PLK_IN_LEAVE};
    if (host->node != NULL) plk_host_input(host, &leave);
    plk_host_drain(host);
    uint64_t until_us = plk_clock_now().mono_us + PLK_STORE_CLOSE_MS * PLK_MS, n = host->put_n;
    while (host->store != NULL && host->stored_n < n && !plk_store_stalled(host->store) &&
           plk_clock_now().mono_us < until_us) {
        plk_host_store_reports(host);
        if (host->stored_n < n) uv_sleep(1);
    }
}

bool plk_host_close(struct plk_host *host) {
    if (host == NULL) return true;
    host->closing = true;
    plk_host_settle(host);
    plk_host_serve_close(host);
    plk_host_commands_fail(host);
    plk_host_try_forget(host);
    bool durable = host->locked || (host->store != NULL && plk_store_close(host->store));
    plk_node_free(host->node);
    host->node = NULL;
    plk_host_drive_close(host);
    uv_close((uv_handle_t *)&host->reported, NULL);
    loop_free(host->loop);
    plk_history_close(host->history);
    close(host->lock);
    plk_memory_give(host, sizeof *host);
    return durable;
}
