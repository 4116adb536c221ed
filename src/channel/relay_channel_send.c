// SPDX-License-Identifier: MIT
// Packets of a channel leave: one PASS at once, everything else when it is asked for, so that it holds the newest
// acknowledgement.
#include "channel/inside.h"

#define RESPONSE_LEN_MAX (PLK_PACKET_OVERHEAD + 1 + PLK_CHALLENGE_TOKEN_LEN + 19)

// A packet under construction: frames in the caller's buffer, where they are sealed in place.
struct draft {
    struct plk_relay_channel *ch;
    uint8_t *out;
    struct plk_writer w;
    struct plk_frame_item items[PLK_FLIGHT_ITEMS];
    unsigned item_count;
    bool eliciting; // and so remembered
    bool stream;
    size_t size_max; // of the whole packet
};

static struct draft begin(struct plk_relay_channel *ch, uint8_t *out) {
    struct draft draft = {.ch = ch, .out = out};
    draft.size_max = plk_relay_channel_size(ch);
    draft.w = plk_writer(out + PLK_PACKET_HEADER_LEN, draft.size_max - PLK_PACKET_OVERHEAD);
    return draft;
}

// Seals it. false: the counters are used up, and the channel with them.
static bool seal(struct draft *draft, uint64_t now_us, size_t *len) {
    struct plk_relay_channel *ch = draft->ch;
    uint64_t pn;
    plk_assert(!draft->w.failed && draft->w.len > 0);
    if (draft->stream) {
        plk_frame_put_padding(&draft->w, plk_frame_padding_len(draft->w.len, PLK_PACKET_OVERHEAD, draft->size_max));
    }
    if (plk_session_seal(&ch->session, ch->peer_cid, plk_writer_bytes(&draft->w), draft->out, &pn) != PLK_ERR_OK) {
        plk_relay_channel_end(ch, PLK_RELAY_CHANNEL_OLD, false);
        return false;
    }
    *len = draft->w.len + PLK_PACKET_OVERHEAD;
    ch->spoke = !draft->eliciting;
    if (ch->awake == NULL) return true;
    struct plk_flight_packet packet = {.path = PLK_RELAY_CHANNEL_PATH,
                                       .pn = pn,
                                       .size = *len,
                                       .eliciting = draft->eliciting,
                                       .count = draft->item_count,
                                       .items = draft->items};
    if (draft->eliciting && plk_relay_channel_outstanding(ch) == 0) ch->awake->waiting_us = now_us;
    plk_flight_sent(ch->awake->flight, now_us, &packet);
    ch->awake->active_us = now_us;
    if (draft->eliciting) ch->asked_us = now_us;
    return true;
}

enum plk_err plk_relay_channel_pass(struct plk_relay_channel *ch, const struct plk_relay_channel_frame *frame,
                                    uint8_t *out, size_t *len) {
    if (ch->state != PLK_RELAY_CHANNEL_OPEN) return PLK_ERR_CLOSED;
    struct plk_writer w = plk_writer(out + PLK_PACKET_HEADER_LEN, PLK_RELAY_CHANNEL_PACKET_MAX - PLK_PACKET_OVERHEAD);
    if (frame->type == PLK_FRAME_PASS) {
        plk_frame_put_pass(&w, frame->handle, frame->bytes);
    } else if (frame->type == PLK_FRAME_FWD) {
        plk_frame_put_fwd(&w, frame->handle, frame->bytes);
    } else {
        plk_assert(frame->type == PLK_FRAME_NOBODY && ch->role == PLK_RELAY_CHANNEL_RELAY);
        plk_frame_put_nobody(&w, frame->handle);
    }
    uint64_t pn;
    enum plk_err err = plk_session_seal(&ch->session, ch->peer_cid, plk_writer_bytes(&w), out, &pn);
    if (err != PLK_ERR_OK) {
        plk_relay_channel_end(ch, PLK_RELAY_CHANNEL_OLD, false);
        return PLK_ERR_CLOSED;
    }
    *len = w.len + PLK_PACKET_OVERHEAD;
    ch->spoke = true;
    if (ch->awake == NULL) return PLK_ERR_OK;
    struct plk_flight_packet packet = {.path = PLK_RELAY_CHANNEL_PATH, .pn = pn, .size = *len};
    plk_flight_sent(ch->awake->flight, 0, &packet); // nothing is timed: it only knows the number now
    return PLK_ERR_OK;
}

static bool send_close(struct plk_relay_channel *ch, uint64_t now_us, uint8_t *out, size_t *len) {
    struct draft draft = begin(ch, out);
    plk_frame_put_close(&draft.w, 0);
    bool sealed = seal(&draft, now_us, len);
    ch->state = PLK_RELAY_CHANNEL_CLOSED;
    return sealed;
}

