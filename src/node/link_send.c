// SPDX-License-Identifier: MIT
// A packet goes out: what is due, in the order of its urgency, into one buffer, sealed in place. Nothing is built before the
// host asks for it, so that a packet always holds the newest acknowledgement.
#include "node/boxes.h"
#include "node/inside.h"
#include "node/link.h"
#include "wire/frame.h"

#define FRAME_LEN PLK_PACKET_FRAME_LEN // room before a packet for its length on TCP

// What a check and its answer need; with less room than this an address that is not proven gets nothing (DESIGN 3.10).
#define DRAFT_LEN_MIN (PLK_PACKET_OVERHEAD + 32)

// What every path of a kind carries.
static size_t sure_size(const struct plk_path *path) { return plk_path_kind_of(path->transport).mtu; }

// A packet under construction.
struct draft {
    struct plk_channel *channel;
    struct plk_paths *paths;
    const struct plk_path *path;
    unsigned place;
    struct plk_writer w; // over the frames
    struct plk_frame_item items[PLK_FLIGHT_ITEMS];
    unsigned item_count;
    bool eliciting, message, trial;
    size_t size_max; // of the whole packet
};

// ---- giving bytes to the host -------------------------------------------------------------------------------------------

static void give_stream(struct plk_node *node, const struct plk_way *way, size_t len, struct plk_output *output) {
    struct plk_carrier *carrier = plk_carriers_find(&node->carriers, way->stream);
    plk_assert(carrier != NULL && carrier->writable >= len + FRAME_LEN);
    node->packet[0] = (uint8_t)(len >> 8);
    node->packet[1] = (uint8_t)len;
    carrier->writable -= len + FRAME_LEN;
    *output = (struct plk_output){.kind = PLK_OUT_STREAM_WRITE, .stream_write = {.stream = way->stream}};
    output->stream_write.data = plk_bytes(node->packet, len + FRAME_LEN);
}

// node->packet holds FRAME_LEN free bytes and then the packet. False: it is lost on its way to a relay.
static bool give(struct plk_node *node, const struct plk_way *way, size_t len, struct plk_output *output) {
    struct plk_bytes packet = plk_bytes(node->packet + FRAME_LEN, len);
    if (way->transport == PLK_PASS) return plk_box_pass(node, plk_boxes_find(node, way->stream), packet, output);
    if (way->transport == PLK_UDP) {
        *output = (struct plk_output){.kind = PLK_OUT_DATAGRAM,
                                      .datagram = {.to = way->addr, .data = packet, .socket = way->stream}};
        node->counters.datagrams_out++;
    } else {
        give_stream(node, way, len, output);
    }
    return true;
}

static bool takes(const struct plk_node *node, const struct plk_link *link, const struct plk_way *way, size_t len) {
    if (link->peer != NULL && plk_peer_is_barred(link->peer, way->transport)) return false;
    if (way->transport == PLK_UDP) return node->allow_udp;
    if (way->transport == PLK_PASS) {
        const struct plk_box *box = plk_boxes_find(node, way->stream);
        return box != NULL && plk_box_takes(box);
    }
    const struct plk_carrier *carrier = plk_carriers_find(&node->carriers, way->stream);
    return carrier != NULL && carrier->open && carrier->writable >= len + FRAME_LEN;
}

static struct plk_way way_of(const struct plk_path *path) {
    return (struct plk_way){.transport = path->transport, .addr = path->addr, .stream = path->stream};
}

// ---- handshakes -----------------------------------------------------------------------------------------------------

static bool give_message(struct plk_node *node, const struct plk_link *link, const struct plk_way *way,
                         struct plk_bytes message, struct plk_output *output) {
    if (!takes(node, link, way, message.len)) return false;
    memcpy(node->packet + FRAME_LEN, message.at, message.len);
    return give(node, way, message.len, output);
}

static void begin_round(struct plk_node *node, struct plk_link *link) {
    struct plk_attempt *attempt = &link->attempt;
    uint64_t now_us = node->now.mono_us;
    if (attempt->started_us == PLK_NEVER) attempt->started_us = now_us;
    if (attempt->rounds > 0) plk_link_open_tcp(node, link);
    plk_link_want_relays(node, link);
    uint64_t wait_us = attempt->rounds == 0 ? PLK_LINK_TCP_AFTER_US : PLK_LINK_ROUND_US << (attempt->rounds - 1);
    attempt->rounds++;
    attempt->round_us = now_us + (wait_us > 2 * PLK_SECOND ? 2 * PLK_SECOND : wait_us);
    attempt->cursor = attempt->boxes = 0;
}

