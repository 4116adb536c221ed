// SPDX-License-Identifier: MIT
// The network of a world: hosts with interfaces, a way between each two, datagrams that get lost and streams that do not.
// What a host receives comes to its sink as an input of the node's contract (wire/effect.h), never during a call to this
// module: always later, out of the agenda.
//
// Every packet and every connection is led by net_route, through the gateways in front of the sender and of the receiver:
// that is where a model of NATs sits.
#ifndef SIM_NET_H
#define SIM_NET_H

#include "wire/effect.h"
#include "sim/agenda.h"
#include "sim/dice.h"

#define NET_HOSTS_MAX 32
#define NET_FACES_MAX 8
#define NET_GATEWAYS_MAX 16
#define NET_OPEN (-1)       // the realm in which nothing stands between hosts
#define NET_STREAMS_MAX 256 // connections of one host, as a host would cap them

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

// A box with addresses of its own between a realm and the one in front of it. Both calls see each datagram and each
// connection's first segment, may rewrite one address, and say false to drop. inward is asked for packets to `addrs`.
struct net_gateway {
    void *ctx;
    bool (*outward)(void *ctx, uint64_t now_us, enum plk_transport transport, struct plk_addr *from,
                    const struct plk_addr *to);
    bool (*inward)(void *ctx, uint64_t now_us, enum plk_transport transport, const struct plk_addr *from,
                   struct plk_addr *to);
    struct plk_addr addrs[2]; // ports are ignored
    size_t addr_count;
    int realm; // in which those addresses lie: NET_OPEN, or behind another gateway
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
    uint8_t blocked[NET_HOSTS_MAX][NET_HOSTS_MAX]; // [from][to]: NET_UDP | NET_TCP
    struct tcp *first, *last;                      // connections, oldest first
    uint64_t sent, delivered, bytes;
    uint32_t knocks[NET_HOSTS_MAX][NET_HOSTS_MAX]; // [from][to]: datagrams, and connections that were begun
};

struct net *net_new(struct agenda *agenda, uint64_t seed, struct net_tap tap);
void net_free(struct net *net);

// Both return the number by which it is named from then on.
int net_add_host(struct net *net, struct net_sink sink, const struct net_quality *quality);
int net_add_gateway(struct net *net, const struct net_gateway *gateway);
void net_move_behind(struct net *net, int host, int gateway); // or NET_OPEN

// New interfaces: what is under way to an old address is lost, streams on it die (the host itself is told CLOSED, the other
// end finds out by itself).
void net_set_faces(struct net *net, int host, const struct plk_interface *faces, size_t count);

// A process takes its ports; and dies: its streams are closed by its system.
void net_bind(struct net *net, int host, uint16_t udp4_port, uint16_t udp6_port, uint16_t tcp_port);
void net_unbind(struct net *net, int host);

void net_sleep(struct net *net, int host, bool asleep);
void net_block(struct net *net, int from, int to, uint8_t what); // what: NET_UDP | NET_TCP, 0 unblocks; one way
void net_filter(struct net *net, int host, uint8_t what);        // all of the host's, both ways
void net_mute(struct net *net, int host, uint8_t family);        // datagrams of one family; 0: of none
void net_reset(struct net *net, int host);                       // a middlebox resets all streams of the host

// The node's outputs. local: family 0, or an address of the host's.
void net_datagram(struct net *net, int host, const struct plk_addr *local, const struct plk_addr *to,
                  struct plk_bytes data);
void net_open(struct net *net, int host, uint32_t stream, const struct plk_addr *to);
void net_write(struct net *net, int host, uint32_t stream, struct plk_bytes data);
void net_close(struct net *net, int host, uint32_t stream);

// A way as it is now, gateways passed: the host that gets it and the addresses that it sees. False: nobody.
struct net_path {
    int host;
    struct plk_addr from, to;
};
bool net_route(struct net *net, int host, enum plk_transport transport, const struct plk_addr *from,
               const struct plk_addr *to, struct net_path *path);
bool net_owns(const struct net *net, int host, const struct plk_addr *addr);
bool net_address(const struct net *net, int host, uint8_t family, struct plk_addr *addr); // its first of that family

// For net_stream.c: whether packets pass now, and when one that leaves now arrives. false: it is lost.
bool net_passes(const struct net *net, int from, int to, uint8_t what);
bool net_carry(struct net *net, int from, int to, size_t len, bool lossy, uint64_t *at_us);

// For net.c: what ends streams from outside.
void net_streams_drop_lost(struct net *net, int host); // those on addresses that it has no more
void net_streams_close_all(struct net *net, int host);
void net_streams_free(struct net *net);

#endif
