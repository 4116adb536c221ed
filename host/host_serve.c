// SPDX-License-Identifier: MIT
// The relay that a node's process is for others (DESIGN 6, `relay.serve`): whether there is one, and what comes to it.
#include "host/host_inside.h"

#include "host/memory.h"

#include <string.h>

#define MODE_NAME "serve" // the file of a home that keeps what was said last: the mode, plus 1

// ---- what comes -----------------------------------------------------------------------------------------------------------

bool plk_host_serve_datagram(struct plk_host *host, const struct plk_input *input) {
    if (host->serve == NULL) return false;
    if (!plk_shared_port_is_relays(plk_serve_relay(host->serve), input->datagram.data)) return false;
    plk_serve_input(host->serve, input);
    return true;
}

void plk_host_serve_stream(struct plk_host *host, const struct plk_input *input) {
    struct plk_shared_inputs inputs;
    plk_shared_port_stream(&host->shared, host->serve != NULL, input, &inputs);
    for (size_t i = 0; i < inputs.count; i++) {
        if (!inputs.relays) {
            plk_host_input(host, &inputs.at[i]);
        } else if (host->serve != NULL) {
            plk_serve_input(host->serve, &inputs.at[i]);
        }
    }
}

void plk_host_serve_cut(struct plk_host *host) {
    struct plk_input input = {.kind = PLK_IN_STREAM, .stream = {.event = PLK_STREAM_CLOSED}};
    while (plk_shared_port_take(&host->shared, &input.stream.stream)) {
        if (host->serve != NULL) plk_serve_input(host->serve, &input);
    }
}

// ---- whether there is one ---------------------------------------------------------------------------------------------------

static void stop(struct plk_host *host) {
    uint32_t stream;
    if (host->serve == NULL) return;
    plk_serve_close(host->serve);
    host->serve = NULL;
    host->serve_told = false;
    while (plk_shared_port_take(&host->shared, &stream)) plk_tcp_shut(host->tcp, stream);
    plk_log(&host->log, PLK_LOG_INFO, "others are not served any more");
}

static void on_lost(void *ctx) {
    struct plk_host *host = ctx;
    plk_fault_set(&host->serve_fault, PLK_FAULT_CORRUPT, "the store of what is kept for others is lost");
    stop(host);
}

static size_t listeners(const struct plk_host *host, struct plk_addr list[static 2]) {
    const uint16_t ports[] = {host->bound.udp4_port, host->bound.udp6_port};
    size_t count = 0;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t family = i == 0 ? 4 : 6;
        if (ports[i] == 0) continue;
        list[count] = (struct plk_addr){.family = family};
        if (host->bound.only.family == family) list[count] = host->bound.only;
        list[count++].port = ports[i];
    }
    return count;
}

static void start(struct plk_host *host, enum plk_serve_mode mode) {
    struct plk_addr at[2];
    struct plk_serve_config config = {.home = host->home,
                                      .open = mode == PLK_SERVE_PUBLIC,
                                      .loop = host->loop,
                                      .udp = host->udp,
                                      .tcp = host->tcp,
                                      .shared = &host->shared,
                                      .listeners = at,
                                      .log = host->log,
                                      .lost = on_lost,
                                      .ctx = host};
    config.listener_count = listeners(host, at);
    host->serve_runs = mode;
    host->serve_told = false;
    if (plk_serve_open(&host->serve, &config, &host->serve_fault) != PLK_FAULT_NONE) {
        plk_log(&host->log, PLK_LOG_ERROR, "others cannot be served: %s", host->serve_fault.line);
        return;
    }
    plk_log(&host->log, PLK_LOG_INFO, "others are served");
}

// What should be there now. AUTO: who has served before serves again, wherever it is; its contacts may look for it here.
static enum plk_serve_mode wanted(const struct plk_host *host) {
    if (host->serve_mode != PLK_SERVE_AUTO) return host->serve_mode;
    if (host->serve != NULL) return host->serve_runs;
    if (plk_serve_was_there(host->home)) return PLK_SERVE_CONTACTS;
    return host->node != NULL && plk_node_is_reachable(host->node) ? PLK_SERVE_CONTACTS : PLK_SERVE_OFF;
}