// Message 1 to the next address of this round, into the next queue of the peer's, or over a TCP stream that has just opened.
static bool poll_attempt(struct plk_node *node, struct plk_link *link, struct plk_output *output) {
    struct plk_attempt *attempt = &link->attempt;
    if (!attempt->live || !plk_ledger_durable(&node->ledger, attempt->mark)) return false;
    struct plk_bytes message = plk_handshake_message(&attempt->handshake);
    if (attempt->cursor == SIZE_MAX && attempt->round_us <= node->now.mono_us) begin_round(node, link);
    if (attempt->first_due) {
        attempt->first_due = false;
        if (give_message(node, link, &attempt->first, message, output)) return true;
    }
    while (link->candidates != NULL && attempt->cursor < link->candidates->count) {
        const struct plk_candidate *candidate = &link->candidates->list[attempt->cursor++];
        struct plk_way way = {.transport = PLK_UDP, .addr = candidate->addr};
        if (candidate->transport == PLK_UDP && give_message(node, link, &way, message, output)) return true;
    }
    attempt->cursor = SIZE_MAX;
    for (struct plk_box *box; (box = plk_link_box(node, link, attempt->boxes)) != NULL;) {
        struct plk_way way = {.transport = PLK_PASS, .stream = box->id};
        attempt->boxes++;
        if (give_message(node, link, &way, message, output)) return true;
    }
    for (struct plk_carrier *c = NULL; (c = plk_carriers_of(&node->carriers, link, c)) != NULL;) {
        struct plk_way way = {.transport = PLK_TCP, .addr = c->remote, .stream = c->stream};
        if (c->greeted || !give_message(node, link, &way, message, output)) continue;
        c->greeted = true;
        return true;
    }
    return false;
}

// ---- data packets ---------------------------------------------------------------------------------------------------

// size: of the whole packet, at most.
static bool draft_begin(struct plk_node *node, struct plk_link *link, struct plk_channel *channel,
                        const struct plk_path *path, size_t size, struct draft *draft) {
    *draft = (struct draft){.channel = channel, .paths = &link->paths, .path = path, .size_max = size};
    struct plk_way way = way_of(path);
    size_t room = plk_paths_room(&link->paths, path->id);
    if (room < DRAFT_LEN_MIN || !takes(node, link, &way, draft->size_max)) return false;
    if (room < draft->size_max) draft->size_max = room;
    if (!plk_channel_use_path(channel, &link->paths, path, &draft->place)) return false;
    draft->w = plk_writer(node->packet + FRAME_LEN + PLK_PACKET_HEADER_LEN, draft->size_max - PLK_PACKET_OVERHEAD);
    return true;
}

static void remember(struct draft *draft, struct plk_frame_item item) {
    draft->eliciting = true;
    if (item.kind != PLK_FRAME_PADDING) draft->items[draft->item_count++] = item;
}

static void put_ack(struct plk_node *node, struct draft *draft) {
    struct plk_frame_ack ack;
    if (plk_flight_ack_build(draft->channel->flight, node->now.mono_us, &ack)) plk_frame_put_ack(&draft->w, &ack);
}

static void put_new_cids(struct draft *draft) {
    struct plk_channel *channel = draft->channel;
    for (unsigned i = 0; i < PLK_CIDS_LIVE && draft->item_count < PLK_FLIGHT_ITEMS; i++) {
        if ((channel->new_cids >> i & 1) == 0) continue;
        const struct plk_cid *cid = &channel->cids.own[i];
        if (cid->live && !plk_frame_put_new_cid(&draft->w, cid->seq, cid->id)) return;
        channel->new_cids &= ~(1u << i);
        if (cid->live) remember(draft, (struct plk_frame_item){.kind = PLK_FRAME_NEW_CID, .value = cid->seq});
    }
}

static void put_retired_cids(struct draft *draft) {
    struct plk_channel *channel = draft->channel;
    while (channel->retire_count > 0 && draft->item_count < PLK_FLIGHT_ITEMS) {
        uint64_t seq = channel->retire[channel->retire_count - 1];
        if (!plk_frame_put_retire_cid(&draft->w, seq)) return;
        channel->retire_count--;
        remember(draft, (struct plk_frame_item){.kind = PLK_FRAME_RETIRE_CID, .value = seq});
    }
}

