// SPDX-License-Identifier: MIT
#include "node/neighbours.h"

#include "contact/beacon_tag.h"
#include "node/inside.h"
#include "session/hint.h"

void plk_neighbours_init(struct plk_neighbours *neighbours) {
    *neighbours = (struct plk_neighbours){.due_us = PLK_NEVER};
}

void plk_neighbours_network(struct plk_node *node, bool on) {
    node->neighbours.on = on;
    node->neighbours.face = node->neighbours.face_count = 0;
}

void plk_neighbours_call(struct plk_node *node) {
    struct plk_neighbours *n = &node->neighbours;
    if (n->on) n->due_us = plk_earlier(n->due_us, node->now.mono_us + PLK_NEIGHBOURS_FIRST_US);
}

// Presence is told to nobody else than who is called anyway.
static bool is_called(const struct plk_peer *peer) {
    const struct plk_link *link = peer->link;
    if (peer->heat != PLK_WARM || !peer->warm->has_recovery || peer->row.relay_only || peer->row.blocked) return false;
    return link != NULL && link->attempt.live && !plk_link_is_up(link);
}

// ---- telling --------------------------------------------------------------------------------------------------------------

// Addresses that mean something on a LAN only: a server in the open has no neighbours who are its owner's contacts.
static void choose_faces(struct plk_node *node) {
    struct plk_neighbours *n = &node->neighbours;
    n->face = n->face_count = 0;
    for (size_t i = 0; i < node->network.count && n->face_count < PLK_NEIGHBOURS_FACES; i++) {
        struct plk_addr addr = node->network.prefixes[i].addr;
        addr.port = addr.family == 4 ? node->network.udp4_port : node->network.udp6_port;
        enum plk_addr_class class = plk_addr_class(&addr);
        bool link_local = class == PLK_ADDR_LINK_LOCAL;
        if (link_local || (class == PLK_ADDR_PRIVATE && addr.family == 4)) n->faces[n->face_count++] = addr;
    }
}

static bool outbound_key(const struct plk_node *node, const struct plk_peer *peer, uint8_t key[PLK_BEACON_KEY_LEN]) {
    uint8_t psk[32], hint_key[PLK_HINT_KEY_LEN];
    if (!plk_peer_recovery_psk(peer, psk)) return false;
    bool smaller = memcmp(node->persona.peer_id, peer->row.peer_id, PLK_PEER_ID_LEN) < 0;
    plk_hint_key(hint_key, psk, smaller ? PLK_HINT_SMALLER : PLK_HINT_LARGER);
    plk_beacon_key(key, hint_key);
    plk_mem_wipe(psk, sizeof psk);
    plk_mem_wipe(hint_key, sizeof hint_key);
    return true;
}

// Tags of those who are called, at random places among random ones; a new nonce for each interface.
static void fill(struct plk_node *node, const struct plk_addr *from) {
    struct plk_beacon beacon;
    uint8_t places[PLK_BEACON_TAGS], key[PLK_BEACON_KEY_LEN];
    unsigned left = PLK_BEACON_TAGS;
    plk_rng_bytes(&node->rng, &beacon.nonce, sizeof beacon.nonce);
    for (unsigned i = 0; i < PLK_BEACON_TAGS; i++) {
        places[i] = (uint8_t)i;
        beacon.tags[i] = (uint32_t)plk_rng_u64(&node->rng);
    }
    for (const struct plk_peer *peer = node->peers.warm; peer != NULL && left > 0; peer = peer->next_warm) {
        if (!is_called(peer) || !outbound_key(node, peer, key)) continue;
        unsigned which = (unsigned)plk_rng_below(&node->rng, left);
        beacon.tags[places[which]] = plk_beacon_tag(key, beacon.nonce, from);
        places[which] = places[--left];
    }
    plk_mem_wipe(key, sizeof key);
    struct plk_writer w = plk_writer(node->neighbours.packet, sizeof node->neighbours.packet);
    plk_beacon_encode(&w, &beacon);
    plk_assert(!w.failed);
}

static bool is_anybody_called(const struct plk_node *node) {
    const struct plk_peer *peer = node->peers.warm;
    while (peer != NULL && !is_called(peer)) peer = peer->next_warm;
    return peer != NULL;
}

bool plk_neighbours_poll(struct plk_node *node, struct plk_output *output) {
    struct plk_neighbours *n = &node->neighbours;
    if (n->face == n->face_count || node->suspended) return false;
    const struct plk_addr *from = &n->faces[n->face++];
    fill(node, from);
    node->counters.datagrams_out++;
    *output = (struct plk_output){.kind = PLK_OUT_DATAGRAM,
                                  .datagram = {.to = plk_beacon_group(from->family, from->scope),
                                               .local = *from,
                                               .data = plk_bytes(n->packet, sizeof n->packet)}};
    return true;
}

// ---- hearing --------------------------------------------------------------------------------------------------------------

