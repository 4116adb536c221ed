// SPDX-License-Identifier: MIT
// A link and relays: the peer's queues as paths (docs/protocol/link.md, section 7). They are directed: we send into the peer's,
// what comes to us comes through ours, and nothing that comes says which of the peer's is good.
#include "node/boxes.h"
#include "node/inside.h"
#include "node/link.h"

static const struct plk_addr nowhere = {.family = 0};

static bool is_directed(const struct plk_path *path) { return plk_path_kind_of(path->transport).directed; }

// Under the recovery secret too: a peer that was restored has its queues from its backup.
struct plk_box *plk_link_box(const struct plk_node *node, const struct plk_link *link, unsigned index) {
    if (link->peer == NULL || (link->role != PLK_LINK_CONTACT && link->role != PLK_LINK_RECOVERY)) return NULL;
    struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, false, link->peer->row.contact, box)) != NULL) {
        if (index-- == 0) return box;
    }
    return NULL;
}

void plk_link_want_relays(struct plk_node *node, const struct plk_link *link) {
    struct plk_box *box;
    for (unsigned i = 0; (box = plk_link_box(node, link, i)) != NULL; i++) plk_relays_want(node, box->relay);
}

void plk_link_ask_relays(struct plk_node *node, struct plk_link *link) {
    struct plk_box *box;
    for (unsigned i = 0; (box = plk_link_box(node, link, i)) != NULL; i++) {
        plk_relays_want(node, box->relay);
        if (plk_box_takes(box)) plk_paths_ask_relay(&link->paths, box->id, &node->rng, node->now.mono_us);
    }
    link->dirty = true;
}

bool plk_link_has_relay(const struct plk_link *link) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if (link->paths.list[i].id != 0 && is_directed(&link->paths.list[i])) return true;
    }
    return false;
}

// One that may work: its relay is connected, and has not said that the peer is not there, or longest ago.
static struct plk_box *likely(const struct plk_node *node, const struct plk_link *link) {
    struct plk_box *box, *best = NULL;
    for (unsigned i = 0; (box = plk_link_box(node, link, i)) != NULL; i++) {
        if (!plk_box_takes(box)) continue;
        if (best == NULL || box->nobody_us < best->nobody_us) best = box;
    }
    return best != NULL ? best : plk_link_box(node, link, 0);
}

struct plk_path *plk_link_relay_confirmed(struct plk_node *node, struct plk_link *link) {
    struct plk_paths *paths = &link->paths;
    uint64_t now_us = node->now.mono_us;
    uint32_t before = paths->active;
    const struct plk_box *box = likely(node, link);
    struct plk_path *path = NULL;
    if (box != NULL) path = plk_paths_open(paths, PLK_PASS, &nowhere, box->id, true, now_us);
    plk_link_ask_relays(node, link);
    // It was chosen and not proven: all are asked, and addresses too; the first that answers takes over.
    if (before == 0 || before != paths->active) plk_paths_silent(paths, paths->active, &node->rng, now_us);
    return path;
}

bool plk_link_deaf_relay(const struct plk_node *node, const struct plk_link *link) {
    const struct plk_path *active = plk_paths_active(&link->paths);
    if (active == NULL || !is_directed(active)) return false;
    const struct plk_box *box = plk_boxes_find(node, active->stream);
    return box == NULL || !plk_box_takes(box);
}

static void doubt(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_relay_channel *channel = relay->dial == NULL ? NULL : plk_relay_dial_channel(relay->dial);
    if (channel == NULL) return;
    plk_relay_channel_ping(channel, node->now.mono_us);
    plk_relays_touch(node, relay);
}

void plk_link_doubt_relay(struct plk_node *node, const struct plk_path *path) {
    struct plk_box *box = is_directed(path) ? plk_boxes_find(node, path->stream) : NULL;
    if (box != NULL) doubt(node, box->relay);
}

void plk_link_doubt_relays(struct plk_node *node, const struct plk_link *link) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if (link->paths.list[i].id != 0) plk_link_doubt_relay(node, &link->paths.list[i]);
    }
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        if (relay->source != PLK_RELAY_FOREIGN) doubt(node, relay);
    }
}

void plk_link_recheck_relays(struct plk_node *node, struct plk_link *link) {
    if (!plk_link_is_up(link) || !link->paths.suspect) return;
    plk_link_ask_relays(node, link);
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        const struct plk_path *path = &link->paths.list[i];
        if (path->id == 0 || !is_directed(path)) continue;
        plk_paths_recheck(&link->paths, path->id, &node->rng, node->now.mono_us);
    }
}

void plk_links_relay_up(struct plk_node *node) {
    for (struct plk_link *link = node->links; link != NULL; link = link->next) plk_link_recheck_relays(node, link);
}

static void nobody(struct plk_node *node, struct plk_link *link, uint32_t box) {
    if (link == NULL || !plk_link_is_up(link)) return;
    const struct plk_path *path = plk_paths_find(&link->paths, PLK_PASS, &nowhere, box);
    if (path == NULL) return;
    plk_paths_absent(&link->paths, path->id, &node->rng, node->now.mono_us);
    link->dirty = true;
}

void plk_link_nobody(struct plk_node *node, struct plk_peer *peer, uint32_t box) {
    nobody(node, peer->link, box);
    nobody(node, peer->meeting, box);
}

static void boxes_changed(struct plk_node *node, struct plk_link *link) {
    if (link == NULL) return;
    link->attempt.boxes = 0; // its message 1 goes into those that are there now
    link->dirty = true;
    if (!plk_link_is_up(link)) return;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        const struct plk_path *path = &link->paths.list[i];
        if (path->id == 0 || !is_directed(path) || plk_boxes_find(node, path->stream) != NULL) continue;
        plk_paths_close(&link->paths, path->id, &node->rng, node->now.mono_us);
    }
    if (!link->paths.settled || link->paths.suspect) plk_link_ask_relays(node, link);
}

void plk_link_boxes_changed(struct plk_node *node, struct plk_peer *peer) {
    boxes_changed(node, peer->link);
    boxes_changed(node, peer->meeting);
}
