// SPDX-License-Identifier: MIT
#include "node/peers.h"

#include "node/inside.h"

void plk_peers_init(struct plk_peers *peers, struct plk_mem *mem) { *peers = (struct plk_peers){.mem = mem}; }

void plk_peer_fail_commands(struct plk_node *node, struct plk_peer *peer, enum plk_err err) {
    while (peer->commands != NULL) {
        struct plk_waiting_command *command = peer->commands;
        peer->commands = command->next;
        plk_node_result(node, command->command.ticket, err);
        plk_buf_free(node->mem, &command->bytes);
        plk_mem_give(node->mem, command);
    }
    peer->last_command = NULL;
    peer->command_count = 0;
}

static void free_peer(struct plk_node *node, struct plk_peer *peer) {
    plk_peer_cool(node, peer);
    plk_post_cool(node, peer);
    plk_peer_fail_commands(node, peer, PLK_ERR_NOT_FOUND); // it was removed while it was read
    plk_mem_give(node->mem, peer->stash);
    plk_mem_give(node->mem, peer);
}

void plk_peers_free(struct plk_node *node) {
    for (size_t i = 0; i < node->peers.count; i++) free_peer(node, node->peers.list[i]);
    plk_mem_give(node->mem, node->peers.list);
    node->peers.count = 0;
}

struct plk_peer *plk_peers_find(const struct plk_peers *peers, uint32_t contact) {
    size_t low = 0, high = peers->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        uint32_t number = peers->list[middle]->row.contact;
        if (number == contact) return peers->list[middle];
        if (number < contact) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

bool plk_peers_is_relay_only(const struct plk_peers *peers, uint32_t contact) {
    const struct plk_peer *peer = plk_peers_find(peers, contact);
    return peer != NULL && peer->row.relay_only;
}

struct plk_peer *plk_peers_by_id(const struct plk_peers *peers, const uint8_t peer_id[PLK_PEER_ID_LEN]) {
    for (size_t i = 0; i < peers->count; i++) {
        if (memcmp(peers->list[i]->row.peer_id, peer_id, PLK_PEER_ID_LEN) == 0) return peers->list[i];
    }
    return NULL;
}

static uint8_t small(uint8_t c) { return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c; }

static bool same_without_case(struct plk_bytes a, struct plk_bytes b) {
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++) {
        if (small(a.at[i]) != small(b.at[i])) return false;
    }
    return true;
}

struct plk_peer *plk_peers_by_name(const struct plk_peers *peers, struct plk_bytes name) {
    struct plk_peer *alike = NULL;
    unsigned count = 0;
    for (size_t i = 0; i < peers->count; i++) {
        struct plk_peer *peer = peers->list[i];
        struct plk_bytes own = plk_bytes(peer->row.name, peer->row.name_len);
        if (plk_bytes_equal(own, name)) return peer;
        if (!same_without_case(own, name)) continue;
        alike = peer;
        count++;
    }
    return count == 1 ? alike : NULL;
}

static void publish_hints(struct plk_node *node, const struct plk_contact_row *row) {
    for (unsigned i = 0; i < row->hint_count; i++) {
        uint32_t tag = row->hints[i].tag;
        bool rare = tag == PLK_HINT_TAG_RECOVERY || (tag & PLK_HINT_TAG_RARE) != 0;
        plk_hints_add(&node->hints, rare ? PLK_HINT_RARE : PLK_HINT_USUAL, row->hints[i].key, row->contact);
    }
}

struct plk_peer *plk_peers_add(struct plk_node *node, const struct plk_contact_row *row) {
    struct plk_peers *peers = &node->peers;
    if (peers->count == peers->cap) {
        peers->cap = peers->cap == 0 ? 16 : peers->cap * 2;
        peers->list = plk_mem_grow(peers->mem, peers->list, peers->cap * sizeof(struct plk_peer *));
    }
    struct plk_peer *peer = plk_mem_take(peers->mem, sizeof *peer);
    peer->row = *row;
    peer->mail_timer.owner = peer;
    peer->next_try_us = PLK_NEVER;
    publish_hints(node, row);
    size_t at = peers->count++; // its number may have been set aside before others came
    while (at > 0 && peers->list[at - 1]->row.contact > row->contact) {
        peers->list[at] = peers->list[at - 1];
        at--;
    }
    plk_assert(at == 0 || peers->list[at - 1]->row.contact < row->contact);
    peers->list[at] = peer;
    return peer;
}

void plk_peers_drop(struct plk_node *node, struct plk_peer *peer) {
    struct plk_peers *peers = &node->peers;
    size_t at = 0;
    while (peers->list[at] != peer) at++;
    memmove(&peers->list[at], &peers->list[at + 1], (peers->count - at - 1) * sizeof(struct plk_peer *));
    peers->count--;
    plk_hints_remove(&node->hints, peer->row.contact);
    plk_haunts_forget(&node->haunts, peer->row.contact);
    free_peer(node, peer);
}

