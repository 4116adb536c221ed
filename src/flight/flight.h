// SPDX-License-Identifier: MIT
// Packet numbers, acknowledgements, loss, round-trip time, congestion and pacing for ONE session, after RFC
// 9002, with a congestion controller per path (DESIGN 4). It does not know what packets hold: it remembers
// items and gives them back. Numbers are the session's counters, one space for all paths; the sender
// remembers which path each packet took, so acks name no path. A packet is declared lost only by later acks
// of its own path, or with its path. All times are mono_us. One mutation, then drain plk_flight_next.
//
// A packet leaves like this:
//     if an ack is due (plk_flight_ack_due), or there is data and plk_flight_room says YES:
//         plk_flight_ack_build(f, now, &ack) and put it; put frames and keep their items
//         seal with number pn; plk_flight_sent(f, now, &packet)
// and one arrives like this:
//     plk_frame_scan; act on each frame (ACK: plk_flight_on_ack); then plk_flight_received
#ifndef PLK_FLIGHT_FLIGHT_H
#define PLK_FLIGHT_FLIGHT_H

#include "base/time.h"
#include "wire/frame.h"

#define PLK_FLIGHT_PATHS 8
#define PLK_FLIGHT_PACKETS 4096               // outstanding on all paths together; memory grows to about 0.8 MiB then
#define PLK_FLIGHT_RESERVE 64                 // of these only for probes and other packets that are not data
#define PLK_FLIGHT_ITEMS 8                    // remembered of one packet
#define PLK_FLIGHT_SKIPS 8                    // newest numbers deliberately left out that are remembered
#define PLK_FLIGHT_ACK_EVERY 2                // ack-eliciting packets (RFC 9000 section 13.2.2)
#define PLK_FLIGHT_ACK_DELAY_US (20 * PLK_MS) // max_ack_delay of both sides
#define PLK_FLIGHT_RTT_INITIAL_US (333 * PLK_MS) // RFC 9002 section 6.2.2
#define PLK_FLIGHT_LARGE 1152                    // bytes: larger packets may pass a path, smaller ones must
#define PLK_FLIGHT_GRANULARITY_US (1 * PLK_MS)   // RFC 9002 section 6.1.2
#define PLK_FLIGHT_PACKET_THRESHOLD 3            // RFC 9002 section 6.1.1
#define PLK_FLIGHT_PACKET_THRESHOLD_MAX 300      // of a path that reorders: grows to what was seen on it
#define PLK_FLIGHT_TIME_SHIFT 3      // 1/8 of a round trip more (RFC 9002 section 6.1.2); falls to 0 likewise
#define PLK_FLIGHT_PATIENT_LOSSES 16 // true losses until the thresholds go half the way back
#define PLK_FLIGHT_SILENT_PTOS 2     // from this many probe time-outs in a row on PATH_SILENT is reported
#define PLK_FLIGHT_PTO_MAX_US (60 * PLK_SECOND)       // back-off ends here
#define PLK_FLIGHT_WINDOW_MAX (UINT64_C(4096) * 1500) // congestion window, bytes, when the caller sets none

struct plk_flight;

// LOSSY: datagrams. RELIABLE: direct TCP (DESIGN 4): no loss detection, pacing or window; its packets are
// lost only with it.
enum plk_flight_carrier { PLK_FLIGHT_LOSSY, PLK_FLIGHT_RELIABLE };

// How the window of a path grows between losses: CUBIC (RFC 9438), or NewReno (RFC 9002 section 7.3.3).
enum plk_flight_law { PLK_FLIGHT_CUBIC, PLK_FLIGHT_RENO };

struct plk_flight_path {
    uint32_t id; // the caller's, unique among the paths of this flight
    enum plk_flight_carrier carrier;
    enum plk_flight_law law;
    uint32_t mtu;        // largest packet, bytes (UDP payload); 256..65535
    uint64_t rtt_us;     // from the handshake on this path, 0 when there was none
    uint64_t window_max; // bytes; 0: PLK_FLIGHT_WINDOW_MAX. A receiver's socket buffer, where it is known
};

// The caller owns it. mem must outlive it.
struct plk_flight *plk_flight_new(struct plk_mem *mem);
void plk_flight_free(struct plk_flight *f); // NULL is fine

