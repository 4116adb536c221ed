// SPDX-License-Identifier: MIT
#include "node/serving.h"

#include "node/inside.h"

#define TOKEN_LABEL "PeerLink/1/node/serve-token"
#define TOLD_UNKNOWN 1u // told_serving: nothing has this mark, but for one in 2^63

// ---- where ----------------------------------------------------------------------------------------------------------------

// Whether an address of ours is one at which anybody reaches the bound UDP port. What relays see of a NAT's inside counts where that lets
// everybody in.
static bool leads_here(const struct plk_node *node, const struct plk_frame_address *at) {
    if (at->transport != PLK_UDP || at->addr.port == 0) return false;
    if (at->kind == PLK_FRAME_ADDRESS_MAPPED || at->kind == PLK_FRAME_ADDRESS_HOST) return true;
    const struct plk_reflexive_found *found = &node->discovery.families[at->addr.family == 6].found;
    return at->kind == PLK_FRAME_ADDRESS_REFLEXIVE && found->filtering == PLK_NAT_ENDPOINT_INDEPENDENT &&
           plk_discovery_mapping(node, at->addr.family) == PLK_NAT_ENDPOINT_INDEPENDENT;
}

static void add(struct plk_places *places, const struct plk_addr *addr) {
    for (size_t i = 0; i < places->count; i++) {
        if (plk_addr_equal(&places->at[i].addr, addr)) return;
    }
    if (places->count == PLK_RELAY_OFFER_PLACES_MAX) return;
    places->at[places->count++] = (struct plk_place){.transport = PLK_UDP, .addr = *addr};
}

// Public ones; where there are none, those of the LAN, or of this machine alone.
static struct plk_places where(const struct plk_node *node, bool public_only) {
    struct plk_frame_address list[PLK_FRAME_ADDRESSES_MAX];
    struct plk_places places = {0};
    unsigned count = plk_network_listed(&node->network, list);
    for (unsigned i = 0; i < count; i++) {
        bool global = plk_addr_class(&list[i].addr) == PLK_ADDR_GLOBAL;
        if (global && leads_here(node, &list[i])) add(&places, &list[i].addr);
    }
    for (unsigned i = 0; i < count && places.count == 0 && !public_only; i++) {
        if (list[i].kind == PLK_FRAME_ADDRESS_HOST && leads_here(node, &list[i])) add(&places, &list[i].addr);
    }
    return plk_places_usable(&places, PLK_RELAY_OFFER_PLACES_MAX);
}

bool plk_node_is_reachable(const struct plk_node *node) {
    struct plk_places places = where(node, true);
    for (size_t i = 0; node->state == PLK_NODE_READY && i < places.count; i++) {
        unsigned six = places.at[i].addr.family == 6;
        enum plk_nat_behavior filtering = node->discovery.families[six].found.filtering;
        if (node->serving.open[six] || filtering == PLK_NAT_ENDPOINT_INDEPENDENT) return true;
    }
    return false;
}

bool plk_node_serve_place(const struct plk_node *node, struct plk_addr *addr) {
    struct plk_places places = where(node, false);
    if (places.count > 0) *addr = places.at[0].addr;
    return places.count > 0;
}

// A neighbour, or this machine itself, has shown nothing: no router was on the way.
static bool is_near(const struct plk_network *network, const struct plk_addr *addr) {
    for (size_t i = 0; i < network->count; i++) {
        if (plk_addr_in_prefix(addr, &network->prefixes[i].addr, network->prefixes[i].bits)) return true;
    }
    return false;
}

void plk_serving_came(struct plk_node *node, const struct plk_peer *peer, const struct plk_way *way) {
    bool accepted = way->transport == PLK_TCP && (way->stream & UINT32_C(0x80000000)) != 0;
    bool bound = way->transport == PLK_UDP && way->stream == 0;
    bool called =
        peer != NULL &&
        (peer->link != NULL || (peer->called_us != 0 && node->now.mono_us - peer->called_us < PLK_SERVING_CALLED_US));
    if (!(accepted || bound) || called || plk_addr_class(&way->addr) != PLK_ADDR_GLOBAL) return;
    if (is_near(&node->network, &way->addr)) return;
    node->serving.open[way->addr.family == 6] = true;
}

void plk_serving_forget(struct plk_node *node) {
    memset(node->serving.open, 0, sizeof node->serving.open);
    plk_serving_look(node);
}

// ---- tokens -----------------------------------------------------------------------------------------------------------------

