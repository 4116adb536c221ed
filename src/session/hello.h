// SPDX-License-Identifier: MIT
// How a client opens a channel to its relay, two packets (DESIGN 3.6; docs/protocol/relay.md, sections 2 and 3):
// Noise_NK_25519_ChaChaPoly_SHA512, the client anonymous, the relay known by its static. The session that comes out is that
// of session.h; it has one connection id a side and is never re-keyed.
//
// A relay's order for each hello; only plk_hello_answer does a DH:
//   plk_hello_mac1_good of each own static: none? silence
//   the same bytes from the same address within 5 s? the same answer
//   under load: plk_cookie_good (session/cookie.h)? else send a cookie and forget it
//   plk_hello_answer: FORGED? silence
#ifndef PLK_SESSION_HELLO_H
#define PLK_SESSION_HELLO_H

#include "crypto/rng.h"
#include "noise/noise.h"
#include "session/session.h"
#include "wire/relay_greeting.h"

#define PLK_HELLO_PATTERN "Noise_NK_25519_ChaChaPoly_SHA512"
#define PLK_HELLO_LABEL_PROLOGUE "PeerLink/1/relay/channel"
#define PLK_HELLO_LABEL_MAC "PeerLink/1/relay/hello"
#define PLK_HELLO_LABEL_COOKIE "PeerLink/1/relay/cookie"
#define PLK_HELLO_LABEL_CLIENT "PeerLink/1/relay/header-client" // header keys of packets of the client
#define PLK_HELLO_LABEL_RELAY "PeerLink/1/relay/header-relay"
#define PLK_HELLO_HASH_LEN PLK_HASH_LEN // the channel hash, to which proofs of queue keys are bound

// What everybody who knows a relay's static computes of it.
struct plk_hello_known {
    uint8_t public[32];
    uint8_t mac_key[16];    // of mac 1
    uint8_t cookie_key[32]; // cookies are sealed under it
};
void plk_hello_know(struct plk_hello_known *known, const uint8_t public[32]);

// ---- the client

// One hello under way: the same bytes however often it is repeated, but for mac 2. Embedded by its owner; holds secrets.
struct plk_hello {
    struct plk_noise noise; // as it is after the hello; each message 2 is tried on a copy
    struct plk_hello_known relay;
    uint8_t cid[PLK_PACKET_CID_LEN];
    uint8_t message[PLK_PACKET_HANDSHAKE_LEN];
};

// Begins one. cid: the client's connection id, random, in use nowhere else. FORGED: the relay's static is no usable key.
enum plk_err plk_hello_start(struct plk_hello *h, const uint8_t relay_static[32], const uint8_t cid[PLK_PACKET_CID_LEN],
                             struct plk_rng *rng);
// The packet, borrowed from h.
static inline struct plk_bytes plk_hello_message(const struct plk_hello *h) {
    return plk_bytes(h->message, sizeof h->message);
}
// Takes a cookie packet: the next copies of the hello carry its mac 2. *cookie is good for the relay's other hellos from this
// address too, for PLK_COOKIE_US: plk_hello_prove. NOT_FOUND: for another hello. FORGED: nobody's who has seen it.
enum plk_err plk_hello_cookie(struct plk_hello *h, const struct plk_packet *packet, uint8_t cookie[16]);
// Writes mac 2 under a cookie that is at hand.
void plk_hello_prove(struct plk_hello *h, const uint8_t cookie[16]);

// What a client has after message 2.
struct plk_hello_heard {
    struct plk_session session; // confirmed
    uint8_t hash[PLK_HELLO_HASH_LEN];
    struct plk_relay_greeting greeting; // its extensions are empty
    bool has_stun;
    struct plk_addr stun;                                  // the relay's other STUN address
    struct plk_addr places[PLK_RELAY_GREETING_PLACES_MAX]; // where else the relay is
    size_t place_count;
    bool has_sign;    // it has a directory,
    uint8_t sign[32]; // and signs its own descriptors with this key
};

// The hello is unchanged whatever happens, so garbage does not end it; the caller wipes it after OK. NOT_FOUND: for another
// hello. FORGED: not made by the holder of the static for this hello. MALFORMED: authentic, but no greeting. TOO_OLD,
// TOO_NEW: no common version.
enum plk_err plk_hello_finish(const struct plk_hello *h, const struct plk_packet *message2, uint64_t now_us,
                              struct plk_hello_heard *heard);
void plk_hello_wipe(struct plk_hello *h);

// ---- the relay

struct plk_hello_static {
    uint8_t secret[32];
    struct plk_hello_known known;
};
void plk_hello_static_init(struct plk_hello_static *own, const uint8_t secret[32]);

// Whether a decoded hello is for this static, from somebody who knows it. Costs one SipHash.
bool plk_hello_mac1_good(const struct plk_hello_known *known, const struct plk_packet *hello);

// What a relay has after a hello: the session is not confirmed before the first data packet.
struct plk_hello_answered {
    struct plk_session session;
    uint8_t hash[PLK_HELLO_HASH_LEN];
    uint8_t peer_cid[PLK_PACKET_CID_LEN];
    struct plk_client_greeting client;         // its extensions are empty
    uint8_t message[PLK_PACKET_HANDSHAKE_LEN]; // message 2: never larger than the hello
};

// Answers a hello whose mac 1 is good. own: the versions in it are set here; TOO_LONG: its extensions do not fit. FORGED,
// MALFORMED, TOO_OLD, TOO_NEW: as above; out is then all zero.
enum plk_err plk_hello_answer(const struct plk_hello_static *own_static, const struct plk_packet *hello,
                              const struct plk_relay_greeting *own, uint64_t now_us, struct plk_rng *rng,
                              struct plk_hello_answered *out);

#endif
