// SPDX-License-Identifier: MIT
#include "node/rotation.h"

#include "node/inside.h"

// A clock that was put back makes nothing wait for longer than it would from now on.
static bool has_passed(struct plk_node *node, struct plk_box *box, uint64_t *since_ms, uint64_t span_ms) {
    if (*since_ms > node->now.wall_ms) {
        *since_ms = node->now.wall_ms;
        plk_box_write_row(node, box);
    }
    return node->now.wall_ms - *since_ms >= span_ms;
}

// Each queue has its own age, by its secret, so that those of one contact at two relays, and those that were made together, are
// not replaced together.
static uint64_t age_of(const struct plk_box *box) {
    uint64_t drawn = plk_siphash(box->secret, plk_bytes(box->secret + 16, sizeof box->secret - 16));
    return PLK_ROTATION_AGE_MS / 4 * 3 + drawn % (PLK_ROTATION_AGE_MS / 2);
}

static bool has_cells(const struct plk_peer *peer, const struct plk_box *box) {
    for (const struct plk_waiting_cell *cell = peer->cells; cell != NULL; cell = cell->next) {
        if (cell->box == box->id) return true;
    }
    return false;
}

// Left by the contact long ago, and read to its end.
static bool is_over(struct plk_node *node, const struct plk_peer *peer, struct plk_box *box) {
    if (box->left_ms == 0 || !box->ready || has_cells(peer, box)) return false;
    if (node->now.mono_us - box->stirred_us < PLK_ROTATION_QUIET_US) return false;
    return plk_box_is_left(node, box) && has_passed(node, box, &box->left_ms, PLK_ROTATION_GRACE_MS);
}

static bool is_old(struct plk_node *node, const struct plk_peer *peer, struct plk_box *box) {
    if (!box->made || !box->ready || !plk_post_may(peer) || node->now.mono_us < box->renew_us) return false;
    if (plk_box_other(node, box, true) != NULL || plk_box_other(node, box, false) != NULL) return false;
    if (box->made_ms == 0) { // of a row without it
        box->made_ms = node->now.wall_ms - plk_rng_below(&node->rng, PLK_ROTATION_AGE_MS);
        plk_box_write_row(node, box);
    }
    return has_passed(node, box, &box->made_ms, age_of(box));
}

// As many at a time as it takes to get round: a relay is not asked for all of them in one minute, after a long sleep.
static void look_at(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_box *next;
    size_t made = 0, most = 1 + plk_queue_client_status(relay->queues).own / PLK_ROTATION_STEP;
    for (struct plk_box *box = relay->boxes; box != NULL; box = next) {
        next = box->next;
        const struct plk_peer *peer =
            box->own && box->use == PLK_BOX_CONTACT ? plk_peers_find(&node->peers, box->owner) : NULL;
        if (peer == NULL) continue;
        plk_ledger_turn(&node->ledger);
        if (plk_ledger_behind(&node->ledger)) return; // at the next look
        if (is_over(node, peer, box)) {
            plk_box_drop(node, box);
        } else if (made < most && is_old(node, peer, box)) {
            plk_box_make(node, PLK_BOX_CONTACT, box->owner, relay, box->flags, NULL, NULL);
            made++;
        }
    }
}

void plk_rotation_run(struct plk_node *node) {
    struct plk_rotation *rotation = &node->rotation;
    if (node->state != PLK_NODE_READY || node->suspended || node->now.mono_us < rotation->due_us) return;
    if (plk_ledger_behind(&node->ledger)) return; // STORED is followed by another look
    bool first = rotation->due_us == 0;           // nothing is connected yet
    rotation->due_us = node->now.mono_us + PLK_ROTATION_LOOK_US + plk_rng_below(&node->rng, PLK_ROTATION_LOOK_US / 2);
    for (struct plk_relay_link *relay = node->relays.first; !first && relay != NULL; relay = relay->next) {
        if (relay->source != PLK_RELAY_FOREIGN && plk_relay_link_is_up(relay)) look_at(node, relay);
    }
}

uint64_t plk_rotation_deadline(const struct plk_node *node) {
    return plk_relays_has_own(&node->relays) ? node->rotation.due_us : PLK_NEVER;
}

bool plk_rotation_refused(struct plk_node *node, struct plk_box *box) {
    const struct plk_box *older = box->made ? NULL : plk_box_other(node, box, false);
    if (older == NULL) return false;
    plk_boxes_find(node, older->id)->renew_us = node->now.mono_us + PLK_ROTATION_AGAIN_US;
    plk_box_drop(node, box);
    return true;
}

bool plk_rotation_is_news(const struct plk_node *node, const struct plk_box *box) {
    const struct plk_box *older = plk_box_other(node, box, false);
    return older != NULL && older->left_ms == 0;
}
