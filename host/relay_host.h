// SPDX-License-Identifier: MIT
// The driver of a relay (DESIGN 5, 6): a libuv loop that owns a relay's core, its sockets, its store and its key. One thread:
// everything here is called on the thread that runs plk_relay_host_loop.
//
//     plk_relay_host_open(&host, &config, &fault);
//     uv_run(plk_relay_host_loop(host), UV_RUN_DEFAULT);     until someone calls uv_stop
//     plk_relay_host_close(host);
#ifndef PLK_HOST_RELAY_HOST_H
#define PLK_HOST_RELAY_HOST_H

#include "host/fault.h"
#include "host/log.h"
#include "host/relay_sockets.h"
#include "host/store.h"
#include "relay/relay.h"
#include "wire/relay_name.h"

#define PLK_RELAY_HOST_ACTS_MAX 64   // of the operator's, under way
#define PLK_RELAY_HOST_DRAIN_MS 2000 // what clients are told to wait when the relay stops

struct plk_relay_host;

struct plk_relay_host_config {
    const char *data;      // made when there is none; its lock is taken
    const char *store_url; // PostgreSQL; NULL: SQLite, in `data`
    // Opens what store_url names (host/pg/pg_store.h), so that only a program that has it needs libpq.
    enum plk_fault_kind (*open_url)(struct plk_store **out, const struct plk_store_config *config,
                                    struct plk_fault *fault);
    const char *const *listen;      // of host/relay_sockets.h
    size_t listen_count;            // 0: no sockets, for the operator's acts while no relay runs
    struct plk_relay_config limits; // mem, entropy, statics and listeners are filled in here
    struct plk_log log;
    void (*lost)(void *ctx, const struct plk_fault *fault); // the store is lost: time to close and exit 1
    void *ctx;
};

// Locks and opens the data directory, makes a key when there is none, binds, makes the core. Faults: those of plk_home_make,
// plk_home_lock, plk_keyfile_*, plk_store_open, plk_relay_sockets_open. Ignores SIGPIPE. The caller owns *out; on a fault it
// is NULL and nothing is left behind.
enum plk_fault_kind plk_relay_host_open(struct plk_relay_host **out, const struct plk_relay_host_config *config,
                                        struct plk_fault *fault);
// After uv_run has returned and the caller's own handles are closed. Returns whether all that was accepted is durable.
bool plk_relay_host_close(struct plk_relay_host *host);

uv_loop_t *plk_relay_host_loop(struct plk_relay_host *host);
const struct plk_relay *plk_relay_host_relay(const struct plk_relay_host *host); // for its counters and views
const uint8_t *plk_relay_host_key(const struct plk_relay_host *host);            // the public static, 32 bytes
// Where it listens, as plk_relay_sockets_list.
size_t plk_relay_host_list(const struct plk_relay_host *host, struct plk_addr list[static 2 * PLK_RELAY_LISTENS_MAX]);
bool plk_relay_host_stalled(const struct plk_relay_host *host);

// Takes over what plk_relay_retune takes, and how much is logged. Before the first call no other relay is told of this one.
void plk_relay_host_retune(struct plk_relay_host *host, const struct plk_relay_config *limits,
                           enum plk_log_level level);

// Tells all clients to come back later, and hears no new ones.
void plk_relay_host_drain(struct plk_relay_host *host);

// ---- one of several processes on one database (host/pg/pg_fleet.h) ---------------------------------------------------------

struct plk_store *plk_relay_host_store(struct plk_relay_host *host);
const uint8_t *plk_relay_host_fleet_key(
    const struct plk_relay_host *host); // 32 bytes: what they say to each other is sealed under it
// The core has this slot; speak is called when it may have something to say to others. NULL: no more.
void plk_relay_host_fleet_join(struct plk_relay_host *host, uint8_t slot,
                               void (*speak)(void *ctx, struct plk_relay *relay), void *ctx);
struct plk_relay *plk_relay_host_turn(struct plk_relay_host *host); // the core, to hear of others; it is asked after

// ---- the operator's acts: each calls back exactly once, later, when it is durable -----------------------------------------

typedef void plk_relay_host_done(void *ctx, enum plk_err err);
// BUSY: too many are under way; done will not be called.
enum plk_err plk_relay_host_token_new(struct plk_relay_host *host, const uint8_t token[PLK_QUEUE_TOKEN_LEN],
                                      uint32_t queues, plk_relay_host_done *done, void *ctx);
enum plk_err plk_relay_host_token_revoke(struct plk_relay_host *host, const uint8_t hash[32], plk_relay_host_done *done,
                                         void *ctx);

struct plk_relay_host_token {
    uint8_t hash[32];
    uint32_t allowed, made; // queues; allowed 0: any number
    bool revoked, guest;
};
// All tokens in the order of their hashes, as often as there are rows; then once with token NULL.
typedef void plk_relay_host_listed(void *ctx, const struct plk_relay_host_token *token);
enum plk_err plk_relay_host_token_list(struct plk_relay_host *host, plk_relay_host_listed *listed, void *ctx);

#endif
