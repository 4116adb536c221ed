// SPDX-License-Identifier: MIT
#include "contact/invite.h"

#define LABEL_PSK "PeerLink/1/contact/invite-psk"
#define LABEL_PREKEY "PeerLink/1/contact/invite-prekey"
#define LABEL_SESSION "PeerLink/1/contact/invite-session"

#define ROW_VERSION 1
#define ROW_RELAY_ONLY 2 // the same, of one with relay_only

void plk_invite_make(struct plk_invite *invite, uint32_t number, enum plk_link_kind kind,
                     const uint8_t device[PLK_DEVICE_LEN], uint64_t now_ms, uint64_t life_ms, struct plk_rng *rng) {
    memset(invite, 0, sizeof *invite);
    invite->number = number;
    invite->kind = kind;
    invite->state = PLK_INVITE_OPEN;
    plk_rng_bytes(rng, invite->secret, sizeof invite->secret);
    plk_hkdf_label(invite->psk, sizeof invite->psk, plk_bytes(invite->secret, 32), LABEL_PSK);
    memcpy(invite->device, device, PLK_DEVICE_LEN);
    invite->sequence = now_ms;
    invite->expires_ms = life_ms < UINT64_MAX - now_ms ? now_ms + life_ms : UINT64_MAX;
}

void plk_invite_prekey(const struct plk_invite *invite, uint8_t secret[32]) {
    plk_assert(invite->state == PLK_INVITE_OPEN);
    plk_hkdf_label(secret, 32, plk_bytes(invite->secret, 32), LABEL_PREKEY);
}

void plk_invite_bundle(const struct plk_invite *invite, const struct plk_persona *me, uint8_t out[PLK_BUNDLE_LEN]) {
    struct plk_bundle bundle = {
        .suite = PLK_SUITE,
        .min = PLK_VERSION_MIN,
        .max = PLK_VERSION_MAX,
        .sequence = invite->sequence,
        .expires_ms = invite->expires_ms,
    };
    uint8_t prekey[32];
    plk_invite_prekey(invite, prekey);
    plk_dh_public(bundle.prekey, prekey);
    plk_mem_wipe(prekey, sizeof prekey);
    memcpy(bundle.device, invite->device, PLK_DEVICE_LEN);
    plk_persona_sign_bundle(me, &bundle);
    struct plk_writer w = plk_writer(out, PLK_BUNDLE_LEN);
    plk_bundle_encode(&w, &bundle);
    plk_assert(!w.failed && w.len == PLK_BUNDLE_LEN);
}

enum plk_err plk_invite_text(const struct plk_invite *invite, const struct plk_persona *me,
                             const struct plk_places *places, char out[PLK_INVITE_LINK_TEXT_MAX], size_t *len) {
    uint8_t bundle[PLK_BUNDLE_LEN];
    plk_assert(invite->kind == PLK_LINK_KIND_INLINE);
    struct plk_places usable = plk_places_usable(places, PLK_INVITE_PLACES_MAX);
    if (usable.count == 0) return PLK_ERR_NO_ADDRESS;
    plk_invite_bundle(invite, me, bundle);
    struct plk_invite_link link = {
        .kind = PLK_LINK_KIND_INLINE,
        .bundle = plk_bytes(bundle, sizeof bundle),
        .places = usable,
    };
    memcpy(link.psk, invite->psk, sizeof link.psk);
    plk_invite_link_encode(&link, out, len);
    plk_mem_wipe(&link, sizeof link);
    return PLK_ERR_OK;
}

void plk_invite_text_relays(const struct plk_invite *invite, const struct plk_persona *me,
                            const uint8_t queue[PLK_INVITE_QUEUE_LEN], const struct plk_invite_relay *relays,
                            uint8_t count, char out[PLK_INVITE_LINK_TEXT_MAX], size_t *len) {
    struct plk_invite_link link = {.kind = invite->kind, .relay_count = count};
    plk_assert(invite->kind != PLK_LINK_KIND_INLINE && count >= 1 && count <= PLK_INVITE_RELAYS_MAX);
    if (invite->kind == PLK_LINK_KIND_ADDRESS) {
        memcpy(link.hash, me->peer_id, sizeof link.hash);
    } else {
        uint8_t bundle[PLK_BUNDLE_LEN];
        plk_invite_bundle(invite, me, bundle);
        plk_persona_bundle_hash(link.hash, plk_bytes(bundle, sizeof bundle));
    }
    memcpy(link.psk, invite->psk, sizeof link.psk);
    memcpy(link.queue, queue, sizeof link.queue);
    memcpy(link.relays, relays, count * sizeof *relays);
    plk_invite_link_encode(&link, out, len);
    plk_mem_wipe(&link, sizeof link);
}

size_t plk_invite_cell_encode(uint8_t out[PLK_INVITE_CELL_MAX], enum plk_invite_cell kind, struct plk_bytes bytes) {
    struct plk_writer w = plk_writer(out, PLK_INVITE_CELL_MAX);
    plk_writer_u8(&w, (uint8_t)kind);
    plk_writer_put(&w, bytes);
    plk_assert(!w.failed && (kind == PLK_INVITE_CELL_OPEN || bytes.len == 32));
    return w.len;
}

