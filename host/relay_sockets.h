// SPDX-License-Identifier: MIT
// A relay's sockets (DESIGN 6): for each listen address one port for UDP and TCP, and the next port for STUN over UDP.
// What goes out leaves from the address and port that it is said to leave from, because a client behind a NAT hears
// nothing that comes from elsewhere.
#ifndef PLK_HOST_RELAY_SOCKETS_H
#define PLK_HOST_RELAY_SOCKETS_H

#include "host/fault.h"
#include "host/tcp.h"
#include "host/udp.h"

#define PLK_RELAY_LISTENS_MAX 16

struct plk_relay_sockets_config {
    const char *const *listen; // "ADDR:PORT", "[ADDR]:PORT", "PORT", as of host/bind.h; port 0: any, for tests
    size_t count;              // 1..PLK_RELAY_LISTENS_MAX
    struct plk_tcp_limits tcp;
    plk_udp_received *received;
    plk_tcp_happened *happened;
    void (*done)(void *ctx);
    void *ctx;
};

struct plk_relay_sockets;

// LISTEN: an address that is malformed, not of this machine, or taken, also the next port; SYSTEM. On a fault *out is NULL and
// nothing is bound. The caller owns *out.
enum plk_fault_kind plk_relay_sockets_open(struct plk_relay_sockets **out, uv_loop_t *loop,
                                           const struct plk_relay_sockets_config *config, struct plk_fault *fault);
void plk_relay_sockets_close(struct plk_relay_sockets *sockets); // freed when the loop has run again; NULL is fine

// Where it listens, one entry a listen address and family, port filled in: an unspecified address means all of the machine's.
size_t plk_relay_sockets_list(const struct plk_relay_sockets *sockets,
                              struct plk_addr list[static 2 * PLK_RELAY_LISTENS_MAX]);

// Copies the datagram; it goes out with flush at the latest. from: the local address and port; family 0: the first that can.
void plk_relay_sockets_send(struct plk_relay_sockets *sockets, const struct plk_addr *to, const struct plk_addr *from,
                            struct plk_bytes data);
void plk_relay_sockets_flush(struct plk_relay_sockets *sockets);
struct plk_tcp *plk_relay_sockets_tcp(struct plk_relay_sockets *sockets); // for writing, connecting and shutting
uint64_t plk_relay_sockets_dropped(const struct plk_relay_sockets *sockets);

#endif
