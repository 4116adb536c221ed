// SPDX-License-Identifier: MIT
// A user's node: everything between datagrams and a person's words, without sockets, threads or clock (DESIGN 2).
// See wire/effect.h for how it is driven.
#ifndef PLK_NODE_NODE_H
#define PLK_NODE_NODE_H

#include "path/nat.h"
#include "wire/effect.h"

struct plk_node;

struct plk_node_config {
    struct plk_mem *mem; // must outlive the node
    uint8_t entropy[32]; // fresh from the system at each start
    bool allow_tcp, allow_udp;
    bool no_learning; // own relays are not asked for others, and none is taken that people did not choose
};

struct plk_node *plk_node_new(const struct plk_node_config *config);
void plk_node_handle(struct plk_node *node, struct plk_now now, const struct plk_input *input);
void plk_node_poll(struct plk_node *node, struct plk_now now, struct plk_output *output);
void plk_node_free(struct plk_node *node);

// ---- what a host may ask between calls; nothing here changes the node -------------------------------------------------

enum plk_node_state {
    PLK_NODE_LOADING, // the rows of the start are being read
    PLK_NODE_EMPTY,   // no profile: only INIT is accepted
    PLK_NODE_READY,
    PLK_NODE_CORRUPT, // a row of the start could not be read
};
enum plk_node_state plk_node_state(const struct plk_node *node);

// It is loading, or as much is on its way to the disk as may be: a command given now is answered BUSY. A host that would
// rather wait gives it after the next STORED. A disk that stands still is not this: those answers come at once.
bool plk_node_is_busy(const struct plk_node *node);

struct plk_profile_view {
    uint8_t peer_id[PLK_PEER_ID_LEN];
    uint8_t device[PLK_DEVICE_LEN];
    struct plk_bytes name, about; // borrowed
    struct plk_bytes avatar;      // likewise; empty: none
    uint64_t last_event;          // the last durable event number
};
enum plk_err plk_node_profile(const struct plk_node *node, struct plk_profile_view *view); // NO_PROFILE

// The 24 words of the profile seed, separated by one space, into out; NO_PROFILE. TOO_LONG never with PLK_WORDS_MAX.
#define PLK_WORDS_MAX 256
enum plk_err plk_node_words(const struct plk_node *node, char *out, size_t cap, size_t *len);

// Words to a seed: INVALID names nothing more, MISTYPED when the check does not fit.
enum plk_err plk_words_to_seed(struct plk_bytes words, uint8_t seed[32]);

// The 60-digit safety number, "12345 67890 ..." in twelve groups, the same on both sides. NOT_FOUND.
#define PLK_SAFETY_LEN 71
enum plk_err plk_node_safety(const struct plk_node *node, uint32_t contact, char out[PLK_SAFETY_LEN + 1]);

enum plk_path_word { // DESIGN 4
    PLK_PATH_NONE,
    PLK_PATH_LAN,
    PLK_PATH_UDP_DIRECT,
    PLK_PATH_UDP_PUNCHED,
    PLK_PATH_UDP_MAPPED,
    PLK_PATH_TCP_DIRECT,
    PLK_PATH_TCP_REVERSE,
    PLK_PATH_RELAY,
};
const char *plk_path_word_text(enum plk_path_word word); // "lan", "udp-direct", ...; NULL for none

struct plk_contact_view {
    struct plk_contact_row row;
    struct plk_bytes about; // the peer's, borrowed; may be empty
    bool online;            // an authenticated packet within 2 minutes
    bool damaged;           // what is stored of it cannot be read: nothing is sent or accepted
    enum plk_path_word path;
    enum plk_transport transport;
    struct plk_addr remote;
    uint64_t rtt_us;      // 0: not known
    uint32_t packet_len;  // largest UDP payload, or packet on TCP, that is sent on it now
    uint64_t undelivered; // messages that the peer has not yet committed
    uint64_t last_seen_ms;
    uint64_t next_try_us; // mono_us of the next attempt to reach it; PLK_NEVER
    // Of one that is reached through relays only: what is in the way of all its relays, in the words of a way's state, static:
    // "no-relay", "unreachable" or "refused"; NULL: nothing that is known.
    const char *hindrance;
};

// Contacts in the order of their numbers: *cursor starts at 0; false at the end.
bool plk_node_next_contact(const struct plk_node *node, uint32_t *cursor, struct plk_contact_view *view);
enum plk_err plk_node_contact(const struct plk_node *node, uint32_t contact,
                              struct plk_contact_view *view); // NOT_FOUND
// By local name (exact, then without case if that is unique), or by PeerID text. NOT_FOUND.
enum plk_err plk_node_find_contact(const struct plk_node *node, struct plk_bytes name, uint32_t *contact);

// Why this path: one line per known way to the contact, index from 0; false at the end.
struct plk_way_view {
    enum plk_transport transport; // PLK_PASS: through a relay, which then stands in the place of an address
    struct plk_addr addr;
    struct plk_bytes relay_host; // borrowed
    uint16_t relay_port;
    const char *source;            // "configured", "told", "seen", "beacon", "link": static
    struct plk_bytes through_host; // the own relay that carries what goes to that one (FWD); empty: none does
    uint16_t through_port;
    // "active", "spare", "checking", "silent", "refused", "failed", "waiting"; of a contact that is reached through relays only
    // also "unreachable" (no relay of ours reaches this one), "no-relay" (none of ours answers), "barred" (an address): static
    const char *state;
    uint64_t tries, rtt_us, next_try_us, last_heard_us;
};
bool plk_node_way(const struct plk_node *node, uint32_t contact, size_t index, struct plk_way_view *view);

