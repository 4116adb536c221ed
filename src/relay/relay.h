// SPDX-License-Identifier: MIT
// A relay: channels of very many clients, the queues that they attach to, what waits in them, and STUN (DESIGN 3.6, 3.7;
// docs/protocol/relay.md, queue.md). Driven like a node (wire/effect.h): handle one input, then poll until WAIT. Of the inputs
// it takes TICK, DATAGRAM (with the local address), STREAM, STORED, STORE_STATE, LOADED, RESOLVED and RESUME; of the outputs it gives
// DATAGRAM, STREAM_OPEN, STREAM_WRITE, STREAM_CLOSE, STORE, LOAD, RESOLVE and WAIT.
#ifndef PLK_RELAY_RELAY_H
#define PLK_RELAY_RELAY_H

#include "relay/announce.h"
#include "wire/effect.h"
#include "wire/fleet_word.h"
#include "wire/queue.h"
#include "wire/relay_greeting.h"

#define PLK_RELAY_STATICS_MAX 2
#define PLK_RELAY_LISTENERS_MAX 8
#define PLK_RELAY_WORK_BITS 20
#define PLK_RELAY_CLIENTS_MAX 100000
#define PLK_RELAY_PREFIX_CLIENTS_MAX 4096
#define PLK_RELAY_MEMORY_MAX (UINT64_C(512) << 20)
#define PLK_RELAY_STORE_MAX (UINT64_C(16) << 30)
#define PLK_RELAY_HELLO_RATE 500
#define PLK_RELAY_QUEUE_ITEMS_MAX 1000
#define PLK_RELAY_QUEUE_BYTES_MAX (UINT32_C(16) << 20)
#define PLK_RELAY_PASS_RATE (512u << 10) // bytes a second of each queue and each channel
#define PLK_RELAY_PASS_BURST_S 8         // seconds of it that may come at once
#define PLK_RELAY_PASS_BURST (PLK_RELAY_PASS_BURST_S * PLK_RELAY_PASS_RATE)
#define PLK_RELAY_ITEM_DAYS 30
#define PLK_RELAY_QUEUE_DAYS 90

struct plk_relay;

// An address on which the relay listens over UDP, and its other STUN port there (0: none).
struct plk_relay_listener {
    struct plk_addr addr;
    uint16_t stun_port;
};

struct plk_relay_config {
    struct plk_mem *mem;                        // must outlive the relay
    uint8_t entropy[32];                        // fresh from the system at each start
    uint8_t statics[PLK_RELAY_STATICS_MAX][32]; // X25519 secrets: the one of now, then the one before or after
    unsigned static_count;
    struct plk_relay_listener listeners[PLK_RELAY_LISTENERS_MAX];
    unsigned listener_count;
    enum plk_relay_admission admission;
    uint8_t work_bits; // where admission is OPEN
    uint32_t clients_max, prefix_clients_max, hello_rate, queue_items_max, queue_bytes_max, pass_rate, pass_burst;
    uint64_t memory_max, store_max;
    struct plk_addr public; // where others find it; family 0: where it is seen, at the port that it listens on
    struct plk_relay_bootstrap bootstrap[PLK_ANNOUNCES_MAX]; // relays that are told of this one
    unsigned bootstrap_count;
};

// All limits at their defaults; mem, entropy, statics and listeners are the caller's to fill in.
void plk_relay_config_init(struct plk_relay_config *config);

struct plk_relay *plk_relay_new(const struct plk_relay_config *config);
void plk_relay_handle(struct plk_relay *relay, struct plk_now now, const struct plk_input *input);
void plk_relay_poll(struct plk_relay *relay, struct plk_now now, struct plk_output *output);
void plk_relay_free(struct plk_relay *relay); // NULL is fine

// ---- the operator's acts; poll after each ------------------------------------------------------------------------------

// Makes a token good for so many queues (0: any number). Returns the number of the batch that holds it: it is good when
// STORED has reached that.
uint64_t plk_relay_token_new(struct plk_relay *relay, const uint8_t token[PLK_QUEUE_TOKEN_LEN], uint32_t queues);
// Ends at once what the token with this hash, and its guests, may make. It is on disk when no read is under way any more
// (plk_relay_state) and what was then given to the store is STORED.
void plk_relay_token_revoke(struct plk_relay *relay, const uint8_t hash[32]);
// Of a relay beside a node: the tokens of those that the node knows now, one after another. Each is good for PLK_RELAY_CONTACT_QUEUES
// queues, its guests' among them, however often it comes and goes; one that is not among them makes no queue.
#define PLK_RELAY_CONTACT_QUEUES 128
void plk_relay_contacts(struct plk_relay *relay, const uint8_t *tokens, size_t count);
// How the relay keeps a token.
void plk_relay_token_hash(uint8_t hash[32], const uint8_t token[PLK_QUEUE_TOKEN_LEN]);

// Takes over admission, work_bits, clients_max, memory_max, store_max, pass_rate, pass_burst, public and bootstrap; who is there
// stays. Poll after it.
void plk_relay_retune(struct plk_relay *relay, const struct plk_relay_config *config);

