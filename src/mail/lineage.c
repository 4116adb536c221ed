// SPDX-License-Identifier: MIT
#include "mail/lineage.h"

#include "base/reader.h"

void plk_lineage_init(struct plk_lineage *lineage, struct plk_mem *mem, uint32_t contact) {
    lineage->mem = mem;
    lineage->contact = contact;
}

static void free_generation(struct plk_generation *generation) {
    plk_skipped_free(&generation->skipped);
    plk_mem_wipe(generation, sizeof *generation);
}

void plk_lineage_free(struct plk_lineage *lineage) {
    while (lineage->count > 0) free_generation(&lineage->at[--lineage->count]);
}

// ---- rows -----------------------------------------------------------------------------------------------------------

// The generation of that number, made if it is not there; NULL when there is no room.
static struct plk_generation *slot_of(struct plk_lineage *lineage, uint32_t number) {
    uint8_t index = 0;
    while (index < lineage->count && lineage->at[index].number < number) index++;
    struct plk_generation *slot = &lineage->at[index];
    if (index < lineage->count && slot->number == number) return slot;
    if (lineage->count == PLK_LINEAGE_MAX) return NULL;
    memmove(slot + 1, slot, (size_t)(lineage->count - index) * sizeof *slot);
    lineage->count++;
    *slot = (struct plk_generation){.number = number};
    plk_skipped_init(&slot->skipped, lineage->mem);
    return slot;
}

static enum plk_err load_ratchet(struct plk_lineage *lineage, uint32_t number, struct plk_bytes value) {
    struct plk_generation *slot = number == 0 ? NULL : slot_of(lineage, number);
    if (slot == NULL || slot->has_ratchet) return PLK_ERR_CORRUPT;
    slot->has_ratchet = true;
    return plk_ratchet_decode(&slot->ratchet, value);
}

static enum plk_err load_skipped(struct plk_lineage *lineage, uint32_t number, struct plk_reader *r,
                                 struct plk_bytes value) {
    uint8_t kind = plk_reader_u8(r);
    struct plk_bytes rest = plk_reader_rest(r);
    if (r->failed) return PLK_ERR_CORRUPT;
    if (kind == PLK_MAIL_SKIPPED_SEEN) {
        if (number != 0 || rest.len != 1) return PLK_ERR_CORRUPT;
        return plk_seen_load(&lineage->seen, rest.at[0], value);
    }
    struct plk_generation *slot = number == 0 ? NULL : slot_of(lineage, number);
    if (kind != PLK_MAIL_SKIPPED_KEYS || slot == NULL) return PLK_ERR_CORRUPT;
    return plk_skipped_load(&slot->skipped, rest, value);
}

enum plk_err plk_lineage_load(struct plk_lineage *lineage, enum plk_table table, struct plk_bytes key,
                              struct plk_bytes value) {
    struct plk_reader r = plk_reader(key);
    plk_reader_u32(&r);
    uint32_t number = plk_reader_u32(&r);
    if (r.failed) return PLK_ERR_CORRUPT;
    if (table == PLK_TABLE_skipped) return load_skipped(lineage, number, &r, value);
    return plk_reader_done(&r) ? load_ratchet(lineage, number, value) : PLK_ERR_CORRUPT;
}

void plk_lineage_save(struct plk_lineage *lineage, const struct plk_generation *generation, struct plk_batch *batch) {
    uint8_t row[PLK_RATCHET_ROW_MAX];
    struct plk_key key = plk_key_ratchet(lineage->contact, generation->number);
    size_t len = plk_ratchet_encode(&generation->ratchet, row);
    plk_batch_upsert(batch, PLK_TABLE_ratchet, plk_key_bytes(&key), plk_bytes(row, len));
    plk_mem_wipe(row, len);
}

static void save_skipped_row(const struct plk_lineage *lineage, const struct plk_generation *generation,
                             struct plk_skipped_row at, struct plk_batch *batch) {
    uint8_t row_key[PLK_SKIPPED_KEY_LEN];
    uint8_t row[PLK_SKIPPED_ROW_MAX];
    plk_skipped_row_key(row_key, at);
    struct plk_key key = plk_key_skipped(lineage->contact, generation->number, row_key);
    size_t len = plk_skipped_encode(&generation->skipped, at, row);
    if (len > 0) {
        plk_batch_upsert(batch, PLK_TABLE_skipped, plk_key_bytes(&key), plk_bytes(row, len));
        plk_mem_wipe(row, len);
    } else {
        plk_batch_delete(batch, PLK_TABLE_skipped, plk_key_bytes(&key));
    }
}

