// SPDX-License-Identifier: MIT
#include "node/friends.h"

#include "node/inside.h"
#include "node/learned_inside.h"
#include "node/leaving.h"

// ---- the list -----------------------------------------------------------------------------------------------------------------

static struct plk_bytes row_key(uint32_t contact, uint8_t key[PLK_FRIENDS_KEY_LEN]) {
    struct plk_writer w = plk_writer(key, PLK_FRIENDS_KEY_LEN);
    plk_writer_u8(&w, 'f');
    plk_writer_u32(&w, contact);
    return plk_writer_bytes(&w);
}

static struct plk_friend *of_contact(struct plk_node *node, uint32_t contact) {
    for (size_t i = 0; i < node->friends.count; i++) {
        if (node->friends.at[i].contact == contact) return &node->friends.at[i];
    }
    return NULL;
}

const struct plk_friend *plk_friends_find(const struct plk_node *node, const uint8_t key[32]) {
    for (size_t i = 0; i < node->friends.count; i++) {
        if (memcmp(node->friends.at[i].offer.key, key, 32) == 0) return &node->friends.at[i];
    }
    return NULL;
}

static void drop(struct plk_node *node, struct plk_friend *friend) {
    struct plk_friends *list = &node->friends;
    uint8_t key[PLK_FRIENDS_KEY_LEN];
    plk_batch_delete(plk_ledger_batch(&node->ledger), PLK_TABLE_relay, row_key(friend->contact, key));
    for (size_t i = (size_t)(friend - list->at) + 1; i < list->count; i++) list->at[i - 1] = list->at[i];
    plk_mem_wipe(&list->at[--list->count], sizeof list->at[0]);
}

enum plk_err plk_friends_row(struct plk_node *node, const struct plk_row *row) {
    struct plk_friends *list = &node->friends;
    struct plk_reader k = plk_reader(row->key);
    struct plk_friend friend = {0};
    bool named = plk_reader_u8(&k) == 'f';
    friend.contact = plk_reader_u32(&k);
    if (!named || !plk_reader_done(&k) || list->count == PLK_FRIENDS_MAX) return PLK_ERR_CORRUPT;
    if (plk_relay_offer_read(row->value, &friend.offer) != PLK_ERR_OK || !friend.offer.serves) return PLK_ERR_CORRUPT;
    if (of_contact(node, friend.contact) != NULL || plk_friends_find(node, friend.offer.key) != NULL)
        return PLK_ERR_CORRUPT;
    list->at[list->count++] = friend;
    return PLK_ERR_OK;
}

static void write(struct plk_node *node, const struct plk_friend *friend) {
    uint8_t key[PLK_FRIENDS_KEY_LEN], value[PLK_RELAY_OFFER_LEN_MAX];
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_relay_offer_write(&w, &friend->offer);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_relay, row_key(friend->contact, key),
                     plk_writer_bytes(&w));
    plk_mem_wipe(value, sizeof value);
}

// What of it may be spoken to (DESIGN 3.10).
static struct plk_places allowed(const struct plk_node *node, const struct plk_peer *peer,
                                 const struct plk_places *told) {
    struct plk_addr_rules rules = plk_network_rules(&node->network, peer->loopback);
    struct plk_places places = {0};
    for (size_t i = 0; i < told->count; i++) {
        if (plk_addr_allowed(&told->at[i].addr, &rules)) places.at[places.count++] = told->at[i];
    }
    return places;
}

static bool is_our_own(const struct plk_node *node, const uint8_t key[32]) {
    return node->serving.on && memcmp(node->serving.key, key, 32) == 0;
}

void plk_friends_hear(struct plk_node *node, struct plk_peer *peer, struct plk_bytes body) {
    struct plk_relay_offer offer;
    struct plk_friends *list = &node->friends;
    if (plk_relay_offer_read(body, &offer) != PLK_ERR_OK) {
        node->counters.protocol++;
        return;
    }
    struct plk_friend *friend = of_contact(node, peer->row.contact);
    const struct plk_friend *holder = plk_friends_find(node, offer.key);
    offer.places = allowed(node, peer, &offer.places);
    bool good = offer.serves && offer.places.count > 0 && !peer->row.relay_only && !is_our_own(node, offer.key);
    if (!good || (holder != NULL && holder != friend)) { // nobody speaks for another's relay
        node->counters.refused_addr += offer.serves;
        if (friend != NULL && !(offer.serves && offer.places.count == 0)) drop(node, friend);
    } else if (friend != NULL || list->count < PLK_FRIENDS_MAX) {
        if (friend == NULL) friend = &list->at[list->count++];
        *friend = (struct plk_friend){.contact = peer->row.contact, .offer = offer};
        write(node, friend);
    }
    plk_mem_wipe(&offer, sizeof offer);
    plk_friends_look(node);
}

void plk_friends_look(struct plk_node *node) { node->friends.due_us = 0; }

// ---- which are one's own ----------------------------------------------------------------------------------------------------------

static bool is_friends(const struct plk_relay_link *relay) { return relay->source == PLK_RELAY_FRIEND; }

