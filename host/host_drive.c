// SPDX-License-Identifier: MIT
// The driver proper: what comes from the system goes into the node, what the node wants goes to the system.
#include "host/host_inside.h"

#include "host/clock.h"
#include "host/entropy.h"
#include "host/memory.h"

// ---- inputs -----------------------------------------------------------------------------------------------------------

void plk_host_input(struct plk_host *host, const struct plk_input *input) {
    if (host->node == NULL) return; // locked
    plk_node_handle(host->node, plk_clock_now(), input);
    host->dirty = true;
}

static void on_datagram(void *ctx, const struct plk_addr *from, const struct plk_addr *to, struct plk_bytes data) {
    struct plk_host *host = ctx;
    struct plk_input input = {.kind = PLK_IN_DATAGRAM, .datagram = {.from = *from, .to = *to, .data = data}};
    if (!plk_host_serve_datagram(host, &input)) {
        if (plk_nat64_in(&host->nat64, &input.datagram.from)) input.datagram.to = (struct plk_addr){.family = 0};
        plk_host_input(host, &input);
    }
    if (++host->inputs >= PLK_HOST_INPUTS_MAX) plk_host_drain(host);
}

static void on_side(void *ctx, uint32_t socket, const struct plk_addr *from, struct plk_bytes data) {
    struct plk_host *host = ctx;
    struct plk_input input = {.kind = PLK_IN_DATAGRAM, .datagram = {.from = *from, .data = data, .socket = socket}};
    plk_nat64_in(&host->nat64, &input.datagram.from);
    plk_host_input(host, &input);
    if (++host->inputs >= PLK_HOST_INPUTS_MAX) plk_host_drain(host);
}

static void on_stream(void *ctx, const struct plk_input *input) { plk_host_serve_stream(ctx, input); }

static void on_done(void *ctx) { plk_host_drain(ctx); }

// What stands for IPv4 is given to the node as that: from there its answers come.
static void on_resolved(void *ctx, uint64_t ticket, const struct plk_addr *addrs, size_t count) {
    struct plk_host *host = ctx;
    struct plk_addr list[PLK_RESOLVE_ADDRS_MAX];
    if (ticket == PLK_HOST_NAT64_TICKET) {
        plk_nat64_answer(&host->nat64, addrs, count);
        if (plk_nat64_on(&host->nat64)) plk_log(&host->log, PLK_LOG_INFO, "no IPv4 here: a router translates (NAT64)");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = addrs[i];
        plk_nat64_in(&host->nat64, &list[i]);
    }
    struct plk_input input = {.kind = PLK_IN_RESOLVED, .resolved = {.ticket = ticket, .addrs = list, .count = count}};
    plk_host_input(host, &input);
}

static void look_for_nat64(struct plk_host *host) {
    if (!plk_nat64_network(&host->nat64, host->interfaces.list, host->interfaces.count)) return;
    plk_resolver_ask(host->resolver, PLK_HOST_NAT64_TICKET, plk_bytes_text(PLK_NAT64_NAME), 1);
}

static void tell_network(struct plk_host *host) {
    struct plk_input input = {.kind = PLK_IN_NETWORK,
                              .network = {.interfaces = host->interfaces.list,
                                          .count = host->interfaces.count,
                                          .udp4_port = host->bound.udp4_port,
                                          .udp6_port = host->bound.udp6_port,
                                          .tcp_port = host->bound.tcp_port,
                                          .gateways = host->interfaces.gateways,
                                          .gateway_count = host->no_portmap ? 0 : host->interfaces.gateway_count,
                                          .beacon = host->beacons.udp != NULL}};
    plk_beacons_join(&host->beacons, host->interfaces.list, host->interfaces.count);
    plk_host_input(host, &input);
}

// The first router over IPv4 is the default one: over IPv6 nobody needs UPnP where PCP is.
static void tell_upnp(struct plk_host *host) {
    struct plk_gateway gateway = {.addr = {.family = 0}};
    for (size_t i = host->interfaces.gateway_count; !host->no_portmap && i > 0; i--) {
        if (host->interfaces.gateways[i - 1].addr.family == 4) gateway = host->interfaces.gateways[i - 1];
    }
    plk_upnp_set(host->upnp, &gateway, host->bound.udp4_port, host->bound.tcp4 >= 0 ? host->bound.tcp_port : 0);
}

static bool on_upnp_wanted(void *ctx) {
    struct plk_host *host = ctx;
    struct plk_nat_view nat;
    if (host->node == NULL) return false;
    plk_node_nat(host->node, &nat);
    for (unsigned i = 0; i < nat.mapped_count; i++) {
        if (nat.mapped[i].by != PLK_MAPPING_UPNP && nat.mapped[i].internal.family == 4) return false;
    }
    return plk_node_state(host->node) == PLK_NODE_READY;
}