static void tell_node(struct plk_host *host) {
    struct plk_input input = {.kind = PLK_IN_SERVE, .serve = {.on = host->serve != NULL}};
    if (host->serve != NULL) memcpy(input.serve.key, plk_serve_key(host->serve), sizeof input.serve.key);
    host->serve_told = true;
    host->serve_stale = host->serve != NULL;
    plk_host_input(host, &input);
}

// Who is a contact now has a token. While the profile is locked that stays as it was.
static void tell_relay(struct plk_host *host) {
    uint8_t token[PLK_NODE_SERVE_TOKEN_LEN], *tokens;
    size_t count = 0, cursor = 0, all;
    while (plk_node_serve_token(host->node, &cursor, token)) count++;
    all = count * sizeof token;
    tokens = plk_memory_take(all + 1);
    count = cursor = 0;
    while (plk_node_serve_token(host->node, &cursor, tokens + count * sizeof token)) count++;
    plk_serve_contacts(host->serve, tokens, count);
    plk_memory_give(tokens, all + 1);
    plk_mem_wipe(token, sizeof token);
    host->serve_stale = false;
}

void plk_host_serve_look(struct plk_host *host) {
    bool ready = host->locked || (host->node != NULL && plk_node_state(host->node) == PLK_NODE_READY);
    if (host->closing || host->draining || !ready) return;
    enum plk_serve_mode mode = host->serve_fault.kind == PLK_FAULT_NONE ? wanted(host) : PLK_SERVE_OFF;
    if (host->serve != NULL && mode != host->serve_runs) stop(host);
    if (host->serve == NULL && mode != PLK_SERVE_OFF) start(host, mode);
    if (!host->serve_told && !host->locked) tell_node(host);
    if (host->serve_stale && host->serve != NULL && !host->locked) tell_relay(host);
}

void plk_host_serve_event(struct plk_host *host, enum plk_event_kind kind) {
    if (kind == PLK_EVENT_CONTACT || kind == PLK_EVENT_REQUEST) host->serve_stale = true;
}

void plk_host_serve_open(struct plk_host *host, enum plk_serve_mode config) {
    unsigned long kept = plk_home_number_read(host->home, MODE_NAME);
    plk_shared_port_init(&host->shared, &host->mem);
    host->serve_mode = config;
    if (config == PLK_SERVE_AUTO && kept > 0 && kept <= PLK_SERVE_PUBLIC + 1ul)
        host->serve_mode = (enum plk_serve_mode)(kept - 1);
    plk_host_serve_look(host);
}

void plk_host_serve_close(struct plk_host *host) {
    stop(host);
    plk_shared_port_free(&host->shared);
}

// ---- what people and programs ask ---------------------------------------------------------------------------------------------

enum plk_fault_kind plk_host_serve(struct plk_host *host, enum plk_serve_mode mode, struct plk_fault *fault) {
    host->serve_mode = mode;
    host->serve_fault = (struct plk_fault){.kind = PLK_FAULT_NONE};
    if (mode == PLK_SERVE_AUTO && host->serve != NULL && host->serve_runs == PLK_SERVE_PUBLIC) stop(host);
    plk_host_serve_look(host);
    return plk_home_number_write(host->home, MODE_NAME, mode + 1ul, fault);
}

void plk_host_serve_status(const struct plk_host *host, struct plk_host_serve_status *status) {
    *status = (struct plk_host_serve_status){.mode = host->serve_mode, .fault = host->serve_fault};
    if (host->serve == NULL) return;
    const struct plk_relay *relay = plk_serve_relay(host->serve);
    struct plk_relay_state state = plk_relay_state(relay);
    status->on = true;
    memcpy(status->key, plk_serve_key(host->serve), sizeof status->key);
    if (host->node != NULL) (void)plk_node_serve_place(host->node, &status->addr);
    status->clients = state.clients;
    status->stored_bytes = state.stored_bytes;
}
