// SPDX-License-Identifier: MIT
// Cyclic checks, against mistakes only: whoever means to change something can make them fit.
#ifndef PLK_WIRE_CRC_H
#define PLK_WIRE_CRC_H

#include "base/bytes.h"

uint32_t plk_crc_32c(struct plk_bytes bytes); // Castagnoli, RFC 3720: invite links, relay names
uint32_t plk_crc_32(struct plk_bytes bytes);  // ITU V.42, as in RFC 8489 section 14.7: STUN

#endif