static void on_upnp_held(void *ctx, const struct plk_mapping *list, size_t count) {
    struct plk_host *host = ctx;
    struct plk_input input = {.kind = PLK_IN_MAPPED, .mapped = {.list = list, .count = count}};
    plk_log(&host->log, PLK_LOG_INFO, "UPnP: %zu ports", count);
    plk_host_input(host, &input);
}

static void on_network(void *ctx) {
    struct plk_host *host = ctx;
    plk_log(&host->log, PLK_LOG_INFO, "the network has changed: %zu addresses", host->interfaces.count);
    plk_tcp_drop_lost(host->tcp);
    look_for_nat64(host);
    tell_network(host);
    tell_upnp(host);
}

void plk_host_awake(struct plk_host *host) {
    struct plk_input input = {.kind = PLK_IN_RESUME};
    plk_entropy_bytes(input.resume.entropy, sizeof input.resume.entropy);
    plk_host_input(host, &input);
    plk_mem_wipe(&input, sizeof input);
    plk_interfaces_look(&host->interfaces);
}

// A sleep shows as the difference between the clock that counts it and the one that does not.
static void on_jump(void *ctx) {
    struct plk_host *host = ctx;
    uint64_t slept_us = plk_clock_slept_since(&host->slept_us);
    if (slept_us == 0) return;
    plk_log(&host->log, PLK_LOG_INFO, "awake again after %llu s", (unsigned long long)(slept_us / PLK_SECOND));
    plk_host_awake(host);
}

static void on_due(void *ctx) {
    on_jump(ctx);
    struct plk_input input = {.kind = PLK_IN_TICK};
    plk_host_input(ctx, &input);
}

// ---- outputs ----------------------------------------------------------------------------------------------------------

static void resolve(struct plk_host *host, const struct plk_output *output) {
    if (plk_resolver_ask(host->resolver, output->resolve.ticket, output->resolve.host, output->resolve.port)) return;
    struct plk_input input = {.kind = PLK_IN_RESOLVED, .resolved = {.ticket = output->resolve.ticket}};
    plk_host_input(host, &input);
}

static void send_datagram(struct plk_host *host, const struct plk_output *output) {
    struct plk_addr to = plk_nat64_out(&host->nat64, &output->datagram.to), from = output->datagram.local;
    uint8_t hops = output->datagram.hops;
    if (to.family != output->datagram.to.family) from.family = 0;
    if (output->datagram.socket != 0) {
        plk_udp_sides_send(host->sides, output->datagram.socket, &to, hops, output->datagram.data);
    } else if (hops != 0) {
        plk_udp_send_near(host->udp, &to, hops, output->datagram.data);
    } else {
        plk_udp_send(host->udp, &to, &from, output->datagram.data);
    }
}

static void connect_stream(struct plk_host *host, const struct plk_output *output) {
    struct plk_addr to = plk_nat64_out(&host->nat64, &output->stream_open.to);
    plk_tcp_connect(host->tcp, output->stream_open.stream, &to, output->stream_open.port);
}

static void carry_out(struct plk_host *host, const struct plk_output *output) {
    switch (output->kind) {
    case PLK_OUT_DATAGRAM:
        send_datagram(host, output);
        break;
    case PLK_OUT_SOCKET_OPEN:
        plk_udp_sides_open(host->sides, output->socket.socket, plk_nat64_on(&host->nat64) ? 6 : 4);
        break;
    case PLK_OUT_SOCKET_CLOSE:
        plk_udp_sides_close(host->sides, output->socket.socket);
        break;
    case PLK_OUT_STREAM_OPEN:
        connect_stream(host, output);
        break;
    case PLK_OUT_STREAM_WRITE:
        plk_tcp_write(host->tcp, output->stream_write.stream, output->stream_write.data);
        break;
    case PLK_OUT_STREAM_CLOSE:
        plk_tcp_shut(host->tcp, output->stream_close.stream);
        break;
    case PLK_OUT_STORE:
        if (host->store == NULL) break; // lost for good: nothing becomes durable, and so nothing is told
        host->put_n = output->store.n;
        plk_store_put(host->store, output->store.n, output->store.ops);
        break;
    case PLK_OUT_LOAD:
        if (host->store == NULL) break;
        plk_store_load(host->store, output->load.ticket, output->load.table, output->load.from, output->load.to,
                       output->load.limit, output->load.reverse);
        break;
    case PLK_OUT_RESOLVE:
        resolve(host, output);
        break;
    case PLK_OUT_EVENT:
        plk_host_serve_event(host, output->event.row.kind);
        if (host->on.event != NULL) host->on.event(host->ctx, output);
        break;
    case PLK_OUT_RESULT:
        plk_host_commands_result(host, output);
        break;
    case PLK_OUT_WAIT:
        break;
    }
}

