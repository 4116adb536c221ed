// SPDX-License-Identifier: MIT
// The profile row (table profile, key 'p'): seed, device, name and about, and the numbers that are never reused.
#ifndef PLK_CONTACT_PROFILE_H
#define PLK_CONTACT_PROFILE_H

#include "contact/name.h"
#include "contact/persona.h"

#define PLK_PROFILE_ROW_MAX 800

// Holds the seed: wiped by the owner.
struct plk_profile {
    uint8_t seed[PLK_SEED_LEN];
    uint8_t device[PLK_DEVICE_LEN];
    uint8_t name_len;
    uint16_t about_len;
    char name[PLK_NAME_MAX], about[PLK_ABOUT_MAX]; // not terminated
    uint64_t created_ms;
    uint32_t next_contact, next_invite; // numbers, from 1
};

// A new profile. seed: given (restored from words) or NULL for a random one. Errors are those of plk_name_check.
enum plk_err plk_profile_make(struct plk_profile *profile, const uint8_t *seed, struct plk_bytes name, uint64_t now_ms,
                              struct plk_rng *rng);

// NULL at leaves it as it is. Errors are those of name.h; nothing changed then.
enum plk_err plk_profile_rename(struct plk_profile *profile, struct plk_bytes name, struct plk_bytes about);

static inline struct plk_bytes plk_profile_name(const struct plk_profile *p) { return plk_bytes(p->name, p->name_len); }
static inline struct plk_bytes plk_profile_about(const struct plk_profile *p) {
    return plk_bytes(p->about, p->about_len);
}

// PLK_BODY_PROFILE payload: name and about, to contacts. decode: MALFORMED; both borrowed.
void plk_profile_body_encode(struct plk_writer *w, struct plk_bytes name, struct plk_bytes about);
enum plk_err plk_profile_body_decode(struct plk_bytes payload, struct plk_bytes *name, struct plk_bytes *about);

// The row's value. decode: CORRUPT, *profile untouched.
void plk_profile_encode(struct plk_writer *w, const struct plk_profile *profile);
enum plk_err plk_profile_decode(struct plk_bytes value, struct plk_profile *profile);

#endif
