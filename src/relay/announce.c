// SPDX-License-Identifier: MIT
#include "relay/announce.h"

#include "relay/inside.h"

#define TAG 1 // of the one command of a channel

// ---- when ---------------------------------------------------------------------------------------------------------------

// One list serves all relays of a set: each passes over itself.
static bool is_told(const struct plk_relay *relay, unsigned i) {
    return i < relay->config.bootstrap_count && !relay->draining &&
           !plk_forward_is_own(relay, relay->config.bootstrap[i].key);
}

static void begin(struct plk_relay *relay, unsigned i) {
    const struct plk_relay_bootstrap *to = &relay->config.bootstrap[i];
    struct plk_announce *a = &relay->announces.of[i];
    struct plk_relay_dial_config config = {.host = plk_bytes(to->host, to->host_len), .port = to->port};
    memcpy(config.relay, to->key, sizeof config.relay);
    config.first_stream = PLK_ANNOUNCE_FIRST_STREAM + i * PLK_RELAY_DIAL_STREAMS;
    config.ticket = i + 1;
    a->dial = plk_relay_dial_new(relay->mem, &config);
    a->said = a->ending = false;
    a->due_us = relay->now.mono_us + PLK_ANNOUNCE_ANSWER_US;
}

// It is over, well or not; what is left of the dial goes when its connections are closed.
static void leave(struct plk_relay *relay, struct plk_announce *a, bool taken) {
    struct plk_relay_channel *channel = plk_relay_dial_channel(a->dial);
    if (channel != NULL) plk_relay_channel_close(channel);
    a->ending = true;
    a->failures = taken ? 0 : a->failures + 1;
    if (taken) {
        relay->counters.announces++;
        a->due_us = relay->now.mono_us + PLK_ANNOUNCE_EACH_US;
    } else {
        unsigned doublings = a->failures - 1 < PLK_ANNOUNCE_DOUBLINGS ? a->failures - 1 : PLK_ANNOUNCE_DOUBLINGS;
        relay->counters.announces_failed++;
        a->due_us = relay->now.mono_us + (PLK_ANNOUNCE_PAUSE_US << doublings);
    }
}

// ---- what is said -------------------------------------------------------------------------------------------------------

// Where others find this relay: what its operator says, else as the other one sees it, at the port that it listens on.
static bool own_address(const struct plk_relay *relay, const struct plk_relay_dial *dial, struct plk_addr *addr) {
    *addr = relay->config.public;
    if (addr->family != 0) return true;
    *addr = plk_relay_dial_heard(dial)->greeting.seen;
    for (unsigned i = 0; i < relay->config.listener_count; i++) {
        if (relay->config.listeners[i].addr.family != addr->family) continue;
        addr->port = relay->config.listeners[i].addr.port;
        return true;
    }
    return false;
}

static bool say(struct plk_relay *relay, struct plk_announce *a) {
    uint8_t text[PLK_DESCRIPTOR_MAX], room[PLK_DESCRIPTOR_MAX + PLK_QUEUE_SMALL_MAX];
    struct plk_descriptor d = {.admission = relay->config.admission};
    if (!own_address(relay, a->dial, &d.addr)) return false;
    plk_dh_public(d.relay, relay->config.statics[0]);
    uint64_t *last = &relay->announces.sequence;
    *last = relay->now.wall_ms > *last ? relay->now.wall_ms : *last + 1;
    d.sequence = *last;
    d.expires_ms = relay->now.wall_ms + PLK_DESCRIPTOR_LIFE_MS;
    plk_descriptor_sign(&d, relay->directory.seeds[0]);
    struct plk_writer t = plk_writer(text, sizeof text), w = plk_writer(room, sizeof room);
    plk_descriptor_encode(&t, &d);
    struct plk_queue_record record = {.type = PLK_QUEUE_ANNOUNCE, .tag = TAG};
    record.descriptors = plk_writer_bytes(&t);
    plk_queue_encode(&w, &record);
    plk_assert(!w.failed);
    size_t took = plk_relay_channel_write(plk_relay_dial_channel(a->dial), relay->now.mono_us, plk_writer_bytes(&w));
    return took == w.len;
}

// ---- what comes back ----------------------------------------------------------------------------------------------------

static void hear(struct plk_relay *relay, struct plk_announce *a) {
    struct plk_relay_channel *channel = plk_relay_dial_channel(a->dial);
    struct plk_queue_record record;
    struct plk_bytes body;
    bool broken;
    size_t took;
    while (!a->ending && (took = plk_queue_cut(plk_relay_channel_readable(channel), &body, &broken)) > 0) {
        bool good = plk_queue_decode(body, &record) == PLK_ERR_OK;
        bool done = good && record.type == PLK_QUEUE_DONE && record.tag == TAG;
        plk_relay_channel_consume(channel, relay->now.mono_us, took);
        if (done || !good) leave(relay, a, done && record.code == PLK_QUEUE_CODE_OK);
    }
    if (!a->ending && broken) leave(relay, a, false);
}

