// SPDX-License-Identifier: MIT
// Beginning and sending. Receiving is ratchet_decrypt.c, the row ratchet_row.c.
#include "ratchet/ratchet.h"

#include "ratchet/cipher.h"

// ---- beginning

enum plk_err plk_ratchet_init_initiator(struct plk_ratchet *r, struct plk_bytes secret,
                                        const uint8_t their_public[32]) {
    static const uint8_t any_secret[32] = {1};
    uint8_t unused[32];
    plk_assert(secret.len >= PLK_RATCHET_SECRET_MIN);
    // What plk_dh refuses does not depend on the secret: after this, no step with this key can fail.
    enum plk_err err = plk_dh(unused, any_secret, their_public);
    if (err != PLK_ERR_OK) return err;
    memset(r, 0, sizeof *r);
    plk_cipher_init(r->root, r->next_send_header, r->next_recv_header, secret);
    memcpy(r->their_public, their_public, 32);
    r->turn = true;
    return PLK_ERR_OK;
}

void plk_ratchet_init_responder(struct plk_ratchet *r, struct plk_bytes secret, const uint8_t own_secret[32]) {
    plk_assert(secret.len >= PLK_RATCHET_SECRET_MIN);
    memset(r, 0, sizeof *r);
    plk_cipher_init(r->root, r->next_recv_header, r->next_send_header, secret);
    memcpy(r->own_secret, own_secret, 32);
    plk_dh_public(r->own_public, own_secret);
}

// ---- sending

bool plk_ratchet_can_send(const struct plk_ratchet *r) { return r->turn || r->send_id != 0; }

uint32_t plk_ratchet_ahead(const struct plk_ratchet *r) { return r->turn ? 0 : r->send_n - r->peer_has; }

bool plk_ratchet_peer_has(struct plk_ratchet *r, struct plk_ratchet_place place) {
    if (place.chain != r->send_id || place.n >= r->send_n || place.n < r->peer_has) return false;
    r->peer_has = place.n + 1;
    return true;
}

// The sending half of a Diffie-Hellman step. Done at the first encryption after the receiving half, not with
// it: so the fresh key pair is as young as can be, and a decryption needs no randomness.
static enum plk_err send_step(struct plk_ratchet *r, struct plk_rng *rng) {
    uint8_t dh[32];
    if (r->send_id == UINT32_MAX) return PLK_ERR_LIMIT;
    plk_rng_bytes(rng, r->own_secret, sizeof r->own_secret);
    plk_dh_public(r->own_public, r->own_secret);
    enum plk_err err = plk_dh(dh, r->own_secret, r->their_public);
    if (err != PLK_ERR_OK) return PLK_ERR_CORRUPT; // it was checked when it came
    memcpy(r->send_header, r->next_send_header, sizeof r->send_header);
    plk_cipher_root(r->root, dh, r->send_chain, r->next_send_header);
    plk_mem_wipe(dh, sizeof dh);
    r->send_previous = r->send_n;
    r->send_n = 0;
    r->peer_has = 0;
    r->send_id++;
    r->turn = false;
    return PLK_ERR_OK;
}

enum plk_err plk_ratchet_encrypt(struct plk_ratchet *r, struct plk_rng *rng, struct plk_bytes ad, struct plk_bytes text,
                                 uint8_t *out, struct plk_ratchet_place *place) {
    plk_assert(plk_ratchet_can_send(r) && ad.len <= PLK_RATCHET_AD_MAX);
    if (text.len > PLK_RATCHET_TEXT_MAX) return PLK_ERR_TOO_LONG;
    if (plk_ratchet_ahead(r) >= PLK_RATCHET_HARD_AHEAD || r->send_n == UINT32_MAX) return PLK_ERR_LIMIT;
    struct plk_ratchet work = *r;
    uint8_t key[32] = {0};
    uint8_t nonce[PLK_XNONCE_LEN];
    enum plk_err err = work.turn ? send_step(&work, rng) : PLK_ERR_OK;
    if (err != PLK_ERR_OK) goto out;
    struct plk_cipher_header header = {.previous = work.send_previous, .n = work.send_n};
    memcpy(header.public, work.own_public, 32);
    plk_cipher_chain(work.send_chain, key);
    plk_rng_bytes(rng, nonce, sizeof nonce);
    plk_cipher_seal(out, work.send_header, key, nonce, &header, ad, text);
    *place = (struct plk_ratchet_place){work.send_id, work.send_n++};
    *r = work;
out:
    plk_mem_wipe(key, sizeof key);
    plk_mem_wipe(&work, sizeof work);
    return err;
}
