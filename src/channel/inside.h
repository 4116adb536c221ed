// SPDX-License-Identifier: MIT
// What the files of a relay channel share; its owners see relay_channel.h only.
#ifndef PLK_CHANNEL_INSIDE_H
#define PLK_CHANNEL_INSIDE_H

#include "channel/challenge.h"
#include "channel/relay_channel.h"
#include "flight/flight.h"
#include "stream/streams.h"

#define PLK_RELAY_CHANNEL_PATH 1   // the one path of its flight
#define PLK_RELAY_CHANNEL_STREAM 0 // the one stream that is used
#define PLK_RELAY_CHANNEL_REPLIES 4
#define PLK_RELAY_CHANNEL_CHALLENGE_LEN (PLK_PACKET_OVERHEAD + 1 + PLK_CHALLENGE_TOKEN_LEN) // of a packet with one

// What a channel needs while something is under way, and gives back when it rests.
struct plk_relay_channel_awake {
    struct plk_flight *flight;
    struct plk_streams *streams;
    struct plk_challenge challenge;
    struct {
        uint8_t token[PLK_CHALLENGE_TOKEN_LEN];
        struct plk_addr to;
    } replies[PLK_RELAY_CHANNEL_REPLIES]; // to the other side's challenges
    unsigned reply_count;
    bool ping_due;       // something that wants an answer is to leave
    bool probe;          // the flight wants it
    uint64_t paced_us;   // nothing may leave before; 0: not paced
    uint64_t active_us;  // of the last thing that happened
    uint64_t waiting_us; // since when an answer is outstanding
};

struct plk_relay_channel {
    struct plk_mem *mem;
    struct plk_relay_channel_awake *awake; // NULL: it rests
    struct plk_session session;
    struct plk_addr addr;
    uint64_t heard_us;
    uint64_t asked_us;               // when a packet that wants an answer last left
    struct plk_streams_rest streams; // while it rests
    struct plk_flight_rest flight;
    uint32_t keepalive_ms; // a client's, 0: none
    uint32_t borne_ms;     // a client's: as in the status
    uint32_t refused;      // packets
    uint8_t peer_cid[PLK_PACKET_CID_LEN];
    uint8_t role, transport, state, end;
    uint8_t challenged; // how often the other side asked for a sign of life from a new address, modulo 256
    uint8_t missed;     // as in the status
    bool hold, inner;
    bool spoke; // something has left since then that wants no answer
};

static inline bool plk_relay_channel_is_udp(const struct plk_relay_channel *ch) { return ch->transport == PLK_UDP; }

// Of a packet with STREAM frames.
static inline uint32_t plk_relay_channel_size(const struct plk_relay_channel *ch) {
    if (!plk_relay_channel_is_udp(ch)) return PLK_RELAY_CHANNEL_TCP_LEN;
    return ch->inner ? PLK_RELAY_CHANNEL_INNER_LEN : PLK_RELAY_CHANNEL_UDP_LEN;
}

void plk_relay_channel_wake(struct plk_relay_channel *ch, uint64_t now_us);
// Ends it: with a CLOSE where the other side can be told.
void plk_relay_channel_end(struct plk_relay_channel *ch, enum plk_relay_channel_end why, bool tell);
// What the flight has found: acknowledged, lost, to be probed.
void plk_relay_channel_drain(struct plk_relay_channel *ch);
// Packets of the flight's path that are not acknowledged.
unsigned plk_relay_channel_outstanding(const struct plk_relay_channel *ch);

#endif
