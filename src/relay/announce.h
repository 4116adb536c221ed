// SPDX-License-Identifier: MIT
// This relay as a client of others: it tells those that its operator names where it is (docs/protocol/relay.md, section 8). A channel
// lasts for one ANNOUNCE and its answer.
#ifndef PLK_RELAY_ANNOUNCE_H
#define PLK_RELAY_ANNOUNCE_H

#include "base/buf.h"
#include "channel/relay_dial.h"
#include "wire/relay_name.h"

#define PLK_ANNOUNCES_MAX 8                      // relays that are told
#define PLK_ANNOUNCE_EACH_US (12 * PLK_HOUR)     // again so long after it was taken: a quarter of its life at most
#define PLK_ANNOUNCE_ANSWER_US (20 * PLK_SECOND) // for a channel, and the answer
#define PLK_ANNOUNCE_PAUSE_US (30 * PLK_SECOND)  // after a failure; doubles
#define PLK_ANNOUNCE_DOUBLINGS 7                 // up to an hour
#define PLK_ANNOUNCE_FIRST_STREAM UINT32_C(0x40000000) // TCP streams of dials: from here, 64 Ki each

struct plk_relay;
struct plk_relay_config;

// A relay that is told of this one.
struct plk_relay_bootstrap {
    uint8_t key[32];
    char host[PLK_RELAY_HOST_MAX];
    uint8_t host_len;
    uint16_t port;
};

struct plk_announce {
    struct plk_relay_dial *dial; // NULL: not now
    bool said, ending;
    unsigned failures;
    uint64_t due_us; // when the next is made; of one under way: given up
};

struct plk_announces {
    struct plk_announce of[PLK_ANNOUNCES_MAX]; // in the order of the config
    uint64_t sequence;                         // of the last one
};

// Takes over public and bootstrap; all are told at once if they have changed.
void plk_announces_retune(struct plk_relay *relay, const struct plk_relay_config *config);
void plk_announces_free(struct plk_relay *relay);
// false: it is for somebody else.
bool plk_announces_packet(struct plk_relay *relay, const struct plk_addr *from, const struct plk_packet *packet);
bool plk_announces_stream(struct plk_relay *relay, const struct plk_input *input);
void plk_announces_resolved(struct plk_relay *relay, const struct plk_input *input);
void plk_announces_tick(struct plk_relay *relay);
bool plk_announces_poll(struct plk_relay *relay, struct plk_output *output);
uint64_t plk_announces_deadline(const struct plk_relay *relay);

#endif
