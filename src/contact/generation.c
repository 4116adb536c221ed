// SPDX-License-Identifier: MIT
#include "contact/generation.h"

#define LABEL_PSK "PeerLink/1/contact/link-generation"

#define ROW_VERSION 1
#define DAY_MS (UINT64_C(24) * 3600 * 1000)

enum { BODY_PROPOSE = 1, BODY_ANSWER = 2 };

// A PLK_BODY_LINK payload: type u8 | line 8 | number u32 | static 32 | contribution 32 | KEM slot, length varint
struct body {
    uint8_t type;
    uint8_t line[PLK_GENERATION_LINE_LEN];
    uint32_t number;
    uint8_t public[32], contribution[32];
};

static void write_body(uint8_t out[PLK_GENERATION_BODY_LEN], uint8_t type, const struct plk_generation *g,
                       const uint8_t contribution[32]) {
    struct plk_writer w = plk_writer(out, PLK_GENERATION_BODY_LEN);
    plk_writer_u8(&w, type);
    plk_writer_copy(&w, g->line, sizeof g->line);
    plk_writer_u32(&w, g->number);
    plk_writer_copy(&w, g->own_public, 32);
    plk_writer_copy(&w, contribution, 32);
    plk_writer_u8(&w, 0);
    plk_assert(!w.failed && w.len == PLK_GENERATION_BODY_LEN);
}

static bool read_body(struct plk_bytes payload, struct body *body) {
    struct plk_reader r = plk_reader(payload);
    body->type = plk_reader_u8(&r);
    plk_reader_copy(&r, body->line, sizeof body->line);
    body->number = plk_reader_u32(&r);
    plk_reader_copy(&r, body->public, 32);
    plk_reader_copy(&r, body->contribution, 32);
    plk_reader_sized(&r, 1184); // a KEM key that this build cannot use
    return plk_reader_done(&r) && (body->type == BODY_PROPOSE || body->type == BODY_ANSWER) && body->number > 1;
}

// ---- the list

static bool is_newer(const struct plk_generation *a, const struct plk_generation *b) {
    return a->line_number != b->line_number ? a->line_number > b->line_number : a->number > b->number;
}

static void remove_at(struct plk_generations *all, size_t index, struct plk_generation_change *change) {
    struct plk_generation *g = &all->at[index];
    plk_assert(change->gone_count < PLK_GENERATIONS_MAX);
    change->gone[change->gone_count].line_number = g->line_number;
    change->gone[change->gone_count++].number = g->number;
    uint8_t below = (uint8_t)((1u << index) - 1);
    change->write = (uint8_t)((change->write & below) | (change->write >> 1 & ~below));
    memmove(g, g + 1, (all->count - index - 1) * sizeof *g);
    plk_mem_wipe(&all->at[--all->count], sizeof *g);
}

// Puts a new one in front. The oldest makes room: it is long past being accepted.
static void push(struct plk_generations *all, const struct plk_generation *made, struct plk_generation_change *change) {
    plk_assert(all->count == 0 || is_newer(made, &all->at[0]));
    if (all->count == PLK_GENERATIONS_MAX) remove_at(all, all->count - 1u, change);
    memmove(&all->at[1], &all->at[0], all->count * sizeof all->at[0]);
    all->at[0] = *made;
    all->count++;
    change->write = (uint8_t)(change->write << 1 | 1);
}

void plk_generation_begin(struct plk_generations *all, uint32_t line_number, const uint8_t line[8],
                          const uint8_t psk[32], const uint8_t own_secret[32], const uint8_t peer_public[32],
                          bool agreed, uint64_t now_ms, struct plk_generation_change *change) {
    struct plk_generation made = {.line_number = line_number, .number = 1, .made_ms = now_ms};
    memset(change, 0, sizeof *change);
    made.state = agreed ? PLK_GENERATION_AGREED : PLK_GENERATION_ANSWERED;
    memcpy(made.line, line, sizeof made.line);
    memcpy(made.psk, psk, 32);
    memcpy(made.own_secret, own_secret, 32);
    plk_dh_public(made.own_public, own_secret);
    memcpy(made.peer_public, peer_public, 32);
    if (all->count > 0 && all->at[0].state == PLK_GENERATION_PROPOSED) remove_at(all, 0, change);
    push(all, &made, change);
    plk_mem_wipe(&made, sizeof made);
}

