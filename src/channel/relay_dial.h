// SPDX-License-Identifier: MIT
// A node's connection to one relay, as far as it is made, kept and made again (docs/protocol/relay.md, sections 3 and 4): the
// relay's name is resolved, hellos go out over UDP and a little later over TCP, whichever is answered first carries the
// channel, and when that is lost, old, or the network has changed, it begins anew. Where TCP was first, UDP goes on being tried and takes
// the channel over as soon as it is answered: only by UDP does a node learn how its peers see it. What the channel carries is its owner's.
//
//     datagram, or bytes of one of its streams -> plk_relay_dial_packet, _stream
//     PLK_IN_RESOLVED with its ticket          -> plk_relay_dial_resolved
//     then, and at plk_relay_dial_deadline     -> plk_relay_dial_tick, plk_relay_dial_poll until false
//     plk_relay_dial_news                      -> a channel came up, or went down
#ifndef PLK_CHANNEL_RELAY_DIAL_H
#define PLK_CHANNEL_RELAY_DIAL_H

#include "channel/relay_channel.h"
#include "session/hello.h"
#include "wire/effect.h"

#define PLK_RELAY_DIAL_HOST_MAX 128
#define PLK_RELAY_DIAL_ADDRS 4               // of one name that are tried
#define PLK_RELAY_DIAL_PLACES 3              // and of those where the relay said that it is, too, once it is gone here
#define PLK_RELAY_DIAL_STREAMS 65536u        // numbers that one dial uses, from its first
#define PLK_RELAY_DIAL_TCP_US (250 * PLK_MS) // so much later than UDP, and between two addresses over TCP
#define PLK_RELAY_DIAL_REPEAT_US (250 * PLK_MS)    // first repetition of a hello; doubles
#define PLK_RELAY_DIAL_REPEATS 4                   // after 0.25, 0.75, 1.75 and 3.75 s
#define PLK_RELAY_DIAL_GIVE_UP_US (8 * PLK_SECOND) // without an answer
#define PLK_RELAY_DIAL_UDP_US (15 * PLK_SECOND)    // over TCP: UDP is tried again beside it; doubles
#define PLK_RELAY_DIAL_UDP_MAX_US (10 * PLK_MINUTE)
#define PLK_RELAY_DIAL_TIMEOUTS 3                  // of the channel in a row: another one is tried beside it
#define PLK_RELAY_DIAL_RESOLVE_US (5 * PLK_SECOND) // a name takes longer: what it was before is used
#define PLK_RELAY_DIAL_PAUSE_US PLK_SECOND         // after the first failure; doubles
#define PLK_RELAY_DIAL_PAUSE_MAX_US (5 * PLK_MINUTE)

struct plk_relay_dial;

struct plk_relay_dial_carried {
    struct plk_addr addr; // what its datagrams are for; its owner has them carried there
    uint8_t cid[PLK_PACKET_CID_LEN];
};

struct plk_relay_dial_config {
    struct plk_bytes host; // a name or an address; copied; 1 to PLK_RELAY_DIAL_HOST_MAX bytes
    uint16_t port;
    uint8_t relay[32];     // its static
    uint32_t first_stream; // TCP streams are numbered from here; nobody else uses PLK_RELAY_DIAL_STREAMS of them
    uint64_t ticket;       // of its RESOLVE
    // Carried by FWD of another channel (docs/protocol/queue.md, section 3), or NULL. Then no name is asked for, nothing goes
    // over TCP, and there is one hello, under the id that the FWD was opened for: when that is not answered, or its channel
    // has ended, the dial is over.
    const struct plk_relay_dial_carried *carried;
};

// The caller owns it. mem must outlive it. It begins to dial with the first tick.
struct plk_relay_dial *plk_relay_dial_new(struct plk_mem *mem, const struct plk_relay_dial_config *config);
void plk_relay_dial_free(
    struct plk_relay_dial *d); // wipes; NULL is fine. Streams that are open are the caller's to close

// Nothing more is wanted of it: what is open is closed with the next polls, without a word; then it may be freed.
void plk_relay_dial_stop(struct plk_relay_dial *d);

// What the host found; none: what was known before is used.
void plk_relay_dial_resolved(struct plk_relay_dial *d, uint64_t now_us, const struct plk_addr *addrs, size_t count);

// A decoded packet of UDP. false: it is for somebody else. *passed: what came around the stream, as
// plk_relay_channel_receive says; text: room for packet->body.len bytes.
bool plk_relay_dial_packet(struct plk_relay_dial *d, uint64_t now_us, const struct plk_addr *from,
                           const struct plk_packet *packet, struct plk_rng *rng, uint8_t *text,
                           struct plk_relay_channel_passed *passed);
// What happened to a stream: OPENED, WRITABLE, CLOSED, or BYTES, which are kept until plk_relay_dial_framed has cut them.
// false: it is not one of this dial's.
bool plk_relay_dial_stream(struct plk_relay_dial *d, uint64_t now_us, const struct plk_input *input);
// The next packet out of the bytes of a stream, taken like one of UDP. false: there is no whole one.
bool plk_relay_dial_framed(struct plk_relay_dial *d, uint64_t now_us, struct plk_rng *rng, uint8_t *text,
                           struct plk_relay_channel_passed *passed);

// One's own network has changed: a new channel is opened at once, from the new address and under new ids; the old one is let
// go without a word when it is there.
void plk_relay_dial_hurry(struct plk_relay_dial *d, uint64_t now_us);

void plk_relay_dial_tick(struct plk_relay_dial *d, uint64_t now_us, struct plk_rng *rng);
// RESOLVE, DATAGRAM, STREAM_OPEN, _WRITE, _CLOSE. false: nothing more. Bytes are good until the next call on d.
bool plk_relay_dial_poll(struct plk_relay_dial *d, uint64_t now_us, struct plk_output *output);
uint64_t plk_relay_dial_deadline(const struct plk_relay_dial *d);
// Sends one PASS or FWD at once. false: there is no channel, or a stream that takes no more now: it is lost, as PASS may be.
bool plk_relay_dial_pass(struct plk_relay_dial *d, const struct plk_relay_channel_frame *frame,
                         struct plk_output *output);

enum plk_relay_dial_news { PLK_RELAY_DIAL_NOTHING, PLK_RELAY_DIAL_UP, PLK_RELAY_DIAL_DOWN };
// What has changed since the last time it was asked. UP: a new channel, perhaps in the place of another; DOWN: there is none.
enum plk_relay_dial_news plk_relay_dial_news(struct plk_relay_dial *d);

struct plk_relay_channel *plk_relay_dial_channel(struct plk_relay_dial *d); // NULL while there is none
// Of the channel's handshake: its hash, the relay's greeting and STUN address; good while there is a channel.
const struct plk_hello_heard *plk_relay_dial_heard(const struct plk_relay_dial *d);

struct plk_relay_dial_status {
    bool connected, tcp;
    bool over;             // carried, and to be replaced; a channel may still be open, but is old
    struct plk_addr addr;  // of the relay, while connected
    unsigned failures;     // in a row
    uint64_t keepalive_us; // what this network has shown to bear
};
struct plk_relay_dial_status plk_relay_dial_status(const struct plk_relay_dial *d);
// Where its name leads in that family, whether it is reached there or not. false: nowhere, as far as is known.
bool plk_relay_dial_addr(const struct plk_relay_dial *d, uint8_t family, struct plk_addr *addr);

#endif
