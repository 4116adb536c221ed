// SPDX-License-Identifier: MIT
// Receiving: which key opens a message, which keys are kept, when they are dropped. All work is done on a
// copy; one function commits it.
#include "ratchet/cipher.h"
#include "ratchet/ratchet.h"

// One decryption, on its way.
struct opening {
    struct plk_ratchet work; // the ratchet as it will be
    struct plk_cipher_parts parts;
    struct plk_cipher_header header;
    enum { CURRENT, NEXT, OLD } by;    // the chain whose header key opened the header
    const struct plk_ratchet_old *old; // of OLD, in the ratchet as it was
    uint8_t start[32];                 // the receiving chain at the first number that this message passes
    uint8_t key[32];                   // of the message
    struct plk_ratchet_got got;
};

static enum plk_err open_header(struct opening *o, const struct plk_ratchet *r) {
    enum plk_err err = PLK_ERR_FORGED;
    o->by = CURRENT;
    if (r->recv_id != 0) err = plk_cipher_open_header(&o->header, r->recv_header, &o->parts);
    if (err != PLK_ERR_FORGED) return err;
    o->by = NEXT;
    err = plk_cipher_open_header(&o->header, r->next_recv_header, &o->parts);
    for (size_t i = r->old_count; i > 0 && err == PLK_ERR_FORGED; i--) {
        o->by = OLD;
        o->old = &r->old[i - 1];
        err = plk_cipher_open_header(&o->header, o->old->header, &o->parts);
    }
    return err;
}

static bool expired(uint64_t since_ms, uint64_t wall_ms) {
    return wall_ms > since_ms && wall_ms - since_ms > PLK_RATCHET_KEEP_MS;
}

// A number that its chain has passed: its key is kept, was used, or was dropped.
static enum plk_err take_late(struct opening *o, const struct plk_skipped *skipped, uint32_t chain, uint32_t floor,
                              uint64_t wall_ms) {
    const struct plk_skipped_entry *entry = plk_skipped_find(skipped, chain, o->header.n);
    if (entry == NULL) return o->header.n < floor ? PLK_ERR_EXPIRED : PLK_ERR_SPENT;
    if (expired(entry->since_ms, wall_ms)) return PLK_ERR_EXPIRED;
    memcpy(o->key, entry->key, 32);
    o->got.late = true;
    o->got.place.chain = chain;
    return PLK_ERR_OK;
}

// The receiving half of a Diffie-Hellman step: the current chain becomes an old one, the header's key starts
// the next. The oldest of too many old chains is left out; its skipped keys go at the commit.
static enum plk_err receive_step(struct plk_ratchet *r, const struct plk_cipher_header *header, uint64_t wall_ms) {
    uint8_t dh[32];
    // The next header key is only of use to a peer that has this side's newest ratchet key, which it has not
    // while the sending half of the last step is still to be done.
    if (r->turn || (r->recv_id == 0 && header->previous != 0)) return PLK_ERR_MALFORMED;
    if (header->previous > r->recv_n && header->previous - r->recv_n > PLK_RATCHET_GAP_MAX) return PLK_ERR_GAP;
    if (r->recv_id == UINT32_MAX) return PLK_ERR_LIMIT;
    enum plk_err err = plk_dh(dh, r->own_secret, header->public);
    if (err != PLK_ERR_OK) return PLK_ERR_MALFORMED;
    if (r->recv_id != 0) {
        if (r->old_count == PLK_RATCHET_OLD_MAX) memmove(r->old, r->old + 1, --r->old_count * sizeof r->old[0]);
        struct plk_ratchet_old *old = &r->old[r->old_count++];
        *old = (struct plk_ratchet_old){.chain = r->recv_id, .floor = r->recv_floor, .since_ms = wall_ms};
        memcpy(old->header, r->recv_header, 32);
    }
    memcpy(r->recv_header, r->next_recv_header, 32);
    plk_cipher_root(r->root, dh, r->recv_chain, r->next_recv_header);
    memcpy(r->their_public, header->public, 32);
    plk_mem_wipe(r->own_secret, sizeof r->own_secret);
    plk_mem_wipe(dh, sizeof dh);
    r->recv_id++;
    r->recv_n = 0;
    r->recv_floor = 0;
    r->turn = true;
    return PLK_ERR_OK;
}