static void leave(struct plk_node *node, struct plk_relay_link *relay) {
    plk_leaving_begin(node, relay);
    plk_relays_remove(node, relay);
    plk_post_relays_changed(node);
    plk_node_passing_event(node, PLK_EVENT_RELAY, 0);
}

static void drop_former(struct plk_node *node) {
    for (size_t i = node->friends.count; i > 0; i--) {
        struct plk_friend *friend = &node->friends.at[i - 1];
        if (plk_peers_find(&node->peers, friend->contact) == NULL) drop(node, friend);
    }
}

// Who is blocked keeps nothing for us, and who is not to be spoken to directly is not.
static bool may_be_own(const struct plk_node *node, const struct plk_friend *friend) {
    const struct plk_peer *peer = plk_peers_find(&node->peers, friend->contact);
    return peer != NULL && !peer->row.blocked && !peer->row.relay_only &&
           !plk_learned_is_refused(node, friend->offer.key);
}

static struct plk_friend *next_friend(struct plk_node *node) {
    struct plk_friend *best = NULL;
    for (size_t i = 0; i < node->friends.count; i++) {
        struct plk_friend *friend = &node->friends.at[i];
        const struct plk_relay_link *relay = plk_relays_find(&node->relays, friend->offer.key);
        bool own = relay != NULL && relay->source != PLK_RELAY_FOREIGN;
        if (own || !may_be_own(node, friend)) continue;
        if (best == NULL || friend->absences < best->absences) best = friend;
    }
    return best;
}

static enum plk_err make_own(struct plk_node *node, struct plk_friend *friend) {
    char host[PLK_ADDR_TEXT_MAX];
    struct plk_relay_link *relay;
    const struct plk_addr *addr = &friend->offer.places.at[friend->place].addr;
    size_t len = plk_addr_text(addr, host);
    friend->since_us = friend->moved_us = node->now.mono_us | 1;
    enum plk_err err = plk_relays_add(node, friend->offer.key, plk_bytes(host, len), addr->port, friend->offer.token,
                                      PLK_RELAY_FRIEND, &relay);
    if (err == PLK_ERR_OK) plk_node_passing_event(node, PLK_EVENT_RELAY, 0);
    return err;
}

// Its address or its token is another one than when it was taken.
static bool has_changed(const struct plk_friend *friend, const struct plk_relay_link *relay) {
    char host[PLK_ADDR_TEXT_MAX];
    const struct plk_addr *addr = &friend->offer.places.at[friend->place].addr;
    size_t len = plk_addr_text(addr, host);
    bool same_token = relay->has_token && memcmp(relay->token, friend->offer.token, sizeof relay->token) == 0;
    return !same_token || relay->port != addr->port ||
           !plk_bytes_equal(plk_bytes(relay->host, relay->host_len), plk_bytes(host, len));
}

// One that is own: does it answer, and where? False: it gives way.
static bool look_at(struct plk_node *node, struct plk_friend *friend, struct plk_relay_link *relay) {
    uint64_t now_us = node->now.mono_us;
    if (!may_be_own(node, friend)) return false;
    if (plk_relay_link_is_up(relay)) {
        friend->since_us = friend->moved_us = 0;
    } else if (friend->since_us == 0) {
        friend->since_us = friend->moved_us = now_us | 1;
    }
    bool away = friend->since_us != 0, moves = away && now_us - friend->moved_us >= PLK_FRIENDS_MOVE_US;
    if (moves && friend->offer.places.count > 1)
        friend->place = (uint8_t)((friend->place + 1) % friend->offer.places.count);
    if (moves) friend->moved_us = now_us | 1;
    if (has_changed(friend, relay)) {
        uint64_t since_us = friend->since_us;
        make_own(node, friend);
        friend->since_us = since_us;
    }
    if (!away || now_us - friend->since_us < PLK_FRIENDS_AWAY_US || next_friend(node) == NULL) return true;
    friend->absences++;
    friend->since_us = 0;
    return false;
}

void plk_friends_run(struct plk_node *node) {
    struct plk_friends *list = &node->friends;
    struct plk_relay_link *next;
    unsigned own = 0;
    bool ready = node->state == PLK_NODE_READY && node->network.known && !node->suspended;
    if (!ready || node->now.mono_us < list->due_us || plk_ledger_behind(&node->ledger)) return;
    drop_former(node);
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = next) {
        next = relay->next;
        if (!is_friends(relay)) continue;
        const struct plk_friend *found = plk_friends_find(node, relay->key);
        bool stays = found != NULL && look_at(node, &list->at[found - list->at], relay);
        own += stays;
        if (!stays) leave(node, relay);
    }
    for (struct plk_friend *friend; own < PLK_FRIENDS_OWN_MAX && (friend = next_friend(node)) != NULL; own++) {
        if (make_own(node, friend) != PLK_ERR_OK) break;
    }
    list->due_us = list->count == 0 ? PLK_NEVER : node->now.mono_us + PLK_FRIENDS_MOVE_US;
}

uint64_t plk_friends_deadline(const struct plk_node *node) {
    return node->network.known ? node->friends.due_us : PLK_NEVER;
}
