// SPDX-License-Identifier: MIT
#include "relay/forward.h"

#include "relay/inside.h"

static struct plk_forward **place_of(struct plk_relay_client *client, uint32_t id) {
    struct plk_forward **at = &client->forwards;
    while (*at != NULL && (*at)->id != id) at = &(*at)->next;
    return at;
}

static uint64_t number_of(struct plk_bytes cid) {
    struct plk_reader r = plk_reader(cid);
    return plk_reader_u64(&r);
}

static void proven(struct plk_relay *relay, struct plk_forward *forward) {
    if (forward->hello == NULL) return;
    plk_map_remove(&relay->forwards, forward->proof_cid);
    plk_hello_wipe(forward->hello);
    plk_mem_give(relay->mem, forward->hello);
    forward->hello = NULL;
}

static void release(struct plk_relay *relay, struct plk_forward **at) {
    struct plk_forward *forward = *at;
    *at = forward->next;
    proven(relay, forward);
    plk_map_remove(&relay->forwards, forward->cid);
    relay->forward_count--;
    plk_mem_give(relay->mem, forward);
}

void plk_forward_free_all(struct plk_relay *relay, struct plk_relay_client *client) {
    while (client->forwards != NULL) release(relay, &client->forwards);
}

static bool send_there(struct plk_relay *relay, const struct plk_forward *forward, struct plk_bytes bytes) {
    struct plk_packet_out *out = plk_packets_place(&relay->packets);
    if (out == NULL) return false;
    out->to = forward->addr; // from whichever of our addresses can
    memcpy(out->bytes, bytes.at, bytes.len);
    out->len = bytes.len;
    plk_packets_commit(&relay->packets);
    return true;
}

// ---- opening ------------------------------------------------------------------------------------------------------------

// Everybody's addresses, and those of a kind on which this relay itself listens.
bool plk_forward_may_go(const struct plk_relay *relay, const struct plk_addr *to) {
    enum plk_addr_class class = plk_addr_class(to);
    if (to->port == 0 || class == PLK_ADDR_REFUSED) return false;
    if (class == PLK_ADDR_GLOBAL) return true;
    for (unsigned i = 0; i < relay->config.listener_count; i++) {
        if (plk_addr_class(&relay->config.listeners[i].addr) == class) return true;
    }
    return false;
}

// Nobody's connection id yet: else packets of one would come to another.
static bool is_free(const struct plk_relay *relay, uint64_t cid) {
    return cid != 0 && plk_map_find(&relay->forwards, cid) == 0 && plk_relay_client_find(relay, cid) == NULL;
}

bool plk_forward_is_own(const struct plk_relay *relay, const uint8_t public[32]) {
    for (unsigned i = 0; i < relay->config.static_count; i++) {
        if (memcmp(relay->admit.statics[i].known.public, public, 32) == 0) return true;
    }
    return false;
}

static enum plk_queue_code judge(struct plk_relay *relay, struct plk_relay_client *client,
                                 const struct plk_queue_record *command) {
    size_t count = 0;
    for (const struct plk_forward *forward = client->forwards; forward != NULL; forward = forward->next) count++;
    if (*place_of(client, command->handle) != NULL) return PLK_QUEUE_CODE_EXISTS;
    if (!plk_forward_may_go(relay, &command->fwd.addr) || plk_forward_is_own(relay, command->fwd.relay))
        return PLK_QUEUE_CODE_INVALID;
    if (!is_free(relay, number_of(plk_bytes(command->fwd.cid, PLK_PACKET_CID_LEN)))) return PLK_QUEUE_CODE_EXISTS;
    if (count >= PLK_FORWARDS_CLIENT_MAX || relay->forward_count >= PLK_FORWARDS_MAX ||
        relay->mem->used > relay->config.memory_max) {
        return PLK_QUEUE_CODE_LIMIT;
    }
    // Whoever it is that asks: a hello that nobody there wants is not sent often.
    uint64_t prefix = plk_bucket_prefix(&command->fwd.addr) | PLK_RELAY_PREFIX_FORWARD;
    struct plk_bucket *bucket = plk_buckets_of(&relay->buckets, relay->key, prefix, relay->now.mono_us);
    bool may = plk_bucket_take(bucket, relay->now.mono_us, PLK_FORWARD_PREFIX_RATE, PLK_FORWARD_PREFIX_BURST, 1);
    return may ? PLK_QUEUE_CODE_OK : PLK_QUEUE_CODE_LIMIT;
}

