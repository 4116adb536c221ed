// SPDX-License-Identifier: MIT
#include "node/link.h"

#include "node/inside.h"

struct plk_link *plk_link_new(struct plk_node *node, enum plk_link_role role, struct plk_peer *peer) {
    struct plk_link *link = plk_mem_take(node->mem, sizeof *link);
    link->role = role;
    link->peer = peer;
    link->streams = plk_streams_new(node->mem);
    plk_streams_let_grow(link->streams);
    link->current = PLK_LINK_CHANNELS;
    plk_rng_bytes(&node->rng, link->incarnation, sizeof link->incarnation);
    link->gate = &link->own_gate;
    plk_gate_init(&link->own_gate, 0);
    plk_paths_init(&link->paths);
    link->born_us = link->heard_us = link->payload_us = node->now.mono_us;
    link->dirty = true;
    link->next = node->links;
    node->links = link;
    link->timer.owner = link;
    plk_timers_set(&node->link_timers, &link->timer, 0); // to be looked at in this turn
    return link;
}

struct plk_channel *plk_link_current(struct plk_link *link) {
    return plk_link_is_up(link) ? &link->channels[link->current] : NULL;
}

static void forget_cids(struct plk_node *node, const struct plk_cids *cids) {
    for (size_t i = 0; i < PLK_CIDS_LIVE; i++) {
        if (cids->own[i].live) plk_cid_map_remove(&node->cids, cids->own[i].id);
    }
}

// What the old session has under way goes out again under the current one.
static void requeue(struct plk_node *node, struct plk_link *link, struct plk_channel *channel) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if (channel->path_id[i] != 0) plk_flight_path_dead(channel->flight, channel->path_id[i]);
    }
    plk_link_drain_flight(node, link, channel);
}

void plk_link_channel_end(struct plk_node *node, struct plk_link *link, unsigned index) {
    struct plk_channel *channel = &link->channels[index];
    if (!channel->live) return;
    requeue(node, link, channel);
    forget_cids(node, &channel->cids);
    plk_flight_free(channel->flight);
    plk_session_wipe(&channel->session);
    memset(channel, 0, sizeof *channel);
    if (link->current == index) link->current = PLK_LINK_CHANNELS;
}

void plk_link_attempt_end(struct plk_node *node, struct plk_link *link) {
    if (!link->attempt.live) return;
    forget_cids(node, &link->attempt.cids);
    plk_handshake_wipe(&link->attempt.handshake);
    memset(&link->attempt, 0, sizeof link->attempt);
}

void plk_link_close_carrier(struct plk_node *node, struct plk_carrier *carrier) {
    struct plk_output output = {.kind = PLK_OUT_STREAM_CLOSE, .stream_close = {carrier->stream}};
    plk_outputs_now(&node->outputs, &output);
    plk_carriers_remove(&node->carriers, carrier);
}

void plk_link_free(struct plk_node *node, struct plk_link *link) {
    struct plk_link **at = &node->links;
    while (*at != link) at = &(*at)->next;
    *at = link->next;
    plk_punch_forget(node, link);
    if (node->polling == link) node->polling = link->next;
    plk_timers_remove(&node->link_timers, &link->timer);
    plk_link_attempt_end(node, link);
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) plk_link_channel_end(node, link, i);
    for (struct plk_carrier *c; (c = plk_carriers_of(&node->carriers, link, NULL)) != NULL;)
        plk_link_close_carrier(node, c);
    plk_streams_free(link->streams);
    plk_gate_wipe(&link->own_gate);
    plk_mem_give(node->mem, link);
}

bool plk_channel_add_path(struct plk_channel *channel, const struct plk_paths *paths, const struct plk_path *path,
                          uint64_t cid) {
    unsigned place = (unsigned)(path - paths->list);
    struct plk_path_kind kind = plk_path_kind_of(path->transport);
    struct plk_flight_path flight_path = {.id = path->id, .mtu = plk_path_size(path), .rtt_us = path->rtt_us};
    flight_path.carrier = kind.reliable ? PLK_FLIGHT_RELIABLE : PLK_FLIGHT_LOSSY;
    if (plk_flight_path_add(channel->flight, &flight_path) != PLK_ERR_OK) return false;
    channel->path_id[place] = path->id;
    channel->path_cid[place] = cid;
    return true;
}

