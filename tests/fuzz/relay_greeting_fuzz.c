// SPDX-License-Identifier: MIT
// Greetings of a client and of its relay: whatever decodes is written back and decodes to the same.
#include "wire/relay_greeting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[4096];

static void check_client(struct plk_bytes payload) {
    struct plk_client_greeting greeting;
    if (plk_client_greeting_decode(&greeting, payload) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(out, sizeof out);
    plk_client_greeting_write(&w, &greeting, payload.len);
    plk_assert(!w.failed && plk_bytes_equal(plk_writer_bytes(&w), payload));
}

// An IPv6 address that is a mapped IPv4 one is written shorter than it was read.
static void check_relay(struct plk_bytes payload) {
    struct plk_relay_greeting greeting, again;
    struct plk_addr stun = {0}, stun_again = {0};
    if (plk_relay_greeting_decode(&greeting, payload) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(out, sizeof out);
    plk_relay_greeting_write(&w, &greeting, payload.len);
    plk_assert(!w.failed && w.len == payload.len);
    plk_assert(plk_relay_greeting_decode(&again, plk_writer_bytes(&w)) == PLK_ERR_OK);
    plk_assert(memcmp(greeting.cid, again.cid, sizeof again.cid) == 0 && greeting.wall_ms == again.wall_ms);
    plk_assert(plk_addr_equal(&greeting.seen, &again.seen) && greeting.bits == again.bits);
    plk_assert(greeting.admission == again.admission && plk_bytes_equal(greeting.extensions, again.extensions));
    bool has = plk_relay_greeting_stun(&greeting, &stun);
    plk_assert(has == plk_relay_greeting_stun(&again, &stun_again) && (!has || plk_addr_equal(&stun, &stun_again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > sizeof out) return 0;
    check_client(plk_bytes(data, size));
    check_relay(plk_bytes(data, size));
    return 0;
}
