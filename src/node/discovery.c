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

void plk_discovery_refresh(struct plk_node *node) {
    const struct plk_discovery *discovery = &node->discovery;
    if (discovery->unheld && node->now.mono_us - discovery->begun_us >= PLK_DISCOVERY_STALE_US)
        plk_discovery_soon(node);
}

static bool note_seen(struct plk_node *node) {
    const struct plk_discovery *discovery = &node->discovery;
    struct plk_nat_class nat4 = plk_discovery_class(node);
    return plk_network_seen(&node->network, &discovery->families[0].found, &nat4, &discovery->families[1].found);
}

void plk_discovery_forget(struct plk_node *node) {
    plk_discovery_init(&node->discovery);
    plk_serving_forget(node);
    plk_sockets_look(node);
    note_seen(node);
}

// Relays that are spoken to from here, over UDP: one's own stand first. The channel may be of the other family: a contact may have
// nothing but this one. *held: one of the channels keeps our mapping in this family alive.
static unsigned servers_of(const struct plk_node *node, uint8_t family, struct plk_reflexive_server *servers,
                           bool *held) {
    unsigned count = 0;
    const struct plk_relay_link *relay = node->relays.first;
    *held = false;
    for (; relay != NULL && count < PLK_REFLEXIVE_SERVERS; relay = relay->next) {
        if (relay->detour != NULL || relay->dial == NULL || !plk_relay_link_is_up(relay)) continue;
        struct plk_relay_dial_status status = plk_relay_dial_status(relay->dial);
        if (!status.connected || status.tcp) continue;
        servers[count] = (struct plk_reflexive_server){.addr = status.addr};
        *held = *held || status.addr.family == family;
        if (status.addr.family != family && !plk_relay_dial_addr(relay->dial, family, &servers[count].addr)) continue;
        const struct plk_hello_heard *heard = plk_relay_dial_heard(relay->dial);
        if (heard->has_stun && heard->stun.family == family) servers[count].other = heard->stun;
        count++;
    }
    return count;
}

bool plk_discovery_server(const struct plk_node *node, struct plk_addr *server) {
    struct plk_reflexive_server servers[PLK_REFLEXIVE_SERVERS];
    bool held;
    if (servers_of(node, 4, servers, &held) == 0) return false;
    *server = servers[0].addr;
    return true;
}

static void end_survey(struct plk_node *node) {
    memset(node->discovery.survey_sockets, 0, sizeof node->discovery.survey_sockets);
    plk_sockets_look(node);
}

static void begin_survey(struct plk_node *node, const struct plk_reflexive_server *servers, unsigned count) {
    struct plk_discovery *discovery = &node->discovery;
    end_survey(node);
    uint32_t first = count > 0 ? plk_sockets_open(node, PLK_SURVEY_SOCKETS) : 0;
    plk_survey_begin(&discovery->survey, servers, first != 0 ? count : 0, &node->rng, node->now.mono_us);
    for (unsigned i = 0; first != 0 && i < PLK_SURVEY_SOCKETS; i++) discovery->survey_sockets[i] = first + i;
}

static void begin(struct plk_node *node) {
    struct plk_discovery *discovery = &node->discovery;
    struct plk_reflexive_server servers[PLK_REFLEXIVE_SERVERS];
    bool any = false, held;
    discovery->unheld = false;
    for (unsigned i = 0; i < 2; i++) {
        unsigned count = servers_of(node, i == 0 ? 4 : 6, servers, &held);
        discovery->unheld = discovery->unheld || (count > 0 && !held);
        plk_reflexive_begin(&discovery->families[i], servers, count, &node->rng, node->now.mono_us);
        if (i == 0) begin_survey(node, servers, count);
        any = any || count > 0;
        if (count == 0) plk_mirror_want(node, i == 0 ? 4 : 6); // no UDP gets out, perhaps: TCP it will be
    }
    discovery->begun_us = node->now.mono_us | 1;
    discovery->due_us = any ? node->now.mono_us + PLK_DISCOVERY_EVERY_US : PLK_NEVER; // until one comes up
}