// Where a response may go: the proven address, or one that is being asked, as far as it has paid for it.
static bool may_reply(struct plk_relay_channel *ch, const struct plk_addr *to) {
    if (!plk_relay_channel_is_udp(ch) || ch->role == PLK_RELAY_CHANNEL_CLIENT || plk_addr_equal(&ch->addr, to))
        return true;
    if (!plk_challenge_allows(&ch->awake->challenge, to, RESPONSE_LEN_MAX)) return false;
    plk_challenge_went(&ch->awake->challenge, RESPONSE_LEN_MAX);
    return true;
}

static bool send_reply(struct plk_relay_channel *ch, uint64_t now_us, uint8_t *out, size_t *len, struct plk_addr *to) {
    struct plk_relay_channel_awake *awake = ch->awake;
    while (awake->reply_count > 0) {
        unsigned last = --awake->reply_count;
        struct plk_addr seen = awake->replies[last].to;
        if (!may_reply(ch, &seen)) continue;
        struct draft draft = begin(ch, out);
        plk_frame_put_response(&draft.w, awake->replies[last].token, &seen);
        *to = ch->role == PLK_RELAY_CHANNEL_CLIENT ? ch->addr : seen;
        return seal(&draft, now_us, len);
    }
    return false;
}

static bool send_challenge(struct plk_relay_channel *ch, uint64_t now_us, uint8_t *out, size_t *len,
                           struct plk_addr *to) {
    struct plk_challenge *challenge = &ch->awake->challenge;
    if (!plk_challenge_due(challenge, now_us, PLK_RELAY_CHANNEL_CHALLENGE_LEN)) return false;
    struct draft draft = begin(ch, out);
    plk_frame_put_challenge(&draft.w, challenge->token);
    *to = challenge->addr;
    plk_challenge_sent(challenge, now_us, PLK_RELAY_CHANNEL_CHALLENGE_LEN);
    return seal(&draft, now_us, len);
}

static void put_ack(struct draft *draft, uint64_t now_us) {
    struct plk_frame_ack ack;
    if (plk_flight_ack_build(draft->ch->awake->flight, now_us, &ack)) plk_frame_put_ack(&draft->w, &ack);
}

static void put_streams(struct draft *draft) {
    struct plk_frame frame;
    struct plk_frame_item item;
    while (draft->item_count < PLK_FLIGHT_ITEMS &&
           plk_streams_next(draft->ch->awake->streams, draft->w.cap - draft->w.len, &frame, &item)) {
        plk_assert(plk_frame_put(&draft->w, &frame));
        draft->eliciting = true;
        draft->stream = draft->stream || frame.type == PLK_FRAME_STREAM;
        if (item.kind != PLK_FRAME_PADDING) draft->items[draft->item_count++] = item;
    }
}

static bool send_data(struct plk_relay_channel *ch, uint64_t now_us, uint8_t *out, size_t *len) {
    struct plk_relay_channel_awake *awake = ch->awake;
    struct draft draft = begin(ch, out);
    bool wants = awake->ping_due || awake->probe || plk_streams_wants(awake->streams);
    enum plk_flight_room room = PLK_FLIGHT_FULL;
    uint64_t until_us = PLK_NEVER;
    awake->paced_us = 0;
    if (wants) room = plk_flight_room(awake->flight, PLK_RELAY_CHANNEL_PATH, now_us, draft.size_max, &until_us);
    if (room == PLK_FLIGHT_WAIT) awake->paced_us = until_us;
    if (room != PLK_FLIGHT_YES && !plk_flight_ack_due(awake->flight, now_us)) return false;
    put_ack(&draft, now_us);
    if (room == PLK_FLIGHT_YES) {
        put_streams(&draft);
        if (!draft.eliciting && (awake->ping_due || awake->probe)) {
            draft.eliciting = plk_frame_put_ping(&draft.w);
        }
        awake->ping_due = awake->probe = false;
    }
    return draft.w.len > 0 && seal(&draft, now_us, len);
}

bool plk_relay_channel_poll(struct plk_relay_channel *ch, uint64_t now_us, uint8_t *out, size_t cap, size_t *len,
                            struct plk_addr *to) {
    if (cap < PLK_RELAY_CHANNEL_PACKET_MAX) return false;
    *to = ch->addr;
    if (ch->state == PLK_RELAY_CHANNEL_CLOSING) return send_close(ch, now_us, out, len);
    if (ch->state != PLK_RELAY_CHANNEL_OPEN || ch->awake == NULL) return false;
    if (send_reply(ch, now_us, out, len, to)) return true;
    if (ch->awake == NULL) return false; // the counters are used up
    if (send_challenge(ch, now_us, out, len, to)) return true;
    if (ch->awake == NULL) return false;
    *to = ch->addr;
    return send_data(ch, now_us, out, len);
}
