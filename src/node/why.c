// SPDX-License-Identifier: MIT
// Why the path to a contact is the one it is: what stands before both sides, as far as one can know, and what was tried. What is
// found out here goes to the owner of this node and nowhere else.
#include "node/inside.h"

// ---- noting -----------------------------------------------------------------------------------------------------------

void plk_link_note_at(struct plk_node *node, const struct plk_link *link, enum plk_trail_kind kind,
                      enum plk_transport transport, const struct plk_addr *addr) {
    struct plk_trail_step step = {.kind = kind, .transport = transport, .addr = *addr};
    if (link->peer == NULL || link->peer->heat != PLK_WARM) return;
    plk_trail_note(&link->peer->warm->trail, node->now.mono_us, &step);
}

void plk_link_note(struct plk_node *node, const struct plk_link *link, enum plk_trail_kind kind,
                   const struct plk_path *path) {
    struct plk_trail_step step = {.kind = kind};
    if (link->peer == NULL || link->peer->heat != PLK_WARM) return;
    if (path != NULL) step.transport = path->transport;
    if (path != NULL && path->transport != PLK_PASS) step.addr = path->addr;
    if (path != NULL && path->transport == PLK_PASS) step.stream = path->stream;
    plk_trail_note(&link->peer->warm->trail, node->now.mono_us, &step);
}

// ---- who stands where -------------------------------------------------------------------------------------------------

// Relays answer, but none of them by UDP.
static bool lets_out_no_udp(const struct plk_node *node) {
    bool any = false;
    for (const struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        if (relay->detour != NULL || relay->dial == NULL || !plk_relay_link_is_up(relay)) continue;
        if (!plk_relay_dial_status(relay->dial).tcp) return false;
        any = true;
    }
    return any;
}

static bool varies(enum plk_nat_behavior mapping) {
    return mapping == PLK_NAT_ADDRESS_DEPENDENT || mapping == PLK_NAT_ADDRESS_AND_PORT_DEPENDENT;
}

static enum plk_standing own_standing(const struct plk_node *node) {
    bool has4 = node->discovery.families[0].found.seen_count > 0;
    const struct plk_reflexive_found *found = &node->discovery.families[!has4].found;
    if (lets_out_no_udp(node)) return PLK_STANDING_NO_UDP;
    if (plk_network_has_mapped(&node->network, PLK_UDP, 4)) return PLK_STANDING_MAPPED;
    if (found->seen_count == 0) return PLK_STANDING_UNKNOWN;
    bool translated = !plk_network_is_own(&node->network, &found->seen[0]);
    enum plk_nat_behavior mapping = plk_discovery_mapping(node, has4 ? 4 : 6);
    if (varies(mapping)) return PLK_STANDING_VARIES;
    if (translated) return mapping == PLK_NAT_UNKNOWN ? PLK_STANDING_UNKNOWN : PLK_STANDING_NAT;
    return found->filtering == PLK_NAT_ADDRESS_AND_PORT_DEPENDENT ? PLK_STANDING_FIREWALL : PLK_STANDING_OPEN;
}

// From the list that the peer has told of itself: what it has itself, what its router gives it, what relays see, and how that
// gives away ports.
static enum plk_standing their_standing(const struct plk_link *link) {
    const struct plk_frame_address *udp = NULL;
    bool tcp = false, other = false, open = false, mapped = false;
    for (unsigned i = 0; i < link->told_count; i++) {
        const struct plk_frame_address *at = &link->told_list[i];
        bool seen = at->kind == PLK_FRAME_ADDRESS_REFLEXIVE;
        bool global = at->transport == PLK_UDP && plk_addr_class(&at->addr) == PLK_ADDR_GLOBAL;
        tcp = tcp || (seen && at->transport == PLK_TCP);
        mapped = mapped || (global && at->kind == PLK_FRAME_ADDRESS_MAPPED);
        open = open || (global && at->kind == PLK_FRAME_ADDRESS_HOST);
        other = other || at->kind == PLK_FRAME_ADDRESS_SEQUENTIAL || at->kind == PLK_FRAME_ADDRESS_RANDOM;
        if (!seen || at->transport != PLK_UDP) continue;
        if (udp == NULL) udp = at;
        other = other || (plk_addr_same_ip(&at->addr, &udp->addr) && at->addr.port != udp->addr.port);
    }
    if (mapped) return PLK_STANDING_MAPPED;
    if (other) return PLK_STANDING_VARIES;
    if (udp != NULL) return PLK_STANDING_NAT;
    if (tcp)
        return PLK_STANDING_NO_UDP; // it is asked for only where relays are reached by nothing else, or a contact is
    return open ? PLK_STANDING_OPEN : PLK_STANDING_UNKNOWN;
}

const char *plk_standing_word(enum plk_standing standing) {
    static const char *const words[] = {"unknown", "open", "mapped", "firewall", "nat", "varies", "no-udp"};
    return (unsigned)standing < sizeof words / sizeof words[0] ? words[standing] : words[0];
}

const char *plk_effort_word(enum plk_effort effort) {
    static const char *const words[] = {"none", "anew", "predict", "many", "aim", "guess"};
    return (unsigned)effort < sizeof words / sizeof words[0] ? words[effort] : words[0];
}

// ---- views ------------------------------------------------------------------------------------------------------------

enum plk_err plk_node_why(const struct plk_node *node, uint32_t contact, struct plk_why_view *view) {
    const struct plk_peer *peer = plk_peers_find(&node->peers, contact);
    if (peer == NULL) return PLK_ERR_NOT_FOUND;
    *view = (struct plk_why_view){.own = own_standing(node)};
    if (peer->link == NULL || !plk_link_is_up(peer->link)) return PLK_ERR_OK;
    const struct plk_path *active = plk_paths_active(&peer->link->paths);
    view->theirs = their_standing(peer->link);
    view->silent = peer->link->paths.suspect;
    plk_punch_tell(node, peer->link, view);
    if (active == NULL || active->transport != PLK_PASS) return PLK_ERR_OK;
    const struct plk_box *box = plk_boxes_find(node, active->stream);
    if (box == NULL) return PLK_ERR_OK;
    view->relay_host = plk_bytes(box->relay->host, box->relay->host_len);
    view->relay_port = box->relay->port;
    return PLK_ERR_OK;
}

bool plk_node_step(const struct plk_node *node, uint32_t contact, size_t index, struct plk_step_view *view) {
    const struct plk_peer *peer = plk_peers_find(&node->peers, contact);
    if (peer == NULL || peer->heat != PLK_WARM || index >= peer->warm->trail.count) return false;
    const struct plk_trail_step *step = &peer->warm->trail.steps[index];
    *view = (struct plk_step_view){.what = plk_trail_word(step->kind), .at_us = step->at_us, .count = step->count};
    view->transport = step->transport;
    view->addr = step->addr;
    const struct plk_box *box = step->transport == PLK_PASS ? plk_boxes_find(node, step->stream) : NULL;
    if (box == NULL) return true;
    view->relay_host = plk_bytes(box->relay->host, box->relay->host_len);
    view->relay_port = box->relay->port;
    return true;
}
