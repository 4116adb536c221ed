// SPDX-License-Identifier: MIT
// Two flights with streams over toy links; the input is the schedule: writes, time, loss, cuts, moved and dead paths, new
// sessions, and packets of a peer that makes up acks. Whatever happens, bytes arrive in order and unharmed, memory is
// bounded, and once the links heal everything arrives.
#include "support/pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STREAM 2
#define MOST 20000 // bytes written in one direction

struct run {
    struct pair *pair;
    uint64_t want[2], got[2]; // by sender, by receiver
};

static void add_path(struct pair_end *end, uint32_t id, bool reliable) {
    struct plk_flight_path path = {
        .id = id, .carrier = reliable ? PLK_FLIGHT_RELIABLE : PLK_FLIGHT_LOSSY, .mtu = PAIR_MTU};
    plk_assert(plk_flight_path_add(end->flight, &path) == PLK_ERR_OK);
}

static void step(struct run *run, uint64_t for_us) {
    struct pair *p = run->pair;
    uint64_t until_us = p->now_us + for_us;
    bool more = true;
    for (unsigned i = 0; more && i < 100000; i++) {
        more = pair_step(p, until_us);
        for (unsigned who = 0; who < 2; who++) {
            plk_assert(pair_read(p, who, STREAM, &run->got[who]));
            pair_write(p, who, STREAM, run->want[who]);
            plk_assert(run->got[who] <= run->want[1 - who]);
        }
    }
    plk_assert(!more || for_us == PLK_NEVER);
    plk_assert(p->mem.used < 8 * 1024 * 1024);
}

// Both sides at once, as when the session is made anew.
static void new_session(struct run *run) {
    struct pair *p = run->pair;
    while (p->under_way > 0) free(p->air[--p->under_way]);
    for (unsigned who = 0; who < 2; who++) {
        struct pair_end *end = &p->end[who];
        struct plk_flight *fresh = plk_flight_new(&p->mem), *old = end->flight;
        for (uint32_t path = 1; path <= PAIR_PATHS; path++) {
            end->flight = fresh;
            add_path(end, path, false);
            plk_flight_carry_over(fresh, old, path);
        }
        end->flight = old;
        plk_flight_drain_lost(old);
        pair_events(end);
        plk_flight_free(old);
        end->flight = fresh;
        end->next_pn = 0;
        memset(end->seen, 0, PAIR_PN);
    }
}

static void lie(struct run *run, unsigned who, uint8_t argument) {
    struct pair_end *end = &run->pair->end[who];
    struct plk_frame_ack ack = {.delay_us = argument * 1000u, .count = 2};
    uint64_t largest = end->next_pn + argument % 8;
    if (largest < 6) return;
    ack.ranges[0] = (struct plk_frame_range){.first = largest, .last = largest};
    ack.ranges[1] = (struct plk_frame_range){.first = 0, .last = 1};
    if (largest >= end->next_pn) {
        struct plk_flight_stats before = plk_flight_stats(end->flight);
        plk_assert(plk_flight_on_ack(end->flight, run->pair->now_us, &ack) == PLK_ERR_MALFORMED);
        struct plk_flight_stats after = plk_flight_stats(end->flight);
        plk_assert(after.acked == before.acked && after.outstanding == before.outstanding);
    }
}

static void act(struct run *run, uint8_t act, uint8_t argument) {
    struct pair *p = run->pair;
    unsigned who = act >> 7, path = argument & 1;
    struct pair_end *end = &p->end[who];
    struct pair_link *link = p->link[who][path];
    switch (act % 13) {
    case 0:
    case 1:
        if (run->want[who] + argument * 16u < MOST) run->want[who] += argument * 16u + 1;
        pair_write(p, who, STREAM, run->want[who]);
        break;
    case 2:
    case 3:
        step(run, argument * PLK_MS / 2);
        break;
    case 4:
        step(run, argument * 50 * PLK_MS);
        break;
    case 5:
        link->loss = argument * 3;
        break;
    case 6:
        link->jitter_us = (argument >> 1) * PLK_MS;
        link->twice = argument;
        break;
    case 7:
        link->cut = argument > 127;
        break;
    case 8:
        end->path = path + 1;
        plk_flight_path_reset(end->flight, end->path, argument > 127);
        break;
    case 9:
        plk_flight_path_dead(end->flight, path + 1);
        end->probes[path] = 0;
        add_path(end, path + 1, argument > 200);
        break;
    case 11: // data leaves a silent path, which stays
        plk_flight_path_left(end->flight, path + 1);
        end->path = 2 - path;
        break;
    case 10:
        if (argument < 32) new_session(run);
        break;
    default:
        lie(run, who, argument);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct run run = {.pair = pair_new(size)};
    for (size_t i = 0; i + 1 < size && i < 400; i += 2) act(&run, data[i], data[i + 1]);
    for (unsigned who = 0; who < 2; who++) {
        for (unsigned path = 0; path < PAIR_PATHS; path++)
            *run.pair->link[who][path] = (struct pair_link){.delay_us = 5000};
        for (uint32_t id = 1; id <= PAIR_PATHS; id++) { // a carrier that lost something is no reliable one: it is dead
            plk_flight_path_dead(run.pair->end[who].flight, id);
            add_path(&run.pair->end[who], id, false);
        }
    }
    step(&run, PLK_HOUR);
    plk_assert(run.got[0] == run.want[1] && run.got[1] == run.want[0]);
    plk_assert(plk_flight_idle(run.pair->end[0].flight) && plk_flight_idle(run.pair->end[1].flight));
    plk_assert(run.pair->end[0].malformed == 0 && run.pair->end[1].malformed == 0);
    pair_free(run.pair);
    return 0;
}