// ---- renewal

bool plk_generation_is_due(const struct plk_generations *all, uint64_t now_ms) {
    if (all->count == 0) return false;
    const struct plk_generation *newest = &all->at[0];
    if (newest->state != PLK_GENERATION_AGREED || newest->confirmed_ms == 0 || newest->number == UINT32_MAX)
        return false;
    // A clock that was far ahead when it was made must not stop renewal.
    return now_ms >= newest->made_ms + PLK_GENERATION_RENEW_MS || newest->made_ms > now_ms + DAY_MS;
}

// The next generation after the newest, with a fresh key pair.
static void make_next(const struct plk_generations *all, struct plk_rng *rng, uint64_t now_ms,
                      struct plk_generation *made) {
    *made = (struct plk_generation){.line_number = all->at[0].line_number, .made_ms = now_ms};
    made->number = all->at[0].number + 1;
    memcpy(made->line, all->at[0].line, sizeof made->line);
    plk_rng_bytes(rng, made->own_secret, 32);
    plk_dh_public(made->own_public, made->own_secret);
}

void plk_generation_propose(struct plk_generations *all, struct plk_rng *rng, uint64_t now_ms,
                            uint8_t body[PLK_GENERATION_BODY_LEN], struct plk_generation_change *change) {
    struct plk_generation made;
    plk_assert(all->count > 0 && all->at[0].state == PLK_GENERATION_AGREED);
    memset(change, 0, sizeof *change);
    make_next(all, rng, now_ms, &made);
    made.state = PLK_GENERATION_PROPOSED;
    plk_rng_bytes(rng, made.psk, 32);
    write_body(body, BODY_PROPOSE, &made, made.psk);
    push(all, &made, change);
    plk_mem_wipe(&made, sizeof made);
}

// psk(g) from psk(g-1) and what both put in; statics and number are bound. a proposed, b answered.
static void mix_psk(uint8_t out[32], const uint8_t before[32], const struct plk_generation *g,
                    const uint8_t a_public[32], const uint8_t a[32], const uint8_t b_public[32], const uint8_t b[32]) {
    uint8_t info[160], secret[64];
    struct plk_writer w = plk_writer(info, sizeof info);
    plk_writer_put(&w, plk_bytes_text(LABEL_PSK));
    plk_writer_copy(&w, g->line, sizeof g->line);
    plk_writer_u32(&w, g->number);
    plk_writer_copy(&w, a_public, 32);
    plk_writer_copy(&w, b_public, 32);
    plk_assert(!w.failed);
    memcpy(secret, a, 32);
    memcpy(secret + 32, b, 32);
    plk_hkdf(out, 32, plk_bytes(before, 32), plk_bytes(secret, sizeof secret), plk_writer_bytes(&w));
    plk_mem_wipe(secret, sizeof secret);
}

static enum plk_err judge_key(const uint8_t own_secret[32], const uint8_t public[32]) {
    uint8_t unused[32];
    enum plk_err err = plk_dh(unused, own_secret, public);
    plk_mem_wipe(unused, sizeof unused);
    return err;
}

static enum plk_err read_proposal(struct plk_generations *all, const struct body *in, struct plk_rng *rng,
                                  uint64_t now_ms, uint8_t body[PLK_GENERATION_BODY_LEN],
                                  struct plk_generation_change *change) {
    struct plk_generation made;
    uint8_t contribution[32];
    if (in->number - 1 != all->at[0].number) return PLK_ERR_STALE;
    make_next(all, rng, now_ms, &made);
    made.state = PLK_GENERATION_ANSWERED;
    enum plk_err err = judge_key(made.own_secret, in->public);
    if (err == PLK_ERR_OK) {
        memcpy(made.peer_public, in->public, 32);
        plk_rng_bytes(rng, contribution, sizeof contribution);
        mix_psk(made.psk, all->at[0].psk, &made, in->public, in->contribution, made.own_public, contribution);
        write_body(body, BODY_ANSWER, &made, contribution);
        push(all, &made, change);
        plk_mem_wipe(contribution, sizeof contribution);
    }
    plk_mem_wipe(&made, sizeof made);
    return err;
}

