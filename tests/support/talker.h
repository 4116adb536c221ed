// SPDX-License-Identifier: MIT
// One side of a conversation through a ratchet, with a disk that gets exactly the rows that the ratchet
// reports. Every hearing checks what must hold of each: a failure changes nothing, the disk holds what memory
// holds, no more rows change than promised. A check that fails traps, so that unit tests and fuzz targets can
// share this.
#ifndef PLK_TESTS_SUPPORT_TALKER_H
#define PLK_TESTS_SUPPORT_TALKER_H

#include <stdlib.h>

#include "ratchet/cipher.h"
#include "ratchet/ratchet.h"
#include "ratchet/seen.h"
#include "support/memory.h"

#define TALKER_TEXT_MAX 256

struct talker_row {
    uint8_t key[PLK_SKIPPED_KEY_LEN];
    size_t len;
    uint8_t value[PLK_SKIPPED_ROW_MAX];
};

struct talker {
    struct plk_mem mem;
    struct plk_rng rng;
    struct plk_ratchet ratchet;
    struct plk_skipped skipped;
    uint64_t wall_ms;
    uint8_t disk_ratchet[PLK_RATCHET_ROW_MAX];
    size_t disk_ratchet_len;
    struct talker_row *disk; // sorted by key
    size_t disk_count;
    unsigned check_every, heard; // the whole disk is compared after each of so many hearings; 0: after each
};

struct letter {
    struct plk_ratchet_place place;
    size_t len;
    uint8_t at[PLK_RATCHET_OVERHEAD + TALKER_TEXT_MAX];
};

static inline struct plk_bytes talker_ad(void) { return plk_bytes_text("alice and bob"); }

static inline void talker_save(struct talker *t) {
    t->disk_ratchet_len = plk_ratchet_encode(&t->ratchet, t->disk_ratchet);
}

static inline void talker_begin(struct talker *t, uint8_t seed) {
    uint8_t bytes[32] = {seed};
    memset(t, 0, sizeof *t);
    t->mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    plk_rng_seed(&t->rng, bytes);
    plk_skipped_init(&t->skipped, &t->mem);
    t->wall_ms = UINT64_C(1700000000000);
}

// A first contact: alice is the initiator.
static inline void talkers_meet(struct talker *alice, struct talker *bob, uint8_t seed) {
    uint8_t secret[32], prekey[32], public[32];
    talker_begin(alice, (uint8_t)(seed * 2));
    talker_begin(bob, (uint8_t)(seed * 2 + 1));
    plk_rng_bytes(&bob->rng, secret, sizeof secret);
    plk_rng_bytes(&bob->rng, prekey, sizeof prekey);
    plk_dh_public(public, prekey);
    enum plk_err err = plk_ratchet_init_initiator(&alice->ratchet, plk_bytes(secret, sizeof secret), public);
    plk_assert(err == PLK_ERR_OK);
    plk_ratchet_init_responder(&bob->ratchet, plk_bytes(secret, sizeof secret), prekey);
    talker_save(alice);
    talker_save(bob);
}

static inline void talker_end(struct talker *t) {
    plk_skipped_free(&t->skipped);
    plk_assert(t->mem.used == 0);
    free(t->disk);
    t->disk = NULL;
}

static inline size_t talker_disk_find(const struct talker *t, const uint8_t key[PLK_SKIPPED_KEY_LEN]) {
    size_t i = 0;
    while (i < t->disk_count && memcmp(t->disk[i].key, key, PLK_SKIPPED_KEY_LEN) < 0) i++;
    return i;
}

static inline void talker_disk_cut(struct talker *t, size_t from, size_t to) {
    memmove(t->disk + from, t->disk + to, (t->disk_count - to) * sizeof *t->disk);
    t->disk_count -= to - from;
}

static inline void talker_disk_put(struct talker *t, const struct talker_row *row) {
    size_t i = talker_disk_find(t, row->key);
    bool there = i < t->disk_count && memcmp(t->disk[i].key, row->key, sizeof row->key) == 0;
    if (row->len == 0) {
        if (there) talker_disk_cut(t, i, i + 1);
        return;
    }
    if (!there) {
        t->disk = realloc(t->disk, (t->disk_count + 1) * sizeof *t->disk);
        plk_assert(t->disk != NULL);
        memmove(t->disk + i + 1, t->disk + i, (t->disk_count - i) * sizeof *t->disk);
        t->disk_count++;
    }
    t->disk[i] = *row;
}

