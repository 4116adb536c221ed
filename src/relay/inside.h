// SPDX-License-Identifier: MIT
// The inside of struct plk_relay, for the files of src/relay only.
#ifndef PLK_RELAY_INSIDE_H
#define PLK_RELAY_INSIDE_H

#include "channel/relay_channel.h"
#include "crypto/rng.h"
#include "effect/ledger.h"
#include "effect/outputs.h"
#include "relay/admit.h"
#include "relay/agenda.h"
#include "relay/client.h"
#include "relay/directory.h"
#include "relay/fleet.h"
#include "relay/forward.h"
#include "relay/mailbox.h"
#include "relay/packets.h"
#include "relay/queues.h"
#include "relay/reads.h"
#include "relay/relay.h"
#include "relay/sweep.h"
#include "relay/tcp.h"

#define PLK_RELAY_PREFIX_HELLO (UINT64_C(1) << 63) // of the buckets by prefix: what they are for; STUN has none
#define PLK_RELAY_PREFIX_FORWARD (UINT64_C(1) << 62)
#define PLK_RELAY_TURN 4 // clients that wait for a place among the reads are woken so many at a time

#define PLK_RELAY_LATER_US (100 * PLK_MS) // a client that is due and cannot write is looked at again so late

struct plk_relay {
    struct plk_mem *mem;
    struct plk_relay_config config;
    struct plk_relay_counters counters;
    struct plk_rng rng;
    struct plk_now now; // of the call that is under way
    uint8_t key[16];    // of all tables that strangers could aim at
    // Of the digests that tell a cell that is put again: they are on disk, so it follows from the (first) static. Under a successor
    // a cell that lies there already is another item; its reader drops it.
    uint8_t digest_key[16];
    struct plk_ledger ledger;
    struct plk_outputs outputs; // STREAM_CLOSE
    struct plk_reads reads;
    struct plk_packets packets; // built and not yet handed out
    struct plk_admit admit;
    struct plk_queues queues;
    struct plk_map cids;     // own connection id -> client
    struct plk_map forwards; // connection id at another relay -> struct plk_forward
    size_t forward_count;
    struct plk_map prefixes;          // prefix -> number of clients that are confirmed
    struct plk_map prefix_handles;    // prefix -> number of handles that its clients have bound
    struct plk_relay_client *clients; // all
    size_t client_count;
    struct plk_agenda agenda;       // when a client is due
    struct plk_relay_client *dirty; // those that something happened to, the first of them
    struct plk_relay_client **dirty_end;
    struct plk_relay_client *polling; // those whose packets are to be built
    struct plk_relay_client **polling_end;
    struct plk_relay_client *waiting; // those that wait for a place, a lock or the disk
    struct plk_relay_client **waiting_end;
    struct plk_relay_client *patient; // those that wait for token_busy to end: one of them is woken then
    struct plk_relay_client **patient_end;
    struct plk_relay_client *owing; // those with answers that are not durable yet
    struct plk_map revoked;         // SipHash of the hash of a token -> 1: those of this run
    struct plk_map contacts;        // likewise: tokens of those that the node beside this relay knows
    struct plk_relay_tcps tcps;
    struct plk_relay_sweep sweep;
    struct plk_directory directory;
    struct plk_announces announces;
    struct plk_relay_fleet fleet;
    bool token_busy; // a command that changes tokens is under way: one at a time
    bool draining;
    uint8_t scratch[PLK_DATAGRAM_MAX]; // the text of the packet that is being read
    struct plk_buckets buckets;        // hellos and STUN, by prefix
};

static inline struct plk_batch *plk_relay_batch(struct plk_relay *relay) { return plk_ledger_batch(&relay->ledger); }
static inline uint32_t plk_relay_day(const struct plk_relay *relay) {
    return (uint32_t)(relay->now.wall_ms / (24 * 60 * 60 * UINT64_C(1000)));
}

// Everything that an input touched is brought to rest.
void plk_relay_settle(struct plk_relay *relay);
// incoming.c
void plk_relay_datagram(struct plk_relay *relay, const struct plk_input *input);
void plk_relay_packet(struct plk_relay *relay, const struct plk_addr *from, const struct plk_addr *local,
                      struct plk_relay_tcp *tcp, struct plk_bytes bytes);
// reflect.c
void plk_relay_reflect(struct plk_relay *relay, const struct plk_addr *from, const struct plk_addr *local,
                       struct plk_relay_tcp *tcp, // NULL: it came over UDP
                       struct plk_bytes bytes);
// command.c: the next commands of a client, as far as they can be carried out now.
void plk_relay_commands(struct plk_relay *relay, struct plk_relay_client *client);
// Everything of a queue that is on disk.
void plk_relay_delete_queue(struct plk_relay *relay, const uint8_t sid[PLK_QUEUE_ID_LEN]);
// The same of one that is in memory. Whoever is still attached finds it empty and can put nothing more: its row is gone.
void plk_relay_end_queue(struct plk_relay *relay, struct plk_queue *queue);
// What is in memory of one that is gone from the disk.
void plk_relay_queue_gone(struct plk_relay *relay, struct plk_queue *queue);
// fleet.c: a row that was read since another process has changed it.
void plk_relay_looked(struct plk_relay *relay, struct plk_read *read, const struct plk_input *input);
// answer.c: a LOADED for one of the reads.
void plk_relay_loaded(struct plk_relay *relay, const struct plk_input *input);
// items.c: sends what waits in the client's queues, as far as there is room.
void plk_relay_pump(struct plk_relay *relay, struct plk_relay_client *client);
void plk_relay_item_loaded(struct plk_relay *relay, struct plk_read *read, const struct plk_input *input);
void plk_relay_heads_loaded(struct plk_relay *relay, struct plk_read *read, const struct plk_input *input);
void plk_relay_read_heads(struct plk_relay *relay, struct plk_queue *queue);
// The queue's mailbox has something for its subscriber: it is put into that one's list.
void plk_relay_ready(struct plk_relay *relay, struct plk_queue *queue);
// The queue's subscriber of now lets go of it.
void plk_relay_unsubscribe(struct plk_relay *relay, struct plk_queue *queue);
// pass.c
// Seals one frame for a client and puts it where the host takes it. false: there is no room on its way, or it is no longer open.
bool plk_relay_send_frame(struct plk_relay *relay, struct plk_relay_client *to,
                          const struct plk_relay_channel_frame *frame);
void plk_relay_pass(struct plk_relay *relay, struct plk_relay_client *client,
                    const struct plk_relay_channel_frame *frame);
void plk_relay_pass_to(struct plk_relay *relay, struct plk_queue *queue, struct plk_bytes bytes); // its subscriber
void plk_relay_pass_nobody(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_handle *handle);
void plk_relay_pass_waiting(struct plk_relay *relay, struct plk_relay_client *client, uint32_t handle);

#endif
