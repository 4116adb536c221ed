// SPDX-License-Identifier: MIT
#include "relay/admit.h"

#include "relay/inside.h"
#include "wire/tlv.h"

void plk_admit_init(struct plk_relay *relay) {
    struct plk_admit *admit = &relay->admit;
    plk_map_init(&admit->map, relay->mem);
    plk_lobby_init(&admit->lobby);
    for (unsigned i = 0; i < relay->config.static_count; i++) {
        plk_hello_static_init(&admit->statics[i], relay->config.statics[i]);
        plk_hkdf_label(admit->seal[i], sizeof admit->seal[i], plk_bytes(relay->config.statics[i], 32),
                       PLK_QUEUE_LABEL_PROVES);
    }
}

void plk_admit_free(struct plk_relay *relay) {
    while (relay->admit.first != NULL) plk_admit_forget(relay, relay->admit.first);
    plk_map_free(&relay->admit.map);
    plk_lobby_free(&relay->admit.lobby, relay->mem);
}

void plk_admit_forget(struct plk_relay *relay, struct plk_half *half) {
    struct plk_admit *admit = &relay->admit;
    if (half->before != NULL) {
        half->before->next = half->next;
    } else {
        admit->first = half->next;
    }
    if (half->next != NULL) {
        half->next->before = half->before;
    } else {
        admit->last = half->before;
    }
    plk_map_remove(&admit->map, half->key);
    half->client->half = NULL;
    admit->count--;
    plk_mem_give(relay->mem, half);
}

// ---- who may be answered ----------------------------------------------------------------------------------------------

static uint64_t key_of(const struct plk_relay *relay, const struct plk_addr *from, const struct plk_relay_tcp *tcp,
                       const struct plk_packet *hello) {
    uint8_t text[PLK_PACKET_HANDSHAKE_MAX + 32];
    struct plk_writer w = plk_writer(text, sizeof text);
    plk_addr_write(&w, from);
    plk_writer_u32(&w, tcp == NULL ? 0 : tcp->stream);
    plk_writer_put(&w, plk_packet_before_mac1(hello)); // a repeated one may have another mac 2
    return plk_siphash(relay->key, plk_writer_bytes(&w));
}

static struct plk_packet_out *place_for(struct plk_relay *relay, const struct plk_addr *from,
                                        const struct plk_addr *local, struct plk_relay_tcp *tcp, size_t len) {
    struct plk_packet_out *out = plk_packets_place(&relay->packets);
    if (out == NULL || (tcp != NULL && tcp->writable < len + PLK_PACKET_FRAME_LEN)) return NULL;
    out->to = *from;
    out->local = *local;
    out->stream = tcp == NULL ? 0 : tcp->stream;
    return out;
}

static void send_to(struct plk_relay *relay, const struct plk_addr *from, const struct plk_addr *local,
                    struct plk_relay_tcp *tcp, const uint8_t *bytes, size_t len) {
    struct plk_packet_out *out = place_for(relay, from, local, tcp, len);
    if (out == NULL) return;
    struct plk_writer w = plk_writer(out->bytes, sizeof out->bytes);
    if (tcp != NULL) plk_writer_u16(&w, (uint16_t)len);
    plk_writer_copy(&w, bytes, len);
    out->len = w.len;
    if (tcp != NULL) tcp->writable -= w.len;
    plk_packets_commit(&relay->packets);
}

static bool is_zero(struct plk_bytes bytes) {
    uint8_t any = 0;
    for (size_t i = 0; i < bytes.len; i++) any |= bytes.at[i];
    return any == 0;
}

// The budget of relay.md, section 3.1: without mac 2 up to hello_rate; then a cookie; with it, or over TCP, by prefix.
static bool may_answer(struct plk_relay *relay, const struct plk_addr *from, const struct plk_addr *local,
                       struct plk_relay_tcp *tcp, const struct plk_packet *hello, const struct plk_hello_static *own) {
    struct plk_admit *admit = &relay->admit;
    uint64_t now_us = relay->now.mono_us;
    uint32_t rate = relay->config.hello_rate;
    bool proven = tcp != NULL;
    if (!proven && !is_zero(hello->mac2)) {
        proven = plk_cookie_good(&admit->jar, now_us, &relay->rng, from, hello);
    }
    if (!proven) {
        if (plk_bucket_take(&admit->unproven, now_us, rate, 2 * rate, 1)) return true;
        uint8_t cookie[PLK_COOKIE_LEN], packet[PLK_PACKET_COOKIE_LEN];
        plk_cookie_make(&admit->jar, now_us, &relay->rng, from, cookie);
        plk_cookie_write(packet, own->known.cookie_key, &relay->rng, hello, cookie);
        send_to(relay, from, local, NULL, packet, sizeof packet);
        relay->counters.cookies++;
        return false;
    }
    struct plk_bucket *bucket =
        plk_buckets_of(&relay->buckets, relay->key, PLK_RELAY_PREFIX_HELLO | plk_bucket_prefix(from), now_us);
    if (plk_bucket_take(bucket, now_us, PLK_HELLO_PREFIX_RATE, PLK_HELLO_PREFIX_BURST, 1) &&
        plk_bucket_take(&admit->proven, now_us, PLK_HELLO_PROVEN_TIMES * rate, 2 * PLK_HELLO_PROVEN_TIMES * rate, 1)) {
        return true;
    }
    relay->counters.hellos_limited++;
    return false;
}