static void say_hello(struct plk_relay *relay, struct plk_forward *forward) {
    send_there(relay, forward, plk_hello_message(forward->hello));
    forward->hellos++;
    forward->due_us = forward->hellos < PLK_FORWARD_HELLOS
                          ? relay->now.mono_us + (PLK_FORWARD_REPEAT_US << (forward->hellos - 1))
                          : forward->began_us + PLK_FORWARD_GIVE_UP_US;
}

static uint64_t new_cid(struct plk_relay *relay, uint8_t cid[PLK_PACKET_CID_LEN]) {
    do {
        plk_rng_bytes(&relay->rng, cid, PLK_PACKET_CID_LEN);
    } while (!is_free(relay, number_of(plk_bytes(cid, PLK_PACKET_CID_LEN))));
    return number_of(plk_bytes(cid, PLK_PACKET_CID_LEN));
}

void plk_forward_open(struct plk_relay *relay, struct plk_relay_client *client,
                      const struct plk_queue_record *command) {
    uint8_t cid[PLK_PACKET_CID_LEN];
    enum plk_queue_code code = judge(relay, client, command);
    if (code != PLK_QUEUE_CODE_OK) {
        plk_relay_client_done(relay, client, command->tag, code, false);
        return;
    }
    struct plk_forward *forward = plk_mem_take(relay->mem, sizeof *forward);
    forward->client = client;
    forward->id = command->handle;
    forward->tag = command->tag;
    forward->addr = command->fwd.addr;
    forward->cid = number_of(plk_bytes(command->fwd.cid, PLK_PACKET_CID_LEN));
    forward->began_us = relay->now.mono_us;
    plk_map_put_pointer(&relay->forwards, forward->cid, forward);
    forward->proof_cid = new_cid(relay, cid);
    plk_map_put_pointer(&relay->forwards, forward->proof_cid, forward);
    forward->hello = plk_mem_take(relay->mem, sizeof *forward->hello);
    forward->next = client->forwards;
    client->forwards = forward;
    relay->forward_count++;
    if (plk_hello_start(forward->hello, command->fwd.relay, cid, &relay->rng) != PLK_ERR_OK) {
        release(relay, &client->forwards); // no key at all
        plk_relay_client_done(relay, client, command->tag, PLK_QUEUE_CODE_INVALID, false);
        return;
    }
    say_hello(relay, forward);
}

void plk_forward_close(struct plk_relay *relay, struct plk_relay_client *client,
                       const struct plk_queue_record *command) {
    struct plk_forward **at = place_of(client, command->handle);
    enum plk_queue_code code = *at == NULL ? PLK_QUEUE_CODE_NOT_FOUND : PLK_QUEUE_CODE_OK;
    if (*at != NULL && (*at)->hello != NULL) { // it will never be known
        plk_relay_client_done(relay, client, (*at)->tag, PLK_QUEUE_CODE_UNREACHABLE, false);
    }
    if (*at != NULL) release(relay, at);
    plk_relay_client_done(relay, client, command->tag, code, false);
}

uint64_t plk_forward_deadline(const struct plk_relay_client *client) {
    uint64_t at_us = PLK_NEVER;
    for (const struct plk_forward *forward = client->forwards; forward != NULL; forward = forward->next) {
        if (forward->hello != NULL) at_us = plk_earlier(at_us, forward->due_us);
    }
    return at_us;
}

