// SPDX-License-Identifier: MIT
#include "session/handshake.h"

#include "wire/version.h"

#define NOISE_OVERHEAD 48 // an ephemeral and a tag, in both messages of both patterns
#define PAYLOAD1_LEN (PLK_PACKET_HANDSHAKE_LEN - PLK_PACKET_HEADER1_LEN - NOISE_OVERHEAD)
#define PAYLOAD2_LEN (PLK_PACKET_HANDSHAKE_LEN - PLK_PACKET_HEADER2_LEN - NOISE_OVERHEAD)
#define PROLOGUE_LEN (1 + PLK_PACKET_HINT_LEN + PLK_PACKET_STAMP_LEN)

_Static_assert(PLK_HANDSHAKE_EXTENSIONS_MAX == PAYLOAD1_LEN - PLK_GREETING_FIXED_LEN, "the header says what fits");

static const char *pattern_name(enum plk_handshake_kind kind) {
    return kind == PLK_HANDSHAKE_KK ? "Noise_KKpsk0_25519_ChaChaPoly_SHA512" : "Noise_NNpsk0_25519_ChaChaPoly_SHA512";
}

// An own ephemeral: the secret is random, the public key is needed before Noise begins, for the hint.
struct ephemeral {
    uint8_t secret[32], public[32];
};

static void make_ephemeral(struct ephemeral *e, struct plk_rng *rng) {
    plk_rng_bytes(rng, e->secret, sizeof e->secret);
    plk_dh_public(e->public, e->secret);
}

static enum plk_err init_noise(struct plk_noise *noise, const struct plk_handshake_keys *keys, bool initiator,
                               const struct ephemeral *e, struct plk_bytes hint, struct plk_bytes masked_stamp) {
    uint8_t prologue[PROLOGUE_LEN];
    struct plk_writer w = plk_writer(prologue, sizeof prologue);
    plk_writer_u8(&w, PLK_PACKET_VERSION);
    plk_writer_put(&w, hint);
    plk_writer_put(&w, masked_stamp);
    bool kk = keys->kind == PLK_HANDSHAKE_KK;
    struct plk_noise_keys noise_keys = {
        .s = kk ? keys->own_static : NULL,
        .rs = kk ? keys->peer_static : NULL,
        .e = e->secret,
        .e_public = e->public,
        .psk = keys->psk,
        .prologue = plk_writer_bytes(&w),
    };
    return plk_noise_init(noise, pattern_name(keys->kind), initiator, &noise_keys);
}

// The greeting of this side, padded to len bytes.
static enum plk_err write_greeting(uint8_t *out, size_t len, const struct plk_greeting *own, uint64_t echo) {
    struct plk_greeting greeting = *own;
    greeting.version_min = PLK_VERSION_MIN;
    greeting.version_max = PLK_VERSION_MAX;
    greeting.echo = echo;
    struct plk_writer w = plk_writer(out, len);
    plk_greeting_write(&w, &greeting, len);
    return w.failed ? PLK_ERR_TOO_LONG : PLK_ERR_OK;
}

// The peer's greeting out of a decrypted payload. Nothing borrowed is kept: no KEM and no extension is
// defined yet.
static enum plk_err read_greeting(struct plk_greeting *peer, struct plk_bytes payload, uint32_t generation) {
    struct plk_greeting greeting;
    enum plk_err err = plk_greeting_decode(&greeting, payload);
    if (err != PLK_ERR_OK) return err;
    if (greeting.generation != generation) return PLK_ERR_MALFORMED;
    greeting.kem = greeting.extensions = plk_bytes(NULL, 0);
    *peer = greeting;
    return PLK_ERR_OK;
}

static void make_session(struct plk_session *session, const struct plk_noise *noise, uint64_t now_us) {
    plk_session_of_noise(session, noise, PLK_HANDSHAKE_LABEL_INITIATOR, PLK_HANDSHAKE_LABEL_RESPONDER, now_us);
}

enum plk_err plk_handshake_start(struct plk_handshake *h, const struct plk_handshake_keys *keys, uint64_t stamp,
                                 const struct plk_greeting *own, struct plk_rng *rng) {
    uint8_t payload[PAYLOAD1_LEN];
    size_t len;
    struct ephemeral e;
    make_ephemeral(&e, rng);
    *h = (struct plk_handshake){.stamp = stamp, .generation = own->generation};
    memcpy(h->cid, own->cids[0], sizeof h->cid);
    struct plk_writer w = plk_writer(h->message, sizeof h->message);
    plk_writer_u8(&w, PLK_PACKET_MESSAGE1);
    plk_writer_u8(&w, PLK_PACKET_VERSION);
    uint8_t *hint = plk_writer_skip(&w, PLK_PACKET_HINT_LEN), *masked = plk_writer_skip(&w, PLK_PACKET_STAMP_LEN);
    plk_hint_make(keys->hint_key, e.public, stamp, hint, masked);
    enum plk_err err = write_greeting(payload, sizeof payload, own, own->echo);
    if (err != PLK_ERR_OK) goto out;
    err = init_noise(&h->noise, keys, true, &e, plk_bytes(hint, PLK_PACKET_HINT_LEN),
                     plk_bytes(masked, PLK_PACKET_STAMP_LEN));
    plk_assert(err == PLK_ERR_OK); // a missing key is the caller's mistake
    err = plk_noise_write(&h->noise, plk_bytes(payload, sizeof payload), h->message + w.len, &len);
    if (err != PLK_ERR_OK) goto out;
    plk_assert(w.len + len == sizeof h->message);
out:
    plk_mem_wipe(&e, sizeof e);
    if (err != PLK_ERR_OK) plk_handshake_wipe(h);
    return err;
}

