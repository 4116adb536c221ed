// SPDX-License-Identifier: MIT
// What a ratchet's ciphertext looks like and how its keys are derived (docs/protocol/ratchet.md, sections 3
// and 4); which keys, and when, is ratchet.c.
#ifndef PLK_RATCHET_CIPHER_H
#define PLK_RATCHET_CIPHER_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/crypto.h"

#define PLK_CIPHER_PREFIX_LEN 3                // version u8, header length u16: authenticated with the header
#define PLK_CIPHER_HEADER_LEN (32 + 4 + 4 + 1) // ratchet public key, previous u32, n u32, length of the KEM part
#define PLK_CIPHER_HEADER_SEALED_LEN (PLK_XNONCE_LEN + PLK_CIPHER_HEADER_LEN + PLK_TAG_LEN)
#define PLK_CIPHER_KEM_MAX 2400 // bytes: ML-KEM-768 key and ciphertext are 2,272
#define PLK_CIPHER_HEADER_SEALED_MAX (PLK_CIPHER_HEADER_SEALED_LEN + 1 + PLK_CIPHER_KEM_MAX)

struct plk_cipher_header {
    uint8_t public[32]; // the sender's ratchet public key
    uint32_t previous;  // messages in its sending chain before this one
    uint32_t n;         // this message's number in its chain
};

// Borrowed from the ciphertext.
struct plk_cipher_parts {
    struct plk_bytes prefix, header, body;
};

// The three keys that both sides have from the shared secret: root, the initiator's first header key, the
// responder's.
void plk_cipher_init(uint8_t root[32], uint8_t initiator_header[32], uint8_t responder_header[32],
                     struct plk_bytes secret);

// A Diffie-Hellman step: root moves on and gives a chain key and the header key for the chain after it.
void plk_cipher_root(uint8_t root[32], const uint8_t dh[32], uint8_t chain[32], uint8_t next_header[32]);

// A step of a chain: chain moves on and gives the key of one message.
void plk_cipher_chain(uint8_t chain[32], uint8_t key[32]);

// Writes PLK_CIPHER_PREFIX_LEN + PLK_CIPHER_HEADER_SEALED_LEN + text.len + PLK_TAG_LEN bytes. ad: at most
// PLK_RATCHET_AD_MAX.
void plk_cipher_seal(uint8_t *out, const uint8_t header_key[32], const uint8_t key[32],
                     const uint8_t nonce[PLK_XNONCE_LEN], const struct plk_cipher_header *header, struct plk_bytes ad,
                     struct plk_bytes text);

// MALFORMED, TOO_NEW.
enum plk_err plk_cipher_split(struct plk_cipher_parts *parts, struct plk_bytes sealed);
// FORGED: not under this key. MALFORMED, UNSUPPORTED (a KEM part): under this key, but not to be used.
enum plk_err plk_cipher_open_header(struct plk_cipher_header *header, const uint8_t header_key[32],
                                    const struct plk_cipher_parts *parts);
// text takes body.len - PLK_TAG_LEN bytes. Only after plk_cipher_open_header. FORGED.
enum plk_err plk_cipher_open_body(uint8_t *text, const uint8_t key[32], const struct plk_cipher_parts *parts,
                                  struct plk_bytes ad);

#endif
