// SPDX-License-Identifier: MIT
// What the tests of a relay begin with: alice sends, bob owns the queue. After cmocka.h.
#ifndef PLK_TESTS_SUPPORT_RELAY_STORY_H
#define PLK_TESTS_SUPPORT_RELAY_STORY_H

#include "support/relay_rig.h"

static const uint8_t token[16] = {1, 2, 3};
static struct rig *rig;
static int alice, bob; // Bob owns the queue, Alice sends
static struct rig_queue queue;

static inline int setup(void **state) {
    (void)state;
    rig = rig_new(1);
    rig_start(rig);
    rig_tick(rig);
    plk_relay_token_new(rig->relay, token, 100);
    alice = rig_connect(rig);
    bob = rig_connect(rig);
    queue = rig_queue_new(rig);
    return 0;
}

static inline int teardown(void **state) {
    (void)state;
    rig_free(rig);
    return 0;
}

static inline void make(uint8_t flags) {
    assert_int_equal(rig_ask(rig, bob, rig_newq(&queue, flags, token)), PLK_QUEUE_CODE_OK);
}

static inline void attach(void) {
    assert_int_equal(rig_ask(rig, bob, rig_attach(rig, bob, &queue, PLK_QUEUE_OWNER, 1)), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_ask(rig, alice, rig_attach(rig, alice, &queue, PLK_QUEUE_SENDER, 9)), PLK_QUEUE_CODE_OK);
}

static inline int subscribe(int index, uint32_t handle) {
    uint8_t room[4];
    return rig_ask(rig, index, rig_sub(handle, room));
}

static inline int put(uint8_t mark) { return rig_ask(rig, alice, rig_put(9, mark, PLK_QUEUE_CELL_SMALL)); }

static inline int ack(uint64_t number) {
    uint8_t room[8];
    return rig_ask(rig, bob, rig_ack(1, number, room));
}

static inline size_t rows(enum plk_table table) { return rig->disk.tables[table].count; }

#endif
