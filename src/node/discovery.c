// SPDX-License-Identifier: MIT
#include "node/discovery.h"

#include "node/inside.h"

void plk_discovery_init(struct plk_discovery *discovery) { *discovery = (struct plk_discovery){.due_us = PLK_NEVER}; }

void plk_discovery_soon(struct plk_node *node) {
    struct plk_discovery *discovery = &node->discovery;
    uint64_t at_us = node->now.mono_us + PLK_DISCOVERY_GATHER_US;
    uint64_t again_us = discovery->begun_us + PLK_DISCOVERY_PAUSE_US;
    if (discovery->begun_us != 0 && at_us < again_us) at_us = again_us;
    discovery->due_us = plk_earlier(discovery->due_us, at_us);
}

void plk_discovery_forget(struct plk_node *node) {
    plk_discovery_init(&node->discovery);
    plk_network_seen(&node->network, &node->discovery.families[0].found, &node->discovery.families[1].found);
}

// Relays that are spoken to from here, over UDP: one's own stand first.
static unsigned servers_of(const struct plk_node *node, uint8_t family, struct plk_reflexive_server *servers) {
    unsigned count = 0;
    const struct plk_relay_link *relay = node->relays.first;
    for (; relay != NULL && count < PLK_REFLEXIVE_SERVERS; relay = relay->next) {
        if (relay->detour != NULL || relay->dial == NULL || !plk_relay_link_is_up(relay)) continue;
        struct plk_relay_dial_status status = plk_relay_dial_status(relay->dial);
        if (!status.connected || status.tcp || status.addr.family != family) continue;
        const struct plk_hello_heard *heard = plk_relay_dial_heard(relay->dial);
        servers[count] = (struct plk_reflexive_server){.addr = status.addr};
        if (heard->has_stun && heard->stun.family == family) servers[count].other = heard->stun;
        count++;
    }
    return count;
}

static void begin(struct plk_node *node) {
    struct plk_discovery *discovery = &node->discovery;
    struct plk_reflexive_server servers[PLK_REFLEXIVE_SERVERS];
    bool any = false;
    for (unsigned i = 0; i < 2; i++) {
        unsigned count = servers_of(node, i == 0 ? 4 : 6, servers);
        plk_reflexive_begin(&discovery->families[i], servers, count, &node->rng, node->now.mono_us);
        any = any || count > 0;
    }
    discovery->begun_us = node->now.mono_us | 1;
    discovery->due_us = any ? node->now.mono_us + PLK_DISCOVERY_EVERY_US : PLK_NEVER; // until one comes up
}

void plk_discovery_tell(struct plk_node *node) {
    for (struct plk_link *link = node->links; link != NULL; link = link->next) {
        if (!plk_link_is_up(link)) continue;
        link->addresses_due = link->dirty = true;
        plk_paths_seek(&link->paths);
    }
}

static void look(struct plk_node *node) {
    bool changed = false;
    for (unsigned i = 0; i < 2; i++)
        changed |= plk_reflexive_tick(&node->discovery.families[i], node->now.mono_us, &node->rng);
    const struct plk_reflexive *families = node->discovery.families;
    if (changed && plk_network_seen(&node->network, &families[0].found, &families[1].found)) plk_discovery_tell(node);
}

static bool is_translated(const struct plk_node *node, const struct plk_reflexive_found *found) {
    return found->seen_count > 0 && !plk_network_is_own(&node->network, &found->seen[0]);
}

bool plk_discovery_is_closed(const struct plk_node *node, uint8_t family) {
    const struct plk_reflexive_found *found = &node->discovery.families[family == 6].found;
    return is_translated(node, found) || found->filtering == PLK_NAT_ADDRESS_AND_PORT_DEPENDENT;
}

enum plk_nat_behavior plk_discovery_mapping(const struct plk_node *node, uint8_t family) {
    const struct plk_reflexive_found *found = &node->discovery.families[family == 6].found;
    bool open = found->seen_count > 0 && !is_translated(node, found);
    return open ? PLK_NAT_ENDPOINT_INDEPENDENT : found->mapping;
}

bool plk_discovery_heard(struct plk_node *node, const struct plk_addr *from, struct plk_bytes stun) {
    struct plk_stun message;
    if (from->family != 4 && from->family != 6) return false;
    struct plk_reflexive *family = &node->discovery.families[from->family == 6];
    if (plk_stun_decode(stun, &message) != PLK_ERR_OK || !plk_reflexive_heard(family, &message)) return false;
    look(node);
    return true;
}

void plk_discovery_tick(struct plk_node *node) {
    if (node->suspended || node->state != PLK_NODE_READY) return;
    if (node->discovery.due_us <= node->now.mono_us) begin(node);
    look(node);
}

bool plk_discovery_poll(struct plk_node *node, struct plk_output *output) {
    for (unsigned i = 0; i < 2 && !node->suspended; i++) {
        struct plk_addr to;
        size_t len;
        if (!plk_reflexive_poll(&node->discovery.families[i], node->now.mono_us, &to, node->stun, &len)) continue;
        node->counters.datagrams_out++;
        *output =
            (struct plk_output){.kind = PLK_OUT_DATAGRAM, .datagram = {.to = to, .data = plk_bytes(node->stun, len)}};
        return true;
    }
    return false;
}

uint64_t plk_discovery_deadline(const struct plk_node *node) {
    if (node->suspended || node->state != PLK_NODE_READY) return PLK_NEVER;
    uint64_t due_us = plk_earlier(node->discovery.due_us, plk_reflexive_deadline(&node->discovery.families[0]));
    return plk_earlier(due_us, plk_reflexive_deadline(&node->discovery.families[1]));
}
