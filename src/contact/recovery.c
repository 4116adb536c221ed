// SPDX-License-Identifier: MIT
#include "contact/recovery.h"

#define LABEL_SESSION "PeerLink/1/contact/recovery-session"

#define ROW_VERSION 2 // 1: without order and order_seen

static bool is_zero(const uint8_t *at, size_t len) {
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) any |= at[i];
    return any == 0;
}

void plk_recovery_init(struct plk_recovery *recovery, const struct plk_identity *identity, const uint8_t secret[32],
                       const struct plk_payload *theirs) {
    memset(recovery, 0, sizeof *recovery);
    recovery->identity = *identity;
    memcpy(recovery->secret, secret, 32);
    memcpy(recovery->device, theirs->device, PLK_DEVICE_LEN);
    if (theirs->has_reset) recovery->reset = theirs->reset;
    recovery->lines = 1;
}

void plk_recovery_session_psk(uint8_t out[32], const struct plk_recovery *recovery) {
    plk_hkdf_label(out, 32, plk_bytes(recovery->secret, 32), LABEL_SESSION);
}

// ---- reset keys

void plk_recovery_refresh(struct plk_recovery *recovery, struct plk_rng *rng, struct plk_reset_public *made) {
    struct plk_reset_secret *resets = recovery->resets;
    uint32_t number = recovery->reset_count > 0 ? resets[0].number + 1 : 1;
    plk_assert(number != 0); // one a week lasts 80 million years
    size_t kept = recovery->reset_count < PLK_RECOVERY_RESETS_MAX ? recovery->reset_count : PLK_RECOVERY_RESETS_MAX - 1;
    memmove(&resets[1], &resets[0], kept * sizeof resets[0]);
    recovery->reset_count = (uint8_t)(kept + 1);
    resets[0].number = number;
    plk_rng_bytes(rng, resets[0].secret, 32);
    made->number = number;
    plk_dh_public(made->key, resets[0].secret);
}

bool plk_recovery_settle(struct plk_recovery *recovery, uint32_t number) {
    // The key before stays: a request made for it may be under way.
    for (size_t i = 0; i + 2 < recovery->reset_count; i++) {
        if (recovery->resets[i].number != number) continue;
        size_t kept = i + 2;
        plk_mem_wipe(&recovery->resets[kept], (recovery->reset_count - kept) * sizeof recovery->resets[0]);
        recovery->reset_count = (uint8_t)kept;
        return true;
    }
    return false;
}

enum plk_err plk_recovery_reset_secret(const struct plk_recovery *recovery, const struct plk_persona *me,
                                       uint32_t number, uint8_t out[32]) {
    if (number == 0) {
        memcpy(out, me->dh_secret, 32);
        return PLK_ERR_OK;
    }
    for (size_t i = 0; i < recovery->reset_count; i++) {
        if (recovery->resets[i].number != number) continue;
        memcpy(out, recovery->resets[i].secret, 32);
        return PLK_ERR_OK;
    }
    return PLK_ERR_NOT_FOUND;
}

enum plk_err plk_recovery_learn(struct plk_recovery *recovery, const struct plk_reset_public *reset) {
    if (reset->number == 0) return PLK_ERR_INVALID;
    if (reset->number <= recovery->reset.number) return PLK_ERR_STALE;
    recovery->reset = *reset;
    return PLK_ERR_OK;
}

void plk_recovery_reset_encode(struct plk_writer *w, const struct plk_reset_public *reset) {
    plk_assert(reset->number != 0);
    plk_writer_u32(w, reset->number);
    plk_writer_copy(w, reset->key, 32);
    plk_writer_sized(w, plk_bytes(NULL, 0));
}

enum plk_err plk_recovery_reset_decode(struct plk_bytes payload, struct plk_reset_public *reset) {
    struct plk_reader r = plk_reader(payload);
    struct plk_reset_public read = {.number = plk_reader_u32(&r)};
    plk_reader_copy(&r, read.key, 32);
    plk_reader_sized(&r, PLK_PAYLOAD_KEM_MAX); // a KEM key that this build cannot use
    if (!plk_reader_done(&r) || read.number == 0) return PLK_ERR_MALFORMED;
    *reset = read;
    return PLK_ERR_OK;
}

// ---- devices

bool plk_recovery_is_refused(const struct plk_recovery *recovery, const uint8_t device[PLK_DEVICE_LEN]) {
    for (size_t i = 0; i < recovery->refused_count; i++) {
        if (memcmp(recovery->refused[i], device, PLK_DEVICE_LEN) == 0) return true;
    }
    return false;
}

static void refuse(struct plk_recovery *recovery, const uint8_t device[PLK_DEVICE_LEN]) {
    if (is_zero(device, PLK_DEVICE_LEN) || plk_recovery_is_refused(recovery, device)) return;
    size_t kept = recovery->refused_count;
    if (kept == PLK_RECOVERY_REFUSED_MAX) kept--;
    memmove(recovery->refused[1], recovery->refused[0], kept * PLK_DEVICE_LEN);
    memcpy(recovery->refused[0], device, PLK_DEVICE_LEN);
    recovery->refused_count = (uint8_t)(kept + 1);
}