// What is between somebody's machine and the internet, as far as it matters for a direct path. Of ourselves by what relays see; of the
// contact by what it has told.
enum plk_standing {
    PLK_STANDING_UNKNOWN,
    PLK_STANDING_OPEN,     // a public address of its own
    PLK_STANDING_MAPPED,   // a NAT that was asked to hold a port open
    PLK_STANDING_FIREWALL, // a public address, and nobody gets in to whom nothing was sent
    PLK_STANDING_NAT,      // one port outside for all
    PLK_STANDING_VARIES,   // another port outside for each other side
    PLK_STANDING_NO_UDP,   // no UDP gets out; TCP does
};
const char *plk_standing_word(enum plk_standing standing); // "unknown", "open", ..., "no-udp": static

// What is done at this moment to open NATs that give each connection another port, or took the peer's first packet for their own.
enum plk_effort {
    PLK_EFFORT_NONE,
    PLK_EFFORT_ANEW,    // from another socket, whose first packets die on the way
    PLK_EFFORT_PREDICT, // from the port that one's router should give next
    PLK_EFFORT_MANY,    // from many sockets at once
    PLK_EFFORT_AIM,     // at ports that the peer's router should have given
    PLK_EFFORT_GUESS,   // at any port of it
};
const char *plk_effort_word(enum plk_effort effort); // "none", "anew", "predict", "many", "aim", "guess": static

struct plk_why_view {
    enum plk_standing own, theirs; // theirs: unknown without a link
    bool own_counts, their_counts; // standing VARIES: the ports that it gives follow each other
    enum plk_effort effort;
    unsigned sockets;            // it has open
    unsigned failed;             // attempts of ours for this link before
    uint64_t again_us;           // when the next may begin; 0: none is planned
    bool silent;                 // the active path is not answered at the moment
    struct plk_bytes relay_host; // path relay: through which; borrowed; empty: not known any more
    uint16_t relay_port;
};
enum plk_err plk_node_why(const struct plk_node *node, uint32_t contact, struct plk_why_view *view); // NOT_FOUND

// What was tried to reach it, the oldest first, since its rows were last read: index from 0; false at the end.
struct plk_step_view {
    const char *what; // "called", "up", "told", "asked", ... (path/trail.h): static
    uint64_t at_us, count;
    enum plk_transport transport; // 0: of no way; PLK_PASS: through a relay
    struct plk_addr addr;
    struct plk_bytes relay_host; // borrowed; empty: it is not known any more
    uint16_t relay_port;
};
bool plk_node_step(const struct plk_node *node, uint32_t contact, size_t index, struct plk_step_view *view);

// Own relays in the order in which they were added: index from 0; false at the end.
struct plk_relay_view {
    struct plk_bytes host; // borrowed
    uint16_t port;
    uint8_t key[32];
    bool adopted;    // taken over from the first link that was opened, not added by the user
    bool learned;    // taken because another own one knew it, and fewer than two answered
    uint32_t friend; // the contact whose node it is; 0: it is nobody's that we know
    bool connected;
    enum plk_transport transport; // while connected
    struct plk_addr addr;         // likewise
    uint64_t rtt_us;              // 0: not known
    unsigned queues, refused;     // own queues there; of them, those that the relay does not make (no token)
    unsigned failures;            // attempts to connect in a row that failed
};
bool plk_node_relay(const struct plk_node *node, size_t index, struct plk_relay_view *view);

// A relay beside this node (PLK_IN_SERVE). Whether it is known that somebody reaches this node from outside; where; and the tokens of
// those contacts that it serves: *cursor begins at 0, false at the end. The set changes with EVENTs of kind CONTACT and REQUEST.
bool plk_node_is_reachable(const struct plk_node *node);
bool plk_node_serve_place(const struct plk_node *node, struct plk_addr *addr);
#define PLK_NODE_SERVE_TOKEN_LEN 16
bool plk_node_serve_token(const struct plk_node *node, size_t *cursor, uint8_t token[PLK_NODE_SERVE_TOKEN_LEN]);

// What is in front of this machine, as relays see it: the NAT of its IPv4 socket, or, where that is not known, of the other.
#define PLK_NAT_PUBLIC_MAX 40
#define PLK_NAT_MAPPED_MAX 16
struct plk_nat_view {
    enum plk_nat_behavior mapping, filtering;
    unsigned count;
    struct plk_addr
        seen[PLK_NAT_PUBLIC_MAX]; // where this node may be seen from anywhere: its own global addresses, and others
    unsigned mapped_count;
    struct plk_mapping
        mapped[PLK_NAT_MAPPED_MAX]; // what routers hold open; one behind another router says a private address
};
void plk_node_nat(const struct plk_node *node, struct plk_nat_view *view);

// What was counted and dropped, by name. X(name, what)
#define PLK_COUNTER_LIST(X)                              \
    X(datagrams_in, "datagrams received")                \
    X(datagrams_out, "datagrams sent")                   \
    X(malformed, "packets that were no packets")         \
    X(stranger, "packets that no key opens")             \
    X(stale, "old or repeated handshakes")               \
    X(replayed, "data packets seen before")              \
    X(forged, "packets or messages whose check failed")  \
    X(protocol, "authenticated peers that broke a rule") \
    X(unreadable, "messages that no ratchet opens")      \
    X(duplicate, "messages received once more")          \
    X(limited, "dropped at a limit")                     \
    X(refused_addr, "addresses of others refused")       \
    X(relay_only, "direct packets of contacts that are reached through relays only")

struct plk_counters {
#define PLK_COUNTER_FIELD(name, what) uint64_t name;
    PLK_COUNTER_LIST(PLK_COUNTER_FIELD)
#undef PLK_COUNTER_FIELD
};
const struct plk_counters *plk_node_counters(const struct plk_node *node);

#endif