// All rows that memory would write are on the disk, and no other.
static inline void talker_disk_check(const struct talker *t) {
    size_t rows = 0;
    for (size_t i = 0; i < t->skipped.count; i++) {
        const struct plk_skipped_entry *entry = &t->skipped.at[i];
        struct plk_skipped_row place = {entry->chain, entry->n / PLK_SKIPPED_BLOCK};
        if (i > 0 && entry[-1].chain == place.chain && entry[-1].n / PLK_SKIPPED_BLOCK == place.block) continue;
        struct talker_row row;
        plk_skipped_row_key(row.key, place);
        row.len = plk_skipped_encode(&t->skipped, place, row.value);
        size_t at = talker_disk_find(t, row.key);
        plk_assert(at == rows && at < t->disk_count && t->disk[at].len == row.len);
        plk_assert(memcmp(t->disk[at].key, row.key, sizeof row.key) == 0);
        plk_assert(memcmp(t->disk[at].value, row.value, row.len) == 0);
        rows++;
    }
    plk_assert(rows == t->disk_count);
}

static inline void talker_disk_check_sometimes(struct talker *t) {
    if (++t->heard >= t->check_every) {
        talker_disk_check(t);
        t->heard = 0;
    }
}

static inline void talker_store(struct talker *t, const struct plk_skipped_change *changed) {
    size_t rows = 0;
    for (size_t i = 0; i < changed->span_count; i++) {
        for (uint32_t block = changed->spans[i].first; block <= changed->spans[i].last; block++, rows++) {
            struct talker_row row;
            struct plk_skipped_row place = {changed->spans[i].chain, block};
            plk_skipped_row_key(row.key, place);
            row.len = plk_skipped_encode(&t->skipped, place, row.value);
            talker_disk_put(t, &row);
        }
    }
    plk_assert(rows <= PLK_SKIPPED_ROWS_MAX);
    if (changed->dropped) {
        uint8_t below[PLK_SKIPPED_KEY_LEN];
        plk_skipped_row_key(below, changed->below);
        talker_disk_cut(t, 0, talker_disk_find(t, below));
    }
    talker_save(t);
    talker_disk_check_sometimes(t);
}

// Killed and started again from its disk.
static inline void talker_restart(struct talker *t) {
    plk_skipped_free(&t->skipped);
    memset(&t->ratchet, 0xee, sizeof t->ratchet);
    enum plk_err err = plk_ratchet_decode(&t->ratchet, plk_bytes(t->disk_ratchet, t->disk_ratchet_len));
    plk_assert(err == PLK_ERR_OK);
    for (size_t i = 0; i < t->disk_count; i++) {
        err = plk_skipped_load(&t->skipped, plk_bytes(t->disk[i].key, PLK_SKIPPED_KEY_LEN),
                               plk_bytes(t->disk[i].value, t->disk[i].len));
        plk_assert(err == PLK_ERR_OK);
    }
    talker_disk_check(t);
}

static inline enum plk_err talker_write(struct talker *t, struct plk_bytes text, struct letter *letter) {
    plk_assert(text.len <= TALKER_TEXT_MAX);
    letter->len = text.len + PLK_RATCHET_OVERHEAD;
    enum plk_err err = plk_ratchet_encrypt(&t->ratchet, &t->rng, talker_ad(), text, letter->at, &letter->place);
    if (err == PLK_ERR_OK) talker_save(t);
    return err;
}

// text takes TALKER_TEXT_MAX bytes.
static inline enum plk_err talker_hear(struct talker *t, struct plk_bytes sealed, uint8_t *text,
                                       struct plk_ratchet_got *got) {
    uint8_t before[PLK_RATCHET_ROW_MAX], after[PLK_RATCHET_ROW_MAX];
    size_t before_len = plk_ratchet_encode(&t->ratchet, before);
    enum plk_err err = plk_ratchet_decrypt(&t->ratchet, &t->skipped, t->wall_ms, talker_ad(), sealed, text, got);
    if (err == PLK_ERR_OK) {
        talker_store(t, &got->changed);
        return err;
    }
    size_t after_len = plk_ratchet_encode(&t->ratchet, after);
    plk_assert(after_len == before_len && memcmp(before, after, after_len) == 0);
    plk_assert(got->text_len == 0 && got->changed.span_count == 0 && !got->changed.dropped);
    talker_disk_check_sometimes(t);
    return err;
}

// A copy of all that a thief finds in memory; to be ended like any other.
static inline void talker_copy(struct talker *thief, const struct talker *t) {
    *thief = *t;
    thief->mem.used = 0;
    thief->disk = NULL;
    thief->disk_count = 0;
    plk_skipped_init(&thief->skipped, &thief->mem);
    for (size_t i = 0; i < t->disk_count; i++) talker_disk_put(thief, &t->disk[i]);
    talker_restart(thief);
}

#endif