static bool has_place(struct plk_relay *relay, const struct plk_addr *from) {
    const struct plk_relay_config *config = &relay->config;
    bool full = relay->draining || relay->client_count >= config->clients_max ||
                relay->mem->used > config->memory_max + config->memory_max / 8 ||
                plk_map_find(&relay->prefixes, plk_bucket_prefix(from)) >= config->prefix_clients_max;
    if (full) relay->counters.clients_refused++;
    return !full;
}

// ---- the answer -------------------------------------------------------------------------------------------------------

// The STUN address that stands beside the one that was asked, and the key of descriptors, for the greeting.
static struct plk_bytes extensions_for(const struct plk_relay *relay, const struct plk_addr *local, unsigned which,
                                       uint8_t *room, size_t cap) {
    uint8_t text[32];
    struct plk_writer w = plk_writer(text, sizeof text), list = plk_writer(room, cap);
    for (unsigned i = 0; i < relay->config.listener_count; i++) {
        const struct plk_relay_listener *listener = &relay->config.listeners[i];
        struct plk_addr other = *local;
        if (listener->addr.family != local->family || listener->addr.port != local->port) continue;
        if (listener->stun_port == 0 || w.len > 0) continue;
        other.port = listener->stun_port;
        plk_addr_write(&w, &other);
    }
    if (w.len > 0) plk_tlv_put(&list, PLK_RELAY_GREETING_STUN, plk_writer_bytes(&w));
    plk_tlv_put(&list, PLK_RELAY_GREETING_SIGN, plk_bytes(relay->directory.signs[which], 32));
    plk_fleet_tell_places(relay, &list);
    plk_assert(!list.failed);
    return plk_writer_bytes(&list);
}

static void keep(struct plk_relay *relay, struct plk_relay_client *client, uint64_t key,
                 const struct plk_hello_answered *answered) {
    struct plk_admit *admit = &relay->admit;
    if (admit->count >= PLK_HALVES_MAX) {
        relay->counters.half_open_dropped++;
        plk_relay_client_free(relay, admit->first->client);
    }
    struct plk_half *half = plk_mem_take(relay->mem, sizeof *half);
    half->client = client;
    half->key = key;
    half->since_us = relay->now.mono_us;
    memcpy(half->answer, answered->message, sizeof half->answer);
    half->before = admit->last;
    if (admit->last != NULL) {
        admit->last->next = half;
    } else {
        admit->first = half;
    }
    admit->last = half;
    admit->count++;
    plk_map_put_pointer(&admit->map, key, half);
    client->half = half;
}

static struct plk_relay_client *welcome(struct plk_relay *relay, const struct plk_addr *from,
                                        const struct plk_addr *local, struct plk_relay_tcp *tcp, uint64_t cid,
                                        const struct plk_hello_answered *answered) {
    struct plk_relay_client *client = plk_relay_client_new(relay, cid, from);
    struct plk_relay_channel_start start = {.role = PLK_RELAY_CHANNEL_RELAY, .transport = PLK_UDP};
    if (tcp != NULL) {
        start.transport = PLK_TCP;
        plk_relay_tcp_welcome(relay, tcp, client);
    }
    start.session = &answered->session;
    start.addr = *from;
    memcpy(start.peer_cid, answered->peer_cid, sizeof start.peer_cid);
    memcpy(client->hash, answered->hash, sizeof client->hash);
    client->local = *local;
    client->channel = plk_relay_channel_new(relay->mem, &start, relay->now.mono_us);
    plk_relay_client_touch(relay, client);
    return client;
}

