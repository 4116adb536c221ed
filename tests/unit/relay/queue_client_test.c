// SPDX-License-Identifier: MIT
// The client of queues and the relay, each as it is, over real channels: cells written for somebody who is away, while both
// sides and the relay come and go.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "queue/client.h"
#include "support/relay_rig.h"

#define CELLS 120
#define MINE 1  // Bob's id of the queue
#define YOURS 2 // Alice's

struct side {
    struct plk_queue_client *queues;
    int index; // its channel in the rig, -1: none
};

static const uint8_t token[16] = {1, 2, 3};
static struct rig *rig;
static struct side alice, bob;
static struct rig_queue queue;
static unsigned put_ok[CELLS], put_failed, got[CELLS];
static unsigned got_count, out_of_order, made;
static unsigned highest;
static bool bob_is_slow; // what comes is not durable yet
static uint64_t waiting[64];
static unsigned waiting_count;

static int setup(void **state) {
    (void)state;
    rig = rig_new(3);
    rig_start(rig);
    rig_tick(rig);
    plk_relay_token_new(rig->relay, token, 100);
    rig_settle(rig);
    queue = rig_queue_new(rig);
    alice = (struct side){.queues = plk_queue_client_new(&rig->mem, rig->static_public), .index = -1};
    bob = (struct side){.queues = plk_queue_client_new(&rig->mem, rig->static_public), .index = -1};
    plk_queue_client_token(bob.queues, token);
    assert_int_equal(plk_queue_client_own(bob.queues, MINE, queue.owner, queue.sender_public, 0, true), PLK_ERR_OK);
    assert_int_equal(plk_queue_client_sender(alice.queues, YOURS, queue.sid, queue.sender), PLK_ERR_OK);
    memset(put_ok, 0, sizeof put_ok);
    memset(got, 0, sizeof got);
    put_failed = got_count = out_of_order = made = highest = waiting_count = 0;
    bob_is_slow = false;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    plk_queue_client_free(alice.queues);
    plk_queue_client_free(bob.queues);
    rig_free(rig);
    return 0;
}

// ---- one side and its channel

static void note(struct side *side, const struct plk_queue_client_event *event, const uint8_t first[16]) {
    if (event->kind == PLK_QUEUE_CLIENT_STATE) made += event->made;
    if (event->kind == PLK_QUEUE_CLIENT_PUT_DONE) {
        put_ok[event->number] += event->code == PLK_QUEUE_CODE_OK;
        put_failed += event->code != PLK_QUEUE_CODE_OK;
    }
    if (event->kind != PLK_QUEUE_CLIENT_ITEM) return;
    unsigned name = first[0];
    out_of_order += got[name]++ == 0 && name < highest;
    if (name > highest) highest = name;
    got_count += got[name] == 1;
    if (!bob_is_slow) {
        plk_queue_client_ack(side->queues, event->id, event->number);
    } else {
        assert_true(waiting_count < 64);
        waiting[waiting_count++] = event->number;
    }
}

static void say(struct side *side) {
    static uint8_t room[PLK_QUEUE_RECORD_MAX + PLK_QUEUE_HEAD_LEN];
    struct plk_relay_channel *channel = rig->clients[side->index].channel;
    struct plk_queue_record record;
    while (plk_queue_client_next(side->queues, rig->now.mono_us, plk_relay_channel_room(channel), &record)) {
        struct plk_writer w = plk_writer(room, sizeof room);
        plk_queue_encode(&w, &record);
        assert_int_equal(plk_relay_channel_write(channel, rig->now.mono_us, plk_writer_bytes(&w)), w.len);
    }
}

static void hear(struct side *side) {
    struct rig_client *c = &rig->clients[side->index];
    struct plk_queue_client_event event;
    for (size_t i = 0; i < c->told_count; i++) {
        assert_int_equal(plk_queue_client_receive(side->queues, rig->now.mono_us, &c->told[i], &event), PLK_ERR_OK);
        note(side, &event, c->cells[i]);
    }
    c->told_count = 0;
    while (plk_queue_client_event(side->queues, &event)) note(side, &event, NULL);
}