bool plk_channel_use_path(struct plk_channel *channel, const struct plk_paths *paths, const struct plk_path *path,
                          unsigned *place) {
    *place = (unsigned)(path - paths->list);
    if (channel->path_id[*place] == path->id) return true;
    const struct plk_cid *cid = plk_cids_take(&channel->cids);
    // All are in use, and the message with new ones may itself wait for this path: one is used twice rather than none.
    for (unsigned i = 0; cid == NULL && i < PLK_CIDS_LIVE; i++) {
        if (channel->cids.peer[i].live) cid = &channel->cids.peer[i];
    }
    if (cid == NULL) return false;
    return plk_channel_add_path(channel, paths, path, cid->seq);
}

static bool shares_cid(const struct plk_channel *channel, unsigned place) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if (i != place && channel->path_id[i] != 0 && channel->path_cid[i] == channel->path_cid[place]) return true;
    }
    return false;
}

// The last id of the peer's is never given up: without one not even the word that others are needed could leave.
static bool has_spare_cid(const struct plk_channel *channel) {
    unsigned live = 0;
    for (unsigned i = 0; i < PLK_CIDS_LIVE; i++) live += channel->cids.peer[i].live;
    return live > 1;
}

void plk_channel_forget_path(struct plk_channel *channel, uint32_t path_id) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if (path_id == 0 || channel->path_id[i] != path_id) continue;
        plk_flight_path_dead(channel->flight, path_id);
        if (!shares_cid(channel, i) && has_spare_cid(channel) &&
            plk_cids_retire(&channel->cids, channel->path_cid[i]) == PLK_ERR_OK &&
            channel->retire_count < PLK_CIDS_LIVE) {
            channel->retire[channel->retire_count++] = channel->path_cid[i];
        }
        channel->path_id[i] = 0;
    }
}

// Connects to every TCP candidate that has no carrier yet.
void plk_link_open_tcp(struct plk_node *node, struct plk_link *link) {
    if (!node->allow_tcp || link->candidates == NULL) return;
    for (size_t i = 0; i < link->candidates->count; i++) {
        const struct plk_candidate *candidate = &link->candidates->list[i];
        if (candidate->transport != PLK_TCP) continue;
        bool have = false;
        for (struct plk_carrier *c = NULL; (c = plk_carriers_of(&node->carriers, link, c)) != NULL;) {
            have = have || plk_addr_equal(&c->remote, &candidate->addr);
        }
        if (have) continue;
        struct plk_carrier *carrier =
            plk_carriers_add(&node->carriers, node->carriers.next_stream, &candidate->addr, link, node->now.mono_us);
        if (carrier == NULL) return;
        node->carriers.next_stream = (node->carriers.next_stream + 1) & 0x7fffffff;
        struct plk_output output = {
            .kind = PLK_OUT_STREAM_OPEN,
            .stream_open = {carrier->stream, candidate->addr, plk_mirror_port(node, candidate->addr.family)}};
        plk_outputs_now(&node->outputs, &output);
        plk_link_note_at(node, link, PLK_TRAIL_CONNECTING, PLK_TCP, &candidate->addr);
    }
}

void plk_link_carrier_gone(struct plk_node *node, struct plk_link *link, uint32_t stream) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *path = &link->paths.list[i];
        if (path->id != 0 && plk_path_kind_of(path->transport).reliable && path->stream == stream) {
            plk_paths_close(&link->paths, path->id, &node->rng, node->now.mono_us);
        }
    }
    link->dirty = true;
}

void plk_link_network_changed(struct plk_node *node, struct plk_link *link) {
    plk_link_attempt_hurry(link, node->now.mono_us);
    if (plk_link_is_up(link)) plk_paths_network_changed(&link->paths, &node->rng, node->now.mono_us);
    plk_punch_anew(node, link);
    link->addresses_due = true;
    link->dirty = true;
}

static void go_down(struct plk_link *link) {
    link->went_down = true;
    link->dead = true;
    link->dirty = true;
}

static void end_old_channels(struct plk_node *node, struct plk_link *link) {
    uint64_t now_us = node->now.mono_us;
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) {
        const struct plk_channel *channel = &link->channels[i];
        if (!channel->live || i == link->current) continue;
        uint64_t since_us = channel->confirmed_us != 0 ? channel->replaced_us : channel->session.started_us;
        if (now_us - since_us >= PLK_LINK_OLD_CHANNEL_US) plk_link_channel_end(node, link, i);
    }
}

