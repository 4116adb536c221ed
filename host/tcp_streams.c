// SPDX-License-Identifier: MIT
#include "host/tcp_streams.h"

#include "host/entropy.h"
#include "host/memory.h"

#define FIRST_BUCKETS 64

struct plk_tcp_site {
    struct plk_tcp_site *next;
    uint64_t key;
    size_t count;
};

// ---- hashing ----------------------------------------------------------------------------------------------------------

static uint64_t site_key(const struct plk_addr *addr) {
    uint64_t key = 0;
    for (size_t i = 0; i < (addr->family == 4 ? 4u : 8u); i++) key = key << 8 | addr->ip[i];
    // No connection comes from ffff:ffff::/32, which is multicast.
    return addr->family == 4 ? key | UINT64_C(0xffffffff) << 32 : key;
}

static size_t site_slot(const struct plk_tcp_streams *streams, uint64_t key) {
    uint64_t mixed = (key ^ streams->salt) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 32 ^ streams->salt) * UINT64_C(0xd6e8feb86659fd93);
    return (size_t)(mixed >> 32) & (streams->bucket_count - 1);
}

static size_t slot(const struct plk_tcp_streams *streams, uint32_t id) { return id & (streams->bucket_count - 1); }

static void allot(struct plk_tcp_streams *streams, size_t count) {
    streams->bucket_count = count;
    streams->buckets = plk_memory_take(count * sizeof *streams->buckets);
    streams->sites = plk_memory_take(count * sizeof *streams->sites);
}

static void grow(struct plk_tcp_streams *streams) {
    struct plk_tcp_streams old = *streams;
    allot(streams, old.bucket_count * 2);
    for (size_t i = 0; i < old.bucket_count; i++) {
        for (struct plk_tcp_stream *s = old.buckets[i], *next; s != NULL; s = next) {
            next = s->next;
            s->next = streams->buckets[slot(streams, s->id)];
            streams->buckets[slot(streams, s->id)] = s;
        }
        for (struct plk_tcp_site *s = old.sites[i], *next; s != NULL; s = next) {
            next = s->next;
            s->next = streams->sites[site_slot(streams, s->key)];
            streams->sites[site_slot(streams, s->key)] = s;
        }
    }
    plk_memory_give(old.buckets, old.bucket_count * sizeof *old.buckets);
    plk_memory_give(old.sites, old.bucket_count * sizeof *old.sites);
}

void plk_tcp_streams_init(struct plk_tcp_streams *streams) {
    *streams = (struct plk_tcp_streams){.buckets = NULL};
    plk_entropy_bytes(&streams->salt, sizeof streams->salt);
    allot(streams, FIRST_BUCKETS);
}

void plk_tcp_streams_free(struct plk_tcp_streams *streams) {
    plk_assert(streams->count == 0);
    plk_memory_give(streams->buckets, streams->bucket_count * sizeof *streams->buckets);
    plk_memory_give(streams->sites, streams->bucket_count * sizeof *streams->sites);
}

// ---- sites ------------------------------------------------------------------------------------------------------------

static struct plk_tcp_site **site_at(const struct plk_tcp_streams *streams, const struct plk_addr *remote) {
    uint64_t key = site_key(remote);
    struct plk_tcp_site **at = &streams->sites[site_slot(streams, key)];
    while (*at != NULL && (*at)->key != key) at = &(*at)->next;
    return at;
}

static void site_add(struct plk_tcp_streams *streams, const struct plk_addr *remote) {
    struct plk_tcp_site **at = site_at(streams, remote);
    if (*at == NULL) {
        *at = plk_memory_take(sizeof **at);
        (*at)->key = site_key(remote);
    }
    (*at)->count++;
}

static void site_remove(struct plk_tcp_streams *streams, const struct plk_addr *remote) {
    struct plk_tcp_site **at = site_at(streams, remote), *site = *at;
    if (--site->count > 0) return;
    *at = site->next;
    plk_memory_give(site, sizeof *site);
}

size_t plk_tcp_streams_of_site(const struct plk_tcp_streams *streams, const struct plk_addr *remote) {
    const struct plk_tcp_site *site = *site_at(streams, remote);
    return site == NULL ? 0 : site->count;
}

// ---- by number --------------------------------------------------------------------------------------------------------

void plk_tcp_streams_add(struct plk_tcp_streams *streams, struct plk_tcp_stream *stream) {
    if (streams->count == streams->bucket_count) grow(streams);
    struct plk_tcp_stream **bucket = &streams->buckets[slot(streams, stream->id)];
    stream->wait = PLK_TCP_WAIT_NONE;
    stream->next = *bucket;
    *bucket = stream;
    streams->count++;
    if (!stream->accepted) return;
    streams->accepted++;
    site_add(streams, &stream->remote);
}

