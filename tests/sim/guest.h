// SPDX-License-Identifier: MIT
// A client of a relay on a machine of its own, with nothing above its channel: it says what a story tells it to say, and keeps
// what it was told. It repeats its hello as relay.md says and opens another channel when the story wants it.
#ifndef SIM_GUEST_H
#define SIM_GUEST_H

#include "base/buf.h"
#include "channel/relay_channel.h"
#include "queue/cell.h"
#include "queue/key.h"
#include "session/hello.h"
#include "sim/relayd.h"

#define GUEST_TOLD 2048

// A queue with all that its owner made, the sender's half and the envelope key included.
struct guest_queue {
    uint8_t owner[32], sender[32], owner_public[32], sender_public[32], envelope[32];
    uint8_t rid[PLK_QUEUE_ID_LEN], sid[PLK_QUEUE_ID_LEN];
};

struct guest_told {
    enum plk_queue_type type;
    uint32_t tag, handle;
    uint64_t number; // ITEM, CELL; RELAYS: how many
    enum plk_queue_code code;
    uint8_t token[PLK_QUEUE_TOKEN_LEN];
    char text[64]; // of an ITEM that opened with the handle's envelope key
};

struct guest {
    struct world *world;
    struct actor *machine;
    struct relayd *relay;
    struct plk_mem mem;
    struct plk_rng rng;
    bool tcp;
    uint32_t stream;
    size_t writable;
    struct plk_buf in;
    struct plk_hello hello;
    unsigned tries; // hellos sent; 0: none under way
    uint64_t next_hello_us;
    struct plk_hello_heard heard;
    struct plk_relay_channel *channel;
    const struct guest_queue *owned[8]; // by handle: ITEMs are opened
    bool acks;                          // every ITEM is acknowledged as it comes
    uint32_t next_tag, next_stream;
    uint32_t wake_version;
    struct guest_told told[GUEST_TOLD];
    size_t told_count;
    unsigned passed, nobody; // frames that came
    struct guest *through;   // whose relay carries its packets to its own (FWD), NULL: it sends them itself
    struct guest *carries;   // whose packets come by this one's channel
    uint32_t way;            // under this id
};

struct guest *guest_new(struct world *w, const char *name, struct relayd *relay);
void guest_free(struct guest *g); // before its relay's
// Lets the channel go without a word and says hello anew, over UDP or TCP.
void guest_connect(struct guest *g, bool tcp);
void guest_vanish(struct guest *g);
bool guest_is_open(const struct guest *g);
bool guest_wait_open(struct guest *g, uint64_t limit_us);

struct guest_queue guest_queue_make(struct guest *g);

// Each says it and gives its tag; 0: there is no channel. What comes back is found by it.
uint32_t guest_say(struct guest *g, struct plk_queue_record record);
uint32_t guest_newq(struct guest *g, const struct guest_queue *q, uint8_t flags, const uint8_t *token);
uint32_t guest_attach(struct guest *g, const struct guest_queue *q, enum plk_queue_role role, uint32_t handle);
uint32_t guest_sub(struct guest *g, uint32_t handle);
uint32_t guest_put(struct guest *g, const struct guest_queue *q, uint32_t handle, const char *text);
// Its relay is to be reached through the relay of another guest: FWD OPEN is said for a hello that is made now; gives its tag.
// When it is answered OK, guest_knock says that hello.
uint32_t guest_open_way(struct guest *g, struct guest *through, uint32_t id);
void guest_knock(struct guest *g);
// Frames past the stream.
void guest_frame(struct guest *g, enum plk_frame_type type, uint32_t handle, struct plk_bytes bytes);
void guest_pass(struct guest *g, uint32_t handle, struct plk_bytes bytes);

const struct guest_told *guest_answer(const struct guest *g, uint32_t tag); // NULL: none yet
// Runs the world until the answer is there: its code, or -1 when none came, -2 when it is no DONE.
int guest_code(struct guest *g, uint32_t tag, uint64_t limit_us);
size_t guest_items(const struct guest *g);                    // ITEMs that came, copies counted
bool guest_has_item(const struct guest *g, const char *text); // one that opened to it

#endif
