// SPDX-License-Identifier: MIT
#include "wire/tlv.h"

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

void plk_tlv_head(struct plk_writer *w, uint64_t type, size_t len) {
    plk_writer_varint(w, type);
    plk_writer_varint(w, len);
}

void plk_tlv_put(struct plk_writer *w, uint64_t type, struct plk_bytes value) {
    plk_tlv_head(w, type, value.len);
    plk_writer_put(w, value);
}
