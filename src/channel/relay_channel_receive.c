// SPDX-License-Identifier: MIT
// A data packet of a channel comes in. Most are one PASS, of a channel that may be resting: those touch the session and
// nothing else.
#include "channel/inside.h"

// What a packet holds, before anything in it is acted upon.
struct survey {
    bool eliciting, ack, stream, close;
};

// Of link.md's frames those that a channel has, and PASS, NOBODY and FWD by who may send them (relay.md, section 4).
static bool is_lawful(const struct plk_relay_channel *ch, const struct plk_frame *frame) {
    switch (frame->type) {
    case PLK_FRAME_NEW_CID:
    case PLK_FRAME_RETIRE_CID:
    case PLK_FRAME_ADDRESSES:
    case PLK_FRAME_DATAGRAM:
    case PLK_FRAME_TYPES:
        return false;
    case PLK_FRAME_STREAM:
        return frame->stream.id == PLK_RELAY_CHANNEL_STREAM && !frame->stream.fin;
    case PLK_FRAME_MAX_STREAM_DATA:
        return frame->max_stream_data.id == PLK_RELAY_CHANNEL_STREAM;
    case PLK_FRAME_ACK:
        return frame->ack.ranges[0].last < ch->session.send_next; // a peer that acknowledges what was never sent lies
    case PLK_FRAME_NOBODY:
        return ch->role == PLK_RELAY_CHANNEL_CLIENT;
    default:
        return true;
    }
}

static bool look_through(const struct plk_relay_channel *ch, struct plk_bytes text, struct survey *survey) {
    struct plk_reader r = plk_reader(text);
    struct plk_frame frame;
    *survey = (struct survey){0};
    if (text.len == 0) return false;
    while (r.left > 0) {
        if (plk_frame_next(&r, &frame) != PLK_ERR_OK || !is_lawful(ch, &frame)) return false;
        survey->eliciting = survey->eliciting || plk_frame_eliciting(frame.type);
        survey->ack = survey->ack || frame.type == PLK_FRAME_ACK;
        survey->stream = survey->stream || frame.type == PLK_FRAME_STREAM;
        survey->close = survey->close || frame.type == PLK_FRAME_CLOSE;
    }
    return true;
}

// The stream's bytes that there is no memory for. The next byte always moves things on, unless there is none at all.
static bool has_place(const struct plk_relay_channel *ch, const struct plk_frame *frame,
                      enum plk_relay_channel_memory memory) {
    if (memory == PLK_RELAY_CHANNEL_PLENTY) return true;
    uint64_t ready_to = plk_streams_ready_to(ch->awake->streams, PLK_RELAY_CHANNEL_STREAM);
    if (frame->stream.offset + frame->stream.bytes.len <= ready_to) return true;
    return memory == PLK_RELAY_CHANNEL_SHORT && frame->stream.offset <= ready_to;
}

static void queue_reply(struct plk_relay_channel *ch, const struct plk_addr *from, const uint8_t *token) {
    struct plk_relay_channel_awake *awake = ch->awake;
    if (awake->reply_count == PLK_RELAY_CHANNEL_REPLIES) return;
    unsigned at = awake->reply_count++;
    memcpy(awake->replies[at].token, token, PLK_CHALLENGE_TOKEN_LEN);
    awake->replies[at].to = from == NULL ? (struct plk_addr){0} : *from;
}

// The client has moved: what the path was like says nothing about where it is now, unless only the port is new (RFC 9000
// section 9.4).
static void answered(struct plk_relay_channel *ch, const struct plk_addr *from, const uint8_t *token) {
    if (from == NULL || !plk_challenge_answered(&ch->awake->challenge, from, token)) return;
    plk_flight_path_reset(ch->awake->flight, PLK_RELAY_CHANNEL_PATH, plk_addr_same_ip(&ch->addr, from));
    ch->addr = *from;
}

static enum plk_err take_frame(struct plk_relay_channel *ch, uint64_t now_us, const struct plk_addr *from,
                               const struct plk_frame *frame, enum plk_relay_channel_memory memory) {
    switch (frame->type) {
    case PLK_FRAME_ACK:
        return plk_flight_on_ack(ch->awake->flight, now_us, &frame->ack);
    case PLK_FRAME_STREAM:
        if (!has_place(ch, frame, memory)) return PLK_ERR_LIMIT;
        return plk_streams_receive(ch->awake->streams, frame);
    case PLK_FRAME_MAX_DATA:
    case PLK_FRAME_MAX_STREAM_DATA:
        return plk_streams_receive(ch->awake->streams, frame);
    case PLK_FRAME_PATH_CHALLENGE:
        ch->challenged++;
        queue_reply(ch, from, frame->challenge);
        break;
    case PLK_FRAME_PATH_RESPONSE:
        answered(ch, from, frame->response.token);
        break;
    default: // PASS, NOBODY and FWD are the owner's
        break;
    }
    return PLK_ERR_OK;
}

// LIMIT: something had no place, the packet must not be acknowledged.
static enum plk_err take_frames(struct plk_relay_channel *ch, uint64_t now_us, const struct plk_addr *from,
                                struct plk_bytes text, enum plk_relay_channel_memory memory) {
    struct plk_reader r = plk_reader(text);
    struct plk_frame frame;
    enum plk_err result = PLK_ERR_OK;
    while (r.left > 0) {
        plk_assert(plk_frame_next(&r, &frame) == PLK_ERR_OK); // look_through has seen it
        enum plk_err err = take_frame(ch, now_us, from, &frame, memory);
        if (err == PLK_ERR_LIMIT) {
            result = err;
        } else if (err != PLK_ERR_OK) {
            return PLK_ERR_MALFORMED;
        }
    }
    return result;
}

