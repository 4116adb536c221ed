// SPDX-License-Identifier: MIT
// What a host may ask of a node between calls. Nothing here changes it.
#include "contact/words.h"
#include "node/approach.h"
#include "node/inside.h"

enum plk_node_state plk_node_state(const struct plk_node *node) { return node->state; }

bool plk_node_is_busy(const struct plk_node *node) {
    return node->state == PLK_NODE_LOADING || (!node->ledger.stalled && plk_ledger_behind(&node->ledger));
}

const struct plk_counters *plk_node_counters(const struct plk_node *node) { return &node->counters; }

enum plk_err plk_node_profile(const struct plk_node *node, struct plk_profile_view *view) {
    if (node->state != PLK_NODE_READY) return PLK_ERR_NO_PROFILE;
    memcpy(view->peer_id, node->persona.peer_id, sizeof view->peer_id);
    memcpy(view->device, node->profile.device, sizeof view->device);
    view->name = plk_profile_name(&node->profile);
    view->about = plk_profile_about(&node->profile);
    view->avatar = plk_buf_bytes(&node->avatar);
    view->last_event = node->event_n;
    return PLK_ERR_OK;
}

enum plk_err plk_node_words(const struct plk_node *node, char *out, size_t cap, size_t *len) {
    if (node->state != PLK_NODE_READY) return PLK_ERR_NO_PROFILE;
    if (cap <= PLK_WORDS_TEXT_MAX) return PLK_ERR_TOO_LONG;
    plk_words_encode(node->profile.seed, out, len);
    return PLK_ERR_OK;
}

enum plk_err plk_words_to_seed(struct plk_bytes words, uint8_t seed[32]) {
    unsigned wrong;
    return plk_words_decode(words, seed, &wrong);
}

enum plk_err plk_node_safety(const struct plk_node *node, uint32_t contact, char out[PLK_SAFETY_LEN + 1]) {
    const struct plk_peer *peer = plk_peers_find(&node->peers, contact);
    if (peer == NULL || plk_approach_is_provisional(peer)) return PLK_ERR_NOT_FOUND; // whose would it be?
    plk_persona_safety(out, node->persona.peer_id, peer->row.peer_id);
    return PLK_ERR_OK;
}

const char *plk_path_word_text(enum plk_path_word word) {
    static const char *const texts[] = {NULL,         "lan",        "udp-direct",  "udp-punched",
                                        "udp-mapped", "tcp-direct", "tcp-reverse", "relay"};
    return (unsigned)word < sizeof texts / sizeof texts[0] ? texts[word] : NULL;
}

static void add_seen(struct plk_nat_view *view, const struct plk_addr *addr) {
    if (view->count == PLK_NAT_PUBLIC_MAX || plk_addr_class(addr) != PLK_ADDR_GLOBAL) return;
    for (unsigned i = 0; i < view->count; i++) {
        if (plk_addr_equal(&view->seen[i], addr)) return;
    }
    view->seen[view->count++] = *addr;
}

void plk_node_nat(const struct plk_node *node, struct plk_nat_view *view) {
    const struct plk_reflexive *families = node->discovery.families;
    bool has4 = families[0].found.seen_count > 0;
    *view = (struct plk_nat_view){.mapping = plk_discovery_mapping(node, has4 ? 4 : 6),
                                  .filtering = families[!has4].found.filtering};
    for (unsigned family = 4; family <= 6; family += 2) {
        struct plk_addr own[PLK_NETWORK_INTERFACES];
        unsigned count = plk_network_own(&node->network, (uint8_t)family, own);
        for (unsigned i = 0; i < count && view->count < PLK_NAT_PUBLIC_MAX; i++) {
            if (own[i].port != 0 && plk_addr_class(&own[i]) == PLK_ADDR_GLOBAL) view->seen[view->count++] = own[i];
        }
    }
    for (unsigned i = 0; i < node->network.mapped_count; i++) {
        view->mapped[view->mapped_count++] = node->network.mapped[i];
        add_seen(view, &node->network.mapped[i].external);
    }
    for (unsigned i = 0; i < node->network.seen_count && view->count < PLK_NAT_PUBLIC_MAX; i++) {
        add_seen(view, &node->network.seen[i]);
    }
}

