// SPDX-License-Identifier: MIT
// A client of queues against a relay that is honest, forgetful, or says anything; the input is the schedule. Whatever
// happens, memory is bounded, what is told was asked for, and once an honest relay is back, every cell that was not answered
// with an error is on it or was read, in order.
#include "support/toy_relay.h"
#include "support/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define QUEUES 4
#define ROOM 70000
#define MOST 40 // cells

struct run {
    struct plk_mem mem;
    struct plk_rng rng;
    struct plk_queue_client *c;
    uint64_t now_us, puts;
    uint8_t channel;
    bool lied, deaf;            // deaf: answers are lost
    uint8_t answered[MOST + 1]; // how a PUT ended, plus 1
    uint8_t cell[PLK_QUEUE_CELL_SMALL];
};

static struct toy_relay toy;

static void keys(unsigned number, uint8_t owner[32], uint8_t sender[32]) {
    memset(owner, 0x10 + (int)number * 8, 32);
    memset(sender, 0x90 + (int)number * 8, 32);
}

static void add(struct run *run, unsigned number, bool own) {
    uint8_t owner[32], sender[32], public[32], name[16];
    keys(number, owner, sender);
    if (own) {
        plk_dh_public(public, sender);
        plk_queue_client_own(run->c, number, owner, public, 0, number % 2 == 0);
        return;
    }
    plk_dh_public(public, owner);
    plk_queue_key_rid(name, public);
    plk_queue_key_sid(name, name);
    plk_queue_client_sender(run->c, 100 + number, name, sender);
}

static void up(struct run *run) {
    toy_channel(&toy, ++run->channel);
    struct plk_queue_client_channel channel = toy_greeting(&toy);
    plk_queue_client_up(run->c, run->now_us, &channel);
}

static void note(struct run *run, const struct plk_queue_client_event *event) {
    if (event->kind == PLK_QUEUE_CLIENT_ITEM) plk_queue_client_ack(run->c, event->id, event->number);
    if (event->kind != PLK_QUEUE_CLIENT_PUT_DONE) return;
    plk_assert(event->number >= 1 && event->number <= run->puts);
    plk_assert(run->answered[event->number] == 0); // once
    run->answered[event->number] = (uint8_t)(event->code + 1);
}

static void talk(struct run *run) {
    struct plk_queue_record record;
    struct plk_queue_client_event event;
    for (unsigned i = 0; i < 200; i++) {
        unsigned said = 0;
        while (plk_queue_client_next(run->c, run->now_us, ROOM, &record)) {
            plk_assert(plk_queue_len(&record) <= ROOM && said++ < 20000);
            toy_take(&toy, &record);
        }
        if (run->deaf) toy.out_count = 0;
        toy_items(&toy);
        if (toy.out_count == 0 && said == 0) break;
        for (unsigned k = 0; k < toy.out_count; k++) {
            enum plk_err err = plk_queue_client_receive(run->c, run->now_us, &toy.out[k], &event);
            plk_assert(err == PLK_ERR_OK || run->lied);
            note(run, &event);
        }
        toy.out_count = 0;
        while (plk_queue_client_event(run->c, &event)) note(run, &event);
    }
    plk_assert(run->mem.used < 4 * 1024 * 1024);
}

// Any record: what it answers is taken from the channel's life, and then the channel is given up.
static void lie(struct run *run, const uint8_t *data, size_t size) {
    struct plk_queue_record record;
    struct plk_queue_client_event event;
    if (size > 5000 || plk_queue_decode(plk_bytes(data, size), &record) != PLK_ERR_OK) return;
    run->lied = true;
    if (plk_queue_client_receive(run->c, run->now_us, &record, &event) != PLK_ERR_OK) plk_queue_client_down(run->c);
    while (plk_queue_client_event(run->c, &event)) note(run, &event);
}

static void put(struct run *run, unsigned number) {
    if (run->puts == MOST) return;
    uint64_t name = run->puts + 1;
    run->cell[0] = (uint8_t)name;
    run->cell[1] = (uint8_t)number;
    if (plk_queue_client_put(run->c, 100 + number, name, plk_bytes(run->cell, sizeof run->cell)) == PLK_ERR_OK)
        run->puts++;
}

