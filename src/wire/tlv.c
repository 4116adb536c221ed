// SPDX-License-Identifier: MIT
#include "wire/tlv.h"

#define PADDING 0 // the type that has no length and fills the rest

bool plk_tlv_next(struct plk_reader *r, uint64_t *last, struct plk_tlv *entry) {
    if (r->failed || r->left == 0) return false;
    uint64_t type = plk_reader_varint(r);
    struct plk_bytes value = plk_reader_sized(r, r->left);
    if (r->failed || type <= *last) {
        r->failed = true;
        r->left = 0;
        return false;
    }
    *last = type;
    *entry = (struct plk_tlv){.type = type, .value = value};
    return true;
}

struct plk_bytes plk_tlv_padded(struct plk_reader *r) {
    const uint8_t *start = r->at;
    uint64_t last = 0;
    struct plk_tlv entry;
    while (r->left > 0 && r->at[0] != PADDING && plk_tlv_next(r, &last, &entry)) {}
    if (r->failed) return plk_bytes(NULL, 0);
    struct plk_bytes list = plk_bytes(start, (size_t)(r->at - start)), rest = plk_reader_rest(r);
    for (size_t i = 0; i < rest.len; i++) r->failed = r->failed || rest.at[i] != 0;
    return list;
}

bool plk_tlv_find(struct plk_bytes list, uint64_t type, struct plk_bytes *value) {
    struct plk_reader r = plk_reader(list);
    uint64_t last = 0;
    struct plk_tlv entry;
    while (plk_tlv_next(&r, &last, &entry)) {
        if (entry.type != type) continue;
        *value = entry.value;
        return true;
    }
    return false;
}

void plk_tlv_head(struct plk_writer *w, uint64_t type, size_t len) {
    plk_writer_varint(w, type);
    plk_writer_varint(w, len);
}

void plk_tlv_put(struct plk_writer *w, uint64_t type, struct plk_bytes value) {
    plk_tlv_head(w, type, value.len);
    plk_writer_put(w, value);
}
