// SPDX-License-Identifier: MIT
// The contacts of this node: the small index row of each is always in memory; everything else of a contact is loaded when it
// becomes active ("warm") and let go when it is idle (DESIGN 2). This is where mail, link and contact meet.
#ifndef PLK_NODE_PEERS_H
#define PLK_NODE_PEERS_H

#include "contact/generation.h"
#include "contact/joining.h"
#include "contact/record.h"
#include "contact/recovery.h"
#include "contact/rekey.h"
#include "contact/slot.h"
#include "mail/key.h"
#include "mail/mail.h"
#include "node/link.h"
#include "node/loads.h"
#include "node/pictures.h"
#include "node/post.h"
#include "path/candidates.h"
#include "path/trail.h"

// Kinds of the node's own rows in table link (contact u32, kind u8, ...).
enum plk_peer_slot {
    PLK_PEER_SLOT_STAMP = 128,        // tag u32: stamps of one set of keys
    PLK_PEER_SLOT_CANDIDATES = 129,   // path/candidates.h
    PLK_PEER_SLOT_ABOUT = 130,        // what the peer says about itself
    PLK_PEER_SLOT_TOLD = 131,         // plk_node.profile_mark of what the peer was told of us
    PLK_PEER_SLOT_TOLD_QUEUES = 132,  // likewise of our queues
    PLK_PEER_SLOT_QUEUES = 133,       // the peer's queues: wire/queue_list.h
    PLK_PEER_SLOT_MARKS = 135,        // when the timer was set; whether marks are to be said again: node/marks.h
    PLK_PEER_SLOT_QUEUES_MOVED = 134, // those that it had when its device was replaced: node/moved.h
    PLK_PEER_SLOT_TOLD_SERVING = 140, // where it was told that we are a relay
    PLK_PEER_SLOT_AVATAR = 136,       // in table blob: the picture of the peer's profile
    PLK_PEER_SLOT_PICTURE = 137,      // direction u8, origin: a picture on its way, node/pictures.h
    PLK_PEER_SLOT_AVATAR_MARK = 138,  // in table blob: PLK_AVATAR_MARK_LEN bytes of that
};

// Hint tags of a contact's row: 0 the recovery secret, else which link generation: line << 16 | number, without the top bit,
// which says that the newer one has been in use.
#define PLK_HINT_TAG_RECOVERY 0u
#define PLK_HINT_TAG_RARE 0x80000000u
#define PLK_HINT_TAG_JOINING UINT32_MAX // only in stamps

#define PLK_PEER_KEYINGS 6
#define PLK_PEER_STASH 4
#define PLK_PEER_COMMANDS_MAX 64
#define PLK_PEER_LOADING_MAX 32              // contacts read at a time
#define PLK_PEER_BACKOFF_US (5 * PLK_SECOND) // DESIGN 3.8: 5 s to 1 h, +- 25 %
#define PLK_PEER_BACKOFF_MAX_US PLK_HOUR
#define PLK_PEER_STAMP_DOUBLINGS 16u // of the stamps that a call leaves out when none before it was answered
#define PLK_PEER_RECOVERY_EVERY 4    // of the calls that nobody answered: the recovery secret is tried too
#define PLK_PEER_RECOVERY_WAIT_US (2 * PLK_SECOND) // for a link, when only the recovery session is there
#define PLK_PEER_ONLINE_US (2 * PLK_MINUTE)
#define PLK_PEER_COOL_US (2 * PLK_MINUTE)   // idle for so long: its rows leave the memory
#define PLK_PEER_GREET_GAP_US (20 * PLK_MS) // between contacts, when all are greeted after a start

// Since when own queues are waited for, that the other side of a first contact is to be told of.
struct plk_queues_wait {
    uint64_t since_us; // 0: they are not
    uint64_t made_us;  // when the first of them was there; 0: none is
};

// The stamps of one set of keys: a link generation, the recovery secret, the invite that was joined.
struct plk_keying {
    bool live;
    uint32_t tag;
    struct plk_stamp stamp;
    struct plk_gate gate;
};

