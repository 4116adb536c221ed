// SPDX-License-Identifier: MIT
#include "contact/first.h"

#include "contact/secret.h"

#define LABEL_TRANSCRIPT "PeerLink/1/contact/first"
#define LABEL_JOINER "PeerLink/1/contact/first-joiner"
#define LABEL_IDENTITY "PeerLink/1/contact/first-identity"
#define LABEL_SECRET "PeerLink/1/contact/first-secret"
#define LABEL_BLOB "PeerLink/1/contact/blob"
#define LABEL_ACCEPTANCE "PeerLink/1/contact/acceptance"

#define KEM_TEXT_LEN 1088 // an ML-KEM-768 ciphertext
#define SEALED_LEN (PLK_IDENTITY_LEN + PLK_TAG_LEN)
#define HEAD_LEN (4 + 32 + 32 + 1) // version, suite, min, max; bundle hash; ephemeral; empty KEM slot
#define FRONT_LEN (HEAD_LEN + PLK_XNONCE_LEN + SEALED_LEN)
#define PAYLOAD_ROOM 66560 // of any payload: what is over PLK_PAYLOAD_MAX is found after writing

// A blob, taken apart; all borrowed.
struct parts {
    uint8_t version, suite, min, max;
    struct plk_bytes bundle_hash, ephemeral, kem;
    struct plk_bytes head; // all of the above
    struct plk_bytes nonce, sealed, message;
};

// The secrets on the way. dh: DH(IKb,EKa), DH(eb,IKa), DH(eb,EKa), in this order.
struct exchange {
    uint8_t dh[3][32];
    uint8_t transcript[PLK_HASH_LEN];
};

void plk_first_hash(uint8_t hash[PLK_FIRST_HASH_LEN], struct plk_bytes blob) {
    uint8_t full[PLK_HASH_LEN];
    const struct plk_bytes parts[2] = {plk_bytes_text(LABEL_BLOB), blob};
    plk_hash(full, parts, 2);
    memcpy(hash, full, PLK_FIRST_HASH_LEN);
}

// Everything both sides have said in clear: the inviter's signed bundle and the blob's head, versions of both included.
static void bind_head(struct exchange *x, struct plk_bytes bundle, struct plk_bytes head) {
    const struct plk_bytes parts[3] = {plk_bytes_text(LABEL_TRANSCRIPT), bundle, head};
    plk_hash(x->transcript, parts, 3);
}

static void bind_joiner(struct exchange *x, struct plk_bytes nonce, struct plk_bytes sealed) {
    const struct plk_bytes parts[4] = {plk_bytes_text(LABEL_JOINER), plk_bytes(x->transcript, PLK_HASH_LEN), nonce,
                                       sealed};
    plk_hash(x->transcript, parts, 4);
}

// The key that hides the joiner's identity: from the ephemeral only, since the identity is not known yet.
static void identity_key(uint8_t key[32], const struct exchange *x, const uint8_t psk[16]) {
    plk_secret_derive(key, plk_bytes(psk, 16), plk_bytes(x->dh[1], 64), LABEL_IDENTITY, x->transcript);
}

static void finish(const struct exchange *x, const uint8_t psk[16], struct plk_first *first, uint8_t ratchet[32]) {
    uint8_t secret[PLK_SECRET_LEN];
    plk_secret_derive(secret, plk_bytes(psk, 16), plk_bytes(x->dh, 96), LABEL_SECRET, x->transcript);
    plk_secret_spread(secret, first, ratchet);
    plk_mem_wipe(secret, sizeof secret);
}

// ---- the joiner

static enum plk_err agree_joiner(struct exchange *x, const struct plk_persona *me, const uint8_t ephemeral[32],
                                 const struct plk_bundle *bundle) {
    enum plk_err err = plk_dh(x->dh[0], me->dh_secret, bundle->prekey);
    if (err == PLK_ERR_OK) err = plk_dh(x->dh[1], ephemeral, bundle->identity.dh);
    if (err == PLK_ERR_OK) err = plk_dh(x->dh[2], ephemeral, bundle->prekey);
    return err;
}

