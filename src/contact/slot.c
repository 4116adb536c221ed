// SPDX-License-Identifier: MIT
#include "contact/slot.h"

#include "base/writer.h"

void plk_slot_make(uint8_t out[PLK_SLOT_LEN], uint32_t contact, enum plk_slot_kind kind) {
    struct plk_writer w = plk_writer(out, PLK_SLOT_LEN);
    plk_writer_u32(&w, contact);
    plk_writer_u8(&w, (uint8_t)kind);
}

void plk_slot_generation(uint8_t out[PLK_SLOT_GENERATION_LEN], uint32_t contact, uint32_t line_number,
                         uint32_t number) {
    struct plk_writer w = plk_writer(out, PLK_SLOT_GENERATION_LEN);
    plk_writer_u32(&w, contact);
    plk_writer_u8(&w, PLK_SLOT_GENERATION);
    plk_writer_u32(&w, line_number);
    plk_writer_u32(&w, number);
}
