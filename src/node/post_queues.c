// SPDX-License-Identifier: MIT
// Queues of one's own for contacts: made, told, and what the contact has told of its own.
#include "node/inside.h"
#include "node/post.h"
#include "node/rotation.h"

#define TOLD_UNKNOWN 1u // told_queues: no list has this mark, but for one in 2^63

bool plk_post_may(const struct plk_peer *peer) {
    return peer->row.state == PLK_CONTACT_ACTIVE && !peer->row.blocked && !peer->damaged;
}

static bool has_box_at(const struct plk_node *node, const struct plk_peer *peer, const struct plk_relay_link *relay) {
    const struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, true, peer->row.contact, box)) != NULL) {
        if (box->relay == relay) return true;
    }
    return false;
}

// Relays with a queue for it: one that is being made anew, or left, is not another one. One that waits for a relay that is not there
// does not keep others away.
static unsigned box_count(const struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_box *box = NULL;
    unsigned count = 0;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, true, peer->row.contact, box)) != NULL) {
        bool comes = box->made || plk_relay_link_is_up(box->relay);
        count += comes && !box->refused && plk_box_other(node, box, false) == NULL;
    }
    return count;
}

// What the contact puts into its own machine is there already.
static bool is_its_own(const struct plk_node *node, const struct plk_peer *peer, const struct plk_relay_link *relay) {
    const struct plk_friend *friend = plk_friends_find(node, relay->key);
    return friend != NULL && friend->contact == peer->row.contact;
}

void plk_post_ensure(struct plk_node *node, struct plk_peer *peer) {
    unsigned count = box_count(node, peer);
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        if (relay->source == PLK_RELAY_FOREIGN || count >= PLK_BOXES_EACH) return;
        if (!plk_relay_link_is_up(relay) || has_box_at(node, peer, relay) || is_its_own(node, peer, relay)) continue;
        plk_box_make(node, PLK_BOX_CONTACT, peer->row.contact, relay, 0, NULL, NULL);
        count++;
    }
}

void plk_post_relay_up(struct plk_node *node, struct plk_relay_link *relay) {
    for (size_t i = 0; relay->source != PLK_RELAY_FOREIGN && i < node->peers.count; i++) {
        if (plk_post_may(node->peers.list[i])) plk_post_ensure(node, node->peers.list[i]);
    }
    // What waits for somebody whose relay this is.
    for (struct plk_box *box = relay->boxes; box != NULL; box = box->next) {
        struct plk_peer *peer =
            box->own || box->use == PLK_BOX_INVITE ? NULL : plk_peers_find(&node->peers, box->owner);
        if (peer == NULL || peer->heat != PLK_WARM) continue;
        plk_link_boxes_changed(node, peer);
        plk_peer_touch(node, peer);
    }
}

void plk_post_relays_changed(struct plk_node *node) {
    for (size_t i = 0; i < node->peers.count; i++) {
        struct plk_peer *peer = node->peers.list[i];
        if (!plk_post_may(peer)) continue;
        plk_post_ensure(node, peer);
        if (peer->heat == PLK_WARM) plk_peer_touch(node, peer);
        // Whoever is not in memory is read, to be told.
        if (peer->heat == PLK_COLD) peer->greet = true;
        if (peer->heat == PLK_COLD) plk_peer_dial_soon(node, peer, i * PLK_PEER_GREET_GAP_US);
    }
}

// By name: in which order they are in memory is another matter after a restart, and no news to anybody.
static void sort(struct plk_queue_list *list) {
    for (unsigned i = 1; i < list->count; i++) {
        struct plk_queue_offer offer = list->at[i];
        unsigned at = i;
        for (; at > 0 && memcmp(list->at[at - 1].sid, offer.sid, sizeof offer.sid) > 0; at--)
            list->at[at] = list->at[at - 1];
        list->at[at] = offer;
        plk_mem_wipe(&offer, sizeof offer);
    }
}

static size_t write_list(struct plk_queue_list *list, uint8_t out[PLK_QUEUE_LIST_LEN_MAX]) {
    struct plk_writer w = plk_writer(out, PLK_QUEUE_LIST_LEN_MAX);
    sort(list);
    plk_queue_list_encode(&w, list);
    plk_assert(!w.failed);
    return w.len;
}

// Of the list that it should have. Asked whenever anything has happened to a contact, so nothing is derived for it.
static uint64_t mark_of(const struct plk_node *node, const struct plk_peer *peer) {
    static const uint8_t key[16] = {0}; // it is compared with itself only
    uint8_t text[PLK_QUEUE_LIST_LEN_MAX];
    struct plk_queue_list list;
    plk_boxes_offered(node, peer->row.contact, &list);
    if (list.count == 0) return 0;
    uint64_t mark = plk_siphash(key, plk_bytes(text, write_list(&list, text))) | 1;
    plk_mem_wipe(&list, sizeof list); // envelope keys
    plk_mem_wipe(text, sizeof text);
    return mark;
}

