// SPDX-License-Identifier: MIT
#include "contact/rekey_wire.h"

#include "contact/secret.h"

#define LABEL_HASH "PeerLink/1/contact/rekey-hash"
#define LABEL_VARIANT "PeerLink/1/contact/rekey"
#define LABEL_SEALED "PeerLink/1/contact/rekey-sealed"
#define LABEL_REQUEST "PeerLink/1/contact/rekey-request"
#define LABEL_REPLY "PeerLink/1/contact/rekey-reply"
#define LABEL_SECRET "PeerLink/1/contact/rekey-secret"
#define LABEL_ANSWER "PeerLink/1/contact/rekey-answer"

#define HEAD_LEN 13              // version, suite, min, max, counter u64, count
#define FRONT_LEN 37             // of a variant: number u32, ephemeral 32, empty KEM slot
#define REPLY_HEAD_LEN (16 + 33) // version .. counter, number; ephemeral, empty KEM slot
#define SEALED_MAX (PLK_REKEY_PAYLOAD_MAX + PLK_TAG_LEN)

#define ROW_VERSION 1

// ---- the request: version u8 | suite u8 | min u8 | max u8 | counter u64 | count u8 | count times {number u32 |
// ephemeral 32 | KEM ciphertext, length varint | nonce 24 | sealed, length varint}

void plk_rekey_head_write(struct plk_writer *w, const struct plk_rekey_request *q) {
    plk_writer_u8(w, q->version);
    plk_writer_u8(w, q->suite);
    plk_writer_u8(w, q->min);
    plk_writer_u8(w, q->max);
    plk_writer_u64(w, q->counter);
    plk_writer_u8(w, q->count);
}

static void write_front(struct plk_writer *w, const struct plk_rekey_variant *variant) {
    plk_writer_u32(w, variant->number);
    plk_writer_copy(w, variant->ephemeral, 32);
    plk_writer_u8(w, 0);
}

// A KEM ciphertext can only be there if we had offered a KEM key, which this build cannot.
static void read_variant(struct plk_reader *r, struct plk_rekey_variant *variant) {
    variant->number = plk_reader_u32(r);
    plk_reader_copy(r, variant->ephemeral, 32);
    if (plk_reader_u8(r) != 0) r->failed = true;
    variant->nonce = plk_reader_take(r, PLK_XNONCE_LEN);
    variant->sealed = plk_reader_sized(r, SEALED_MAX);
    if (variant->sealed.len < PLK_TAG_LEN) r->failed = true;
}

static enum plk_err judge_suite(uint8_t version, uint8_t suite) {
    if (version > PLK_VERSION_MAX || suite > PLK_SUITE) return PLK_ERR_TOO_NEW;
    return version >= PLK_VERSION_MIN && suite == PLK_SUITE ? PLK_ERR_OK : PLK_ERR_MALFORMED;
}

enum plk_err plk_rekey_request_read(struct plk_bytes bytes, struct plk_rekey_request *q) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_rekey_request read = {0};
    read.version = plk_reader_u8(&r);
    read.suite = plk_reader_u8(&r);
    read.min = plk_reader_u8(&r);
    read.max = plk_reader_u8(&r);
    read.counter = plk_reader_u64(&r);
    read.count = plk_reader_u8(&r);
    if (r.failed || bytes.len > PLK_REKEY_REQUEST_MAX) return PLK_ERR_MALFORMED;
    enum plk_err err = judge_suite(read.version, read.suite);
    if (err != PLK_ERR_OK) return err;
    if (read.count < 1 || read.count > PLK_REKEY_VARIANTS_MAX) return PLK_ERR_MALFORMED;
    for (size_t i = 0; i < read.count; i++) read_variant(&r, &read.variants[i]);
    if (!plk_reader_done(&r) || read.counter > PLK_RECOVERY_COUNTER_MAX) return PLK_ERR_MALFORMED;
    *q = read;
    return PLK_ERR_OK;
}

void plk_rekey_hash(uint8_t hash[32], struct plk_bytes request) {
    uint8_t full[PLK_HASH_LEN];
    const struct plk_bytes parts[2] = {plk_bytes_text(LABEL_HASH), request};
    plk_hash(full, parts, 2);
    memcpy(hash, full, 32);
}

// ---- keys of a variant

enum plk_err plk_rekey_agree_asking(struct plk_rekey_keys *keys, const struct plk_persona *me,
                                    const struct plk_recovery *recovery, const uint8_t ephemeral[32],
                                    const uint8_t reset_public[32]) {
    enum plk_err err = plk_dh(keys->dh[0], me->dh_secret, reset_public);
    if (err == PLK_ERR_OK) err = plk_dh(keys->dh[1], ephemeral, recovery->identity.dh);
    if (err == PLK_ERR_OK) err = plk_dh(keys->dh[2], ephemeral, reset_public);
    return err;
}

