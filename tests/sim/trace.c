// SPDX-License-Identifier: MIT
#include "sim/trace.h"

#include <inttypes.h>

enum { SHOWN = 12 };

void trace_start(struct trace *t, FILE *out) {
    memset(t, 0, sizeof *t);
    t->out = out;
    t->to_us = UINT64_MAX;
}

static void fold(struct trace *t) {
    uint8_t next[TRACE_HASH_LEN];
    plk_siphash128(next, t->chain, plk_bytes(t->held, t->held_len));
    memcpy(t->chain, next, sizeof next);
    t->held_len = 0;
}

static void hold(struct trace *t, const void *at, size_t len) {
    const uint8_t *from = at;
    while (len) {
        size_t room = sizeof t->held - t->held_len, n = len < room ? len : room;
        memcpy(t->held + t->held_len, from, n);
        t->held_len += n;
        from += n;
        len -= n;
        if (t->held_len == sizeof t->held) fold(t);
    }
}

static void hold_u64(struct trace *t, uint64_t value) {
    uint8_t at[8];
    for (size_t i = 0; i < 8; i++) at[i] = (uint8_t)(value >> (56 - 8 * i));
    hold(t, at, sizeof at);
}

static void hold_text(struct trace *t, const char *text) {
    hold_u64(t, strlen(text));
    hold(t, text, strlen(text));
}

static void show(struct trace *t, const struct trace_entry *e, const char *note) {
    fprintf(t->out, "%6" PRIu64 ".%06" PRIu64 " %-8s %-14s %s", e->at_us / PLK_SECOND, e->at_us % PLK_SECOND, e->actor,
            e->kind, note);
    if (e->bytes.len) fprintf(t->out, " [%zu:", e->bytes.len);
    for (size_t i = 0; i < e->bytes.len && i < SHOWN; i++) fprintf(t->out, "%s%02x", i % 4 ? "" : " ", e->bytes.at[i]);
    fputs(e->bytes.len > SHOWN ? " ..]\n" : e->bytes.len ? "]\n" : "\n", t->out);
}

void trace_add(struct trace *t, const struct trace_entry *e, const char *format, ...) {
    char note[256];
    va_list args;
    va_start(args, format);
    vsnprintf(note, sizeof note, format, args);
    va_end(args);
    hold_u64(t, e->at_us);
    hold_text(t, e->actor);
    hold_text(t, e->kind);
    hold_text(t, note);
    hold_u64(t, e->bytes.len);
    hold(t, e->bytes.at, e->bytes.len);
    t->lines++;
    if (t->out && e->at_us >= t->from_us && e->at_us <= t->to_us) show(t, e, note);
}

void trace_hash(struct trace *t, char out[2 * TRACE_HASH_LEN + 1]) {
    fold(t);
    for (size_t i = 0; i < TRACE_HASH_LEN; i++) snprintf(out + 2 * i, 3, "%02x", t->chain[i]);
}

// Every packet's two addresses are written, so this is worth more than a printf.
static char *number(char *at, unsigned value, unsigned base) {
    unsigned unit = 1;
    while (value / unit >= base) unit *= base;
    for (; unit; unit /= base) *at++ = "0123456789abcdef"[value / unit % base];
    return at;
}

static char *addr4(char *at, const struct plk_addr *addr) {
    for (size_t i = 0; i < 4; i++) {
        if (i) *at++ = '.';
        at = number(at, addr->ip[i], 10);
    }
    return at;
}

static char *addr6(char *at, const struct plk_addr *addr) {
    *at++ = '[';
    for (size_t i = 0; i < 16; i += 2) {
        if (i) *at++ = ':';
        at = number(at, (unsigned)(addr->ip[i] << 8 | addr->ip[i + 1]), 16);
    }
    *at++ = ']';
    return at;
}

const char *trace_addr(char out[TRACE_ADDR_MAX], const struct plk_addr *addr) {
    char *at = out;
    if (addr->family == 0) {
        *at++ = '-';
    } else {
        at = addr->family == 4 ? addr4(at, addr) : addr6(at, addr);
        *at++ = ':';
        at = number(at, addr->port, 10);
    }
    *at = 0;
    return out;
}
