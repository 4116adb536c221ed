// SPDX-License-Identifier: MIT
#include "wire/crc.h"

// Reflected, start and end inverted. Bit by bit: what is checked is short.
static uint32_t reflected(struct plk_bytes bytes, uint32_t polynomial) {
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= bytes.at[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (polynomial & (0 - (crc & 1)));
    }
    return ~crc;
}

uint32_t plk_crc_32c(struct plk_bytes bytes) { return reflected(bytes, 0x82f63b78); }

uint32_t plk_crc_32(struct plk_bytes bytes) { return reflected(bytes, 0xedb88320); }