enum plk_err plk_rekey_agree_answering(struct plk_rekey_keys *keys, const struct plk_persona *me,
                                       const struct plk_recovery *recovery, const uint8_t ephemeral_public[32],
                                       const uint8_t reset[32]) {
    enum plk_err err = plk_dh(keys->dh[0], reset, recovery->identity.dh);
    if (err == PLK_ERR_OK) err = plk_dh(keys->dh[1], me->dh_secret, ephemeral_public);
    if (err == PLK_ERR_OK) err = plk_dh(keys->dh[2], reset, ephemeral_public);
    return err;
}

// The fronts of all variants are bound into each, so that none can be taken out on the way.
void plk_rekey_bind(struct plk_rekey_keys *keys, const uint8_t ids[2 * PLK_PEER_ID_LEN],
                    const struct plk_rekey_request *q, size_t index) {
    uint8_t said[HEAD_LEN + (PLK_REKEY_VARIANTS_MAX + 1) * FRONT_LEN];
    struct plk_writer w = plk_writer(said, sizeof said);
    plk_rekey_head_write(&w, q);
    for (size_t i = 0; i < q->count; i++) write_front(&w, &q->variants[i]);
    write_front(&w, &q->variants[index]);
    plk_assert(!w.failed);
    const struct plk_bytes parts[3] = {plk_bytes_text(LABEL_VARIANT), plk_bytes(ids, 2 * PLK_PEER_ID_LEN),
                                       plk_writer_bytes(&w)};
    plk_hash(keys->transcript, parts, 3);
}

void plk_rekey_bind_sealed(struct plk_rekey_keys *keys, const struct plk_rekey_variant *variant) {
    const struct plk_bytes parts[4] = {plk_bytes_text(LABEL_SEALED), plk_bytes(keys->transcript, PLK_HASH_LEN),
                                       variant->nonce, variant->sealed};
    plk_hash(keys->transcript, parts, 4);
}

static void request_key(uint8_t key[32], const struct plk_rekey_keys *keys, const uint8_t salt[32]) {
    plk_secret_derive(key, plk_bytes(salt, 32), plk_bytes(keys->dh, 96), LABEL_REQUEST, keys->transcript);
}

void plk_rekey_variant_seal(struct plk_writer *w, struct plk_rekey_variant *variant, struct plk_rekey_keys *keys,
                            const uint8_t salt[32], const uint8_t nonce[PLK_XNONCE_LEN], struct plk_bytes text) {
    uint8_t key[32];
    request_key(key, keys, salt);
    write_front(w, variant);
    plk_writer_copy(w, nonce, PLK_XNONCE_LEN);
    plk_writer_varint(w, text.len + PLK_TAG_LEN);
    uint8_t *sealed = plk_writer_skip(w, text.len + PLK_TAG_LEN);
    plk_assert(sealed != NULL);
    plk_xaead_seal(sealed, key, nonce, plk_bytes(keys->transcript, PLK_HASH_LEN), text);
    plk_mem_wipe(key, sizeof key);
}

enum plk_err plk_rekey_variant_open(const struct plk_rekey_variant *variant, struct plk_rekey_keys *keys,
                                    const uint8_t salt[32], uint8_t text[PLK_REKEY_PAYLOAD_MAX], size_t *text_len) {
    uint8_t key[32];
    request_key(key, keys, salt);
    enum plk_err err =
        plk_xaead_open(text, key, variant->nonce.at, plk_bytes(keys->transcript, PLK_HASH_LEN), variant->sealed);
    plk_mem_wipe(key, sizeof key);
    if (err != PLK_ERR_OK) return err;
    *text_len = variant->sealed.len - PLK_TAG_LEN;
    plk_rekey_bind_sealed(keys, variant);
    return PLK_ERR_OK;
}

// ---- the answer: version u8 | suite u8 | min u8 | max u8 | counter u64 | number u32 | ephemeral 32 | KEM ciphertext,
// length varint | nonce 24 | sealed

static void write_reply_head(struct plk_writer *w, const struct plk_rekey_reply *reply) {
    plk_writer_u8(w, reply->version);
    plk_writer_u8(w, reply->suite);
    plk_writer_u8(w, reply->min);
    plk_writer_u8(w, reply->max);
    plk_writer_u64(w, reply->counter);
    plk_writer_u32(w, reply->number);
    plk_writer_copy(w, reply->ephemeral, 32);
    plk_writer_u8(w, 0);
}