static void cancel(struct run *run, unsigned name) {
    plk_queue_client_put_cancel(run->c, name);
    if (name >= 1 && name <= run->puts && run->answered[name] == 0) run->answered[name] = 255;
}

// No relay keeps a handle and says that it cannot: of a DETACH only that it comes too early.
static void fail(uint8_t argument) {
    unsigned type = argument % 14;
    toy.fail[type] = type == PLK_QUEUE_DETACH ? PLK_QUEUE_CODE_BUSY : (enum plk_queue_code)(argument % 11);
    toy.fail_count[type] = argument / 64;
}

static void more(struct run *run, uint8_t act, uint8_t argument, const uint8_t *rest, size_t rest_len) {
    unsigned number = argument % QUEUES;
    switch (act % 16) {
    case 10:
        add(run, number, argument < 128);
        break;
    case 11:
        if (argument < 128) {
            plk_queue_client_read(run->c, argument < 64 ? number : 100 + number);
        } else {
            plk_queue_client_guest(run->c, 100 + number);
        }
        break;
    case 12:
        plk_queue_client_write(run->c, number, argument, plk_bytes(run->cell, sizeof run->cell));
        break;
    case 13:
        run->deaf = !run->deaf;
        if (!run->deaf) up(run);
        break;
    case 14:
        plk_queue_client_token(run->c, argument < 200 ? toy.token : NULL);
        break;
    default:
        if (argument < 128) {
            cancel(run, argument % MOST);
        } else {
            lie(run, rest, rest_len);
        }
    }
}

static void act(struct run *run, uint8_t act, uint8_t argument, const uint8_t *rest, size_t rest_len) {
    unsigned number = argument % QUEUES;
    switch (act % 16) {
    case 0:
    case 1:
        talk(run);
        break;
    case 2:
        toy_channel(&toy, 0);
        plk_queue_client_down(run->c);
        break;
    case 3:
        up(run);
        break;
    case 4:
    case 5:
        put(run, number);
        break;
    case 6:
        fail(argument);
        break;
    case 7:
        run->now_us += argument * PLK_SECOND;
        plk_queue_client_tick(run->c, run->now_us, &run->rng);
        break;
    case 8:
        toy_forget(&toy);
        toy_channel(&toy, 0);
        plk_queue_client_down(run->c);
        break;
    case 9:
        plk_queue_client_forget(run->c, argument < 128 ? number : 100 + number, (argument & 64) != 0);
        break;
    default:
        more(run, act, argument, rest, rest_len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct run run;
    static const uint8_t seed[32] = {5};
    run = (struct run){.mem = {.take = memory_take, .give = memory_give}, .now_us = PLK_HOUR};
    toy_init(&toy);
    toy.wants_token = size % 2 == 0;
    toy.bits = 3;
    toy.day = 20000;
    plk_rng_seed(&run.rng, seed);
    run.c = plk_queue_client_new(&run.mem, toy.public);
    plk_queue_client_token(run.c, toy.token);
    for (unsigned i = 0; i < QUEUES; i++) {
        add(&run, i, true);
        add(&run, i, false);
    }
    up(&run);
    for (size_t i = 0; i + 1 < size && i < 600; i += 2) act(&run, data[i], data[i + 1], data + i + 2, size - i - 2);
    memset(toy.fail_count, 0, sizeof toy.fail_count);
    run.deaf = run.lied = false;
    plk_queue_client_token(run.c, toy.token);
    up(&run);
    for (unsigned i = 0; i < 30; i++) {
        talk(&run);
        run.now_us += PLK_MINUTE;
        plk_queue_client_tick(run.c, run.now_us, &run.rng);
    }
    struct plk_queue_client_status status = plk_queue_client_status(run.c);
    plk_assert(status.puts == 0 && status.ready == status.own && status.put_bytes == 0);
    plk_queue_client_free(run.c);
    plk_assert(run.mem.used == 0);
    toy_forget(&toy);
    return 0;
}