static void token_of(const struct plk_node *node, uint32_t contact, uint8_t token[PLK_QUEUE_TOKEN_LEN]) {
    uint8_t key[16], text[32 + 4];
    struct plk_writer w = plk_writer(text, sizeof text);
    plk_hkdf_label(key, sizeof key, plk_bytes(node->profile.seed, sizeof node->profile.seed), TOKEN_LABEL);
    plk_writer_copy(&w, node->serving.key, sizeof node->serving.key);
    plk_writer_u32(&w, contact);
    plk_siphash128(token, key, plk_writer_bytes(&w));
    plk_mem_wipe(key, sizeof key);
}

// Who is reached through relays only is told no address of ours, and so not of this one.
static bool is_served(const struct plk_peer *peer) { return plk_post_may(peer) && !peer->row.relay_only; }

bool plk_node_serve_token(const struct plk_node *node, size_t *cursor, uint8_t token[PLK_QUEUE_TOKEN_LEN]) {
    while (node->serving.on && *cursor < node->peers.count) {
        const struct plk_peer *peer = node->peers.list[(*cursor)++];
        if (!is_served(peer)) continue;
        token_of(node, peer->row.contact, token);
        return true;
    }
    return false;
}

// ---- telling ----------------------------------------------------------------------------------------------------------------

static void all_are_told(struct plk_node *node) {
    for (size_t i = 0; node->state == PLK_NODE_READY && i < node->peers.count; i++) {
        struct plk_peer *peer = node->peers.list[i];
        if (!is_served(peer)) continue;
        if (peer->heat == PLK_WARM) plk_peer_touch(node, peer);
        if (peer->heat == PLK_COLD) peer->greet = true; // it is read, to be told
        if (peer->heat == PLK_COLD) plk_peer_dial_soon(node, peer, i * PLK_PEER_GREET_GAP_US);
    }
}

void plk_serving_look(struct plk_node *node) {
    static const uint8_t key[16] = {0}; // it is compared with itself only
    uint8_t text[32 + PLK_PLACES_LEN_MAX];
    struct plk_writer w = plk_writer(text, sizeof text);
    struct plk_places places = where(node, false);
    if (!node->serving.on) return;
    plk_writer_copy(&w, node->serving.key, sizeof node->serving.key);
    plk_places_write(&w, &places);
    uint64_t mark = places.count == 0 ? 0 : plk_siphash(key, plk_writer_bytes(&w)) | 2;
    if (mark == node->serving.mark || mark == 0)
        return; // nowhere at all: that will change, and what they know may still hold
    node->serving.mark = mark;
    all_are_told(node);
}

void plk_serving_set(struct plk_node *node, const struct plk_input *input) {
    struct plk_serving *serving = &node->serving;
    bool stops = !input->serve.on && serving->on;
    serving->known = true;
    serving->on = input->serve.on;
    memcpy(serving->key, input->serve.key, sizeof serving->key);
    serving->mark = 0;
    if (stops) all_are_told(node); // at a start all are greeted anyhow
    plk_serving_look(node);
}

static void write_told(struct plk_node *node, struct plk_peer *peer, uint64_t mark) {
    uint8_t value[8];
    struct plk_writer w = plk_writer(value, sizeof value);
    peer->warm->told_serving = mark;
    plk_writer_u64(&w, mark);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_PEER_SLOT_TOLD_SERVING,
                 mark == 0 ? plk_bytes(NULL, 0) : plk_writer_bytes(&w));
}

// As for queues: the mark of what it was told goes into the batch of the message.
void plk_serving_tell(struct plk_node *node, struct plk_peer *peer) {
    const struct plk_serving *serving = &node->serving;
    uint8_t body[PLK_RELAY_OFFER_LEN_MAX];
    struct plk_writer w = plk_writer(body, sizeof body);
    struct plk_relay_offer offer = {.serves = serving->on && is_served(peer)};
    if (!serving->known || !plk_post_may(peer) || peer->warm->joining || !plk_mail_has_begun(peer->warm->mail)) return;
    if (offer.serves && serving->mark == 0) return;
    uint64_t mark = offer.serves ? serving->mark : 0;
    if (mark == peer->warm->told_serving) return;
    memcpy(offer.key, serving->key, sizeof offer.key);
    if (offer.serves) {
        token_of(node, peer->row.contact, offer.token);
        offer.places = where(node, false);
        if (offer.places.count == 0) return;
    }
    plk_relay_offer_write(&w, &offer);
    plk_peer_send_control(node, peer, PLK_BODY_RELAY, plk_writer_bytes(&w));
    write_told(node, peer, mark);
    plk_mem_wipe(&offer, sizeof offer);
    plk_mem_wipe(body, sizeof body);
}

void plk_serving_tell_again(struct plk_node *node, struct plk_peer *peer) {
    if (peer->warm->told_serving != 0) write_told(node, peer, TOLD_UNKNOWN);
}
