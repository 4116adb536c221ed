// SPDX-License-Identifier: MIT
// What a node reads before anything else, and its first steps when that is there.
#include "node/inside.h"

// What is read whole at start (DESIGN 2).
static const enum plk_table start_tables[] = {PLK_TABLE_profile, PLK_TABLE_relay, PLK_TABLE_queue, PLK_TABLE_invite,
                                              PLK_TABLE_contact};
#define START_TABLES (sizeof start_tables / sizeof start_tables[0])

void plk_node_start_ask(struct plk_node *node) {
    for (size_t i = 0; i < START_TABLES; i++) {
        plk_loads_ask(&node->loads, PLK_LOAD_START, 0, start_tables[i], start_tables[i], plk_bytes(NULL, 0),
                      plk_bytes(NULL, 0), 0, false, 0);
    }
    plk_loads_ask(&node->loads, PLK_LOAD_LAST_EVENT, 0, 0, PLK_TABLE_event, plk_bytes(NULL, 0), plk_bytes(NULL, 0), 1,
                  true, 0);
}

static enum plk_err start_profile(struct plk_node *node, const struct plk_row *row) {
    if (row->key.len == 1 && row->key.at[0] == 's' && row->value.len == sizeof node->replaces) {
        memcpy(node->replaces, row->value.at, sizeof node->replaces);
        return PLK_ERR_OK;
    }
    if (row->key.len == 1 && row->key.at[0] == 'e')
        return plk_sweep_load(&node->sweep, row->value) ? PLK_ERR_OK : PLK_ERR_CORRUPT;
    if (row->key.len == 1 && row->key.at[0] == PLK_PROFILE_KEY_AVATAR) { // before 'p', which makes the mark
        plk_buf_free(node->mem, &node->avatar);
        if (plk_profile_check_avatar(row->value) == PLK_ERR_OK) plk_buf_put(node->mem, &node->avatar, row->value);
        return PLK_ERR_OK;
    }
    if (row->key.len != 1 || row->key.at[0] != 'p') return PLK_ERR_OK;
    enum plk_err err = plk_profile_decode(row->value, &node->profile);
    if (err != PLK_ERR_OK) return err;
    plk_persona_derive(&node->persona, node->profile.seed);
    plk_node_mark_profile(node);
    return PLK_ERR_OK;
}

static enum plk_err start_row(struct plk_node *node, unsigned table, const struct plk_row *row) {
    struct plk_contact_row contact;
    enum plk_err err;
    switch (table) {
    case PLK_TABLE_profile:
        return start_profile(node, row);
    case PLK_TABLE_relay:
        return plk_relays_start_row(node, row);
    case PLK_TABLE_queue:
        return plk_boxes_row(node, row);
    case PLK_TABLE_invite:
        return plk_invites_row(node, row);
    default:
        err = plk_contact_row_decode(row->key, row->value, &contact);
        if (err == PLK_ERR_OK) plk_peers_add(node, &contact);
        return err;
    }
}

// Everyone is greeted once, those for whom something waits first: what they have for us comes with it.
void plk_node_greet_all(struct plk_node *node) {
    uint64_t in_us = 0;
    for (int waiting = 1; waiting >= 0; waiting--) {
        for (size_t i = 0; i < node->peers.count; i++) {
            struct plk_peer *peer = node->peers.list[i];
            if (peer->row.has_outbox != (waiting == 1) || peer->row.blocked) continue;
            if (peer->link != NULL && plk_link_is_up(peer->link)) continue;
            peer->greet = true;
            peer->tries = 0;
            plk_peer_dial_soon(node, peer, in_us);
            in_us += PLK_PEER_GREET_GAP_US;
        }
    }
}

static void started(struct plk_node *node) {
    bool has_profile = node->profile.name_len > 0;
    node->state = has_profile ? PLK_NODE_READY : PLK_NODE_EMPTY;
    plk_sweep_begin(node);
    plk_expiry_begin(node);
    if (!has_profile) return;
    plk_boxes_started(node);
    plk_invites_expire(node);
    plk_parley_begin(node);
    if (node->network.known) plk_node_greet_all(node);
}

void plk_node_start_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input) {
    enum plk_err err = PLK_ERR_OK;
    for (size_t i = 0; err == PLK_ERR_OK && i < input->loaded.count; i++) {
        const struct plk_row *row = &input->loaded.rows[i];
        struct plk_event_row event;
        if (load->kind == PLK_LOAD_START) {
            err = start_row(node, load->what, row);
        } else {
            err = plk_event_row_decode(row->key, row->value, &event);
            if (err == PLK_ERR_OK) node->event_n = event.n + event.more;
        }
    }
    if (err != PLK_ERR_OK) node->state = PLK_NODE_CORRUPT;
    if (node->state != PLK_NODE_LOADING || input->loaded.more) return;
    bool waiting = false;
    for (const struct plk_load *other = node->loads.first; other != NULL; other = other->next) {
        waiting = waiting || other->kind == PLK_LOAD_START || other->kind == PLK_LOAD_LAST_EVENT;
    }
    if (!waiting) started(node);
}