static void leave(struct side *side) {
    if (side->index >= 0) rig_vanish(rig, side->index);
    side->index = -1;
    plk_queue_client_down(side->queues);
}

static void come(struct side *side) {
    leave(side);
    side->index = rig_connect(rig);
    struct rig_client *c = &rig->clients[side->index];
    if (c->channel == NULL) { // there is no relay
        leave(side);
        return;
    }
    struct plk_queue_client_channel channel = {
        .admission = c->heard.greeting.admission, .bits = c->heard.greeting.bits, .wall_ms = c->heard.greeting.wall_ms};
    memcpy(channel.hash, c->heard.hash, sizeof channel.hash);
    plk_queue_client_up(side->queues, rig->now.mono_us, &channel);
}

static void step(struct side *side) {
    if (side->index < 0) return;
    plk_queue_client_tick(side->queues, rig->now.mono_us, &rig->rng);
    hear(side);
    say(side);
}

static void run(unsigned rounds) {
    for (unsigned i = 0; i < rounds; i++) {
        step(&alice);
        step(&bob);
        rig_run(rig, 100 * PLK_MS);
    }
}

static void put(unsigned name) {
    static uint8_t cell[PLK_QUEUE_CELL_SMALL];
    memset(cell, (int)name, sizeof cell);
    assert_int_equal(plk_queue_client_put(alice.queues, YOURS, name, plk_bytes(cell, sizeof cell)), PLK_ERR_OK);
}

static void kill_relay(bool lose_disk) {
    rig_stop_relay(rig);
    leave(&alice);
    leave(&bob);
    if (lose_disk) toy_clear(&rig->disk);
    rig_start(rig);
    rig_tick(rig);
    rig_settle(rig);
    if (lose_disk) plk_relay_token_new(rig->relay, token, 100);
    rig_settle(rig);
}

static size_t rows(enum plk_table table) { return rig->disk.tables[table].count; }

// ---- stories

static void a_cell_waits_for_its_owner(void **state) {
    (void)state;
    come(&bob); // makes the queue
    run(3);
    assert_int_equal(made, 1);
    leave(&bob);
    come(&alice);
    put(1);
    put(2);
    run(3);
    assert_int_equal(put_ok[1] + put_ok[2], 2);
    assert_true(rows(PLK_TABLE_rcell) > 0);
    leave(&alice); // the sender is gone when the owner comes
    come(&bob);
    run(3);
    assert_int_equal(got_count, 2);
    assert_int_equal(out_of_order, 0);
    assert_int_equal(rows(PLK_TABLE_rcell) + rows(PLK_TABLE_ritem), 0);
}

static void what_is_not_durable_comes_again(void **state) {
    (void)state;
    come(&bob);
    come(&alice);
    run(3);
    bob_is_slow = true;
    for (unsigned i = 1; i <= 5; i++) put(i);
    run(3);
    assert_int_equal(got_count, 5);
    assert_true(rows(PLK_TABLE_rcell) > 0);
    come(&bob); // killed before it wrote anything
    bob_is_slow = false;
    run(3);
    for (unsigned i = 1; i <= 5; i++) assert_int_equal(got[i], 2);
    assert_int_equal(rows(PLK_TABLE_rcell) + rows(PLK_TABLE_ritem), 0);
}

static void a_lost_disk_costs_a_new_queue_under_the_same_name(void **state) {
    (void)state;
    come(&bob);
    come(&alice);
    run(6);
    kill_relay(true);
    come(&alice); // before its owner: there is no such queue
    put(1);
    run(6);
    assert_int_equal(put_failed, 1);
    come(&bob);
    run(6);
    assert_int_equal(made, 2);
    put(2);
    run(6);
    assert_int_equal(put_ok[2], 1);
    assert_int_equal(got[2], 1);
}

static void an_answer_is_on_disk(void **state) {
    (void)state;
    come(&bob);
    run(3);
    leave(&bob);
    come(&alice);
    run(2);
    rig->hold_store = true;
    put(1);
    run(3);
    assert_int_equal(put_ok[1], 0); // not before it is
    kill_relay(false);              // between STORE and STORED: the batch is lost
    rig->hold_store = false;
    come(&alice);
    run(3);
    assert_int_equal(put_ok[1], 1); // said again
    come(&bob);
    run(3);
    assert_int_equal(got[1], 1);
}

