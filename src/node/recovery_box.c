// SPDX-License-Identifier: MIT
#include "node/recovery_box.h"

#include "node/inside.h"
#include "queue/key.h"

static struct plk_box *box_at(const struct plk_node *node, const struct plk_peer *peer, bool own,
                              const struct plk_relay_link *relay) {
    struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_RECOVERY, own, peer->row.contact, box)) != NULL) {
        if (box->relay == relay) break;
    }
    return box;
}

static void keep_own(struct plk_node *node, struct plk_peer *peer, struct plk_relay_link *relay) {
    uint8_t secret[PLK_QUEUE_KEY_LEN];
    if (box_at(node, peer, true, relay) != NULL) return;
    plk_queue_key_recovery(secret, peer->warm->recovery.secret, node->persona.peer_id, relay->key);
    plk_box_make(node, PLK_BOX_RECOVERY, peer->row.contact, relay, PLK_QUEUE_QUIET, secret, NULL);
    plk_mem_wipe(secret, sizeof secret);
}

static struct plk_box *theirs_at(struct plk_node *node, struct plk_peer *peer, struct plk_relay_link *relay) {
    uint8_t secret[PLK_QUEUE_KEY_LEN], owner[PLK_QUEUE_KEY_LEN], rid[PLK_QUEUE_ID_LEN], sid[PLK_QUEUE_ID_LEN];
    struct plk_queue_own_keys keys;
    struct plk_box *there = box_at(node, peer, false, relay);
    if (there != NULL) return there;
    plk_queue_key_recovery(secret, peer->warm->recovery.secret, peer->row.peer_id, relay->key);
    plk_queue_key_own(&keys, secret);
    plk_dh_public(owner, keys.owner);
    plk_queue_key_rid(rid, owner);
    plk_queue_key_sid(sid, rid);
    there = plk_box_foreign(node, PLK_BOX_RECOVERY, peer->row.contact, relay, sid, keys.sender, keys.envelope);
    plk_mem_wipe(&keys, sizeof keys);
    plk_mem_wipe(secret, sizeof secret);
    return there;
}

static void keep_all(struct plk_node *node, struct plk_peer *peer) {
    struct plk_box *next = plk_boxes_next(node, PLK_BOX_CONTACT, true, peer->row.contact, NULL);
    while (next != NULL) {
        struct plk_box *box = next;
        next = box->alike;
        if (box->serial > 0 && box->ready && plk_relay_link_is_up(box->relay)) keep_own(node, peer, box->relay);
    }
}

// None of the queues that the contact has told is there: it has replaced them, or its relays have lost them.
static bool all_gone(const struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_box *box = plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, NULL);
    if (box == NULL) return false;
    while (box != NULL && box->refused) box = box->alike;
    return box == NULL;
}

// A relay that has this one and not those has not lost its disk.
static bool is_there(const struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_box *box = plk_boxes_next(node, PLK_BOX_RECOVERY, false, peer->row.contact, NULL);
    while (box != NULL && !box->ready) box = box->alike;
    return box != NULL;
}

void plk_recovery_box_settle(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    if (!warm->has_recovery) return;
    keep_all(node, peer);
    bool gone = all_gone(node, peer);
    if (!gone && !warm->has_pending) return;
    struct plk_box *box = plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, NULL);
    for (; box != NULL; box = box->alike) plk_box_attach(node, theirs_at(node, peer, box->relay));
    if (!gone || warm->has_pending || warm->rekey_wanted || !is_there(node, peer)) return;
    warm->rekey_wanted = true;
    plk_peer_dial_soon(node, peer, 0);
}

void plk_recovery_box_drop(struct plk_node *node, struct plk_peer *peer) {
    plk_boxes_drop_of(node, PLK_BOX_RECOVERY, true, peer->row.contact);
    plk_boxes_drop_of(node, PLK_BOX_RECOVERY, false, peer->row.contact);
}