// What the peer has told of this address; NULL: nothing.
static const struct plk_frame_address *told_of(const struct plk_link *link, const struct plk_addr *addr) {
    for (unsigned i = 0; i < link->told_count; i++) {
        const struct plk_frame_address *told = &link->told_list[i];
        if (told->transport == PLK_UDP && plk_addr_equal(&told->addr, addr)) return told;
    }
    return NULL;
}

// Does the peer say that it has this address itself? What it has not told is what a NAT has made of it.
static bool is_host_address(const struct plk_link *link, const struct plk_addr *addr) {
    const struct plk_frame_address *told = told_of(link, addr);
    return told != NULL && !plk_frame_address_seen(told->kind);
}

// It goes through a port that a router holds open, the peer's or ours.
static bool is_mapped(const struct plk_node *node, const struct plk_link *link, const struct plk_path *path) {
    const struct plk_frame_address *told = told_of(link, &path->addr);
    if (told != NULL && told->kind == PLK_FRAME_ADDRESS_MAPPED) return true;
    if (path->seen.family != 0) return plk_network_is_mapped(&node->network, PLK_UDP, &path->seen);
    // It was never asked about: where both sides let in only those they have sent to, a call got in by such a port.
    uint8_t family = path->addr.family;
    return !path->checked && !is_host_address(link, &path->addr) && plk_discovery_is_closed(node, family) &&
           plk_network_has_mapped(&node->network, PLK_UDP, family);
}

// Both sides had to send before either was let in: we are behind something that lets nobody in, and so is the peer, as far as can be
// seen from here: its address is no host's, or our call did not get there, and a check did.
static bool is_punched(const struct plk_node *node, const struct plk_link *link, const struct plk_path *path) {
    return plk_discovery_is_closed(node, path->addr.family) && (path->checked || !is_host_address(link, &path->addr));
}

static enum plk_path_word word_of(const struct plk_node *node, const struct plk_link *link,
                                  const struct plk_path *path) {
    if (path->transport == PLK_PASS) return PLK_PATH_RELAY;
    if (plk_network_is_lan(&node->network, &path->addr)) return PLK_PATH_LAN;
    if (path->transport == PLK_UDP && is_mapped(node, link, path)) return PLK_PATH_UDP_MAPPED;
    if (path->transport == PLK_UDP) return is_punched(node, link, path) ? PLK_PATH_UDP_PUNCHED : PLK_PATH_UDP_DIRECT;
    return path->inbound ? PLK_PATH_TCP_REVERSE : PLK_PATH_TCP_DIRECT;
}

// Over what one's own channel to the relay goes: that is as far as this side can see.
static enum plk_transport carried_over(const struct plk_relay_link *relay) {
    if (relay->detour != NULL && relay->detour->through != NULL) return carried_over(relay->detour->through);
    bool tcp = relay->dial != NULL && plk_relay_dial_status(relay->dial).tcp;
    return tcp ? PLK_TCP : PLK_UDP;
}

static enum plk_transport transport_of(const struct plk_node *node, const struct plk_path *path) {
    if (path->transport != PLK_PASS) return path->transport;
    const struct plk_box *box = plk_boxes_find(node, path->stream);
    return box != NULL ? carried_over(box->relay) : PLK_UDP;
}

static void view_path(const struct plk_node *node, const struct plk_peer *peer, struct plk_contact_view *view) {
    const struct plk_link *link = peer->link;
    const struct plk_path *path = plk_paths_active(&link->paths);
    if (path == NULL) return;
    view->path = word_of(node, link, path);
    view->transport = transport_of(node, path);
    view->remote = path->addr;
    view->packet_len = plk_path_size(path);
    struct plk_flight_path_info info;
    bool known = plk_flight_path_info(link->channels[link->current].flight, path->id, &info) && info.has_rtt;
    view->rtt_us = known ? info.smoothed_us : path->rtt_us;
}

