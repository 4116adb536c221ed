// SPDX-License-Identifier: MIT
// Cells on their way into a contact's queues, and what relays say of them.
#include "node/inside.h"
#include "node/post.h"

void plk_parcel_end(struct plk_node *node, struct plk_peer *peer, struct plk_parcel *parcel) {
    struct plk_parcel **at = &peer->parcels;
    while (*at != parcel) at = &(*at)->next;
    *at = parcel->next;
    peer->parcel_count -= parcel->stored == 0;
    plk_mem_give(node->mem, parcel);
}

static void tell_letters(struct plk_node *node, struct plk_peer *peer, const struct plk_parcel *parcel) {
    for (unsigned i = 0; i < parcel->letter_count; i++) {
        struct plk_mail_turn turn = plk_node_turn(node);
        plk_mail_boxed(peer->warm->mail, &turn, parcel->letters[i], parcel->stored, parcel->asked, parcel->reason);
        plk_peer_mail_events(node, peer);
        plk_ledger_turn(&node->ledger);
    }
}

static void settle_parcel(struct plk_node *node, struct plk_peer *peer, struct plk_parcel *parcel) {
    bool done = parcel->stored + parcel->failed == parcel->asked;
    if (parcel->stored > 0 || done) tell_letters(node, peer, parcel);
    if (done && parcel->stored == 0) peer->retry_us = node->now.mono_us + PLK_POST_RETRY_US;
    if (done) plk_parcel_end(node, peer, parcel);
    plk_peer_touch(node, peer);
}

static enum plk_err reason_of(enum plk_queue_code code) {
    switch (code) {
    case PLK_QUEUE_CODE_OK:
        return PLK_ERR_OK;
    case PLK_QUEUE_CODE_FULL:
        return PLK_ERR_LIMIT;
    default:
        return PLK_ERR_NOT_FOUND;
    }
}

void plk_post_put_done(struct plk_node *node, struct plk_box *box, uint64_t put, enum plk_queue_code code) {
    struct plk_peer *peer = plk_peers_find(&node->peers, box->owner);
    struct plk_parcel *parcel = peer == NULL || peer->heat != PLK_WARM ? NULL : peer->parcels;
    while (parcel != NULL && parcel->put != put) parcel = parcel->next;
    if (parcel == NULL) return;
    if (code == PLK_QUEUE_CODE_OK) {
        // One relay has it: those that do not answer, perhaps for good, keep nothing else from being put.
        peer->parcel_count -= parcel->stored++ == 0;
    } else {
        parcel->failed++;
        parcel->reason = reason_of(code);
    }
    settle_parcel(node, peer, parcel);
}

static void put_into(struct plk_node *node, struct plk_peer *peer, enum plk_box_use use, struct plk_parcel *parcel,
                     struct plk_bytes content) {
    struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, use, false, peer->row.contact, box)) != NULL) {
        if (box->refused) continue;
        if (plk_box_put(node, box, parcel->put, content) == PLK_ERR_OK) parcel->asked++;
    }
}

// A cell's content into every queue of the peer's. False: no relay takes anything now.
static bool post(struct plk_node *node, struct plk_peer *peer, struct plk_parcel *parcel, struct plk_bytes content) {
    parcel->put = ++node->put_number;
    put_into(node, peer, PLK_BOX_CONTACT, parcel, content);
    if (content.at[0] == PLK_CELL_REKEY) put_into(node, peer, PLK_BOX_RECOVERY, parcel, content);
    if (parcel->asked == 0) return false;
    parcel->next = peer->parcels;
    peer->parcels = parcel;
    peer->parcel_count++;
    return true;
}

// Fills one cell: what fits the smallest that the first record needs, more if more waits. False: nothing is left.
static bool fill(struct plk_node *node, struct plk_peer *peer, struct plk_parcel *parcel, struct plk_buf *content) {
    struct plk_bytes record;
    uint64_t letter;
    size_t most = PLK_QUEUE_CELL_MIDDLE - PLK_CELL_OVERHEAD;
    content->len = 0;
    *plk_buf_room(node->mem, content, 1) = PLK_CELL_MAIL;
    while (parcel->letter_count < PLK_POST_LETTERS_MAX) {
        size_t room = content->len > 1 ? most - content->len : PLK_CELL_CONTENT_MAX - 1;
        if (content->len >= most || !plk_mail_box_next(peer->warm->mail, node->ledger.stored_n, room, &record, &letter))
            break;
        plk_buf_put(node->mem, content, record);
        parcel->letters[parcel->letter_count++] = letter;
    }
    return parcel->letter_count > 0;
}

// No relay of the peer's takes another large cell before it has answered some of those that it was given. What waits is not refused
// for that.
static bool has_no_room(struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_box *box = NULL;
    bool any = false;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, box)) != NULL) {
        if (box->refused) continue;
        if (plk_queue_client_put_room(box->relay->queues) >= PLK_QUEUE_CELL_LARGE) return false;
        any = true;
    }
    return any;
}

void plk_parcels_put(struct plk_node *node, struct plk_peer *peer) {
    struct plk_buf content = {0};
    while (peer->parcel_count < PLK_POST_PARCELS_MAX) {
        struct plk_parcel *parcel = plk_mem_take(node->mem, sizeof *parcel);
        if (has_no_room(node, peer)) {
            // An answer to one of its own looks again; room that others take is looked for by the clock.
            if (peer->parcel_count == 0) peer->retry_us = node->now.mono_us + PLK_POST_ROOM_US;
            plk_mem_give(node->mem, parcel);
            break;
        }
        bool any = fill(node, peer, parcel, &content);
        if (any && post(node, peer, parcel, plk_buf_bytes(&content))) continue;
        if (any) {
            parcel->reason = PLK_ERR_LIMIT;
            tell_letters(node, peer, parcel);
            peer->retry_us = node->now.mono_us + PLK_POST_RETRY_US;
        }
        plk_mem_give(node->mem, parcel);
        break;
    }
    plk_buf_free(node->mem, &content);
}

// A re-key's request is put once an attempt; what answers one, once.
void plk_parcels_put_rekey(struct plk_node *node, struct plk_peer *peer) {
    struct plk_buf content = {0};
    struct plk_bytes body;
    uint8_t kind;
    while (peer->parcel_count < PLK_POST_PARCELS_MAX && plk_peer_rekey_next(node, peer, &kind, &body)) {
        struct plk_parcel *parcel = plk_mem_take(node->mem, sizeof *parcel);
        content.len = 0;
        plk_buf_put(node->mem, &content, plk_bytes(&kind, 1));
        plk_buf_put(node->mem, &content, body);
        if (post(node, peer, parcel, plk_buf_bytes(&content))) continue;
        plk_mem_give(node->mem, parcel);
        break;
    }
    plk_buf_free(node->mem, &content);
}

static void cancel_in(struct plk_node *node, struct plk_peer *peer, enum plk_box_use use,
                      const struct plk_parcel *parcel) {
    struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, use, false, peer->row.contact, box)) != NULL) {
        plk_box_put_cancel(node, box, parcel->put);
    }
}

void plk_parcels_cancel(struct plk_node *node, struct plk_peer *peer) {
    while (peer->parcels != NULL) {
        struct plk_parcel *parcel = peer->parcels;
        cancel_in(node, peer, PLK_BOX_CONTACT, parcel);
        cancel_in(node, peer, PLK_BOX_RECOVERY, parcel);
        plk_parcel_end(node, peer, parcel);
    }
}