// An open relay asks for work: the client does it in its ticks and has its queue; a closed one makes none.
static void an_open_relay_is_worked_for(void **state) {
    (void)state;
    plk_queue_client_token(bob.queues, NULL);
    rig->config.admission = PLK_RELAY_ADMIT_CLOSED;
    kill_relay(false);
    come(&bob);
    run(10);
    assert_int_equal(made, 0);
    assert_int_equal(plk_queue_client_state(bob.queues, MINE), PLK_QUEUE_CLIENT_REFUSED);
    rig->config.admission = PLK_RELAY_ADMIT_OPEN;
    rig->config.work_bits = 12;
    kill_relay(false);
    come(&bob);
    assert_int_equal(rig->clients[bob.index].heard.greeting.bits, 12);
    run(40);
    assert_int_equal(made, 1);
    assert_int_equal(plk_queue_client_state(bob.queues, MINE), PLK_QUEUE_CLIENT_READY);
    come(&alice);
    put(1);
    run(4);
    assert_int_equal(got[1], 1);
    rig->config.work_bits = PLK_RELAY_WORK_BITS;
    kill_relay(true); // it asks for more now, and less was done: nothing is made for that
    struct plk_queue_record record = rig_newq(&queue, 0, NULL);
    record.newq.admission = PLK_QUEUE_ADMIT_WORK;
    record.newq.day = (uint32_t)(rig->now.wall_ms / 86400000);
    while (plk_queue_key_work(queue.rid, record.newq.day, record.newq.nonce) >= PLK_RELAY_WORK_BITS)
        record.newq.nonce++;
    int somebody = rig_connect(rig);
    assert_int_equal(rig_ask(rig, somebody, record), PLK_QUEUE_CODE_ADMISSION);
}

// Everybody comes and goes at random, the network loses a tenth, and the relay is killed now and then, some batches undone:
// each cell that was answered OK arrives, and nothing stays behind.
static void whoever_comes_and_goes(void **state) {
    for (uint64_t seed = 1; seed <= 3; seed++) {
        unsigned next = 1;
        uint8_t bytes[32] = {(uint8_t)seed};
        plk_rng_stir(&rig->rng, plk_bytes(bytes, sizeof bytes));
        come(&bob); // the queue is there before anybody is told of it
        run(6);
        rig->loss_permille = 50;
        for (unsigned round = 0; round < 250; round++) {
            uint64_t dice = plk_rng_below(&rig->rng, 40);
            if (dice < 16 && next < CELLS) put(next++);
            if (dice == 16 || (dice < 30 && alice.index < 0)) come(&alice);
            if (dice == 17 || (dice < 30 && bob.index < 0)) come(&bob);
            if (dice == 18) leave(&alice);
            if (dice == 19) leave(&bob);
            if (dice == 20) kill_relay(false);
            rig->hold_store = dice == 21;
            run(1);
        }
        rig->loss_permille = 0;
        rig->hold_store = false;
        come(&alice);
        come(&bob);
        for (unsigned i = 0; i < 30 && plk_queue_client_status(alice.queues).puts > 0; i++) run(10);
        run(20);
        assert_int_equal(put_failed, 0);
        for (unsigned i = 1; i < next; i++) {
            assert_int_equal(put_ok[i], 1);
            assert_true(got[i] >= 1);
        }
        assert_int_equal(out_of_order, 0);
        assert_int_equal(rows(PLK_TABLE_rcell) + rows(PLK_TABLE_ritem), 0);
        teardown(state);
        setup(state);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_cell_waits_for_its_owner),
        TEST(what_is_not_durable_comes_again),
        TEST(a_lost_disk_costs_a_new_queue_under_the_same_name),
        TEST(an_answer_is_on_disk),
        TEST(an_open_relay_is_worked_for),
        TEST(whoever_comes_and_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