static const char *detour_text(enum plk_detour_word word) {
    switch (word) {
    case PLK_DETOUR_NO_RELAY:
        return "no-relay";
    case PLK_DETOUR_UNREACHABLE:
        return "unreachable";
    case PLK_DETOUR_REFUSED:
        return "refused";
    case PLK_DETOUR_WORKS:
    case PLK_DETOUR_SEEKS:
        break;
    }
    return NULL;
}

// What is in the way of all its relays, or of the last of them. NULL: one of them can be reached, or nobody knows yet.
static const char *hindrance_of(const struct plk_node *node, const struct plk_peer *peer) {
    static const enum plk_box_use uses[] = {PLK_BOX_CONTACT, PLK_BOX_INVITE};
    const char *text = NULL;
    for (size_t i = 0; peer->row.relay_only && i < sizeof uses / sizeof uses[0]; i++) {
        const struct plk_box *box = NULL;
        while ((box = plk_boxes_next(node, uses[i], false, peer->row.contact, box)) != NULL) {
            bool direct = box->relay->detour == NULL;
            text = direct ? NULL : detour_text(plk_detour_word(node, box->relay));
            if (direct ? plk_relay_link_is_up(box->relay) : text == NULL) return NULL;
            if (direct) text = "no-relay"; // it is one's own
        }
    }
    return text;
}

static void view(const struct plk_node *node, const struct plk_peer *peer, struct plk_contact_view *out) {
    memset(out, 0, sizeof *out);
    out->row = peer->row;
    out->undelivered = peer->heat == PLK_WARM ? plk_mail_undelivered(peer->warm->mail) : peer->undelivered;
    out->last_seen_ms = peer->seen_ms;
    out->next_try_us = peer->next_try_us;
    out->online = plk_peer_is_online(node, peer);
    out->damaged = peer->damaged;
    if (peer->heat == PLK_WARM) out->about = plk_buf_bytes(&peer->warm->about);
    if (peer->link != NULL && plk_link_is_up(peer->link)) view_path(node, peer, out);
    out->hindrance = hindrance_of(node, peer);
}

bool plk_node_next_contact(const struct plk_node *node, uint32_t *cursor, struct plk_contact_view *out) {
    for (size_t i = 0; i < node->peers.count; i++) {
        const struct plk_peer *peer = node->peers.list[i];
        if (peer->row.contact <= *cursor) continue;
        *cursor = peer->row.contact;
        view(node, peer, out);
        return true;
    }
    return false;
}

enum plk_err plk_node_contact(const struct plk_node *node, uint32_t contact, struct plk_contact_view *out) {
    const struct plk_peer *peer = plk_peers_find(&node->peers, contact);
    if (peer == NULL) return PLK_ERR_NOT_FOUND;
    view(node, peer, out);
    return PLK_ERR_OK;
}

enum plk_err plk_node_find_contact(const struct plk_node *node, struct plk_bytes name, uint32_t *contact) {
    const struct plk_peer *peer = plk_peers_by_name(&node->peers, name);
    uint8_t peer_id[PLK_PEER_ID_LEN];
    if (peer == NULL && plk_persona_id_parse(peer_id, name) == PLK_ERR_OK)
        peer = plk_peers_by_id(&node->peers, peer_id);
    if (peer == NULL) return PLK_ERR_NOT_FOUND;
    *contact = peer->row.contact;
    return PLK_ERR_OK;
}

static const char *source_text(enum plk_candidate_source source) {
    switch (source) {
    case PLK_CANDIDATE_GOOD:
        return "seen";
    case PLK_CANDIDATE_LINK:
        return "configured";
    case PLK_CANDIDATE_TOLD:
        return "told";
    case PLK_CANDIDATE_BEACON:
        return "beacon";
    }
    return "told";
}