static enum plk_err read_answer(struct plk_generations *all, const struct body *in,
                                struct plk_generation_change *change) {
    struct plk_generation *g = &all->at[0];
    uint8_t psk[32];
    if (g->state != PLK_GENERATION_PROPOSED || in->number != g->number || all->count < 2) return PLK_ERR_STALE;
    enum plk_err err = judge_key(g->own_secret, in->public);
    if (err != PLK_ERR_OK) return err;
    mix_psk(psk, all->at[1].psk, g, g->own_public, g->psk, in->public, in->contribution);
    memcpy(g->psk, psk, 32);
    memcpy(g->peer_public, in->public, 32);
    g->state = PLK_GENERATION_AGREED;
    change->write = 1;
    plk_mem_wipe(psk, sizeof psk);
    return PLK_ERR_OK;
}

enum plk_err plk_generation_read(struct plk_generations *all, bool smaller, struct plk_bytes payload,
                                 struct plk_rng *rng, uint64_t now_ms, bool *has_answer,
                                 uint8_t body[PLK_GENERATION_BODY_LEN], struct plk_generation_change *change) {
    struct body in;
    memset(change, 0, sizeof *change);
    *has_answer = false;
    if (!read_body(payload, &in)) return PLK_ERR_MALFORMED;
    if ((in.type == BODY_PROPOSE) == smaller) return PLK_ERR_INVALID;
    if (all->count == 0 || memcmp(all->at[0].line, in.line, sizeof in.line) != 0) return PLK_ERR_STALE;
    if (in.type == BODY_ANSWER) return read_answer(all, &in, change);
    enum plk_err err = read_proposal(all, &in, rng, now_ms, body, change);
    *has_answer = err == PLK_ERR_OK;
    return err;
}

void plk_generation_acknowledged(struct plk_generations *all, uint32_t number, struct plk_generation_change *change) {
    memset(change, 0, sizeof *change);
    for (size_t i = 0; i < all->count && all->at[i].line_number == all->at[0].line_number; i++) {
        if (all->at[i].number != number || all->at[i].state != PLK_GENERATION_ANSWERED) continue;
        all->at[i].state = PLK_GENERATION_AGREED;
        change->write = (uint8_t)(1u << i);
    }
}

// ---- their time

void plk_generation_confirmed(struct plk_generations *all, size_t index, uint64_t now_ms,
                              struct plk_generation_change *change) {
    struct plk_generation *g = &all->at[index];
    plk_assert(index < all->count && g->state != PLK_GENERATION_PROPOSED);
    memset(change, 0, sizeof *change);
    if (g->confirmed_ms != 0 && g->state == PLK_GENERATION_AGREED) return;
    g->state = PLK_GENERATION_AGREED;
    if (g->confirmed_ms == 0) g->confirmed_ms = now_ms > 0 ? now_ms : 1;
    change->write = (uint8_t)(1u << index);
}

// When at[index] goes: seven days after the first confirmed session of a newer one.
static uint64_t end_of(const struct plk_generations *all, size_t index) {
    uint64_t end_ms = UINT64_MAX;
    for (size_t i = 0; i < index; i++) {
        uint64_t confirmed_ms = all->at[i].confirmed_ms;
        if (confirmed_ms == 0 || confirmed_ms > UINT64_MAX - PLK_GENERATION_KEEP_MS) continue;
        if (confirmed_ms + PLK_GENERATION_KEEP_MS < end_ms) end_ms = confirmed_ms + PLK_GENERATION_KEEP_MS;
    }
    return end_ms;
}

void plk_generation_expire(struct plk_generations *all, uint64_t now_ms, struct plk_generation_change *change) {
    memset(change, 0, sizeof *change);
    for (size_t i = all->count; i-- > 0;) {
        if (end_of(all, i) <= now_ms) remove_at(all, i, change);
    }
}

