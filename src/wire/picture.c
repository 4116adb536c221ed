// SPDX-License-Identifier: MIT
#include "wire/picture.h"

// ---- parts of a whole -----------------------------------------------------------------------------------------------

unsigned plk_picture_parts(uint32_t size) { return (size + PLK_PICTURE_PART_MAX - 1) / PLK_PICTURE_PART_MAX; }

struct plk_bytes plk_picture_part(struct plk_bytes data, unsigned part) {
    size_t at = (size_t)part * PLK_PICTURE_PART_MAX;
    plk_assert(at < data.len);
    size_t left = data.len - at;
    return plk_bytes(data.at + at, left < PLK_PICTURE_PART_MAX ? left : PLK_PICTURE_PART_MAX);
}

bool plk_picture_part_fits(uint32_t size, unsigned number, size_t len) {
    unsigned count = plk_picture_parts(size);
    if (number >= count) return false;
    return number + 1 < count ? len == PLK_PICTURE_PART_MAX : len == size - number * PLK_PICTURE_PART_MAX;
}

// ---- the message ----------------------------------------------------------------------------------------------------

enum plk_err plk_picture_check(const struct plk_picture *p) {
    if (p->size == 0) return PLK_ERR_EMPTY;
    if (p->size > PLK_PICTURE_MAX || p->preview.len > PLK_PICTURE_PREVIEW_MAX ||
        p->caption.len > PLK_PICTURE_CAPTION_MAX)
        return PLK_ERR_TOO_LONG;
    if (p->type < PLK_PICTURE_JPEG || p->type >= PLK_PICTURE_TYPES || p->width == 0 || p->height == 0)
        return PLK_ERR_INVALID;
    return plk_bytes_is_utf8(p->caption) ? PLK_ERR_OK : PLK_ERR_NOT_UTF8;
}

void plk_picture_encode(struct plk_writer *w, const struct plk_picture *p) {
    plk_assert(plk_picture_check(p) == PLK_ERR_OK);
    plk_writer_u8(w, (uint8_t)p->type);
    plk_writer_u16(w, p->width);
    plk_writer_u16(w, p->height);
    plk_writer_u32(w, p->size);
    plk_writer_copy(w, p->hashes, plk_picture_parts(p->size) * sizeof p->hashes[0]);
    plk_writer_sized(w, p->preview);
    plk_writer_put(w, p->caption);
}

// A length in its shortest form; any other fails the reader (fuzz picture).
static struct plk_bytes read_sized(struct plk_reader *r, size_t max) {
    size_t before = r->left;
    struct plk_bytes bytes = plk_reader_sized(r, max);
    if (before - r->left != plk_writer_varint_len(bytes.len) + bytes.len) r->failed = true;
    return bytes;
}

enum plk_err plk_picture_decode(struct plk_bytes payload, struct plk_picture *picture) {
    struct plk_reader r = plk_reader(payload);
    struct plk_picture got = {.type = (enum plk_picture_type)plk_reader_u8(&r)};
    got.width = plk_reader_u16(&r);
    got.height = plk_reader_u16(&r);
    got.size = plk_reader_u32(&r);
    if (r.failed || got.size == 0 || got.size > PLK_PICTURE_MAX) return PLK_ERR_MALFORMED;
    plk_reader_copy(&r, got.hashes, plk_picture_parts(got.size) * sizeof got.hashes[0]);
    got.preview = read_sized(&r, PLK_PICTURE_PREVIEW_MAX);
    got.caption = plk_reader_rest(&r);
    if (r.failed || plk_picture_check(&got) != PLK_ERR_OK) return PLK_ERR_MALFORMED;
    *picture = got;
    return PLK_ERR_OK;
}

struct plk_bytes plk_picture_text(uint16_t kind, struct plk_bytes payload) {
    struct plk_picture picture;
    if (kind != PLK_BODY_PICTURE) return payload;
    return plk_picture_decode(payload, &picture) == PLK_ERR_OK ? picture.caption : plk_bytes(NULL, 0);
}

void plk_picture_part_encode(struct plk_writer *w, unsigned number, struct plk_bytes bytes) {
    plk_assert(number < PLK_PICTURE_PARTS_MAX && bytes.len > 0 && bytes.len <= PLK_PICTURE_PART_MAX);
    plk_writer_u8(w, (uint8_t)number);
    plk_writer_put(w, bytes);
}

enum plk_err plk_picture_part_decode(struct plk_bytes payload, unsigned *number, struct plk_bytes *bytes) {
    struct plk_reader r = plk_reader(payload);
    unsigned read = plk_reader_u8(&r);
    struct plk_bytes rest = plk_reader_rest(&r);
    if (r.failed || read >= PLK_PICTURE_PARTS_MAX || rest.len == 0 || rest.len > PLK_PICTURE_PART_MAX)
        return PLK_ERR_MALFORMED;
    *number = read;
    *bytes = rest;
    return PLK_ERR_OK;
}

// ---- rows -----------------------------------------------------------------------------------------------------------

void plk_picture_key(uint8_t out[PLK_PICTURE_KEY_LEN], uint32_t contact, enum plk_direction direction,
                     const struct plk_origin *origin, uint8_t part) {
    plk_message_key(out, contact, direction, origin);
    out[PLK_MESSAGE_KEY_LEN] = part;
}

void plk_picture_end(uint8_t out[PLK_PICTURE_END_LEN], uint32_t contact, enum plk_direction direction,
                     const struct plk_origin *origin) {
    plk_picture_key(out, contact, direction, origin, PLK_PICTURE_WHOLE);
    out[PLK_PICTURE_KEY_LEN] = 0;
}
