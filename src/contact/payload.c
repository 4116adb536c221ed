// SPDX-License-Identifier: MIT
#include "contact/payload.h"

#include "contact/name.h"
#include "wire/tlv.h"

enum {
    TYPE_NAME = 1,
    TYPE_ABOUT,
    TYPE_DEVICE,
    TYPE_EPOCH,
    TYPE_LINK,
    TYPE_PLACES,
    TYPE_RESET,
    TYPE_QUEUES,
    TYPE_ENVELOPES,
    TYPE_ACK,
    TYPE_REPLACES,
    TYPE_INCARNATION,
    TYPE_CONTINUES,
    TYPE_ORDER,
};

static bool is_zero(const uint8_t *at, size_t len) {
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) any |= at[i];
    return any == 0;
}

// What both directions hold to. Names: a peer's is never shown without having passed here.
static bool is_valid(const struct plk_payload *p) {
    size_t envelopes = 0;
    if (p->envelope_count > PLK_PAYLOAD_ENVELOPES_MAX) return false;
    for (size_t i = 0; i < p->envelope_count; i++) {
        if (p->envelopes[i].len == 0 || p->envelopes[i].len > PLK_PAYLOAD_ENVELOPE_MAX) return false;
        envelopes += p->envelopes[i].len;
    }
    bool names =
        (p->name.len == 0 || plk_name_check(p->name) == PLK_ERR_OK) && plk_name_check_about(p->about) == PLK_ERR_OK;
    bool ids = !is_zero(p->device, PLK_DEVICE_LEN) && !is_zero(p->epoch, PLK_EPOCH_LEN) &&
               (!p->has_replaces || !is_zero(p->replaces, PLK_DEVICE_LEN));
    bool kem = p->reset_kem.len == 0 || (p->has_reset && p->reset_kem.len == PLK_PAYLOAD_KEM_MAX);
    return names && ids && kem && (!p->has_reset || p->reset.number > 0) && p->places.count <= PLK_PLACES_MAX &&
           p->queues.len <= PLK_PAYLOAD_QUEUES_MAX && p->ack.len <= PLK_PAYLOAD_ACK_MAX &&
           envelopes <= PLK_PAYLOAD_ENVELOPE_MAX;
}

static void put_filled(struct plk_writer *w, uint64_t type, struct plk_bytes value) {
    if (value.len > 0) plk_tlv_put(w, type, value);
}

static void put_reset(struct plk_writer *w, const struct plk_payload *p) {
    plk_tlv_head(w, TYPE_RESET, 36 + plk_writer_varint_len(p->reset_kem.len) + p->reset_kem.len);
    plk_writer_u32(w, p->reset.number);
    plk_writer_copy(w, p->reset.key, 32);
    plk_writer_sized(w, p->reset_kem);
}

static void put_envelopes(struct plk_writer *w, const struct plk_payload *p) {
    size_t len = 0;
    for (size_t i = 0; i < p->envelope_count; i++) {
        len += plk_writer_varint_len(p->envelopes[i].len) + p->envelopes[i].len;
    }
    plk_tlv_head(w, TYPE_ENVELOPES, len);
    for (size_t i = 0; i < p->envelope_count; i++) plk_writer_sized(w, p->envelopes[i]);
}

void plk_payload_encode(struct plk_writer *w, const struct plk_payload *payload) {
    plk_assert(is_valid(payload));
    put_filled(w, TYPE_NAME, payload->name);
    put_filled(w, TYPE_ABOUT, payload->about);
    plk_tlv_put(w, TYPE_DEVICE, plk_bytes(payload->device, PLK_DEVICE_LEN));
    plk_tlv_put(w, TYPE_EPOCH, plk_bytes(payload->epoch, PLK_EPOCH_LEN));
    plk_tlv_put(w, TYPE_LINK, plk_bytes(payload->link_public, 32));
    struct plk_places places = plk_places_usable(&payload->places, PLK_PLACES_MAX);
    if (places.count > 0) {
        plk_tlv_head(w, TYPE_PLACES, plk_places_len(&places));
        plk_places_write(w, &places);
    }
    if (payload->has_reset) put_reset(w, payload);
    put_filled(w, TYPE_QUEUES, payload->queues);
    if (payload->envelope_count > 0) put_envelopes(w, payload);
    put_filled(w, TYPE_ACK, payload->ack);
    if (payload->has_replaces) plk_tlv_put(w, TYPE_REPLACES, plk_bytes(payload->replaces, PLK_DEVICE_LEN));
    if (payload->incarnation != 0) {
        plk_tlv_head(w, TYPE_INCARNATION, 8);
        plk_writer_u64(w, payload->incarnation);
    }
    if (payload->continues) {
        plk_tlv_head(w, TYPE_CONTINUES, 1);
        plk_writer_u8(w, 1);
    }
    if (payload->order != 0) {
        plk_tlv_head(w, TYPE_ORDER, 8);
        plk_writer_u64(w, payload->order);
    }
    plk_assert(!w->failed);
}

