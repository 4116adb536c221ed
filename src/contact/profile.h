// SPDX-License-Identifier: MIT
// The profile row (table profile, key 'p'): seed, device, name and about, and the numbers that are never reused.
#ifndef PLK_CONTACT_PROFILE_H
#define PLK_CONTACT_PROFILE_H

#include "contact/name.h"
#include "contact/persona.h"
#include "wire/picture.h"

#define PLK_PROFILE_ROW_MAX 800
#define PLK_PROFILE_KEY_AVATAR 'a' // in the same table: the picture's bytes

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

// What a profile may have as its picture: none (empty), or at most PLK_AVATAR_MAX bytes of JPEG, PNG or WebP. TOO_LONG, INVALID.
enum plk_err plk_profile_check_avatar(struct plk_bytes avatar);

// PLK_BODY_PROFILE payload: name, about and picture, to contacts. decode: MALFORMED; all borrowed.
#define PLK_PROFILE_BODY_MAX (PLK_PROFILE_ROW_MAX + PLK_AVATAR_MAX)
struct plk_profile_body {
    struct plk_bytes name, about, avatar;
};
void plk_profile_body_encode(struct plk_writer *w, const struct plk_profile_body *body);
enum plk_err plk_profile_body_decode(struct plk_bytes payload, struct plk_profile_body *body);

// How a picture is named where it is only to be told from another: the first bytes of its hash.
#define PLK_AVATAR_MARK_LEN 8
void plk_profile_avatar_mark(uint8_t out[PLK_AVATAR_MARK_LEN], struct plk_bytes avatar);

// The row's value. decode: CORRUPT, *profile untouched.
void plk_profile_encode(struct plk_writer *w, const struct plk_profile *profile);
enum plk_err plk_profile_decode(struct plk_bytes value, struct plk_profile *profile);

#endif
