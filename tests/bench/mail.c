// SPDX-License-Identifier: MIT
// What a message costs in mail, without storage and sockets, in nanoseconds of CPU: queueing, encrypting, giving out, receiving,
// acknowledging, and taking the ack; and how many store operations each side has. In bursts of as many as a batch may gather.
#include <sodium/core.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mail/mail.h"
#include "support/memory.h"

enum { CONTACT = 1, MESSAGES = 200000 };

struct side {
    struct plk_mail *mail;
    struct plk_batch *batch;
    struct plk_rng rng;
    uint64_t batch_n, ops, bytes;
};

static struct plk_mem mem;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct plk_mail_turn turn_of(struct side *side) {
    return (struct plk_mail_turn){.now = {.mono_us = PLK_DAY, .wall_ms = UINT64_C(1750000000000)},
                                  .rng = &side->rng,
                                  .batch = side->batch,
                                  .batch_n = side->batch_n};
}

// The batch is durable at once; events and wishes are nobody's.
static void close_batch(struct side *side) {
    struct plk_mail_event event;
    struct plk_mail_load wish;
    while (plk_mail_event(side->mail, &event)) continue;
    plk_assert(!plk_mail_wants(side->mail, &wish));
    side->ops += plk_batch_count(side->batch);
    side->bytes += plk_batch_bytes(side->batch);
    plk_batch_clear(side->batch);
    side->batch_n++;
}

static void meet(struct side sides[2]) {
    uint8_t secret[32] = {1}, prekey[32] = {2}, public[32];
    struct plk_ratchet ratchet;
    plk_dh_public(public, prekey);
    for (int i = 0; i < 2; i++) {
        struct plk_mail_config config = {.contact = CONTACT, .device = {(uint8_t)(i + 1)}};
        uint8_t epoch[PLK_EPOCH_LEN] = {(uint8_t)(i + 3)}, seed[32] = {(uint8_t)(i + 5)};
        struct side *side = &sides[i];
        plk_rng_seed(&side->rng, seed);
        side->mail = plk_mail_new(&mem, &config);
        side->batch = plk_batch_new(&mem);
        side->batch_n = 1;
        if (i == 0) plk_assert(plk_ratchet_init_initiator(&ratchet, plk_bytes(secret, 32), public) == PLK_ERR_OK);
        if (i == 1) plk_ratchet_init_responder(&ratchet, plk_bytes(secret, 32), prekey);
        struct plk_mail_turn turn = turn_of(side);
        plk_mail_begin(side->mail, &turn, PLK_MAIL_BEGIN_FIRST, &ratchet, epoch);
        plk_mail_link_up(side->mail);
        close_batch(side);
    }
}

static struct plk_bytes unframed(struct plk_bytes record) {
    struct plk_reader r = plk_reader(record);
    return plk_reader_sized(&r, PLK_CIPHERTEXT_RECORD_MAX);
}

// What `from` may memory_give goes to the other side; ciphertexts through a buffer, so that each side's time is its own.
static void carry(struct side *from, struct side *to, uint64_t *give_ns, uint64_t *take_ns) {
    static struct plk_buf records;
    struct plk_bytes record;
    uint64_t start = now_ns();
    records.len = 0;
    while (plk_mail_next(from->mail, from->batch_n - 1, &record)) plk_buf_put(&mem, &records, record);
    uint64_t given = now_ns();
    struct plk_reader r = plk_reader(plk_buf_bytes(&records));
    struct plk_mail_turn turn = turn_of(to);
    while (r.left > 0) {
        plk_assert(plk_mail_on_ciphertext(to->mail, &turn, plk_reader_sized(&r, PLK_CIPHERTEXT_RECORD_MAX)) ==
                   PLK_ERR_OK);
    }
    if (give_ns != NULL) *give_ns += given - start;
    if (take_ns != NULL) *take_ns += now_ns() - given;
    while (plk_mail_next_control(from->mail, from->batch_n - 1, &record)) {
        turn = turn_of(to);
        plk_assert(plk_mail_on_control(to->mail, &turn, unframed(record)) == PLK_ERR_OK);
    }
}

static void run(unsigned burst, size_t len) {
    static uint8_t text[PLK_BODY_MAX];
    struct side sides[2] = {{.ops = 0}};
    struct side *alice = &sides[0];
    struct side *bob = &sides[1];
    uint64_t send_ns = 0, give_ns = 0, receive_ns = 0, ack_ns = 0, row, count = MESSAGES / (1 + len / 1000);
    meet(sides);
    for (uint64_t done = 0; done < count; done += burst) {
        uint64_t start = now_ns();
        for (unsigned i = 0; i < burst; i++) {
            struct plk_mail_body body = {.kind = PLK_BODY_TEXT, .payload = plk_bytes(text, len)};
            struct plk_mail_turn turn = turn_of(alice);
            memcpy(body.id, &(uint64_t){done + i + 1}, 8);
            plk_assert(plk_mail_send(alice->mail, &turn, &body, &row) == PLK_ERR_OK);
            plk_assert(!plk_mail_seal(alice->mail, &turn) || burst > 1);
        }
        close_batch(alice);
        send_ns += now_ns() - start;
        carry(alice, bob, &give_ns, &receive_ns);
        start = now_ns();
        struct plk_mail_turn turn = turn_of(bob);
        plk_mail_seal(bob->mail, &turn);
        close_batch(bob);
        receive_ns += now_ns() - start;
        start = now_ns();
        carry(bob, alice, NULL, NULL);
        close_batch(alice);
        ack_ns += now_ns() - start;
    }
    plk_assert(plk_mail_undelivered(alice->mail) == 0);
    printf(
        "%5zu bytes, bursts of %3u: send %6.0f  memory_give %5.0f  receive %6.0f  ack %5.0f ns; ops %.2f and %.2f a message\n",
        len, burst, (double)send_ns / (double)count, (double)give_ns / (double)count,
        (double)receive_ns / (double)count, (double)ack_ns / (double)count, (double)alice->ops / (double)count,
        (double)bob->ops / (double)count);
    for (int i = 0; i < 2; i++) {
        plk_mail_free(sides[i].mail);
        plk_batch_free(sides[i].batch);
    }
}

int main(void) {
    if (sodium_init() < 0) return 1; // chooses the fast implementations, as a host does at its start
    mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    run(1, 100);
    run(50, 100);
    run(100, 100);
    run(10, 4000);
    run(2, 60000);
    return 0;
}
