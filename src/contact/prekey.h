// SPDX-License-Identifier: MIT
// The prekeys of an address link (DESIGN 3.2, 3.3; docs/protocol/invite.md, section 5): a new one each week, each in a bundle of its
// own; an old one answers until 37 days after its publication, and as long is remembered which blobs came under it.
#ifndef PLK_CONTACT_PREKEY_H
#define PLK_CONTACT_PREKEY_H

#include "contact/invite.h"

#define PLK_PREKEY_ROW_MAX 96
#define PLK_PREKEY_KEY_MAX 37
#define PLK_PREKEY_TURN_MS (UINT64_C(7) * 24 * 3600 * 1000)
#define PLK_PREKEY_LIFE_MS (UINT64_C(37) * 24 * 3600 * 1000)

// Secrets: wiped by the owner.
struct plk_prekey {
    uint32_t invite;                // its number
    uint64_t sequence;              // of the bundle and of the cell; grows
    uint64_t published_ms;          // wall clock
    uint8_t device[PLK_DEVICE_LEN]; // that published it, which its bundle names; zero in rows of before: the invite's
    uint8_t secret[32];
    uint8_t bundle_hash[32];
};

// A blob that came under one of them: H(blob), the contact that it made (0: none, it was rejected), and until when it may come again.
struct plk_met {
    uint32_t invite;
    uint8_t blob_hash[32];
    uint32_t contact;
    uint64_t until_ms;
};

// A fresh one. last: the sequence of the one before, 0 when there is none.
void plk_prekey_make(struct plk_prekey *prekey, const struct plk_invite *invite, const struct plk_persona *me,
                     uint64_t last, uint64_t now_ms, struct plk_rng *rng);
void plk_prekey_bundle(const struct plk_prekey *prekey, const struct plk_persona *me, uint8_t out[PLK_BUNDLE_LEN]);
bool plk_prekey_is_due(const struct plk_prekey *newest, uint64_t now_ms); // another is wanted
bool plk_prekey_is_over(const struct plk_prekey *prekey, uint64_t now_ms);

// Rows of table invite, with keys {invite u32, kind u8, ...}: 1 and the sequence u64; 2 and H(blob). A row of neither kind, or
// damaged: CORRUPT.
void plk_prekey_encode(struct plk_writer *key, struct plk_writer *value, const struct plk_prekey *prekey);
enum plk_err plk_prekey_decode(struct plk_bytes key, struct plk_bytes value, struct plk_prekey *prekey);
void plk_met_encode(struct plk_writer *key, struct plk_writer *value, const struct plk_met *met);
enum plk_err plk_met_decode(struct plk_bytes key, struct plk_bytes value, struct plk_met *met);

#endif