void plk_recovery_replace(struct plk_recovery *recovery, const uint8_t by[PLK_DEVICE_LEN]) {
    if (memcmp(recovery->device, by, PLK_DEVICE_LEN) == 0) return;
    refuse(recovery, recovery->device);
    memcpy(recovery->device, by, PLK_DEVICE_LEN);
}

void plk_recovery_renew(struct plk_recovery *recovery, const struct plk_identity *identity, const uint8_t secret[32],
                        const struct plk_payload *theirs, bool *moved) {
    struct plk_recovery made;
    plk_recovery_init(&made, identity, secret, theirs);
    *moved =
        !is_zero(recovery->device, PLK_DEVICE_LEN) && memcmp(recovery->device, theirs->device, PLK_DEVICE_LEN) != 0;
    made.lines += recovery->lines;
    made.order = recovery->order;
    made.order_seen = theirs->order > recovery->order_seen ? theirs->order : recovery->order_seen;
    made.refused_count = recovery->refused_count;
    memcpy(made.refused, recovery->refused, sizeof made.refused);
    if (*moved) refuse(&made, recovery->device);
    *recovery = made;
    plk_mem_wipe(&made, sizeof made);
}

uint64_t plk_recovery_next_order(struct plk_recovery *recovery, uint64_t wall_ms) {
    uint64_t least = recovery->order + 1;
    if (wall_ms > PLK_RECOVERY_COUNTER_MAX) wall_ms = 0;
    recovery->order = wall_ms > least ? wall_ms : least;
    return recovery->order;
}

// ---- the row

void plk_recovery_encode(struct plk_writer *w, const struct plk_recovery *recovery) {
    uint8_t identity[PLK_IDENTITY_LEN];
    plk_identity_encode(identity, &recovery->identity);
    plk_writer_u8(w, ROW_VERSION);
    plk_writer_u32(w, recovery->persona);
    plk_writer_copy(w, identity, sizeof identity);
    plk_writer_copy(w, recovery->secret, 32);
    plk_writer_copy(w, recovery->device, PLK_DEVICE_LEN);
    plk_writer_u8(w, recovery->refused_count);
    plk_writer_copy(w, recovery->refused, (size_t)recovery->refused_count * PLK_DEVICE_LEN);
    plk_writer_u8(w, recovery->reset_count);
    for (size_t i = 0; i < recovery->reset_count; i++) {
        plk_writer_u32(w, recovery->resets[i].number);
        plk_writer_copy(w, recovery->resets[i].secret, 32);
    }
    plk_writer_u32(w, recovery->reset.number);
    plk_writer_copy(w, recovery->reset.key, 32);
    plk_writer_u64(w, recovery->sent);
    plk_writer_u64(w, recovery->seen);
    plk_writer_copy(w, recovery->seen_hash, 32);
    plk_writer_u64(w, recovery->order);
    plk_writer_u64(w, recovery->order_seen);
    plk_writer_u32(w, recovery->lines);
}

static void read_lists(struct plk_reader *r, struct plk_recovery *read) {
    read->refused_count = plk_reader_u8(r);
    if (read->refused_count > PLK_RECOVERY_REFUSED_MAX) {
        read->refused_count = 0;
        r->failed = true;
    }
    plk_reader_copy(r, read->refused, (size_t)read->refused_count * PLK_DEVICE_LEN);
    read->reset_count = plk_reader_u8(r);
    if (read->reset_count > PLK_RECOVERY_RESETS_MAX) {
        read->reset_count = 0;
        r->failed = true;
    }
    for (size_t i = 0; i < read->reset_count; i++) {
        read->resets[i].number = plk_reader_u32(r);
        plk_reader_copy(r, read->resets[i].secret, 32);
        bool falling = i == 0 || read->resets[i].number < read->resets[i - 1].number;
        if (read->resets[i].number == 0 || !falling) r->failed = true;
    }
}

enum plk_err plk_recovery_decode(struct plk_bytes value, struct plk_recovery *recovery) {
    struct plk_reader r = plk_reader(value);
    struct plk_recovery read = {0};
    uint8_t version = plk_reader_u8(&r);
    if (version == 0 || version > ROW_VERSION) r.failed = true;
    read.persona = plk_reader_u32(&r);
    struct plk_bytes identity = plk_reader_take(&r, PLK_IDENTITY_LEN);
    plk_reader_copy(&r, read.secret, 32);
    plk_reader_copy(&r, read.device, PLK_DEVICE_LEN);
    read_lists(&r, &read);
    read.reset.number = plk_reader_u32(&r);
    plk_reader_copy(&r, read.reset.key, 32);
    read.sent = plk_reader_u64(&r);
    read.seen = plk_reader_u64(&r);
    plk_reader_copy(&r, read.seen_hash, 32);
    if (version > 1) {
        read.order = plk_reader_u64(&r);
        read.order_seen = plk_reader_u64(&r);
    }
    read.lines = plk_reader_u32(&r);
    bool valid = plk_reader_done(&r) && plk_identity_decode(identity, &read.identity) == PLK_ERR_OK &&
                 read.sent <= PLK_RECOVERY_COUNTER_MAX && read.seen <= PLK_RECOVERY_COUNTER_MAX &&
                 read.order <= PLK_RECOVERY_COUNTER_MAX && read.order_seen <= PLK_RECOVERY_COUNTER_MAX;
    if (valid) *recovery = read;
    plk_mem_wipe(&read, sizeof read);
    return valid ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}