// All of the blob before message 0.
static void write_front(struct plk_writer *w, struct plk_rng *rng, struct exchange *x, const struct plk_persona *me,
                        const uint8_t psk[16], const uint8_t ephemeral[32], uint8_t version, struct plk_bytes bundle) {
    uint8_t hash[32], public[32], nonce[PLK_XNONCE_LEN], key[32], identity[PLK_IDENTITY_LEN];
    const uint8_t said[4] = {version, PLK_SUITE, PLK_VERSION_MIN, PLK_VERSION_MAX};
    plk_persona_bundle_hash(hash, bundle);
    plk_dh_public(public, ephemeral);
    plk_writer_copy(w, said, sizeof said);
    plk_writer_copy(w, hash, sizeof hash);
    plk_writer_copy(w, public, sizeof public);
    plk_writer_sized(w, plk_bytes(NULL, 0));
    bind_head(x, bundle, plk_writer_bytes(w));

    plk_rng_bytes(rng, nonce, sizeof nonce);
    plk_identity_encode(identity, &me->identity);
    identity_key(key, x, psk);
    plk_writer_copy(w, nonce, sizeof nonce);
    uint8_t *sealed = plk_writer_skip(w, SEALED_LEN);
    plk_assert(sealed != NULL);
    plk_xaead_seal(sealed, key, nonce, plk_bytes(x->transcript, PLK_HASH_LEN), plk_bytes(identity, sizeof identity));
    bind_joiner(x, plk_bytes(nonce, sizeof nonce), plk_bytes(sealed, SEALED_LEN));
    plk_mem_wipe(key, sizeof key);
}

// Encodes a payload and seals it as the next ratchet message behind front.
static enum plk_err seal_payload(struct plk_mem *mem, struct plk_rng *rng, struct plk_ratchet *ratchet,
                                 struct plk_bytes ad, struct plk_bytes front, const struct plk_payload *payload,
                                 struct plk_buf *out, struct plk_ratchet_place *place) {
    uint8_t *text = plk_mem_take(mem, PAYLOAD_ROOM);
    struct plk_writer w = plk_writer(text, PAYLOAD_ROOM);
    plk_payload_encode(&w, payload);
    enum plk_err err = w.len <= PLK_PAYLOAD_MAX ? PLK_ERR_OK : PLK_ERR_TOO_LONG;
    if (err == PLK_ERR_OK) {
        plk_buf_put(mem, out, front);
        uint8_t *sealed = plk_buf_room(mem, out, w.len + PLK_RATCHET_OVERHEAD);
        err = plk_ratchet_encrypt(ratchet, rng, ad, plk_writer_bytes(&w), sealed, place);
        if (err != PLK_ERR_OK) plk_buf_free(mem, out);
    }
    plk_mem_give(mem, text);
    return err;
}

static enum plk_err judge_bundle(struct plk_bytes bytes, const struct plk_persona *me, struct plk_bundle *bundle,
                                 uint8_t *version) {
    enum plk_err err = plk_bundle_decode(bytes, bundle, NULL);
    if (err != PLK_ERR_OK) return err;
    if (memcmp(&bundle->identity, &me->identity, sizeof me->identity) == 0) return PLK_ERR_SELF;
    return plk_version_meet(bundle->min, bundle->max, version);
}

enum plk_err plk_first_make(struct plk_mem *mem, struct plk_rng *rng, const struct plk_persona *me,
                            const uint8_t psk[16], struct plk_bytes bundle, const struct plk_payload *payload,
                            struct plk_buf *blob, struct plk_first *first) {
    struct exchange x;
    struct plk_first made;
    struct plk_bundle theirs;
    struct plk_ratchet_place place;
    uint8_t ephemeral[32], ratchet[32] = {0}, front[FRONT_LEN], version;
    plk_assert(blob->len == 0);
    plk_rng_bytes(rng, ephemeral, sizeof ephemeral);
    enum plk_err err = judge_bundle(bundle, me, &theirs, &version);
    if (err == PLK_ERR_OK) err = agree_joiner(&x, me, ephemeral, &theirs);
    if (err != PLK_ERR_OK) goto out;

    struct plk_writer w = plk_writer(front, sizeof front);
    write_front(&w, rng, &x, me, psk, ephemeral, version, bundle);
    finish(&x, psk, &made, ratchet);
    err = plk_ratchet_init_initiator(&made.ratchet, plk_bytes(ratchet, 32), theirs.prekey);
    if (err != PLK_ERR_OK) goto out;
    err = seal_payload(mem, rng, &made.ratchet, plk_bytes(x.transcript, PLK_HASH_LEN), plk_writer_bytes(&w), payload,
                       blob, &place);
    if (err == PLK_ERR_OK) *first = made;
out:
    plk_mem_wipe(&x, sizeof x);
    plk_mem_wipe(&made, sizeof made);
    plk_mem_wipe(ephemeral, sizeof ephemeral);
    plk_mem_wipe(ratchet, sizeof ratchet);
    return err;
}

// ---- the inviter

