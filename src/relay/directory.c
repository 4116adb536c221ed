// SPDX-License-Identifier: MIT
#include "relay/directory.h"

#include "relay/inside.h"

void plk_directory_init(struct plk_relay *relay) {
    struct plk_directory *directory = &relay->directory;
    for (unsigned i = 0; i < relay->config.static_count; i++) {
        plk_descriptor_seed(directory->seeds[i], relay->config.statics[i]);
        plk_sign_public(directory->signs[i], directory->seeds[i]);
    }
    directory->list = plk_mem_take(relay->mem, PLK_DIRECTORY_MAX * sizeof *directory->list);
}

void plk_directory_free(struct plk_relay *relay) {
    plk_mem_give(relay->mem, relay->directory.list);
    for (unsigned i = 0; i < PLK_VOUCHES_MAX; i++) plk_hello_wipe(&relay->directory.vouches[i].hello);
}

// ---- the list -----------------------------------------------------------------------------------------------------------

static struct plk_descriptor *find(struct plk_directory *directory, const uint8_t key[32]) {
    for (size_t i = 0; i < directory->count; i++) {
        if (memcmp(directory->list[i].relay, key, 32) == 0) return &directory->list[i];
    }
    return NULL;
}

static void drop_expired(struct plk_relay *relay) {
    struct plk_directory *directory = &relay->directory;
    size_t kept = 0;
    for (size_t i = 0; i < directory->count; i++) {
        if (directory->list[i].expires_ms > relay->now.wall_ms) directory->list[kept++] = directory->list[i];
    }
    directory->count = kept;
}

// One more relay: the list is not full, and its neighbours have not taken what one prefix may have.
static bool has_place(const struct plk_directory *directory, const struct plk_descriptor *d) {
    unsigned near = 0;
    for (size_t i = 0; i < directory->count; i++) {
        near += plk_descriptor_prefix(&directory->list[i].addr) == plk_descriptor_prefix(&d->addr);
    }
    return directory->count < PLK_DIRECTORY_MAX && near < PLK_DIRECTORY_PREFIX_MAX;
}

static enum plk_queue_code judge(struct plk_relay *relay, const struct plk_descriptor *d) {
    drop_expired(relay);
    const struct plk_descriptor *known = find(&relay->directory, d->relay);
    if (known != NULL && known->sequence >= d->sequence) return PLK_QUEUE_CODE_STALE;
    if (!plk_forward_may_go(relay, &d->addr) || plk_forward_is_own(relay, d->relay)) return PLK_QUEUE_CODE_INVALID;
    return known != NULL || has_place(&relay->directory, d) ? PLK_QUEUE_CODE_OK : PLK_QUEUE_CODE_LIMIT;
}

static enum plk_queue_code take(struct plk_relay *relay, const struct plk_descriptor *d) {
    struct plk_directory *directory = &relay->directory;
    enum plk_queue_code code = judge(relay, d); // what was true when it was called may not be any more
    if (code != PLK_QUEUE_CODE_OK) return code;
    struct plk_descriptor *known = find(directory, d->relay);
    *(known != NULL ? known : &directory->list[directory->count++]) = *d;
    relay->counters.announced++;
    return PLK_QUEUE_CODE_OK;
}

// ---- calling back -------------------------------------------------------------------------------------------------------

static void say_hello(struct plk_relay *relay, struct plk_vouch *vouch) {
    struct plk_packet_out *out = plk_packets_place(&relay->packets);
    struct plk_bytes hello = plk_hello_message(&vouch->hello);
    if (out != NULL) { // else it is lost, as packets are
        *out = (struct plk_packet_out){.to = vouch->descriptor.addr, .len = hello.len};
        memcpy(out->bytes, hello.at, hello.len);
        plk_packets_commit(&relay->packets);
    }
    vouch->hellos++;
    vouch->due_us = vouch->hellos < PLK_VOUCH_HELLOS ? relay->now.mono_us + (PLK_VOUCH_REPEAT_US << (vouch->hellos - 1))
                                                     : vouch->began_us + PLK_VOUCH_GIVE_UP_US;
}

