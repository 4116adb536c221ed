// SPDX-License-Identifier: MIT
// Names of relays: text as it comes (first byte even), or a key that is given its check first (odd).
#include "wire/base58.h"
#include "wire/crc.h"
#include "wire/relay_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_text(struct plk_bytes text) {
    struct plk_relay_name name, again;
    char first[PLK_RELAY_NAME_TEXT_MAX], second[PLK_RELAY_NAME_TEXT_MAX];
    size_t first_len, second_len;
    if (plk_relay_name_decode(text, &name) != PLK_ERR_OK) return;
    plk_relay_name_encode(&name, first, &first_len);
    plk_assert(plk_relay_name_decode(plk_bytes(first, first_len), &again) == PLK_ERR_OK);
    plk_relay_name_encode(&again, second, &second_len);
    plk_assert(plk_bytes_equal(plk_bytes(first, first_len), plk_bytes(second, second_len)));
    plk_assert(name.port == again.port && name.flags == again.flags && memcmp(name.key, again.key, 32) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t key[128];
    char text[8 + PLK_BASE58_TEXT_MAX(sizeof key)];
    if (size == 0) return 0;
    if (data[0] % 2 == 0 || size < 3 || size + 3 > sizeof key) {
        try_text(plk_bytes(data + 1, size - 1));
        return 0;
    }
    memcpy(key, data + 1, size - 1);
    uint32_t crc = plk_crc_32c(plk_bytes(key, size - 1));
    for (size_t i = 0; i < 4; i++) key[size - 1 + i] = (uint8_t)(crc >> (24 - 8 * i));
    memcpy(text, "host:1#", 7);
    plk_base58_encode(text + 7, plk_bytes(key, size + 3));
    try_text(plk_bytes(text, 7 + plk_base58_text_len(size + 3)));
    return 0;
}
