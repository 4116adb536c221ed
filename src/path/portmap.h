// SPDX-License-Identifier: MIT
// Ports of ours that routers are asked to hold open for everybody: by PCP (RFC 6887) and, over IPv4, by NAT-PMP (RFC 6886), for UDP and
// TCP, at each router and for each address that it knows us by. Over IPv6 it is a hole in the router's firewall. Sans I/O: packets in,
// packets out; which routers there are, the owner says.
//
// A router is asked by PCP; by NAT-PMP as well, as soon as it says that it does not know that version, or has said nothing for a moment.
// Whichever gives something first is stayed with until it gives nothing any more. A lease is renewed at half of its life, and made
// anew at once when the router's clock (its epoch) shows that it has forgotten. Nothing that a router says is believed beyond this: a
// lie costs a candidate that does not answer.
#ifndef PLK_PATH_PORTMAP_H
#define PLK_PATH_PORTMAP_H

#include "base/time.h"
#include "crypto/rng.h"
#include "wire/effect.h"
#include "wire/natpmp.h"
#include "wire/pcp.h"

#define PLK_PORTMAP_ROUTERS 6
#define PLK_PORTMAP_LEASES (2 * PLK_PORTMAP_ROUTERS)
#define PLK_PORTMAP_KEY_LEN 16
#define PLK_PORTMAP_LIFE_S 1200             // that is asked for: what is left behind by a process that died goes soon
#define PLK_PORTMAP_LIFE_MIN_S 10           // shorter is worth nothing
#define PLK_PORTMAP_LIFE_MAX_S 3600         // longer is not believed
#define PLK_PORTMAP_PCP_US (3 * PLK_SECOND) // IRT of RFC 6887 section 8.1.1: a tenth more or less, doubles
#define PLK_PORTMAP_PCP_MOST_US (1024 * PLK_SECOND) // MRT
#define PLK_PORTMAP_NATPMP_US (250 * PLK_MS)        // RFC 6886 section 3.1: doubles
#define PLK_PORTMAP_NATPMP_SENDS 9
#define PLK_PORTMAP_BESIDE_US (250 * PLK_MS)  // without an answer to PCP, until NAT-PMP is tried beside it
#define PLK_PORTMAP_RENEW_US (4 * PLK_SECOND) // RFC 6887 section 11.2.1: not more often than this
#define PLK_PORTMAP_REFUSED_MIN_US (30 * PLK_SECOND)
#define PLK_PORTMAP_REFUSED_MAX_US (30 * PLK_MINUTE)
#define PLK_PORTMAP_GRACE_US (4 * PLK_SECOND) // a router that has forgotten has this long to answer anew
#define PLK_PORTMAP_AGAIN_US \
    (5 * PLK_SECOND) // RFC 6887 section 14.1: not asked more often than this because of what others say

// When a question goes out next.
struct plk_portmap_ask {
    uint64_t due_us; // PLK_NEVER: it does not
    uint64_t rt_us;  // time-out of the last one, 0: none was sent since it was last answered
    unsigned sends;  // likewise
    bool open;       // one is out: an answer is looked at
};

// One port of ours at one router.
struct plk_portmap_lease {
    enum plk_transport transport;
    uint16_t port; // ours, 0: none is wanted
    uint8_t nonce[PLK_PCP_NONCE_LEN];
    struct plk_portmap_ask pcp, natpmp;
    enum plk_mapping_by by; // who has given it, NONE: nobody
    uint64_t until_us;
    struct plk_addr external; // the last one that was given: it is asked for again
};

struct plk_portmap_router {
    struct plk_gateway is;  // gateway.addr with the port of the protocols
    bool no_pcp, no_natpmp; // it has said that it does not know the version
    bool heard_pcp;
    bool has_epoch[2]; // PCP's, NAT-PMP's
    uint32_t epoch_s[2];
    uint64_t epoch_us[2];           // when it said so
    struct plk_portmap_ask address; // NAT-PMP's question for the outside address
    struct plk_addr outside;        // what it answered; family 0: not yet
    struct plk_portmap_lease leases[2];
};

struct plk_portmap {
    uint8_t key[PLK_PORTMAP_KEY_LEN]; // of the nonces
    unsigned count;
    struct plk_portmap_router routers[PLK_PORTMAP_ROUTERS];
    uint64_t again_us; // when all were last asked anew
    bool leaving;      // nothing is wanted any more: what is held is given back
};

struct plk_portmap_packet {
    struct plk_addr to, local;
    uint8_t bytes[PLK_PCP_MAP_LEN];
    size_t len;
};

// key: a secret of the profile's. From it and from where a lease is follow the nonces by which a router knows whose it is (RFC 6887
// section 11.2), so that a process that died finds its leases again; in another network they are others.
void plk_portmap_init(struct plk_portmap *p, const uint8_t key[PLK_PORTMAP_KEY_LEN]);
// The routers of now, and our ports for UDP of both families and TCP; 0: none. What is known of those that were there already, under the
// same address of ours and with the same ports, stays.
void plk_portmap_set(struct plk_portmap *p, const struct plk_gateway *gateways, size_t count, const uint16_t udp[2],
                     uint16_t tcp, uint64_t now_us);
// All are asked anew: our place in the network looks as if a router might have forgotten. Nothing if that was just done.
void plk_portmap_again(struct plk_portmap *p, uint64_t now_us);
void plk_portmap_leave(struct plk_portmap *p); // gives back: poll once more, until there is nothing

// The next packet. false: nothing is due.
bool plk_portmap_poll(struct plk_portmap *p, struct plk_rng *rng, uint64_t now_us, struct plk_portmap_packet *packet);
// A packet from there. false: that is no router's port; else it is done with.
bool plk_portmap_heard(struct plk_portmap *p, const struct plk_addr *from, struct plk_bytes bytes, struct plk_rng *rng,
                       uint64_t now_us);
uint64_t plk_portmap_deadline(const struct plk_portmap *p, uint64_t now_us);

// What is held now.
unsigned plk_portmap_list(const struct plk_portmap *p, uint64_t now_us, struct plk_mapping list[PLK_PORTMAP_LEASES]);

#endif
