// SPDX-License-Identifier: MIT
// A hello, its cookie and its answer, one of them changed by the input: whatever is changed is refused, nothing changes by it,
// and the true packets go on to work. The first byte says which packet, the rest is changes {place, value}.
#include "support/hello_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool change(uint8_t *message, size_t len, const uint8_t *data, size_t size) {
    uint8_t before[PLK_PACKET_HANDSHAKE_LEN];
    memcpy(before, message, len);
    for (size_t i = 0; i + 1 < size; i += 2) message[data[i] % len] ^= data[i + 1];
    return memcmp(before, message, len) != 0;
}

static void check_hello(struct plk_hello_pair *pair, const uint8_t *data, size_t size) {
    uint8_t bytes[PLK_PACKET_HANDSHAKE_LEN];
    struct plk_packet hello;
    memcpy(bytes, pair->hello.message, sizeof bytes);
    bool changed = change(bytes, sizeof bytes - PLK_PACKET_MAC_LEN, data, size);
    if (plk_packet_decode(&hello, plk_bytes(bytes, sizeof bytes)) != PLK_ERR_OK || hello.kind != PLK_PACKET_HELLO)
        return;
    plk_assert(plk_hello_mac1_good(&pair->own.known, &hello) == !changed);
    bool inside = memcmp(bytes, pair->hello.message, sizeof bytes - 2 * PLK_PACKET_MAC_LEN) != 0;
    enum plk_err err = plk_hello_answer(&pair->own, &hello, &pair->greeting, 0, &pair->rng, &pair->answered);
    plk_assert(err == (inside ? PLK_ERR_FORGED : PLK_ERR_OK));
}

static void check_cookie(struct plk_hello_pair *pair, const uint8_t *data, size_t size) {
    struct plk_cookie_jar jar = {0};
    uint8_t bytes[PLK_PACKET_COOKIE_LEN], cookie[PLK_COOKIE_LEN], given[PLK_COOKIE_LEN];
    struct plk_packet hello = plk_hello_pair_packet(plk_hello_message(&pair->hello)), packet;
    plk_cookie_make(&jar, 0, &pair->rng, &pair->client, given);
    plk_cookie_write(bytes, pair->own.known.cookie_key, &pair->rng, &hello, given);
    bool changed = change(bytes, sizeof bytes, data, size);
    if (plk_packet_decode(&packet, plk_bytes(bytes, sizeof bytes)) != PLK_ERR_OK) return;
    enum plk_err err = plk_hello_cookie(&pair->hello, &packet, cookie);
    plk_assert((err == PLK_ERR_OK) == !changed);
    if (err == PLK_ERR_OK) plk_assert(plk_cookie_good(&jar, 0, &pair->rng, &pair->client, &hello));
}

static void check_answer(struct plk_hello_pair *pair, const uint8_t *data, size_t size) {
    uint8_t bytes[PLK_PACKET_HANDSHAKE_LEN];
    struct plk_hello_heard heard;
    struct plk_packet packet;
    plk_assert(plk_hello_pair_connect(pair, 0) == PLK_ERR_OK);
    memcpy(bytes, pair->answered.message, sizeof bytes);
    bool changed = change(bytes, sizeof bytes, data, size);
    if (plk_packet_decode(&packet, plk_bytes(bytes, sizeof bytes)) != PLK_ERR_OK) return;
    enum plk_err err = plk_hello_finish(&pair->hello, &packet, 0, &heard);
    plk_assert((err == PLK_ERR_OK) == !changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct plk_hello_pair pair;
    if (size < 1 || size > 1024) return 0;
    plk_hello_pair_init(&pair, data[0] >> 2);
    static void (*const checks[])(struct plk_hello_pair *, const uint8_t *, size_t) = {check_hello, check_cookie,
                                                                                       check_answer, check_hello};
    checks[data[0] & 3](&pair, data + 1, size - 1);
    plk_assert(plk_hello_pair_connect(&pair, 0) == PLK_ERR_OK);
    return 0;
}
