// SPDX-License-Identifier: MIT
// What the published vectors (tests/vectors) do not reach: names, missing keys, tampering, limits.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/rng.h"
#include "noise/noise.h"

#define NAME(pattern) "Noise_" pattern "_25519_ChaChaPoly_SHA512"

struct keys {
    uint8_t secrets[4][32], publics[4][32], psk[32]; // s and e of the initiator, of the responder
};

static void make_keys(struct keys *k) {
    static const uint8_t seed[32] = {4};
    struct plk_rng rng;
    plk_rng_seed(&rng, seed);
    for (int i = 0; i < 4; i++) {
        plk_rng_bytes(&rng, k->secrets[i], 32);
        plk_dh_public(k->publics[i], k->secrets[i]);
    }
    plk_rng_bytes(&rng, k->psk, 32);
}

static struct plk_noise_keys side(const struct keys *k, bool initiator) {
    int own = initiator ? 0 : 2;
    return (struct plk_noise_keys){
        .s = k->secrets[own], .e = k->secrets[own + 1], .rs = k->publics[2 - own], .psk = k->psk};
}

static void only_known_names_are_taken(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "Noise_",
        "Noise_KK",
        "Noise_KK_25519_ChaChaPoly_SHA256",
        "Noise_KK_25519_AESGCM_SHA512",
        "Noise_KK_448_ChaChaPoly_SHA512",
        NAME("KK") "x",
        NAME("kk"),
        NAME("XZ"),
        NAME("KKpsk"),
        NAME("KKpsk3"),
        NAME("Npsk2"),
        NAME("KKpsk0+psk2"),
        NAME("KKfallback"),
        "noise_KK_25519_ChaChaPoly_SHA512",
    };
    struct keys k;
    struct plk_noise n;
    make_keys(&k);
    struct plk_noise_keys keys = side(&k, true);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(plk_noise_init(&n, bad[i], true, &keys), PLK_ERR_UNSUPPORTED);
    }
    assert_int_equal(plk_noise_init(&n, NAME("XXpsk3"), true, &keys), PLK_ERR_OK);
}

static void a_missing_key_is_said_at_once(void **state) {
    (void)state;
    struct keys k;
    struct plk_noise n;
    make_keys(&k);
    for (int side_of = 0; side_of < 2; side_of++) {
        struct plk_noise_keys keys = side(&k, side_of == 0);
        assert_int_equal(plk_noise_init(&n, NAME("KKpsk0"), side_of == 0, &keys), PLK_ERR_OK);
        keys.psk = NULL;
        assert_int_equal(plk_noise_init(&n, NAME("KKpsk0"), side_of == 0, &keys), PLK_ERR_INVALID);
        assert_int_equal(plk_noise_init(&n, NAME("KK"), side_of == 0, &keys), PLK_ERR_OK);
        keys.rs = NULL;
        assert_int_equal(plk_noise_init(&n, NAME("KK"), side_of == 0, &keys), PLK_ERR_INVALID);
        assert_int_equal(plk_noise_init(&n, NAME("XX"), side_of == 0, &keys), PLK_ERR_OK);
        keys.s = NULL;
        assert_int_equal(plk_noise_init(&n, NAME("XX"), side_of == 0, &keys), PLK_ERR_INVALID);
        assert_int_equal(plk_noise_init(&n, NAME("NN"), side_of == 0, &keys), PLK_ERR_OK);
        keys.e = NULL;
        assert_int_equal(plk_noise_init(&n, NAME("NN"), side_of == 0, &keys), PLK_ERR_INVALID);
    }
    struct plk_noise_keys keys = side(&k, false);
    keys.e = NULL; // the receiver of a one-way pattern never sends
    assert_int_equal(plk_noise_init(&n, NAME("K"), false, &keys), PLK_ERR_OK);
}

static void a_ready_ephemeral_public_key_is_taken(void **state) {
    (void)state;
    struct keys k;
    struct plk_noise computed, given;
    make_keys(&k);
    struct plk_noise_keys keys = side(&k, true);
    assert_int_equal(plk_noise_init(&computed, NAME("NN"), true, &keys), PLK_ERR_OK);
    keys.e_public = k.publics[1];
    assert_int_equal(plk_noise_init(&given, NAME("NN"), true, &keys), PLK_ERR_OK);
    assert_memory_equal(plk_noise_ephemeral(&computed), k.publics[1], 32);
    assert_memory_equal(&computed, &given, sizeof given);
}