static void look(struct plk_relay *relay, struct plk_announce *a) {
    enum plk_relay_dial_news news = plk_relay_dial_news(a->dial);
    if (a->ending || plk_relay_dial_channel(a->dial) == NULL) return;
    if (news == PLK_RELAY_DIAL_UP) a->said = false; // a new channel, nothing was asked in it
    if (!a->said) {
        a->said = true;
        bool can = plk_relay_dial_heard(a->dial)->has_sign && say(relay, a);
        if (!can) leave(relay, a, false); // it has no directory, or nobody could find us
    }
    if (!a->ending) hear(relay, a);
}

bool plk_announces_packet(struct plk_relay *relay, const struct plk_addr *from, const struct plk_packet *packet) {
    struct plk_relay_channel_passed passed; // nothing is passed to whoever has no queue
    if (packet->body.len > sizeof relay->scratch) return false;
    for (unsigned i = 0; i < PLK_ANNOUNCES_MAX; i++) {
        struct plk_announce *a = &relay->announces.of[i];
        if (a->dial == NULL ||
            !plk_relay_dial_packet(a->dial, relay->now.mono_us, from, packet, &relay->rng, relay->scratch, &passed))
            continue;
        look(relay, a);
        return true;
    }
    return false;
}

bool plk_announces_stream(struct plk_relay *relay, const struct plk_input *input) {
    struct plk_relay_channel_passed passed;
    for (unsigned i = 0; i < PLK_ANNOUNCES_MAX; i++) {
        struct plk_announce *a = &relay->announces.of[i];
        if (a->dial == NULL || !plk_relay_dial_stream(a->dial, relay->now.mono_us, input)) continue;
        while (plk_relay_dial_framed(a->dial, relay->now.mono_us, &relay->rng, relay->scratch, &passed)) continue;
        look(relay, a);
        return true;
    }
    return false;
}

void plk_announces_resolved(struct plk_relay *relay, const struct plk_input *input) {
    uint64_t ticket = input->resolved.ticket;
    if (ticket == 0 || ticket > PLK_ANNOUNCES_MAX || relay->announces.of[ticket - 1].dial == NULL) return;
    plk_relay_dial_resolved(relay->announces.of[ticket - 1].dial, relay->now.mono_us, input->resolved.addrs,
                            input->resolved.count);
}

// ---- time and outputs ---------------------------------------------------------------------------------------------------

void plk_announces_tick(struct plk_relay *relay) {
    uint64_t now_us = relay->now.mono_us;
    for (unsigned i = 0; i < PLK_ANNOUNCES_MAX; i++) {
        struct plk_announce *a = &relay->announces.of[i];
        if (a->dial == NULL && a->due_us <= now_us && is_told(relay, i)) begin(relay, i);
        if (a->dial == NULL) continue;
        if (!a->ending && a->due_us <= now_us) leave(relay, a, false);
        if (!a->ending) plk_relay_dial_tick(a->dial, now_us, &relay->rng);
        look(relay, a);
    }
}

bool plk_announces_poll(struct plk_relay *relay, struct plk_output *output) {
    for (unsigned i = 0; i < PLK_ANNOUNCES_MAX; i++) {
        struct plk_announce *a = &relay->announces.of[i];
        if (a->dial == NULL) continue;
        if (plk_relay_dial_poll(a->dial, relay->now.mono_us, output)) return true;
        if (!a->ending) continue;
        plk_relay_dial_stop(a->dial);
        if (plk_relay_dial_poll(a->dial, relay->now.mono_us, output)) return true;
        plk_relay_dial_free(a->dial);
        a->dial = NULL;
    }
    return false;
}

uint64_t plk_announces_deadline(const struct plk_relay *relay) {
    uint64_t at_us = PLK_NEVER;
    for (unsigned i = 0; i < PLK_ANNOUNCES_MAX; i++) {
        const struct plk_announce *a = &relay->announces.of[i];
        if (a->dial != NULL || is_told(relay, i)) at_us = plk_earlier(at_us, a->due_us);
        if (a->dial != NULL) at_us = plk_earlier(at_us, plk_relay_dial_deadline(a->dial));
    }
    return at_us;
}

void plk_announces_retune(struct plk_relay *relay, const struct plk_relay_config *config) {
    struct plk_relay_config *own = &relay->config;
    bool same = plk_addr_equal(&own->public, &config->public) && own->public.port == config->public.port &&
                own->bootstrap_count == config->bootstrap_count &&
                memcmp(own->bootstrap, config->bootstrap, sizeof own->bootstrap) == 0;
    if (same) return;
    own->public = config->public;
    own->bootstrap_count = config->bootstrap_count;
    memcpy(own->bootstrap, config->bootstrap, sizeof own->bootstrap);
    for (unsigned i = 0; i < PLK_ANNOUNCES_MAX; i++) {
        struct plk_announce *a = &relay->announces.of[i];
        if (a->dial != NULL && !a->ending) leave(relay, a, false);
        a->failures = 0;
        a->due_us = relay->now.mono_us;
    }
}

void plk_announces_free(struct plk_relay *relay) {
    for (unsigned i = 0; i < PLK_ANNOUNCES_MAX; i++) plk_relay_dial_free(relay->announces.of[i].dial);
}
