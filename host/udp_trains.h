// SPDX-License-Identifier: MIT
// What is to be sent over UDP, gathered until it is flushed: datagrams of one size to one target become one train, which the
// kernel cuts (GSO) where it can, also when others lie between them; the order of those to one target stays. All trains leave
// with one call where the system has one.
#ifndef PLK_HOST_UDP_TRAINS_H
#define PLK_HOST_UDP_TRAINS_H

#include "base/addr.h"

#define PLK_UDP_TRAINS 64         // gathered at most; datagrams, too, where the kernel does not cut
#define PLK_UDP_TRAIN_MAX 60      // datagrams in a train; the kernel takes 64
#define PLK_UDP_TRAIN_BYTES 61440 // and less than 64 KiB
#define PLK_UDP_PIECES 512        // datagrams gathered at most, one behind the other counted as one
#define PLK_UDP_ARENA_LEN 524288  // bytes of them
#define PLK_UDP_LOOK_BACK 32      // trains that a datagram is held against

struct plk_udp_trains;

// The sockets by family (-1: none), which stay the caller's. segment: the kernel cuts trains for it.
struct plk_udp_trains *plk_udp_trains_new(int fd4, bool segment4, int fd6, bool segment6);
void plk_udp_trains_free(struct plk_udp_trains *trains); // NULL is fine

// Copies the datagram; flushes first when there is no room. from, where its family is set, is the source address.
void plk_udp_trains_add(struct plk_udp_trains *trains, const struct plk_addr *to, const struct plk_addr *from,
                        struct plk_bytes data);
void plk_udp_trains_flush(struct plk_udp_trains *trains);
uint64_t plk_udp_trains_dropped(const struct plk_udp_trains *trains); // that the system did not take

#endif
