// SPDX-License-Identifier: MIT
#include "node/reach.h"

#include "node/approach.h"
#include "node/inside.h"

// A queue of the contact's by another way to its relay.
static void move(struct plk_node *node, struct plk_box *box, struct plk_relay_link *relay) {
    struct plk_box was = *box;
    plk_box_drop(node, box);
    plk_relays_abandon(node, was.relay);
    plk_box_foreign(node, was.use, was.owner, relay, was.sid, was.secret, was.envelope);
    plk_mem_wipe(&was, sizeof was);
}

static struct plk_relay_link *right_way(struct plk_node *node, const struct plk_peer *peer, const struct plk_box *box) {
    const struct plk_relay_link *at = box->relay;
    return plk_relays_get(node, at->key, plk_bytes(at->host, at->host_len), at->port, peer->row.relay_only);
}

static bool has_wrong_way(struct plk_node *node, const struct plk_peer *peer, enum plk_box_use use) {
    const struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, use, false, peer->row.contact, box)) != NULL) {
        if (right_way(node, peer, box) != box->relay) return true;
    }
    return false;
}

static void drop_all(struct plk_node *node, struct plk_peer *peer, enum plk_box_use use) {
    struct plk_box *box;
    while ((box = plk_boxes_next(node, use, false, peer->row.contact, NULL)) != NULL) {
        struct plk_relay_link *relay = box->relay;
        plk_box_drop(node, box);
        plk_relays_abandon(node, relay);
    }
}

// What is on its way to them is given back, and put again.
static void reroute_boxes(struct plk_node *node, struct plk_peer *peer) {
    plk_parcels_cancel(node, peer);
    plk_mail_box_retry(peer->warm->mail, false);
    struct plk_box *next = plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, NULL);
    while (next != NULL) { // those that are made stand behind, and are right
        struct plk_box *box = next;
        struct plk_relay_link *relay = right_way(node, peer, box);
        next = box->alike;
        if (relay == NULL) {
            node->counters.limited++;
            plk_box_drop(node, box);
        } else if (relay != box->relay) {
            move(node, box, relay);
        }
    }
}

static void reroute(struct plk_node *node, struct plk_peer *peer) {
    if (has_wrong_way(node, peer, PLK_BOX_CONTACT)) reroute_boxes(node, peer);
    if (has_wrong_way(node, peer, PLK_BOX_MOVED)) drop_all(node, peer, PLK_BOX_MOVED); // who still comes is told again
    if (peer->warm->approach != NULL && has_wrong_way(node, peer, PLK_BOX_INVITE)) {
        drop_all(node, peer, PLK_BOX_INVITE);
        plk_approach_again(node, peer);
    }
    plk_link_boxes_changed(node, peer);
    plk_peer_touch(node, peer);
}

// Sessions under an invite, in which nobody is named: those that its acceptance goes to.
static void end_invite_links(struct plk_node *node, uint32_t contact) {
    struct plk_link *next;
    for (struct plk_link *link = node->links; link != NULL; link = next) {
        next = link->next;
        if (link->role == PLK_LINK_INVITER && (link->meets == contact || link->insists == contact))
            plk_link_free(node, link);
    }
}

void plk_reach_set(struct plk_node *node, struct plk_peer *peer, bool relay_only) {
    peer->row.relay_only = relay_only;
    plk_peer_end_links(node, peer); // a CLOSE would go where nothing goes any more
    if (relay_only) end_invite_links(node, peer->row.contact);
    plk_peer_write(node, peer);
    reroute(node, peer);
    peer->greet = true;
    peer->tries = 0;
    plk_peer_dial_soon(node, peer, 0);
}

void plk_reach_rerouted(struct plk_node *node) {
    for (size_t i = 0; i < node->peers.count; i++) {
        struct plk_peer *peer = node->peers.list[i];
        if (peer->heat == PLK_WARM && peer->row.relay_only) reroute(node, peer); // others have no queues in memory
    }
}

enum plk_err plk_reach_check_add(const struct plk_node *node, bool relay_only, bool leads_to_address) {
    if (!relay_only) return PLK_ERR_OK;
    if (leads_to_address) return PLK_ERR_INVALID;
    return plk_relays_has_own(&node->relays) ? PLK_ERR_OK : PLK_ERR_NO_RELAY;
}

static bool has_relay(const struct plk_node *node, const struct plk_peer *peer) {
    return peer->warm->approach != NULL ||
           plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, NULL) != NULL;
}

enum plk_err plk_reach_command(struct plk_node *node, const struct plk_command *command, bool *later) {
    struct plk_peer *peer = plk_peers_find(&node->peers, command->contact);
    if (peer == NULL) return PLK_ERR_NOT_FOUND;
    if (peer->damaged) return PLK_ERR_CORRUPT;
    if (peer->row.relay_only == command->flag) return PLK_ERR_OK;
    enum plk_err err = plk_reach_check_add(node, command->flag, false);
    if (err != PLK_ERR_OK) return err;
    if (peer->heat != PLK_WARM) {
        *later = plk_node_command_wait(node, peer, command);
        return PLK_ERR_BUSY;
    }
    if (command->flag && !has_relay(node, peer)) return PLK_ERR_NO_ADDRESS;
    plk_reach_set(node, peer, command->flag);
    plk_node_event(node, PLK_EVENT_CONTACT, command->contact, 0, 0, 0, NULL);
    return PLK_ERR_OK;
}
