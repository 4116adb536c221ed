// SPDX-License-Identifier: MIT
// Asking and answering. Formats and keys are rekey_wire.c.
#include "contact/rekey.h"

#include "contact/rekey_wire.h"
#include "contact/secret.h"

enum plk_rekey_choice plk_rekey_decide(const uint8_t mine[PLK_PEER_ID_LEN], const uint8_t theirs[PLK_PEER_ID_LEN],
                                       bool has_pending) {
    if (!has_pending) return PLK_REKEY_ANSWER;
    return memcmp(mine, theirs, PLK_PEER_ID_LEN) < 0 ? PLK_REKEY_INSIST : PLK_REKEY_ANSWER_AND_DROP;
}

bool plk_rekey_heard(struct plk_recovery *recovery, uint64_t counter) {
    // Below our own there was no reason to refuse; far above, no next one would be left.
    if (counter < recovery->sent || counter > PLK_RECOVERY_COUNTER_MAX / 2) return false;
    recovery->sent = counter;
    return true;
}

// What may be told in a re-key: no text, nothing of mail.
static size_t encode_payload(const struct plk_payload *mine, uint8_t text[PLK_REKEY_PAYLOAD_MAX]) {
    struct plk_writer w = plk_writer(text, PLK_REKEY_PAYLOAD_MAX);
    plk_assert(mine->envelope_count == 0 && mine->ack.len == 0 && mine->name.len == 0 && mine->about.len == 0);
    plk_payload_encode(&w, mine);
    return w.len;
}

static enum plk_err decode_payload(struct plk_bytes text, struct plk_payload *theirs) {
    struct plk_payload read;
    enum plk_err err = plk_payload_decode(text, &read);
    if (err == PLK_ERR_OK && (read.envelope_count > 0 || read.ack.len > 0)) err = PLK_ERR_MALFORMED;
    if (err == PLK_ERR_OK) *theirs = read;
    return err;
}

// Their device, reset key and, with them, the count of lines: what both ends of a re-key learn.
static void learn(struct plk_recovery *recovery, const struct plk_payload *theirs, struct plk_rekey_done *done) {
    static const uint8_t unknown[PLK_DEVICE_LEN];
    bool known = memcmp(recovery->device, unknown, PLK_DEVICE_LEN) != 0;
    bool other = memcmp(recovery->device, theirs->device, PLK_DEVICE_LEN) != 0;
    done->moved = known && other;
    // The same device names it in each of its re-keys: then it is not the one known so far that is replaced.
    if (other && theirs->has_replaces && memcmp(theirs->replaces, theirs->device, PLK_DEVICE_LEN) != 0) {
        plk_recovery_replace(recovery, theirs->replaces); // a device we never met, replaced in its turn
    }
    plk_recovery_replace(recovery, theirs->device);
    if (theirs->has_reset) (void)plk_recovery_learn(recovery, &theirs->reset); // an older one is no news
    recovery->lines++;
}

// ---- asking

static enum plk_err ask_variants(const struct plk_persona *me, const struct plk_recovery *recovery, struct plk_rng *rng,
                                 struct plk_bytes payload, struct plk_rekey_request *q,
                                 struct plk_rekey_pending *made) {
    uint8_t ids[2 * PLK_PEER_ID_LEN], nonce[PLK_XNONCE_LEN];
    memcpy(ids, me->peer_id, PLK_PEER_ID_LEN);
    plk_persona_peer_id(ids + PLK_PEER_ID_LEN, &recovery->identity);
    struct plk_writer w = plk_writer(made->request, sizeof made->request);
    plk_rekey_head_write(&w, q);
    for (size_t i = 0; i < q->count; i++) {
        struct plk_rekey_keys keys;
        const uint8_t *theirs = q->variants[i].number == 0 ? recovery->identity.dh : recovery->reset.key;
        enum plk_err err = plk_rekey_agree_asking(&keys, me, recovery, made->ephemeral[i], theirs);
        if (err == PLK_ERR_OK) {
            plk_rng_bytes(rng, nonce, sizeof nonce);
            plk_rekey_bind(&keys, ids, q, i);
            plk_rekey_variant_seal(&w, &q->variants[i], &keys, recovery->secret, nonce, payload);
        }
        plk_mem_wipe(&keys, sizeof keys);
        if (err != PLK_ERR_OK) return err;
    }
    plk_assert(!w.failed);
    made->request_len = w.len;
    return PLK_ERR_OK;
}