// Nobody else has seen the number of the newest packet: it comes from where its sender is, or from a copy that was faster.
static void locate(struct plk_relay_channel *ch, uint64_t now_us, const struct plk_addr *from, size_t len,
                   struct plk_rng *rng) {
    if (from == NULL || ch->role != PLK_RELAY_CHANNEL_RELAY) return;
    if (!plk_addr_equal(&ch->addr, from)) {
        plk_relay_channel_wake(ch, now_us);
        plk_challenge_heard(&ch->awake->challenge, from, len, rng, now_us);
    } else if (ch->awake != NULL) {
        ch->awake->challenge.live = false;
    }
}

// A packet that says nothing but PASS and the like, or acknowledges what was settled long ago.
static void take_quietly(struct plk_relay_channel *ch, uint64_t now_us, uint64_t pn) {
    if (ch->awake != NULL) {
        plk_flight_received(ch->awake->flight, now_us, pn, false);
    } else {
        plk_flight_rest_received(&ch->flight, pn);
    }
}

// Stream data had no place. A datagram comes again; over a reliable carrier nothing does, so there the client has to come again.
static void refuse(struct plk_relay_channel *ch) {
    ch->refused++;
    if (!plk_relay_channel_is_udp(ch)) plk_relay_channel_end(ch, PLK_RELAY_CHANNEL_CROWDED, true);
}

static enum plk_err take(struct plk_relay_channel *ch, uint64_t now_us, const struct plk_addr *from,
                         struct plk_bytes text, uint64_t pn, const struct survey *survey,
                         enum plk_relay_channel_memory memory) {
    if (!survey->eliciting && (ch->awake == NULL || !survey->ack)) {
        take_quietly(ch, now_us, pn);
        return PLK_ERR_OK;
    }
    if (survey->stream && memory == PLK_RELAY_CHANNEL_FULL && ch->awake == NULL) {
        refuse(ch); // not even what it takes to wake
        return PLK_ERR_OK;
    }
    plk_relay_channel_wake(ch, now_us);
    enum plk_err err = take_frames(ch, now_us, from, text, memory);
    if (err != PLK_ERR_OK && err != PLK_ERR_LIMIT) return err;
    if (err == PLK_ERR_OK) plk_flight_received(ch->awake->flight, now_us, pn, survey->eliciting);
    plk_relay_channel_drain(ch);
    if (err == PLK_ERR_LIMIT) refuse(ch);
    return PLK_ERR_OK;
}

// What the NAT before a client bears (keepalive.h). What was sent while it had forgotten us leaves a gap in the numbers, which the
// first answer after our silence shows.
static void note_silence(struct plk_relay_channel *ch, uint64_t now_us, bool gap) {
    bool answer = ch->heard_us < ch->asked_us;
    if (ch->role != PLK_RELAY_CHANNEL_CLIENT) return;
    if (answer && gap && ch->asked_us - ch->heard_us >= PLK_KEEPALIVE_FIRST_US / 2) ch->missed++;
    uint64_t silent_ms = (now_us - ch->asked_us) / PLK_MS;
    if (!answer && !ch->spoke && silent_ms > ch->borne_ms) ch->borne_ms = (uint32_t)plk_earlier(silent_ms, UINT32_MAX);
}

enum plk_err plk_relay_channel_receive(struct plk_relay_channel *ch, uint64_t now_us, const struct plk_addr *from,
                                       const struct plk_packet *packet, enum plk_relay_channel_memory memory,
                                       struct plk_rng *rng, uint8_t *text, struct plk_relay_channel_passed *passed) {
    size_t len;
    uint64_t pn, highest = ch->session.recv_next;
    struct survey survey;
    *passed = (struct plk_relay_channel_passed){.r = plk_reader(plk_bytes(NULL, 0))};
    if (ch->state >= PLK_RELAY_CHANNEL_CLOSING) return PLK_ERR_CLOSED;
    if (!plk_relay_channel_is_udp(ch)) from = NULL;
    enum plk_err err = plk_session_open(&ch->session, packet, text, &len, &pn);
    if (err != PLK_ERR_OK) return err;
    struct plk_bytes frames = plk_bytes(text, len);
    note_silence(ch, now_us, pn > highest);
    ch->heard_us = now_us;
    if (ch->state == PLK_RELAY_CHANNEL_OPENING) ch->state = PLK_RELAY_CHANNEL_OPEN;
    err = look_through(ch, frames, &survey) ? PLK_ERR_OK : PLK_ERR_MALFORMED;
    if (err == PLK_ERR_OK && pn >= highest) locate(ch, now_us, from, len + PLK_PACKET_OVERHEAD, rng);
    if (err == PLK_ERR_OK) err = take(ch, now_us, from, frames, pn, &survey, memory);
    if (err != PLK_ERR_OK) {
        plk_relay_channel_end(ch, PLK_RELAY_CHANNEL_BROKEN, true);
        return PLK_ERR_MALFORMED;
    }
    passed->r = plk_reader(frames);
    if (survey.close) plk_relay_channel_end(ch, PLK_RELAY_CHANNEL_PEER, false);
    return PLK_ERR_OK;
}

bool plk_relay_channel_passed_next(struct plk_relay_channel_passed *passed, struct plk_relay_channel_frame *out) {
    struct plk_frame frame;
    while (passed->r.left > 0) {
        plk_assert(plk_frame_next(&passed->r, &frame) == PLK_ERR_OK);
        if (!plk_frame_is_channels(frame.type)) continue;
        *out = (struct plk_relay_channel_frame){
            .type = frame.type, .handle = frame.pass.handle, .bytes = frame.pass.bytes};
        if (frame.type != PLK_FRAME_NOBODY) return true;
        out->handle = frame.nobody;
        out->bytes = plk_bytes(NULL, 0);
        return true;
    }
    return false;
}
