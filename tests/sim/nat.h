// SPDX-License-Identifier: MIT
// A NAT in the words of RFC 4787 (UDP) and RFC 5382 (TCP): one box between a realm and the one in front of it. It keeps a
// session for each inside address, remote address and transport, as Linux does; what it does with them is its behaviour. A NAT
// behind a NAT is a carrier's; one that translates nothing is a firewall. IPv6 is never translated: there it is a firewall.
#ifndef SIM_NAT_H
#define SIM_NAT_H

#include "sim/net.h"

#define NAT_UDP_UNREPLIED_US (30 * PLK_SECOND) // Linux
#define NAT_UDP_STREAM_US (120 * PLK_SECOND)
#define NAT_TCP_OPENING_US (120 * PLK_SECOND)
#define NAT_TCP_OPEN_US (124 * PLK_MINUTE) // RFC 5382, REQ-5
#define NAT_TCP_RESET_US (10 * PLK_SECOND)
#define NAT_SESSIONS_MAX 4096
#define NAT_PORT_LOW 1024 // of ports that are not the inside's own
#define NAT_SEQUENCE_LOW 40000
#define NAT_SEQUENCE_LEN 4000
#define NAT_BEHIND_MAX 40 // hosts that have an address on the inside
#define NAT_LEASES_MAX 64
#define NAT_FACES 4 // addresses of each

enum nat_dependence { NAT_INDEPENDENT, NAT_ADDRESS, NAT_ADDRESS_AND_PORT };
enum nat_ports { NAT_PRESERVED, NAT_RANDOM, NAT_SEQUENTIAL }; // preserved when it is free, else random

enum { NAT_GIVES_PCP = 1, NAT_GIVES_NATPMP = 2 }; // ports, to who asks for them so (sim/nat_igd.h)
enum nat_lie { NAT_HONEST, NAT_SAYS_GARBAGE, NAT_SAYS_PRIVATE, NAT_SAYS_ELSEWHERE, NAT_SAYS_FOREVER };

struct nat_behaviour {
    bool firewall;                 // translates nothing
    enum nat_dependence mapping;   // when another remote gets another port (RFC 4787, section 4.1)
    enum nat_dependence filtering; // who may send to a port (section 5)
    enum nat_ports ports;          // which port a new mapping gets (section 4.2)
    uint16_t step;                 // of sequential ones
    bool hairpin;                  // inside hosts reach each other by outside addresses (section 6)
    bool no_udp;                   // none passes, either way
    bool rejects;                  // a stranger's TCP is reset; otherwise nothing answers
    bool traps;        // a stranger's packet becomes a session of the router's own: what would clash gets another port
    bool inside_keeps; // only packets from inside keep a session alive (section 4.3); else both directions
    uint64_t unreplied_us, stream_us; // UDP: how long a session lives after its last packet; 0: as Linux
    size_t sessions_max;              // 0: NAT_SESSIONS_MAX; more are refused
    uint8_t gives;                    // NAT_GIVES_*
    enum nat_lie lies;                // about what it gives
};

// A port that is held open for everybody.
struct nat_lease {
    enum plk_transport transport;
    struct plk_addr inside, outside;
    uint64_t until_us;
    uint8_t nonce[12];
};

struct nat_session {
    enum plk_transport transport;
    struct plk_addr inside, outside, remote;
    struct plk_addr shown; // the remote as the inside sees it, where that differs: family 0: it does not
    uint64_t last_us;
    bool sent, got;   // from inside, from the remote
    bool reset;       // only the inside may begin anew
    bool own;         // the router's: inside is nobody
    bool odd;         // has another port than its mapping, because that one clashed
    uint32_t opening; // of the connection that the inside opens
    bool
        crossed; // first segments have met in it, and nothing else yet: no other opening of the inside's passes (Linux)
};

struct nat {
    struct net *net;
    struct nat_behaviour is;
    struct dice dice;
    int gateway;             // in the net
    int number;              // tells the addresses of NATs apart
    const struct nat *front; // the carrier's, or NULL
    uint32_t renumbered;
    uint16_t last_port; // sequential
    struct plk_addr outside;
    int behind[NAT_BEHIND_MAX]; // hosts
    int behind_count;
    uint8_t lan[3];
    struct nat_session *sessions; // oldest first
    size_t count, cap;
    struct nat_lease leases[NAT_LEASES_MAX];
    size_t lease_count;
    uint64_t booted_us;
    uint32_t strangers, trapped, full, stuck; // packets
};

// front: the NAT that it stands behind, or NULL. number: below 256, its own among all NATs of the net.
struct nat *nat_new(struct net *net, uint64_t seed, int number, const struct nat_behaviour *is,
                    const struct nat *front);
void nat_free(struct nat *nat); // no packet may pass afterwards

// The host's address inside, the same whenever it is asked; number: below NAT_FACES, another one of the same host. The net has to
// be told with net_move_behind(.., nat->gateway) and net_set_faces. Not of a firewall: what stands behind it keeps its own.
struct plk_interface nat_face(struct nat *nat, int host, int number);

void nat_reboot(struct nat *nat);   // all sessions are lost
void nat_renumber(struct nat *nat); // and it has another address outside, if it translates

// What a remote sees of the inside address now. False: there is no session.
bool nat_seen(const struct nat *nat, enum plk_transport transport, const struct plk_addr *inside,
              const struct plk_addr *remote, struct plk_addr *outside);
size_t nat_sessions(const struct nat *nat); // alive ones, the router's own not counted

#endif