void plk_peer_write(struct plk_node *node, struct plk_peer *peer) {
    uint8_t key[4], value[PLK_CONTACT_ROW_MAX];
    struct plk_writer k = plk_writer(key, sizeof key), w = plk_writer(value, sizeof value);
    plk_writer_u32(&k, peer->row.contact);
    plk_contact_row_encode(&w, &peer->row);
    plk_assert(!w.failed);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_contact, plk_writer_bytes(&k), plk_writer_bytes(&w));
}

static bool is_taken(const struct plk_node *node, const struct plk_peer *self, struct plk_bytes name) {
    for (size_t i = 0; i < node->peers.count; i++) {
        const struct plk_peer *peer = node->peers.list[i];
        if (peer != self && same_without_case(plk_bytes(peer->row.name, peer->row.name_len), name)) return true;
    }
    return false;
}

// "Bob", "Bob 2", "Bob 3", ...; a long name loses whole characters at its end to make room for the number.
void plk_peer_name(struct plk_node *node, struct plk_peer *peer, struct plk_bytes wish) {
    uint8_t name[PLK_NAME_MAX];
    plk_assert(wish.len > 0 && wish.len <= PLK_NAME_MAX);
    memcpy(name, wish.at, wish.len);
    size_t len = wish.len;
    for (unsigned n = 2; is_taken(node, peer, plk_bytes(name, len)); n++) {
        uint8_t digits[10];
        size_t count = 0;
        for (unsigned rest = n; rest > 0; rest /= 10) digits[count++] = (uint8_t)('0' + rest % 10);
        size_t base = wish.len;
        while (base + 1 + count > PLK_NAME_MAX || (base < wish.len && (wish.at[base] & 0xc0) == 0x80)) base--;
        memcpy(name, wish.at, base);
        name[base] = ' ';
        for (size_t i = 0; i < count; i++) name[base + 1 + i] = digits[count - 1 - i];
        len = base + 1 + count;
    }
    memset(peer->row.name, 0, sizeof peer->row.name);
    memcpy(peer->row.name, name, len);
    peer->row.name_len = (uint8_t)len;
}

static void add_hint(struct plk_contact_row *row, const uint8_t psk[32], enum plk_hint_direction direction,
                     uint32_t tag) {
    if (row->hint_count == sizeof row->hints / sizeof row->hints[0]) return;
    plk_hint_key(row->hints[row->hint_count].key, psk, direction);
    row->hints[row->hint_count++].tag = tag;
}

bool plk_peer_recovery_psk(const struct plk_peer *peer, uint8_t psk[32]) {
    const struct plk_warm *warm = peer->warm;
    if (!warm->has_recovery && !warm->joining) return false;
    if (warm->has_recovery) {
        plk_recovery_session_psk(psk, &warm->recovery);
        return true;
    }
    struct plk_recovery coming = {.persona = 0};
    memcpy(coming.secret, warm->join->recovery, sizeof coming.secret);
    plk_recovery_session_psk(psk, &coming);
    plk_mem_wipe(&coming, sizeof coming);
    return true;
}

void plk_peer_hints(struct plk_node *node, struct plk_peer *peer) {
    struct plk_contact_row before = peer->row;
    struct plk_warm *warm = peer->warm;
    plk_assert(peer->heat == PLK_WARM);
    bool smaller = memcmp(node->persona.peer_id, peer->row.peer_id, PLK_PEER_ID_LEN) < 0;
    enum plk_hint_direction inbound = smaller ? PLK_HINT_LARGER : PLK_HINT_SMALLER;
    bool replaced = false; // by a newer generation that was in use: both sides have it
    memset(peer->row.hints, 0, sizeof peer->row.hints);
    peer->row.hint_count = 0;
    uint8_t psk[32];
    if (plk_peer_recovery_psk(peer, psk)) add_hint(&peer->row, psk, inbound, PLK_HINT_TAG_RECOVERY);
    plk_mem_wipe(psk, sizeof psk);
    for (size_t i = 0; i < warm->generations.count; i++) {
        const struct plk_generation *g = &warm->generations.at[i];
        if (plk_generation_accepts(&warm->generations, i)) {
            uint32_t tag = plk_peer_tag(g->line_number, g->number);
            add_hint(&peer->row, g->psk, inbound, replaced ? tag | PLK_HINT_TAG_RARE : tag);
        }
        replaced = replaced || g->confirmed_ms != 0;
    }
    if (before.hint_count == peer->row.hint_count && memcmp(before.hints, peer->row.hints, sizeof before.hints) == 0)
        return;
    plk_hints_remove(&node->hints, peer->row.contact);
    publish_hints(node, &peer->row);
    plk_peer_write(node, peer);
}
