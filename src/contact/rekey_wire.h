// SPDX-License-Identifier: MIT
// Formats and keys of a re-key, for rekey.c. docs/protocol/rekey.md, sections 3 to 5.
#ifndef PLK_CONTACT_REKEY_WIRE_H
#define PLK_CONTACT_REKEY_WIRE_H

#include "contact/rekey.h"

// One variant of a request; nonce and sealed are borrowed, and set by reading only.
struct plk_rekey_variant {
    uint32_t number;       // of the answerer's reset key
    uint8_t ephemeral[32]; // public
    struct plk_bytes nonce, sealed;
};

struct plk_rekey_request {
    uint8_t version, suite, min, max;
    uint64_t counter;
    uint8_t count;
    struct plk_rekey_variant variants[PLK_REKEY_VARIANTS_MAX];
};

struct plk_rekey_reply {
    uint8_t version, suite, min, max;
    uint64_t counter;
    uint32_t number; // of the variant that was opened
    uint8_t ephemeral[32];
    struct plk_bytes nonce, sealed;
};

// a asks, b answers, R is b's reset key: DH(IKa,R), DH(ea,IKb), DH(ea,R); and with the answer DH(eb,ea), DH(eb,IKa).
struct plk_rekey_keys {
    uint8_t dh[5][32];
    uint8_t transcript[PLK_HASH_LEN];
};

// MALFORMED, TOO_NEW. What is borrowed, is from the bytes.
enum plk_err plk_rekey_request_read(struct plk_bytes bytes, struct plk_rekey_request *q);
enum plk_err plk_rekey_reply_read(struct plk_bytes bytes, struct plk_rekey_reply *reply);
void plk_rekey_head_write(struct plk_writer *w, const struct plk_rekey_request *q);
void plk_rekey_hash(uint8_t hash[32], struct plk_bytes request);

// The first three agreements; transcript is then still unset. FORGED.
enum plk_err plk_rekey_agree_asking(struct plk_rekey_keys *keys, const struct plk_persona *me,
                                    const struct plk_recovery *recovery, const uint8_t ephemeral[32],
                                    const uint8_t reset_public[32]);
enum plk_err plk_rekey_agree_answering(struct plk_rekey_keys *keys, const struct plk_persona *me,
                                       const struct plk_recovery *recovery, const uint8_t ephemeral_public[32],
                                       const uint8_t reset[32]);

// Transcript of a variant. ids: the asker's PeerID, then the answerer's.
void plk_rekey_bind(struct plk_rekey_keys *keys, const uint8_t ids[2 * PLK_PEER_ID_LEN],
                    const struct plk_rekey_request *q, size_t index);
// Its sealed part, too: done by seal and open, and by the asker when the answer comes.
void plk_rekey_bind_sealed(struct plk_rekey_keys *keys, const struct plk_rekey_variant *variant);

void plk_rekey_variant_seal(struct plk_writer *w, struct plk_rekey_variant *variant, struct plk_rekey_keys *keys,
                            const uint8_t salt[32], const uint8_t nonce[PLK_XNONCE_LEN], struct plk_bytes text);
enum plk_err plk_rekey_variant_open(const struct plk_rekey_variant *variant, struct plk_rekey_keys *keys,
                                    const uint8_t salt[32], uint8_t text[PLK_REKEY_PAYLOAD_MAX], size_t *text_len);

// Binds the answer's head and gives the secret that the re-key ends with.
void plk_rekey_reply_finish(struct plk_rekey_keys *keys, const struct plk_rekey_reply *reply, const uint8_t salt[32],
                            uint8_t secret[32]);
void plk_rekey_reply_seal(struct plk_writer *w, const struct plk_rekey_reply *reply, const struct plk_rekey_keys *keys,
                          const uint8_t secret[32], const uint8_t nonce[PLK_XNONCE_LEN], struct plk_bytes text);
enum plk_err plk_rekey_reply_open(const struct plk_rekey_reply *reply, const struct plk_rekey_keys *keys,
                                  const uint8_t secret[32], uint8_t text[PLK_REKEY_PAYLOAD_MAX], size_t *text_len);

#endif
