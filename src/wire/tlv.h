// SPDX-License-Identifier: MIT
// Type-length-value lists: {type varint, length varint, value}, types strictly rising, so that a list has one
// encoding and no type twice. A reader skips types it does not know, unless the format that uses the list says
// otherwise.
#ifndef PLK_WIRE_TLV_H
#define PLK_WIRE_TLV_H

#include "base/reader.h"
#include "base/writer.h"

struct plk_tlv {
    uint64_t type;
    struct plk_bytes value; // borrowed
};

// The next entry of a list; *last is the type before it (0 at first: types count from 1). False at the end, and after a
// failure, which is sticky in r: check plk_reader_done when it is over.
bool plk_tlv_next(struct plk_reader *r, uint64_t *last, struct plk_tlv *entry);

// A list that is followed by nothing but zeroes, which fill a message up: reads all of r, and returns the list. A list that
// is broken, or a byte after it that is not zero, fails the reader.
struct plk_bytes plk_tlv_padded(struct plk_reader *r);

// The entry of this type (>= 1) in a list that was read before; false: there is none.
bool plk_tlv_find(struct plk_bytes list, uint64_t type, struct plk_bytes *value);

void plk_tlv_put(struct plk_writer *w, uint64_t type, struct plk_bytes value);

// An entry whose value is written in place: begin, write len bytes, done.
void plk_tlv_head(struct plk_writer *w, uint64_t type, size_t len);

#endif
