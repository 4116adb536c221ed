// SPDX-License-Identifier: MIT
// A data packet comes in: session, then each frame to the noun that it is for, then the acknowledgement's due.
#include "node/inside.h"
#include "node/link.h"
#include "wire/frame.h"

static void item_event(struct plk_node *node, struct plk_link *link, struct plk_channel *channel,
                       const struct plk_flight_event *event) {
    const struct plk_frame_item *item = &event->item;
    bool acked = event->kind == PLK_FLIGHT_ACKED;
    switch (item->kind) {
    case PLK_FRAME_STREAM:
    case PLK_FRAME_MAX_DATA:
    case PLK_FRAME_MAX_STREAM_DATA:
    case PLK_FRAME_DATAGRAM:
        if (acked) {
            plk_streams_acked(link->streams, item);
        } else {
            plk_streams_lost(link->streams, item);
        }
        break;
    case PLK_FRAME_NEW_CID:
        for (unsigned i = 0; !acked && i < PLK_CIDS_LIVE; i++) {
            if (channel->cids.own[i].live && channel->cids.own[i].seq == item->value) channel->new_cids |= 1u << i;
        }
        break;
    case PLK_FRAME_RETIRE_CID:
        if (!acked && channel->retire_count < PLK_CIDS_LIVE) channel->retire[channel->retire_count++] = item->value;
        break;
    case PLK_FRAME_ADDRESSES:
        if (!acked) link->addresses_due = true;
        break;
    case PLK_FRAME_PING: // only those that try a size are remembered
        if (event->kind != PLK_FLIGHT_RETRY) plk_link_size_tried(node, link, event->path, item->value, acked);
        break;
    default:
        break;
    }
}

void plk_link_drain_flight(struct plk_node *node, struct plk_link *link, struct plk_channel *channel) {
    struct plk_flight_event event;
    while (plk_flight_next(channel->flight, &event)) {
        switch (event.kind) {
        case PLK_FLIGHT_ACKED:
        case PLK_FLIGHT_LOST:
        case PLK_FLIGHT_RETRY:
            item_event(node, link, channel, &event);
            break;
        case PLK_FLIGHT_PROBE:
            link->probe = event.path;
            break;
        case PLK_FLIGHT_SILENT:
            if (channel == plk_link_current(link)) {
                plk_paths_silent(&link->paths, event.path, &node->rng, node->now.mono_us);
            }
            break;
        }
        link->dirty = true;
    }
}

// An authenticated peer that breaks a rule: its link ends, its contact stays.
static void violate(struct plk_node *node, struct plk_link *link) {
    node->counters.protocol++;
    link->closing = true;
    link->dirty = true;
}

static void answer_challenge(struct plk_link *link, unsigned channel, const struct plk_way *way, const uint8_t token[8],
                             size_t size) {
    if (link->reply_count == PLK_LINK_REPLIES) return;
    struct plk_reply *reply = &link->replies[link->reply_count++];
    *reply = (struct plk_reply){.kind = PLK_REPLY_RESPONSE, .way = *way, .channel = channel, .size = size};
    memcpy(reply->token, token, sizeof reply->token);
}

static enum plk_err retired(struct plk_node *node, struct plk_link *link, unsigned index, uint64_t seq) {
    struct plk_channel *channel = &link->channels[index];
    struct plk_cid gone;
    enum plk_err err = plk_cids_retired(&channel->cids, seq, &gone);
    if (err != PLK_ERR_OK || !gone.live) return err;
    plk_cid_map_remove(&node->cids, gone.id);
    const struct plk_cid *issued;
    if (plk_cids_issue(&channel->cids, &node->rng, &issued) != PLK_ERR_OK) return PLK_ERR_OK;
    plk_cid_map_put(&node->cids, issued->id, link, index);
    channel->new_cids |= 1u << (unsigned)(issued - channel->cids.own);
    return PLK_ERR_OK;
}