static const char *state_of(const struct plk_peer *peer, const struct plk_candidate *candidate,
                            const struct plk_path **found) {
    struct plk_link *link = peer->link;
    *found = NULL;
    if (peer->row.relay_only) return "barred";
    for (unsigned i = 0; link != NULL && i < PLK_PATHS_MAX; i++) {
        const struct plk_path *path = &link->paths.list[i];
        if (path->id == 0 || path->transport != candidate->transport) continue;
        if (!plk_addr_equal(&path->addr, &candidate->addr)) continue;
        *found = path;
        if (path->id == link->paths.active) return link->paths.suspect ? "silent" : "active";
        return path->checking ? "checking" : path->proven ? "spare" : "silent";
    }
    if (link != NULL && link->attempt.live) return "checking";
    return "waiting";
}

static const char *box_state_of(const struct plk_node *node, const struct plk_peer *peer, const struct plk_box *box,
                                const struct plk_path **found) {
    struct plk_link *link = peer->link;
    *found = NULL;
    const char *hindered = box->relay->detour == NULL ? NULL : detour_text(plk_detour_word(node, box->relay));
    if (hindered != NULL) return hindered;
    for (unsigned i = 0; link != NULL && i < PLK_PATHS_MAX; i++) {
        const struct plk_path *path = &link->paths.list[i];
        if (path->id == 0 || path->transport != PLK_PASS || path->stream != box->id) continue;
        *found = path;
        if (path->id == link->paths.active) return link->paths.suspect ? "silent" : "active";
        return path->checking ? "checking" : path->proven ? "spare" : "silent";
    }
    bool keeps_nothing = box->parley.guest_asked && !plk_relays_has_own(&node->relays);
    if (box->refused || keeps_nothing) return "refused";
    return box->relay->dial != NULL && !plk_relay_dial_status(box->relay->dial).connected ? "failed" : "waiting";
}

static void view_through(const struct plk_relay_link *relay, struct plk_way_view *out) {
    const struct plk_relay_link *through = relay->detour == NULL ? NULL : relay->detour->through;
    if (through == NULL) return;
    out->through_host = plk_bytes(through->host, through->host_len);
    out->through_port = through->port;
}

// Queues of the peer's, by the relays that they are on; while a link is being opened, those of the link.
static bool relay_way(const struct plk_node *node, const struct plk_peer *peer, size_t index,
                      struct plk_way_view *out) {
    static const enum plk_box_use uses[] = {PLK_BOX_CONTACT, PLK_BOX_INVITE};
    const struct plk_path *path;
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        const struct plk_box *box = NULL;
        while ((box = plk_boxes_next(node, uses[i], false, peer->row.contact, box)) != NULL) {
            if (index-- > 0) continue;
            *out = (struct plk_way_view){.transport = PLK_PASS, .source = uses[i] == PLK_BOX_INVITE ? "link" : "told"};
            out->relay_host = plk_bytes(box->relay->host, box->relay->host_len);
            out->relay_port = box->relay->port;
            view_through(box->relay, out);
            out->state = box_state_of(node, peer, box, &path);
            if (path == NULL) return true;
            out->rtt_us = path->rtt_us;
            out->last_heard_us = path->heard_us;
            return true;
        }
    }
    return false;
}

bool plk_node_way(const struct plk_node *node, uint32_t contact, size_t index, struct plk_way_view *out) {
    const struct plk_peer *peer = plk_peers_find(&node->peers, contact);
    if (peer == NULL || peer->heat != PLK_WARM) return false;
    if (index >= peer->warm->candidates.count) return relay_way(node, peer, index - peer->warm->candidates.count, out);
    const struct plk_candidate *candidate = &peer->warm->candidates.list[index];
    const struct plk_path *path;
    memset(out, 0, sizeof *out);
    out->transport = candidate->transport;
    out->addr = candidate->addr;
    out->source = source_text(candidate->source);
    out->state = state_of(peer, candidate, &path);
    out->tries = peer->tries;
    out->next_try_us = peer->next_try_us;
    if (path != NULL) {
        out->rtt_us = path->rtt_us;
        out->last_heard_us = path->heard_us;
    }
    return true;
}
