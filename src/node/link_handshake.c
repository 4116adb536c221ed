// SPDX-License-Identifier: MIT
// Message 1 and message 2 (DESIGN 3.5): own attempts on everything known, answers, and which of two sessions wins.
#include "node/inside.h"
#include "node/link.h"

enum plk_err plk_link_attempt(struct plk_node *node, struct plk_link *link, const struct plk_handshake_keys *keys,
                              uint64_t stamp, uint32_t generation, uint64_t echo, uint64_t mark,
                              const struct plk_way *first) {
    plk_link_attempt_end(node, link);
    struct plk_attempt *attempt = &link->attempt;
    struct plk_greeting own = {.generation = generation, .echo = echo};
    memcpy(own.device, node->profile.device, sizeof own.device);
    memcpy(own.incarnation, link->incarnation, sizeof own.incarnation);
    plk_cids_start(&attempt->cids, &node->rng, &own);
    enum plk_err err = plk_handshake_start(&attempt->handshake, keys, stamp, &own, &node->rng);
    if (err != PLK_ERR_OK) {
        memset(attempt, 0, sizeof *attempt);
        return err;
    }
    for (size_t i = 0; i < PLK_CIDS_LIVE; i++) {
        if (!attempt->cids.own[i].live) continue;
        plk_cid_map_put(&node->cids, attempt->cids.own[i].id, link, PLK_LINK_ATTEMPT_CHANNEL);
    }
    plk_link_note(node, link, PLK_TRAIL_CALLED, NULL);
    attempt->live = true;
    attempt->mark = mark;
    attempt->started_us = PLK_NEVER;
    attempt->round_us = node->now.mono_us;
    attempt->cursor = SIZE_MAX;
    if (first != NULL) {
        attempt->first = *first;
        attempt->first_due = true;
    }
    for (struct plk_carrier *c = NULL; (c = plk_carriers_of(&node->carriers, link, c)) != NULL;) c->greeted = false;
    link->dirty = true;
    return PLK_ERR_OK;
}

void plk_link_attempt_hurry(struct plk_link *link, uint64_t now_us) {
    if (!link->attempt.live || link->attempt.started_us == PLK_NEVER) return;
    link->attempt.round_us = now_us;
    link->attempt.rounds = 0;
    link->attempt.started_us = now_us;
    link->dirty = true;
}

// A place for a new session: a free one, else the one that is least missed.
static unsigned channel_place(struct plk_node *node, struct plk_link *link) {
    unsigned worst = PLK_LINK_CHANNELS;
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) {
        if (!link->channels[i].live) return i;
        if (i == link->current) continue;
        if (worst == PLK_LINK_CHANNELS ||
            link->channels[i].session.started_us < link->channels[worst].session.started_us) {
            worst = i;
        }
    }
    plk_link_channel_end(node, link, worst);
    return worst;
}

static unsigned channel_open(struct plk_node *node, struct plk_link *link, const struct plk_session *session,
                             const struct plk_cids *cids, const struct plk_greeting *peer) {
    unsigned index = channel_place(node, link);
    struct plk_channel *channel = &link->channels[index];
    *channel = (struct plk_channel){.live = true, .session = *session, .cids = *cids, .generation = peer->generation};
    channel->smaller_initiated = session->initiator == link->own_smaller;
    channel->tag = session->initiator ? link->attempt_tag : link->answer_tag;
    link->echo = peer->echo;
    memcpy(channel->device, peer->device, sizeof channel->device);
    memcpy(channel->incarnation, peer->incarnation, sizeof channel->incarnation);
    plk_cids_greet(&channel->cids, peer);
    channel->flight = plk_flight_new(node->mem);
    for (size_t i = 0; i < PLK_CIDS_LIVE; i++) {
        if (channel->cids.own[i].live) plk_cid_map_put(&node->cids, channel->cids.own[i].id, link, index);
    }
    return index;
}

// Of two sessions of one race the one that the smaller PeerID began wins; a later one always replaces an earlier one.
static bool replaces(const struct plk_channel *new, const struct plk_channel *old) {
    if (memcmp(new->incarnation, old->incarnation, sizeof new->incarnation) != 0) return true;
    if (new->confirmed_us - old->confirmed_us >= PLK_LINK_GLARE_US) return true;
    return new->smaller_initiated || !old->smaller_initiated;
}

