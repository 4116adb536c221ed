// SPDX-License-Identifier: MIT
// Relays that others may be told of (DESIGN 3.7; docs/protocol/relay.md, section 8): whoever announces itself is called back, and listed
// when it has shown there that the descriptor is its own. In memory only: relays announce themselves again. Bounded, by address too, so
// that nobody fills it from a few networks.
#ifndef PLK_RELAY_DIRECTORY_H
#define PLK_RELAY_DIRECTORY_H

#include "base/time.h"
#include "queue/descriptor.h"
#include "relay/bucket.h"
#include "session/hello.h"
#include "wire/queue.h"

#define PLK_DIRECTORY_MAX 256
#define PLK_DIRECTORY_PREFIX_MAX 4            // of one prefix (plk_descriptor_prefix); a list names one of them
#define PLK_VOUCHES_MAX 16                    // calls under way
#define PLK_VOUCH_REPEAT_US (250 * PLK_MS)    // first repetition of the hello; doubles
#define PLK_VOUCH_HELLOS 4                    // at 0, 0.25, 0.75 and 1.75 s
#define PLK_VOUCH_GIVE_UP_US (4 * PLK_SECOND) // without an answer

struct plk_relay;
struct plk_relay_client;
struct plk_relay_config;

// Somebody who is called back.
struct plk_vouch {
    bool used;
    uint64_t client; // who announced it; by number, since it may go
    uint32_t tag;
    struct plk_descriptor descriptor;
    uint64_t cid; // of the hello
    struct plk_hello hello;
    unsigned hellos;
    uint64_t began_us, due_us;
};

struct plk_directory {
    uint8_t seeds[2][32], signs[2][32]; // of descriptors, for each static
    struct plk_descriptor *list;        // vouched
    size_t count;
    struct plk_vouch vouches[PLK_VOUCHES_MAX];
};

void plk_directory_init(struct plk_relay *relay);
void plk_directory_free(struct plk_relay *relay);
// ANNOUNCE: answered when the call back is over. DIRECTORY: answered at once.
void plk_directory_announce(struct plk_relay *relay, struct plk_relay_client *client,
                            const struct plk_queue_record *command);
void plk_directory_tell(struct plk_relay *relay, struct plk_relay_client *client,
                        const struct plk_queue_record *command);
// A packet over UDP. false: it is no answer to a call.
bool plk_directory_receive(struct plk_relay *relay, const struct plk_addr *from, const struct plk_packet *packet);
void plk_directory_tick(struct plk_relay *relay);
uint64_t plk_directory_deadline(const struct plk_relay *relay);

#endif
