// SPDX-License-Identifier: MIT
#include "channel/relay_dial.h"

#include "channel/dial_inside.h"

struct plk_relay_dial *plk_relay_dial_new(struct plk_mem *mem, const struct plk_relay_dial_config *config) {
    plk_assert(config->host.len >= 1 && config->host.len <= PLK_RELAY_DIAL_HOST_MAX && config->first_stream != 0);
    struct plk_relay_dial *d = plk_mem_take(mem, sizeof *d);
    d->mem = mem;
    memcpy(d->host, config->host.at, config->host.len);
    d->host_len = config->host.len;
    d->port = config->port;
    memcpy(d->relay, config->relay, sizeof d->relay);
    d->first_stream = config->first_stream;
    d->ticket = config->ticket;
    d->again_us = 0;
    d->udp_us = PLK_NEVER;
    plk_keepalive_begin(&d->keepalive);
    if (config->carried == NULL) return d;
    d->carried = true;
    memcpy(d->carried_cid, config->carried->cid, sizeof d->carried_cid);
    d->addrs[0] = config->carried->addr;
    d->addr_count = 1;
    return d;
}

// ---- ends -----------------------------------------------------------------------------------------------------------

void plk_dial_close_stream(struct plk_relay_dial *d, uint32_t stream) {
    if (stream == 0) return;
    plk_assert(d->close_count <= PLK_DIAL_WAYS); // polled between any two calls
    d->to_close[d->close_count++] = stream;
}

static void end_way(struct plk_relay_dial *d, struct plk_dial_way *way) {
    if (way->live && way->asked) plk_dial_close_stream(d, way->stream);
    plk_buf_free(d->mem, &way->in);
    plk_mem_wipe(way, sizeof *way);
}

void plk_dial_end_channel(struct plk_relay_dial *d) {
    if (d->channel == NULL) return;
    plk_dial_close_stream(d, d->stream);
    plk_relay_channel_free(d->channel);
    plk_buf_free(d->mem, &d->in);
    plk_mem_wipe(&d->heard, sizeof d->heard);
    d->channel = NULL;
    d->stream = 0;
    d->doubt_us = 0;
    d->udp_us = PLK_NEVER;
    d->down = true;
}

void plk_relay_dial_stop(struct plk_relay_dial *d) {
    plk_dial_end_channel(d);
    for (unsigned i = 0; i < PLK_DIAL_WAYS; i++) end_way(d, &d->ways[i]);
    d->racing = d->asked = d->asking = false;
    d->again_us = PLK_NEVER;
}

void plk_relay_dial_free(struct plk_relay_dial *d) {
    if (d == NULL) return;
    for (unsigned i = 0; i < PLK_DIAL_WAYS; i++) plk_buf_free(d->mem, &d->ways[i].in);
    plk_relay_channel_free(d->channel);
    plk_buf_free(d->mem, &d->in);
    plk_mem_give(d->mem, d);
}

// ---- beginning ------------------------------------------------------------------------------------------------------

static void begin(struct plk_relay_dial *d, uint64_t now_us) {
    d->again_us = PLK_NEVER;
    d->over = d->carried && d->begun;
    if (d->over) return;
    for (unsigned i = 0; i < PLK_DIAL_WAYS; i++) end_way(d, &d->ways[i]);
    d->begun = true;
    d->racing = false;
    d->asked = true;
    d->asking = !d->carried;
    d->resolve_us = d->carried ? now_us : now_us + PLK_RELAY_DIAL_RESOLVE_US;
}

static void fail(struct plk_relay_dial *d, uint64_t now_us, struct plk_rng *rng) {
    uint64_t pause_us = plk_doubled(PLK_RELAY_DIAL_PAUSE_US, d->failures, PLK_RELAY_DIAL_PAUSE_MAX_US);
    for (unsigned i = 0; i < PLK_DIAL_WAYS; i++) end_way(d, &d->ways[i]);
    d->racing = false;
    if (d->failures < 20) d->failures++;
    if (d->carried) {
        d->over = true;
        d->again_us = PLK_NEVER;
        return;
    }
    pause_us =
        pause_us * 3 / 4 + plk_rng_below(rng, pause_us / 2); // many clients of one relay do not come back at once
    d->again_us = now_us + pause_us;
}