// Runs the receiving chain up to the message's key; those in between are derived again at the commit, if
// there is one.
static enum plk_err run_forward(struct opening *o) {
    struct plk_ratchet *work = &o->work;
    uint32_t n = o->header.n;
    if (n - work->recv_n > PLK_RATCHET_GAP_MAX || n == UINT32_MAX) return PLK_ERR_GAP;
    memcpy(o->start, work->recv_chain, 32);
    for (; work->recv_n <= n; work->recv_n++) plk_cipher_chain(work->recv_chain, o->key);
    o->got.place.chain = work->recv_id;
    return PLK_ERR_OK;
}

// Moves the copy as far as the message asks for, and finds its key.
static enum plk_err find_key(struct opening *o, const struct plk_skipped *skipped, uint64_t wall_ms) {
    struct plk_ratchet *work = &o->work;
    o->got.place.n = o->header.n;
    if (o->by == OLD) {
        if (expired(o->old->since_ms, wall_ms)) return PLK_ERR_EXPIRED;
        return take_late(o, skipped, o->old->chain, o->old->floor, wall_ms);
    }
    if (o->by == NEXT) {
        enum plk_err err = receive_step(work, &o->header, wall_ms);
        if (err != PLK_ERR_OK) return err;
        o->got.stepped = true;
    } else if (!plk_crypto_equal(o->header.public, work->their_public, 32)) {
        return PLK_ERR_MALFORMED;
    }
    if (o->header.n < work->recv_n) return take_late(o, skipped, work->recv_id, work->recv_floor, wall_ms);
    return run_forward(o);
}

// ---- what is kept

static void raise_floor(struct plk_ratchet *r, uint32_t chain, uint32_t floor) {
    if (chain == r->recv_id) r->recv_floor = floor;
    for (size_t i = 0; i < r->old_count; i++) {
        if (chain == r->old[i].chain) r->old[i].floor = floor;
    }
}

// Drops the first count skipped keys, in whole rows.
static bool drop_front(struct plk_ratchet *r, struct plk_skipped *skipped, size_t count,
                       struct plk_skipped_change *changed) {
    count = plk_skipped_row_end(skipped, count);
    if (count == 0) return false;
    for (size_t i = 0; i < count; i++) raise_floor(r, skipped->at[i].chain, skipped->at[i].n + 1);
    plk_skipped_drop_front(skipped, count);
    changed->dropped = true;
    return true;
}

// Old chains go from the oldest on: those above their age, and the keys of all that are gone.
static bool drop_aged(struct plk_ratchet *r, struct plk_skipped *skipped, uint64_t wall_ms,
                      struct plk_skipped_change *changed) {
    size_t gone = 0;
    while (gone < r->old_count && expired(r->old[gone].since_ms, wall_ms)) gone++;
    r->old_count = (uint8_t)(r->old_count - gone);
    memmove(r->old, r->old + gone, r->old_count * sizeof r->old[0]);
    plk_mem_wipe(r->old + r->old_count, (PLK_RATCHET_OLD_MAX - r->old_count) * sizeof r->old[0]);
    uint32_t first = r->old_count > 0 ? r->old[0].chain : r->recv_id;
    size_t count = 0;
    while (count < skipped->count &&
           (skipped->at[count].chain < first || expired(skipped->at[count].since_ms, wall_ms))) {
        count++;
    }
    return drop_front(r, skipped, count, changed) || gone > 0;
}

// The rows below the first key that is left are those without any.
static void name_dropped(const struct plk_ratchet *r, const struct plk_skipped *skipped,
                         struct plk_skipped_change *changed) {
    if (!changed->dropped) return;
    changed->below = (struct plk_skipped_row){r->recv_id, r->recv_n / PLK_SKIPPED_BLOCK + 1};
    if (skipped->count > 0) {
        const struct plk_skipped_entry *first = &skipped->at[0];
        changed->below = (struct plk_skipped_row){first->chain, first->n / PLK_SKIPPED_BLOCK};
    }
}

static void name_span(struct plk_skipped_change *changed, uint32_t chain, uint32_t first, uint32_t last) {
    changed->spans[changed->span_count++] =
        (struct plk_skipped_span){chain, first / PLK_SKIPPED_BLOCK, last / PLK_SKIPPED_BLOCK};
}