// A new path begins with the initial window (RFC 9002 section 7.2). LIMIT: PLK_FLIGHT_PATHS are in use.
// EXISTS.
enum plk_err plk_flight_path_add(struct plk_flight *f, const struct plk_flight_path *path);
// The path is dead: its whole flight is lost at once (events), and the id may be used again. Unknown ids:
// nothing.
void plk_flight_path_dead(struct plk_flight *f, uint32_t path);
// Data has left this path because it is silent: its whole flight is lost at once, as if it were dead, but it stays and keeps
// its RTT, so that data may come back to it. Unknown ids: nothing.
void plk_flight_path_left(struct plk_flight *f, uint32_t path);
// Data moves to this path, or its far address changed: window back to the initial one, RTT forgotten unless
// keep_rtt (RFC 9000 section 9.4). What is outstanding stays outstanding.
void plk_flight_path_reset(struct plk_flight *f, uint32_t path, bool keep_rtt);
// What a check has measured on it: believed until packets of its own are acknowledged (RFC 9002 section 6.2.2). 0: nothing.
void plk_flight_path_rtt(struct plk_flight *f, uint32_t path, uint64_t rtt_us);
void plk_flight_path_mtu(struct plk_flight *f, uint32_t path, uint32_t mtu);

struct plk_flight_path_info {
    bool has_rtt;
    uint64_t trip_us;                                 // the latest without the peer's delay, 0: none yet
    uint64_t latest_us, smoothed_us, var_us, min_us;  // before the first sample: initial values
    uint64_t pto_us;                                  // without back-off
    uint64_t window, in_flight, slow_start_threshold; // bytes
    unsigned outstanding;                             // packets
    unsigned ptos;                                    // consecutive
    uint64_t sent_us;                                 // of the last ack-eliciting packet, 0: none
    uint64_t acked_us; // when a packet of this path was last newly acknowledged, 0: never
    uint64_t packets_sent, packets_acked, packets_lost; // ack-eliciting ones
    uint64_t persistent;                                // times of persistent congestion
    uint64_t late;                                      // packets declared lost and acknowledged after all
    unsigned packet_threshold;                          // as it is now
    unsigned large_lost; // packets above PLK_FLIGHT_LARGE lost since one was acknowledged, or the path's size was set
};
// false: no such path.
bool plk_flight_path_info(const struct plk_flight *f, uint32_t path, struct plk_flight_path_info *info);

enum plk_flight_room {
    PLK_FLIGHT_YES,  // send now
    PLK_FLIGHT_WAIT, // paced: ask again at *until_us
    PLK_FLIGHT_FULL  // window or memory full, or no such path: ask again after an ack or a tick
};
// May an ack-eliciting packet of size bytes leave on this path now? Packets that are not ack-eliciting need
// not ask, nor do path challenges and responses, which path/ limits. A probe that is wanted passes window and
// pacing.
enum plk_flight_room plk_flight_room(struct plk_flight *f, uint32_t path, uint64_t now_us, size_t size,
                                     uint64_t *until_us);

// There is place to remember one more packet: true whenever plk_flight_room says YES. Ask before
// ack-eliciting packets for which room was not asked.
bool plk_flight_can_track(const struct plk_flight *f);

struct plk_flight_packet {
    uint32_t path;
    uint64_t pn;                        // larger than every earlier one; gaps are fine
    size_t size;                        // bytes of the whole packet
    bool eliciting;                     // it holds a frame that wants an ack; only these are remembered
    bool trial;                         // of a size that may not pass: its loss says nothing (RFC 8899 section 3)
    unsigned count;                     // <= PLK_FLIGHT_ITEMS
    const struct plk_frame_item *items; // copied; those of kind PADDING are left out
};
// The packet left (or its bytes were accepted by the carrier). Traps on a number that is not larger, an
// unknown path, items on a packet that is not eliciting, or when plk_flight_can_track is false for one that
// is.
void plk_flight_sent(struct plk_flight *f, uint64_t now_us, const struct plk_flight_packet *packet);

// This number is deliberately never sent: a peer that acknowledges it lies (RFC 9000 section 21.4). Larger
// than every earlier number sent or skipped.
void plk_flight_skip(struct plk_flight *f, uint64_t pn);