// A contact's state that is read when it becomes active.
struct plk_warm {
    struct plk_mail *mail;
    struct plk_recovery recovery;
    bool has_recovery;
    struct plk_generations generations;
    struct plk_candidates candidates;
    struct plk_trail trail; // what was tried, for who asks why
    struct plk_keying keyings[PLK_PEER_KEYINGS];
    bool
        joining; // the acceptance has not come: what follows counts; the state is ADDED, or, where it is apart, as it was
    struct plk_joining *join;
    struct plk_buf blob;                 // the joiner's, as sent
    struct plk_buf acceptance;           // the inviter's, as sent
    uint64_t blob_mark, acceptance_mark; // they may leave when this is durable
    struct plk_approach
        *approach;          // the link that is joined by leads through relays; there before `joining`, until its end
    bool acceptance_due;    // it is to be put into the peer's queues
    struct plk_buf request; // contact/request.h: what an acceptance is made of, if we accept
    struct plk_queues_wait request_wait;
    uint64_t bundle_sequence; // the highest seen in a bundle of the peer's address links
    bool has_pending;
    struct plk_rekey_pending *pending; // an own re-key request
    uint64_t pending_mark;
    struct plk_buf answer; // to the peer's last re-key request, as sent
    uint64_t answer_mark;
    bool answer_due;
    bool rekey_wanted;
    // The same through queues: the request was put since the last attempt; the answer, or a refusal, is to be put.
    bool request_put, answer_put_due, refusal_due;
    uint8_t refusal[PLK_RECORD_REFUSED_LEN];
    bool moved_due; // a device of the peer's that was replaced is to be told so, through queues (node/moved.h)
    uint8_t moved_device[PLK_DEVICE_LEN];
    uint64_t moved_us;                    // when that was done last; 0: never
    struct plk_buf moved_queues;          // which it may read: wire/queue_list.h
    uint64_t told;                        // which name and about of ours it was told; 0: none that is known
    uint64_t told_queues;                 // which queues of ours it was told; 0: none
    uint8_t told_queues_id[PLK_ID_LEN];   // by this message
    struct plk_mark_stamp timer_stamp;    // of row.timer_s
    bool marks_lost, marks_begun;         // marks are to be said again; they are being read
    uint8_t marks_from[PLK_MARK_KEY_LEN]; // from here on
    size_t marks_page;                    // rows of this page so far
    uint64_t told_serving;                // where it was told that we are a relay (node/serving.h); 0: nothing
    struct plk_buf about;
    struct plk_message_feed control, mail_feed; // streams 0 and 1 of the link, cut into records
    struct plk_buf out[2];                      // what streams 0 and 1 have not yet taken of a record
    struct plk_pictures pictures;               // on their way
    uint8_t tables_left;                        // of the loads, until it is ready
    uint64_t used_us;
};

struct plk_approach;

struct plk_stashed {
    struct plk_way way;
    uint16_t len;
    uint8_t bytes[PLK_PACKET_HANDSHAKE_LEN];
};

// A command that waits until its contact is loaded.
struct plk_waiting_command {
    struct plk_waiting_command *next;
    struct plk_command command;
    struct plk_buf bytes;
};

enum plk_heat { PLK_COLD, PLK_LOADING, PLK_WARM };

struct plk_peer {
    struct plk_peer *next_warm;
    struct plk_timer mail_timer; // WARM: plk_mail_deadline, as of when it was last settled
    bool dirty;                  // its mail may have something to say
    struct plk_contact_row row;
    enum plk_heat heat;
    struct plk_warm *warm;    // LOADING and WARM
    struct plk_link *link;    // between contacts (KK)
    struct plk_link *meeting; // under the recovery secret (NN)
    struct plk_link *joiner;  // under the invite that we have opened (NN)
    bool damaged;             // its rows cannot be read: nothing is sent or accepted
    bool commands_due;        // mail has read something that a command may wait for
    bool loopback;            // made over loopback: such addresses are believed
    bool greet;               // try once though nothing waits: just started, or the network changed
    bool opened;              // a conversation is open at the user's: keep trying
    unsigned tries;
    uint64_t next_try_us;
    uint64_t heard_us, seen_ms; // last authenticated packet
    bool was_online;
    unsigned stash_count;
    struct plk_stashed *stash; // message 1 that came while loading
    struct plk_waiting_command *commands, *last_command;
    unsigned command_count;
    struct plk_waiting_cell *cells; // of queues: node/post
    size_t early_bytes;             // of those that wait for an acceptance
    struct plk_parcel *parcels;
    unsigned parcel_count;
    uint64_t asked_us;    // since when it is called and has not answered, 0: it is not
    uint64_t called_us;   // when it was last called
    uint64_t doubted_us;  // when relays were last doubted, 0: never; see plk_post_unanswered
    unsigned doubts;      // in a row
    uint64_t retry_us;    // when what no relay took is tried again, 0: nothing
    uint64_t undelivered; // as of when it was last warm
};

