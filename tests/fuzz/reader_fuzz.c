// SPDX-License-Identifier: MIT
// Reads some bytes in a way that other bytes say, writes what was read, and reads that again. The first byte is the
// number of calls, then the calls, then what is read.
#include <stdint.h>

#include "base/addr.h"
#include "base/reader.h"
#include "base/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS_MAX = 63, OUT_MAX = 1 << 17 };

struct value {
    uint64_t number;
    struct plk_bytes bytes;
    struct plk_addr addr;
    uint8_t copied[16];
};

static struct value read_one(struct plk_reader *r, uint8_t call) {
    struct value v = {0};
    switch (call & 7) {
    case 0:
        v.number = plk_reader_u8(r);
        break;
    case 1:
        v.number = plk_reader_u16(r);
        break;
    case 2:
        v.number = plk_reader_u32(r);
        break;
    case 3:
        v.number = plk_reader_u64(r);
        break;
    case 4:
        v.number = plk_reader_varint(r);
        break;
    case 5:
        v.bytes = plk_reader_sized(r, (size_t)call << 4);
        break;
    case 6:
        v.addr = plk_addr_read(r);
        break;
    default:
        plk_reader_copy(r, v.copied, call >> 4);
    }
    return v;
}

static void write_one(struct plk_writer *w, uint8_t call, const struct value *v) {
    switch (call & 7) {
    case 0:
        plk_writer_u8(w, (uint8_t)v->number);
        break;
    case 1:
        plk_writer_u16(w, (uint16_t)v->number);
        break;
    case 2:
        plk_writer_u32(w, (uint32_t)v->number);
        break;
    case 3:
        plk_writer_u64(w, v->number);
        break;
    case 4:
        plk_writer_varint(w, v->number);
        break;
    case 5:
        plk_writer_sized(w, v->bytes);
        break;
    case 6:
        plk_addr_write(w, &v->addr);
        break;
    default:
        plk_writer_copy(w, v->copied, call >> 4);
    }
}

static bool same(const struct value *a, const struct value *b) {
    return a->number == b->number && plk_bytes_equal(a->bytes, b->bytes) && plk_addr_equal(&a->addr, &b->addr) &&
           memcmp(a->copied, b->copied, sizeof a->copied) == 0;
}

// Runs the calls; how many succeeded. A failed read is empty, and all that follow fail too.
static size_t read_all(struct plk_reader *r, struct plk_bytes calls, struct value *values) {
    static const struct value empty;
    size_t good = 0;
    for (size_t i = 0; i < calls.len; i++) {
        bool failed = r->failed;
        size_t left = r->left;
        values[i] = read_one(r, calls.at[i]);
        plk_assert(r->left <= left && (!failed || r->failed));
        if (r->failed) plk_assert(same(&values[i], &empty));
        if (!r->failed) good++;
    }
    return good;
}

// By code point, where base/bytes.c goes by lead byte.
static bool is_utf8(struct plk_bytes t) {
    for (size_t i = 0; i < t.len;) {
        size_t len = t.at[i] < 0x80   ? 1
                     : t.at[i] < 0xc0 ? 0
                     : t.at[i] < 0xe0 ? 2
                     : t.at[i] < 0xf0 ? 3
                     : t.at[i] < 0xf8 ? 4
                                      : 0;
        if (len == 0 || len > t.len - i) return false;
        uint32_t point = len == 1 ? t.at[i] : t.at[i] & (0x7fu >> len);
        for (size_t k = 1; k < len; k++) {
            if (t.at[i + k] >> 6 != 2) return false;
            point = point << 6 | (t.at[i + k] & 0x3f);
        }
        size_t needed = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        if (len != needed || point == 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
        i += len;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t out[OUT_MAX];
    struct value first[CALLS_MAX], second[CALLS_MAX];
    plk_assert(plk_bytes_is_utf8(plk_bytes(data, size)) == is_utf8(plk_bytes(data, size)));
    struct plk_reader head = plk_reader(plk_bytes(data, size));
    struct plk_bytes calls = plk_reader_take(&head, plk_reader_u8(&head) % (CALLS_MAX + 1));
    struct plk_bytes input = plk_reader_rest(&head);
    if (head.failed) return 0;
    struct plk_reader r = plk_reader(input);
    size_t good = read_all(&r, calls, first);
    size_t consumed = r.failed ? input.len : input.len - r.left;
    struct plk_writer w = plk_writer(out, sizeof out);
    for (size_t i = 0; i < good; i++) write_one(&w, calls.at[i], &first[i]);
    plk_assert(!w.failed && w.len <= consumed); // shorter where a varint or an address was longer than it needs to be
    if (w.len == consumed && !r.failed)
        plk_assert(plk_bytes_equal(plk_writer_bytes(&w), plk_bytes(input.at, consumed)));
    r = plk_reader(plk_writer_bytes(&w));
    size_t again = read_all(&r, plk_bytes(calls.at, good), second);
    plk_assert(again == good && plk_reader_done(&r));
    for (size_t i = 0; i < good; i++) plk_assert(same(&first[i], &second[i]));
    if (w.len == 0) return 0;
    struct plk_writer small = plk_writer(out, w.len - 1); // one byte less fails, at the last call
    for (size_t i = 0; i < good; i++) write_one(&small, calls.at[i], &first[i]);
    plk_assert(small.failed);
    return 0;
}
