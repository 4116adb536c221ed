// SPDX-License-Identifier: MIT
#include "session/hello.h"

#include "session/cookie.h"
#include "wire/version.h"

#define NOISE_OVERHEAD 48 // an ephemeral and a tag, in both messages
#define HELLO_PAYLOAD_LEN (PLK_PACKET_HANDSHAKE_LEN - PLK_PACKET_HEADER2_LEN - NOISE_OVERHEAD - 2 * PLK_PACKET_MAC_LEN)
#define ANSWER_PAYLOAD_LEN (PLK_PACKET_HANDSHAKE_LEN - PLK_PACKET_HEADER2_LEN - NOISE_OVERHEAD)
#define PROLOGUE_LEN (sizeof PLK_HELLO_LABEL_PROLOGUE - 1 + 1 + PLK_PACKET_CID_LEN)

static void derive(uint8_t *out, size_t len, const char *label, const uint8_t public[32]) {
    uint8_t hash[PLK_HASH_LEN];
    struct plk_bytes parts[2] = {plk_bytes_text(label), plk_bytes(public, 32)};
    plk_hash(hash, parts, 2);
    memcpy(out, hash, len);
}

void plk_hello_know(struct plk_hello_known *known, const uint8_t public[32]) {
    memcpy(known->public, public, 32);
    derive(known->mac_key, sizeof known->mac_key, PLK_HELLO_LABEL_MAC, public);
    derive(known->cookie_key, sizeof known->cookie_key, PLK_HELLO_LABEL_COOKIE, public);
}

void plk_hello_static_init(struct plk_hello_static *own, const uint8_t secret[32]) {
    uint8_t public[32];
    memcpy(own->secret, secret, 32);
    plk_dh_public(public, secret);
    plk_hello_know(&own->known, public);
}

static enum plk_err init_noise(struct plk_noise *noise, bool initiator, struct plk_noise_keys *keys,
                               const uint8_t ephemeral[32], const uint8_t cid[PLK_PACKET_CID_LEN]) {
    uint8_t prologue[PROLOGUE_LEN];
    struct plk_writer w = plk_writer(prologue, sizeof prologue);
    plk_writer_put(&w, plk_bytes_text(PLK_HELLO_LABEL_PROLOGUE));
    plk_writer_u8(&w, PLK_PACKET_VERSION);
    plk_writer_copy(&w, cid, PLK_PACKET_CID_LEN);
    keys->e = ephemeral;
    keys->prologue = plk_writer_bytes(&w);
    return plk_noise_init(noise, PLK_HELLO_PATTERN, initiator, keys);
}

// ---- the client

static void write_mac1(struct plk_hello *h) {
    uint8_t *mac1 = h->message + sizeof h->message - 2 * PLK_PACKET_MAC_LEN;
    plk_siphash128(mac1, h->relay.mac_key, plk_bytes(h->message, (size_t)(mac1 - h->message)));
}

enum plk_err plk_hello_start(struct plk_hello *h, const uint8_t relay_static[32], const uint8_t cid[PLK_PACKET_CID_LEN],
                             struct plk_rng *rng) {
    struct plk_client_greeting own = {.version_min = PLK_VERSION_MIN, .version_max = PLK_VERSION_MAX};
    uint8_t payload[HELLO_PAYLOAD_LEN], ephemeral[32];
    size_t len;
    *h = (struct plk_hello){0};
    plk_hello_know(&h->relay, relay_static);
    memcpy(h->cid, cid, sizeof h->cid);
    plk_rng_bytes(rng, ephemeral, sizeof ephemeral);
    struct plk_noise_keys keys = {.rs = h->relay.public};
    enum plk_err err = init_noise(&h->noise, true, &keys, ephemeral, cid);
    plk_assert(err == PLK_ERR_OK);
    struct plk_writer w = plk_writer(payload, sizeof payload);
    plk_client_greeting_write(&w, &own, sizeof payload);
    plk_assert(!w.failed);
    w = plk_writer(h->message, sizeof h->message);
    plk_writer_u8(&w, PLK_PACKET_HELLO);
    plk_writer_u8(&w, PLK_PACKET_VERSION);
    plk_writer_copy(&w, cid, PLK_PACKET_CID_LEN);
    err = plk_noise_write(&h->noise, plk_bytes(payload, sizeof payload), h->message + w.len, &len);
    plk_mem_wipe(ephemeral, sizeof ephemeral);
    if (err != PLK_ERR_OK) {
        plk_hello_wipe(h);
        return err;
    }
    plk_assert(w.len + len + 2 * PLK_PACKET_MAC_LEN == sizeof h->message);
    write_mac1(h);
    return PLK_ERR_OK;
}

static bool is_for(const struct plk_hello *h, const struct plk_packet *packet) {
    return plk_bytes_equal(packet->cid, plk_bytes(h->cid, sizeof h->cid));
}

enum plk_err plk_hello_cookie(struct plk_hello *h, const struct plk_packet *packet, uint8_t cookie[16]) {
    if (packet->kind != PLK_PACKET_COOKIE) return PLK_ERR_MALFORMED;
    if (!is_for(h, packet)) return PLK_ERR_NOT_FOUND;
    const uint8_t *mac1 = h->message + sizeof h->message - 2 * PLK_PACKET_MAC_LEN;
    enum plk_err err = plk_cookie_open(cookie, h->relay.cookie_key, mac1, packet);
    if (err == PLK_ERR_OK) plk_hello_prove(h, cookie);
    return err;
}