static void send_list(struct plk_node *node, struct plk_peer *peer) {
    uint8_t body[PLK_QUEUE_LIST_LEN_MAX];
    struct plk_queue_list list;
    plk_boxes_offer(node, peer->row.contact, false, &list);
    size_t len = write_list(&list, body);
    plk_peer_send_control_as(node, peer, PLK_BODY_QUEUES, plk_bytes(body, len), peer->warm->told_queues_id);
    plk_mem_wipe(&list, sizeof list);
    plk_mem_wipe(body, sizeof body);
}

static void write_told(struct plk_node *node, struct plk_peer *peer) {
    uint8_t value[8 + PLK_ID_LEN];
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_writer_u64(&w, peer->warm->told_queues);
    plk_writer_copy(&w, peer->warm->told_queues_id, PLK_ID_LEN);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_PEER_SLOT_TOLD_QUEUES, plk_writer_bytes(&w));
}

// As for the profile: the mark of what it was told goes into the batch of the message.
void plk_post_tell(struct plk_node *node, struct plk_peer *peer) {
    if (!plk_post_may(peer) || peer->warm->joining || !plk_mail_has_begun(peer->warm->mail)) return;
    plk_post_ensure(node, peer);
    uint64_t mark = mark_of(node, peer);
    if (mark == peer->warm->told_queues) return;
    peer->warm->told_queues = mark;
    send_list(node, peer);
    write_told(node, peer);
}

void plk_post_tell_again(struct plk_node *node, struct plk_peer *peer) {
    if (peer->warm->told_queues == 0) return; // nothing, so far
    peer->warm->told_queues = TOLD_UNKNOWN;
    write_told(node, peer);
}

void plk_post_taken(struct plk_node *node, struct plk_peer *peer, const uint8_t id[PLK_ID_LEN]) {
    struct plk_box *box = NULL;
    if (memcmp(id, peer->warm->told_queues_id, PLK_ID_LEN) != 0) return; // an earlier one
    if (mark_of(node, peer) != peer->warm->told_queues) return; // there is a newer list, which it has not heard of
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, true, peer->row.contact, box)) != NULL) {
        if (box->left_ms != 0 || !plk_box_is_left(node, box)) continue;
        box->left_ms = node->now.wall_ms;
        plk_box_write_row(node, box);
    }
}

// What lay at a relay that the contact does not use any more, it may never have read.
static bool leaves_a_relay(const struct plk_node *node, const struct plk_peer *peer,
                           const struct plk_queue_list *list) {
    const struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, box)) != NULL) {
        unsigned i = 0;
        while (i < list->count && memcmp(list->at[i].relay, box->relay->key, sizeof box->relay->key) != 0) i++;
        if (i == list->count) return true;
    }
    return false;
}

enum plk_err plk_post_learn(struct plk_node *node, struct plk_peer *peer, struct plk_bytes bytes, bool write) {
    struct plk_queue_list list;
    enum plk_err err = plk_queue_list_decode(bytes, &list);
    if (err != PLK_ERR_OK) return err;
    bool lost = leaves_a_relay(node, peer, &list);
    if (lost ||
        peer->parcels != NULL) { // queues that go take with them what was under way into them, without an answer
        plk_parcels_cancel(node, peer);
        plk_mail_box_retry(peer->warm->mail, lost);
    }
    plk_boxes_learn(node, peer->row.contact, &list);
    plk_mem_wipe(&list, sizeof list);
    if (write) plk_peer_put(node, peer, PLK_TABLE_link, PLK_PEER_SLOT_QUEUES, bytes);
    return PLK_ERR_OK;
}

void plk_post_state(struct plk_node *node, struct plk_box *box) {
    struct plk_peer *peer = plk_peers_find(&node->peers, box->owner);
    if (peer == NULL || box->use == PLK_BOX_MOVED) return;
    if (box->use == PLK_BOX_RECOVERY) {
        if (!box->own && peer->heat == PLK_WARM) plk_peer_touch(node, peer);
    } else if (box->own) {
        if (box->refused && plk_rotation_refused(node, box)) return;
        if (box->refused && plk_post_may(peer)) plk_post_ensure(node, peer); // another relay may have room
        if (peer->heat == PLK_WARM) plk_peer_touch(node, peer);
        if (box->ready && plk_rotation_is_news(node, box)) peer->greet = true; // so that it is told
        if (peer->heat == PLK_COLD && box->ready) plk_peer_dial_soon(node, peer, PLK_PEER_GREET_GAP_US);
    } else if (peer->heat == PLK_WARM) {
        // A queue that is not there has lost what was in it.
        if (box->refused && box->refusals == 1) plk_mail_box_retry(peer->warm->mail, true);
        plk_peer_touch(node, peer);
    }
}