static void put_addresses(struct plk_node *node, struct plk_link *link, struct draft *draft) {
    if (!link->addresses_due || draft->item_count == PLK_FLIGHT_ITEMS) return;
    struct plk_frame_address list[PLK_PREDICT_WINDOW + PLK_FRAME_ADDRESSES_MAX];
    bool secret = link->peer != NULL && link->peer->row.relay_only; // nowhere: what was told before is forgotten
    unsigned count = secret ? 0 : plk_punch_listed(node, link, list);
    if (!secret) count += plk_network_listed(&node->network, list + count);
    if (count > PLK_FRAME_ADDRESSES_MAX) count = PLK_FRAME_ADDRESSES_MAX;
    if (!plk_frame_put_addresses(&draft->w, node->network.sequence, list, count)) return;
    link->addresses_due = false;
    remember(draft, (struct plk_frame_item){.kind = PLK_FRAME_ADDRESSES, .value = node->network.sequence});
}

static void put_streams(struct plk_node *node, struct plk_link *link, struct draft *draft) {
    struct plk_frame frame;
    struct plk_frame_item item;
    while (draft->item_count < PLK_FLIGHT_ITEMS &&
           plk_streams_next(link->streams, draft->w.cap - draft->w.len, &frame, &item)) {
        bool fits = plk_frame_put(&draft->w, &frame);
        plk_assert(fits);
        remember(draft, item);
        draft->message = draft->message || frame.type == PLK_FRAME_STREAM || frame.type == PLK_FRAME_DATAGRAM;
    }
    if (draft->message) link->payload_us = node->now.mono_us;
}

// Pads, seals and gives it out. Every packet that holds messages has one of a few sizes (DESIGN 3.5).
static bool draft_send(struct plk_node *node, struct draft *draft, struct plk_output *output) {
    struct plk_channel *channel = draft->channel;
    if (draft->w.len == 0) return false;
    if (draft->message) {
        size_t padding = plk_frame_padding_len(draft->w.len, PLK_PACKET_OVERHEAD, draft->size_max);
        plk_frame_put_padding(&draft->w, padding);
    }
    plk_assert(!draft->w.failed);
    const struct plk_cid *cid = plk_cids_peer(&channel->cids, channel->path_cid[draft->place]);
    if (cid == NULL) return false;
    uint64_t pn;
    enum plk_err err =
        plk_session_seal(&channel->session, cid->id, plk_writer_bytes(&draft->w), node->packet + FRAME_LEN, &pn);
    if (err != PLK_ERR_OK) return false;
    size_t size = draft->w.len + PLK_PACKET_OVERHEAD;
    struct plk_flight_packet packet = {.path = draft->path->id, .pn = pn, .size = size, .eliciting = draft->eliciting};
    packet.trial = draft->trial;
    packet.count = draft->item_count;
    packet.items = draft->items;
    plk_flight_sent(channel->flight, node->now.mono_us, &packet);
    struct plk_way way = way_of(draft->path);
    plk_paths_went(draft->paths, draft->path->id, size, draft->message);
    return give(node, &way, size, output);
}

// Padding up to so many bytes of the whole packet, as far as there is room. An answer is as large as its question: neither may
// pass where the other does not (RFC 9000 section 8.2.2).
static void fill_up(struct draft *draft, size_t size) {
    size_t len = draft->w.len + PLK_PACKET_OVERHEAD;
    if (size > draft->size_max) size = draft->size_max;
    if (len < size) plk_frame_put_padding(&draft->w, size - len);
}

// A check holds nothing that is more than one (RFC 9000 section 9.1): an ACK or a PING in it would tell the peer that our
// data has moved to this path.
static bool send_challenge(struct plk_node *node, struct plk_link *link, const struct plk_path *path,
                           struct plk_output *output) {
    struct plk_channel *channel = plk_link_current(link);
    struct plk_path *at = plk_paths_by_id(&link->paths, path->id);
    struct draft draft;
    if (channel == NULL || at == NULL || !plk_flight_can_track(channel->flight)) return false;
    if (!draft_begin(node, link, channel, at, sure_size(at), &draft)) return false;
    plk_frame_put_challenge(&draft.w, path->token); // first: there may be little room
    remember(&draft, (struct plk_frame_item){.kind = PLK_FRAME_PADDING});
    put_new_cids(&draft);
    if (plk_paths_is_narrow(&link->paths, at)) fill_up(&draft, draft.size_max);
    return draft_send(node, &draft, output);
}

static bool send_response(struct plk_node *node, struct plk_link *link, const struct plk_reply *reply,
                          const struct plk_path *path, struct plk_output *output) {
    struct plk_channel *channel = &link->channels[reply->channel];
    struct draft draft;
    if (!channel->live || channel->confirmed_us == 0 || path == NULL) return false;
    if (!plk_flight_can_track(channel->flight) || !draft_begin(node, link, channel, path, sure_size(path), &draft))
        return false;
    plk_frame_put_response(&draft.w, reply->token, &reply->way.addr);
    remember(&draft, (struct plk_frame_item){.kind = PLK_FRAME_PADDING});
    put_new_cids(&draft);
    fill_up(&draft, reply->size);
    return draft_send(node, &draft, output);
}

