// SPDX-License-Identifier: MIT
// STUN as it comes, and with the fingerprint made to fit: what decodes encodes, and decodes to the same again.
#include "wire/crc.h"
#include "wire/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_message(struct plk_bytes bytes) {
    uint8_t room[256], room2[256];
    struct plk_stun message, again;
    if (plk_stun_decode(bytes, &message) != PLK_ERR_OK) return;
    if (message.kind == PLK_STUN_ERROR && message.error == 0) return; // an error without a code is nothing to write
    struct plk_writer w = plk_writer(room, sizeof room), w2 = plk_writer(room2, sizeof room2);
    plk_stun_encode(&w, &message);
    plk_assert(!w.failed && w.len <= PLK_STUN_ANSWER_MAX + 24); // MAPPED-ADDRESS beside the others
    plk_assert(plk_stun_decode(plk_writer_bytes(&w), &again) == PLK_ERR_OK);
    plk_stun_encode(&w2, &again);
    plk_assert(plk_bytes_equal(plk_writer_bytes(&w), plk_writer_bytes(&w2)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t copy[600];
    try_message(plk_bytes(data, size));
    if (size < PLK_STUN_HEADER_LEN + 8 || size > sizeof copy) return 0;
    memcpy(copy, data, size);
    uint8_t *print = copy + size - 8;
    uint32_t crc = plk_crc_32(plk_bytes(copy, size - 8)) ^ 0x5354554e;
    const uint8_t attribute[8] = {
        0x80, 0x28, 0, 4, (uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
    memcpy(print, attribute, sizeof attribute);
    try_message(plk_bytes(copy, size));
    return 0;
}
