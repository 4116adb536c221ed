// SPDX-License-Identifier: MIT
#include "path/candidates.h"

bool plk_addr_allowed(const struct plk_addr *addr, const struct plk_addr_rules *rules) {
    switch (plk_addr_class(addr)) {
    case PLK_ADDR_GLOBAL:
        return true;
    case PLK_ADDR_LOOPBACK:
        return rules->loopback;
    case PLK_ADDR_REFUSED:
        return false;
    case PLK_ADDR_PRIVATE:
    case PLK_ADDR_LINK_LOCAL:
        break;
    }
    for (size_t i = 0; i < rules->own_count; i++) {
        // A prefix of no bits is one that the system did not tell: nobody is a neighbour by it.
        if (rules->own[i].bits == 0) continue;
        if (plk_addr_in_prefix(addr, &rules->own[i].addr, rules->own[i].bits)) return true;
    }
    return false;
}

// c->count: it is not there.
static size_t find(const struct plk_candidates *c, enum plk_transport transport, const struct plk_addr *addr) {
    size_t i = 0;
    while (i < c->count && !(c->list[i].transport == transport && plk_addr_equal(&c->list[i].addr, addr))) i++;
    return i;
}

static void remove_at(struct plk_candidates *c, size_t index) {
    memmove(&c->list[index], &c->list[index + 1], (c->count - index - 1) * sizeof c->list[0]);
    c->count--;
}

// The order of promise: proven by time, then by source.
static bool before(const struct plk_candidate *a, const struct plk_candidate *b) {
    if (a->good_ms != b->good_ms) return a->good_ms > b->good_ms;
    return a->source < b->source;
}

static void insert(struct plk_candidates *c, const struct plk_candidate *candidate) {
    size_t at = 0;
    while (at < c->count && !before(candidate, &c->list[at])) at++;
    memmove(&c->list[at + 1], &c->list[at], (c->count - at) * sizeof c->list[0]);
    c->list[at] = *candidate;
    c->count++;
}

// Else one who has been in many places could tell nothing any more of where it is.
static void forget_old(struct plk_candidates *c) {
    for (;;) {
        size_t good = 0, oldest = 0;
        for (size_t i = 0; i < c->count; i++) {
            if (c->list[i].source != PLK_CANDIDATE_GOOD || c->list[i].told) continue;
            oldest = i; // the newest stand first
            good++;
        }
        if (good <= PLK_CANDIDATES_GOOD) return;
        remove_at(c, oldest);
    }
}

bool plk_candidates_add(struct plk_candidates *c, enum plk_transport transport, const struct plk_addr *addr,
                        enum plk_candidate_source source, uint64_t wall_ms, const struct plk_addr_rules *rules) {
    // What has authenticated itself from an address is known to be there: no rule is needed for it.
    if (source != PLK_CANDIDATE_GOOD && !plk_addr_allowed(addr, rules)) return false;
    struct plk_candidate new = {.transport = transport, .source = source, .addr = *addr};
    size_t old = find(c, transport, addr);
    if (old < c->count) {
        new = c->list[old];
        if (source < new.source) new.source = source;
        if (source == PLK_CANDIDATE_TOLD && new.source != PLK_CANDIDATE_GOOD) new.source = source;
        remove_at(c, old);
    }
    new.told = new.told || source == PLK_CANDIDATE_TOLD;
    if (source == PLK_CANDIDATE_GOOD) {
        // A good time never goes back with the clock, so that the newest stays in front.
        uint64_t newest = c->count > 0 ? c->list[0].good_ms : 0;
        new.good_ms = wall_ms > newest ? wall_ms : newest + 1;
        new.tries = 0;
    }
    if (c->count == PLK_CANDIDATES_MAX) {
        if (!before(&new, &c->list[c->count - 1])) return false;
        c->count--;
    }
    insert(c, &new);
    forget_old(c);
    return true;
}

bool plk_candidates_has(const struct plk_candidates *c, enum plk_transport transport, const struct plk_addr *addr) {
    return find(c, transport, addr) < c->count;
}

void plk_candidates_told_begin(struct plk_candidates *c) {
    for (size_t i = c->count; i-- > 0;) {
        c->list[i].told = false;
        if (c->list[i].source == PLK_CANDIDATE_TOLD) remove_at(c, i);
    }
}

void plk_candidates_race(struct plk_candidates *c) {
    for (size_t i = 0; i < c->count; i++) c->list[i].tries = 0;
}

// What is told now is where the peer is; what was good long ago is where it was.
static bool sooner(const struct plk_candidates *c, const struct plk_candidate *a, const struct plk_candidate *b) {
    if (a->tries != b->tries) return a->tries < b->tries;
    return b != &c->list[0] && a->told && !b->told;
}

struct plk_candidate *plk_candidates_next(struct plk_candidates *c, uint32_t most) {
    struct plk_candidate *next = NULL;
    for (size_t i = 0; i < c->count; i++) {
        struct plk_candidate *candidate = &c->list[i];
        if (candidate->transport != PLK_UDP || candidate->tries >= most) continue;
        if (next == NULL || sooner(c, candidate, next)) next = candidate;
    }
    return next;
}

size_t plk_candidates_encode(const struct plk_candidates *c, uint8_t out[PLK_CANDIDATES_ROW_MAX]) {
    struct plk_writer w = plk_writer(out, PLK_CANDIDATES_ROW_MAX);
    plk_writer_u8(&w, 1);
    for (size_t i = 0; i < c->count; i++) {
        const struct plk_candidate *a = &c->list[i];
        plk_assert(a->transport != PLK_PASS); // a queue is no address
        plk_writer_u8(&w, (uint8_t)a->transport);
        plk_writer_u8(&w, (uint8_t)a->source);
        plk_addr_write(&w, &a->addr);
        plk_writer_u64(&w, a->good_ms);
    }
    plk_assert(!w.failed);
    return w.len;
}

enum plk_err plk_candidates_decode(struct plk_bytes row, struct plk_candidates *c) {
    struct plk_reader r = plk_reader(row);
    struct plk_candidates got = {.count = 0};
    bool ok = plk_reader_u8(&r) == 1;
    while (ok && r.left > 0 && got.count < PLK_CANDIDATES_MAX) {
        struct plk_candidate *a = &got.list[got.count++];
        uint8_t transport = plk_reader_u8(&r), source = plk_reader_u8(&r);
        a->transport = (enum plk_transport)transport;
        a->source = (enum plk_candidate_source)source;
        a->addr = plk_addr_read(&r);
        a->good_ms = plk_reader_u64(&r);
        ok = !r.failed && transport >= PLK_UDP && transport <= PLK_TLS && source >= PLK_CANDIDATE_GOOD &&
             source <= PLK_CANDIDATE_BEACON;
    }
    if (!ok || !plk_reader_done(&r)) return PLK_ERR_CORRUPT;
    forget_old(&got);
    *c = got;
    return PLK_ERR_OK;
}
