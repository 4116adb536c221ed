// SPDX-License-Identifier: MIT
#include "channel/relay_channel.h"

#include "channel/inside.h"

#define BLOCK_HEAD 16 // what an allocation costs beyond its length (base/mem.c)

_Static_assert(sizeof(struct plk_relay_channel) + BLOCK_HEAD <= PLK_RELAY_CHANNEL_RESTING_LEN, "the header says so");

struct plk_relay_channel *plk_relay_channel_new(struct plk_mem *mem, const struct plk_relay_channel_start *start,
                                                uint64_t now_us) {
    struct plk_relay_channel *ch = plk_mem_take(mem, sizeof *ch);
    bool client = start->role == PLK_RELAY_CHANNEL_CLIENT;
    plk_assert(client == start->session->confirmed); // a client's by message 2, a relay's by the first data packet
    ch->mem = mem;
    ch->session = *start->session;
    ch->role = (uint8_t)start->role;
    ch->transport = (uint8_t)start->transport;
    ch->state = client ? PLK_RELAY_CHANNEL_OPEN : PLK_RELAY_CHANNEL_OPENING;
    ch->heard_us = ch->asked_us = now_us;
    if (plk_relay_channel_is_udp(ch)) ch->addr = start->addr;
    ch->inner = start->inner;
    memcpy(ch->peer_cid, start->peer_cid, sizeof ch->peer_cid);
    plk_streams_rest_new(&ch->streams);
    ch->flight.rtt_us = (uint32_t)plk_earlier(start->rtt_us, UINT32_MAX);
    if (!client) return ch;
    bool udp = plk_relay_channel_is_udp(ch);
    plk_relay_channel_keepalive(ch, udp ? PLK_KEEPALIVE_FIRST_US : PLK_KEEPALIVE_MAX_US);
    plk_relay_channel_ping(ch, now_us); // a data packet leaves at once: it confirms the channel to the relay
    return ch;
}

static void let_go(struct plk_relay_channel *ch) {
    if (ch->awake == NULL) return;
    plk_flight_free(ch->awake->flight);
    plk_streams_free(ch->awake->streams);
    plk_mem_give(ch->mem, ch->awake);
    ch->awake = NULL;
}

void plk_relay_channel_free(struct plk_relay_channel *ch) {
    if (ch == NULL) return;
    let_go(ch);
    plk_mem_give(ch->mem, ch);
}

// ---- resting --------------------------------------------------------------------------------------------------------

void plk_relay_channel_wake(struct plk_relay_channel *ch, uint64_t now_us) {
    if (ch->awake != NULL) {
        ch->awake->active_us = now_us;
        return;
    }
    bool udp = plk_relay_channel_is_udp(ch);
    struct plk_flight_path path = {
        .id = PLK_RELAY_CHANNEL_PATH,
        .carrier = udp ? PLK_FLIGHT_LOSSY : PLK_FLIGHT_RELIABLE,
        .law = PLK_FLIGHT_RENO,
        .mtu = plk_relay_channel_size(ch),
        .rtt_us = ch->flight.rtt_us,
    };
    struct plk_relay_channel_awake *awake = plk_mem_take(ch->mem, sizeof *awake);
    awake->flight = plk_flight_new_rested(ch->mem, &ch->flight, ch->session.send_next);
    plk_assert(plk_flight_path_add(awake->flight, &path) == PLK_ERR_OK);
    awake->streams = plk_streams_new_rested(ch->mem, PLK_RELAY_CHANNEL_STREAM, &ch->streams);
    plk_streams_hold(awake->streams, ch->hold);
    awake->active_us = now_us;
    ch->awake = awake;
}

bool plk_relay_channel_rest(struct plk_relay_channel *ch) {
    struct plk_relay_channel_awake *awake = ch->awake;
    if (awake == NULL) return true;
    if (awake->ping_due || awake->probe || awake->reply_count > 0 || awake->challenge.live) return false;
    struct plk_streams_rest streams;
    struct plk_flight_rest flight;
    if (!plk_streams_rest(awake->streams, PLK_RELAY_CHANNEL_STREAM, &streams)) return false;
    if (!plk_flight_rest(awake->flight, PLK_RELAY_CHANNEL_PATH, &flight)) return false;
    ch->streams = streams;
    ch->flight = flight;
    let_go(ch);
    return true;
}

unsigned plk_relay_channel_outstanding(const struct plk_relay_channel *ch) {
    struct plk_flight_path_info info;
    if (ch->awake == NULL || !plk_flight_path_info(ch->awake->flight, PLK_RELAY_CHANNEL_PATH, &info)) return 0;
    return info.outstanding;
}