void plk_forward_tick(struct plk_relay *relay, struct plk_relay_client *client) {
    for (struct plk_forward **at = &client->forwards; *at != NULL;) {
        struct plk_forward *forward = *at;
        if (forward->hello == NULL || forward->due_us > relay->now.mono_us) {
            at = &forward->next;
        } else if (forward->hellos < PLK_FORWARD_HELLOS) {
            say_hello(relay, forward);
            at = &forward->next;
        } else {
            plk_relay_client_done(relay, client, forward->tag, PLK_QUEUE_CODE_UNREACHABLE, false);
            release(relay, at);
        }
    }
}

// ---- there and back -----------------------------------------------------------------------------------------------------

static uint32_t cost_of(struct plk_bytes bytes) {
    return (uint32_t)(bytes.len < PLK_RELAY_PASS_LEAST ? PLK_RELAY_PASS_LEAST : bytes.len);
}

void plk_forward_send(struct plk_relay *relay, struct plk_relay_client *client, uint32_t id, struct plk_bytes bytes) {
    struct plk_forward **at = place_of(client, id), *forward = *at;
    uint64_t now_us = relay->now.mono_us;
    if (forward == NULL || forward->hello != NULL || bytes.len == 0) {
        relay->counters.forward_dropped++;
        return;
    }
    // Who was there may have gone, and somebody else have its address.
    if (forward->unanswered_us != 0 && now_us - forward->unanswered_us >= PLK_FORWARD_SILENT_US) {
        relay->counters.forward_dropped++;
        release(relay, at);
        return;
    }
    if (!plk_bucket_take(&forward->there, now_us, PLK_FORWARD_RATE, PLK_FORWARD_BURST, cost_of(bytes)) ||
        !send_there(relay, forward, bytes)) {
        relay->counters.forward_limited++;
        return;
    }
    if (forward->unanswered_us == 0) forward->unanswered_us = now_us;
    relay->counters.forwarded++;
}

// What comes for the hello that proves the key.
static void answered(struct plk_relay *relay, struct plk_forward *forward, const struct plk_packet *packet) {
    struct plk_hello_heard heard;
    uint8_t cookie[16];
    if (packet->kind == PLK_PACKET_COOKIE && forward->hellos < PLK_FORWARD_HELLOS &&
        plk_hello_cookie(forward->hello, packet, cookie) == PLK_ERR_OK) {
        say_hello(relay, forward);
    }
    if (packet->kind != PLK_PACKET_MESSAGE2 ||
        plk_hello_finish(forward->hello, packet, relay->now.mono_us, &heard) != PLK_ERR_OK) {
        return;
    }
    plk_mem_wipe(&heard, sizeof heard);
    proven(relay, forward);
    relay->counters.forwards++;
    plk_relay_client_done(relay, forward->client, forward->tag, PLK_QUEUE_CODE_OK, false);
}

bool plk_forward_receive(struct plk_relay *relay, const struct plk_addr *from, const struct plk_packet *packet,
                         struct plk_bytes bytes) {
    if (packet->cid.len != PLK_PACKET_CID_LEN) return false;
    uint64_t cid = number_of(packet->cid);
    struct plk_forward *forward = plk_map_pointer(&relay->forwards, cid);
    if (forward == NULL || !plk_addr_equal(&forward->addr, from)) return false;
    if (forward->hello != NULL) {
        if (cid == forward->proof_cid) answered(relay, forward, packet);
        return true;
    }
    struct plk_relay_channel_frame frame = {.type = PLK_FRAME_FWD, .handle = forward->id, .bytes = bytes};
    forward->unanswered_us = 0;
    if (bytes.len > PLK_FRAME_PASS_MAX ||
        !plk_bucket_take(&forward->back, relay->now.mono_us, PLK_FORWARD_RATE, PLK_FORWARD_BURST, cost_of(bytes)) ||
        !plk_relay_send_frame(relay, forward->client, &frame)) {
        relay->counters.forward_limited++;
        return true;
    }
    relay->counters.forwarded++;
    return true;
}
