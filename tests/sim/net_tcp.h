// SPDX-License-Identifier: MIT
// Connections of a net, as net_stream.c and net_open.c share them.
#ifndef SIM_NET_TCP_H
#define SIM_NET_TCP_H

#include "sim/net.h"

enum segment_kind { SEGMENT_ACCEPT, SEGMENT_DATA, SEGMENT_FIN };

struct segment {
    struct segment *next;
    enum segment_kind kind;
    bool left;       // its sender's buffer
    uint64_t due_us; // when it arrives, once it has left
    size_t len;
    uint8_t data[];
};

struct end {
    int host;
    uint32_t stream;
    struct plk_addr addr, remote; // as this host sees them
    bool open;                    // its process holds the stream
    uint32_t opening;             // the number of the opening that it began; 0: it was listened for
    // What this end has written and the other has not yet got:
    struct segment *head, *tail;
    size_t unsent, under_way;
    uint64_t last_us;  // arrival of the last one that has left
    uint64_t stuck_us; // since when the head could not be delivered; 0: it moves
    uint64_t retry_us;
    bool timer, notice; // an event is entered
};

struct tcp {
    struct net *net;
    struct tcp *previous, *next;
    struct end ends[2]; // 0: the one that opened it
    unsigned events;    // entered in the agenda
    bool answered;      // by the other end: it is open, or was
    unsigned tries;
    uint8_t hops;         // of first segments
    uint64_t knocked_us;  // when the last one left
    struct net_way first; // it
};

struct of_end {
    int side;
};

// The event runs with c and a struct of_end of this side, and ends with net_tcp_done.
void net_tcp_enter(struct tcp *c, int side, uint64_t at_us, agenda_fn *run);
void net_tcp_done(struct tcp *c); // and what nobody holds any more is freed
void net_tcp_tell(struct tcp *c, int side, enum plk_stream_event event, struct plk_bytes data);
void net_tcp_closed(void *ctx, void *item);        // an event: the process of that end is told that its stream is dead
uint64_t net_tcp_one_way(struct tcp *c, int from); // how long a small segment takes now
bool net_tcp_passes(struct tcp *c);                // both ways, as these two ends know each other
void net_tcp_accept(struct tcp *c);                // what makes the other end's process accept it is on its way

#endif