static void tell_state(struct plk_host *host) {
    enum plk_node_state state = plk_node_state(host->node);
    if (state == host->state) return;
    host->state = state;
    if (host->on.state != NULL) host->on.state(host->ctx, state);
}

void plk_host_drain(struct plk_host *host) {
    if (host->draining) return;
    if (host->serve != NULL) plk_serve_turn(host->serve);
    if (host->node == NULL) return;
    host->draining = true;
    host->inputs = 0;
    struct plk_output output = {.kind = PLK_OUT_WAIT};
    do {
        host->dirty = false;
        plk_host_commands_give(host);
        while (plk_node_poll(host->node, plk_clock_now(), &output), output.kind != PLK_OUT_WAIT)
            carry_out(host, &output);
        plk_udp_flush(host->udp);
        plk_tcp_flush(host->tcp); // room again is an input again
        tell_state(host);
    } while (host->dirty);
    plk_timer_set(&host->timer, output.wait.deadline_us);
    host->draining = false;
    plk_host_serve_look(host);
}

// ---- the loop ---------------------------------------------------------------------------------------------------------

static void on_prepare(uv_prepare_t *prepare) {
    struct plk_host *host = prepare->data;
    host->wakeups++;
    if (host->dirty) plk_host_drain(host);
    if (host->serve != NULL) plk_serve_turn(host->serve);
}

static void on_check(uv_check_t *check) {
    struct plk_host *host = check->data;
    if (host->dirty) plk_host_drain(host);
}

void plk_host_node_new(struct plk_host *host) {
    struct plk_node_config config = {.mem = &host->mem, .allow_tcp = !host->no_tcp, .allow_udp = !host->no_udp};
    config.no_learning = host->no_learning;
    plk_entropy_bytes(config.entropy, sizeof config.entropy);
    plk_udp_sides_clear(host->sides); // of a node before this one
    host->node = plk_node_new(&config);
    host->serve_told = false;
    plk_mem_wipe(&config, sizeof config);
    tell_network(host);
    plk_upnp_tell(host->upnp);
}

void plk_host_drive_open(struct plk_host *host) {
    host->udp = plk_udp_open(host->loop, host->bound.udp4, host->bound.udp6, on_datagram, on_done, host);
    host->sides = plk_udp_sides_new(host->loop, &host->bound.only, on_side, on_done, host);
    static const struct plk_tcp_limits limits = {.streams = PLK_HOST_STREAMS_MAX,
                                                 .accepted = PLK_HOST_ACCEPTED_MAX,
                                                 .strangers = PLK_TCP_ACCEPTED_MAX,
                                                 .per_site = PLK_HOST_ACCEPTED_PER_SITE};
    host->tcp = plk_tcp_open(host->loop, &limits, on_stream, on_done, host);
    plk_tcp_listen(host->tcp, host->bound.tcp4);
    plk_tcp_listen(host->tcp, host->bound.tcp6);
    plk_timer_open(&host->timer, host->loop, on_due, on_jump, host);
    plk_interfaces_open(&host->interfaces, host->loop, &host->bound.only, on_network, host);
    host->resolver = plk_resolver_open(host->loop, on_resolved, host);
    look_for_nat64(host);
    bool hears = !host->no_lan && !host->no_udp;
    if (hears && !plk_beacons_open(&host->beacons, host->loop, on_datagram, on_done, host))
        plk_log(&host->log, PLK_LOG_INFO, "neighbours are not heard: the system gives no socket for it");
    const struct plk_upnp_events on_upnp = {on_upnp_wanted, on_upnp_held};
    if (!host->no_portmap) host->upnp = plk_upnp_open(host->loop, &host->log, &on_upnp, host);
    tell_upnp(host);
    plk_assert(uv_prepare_init(host->loop, &host->prepare) == 0 && uv_check_init(host->loop, &host->check) == 0);
    host->prepare.data = host->check.data = host;
    plk_assert(uv_prepare_start(&host->prepare, on_prepare) == 0 && uv_check_start(&host->check, on_check) == 0);
    host->slept_us = plk_clock_slept_us();
}

void plk_host_drive_close(struct plk_host *host) {
    plk_udp_close(host->udp);
    plk_udp_sides_free(host->sides);
    plk_tcp_close(host->tcp);
    plk_timer_close(&host->timer);
    plk_interfaces_close(&host->interfaces);
    plk_resolver_close(host->resolver);
    plk_beacons_close(&host->beacons);
    plk_upnp_close(host->upnp);
    uv_close((uv_handle_t *)&host->prepare, NULL);
    uv_close((uv_handle_t *)&host->check, NULL);
}
