// SPDX-License-Identifier: MIT
// The inside of a dial, for relay_dial*.c only.
#ifndef PLK_CHANNEL_DIAL_INSIDE_H
#define PLK_CHANNEL_DIAL_INSIDE_H

#include "base/buf.h"
#include "channel/relay_dial.h"
#include "session/cookie.h"

enum { PLK_DIAL_UDP, PLK_DIAL_TCP, PLK_DIAL_WAYS };

// One hello under way.
struct plk_dial_way {
    bool live;
    struct plk_hello hello;
    uint64_t started_us, next_us; // next_us: of the next copy; TCP: of the next address
    unsigned copies, cursor;      // cursor: UDP: addresses that have this copy; TCP: the address that is tried
    uint32_t stream;              // TCP: 0: none
    bool asked, open;             // TCP: STREAM_OPEN was given out; it has succeeded
    struct plk_addr to;           // TCP: where it goes
    size_t writable;
    struct plk_buf in;
};

struct plk_relay_dial {
    struct plk_mem *mem;
    uint8_t host[PLK_RELAY_DIAL_HOST_MAX];
    size_t host_len;
    uint16_t port;
    uint8_t relay[32];
    uint32_t first_stream, streams;
    uint64_t ticket;
    bool carried, begun, over; // begun, over: of one that is carried, which begins once
    uint8_t carried_cid[PLK_PACKET_CID_LEN];
    struct plk_addr addrs[PLK_RELAY_DIAL_ADDRS + PLK_RELAY_DIAL_PLACES];
    struct plk_addr places[PLK_RELAY_DIAL_PLACES]; // where else the relay is, what it said last first
    size_t place_count;
    size_t addr_count;
    bool asked;          // RESOLVE was given out, or is to be
    bool asking;         // it is to be
    uint64_t resolve_us; // answered by then, or not
    bool racing;         // after the names
    uint64_t again_us;   // when to begin; PLK_NEVER while something is under way or nothing is to be done
    uint64_t udp_us;     // of a channel over TCP: when UDP is tried again beside it; else PLK_NEVER
    unsigned udp_tries;  // in this network
    uint64_t doubt_us;   // when a relay that does not answer was asked for another channel, the old one kept; 0: not
    unsigned failures;
    struct plk_dial_way ways[PLK_DIAL_WAYS];
    struct plk_relay_channel *channel;
    struct plk_hello_heard heard;
    uint8_t cid[PLK_PACKET_CID_LEN];
    uint32_t stream; // of the channel, 0: UDP
    struct plk_addr stream_to;
    size_t writable;
    struct plk_buf in;
    bool has_cookie;
    uint8_t cookie[PLK_COOKIE_LEN];
    uint64_t cookie_us;
    struct plk_keepalive keepalive;
    uint32_t to_close[PLK_DIAL_WAYS + 1];
    unsigned close_count;
    bool up, down; // news
    uint8_t packet[PLK_PACKET_FRAME_LEN + PLK_RELAY_CHANNEL_PACKET_MAX];
};

void plk_dial_close_stream(struct plk_relay_dial *d, uint32_t stream); // the host is told; 0: there is none
void plk_dial_end_channel(struct plk_relay_dial *d);
// A packet for the channel or for a hello under way. stream: that it came by, 0: UDP. false: it is for neither.
bool plk_dial_take(struct plk_relay_dial *d, uint64_t now_us, uint32_t stream, const struct plk_addr *from,
                   const struct plk_packet *packet, struct plk_rng *rng, uint8_t *text,
                   struct plk_relay_channel_passed *passed);

#endif