static void told(struct plk_link *link, const struct plk_frame *frame) {
    if (link->told_sequence != 0 && frame->addresses.sequence <= link->told_sequence) return;
    link->told_sequence = frame->addresses.sequence;
    link->told_count = frame->addresses.count;
    memcpy(link->told_list, frame->addresses.list, frame->addresses.count * sizeof link->told_list[0]);
    link->told = true;
}

static void note_answer(struct plk_node *node, const struct plk_link *link, const uint8_t token[8]) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        const struct plk_path *path = &link->paths.list[i];
        bool first = path->id != 0 && path->checking && !path->proven;
        if (first && memcmp(path->token, token, sizeof path->token) == 0)
            plk_link_note(node, link, PLK_TRAIL_ANSWERED, path);
    }
}

static enum plk_err take_frame(struct plk_node *node, struct plk_link *link, unsigned index, const struct plk_way *way,
                               const struct plk_frame *frame, size_t size) {
    struct plk_channel *channel = &link->channels[index];
    switch (frame->type) {
    case PLK_FRAME_ACK:
        return plk_flight_on_ack(channel->flight, node->now.mono_us, &frame->ack);
    case PLK_FRAME_STREAM:
    case PLK_FRAME_MAX_DATA:
    case PLK_FRAME_MAX_STREAM_DATA:
    case PLK_FRAME_DATAGRAM:
        return plk_streams_receive(link->streams, frame);
    case PLK_FRAME_PATH_CHALLENGE:
        answer_challenge(link, index, way, frame->challenge, size);
        break;
    case PLK_FRAME_PATH_RESPONSE:
        plk_paths_seen(&link->paths, frame->response.token, &frame->response.seen);
        note_answer(node, link, frame->response.token);
        plk_paths_answered(&link->paths, frame->response.token, size >= PLK_PACKET_UDP_LEN, &node->rng,
                           node->now.mono_us);
        break;
    case PLK_FRAME_NEW_CID:
        return plk_cids_learn(&channel->cids, frame->new_cid.seq, frame->new_cid.cid);
    case PLK_FRAME_RETIRE_CID:
        return retired(node, link, index, frame->retire_cid);
    case PLK_FRAME_CLOSE:
        link->went_down = true;
        link->dead = true;
        break;
    case PLK_FRAME_ADDRESSES:
        told(link, frame);
        break;
    case PLK_FRAME_PASS:
    case PLK_FRAME_NOBODY:
    case PLK_FRAME_FWD:
        return PLK_ERR_MALFORMED; // between a client and its relay only: relay.md section 4
    default:
        break;
    }
    return PLK_ERR_OK;
}

// The path that the packet took: a known one, or a new one when the peer has moved or opened another.
static struct plk_path *path_of(struct plk_node *node, struct plk_link *link, const struct plk_way *way) {
    if (plk_path_kind_of(way->transport).directed) return NULL; // it took one of the peer's
    struct plk_path *path = plk_paths_find(&link->paths, way->transport, &way->addr, way->stream);
    if (path != NULL) return path;
    path = plk_paths_open(&link->paths, way->transport, &way->addr, way->stream, false, node->now.mono_us);
    if (path != NULL) path->inbound = true;
    return path;
}

// What a packet was for.
struct purpose {
    bool data;      // more than a check
    bool message;   // bytes of a stream, or a datagram
    bool challenge; // it asks about the path
    bool ack;
};

// All frames of a packet. False: it must not be acknowledged.
static bool take_frames(struct plk_node *node, struct plk_link *link, unsigned index, const struct plk_way *way,
                        struct plk_bytes text, struct purpose *purpose) {
    struct plk_reader r = plk_reader(text);
    while (r.left > 0) {
        struct plk_frame frame;
        enum plk_err err = plk_frame_next(&r, &frame);
        plk_assert(err == PLK_ERR_OK); // plk_frame_scan has seen it
        err = take_frame(node, link, index, way, &frame, text.len + PLK_PACKET_OVERHEAD);
        if (err == PLK_ERR_LIMIT) {
            node->counters.limited++;
            return false;
        }
        if (err != PLK_ERR_OK) {
            violate(node, link);
            return false;
        }
        purpose->data = purpose->data || !plk_frame_probing(frame.type);
        purpose->message = purpose->message || frame.type == PLK_FRAME_STREAM || frame.type == PLK_FRAME_DATAGRAM;
        purpose->challenge = purpose->challenge || frame.type == PLK_FRAME_PATH_CHALLENGE;
        purpose->ack = purpose->ack || frame.type == PLK_FRAME_ACK;
    }
    return true;
}

