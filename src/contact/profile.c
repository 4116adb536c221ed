// SPDX-License-Identifier: MIT
#include "contact/profile.h"

#define ROW_VERSION 1

enum plk_err plk_profile_make(struct plk_profile *profile, const uint8_t *seed, struct plk_bytes name, uint64_t now_ms,
                              struct plk_rng *rng) {
    struct plk_profile made = {.created_ms = now_ms, .next_contact = 1, .next_invite = 1};
    enum plk_err err = plk_profile_rename(&made, name, plk_bytes(NULL, 0));
    if (err == PLK_ERR_OK && name.at == NULL) err = PLK_ERR_EMPTY;
    if (err != PLK_ERR_OK) return err;
    if (seed != NULL) {
        memcpy(made.seed, seed, PLK_SEED_LEN);
    } else {
        plk_rng_bytes(rng, made.seed, PLK_SEED_LEN);
    }
    plk_persona_device(made.device, rng);
    *profile = made;
    plk_mem_wipe(&made, sizeof made);
    return PLK_ERR_OK;
}

enum plk_err plk_profile_rename(struct plk_profile *profile, struct plk_bytes name, struct plk_bytes about) {
    enum plk_err err = name.at != NULL ? plk_name_check(name) : PLK_ERR_OK;
    if (err == PLK_ERR_OK && about.at != NULL) err = plk_name_check_about(about);
    if (err != PLK_ERR_OK) return err;
    if (name.at != NULL) {
        memset(profile->name, 0, sizeof profile->name);
        memcpy(profile->name, name.at, name.len);
        profile->name_len = (uint8_t)name.len;
    }
    if (about.at != NULL) {
        memset(profile->about, 0, sizeof profile->about);
        memcpy(profile->about, about.at, about.len);
        profile->about_len = (uint16_t)about.len;
    }
    return PLK_ERR_OK;
}

enum plk_err plk_profile_check_avatar(struct plk_bytes avatar) {
    struct plk_picture_head head;
    if (avatar.len == 0) return PLK_ERR_OK;
    if (avatar.len > PLK_AVATAR_MAX) return PLK_ERR_TOO_LONG;
    bool known = plk_picture_head(avatar, &head) == PLK_ERR_OK && head.type != PLK_PICTURE_GIF;
    return known ? PLK_ERR_OK : PLK_ERR_INVALID;
}

void plk_profile_avatar_mark(uint8_t out[PLK_AVATAR_MARK_LEN], struct plk_bytes avatar) {
    static const char label[] = "PeerLink/1/profile/avatar";
    uint8_t hash[PLK_HASH_LEN];
    struct plk_bytes parts[] = {plk_bytes(label, sizeof label - 1), avatar};
    plk_hash(hash, parts, 2);
    memcpy(out, hash, PLK_AVATAR_MARK_LEN);
}

static bool body_holds(const struct plk_profile_body *body) {
    return plk_name_check(body->name) == PLK_ERR_OK && plk_name_check_about(body->about) == PLK_ERR_OK &&
           plk_profile_check_avatar(body->avatar) == PLK_ERR_OK;
}

void plk_profile_body_encode(struct plk_writer *w, const struct plk_profile_body *body) {
    plk_assert(body_holds(body));
    plk_writer_sized(w, body->name);
    plk_writer_sized(w, body->about);
    plk_writer_sized(w, body->avatar);
}

enum plk_err plk_profile_body_decode(struct plk_bytes payload, struct plk_profile_body *body) {
    struct plk_reader r = plk_reader(payload);
    struct plk_profile_body got;
    got.name = plk_reader_sized(&r, PLK_NAME_MAX);
    got.about = plk_reader_sized(&r, PLK_ABOUT_MAX);
    got.avatar = plk_reader_sized(&r, PLK_AVATAR_MAX);
    if (!plk_reader_done(&r) || !body_holds(&got)) return PLK_ERR_MALFORMED;
    *body = got;
    return PLK_ERR_OK;
}

// ---- the row

void plk_profile_encode(struct plk_writer *w, const struct plk_profile *profile) {
    plk_writer_u8(w, ROW_VERSION);
    plk_writer_copy(w, profile->seed, PLK_SEED_LEN);
    plk_writer_copy(w, profile->device, PLK_DEVICE_LEN);
    plk_writer_sized(w, plk_profile_name(profile));
    plk_writer_sized(w, plk_profile_about(profile));
    plk_writer_u64(w, profile->created_ms);
    plk_writer_u32(w, profile->next_contact);
    plk_writer_u32(w, profile->next_invite);
}

enum plk_err plk_profile_decode(struct plk_bytes value, struct plk_profile *profile) {
    struct plk_reader r = plk_reader(value);
    struct plk_profile read = {0};
    if (plk_reader_u8(&r) != ROW_VERSION) r.failed = true;
    plk_reader_copy(&r, read.seed, PLK_SEED_LEN);
    plk_reader_copy(&r, read.device, PLK_DEVICE_LEN);
    struct plk_bytes name = plk_reader_sized(&r, PLK_NAME_MAX);
    struct plk_bytes about = plk_reader_sized(&r, PLK_ABOUT_MAX);
    read.created_ms = plk_reader_u64(&r);
    read.next_contact = plk_reader_u32(&r);
    read.next_invite = plk_reader_u32(&r);
    bool valid = plk_reader_done(&r) && plk_profile_rename(&read, name, about) == PLK_ERR_OK && read.next_contact > 0 &&
                 read.next_invite > 0;
    if (valid) *profile = read;
    plk_mem_wipe(&read, sizeof read);
    return valid ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}