struct plk_peers {
    struct plk_mem *mem;
    struct plk_peer **list; // by number
    size_t count, cap;
    struct plk_peer *warm; // all that are LOADING or WARM
    unsigned loading;
    bool any_dirty;
};

void plk_peers_init(struct plk_peers *peers, struct plk_mem *mem);
void plk_peers_free(struct plk_node *node);

// ---- peers.c: the index
struct plk_peer *plk_peers_find(const struct plk_peers *peers, uint32_t contact);
bool plk_peers_is_relay_only(const struct plk_peers *peers, uint32_t contact);
struct plk_peer *plk_peers_by_id(const struct plk_peers *peers, const uint8_t peer_id[PLK_PEER_ID_LEN]);
struct plk_peer *plk_peers_by_name(const struct plk_peers *peers, struct plk_bytes name);
struct plk_peer *plk_peers_add(struct plk_node *node,
                               const struct plk_contact_row *row); // of a number that is not there
void plk_peers_drop(struct plk_node *node, struct plk_peer *peer); // memory only
void plk_peer_write(struct plk_node *node, struct plk_peer *peer); // its index row
// Sets the name, made unique by a number behind it. NULL reserved: of this contact itself.
void plk_peer_name(struct plk_node *node, struct plk_peer *peer, struct plk_bytes wish);
// The inbound hint keys follow from generations and recovery; writes the row if they changed.
void plk_peer_hints(struct plk_node *node, struct plk_peer *peer);
// Of the recovery session. A joiner has the secret before its acceptance. False: there is none yet.
bool plk_peer_recovery_psk(const struct plk_peer *peer, uint8_t psk[32]);

// It is reached through relays only, and this is none: nothing goes there, and nothing is taken from there (DESIGN 4).
static inline bool plk_peer_is_barred(const struct plk_peer *peer, enum plk_transport transport) {
    return peer->row.relay_only && transport != PLK_PASS;
}
// The addresses at which it may be asked; NULL: at none. WARM.
static inline struct plk_candidates *plk_peer_candidates(struct plk_peer *peer) {
    return peer->row.relay_only ? NULL : &peer->warm->candidates;
}

// What waits for its rows is answered with this error.
void plk_peer_fail_commands(struct plk_node *node, struct plk_peer *peer, enum plk_err err);

static inline uint32_t plk_peer_tag(uint32_t line_number, uint32_t number) {
    return (line_number << 16 | (number & 0xffff)) & ~PLK_HINT_TAG_RARE;
}

// ---- warm.c: rows in and out
void plk_peer_warm(struct plk_node *node, struct plk_peer *peer);      // asks for its rows; no effect when not COLD
void plk_peer_make_warm(struct plk_node *node, struct plk_peer *peer); // of a new contact: there are no rows
void plk_peer_cool(struct plk_node *node, struct plk_peer *peer);
void plk_peer_loaded(struct plk_node *node, struct plk_load *load, const struct plk_input *input);
void plk_peer_damaged(struct plk_node *node,
                      struct plk_peer *peer); // its rows make no sense: it rests until the next start
void plk_peer_run_commands(struct plk_node *node,
                           struct plk_peer *peer); // those that wait; some may have to wait again
void plk_peer_write_recovery(struct plk_node *node, struct plk_peer *peer);
void plk_peer_write_candidates(struct plk_node *node, struct plk_peer *peer);
void plk_peer_write_keying(struct plk_node *node, struct plk_peer *peer, const struct plk_keying *keying);
void plk_peer_forget_keying(struct plk_node *node, struct plk_peer *peer, uint32_t tag);
void plk_peer_apply_generations(struct plk_node *node, struct plk_peer *peer,
                                const struct plk_generation_change *change);
void plk_peer_put(struct plk_node *node, const struct plk_peer *peer, enum plk_table table, uint8_t kind,
                  struct plk_bytes value);                               // {contact, kind}; an empty value deletes
struct plk_keying *plk_peer_keying(struct plk_peer *peer, uint32_t tag); // made when there is none
void plk_peer_write_told(struct plk_node *node, struct plk_peer *peer);  // our present name, about and picture
void plk_peer_write_told_names(struct plk_node *node,
                               struct plk_peer *peer); // without the picture: a PROFILE follows if there is one
void plk_peer_places(struct plk_node *node, struct plk_peer *peer, const struct plk_places *places,
                     enum plk_candidate_source source);

