// SPDX-License-Identifier: MIT
// How this node's UDP socket is seen from outside, and what the NAT in front of it does: STUN Binding requests (RFC 8489) to relays,
// judged as RFC 5780 sections 4.3 and 4.4 do. One of these for each address family. Sans I/O: packets in, packets out.
//
// A round has two parts, since whoever has sent to the relay's other port has opened a filter to it: first each relay is asked at the
// address where it is known, and the first one besides to answer from its other port, and from its other address; when all that is
// answered or given up, two of them are asked at their other port. What is seen is good at once; what follows from it, when all is over.
#ifndef PLK_PATH_REFLEXIVE_H
#define PLK_PATH_REFLEXIVE_H

#include "base/time.h"
#include "crypto/rng.h"
#include "path/nat.h"
#include "wire/stun.h"

#define PLK_REFLEXIVE_SERVERS 4
#define PLK_REFLEXIVE_PROBES (PLK_REFLEXIVE_SERVERS + 4) // two that ask for a change, two to other ports
#define PLK_REFLEXIVE_SEEN 4                             // different addresses that are kept
#define PLK_REFLEXIVE_RTO_US (250 * PLK_MS) // until it is asked again; doubles. RFC 8489 section 6.2.1 has 500 ms
#define PLK_REFLEXIVE_SENDS 4               // of one request, which is over 250 ms * 2^4 after the first
#define PLK_REFLEXIVE_PACE_US (10 * PLK_MS) // between two requests
#define PLK_REFLEXIVE_REQUEST_MAX 64

struct plk_reflexive_server {
    struct plk_addr addr;  // where its channel goes to
    struct plk_addr other; // its other STUN address, on another port and, perhaps, another IP; family 0: it has none
};

struct plk_reflexive_probe {
    struct plk_addr to;
    uint8_t id[PLK_STUN_ID_LEN];
    uint8_t change; // what CHANGE-REQUEST asks for
    bool answered;
    unsigned sends;
    uint64_t due_us; // when it is sent next, or, after the last time, given up; PLK_NEVER: over
    struct plk_addr seen;
};

// What is known. Good while a new round runs, until that has something better to say.
struct plk_reflexive_found {
    unsigned seen_count;
    struct plk_addr seen[PLK_REFLEXIVE_SEEN]; // in the order of the requests; several: they differ by who is asked
    enum plk_nat_behavior mapping, filtering;
};

struct plk_reflexive {
    unsigned server_count, probe_count;
    struct plk_reflexive_server servers[PLK_REFLEXIVE_SERVERS];
    struct plk_reflexive_probe probes[PLK_REFLEXIVE_PROBES]; // of the round: the servers in their order, then the rest
    unsigned late; // probes of the second part begin here; 0: it has not begun
    bool running;
    uint64_t paced_us;
    struct plk_reflexive_found found;
};

// Begins a round; one that was running is given up. Servers are those of one family. None: nothing is known any more.
void plk_reflexive_begin(struct plk_reflexive *r, const struct plk_reflexive_server *servers, unsigned count,
                         struct plk_rng *rng, uint64_t now_us);
// The next request, written into `request`. false: nothing is due.
bool plk_reflexive_poll(struct plk_reflexive *r, uint64_t now_us, struct plk_addr *to,
                        uint8_t request[PLK_REFLEXIVE_REQUEST_MAX], size_t *len);
// A STUN message that came. false: it is no answer to a request of this round.
bool plk_reflexive_heard(struct plk_reflexive *r, const struct plk_stun *message);
// After each of these calls, and when its time has come: true when `found` has changed, so that it is to be told.
bool plk_reflexive_tick(struct plk_reflexive *r, uint64_t now_us, struct plk_rng *rng);
uint64_t plk_reflexive_deadline(const struct plk_reflexive *r);

#endif
