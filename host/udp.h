// SPDX-License-Identifier: MIT
// The UDP sockets of a node, or of one port of a relay. Receives in batches; gathers what is sent (host/udp_trains.h). What the
// system does not take is dropped and counted, as a network would.
#ifndef PLK_HOST_UDP_H
#define PLK_HOST_UDP_H

#include <uv.h>

#include "base/addr.h"

#define PLK_UDP_BATCH 64                // buffers of one receiving call
#define PLK_UDP_BUFFER_LEN 65536        // of one receive: a train that the kernel has not cut (GRO)
#define PLK_UDP_SOCKET_BYTES (4u << 20) // asked of the kernel for each direction; it may give less
#define PLK_UDP_ROUNDS 8                // receiving calls before others have their turn

// A datagram that came in; to has family 0 where the system does not say. data is borrowed for the call.
typedef void plk_udp_received(void *ctx, const struct plk_addr *from, const struct plk_addr *to, struct plk_bytes data);

struct plk_udp;

// Takes the descriptors (-1: none), which are closed with it. done, which may be NULL, is called after each batch.
struct plk_udp *plk_udp_open(uv_loop_t *loop, int fd4, int fd6, plk_udp_received *received, void (*done)(void *ctx),
                             void *ctx);
void plk_udp_close(struct plk_udp *udp); // flushes nothing; freed when the loop has run again; NULL is fine

// Copies the datagram; it goes out with plk_udp_flush at the latest. from, where its family is set, is the source address.
void plk_udp_send(struct plk_udp *udp, const struct plk_addr *to, const struct plk_addr *from, struct plk_bytes data);
// At once, and no farther than so many routers.
void plk_udp_send_near(struct plk_udp *udp, const struct plk_addr *to, uint8_t hops, struct plk_bytes data);
void plk_udp_flush(struct plk_udp *udp);

uint64_t plk_udp_dropped(const struct plk_udp *udp); // that the system did not take

#endif
