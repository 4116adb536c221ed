// SPDX-License-Identifier: MIT
// One channel between a client and its relay, seen from either side (docs/protocol/relay.md, section 4): a session, a
// flight with one path, one stream for commands and cells, and PASS, NOBODY and FWD, which bypass flight and stream. It is
// the same code in a node, which is the client, and in a relay, which holds very many: an idle channel gives everything back
// that it can make again, and keeps less than PLK_RELAY_CHANNEL_RESTING_LEN bytes; whatever happens wakes it.
//
// It knows one far address, over UDP, or none: over TCP its owner puts each packet behind its length and cuts what arrives.
// Hellos, and who a packet is for, are the owner's (session/hello.h). All times are mono_us. One mutation, then drain
// plk_relay_channel_poll:
//
//     packet for this connection id -> plk_relay_channel_receive -> frames out of *passed;
//                                      plk_relay_channel_readable, _consume; plk_relay_channel_state
//     plk_relay_channel_write, _ping, _close, _tick, _receive    -> plk_relay_channel_poll until false
//     plk_relay_channel_pass                                     -> a packet at once, nothing is kept of it
//     otherwise                                                  -> plk_relay_channel_tick at plk_relay_channel_deadline
#ifndef PLK_CHANNEL_RELAY_CHANNEL_H
#define PLK_CHANNEL_RELAY_CHANNEL_H

#include "base/addr.h"
#include "channel/keepalive.h"
#include "crypto/rng.h"
#include "session/session.h"
#include "wire/frame.h"

#define PLK_RELAY_CHANNEL_RESTING_LEN 600 // bytes of memory of a channel at rest, at most
#define PLK_RELAY_CHANNEL_UDP_LEN 1232    // largest packet with STREAM frames over UDP: any IPv6 path takes it
#define PLK_RELAY_CHANNEL_INNER_LEN \
    1168 // the same inside a FWD of another channel, whose packet is not larger then either
#define PLK_RELAY_CHANNEL_TCP_LEN PLK_PACKET_UDP_MAX    // and over TCP
#define PLK_RELAY_CHANNEL_PACKET_MAX PLK_PACKET_UDP_MAX // room that poll and pass need; a PASS of 1,400 bytes fits
#define PLK_RELAY_CHANNEL_REST_US PLK_SECOND            // without anything under way: rests
#define PLK_RELAY_CHANNEL_LOST_US (8 * PLK_SECOND)      // a client that waits for an answer so long has lost its relay
#define PLK_RELAY_CHANNEL_UNHEARD_US PLK_MINUTE         // a relay that waits for an acknowledgement so long: its client
#define PLK_RELAY_CHANNEL_SILENT_US (10 * PLK_MINUTE)   // a relay hears nothing at all
#define PLK_RELAY_CHANNEL_LIFE_US PLK_DAY               // from the handshake on
#define PLK_RELAY_CHANNEL_RENEW_US (23 * PLK_HOUR)      // a client should open another one by then
#define PLK_RELAY_CHANNEL_CHALLENGE_US (150 * PLK_MS)   // first repetition; doubles
#define PLK_RELAY_CHANNEL_CHALLENGES 5                  // of one address
#define PLK_RELAY_CHANNEL_UNPROVEN_TIMES 3              // bytes to an unproven address for each that came from it

struct plk_relay_channel;

enum plk_relay_channel_role { PLK_RELAY_CHANNEL_CLIENT, PLK_RELAY_CHANNEL_RELAY };

enum plk_relay_channel_state {
    PLK_RELAY_CHANNEL_OPENING, // a relay's, before the first data packet: nothing is sent
    PLK_RELAY_CHANNEL_OPEN,
    PLK_RELAY_CHANNEL_CLOSING, // CLOSE is to be polled
    PLK_RELAY_CHANNEL_CLOSED   // to be freed
};

// Why a channel is closing or closed.
enum plk_relay_channel_end {
    PLK_RELAY_CHANNEL_NOT,    // it is not
    PLK_RELAY_CHANNEL_ASKED,  // plk_relay_channel_close
    PLK_RELAY_CHANNEL_PEER,   // the other side said CLOSE
    PLK_RELAY_CHANNEL_BROKEN, // the other side broke a rule
    PLK_RELAY_CHANNEL_SILENT, // LOST, UNHEARD or SILENT above
    PLK_RELAY_CHANNEL_OLD,    // LIFE above, or its counters are used up
    PLK_RELAY_CHANNEL_CROWDED // memory was full, and over a reliable carrier what is not kept would not come again
};

// How much memory the owner has left for what comes (relay.md, section 6).
enum plk_relay_channel_memory {
    PLK_RELAY_CHANNEL_PLENTY,
    PLK_RELAY_CHANNEL_SHORT, // only the next byte of the stream is kept
    PLK_RELAY_CHANNEL_FULL   // no stream data is kept at all; over a reliable carrier the channel ends by it
};

struct plk_relay_channel_start {
    enum plk_relay_channel_role role;
    enum plk_transport transport;      // PLK_UDP, or a reliable carrier
    const struct plk_session *session; // copied
    uint8_t peer_cid[PLK_PACKET_CID_LEN];
    struct plk_addr addr; // UDP: a client's relay; a relay's client, as the hello came: proven by the first data packet
    uint64_t rtt_us;      // of the handshake, 0: not known
    bool inner;           // its packets travel inside another channel
};