enum plk_err plk_rekey_ask(const struct plk_persona *me, struct plk_recovery *recovery, struct plk_rng *rng,
                           uint64_t now_ms, const struct plk_payload *mine, const uint8_t link_secret[32],
                           struct plk_rekey_pending *pending) {
    uint8_t text[PLK_REKEY_PAYLOAD_MAX];
    struct plk_rekey_pending made = {0};
    struct plk_rekey_request q = {.version = PLK_VERSION_MIN, .suite = PLK_SUITE, .min = PLK_VERSION_MIN};
    size_t text_len = encode_payload(mine, text);
    q.max = PLK_VERSION_MAX;
    q.counter = now_ms > recovery->sent ? now_ms : recovery->sent + 1;
    if (q.counter > PLK_RECOVERY_COUNTER_MAX) return PLK_ERR_LIMIT;
    if (recovery->reset.number != 0) q.variants[q.count++].number = recovery->reset.number;
    q.variants[q.count++].number = 0;
    for (size_t i = 0; i < q.count; i++) {
        plk_rng_bytes(rng, made.ephemeral[i], 32);
        plk_dh_public(q.variants[i].ephemeral, made.ephemeral[i]);
    }
    made.reset = recovery->reset;
    memcpy(made.link_secret, link_secret, 32);
    memcpy(made.epoch, mine->epoch, PLK_EPOCH_LEN);
    enum plk_err err = ask_variants(me, recovery, rng, plk_bytes(text, text_len), &q, &made);
    if (err == PLK_ERR_OK) {
        recovery->sent = q.counter;
        *pending = made;
    }
    plk_mem_wipe(&made, sizeof made);
    plk_mem_wipe(text, sizeof text);
    return err;
}

// ---- answering

static enum plk_err judge_request(const struct plk_recovery *recovery, const struct plk_rekey_request *q,
                                  const uint8_t hash[32], uint8_t *version) {
    enum plk_err err = plk_version_meet(q->min, q->max, version);
    if (err != PLK_ERR_OK) return err;
    if (q->counter == recovery->seen && memcmp(hash, recovery->seen_hash, 32) == 0) return PLK_ERR_REPLAYED;
    return q->counter > recovery->seen ? PLK_ERR_OK : PLK_ERR_STALE;
}

// Tries one variant with the own key it names.
static enum plk_err open_variant(const struct plk_persona *me, const struct plk_recovery *recovery,
                                 const struct plk_rekey_request *q, size_t index, struct plk_rekey_opened *made,
                                 size_t *text_len) {
    const struct plk_rekey_variant *variant = &q->variants[index];
    struct plk_rekey_keys keys;
    uint8_t reset[32] = {0}, ids[2 * PLK_PEER_ID_LEN];
    plk_persona_peer_id(ids, &recovery->identity);
    memcpy(ids + PLK_PEER_ID_LEN, me->peer_id, PLK_PEER_ID_LEN);
    enum plk_err err = plk_recovery_reset_secret(recovery, me, variant->number, reset);
    if (err == PLK_ERR_OK) err = plk_rekey_agree_answering(&keys, me, recovery, variant->ephemeral, reset);
    if (err == PLK_ERR_OK) {
        plk_rekey_bind(&keys, ids, q, index);
        err = plk_rekey_variant_open(variant, &keys, recovery->secret, made->text, text_len);
    }
    if (err == PLK_ERR_OK) {
        made->number = variant->number;
        memcpy(made->ephemeral, variant->ephemeral, 32);
        memcpy(made->shared, keys.dh, sizeof made->shared);
        memcpy(made->transcript, keys.transcript, sizeof made->transcript);
    }
    plk_mem_wipe(&keys, sizeof keys);
    plk_mem_wipe(reset, sizeof reset);
    return err;
}

