// SPDX-License-Identifier: MIT
// The ratchets of a contact: the current one and, for 7 days after each re-key, those before it (DESIGN 3.4). Keeps
// their rows. Which ciphertexts were seen is one ring for all of them.
#ifndef PLK_MAIL_LINEAGE_H
#define PLK_MAIL_LINEAGE_H

#include "mail/key.h"
#include "ratchet/ratchet.h"
#include "ratchet/seen.h"
#include "wire/batch.h"

#define PLK_LINEAGE_MAX 4 // the current one and PLK_MAIL_OLDER_MAX

struct plk_generation {
    uint32_t number;  // from 1
    bool has_ratchet; // false between plk_mail_begin without one and plk_mail_set_ratchet
    struct plk_ratchet ratchet;
    struct plk_skipped skipped;
};

struct plk_lineage {
    struct plk_mem *mem;
    uint32_t contact;
    uint8_t count;
    struct plk_generation at[PLK_LINEAGE_MAX]; // by number; the last is current
    struct plk_seen seen;
};

void plk_lineage_init(struct plk_lineage *lineage, struct plk_mem *mem, uint32_t contact);
void plk_lineage_free(struct plk_lineage *lineage); // wipes

// Rows of the tables ratchet and skipped; CORRUPT.
enum plk_err plk_lineage_load(struct plk_lineage *lineage, enum plk_table table, struct plk_bytes key,
                              struct plk_bytes value);

// A new current generation, above all others; the oldest goes when there is no room.
void plk_lineage_begin(struct plk_lineage *lineage, uint32_t number, struct plk_batch *batch);
void plk_lineage_drop_oldest(struct plk_lineage *lineage, struct plk_batch *batch); // never the current one

struct plk_generation *plk_lineage_current(struct plk_lineage *lineage); // NULL: none has begun
bool plk_lineage_can_send(const struct plk_lineage *lineage);
void plk_lineage_save(struct plk_lineage *lineage, const struct plk_generation *generation, struct plk_batch *batch);

// Opens a ciphertext with the current ratchet, else with an older one, into text (sealed.len bytes), and saves what
// changed. The error is that of the ratchet that knew the header, FORGED if none did. *by is valid unless FORGED.
enum plk_err plk_lineage_open(struct plk_lineage *lineage, uint64_t wall_ms, struct plk_bytes ad,
                              struct plk_bytes sealed, uint8_t *text, size_t *text_len, struct plk_generation **by,
                              struct plk_batch *batch);

void plk_lineage_remember(struct plk_lineage *lineage, const uint8_t hash[PLK_SEEN_HASH_LEN], struct plk_batch *batch);

// Drops keys above their age.
void plk_lineage_expire(struct plk_lineage *lineage, uint64_t wall_ms, struct plk_batch *batch);

#endif
