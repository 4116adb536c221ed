// SPDX-License-Identifier: MIT
// The network of a world: hosts with interfaces, a way between each two, datagrams that get lost and streams that do not.
// What a host receives comes to its sink as an input of the node's contract (wire/effect.h), never during a call to this
// module: always later, out of the agenda.
//
// Every packet, of a connection as well, is led through the gateways in front of its sender when it leaves, and through those
// in front of its receiver when it gets there: that is where a model of NATs sits (sim/nat.h).
#ifndef SIM_NET_H
#define SIM_NET_H

#include "wire/effect.h"
#include "sim/agenda.h"
#include "sim/dice.h"

#define NET_HOSTS_MAX 32
#define NET_FACES_MAX 8
#define NET_SOCKETS_MAX 512 // of one host for UDP, beside its port
#define NET_GATEWAYS_MAX 32
#define NET_ANSWER_MAX 64       // bytes that a gateway says itself
#define NET_LAN_US (1 * PLK_MS) // from a host to the gateway in front of it and back
#define NET_OPEN (-1)           // the realm in which nothing stands between hosts
#define NET_HOPS 64             // that a packet makes at most, unless its sender says less
#define NET_CORE_HOPS 4         // routers in the open between any two: each takes one
#define NET_STREAMS_MAX 256     // connections of one host, as a host would cap them

enum { NET_UDP = 1, NET_TCP = 2, NET_ALL = 3 };
enum { NET_UP, NET_DOWN };

// A host's line, the same in both directions; what two hosts exchange passes the line of each.
struct net_quality {
    uint64_t delay_us, jitter_us;                              // one way; jitter alone keeps the order
    uint32_t loss_ppm;                                         // each packet for itself
    uint32_t burst_enter_ppm, burst_leave_ppm, burst_loss_ppm; // Gilbert-Elliott: in a burst, the last one counts
    uint32_t duplicate_ppm;
    uint32_t reorder_ppm; // packets that are held for up to reorder_us while others pass
    uint64_t reorder_us;
    uint64_t rate;    // bytes a second; 0: without limit
    size_t queue_len; // bytes that wait for the line; above it datagrams are dropped
    size_t mtu;       // of an IP packet
};

struct net_sink {
    void *ctx;
    void (*input)(void *ctx, const struct plk_input *input);
};

// Watches everything that is put on a wire, as it leaves its host.
struct net_tap {
    void *ctx;
    void (*datagram)(void *ctx, int host, struct plk_bytes data);
    void (*stream)(void *ctx, int host, uint32_t stream, struct plk_bytes data); // empty data: a new stream begins
};

// What a gateway sees of a packet.
struct net_packet {
    enum plk_transport transport;
    bool first; // of a connection, as far as the sender knows; of datagrams each is
    bool reset; // and none comes after it
    uint8_t hops;
    struct plk_addr from, to;
    uint32_t opening; // of a connection: which one the sender began; 0: none, it was listened for
};

enum net_verdict {
    NET_PASSES,
    NET_DROPPED,
    NET_REJECTED // and the sender of a connection's first segment is told: reset
};

// A box between a realm and the one in front of it. outward may rewrite `from`, inward `to`; inward is asked for packets to
// `addrs`, and to hosts behind it whose addresses are as good in front of it as behind (`through`: a firewall).
struct net_gateway {
    void *ctx;
    enum net_verdict (*outward)(void *ctx, uint64_t now_us, struct net_packet *packet);
    enum net_verdict (*inward)(void *ctx, uint64_t now_us, struct net_packet *packet);
    // The address behind it to which `to` leads now, if any, filter or not: whose line such a packet comes by.
    bool (*whose)(void *ctx, uint64_t now_us, enum plk_transport transport, struct plk_addr *to);
    // A datagram from behind it that is for the box itself? *len: of its answer, 0: none.
    bool (*asked)(void *ctx, uint64_t now_us, const struct net_packet *packet, struct plk_bytes data,
                  uint8_t answer[NET_ANSWER_MAX], size_t *len);
    struct plk_addr addrs[2]; // ports are ignored
    size_t addr_count;
    bool through4, through6; // addresses of that family
    int realm;               // in which those addresses lie: NET_OPEN, or behind another gateway
};

struct net_line {
    bool burst;
    uint64_t free_us; // when all that waits for it has left
    uint64_t last_us; // arrival of the last packet that kept its place
};

struct net_host {
    struct net_sink sink;
    struct plk_interface faces[NET_FACES_MAX];
    size_t face_count;
    uint16_t udp4_port, udp6_port, tcp_port; // 0: not bound
    uint16_t sockets[NET_SOCKETS_MAX];       // more UDP ports, of both families
    size_t socket_count;
    int realm;
    bool asleep;
    uint8_t filtered; // NET_UDP: a firewall lets no UDP pass, in or out
    uint8_t mute4_6;  // 4 or 6: datagrams of that family do not pass, in or out; 0: both do
    struct net_quality quality;
    struct net_line line[2];
    uint32_t streams, accepted; // open now; ever
};