// This one leaves on no path that is known here, once or many times, and nothing is made of its acknowledgement. Larger than every
// earlier number.
void plk_flight_unwatched(struct plk_flight *f, uint64_t pn);

// A packet has been opened, found new and wholly processed. Call it after its frames; do not call it for a
// packet of which a frame could not be kept (plk_streams_receive: LIMIT), then the peer sends that again.
void plk_flight_received(struct plk_flight *f, uint64_t now_us, uint64_t pn, bool eliciting);

// An ACK should leave now, even alone. plk_flight_deadline covers the delayed one.
bool plk_flight_ack_due(const struct plk_flight *f, uint64_t now_us);
// What to acknowledge: put it into every packet that leaves anyway. false: nothing to say since the last
// time. Counts as sent: follow it with plk_flight_sent of the packet that carries it.
bool plk_flight_ack_build(struct plk_flight *f, uint64_t now_us, struct plk_frame_ack *ack);

// MALFORMED: it names a number that was never sent; nothing has changed. An ack of what is already settled is
// fine.
enum plk_err plk_flight_on_ack(struct plk_flight *f, uint64_t now_us, const struct plk_frame_ack *ack);

// Timers: time-threshold losses and probe time-outs. Cheap when nothing is due.
void plk_flight_tick(struct plk_flight *f, uint64_t now_us);
// When plk_flight_tick or plk_flight_ack_due has something to do; PLK_NEVER.
uint64_t plk_flight_deadline(const struct plk_flight *f);

enum plk_flight_event_kind {
    PLK_FLIGHT_ACKED, // item: the peer has it
    PLK_FLIGHT_LOST,  // item: send it again, on whatever path is chosen now
    PLK_FLIGHT_RETRY, // item: may be lost; send a copy as the probe. ACKED or LOST for it still follows
    PLK_FLIGHT_PROBE, // path: send an ack-eliciting packet or two on it now, a PING if need be
    PLK_FLIGHT_SILENT // path: count probe time-outs in a row; time to try another path
};
struct plk_flight_event {
    enum plk_flight_event_kind kind;
    uint32_t path; // the path the packet took, even if that is dead by now
    uint64_t pn;   // ACKED, LOST, RETRY
    struct plk_frame_item item;
    unsigned count; // SILENT, PROBE: probe time-outs in a row
};
// Pulls what happened. false: nothing more.
bool plk_flight_next(struct plk_flight *f, struct plk_flight_event *event);

// Nothing is outstanding and no event waits.
bool plk_flight_idle(const struct plk_flight *f);

// What a flight with one path leaves behind when its memory is given back because nothing is under way. Zero-initialised it
// is that of one that never was.
struct plk_flight_rest {
    struct plk_frame_range top; // the highest numbers received without a gap
    uint32_t rtt_us;            // smoothed, 0: not known
    bool has_top;
};
// false: something is outstanding, an event waits, or an ACK is due; *rest is untouched.
bool plk_flight_rest(const struct plk_flight *f, uint32_t path, struct plk_flight_rest *rest);
// A packet that is not eliciting came meanwhile.
void plk_flight_rest_received(struct plk_flight_rest *rest, uint64_t pn);
// It goes on, without a path as yet: next_pn is one more than every number sent so far, which may all be acknowledged again.
struct plk_flight *plk_flight_new_rested(struct plk_mem *mem, const struct plk_flight_rest *rest, uint64_t next_pn);

// A new session over the same path, which both know and on which fresh has sent nothing yet: fresh takes its RTT, its window
// and what is known of how it reorders. Else nothing.
void plk_flight_carry_over(struct plk_flight *fresh, const struct plk_flight *old, uint32_t path);
// The session ends: all that is outstanding is reported LOST, once. The flight is then only good for draining
// and freeing.
void plk_flight_drain_lost(struct plk_flight *f);

struct plk_flight_stats {
    uint64_t sent, acked, lost; // ack-eliciting packets
    uint64_t acks_refused;      // acks that lied
    uint64_t ranges_forgotten;  // received ranges dropped beyond PLK_FRAME_RANGES_MAX
    unsigned outstanding, outstanding_max;
};
struct plk_flight_stats plk_flight_stats(const struct plk_flight *f);

#endif
