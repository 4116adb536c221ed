// SPDX-License-Identifier: MIT
// One client of queues and a toy relay, which talk until both are silent. After cmocka.h.
#ifndef PLK_TESTS_SUPPORT_QUEUE_CLIENT_H
#define PLK_TESTS_SUPPORT_QUEUE_CLIENT_H

#include "support/toy_relay.h"
#include "support/memory.h"

#define MINE 100  // own queue
#define YOURS 200 // the same queue, as its sender sees it
#define ROOM (256 * 1024)

static struct plk_mem mem;
static struct plk_rng rng;
static struct toy_relay toy;
static struct plk_queue_client *c;
static uint64_t now_us;
static uint8_t channel_number;
static struct plk_queue_client_event events[256]; // what was told, bytes left out
static unsigned event_count;
static uint8_t cell[PLK_QUEUE_CELL_SMALL], last_bytes[PLK_QUEUE_CELL_SMALL];
static bool durable_at_once;

static inline int set_up(void **state) {
    (void)state;
    static const uint8_t seed[32] = {1};
    mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    plk_rng_seed(&rng, seed);
    toy_init(&toy);
    toy.wants_token = true;
    c = plk_queue_client_new(&mem, toy.public);
    plk_queue_client_token(c, toy.token);
    now_us = PLK_HOUR;
    event_count = 0;
    durable_at_once = true;
    memset(cell, 0x55, sizeof cell);
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    plk_queue_client_free(c);
    plk_queue_client_free(NULL);
    assert_int_equal(mem.used, 0);
    toy_forget(&toy);
    return 0;
}

static inline void note(const struct plk_queue_client_event *event) {
    assert_true(event_count < sizeof events / sizeof events[0]);
    if (event->bytes.len > 0) {
        memcpy(last_bytes, event->bytes.at,
               event->bytes.len < sizeof last_bytes ? event->bytes.len : sizeof last_bytes);
    }
    events[event_count++] = *event;
}

static inline void pull(void) {
    struct plk_queue_client_event event;
    while (plk_queue_client_event(c, &event)) note(&event);
}

// The client says all it has to say; the relay answers, and so on, until both are silent.
static inline void talk(void) {
    struct plk_queue_record record;
    struct plk_queue_client_event event;
    for (unsigned i = 0; i < 1000; i++) {
        while (plk_queue_client_next(c, now_us, ROOM, &record)) {
            assert_true(plk_queue_len(&record) <= ROOM);
            toy_take(&toy, &record);
        }
        toy_items(&toy);
        if (toy.out_count == 0) break;
        for (unsigned k = 0; k < toy.out_count; k++) {
            assert_int_equal(plk_queue_client_receive(c, now_us, &toy.out[k], &event), PLK_ERR_OK);
            if (event.kind == PLK_QUEUE_CLIENT_NOTHING) continue;
            note(&event);
            if (event.kind == PLK_QUEUE_CLIENT_ITEM && durable_at_once) plk_queue_client_ack(c, event.id, event.number);
        }
        toy.out_count = 0;
        pull();
    }
    pull();
    assert_int_equal(toy.out_count, 0);
}

static inline void up(void) {
    toy_channel(&toy, ++channel_number);
    struct plk_queue_client_channel channel = toy_greeting(&toy);
    plk_queue_client_up(c, now_us, &channel);
}

static inline unsigned told(enum plk_queue_client_event_kind kind) {
    unsigned count = 0;
    for (unsigned i = 0; i < event_count; i++) count += events[i].kind == kind;
    return count;
}

static inline const struct plk_queue_client_event *last(enum plk_queue_client_event_kind kind) {
    for (unsigned i = event_count; i > 0; i--) {
        if (events[i - 1].kind == kind) return &events[i - 1];
    }
    fail_msg("no such event");
    return NULL;
}

static inline void secrets(uint32_t number, uint8_t owner[32], uint8_t sender[32]) {
    memset(owner, 3, 32);
    memset(sender, 4, 32);
    memcpy(owner + 8, &number, sizeof number); // not among the bits that X25519 clears
    memcpy(sender + 8, &number, sizeof number);
}

static inline void add_own(uint32_t number, bool fresh) {
    uint8_t owner[32], sender[32], public[32];
    secrets(number, owner, sender);
    plk_dh_public(public, sender);
    assert_int_equal(plk_queue_client_own(c, MINE + number, owner, public, 0, fresh), PLK_ERR_OK);
}

static inline void add_sender(uint32_t number) {
    uint8_t owner[32], sender[32], public[32], rid[16], sid[16];
    secrets(number, owner, sender);
    plk_dh_public(public, owner);
    plk_queue_key_rid(rid, public);
    plk_queue_key_sid(sid, rid);
    assert_int_equal(plk_queue_client_sender(c, YOURS + number, sid, sender), PLK_ERR_OK);
}

static inline enum plk_err put(uint32_t number, uint64_t name) {
    cell[0] = (uint8_t)name;
    cell[1] = (uint8_t)(name >> 8);
    return plk_queue_client_put(c, YOURS + number, name, plk_bytes(cell, sizeof cell));
}

#define assert_state(id, state) assert_int_equal(plk_queue_client_state(c, id), PLK_QUEUE_CLIENT_##state)

#endif