// ---- dial.c: when and how to reach it
void plk_peer_dial_soon(struct plk_node *node, struct plk_peer *peer, uint64_t in_us);
// After a link that has gone down: soon when there was a session, else at the time that the backoff has set.
void plk_peer_dial_again(struct plk_node *node, struct plk_peer *peer, const struct plk_link *gone);
void plk_node_dial(struct plk_node *node);                                                     // whoever is due
void plk_peer_call(struct plk_node *node, struct plk_peer *peer, const struct plk_way *first); // link attempt now
void plk_peer_message1(struct plk_node *node, struct plk_peer *peer, const struct plk_way *way,
                       const struct plk_packet *packet);

// ---- talk.c: mail and link
void plk_peer_touch(struct plk_node *node, struct plk_peer *peer); // to be settled before this input is done
void plk_peer_settle(struct plk_node *node, struct plk_peer *peer);
// A record of mail, of a link's stream or out of a cell.
void plk_peer_take_record(struct plk_node *node, struct plk_peer *peer, bool control, struct plk_bytes record);
void plk_peer_mail_events(struct plk_node *node, struct plk_peer *peer);
bool plk_peer_needs_link(const struct plk_peer *peer); // something waits for it, on this device. WARM
void plk_peer_mail_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input);
bool plk_peer_is_online(const struct plk_node *node, const struct plk_peer *peer);

// ---- control.c: control messages
void plk_peer_take_control(struct plk_node *node, struct plk_peer *peer, const struct plk_mail_event *event);
void plk_peer_send_control(struct plk_node *node, struct plk_peer *peer, uint16_t kind, struct plk_bytes payload);
void plk_peer_send_control_as(struct plk_node *node, struct plk_peer *peer, uint16_t kind, struct plk_bytes payload,
                              uint8_t id[PLK_ID_LEN]); // the message's id comes back

struct plk_mail *plk_peer_mail_new(struct plk_node *node, const struct plk_peer *peer);
void plk_peer_end_links(struct plk_node *node, struct plk_peer *peer); // at once, without a word
// Who the peer is has become known: until now its peer_id was made up.
void plk_peer_identify(struct plk_node *node, struct plk_peer *peer, const uint8_t peer_id[PLK_PEER_ID_LEN]);

// ---- add.c, join.c, welcome.c: first contact; rekey.c: re-key
enum plk_err plk_node_add(struct plk_node *node, const struct plk_command *command); // OK: the result follows
void plk_peer_write_joining(struct plk_node *node, struct plk_peer *peer);
void plk_peer_hand_blob(struct plk_node *node, struct plk_peer *peer, struct plk_link *link); // once on each session
void plk_peer_accepted(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content);
void plk_peer_join_refused(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content);
void plk_node_hand_acceptance(struct plk_node *node, struct plk_link *link); // if one is due on it, and durable
// A blob on the session that our own blob went out on: each has opened the other's link, and the peer insists. False: it must
// wait, and stays where it is.
bool plk_node_take_crossing(struct plk_node *node, struct plk_link *link, struct plk_bytes blob);
void plk_peer_joiner_settle(struct plk_node *node, struct plk_peer *peer);  // JOINER
void plk_node_inviter_settle(struct plk_node *node, struct plk_link *link); // INVITER
// The link helps no further: event and, unless the other side is a contact all the same, state REFUSED.
void plk_peer_join_fail(struct plk_node *node, struct plk_peer *peer, enum plk_err reason);
void plk_peer_forget_joining(struct plk_node *node, struct plk_peer *peer); // rows and memory
void plk_peer_join_again(struct plk_node *node, struct plk_peer *peer);     // an attempt for a joiner
void plk_peer_rekey_settle(struct plk_node *node, struct plk_peer *peer);   // RECOVERY
void plk_peer_rekey(struct plk_node *node, struct plk_peer *peer);          // wanted: make a request and call
void plk_peer_rekey_cell(struct plk_node *node, struct plk_peer *peer, uint8_t kind, struct plk_bytes content);
// What is to be put into the peer's queues now: a kind of cell and its content, borrowed. False: nothing.
bool plk_peer_rekey_next(struct plk_node *node, struct plk_peer *peer, uint8_t *kind, struct plk_bytes *content);
void plk_peer_recovery_call(struct plk_node *node, struct plk_peer *peer);
void plk_peer_recovery_end(struct plk_node *node, struct plk_peer *peer); // its secret is about to be another one
void plk_peer_replaced(struct plk_node *node,
                       struct plk_peer *peer); // the peer says that our profile is on another device
void plk_peer_moved_notice(struct plk_node *node, struct plk_peer *peer); // into the conversation: another device
// Who I am and, unless it is not to know, where I listen.
void plk_node_payload(struct plk_node *node, const struct plk_peer *peer, struct plk_payload *payload);

#endif
