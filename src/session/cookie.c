// SPDX-License-Identifier: MIT
#include "session/cookie.h"

#include "crypto/crypto.h"

#define ADDR_LEN_MAX 19

static void renew(struct plk_cookie_jar *jar, uint64_t now_us, struct plk_rng *rng) {
    if (jar->has && now_us - jar->since_us < PLK_COOKIE_US) return;
    jar->has_before = jar->has && now_us - jar->since_us < 2 * PLK_COOKIE_US;
    memcpy(jar->before, jar->secret, sizeof jar->before);
    plk_rng_bytes(rng, jar->secret, sizeof jar->secret);
    jar->since_us = now_us;
    jar->has = true;
}

static void of_address(uint8_t cookie[PLK_COOKIE_LEN], const uint8_t secret[16], const struct plk_addr *addr) {
    uint8_t text[ADDR_LEN_MAX];
    struct plk_writer w = plk_writer(text, sizeof text);
    plk_addr_write(&w, addr);
    plk_siphash128(cookie, secret, plk_writer_bytes(&w));
}

void plk_cookie_make(struct plk_cookie_jar *jar, uint64_t now_us, struct plk_rng *rng, const struct plk_addr *addr,
                     uint8_t cookie[PLK_COOKIE_LEN]) {
    renew(jar, now_us, rng);
    of_address(cookie, jar->secret, addr);
}

static bool fits(const uint8_t secret[16], const struct plk_addr *addr, const struct plk_packet *hello) {
    uint8_t cookie[PLK_COOKIE_LEN], mac2[PLK_PACKET_MAC_LEN];
    of_address(cookie, secret, addr);
    plk_siphash128(mac2, cookie, plk_packet_before_mac2(hello));
    return plk_crypto_equal(mac2, hello->mac2.at, sizeof mac2);
}

bool plk_cookie_good(struct plk_cookie_jar *jar, uint64_t now_us, struct plk_rng *rng, const struct plk_addr *addr,
                     const struct plk_packet *hello) {
    renew(jar, now_us, rng);
    return fits(jar->secret, addr, hello) || (jar->has_before && fits(jar->before, addr, hello));
}

void plk_cookie_write(uint8_t out[PLK_PACKET_COOKIE_LEN], const uint8_t cookie_key[32], struct plk_rng *rng,
                      const struct plk_packet *hello, const uint8_t cookie[PLK_COOKIE_LEN]) {
    struct plk_writer w = plk_writer(out, PLK_PACKET_COOKIE_LEN);
    plk_writer_u8(&w, PLK_PACKET_COOKIE);
    plk_writer_u8(&w, PLK_PACKET_VERSION);
    plk_writer_put(&w, hello->cid);
    uint8_t *nonce = plk_writer_skip(&w, PLK_PACKET_NONCE_LEN);
    plk_rng_bytes(rng, nonce, PLK_PACKET_NONCE_LEN);
    plk_xaead_seal(out + w.len, cookie_key, nonce, hello->mac1, plk_bytes(cookie, PLK_COOKIE_LEN));
}

enum plk_err plk_cookie_open(uint8_t cookie[PLK_COOKIE_LEN], const uint8_t cookie_key[32],
                             const uint8_t mac1[PLK_PACKET_MAC_LEN], const struct plk_packet *packet) {
    if (packet->kind != PLK_PACKET_COOKIE) return PLK_ERR_MALFORMED;
    return plk_xaead_open(cookie, cookie_key, packet->nonce.at, plk_bytes(mac1, PLK_PACKET_MAC_LEN), packet->body);
}
