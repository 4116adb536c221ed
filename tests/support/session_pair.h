// SPDX-License-Identifier: MIT
// Two sides that share the keys of one generation, for tests, fuzz targets and benchmarks of src/session. Everything comes
// from one seed byte.
#ifndef PLK_TESTS_SUPPORT_SESSION_PAIR_H
#define PLK_TESTS_SUPPORT_SESSION_PAIR_H

#include "session/cids.h"
#include "session/gate.h"
#include "session/handshake.h"

struct plk_session_pair {
    struct plk_rng rng;
    uint8_t statics[2][32], publics[2][32], psk[32], hint_key[PLK_HINT_KEY_LEN]; // side 0 initiates
    struct plk_greeting greetings[2];
    struct plk_cids cids[2];
    struct plk_handshake attempt;
    struct plk_handshake_answered answered;
    struct plk_session sessions[2];
    struct plk_greeting heard[2]; // what each side has learned of the other
};

static inline struct plk_handshake_keys plk_session_pair_keys(const struct plk_session_pair *pair,
                                                              enum plk_handshake_kind kind, int side) {
    bool kk = kind == PLK_HANDSHAKE_KK;
    return (struct plk_handshake_keys){
        .kind = kind,
        .own_static = kk ? pair->statics[side] : NULL,
        .peer_static = kk ? pair->publics[1 - side] : NULL,
        .psk = pair->psk,
        .hint_key = pair->hint_key,
    };
}

static inline void plk_session_pair_init(struct plk_session_pair *pair, uint8_t seed_byte) {
    uint8_t seed[32];
    memset(pair, 0, sizeof *pair);
    memset(seed, seed_byte, sizeof seed);
    plk_rng_seed(&pair->rng, seed);
    for (int side = 0; side < 2; side++) {
        plk_rng_bytes(&pair->rng, pair->statics[side], 32);
        plk_dh_public(pair->publics[side], pair->statics[side]);
    }
    plk_rng_bytes(&pair->rng, pair->psk, 32);
    plk_hint_key(pair->hint_key, pair->psk, PLK_HINT_SMALLER);
    for (int side = 0; side < 2; side++) {
        struct plk_greeting *greeting = &pair->greetings[side];
        plk_rng_bytes(&pair->rng, greeting->device, sizeof greeting->device);
        plk_rng_bytes(&pair->rng, greeting->incarnation, sizeof greeting->incarnation);
        greeting->generation = 7;
        plk_cids_start(&pair->cids[side], &pair->rng, greeting);
    }
}

static inline struct plk_packet plk_session_pair_packet(struct plk_bytes bytes) {
    struct plk_packet packet;
    plk_assert(plk_packet_decode(&packet, bytes) == PLK_ERR_OK);
    return packet;
}

// The whole handshake; side 1's session stays unconfirmed.
static inline enum plk_err plk_session_pair_connect(struct plk_session_pair *pair, enum plk_handshake_kind kind,
                                                    uint64_t stamp) {
    struct plk_handshake_keys keys[2] = {plk_session_pair_keys(pair, kind, 0), plk_session_pair_keys(pair, kind, 1)};
    enum plk_err err = plk_handshake_start(&pair->attempt, &keys[0], stamp, &pair->greetings[0], &pair->rng);
    if (err != PLK_ERR_OK) return err;
    struct plk_packet message1 = plk_session_pair_packet(plk_handshake_message(&pair->attempt));
    err = plk_handshake_answer(&keys[1], &message1, &pair->greetings[1], 1000, &pair->rng, &pair->answered);
    if (err != PLK_ERR_OK) return err;
    pair->sessions[1] = pair->answered.session;
    pair->heard[1] = pair->answered.peer;
    plk_cids_greet(&pair->cids[1], &pair->heard[1]);
    struct plk_packet message2 =
        plk_session_pair_packet(plk_bytes(pair->answered.message, sizeof pair->answered.message));
    err = plk_handshake_finish(&pair->attempt, &message2, 2000, &pair->sessions[0], &pair->heard[0]);
    if (err == PLK_ERR_OK) plk_cids_greet(&pair->cids[0], &pair->heard[0]);
    return err;
}

#endif
