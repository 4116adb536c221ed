// SPDX-License-Identifier: MIT
// The streams of one link (docs/protocol/link.md section 5): eight bidirectional byte streams, ids 0..7,
// always open both ways, the lower id first; and a small queue of unreliable datagrams each way. They belong
// to the link, not to a session: they continue under a new session while both incarnations are unchanged,
// else plk_streams_restart (DESIGN 3.5). Flow control after RFC 9000 section 4: the initial limits are
// constants, opened only as the application consumes.
//
// Sending: plk_streams_write, then while a packet has room plk_streams_next gives frames and the items to
// hand to flight; what flight reports goes to plk_streams_acked or plk_streams_lost (LOST and RETRY alike).
// Receiving: plk_streams_receive for each frame that plk_streams_takes, then readable and consume.
#ifndef PLK_STREAM_STREAMS_H
#define PLK_STREAM_STREAMS_H

#include "wire/frame.h"

#define PLK_STREAMS_COUNT PLK_FRAME_STREAMS
#define PLK_STREAMS_SEND_MAX (256 * 1024)    // bytes of one stream that are not yet acknowledged in order
#define PLK_STREAMS_WINDOW (256 * 1024)      // receive window of one stream
#define PLK_STREAMS_WINDOW_ALL (1024 * 1024) // receive window of all streams together
#define PLK_STREAMS_RANGES 256               // separate pieces remembered of one stream and purpose
#define PLK_STREAMS_DATAGRAMS 32             // in each direction
#define PLK_STREAMS_DATAGRAM_MAX 1000        // bytes: fits every path

struct plk_streams;

// The caller owns it. mem must outlive it.
struct plk_streams *plk_streams_new(struct plk_mem *mem);
void plk_streams_free(struct plk_streams *s); // wipes; NULL is fine

// Where one stream carries much over a long way: its receive window doubles each time that it is opened, up to that of all streams
// together, and as much may wait in it as the peer's window allows. Before anything was written or received. Memory is then kept
// between bursts, until it is trimmed.
void plk_streams_let_grow(struct plk_streams *s);
void plk_streams_trim(struct plk_streams *s); // gives back what empty streams keep

// All streams, limits and datagrams as new: the peer's incarnation, or one's own, changed.
void plk_streams_restart(struct plk_streams *s);

// Appends to a stream; returns how many of the bytes were taken: up to PLK_STREAMS_SEND_MAX wait (or more, plk_streams_let_grow).
// 0 after finish.
size_t plk_streams_write(struct plk_streams *s, uint32_t id, struct plk_bytes bytes);
// What write would take now: messages that must not be cut wait for it.
size_t plk_streams_room(const struct plk_streams *s, uint32_t id);
// No more bytes follow. Twice is fine.
void plk_streams_finish(struct plk_streams *s, uint32_t id);
// Bytes written and not yet acknowledged in order.
size_t plk_streams_unacked(const struct plk_streams *s, uint32_t id);
// Offset up to which the peer has acknowledged everything, and offset of the next byte that write appends:
// how a writer learns that the bytes of its message all left, or arrived.
uint64_t plk_streams_acked_to(const struct plk_streams *s, uint32_t id);
uint64_t plk_streams_sent_to(const struct plk_streams *s, uint32_t id);
uint64_t plk_streams_written_to(const struct plk_streams *s, uint32_t id);

// The queue of outgoing datagrams: LIMIT when it is full, TOO_LONG above PLK_STREAMS_DATAGRAM_MAX.
enum plk_err plk_streams_datagram_send(struct plk_streams *s, struct plk_bytes bytes);

// There is something that plk_streams_next would give for a whole packet.
bool plk_streams_wants(const struct plk_streams *s);
// The next frame (MAX_DATA, MAX_STREAM_DATA, DATAGRAM, STREAM; repeats before new data, lower ids before
// higher) whose encoding fits into room bytes. false: none. Its bytes are borrowed until the next call on s.
// The frame counts as sent: if its packet does not leave after all, hand the item to plk_streams_lost.
// item->kind PADDING: nothing to remember.
bool plk_streams_next(struct plk_streams *s, size_t room, struct plk_frame *frame, struct plk_frame_item *item);
// An item comes back. Both may come for the same bytes, in any order and number. Items of other kinds, or
// from before a restart that no longer fit, are ignored. The caller drops a session's items when it restarts
// the streams.
void plk_streams_acked(struct plk_streams *s, const struct plk_frame_item *item);
void plk_streams_lost(struct plk_streams *s, const struct plk_frame_item *item);

// STREAM, MAX_DATA, MAX_STREAM_DATA and DATAGRAM are for plk_streams_receive.
bool plk_streams_takes(enum plk_frame_type type);
// MALFORMED: beyond a limit, beyond or against the final size: the peer is broken, nothing has changed, end
// the session. LIMIT: too many separate pieces; nothing has changed; do not acknowledge the packet, the peer
// sends it again. The first copy of a byte wins. A datagram for which there is no place is dropped and
// counted.
enum plk_err plk_streams_receive(struct plk_streams *s, const struct plk_frame *frame);

// All bytes of a stream that are there in order, contiguous, borrowed until the next call on s.
struct plk_bytes plk_streams_readable(const struct plk_streams *s, uint32_t id);
// The first len of them are done with: the window opens.
void plk_streams_consume(struct plk_streams *s, uint32_t id, size_t len);
// The peer has finished and every byte was consumed.
bool plk_streams_ended(const struct plk_streams *s, uint32_t id);
// Offset up to which everything has arrived, consumed or not.
uint64_t plk_streams_ready_to(const struct plk_streams *s, uint32_t id);
// true: the disk is behind, no window is opened until false (DESIGN 2).
void plk_streams_hold(struct plk_streams *s, bool hold);

// The next received datagram, borrowed until the next call on s; false: none.
bool plk_streams_datagram_next(struct plk_streams *s, struct plk_bytes *bytes);

// What streams of which only one is in use leave behind when their memory is given back because nothing is under way.
struct plk_streams_rest {
    uint64_t written_to, limit, limit_all;          // sending: all was acknowledged; the peer's limits
    uint64_t consumed_to, own_limit, own_limit_all; // receiving: all was consumed; the limits told
};
void plk_streams_rest_new(struct plk_streams_rest *rest); // of streams that never were
// false: something was written, received or is to be told that has not found its end, or another stream was used; *rest is
// untouched.
bool plk_streams_rest(const struct plk_streams *s, uint32_t id, struct plk_streams_rest *rest);
// They go on. The caller owns them.
struct plk_streams *plk_streams_new_rested(struct plk_mem *mem, uint32_t id, const struct plk_streams_rest *rest);

struct plk_streams_stats {
    uint64_t bytes_sent, bytes_repeated;  // stream data in frames
    uint64_t bytes_received, bytes_again; // again: copies of what was there
    uint64_t datagrams_dropped, refused;  // refused: MALFORMED or LIMIT
};
struct plk_streams_stats plk_streams_stats(const struct plk_streams *s);

#endif
