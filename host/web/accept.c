// SPDX-License-Identifier: MIT
// SHA-1 (RFC 3174) because RFC 6455 wants it, to show that a server knows what a WebSocket is: nothing depends on its strength.
#include "host/web/http.h"

#define TEXT_LEN 60 // a key and the identifier

static uint32_t rotate(uint32_t x, unsigned by) { return (x << by) | (x >> (32 - by)); }

static uint32_t step(unsigned i, uint32_t b, uint32_t c, uint32_t d) {
    if (i < 20) return ((b & c) | (~b & d)) + 0x5a827999u;
    if (i < 40) return (b ^ c ^ d) + 0x6ed9eba1u;
    if (i < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
    return (b ^ c ^ d) + 0xca62c1d6u;
}

static void block(uint32_t h[5], const uint8_t *at) {
    uint32_t w[80], s[5];
    for (unsigned i = 0; i < 16; i++, at += 4)
        w[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    for (unsigned i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    memcpy(s, h, sizeof s);
    for (unsigned i = 0; i < 80; i++) {
        uint32_t next = rotate(s[0], 5) + step(i, s[1], s[2], s[3]) + s[4] + w[i];
        s[4] = s[3];
        s[3] = s[2];
        s[2] = rotate(s[1], 30);
        s[1] = s[0];
        s[0] = next;
    }
    for (unsigned i = 0; i < 5; i++) h[i] += s[i];
}

// Of exactly TEXT_LEN bytes: with what SHA-1 appends, two blocks.
static void sha1(uint8_t out[20], const uint8_t text[TEXT_LEN]) {
    uint32_t h[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    uint8_t padded[128] = {0};
    memcpy(padded, text, TEXT_LEN);
    padded[TEXT_LEN] = 0x80;
    padded[126] = TEXT_LEN * 8 >> 8;
    padded[127] = TEXT_LEN * 8 & 0xff;
    block(h, padded);
    block(h, padded + 64);
    for (unsigned i = 0; i < 20; i++) out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

void plk_http_accept(char out[PLK_HTTP_ACCEPT_LEN], struct plk_bytes key) {
    static const char identifier[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t text[TEXT_LEN], hash[21] = {0};
    plk_assert(key.len + sizeof identifier - 1 == TEXT_LEN);
    memcpy(text, key.at, key.len);
    memcpy(text + key.len, identifier, sizeof identifier - 1);
    sha1(hash, text);
    for (size_t i = 0; i < 7; i++) {
        uint32_t three = (uint32_t)hash[3 * i] << 16 | (uint32_t)hash[3 * i + 1] << 8 | hash[3 * i + 2];
        for (size_t k = 0; k < 4; k++) out[4 * i + k] = digits[three >> (18 - 6 * k) & 63];
    }
    out[PLK_HTTP_ACCEPT_LEN - 1] = '=';
}
