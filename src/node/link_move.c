// SPDX-License-Identifier: MIT
// What src/path has decided is carried out: data moves, connections open and close, candidates are asked.
#include "node/inside.h"
#include "node/link.h"
#include "path/choice.h"

// A path that has become active takes the traffic over, with a window that begins anew (RFC 9000 section 9.4). What is under
// way on one that does not answer any more goes out again; the others stay as they are, so that a way back costs nothing.
static void activate(struct plk_node *node, struct plk_link *link, const struct plk_paths_action *action) {
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) {
        struct plk_channel *channel = &link->channels[i];
        if (!channel->live) continue;
        for (unsigned k = 0; action->silent && k < PLK_PATHS_MAX; k++) {
            if (channel->path_id[k] != action->path.id) plk_flight_path_left(channel->flight, channel->path_id[k]);
        }
        plk_flight_path_reset(channel->flight, action->path.id, true);
        plk_flight_path_rtt(channel->flight, action->path.id, action->path.rtt_us);
        plk_flight_path_mtu(channel->flight, action->path.id, plk_path_size(&action->path));
        plk_link_drain_flight(node, link, channel);
    }
    if (action->path.transport == PLK_PASS) plk_punch_lost(node, link);
    plk_link_note(node, link, PLK_TRAIL_ACTIVE, &action->path);
    link->ping_due = true; // the peer's data follows to where ours comes from
    link->paced_us = 0;
    link->path_changed = link->signal = true;
}

static void bury(struct plk_node *node, struct plk_link *link, const struct plk_path *path) {
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) {
        struct plk_channel *channel = &link->channels[i];
        if (!channel->live) continue;
        plk_channel_forget_path(channel, path->id);
        plk_link_drain_flight(node, link, channel);
    }
    if (path->transport == PLK_UDP && path->stream != 0) plk_sockets_look(node);
    if (!plk_path_kind_of(path->transport).reliable) return;
    struct plk_carrier *carrier = plk_carriers_find(&node->carriers, path->stream);
    if (carrier != NULL) plk_link_close_carrier(node, carrier);
}

// Asks candidates, as many at a time as may be asked; the others when a place is free. More than once only while nothing
// works.
static void race_on(struct plk_node *node, struct plk_link *link) {
    uint32_t most = link->paths.suspect ? PLK_CANDIDATES_TRIES : 1;
    struct plk_candidate *candidate = NULL;
    while (link->candidates != NULL && (candidate = plk_candidates_next(link->candidates, most)) != NULL) {
        if (!plk_paths_ask(&link->paths, &candidate->addr, &node->rng, node->now.mono_us)) break;
        candidate->tries++;
        plk_link_note_at(node, link, PLK_TRAIL_ASKED, PLK_UDP, &candidate->addr);
    }
    link->paths.waiting = candidate != NULL;
}

void plk_link_ask_carriers(struct plk_node *node, struct plk_link *link) {
    for (struct plk_carrier *c = NULL; (c = plk_carriers_of(&node->carriers, link, c)) != NULL;) {
        if (!c->open || plk_paths_find(&link->paths, PLK_TCP, &c->remote, c->stream) != NULL) continue;
        const struct plk_path *path =
            plk_paths_open(&link->paths, PLK_TCP, &c->remote, c->stream, false, node->now.mono_us);
        if (path == NULL) return; // a place is made for it: with the next race
        plk_paths_check(&link->paths, path->id, &node->rng, node->now.mono_us);
    }
}

static void race(struct plk_node *node, struct plk_link *link) {
    const struct plk_path *active = plk_paths_active(&link->paths);
    if (active == NULL || active->transport != PLK_UDP || link->paths.suspect) {
        plk_link_open_tcp(node, link);
        plk_link_ask_carriers(node, link);
    }
    if (link->candidates != NULL) plk_candidates_race(link->candidates);
    if (plk_choice_may_improve(&link->paths)) plk_discovery_refresh(node);
    // The first path through a relay is a guess that is checked at once: nothing has gone silent then.
    bool stood = active != NULL && node->now.mono_us - link->paths.active_us >= PLK_PATHS_CHALLENGE_US;
    if (stood && link->paths.suspect) plk_link_note(node, link, PLK_TRAIL_SILENT, active);
    if (link->paths.suspect) plk_link_doubt_relays(node, link);
    // Relays are no candidates for something better: they are asked until the direct path has proved itself, and when it fails.
    if (!link->paths.settled || link->paths.suspect) plk_link_ask_relays(node, link);
    race_on(node, link);
}

// A better path has carried data both ways for a while.
static void close_spare_carriers(struct plk_node *node, struct plk_link *link) {
    struct plk_carrier *next = plk_carriers_of(&node->carriers, link, NULL);
    while (next != NULL) {
        struct plk_carrier *carrier = next;
        next = plk_carriers_of(&node->carriers, link, carrier);
        if (plk_paths_find(&link->paths, PLK_TCP, &carrier->remote, carrier->stream) == NULL)
            plk_link_close_carrier(node, carrier);
    }
}

// ---- how large packets may be -------------------------------------------------------------------------------------------

static void resized(struct plk_link *link, const struct plk_path *path) {
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) {
        if (link->channels[i].live) plk_flight_path_mtu(link->channels[i].flight, path->id, plk_path_size(path));
    }
}

void plk_link_size_tried(struct plk_node *node, struct plk_link *link, uint32_t id, uint64_t size, bool passed) {
    struct plk_path *path = plk_paths_by_id(&link->paths, id);
    if (path == NULL) return;
    if (!passed) {
        plk_mtu_failed(&path->mtu, (uint32_t)size, node->now.mono_us);
    } else if (plk_mtu_passed(&path->mtu, (uint32_t)size, node->now.mono_us)) {
        resized(link, path);
    }
}

void plk_link_large_lost(struct plk_link *link, unsigned count) {
    struct plk_path *path = plk_paths_by_id(&link->paths, link->paths.active);
    if (path != NULL && plk_mtu_lost(&path->mtu, count)) resized(link, path);
}

// ---- decisions ----------------------------------------------------------------------------------------------------------

void plk_link_act(struct plk_node *node, struct plk_link *link, const struct plk_paths_action *action) {
    switch (action->act) {
    case PLK_PATHS_CHALLENGE:
        break; // a packet: link_send.c
    case PLK_PATHS_ACTIVE:
        activate(node, link, action);
        break;
    case PLK_PATHS_DEAD:
        if (action->path.checking) plk_link_doubt_relay(node, &action->path);
        if (!action->path.proven) plk_link_note(node, link, PLK_TRAIL_UNANSWERED, &action->path);
        bury(node, link, &action->path);
        break;
    case PLK_PATHS_RACE:
        race(node, link);
        break;
    case PLK_PATHS_MORE:
        race_on(node, link);
        break;
    case PLK_PATHS_SETTLED:
        close_spare_carriers(node, link);
        break;
    case PLK_PATHS_LOST:
        plk_link_note(node, link, PLK_TRAIL_LOST, NULL);
        link->lost = link->signal = true;
        break;
    }
}
