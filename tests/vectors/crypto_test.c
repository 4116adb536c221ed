// SPDX-License-Identifier: MIT
// src/crypto against tests/vectors/crypto.txt.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/crypto.h"
#include "support/vector.h"

static void run_hash(struct plk_vector *v) {
    struct plk_bytes text = plk_vector_bytes(v, "text");
    uint8_t out[PLK_HASH_LEN];
    plk_hash(out, &text, 1);
    plk_vector_expect(v, "out", out, sizeof out);
    for (size_t cut = 0; cut <= text.len; cut++) { // parts are only a way of passing the text
        struct plk_bytes parts[3] = {plk_bytes(text.at, cut), plk_bytes(NULL, 0),
                                     plk_bytes(text.at + cut, text.len - cut)};
        plk_hash(out, parts, 3);
        plk_vector_expect(v, "out", out, sizeof out);
    }
}

static void run_hmac(struct plk_vector *v) {
    struct plk_bytes text = plk_vector_bytes(v, "text"),
                     parts[2] = {plk_bytes(text.at, 3), plk_bytes(text.at + 3, text.len - 3)};
    uint8_t out[PLK_HASH_LEN];
    plk_hmac(out, plk_vector_bytes(v, "key"), &text, 1);
    plk_vector_expect(v, "out", out, sizeof out);
    plk_hmac(out, plk_vector_bytes(v, "key"), parts, 2);
    plk_vector_expect(v, "out", out, sizeof out);
}

static void run_hkdf(struct plk_vector *v) {
    uint8_t out[256];
    size_t len = plk_vector_bytes(v, "out").len;
    assert_true(len <= sizeof out);
    plk_hkdf(out, len, plk_vector_bytes(v, "salt"), plk_vector_bytes(v, "secret"), plk_vector_bytes(v, "info"));
    plk_vector_expect(v, "out", out, len);
}

static void run_dh(struct plk_vector *v) {
    uint8_t out[32];
    assert_int_equal(plk_dh(out, plk_vector_key(v, "secret", 32), plk_vector_key(v, "public", 32)), PLK_ERR_OK);
    plk_vector_expect(v, "out", out, sizeof out);
}

static void run_dh_refused(struct plk_vector *v) {
    static const uint8_t zero[32];
    uint8_t out[32];
    memset(out, 0xaa, sizeof out);
    assert_int_equal(plk_dh(out, plk_vector_key(v, "secret", 32), plk_vector_key(v, "public", 32)), PLK_ERR_FORGED);
    assert_memory_equal(out, zero, sizeof out);
}

static void run_dh_public(struct plk_vector *v) {
    uint8_t out[32];
    plk_dh_public(out, plk_vector_key(v, "secret", 32));
    plk_vector_expect(v, "out", out, sizeof out);
}

static void run_sign(struct plk_vector *v) {
    const uint8_t *seed = plk_vector_key(v, "secret", 32);
    struct plk_bytes text = plk_vector_bytes(v, "text");
    uint8_t public[32], sig[PLK_SIG_LEN];
    plk_sign_public(public, seed);
    plk_vector_expect(v, "public", public, sizeof public);
    plk_sign(sig, seed, text);
    plk_vector_expect(v, "out", sig, sizeof sig);
    assert_int_equal(plk_sign_verify(sig, public, text), PLK_ERR_OK);
    for (size_t i = 0; i < sizeof sig; i += 7) {
        sig[i] ^= 1;
        assert_int_equal(plk_sign_verify(sig, public, text), PLK_ERR_FORGED);
        sig[i] ^= 1;
    }
}