struct tcp;

struct net {
    struct agenda *agenda;
    struct dice dice;
    struct net_tap tap;
    struct net_host hosts[NET_HOSTS_MAX];
    int host_count;
    struct net_gateway gateways[NET_GATEWAYS_MAX];
    int gateway_count;
    uint8_t core_hops;
    uint8_t blocked[NET_HOSTS_MAX][NET_HOSTS_MAX]; // [from][to]: NET_UDP | NET_TCP
    struct tcp *first, *last;                      // connections, oldest first
    uint64_t sent, delivered, bytes;
    uint32_t openings;                             // of connections, so far
    uint32_t knocks[NET_HOSTS_MAX][NET_HOSTS_MAX]; // [from][to]: datagrams, and connections that were begun
};

struct net *net_new(struct agenda *agenda, uint64_t seed, struct net_tap tap);
void net_free(struct net *net);

// Both return the number by which it is named from then on.
int net_add_host(struct net *net, struct net_sink sink, const struct net_quality *quality);
int net_add_gateway(struct net *net, const struct net_gateway *gateway);
void net_move_behind(struct net *net, int host, int gateway); // or NET_OPEN
// The gateway has this address from now on, instead of that with the number.
void net_renumber(struct net *net, int gateway, size_t number, const struct plk_addr *addr);

// New interfaces: what is under way to an old address is lost, streams on it die (the host itself is told CLOSED, the other
// end finds out by itself).
void net_set_faces(struct net *net, int host, const struct plk_interface *faces, size_t count);

// A process takes its ports; and dies: its streams are closed by its system.
void net_bind(struct net *net, int host, uint16_t udp4_port, uint16_t udp6_port, uint16_t tcp_port);
void net_unbind(struct net *net, int host);
void net_socket(struct net *net, int host, uint16_t port); // one more for UDP; net_bind closes them
void net_socket_close(struct net *net, int host, uint16_t port);

void net_sleep(struct net *net, int host, bool asleep);
void net_block(struct net *net, int from, int to, uint8_t what); // what: NET_UDP | NET_TCP, 0 unblocks; one way
void net_filter(struct net *net, int host, uint8_t what);        // all of the host's, both ways
void net_mute(struct net *net, int host, uint8_t family);        // datagrams of one family; 0: of none
void net_reset(struct net *net, int host);                       // a middlebox resets all streams of the host

// The node's outputs. local: family 0, or an address of the host's; its port counts if a socket has it.
void net_datagram(struct net *net, int host, const struct plk_addr *local, const struct plk_addr *to,
                  struct plk_bytes data);
void net_datagram_hops(struct net *net, int host, const struct plk_addr *local, const struct plk_addr *to,
                       struct plk_bytes data, uint8_t hops);
void net_open(struct net *net, int host, uint32_t stream, const struct plk_addr *to);
// From a port of its own choice (0: any). Two that open to each other so, each from the port that the other opens to, meet
// (RFC 9293, 3.5: simultaneous), also where the port has a listener. hops: of the first segment and its repetitions.
void net_open_from(struct net *net, int host, uint32_t stream, uint16_t port, const struct plk_addr *to, uint8_t hops);
void net_write(struct net *net, int host, uint32_t stream, struct plk_bytes data);
void net_close(struct net *net, int host, uint32_t stream);

bool net_owns(const struct net *net, int host, const struct plk_addr *addr);
bool net_address(const struct net *net, int host, uint8_t family, struct plk_addr *addr); // its first of that family

// For net.c and net_stream.c. A packet leaves: gateways in front of the host are passed, up to the realm in which somebody
// has its address. line: the host by whose line it will come, as far as one can know now. False: it gets nowhere.
struct net_way {
    struct net_packet packet;
    int realm, line;
};
bool net_depart(struct net *net, int host, struct net_way *way);
// It is there: gateways in front of the receiver. *host is who gets it, when it passes.
enum net_verdict net_arrive(struct net *net, struct net_way *way, int *host);
// Who refused it there answers with a reset. False: which does not get back to anybody.
bool net_refuse(struct net *net, const struct net_way *way);

// Whether packets pass now, and when one that leaves now arrives. false: it is lost.
bool net_passes(const struct net *net, int from, int to, uint8_t what);
bool net_carry(struct net *net, int from, int to, size_t len, bool lossy, uint64_t *at_us);

// For net.c: what ends streams from outside.
void net_streams_drop_lost(struct net *net, int host); // those on addresses that it has no more
void net_streams_close_all(struct net *net, int host);
void net_streams_free(struct net *net);

#endif