// Numbers of one chain that a message has passed.
struct passed {
    uint32_t id, from, to; // from <= n < to
    uint8_t chain[32];     // as it was at from
};

static void keep_passed(struct passed *passed, struct plk_skipped *skipped, uint64_t wall_ms,
                        struct plk_skipped_change *changed) {
    uint8_t key[32] = {0};
    if (passed->from >= passed->to) return;
    for (uint32_t n = passed->from; n < passed->to; n++) {
        plk_cipher_chain(passed->chain, key);
        plk_skipped_add(skipped, passed->id, n, wall_ms, key);
    }
    plk_mem_wipe(key, sizeof key);
    name_span(changed, passed->id, passed->from, passed->to - 1);
}

static uint32_t passed_count(const struct passed *passed) {
    return passed->to > passed->from ? passed->to - passed->from : 0;
}

// The one place where a decryption changes anything; r is still as it was before the message.
static void commit(struct plk_ratchet *r, struct opening *o, struct plk_skipped *skipped, uint64_t wall_ms) {
    struct plk_ratchet_got *got = &o->got;
    struct plk_skipped_change *changed = &got->changed;
    struct passed ended = {.id = r->recv_id}; // the chain before a step
    struct passed running = {.id = o->work.recv_id};
    if (got->stepped) { // of no chain, if there was none: then previous is 0
        ended.from = r->recv_n;
        ended.to = o->header.previous;
        memcpy(ended.chain, r->recv_chain, 32);
    }
    if (got->late) {
        plk_skipped_remove(skipped, got->place.chain, got->place.n);
        name_span(changed, got->place.chain, got->place.n, got->place.n);
    } else {
        running.from = got->stepped ? 0 : r->recv_n;
        running.to = o->header.n;
        memcpy(running.chain, o->start, 32);
    }
    drop_aged(&o->work, skipped, wall_ms, changed);
    size_t needed = skipped->count + passed_count(&ended) + passed_count(&running);
    if (needed > PLK_SKIPPED_MAX) drop_front(&o->work, skipped, needed - PLK_SKIPPED_MAX, changed);
    keep_passed(&ended, skipped, wall_ms, changed);
    keep_passed(&running, skipped, wall_ms, changed);
    name_dropped(&o->work, skipped, changed);
    *r = o->work;
    plk_mem_wipe(&ended, sizeof ended);
    plk_mem_wipe(&running, sizeof running);
}

// Whether the two fit each other, as far as a later step relies on it; rows of a damaged store may not.
static bool fits(const struct plk_ratchet *r, const struct plk_skipped *skipped) {
    if (skipped->count == 0) return true;
    const struct plk_skipped_entry *last = &skipped->at[skipped->count - 1];
    return last->chain < r->recv_id || (last->chain == r->recv_id && last->n < r->recv_n);
}

enum plk_err plk_ratchet_decrypt(struct plk_ratchet *r, struct plk_skipped *skipped, uint64_t wall_ms,
                                 struct plk_bytes ad, struct plk_bytes sealed, uint8_t *text,
                                 struct plk_ratchet_got *got) {
    plk_assert(ad.len <= PLK_RATCHET_AD_MAX);
    struct opening o = {.work = *r};
    *got = o.got;
    enum plk_err err = fits(r, skipped) ? plk_cipher_split(&o.parts, sealed) : PLK_ERR_CORRUPT;
    if (err == PLK_ERR_OK) err = open_header(&o, r);
    if (err == PLK_ERR_OK) err = find_key(&o, skipped, wall_ms);
    if (err == PLK_ERR_OK) err = plk_cipher_open_body(text, o.key, &o.parts, ad);
    if (err == PLK_ERR_OK) {
        o.got.text_len = o.parts.body.len - PLK_TAG_LEN;
        commit(r, &o, skipped, wall_ms);
        *got = o.got;
    }
    plk_mem_wipe(&o, sizeof o);
    return err;
}

bool plk_ratchet_expire(struct plk_ratchet *r, struct plk_skipped *skipped, uint64_t wall_ms,
                        struct plk_skipped_change *changed) {
    *changed = (struct plk_skipped_change){0};
    bool any = drop_aged(r, skipped, wall_ms, changed);
    name_dropped(r, skipped, changed);
    return any;
}