// The rest of the pool, so that every path finds an id of its own.
static void issue_cids(struct plk_node *node, struct plk_link *link, unsigned index) {
    struct plk_channel *channel = &link->channels[index];
    const struct plk_cid *issued;
    while (plk_cids_issue(&channel->cids, &node->rng, &issued) == PLK_ERR_OK) {
        plk_cid_map_put(&node->cids, issued->id, link, index);
        channel->new_cids |= 1u << (unsigned)(issued - channel->cids.own);
    }
}

static void restart_if_new_process(struct plk_node *node, struct plk_link *link, unsigned index) {
    const struct plk_channel *old = plk_link_current(link);
    if (old == NULL) return;
    if (memcmp(old->incarnation, link->channels[index].incarnation, sizeof old->incarnation) == 0) return;
    // What the old process was sent is gone with it; nothing of the old sessions is carried over.
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) {
        if (i != index) plk_link_channel_end(node, link, i);
    }
    plk_streams_restart(link->streams);
    plk_paths_init(&link->paths);
    link->told_sequence = 0; // a new process counts its lists anew
    link->restarted = true;
}

// One side changes to quicker paths, the other follows: the smaller PeerID, or, where identities are not known yet, who calls.
static bool leads(const struct plk_link *link) {
    return link->role == PLK_LINK_JOINER || (link->role != PLK_LINK_INVITER && link->own_smaller);
}

// The paths have not changed with the session: their round trips and windows go on (RFC 9002 section 6.2.2 would begin with
// a third of a second). Only where an id of its own is free for a path; the others begin anew when they are used.
static void inherit(struct plk_link *link, struct plk_channel *channel, const struct plk_channel *old) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        const struct plk_path *path = &link->paths.list[i];
        unsigned place;
        if (path->id == 0 || old->path_id[i] != path->id) continue;
        bool wanted = path->id == link->paths.active || plk_cids_peer_unused(&channel->cids) > 0;
        if (!wanted || !plk_channel_use_path(channel, &link->paths, path, &place)) continue;
        plk_flight_carry_over(channel->flight, old->flight, path->id);
    }
}

void plk_link_confirmed(struct plk_node *node, struct plk_link *link, unsigned index, const struct plk_way *way,
                        uint64_t since_us) {
    struct plk_channel *channel = &link->channels[index];
    uint64_t now_us = node->now.mono_us;
    channel->confirmed_us = now_us;
    channel->heard_us = now_us;
    issue_cids(node, link, index);
    plk_link_attempt_end(node, link); // one session is enough; in glare the other side's serves as well
    restart_if_new_process(node, link, index);
    link->paths.leads = leads(link);
    struct plk_path *path;
    if (plk_path_kind_of(way->transport).directed) {
        path = plk_link_relay_confirmed(node, link);
        plk_link_ask_carriers(node, link);
    } else {
        path = plk_paths_open(&link->paths, way->transport, &way->addr, way->stream, true, now_us);
        plk_link_ask_relays(node, link); // they stay warm until this path has proved itself
    }
    if (path != NULL) {
        // At most this: without it the first probe of the flight would wait for a whole second.
        if (path->rtt_us == 0) path->rtt_us = now_us - since_us;
        plk_channel_add_path(channel, &link->paths, path, 0); // id number 0, which plk_cids_greet has taken
    }
    struct plk_channel *old = plk_link_current(link);
    link->heard_us = now_us;
    link->pinged_us = now_us;
    link->ping_due = link->ping_due || channel->session.initiator;
    link->dirty = true;
    if (old != NULL && !replaces(channel, old)) {
        channel->replaced_us = now_us;
        return;
    }
    unsigned before = link->current;
    link->current = index;
    if (old == NULL) {
        if (path != NULL) plk_link_note(node, link, PLK_TRAIL_UP, path);
        link->came_up = true;
        link->payload_us = now_us;
        link->addresses_due = true;
        return;
    }
    old->replaced_us = now_us;
    inherit(link, channel, old);
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if (old->path_id[i] != 0) plk_flight_path_dead(old->flight, old->path_id[i]);
        old->path_id[i] = 0;
    }
    plk_link_drain_flight(node, link, &link->channels[before]);
}

