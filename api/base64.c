// SPDX-License-Identifier: MIT
#include "api/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void plk_base64_encode(char *out, struct plk_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = (uint32_t)bytes.at[i] << 16;
        if (left > 1) group |= (uint32_t)bytes.at[i + 1] << 8;
        if (left > 2) group |= bytes.at[i + 2];
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *out++ = left > 2 ? alphabet[group & 63] : '=';
    }
}

static int digit(uint8_t c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool plk_base64_decode(uint8_t *out, size_t *len, struct plk_bytes text) {
    *len = 0;
    if (text.len % 4 != 0) return false;
    for (size_t i = 0; i < text.len; i += 4) {
        const uint8_t *at = text.at + i;
        bool last = i + 4 == text.len;
        unsigned padding = last && at[3] == '=' ? (at[2] == '=' ? 2 : 1) : 0;
        uint32_t group = 0;
        for (unsigned k = 0; k < 4; k++) {
            int value = k < 4 - padding ? digit(at[k]) : 0;
            if (value < 0) return false;
            group = group << 6 | (uint32_t)value;
        }
        if ((padding == 1 && (group & 0xff) != 0) || (padding == 2 && (group & 0xffff) != 0)) return false;
        for (unsigned k = 0; k < 3 - padding; k++) out[(*len)++] = (uint8_t)(group >> (16 - 8 * k));
    }
    return true;
}