static bool start_way(struct plk_relay_dial *d, unsigned which, uint64_t now_us, struct plk_rng *rng) {
    struct plk_dial_way *way = &d->ways[which];
    uint8_t cid[PLK_PACKET_CID_LEN];
    plk_rng_bytes(rng, cid, sizeof cid);
    if (d->carried) memcpy(cid, d->carried_cid, sizeof cid);
    if (plk_hello_start(&way->hello, d->relay, cid, rng) != PLK_ERR_OK) return false; // the key is none
    if (d->has_cookie && now_us - d->cookie_us < PLK_COOKIE_US) plk_hello_prove(&way->hello, d->cookie);
    way->live = true;
    way->started_us = now_us;
    way->next_us = which == PLK_DIAL_TCP ? now_us + PLK_RELAY_DIAL_TCP_US : now_us;
    way->cursor = which == PLK_DIAL_UDP ? (unsigned)d->addr_count : 0;
    return true;
}

static bool has_addr(const struct plk_addr *addrs, size_t count, const struct plk_addr *addr) {
    size_t i = 0;
    while (i < count && !plk_addr_equal(&addrs[i], addr)) i++;
    return i < count;
}

// Whoever was connected, and is not any more or doubts it, asks where else the relay said that it is.
static void add_places(struct plk_relay_dial *d) {
    for (size_t i = 0; i < d->place_count && d->addr_count < sizeof d->addrs / sizeof d->addrs[0]; i++) {
        if (!has_addr(d->addrs, d->addr_count, &d->places[i])) d->addrs[d->addr_count++] = d->places[i];
    }
}

// Only where this very relay may be as well: no greeting leads into a network that its relay is not in (DESIGN 3.10).
static void learn_place(struct plk_relay_dial *d, const struct plk_addr *place, const struct plk_addr *from) {
    enum plk_addr_class class = plk_addr_class(place);
    if (place->port == 0 || class == PLK_ADDR_REFUSED) return;
    if (class != PLK_ADDR_GLOBAL && class != plk_addr_class(from)) return;
    if (d->place_count == PLK_RELAY_DIAL_PLACES || has_addr(d->places, d->place_count, place)) return;
    d->places[d->place_count++] = *place;
}

// What it says now goes before what it said earlier. That stays: a process that has just come back, or whose database has, does not
// see the others yet.
static void learn_places(struct plk_relay_dial *d, const struct plk_addr *from) {
    struct plk_addr earlier[PLK_RELAY_DIAL_PLACES];
    size_t earlier_count = d->place_count;
    memcpy(earlier, d->places, sizeof earlier);
    d->place_count = 0;
    for (size_t i = 0; i < d->heard.place_count; i++) learn_place(d, &d->heard.places[i], from);
    for (size_t i = 0; i < earlier_count; i++) learn_place(d, &earlier[i], from);
}

static void race(struct plk_relay_dial *d, uint64_t now_us, struct plk_rng *rng) {
    d->asked = d->asking = false;
    d->racing = true;
    if (!d->carried) add_places(d);
    bool good = d->addr_count > 0;
    for (unsigned i = 0; i < (d->carried ? PLK_DIAL_TCP : PLK_DIAL_WAYS) && good; i++)
        good = start_way(d, i, now_us, rng);
    if (!good) fail(d, now_us, rng);
}

void plk_relay_dial_resolved(struct plk_relay_dial *d, uint64_t now_us, const struct plk_addr *addrs, size_t count) {
    if (!d->asked) return;
    d->resolve_us = now_us; // the next tick goes on
    d->asking = false;
    if (count == 0) return;
    d->addr_count = 0;
    for (size_t i = 0; i < count && d->addr_count < PLK_RELAY_DIAL_ADDRS; i++) {
        if (addrs[i].family != 4 && addrs[i].family != 6) continue;
        d->addrs[d->addr_count] = addrs[i];
        d->addrs[d->addr_count++].port = d->port;
    }
}

