// SPDX-License-Identifier: MIT
// The host's side of the store: what the writer reports, a store that is lost, a store that is made anew.
#include "host/host_inside.h"

#include "host/clock.h"
#include "host/history_read.h"

static void wake(void *ctx) {
    struct plk_host *host = ctx;
    uv_async_send(&host->reported);
}

static enum plk_fault_kind open_store(struct plk_host *host, const struct plk_store_config *config,
                                      struct plk_fault *fault) {
    enum plk_fault_kind kind = plk_store_open(&host->store, config, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    host->put_n = host->stored_n = 0;
    kind = plk_history_reopen(&host->history, host->home, plk_store_key(host->store), fault);
    if (kind != PLK_FAULT_NONE) {
        plk_store_close(host->store);
        host->store = NULL;
    }
    return kind;
}

enum plk_fault_kind plk_host_store_open(struct plk_host *host, struct plk_bytes passphrase, bool create,
                                        struct plk_fault *fault) {
    struct plk_store_config config = {
        .home = host->home, .passphrase = passphrase, .create = create, .wake = wake, .ctx = host};
    return open_store(host, &config, fault);
}

enum plk_fault_kind plk_host_store_open_key(struct plk_host *host, const uint8_t *key, struct plk_fault *fault) {
    struct plk_store_config config = {.home = host->home, .wake = wake, .ctx = host, .key = key};
    return open_store(host, &config, fault);
}

// ---- reports ----------------------------------------------------------------------------------------------------------

static void stalled(struct plk_host *host, bool is, const struct plk_fault *fault) {
    if (is) {
        plk_log(&host->log, PLK_LOG_WARN, "nothing can be stored: %s; it is tried again", fault->line);
    } else {
        plk_log(&host->log, PLK_LOG_INFO, "the store is well again");
    }
    struct plk_input input = {.kind = PLK_IN_STORE_STATE, .store_state = {.stalled = is}};
    plk_host_input(host, &input);
    if (host->on.stalled != NULL) host->on.stalled(host->ctx, is);
}

// What had become durable is on the disk, what had not has left nobody: the node begins again from there (DESIGN 2).
static void begin_again(struct plk_host *host) {
    plk_tcp_shut_all(host->tcp);
    plk_host_serve_cut(host);
    plk_node_free(host->node);
    plk_host_node_new(host);
    plk_host_commands_fail(host);
}

// Whoever is told says it, once.
static void give_up(struct plk_host *host, const struct plk_fault *fault) {
    plk_log(&host->log, PLK_LOG_DEBUG, "giving up: %s", fault->line);
    if (host->on.lost != NULL) host->on.lost(host->ctx, fault);
}

static void lost(struct plk_host *host, const struct plk_fault *why) {
    struct plk_fault fault = *why;
    uint8_t key[PLK_KEYFILE_KEY_LEN];
    uint64_t now_us = plk_clock_now().mono_us;
    bool again = host->lost_us != 0 && now_us - host->lost_us < PLK_HOST_LOST_AGAIN_US;
    host->lost_us = now_us;
    plk_log(&host->log, PLK_LOG_DEBUG, "the store is lost: %s", fault.line);
    memcpy(key, plk_store_key(host->store), sizeof key);
    plk_store_close(host->store);
    host->store = NULL;
    if (!again) {
        struct plk_store_config config = {.home = host->home, .wake = wake, .ctx = host, .key = key};
        if (plk_store_open(&host->store, &config, &fault) == PLK_FAULT_NONE &&
            plk_history_reopen(&host->history, host->home, key, &fault) != PLK_FAULT_NONE) {
            plk_store_close(host->store);
            host->store = NULL;
        }
    }
    plk_mem_wipe(key, sizeof key);
    host->put_n = host->stored_n = 0;
    begin_again(host);
    if (host->store == NULL) {
        give_up(host, &fault);
    } else {
        plk_log(&host->log, PLK_LOG_WARN, "the store was lost and is opened again: %s", why->line);
    }
}

static void loaded(struct plk_host *host, const struct plk_store_report *report) {
    struct plk_input input = {
        .kind = PLK_IN_LOADED,
        .loaded = {.ticket = report->ticket, .rows = report->rows, .count = report->count, .more = report->more}};
    plk_host_input(host, &input);
}

void plk_host_store_reports(struct plk_host *host) {
    struct plk_store_report report;
    while (host->store != NULL && plk_store_next(host->store, &report)) {
        if (report.kind == PLK_STORE_STORED) {
            host->stored_n = report.n;
            struct plk_input input = {.kind = PLK_IN_STORED, .stored = {.n = report.n}};
            plk_host_input(host, &input);
        } else if (report.kind == PLK_STORE_LOADED) {
            loaded(host, &report);
        } else if (report.kind == PLK_STORE_LOST) {
            lost(host, &report.fault);
        } else {
            stalled(host, report.kind == PLK_STORE_STALLED, &report.fault);
        }
    }
    plk_host_drain(host);
}

// ---- a passphrase for a home without a profile ------------------------------------------------------------------------

enum plk_fault_kind plk_host_protect(struct plk_host *host, struct plk_bytes passphrase, struct plk_fault *fault) {
    plk_assert(!host->draining);
    if (plk_node_state(host->node) != PLK_NODE_EMPTY) {
        return plk_fault_set(fault, PLK_FAULT_IN_USE, "there is a profile already");
    }
    if (!plk_store_db_can_encrypt()) {
        return plk_fault_set(fault, PLK_FAULT_UNSUPPORTED,
                             "this build uses the system's SQLite and cannot encrypt: it takes no passphrase");
    }
    plk_store_close(host->store);
    host->store = NULL;
    plk_history_reopen(&host->history, NULL, NULL, NULL);
    plk_store_db_remove(host->home);
    plk_keyfile_remove(host->home);
    enum plk_fault_kind kind = plk_host_store_open(host, passphrase, true, fault);
    // Where that fails, an unprotected store as before, so that the person can try again.
    if (kind != PLK_FAULT_NONE) plk_host_store_open(host, plk_bytes(NULL, 0), true, NULL);
    begin_again(host);
    return kind;
}
