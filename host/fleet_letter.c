// SPDX-License-Identifier: MIT
#include "host/fleet_letter.h"

#include <string.h>

#include "host/entropy.h"

#define VERSION 1
#define WINDOW 64
#define HEAD_LEN (1 + PLK_XNONCE_LEN)

size_t plk_fleet_letter_seal(uint8_t out[PLK_FLEET_LETTER_MAX], struct plk_fleet_writer *from, struct plk_bytes word) {
    uint8_t text[PLK_FLEET_LETTER_MAX];
    struct plk_writer w = plk_writer(text, sizeof text);
    plk_writer_u8(&w, from->slot);
    plk_writer_copy(&w, from->instance, sizeof from->instance);
    plk_writer_u64(&w, ++from->number);
    plk_writer_put(&w, word);
    plk_assert(!w.failed && word.len <= PLK_FLEET_WORD_MAX);
    out[0] = VERSION;
    plk_entropy_bytes(out + 1, PLK_XNONCE_LEN);
    plk_xaead_seal(out + HEAD_LEN, from->key, out + 1, plk_bytes(out, 1), plk_writer_bytes(&w));
    return HEAD_LEN + w.len + PLK_TAG_LEN;
}

enum plk_err plk_fleet_letter_open(struct plk_fleet_letter *letter, const uint8_t key[32], struct plk_bytes bytes,
                                   uint8_t *room) {
    if (bytes.len <= HEAD_LEN + PLK_TAG_LEN || bytes.len > PLK_FLEET_LETTER_MAX || bytes.at[0] != VERSION)
        return PLK_ERR_MALFORMED;
    struct plk_bytes sealed = plk_bytes(bytes.at + HEAD_LEN, bytes.len - HEAD_LEN);
    enum plk_err err = plk_xaead_open(room, key, bytes.at + 1, plk_bytes(bytes.at, 1), sealed);
    if (err != PLK_ERR_OK) return err;
    struct plk_reader r = plk_reader(plk_bytes(room, sealed.len - PLK_TAG_LEN));
    struct plk_fleet_letter read = {.slot = plk_reader_u8(&r)};
    plk_reader_copy(&r, read.instance, sizeof read.instance);
    read.number = plk_reader_u64(&r);
    read.word = plk_reader_rest(&r);
    if (!plk_reader_done(&r) || read.slot >= PLK_FLEET_SLOTS || read.number == 0) return PLK_ERR_MALFORMED;
    *letter = read;
    return PLK_ERR_OK;
}

enum plk_err plk_fleet_letter_accept(struct plk_fleet_reader *reader, const struct plk_fleet_letter *letter) {
    if (memcmp(reader->instance, letter->instance, sizeof reader->instance) != 0) return PLK_ERR_REPLAYED;
    if (letter->number > reader->highest) {
        uint64_t ahead = letter->number - reader->highest;
        reader->seen = (ahead < WINDOW ? reader->seen << ahead : 0) | 1;
        reader->highest = letter->number;
        return PLK_ERR_OK;
    }
    uint64_t behind = reader->highest - letter->number;
    if (behind >= WINDOW || (reader->seen >> behind & 1) != 0) return PLK_ERR_REPLAYED;
    reader->seen |= UINT64_C(1) << behind;
    return PLK_ERR_OK;
}
