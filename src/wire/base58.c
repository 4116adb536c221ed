// SPDX-License-Identifier: MIT
#include "wire/base58.h"

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

// Characters of a block of 0 .. 8 bytes: the least n with 58^n >= 256^len.
static const uint8_t text_lens[PLK_BASE58_BLOCK_LEN + 1] = {0, 2, 3, 5, 6, 7, 9, 10, 11};

int plk_base58_digit(uint8_t character) {
    for (int i = 0; i < 58; i++) {
        if ((uint8_t)alphabet[i] == character) return i;
    }
    return -1;
}

size_t plk_base58_text_len(size_t len) {
    return len / PLK_BASE58_BLOCK_LEN * PLK_BASE58_BLOCK_TEXT + text_lens[len % PLK_BASE58_BLOCK_LEN];
}

bool plk_base58_bytes_len(size_t text_len, size_t *len) {
    size_t blocks = text_len / PLK_BASE58_BLOCK_TEXT, rest = text_len % PLK_BASE58_BLOCK_TEXT;
    for (size_t i = 0; i < PLK_BASE58_BLOCK_LEN; i++) {
        if (text_lens[i] != rest) continue;
        *len = blocks * PLK_BASE58_BLOCK_LEN + i;
        return true;
    }
    return false;
}

static void encode_block(char *out, const uint8_t *at, size_t len) {
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) value = value << 8 | at[i];
    for (size_t i = text_lens[len]; i > 0; i--) {
        out[i - 1] = alphabet[value % 58];
        value /= 58;
    }
}

void plk_base58_encode(char *out, struct plk_bytes bytes) {
    for (size_t at = 0; at < bytes.len; at += PLK_BASE58_BLOCK_LEN) {
        size_t len = bytes.len - at < PLK_BASE58_BLOCK_LEN ? bytes.len - at : PLK_BASE58_BLOCK_LEN;
        encode_block(out + at / PLK_BASE58_BLOCK_LEN * PLK_BASE58_BLOCK_TEXT, bytes.at + at, len);
    }
}

static bool decode_block(uint8_t *out, size_t len, const uint8_t *text) {
    uint64_t value = 0;
    for (size_t i = 0; i < text_lens[len]; i++) {
        int digit = plk_base58_digit(text[i]);
        if (digit < 0 || value > (UINT64_MAX - (uint64_t)digit) / 58) return false;
        value = value * 58 + (uint64_t)digit;
    }
    if (len < PLK_BASE58_BLOCK_LEN && value >> 8 * len != 0) return false;
    for (size_t i = len; i > 0; i--) {
        out[i - 1] = (uint8_t)value;
        value >>= 8;
    }
    return true;
}

enum plk_err plk_base58_decode(uint8_t *out, struct plk_bytes text) {
    size_t total;
    if (!plk_base58_bytes_len(text.len, &total)) return PLK_ERR_MALFORMED;
    for (size_t at = 0; at < total; at += PLK_BASE58_BLOCK_LEN) {
        size_t len = total - at < PLK_BASE58_BLOCK_LEN ? total - at : PLK_BASE58_BLOCK_LEN;
        const uint8_t *block = text.at + at / PLK_BASE58_BLOCK_LEN * PLK_BASE58_BLOCK_TEXT;
        if (!decode_block(out + at, len, block)) return PLK_ERR_MALFORMED;
    }
    return PLK_ERR_OK;
}