// The relay is about to stop: every client is told to come back after wait_ms, and no new one is heard.
void plk_relay_drain(struct plk_relay *relay, uint32_t wait_ms);

// ---- several processes on one database (fleet.h); poll after each ------------------------------------------------------

// This process is one of several: it has this slot, and no other that lives has it. Before the first input.
void plk_relay_fleet_join(struct plk_relay *relay, uint8_t slot);
void plk_relay_fleet_others(struct plk_relay *relay, uint64_t slots); // which live now, a bit each
// Where clients reach some of them, PLK_RELAY_GREETING_PLACES_MAX at most: who loses this process goes there. Earlier ones stay behind them
// as far as there is room: after a crash of the database none is seen for a moment, and whoever comes just then must not be left with none.
void plk_relay_fleet_places(struct plk_relay *relay, const struct plk_addr *places, size_t count);
// A word of another, from its datagram or from what the database tells.
void plk_relay_fleet_hear(struct plk_relay *relay, struct plk_now now, uint8_t from, const struct plk_fleet_word *word);
// Anything may have changed: all that is watched is read again, a part at a time.
void plk_relay_fleet_look_again(struct plk_relay *relay);
// Other processes have changed what is stored by so many bytes.
void plk_relay_fleet_stored(struct plk_relay *relay, int64_t bytes);
// The next word for another, for all: PLK_RELAY_FLEET_ALL. Borrowed until the next call. false: none.
bool plk_relay_fleet_next(struct plk_relay *relay, uint8_t *to, struct plk_bytes *word);
// Queues that were subscribed here since the last call, up to *count: to be told to all, and to the database. false: none.
bool plk_relay_fleet_subscribed(struct plk_relay *relay, uint64_t *stamp, uint8_t *sids, size_t *count);

#define PLK_RELAY_FLEET_ALL 0xff

// ---- what a host may ask -----------------------------------------------------------------------------------------------

// Counted since the start. X(name, what)
#define PLK_RELAY_COUNTER_LIST(X)                                              \
    X(datagrams_in, "datagrams received")                                      \
    X(datagrams_out, "datagrams sent")                                         \
    X(malformed, "packets that were no packets")                               \
    X(stranger, "packets for no channel, hellos of who does not know the key") \
    X(hellos, "hellos answered")                                               \
    X(hellos_repeated, "hellos answered again")                                \
    X(cookies, "hellos answered with a cookie")                                \
    X(hellos_limited, "hellos dropped at a limit")                             \
    X(forged, "hellos and packets whose check failed")                         \
    X(replayed, "data packets seen before")                                    \
    X(protocol, "clients that broke a rule")                                   \
    X(clients, "channels confirmed")                                           \
    X(clients_refused, "hellos for which there was no place")                  \
    X(half_open_dropped, "answered hellos that gave way or timed out")         \
    X(commands, "commands")                                                    \
    X(commands_refused, "commands not answered OK")                            \
    X(put, "items kept")                                                       \
    X(put_again, "items put once more")                                        \
    X(sent, "items sent")                                                      \
    X(acked, "items deleted for their owners")                                 \
    X(expired, "items deleted by age")                                         \
    X(queues_made, "queues made")                                              \
    X(queues_expired, "queues deleted by age")                                 \
    X(passed, "packets passed on")                                             \
    X(passed_bytes, "bytes in them")                                           \
    X(pass_nobody, "packets for which nobody was there")                       \
    X(pass_limited, "packets over a budget, or with no room on their way")     \
    X(pass_dropped, "packets on a handle that is not a sender's")              \
    X(forwards, "ways opened to other relays")                                 \
    X(forwarded, "packets carried there and back")                             \
    X(forward_limited, "of those, over a budget")                              \
    X(forward_dropped, "of those, for no way that is open")                    \
    X(stun, "STUN requests answered")                                          \
    X(stun_limited, "STUN requests over the budget of their prefix")           \
    X(announced, "descriptors of other relays taken")                          \
    X(announced_refused, "of those, refused, or not their sender's")           \
    X(announces, "times that another relay has taken ours")                    \
    X(announces_failed, "times that none did, or none answered")               \
    X(streams_limited, "TCP streams closed at a limit")                        \
    X(corrupt, "rows that could not be read")

struct plk_relay_counters {
#define PLK_RELAY_COUNTER_FIELD(name, what) uint64_t name;
    PLK_RELAY_COUNTER_LIST(PLK_RELAY_COUNTER_FIELD)
#undef PLK_RELAY_COUNTER_FIELD
};
const struct plk_relay_counters *plk_relay_counters(const struct plk_relay *relay);

struct plk_relay_state {
    size_t clients, half_open, queues, reads; // now in memory, or under way
    uint64_t memory;                          // bytes taken
    uint64_t stored_bytes;                    // of cells, once stored_known
    int64_t stored_change;                    // of stored_bytes by this process since its start
    bool stored_known;                        // the first walk over the store is over
    bool busy;                                // the disk is behind
};
struct plk_relay_state plk_relay_state(const struct plk_relay *relay);

#endif
