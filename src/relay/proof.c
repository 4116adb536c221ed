// SPDX-License-Identifier: MIT
#include "relay/proof.h"

#include "queue/key.h"
#include "relay/inside.h"

struct keys {
    uint8_t of[2][PLK_KEY_LEN]; // the owner's, the sender's
};

// One nonce for each pair of keys: a queue may be deleted and made again for another sender.
static void nonce_of(uint8_t nonce[PLK_XNONCE_LEN], const struct plk_queue_row *row) {
    uint8_t hash[PLK_HASH_LEN];
    const struct plk_bytes both[2] = {plk_bytes(row->owner, sizeof row->owner),
                                      plk_bytes(row->sender, sizeof row->sender)};
    plk_hash(hash, both, 2);
    memcpy(nonce, hash, PLK_XNONCE_LEN);
}

static bool open_keys(const struct plk_relay *relay, unsigned which, const struct plk_queue_row *row,
                      struct keys *keys) {
    uint8_t nonce[PLK_XNONCE_LEN];
    nonce_of(nonce, row);
    return plk_xaead_open(keys->of[0], relay->admit.seal[which], nonce, plk_bytes(NULL, 0),
                          plk_bytes(row->proves, sizeof row->proves)) == PLK_ERR_OK;
}

static enum plk_err make_key(const struct plk_relay *relay, unsigned which, const struct plk_queue_row *row,
                             enum plk_queue_role role, uint8_t key[PLK_KEY_LEN]) {
    uint8_t rid[PLK_QUEUE_ID_LEN], sid[PLK_QUEUE_ID_LEN];
    const uint8_t *secret = relay->config.statics[which];
    plk_queue_key_rid(rid, row->owner);
    if (role == PLK_QUEUE_OWNER) return plk_queue_key_attach(key, secret, row->owner, role, rid);
    plk_queue_key_sid(sid, rid);
    return plk_queue_key_attach(key, secret, row->sender, role, sid);
}

void plk_proof_seal(struct plk_queue_row *row, const uint8_t seal[PLK_KEY_LEN], const uint8_t owner[PLK_KEY_LEN],
                    const uint8_t sender[PLK_KEY_LEN]) {
    uint8_t nonce[PLK_XNONCE_LEN];
    struct keys keys;
    memcpy(keys.of[0], owner, PLK_KEY_LEN);
    memcpy(keys.of[1], sender, PLK_KEY_LEN);
    nonce_of(nonce, row);
    plk_xaead_seal(row->proves, seal, nonce, plk_bytes(NULL, 0), plk_bytes(keys.of, sizeof keys.of));
    plk_mem_wipe(&keys, sizeof keys);
}

enum plk_err plk_proof_make(const struct plk_relay *relay, struct plk_queue_row *row) {
    struct keys keys;
    bool valid = memcmp(row->owner, row->sender, PLK_QUEUE_KEY_LEN) != 0 &&
                 make_key(relay, 0, row, PLK_QUEUE_OWNER, keys.of[0]) == PLK_ERR_OK &&
                 make_key(relay, 0, row, PLK_QUEUE_SENDER, keys.of[1]) == PLK_ERR_OK;
    if (valid) plk_proof_seal(row, relay->admit.seal[0], keys.of[0], keys.of[1]);
    plk_mem_wipe(&keys, sizeof keys);
    return valid ? PLK_ERR_OK : PLK_ERR_INVALID;
}

bool plk_proof_good(const struct plk_relay *relay, const struct plk_relay_client *client,
                    const struct plk_queue_record *attach, struct plk_queue_row *row, bool *made) {
    uint8_t proof[PLK_QUEUE_PROOF_LEN], rid[PLK_QUEUE_ID_LEN];
    struct keys keys = {{{0}}};
    bool owner = attach->attach.role == PLK_QUEUE_OWNER;
    unsigned which = client->which_static;
    uint8_t *key = keys.of[owner ? 0 : 1];
    plk_queue_key_rid(rid, row->owner);
    if (owner && memcmp(rid, attach->attach.id, sizeof rid) != 0) return false;
    bool kept = open_keys(relay, which, row, &keys);
    bool there = kept || make_key(relay, which, row, attach->attach.role, key) == PLK_ERR_OK;
    plk_queue_key_prove(proof, key, client->hash, attach->handle);
    bool good = there && plk_crypto_equal(proof, attach->attach.proof, sizeof proof);
    plk_mem_wipe(&keys, sizeof keys);
    *made = good && !kept && owner && which == 0 && plk_proof_make(relay, row) == PLK_ERR_OK;
    return good;
}
