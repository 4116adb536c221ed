// SPDX-License-Identifier: MIT
// UDP sockets of one family that a node has opened beside its own (SOCKET_OPEN of wire/effect.h): each on a port of the system's choice, and
// datagrams that get no farther than so many routers. What the system does not give or take is lost, as in a network.
#ifndef PLK_HOST_UDP_SIDES_H
#define PLK_HOST_UDP_SIDES_H

#include <uv.h>

#include "base/addr.h"

#define PLK_UDP_SIDE_BUFFER_LEN 2048 // longer datagrams are nobody's
#define PLK_UDP_SIDE_ROUNDS 64       // of one socket, before others have their turn

// data is borrowed for the call.
typedef void plk_udp_side_received(void *ctx, uint32_t socket, const struct plk_addr *from, struct plk_bytes data);

struct plk_udp_sides;

// only: the one address of the machine that may be used; family 0, or 6: any of IPv4. done is called after each batch.
struct plk_udp_sides *plk_udp_sides_new(uv_loop_t *loop, const struct plk_addr *only, plk_udp_side_received *received,
                                        void (*done)(void *ctx), void *ctx);
void plk_udp_sides_clear(struct plk_udp_sides *sides); // closes all that are open
void plk_udp_sides_free(
    struct plk_udp_sides *sides); // the same, and it is freed when the loop has run again; NULL is fine

// family: 4, or 6 where IPv4 goes by IPv6 (host/nat64.h).
void plk_udp_sides_open(struct plk_udp_sides *sides, uint32_t socket, uint8_t family);
void plk_udp_sides_close(struct plk_udp_sides *sides, uint32_t socket);
// At once. hops: 0 is the system's choice.
void plk_udp_sides_send(struct plk_udp_sides *sides, uint32_t socket, const struct plk_addr *to, uint8_t hops,
                        struct plk_bytes data);

// The same from any socket of the family of `to`. False: the system did not take it.
bool plk_udp_send_hops(int fd, const struct plk_addr *to, uint8_t hops, struct plk_bytes data);

#endif