enum plk_err plk_rekey_reply_read(struct plk_bytes bytes, struct plk_rekey_reply *reply) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_rekey_reply read = {0};
    read.version = plk_reader_u8(&r);
    read.suite = plk_reader_u8(&r);
    read.min = plk_reader_u8(&r);
    read.max = plk_reader_u8(&r);
    read.counter = plk_reader_u64(&r);
    read.number = plk_reader_u32(&r);
    plk_reader_copy(&r, read.ephemeral, 32);
    uint8_t kem = plk_reader_u8(&r);
    read.nonce = plk_reader_take(&r, PLK_XNONCE_LEN);
    read.sealed = plk_reader_rest(&r);
    if (r.failed || bytes.len > PLK_REKEY_ANSWER_MAX) return PLK_ERR_MALFORMED;
    enum plk_err err = judge_suite(read.version, read.suite);
    if (err != PLK_ERR_OK) return err;
    if (kem != 0 || read.sealed.len < PLK_TAG_LEN || read.sealed.len > SEALED_MAX) return PLK_ERR_MALFORMED;
    *reply = read;
    return PLK_ERR_OK;
}

void plk_rekey_reply_finish(struct plk_rekey_keys *keys, const struct plk_rekey_reply *reply, const uint8_t salt[32],
                            uint8_t secret[32]) {
    uint8_t head[REPLY_HEAD_LEN];
    struct plk_writer w = plk_writer(head, sizeof head);
    write_reply_head(&w, reply);
    plk_assert(!w.failed);
    const struct plk_bytes parts[3] = {plk_bytes_text(LABEL_REPLY), plk_bytes(keys->transcript, PLK_HASH_LEN),
                                       plk_writer_bytes(&w)};
    plk_hash(keys->transcript, parts, 3);
    plk_secret_derive(secret, plk_bytes(salt, 32), plk_bytes(keys->dh, sizeof keys->dh), LABEL_SECRET,
                      keys->transcript);
}

void plk_rekey_reply_seal(struct plk_writer *w, const struct plk_rekey_reply *reply, const struct plk_rekey_keys *keys,
                          const uint8_t secret[32], const uint8_t nonce[PLK_XNONCE_LEN], struct plk_bytes text) {
    uint8_t key[32];
    plk_hkdf_label(key, sizeof key, plk_bytes(secret, 32), LABEL_ANSWER);
    write_reply_head(w, reply);
    plk_writer_copy(w, nonce, PLK_XNONCE_LEN);
    uint8_t *sealed = plk_writer_skip(w, text.len + PLK_TAG_LEN);
    plk_assert(sealed != NULL);
    plk_xaead_seal(sealed, key, nonce, plk_bytes(keys->transcript, PLK_HASH_LEN), text);
    plk_mem_wipe(key, sizeof key);
}

enum plk_err plk_rekey_reply_open(const struct plk_rekey_reply *reply, const struct plk_rekey_keys *keys,
                                  const uint8_t secret[32], uint8_t text[PLK_REKEY_PAYLOAD_MAX], size_t *text_len) {
    uint8_t key[32];
    plk_hkdf_label(key, sizeof key, plk_bytes(secret, 32), LABEL_ANSWER);
    enum plk_err err =
        plk_xaead_open(text, key, reply->nonce.at, plk_bytes(keys->transcript, PLK_HASH_LEN), reply->sealed);
    plk_mem_wipe(key, sizeof key);
    if (err == PLK_ERR_OK) *text_len = reply->sealed.len - PLK_TAG_LEN;
    return err;
}

// ---- the row of a pending request

void plk_rekey_pending_encode(struct plk_writer *w, const struct plk_rekey_pending *pending) {
    plk_writer_u8(w, ROW_VERSION);
    plk_writer_copy(w, pending->ephemeral, sizeof pending->ephemeral);
    plk_writer_u32(w, pending->reset.number);
    plk_writer_copy(w, pending->reset.key, 32);
    plk_writer_copy(w, pending->link_secret, 32);
    plk_writer_copy(w, pending->epoch, PLK_EPOCH_LEN);
    plk_writer_sized(w, plk_bytes(pending->request, pending->request_len));
}

enum plk_err plk_rekey_pending_decode(struct plk_bytes value, struct plk_rekey_pending *pending) {
    struct plk_reader r = plk_reader(value);
    struct plk_rekey_pending read = {0};
    struct plk_rekey_request q;
    if (plk_reader_u8(&r) != ROW_VERSION) r.failed = true;
    plk_reader_copy(&r, read.ephemeral, sizeof read.ephemeral);
    read.reset.number = plk_reader_u32(&r);
    plk_reader_copy(&r, read.reset.key, 32);
    plk_reader_copy(&r, read.link_secret, 32);
    plk_reader_copy(&r, read.epoch, PLK_EPOCH_LEN);
    struct plk_bytes request = plk_reader_sized(&r, PLK_REKEY_REQUEST_MAX);
    bool valid = plk_reader_done(&r) && plk_rekey_request_read(request, &q) == PLK_ERR_OK;
    if (valid) {
        memcpy(read.request, request.at, request.len);
        read.request_len = request.len;
        *pending = read;
    }
    plk_mem_wipe(&read, sizeof read);
    return valid ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}
