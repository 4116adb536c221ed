// SPDX-License-Identifier: MIT
// How large packets may be on one UDP path: packetization layer path MTU discovery after RFC 8899. All sizes are of UDP payloads.
// The floor, PLK_PACKET_UDP_LEN, is what every path must carry (paths.h: wide); larger sizes are tried once there is enough to
// send, from the largest down, by packets that hold nothing. ICMP is neither needed nor heard. Whoever owns the path sends what is
// wanted and tells what came of it.
#ifndef PLK_PATH_MTU_H
#define PLK_PATH_MTU_H

#include "base/time.h"
#include "wire/packet.h"

#define PLK_MTU_TRIES 3 // of one size, until it is taken not to pass (RFC 8899 section 5.1.2: MAX_PROBES)
#define PLK_MTU_FULL 8  // packets of full size that leave before a larger one is tried
#define PLK_MTU_HOLE 6  // larger than the floor, lost one after the other: they vanish
#define PLK_MTU_RAISE_US \
    (10 * PLK_MINUTE) // a search that did not end at the largest size begins anew (PMTU_RAISE_TIMER)

struct plk_mtu {
    uint32_t size;     // that packets may have now
    unsigned overhead; // of IP and UDP
    unsigned step;     // the size that is tried, of a list
    unsigned tries;    // of it so far
    unsigned full;     // packets of full size that have left, up to PLK_MTU_FULL
    bool out;          // a trial is on its way
    bool done;         // nothing is searched until again_us
    uint64_t again_us;
};

// ipv6: its overhead is 20 bytes larger. The path carries the floor.
void plk_mtu_init(struct plk_mtu *m, bool ipv6);
// A packet of data of this size has left.
void plk_mtu_went(struct plk_mtu *m, uint32_t size);
// The size of the trial that is to be sent now, 0: none. Follow it with plk_mtu_tried when it has left.
uint32_t plk_mtu_wanted(struct plk_mtu *m, uint64_t now_us);
void plk_mtu_tried(struct plk_mtu *m);
// A trial of this size was acknowledged. True: packets may be larger now.
bool plk_mtu_passed(struct plk_mtu *m, uint32_t size, uint64_t now_us);
void plk_mtu_failed(struct plk_mtu *m, uint32_t size, uint64_t now_us); // it was lost
// So many packets larger than the floor were lost, and none acknowledged in between. True: packets have the floor's size again,
// and the search begins anew.
bool plk_mtu_lost(struct plk_mtu *m, unsigned count);

#endif