// Seals, opens, opens in place, and refuses every change of one bit.
static void run_aead(struct plk_vector *v) {
    const uint8_t *key = plk_vector_key(v, "key", 32);
    uint64_t counter = plk_vector_number(v, "counter");
    struct plk_bytes aad = plk_vector_bytes(v, "aad"), text = plk_vector_bytes(v, "text");
    uint8_t sealed[2048], out[2048];
    size_t len = text.len + PLK_TAG_LEN;
    plk_aead_seal(sealed, key, counter, aad, text);
    plk_vector_expect(v, "out", sealed, len);
    assert_int_equal(plk_aead_open(out, key, counter, aad, plk_bytes(sealed, len)), PLK_ERR_OK);
    plk_vector_expect(v, "text", out, text.len);
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= 0x40;
        assert_int_equal(plk_aead_open(out, key, counter, aad, plk_bytes(sealed, len)), PLK_ERR_FORGED);
        sealed[i] ^= 0x40;
    }
    assert_int_equal(plk_aead_open(out, key, counter + 1, aad, plk_bytes(sealed, len)), PLK_ERR_FORGED);
    assert_int_equal(plk_aead_open(out, key, counter, plk_bytes(aad.at, aad.len - 1), plk_bytes(sealed, len)),
                     PLK_ERR_FORGED);
    assert_int_equal(plk_aead_open(out, key, counter, aad, plk_bytes(sealed, PLK_TAG_LEN - 1)), PLK_ERR_FORGED);
    if (text.len > 0) memcpy(out, text.at, text.len);
    plk_aead_seal(out, key, counter, aad, plk_bytes(out, text.len));
    plk_vector_expect(v, "out", out, len);
    assert_int_equal(plk_aead_open(out, key, counter, aad, plk_bytes(out, len)), PLK_ERR_OK);
    plk_vector_expect(v, "text", out, text.len);
}

static void run_xaead(struct plk_vector *v) {
    const uint8_t *key = plk_vector_key(v, "key", 32), *nonce = plk_vector_key(v, "nonce", PLK_XNONCE_LEN);
    struct plk_bytes aad = plk_vector_bytes(v, "aad"), text = plk_vector_bytes(v, "text");
    uint8_t sealed[2048], out[2048];
    size_t len = text.len + PLK_TAG_LEN;
    plk_xaead_seal(sealed, key, nonce, aad, text);
    plk_vector_expect(v, "out", sealed, len);
    assert_int_equal(plk_xaead_open(out, key, nonce, aad, plk_bytes(sealed, len)), PLK_ERR_OK);
    plk_vector_expect(v, "text", out, text.len);
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= 1;
        assert_int_equal(plk_xaead_open(out, key, nonce, aad, plk_bytes(sealed, len)), PLK_ERR_FORGED);
        sealed[i] ^= 1;
    }
    assert_int_equal(plk_xaead_open(out, key, nonce, aad, plk_bytes(sealed, PLK_TAG_LEN - 1)), PLK_ERR_FORGED);
}

static void run_mask(struct plk_vector *v) {
    uint8_t out[8];
    plk_mask(out, plk_vector_key(v, "key", 32), plk_vector_key(v, "sample", 16));
    plk_vector_expect(v, "out", out, sizeof out);
}

static void run_siphash(struct plk_vector *v) {
    const uint8_t *key = plk_vector_key(v, "key", 16);
    struct plk_bytes text = plk_vector_bytes(v, "text");
    uint8_t out[16];
    uint64_t value = plk_siphash(key, text);
    for (size_t i = 0; i < 8; i++) out[i] = (uint8_t)(value >> 8 * i);
    plk_vector_expect(v, "out", out, 8);
    plk_siphash128(out, key, text);
    plk_vector_expect(v, "out128", out, 16);
}

static const struct {
    const char *use;
    void (*run)(struct plk_vector *v);
    unsigned expected; // so that a file cut short is noticed
} uses[] = {
    {"hash", run_hash, 3}, {"hmac", run_hmac, 6},           {"hkdf", run_hkdf, 4},
    {"dh", run_dh, 3},     {"dh_public", run_dh_public, 2}, {"dh_refused", run_dh_refused, 10},
    {"sign", run_sign, 4}, {"aead", run_aead, 5},           {"xaead", run_xaead, 2},
    {"mask", run_mask, 2}, {"siphash", run_siphash, 64},
};

static void every_vector(void **state) {
    (void)state;
    enum { USES = sizeof uses / sizeof uses[0] };
    unsigned counts[USES] = {0};
    struct plk_vector v;
    plk_vector_open(&v, PLK_VECTOR_DIR "/crypto.txt");
    while (plk_vector_next(&v)) {
        size_t i = 0;
        while (i < USES && strcmp(uses[i].use, plk_vector_text(&v, "use")) != 0) i++;
        assert_true(i < USES);
        uses[i].run(&v);
        counts[i]++;
    }
    for (size_t i = 0; i < USES; i++) assert_int_equal(counts[i], uses[i].expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_vector)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