enum plk_err plk_handshake_finish(const struct plk_handshake *h, const struct plk_packet *message2, uint64_t now_us,
                                  struct plk_session *session, struct plk_greeting *peer) {
    uint8_t payload[PLK_GREETING_MAX];
    size_t len;
    if (message2->kind != PLK_PACKET_MESSAGE2) return PLK_ERR_MALFORMED;
    if (!plk_bytes_equal(message2->cid, plk_bytes(h->cid, sizeof h->cid))) return PLK_ERR_NOT_FOUND;
    struct plk_noise noise = h->noise;
    enum plk_err err = plk_noise_read(&noise, message2->body, payload, &len);
    if (err != PLK_ERR_OK) goto out;
    err = read_greeting(peer, plk_bytes(payload, len), h->generation);
    if (err == PLK_ERR_OK && peer->moved) err = PLK_ERR_MOVED;
    if (err == PLK_ERR_OK) make_session(session, &noise, now_us);
out:
    plk_noise_wipe(&noise);
    plk_mem_wipe(payload, sizeof payload);
    return err;
}

void plk_handshake_wipe(struct plk_handshake *h) { plk_mem_wipe(h, sizeof *h); }

static bool is_refused(const struct plk_handshake_keys *keys, const struct plk_greeting *peer) {
    for (size_t i = 0; i < keys->refused_count; i++) {
        if (memcmp(keys->refused[i], peer->device, sizeof peer->device) == 0) return true;
    }
    return false;
}

// Message 2, once message 1 was read and found good.
static enum plk_err write_message2(struct plk_noise *noise, const struct plk_greeting *own,
                                   struct plk_handshake_answered *out) {
    static const uint8_t moved[] = {PLK_GREETING_MOVED, 0};
    uint8_t payload[PAYLOAD2_LEN];
    size_t len;
    struct plk_greeting said = *own;
    if (out->refused) said.extensions = plk_bytes(moved, sizeof moved);
    enum plk_err err = write_greeting(payload, sizeof payload, &said, own->echo > out->stamp ? own->echo : out->stamp);
    if (err != PLK_ERR_OK) return err;
    struct plk_writer w = plk_writer(out->message, sizeof out->message);
    plk_writer_u8(&w, PLK_PACKET_MESSAGE2);
    plk_writer_u8(&w, PLK_PACKET_VERSION);
    plk_writer_copy(&w, out->peer.cids[0], PLK_PACKET_CID_LEN);
    err = plk_noise_write(noise, plk_bytes(payload, sizeof payload), out->message + w.len, &len);
    plk_mem_wipe(payload, sizeof payload);
    plk_assert(err != PLK_ERR_OK || w.len + len == sizeof out->message);
    return err;
}

enum plk_err plk_handshake_answer(const struct plk_handshake_keys *keys, const struct plk_packet *message1,
                                  const struct plk_greeting *own, uint64_t now_us, struct plk_rng *rng,
                                  struct plk_handshake_answered *out) {
    *out = (struct plk_handshake_answered){0};
    if (message1->kind != PLK_PACKET_MESSAGE1) return PLK_ERR_MALFORMED;
    if (!plk_hint_check(keys->hint_key, message1)) return PLK_ERR_NOT_FOUND;
    uint8_t payload[PLK_GREETING_MAX];
    size_t len;
    struct plk_noise noise;
    struct ephemeral e;
    make_ephemeral(&e, rng);
    enum plk_err err = init_noise(&noise, keys, false, &e, message1->hint, message1->stamp);
    plk_assert(err == PLK_ERR_OK); // a missing key is the caller's mistake
    err = plk_noise_read(&noise, message1->body, payload, &len);
    if (err != PLK_ERR_OK) goto out;
    err = read_greeting(&out->peer, plk_bytes(payload, len), own->generation);
    if (err != PLK_ERR_OK) goto out;
    out->stamp = plk_hint_stamp(keys->hint_key, message1);
    out->refused = is_refused(keys, &out->peer);
    err = write_message2(&noise, own, out);
    if (err != PLK_ERR_OK) goto out;
    if (!out->refused) make_session(&out->session, &noise, now_us);
out:
    plk_mem_wipe(&e, sizeof e);
    plk_noise_wipe(&noise);
    plk_mem_wipe(payload, sizeof payload);
    if (err != PLK_ERR_OK) plk_mem_wipe(out, sizeof *out);
    return err;
}