static uint64_t quiet_us(const struct plk_link *link) {
    return link->role == PLK_LINK_CONTACT ? PLK_LINK_QUIET_US : PLK_LINK_MEETING_QUIET_US;
}

// Neither a session nor an attempt at one: made for a message 1 that got no answer. It must not stand in the way of a call.
static bool is_hollow(const struct plk_link *link) {
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) {
        if (link->channels[i].live) return false;
    }
    return !link->attempt.live && link->reply_count == 0;
}

static uint64_t ping_deadline(const struct plk_node *node, const struct plk_link *link) {
    const struct plk_path *active = plk_paths_active(&link->paths);
    uint64_t apart_us = PLK_LINK_PING_US;
    bool talks = node->now.mono_us - link->payload_us < PLK_LINK_TALK_US;
    bool direct = active != NULL && active->transport == PLK_UDP;
    if (talks && direct && plk_discovery_is_closed(node, active->addr.family)) apart_us = PLK_LINK_HOLE_US;
    return link->pinged_us + apart_us;
}

void plk_link_tick(struct plk_node *node, struct plk_link *link) {
    uint64_t now_us = node->now.mono_us;
    struct plk_attempt *attempt = &link->attempt;
    if (attempt->live && attempt->started_us != PLK_NEVER && now_us - attempt->started_us >= PLK_LINK_ATTEMPT_US) {
        plk_link_attempt_end(node, link);
    }
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) {
        struct plk_channel *channel = &link->channels[i];
        if (!channel->live || channel->confirmed_us == 0) continue;
        plk_flight_tick(channel->flight, now_us);
        plk_link_drain_flight(node, link, channel);
    }
    end_old_channels(node, link);
    if (now_us - link->payload_us >= PLK_LINK_TRIM_US) plk_streams_trim(link->streams);
    if (plk_link_is_up(link)) {
        plk_paths_tick(&link->paths, &node->rng, now_us);
        if (now_us >= ping_deadline(node, link)) {
            link->ping_due = true;
            link->pinged_us = now_us;
        }
        if (now_us - link->payload_us >= PLK_LINK_IDLE_US) link->closing = true;
        if (now_us - link->heard_us >= quiet_us(link)) {
            link->vanished = true;
            go_down(link);
        }
    } else if (is_hollow(link)) { // else a peer may have our message 2 to prove it
        go_down(link);
    }
}

// What is due and could not leave (a full TCP stream, no connection id) is tried again a little later, not at once for ever.
static uint64_t flight_deadline(const struct plk_link *link, const struct plk_channel *channel) {
    uint64_t deadline_us = plk_flight_deadline(channel->flight);
    return deadline_us <= link->polled_us ? link->polled_us + PLK_LINK_STUCK_US : deadline_us;
}

static uint64_t attempt_deadline(const struct plk_node *node, const struct plk_link *link) {
    const struct plk_attempt *attempt = &link->attempt;
    if (!attempt->live || !plk_ledger_durable(&node->ledger, attempt->mark)) return PLK_NEVER;
    if (attempt->started_us == PLK_NEVER) return 0;
    return plk_earlier(attempt->round_us, attempt->started_us + PLK_LINK_ATTEMPT_US);
}

uint64_t plk_link_deadline(const struct plk_node *node, const struct plk_link *link) {
    if (is_hollow(link)) return 0;
    uint64_t deadline_us = attempt_deadline(node, link);
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) {
        const struct plk_channel *channel = &link->channels[i];
        if (!channel->live) continue;
        if (channel->confirmed_us != 0) deadline_us = plk_earlier(deadline_us, flight_deadline(link, channel));
        if (i == link->current) continue;
        uint64_t since_us = channel->confirmed_us != 0 ? channel->replaced_us : channel->session.started_us;
        deadline_us = plk_earlier(deadline_us, since_us + PLK_LINK_OLD_CHANNEL_US);
    }
    if (!plk_link_is_up(link)) return deadline_us;
    deadline_us = plk_earlier(deadline_us, plk_paths_deadline(&link->paths));
    deadline_us = plk_earlier(deadline_us, ping_deadline(node, link));
    deadline_us = plk_earlier(deadline_us, link->payload_us + PLK_LINK_IDLE_US);
    if (link->paced_us != 0) deadline_us = plk_earlier(deadline_us, link->paced_us);
    return plk_earlier(deadline_us, link->heard_us + quiet_us(link));
}
