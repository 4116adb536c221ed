// SPDX-License-Identifier: MIT
// FWD: packets of a client's own session with another relay, carried there and back (DESIGN 3.7; docs/protocol/queue.md,
// section 3). This relay says hello there first, with the static that the client names, and sends nothing else to an address
// that has not proven that key; what it carries it cannot read.
#ifndef PLK_RELAY_FORWARD_H
#define PLK_RELAY_FORWARD_H

#include "base/time.h"
#include "relay/bucket.h"
#include "session/hello.h"
#include "wire/queue.h"

#define PLK_FORWARDS_CLIENT_MAX 8
#define PLK_FORWARDS_MAX 4096          // of all clients
#define PLK_FORWARD_RATE (64u << 10)   // bytes a second of each, each way
#define PLK_FORWARD_BURST (256u << 10) // at once
#define PLK_FORWARD_PREFIX_RATE 5      // openings a second towards one prefix
#define PLK_FORWARD_PREFIX_BURST 20
#define PLK_FORWARD_REPEAT_US (250 * PLK_MS)    // first repetition of the hello; doubles
#define PLK_FORWARD_HELLOS 4                    // at 0, 0.25, 0.75 and 1.75 s
#define PLK_FORWARD_GIVE_UP_US (4 * PLK_SECOND) // without an answer
#define PLK_FORWARD_SILENT_US PLK_MINUTE // something was sent and nothing came: the proof is worth nothing any more

struct plk_relay;
struct plk_relay_client;

struct plk_forward {
    struct plk_forward *next; // of its client
    struct plk_relay_client *client;
    uint32_t id, tag;        // of the client's choice; of its FWD OPEN
    uint64_t cid, proof_cid; // of the client there; of the hello that proves the key
    struct plk_addr addr;
    struct plk_hello *hello; // NULL: the key is proven
    unsigned hellos;
    uint64_t began_us, due_us;
    uint64_t unanswered_us; // of the first packet since something came; 0: none
    struct plk_bucket there, back;
};

// FWD OPEN and FWD CLOSE: each is answered, the first perhaps later.
void plk_forward_open(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command);
void plk_forward_close(struct plk_relay *relay, struct plk_relay_client *client,
                       const struct plk_queue_record *command);
// A FWD frame of a client.
void plk_forward_send(struct plk_relay *relay, struct plk_relay_client *client, uint32_t id, struct plk_bytes bytes);
// A packet over UDP that is for no client of this relay. false: nor for one that is elsewhere.
bool plk_forward_receive(struct plk_relay *relay, const struct plk_addr *from, const struct plk_packet *packet,
                         struct plk_bytes bytes);
// Whether this relay says a hello there for others; whether the static is its own.
bool plk_forward_may_go(const struct plk_relay *relay, const struct plk_addr *to);
bool plk_forward_is_own(const struct plk_relay *relay, const uint8_t public[32]);
void plk_forward_tick(struct plk_relay *relay, struct plk_relay_client *client);
uint64_t plk_forward_deadline(const struct plk_relay_client *client); // of tick
void plk_forward_free_all(struct plk_relay *relay, struct plk_relay_client *client);

#endif
