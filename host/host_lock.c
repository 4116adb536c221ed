// SPDX-License-Identifier: MIT
// A profile that is locked: no store is open and no node is there, since the key is known to nobody; sockets stay bound, and what comes
// to them is dropped. Argon2id takes a second: it is worked out on a thread of its own.
#include "host/host_inside.h"

#include <stdlib.h>

#include "host/history_read.h"
#include "host/keyfile.h"

struct plk_host_attempt {
    uv_work_t work;
    struct plk_host *host;
    plk_host_opened *done; // NULL: nobody waits any more
    void *ctx;
    char home[PLK_HOME_PATH_MAX]; // the thread's own: the host may be gone before it
    char passphrase[PLK_KEYFILE_PASSPHRASE_MAX];
    size_t len;
    uint8_t key[PLK_KEYFILE_KEY_LEN];
    struct plk_fault fault;
};

bool plk_host_locked(const struct plk_host *host) { return host->locked; }

enum plk_fault_kind plk_host_lock(struct plk_host *host, struct plk_fault *fault) {
    plk_assert(!host->draining);
    if (host->locked) return PLK_FAULT_NONE;
    if (host->store == NULL || !plk_store_encrypted(host->store)) {
        return plk_fault_set(fault, PLK_FAULT_UNSUPPORTED, "no passphrase protects this profile: it cannot be locked");
    }
    plk_host_settle(host);
    plk_host_commands_fail(host);
    plk_tcp_shut_all(host->tcp);
    plk_host_serve_cut(host);
    plk_udp_sides_clear(host->sides);
    plk_node_free(host->node);
    host->node = NULL;
    plk_store_close(host->store);
    host->store = NULL;
    plk_history_reopen(&host->history, NULL, NULL, NULL);
    host->locked = true;
    plk_log(&host->log, PLK_LOG_INFO, "locked");
    if (host->on.locked != NULL) host->on.locked(host->ctx);
    return PLK_FAULT_NONE;
}

static enum plk_fault_kind unlock(struct plk_host *host, const uint8_t key[PLK_KEYFILE_KEY_LEN],
                                  struct plk_fault *fault) {
    enum plk_fault_kind kind = plk_host_store_open_key(host, key, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    host->locked = false;
    host->state = PLK_NODE_LOADING;
    plk_host_node_new(host);
    host->dirty = true; // the end of this turn asks it
    plk_log(&host->log, PLK_LOG_INFO, "unlocked");
    return kind;
}

static void work(uv_work_t *req) {
    struct plk_host_attempt *attempt = req->data;
    bool sealed = false;
    plk_keyfile_read(attempt->home, plk_bytes(attempt->passphrase, attempt->len), attempt->key, &sealed,
                     &attempt->fault);
    if (attempt->fault.kind == PLK_FAULT_NONE && !sealed)
        plk_fault_set(&attempt->fault, PLK_FAULT_UNSUPPORTED, "no passphrase protects this profile");
}

static void after_work(uv_work_t *req, int status) {
    struct plk_host_attempt *attempt = req->data;
    struct plk_host *host = attempt->host;
    host->attempt = NULL;
    if (status != 0) plk_fault_set(&attempt->fault, PLK_FAULT_SYSTEM, "the passphrase could not be tried");
    if (attempt->done != NULL) {
        if (attempt->fault.kind == PLK_FAULT_NONE && host->locked) unlock(host, attempt->key, &attempt->fault);
        attempt->done(attempt->ctx, &attempt->fault);
    }
    plk_mem_wipe(attempt, sizeof *attempt);
    free(attempt);
}

enum plk_err plk_host_try(struct plk_host *host, struct plk_bytes passphrase, plk_host_opened *done, void *ctx) {
    if (host->attempt != NULL) return PLK_ERR_BUSY;
    if (passphrase.len == 0) return PLK_ERR_EMPTY;
    if (passphrase.len > PLK_KEYFILE_PASSPHRASE_MAX) return PLK_ERR_TOO_LONG;
    struct plk_host_attempt *attempt = calloc(1, sizeof *attempt);
    plk_assert(attempt != NULL);
    attempt->work.data = attempt;
    attempt->host = host;
    attempt->done = done;
    attempt->ctx = ctx;
    memcpy(attempt->home, host->home, sizeof attempt->home);
    attempt->len = passphrase.len;
    memcpy(attempt->passphrase, passphrase.at, passphrase.len);
    plk_assert(uv_queue_work(host->loop, &attempt->work, work, after_work) == 0);
    host->attempt = attempt;
    return PLK_ERR_OK;
}

void plk_host_try_forget(struct plk_host *host) {
    if (host->attempt != NULL) host->attempt->done = NULL;
}
