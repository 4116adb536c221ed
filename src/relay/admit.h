// SPDX-License-Identifier: MIT
// Who gets a channel: hellos, their budget and cookies, and those that were answered and not confirmed yet (relay.md,
// sections 2, 3 and 6).
#ifndef PLK_RELAY_ADMIT_H
#define PLK_RELAY_ADMIT_H

#include "base/map.h"
#include "relay/bucket.h"
#include "relay/lobby.h"
#include "session/cookie.h"
#include "session/hello.h"

#define PLK_HALVES_MAX 4096          // answered hellos without a data packet
#define PLK_HALF_US (5 * PLK_SECOND) // how long each of them is kept
#define PLK_HELLO_PREFIX_RATE 20     // hellos with mac 2, or over TCP, a second from one prefix
#define PLK_HELLO_PREFIX_BURST 40
#define PLK_HELLO_PROVEN_TIMES 4 // of hello_rate, in all

struct plk_relay;
struct plk_relay_client;
struct plk_relay_tcp;

// A hello that was answered.
struct plk_half {
    struct plk_half *before, *next; // by age
    struct plk_relay_client *client;
    uint64_t key; // of the hello and the address that it came from
    uint64_t since_us;
    uint8_t answer[PLK_PACKET_HANDSHAKE_LEN];
};

struct plk_admit {
    struct plk_hello_static statics[2];
    uint8_t seal[2][PLK_KEY_LEN]; // of what is kept on disk under each static (queues.h)
    struct plk_cookie_jar jar;
    struct plk_bucket unproven, proven;
    struct plk_map map; // key -> struct plk_half
    struct plk_half *first, *last;
    size_t count;
    struct plk_lobby lobby;
};

void plk_admit_init(struct plk_relay *relay);
void plk_admit_free(struct plk_relay *relay);
// from: over TCP the connection's remote address, and tcp. bytes: the hello as it came. Answered now, or in a later turn.
void plk_admit_hello(struct plk_relay *relay, const struct plk_addr *from, const struct plk_addr *local,
                     struct plk_relay_tcp *tcp, const struct plk_packet *hello, struct plk_bytes bytes);
// The client's first data packet has come, or the client is gone: it is half open no longer.
void plk_admit_forget(struct plk_relay *relay, struct plk_half *half);
void plk_admit_turn(struct plk_relay *relay); // those who wait are answered, as many as may be at a time
void plk_admit_tick(struct plk_relay *relay);
uint64_t plk_admit_deadline(const struct plk_relay *relay);

#endif
