// SPDX-License-Identifier: MIT
#include "wire/descriptor.h"

void plk_descriptor_encode_body(struct plk_writer *w, const struct plk_descriptor *d) {
    plk_writer_u8(w, PLK_DESCRIPTOR_VERSION);
    plk_writer_copy(w, d->relay, sizeof d->relay);
    plk_writer_copy(w, d->sign, sizeof d->sign);
    plk_addr_write(w, &d->addr);
    plk_writer_u8(w, (uint8_t)d->admission);
    plk_writer_u64(w, d->sequence);
    plk_writer_u64(w, d->expires_ms);
}

void plk_descriptor_encode(struct plk_writer *w, const struct plk_descriptor *d) {
    plk_descriptor_encode_body(w, d);
    plk_writer_copy(w, d->sig, sizeof d->sig);
}

enum plk_err plk_descriptor_decode(struct plk_bytes bytes, struct plk_descriptor *d) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_descriptor read;
    uint8_t version = plk_reader_u8(&r);
    if (!r.failed && version != PLK_DESCRIPTOR_VERSION) return version == 0 ? PLK_ERR_MALFORMED : PLK_ERR_TOO_NEW;
    plk_reader_copy(&r, read.relay, sizeof read.relay);
    plk_reader_copy(&r, read.sign, sizeof read.sign);
    read.addr = plk_addr_read(&r);
    uint8_t admission = plk_reader_u8(&r);
    read.sequence = plk_reader_u64(&r);
    read.expires_ms = plk_reader_u64(&r);
    plk_reader_copy(&r, read.sig, sizeof read.sig);
    bool good = plk_reader_done(&r) && read.sequence > 0 && read.addr.port != 0 &&
                plk_addr_class(&read.addr) != PLK_ADDR_REFUSED && admission >= PLK_RELAY_ADMIT_TOKEN &&
                admission <= PLK_RELAY_ADMIT_CLOSED;
    if (!good) return PLK_ERR_MALFORMED;
    read.admission = (enum plk_relay_admission)admission;
    *d = read;
    return PLK_ERR_OK;
}

void plk_descriptors_encode(struct plk_writer *w, const struct plk_descriptors *list) {
    plk_assert(list->count <= PLK_DESCRIPTORS_MAX);
    plk_writer_u8(w, (uint8_t)list->count);
    for (unsigned i = 0; i < list->count; i++) {
        plk_assert(list->at[i].len > 0 && list->at[i].len <= UINT8_MAX);
        plk_writer_u8(w, (uint8_t)list->at[i].len);
        plk_writer_put(w, list->at[i]);
    }
}

enum plk_err plk_descriptors_decode(struct plk_bytes bytes, struct plk_descriptors *list) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_descriptors read = {.count = plk_reader_u8(&r)};
    if (read.count > PLK_DESCRIPTORS_MAX) return PLK_ERR_MALFORMED;
    for (unsigned i = 0; i < read.count; i++) {
        read.at[i] = plk_reader_take(&r, plk_reader_u8(&r));
        if (read.at[i].len == 0) return PLK_ERR_MALFORMED;
    }
    if (!plk_reader_done(&r)) return PLK_ERR_MALFORMED;
    *list = read;
    return PLK_ERR_OK;
}