// Each changed bit of each message is refused, and the handshake is dead.
static void tampering_kills_a_handshake(void **state) {
    (void)state;
    struct keys k;
    struct plk_noise a, b;
    uint8_t message[200], out[200];
    size_t len, out_len;
    make_keys(&k);
    struct plk_noise_keys keys_a = side(&k, true), keys_b = side(&k, false);
    assert_int_equal(plk_noise_init(&a, NAME("KKpsk0"), true, &keys_a), PLK_ERR_OK);
    assert_int_equal(plk_noise_init(&b, NAME("KKpsk0"), false, &keys_b), PLK_ERR_OK);
    assert_int_equal(plk_noise_write(&a, plk_bytes_text("hello"), message, &len), PLK_ERR_OK);
    for (size_t bit = 0; bit < len * 8; bit++) {
        struct plk_noise copy = b;
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(plk_noise_read(&copy, plk_bytes(message, len), out, &out_len), PLK_ERR_FORGED);
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(plk_noise_read(&copy, plk_bytes(message, len), out, &out_len), PLK_ERR_INVALID);
        assert_int_equal(plk_noise_write(&copy, plk_bytes(NULL, 0), out, &out_len), PLK_ERR_INVALID);
        assert_int_equal(plk_noise_overhead(&copy), 0);
    }
    assert_int_equal(plk_noise_read(&b, plk_bytes(message, len), out, &out_len), PLK_ERR_OK);
    assert_int_equal(out_len, 5);
}

static void an_ephemeral_of_small_order_is_refused(void **state) {
    (void)state;
    struct keys k;
    struct plk_noise a;
    uint8_t message[48] = {0}, out[48];
    size_t len;
    make_keys(&k);
    struct plk_noise_keys keys = side(&k, true);
    assert_int_equal(plk_noise_init(&a, NAME("NN"), true, &keys), PLK_ERR_OK);
    assert_int_equal(plk_noise_write(&a, plk_bytes(NULL, 0), out, &len), PLK_ERR_OK);
    assert_int_equal(plk_noise_read(&a, plk_bytes(message, sizeof message), out, &len), PLK_ERR_FORGED);
}

static void messages_have_a_limit(void **state) {
    (void)state;
    static uint8_t big[PLK_NOISE_MESSAGE_MAX + 1], out[PLK_NOISE_MESSAGE_MAX + 1];
    struct keys k;
    struct plk_noise a, b;
    size_t len, out_len;
    make_keys(&k);
    struct plk_noise_keys keys = side(&k, true);
    assert_int_equal(plk_noise_init(&a, NAME("NK"), true, &keys), PLK_ERR_OK);
    keys = side(&k, false);
    assert_int_equal(plk_noise_init(&b, NAME("NK"), false, &keys), PLK_ERR_OK);
    struct plk_noise copy = b;
    size_t most = PLK_NOISE_MESSAGE_MAX - plk_noise_overhead(&a);
    assert_int_equal(plk_noise_write(&a, plk_bytes(big, most + 1), out, &len), PLK_ERR_TOO_LONG);
    assert_int_equal(plk_noise_write(&a, plk_bytes(big, most), out, &len), PLK_ERR_OK);
    assert_int_equal(plk_noise_read(&b, plk_bytes(out, len), big, &out_len), PLK_ERR_OK);
    assert_int_equal(out_len, most);
    assert_int_equal(plk_noise_read(&copy, plk_bytes(out, sizeof out), big, &out_len), PLK_ERR_TOO_LONG);
}

static void a_wipe_leaves_nothing(void **state) {
    (void)state;
    static const struct plk_noise zero;
    struct keys k;
    struct plk_noise n;
    make_keys(&k);
    struct plk_noise_keys keys = side(&k, true);
    assert_int_equal(plk_noise_init(&n, NAME("KK"), true, &keys), PLK_ERR_OK);
    plk_noise_wipe(&n);
    assert_memory_equal(&n, &zero, sizeof n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_known_names_are_taken),
        cmocka_unit_test(a_missing_key_is_said_at_once),
        cmocka_unit_test(a_ready_ephemeral_public_key_is_taken),
        cmocka_unit_test(tampering_kills_a_handshake),
        cmocka_unit_test(an_ephemeral_of_small_order_is_refused),
        cmocka_unit_test(messages_have_a_limit),
        cmocka_unit_test(a_wipe_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
