// SPDX-License-Identifier: MIT
#include "queue/key.h"

#define LABEL_RID "PeerLink/1/queue/rid"
#define LABEL_SID "PeerLink/1/queue/sid"
#define LABEL_ATTACH "PeerLink/1/queue/attach"
#define LABEL_WORK "PeerLink/1/queue/work"
#define LABEL_INVITE_SENDER "PeerLink/1/queue/invite-sender"
#define LABEL_INVITE_ENVELOPE "PeerLink/1/queue/invite-envelope"
#define LABEL_INVITE_CELL "PeerLink/1/queue/invite-cell"
#define LABEL_RECOVERY "PeerLink/1/queue/recovery"
#define LABEL_OWN_OWNER "PeerLink/1/queue/own-owner"
#define LABEL_OWN_SENDER "PeerLink/1/queue/own-sender"
#define LABEL_OWN_ENVELOPE "PeerLink/1/queue/own-envelope"

static void short_hash(uint8_t out[PLK_QUEUE_ID_LEN], const char *label, struct plk_bytes text) {
    uint8_t hash[PLK_HASH_LEN];
    const struct plk_bytes parts[] = {plk_bytes_text(label), text};
    plk_hash(hash, parts, 2);
    memcpy(out, hash, PLK_QUEUE_ID_LEN);
}

void plk_queue_key_rid(uint8_t rid[PLK_QUEUE_ID_LEN], const uint8_t owner_public[PLK_QUEUE_KEY_LEN]) {
    short_hash(rid, LABEL_RID, plk_bytes(owner_public, PLK_QUEUE_KEY_LEN));
}

void plk_queue_key_sid(uint8_t sid[PLK_QUEUE_ID_LEN], const uint8_t rid[PLK_QUEUE_ID_LEN]) {
    short_hash(sid, LABEL_SID, plk_bytes(rid, PLK_QUEUE_ID_LEN));
}

void plk_queue_key_invite(struct plk_queue_invite_keys *keys, const uint8_t psk[16]) {
    struct plk_bytes secret = plk_bytes(psk, 16);
    plk_hkdf_label(keys->sender, sizeof keys->sender, secret, LABEL_INVITE_SENDER);
    plk_hkdf_label(keys->envelope, sizeof keys->envelope, secret, LABEL_INVITE_ENVELOPE);
    plk_hkdf_label(keys->cell, sizeof keys->cell, secret, LABEL_INVITE_CELL);
}

void plk_queue_key_own(struct plk_queue_own_keys *keys, const uint8_t secret[PLK_QUEUE_KEY_LEN]) {
    struct plk_bytes from = plk_bytes(secret, PLK_QUEUE_KEY_LEN);
    plk_hkdf_label(keys->owner, sizeof keys->owner, from, LABEL_OWN_OWNER);
    plk_hkdf_label(keys->sender, sizeof keys->sender, from, LABEL_OWN_SENDER);
    plk_hkdf_label(keys->envelope, sizeof keys->envelope, from, LABEL_OWN_ENVELOPE);
}

void plk_queue_key_recovery(uint8_t secret[PLK_QUEUE_KEY_LEN], const uint8_t recovery[PLK_KEY_LEN],
                            const uint8_t owner_peer_id[PLK_PEER_ID_LEN], const uint8_t relay[PLK_KEY_LEN]) {
    uint8_t info[sizeof LABEL_RECOVERY - 1 + PLK_PEER_ID_LEN + PLK_KEY_LEN];
    struct plk_writer w = plk_writer(info, sizeof info);
    plk_writer_put(&w, plk_bytes_text(LABEL_RECOVERY));
    plk_writer_copy(&w, owner_peer_id, PLK_PEER_ID_LEN);
    plk_writer_copy(&w, relay, PLK_KEY_LEN);
    plk_hkdf(secret, PLK_QUEUE_KEY_LEN, plk_bytes(NULL, 0), plk_bytes(recovery, PLK_KEY_LEN), plk_writer_bytes(&w));
}

enum plk_err plk_queue_key_attach(uint8_t key[PLK_KEY_LEN], const uint8_t own_secret[PLK_QUEUE_KEY_LEN],
                                  const uint8_t peer_public[PLK_QUEUE_KEY_LEN], enum plk_queue_role role,
                                  const uint8_t id[PLK_QUEUE_ID_LEN]) {
    uint8_t shared[32];
    uint8_t info[sizeof LABEL_ATTACH + PLK_QUEUE_ID_LEN]; // the mark that ends the label is the role's place
    memset(key, 0, PLK_KEY_LEN);
    enum plk_err err = plk_dh(shared, own_secret, peer_public);
    if (err != PLK_ERR_OK) return err;
    struct plk_writer w = plk_writer(info, sizeof info);
    plk_writer_put(&w, plk_bytes_text(LABEL_ATTACH));
    plk_writer_u8(&w, (uint8_t)role);
    plk_writer_copy(&w, id, PLK_QUEUE_ID_LEN);
    plk_hkdf(key, PLK_KEY_LEN, plk_bytes(NULL, 0), plk_bytes(shared, sizeof shared), plk_writer_bytes(&w));
    plk_mem_wipe(shared, sizeof shared);
    return PLK_ERR_OK;
}

void plk_queue_key_prove(uint8_t proof[PLK_QUEUE_PROOF_LEN], const uint8_t key[PLK_KEY_LEN],
                         const uint8_t channel_hash[PLK_HASH_LEN], uint32_t handle) {
    uint8_t mac[PLK_HASH_LEN], number[4];
    struct plk_writer w = plk_writer(number, sizeof number);
    plk_writer_u32(&w, handle);
    const struct plk_bytes parts[] = {plk_bytes(channel_hash, PLK_HASH_LEN), plk_writer_bytes(&w)};
    plk_hmac(mac, plk_bytes(key, PLK_KEY_LEN), parts, 2);
    memcpy(proof, mac, PLK_QUEUE_PROOF_LEN);
    plk_mem_wipe(mac, sizeof mac);
}

enum plk_err plk_queue_key_proof(uint8_t proof[PLK_QUEUE_PROOF_LEN], const uint8_t own_secret[PLK_QUEUE_KEY_LEN],
                                 const uint8_t peer_public[PLK_QUEUE_KEY_LEN], enum plk_queue_role role,
                                 const uint8_t id[PLK_QUEUE_ID_LEN], const uint8_t channel_hash[PLK_HASH_LEN],
                                 uint32_t handle) {
    uint8_t key[PLK_KEY_LEN];
    memset(proof, 0, PLK_QUEUE_PROOF_LEN);
    enum plk_err err = plk_queue_key_attach(key, own_secret, peer_public, role, id);
    if (err == PLK_ERR_OK) plk_queue_key_prove(proof, key, channel_hash, handle);
    plk_mem_wipe(key, sizeof key);
    return err;
}

unsigned plk_queue_key_work(const uint8_t rid[PLK_QUEUE_ID_LEN], uint32_t day, uint64_t nonce) {
    uint8_t hash[PLK_HASH_LEN], numbers[12];
    struct plk_writer w = plk_writer(numbers, sizeof numbers);
    plk_writer_u32(&w, day);
    plk_writer_u64(&w, nonce);
    const struct plk_bytes parts[] = {plk_bytes_text(LABEL_WORK), plk_bytes(rid, PLK_QUEUE_ID_LEN),
                                      plk_writer_bytes(&w)};
    plk_hash(hash, parts, 3);
    unsigned bits = 0;
    while (bits < PLK_QUEUE_WORK_BITS_MAX && (hash[bits / 8] & (0x80u >> bits % 8)) == 0) bits++;
    return bits;
}
