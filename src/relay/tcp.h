// SPDX-License-Identifier: MIT
// The TCP connections that the host holds for the relay: whose they are and what has arrived of a packet. A stranger's is
// closed when no hello comes, anybody's when a packet does not get whole (relay.md, section 6).
#ifndef PLK_RELAY_TCP_H
#define PLK_RELAY_TCP_H

#include "base/buf.h"
#include "base/map.h"
#include "wire/effect.h"

#define PLK_RELAY_TCP_HELLO_US (10 * PLK_SECOND)  // from the connection to a channel
#define PLK_RELAY_TCP_PACKET_US (30 * PLK_SECOND) // from a packet's first byte to its last
#define PLK_RELAY_TCP_STRANGERS_MAX 4096          // without a channel; the oldest gives way
#define PLK_RELAY_TCP_LOOK_US PLK_SECOND          // how often those that are late are looked for

struct plk_relay;
struct plk_relay_client;

struct plk_relay_tcp {
    struct plk_relay_tcp *before, *next; // of its list, in the order in which they came into it
    uint32_t stream;
    struct plk_addr remote;
    struct plk_relay_client *client; // NULL: a stranger's
    size_t writable;
    bool mirror;       // a STUN request was answered: perhaps all that is wanted of it
    uint64_t since_us; // of the connection; of the first byte of the packet in `in`
    struct plk_buf in;
};

struct plk_relay_tcp_list {
    struct plk_relay_tcp *first, *last;
    size_t count;
};

struct plk_relay_tcps {
    struct plk_map map; // stream -> struct plk_relay_tcp
    // Apart, since the oldest stranger has to be found at once, however many clients there are.
    struct plk_relay_tcp_list strangers, clients;
    uint64_t look_us; // when those that are late are looked for again
};

struct plk_relay_tcp *plk_relay_tcp_find(const struct plk_relay *relay, uint32_t stream); // NULL: unknown
void plk_relay_stream(struct plk_relay *relay, const struct plk_input *input);
// It has a channel from now on.
void plk_relay_tcp_welcome(struct plk_relay *relay, struct plk_relay_tcp *tcp, struct plk_relay_client *client);
void plk_relay_tcps_tick(struct plk_relay *relay);
void plk_relay_tcps_free(struct plk_relay *relay);
// Closes it; its client, if it has one, is not touched.
void plk_relay_tcp_close(struct plk_relay *relay, struct plk_relay_tcp *tcp, bool tell_host);

#endif
