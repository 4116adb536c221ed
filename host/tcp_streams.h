// SPDX-License-Identifier: MIT
// The connections of host/tcp.h, found by number, counted by site, and in the order of their deadlines: nothing here takes
// longer because there are very many. It opens, reads and closes nothing.
#ifndef PLK_HOST_TCP_STREAMS_H
#define PLK_HOST_TCP_STREAMS_H

#include <uv.h>

#include "base/addr.h"

struct plk_tcp;

// What has to happen to a connection in time. All of a kind have the same patience, so the oldest is due first.
enum plk_tcp_wait {
    PLK_TCP_WAIT_CONNECT,  // an own one has to be there
    PLK_TCP_WAIT_STRANGER, // the core has to write to one that was accepted
    PLK_TCP_WAIT_CLOSING,  // what is buffered has to leave
    PLK_TCP_WAIT_BROKEN,   // found while writing: lost at the next turn of the loop
    PLK_TCP_WAITS,
    PLK_TCP_WAIT_NONE = PLK_TCP_WAITS
};

struct plk_tcp_stream {
    struct plk_tcp *tcp;
    struct plk_tcp_stream *next;            // of the same bucket
    struct plk_tcp_stream *earlier, *later; // that wait for the same
    struct plk_tcp_stream *next_written;
    uv_poll_t poll;
    int fd;
    uint32_t id;
    struct plk_addr remote;
    enum plk_tcp_wait wait;
    uint64_t deadline_ms; // with wait
    bool accepted;
    bool closing;     // the core is done with it: what is buffered goes out, nothing comes in
    bool dead;        // its handle is being closed
    bool written;     // since the last flush: in that list
    size_t told;      // room that the core knows of
    size_t head, len; // buffered bytes: buffer[head .. head + len)
    uint8_t *buffer;  // NULL while nothing is buffered
};

// How many accepted connections one site (an IPv4 address, an IPv6 /64) has.
struct plk_tcp_site;

struct plk_tcp_streams {
    struct plk_tcp_stream **buckets;
    struct plk_tcp_site **sites;
    size_t bucket_count; // of both; a power of two
    size_t count, accepted;
    uint64_t salt; // nobody chooses addresses that fall into one bucket
    struct plk_tcp_stream *written;
    struct {
        struct plk_tcp_stream *first, *last;
        size_t count;
    } waits[PLK_TCP_WAITS];
};

void plk_tcp_streams_init(struct plk_tcp_streams *streams);
void plk_tcp_streams_free(struct plk_tcp_streams *streams); // there are none left

void plk_tcp_streams_add(struct plk_tcp_streams *streams,
                         struct plk_tcp_stream *stream); // id, remote, accepted are set
void plk_tcp_streams_remove(struct plk_tcp_streams *streams, struct plk_tcp_stream *stream);
struct plk_tcp_stream *plk_tcp_streams_find(const struct plk_tcp_streams *streams, uint32_t id); // not one that closes
// Any, or NULL when there is none; and the one behind it. Removing the one that was given is fine once the next is known.
struct plk_tcp_stream *plk_tcp_streams_next(const struct plk_tcp_streams *streams, const struct plk_tcp_stream *after);

size_t plk_tcp_streams_of_site(const struct plk_tcp_streams *streams, const struct plk_addr *remote); // accepted ones
// The stranger that has waited longest; of this site, where one is given. NULL: none.
struct plk_tcp_stream *plk_tcp_streams_stranger(const struct plk_tcp_streams *streams, const struct plk_addr *site);

// Waits for something else now, or for nothing (PLK_TCP_WAIT_NONE).
void plk_tcp_streams_wait(struct plk_tcp_streams *streams, struct plk_tcp_stream *stream, enum plk_tcp_wait wait,
                          uint64_t deadline_ms);
struct plk_tcp_stream *plk_tcp_streams_due(const struct plk_tcp_streams *streams, uint64_t now_ms); // or NULL
uint64_t plk_tcp_streams_deadline_ms(const struct plk_tcp_streams *streams);                        // or UINT64_MAX

// Those that were written to since they were last taken, one by one.
void plk_tcp_streams_wrote(struct plk_tcp_streams *streams, struct plk_tcp_stream *stream);
struct plk_tcp_stream *plk_tcp_streams_take_written(struct plk_tcp_streams *streams); // or NULL

#endif