static void end(struct plk_relay *relay, struct plk_vouch *vouch, enum plk_queue_code code) {
    struct plk_relay_client *client = plk_relay_client_find(relay, vouch->client);
    if (client != NULL) plk_relay_client_done(relay, client, vouch->tag, code, false);
    plk_mem_wipe(vouch, sizeof *vouch);
}

static struct plk_vouch *free_place(struct plk_directory *directory) {
    for (unsigned i = 0; i < PLK_VOUCHES_MAX; i++) {
        if (!directory->vouches[i].used) return &directory->vouches[i];
    }
    return NULL;
}

// Whoever it is that asks: a hello that nobody there wants is not sent often.
static bool may_call(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_addr *addr) {
    uint64_t prefix = plk_bucket_prefix(addr) | PLK_RELAY_PREFIX_FORWARD, now_us = relay->now.mono_us;
    struct plk_bucket *bucket = plk_buckets_of(&relay->buckets, relay->key, prefix, now_us);
    return plk_bucket_take(&client->newq, now_us, 1, PLK_RELAY_CLIENT_NEWQ_BURST, 1) &&
           plk_bucket_take(bucket, now_us, PLK_FORWARD_PREFIX_RATE, PLK_FORWARD_PREFIX_BURST, 1);
}

static enum plk_queue_code call(struct plk_relay *relay, struct plk_relay_client *client, uint32_t tag,
                                const struct plk_descriptor *d) {
    uint8_t cid[PLK_PACKET_CID_LEN];
    struct plk_vouch *vouch = free_place(&relay->directory);
    if (vouch == NULL || !may_call(relay, client, &d->addr)) return PLK_QUEUE_CODE_BUSY;
    uint64_t number = plk_relay_client_new_cid(relay); // one that nobody has
    struct plk_writer w = plk_writer(cid, sizeof cid);
    plk_writer_u64(&w, number);
    if (plk_hello_start(&vouch->hello, d->relay, cid, &relay->rng) != PLK_ERR_OK) return PLK_QUEUE_CODE_INVALID;
    vouch->used = true;
    vouch->client = client->cid;
    vouch->tag = tag;
    vouch->descriptor = *d;
    vouch->cid = number;
    vouch->began_us = relay->now.mono_us;
    say_hello(relay, vouch);
    return PLK_QUEUE_CODE_OK;
}

void plk_directory_announce(struct plk_relay *relay, struct plk_relay_client *client,
                            const struct plk_queue_record *command) {
    struct plk_descriptor d;
    enum plk_queue_code code = PLK_QUEUE_CODE_INVALID;
    enum plk_err err = plk_descriptor_check(command->descriptors, relay->now.wall_ms, &d);
    if (err == PLK_ERR_OK) code = judge(relay, &d);
    if (err == PLK_ERR_FORGED) code = PLK_QUEUE_CODE_DENIED;
    if (err == PLK_ERR_EXPIRED) code = PLK_QUEUE_CODE_STALE;
    if (code == PLK_QUEUE_CODE_OK) code = call(relay, client, command->tag, &d);
    if (code == PLK_QUEUE_CODE_OK) return; // answered when the call is over
    relay->counters.announced_refused++;
    plk_relay_client_done(relay, client, command->tag, code, false);
}

// The holder of the static has answered. Whose the signing key is, it has said itself.
static void answered(struct plk_relay *relay, struct plk_vouch *vouch, const struct plk_hello_heard *heard) {
    enum plk_queue_code code = PLK_QUEUE_CODE_DENIED;
    bool its_own = heard->has_sign && memcmp(heard->sign, vouch->descriptor.sign, sizeof vouch->descriptor.sign) == 0;
    if (its_own) code = take(relay, &vouch->descriptor);
    if (code != PLK_QUEUE_CODE_OK) relay->counters.announced_refused++;
    end(relay, vouch, code);
}

