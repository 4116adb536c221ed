// SPDX-License-Identifier: MIT
// Noise protocol framework, revision 34: any pattern of its tables that uses 25519, ChaChaPoly and SHA512,
// with psk modifiers. A handshake is one struct; it holds ephemeral secrets and is wiped by plk_noise_wipe.
// Nothing here allocates.
#ifndef PLK_NOISE_NOISE_H
#define PLK_NOISE_NOISE_H

#include "crypto/crypto.h"

#define PLK_NOISE_MESSAGE_MAX 65535 // section 3

struct plk_noise; // defined below, public so that callers embed it

// What a pattern needs from outside. Unused members may be NULL. All are copied.
struct plk_noise_keys {
    const uint8_t *s;        // own static secret
    const uint8_t *s_public; // its public key, if the caller has it already: saves computing it again
    const uint8_t *e;        // own ephemeral secret: 32 fresh random bytes, or a vector's
    const uint8_t *e_public; // likewise
    const uint8_t *rs;       // remote static public key, where the pattern knows it beforehand
    const uint8_t *psk;      // 32 bytes
    struct plk_bytes prologue;
};

struct plk_noise {
    uint8_t ck[PLK_HASH_LEN], h[PLK_HASH_LEN];
    uint8_t k[32];
    uint64_t n;
    bool has_k, initiator, psk_mode, failed, done;
    uint8_t s[32], e[32], rs[32], re[32], psk[32], s_public[32], e_public[32];
    bool has_s, has_e, has_rs, has_re, has_psk;
    const void *pattern; // static table
    int psk_place;       // N of the modifier pskN, -1 without one
    unsigned message;    // index of the next message
};

// name: the whole protocol name, e.g. "Noise_KKpsk0_25519_ChaChaPoly_SHA512", with at most one psk modifier.
// UNSUPPORTED for another DH, cipher or hash or an unknown pattern; INVALID when a key that the pattern needs
// is missing.
enum plk_err plk_noise_init(struct plk_noise *n, const char *name, bool initiator, const struct plk_noise_keys *keys);

// Bytes that the next message adds around its payload (keys and tags).
size_t plk_noise_overhead(const struct plk_noise *n);

// Writes the next message into out (payload.len + overhead bytes); *out_len says how many. out is not the payload's place.
// INVALID: not this side's turn. TOO_LONG: above PLK_NOISE_MESSAGE_MAX; nothing has changed. FORGED: the peer's key is refused
// by plk_dh, and the handshake is dead.
enum plk_err plk_noise_write(struct plk_noise *n, struct plk_bytes payload, uint8_t *out, size_t *out_len);

// Reads the next message; the payload (message.len - overhead bytes) goes to out. INVALID: not this side's turn. CUT_OFF,
// TOO_LONG, FORGED: the handshake is dead, as Noise demands; a caller that must go on after garbage keeps a copy of the struct
// from before.
enum plk_err plk_noise_read(struct plk_noise *n, struct plk_bytes message, uint8_t *out, size_t *out_len);

// The ephemeral public key with which this side's first message begins; known from plk_noise_init on.
const uint8_t *plk_noise_ephemeral(const struct plk_noise *n);

static inline bool plk_noise_done(const struct plk_noise *n) { return n->done; }

// After the last message: the two cipher keys (Split, section 5.2), and the chaining key for further exports.
// send is this side's sending key.
void plk_noise_split(const struct plk_noise *n, uint8_t send[32], uint8_t recv[32]);
void plk_noise_export(const struct plk_noise *n, const char *label, uint8_t *out,
                      size_t out_len);                    // HKDF(ck, label)
const uint8_t *plk_noise_hash(const struct plk_noise *n); // the handshake hash h

// Wipes everything; the struct is then good for plk_noise_init only.
void plk_noise_wipe(struct plk_noise *n);

#endif