uint64_t plk_generation_expire_ms(const struct plk_generations *all) {
    uint64_t next_ms = UINT64_MAX;
    for (size_t i = 0; i < all->count; i++) {
        uint64_t end_ms = end_of(all, i);
        if (end_ms < next_ms) next_ms = end_ms;
    }
    return next_ms;
}

const struct plk_generation *plk_generation_newest(const struct plk_generations *all) {
    const struct plk_generation *answered = NULL;
    for (size_t i = 0; i < all->count; i++) {
        if (all->at[i].state == PLK_GENERATION_AGREED) return &all->at[i];
        if (all->at[i].state == PLK_GENERATION_ANSWERED && answered == NULL) answered = &all->at[i];
    }
    return answered;
}

bool plk_generation_accepts(const struct plk_generations *all, size_t index) {
    size_t newer = 0; // usable ones of the same line
    const struct plk_generation *g = &all->at[index];
    plk_assert(index < all->count);
    if (g->state == PLK_GENERATION_PROPOSED) return false;
    for (size_t i = 0; i < index; i++) {
        if (all->at[i].state != PLK_GENERATION_PROPOSED && all->at[i].line_number == g->line_number) newer++;
    }
    if (g->line_number == all->at[0].line_number) return newer < 2;
    size_t lines = 1; // how many lines are as new or newer
    for (size_t i = 1; i <= index; i++) {
        if (all->at[i].line_number != all->at[i - 1].line_number) lines++;
    }
    return lines == 2 && newer < 1;
}

// ---- rows

void plk_generation_encode(struct plk_writer *w, const struct plk_generation *generation) {
    plk_writer_u8(w, ROW_VERSION);
    plk_writer_u32(w, generation->line_number);
    plk_writer_u32(w, generation->number);
    plk_writer_u8(w, (uint8_t)generation->state);
    plk_writer_copy(w, generation->line, sizeof generation->line);
    plk_writer_copy(w, generation->own_secret, 32);
    plk_writer_copy(w, generation->peer_public, 32);
    plk_writer_copy(w, generation->psk, 32);
    plk_writer_u64(w, generation->made_ms);
    plk_writer_u64(w, generation->confirmed_ms);
}

static bool read_row(struct plk_bytes value, struct plk_generation *read) {
    struct plk_reader r = plk_reader(value);
    if (plk_reader_u8(&r) != ROW_VERSION) r.failed = true;
    read->line_number = plk_reader_u32(&r);
    read->number = plk_reader_u32(&r);
    read->state = (enum plk_generation_state)plk_reader_u8(&r);
    plk_reader_copy(&r, read->line, sizeof read->line);
    plk_reader_copy(&r, read->own_secret, 32);
    plk_reader_copy(&r, read->peer_public, 32);
    plk_reader_copy(&r, read->psk, 32);
    read->made_ms = plk_reader_u64(&r);
    read->confirmed_ms = plk_reader_u64(&r);
    return plk_reader_done(&r) && read->number > 0 && read->state >= PLK_GENERATION_PROPOSED &&
           read->state <= PLK_GENERATION_AGREED;
}

enum plk_err plk_generation_load(struct plk_generations *all, struct plk_bytes value) {
    struct plk_generation read = {0};
    enum plk_err err = read_row(value, &read) ? PLK_ERR_OK : PLK_ERR_CORRUPT;
    size_t at = 0;
    while (at < all->count && is_newer(&all->at[at], &read)) at++;
    if (err == PLK_ERR_OK && at < all->count && !is_newer(&read, &all->at[at])) err = PLK_ERR_CORRUPT;
    if (err == PLK_ERR_OK && all->count == PLK_GENERATIONS_MAX) err = PLK_ERR_LIMIT;
    if (err == PLK_ERR_OK) {
        plk_dh_public(read.own_public, read.own_secret);
        memmove(&all->at[at + 1], &all->at[at], (all->count - at) * sizeof read);
        all->at[at] = read;
        all->count++;
    }
    plk_mem_wipe(&read, sizeof read);
    return err;
}