void plk_discovery_tell(struct plk_node *node) {
    plk_serving_look(node);
    for (struct plk_link *link = node->links; link != NULL; link = link->next) {
        if (!plk_link_is_up(link)) continue;
        link->addresses_due = link->dirty = true;
        plk_paths_seek(&link->paths);
    }
    plk_punch_look(node);
}

static void look(struct plk_node *node) {
    bool changed = false;
    for (unsigned i = 0; i < 2; i++)
        changed |= plk_reflexive_tick(&node->discovery.families[i], node->now.mono_us, &node->rng);
    if (plk_survey_tick(&node->discovery.survey, node->now.mono_us)) {
        end_survey(node);
        changed = true;
    }
    if (changed && note_seen(node)) plk_discovery_tell(node);
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
    if (open) return PLK_NAT_ENDPOINT_INDEPENDENT;
    // Each may have asked where the other has not; what both have seen is the harder of the two, and the survey knows sooner.
    enum plk_nat_behavior surveyed = family == 4 ? node->discovery.survey.found.mapping : PLK_NAT_UNKNOWN;
    return surveyed > found->mapping ? surveyed : found->mapping;
}

struct plk_nat_class plk_discovery_class(const struct plk_node *node) {
    struct plk_nat_class class = node->discovery.survey.found;
    class.mapping = plk_discovery_mapping(node, 4);
    if (plk_nat_is_hard(class.mapping) && class.ports == PLK_NAT_PORTS_UNKNOWN) class.ports = PLK_NAT_PORTS_RANDOM;
    return class;
}

bool plk_discovery_uses(const struct plk_node *node, uint32_t socket) {
    for (unsigned i = 0; i < PLK_SURVEY_SOCKETS; i++) {
        if (node->discovery.survey_sockets[i] == socket) return true;
    }
    return false;
}

// Who asked is known by the question's number, and for the bound socket by the family as well.
bool plk_discovery_heard(struct plk_node *node, const struct plk_way *way, struct plk_bytes stun) {
    struct plk_stun message;
    if ((way->addr.family != 4 && way->addr.family != 6) || plk_stun_decode(stun, &message) != PLK_ERR_OK) return false;
    if (plk_punch_heard(node, &message)) return true;
    struct plk_discovery *discovery = &node->discovery;
    bool known = plk_survey_heard(&discovery->survey, &message, &node->rng, node->now.mono_us);
    known = known || plk_reflexive_heard(&discovery->families[way->addr.family == 6], &message);
    if (known) look(node);
    return known;
}

void plk_discovery_tick(struct plk_node *node) {
    if (node->suspended || node->state != PLK_NODE_READY) return;
    if (node->discovery.due_us <= node->now.mono_us) begin(node);
    look(node);
}

static bool poll_survey(struct plk_node *node, uint32_t *socket, struct plk_addr *to, size_t *len) {
    unsigned index;
    struct plk_discovery *discovery = &node->discovery;
    if (!plk_survey_poll(&discovery->survey, node->now.mono_us, &index, to, node->stun, len)) return false;
    *socket = discovery->survey_sockets[index];
    return true;
}

bool plk_discovery_poll(struct plk_node *node, struct plk_output *output) {
    struct plk_addr to;
    uint32_t socket = 0;
    size_t len;
    if (node->suspended) return false;
    bool any = poll_survey(node, &socket, &to, &len);
    for (unsigned i = 0; i < 2 && !any; i++)
        any = plk_reflexive_poll(&node->discovery.families[i], node->now.mono_us, &to, node->stun, &len);
    if (!any) return false;
    node->counters.datagrams_out++;
    *output = (struct plk_output){.kind = PLK_OUT_DATAGRAM,
                                  .datagram = {.to = to, .data = plk_bytes(node->stun, len), .socket = socket}};
    return true;
}

uint64_t plk_discovery_deadline(const struct plk_node *node) {
    if (node->suspended || node->state != PLK_NODE_READY) return PLK_NEVER;
    uint64_t due_us = plk_earlier(node->discovery.due_us, plk_reflexive_deadline(&node->discovery.families[0]));
    due_us = plk_earlier(due_us, plk_survey_deadline(&node->discovery.survey));
    return plk_earlier(due_us, plk_reflexive_deadline(&node->discovery.families[1]));
}