enum plk_err plk_rekey_open(const struct plk_persona *me, const struct plk_recovery *recovery, struct plk_bytes request,
                            struct plk_rekey_opened *opened) {
    struct plk_rekey_request q;
    size_t text_len = 0;
    memset(opened, 0, sizeof *opened);
    enum plk_err err = plk_rekey_request_read(request, &q);
    if (err != PLK_ERR_OK) return err;
    plk_rekey_hash(opened->hash, request);
    err = judge_request(recovery, &q, opened->hash, &opened->version);
    if (err != PLK_ERR_OK) return err;
    opened->counter = q.counter;
    err = PLK_ERR_FORGED;
    for (size_t i = 0; i < q.count && err != PLK_ERR_OK; i++) {
        err = open_variant(me, recovery, &q, i, opened, &text_len) == PLK_ERR_OK ? PLK_ERR_OK : PLK_ERR_FORGED;
    }
    if (err == PLK_ERR_OK) err = decode_payload(plk_bytes(opened->text, text_len), &opened->payload);
    if (err == PLK_ERR_OK && plk_recovery_is_refused(recovery, opened->payload.device)) err = PLK_ERR_MOVED;
    if (err == PLK_ERR_OK || err == PLK_ERR_MOVED) return err;
    plk_mem_wipe(opened, sizeof *opened);
    return err;
}

enum plk_err plk_rekey_answer(struct plk_recovery *recovery, struct plk_rng *rng, const struct plk_rekey_opened *opened,
                              const struct plk_payload *mine, uint8_t answer[PLK_REKEY_ANSWER_MAX], size_t *answer_len,
                              struct plk_rekey_done *done) {
    uint8_t text[PLK_REKEY_PAYLOAD_MAX], ephemeral[32], nonce[PLK_XNONCE_LEN], ratchet[32] = {0}, secret[32] = {0};
    struct plk_rekey_done made = {0};
    struct plk_rekey_keys keys = {0};
    struct plk_rekey_reply reply = {.version = opened->version,
                                    .suite = PLK_SUITE,
                                    .min = PLK_VERSION_MIN,
                                    .max = PLK_VERSION_MAX,
                                    .counter = opened->counter,
                                    .number = opened->number};
    size_t text_len = encode_payload(mine, text);
    plk_rng_bytes(rng, ephemeral, sizeof ephemeral);
    plk_rng_bytes(rng, nonce, sizeof nonce);
    plk_dh_public(reply.ephemeral, ephemeral);
    memcpy(keys.dh, opened->shared, sizeof opened->shared);
    memcpy(keys.transcript, opened->transcript, sizeof keys.transcript);
    enum plk_err err = plk_dh(keys.dh[3], ephemeral, opened->ephemeral);
    if (err == PLK_ERR_OK) err = plk_dh(keys.dh[4], ephemeral, recovery->identity.dh);
    if (err != PLK_ERR_OK) goto out;

    struct plk_writer w = plk_writer(answer, PLK_REKEY_ANSWER_MAX);
    plk_rekey_reply_finish(&keys, &reply, recovery->secret, secret);
    plk_rekey_reply_seal(&w, &reply, &keys, secret, nonce, plk_bytes(text, text_len));
    plk_assert(!w.failed);
    *answer_len = w.len;
    plk_secret_spread(secret, &made.first, ratchet);
    plk_ratchet_init_responder(&made.first.ratchet, plk_bytes(ratchet, 32), ephemeral);
    memcpy(made.first.recovery, recovery->secret, 32);
    learn(recovery, &opened->payload, &made);
    recovery->seen = opened->counter;
    memcpy(recovery->seen_hash, opened->hash, 32);
    *done = made;
out:
    plk_mem_wipe(text, sizeof text);
    plk_mem_wipe(ephemeral, sizeof ephemeral);
    plk_mem_wipe(ratchet, sizeof ratchet);
    plk_mem_wipe(secret, sizeof secret);
    plk_mem_wipe(&keys, sizeof keys);
    plk_mem_wipe(&made, sizeof made);
    return err;
}

// ---- the answer comes

// The variant of one's own request that an answer speaks of.
static bool find_variant(const struct plk_rekey_request *q, uint32_t number, size_t *index) {
    for (*index = 0; *index < q->count; ++*index) {
        if (q->variants[*index].number == number) return true;
    }
    return false;
}