static void answer(struct plk_relay *relay, const struct plk_addr *from, const struct plk_addr *local,
                   struct plk_relay_tcp *tcp, const struct plk_packet *hello, unsigned which, uint64_t key) {
    uint8_t extensions[128];
    struct plk_hello_answered answered;
    struct plk_relay_greeting own = {.wall_ms = relay->now.wall_ms, .seen = *from};
    uint64_t cid = plk_relay_client_new_cid(relay);
    struct plk_writer w = plk_writer(own.cid, sizeof own.cid);
    plk_writer_u64(&w, cid);
    own.admission = relay->config.admission;
    own.bits = relay->config.admission == PLK_RELAY_ADMIT_OPEN ? relay->config.work_bits : 0;
    own.extensions = extensions_for(relay, local, which, extensions, sizeof extensions);
    enum plk_err err =
        plk_hello_answer(&relay->admit.statics[which], hello, &own, relay->now.mono_us, &relay->rng, &answered);
    if (err != PLK_ERR_OK) {
        relay->counters.forged++;
        return;
    }
    struct plk_relay_client *client = welcome(relay, from, local, tcp, cid, &answered);
    client->which_static = (uint8_t)which;
    keep(relay, client, key, &answered);
    send_to(relay, from, local, tcp, answered.message, sizeof answered.message);
    relay->counters.hellos++;
    plk_mem_wipe(&answered, sizeof answered);
}

// It has its answer already, or the connection has its channel.
static bool was_heard(struct plk_relay *relay, const struct plk_addr *from, const struct plk_addr *local,
                      struct plk_relay_tcp *tcp, uint64_t key) {
    struct plk_half *half = plk_map_pointer(&relay->admit.map, key);
    if (half != NULL) {
        relay->counters.hellos_repeated++;
        send_to(relay, from, local, tcp, half->answer, sizeof half->answer);
        return true;
    }
    if (tcp == NULL || tcp->client == NULL) return false;
    relay->counters.protocol++; // one channel a connection
    return true;
}

void plk_admit_hello(struct plk_relay *relay, const struct plk_addr *from, const struct plk_addr *local,
                     struct plk_relay_tcp *tcp, const struct plk_packet *hello, struct plk_bytes bytes) {
    struct plk_lobby *lobby = &relay->admit.lobby;
    unsigned which = 0;
    const struct plk_hello_static *statics = relay->admit.statics;
    while (which < relay->config.static_count && !plk_hello_mac1_good(&statics[which].known, hello)) which++;
    if (which == relay->config.static_count) {
        relay->counters.stranger++;
        return;
    }
    uint64_t key = key_of(relay, from, tcp, hello);
    if (was_heard(relay, from, local, tcp, key)) return;
    if (plk_lobby_full(lobby)) {
        relay->counters.hellos_limited++;
        return;
    }
    if (!may_answer(relay, from, local, tcp, hello, &statics[which]) || !has_place(relay, from)) return;
    if (lobby->count == 0 && plk_lobby_take_turn(lobby, relay->now.mono_us)) {
        answer(relay, from, local, tcp, hello, which, key);
        return;
    }
    struct plk_guest guest = {.from = *from, .local = *local, .since_us = relay->now.mono_us, .which = which};
    guest.stream = tcp == NULL ? 0 : tcp->stream;
    guest.key = key;
    plk_lobby_wait(lobby, relay->mem, &guest, bytes);
}

// What was true when it came is looked at again.
static void receive(struct plk_relay *relay, const struct plk_guest *guest) {
    struct plk_relay_tcp *tcp = guest->stream == 0 ? NULL : plk_relay_tcp_find(relay, guest->stream);
    struct plk_packet hello;
    enum plk_err err = plk_packet_decode(&hello, plk_bytes(guest->hello, guest->len));
    plk_assert(err == PLK_ERR_OK);                 // it was decoded when it came
    if (guest->stream != 0 && tcp == NULL) return; // the connection is gone
    if (relay->now.mono_us - guest->since_us > PLK_LOBBY_US) {
        relay->counters.hellos_limited++;
        return;
    }
    if (was_heard(relay, &guest->from, &guest->local, tcp, guest->key) || !has_place(relay, &guest->from)) return;
    answer(relay, &guest->from, &guest->local, tcp, &hello, guest->which, guest->key);
}

void plk_admit_turn(struct plk_relay *relay) {
    struct plk_lobby *lobby = &relay->admit.lobby;
    while (lobby->count > 0 && plk_lobby_take_turn(lobby, relay->now.mono_us)) {
        struct plk_guest *guest = plk_lobby_leave(lobby);
        receive(relay, guest);
        plk_mem_give(relay->mem, guest);
    }
}

// ---- time -------------------------------------------------------------------------------------------------------------

void plk_admit_tick(struct plk_relay *relay) {
    const struct plk_admit *admit = &relay->admit;
    while (admit->first != NULL && admit->first->since_us + PLK_HALF_US <= relay->now.mono_us) {
        relay->counters.half_open_dropped++;
        plk_relay_client_free(relay, admit->first->client);
    }
}

uint64_t plk_admit_deadline(const struct plk_relay *relay) {
    if (relay->admit.lobby.count > 0) return relay->now.mono_us;
    return relay->admit.first == NULL ? PLK_NEVER : relay->admit.first->since_us + PLK_HALF_US;
}
