// SPDX-License-Identifier: MIT
// What the parts of host/host.h share. host.c opens and closes, host_drive.c carries inputs and outputs, host_command.c
// keeps commands and their results, host_store.c what concerns the store.
#ifndef PLK_HOST_HOST_INSIDE_H
#define PLK_HOST_HOST_INSIDE_H

#include "host/beacons.h"
#include "host/bind.h"
#include "host/host.h"
#include "host/interfaces.h"
#include "host/nat64.h"
#include "host/resolve.h"
#include "host/store_db.h"
#include "host/tcp.h"
#include "host/timer.h"
#include "host/udp.h"
#include "host/udp_sides.h"
#include "host/upnp.h"

#define PLK_HOST_LOST_AGAIN_US (60 * PLK_SECOND) // a store that is lost twice within this is given up
// Connections: the node's, and those of whom it serves.
#define PLK_HOST_STREAMS_MAX (PLK_TCP_STREAMS_MAX + PLK_SERVE_CLIENTS_MAX)
#define PLK_HOST_ACCEPTED_MAX (PLK_TCP_ACCEPTED_MAX + PLK_SERVE_CLIENTS_MAX)
#define PLK_HOST_ACCEPTED_PER_SITE (PLK_TCP_ACCEPTED_PER_IP + PLK_SERVE_PREFIX_MAX)
#define PLK_HOST_NAT64_TICKET UINT64_MAX // of a name that the host itself asks for
#define PLK_HOST_INPUTS_MAX 64           // datagrams between two looks at the node's outputs

// A command, from plk_host_command until its result. Its bytes follow it, until the node has got it.
struct plk_host_pending {
    struct plk_host_pending *next;
    size_t len; // of this block
    struct plk_command command;
    plk_host_result *result;
    void *ctx;
};

struct plk_host {
    uv_loop_t *loop;
    char home[PLK_HOME_PATH_MAX];
    int lock;
    bool no_udp, no_tcp, no_portmap, no_lan, no_learning;
    bool locked;                      // store and node are NULL then
    struct plk_host_attempt *attempt; // a passphrase that is being tried, or NULL
    struct plk_log log;
    struct plk_host_events on;
    void *ctx;

    struct plk_store *store; // NULL: lost for good
    struct plk_history *history;
    uint64_t put_n, stored_n;
    uint64_t lost_us; // when a store was last lost; 0: never
    uv_async_t reported;

    struct plk_mem mem;
    struct plk_node *node;
    enum plk_node_state state; // as last told
    bool draining;             // the node is being asked
    bool dirty;                // it has had an input since it was last asked
    unsigned inputs;           // datagrams since then
    struct plk_host_pending *commands, **commands_end;
    struct plk_host_pending *ungiven; // the first that the node has not got yet; NULL: it has all
    size_t command_count;
    uint64_t last_ticket;

    struct plk_udp *udp;
    struct plk_udp_sides *sides;
    struct plk_tcp *tcp;
    struct plk_timer timer;
    struct plk_interfaces interfaces;
    struct plk_resolver *resolver;
    struct plk_upnp *upnp; // or NULL
    struct plk_beacons beacons;
    struct plk_nat64 nat64;
    uv_prepare_t prepare;
    uv_check_t check;
    struct plk_bound bound; // ports; its descriptors belong to udp and tcp
    uint64_t slept_us, wakeups;

    enum plk_serve_mode serve_mode, serve_runs; // as chosen; as what `serve` was opened
    struct plk_serve *serve;                    // a relay for others, or NULL
    struct plk_shared_port shared;
    bool serve_told;              // the node knows whether there is one
    bool serve_stale;             // contacts have changed since the relay was told of them
    struct plk_fault serve_fault; // why there is none
    bool closing;
};

// ---- host_drive.c -------------------------------------------------------------------------------------------------------

void plk_host_input(struct plk_host *host, const struct plk_input *input); // the node is asked at the end of the turn
void plk_host_drain(struct plk_host *host);                                // asks the node until it waits
void plk_host_node_new(struct plk_host *host);                             // and tells it of the network
void plk_host_drive_open(struct plk_host *host);                           // all that runs on the loop
void plk_host_drive_close(struct plk_host *host);

// ---- host_serve.c -------------------------------------------------------------------------------------------------------

void plk_host_serve_open(struct plk_host *host, enum plk_serve_mode config);
void plk_host_serve_close(struct plk_host *host);
void plk_host_serve_look(struct plk_host *host);                                    // should there be one now?
bool plk_host_serve_datagram(struct plk_host *host, const struct plk_input *input); // false: it is the node's
void plk_host_serve_stream(struct plk_host *host, const struct plk_input *input);   // to whom it is for
void plk_host_serve_event(struct plk_host *host, enum plk_event_kind kind);
void plk_host_serve_cut(struct plk_host *host); // all connections are shut: the relay's clients have lost theirs

// host.c: what the node has accepted becomes durable, and what waits for that still leaves.
void plk_host_settle(struct plk_host *host);

// ---- host_command.c -----------------------------------------------------------------------------------------------------

void plk_host_commands_give(struct plk_host *host); // to the node, those that wait
void plk_host_commands_result(struct plk_host *host, const struct plk_output *output);
void plk_host_commands_fail(struct plk_host *host); // CLOSED, all of them

// ---- host_store.c -------------------------------------------------------------------------------------------------------

enum plk_fault_kind plk_host_store_open(struct plk_host *host, struct plk_bytes passphrase, bool create,
                                        struct plk_fault *fault);
enum plk_fault_kind plk_host_store_open_key(struct plk_host *host, const uint8_t *key, struct plk_fault *fault);
void plk_host_store_reports(struct plk_host *host); // all that the writer has to say

#endif