// The caller owns it. mem must outlive it.
struct plk_relay_channel *plk_relay_channel_new(struct plk_mem *mem, const struct plk_relay_channel_start *start,
                                                uint64_t now_us);
void plk_relay_channel_free(struct plk_relay_channel *ch); // wipes; NULL is fine

// A frame that bypasses flight and stream.
struct plk_relay_channel_frame {
    enum plk_frame_type type; // PASS, NOBODY or FWD
    uint32_t handle;          // FWD: the id
    struct plk_bytes bytes;   // empty in a NOBODY; borrowed
};

// Those of a received packet, which lie in the text that it was opened into.
struct plk_relay_channel_passed {
    struct plk_reader r;
};

// Takes a data packet with this channel's connection id that came from this address (UDP; else NULL). Its text goes to
// `text`, packet->body.len bytes at least, which may be where the packet is. *passed is always set. rng: for a challenge.
// OK: taken, perhaps but for stream data that found no place, which comes again. REPLAYED, FORGED, CLOSED: dropped, nothing
// has changed. MALFORMED: authentic, but a rule is broken: nothing of it counts; the channel says CLOSE and ends.
enum plk_err plk_relay_channel_receive(struct plk_relay_channel *ch, uint64_t now_us, const struct plk_addr *from,
                                       const struct plk_packet *packet, enum plk_relay_channel_memory memory,
                                       struct plk_rng *rng, uint8_t *text, struct plk_relay_channel_passed *passed);
// The next PASS, NOBODY or FWD of the packet; its bytes are good as long as the text. false: there are no more.
bool plk_relay_channel_passed_next(struct plk_relay_channel_passed *passed, struct plk_relay_channel_frame *frame);

// Seals one PASS, NOBODY or FWD into out, PLK_RELAY_CHANNEL_PACKET_MAX bytes, to be sent to plk_relay_channel_addr at once.
// It is neither remembered nor limited. CLOSED: the channel is not open.
enum plk_err plk_relay_channel_pass(struct plk_relay_channel *ch, const struct plk_relay_channel_frame *frame,
                                    uint8_t *out, size_t *len);
// The proven far address; family 0 over a reliable carrier.
const struct plk_addr *plk_relay_channel_addr(const struct plk_relay_channel *ch);

// The next packet to send now, to *to (UDP). cap: bytes that out takes and the carrier accepts; with less than
// PLK_RELAY_CHANNEL_PACKET_MAX nothing is given. false: nothing more until something happens or the deadline comes.
bool plk_relay_channel_poll(struct plk_relay_channel *ch, uint64_t now_us, uint8_t *out, size_t cap, size_t *len,
                            struct plk_addr *to);
void plk_relay_channel_tick(struct plk_relay_channel *ch, uint64_t now_us); // cheap when nothing is due
uint64_t plk_relay_channel_deadline(const struct plk_relay_channel *ch);    // of tick and then poll
// Of tick alone, while the carrier takes nothing: when the channel ends by itself.
uint64_t plk_relay_channel_end_us(const struct plk_relay_channel *ch);

// The stream of commands. write takes as many bytes as there is room for; room says how many.
size_t plk_relay_channel_write(struct plk_relay_channel *ch, uint64_t now_us, struct plk_bytes bytes);
size_t plk_relay_channel_room(const struct plk_relay_channel *ch);
size_t plk_relay_channel_unacked(
    const struct plk_relay_channel *ch); // bytes written that the peer has not acknowledged
// All bytes that are there in order, contiguous, borrowed until the next call on ch.
struct plk_bytes plk_relay_channel_readable(const struct plk_relay_channel *ch);
void plk_relay_channel_consume(struct plk_relay_channel *ch, uint64_t now_us, size_t len); // <= readable
// true: the disk is behind, no receive window is opened until false.
void plk_relay_channel_hold(struct plk_relay_channel *ch, uint64_t now_us, bool hold);

void plk_relay_channel_ping(struct plk_relay_channel *ch, uint64_t now_us); // asks for a sign of life now
// A client's interval of PING, from now on: PLK_KEEPALIVE_MAX_US at most. 0: none.
void plk_relay_channel_keepalive(struct plk_relay_channel *ch, uint64_t interval_us);
// CLOSE leaves with the next poll, what is under way is given up.
void plk_relay_channel_close(struct plk_relay_channel *ch);
// Gives memory back at once if nothing is under way; true: the channel rests.
bool plk_relay_channel_rest(struct plk_relay_channel *ch);

struct plk_relay_channel_status {
    enum plk_relay_channel_state state;
    enum plk_relay_channel_end end;
    bool resting, checking; // checking: another address of the client is being challenged
    uint64_t opened_us;     // of the handshake
    uint64_t heard_us;      // of the last authentic packet; of the handshake before
    uint64_t asked_us;      // when a packet that wants an answer last left; of the handshake before
    uint64_t rtt_us;        // smoothed, 0: not known
    uint8_t challenged;     // challenges that came, modulo 256: a relay sees its client elsewhere than before
    uint8_t missed;         // answers after a silence before which something was lost, modulo 256
    uint64_t borne_us;      // the longest silence of ours after which something came unasked
    unsigned timeouts;      // probe time-outs in a row: from 2 on the other side may be gone
    uint32_t refused;       // packets whose stream data was not kept
};
struct plk_relay_channel_status plk_relay_channel_status(const struct plk_relay_channel *ch);

#endif
