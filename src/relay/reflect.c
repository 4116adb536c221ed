// SPDX-License-Identifier: MIT
// STUN: tells whoever asks where the packet came from (relay.md, section 5). No answer is larger than a hundred bytes, and each
// prefix gets so many a second.
#include "relay/inside.h"
#include "wire/stun.h"

#define RATE 100
#define BURST 200

// The listener whose port, or whose other port, this is.
static const struct plk_relay_listener *listener_of(const struct plk_relay *relay, const struct plk_addr *local,
                                                    bool any_ip) {
    for (unsigned i = 0; i < relay->config.listener_count; i++) {
        const struct plk_relay_listener *listener = &relay->config.listeners[i];
        bool port = local->port == listener->addr.port || local->port == listener->stun_port;
        if (listener->addr.family != local->family || !port) continue;
        if (any_ip || plk_addr_same_ip(&listener->addr, local)) return listener;
    }
    return NULL;
}

// The one with another address of the same family, to which CHANGE-REQUEST may lead. NULL: none.
static const struct plk_relay_listener *other_of(const struct plk_relay *relay, const struct plk_addr *local) {
    for (unsigned i = 0; i < relay->config.listener_count; i++) {
        const struct plk_relay_listener *listener = &relay->config.listeners[i];
        if (listener->addr.family != local->family || plk_addr_class(&listener->addr) == PLK_ADDR_REFUSED) continue;
        if (!plk_addr_same_ip(&listener->addr, local)) return listener;
    }
    return NULL;
}

static uint16_t port_of(const struct plk_relay_listener *listener, bool stun) {
    return stun ? listener->stun_port : listener->addr.port;
}

// OTHER-ADDRESS is the other port of the other address, or of the only one (RFC 5780 section 7.4). Family 0: there is none.
static struct plk_addr other_address(const struct plk_addr *local, const struct plk_relay_listener *own,
                                     const struct plk_relay_listener *second, bool stun) {
    struct plk_addr other = second != NULL ? second->addr : *local;
    other.port = port_of(second != NULL ? second : own, !stun);
    if (other.port == 0 && second != NULL) other.port = port_of(second, stun);
    return other.port != 0 ? other : (struct plk_addr){0};
}

// Where the answer leaves from. false: from where CHANGE-REQUEST wants it, nothing can.
static bool choose(const struct plk_relay *relay, const struct plk_addr *local, uint8_t change, struct plk_addr *from,
                   struct plk_addr *other) {
    const struct plk_relay_listener *own = listener_of(relay, local, false);
    if (own == NULL) own = listener_of(relay, local, true); // listening on all addresses
    *from = *local;
    *other = (struct plk_addr){0};
    if (own == NULL) return change == 0;
    const struct plk_relay_listener *second = other_of(relay, local);
    bool stun = local->port != own->addr.port;
    *other = other_address(local, own, second, stun);
    bool change_address = (change & PLK_STUN_CHANGE_ADDRESS) != 0;
    if (change_address && second == NULL) return false;
    if (change_address) *from = second->addr;
    from->port = port_of(change_address ? second : own, stun != ((change & PLK_STUN_CHANGE_PORT) != 0));
    return from->port != 0;
}

// What is said, and from where.
static bool compose(const struct plk_relay *relay, const struct plk_addr *from, const struct plk_addr *local,
                    const struct plk_stun *request, struct plk_stun *answer, struct plk_addr *leave) {
    struct plk_addr other;
    *answer = (struct plk_stun){.kind = PLK_STUN_SUCCESS, .fingerprint = request->fingerprint};
    memcpy(answer->id, request->id, sizeof answer->id);
    *leave = *local;
    if (request->unknown_count > 0) {
        answer->kind = PLK_STUN_ERROR;
        answer->error = PLK_STUN_ERROR_UNKNOWN;
        answer->unknown_count = request->unknown_count;
        memcpy(answer->unknown, request->unknown, sizeof answer->unknown);
        return true;
    }
    if (!choose(relay, local, request->change, leave, &other)) return false; // silence is what the asker finds out
    if (plk_stun_is_modern(request)) {
        answer->xor_mapped = *from;
        answer->other = other;
        if (other.family != 0) answer->origin = *leave;
    } else {
        answer->mapped = *from;
    }
    return true;
}

void plk_relay_reflect(struct plk_relay *relay, const struct plk_addr *from, const struct plk_addr *local,
                       struct plk_relay_tcp *tcp, struct plk_bytes bytes) {
    struct plk_stun request, answer;
    struct plk_addr leave;
    if (plk_stun_decode(bytes, &request) != PLK_ERR_OK || request.kind != PLK_STUN_REQUEST) {
        relay->counters.malformed++;
        return;
    }
    struct plk_bucket *bucket =
        plk_buckets_of(&relay->buckets, relay->key, plk_bucket_prefix(from), relay->now.mono_us);
    if (!plk_bucket_take(bucket, relay->now.mono_us, RATE, BURST, 1)) {
        relay->counters.stun_limited++;
        return;
    }
    struct plk_packet_out *out = plk_packets_place(&relay->packets);
    if (out == NULL || !compose(relay, from, local, &request, &answer, &leave)) return;
    size_t frame_len = tcp == NULL ? 0 : PLK_PACKET_FRAME_LEN;
    if (tcp != NULL && tcp->writable < PLK_PACKET_FRAME_LEN + PLK_STUN_ANSWER_MAX) return;
    struct plk_writer w = plk_writer(out->bytes + frame_len, PLK_STUN_ANSWER_MAX);
    plk_stun_encode(&w, &answer);
    plk_assert(!w.failed);
    out->to = *from;
    out->local = leave;
    out->stream = 0;
    out->len = frame_len + w.len;
    if (tcp != NULL) {
        out->bytes[0] = (uint8_t)(w.len >> 8);
        out->bytes[1] = (uint8_t)w.len;
        out->stream = tcp->stream;
        tcp->writable -= out->len;
        tcp->mirror = true;
    }
    plk_packets_commit(&relay->packets);
    relay->counters.stun++;
}
