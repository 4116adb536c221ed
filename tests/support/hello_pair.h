// SPDX-License-Identifier: MIT
// A client and a relay that say hello, for tests, fuzz targets and benchmarks. Everything comes from one seed byte.
#ifndef PLK_TESTS_SUPPORT_HELLO_PAIR_H
#define PLK_TESTS_SUPPORT_HELLO_PAIR_H

#include "session/cookie.h"
#include "session/hello.h"

struct plk_hello_pair {
    struct plk_rng rng;
    struct plk_hello_static own; // the relay's
    struct plk_relay_greeting greeting;
    struct plk_addr client; // where the hello comes from
    uint8_t client_cid[PLK_PACKET_CID_LEN];
    struct plk_hello hello;
    struct plk_hello_answered answered;
    struct plk_hello_heard heard;
};

static inline struct plk_packet plk_hello_pair_packet(struct plk_bytes bytes) {
    struct plk_packet packet;
    plk_assert(plk_packet_decode(&packet, bytes) == PLK_ERR_OK);
    return packet;
}

// The hello is made.
static inline void plk_hello_pair_init(struct plk_hello_pair *pair, uint8_t seed_byte) {
    uint8_t seed[32], secret[32];
    memset(pair, 0, sizeof *pair);
    memset(seed, seed_byte, sizeof seed);
    plk_rng_seed(&pair->rng, seed);
    plk_rng_bytes(&pair->rng, secret, sizeof secret);
    plk_hello_static_init(&pair->own, secret);
    plk_rng_bytes(&pair->rng, pair->client_cid, sizeof pair->client_cid);
    pair->client = (struct plk_addr){.family = 4, .ip = {192, 0, 2, 7}, .port = 4000};
    pair->greeting =
        (struct plk_relay_greeting){.wall_ms = 1790000000000, .seen = pair->client, .admission = PLK_RELAY_ADMIT_TOKEN};
    plk_rng_bytes(&pair->rng, pair->greeting.cid, sizeof pair->greeting.cid);
    plk_assert(plk_hello_start(&pair->hello, pair->own.known.public, pair->client_cid, &pair->rng) == PLK_ERR_OK);
}

// The whole handshake; the relay's session stays unconfirmed.
static inline enum plk_err plk_hello_pair_connect(struct plk_hello_pair *pair, uint64_t now_us) {
    struct plk_packet hello = plk_hello_pair_packet(plk_hello_message(&pair->hello));
    if (!plk_hello_mac1_good(&pair->own.known, &hello)) return PLK_ERR_NOT_FOUND;
    enum plk_err err = plk_hello_answer(&pair->own, &hello, &pair->greeting, now_us, &pair->rng, &pair->answered);
    if (err != PLK_ERR_OK) return err;
    struct plk_packet message2 =
        plk_hello_pair_packet(plk_bytes(pair->answered.message, sizeof pair->answered.message));
    return plk_hello_finish(&pair->hello, &message2, now_us, &pair->heard);
}

#endif
