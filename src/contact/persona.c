// SPDX-License-Identifier: MIT
#include "contact/persona.h"

#include "wire/base58.h"

#define LABEL_SIGN "PeerLink/1/contact/persona-sign"
#define LABEL_DH "PeerLink/1/contact/persona-dh"
#define LABEL_ID "PeerLink/1/id"
#define LABEL_SAFETY "PeerLink/1/contact/safety"
#define LABEL_BUNDLE "PeerLink/1/contact/bundle"
#define LABEL_BUNDLE_HASH "PeerLink/1/contact/bundle-hash"

#define SAFETY_ROUNDS 5200 // as Signal's: makes the search for a partial collision dear
#define SAFETY_GROUPS 6    // of 5 digits, for each side

static void hash_pair(uint8_t out[PLK_HASH_LEN], const char *label, struct plk_bytes bytes) {
    const struct plk_bytes parts[2] = {plk_bytes_text(label), bytes};
    plk_hash(out, parts, 2);
}

void plk_persona_derive(struct plk_persona *persona, const uint8_t seed[PLK_SEED_LEN]) {
    plk_hkdf_label(persona->sign_seed, 32, plk_bytes(seed, PLK_SEED_LEN), LABEL_SIGN);
    plk_hkdf_label(persona->dh_secret, 32, plk_bytes(seed, PLK_SEED_LEN), LABEL_DH);
    plk_sign_public(persona->identity.sign, persona->sign_seed);
    plk_dh_public(persona->identity.dh, persona->dh_secret);
    plk_persona_peer_id(persona->peer_id, &persona->identity);
}

void plk_persona_peer_id(uint8_t peer_id[PLK_PEER_ID_LEN], const struct plk_identity *identity) {
    uint8_t encoded[PLK_IDENTITY_LEN], hash[PLK_HASH_LEN];
    plk_identity_encode(encoded, identity);
    hash_pair(hash, LABEL_ID, plk_bytes(encoded, sizeof encoded));
    memcpy(peer_id, hash, PLK_PEER_ID_LEN);
}

void plk_persona_device(uint8_t device[PLK_DEVICE_LEN], struct plk_rng *rng) {
    static const uint8_t zero[PLK_DEVICE_LEN];
    do {
        plk_rng_bytes(rng, device, PLK_DEVICE_LEN);
    } while (memcmp(device, zero, PLK_DEVICE_LEN) == 0);
}

void plk_persona_id_text(char out[PLK_PERSONA_ID_TEXT_MAX], const uint8_t peer_id[PLK_PEER_ID_LEN]) {
    plk_base58_encode(out, plk_bytes(peer_id, PLK_PEER_ID_LEN));
}

enum plk_err plk_persona_id_parse(uint8_t peer_id[PLK_PEER_ID_LEN], struct plk_bytes text) {
    uint8_t read[PLK_PEER_ID_LEN];
    if (text.len != PLK_PERSONA_ID_TEXT_MAX) return PLK_ERR_MALFORMED;
    enum plk_err err = plk_base58_decode(read, text);
    if (err == PLK_ERR_OK) memcpy(peer_id, read, sizeof read);
    return err;
}

// Thirty digits of one side: six groups, each 5 bytes modulo 100,000.
static void fingerprint(char out[SAFETY_GROUPS * 5], const uint8_t peer_id[PLK_PEER_ID_LEN]) {
    uint8_t hash[PLK_HASH_LEN];
    hash_pair(hash, LABEL_SAFETY, plk_bytes(peer_id, PLK_PEER_ID_LEN));
    for (int i = 1; i < SAFETY_ROUNDS; i++) {
        const struct plk_bytes parts[2] = {plk_bytes(hash, sizeof hash), plk_bytes(peer_id, PLK_PEER_ID_LEN)};
        plk_hash(hash, parts, 2);
    }
    for (size_t group = 0; group < SAFETY_GROUPS; group++) {
        uint64_t value = 0;
        for (size_t i = 0; i < 5; i++) value = value << 8 | hash[group * 5 + i];
        for (size_t digit = 5; digit > 0; digit--) {
            out[group * 5 + digit - 1] = (char)('0' + value % 10);
            value /= 10;
        }
    }
}

void plk_persona_safety(char out[PLK_SAFETY_DIGITS_LEN + 1], const uint8_t a[PLK_PEER_ID_LEN],
                        const uint8_t b[PLK_PEER_ID_LEN]) {
    char digits[2 * SAFETY_GROUPS * 5];
    bool a_first = memcmp(a, b, PLK_PEER_ID_LEN) < 0;
    fingerprint(digits, a_first ? a : b);
    fingerprint(digits + SAFETY_GROUPS * 5, a_first ? b : a);
    size_t at = 0;
    for (size_t i = 0; i < sizeof digits; i++) {
        if (i > 0 && i % 5 == 0) out[at++] = ' ';
        out[at++] = digits[i];
    }
    out[at] = 0;
}

// What is signed: the label and the bundle's body.
static struct plk_bytes signed_text(struct plk_writer *w, struct plk_bytes body) {
    plk_writer_put(w, plk_bytes_text(LABEL_BUNDLE));
    plk_writer_put(w, body);
    return plk_writer_bytes(w);
}

void plk_persona_sign_bundle(const struct plk_persona *persona, struct plk_bundle *bundle) {
    uint8_t buffer[sizeof LABEL_BUNDLE + PLK_BUNDLE_BODY_MAX], body_buffer[PLK_BUNDLE_BODY_MAX];
    struct plk_writer w = plk_writer(buffer, sizeof buffer), body = plk_writer(body_buffer, sizeof body_buffer);
    bundle->identity = persona->identity;
    plk_bundle_encode_body(&body, bundle);
    plk_assert(!body.failed);
    plk_sign(bundle->sig, persona->sign_seed, signed_text(&w, plk_writer_bytes(&body)));
}

enum plk_err plk_persona_check_bundle(struct plk_bytes bytes, uint64_t now_ms, struct plk_bundle *bundle) {
    uint8_t buffer[sizeof LABEL_BUNDLE + PLK_BUNDLE_BODY_MAX], version;
    struct plk_writer w = plk_writer(buffer, sizeof buffer);
    struct plk_bundle read;
    struct plk_bytes body;
    enum plk_err err = plk_bundle_decode(bytes, &read, &body);
    if (err == PLK_ERR_OK) err = plk_sign_verify(read.sig, read.identity.sign, signed_text(&w, body));
    if (err == PLK_ERR_OK) err = plk_version_meet(read.min, read.max, &version);
    if (err == PLK_ERR_OK && read.expires_ms <= now_ms) err = PLK_ERR_EXPIRED;
    if (err == PLK_ERR_OK) *bundle = read;
    return err;
}

void plk_persona_bundle_hash(uint8_t hash[32], struct plk_bytes bundle) {
    uint8_t full[PLK_HASH_LEN];
    hash_pair(full, LABEL_BUNDLE_HASH, bundle);
    memcpy(hash, full, 32);
}
