// SPDX-License-Identifier: MIT
// Invite links: text as it comes (first byte even), or a record that is given its length and checks first (odd).
#include <stdint.h>

#include "wire/base58.h"
#include "wire/invite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t crc32c(const uint8_t *at, size_t len) {
    uint32_t crc = 0xffffffff;
    while (len-- > 0) {
        crc ^= *at++;
        for (int i = 0; i < 8; i++) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
    return ~crc;
}

static size_t dress(const uint8_t *data, size_t size, char *text) {
    uint8_t record[PLK_INVITE_LINK_BYTES_MAX] = {0};
    if (size < 8 || size + 4 > sizeof record) return 0;
    memcpy(record, data, size);
    record[4] = (uint8_t)((size + 4) >> 8);
    record[5] = (uint8_t)(size + 4);
    uint32_t head = crc32c(record, 6);
    record[6] = (uint8_t)(head >> 8);
    record[7] = (uint8_t)head;
    uint32_t crc = crc32c(record, size);
    for (size_t i = 0; i < 4; i++) record[size + i] = (uint8_t)(crc >> (24 - 8 * i));
    memcpy(text, "peerlink:", 9);
    plk_base58_encode(text + 9, plk_bytes(record, size + 4));
    return 9 + plk_base58_text_len(size + 4);
}

static void try_text(struct plk_bytes text) {
    uint8_t raw[PLK_INVITE_LINK_BYTES_MAX], raw2[PLK_INVITE_LINK_BYTES_MAX];
    char first[PLK_INVITE_LINK_TEXT_MAX], second[PLK_INVITE_LINK_TEXT_MAX];
    size_t first_len, second_len;
    struct plk_invite_link link, again;
    if (plk_invite_link_decode(text, raw, &link) != PLK_ERR_OK) return;
    plk_invite_link_encode(&link, first, &first_len);
    plk_assert(plk_invite_link_decode(plk_bytes(first, first_len), raw2, &again) == PLK_ERR_OK);
    plk_invite_link_encode(&again, second, &second_len);
    plk_assert(plk_bytes_equal(plk_bytes(first, first_len), plk_bytes(second, second_len)));
    plk_assert(memcmp(raw, raw2, (size_t)raw[4] << 8 | raw[5]) == 0); // one record per link
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char text[PLK_INVITE_LINK_TEXT_MAX];
    if (size == 0) return 0;
    if (data[0] % 2 == 0) {
        try_text(plk_bytes(data + 1, size - 1));
        return 0;
    }
    size_t len = dress(data + 1, size - 1, text);
    if (len > 0) try_text(plk_bytes(text, len));
    return 0;
}