// Who floods the LAN keeps beacons from being looked at, and nothing else.
static bool may_scan(struct plk_node *node) {
    struct plk_neighbours *n = &node->neighbours;
    uint64_t now_us = node->now.mono_us, gained = (now_us - n->scanned_us) / PLK_NEIGHBOURS_SCAN_US;
    if (gained >= PLK_NEIGHBOURS_SCANS || n->scanned_us == 0) {
        n->scans = PLK_NEIGHBOURS_SCANS;
        n->scanned_us = now_us;
    } else {
        n->scans += (unsigned)gained;
        n->scanned_us += gained * PLK_NEIGHBOURS_SCAN_US;
        if (n->scans > PLK_NEIGHBOURS_SCANS) n->scans = PLK_NEIGHBOURS_SCANS;
    }
    if (n->scans == 0) return false;
    n->scans--;
    return true;
}

static bool is_for_us(const struct plk_peer *peer, const struct plk_beacon *beacon, const struct plk_addr *from) {
    for (unsigned i = 0; i < peer->row.hint_count; i++) {
        uint8_t key[PLK_BEACON_KEY_LEN];
        if (peer->row.hints[i].tag != PLK_HINT_TAG_RECOVERY) continue;
        plk_beacon_key(key, peer->row.hints[i].key);
        uint32_t tag = plk_beacon_tag(key, beacon->nonce, from);
        for (unsigned k = 0; k < PLK_BEACON_TAGS; k++) {
            if (beacon->tags[k] == tag) return true;
        }
    }
    return false;
}

static void remember(struct plk_node *node, uint32_t contact, const struct plk_addr *from) {
    struct plk_neighbours *n = &node->neighbours;
    unsigned at = 0;
    for (unsigned i = 0; i < PLK_NEIGHBOURS_HEARD; i++) {
        if (n->heard[i].contact == contact) at = i;
        if (n->heard[i].contact == contact || n->heard[at].contact == 0) break;
        if (n->heard[i].until_us < n->heard[at].until_us || n->heard[i].contact == 0) at = i;
    }
    n->heard[at] = (struct plk_neighbour){contact, *from, node->now.mono_us + PLK_NEIGHBOURS_HEARD_US};
}

void plk_neighbours_heard(struct plk_node *node, const struct plk_addr *from, struct plk_bytes bytes) {
    struct plk_beacon beacon;
    if (node->state != PLK_NODE_READY || !node->neighbours.on) return;
    if (plk_beacon_decode(bytes, &beacon) != PLK_ERR_OK) {
        node->counters.malformed++;
        return;
    }
    bool near = plk_network_is_lan(&node->network, from) && !plk_network_is_own(&node->network, from);
    if (!near || !may_scan(node)) {
        node->counters.limited += near;
        return;
    }
    for (size_t i = 0; i < node->peers.count; i++) {
        struct plk_peer *peer = node->peers.list[i];
        bool talks = peer->row.state == PLK_CONTACT_ACTIVE && !peer->row.blocked && !peer->damaged;
        if (!talks || peer->row.relay_only || !is_for_us(peer, &beacon, from)) continue;
        remember(node, peer->row.contact, from);
        plk_peer_warm(node, peer);
    }
}

// Its rows are there: it is called at that address, whatever else is tried.
static void call(struct plk_node *node, struct plk_peer *peer, const struct plk_addr *addr) {
    struct plk_addr_rules rules = plk_network_rules(&node->network, peer->loopback);
    struct plk_way way = {.transport = PLK_UDP, .addr = *addr};
    bool known =
        plk_candidates_add(&peer->warm->candidates, PLK_UDP, addr, PLK_CANDIDATE_BEACON, node->now.wall_ms, &rules);
    if (!known) return;
    peer->warm->used_us = node->now.mono_us;
    if (peer->link != NULL && plk_link_is_up(peer->link)) {
        plk_paths_seek(&peer->link->paths);
        peer->link->dirty = true;
    } else if (peer->link != NULL && peer->link->attempt.live) {
        plk_link_attempt_hurry(peer->link, node->now.mono_us);
        peer->link->dirty = true;
    } else {
        plk_peer_call(node, peer, &way);
    }
}

static void call_heard(struct plk_node *node) {
    for (unsigned i = 0; i < PLK_NEIGHBOURS_HEARD; i++) {
        struct plk_neighbour *heard = &node->neighbours.heard[i];
        struct plk_peer *peer = heard->contact != 0 ? plk_peers_find(&node->peers, heard->contact) : NULL;
        bool over = peer == NULL || peer->damaged || peer->row.blocked || heard->until_us <= node->now.mono_us;
        if (!over && peer->heat == PLK_WARM) {
            call(node, peer, &heard->addr);
            over = true;
        }
        if (over) *heard = (struct plk_neighbour){.contact = 0};
    }
}

// ---- time -----------------------------------------------------------------------------------------------------------------

void plk_neighbours_tick(struct plk_node *node) {
    struct plk_neighbours *n = &node->neighbours;
    if (node->suspended || node->state != PLK_NODE_READY) return;
    call_heard(node);
    if (n->due_us > node->now.mono_us) return;
    n->due_us = PLK_NEVER;
    if (!n->on || !is_anybody_called(node)) return;
    choose_faces(node);
    n->due_us = node->now.mono_us + PLK_NEIGHBOURS_AGAIN_US + plk_rng_below(&node->rng, PLK_NEIGHBOURS_AGAIN_US / 2);
}

uint64_t plk_neighbours_deadline(const struct plk_node *node) {
    bool waits = node->suspended || node->state != PLK_NODE_READY || !node->neighbours.on;
    return waits ? PLK_NEVER : node->neighbours.due_us;
}