void plk_relay_dial_hurry(struct plk_relay_dial *d, uint64_t now_us) {
    d->failures = 0;
    plk_keepalive_begin(&d->keepalive);
    d->has_cookie = false; // it was for another address
    d->doubt_us = 0;
    d->udp_tries = 0;
    begin(d, now_us);
}

// ---- packets --------------------------------------------------------------------------------------------------------

static void win(struct plk_relay_dial *d, uint64_t now_us, struct plk_dial_way *way, const struct plk_addr *from,
                const struct plk_hello_heard *heard) {
    bool tcp = way == &d->ways[PLK_DIAL_TCP];
    struct plk_relay_channel_start start = {
        .role = PLK_RELAY_CHANNEL_CLIENT, .transport = tcp ? PLK_TCP : PLK_UDP, .session = &heard->session};
    start.inner = d->carried;
    if (!tcp) start.addr = *from;
    if (!tcp && way->copies == 1) start.rtt_us = now_us - way->started_us; // else nobody knows which copy was answered
    memcpy(start.peer_cid, heard->greeting.cid, sizeof start.peer_cid);
    plk_dial_end_channel(d); // without a word: a CLOSE from a new address would tell that both are one client's
    d->heard = *heard;
    learn_places(d, tcp ? &way->to : from);
    memcpy(d->cid, way->hello.cid, sizeof d->cid);
    d->channel = plk_relay_channel_new(d->mem, &start, now_us);
    plk_session_wipe(&d->heard.session);
    d->stream = way->stream;
    d->stream_to = way->to;
    d->writable = way->writable;
    d->in = way->in;
    way->in = (struct plk_buf){0};
    way->stream = 0;
    end_way(d, &d->ways[PLK_DIAL_TCP]);
    if (!tcp) end_way(d, &d->ways[PLK_DIAL_UDP]);
    if (!tcp) plk_relay_channel_keepalive(d->channel, d->keepalive.interval_us);
    d->racing = false;
    d->failures = 0;
    d->again_us = PLK_NEVER;
    plk_keepalive_channel(&d->keepalive, now_us);
    d->up = true;
    d->down = false;
}

static void answered(struct plk_relay_dial *d, uint64_t now_us, struct plk_dial_way *way, const struct plk_addr *from,
                     const struct plk_packet *packet) {
    if (packet->kind == PLK_PACKET_COOKIE) {
        if (way != &d->ways[PLK_DIAL_UDP]) return; // TCP has proved the address
        if (plk_hello_cookie(&way->hello, packet, d->cookie) != PLK_ERR_OK) return;
        d->has_cookie = true;
        d->cookie_us = now_us;
        way->cursor = 0; // once more, at once
        return;
    }
    struct plk_hello_heard heard;
    if (plk_hello_finish(&way->hello, packet, now_us, &heard) == PLK_ERR_OK) win(d, now_us, way, from, &heard);
    plk_mem_wipe(&heard, sizeof heard);
}

bool plk_dial_take(struct plk_relay_dial *d, uint64_t now_us, uint32_t stream, const struct plk_addr *from,
                   const struct plk_packet *packet, struct plk_rng *rng, uint8_t *text,
                   struct plk_relay_channel_passed *passed) {
    if (packet->cid.len != PLK_PACKET_CID_LEN) return false;
    if (packet->kind == PLK_PACKET_DATA) {
        if (d->channel == NULL || d->stream != stream || memcmp(packet->cid.at, d->cid, sizeof d->cid) != 0)
            return false;
        plk_relay_channel_receive(d->channel, now_us, from, packet, PLK_RELAY_CHANNEL_PLENTY, rng, text, passed);
        return true;
    }
    if (packet->kind != PLK_PACKET_MESSAGE2 && packet->kind != PLK_PACKET_COOKIE) return false;
    for (unsigned i = 0; i < PLK_DIAL_WAYS; i++) {
        struct plk_dial_way *way = &d->ways[i];
        if (!way->live || way->stream != stream || memcmp(packet->cid.at, way->hello.cid, PLK_PACKET_CID_LEN) != 0)
            continue;
        answered(d, now_us, way, from, packet);
        return true;
    }
    return false;
}

