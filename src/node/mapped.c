// SPDX-License-Identifier: MIT
#include "node/mapped.h"

#include "node/inside.h"

void plk_mapped_init(struct plk_mapped *mapped) { *mapped = (struct plk_mapped){.due_us = PLK_NEVER}; }

static void set(struct plk_node *node) {
    struct plk_mapped *mapped = &node->mapped;
    const uint16_t udp[2] = {node->network.udp4_port, node->network.udp6_port};
    uint8_t key[PLK_PORTMAP_KEY_LEN];
    if (!mapped->begun) {
        plk_hkdf_label(key, sizeof key, plk_bytes(node->profile.seed, sizeof node->profile.seed), PLK_MAPPED_LABEL);
        plk_portmap_init(&mapped->ports, key);
        plk_mem_wipe(key, sizeof key);
        mapped->begun = true;
    }
    plk_portmap_set(&mapped->ports, mapped->gateways, mapped->gateway_count, udp, node->network.tcp_port,
                    node->now.mono_us);
    mapped->due_us = node->now.mono_us;
}

// A router is asked from the UDP socket of its family: where there is none, there is nobody to ask.
void plk_mapped_network(struct plk_node *node, const struct plk_input *input) {
    struct plk_mapped *mapped = &node->mapped;
    mapped->gateway_count = 0;
    for (size_t i = 0; i < input->network.gateway_count && mapped->gateway_count < PLK_PORTMAP_ROUTERS; i++) {
        const struct plk_gateway *gateway = &input->network.gateways[i];
        uint16_t port = gateway->addr.family == 4 ? input->network.udp4_port : input->network.udp6_port;
        if (port != 0) mapped->gateways[mapped->gateway_count++] = *gateway;
    }
    if (mapped->begun) set(node);
}

void plk_mapped_host(struct plk_node *node, const struct plk_input *input) {
    struct plk_mapped *mapped = &node->mapped;
    size_t count = input->mapped.count;
    mapped->host_count = count < PLK_MAPPED_HOST_MAX ? (unsigned)count : PLK_MAPPED_HOST_MAX;
    for (unsigned i = 0; i < mapped->host_count; i++) mapped->host[i] = input->mapped.list[i];
    mapped->due_us = node->now.mono_us;
}

void plk_mapped_again(struct plk_node *node) {
    if (node->mapped.begun) plk_portmap_again(&node->mapped.ports, node->now.mono_us);
}

void plk_mapped_leave(struct plk_node *node) {
    if (node->mapped.begun) plk_portmap_leave(&node->mapped.ports);
}

bool plk_mapped_heard(struct plk_node *node, const struct plk_addr *from, struct plk_bytes bytes) {
    struct plk_mapped *mapped = &node->mapped;
    if (from->port != PLK_PCP_PORT || !mapped->begun) return false;
    if (!plk_portmap_heard(&mapped->ports, from, bytes, &node->rng, node->now.mono_us)) return false;
    mapped->due_us = node->now.mono_us;
    return true;
}

static void tell(struct plk_node *node) {
    struct plk_mapped *mapped = &node->mapped;
    struct plk_mapping list[PLK_PORTMAP_LEASES + PLK_MAPPED_HOST_MAX];
    unsigned count = plk_portmap_list(&mapped->ports, node->now.mono_us, list);
    for (unsigned i = 0; i < mapped->host_count; i++) list[count++] = mapped->host[i];
    mapped->due_us = PLK_NEVER;
    if (!plk_network_mapped(&node->network, list, count)) return;
    mapped->told_us = node->now.mono_us;
    plk_discovery_tell(node);
}

void plk_mapped_tick(struct plk_node *node) {
    struct plk_mapped *mapped = &node->mapped;
    uint64_t now_us = node->now.mono_us;
    if (node->suspended || node->state != PLK_NODE_READY) return;
    if (!mapped->begun && node->network.known) set(node);
    if (!mapped->begun) return;
    uint64_t again_us = mapped->told_us == 0 ? 0 : mapped->told_us + PLK_MAPPED_PAUSE_US;
    if (plk_portmap_deadline(&mapped->ports, now_us) <= now_us || mapped->due_us <= now_us) {
        if (again_us <= now_us)
            tell(node);
        else
            mapped->due_us = again_us;
    }
}

bool plk_mapped_poll(struct plk_node *node, struct plk_output *output) {
    struct plk_mapped *mapped = &node->mapped;
    struct plk_portmap_packet *packet = &mapped->packet;
    if (node->suspended || !mapped->begun) return false;
    if (!plk_portmap_poll(&mapped->ports, &node->rng, node->now.mono_us, packet)) return false;
    node->counters.datagrams_out++;
    *output = (struct plk_output){
        .kind = PLK_OUT_DATAGRAM,
        .datagram = {.to = packet->to, .local = packet->local, .data = plk_bytes(packet->bytes, packet->len)}};
    return true;
}

uint64_t plk_mapped_deadline(const struct plk_node *node) {
    const struct plk_mapped *mapped = &node->mapped;
    if (node->suspended || !mapped->begun) return PLK_NEVER;
    return plk_earlier(mapped->due_us, plk_portmap_deadline(&mapped->ports, node->now.mono_us));
}