void plk_relay_channel_drain(struct plk_relay_channel *ch) {
    struct plk_flight_event event;
    while (plk_flight_next(ch->awake->flight, &event)) {
        if (event.kind == PLK_FLIGHT_ACKED) {
            plk_streams_acked(ch->awake->streams, &event.item);
        } else if (event.kind == PLK_FLIGHT_LOST || event.kind == PLK_FLIGHT_RETRY) {
            plk_streams_lost(ch->awake->streams, &event.item);
        } else if (event.kind == PLK_FLIGHT_PROBE) {
            ch->awake->probe = true;
        }
    }
}

// ---- time -----------------------------------------------------------------------------------------------------------

void plk_relay_channel_end(struct plk_relay_channel *ch, enum plk_relay_channel_end why, bool tell) {
    if (ch->state >= PLK_RELAY_CHANNEL_CLOSING) return;
    let_go(ch);
    ch->state = tell && ch->session.confirmed ? PLK_RELAY_CHANNEL_CLOSING : PLK_RELAY_CHANNEL_CLOSED;
    ch->end = (uint8_t)why;
}

// When the other side has been silent for too long: while it owes an answer, and a client to its relay anyway.
static uint64_t silent_us(const struct plk_relay_channel *ch) {
    bool client = ch->role == PLK_RELAY_CHANNEL_CLIENT;
    uint64_t at_us = client ? PLK_NEVER : ch->heard_us + PLK_RELAY_CHANNEL_SILENT_US;
    if (plk_relay_channel_outstanding(ch) == 0) return at_us;
    uint64_t patience_us = client ? PLK_RELAY_CHANNEL_LOST_US : PLK_RELAY_CHANNEL_UNHEARD_US;
    uint64_t since_us = ch->awake->waiting_us > ch->heard_us ? ch->awake->waiting_us : ch->heard_us;
    return plk_earlier(at_us, since_us + patience_us);
}

static uint64_t ping_us(const struct plk_relay_channel *ch) {
    if (ch->keepalive_ms == 0 || (ch->awake != NULL && ch->awake->ping_due)) return PLK_NEVER;
    return ch->asked_us + ch->keepalive_ms * PLK_MS;
}

static void tick_awake(struct plk_relay_channel *ch, uint64_t now_us) {
    struct plk_relay_channel_awake *awake = ch->awake;
    if (plk_flight_deadline(awake->flight) <= now_us) {
        plk_flight_tick(awake->flight, now_us);
        plk_relay_channel_drain(ch);
    }
    if (plk_challenge_end_us(&awake->challenge) <= now_us) awake->challenge.live = false;
    if (now_us - awake->active_us < PLK_RELAY_CHANNEL_REST_US) return;
    awake->active_us = now_us; // if it may not rest yet, it is asked again later
    plk_relay_channel_rest(ch);
}

void plk_relay_channel_tick(struct plk_relay_channel *ch, uint64_t now_us) {
    if (ch->state != PLK_RELAY_CHANNEL_OPEN) return;
    if (silent_us(ch) <= now_us) {
        plk_relay_channel_end(ch, PLK_RELAY_CHANNEL_SILENT, false);
        return;
    }
    if (ch->session.started_us + PLK_RELAY_CHANNEL_LIFE_US <= now_us) {
        plk_relay_channel_end(ch, PLK_RELAY_CHANNEL_OLD, true);
        return;
    }
    if (ping_us(ch) <= now_us) plk_relay_channel_ping(ch, now_us);
    if (ch->awake != NULL) tick_awake(ch, now_us);
}

static uint64_t awake_deadline(const struct plk_relay_channel_awake *awake) {
    uint64_t at_us = plk_earlier(plk_flight_deadline(awake->flight), awake->active_us + PLK_RELAY_CHANNEL_REST_US);
    if (awake->paced_us != 0) at_us = plk_earlier(at_us, awake->paced_us);
    at_us = plk_earlier(at_us, plk_challenge_end_us(&awake->challenge));
    return plk_earlier(at_us, plk_challenge_deadline(&awake->challenge, PLK_RELAY_CHANNEL_CHALLENGE_LEN));
}

uint64_t plk_relay_channel_end_us(const struct plk_relay_channel *ch) {
    if (ch->state != PLK_RELAY_CHANNEL_OPEN) return PLK_NEVER;
    return plk_earlier(ch->session.started_us + PLK_RELAY_CHANNEL_LIFE_US, silent_us(ch));
}