bool plk_relay_dial_packet(struct plk_relay_dial *d, uint64_t now_us, const struct plk_addr *from,
                           const struct plk_packet *packet, struct plk_rng *rng, uint8_t *text,
                           struct plk_relay_channel_passed *passed) {
    passed->r = plk_reader(plk_bytes(NULL, 0));
    return plk_dial_take(d, now_us, 0, from, packet, rng, text, passed);
}

// ---- time -----------------------------------------------------------------------------------------------------------

static void learn(struct plk_relay_dial *d) {
    struct plk_relay_channel_status status = plk_relay_channel_status(d->channel);
    struct plk_keepalive_seen seen = {status.asked_us, status.borne_us, status.challenged, status.missed};
    if (d->stream != 0 || !plk_keepalive_learn(&d->keepalive, &seen)) return;
    plk_relay_channel_keepalive(d->channel, d->keepalive.interval_us);
}

// A relay that was restarted knows nothing of the channel, and one that is reached by TCP only from now on does not hear it:
// another one is opened as soon as there is a doubt. If the old one was only slow, it stays.
static void doubt(struct plk_relay_dial *d, uint64_t now_us, const struct plk_relay_channel_status *status) {
    if (d->doubt_us != 0 && status->heard_us > d->doubt_us) {
        for (unsigned i = 0; i < PLK_DIAL_WAYS; i++) end_way(d, &d->ways[i]);
        d->racing = d->asked = d->asking = false;
        d->again_us = PLK_NEVER;
        d->doubt_us = d->failures = 0;
    }
    bool idle = d->again_us == PLK_NEVER && !d->racing && !d->asked;
    if (!idle || d->carried || status->timeouts < PLK_RELAY_DIAL_TIMEOUTS) return;
    begin(d, now_us);
    d->doubt_us = now_us;
}

static void tick_channel(struct plk_relay_dial *d, uint64_t now_us, struct plk_rng *rng) {
    plk_relay_channel_tick(d->channel, now_us);
    struct plk_relay_channel_status status = plk_relay_channel_status(d->channel);
    if (status.state != PLK_RELAY_CHANNEL_CLOSED) {
        learn(d);
        doubt(d, now_us, &status);
        bool idle = d->again_us == PLK_NEVER && !d->racing && !d->asked;
        if (idle && now_us - status.opened_us >= PLK_RELAY_CHANNEL_RENEW_US) begin(d, now_us);
        return;
    }
    plk_dial_end_channel(d);
    if (d->racing || d->asked) return;
    if (status.end == PLK_RELAY_CHANNEL_SILENT || status.end == PLK_RELAY_CHANNEL_OLD) {
        begin(d, now_us);
    } else {
        fail(d, now_us, rng); // it has shown us out: not at once again
    }
}

// TCP carries the channel. UDP may only have been slower, or lost its packets; or what blocked it does so no more.
static void tick_udp(struct plk_relay_dial *d, uint64_t now_us, struct plk_rng *rng) {
    struct plk_dial_way *udp = &d->ways[PLK_DIAL_UDP];
    if (d->channel == NULL || d->stream == 0 || d->racing || d->asked) return;
    if (udp->live && now_us - udp->started_us < PLK_RELAY_DIAL_GIVE_UP_US) return;
    if (udp->live || d->udp_us == PLK_NEVER) {
        end_way(d, udp);
        d->udp_us = now_us + plk_doubled(PLK_RELAY_DIAL_UDP_US, d->udp_tries, PLK_RELAY_DIAL_UDP_MAX_US);
    } else if (now_us >= d->udp_us) {
        d->udp_tries++;
        d->udp_us = start_way(d, PLK_DIAL_UDP, now_us, rng) ? PLK_NEVER : now_us + PLK_RELAY_DIAL_UDP_MAX_US;
    }
}

static uint64_t udp_due_us(const struct plk_relay_dial *d) {
    const struct plk_dial_way *udp = &d->ways[PLK_DIAL_UDP];
    if (d->channel == NULL || d->stream == 0 || d->racing || d->asked) return PLK_NEVER;
    return udp->live ? udp->started_us + PLK_RELAY_DIAL_GIVE_UP_US : d->udp_us;
}