// A device of the contact whose place another has taken (contact/recovery.h).
static bool is_replaced(const struct plk_link *link, const uint8_t device[PLK_GREETING_DEVICE_LEN]) {
    if (link->role != PLK_LINK_CONTACT || link->peer->warm == NULL || !link->peer->warm->has_recovery) return false;
    return plk_recovery_is_refused(&link->peer->warm->recovery, device);
}

void plk_link_finish(struct plk_node *node, struct plk_link *link, const struct plk_way *way,
                     const struct plk_packet *packet) {
    struct plk_attempt *attempt = &link->attempt;
    if (!attempt->live) return;
    struct plk_session session;
    struct plk_greeting peer;
    enum plk_err err = plk_handshake_finish(&attempt->handshake, packet, node->now.mono_us, &session, &peer);
    if (err == PLK_ERR_MOVED) {
        link->moved = link->dirty = true;
        return;
    }
    if (err == PLK_ERR_OK && is_replaced(link, peer.device)) {
        node->counters.stale++; // the attempt goes on: the device that has taken its place may answer
        plk_mem_wipe(&session, sizeof session);
        return;
    }
    if (err != PLK_ERR_OK) {
        node->counters.forged += err == PLK_ERR_FORGED;
        node->counters.protocol += err != PLK_ERR_FORGED && err != PLK_ERR_NOT_FOUND;
        return;
    }
    struct plk_cids cids = attempt->cids;
    memset(&attempt->cids, 0, sizeof attempt->cids); // they live on in the channel
    uint64_t since_us = attempt->started_us;
    plk_link_attempt_end(node, link);
    unsigned index = channel_open(node, link, &session, &cids, &peer);
    plk_mem_wipe(&session, sizeof session);
    plk_link_confirmed(node, link, index, way, since_us);
}

bool plk_link_has_answered(const struct plk_link *link, struct plk_bytes ephemeral) {
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) {
        const struct plk_channel *channel = &link->channels[i];
        if (channel->live && plk_bytes_equal(plk_bytes(channel->answers, sizeof channel->answers), ephemeral))
            return true;
    }
    return false;
}

void plk_link_reply(struct plk_link *link, const struct plk_way *way, uint64_t mark) {
    if (link->reply_count == PLK_LINK_REPLIES) return; // the peer repeats itself
    struct plk_reply *reply = &link->replies[link->reply_count++];
    *reply = (struct plk_reply){.kind = PLK_REPLY_MESSAGE2, .way = *way, .mark = mark};
    if (way->transport == PLK_PASS) reply->way.stream = 0; // ours says nothing of the peer's: it goes into all
    link->dirty = true;
}

enum plk_err plk_link_answer(struct plk_node *node, struct plk_link *link, const struct plk_handshake_keys *keys,
                             const struct plk_packet *packet, uint32_t generation) {
    struct plk_greeting own = {.generation = generation, .echo = link->gate->highest};
    struct plk_cids cids;
    memset(&cids, 0, sizeof cids);
    memcpy(own.device, node->profile.device, sizeof own.device);
    memcpy(own.incarnation, link->incarnation, sizeof own.incarnation);
    plk_cids_start(&cids, &node->rng, &own);
    struct plk_handshake_answered answered;
    enum plk_err err = plk_handshake_answer(keys, packet, &own, node->now.mono_us, &node->rng, &answered);
    if (err != PLK_ERR_OK) return err;
    if (answered.refused) {
        plk_gate_raise(link->gate, answered.stamp, packet->ephemeral,
                       plk_bytes(answered.message, sizeof answered.message), node->now.mono_us);
        memcpy(link->refused_device, answered.peer.device, sizeof link->refused_device);
        plk_mem_wipe(&answered, sizeof answered);
        return PLK_ERR_MOVED;
    }
    // A newer message 1 of the same peer makes an older answer that nobody has confirmed pointless.
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) {
        if (link->channels[i].live && link->channels[i].confirmed_us == 0) plk_link_channel_end(node, link, i);
    }
    unsigned index = channel_open(node, link, &answered.session, &cids, &answered.peer);
    memcpy(link->channels[index].answers, packet->ephemeral.at, sizeof link->channels[index].answers);
    plk_gate_raise(link->gate, answered.stamp, packet->ephemeral, plk_bytes(answered.message, sizeof answered.message),
                   node->now.mono_us);
    plk_mem_wipe(&answered, sizeof answered);
    return PLK_ERR_OK;
}
