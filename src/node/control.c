// SPDX-License-Identifier: MIT
// Control messages: what those of the peer do, and sending one's own.
#include "node/inside.h"

#define SHORT_MAX 2048 // bytes of all that are no marks

// ---- of the peer ----------------------------------------------------------------------------

static void take_avatar(struct plk_node *node, struct plk_peer *peer, struct plk_bytes avatar) {
    uint8_t mark[PLK_AVATAR_MARK_LEN];
    plk_profile_avatar_mark(mark, avatar);
    plk_peer_put(node, peer, PLK_TABLE_blob, PLK_PEER_SLOT_AVATAR, avatar);
    plk_peer_put(node, peer, PLK_TABLE_blob, PLK_PEER_SLOT_AVATAR_MARK,
                 plk_bytes(mark, avatar.len > 0 ? sizeof mark : 0));
}

static void take_profile(struct plk_node *node, struct plk_peer *peer, struct plk_bytes payload) {
    struct plk_profile_body body;
    if (plk_profile_body_decode(payload, &body) != PLK_ERR_OK) {
        node->counters.protocol++;
        return;
    }
    struct plk_bytes name = body.name, about = body.about;
    take_avatar(node, peer, body.avatar);
    if (name.len > 0) {
        memset(peer->row.profile_name, 0, sizeof peer->row.profile_name);
        memcpy(peer->row.profile_name, name.at, name.len);
        peer->row.profile_name_len = (uint8_t)name.len;
        if (!peer->row.renamed) plk_peer_name(node, peer, name);
    }
    peer->warm->about.len = 0;
    plk_buf_put(node->mem, &peer->warm->about, about);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_PEER_SLOT_ABOUT, about);
    plk_peer_write(node, peer);
    plk_node_event(node, PLK_EVENT_CONTACT, peer->row.contact, 0, 0, 0, NULL);
}

static void refresh_reset(struct plk_node *node, struct plk_peer *peer) {
    struct plk_reset_public made;
    uint8_t body[PLK_RECOVERY_RESET_LEN];
    struct plk_writer w = plk_writer(body, sizeof body);
    plk_recovery_refresh(&peer->warm->recovery, &node->rng, &made);
    plk_peer_write_recovery(node, peer);
    plk_recovery_reset_encode(&w, &made);
    plk_peer_send_control(node, peer, PLK_BODY_RESET, plk_writer_bytes(&w));
}

static void take_generation(struct plk_node *node, struct plk_peer *peer, struct plk_bytes payload) {
    bool smaller = memcmp(node->persona.peer_id, peer->row.peer_id, PLK_PEER_ID_LEN) < 0, has_answer = false;
    uint8_t body[PLK_GENERATION_BODY_LEN];
    struct plk_generation_change change = {.write = 0};
    enum plk_err err = plk_generation_read(&peer->warm->generations, smaller, payload, &node->rng, node->now.wall_ms,
                                           &has_answer, body, &change);
    if (err != PLK_ERR_OK) {
        node->counters.protocol += err != PLK_ERR_STALE;
        return;
    }
    plk_peer_apply_generations(node, peer, &change);
    if (has_answer) plk_peer_send_control(node, peer, PLK_BODY_LINK, plk_bytes(body, sizeof body));
    refresh_reset(node, peer);
}

static void take_reset(struct plk_node *node, struct plk_peer *peer, struct plk_bytes payload) {
    struct plk_reset_public reset;
    if (plk_recovery_reset_decode(payload, &reset) != PLK_ERR_OK) {
        node->counters.protocol++;
    } else if (plk_recovery_learn(&peer->warm->recovery, &reset) == PLK_ERR_OK) {
        plk_peer_write_recovery(node, peer);
    }
}

// payload is a copy: what they do may queue others.
static void take_short(struct plk_node *node, struct plk_peer *peer, uint16_t kind, struct plk_bytes payload) {
    switch (kind) {
    case PLK_BODY_LINK:
        take_generation(node, peer, payload);
        break;
    case PLK_BODY_QUEUES:
        if (plk_post_learn(node, peer, payload, true) != PLK_ERR_OK) node->counters.protocol++;
        break;
    case PLK_BODY_RELAY:
        plk_friends_hear(node, peer, payload);
        break;
    case PLK_BODY_RESET:
        take_reset(node, peer, payload);
        break;
    default:
        break; // of a later version; mail has acknowledged it
    }
}

void plk_peer_take_control(struct plk_node *node, struct plk_peer *peer, const struct plk_mail_event *event) {
    uint8_t kept[SHORT_MAX];
    if (plk_mark_is_kind(event->body_kind)) {
        plk_marks_take(node, peer, event);
        return;
    }
    if (event->body_kind == PLK_BODY_PICTURE_PART) {
        plk_pictures_part(node, peer, event);
        return;
    }
    if (event->body_kind == PLK_BODY_PROFILE) {
        take_profile(node, peer, event->payload);
        return;
    }
    if (event->payload.len > sizeof kept) return; // none of the other known kinds is that long
    if (event->payload.len > 0) memcpy(kept, event->payload.at, event->payload.len);
    take_short(node, peer, event->body_kind, plk_bytes(kept, event->payload.len));
}

// ---- of ours --------------------------------------------------------------------------------------------------------

void plk_peer_send_control_as(struct plk_node *node, struct plk_peer *peer, uint16_t kind, struct plk_bytes payload,
                              uint8_t id[PLK_ID_LEN]) {
    struct plk_mail_body body = {.kind = kind, .payload = payload};
    struct plk_mail_turn turn = plk_node_turn(node);
    uint64_t row;
    plk_rng_bytes(&node->rng, body.id, sizeof body.id);
    memcpy(id, body.id, sizeof body.id);
    if (plk_mail_send(peer->warm->mail, &turn, &body, &row) == PLK_ERR_OK) plk_peer_touch(node, peer);
}

void plk_peer_send_control(struct plk_node *node, struct plk_peer *peer, uint16_t kind, struct plk_bytes payload) {
    uint8_t id[PLK_ID_LEN];
    plk_peer_send_control_as(node, peer, kind, payload, id);
}