static enum plk_err split_blob(struct plk_bytes blob, struct parts *p) {
    struct plk_reader r = plk_reader(blob);
    p->version = plk_reader_u8(&r);
    p->suite = plk_reader_u8(&r);
    p->min = plk_reader_u8(&r);
    p->max = plk_reader_u8(&r);
    p->bundle_hash = plk_reader_take(&r, 32);
    p->ephemeral = plk_reader_take(&r, 32);
    p->kem = plk_reader_sized(&r, KEM_TEXT_LEN);
    p->head = plk_bytes(blob.at, blob.len - r.left);
    p->nonce = plk_reader_take(&r, PLK_XNONCE_LEN);
    p->sealed = plk_reader_take(&r, SEALED_LEN);
    p->message = plk_reader_rest(&r);
    if (r.failed || blob.len > PLK_FIRST_BLOB_MAX) return PLK_ERR_MALFORMED;
    if (p->suite > PLK_SUITE) return PLK_ERR_TOO_NEW;
    return p->suite == PLK_SUITE ? PLK_ERR_OK : PLK_ERR_MALFORMED;
}

enum plk_err plk_first_names(struct plk_bytes blob, uint8_t bundle_hash[32]) {
    struct parts p;
    enum plk_err err = split_blob(blob, &p);
    if (err == PLK_ERR_OK) memcpy(bundle_hash, p.bundle_hash.at, 32);
    return err;
}

enum plk_first_choice plk_first_decide(const uint8_t mine[PLK_PEER_ID_LEN], const uint8_t theirs[PLK_PEER_ID_LEN],
                                       bool joining) {
    if (!joining) return PLK_FIRST_ACCEPT;
    return memcmp(mine, theirs, PLK_PEER_ID_LEN) < 0 ? PLK_FIRST_INSIST : PLK_FIRST_ACCEPT_AND_DROP;
}

// The version that the joiner chose must be the highest that both have said they speak.
static enum plk_err judge_version(const struct parts *p, struct plk_bytes bundle) {
    struct plk_bundle own;
    uint8_t version;
    enum plk_err err = plk_version_meet(p->min, p->max, &version);
    if (err != PLK_ERR_OK) return err;
    err = plk_bundle_decode(bundle, &own, NULL);
    plk_assert(err == PLK_ERR_OK); // the caller's own
    if (p->version != (own.max < p->max ? own.max : p->max) || p->version < p->min) return PLK_ERR_MALFORMED;
    if (p->version < PLK_VERSION_MIN) return PLK_ERR_TOO_OLD;
    if (p->version > PLK_VERSION_MAX) return PLK_ERR_TOO_NEW; // promised by a newer build, before a step back
    return p->kem.len == 0 ? PLK_ERR_OK : PLK_ERR_UNSUPPORTED;
}

// Learns who the joiner is, and with that the last DH.
static enum plk_err agree_inviter(struct exchange *x, const struct plk_persona *me, const uint8_t psk[16],
                                  const uint8_t prekey[32], struct plk_bytes bundle, const struct parts *p,
                                  struct plk_identity *joiner) {
    uint8_t key[32], identity[PLK_IDENTITY_LEN];
    bind_head(x, bundle, p->head);
    enum plk_err err = plk_dh(x->dh[1], me->dh_secret, p->ephemeral.at);
    if (err == PLK_ERR_OK) err = plk_dh(x->dh[2], prekey, p->ephemeral.at);
    if (err != PLK_ERR_OK) return err;
    identity_key(key, x, psk);
    err = plk_xaead_open(identity, key, p->nonce.at, plk_bytes(x->transcript, PLK_HASH_LEN), p->sealed);
    plk_mem_wipe(key, sizeof key);
    if (err == PLK_ERR_OK) err = plk_identity_decode(plk_bytes(identity, sizeof identity), joiner);
    if (err == PLK_ERR_OK) err = plk_dh(x->dh[0], prekey, joiner->dh);
    if (err == PLK_ERR_OK) bind_joiner(x, p->nonce, p->sealed);
    return err;
}

// Opens the first message of a chain of the peer's and decodes it. Nothing may have been skipped before it.
static enum plk_err open_payload(struct plk_mem *mem, struct plk_ratchet *ratchet, uint64_t now_ms, struct plk_bytes ad,
                                 struct plk_bytes sealed, struct plk_buf *text, struct plk_payload *payload,
                                 struct plk_ratchet_place *place) {
    struct plk_ratchet work = *ratchet;
    struct plk_skipped skipped;
    struct plk_ratchet_got got;
    struct plk_payload read;
    plk_assert(text->len == 0);
    plk_skipped_init(&skipped, mem);
    if (sealed.len > PLK_RATCHET_OVERHEAD) plk_buf_room(mem, text, sealed.len - PLK_RATCHET_OVERHEAD);
    enum plk_err err = plk_ratchet_decrypt(&work, &skipped, now_ms, ad, sealed, text->at, &got);
    if (err == PLK_ERR_OK && (got.place.n != 0 || skipped.count != 0)) err = PLK_ERR_MALFORMED;
    if (err == PLK_ERR_OK) {
        text->len = got.text_len;
        err = plk_payload_decode(plk_buf_bytes(text), &read);
    }
    if (err == PLK_ERR_OK) {
        *ratchet = work;
        *payload = read;
        *place = got.place;
    } else {
        plk_buf_free(mem, text);
    }
    plk_skipped_free(&skipped);
    plk_mem_wipe(&work, sizeof work);
    return err;
}

