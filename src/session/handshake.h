// SPDX-License-Identifier: MIT
// One handshake: two packets, after which both sides hold a session (DESIGN 3.5; docs/protocol/session.md,
// sections 4, 5). Noise_KKpsk0_25519_ChaChaPoly_SHA512 between contacts, Noise_NNpsk0_25519_ChaChaPoly_SHA512
// for inline invites and recovery. The prologue is {version, hint, masked stamp}.
//
// The responder's order for each message 1; only plk_handshake_answer does a DH:
//   plk_hint_check of the contact of that address, else plk_hint_scan: nobody's? silence
//   plk_hint_stamp, plk_gate_check: REPEAT? send the cached answer; OLDER? perhaps initiate
//   plk_handshake_answer authenticates: FORGED? silence
//   plk_gate_raise, persist gate.highest, and only then let the answer out
#ifndef PLK_SESSION_HANDSHAKE_H
#define PLK_SESSION_HANDSHAKE_H

#include "crypto/rng.h"
#include "noise/noise.h"
#include "session/hint.h"
#include "session/session.h"
#include "wire/greeting.h"

#define PLK_HANDSHAKE_EXTENSIONS_MAX 118 // bytes of KEM field and extensions that fit into message 1

// What the header keys are exported under, for packets of the initiator and of the responder.
#define PLK_HANDSHAKE_LABEL_INITIATOR "PeerLink/1/session/header-initiator"
#define PLK_HANDSHAKE_LABEL_RESPONDER "PeerLink/1/session/header-responder"

enum plk_handshake_kind { PLK_HANDSHAKE_KK = 1, PLK_HANDSHAKE_NN = 2 };

// The keys of one generation, seen from this side. Borrowed for the call.
struct plk_handshake_keys {
    enum plk_handshake_kind kind;
    const uint8_t *own_static;  // X25519 secret; KK only
    const uint8_t *peer_static; // X25519 public; KK only
    const uint8_t *psk;         // 32
    const uint8_t *hint_key;    // 16: of the direction from the initiator to the responder
    // Devices of the peer that others have replaced: such an initiator gets no session, and is told (responder).
    const uint8_t (*refused)[PLK_GREETING_DEVICE_LEN];
    size_t refused_count;
};

// One attempt of an initiator: one message 1, the same bytes on every path. Embedded by its owner; holds
// secrets.
struct plk_handshake {
    struct plk_noise noise; // as it is after message 1; each message 2 is tried on a copy
    uint64_t stamp;
    uint32_t generation;
    uint8_t cid[PLK_PACKET_CID_LEN]; // own id number 0, to which message 2 is addressed
    uint8_t message[PLK_PACKET_HANDSHAKE_LEN];
};

// Begins an attempt. stamp comes from plk_stamp_take and its reservation must be durable before the message
// leaves. own: the versions in it are set here. TOO_LONG: its extensions do not fit. FORGED: peer_static is
// no usable key.
enum plk_err plk_handshake_start(struct plk_handshake *h, const struct plk_handshake_keys *keys, uint64_t stamp,
                                 const struct plk_greeting *own, struct plk_rng *rng);

// Message 1, borrowed from h, good until plk_handshake_wipe.
static inline struct plk_bytes plk_handshake_message(const struct plk_handshake *h) {
    return plk_bytes(h->message, sizeof h->message);
}

// Takes a message 2: a confirmed session and the peer's greeting (its kem and extensions are empty: none is
// defined yet). The attempt is unchanged whatever happens, so garbage does not end it; the caller wipes it
// after OK. NOT_FOUND: for another attempt. FORGED: not made with these keys for this message 1. MALFORMED:
// authentic, but not a greeting, or of another generation. TOO_OLD, TOO_NEW: no common version. MOVED: the peer says that
// this device was replaced by another one of its profile; there is no session.
enum plk_err plk_handshake_finish(const struct plk_handshake *h, const struct plk_packet *message2, uint64_t now_us,
                                  struct plk_session *session, struct plk_greeting *peer);

void plk_handshake_wipe(struct plk_handshake *h);

// What a responder has after a message 1: all authenticated, the session not yet confirmed.
struct plk_handshake_answered {
    struct plk_session session;
    struct plk_greeting peer; // kem and extensions are empty
    uint64_t stamp;
    bool refused; // its device is one of keys->refused: message 2 says so, and session is all zero
    uint8_t message[PLK_PACKET_HANDSHAKE_LEN]; // message 2
};

// Answers a message 1. own: the versions in it are set here; its echo becomes at least the stamp of this
// message. NOT_FOUND: the hint is not of this key. FORGED, MALFORMED, TOO_OLD, TOO_NEW, TOO_LONG: as above;
// out is then all zero.
enum plk_err plk_handshake_answer(const struct plk_handshake_keys *keys, const struct plk_packet *message1,
                                  const struct plk_greeting *own, uint64_t now_us, struct plk_rng *rng,
                                  struct plk_handshake_answered *out);

#endif