// What the packet says of the path by which it came (RFC 9000 section 9); NULL: of none, or of a relay. Packets of a session that
// has been replaced move nothing: their numbers cannot be compared with those of the current one.
static void heard(struct plk_node *node, struct plk_link *link, unsigned index, const struct plk_way *way,
                  struct plk_path *path, uint64_t pn, const struct purpose *purpose) {
    struct plk_channel *channel = &link->channels[index];
    uint64_t now_us = node->now.mono_us;
    bool newest = purpose->data && pn >= channel->data_next && index == link->current;
    if (purpose->data && pn >= channel->data_next) channel->data_next = pn + 1;
    if (plk_path_kind_of(way->transport).directed) {
        plk_paths_relayed(&link->paths, newest, purpose->data, &node->rng, now_us);
        if (!plk_link_has_relay(link)) plk_link_ask_relays(node, link); // who comes by one is to be answered by one
        if (purpose->challenge) plk_link_recheck_relays(node, link);
    }
    if (path == NULL) return;
    plk_paths_heard(&link->paths, path->id, newest, purpose->data, &node->rng, now_us);
    // Who asks whether the path works from there will want an answer from here too: both know it then.
    if (purpose->challenge && !path->proven) plk_paths_check(&link->paths, path->id, &node->rng, now_us);
}

static void measure(struct plk_node *node, struct plk_link *link) {
    const struct plk_channel *channel = plk_link_current(link);
    struct plk_flight_path_info info;
    uint32_t path = link->paths.active;
    if (channel == NULL || !plk_flight_path_info(channel->flight, path, &info) || !info.has_rtt) return;
    plk_link_large_lost(link, info.large_lost);
    uint64_t lost = info.packets_lost > info.late ? info.packets_lost - info.late : 0;
    plk_paths_measured(&link->paths, path, info.trip_us, info.packets_acked, lost, node->now.mono_us);
}

void plk_link_receive(struct plk_node *node, struct plk_link *link, unsigned index, const struct plk_way *way,
                      const struct plk_packet *packet) {
    struct plk_channel *channel = &link->channels[index];
    uint8_t *text = node->scratch;
    size_t text_len;
    uint64_t pn;
    if (packet->body.len > sizeof node->scratch) return;
    enum plk_err err = plk_session_open(&channel->session, packet, text, &text_len, &pn);
    if (err != PLK_ERR_OK) {
        node->counters.replayed += err == PLK_ERR_REPLAYED;
        node->counters.forged += err != PLK_ERR_REPLAYED;
        return;
    }
    bool eliciting;
    struct purpose purpose = {.data = false};
    if (plk_frame_scan(plk_bytes(text, text_len), &eliciting) != PLK_ERR_OK) {
        violate(node, link);
        return;
    }
    link->dirty = true;
    if (channel->confirmed_us == 0) plk_link_confirmed(node, link, index, way, channel->session.started_us);
    struct plk_path *path = path_of(node, link, way);
    if (path != NULL) plk_paths_came(&link->paths, path->id, packet->body.len + PLK_PACKET_HEADER_LEN);
    link->heard_us = channel->heard_us = node->now.mono_us;
    bool keep = take_frames(node, link, index, way, plk_bytes(text, text_len), &purpose);
    if (!channel->live) return;
    if (keep) plk_flight_received(channel->flight, node->now.mono_us, pn, eliciting);
    plk_link_drain_flight(node, link, channel);
    if (purpose.message) link->payload_us = node->now.mono_us;
    if (purpose.ack) measure(node, link);
    heard(node, link, index, way, path, pn, &purpose);
}