static void forget_written(struct plk_tcp_streams *streams, struct plk_tcp_stream *stream) {
    if (!stream->written) return;
    struct plk_tcp_stream **at = &streams->written;
    while (*at != stream) at = &(*at)->next_written;
    *at = stream->next_written;
    stream->written = false;
}

void plk_tcp_streams_remove(struct plk_tcp_streams *streams, struct plk_tcp_stream *stream) {
    plk_tcp_streams_wait(streams, stream, PLK_TCP_WAIT_NONE, 0);
    forget_written(streams, stream);
    struct plk_tcp_stream **at = &streams->buckets[slot(streams, stream->id)];
    while (*at != stream) at = &(*at)->next;
    *at = stream->next;
    streams->count--;
    if (!stream->accepted) return;
    streams->accepted--;
    site_remove(streams, &stream->remote);
}

struct plk_tcp_stream *plk_tcp_streams_find(const struct plk_tcp_streams *streams, uint32_t id) {
    struct plk_tcp_stream *stream = streams->buckets[slot(streams, id)];
    while (stream != NULL && (stream->id != id || stream->closing)) stream = stream->next;
    return stream;
}

struct plk_tcp_stream *plk_tcp_streams_next(const struct plk_tcp_streams *streams, const struct plk_tcp_stream *after) {
    if (after != NULL && after->next != NULL) return after->next;
    for (size_t i = after == NULL ? 0 : slot(streams, after->id) + 1; i < streams->bucket_count; i++) {
        if (streams->buckets[i] != NULL) return streams->buckets[i];
    }
    return NULL;
}

// ---- deadlines --------------------------------------------------------------------------------------------------------

static void leave(struct plk_tcp_streams *streams, struct plk_tcp_stream *stream) {
    if (stream->wait == PLK_TCP_WAIT_NONE) return;
    *(stream->earlier == NULL ? &streams->waits[stream->wait].first : &stream->earlier->later) = stream->later;
    *(stream->later == NULL ? &streams->waits[stream->wait].last : &stream->later->earlier) = stream->earlier;
    streams->waits[stream->wait].count--;
    stream->wait = PLK_TCP_WAIT_NONE;
}

void plk_tcp_streams_wait(struct plk_tcp_streams *streams, struct plk_tcp_stream *stream, enum plk_tcp_wait wait,
                          uint64_t deadline_ms) {
    leave(streams, stream);
    if (wait == PLK_TCP_WAIT_NONE) return;
    stream->wait = wait;
    stream->deadline_ms = deadline_ms;
    stream->later = NULL;
    stream->earlier = streams->waits[wait].last;
    *(stream->earlier == NULL ? &streams->waits[wait].first : &stream->earlier->later) = stream;
    streams->waits[wait].last = stream;
    streams->waits[wait].count++;
}

struct plk_tcp_stream *plk_tcp_streams_due(const struct plk_tcp_streams *streams, uint64_t now_ms) {
    for (size_t i = 0; i < PLK_TCP_WAITS; i++) {
        struct plk_tcp_stream *first = streams->waits[i].first;
        if (first != NULL && first->deadline_ms <= now_ms) return first;
    }
    return NULL;
}

uint64_t plk_tcp_streams_deadline_ms(const struct plk_tcp_streams *streams) {
    uint64_t deadline_ms = UINT64_MAX;
    for (size_t i = 0; i < PLK_TCP_WAITS; i++) {
        const struct plk_tcp_stream *first = streams->waits[i].first;
        if (first != NULL && first->deadline_ms < deadline_ms) deadline_ms = first->deadline_ms;
    }
    return deadline_ms;
}

struct plk_tcp_stream *plk_tcp_streams_stranger(const struct plk_tcp_streams *streams, const struct plk_addr *site) {
    struct plk_tcp_stream *stranger = streams->waits[PLK_TCP_WAIT_STRANGER].first;
    if (site == NULL) return stranger;
    uint64_t key = site_key(site);
    while (stranger != NULL && site_key(&stranger->remote) != key) stranger = stranger->later;
    return stranger;
}

// ---- written to -------------------------------------------------------------------------------------------------------

void plk_tcp_streams_wrote(struct plk_tcp_streams *streams, struct plk_tcp_stream *stream) {
    if (stream->written) return;
    stream->written = true;
    stream->next_written = streams->written;
    streams->written = stream;
}

struct plk_tcp_stream *plk_tcp_streams_take_written(struct plk_tcp_streams *streams) {
    struct plk_tcp_stream *stream = streams->written;
    if (stream == NULL) return NULL;
    streams->written = stream->next_written;
    stream->written = false;
    return stream;
}