bool plk_directory_receive(struct plk_relay *relay, const struct plk_addr *from, const struct plk_packet *packet) {
    struct plk_hello_heard heard;
    uint8_t cookie[16];
    if (packet->cid.len != PLK_PACKET_CID_LEN) return false;
    struct plk_reader r = plk_reader(packet->cid);
    uint64_t cid = plk_reader_u64(&r);
    for (unsigned i = 0; i < PLK_VOUCHES_MAX; i++) {
        struct plk_vouch *vouch = &relay->directory.vouches[i];
        if (!vouch->used || vouch->cid != cid || !plk_addr_equal(&vouch->descriptor.addr, from)) continue;
        if (packet->kind == PLK_PACKET_COOKIE && vouch->hellos < PLK_VOUCH_HELLOS &&
            plk_hello_cookie(&vouch->hello, packet, cookie) == PLK_ERR_OK) {
            say_hello(relay, vouch);
        }
        bool good = packet->kind == PLK_PACKET_MESSAGE2 &&
                    plk_hello_finish(&vouch->hello, packet, relay->now.mono_us, &heard) == PLK_ERR_OK;
        if (good) answered(relay, vouch, &heard);
        plk_mem_wipe(&heard, sizeof heard);
        return true;
    }
    return false;
}

void plk_directory_tick(struct plk_relay *relay) {
    for (unsigned i = 0; i < PLK_VOUCHES_MAX; i++) {
        struct plk_vouch *vouch = &relay->directory.vouches[i];
        if (!vouch->used || vouch->due_us > relay->now.mono_us) continue;
        if (vouch->hellos < PLK_VOUCH_HELLOS) {
            say_hello(relay, vouch);
        } else {
            relay->counters.announced_refused++;
            end(relay, vouch, PLK_QUEUE_CODE_UNREACHABLE);
        }
    }
}

uint64_t plk_directory_deadline(const struct plk_relay *relay) {
    uint64_t at_us = PLK_NEVER;
    for (unsigned i = 0; i < PLK_VOUCHES_MAX; i++) {
        const struct plk_vouch *vouch = &relay->directory.vouches[i];
        if (vouch->used) at_us = plk_earlier(at_us, vouch->due_us);
    }
    return at_us;
}

// ---- telling ------------------------------------------------------------------------------------------------------------

static bool is_told(const uint64_t *prefixes, unsigned count, uint64_t prefix) {
    while (count > 0 && prefixes[count - 1] != prefix) count--;
    return count > 0;
}

// As many as a list holds, begun at random, of each prefix one.
void plk_directory_tell(struct plk_relay *relay, struct plk_relay_client *client,
                        const struct plk_queue_record *command) {
    struct plk_directory *directory = &relay->directory;
    uint8_t texts[PLK_DESCRIPTORS_MAX][PLK_DESCRIPTOR_MAX], body[PLK_DESCRIPTORS_LEN_MAX],
        room[PLK_DESCRIPTORS_LEN_MAX + PLK_QUEUE_SMALL_MAX];
    uint64_t prefixes[PLK_DESCRIPTORS_MAX];
    struct plk_descriptors list = {.count = 0};
    if (!plk_bucket_take(&client->newq, relay->now.mono_us, 1, PLK_RELAY_CLIENT_NEWQ_BURST, 1)) {
        plk_relay_client_done(relay, client, command->tag, PLK_QUEUE_CODE_BUSY, false);
        return;
    }
    drop_expired(relay);
    size_t first = directory->count == 0 ? 0 : (size_t)plk_rng_below(&relay->rng, directory->count);
    for (size_t i = 0; i < directory->count && list.count < PLK_DESCRIPTORS_MAX; i++) {
        const struct plk_descriptor *d = &directory->list[(first + i) % directory->count];
        uint64_t prefix = plk_descriptor_prefix(&d->addr);
        if (is_told(prefixes, list.count, prefix)) continue;
        struct plk_writer w = plk_writer(texts[list.count], sizeof texts[0]);
        plk_descriptor_encode(&w, d);
        prefixes[list.count] = prefix;
        list.at[list.count++] = plk_writer_bytes(&w);
    }
    struct plk_writer b = plk_writer(body, sizeof body), w = plk_writer(room, sizeof room);
    plk_descriptors_encode(&b, &list);
    struct plk_queue_record told = {.type = PLK_QUEUE_RELAYS, .tag = command->tag};
    told.descriptors = plk_writer_bytes(&b);
    plk_queue_encode(&w, &told);
    plk_assert(!w.failed);
    plk_relay_channel_write(client->channel, relay->now.mono_us, plk_writer_bytes(&w));
}
