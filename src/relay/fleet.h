// SPDX-License-Identifier: MIT
// One of several relay processes on one database (docs/design/relays.md, "Several processes"). No queue is any one's: rows say what
// is so, and what is kept of them in memory is looked at again when another process may have changed it. Nothing here can lose
// a message: words that do not arrive are made good by plk_relay_fleet_hear of what the database tells, and by _look_again.
#ifndef PLK_RELAY_FLEET_H
#define PLK_RELAY_FLEET_H

#include "base/buf.h"
#include "base/time.h"
#include "relay/relay.h"
#include "wire/fleet_word.h"

#define PLK_RELAY_FLEET_OUT_MAX 256         // words that wait for the host
#define PLK_RELAY_FLEET_FRESH_US PLK_SECOND // so long is believed what was read of a queue with no subscriber here
#define PLK_RELAY_FLEET_WALK 64             // buckets of the table of queues at a time
#define PLK_RELAY_FLEET_WALK_PAUSE_US (10 * PLK_MS) // and between them
#define PLK_RELAY_FLEET_NUMBER_SHIFT 16             // of the wall clock's milliseconds in an item's number

struct plk_queue;
struct plk_relay_client;
struct plk_handle;

struct plk_relay_fleet_out {
    struct plk_relay_fleet_out *next;
    uint8_t to; // a slot, or ALL
    size_t len;
    uint8_t bytes[];
};

struct plk_relay_fleet {
    bool joined;
    uint8_t slot;
    uint64_t others;                                       // slots of those that live
    struct plk_addr places[PLK_RELAY_GREETING_PLACES_MAX]; // where clients reach some of them
    size_t place_count;
    uint64_t stamp; // the highest that was given to a subscription
    struct plk_relay_fleet_out *out, **out_end, *handed;
    size_t out_count;
    struct plk_buf subs; // sids that were subscribed since they were last handed out, under `stamp`
    bool walking;        // all subscribed queues are looked at again
    size_t bucket, bucket_count;
    uint64_t walk_us;
};

void plk_fleet_init(struct plk_relay *relay);
void plk_fleet_free(struct plk_relay *relay);
void plk_fleet_tick(struct plk_relay *relay);
uint64_t plk_fleet_deadline(const struct plk_relay *relay);

void plk_fleet_tell_places(const struct plk_relay *relay, struct plk_writer *extensions); // of a greeting

// The number of an item that comes now: higher than `next` allows, and like none that another process gives.
uint64_t plk_fleet_number(const struct plk_relay *relay, uint64_t next);
// Its heads were read just now. And: may they be believed, for a PUT? If not they are forgotten, to be read again.
void plk_fleet_heads_read(struct plk_relay *relay, struct plk_queue *queue);
bool plk_fleet_heads_fresh(struct plk_relay *relay, struct plk_queue *queue);
void plk_fleet_subscribed(struct plk_relay *relay, struct plk_queue *queue);
// A packet for a queue without a subscriber here. false: nobody else can have it either.
bool plk_fleet_pass(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_handle *handle,
                    struct plk_bytes bytes);

#endif
