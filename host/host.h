// SPDX-License-Identifier: MIT
// The desktop's driver of the core's contract (DESIGN 2, wire/effect.h): a libuv loop that owns a node, its sockets and its
// store. One thread: everything here is called on the thread that runs plk_host_loop.
//
//     plk_host_open(&host, &config, &fault);       binds, opens the store, makes the node
//     api_attach(plk_host_loop(host), ...);        its own handles on the same loop
//     uv_run(plk_host_loop(host), UV_RUN_DEFAULT); until someone calls uv_stop
//     api_detach(); plk_host_close(host);
#ifndef PLK_HOST_HOST_H
#define PLK_HOST_HOST_H

#include <uv.h>

#include "host/fault.h"
#include "host/history.h"
#include "host/home.h"
#include "host/log.h"
#include "host/serve.h"
#include "host/store.h"
#include "node/node.h"

#define PLK_HOST_COMMANDS_MAX 4096 // commands without a result yet

struct plk_host;

// What a host tells its owner. Any may be NULL. None may call plk_host_close; all may call plk_host_command and uv_stop.
struct plk_host_events {
    void (*state)(void *ctx, enum plk_node_state state); // whenever it changes: LOADING -> EMPTY | READY | CORRUPT, ...
    void (*event)(void *ctx,
                  const struct plk_output *output); // PLK_OUT_EVENT; durable: plk_host_history already shows it
    void (*stalled)(void *ctx, bool stalled);       // the store
    void (*locked)(void *ctx);                      // plk_host_lock; unlocked, it is LOADING and so on
    void (*lost)(void *ctx,
                 const struct plk_fault *fault); // the store cannot be opened again: time to close and exit 1
};

struct plk_host_config {
    const char *home;            // from plk_home_resolve
    bool create;                 // make home and store when there are none; the node is then EMPTY
    struct plk_bytes passphrase; // borrowed for the call
    bool may_lock;               // a passphrase is needed and none was given: open all the same, locked
    const char *listen;          // "ADDR:PORT", "[ADDR]:PORT", ":PORT" or "PORT" (all addresses of both families);
                                 // NULL: all, on a random port that is chosen once and kept in the home
    bool no_udp, no_tcp;
    bool no_portmap;           // routers are not asked to hold ports open
    bool no_lan;               // neighbours are not told, by beacons, that somebody is looked for, and not heard
    bool no_learning;          // own relays are not asked for others, and none is taken that people did not choose
    enum plk_serve_mode serve; // AUTO: as was said last (plk_host_serve)
    struct plk_log log;
    struct plk_host_events on;
    void *ctx;
};

// Takes the home's lock, opens the store, binds, makes the node. The faults of plk_home_lock, plk_store_open, and LISTEN.
// Ignores SIGPIPE. The caller owns *out; on a fault it is NULL and nothing is left behind.
enum plk_fault_kind plk_host_open(struct plk_host **out, const struct plk_host_config *config, struct plk_fault *fault);

// After uv_run has returned and the caller's own handles are closed: stores what there is, closes all, frees the loop.
// Commands without a result get CLOSED. Returns whether everything accepted is durable. NULL is fine.
bool plk_host_close(struct plk_host *host);

// The process was stopped, for nobody knows how long, and goes on: what it knew of paths and relays is looked at again. A sleep of
// the machine is noticed by itself.
void plk_host_awake(struct plk_host *host);

uv_loop_t *plk_host_loop(struct plk_host *host);
// For its views; another after a lost store: do not keep. NULL while the profile is locked.
const struct plk_node *plk_host_node(const struct plk_host *host);
struct plk_history *plk_host_history(
    struct plk_host *host); // sees all that an event or result speaks of; stays the same
struct plk_now plk_host_now(const struct plk_host *host);
const char *plk_host_home(const struct plk_host *host);
const struct plk_log *plk_host_log(const struct plk_host *host);

// The result of a command (PLK_OUT_RESULT), borrowed for the call. Its effects are durable.
typedef void plk_host_result(void *ctx, const struct plk_output *output);

// Hands a command to the node; command->ticket is chosen here. result is called exactly once, later, never from within.
// BUSY: too many commands wait; LOCKED (result will not be called then).
enum plk_err plk_host_command(struct plk_host *host, const struct plk_command *command, plk_host_result *result,
                              void *ctx);

// Protects a home that has no profile yet (node state EMPTY) with a passphrase: store and data key are made anew.
// EXISTS fault kind IN_USE if there is a profile; UNSUPPORTED without encryption. The node is a new one afterwards.
enum plk_fault_kind plk_host_protect(struct plk_host *host, struct plk_bytes passphrase, struct plk_fault *fault);

// ---- a profile under a passphrase, locked and unlocked ------------------------------------------------------------------

bool plk_host_locked(const struct plk_host *host);

// Stores what there is, forgets the keys: there is no node then. Commands without a result get CLOSED. UNSUPPORTED where no
// passphrase protects the profile.
enum plk_fault_kind plk_host_lock(struct plk_host *host, struct plk_fault *fault);

// Whether this is the passphrase; a locked profile is unlocked by it. done is called later, from the loop: fault->kind is NONE, or
// why not (WRONG_PASSPHRASE, UNSUPPORTED: there is none, and those of plk_store_open). BUSY: one is being tried; EMPTY, TOO_LONG.
typedef void plk_host_opened(void *ctx, const struct plk_fault *fault);
enum plk_err plk_host_try(struct plk_host *host, struct plk_bytes passphrase, plk_host_opened *done, void *ctx);
void plk_host_try_forget(struct plk_host *host); // done will not be called, nothing unlocked

struct plk_host_status {
    bool encrypted;   // a passphrase protects the store
    bool can_encrypt; // this build is able to
    bool stalled;
    uint16_t udp4_port, udp6_port, tcp_port; // 0: not bound
    uint64_t unindexed;                      // messages not yet in the search index
    uint64_t wakeups, send_dropped;          // loop iterations; datagrams that the system did not take
};
void plk_host_status(struct plk_host *host, struct plk_host_status *status);

// ---- a relay for others (host/serve.h) ----------------------------------------------------------------------------------------

// Whom it serves from now on. Kept in the home, and good until the config names another at a start. HOME, FULL, SYSTEM: it is so now,
// and will be forgotten.
enum plk_fault_kind plk_host_serve(struct plk_host *host, enum plk_serve_mode mode, struct plk_fault *fault);

struct plk_host_serve_status {
    enum plk_serve_mode mode; // as chosen
    bool on;
    uint8_t key[32];      // on: the relay's
    struct plk_addr addr; // where others find it; family 0: nobody knows
    size_t clients;
    uint64_t stored_bytes;  // of cells
    struct plk_fault fault; // why it is not on though it should be; kind NONE: nothing is wrong
};
void plk_host_serve_status(const struct plk_host *host, struct plk_host_serve_status *status);

#endif