static bool send_reply(struct plk_node *node, struct plk_link *link, const struct plk_reply *reply,
                       struct plk_output *output) {
    if (reply->kind == PLK_REPLY_MESSAGE2)
        return link->gate->has_answer && give_message(node, link, &reply->way, plk_gate_answer(link->gate), output);
    const struct plk_path *path =
        plk_paths_find(&link->paths, reply->way.transport, &reply->way.addr, reply->way.stream);
    return send_response(node, link, reply, path, output);
}

// The path through a relay that the answer to a challenge goes by next. All of them, since none is known to be good in this
// moment; the active path, when there is none. NULL: it has gone by all.
static const struct plk_path *response_path(const struct plk_link *link, unsigned index) {
    unsigned count = 0;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        const struct plk_path *path = &link->paths.list[i];
        if (path->id != 0 && path->transport == PLK_PASS && count++ == index) return path;
    }
    return count == 0 && index == 0 ? plk_paths_active(&link->paths) : NULL;
}

// What was asked by a relay is answered into every queue of the peer's, one packet at a time. False: that is done.
static bool send_relayed_reply(struct plk_node *node, struct plk_link *link, struct plk_reply *reply,
                               struct plk_output *output) {
    if (reply->kind == PLK_REPLY_MESSAGE2) {
        const struct plk_box *box;
        while (link->gate->has_answer && (box = plk_link_box(node, link, reply->sent)) != NULL) {
            struct plk_way way = {.transport = PLK_PASS, .stream = box->id};
            reply->sent++;
            if (give_message(node, link, &way, plk_gate_answer(link->gate), output)) return true;
        }
        return false;
    }
    const struct plk_path *path;
    while ((path = response_path(link, reply->sent)) != NULL) {
        reply->sent++;
        if (send_response(node, link, reply, path, output)) return true;
    }
    return false;
}

// The first reply whose time has come; those that wait for the disk stay.
static bool poll_replies(struct plk_node *node, struct plk_link *link, struct plk_output *output) {
    for (unsigned i = 0; i < link->reply_count;) {
        struct plk_reply *at = &link->replies[i], reply = *at;
        if (!plk_ledger_durable(&node->ledger, reply.mark)) {
            i++;
            continue;
        }
        bool relayed = reply.way.transport == PLK_PASS;
        if (relayed && send_relayed_reply(node, link, at, output)) return true;
        link->reply_count--;
        memmove(at, at + 1, (link->reply_count - i) * sizeof reply);
        if (!relayed && send_reply(node, link, &reply, output)) return true;
    }
    return false;
}

static bool poll_paths(struct plk_node *node, struct plk_link *link, struct plk_output *output) {
    struct plk_paths_action action;
    while (plk_paths_next(&link->paths, &action)) {
        if (action.act != PLK_PATHS_CHALLENGE) {
            plk_link_act(node, link, &action);
        } else if (send_challenge(node, link, &action.path, output)) {
            return true;
        }
    }
    return false;
}

// Acknowledgements leave in the session whose packets they name, on the path that carries data.
static bool poll_acks(struct plk_node *node, struct plk_link *link, struct plk_output *output) {
    for (unsigned i = 0; i < PLK_LINK_CHANNELS; i++) {
        struct plk_channel *channel = &link->channels[i];
        struct draft draft;
        if (!channel->live || channel->confirmed_us == 0) continue;
        if (!plk_flight_ack_due(channel->flight, node->now.mono_us)) continue;
        if (i == link->current && plk_streams_wants(link->streams)) continue; // goes with the data, below
        const struct plk_path *path = plk_paths_active(&link->paths);
        if (path == NULL || !draft_begin(node, link, channel, path, sure_size(path), &draft)) continue;
        put_ack(node, &draft);
        if (draft_send(node, &draft, output)) return true;
    }
    return false;
}

static bool send_probe(struct plk_node *node, struct plk_link *link, struct plk_channel *channel,
                       struct plk_output *output) {
    struct plk_path *path = plk_paths_by_id(&link->paths, link->probe);
    link->probe = 0;
    if (path != NULL && path->id != link->paths.active) { // it carries no data: a check is all that may go there
        plk_paths_check(&link->paths, path->id, &node->rng, node->now.mono_us);
        return poll_paths(node, link, output);
    }
    struct draft draft;
    if (path == NULL || !plk_flight_can_track(channel->flight)) return false;
    // Of a size that passes: when larger packets vanish, its acknowledgement tells that they are lost.
    if (!draft_begin(node, link, channel, path, sure_size(path), &draft)) return false;
    put_ack(node, &draft);
    put_streams(node, link, &draft);
    if (!draft.eliciting) {
        plk_frame_put_ping(&draft.w);
        draft.eliciting = true;
    }
    return draft_send(node, &draft, output);
}