enum plk_err plk_invite_cell_decode(struct plk_bytes content, enum plk_invite_cell *kind, struct plk_bytes *bytes) {
    struct plk_reader r = plk_reader(content);
    uint8_t read = plk_reader_u8(&r);
    struct plk_bytes rest = plk_reader_rest(&r);
    if (r.failed || read < PLK_INVITE_CELL_OPEN || read > PLK_INVITE_CELL_USED) return PLK_ERR_MALFORMED;
    if (read == PLK_INVITE_CELL_USED && rest.len != 32) return PLK_ERR_MALFORMED;
    if (read == PLK_INVITE_CELL_OPEN && rest.len > PLK_BUNDLE_MAX) return PLK_ERR_MALFORMED;
    *kind = (enum plk_invite_cell)read;
    *bytes = rest;
    return PLK_ERR_OK;
}

void plk_invite_session_psk(uint8_t out[32], const uint8_t psk[PLK_INVITE_PSK_LEN]) {
    plk_hkdf_label(out, 32, plk_bytes(psk, PLK_INVITE_PSK_LEN), LABEL_SESSION);
}

enum plk_err plk_invite_meet(const struct plk_invite *invite, const uint8_t blob_hash[32], uint64_t now_ms) {
    if (invite->state == PLK_INVITE_OPEN) return now_ms < invite->expires_ms ? PLK_ERR_OK : PLK_ERR_EXPIRED;
    bool same = memcmp(invite->blob_hash, blob_hash, 32) == 0;
    return invite->state == PLK_INVITE_SPENT && same ? PLK_ERR_REPLAYED : PLK_ERR_USED;
}

void plk_invite_spend(struct plk_invite *invite, const uint8_t blob_hash[32], uint32_t contact) {
    plk_assert(invite->state == PLK_INVITE_OPEN && invite->kind != PLK_LINK_KIND_ADDRESS && contact != 0);
    plk_mem_wipe(invite->secret, sizeof invite->secret);
    invite->state = PLK_INVITE_SPENT;
    memcpy(invite->blob_hash, blob_hash, 32);
    invite->contact = contact;
}

void plk_invite_close(struct plk_invite *invite) {
    if (invite->state == PLK_INVITE_SPENT) invite->state = PLK_INVITE_CLOSED;
}

bool plk_invite_is_over(const struct plk_invite *invite, uint64_t now_ms) {
    return invite->state != PLK_INVITE_SPENT && now_ms >= invite->expires_ms;
}

// ---- the row: version u8 (2: relay_only, else 1) | kind u8 | state u8 | device 8 | sequence u64 | expires u64 | OPEN: secret 32; else psk 16,
// blob hash 32, contact u32

void plk_invite_key(uint8_t out[PLK_INVITE_KEY_LEN], uint32_t number) {
    struct plk_writer w = plk_writer(out, PLK_INVITE_KEY_LEN);
    plk_writer_u32(&w, number);
}

void plk_invite_encode(struct plk_writer *w, const struct plk_invite *invite) {
    plk_writer_u8(w, invite->relay_only ? ROW_RELAY_ONLY : ROW_VERSION);
    plk_writer_u8(w, (uint8_t)invite->kind);
    plk_writer_u8(w, (uint8_t)invite->state);
    plk_writer_copy(w, invite->device, PLK_DEVICE_LEN);
    plk_writer_u64(w, invite->sequence);
    plk_writer_u64(w, invite->expires_ms);
    if (invite->state == PLK_INVITE_OPEN) {
        plk_writer_copy(w, invite->secret, 32);
        return;
    }
    plk_writer_copy(w, invite->psk, PLK_INVITE_PSK_LEN);
    plk_writer_copy(w, invite->blob_hash, 32);
    plk_writer_u32(w, invite->contact);
}

static void read_value(struct plk_reader *r, struct plk_invite *read) {
    read->kind = (enum plk_link_kind)plk_reader_u8(r);
    read->state = (enum plk_invite_state)plk_reader_u8(r);
    plk_reader_copy(r, read->device, PLK_DEVICE_LEN);
    read->sequence = plk_reader_u64(r);
    read->expires_ms = plk_reader_u64(r);
    if (read->state == PLK_INVITE_OPEN) {
        plk_reader_copy(r, read->secret, 32);
        plk_hkdf_label(read->psk, sizeof read->psk, plk_bytes(read->secret, 32), LABEL_PSK);
        return;
    }
    plk_reader_copy(r, read->psk, PLK_INVITE_PSK_LEN);
    plk_reader_copy(r, read->blob_hash, 32);
    read->contact = plk_reader_u32(r);
    if (read->contact == 0 || read->kind == PLK_LINK_KIND_ADDRESS) r->failed = true;
}

enum plk_err plk_invite_decode(struct plk_bytes key, struct plk_bytes value, struct plk_invite *invite) {
    struct plk_invite read = {0};
    struct plk_reader k = plk_reader(key), r = plk_reader(value);
    read.number = plk_reader_u32(&k);
    uint8_t version = plk_reader_u8(&r);
    read.relay_only = version == ROW_RELAY_ONLY;
    if (version != ROW_VERSION && !read.relay_only) r.failed = true;
    read_value(&r, &read);
    if (read.relay_only && read.kind == PLK_LINK_KIND_INLINE) r.failed = true;
    bool valid = plk_reader_done(&k) && plk_reader_done(&r) && read.kind >= PLK_LINK_KIND_ONE_TIME &&
                 read.kind <= PLK_LINK_KIND_INLINE && read.state >= PLK_INVITE_OPEN && read.state <= PLK_INVITE_CLOSED;
    if (valid) *invite = read;
    plk_mem_wipe(&read, sizeof read);
    return valid ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}