void plk_hello_prove(struct plk_hello *h, const uint8_t cookie[16]) {
    uint8_t *mac2 = h->message + sizeof h->message - PLK_PACKET_MAC_LEN;
    plk_siphash128(mac2, cookie, plk_bytes(h->message, (size_t)(mac2 - h->message)));
}

static enum plk_err read_relay_greeting(struct plk_hello_heard *heard, struct plk_bytes payload) {
    struct plk_relay_greeting greeting;
    enum plk_err err = plk_relay_greeting_decode(&greeting, payload);
    if (err != PLK_ERR_OK) return err;
    heard->has_stun = plk_relay_greeting_stun(&greeting, &heard->stun);
    heard->place_count = plk_relay_greeting_places(&greeting, heard->places);
    heard->has_sign = plk_relay_greeting_sign(&greeting, heard->sign);
    greeting.extensions = plk_bytes(NULL, 0);
    heard->greeting = greeting;
    return PLK_ERR_OK;
}

enum plk_err plk_hello_finish(const struct plk_hello *h, const struct plk_packet *message2, uint64_t now_us,
                              struct plk_hello_heard *heard) {
    uint8_t payload[PLK_RELAY_GREETING_MAX];
    size_t len;
    *heard = (struct plk_hello_heard){0};
    if (message2->kind != PLK_PACKET_MESSAGE2) return PLK_ERR_MALFORMED;
    if (!is_for(h, message2)) return PLK_ERR_NOT_FOUND;
    struct plk_noise noise = h->noise;
    enum plk_err err = plk_noise_read(&noise, message2->body, payload, &len);
    if (err == PLK_ERR_OK) err = read_relay_greeting(heard, plk_bytes(payload, len));
    if (err == PLK_ERR_OK) {
        memcpy(heard->hash, plk_noise_hash(&noise), sizeof heard->hash);
        plk_session_of_noise(&heard->session, &noise, PLK_HELLO_LABEL_CLIENT, PLK_HELLO_LABEL_RELAY, now_us);
    }
    plk_noise_wipe(&noise);
    return err;
}

void plk_hello_wipe(struct plk_hello *h) { plk_mem_wipe(h, sizeof *h); }

// ---- the relay

bool plk_hello_mac1_good(const struct plk_hello_known *known, const struct plk_packet *hello) {
    uint8_t mac1[PLK_PACKET_MAC_LEN];
    plk_siphash128(mac1, known->mac_key, plk_packet_before_mac1(hello));
    return plk_crypto_equal(mac1, hello->mac1.at, sizeof mac1);
}

static enum plk_err write_answer(struct plk_noise *noise, const struct plk_packet *hello,
                                 const struct plk_relay_greeting *own, struct plk_hello_answered *out) {
    uint8_t payload[ANSWER_PAYLOAD_LEN];
    size_t len;
    struct plk_relay_greeting greeting = *own;
    greeting.version_min = PLK_VERSION_MIN;
    greeting.version_max = PLK_VERSION_MAX;
    struct plk_writer w = plk_writer(payload, sizeof payload);
    plk_relay_greeting_write(&w, &greeting, sizeof payload);
    if (w.failed) return PLK_ERR_TOO_LONG;
    w = plk_writer(out->message, sizeof out->message);
    plk_writer_u8(&w, PLK_PACKET_MESSAGE2);
    plk_writer_u8(&w, PLK_PACKET_VERSION);
    plk_writer_put(&w, hello->cid);
    enum plk_err err = plk_noise_write(noise, plk_bytes(payload, sizeof payload), out->message + w.len, &len);
    plk_assert(err != PLK_ERR_OK || w.len + len == sizeof out->message);
    return err;
}

enum plk_err plk_hello_answer(const struct plk_hello_static *own_static, const struct plk_packet *hello,
                              const struct plk_relay_greeting *own, uint64_t now_us, struct plk_rng *rng,
                              struct plk_hello_answered *out) {
    *out = (struct plk_hello_answered){0};
    if (hello->kind != PLK_PACKET_HELLO) return PLK_ERR_MALFORMED;
    uint8_t payload[PLK_RELAY_GREETING_MAX], ephemeral[32];
    size_t len;
    struct plk_noise noise;
    plk_rng_bytes(rng, ephemeral, sizeof ephemeral);
    struct plk_noise_keys keys = {.s = own_static->secret, .s_public = own_static->known.public};
    enum plk_err err = init_noise(&noise, false, &keys, ephemeral, hello->cid.at);
    plk_assert(err == PLK_ERR_OK);
    err = plk_noise_read(&noise, hello->body, payload, &len);
    if (err == PLK_ERR_OK) err = plk_client_greeting_decode(&out->client, plk_bytes(payload, len));
    out->client.extensions = plk_bytes(NULL, 0);
    if (err == PLK_ERR_OK) err = write_answer(&noise, hello, own, out);
    if (err == PLK_ERR_OK) {
        memcpy(out->hash, plk_noise_hash(&noise), sizeof out->hash);
        memcpy(out->peer_cid, hello->cid.at, sizeof out->peer_cid);
        plk_session_of_noise(&out->session, &noise, PLK_HELLO_LABEL_CLIENT, PLK_HELLO_LABEL_RELAY, now_us);
    }
    plk_mem_wipe(ephemeral, sizeof ephemeral);
    plk_noise_wipe(&noise);
    if (err != PLK_ERR_OK) plk_mem_wipe(out, sizeof *out);
    return err;
}