static void read_envelopes(struct plk_reader *r, struct plk_payload *p) {
    while (r->left > 0 && !r->failed) {
        if (p->envelope_count == PLK_PAYLOAD_ENVELOPES_MAX) {
            r->failed = true;
            return;
        }
        p->envelopes[p->envelope_count++] = plk_reader_sized(r, PLK_PAYLOAD_ENVELOPE_MAX);
    }
}

// The value of one type; false when it is not what the type says. Empty values are left out, never sent.
static bool read_value(struct plk_payload *p, const struct plk_tlv *entry) {
    struct plk_reader r = plk_reader(entry->value);
    switch (entry->type) {
    case TYPE_NAME:
        p->name = plk_reader_rest(&r);
        return p->name.len > 0;
    case TYPE_ABOUT:
        p->about = plk_reader_rest(&r);
        return p->about.len > 0;
    case TYPE_DEVICE:
        plk_reader_copy(&r, p->device, PLK_DEVICE_LEN);
        break;
    case TYPE_EPOCH:
        plk_reader_copy(&r, p->epoch, PLK_EPOCH_LEN);
        break;
    case TYPE_LINK:
        plk_reader_copy(&r, p->link_public, 32);
        break;
    case TYPE_PLACES:
        plk_places_read(&r, &p->places, PLK_PLACES_MAX);
        if (p->places.count == 0) return false;
        break;
    case TYPE_RESET:
        p->has_reset = true;
        p->reset.number = plk_reader_u32(&r);
        plk_reader_copy(&r, p->reset.key, 32);
        p->reset_kem = plk_reader_sized(&r, PLK_PAYLOAD_KEM_MAX);
        break;
    case TYPE_QUEUES:
        p->queues = plk_reader_rest(&r);
        return p->queues.len > 0;
    case TYPE_ENVELOPES:
        read_envelopes(&r, p);
        if (p->envelope_count == 0) return false;
        break;
    case TYPE_ACK:
        p->ack = plk_reader_rest(&r);
        return p->ack.len > 0;
    case TYPE_REPLACES:
        p->has_replaces = true;
        plk_reader_copy(&r, p->replaces, PLK_DEVICE_LEN);
        break;
    case TYPE_INCARNATION:
        p->incarnation = plk_reader_u64(&r);
        if (p->incarnation == 0) return false;
        break;
    case TYPE_CONTINUES:
        p->continues = true;
        if (plk_reader_u8(&r) != 1) return false;
        break;
    case TYPE_ORDER:
        p->order = plk_reader_u64(&r);
        if (p->order == 0 || p->order > PLK_PAYLOAD_ORDER_MAX) return false;
        break;
    default:
        return true;
    }
    return plk_reader_done(&r);
}

enum plk_err plk_payload_decode(struct plk_bytes bytes, struct plk_payload *payload) {
    struct plk_payload read = {0};
    struct plk_reader r = plk_reader(bytes);
    struct plk_tlv entry = {0};
    uint64_t last = 0;
    uint64_t met = 0; // bits of the types below 64
    if (bytes.len > PLK_PAYLOAD_MAX) return PLK_ERR_MALFORMED;
    while (plk_tlv_next(&r, &last, &entry)) {
        if (!read_value(&read, &entry)) return PLK_ERR_MALFORMED;
        if (entry.type < 64) met |= UINT64_C(1) << entry.type;
    }
    uint64_t required = 1u << TYPE_DEVICE | 1u << TYPE_EPOCH | 1u << TYPE_LINK;
    if (!plk_reader_done(&r) || (met & required) != required || !is_valid(&read)) return PLK_ERR_MALFORMED;
    *payload = read;
    return PLK_ERR_OK;
}
