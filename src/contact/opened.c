// SPDX-License-Identifier: MIT
#include "contact/opened.h"

#define ROW_VERSION 1
#define ROW_ADOPTS 2 // the same, of one who takes over the relays of the link

_Static_assert(PLK_OPENED_ROW_MAX <= 65536, "it fits a stored value");

void plk_opened_encode(struct plk_writer *w, const struct plk_opened *opened) {
    plk_assert(opened->text.len <= PLK_INVITE_LINK_TEXT_MAX && opened->note.len <= PLK_OPENED_NOTE_MAX);
    plk_writer_u8(w, opened->adopts ? ROW_ADOPTS : ROW_VERSION);
    plk_writer_u64(w, opened->opened_ms);
    plk_writer_u16(w, (uint16_t)opened->text.len);
    plk_writer_put(w, opened->text);
    plk_writer_put(w, opened->note);
}

enum plk_err plk_opened_decode(struct plk_bytes value, struct plk_opened *opened) {
    struct plk_reader r = plk_reader(value);
    struct plk_opened read;
    uint8_t version = plk_reader_u8(&r);
    if (version != ROW_VERSION && version != ROW_ADOPTS) r.failed = true;
    read.adopts = version == ROW_ADOPTS;
    read.opened_ms = plk_reader_u64(&r);
    uint16_t len = plk_reader_u16(&r);
    read.text = plk_reader_take(&r, len);
    read.note = plk_reader_rest(&r);
    if (!plk_reader_done(&r) || len > PLK_INVITE_LINK_TEXT_MAX || read.note.len > PLK_OPENED_NOTE_MAX)
        return PLK_ERR_CORRUPT;
    *opened = read;
    return PLK_ERR_OK;
}
