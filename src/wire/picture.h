// SPDX-License-Identifier: MIT
// Pictures: what a picture message says of its picture, the parts that follow it, and the keys of their rows. Normative text:
// docs/protocol/messages.md, section 12. Every decoder is strict: it accepts only what its encoder writes.
//
// A picture is cut into parts of PLK_PICTURE_PART_MAX bytes, the last one is the rest. The message carries the hash of each, so
// that a part is known to be right by itself, and a picture whose parts are all there is the one that was sent.
#ifndef PLK_WIRE_PICTURE_H
#define PLK_WIRE_PICTURE_H

#include "base/err.h"
#include "base/reader.h"
#include "base/writer.h"
#include "wire/row.h"

#define PLK_PICTURE_MAX (1u << 20)       // bytes of a picture
#define PLK_PICTURE_PART_MAX (48u << 10) // bytes of a part; each but the last has so many
#define PLK_PICTURE_PARTS_MAX 22
#define PLK_PICTURE_PREVIEW_MAX 4096 // bytes of a small JPEG or WebP that is shown until the parts are there
#define PLK_PICTURE_CAPTION_MAX 4000 // bytes of UTF-8
#define PLK_PICTURE_HASH_LEN 32
#define PLK_AVATAR_MAX (24u << 10) // bytes of a picture of a person: in the PROFILE message (contact/profile.h)

enum plk_picture_type { PLK_PICTURE_JPEG = 1, PLK_PICTURE_PNG, PLK_PICTURE_WEBP, PLK_PICTURE_GIF, PLK_PICTURE_TYPES };

// What the head of a picture file says. UNSUPPORTED: none of the four types. CUT_OFF: its size is not in these bytes. MALFORMED: a
// side of 0, or beyond 65,535 dots.
struct plk_picture_head {
    enum plk_picture_type type;
    uint16_t width, height;
};
enum plk_err plk_picture_head(struct plk_bytes file, struct plk_picture_head *head);

// ---- the message (PLK_BODY_PICTURE) ---------------------------------------------------------------------------------

// type u8 | width u16 | height u16 | size u32 | hash 32 of each part | preview: varint length, bytes | caption: the rest
struct plk_picture {
    enum plk_picture_type type;
    uint16_t width, height; // from 1
    uint32_t size;          // 1 .. PLK_PICTURE_MAX
    uint8_t hashes[PLK_PICTURE_PARTS_MAX][PLK_PICTURE_HASH_LEN];
    struct plk_bytes preview, caption; // borrowed
};

#define PLK_PICTURE_LEN_MAX \
    (9 + PLK_PICTURE_PARTS_MAX * PLK_PICTURE_HASH_LEN + 2 + PLK_PICTURE_PREVIEW_MAX + PLK_PICTURE_CAPTION_MAX)

unsigned plk_picture_parts(uint32_t size);                               // how many there are
struct plk_bytes plk_picture_part(struct plk_bytes data, unsigned part); // of a whole picture; borrowed

// Whether this may be sent: EMPTY, TOO_LONG, NOT_UTF8 (the caption), INVALID (type, sides).
enum plk_err plk_picture_check(const struct plk_picture *picture);
void plk_picture_encode(struct plk_writer *w, const struct plk_picture *picture);
enum plk_err plk_picture_decode(struct plk_bytes payload, struct plk_picture *picture); // MALFORMED

// What people read of a message of this kind: of a picture its caption, nothing of one that is none; of others the payload.
struct plk_bytes plk_picture_text(uint16_t kind, struct plk_bytes payload);

// ---- a part (PLK_BODY_PICTURE_PART, whose target is the picture's origin) -------------------------------------------

// number u8, from 0 | bytes
#define PLK_PICTURE_PART_LEN_MAX (1 + PLK_PICTURE_PART_MAX)
void plk_picture_part_encode(struct plk_writer *w, unsigned number, struct plk_bytes bytes);
enum plk_err plk_picture_part_decode(struct plk_bytes payload, unsigned *number, struct plk_bytes *bytes); // MALFORMED
// Whether these bytes have the length that part has.
bool plk_picture_part_fits(uint32_t size, unsigned number, size_t len);

// ---- rows of table picture ------------------------------------------------------------------------------------------

// A message's key, then the part; under PLK_PICTURE_WHOLE, one byte: all parts are there, and are what was sent.
#define PLK_PICTURE_KEY_LEN (PLK_MESSAGE_KEY_LEN + 1)
#define PLK_PICTURE_WHOLE 0xff
void plk_picture_key(uint8_t out[PLK_PICTURE_KEY_LEN], uint32_t contact, enum plk_direction direction,
                     const struct plk_origin *origin, uint8_t part);
#define PLK_PICTURE_END_LEN (PLK_PICTURE_KEY_LEN + 1)
void plk_picture_end(uint8_t out[PLK_PICTURE_END_LEN], uint32_t contact, enum plk_direction direction,
                     const struct plk_origin *origin); // behind all keys of that picture

#endif