static void tick_way(struct plk_relay_dial *d, unsigned which, uint64_t now_us) {
    struct plk_dial_way *way = &d->ways[which];
    if (!way->live || now_us < way->next_us) return;
    if (which == PLK_DIAL_TCP) {
        if (way->stream != 0 || way->cursor >= d->addr_count) return;
        way->stream = d->first_stream + d->streams++ % PLK_RELAY_DIAL_STREAMS;
        return;
    }
    way->cursor = 0;
    way->next_us =
        way->copies >= PLK_RELAY_DIAL_REPEATS ? PLK_NEVER : now_us + (PLK_RELAY_DIAL_REPEAT_US << way->copies);
    way->copies++;
}

void plk_relay_dial_tick(struct plk_relay_dial *d, uint64_t now_us, struct plk_rng *rng) {
    if (d->channel != NULL) tick_channel(d, now_us, rng);
    if (d->again_us <= now_us) begin(d, now_us);
    if (d->asked && now_us >= d->resolve_us) race(d, now_us, rng);
    tick_udp(d, now_us, rng);
    for (unsigned i = 0; i < PLK_DIAL_WAYS; i++) tick_way(d, i, now_us);
    if (d->racing && now_us - d->ways[PLK_DIAL_UDP].started_us >= PLK_RELAY_DIAL_GIVE_UP_US) fail(d, now_us, rng);
}

uint64_t plk_relay_dial_deadline(const struct plk_relay_dial *d) {
    uint64_t at_us = plk_earlier(d->again_us, udp_due_us(d));
    if (d->asked) at_us = plk_earlier(at_us, d->resolve_us);
    if (d->racing) at_us = plk_earlier(at_us, d->ways[PLK_DIAL_UDP].started_us + PLK_RELAY_DIAL_GIVE_UP_US);
    if (d->ways[PLK_DIAL_UDP].live) at_us = plk_earlier(at_us, d->ways[PLK_DIAL_UDP].next_us);
    const struct plk_dial_way *tcp = &d->ways[PLK_DIAL_TCP];
    if (tcp->live && tcp->stream == 0 && tcp->cursor < d->addr_count) at_us = plk_earlier(at_us, tcp->next_us);
    if (d->channel == NULL) return at_us;
    bool blocked = d->stream != 0 && d->writable < PLK_RELAY_CHANNEL_PACKET_MAX + PLK_PACKET_FRAME_LEN;
    at_us = plk_earlier(at_us, blocked ? plk_relay_channel_end_us(d->channel) : plk_relay_channel_deadline(d->channel));
    if (!d->racing && !d->asked && !d->over && d->again_us == PLK_NEVER) {
        at_us = plk_earlier(at_us, plk_relay_channel_status(d->channel).opened_us + PLK_RELAY_CHANNEL_RENEW_US);
    }
    return at_us;
}

// ---- out ------------------------------------------------------------------------------------------------------------

static void give_stream(struct plk_relay_dial *d, uint32_t stream, size_t *writable, size_t len,
                        struct plk_output *output) {
    d->packet[0] = (uint8_t)(len >> 8);
    d->packet[1] = (uint8_t)len;
    len += PLK_PACKET_FRAME_LEN;
    *writable -= len;
    *output = (struct plk_output){.kind = PLK_OUT_STREAM_WRITE, .stream_write = {.stream = stream}};
    output->stream_write.data = plk_bytes(d->packet, len);
}

static void give_datagram(const struct plk_addr *to, struct plk_bytes bytes, struct plk_output *output) {
    *output = (struct plk_output){.kind = PLK_OUT_DATAGRAM, .datagram = {.to = *to, .data = bytes}};
}