uint64_t plk_relay_channel_deadline(const struct plk_relay_channel *ch) {
    if (ch->state == PLK_RELAY_CHANNEL_CLOSING) return 0;
    if (ch->state != PLK_RELAY_CHANNEL_OPEN) return PLK_NEVER;
    uint64_t at_us = plk_earlier(plk_relay_channel_end_us(ch), ping_us(ch));
    return ch->awake == NULL ? at_us : plk_earlier(at_us, awake_deadline(ch->awake));
}

// ---- what the owner does with it ------------------------------------------------------------------------------------

size_t plk_relay_channel_write(struct plk_relay_channel *ch, uint64_t now_us, struct plk_bytes bytes) {
    if (ch->state != PLK_RELAY_CHANNEL_OPEN || bytes.len == 0) return 0;
    plk_relay_channel_wake(ch, now_us);
    return plk_streams_write(ch->awake->streams, PLK_RELAY_CHANNEL_STREAM, bytes);
}

size_t plk_relay_channel_room(const struct plk_relay_channel *ch) {
    if (ch->state != PLK_RELAY_CHANNEL_OPEN) return 0;
    return ch->awake == NULL ? PLK_STREAMS_SEND_MAX : plk_streams_room(ch->awake->streams, PLK_RELAY_CHANNEL_STREAM);
}

size_t plk_relay_channel_unacked(const struct plk_relay_channel *ch) {
    return ch->awake == NULL ? 0 : plk_streams_unacked(ch->awake->streams, PLK_RELAY_CHANNEL_STREAM);
}

struct plk_bytes plk_relay_channel_readable(const struct plk_relay_channel *ch) {
    if (ch->awake == NULL) return plk_bytes(NULL, 0);
    return plk_streams_readable(ch->awake->streams, PLK_RELAY_CHANNEL_STREAM);
}

void plk_relay_channel_consume(struct plk_relay_channel *ch, uint64_t now_us, size_t len) {
    if (len == 0) return;
    plk_assert(ch->awake != NULL);
    ch->awake->active_us = now_us;
    plk_streams_consume(ch->awake->streams, PLK_RELAY_CHANNEL_STREAM, len);
}

void plk_relay_channel_hold(struct plk_relay_channel *ch, uint64_t now_us, bool hold) {
    ch->hold = hold;
    bool owes =
        ch->streams.own_limit - ch->streams.consumed_to <= PLK_STREAMS_WINDOW / 2; // it rests with a window to be told
    if (ch->awake == NULL && !hold && owes && ch->state == PLK_RELAY_CHANNEL_OPEN) plk_relay_channel_wake(ch, now_us);
    if (ch->awake == NULL) return;
    ch->awake->active_us = now_us;
    plk_streams_hold(ch->awake->streams, hold);
}

void plk_relay_channel_ping(struct plk_relay_channel *ch, uint64_t now_us) {
    if (ch->state != PLK_RELAY_CHANNEL_OPEN) return;
    plk_relay_channel_wake(ch, now_us);
    ch->awake->ping_due = true;
}

void plk_relay_channel_keepalive(struct plk_relay_channel *ch, uint64_t interval_us) {
    plk_assert(ch->role == PLK_RELAY_CHANNEL_CLIENT);
    if (interval_us > PLK_KEEPALIVE_MAX_US) interval_us = PLK_KEEPALIVE_MAX_US;
    ch->keepalive_ms = (uint32_t)(interval_us / PLK_MS);
}

void plk_relay_channel_close(struct plk_relay_channel *ch) {
    plk_relay_channel_end(ch, PLK_RELAY_CHANNEL_ASKED, ch->state == PLK_RELAY_CHANNEL_OPEN);
}

const struct plk_addr *plk_relay_channel_addr(const struct plk_relay_channel *ch) { return &ch->addr; }

struct plk_relay_channel_status plk_relay_channel_status(const struct plk_relay_channel *ch) {
    struct plk_relay_channel_status status = {
        .state = (enum plk_relay_channel_state)ch->state,
        .end = (enum plk_relay_channel_end)ch->end,
        .resting = ch->awake == NULL,
        .checking = ch->awake != NULL && ch->awake->challenge.live,
        .opened_us = ch->session.started_us,
        .heard_us = ch->heard_us,
        .asked_us = ch->asked_us,
        .rtt_us = ch->flight.rtt_us,
        .refused = ch->refused,
        .challenged = ch->challenged,
        .missed = ch->missed,
        .borne_us = ch->borne_ms * PLK_MS,
    };
    struct plk_flight_path_info info;
    if (ch->awake == NULL || !plk_flight_path_info(ch->awake->flight, PLK_RELAY_CHANNEL_PATH, &info)) return status;
    status.rtt_us = info.has_rtt ? info.smoothed_us : 0;
    status.timeouts = info.ptos;
    return status;
}