static bool wants_data(const struct plk_link *link, const struct plk_channel *channel) {
    return plk_streams_wants(link->streams) || link->ping_due || link->addresses_due || channel->new_cids != 0 ||
           channel->retire_count > 0;
}

// Would a larger packet pass? One that holds nothing tries it, while there is data whose turn comes next.
static bool send_trial(struct plk_node *node, struct plk_link *link, struct plk_channel *channel,
                       struct plk_output *output) {
    struct plk_path *path = plk_paths_by_id(&link->paths, link->paths.active);
    struct draft draft;
    uint64_t until_us;
    if (path == NULL || !plk_path_kind_of(path->transport).addressed || link->paths.suspect) return false;
    uint32_t size = plk_mtu_wanted(&path->mtu, node->now.mono_us);
    if (size == 0 || plk_flight_room(channel->flight, path->id, node->now.mono_us, size, &until_us) != PLK_FLIGHT_YES)
        return false;
    if (!draft_begin(node, link, channel, path, size, &draft) || draft.size_max < size) return false;
    plk_frame_put_ping(&draft.w);
    remember(&draft, (struct plk_frame_item){.kind = PLK_FRAME_PING, .value = size});
    fill_up(&draft, size);
    draft.trial = true;
    plk_mtu_tried(&path->mtu);
    return draft_send(node, &draft, output);
}

static bool send_data(struct plk_node *node, struct plk_link *link, struct plk_channel *channel,
                      struct plk_output *output) {
    const struct plk_path *path = plk_paths_active(&link->paths);
    struct draft draft;
    link->paced_us = 0;
    if (path == NULL || !wants_data(link, channel)) return false;
    if (!draft_begin(node, link, channel, path, plk_path_size(path), &draft)) return false;
    uint64_t until_us = PLK_NEVER;
    enum plk_flight_room room =
        plk_flight_room(channel->flight, path->id, node->now.mono_us, draft.size_max, &until_us);
    if (room == PLK_FLIGHT_WAIT) link->paced_us = until_us;
    if (room != PLK_FLIGHT_YES) {
        if (!plk_flight_ack_due(channel->flight, node->now.mono_us)) return false;
        put_ack(node, &draft);
        return draft_send(node, &draft, output);
    }
    put_ack(node, &draft);
    put_new_cids(&draft);
    put_retired_cids(&draft);
    put_addresses(node, link, &draft);
    put_streams(node, link, &draft);
    if (!draft.eliciting && link->ping_due) {
        plk_frame_put_ping(&draft.w);
        draft.eliciting = true;
    }
    if (draft.eliciting) link->ping_due = false;
    return draft_send(node, &draft, output);
}

static bool send_close(struct plk_node *node, struct plk_link *link, struct plk_output *output) {
    struct plk_channel *channel = plk_link_current(link);
    const struct plk_path *path = plk_paths_active(&link->paths);
    struct draft draft;
    link->closing = false;
    link->went_down = link->dead = true;
    if (channel == NULL || path == NULL || !draft_begin(node, link, channel, path, sure_size(path), &draft))
        return false;
    put_ack(node, &draft);
    plk_frame_put_close(&draft.w, 0);
    return draft_send(node, &draft, output);
}

static bool poll_link(struct plk_node *node, struct plk_link *link, struct plk_output *output) {
    if (link->dead) return false;
    if (link->closing) return send_close(node, link, output);
    if (poll_replies(node, link, output)) return true;
    if (poll_attempt(node, link, output)) return true;
    struct plk_channel *channel = plk_link_current(link);
    if (channel == NULL) return false;
    if (wants_data(link, channel) && plk_link_deaf_relay(node, link))
        plk_paths_silent(&link->paths, link->paths.active, &node->rng, node->now.mono_us);
    if (poll_paths(node, link, output)) return true;
    if (poll_acks(node, link, output)) return true;
    if (link->probe != 0 && send_probe(node, link, channel, output)) return true;
    if (plk_streams_wants(link->streams) && send_trial(node, link, channel, output)) return true;
    return send_data(node, link, channel, output);
}

bool plk_link_poll(struct plk_node *node, struct plk_link *link, struct plk_output *output) {
    bool sent = poll_link(node, link, output);
    if (!sent) link->polled_us = node->now.mono_us;
    return sent;
}