static bool poll_ways(struct plk_relay_dial *d, struct plk_output *output) {
    struct plk_dial_way *udp = &d->ways[PLK_DIAL_UDP], *tcp = &d->ways[PLK_DIAL_TCP];
    if (udp->live && udp->cursor < d->addr_count) {
        give_datagram(&d->addrs[udp->cursor++], plk_hello_message(&udp->hello), output);
        return true;
    }
    if (!tcp->live || tcp->stream == 0) return false;
    if (!tcp->asked) {
        tcp->asked = true; // the hello follows when it is open
        *output = (struct plk_output){.kind = PLK_OUT_STREAM_OPEN, .stream_open = {.stream = tcp->stream}};
        output->stream_open.to = tcp->to = d->addrs[tcp->cursor];
        return true;
    }
    struct plk_bytes hello = plk_hello_message(&tcp->hello);
    if (!tcp->open || tcp->copies > 0 || tcp->writable < hello.len + PLK_PACKET_FRAME_LEN) return false;
    tcp->copies = 1; // nothing is repeated on a stream
    memcpy(d->packet + PLK_PACKET_FRAME_LEN, hello.at, hello.len);
    give_stream(d, tcp->stream, &tcp->writable, hello.len, output);
    return true;
}

static bool poll_channel(struct plk_relay_dial *d, uint64_t now_us, struct plk_output *output) {
    struct plk_addr to;
    size_t len, cap = PLK_RELAY_CHANNEL_PACKET_MAX;
    if (d->channel == NULL) return false;
    if (d->stream != 0 && d->writable < cap + PLK_PACKET_FRAME_LEN) return false;
    if (!plk_relay_channel_poll(d->channel, now_us, d->packet + PLK_PACKET_FRAME_LEN, cap, &len, &to)) return false;
    if (d->stream != 0) {
        give_stream(d, d->stream, &d->writable, len, output);
    } else {
        give_datagram(&to, plk_bytes(d->packet + PLK_PACKET_FRAME_LEN, len), output);
    }
    return true;
}

bool plk_relay_dial_poll(struct plk_relay_dial *d, uint64_t now_us, struct plk_output *output) {
    if (d->close_count > 0) {
        *output = (struct plk_output){.kind = PLK_OUT_STREAM_CLOSE, .stream_close = {d->to_close[--d->close_count]}};
        return true;
    }
    if (d->asking) {
        d->asking = false;
        *output = (struct plk_output){.kind = PLK_OUT_RESOLVE, .resolve = {.ticket = d->ticket, .port = d->port}};
        output->resolve.host = plk_bytes(d->host, d->host_len);
        return true;
    }
    return poll_ways(d, output) || poll_channel(d, now_us, output);
}

bool plk_relay_dial_pass(struct plk_relay_dial *d, const struct plk_relay_channel_frame *frame,
                         struct plk_output *output) {
    size_t len;
    if (d->channel == NULL) return false;
    if (d->stream != 0 && d->writable < sizeof d->packet) return false;
    if (plk_relay_channel_pass(d->channel, frame, d->packet + PLK_PACKET_FRAME_LEN, &len) != PLK_ERR_OK) return false;
    if (d->stream != 0) {
        give_stream(d, d->stream, &d->writable, len, output);
    } else {
        give_datagram(plk_relay_channel_addr(d->channel), plk_bytes(d->packet + PLK_PACKET_FRAME_LEN, len), output);
    }
    return true;
}

enum plk_relay_dial_news plk_relay_dial_news(struct plk_relay_dial *d) {
    enum plk_relay_dial_news news = d->up ? PLK_RELAY_DIAL_UP : d->down ? PLK_RELAY_DIAL_DOWN : PLK_RELAY_DIAL_NOTHING;
    d->up = d->down = false;
    return news;
}

struct plk_relay_channel *plk_relay_dial_channel(struct plk_relay_dial *d) {
    return d->channel;
}

const struct plk_hello_heard *plk_relay_dial_heard(const struct plk_relay_dial *d) { return &d->heard; }

struct plk_relay_dial_status plk_relay_dial_status(const struct plk_relay_dial *d) {
    struct plk_relay_dial_status status = {.over = d->over, .failures = d->failures};
    status.keepalive_us = d->keepalive.interval_us;
    if (d->channel == NULL) return status;
    status.connected = true;
    status.tcp = d->stream != 0;
    status.addr = status.tcp ? d->stream_to : *plk_relay_channel_addr(d->channel);
    return status;
}

bool plk_relay_dial_addr(const struct plk_relay_dial *d, uint8_t family, struct plk_addr *addr) {
    for (size_t i = 0; i < d->addr_count; i++) {
        if (d->addrs[i].family != family) continue;
        *addr = d->addrs[i];
        return true;
    }
    return false;
}