static void save_change(const struct plk_lineage *lineage, const struct plk_generation *generation,
                        const struct plk_skipped_change *change, struct plk_batch *batch) {
    if (change->dropped) {
        uint8_t row_key[PLK_SKIPPED_KEY_LEN];
        plk_skipped_row_key(row_key, change->below);
        struct plk_key from = plk_key_skipped_all(lineage->contact, generation->number);
        struct plk_key to = plk_key_skipped(lineage->contact, generation->number, row_key);
        plk_batch_delete_range(batch, PLK_TABLE_skipped, plk_key_bytes(&from), plk_key_bytes(&to));
    }
    for (size_t i = 0; i < change->span_count; i++) {
        const struct plk_skipped_span *span = &change->spans[i];
        for (uint32_t block = span->first; block <= span->last; block++) {
            save_skipped_row(lineage, generation, (struct plk_skipped_row){span->chain, block}, batch);
        }
    }
}

// ---- generations ----------------------------------------------------------------------------------------------------

void plk_lineage_drop_oldest(struct plk_lineage *lineage, struct plk_batch *batch) {
    plk_assert(lineage->count > 1);
    struct plk_generation *oldest = &lineage->at[0];
    struct plk_key key = plk_key_ratchet(lineage->contact, oldest->number);
    struct plk_key after = plk_key_after(&key);
    plk_batch_delete(batch, PLK_TABLE_ratchet, plk_key_bytes(&key));
    plk_batch_delete_range(batch, PLK_TABLE_skipped, plk_key_bytes(&key), plk_key_bytes(&after));
    free_generation(oldest);
    lineage->count--;
    memmove(oldest, oldest + 1, lineage->count * sizeof *oldest);
    plk_mem_wipe(&lineage->at[lineage->count], sizeof *oldest);
}

void plk_lineage_begin(struct plk_lineage *lineage, uint32_t number, struct plk_batch *batch) {
    if (lineage->count == PLK_LINEAGE_MAX) plk_lineage_drop_oldest(lineage, batch);
    plk_assert(lineage->count == 0 || lineage->at[lineage->count - 1].number < number);
    if (lineage->count == 1 && !lineage->at[0].has_ratchet) lineage->count = 0; // it has opened and sealed nothing
    slot_of(lineage, number);
}

struct plk_generation *plk_lineage_current(struct plk_lineage *lineage) {
    return lineage->count == 0 ? NULL : &lineage->at[lineage->count - 1];
}

bool plk_lineage_can_send(const struct plk_lineage *lineage) {
    if (lineage->count == 0) return false;
    const struct plk_generation *current = &lineage->at[lineage->count - 1];
    return current->has_ratchet && plk_ratchet_can_send(&current->ratchet);
}

// ---- opening --------------------------------------------------------------------------------------------------------

enum plk_err plk_lineage_open(struct plk_lineage *lineage, uint64_t wall_ms, struct plk_bytes ad,
                              struct plk_bytes sealed, uint8_t *text, size_t *text_len, struct plk_generation **by,
                              struct plk_batch *batch) {
    enum plk_err err = PLK_ERR_FORGED;
    for (uint8_t i = lineage->count; i > 0 && err == PLK_ERR_FORGED; i--) {
        struct plk_generation *generation = &lineage->at[i - 1];
        struct plk_ratchet_got got;
        if (!generation->has_ratchet) continue;
        *by = generation;
        err = plk_ratchet_decrypt(&generation->ratchet, &generation->skipped, wall_ms, ad, sealed, text, &got);
        if (err != PLK_ERR_OK) continue;
        *text_len = got.text_len;
        plk_lineage_save(lineage, generation, batch);
        save_change(lineage, generation, &got.changed, batch);
    }
    return err;
}

void plk_lineage_remember(struct plk_lineage *lineage, const uint8_t hash[PLK_SEEN_HASH_LEN], struct plk_batch *batch) {
    uint8_t row[PLK_SEEN_ROW_MAX];
    uint8_t number = plk_seen_add(&lineage->seen, hash);
    struct plk_key key = plk_key_seen(lineage->contact, number);
    size_t len = plk_seen_encode(&lineage->seen, number, row);
    plk_batch_upsert(batch, PLK_TABLE_skipped, plk_key_bytes(&key), plk_bytes(row, len));
}

void plk_lineage_expire(struct plk_lineage *lineage, uint64_t wall_ms, struct plk_batch *batch) {
    for (uint8_t i = 0; i < lineage->count; i++) {
        struct plk_generation *generation = &lineage->at[i];
        struct plk_skipped_change change;
        if (!generation->has_ratchet) continue;
        if (!plk_ratchet_expire(&generation->ratchet, &generation->skipped, wall_ms, &change)) continue;
        plk_lineage_save(lineage, generation, batch);
        save_change(lineage, generation, &change, batch);
    }
}