static enum plk_err judge_reply(const struct plk_rekey_request *q, const struct plk_rekey_reply *reply, size_t *index) {
    uint8_t version;
    enum plk_err err = plk_version_meet(reply->min, reply->max, &version);
    if (err != PLK_ERR_OK) return err;
    if (reply->counter != q->counter) return PLK_ERR_STALE;
    if (reply->version != version || !find_variant(q, reply->number, index)) return PLK_ERR_MALFORMED;
    return PLK_ERR_OK;
}

// All that the answerer had when it made the answer.
static enum plk_err agree_finish(struct plk_rekey_keys *keys, const struct plk_persona *me,
                                 const struct plk_recovery *recovery, const struct plk_rekey_pending *pending,
                                 const struct plk_rekey_request *q, size_t index, const uint8_t their_ephemeral[32]) {
    // Of the reset key that was asked with: a newer one may have come since.
    const uint8_t *theirs = q->variants[index].number == 0 ? recovery->identity.dh : pending->reset.key;
    uint8_t ids[2 * PLK_PEER_ID_LEN];
    memcpy(ids, me->peer_id, PLK_PEER_ID_LEN);
    plk_persona_peer_id(ids + PLK_PEER_ID_LEN, &recovery->identity);
    enum plk_err err = plk_rekey_agree_asking(keys, me, recovery, pending->ephemeral[index], theirs);
    if (err == PLK_ERR_OK) err = plk_dh(keys->dh[3], pending->ephemeral[index], their_ephemeral);
    if (err == PLK_ERR_OK) err = plk_dh(keys->dh[4], me->dh_secret, their_ephemeral);
    if (err != PLK_ERR_OK) return err;
    plk_rekey_bind(keys, ids, q, index);
    plk_rekey_bind_sealed(keys, &q->variants[index]);
    return PLK_ERR_OK;
}

enum plk_err plk_rekey_finish(const struct plk_persona *me, struct plk_recovery *recovery,
                              const struct plk_rekey_pending *pending, struct plk_bytes answer,
                              uint8_t text[PLK_REKEY_PAYLOAD_MAX], struct plk_payload *theirs,
                              struct plk_rekey_done *done) {
    struct plk_rekey_request q;
    struct plk_rekey_reply reply;
    struct plk_rekey_keys keys = {0};
    struct plk_rekey_done made = {0};
    struct plk_payload read;
    uint8_t secret[32] = {0}, ratchet[32] = {0};
    size_t index = 0, text_len = 0;
    enum plk_err err = plk_rekey_request_read(plk_bytes(pending->request, pending->request_len), &q);
    plk_assert(err == PLK_ERR_OK); // the caller's own
    err = plk_rekey_reply_read(answer, &reply);
    if (err == PLK_ERR_OK) err = judge_reply(&q, &reply, &index);
    if (err == PLK_ERR_OK) err = agree_finish(&keys, me, recovery, pending, &q, index, reply.ephemeral);
    if (err != PLK_ERR_OK) goto out;

    plk_rekey_reply_finish(&keys, &reply, recovery->secret, secret);
    err = plk_rekey_reply_open(&reply, &keys, secret, text, &text_len);
    if (err == PLK_ERR_OK) err = decode_payload(plk_bytes(text, text_len), &read);
    if (err == PLK_ERR_OK && plk_recovery_is_refused(recovery, read.device)) err = PLK_ERR_MOVED;
    if (err != PLK_ERR_OK) goto out;
    plk_secret_spread(secret, &made.first, ratchet);
    err = plk_ratchet_init_initiator(&made.first.ratchet, plk_bytes(ratchet, 32), reply.ephemeral);
    if (err != PLK_ERR_OK) goto out;
    memcpy(made.first.recovery, recovery->secret, 32);
    learn(recovery, &read, &made);
    *theirs = read;
    *done = made;
out:
    plk_mem_wipe(secret, sizeof secret);
    plk_mem_wipe(ratchet, sizeof ratchet);
    plk_mem_wipe(&keys, sizeof keys);
    plk_mem_wipe(&made, sizeof made);
    return err;
}
