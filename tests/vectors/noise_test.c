// SPDX-License-Identifier: MIT
// Each published vector of tests/vectors/noise.txt, run through both sides of src/noise.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "noise/noise.h"
#include "support/vector.h"

#define VECTORS 240

struct run {
    struct plk_noise sides[2]; // initiator, responder
    uint8_t keys[2][32];       // after Split: initiator to responder, and back
    uint64_t counters[2];
    unsigned transport; // transport messages so far
};

static const char *pattern_of(const char *name) { return name + strlen("Noise_"); }

// Which static a side must know beforehand, by the letters of the pattern's name (section 7.5; one-way: 7.4).
static bool knows_peer(const char *name, bool initiator) {
    char first = pattern_of(name)[0], second = pattern_of(name)[1];
    bool one_way = second == '_' || second == 'p';
    if (one_way) return initiator || first == 'K';
    return initiator ? second == 'K' : first == 'K';
}

static bool has_static(const char *name, bool initiator) {
    char first = pattern_of(name)[0], second = pattern_of(name)[1];
    bool one_way = second == '_' || second == 'p';
    if (one_way) return !initiator || first != 'N';
    return initiator ? first != 'N' : second != 'N';
}

static void begin(struct run *run, struct plk_vector *v) {
    const char *name = plk_vector_text(v, "handshake");
    uint8_t public[2][32];
    const uint8_t *statics[2] = {NULL, NULL};
    for (int side = 0; side < 2; side++) {
        if (!has_static(name, side == 0)) continue;
        statics[side] = plk_vector_key(v, side == 0 ? "init_static" : "resp_static", 32);
        plk_dh_public(public[side], statics[side]);
    }
    for (int side = 0; side < 2; side++) {
        struct plk_noise_keys keys = {
            .s = statics[side],
            .e = plk_vector_key(v, side == 0 ? "gen_init_ephemeral" : "gen_resp_ephemeral", 32),
            .rs = knows_peer(name, side == 0) ? public[1 - side] : NULL,
            .psk = plk_vector_has(v, "preshared_key") ? plk_vector_key(v, "preshared_key", 32) : NULL,
            .prologue = plk_vector_has(v, "prologue") ? plk_vector_bytes(v, "prologue") : plk_bytes(NULL, 0),
        };
        assert_int_equal(plk_noise_init(&run->sides[side], name, side == 0, &keys), PLK_ERR_OK);
    }
}

static void split(struct run *run) {
    uint8_t there[2][32], back[2][32];
    plk_noise_split(&run->sides[0], there[0], back[0]);
    plk_noise_split(&run->sides[1], back[1], there[1]);
    assert_memory_equal(there[0], there[1], 32);
    assert_memory_equal(back[0], back[1], 32);
    assert_memory_equal(plk_noise_hash(&run->sides[0]), plk_noise_hash(&run->sides[1]), PLK_HASH_LEN);
    uint8_t exports[2][100];
    for (int side = 0; side < 2; side++) plk_noise_export(&run->sides[side], "label", exports[side], 100);
    assert_memory_equal(exports[0], exports[1], 100);
    memcpy(run->keys[0], there[0], 32);
    memcpy(run->keys[1], back[0], 32);
}

static void handshake_message(struct run *run, struct plk_vector *v, unsigned i, struct plk_bytes payload,
                              const char *want) {
    uint8_t message[512], got[512];
    size_t len, got_len;
    struct plk_noise *writer = &run->sides[i % 2], *reader = &run->sides[1 - i % 2];
    size_t overhead = plk_noise_overhead(writer);
    assert_int_equal(plk_noise_overhead(reader), overhead);
    assert_int_equal(plk_noise_write(reader, payload, message, &len), PLK_ERR_INVALID); // not its turn
    assert_int_equal(plk_noise_write(writer, payload, message, &len), PLK_ERR_OK);
    assert_int_equal(len, payload.len + overhead);
    plk_vector_expect(v, want, message, len);
    struct plk_noise copy = *reader; // a copy from before the message survives garbage; the struct itself does not
    assert_int_equal(plk_noise_read(&copy, plk_bytes(message, overhead - 1), got, &got_len), PLK_ERR_CUT_OFF);
    assert_int_equal(plk_noise_read(&copy, plk_bytes(message, len), got, &got_len), PLK_ERR_INVALID);
    assert_int_equal(plk_noise_read(reader, plk_bytes(message, len), got, &got_len), PLK_ERR_OK);
    assert_int_equal(got_len, payload.len);
    assert_memory_equal(got, payload.at, got_len);
    assert_int_equal(plk_noise_done(writer), plk_noise_done(reader));
    if (plk_noise_done(writer)) split(run);
}

static void transport_message(struct run *run, struct plk_vector *v, struct plk_bytes payload, const char *want) {
    uint8_t sealed[512];
    unsigned direction = run->transport++ % 2;
    plk_aead_seal(sealed, run->keys[direction], run->counters[direction]++, plk_bytes(NULL, 0), payload);
    plk_vector_expect(v, want, sealed, payload.len + PLK_TAG_LEN);
}

static void every_vector(void **state) {
    (void)state;
    struct plk_vector v;
    unsigned count = 0;
    plk_vector_open(&v, PLK_VECTOR_DIR "/noise.txt");
    while (plk_vector_next(&v)) {
        struct run run = {0};
        begin(&run, &v);
        for (unsigned i = 0;; i++) {
            char payload[32], ciphertext[32];
            snprintf(payload, sizeof payload, "msg_%u_payload", i);
            snprintf(ciphertext, sizeof ciphertext, "msg_%u_ciphertext", i);
            if (!plk_vector_has(&v, payload)) break;
            if (plk_noise_done(&run.sides[0])) {
                transport_message(&run, &v, plk_vector_bytes(&v, payload), ciphertext);
            } else {
                handshake_message(&run, &v, i, plk_vector_bytes(&v, payload), ciphertext);
            }
        }
        assert_true(run.transport >= 2);
        count++;
    }
    assert_int_equal(count, VECTORS);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_vector)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