// A message 0 that cannot be opened is, to the inviter, a blob that was not made for it.
static enum plk_err as_first(enum plk_err err) {
    bool plain = err == PLK_ERR_OK || err == PLK_ERR_MALFORMED || err == PLK_ERR_TOO_NEW || err == PLK_ERR_UNSUPPORTED;
    return plain ? err : PLK_ERR_FORGED;
}

enum plk_err plk_first_open(struct plk_mem *mem, const struct plk_persona *me, const uint8_t psk[16],
                            const uint8_t prekey[32], struct plk_bytes bundle, uint64_t now_ms, struct plk_bytes blob,
                            struct plk_first_opened *opened) {
    struct plk_first_opened made = {0};
    struct exchange x;
    struct parts p;
    struct plk_ratchet_place place;
    uint8_t ratchet[32] = {0}, hash[32];
    enum plk_err err = split_blob(blob, &p);
    if (err == PLK_ERR_OK) err = judge_version(&p, bundle);
    if (err != PLK_ERR_OK) return err;
    plk_persona_bundle_hash(hash, bundle);
    if (memcmp(hash, p.bundle_hash.at, sizeof hash) != 0) return PLK_ERR_FORGED;

    err = agree_inviter(&x, me, psk, prekey, bundle, &p, &made.identity);
    if (err != PLK_ERR_OK) goto out;
    if (memcmp(&made.identity, &me->identity, sizeof me->identity) == 0) {
        err = PLK_ERR_SELF;
        goto out;
    }
    finish(&x, psk, &made.first, ratchet);
    plk_persona_peer_id(made.peer_id, &made.identity);
    plk_ratchet_init_responder(&made.first.ratchet, plk_bytes(ratchet, 32), prekey);
    err = as_first(open_payload(mem, &made.first.ratchet, now_ms, plk_bytes(x.transcript, PLK_HASH_LEN), p.message,
                                &made.text, &made.payload, &place));
    if (err == PLK_ERR_OK) *opened = made;
out:
    plk_mem_wipe(&x, sizeof x);
    plk_mem_wipe(&made, sizeof made);
    plk_mem_wipe(ratchet, sizeof ratchet);
    return err;
}

void plk_first_opened_free(struct plk_mem *mem, struct plk_first_opened *opened) {
    plk_buf_free(mem, &opened->text);
    plk_mem_wipe(opened, sizeof *opened);
}

// ---- the acceptance

#define ACCEPTANCE_AD_LEN (sizeof LABEL_ACCEPTANCE - 1 + PLK_FIRST_HASH_LEN)

static struct plk_bytes acceptance_ad(uint8_t ad[ACCEPTANCE_AD_LEN], const uint8_t blob_hash[PLK_FIRST_HASH_LEN]) {
    memcpy(ad, LABEL_ACCEPTANCE, sizeof LABEL_ACCEPTANCE - 1);
    memcpy(ad + sizeof LABEL_ACCEPTANCE - 1, blob_hash, PLK_FIRST_HASH_LEN);
    return plk_bytes(ad, ACCEPTANCE_AD_LEN);
}

enum plk_err plk_first_accept(struct plk_mem *mem, struct plk_rng *rng, struct plk_ratchet *ratchet,
                              const uint8_t blob_hash[PLK_FIRST_HASH_LEN], const struct plk_payload *payload,
                              struct plk_buf *acceptance, struct plk_ratchet_place *place) {
    uint8_t ad[ACCEPTANCE_AD_LEN];
    plk_assert(acceptance->len == 0);
    return seal_payload(mem, rng, ratchet, acceptance_ad(ad, blob_hash), plk_bytes(NULL, 0), payload, acceptance,
                        place);
}

enum plk_err plk_first_read_acceptance(struct plk_mem *mem, struct plk_ratchet *ratchet,
                                       const uint8_t blob_hash[PLK_FIRST_HASH_LEN], uint64_t now_ms,
                                       struct plk_bytes acceptance, struct plk_buf *text, struct plk_payload *payload,
                                       struct plk_ratchet_place *place) {
    uint8_t ad[ACCEPTANCE_AD_LEN];
    return open_payload(mem, ratchet, now_ms, acceptance_ad(ad, blob_hash), acceptance, text, payload, place);
}
