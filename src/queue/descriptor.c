// SPDX-License-Identifier: MIT
#include "queue/descriptor.h"

#define LABEL_SEED "PeerLink/1/relay/sign"
#define LABEL_TEXT "PeerLink/1/relay/descriptor"

void plk_descriptor_seed(uint8_t seed[32], const uint8_t relay_secret[32]) {
    plk_hkdf_label(seed, 32, plk_bytes(relay_secret, 32), LABEL_SEED);
}

// What is signed.
static struct plk_bytes signed_text(struct plk_writer *w, const struct plk_descriptor *d) {
    plk_writer_put(w, plk_bytes_text(LABEL_TEXT));
    plk_descriptor_encode_body(w, d);
    plk_assert(!w->failed);
    return plk_writer_bytes(w);
}

void plk_descriptor_sign(struct plk_descriptor *d, const uint8_t seed[32]) {
    uint8_t text[sizeof LABEL_TEXT + PLK_DESCRIPTOR_BODY_MAX];
    struct plk_writer w = plk_writer(text, sizeof text);
    plk_sign_public(d->sign, seed);
    plk_sign(d->sig, seed, signed_text(&w, d));
}

enum plk_err plk_descriptor_check(struct plk_bytes bytes, uint64_t now_ms, struct plk_descriptor *d) {
    uint8_t text[sizeof LABEL_TEXT + PLK_DESCRIPTOR_BODY_MAX];
    struct plk_writer w = plk_writer(text, sizeof text);
    struct plk_descriptor read;
    enum plk_err err = plk_descriptor_decode(bytes, &read);
    if (err != PLK_ERR_OK) return err;
    if (read.expires_ms <= now_ms || read.expires_ms - now_ms > PLK_DESCRIPTOR_LIFE_MAX_MS) return PLK_ERR_EXPIRED;
    err = plk_sign_verify(read.sig, read.sign, signed_text(&w, &read));
    if (err == PLK_ERR_OK) *d = read;
    return err;
}

uint64_t plk_descriptor_prefix(const struct plk_addr *addr) {
    bool global = plk_addr_class(addr) == PLK_ADDR_GLOBAL;
    size_t len = addr->family == 4 ? (global ? 2u : 4u) : 6u;
    uint64_t prefix = addr->family;
    for (size_t i = 0; i < len; i++) prefix = prefix << 8 | addr->ip[i];
    if (global) return prefix;
    // The low bytes of an own IPv6 prefix tell its hosts apart.
    if (addr->family == 6) prefix = (uint64_t)6 << 40 | (uint64_t)addr->ip[14] << 8 | addr->ip[15];
    return prefix << 16 | addr->port;
}
