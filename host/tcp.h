// SPDX-License-Identifier: MIT
// The TCP connections of a node or a relay (DESIGN 4): raw bytes both ways, the framing is the core's. At most PLK_TCP_UNSENT_MAX bytes of a
// connection wait unsent, kernel included, so that what the node hands over is still worth sending when it leaves.
//
// Connections that were accepted are limited in number, in all and by address, and have a time in which the node must
// have written to them: it answers only those that it knows, so silence means a stranger.
#ifndef PLK_HOST_TCP_H
#define PLK_HOST_TCP_H

#include <uv.h>

#include "wire/effect.h"

// What a node takes; a relay says more in plk_tcp_limits.
#define PLK_TCP_STREAMS_MAX 256     // connections at a time
#define PLK_TCP_ACCEPTED_MAX 128    // of them accepted
#define PLK_TCP_ACCEPTED_PER_IP 16  // of them from one address (IPv6: one /64)
#define PLK_TCP_STRANGER_MS 10000   // within which the node has to write to an accepted connection
#define PLK_TCP_CONNECT_MS 15000    // within which an own connection has to be there
#define PLK_TCP_KERNEL_UNSENT 16384 // TCP_NOTSENT_LOWAT
#define PLK_TCP_BUFFER_MAX (PLK_TCP_UNSENT_MAX - PLK_TCP_KERNEL_UNSENT)
#define PLK_TCP_READ_LEN 65536                    // bytes handed over at a time
#define PLK_TCP_ACCEPTED_BIT UINT32_C(0x80000000) // of the ids that are chosen here

// What happened: an input of kind PLK_IN_STREAM, borrowed for the call.
typedef void plk_tcp_happened(void *ctx, const struct plk_input *input);

struct plk_tcp;

struct plk_tcp_limits {
    size_t streams, accepted, per_site; // as the three above
    size_t strangers;                   // accepted and not yet written to; above it the oldest gives way
};

// limits: NULL for a node's. done, which may be NULL, is called after what happened at a time.
struct plk_tcp *plk_tcp_open(uv_loop_t *loop, const struct plk_tcp_limits *limits, plk_tcp_happened *happened,
                             void (*done)(void *ctx), void *ctx);
void plk_tcp_listen(struct plk_tcp *tcp, int fd); // takes a listening descriptor; -1: none
// Instead of PLK_TCP_STRANGER_MS. Before the first connection: all have the same patience.
void plk_tcp_patience(struct plk_tcp *tcp, uint64_t stranger_ms);
void plk_tcp_close(struct plk_tcp *tcp); // closes all connections, tells nothing; freed when the loop has run again

// An id with the top bit clear. Answered by OPENED or CLOSED, later. port: our own, from which it leaves unless another program has it,
// or there is a connection between the same two places already (or was, a minute ago); 0: any.
void plk_tcp_connect(struct plk_tcp *tcp, uint32_t stream, const struct plk_addr *to, uint16_t port);
void plk_tcp_write(struct plk_tcp *tcp, uint32_t stream,
                   struct plk_bytes data);               // a dead id is ignored; never more than writable
bool plk_tcp_flush(struct plk_tcp *tcp);                 // sends what was written; true: there was room to tell of
void plk_tcp_shut(struct plk_tcp *tcp, uint32_t stream); // sends what was written, tells nothing more
void plk_tcp_shut_all(struct plk_tcp *tcp);              // e.g. for a node that is gone

// The system's addresses have changed: connections from one that it no longer has are lost at once. The system itself would
// notice after a quarter of an hour, and until then the node would hold them for ways to its contacts.
void plk_tcp_drop_lost(struct plk_tcp *tcp);

size_t plk_tcp_count(const struct plk_tcp *tcp);

#endif
