// SPDX-License-Identifier: MIT
#include "host/pg/pg_fleet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host/address.h"
#include "host/clock.h"
#include "host/entropy.h"
#include "host/memory.h"
#include "host/pg/pg_store.h"

#define RECEIVE_BYTES (1 << 20)

struct peer {
    bool live;
    struct sockaddr_storage to;
    socklen_t to_len;
    struct plk_fleet_reader reader; // the loop's
    int64_t changed;                // as of the last look
};

struct plk_pg_fleet {
    struct plk_relay_host *host;
    struct plk_pg_census *census;
    char *url;
    uv_udp_t udp;
    uv_async_t looked;
    int handles;
    uv_os_fd_t fd;
    uint8_t key[32];
    uint8_t received[PLK_FLEET_LETTER_MAX];
    uv_mutex_t lock;
    // Guarded by the lock: the writer's thread sends as well.
    struct plk_fleet_writer writer;
    struct peer peers[PLK_FLEET_SLOTS];
    // The writer's thread's.
    enum plk_fleet_kind telling;
    uint8_t told[PLK_FLEET_SIDS_MAX * PLK_QUEUE_ID_LEN];
    size_t told_count;
};

// ---- out --------------------------------------------------------------------------------------------------------------

// Each is sealed for itself: a number is good once for each process that it goes to. What does not go at once is lost.
static void send_to(struct plk_pg_fleet *f, const struct peer *peer, struct plk_bytes word) {
    uint8_t letter[PLK_FLEET_LETTER_MAX];
    size_t len = plk_fleet_letter_seal(letter, &f->writer, word);
    sendto(f->fd, letter, len, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&peer->to, peer->to_len);
}

static void send_word(struct plk_pg_fleet *f, uint8_t to, struct plk_bytes word) {
    uv_mutex_lock(&f->lock);
    for (unsigned slot = 0; slot < PLK_FLEET_SLOTS; slot++) {
        if (f->peers[slot].live && (to == PLK_RELAY_FLEET_ALL || to == slot)) send_to(f, &f->peers[slot], word);
    }
    uv_mutex_unlock(&f->lock);
}

static void send_list(struct plk_pg_fleet *f, const struct plk_fleet_word *word) {
    uint8_t room[PLK_FLEET_WORD_MAX];
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_fleet_word_encode(&w, word);
    send_word(f, PLK_RELAY_FLEET_ALL, plk_writer_bytes(&w));
}

// The store's writer has committed: gathered by kind.
static void on_told(void *ctx, enum plk_fleet_kind kind, const uint8_t *sid, bool last) {
    struct plk_pg_fleet *f = ctx;
    memcpy(f->told + f->told_count++ * PLK_QUEUE_ID_LEN, sid, PLK_QUEUE_ID_LEN);
    if (!last && f->told_count < PLK_FLEET_SIDS_MAX) return;
    struct plk_fleet_word word = {.kind = kind, .sids = plk_bytes(f->told, f->told_count * PLK_QUEUE_ID_LEN)};
    f->told_count = 0;
    send_list(f, &word);
}

// What the core has to say, after each of its turns.
static void on_speak(void *ctx, struct plk_relay *relay) {
    struct plk_pg_fleet *f = ctx;
    uint8_t sids[PLK_FLEET_SIDS_MAX * PLK_QUEUE_ID_LEN], to;
    struct plk_fleet_word word = {.kind = PLK_FLEET_SUBSCRIBED};
    struct plk_bytes bytes;
    while (plk_relay_fleet_next(relay, &to, &bytes)) send_word(f, to, bytes);
    for (size_t count = PLK_FLEET_SIDS_MAX; plk_relay_fleet_subscribed(relay, &word.stamp, sids, &count);
         count = PLK_FLEET_SIDS_MAX) {
        word.sids = plk_bytes(sids, count * PLK_QUEUE_ID_LEN);
        send_list(f, &word);
        plk_pg_census_subscribed(f->census, word.stamp, sids, count);
    }
    plk_pg_census_changed(f->census, plk_relay_state(relay).stored_change);
}

// ---- in ---------------------------------------------------------------------------------------------------------------

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
    struct plk_pg_fleet *f = handle->data;
    (void)size;
    *buffer = uv_buf_init((char *)f->received, sizeof f->received);
}

static void on_letter(uv_udp_t *udp, ssize_t got, const uv_buf_t *buffer, const struct sockaddr *from, unsigned flags) {
    struct plk_pg_fleet *f = udp->data;
    struct plk_fleet_letter letter;
    struct plk_fleet_word word;
    uint8_t room[PLK_FLEET_LETTER_MAX];
    if (got <= 0 || from == NULL || (flags & UV_UDP_PARTIAL) != 0) return;
    if (plk_fleet_letter_open(&letter, f->key, plk_bytes((const uint8_t *)buffer->base, (size_t)got), room) !=
            PLK_ERR_OK ||
        !f->peers[letter.slot].live || plk_fleet_letter_accept(&f->peers[letter.slot].reader, &letter) != PLK_ERR_OK ||
        plk_fleet_word_decode(letter.word, &word) != PLK_ERR_OK)
        return;
    plk_relay_fleet_hear(plk_relay_host_turn(f->host), plk_clock_now(), letter.slot, &word);
}

static bool address_of(const char *words, struct peer *peer) {
    char text[PLK_PG_WORDS_MAX];
    snprintf(text, sizeof text, "%s", words);
    char *space = strchr(text, ' ');
    if (space == NULL) return false;
    *space = 0;
    int port = atoi(space + 1);
    struct sockaddr_storage to = {0};
    bool v4 = uv_ip4_addr(text, port, (struct sockaddr_in *)&to) == 0;
    if (!v4 && uv_ip6_addr(text, port, (struct sockaddr_in6 *)&to) != 0) return false;
    peer->to = to;
    peer->to_len = v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    return true;
}

// Another process in this slot is a new one: what it has changed before counts in our own walk over the store.
static int64_t meet(struct plk_pg_fleet *f, const struct plk_pg_process *process) {
    struct peer *peer = &f->peers[process->slot];
    bool known = memcmp(peer->reader.instance, process->instance, sizeof process->instance) == 0;
    int64_t changed = known ? process->changed - peer->changed : 0;
    peer->changed = process->changed;
    peer->live = (known && peer->live) || address_of(process->words, peer);
    if (!known) {
        peer->reader = (struct plk_fleet_reader){.highest = 0};
        memcpy(peer->reader.instance, process->instance, sizeof process->instance);
    }
    return changed;
}

// ADDR:PORT, [ADDR]:PORT or nothing.
static bool parse(const char *listen, struct sockaddr_storage *at) {
    char text[PLK_PG_PLACE_MAX];
    snprintf(text, sizeof text, "%s", listen[0] == 0 ? "127.0.0.1:0" : listen);
    char *colon = strrchr(text, ':'), *host = text;
    if (colon == NULL) return false;
    *colon = 0;
    int port = atoi(colon + 1);
    if (host[0] == '[' && colon[-1] == ']') {
        colon[-1] = 0;
        host++;
    }
    return uv_ip4_addr(host, port, (struct sockaddr_in *)at) == 0 ||
           uv_ip6_addr(host, port, (struct sockaddr_in6 *)at) == 0;
}

// Those of numbers: a name has the addresses that its owner gives it.
static void tell_places(struct plk_relay *relay, const struct plk_pg_look *look) {
    struct plk_addr places[PLK_RELAY_GREETING_PLACES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < look->other_count && count < PLK_RELAY_GREETING_PLACES_MAX; i++) {
        struct sockaddr_storage at = {0};
        if (!parse(look->others[i].place, &at)) continue;
        places[count++] = plk_address_from_system((struct sockaddr *)&at);
    }
    plk_relay_fleet_places(relay, places, count);
}

static void take_others(struct plk_pg_fleet *f, const struct plk_pg_look *look) {
    uint64_t live = 0;
    int64_t changed = 0;
    uv_mutex_lock(&f->lock);
    for (size_t i = 0; i < look->other_count; i++) {
        changed += meet(f, &look->others[i]);
        live |= UINT64_C(1) << look->others[i].slot;
    }
    for (unsigned slot = 0; slot < PLK_FLEET_SLOTS; slot++) {
        if ((live >> slot & 1) == 0) f->peers[slot].live = false;
    }
    uv_mutex_unlock(&f->lock);
    struct plk_relay *relay = plk_relay_host_turn(f->host);
    plk_relay_fleet_others(relay, live);
    tell_places(relay, look);
    plk_relay_fleet_stored(relay, changed);
    if (look->everything) plk_relay_fleet_look_again(relay);
}

static void on_looked(uv_async_t *async) {
    struct plk_pg_fleet *f = async->data;
    struct plk_pg_look *look = plk_pg_census_next(f->census);
    if (look == NULL) return;
    take_others(f, look);
    for (size_t i = 0; i < look->news_count; i++) {
        const struct plk_pg_news *news = &look->news[i];
        struct plk_fleet_word word = {
            .kind = news->kind, .sids = plk_bytes(news->sid, sizeof news->sid), .stamp = news->stamp};
        if (word.kind >= PLK_FLEET_ITEMS && word.kind <= PLK_FLEET_SUBSCRIBED)
            plk_relay_fleet_hear(plk_relay_host_turn(f->host), plk_clock_now(), news->slot, &word);
    }
    plk_pg_look_free(look);
}

static void wake(void *ctx) { uv_async_send(&((struct plk_pg_fleet *)ctx)->looked); }

// ---- opening and closing ----------------------------------------------------------------------------------------------

static void on_closed(uv_handle_t *handle) { ((struct plk_pg_fleet *)handle->data)->handles--; }

static void close_handles(struct plk_pg_fleet *f) {
    uv_close((uv_handle_t *)&f->udp, on_closed);
    uv_close((uv_handle_t *)&f->looked, on_closed);
    while (f->handles > 0) uv_run(plk_relay_host_loop(f->host), UV_RUN_NOWAIT);
    uv_mutex_destroy(&f->lock);
    plk_memory_give(f->url, strlen(f->url) + 1);
    plk_memory_give(f, sizeof *f);
}

static bool bind_to(struct plk_pg_fleet *f, const char *listen, char words[PLK_PG_WORDS_MAX]) {
    struct sockaddr_storage at = {0};
    int len = sizeof at, room = RECEIVE_BYTES;
    char ip[48];
    if (!parse(listen, &at) || uv_udp_bind(&f->udp, (struct sockaddr *)&at, 0) != 0 ||
        uv_udp_getsockname(&f->udp, (struct sockaddr *)&at, &len) != 0 ||
        uv_fileno((uv_handle_t *)&f->udp, &f->fd) != 0 || uv_udp_recv_start(&f->udp, on_room, on_letter) != 0)
        return false;
    uv_recv_buffer_size((uv_handle_t *)&f->udp, &room);
    bool v4 = at.ss_family == AF_INET;
    if ((v4 ? uv_ip4_name((struct sockaddr_in *)&at, ip, sizeof ip)
            : uv_ip6_name((struct sockaddr_in6 *)&at, ip, sizeof ip)) != 0)
        return false;
    unsigned port = ntohs(v4 ? ((struct sockaddr_in *)&at)->sin_port : ((struct sockaddr_in6 *)&at)->sin6_port);
    snprintf(words, PLK_PG_WORDS_MAX, "%s %u", ip, port);
    return true;
}

static void join(struct plk_pg_fleet *f, const struct plk_pg_fleet_config *config, const char *words) {
    struct plk_pg_census_config census = {.url = f->url, .wake = wake, .ctx = f};
    census.own.slot = f->writer.slot;
    memcpy(census.own.instance, f->writer.instance, sizeof census.own.instance);
    snprintf(census.own.place, sizeof census.own.place, "%s", config->place);
    snprintf(census.own.words, sizeof census.own.words, "%s", words);
    plk_pg_store_watch(plk_relay_host_store(f->host), on_told, f);
    f->census = plk_pg_census_open(&census);
    plk_relay_host_fleet_join(f->host, f->writer.slot, on_speak, f);
}

enum plk_fault_kind plk_pg_fleet_open(struct plk_pg_fleet **out, const struct plk_pg_fleet_config *config,
                                      struct plk_fault *fault) {
    char words[PLK_PG_WORDS_MAX];
    struct plk_pg_fleet *f = plk_memory_take(sizeof *f);
    uv_loop_t *loop = plk_relay_host_loop(config->host);
    f->host = config->host;
    f->url = plk_memory_take(strlen(config->url) + 1);
    memcpy(f->url, config->url, strlen(config->url));
    memcpy(f->key, plk_relay_host_fleet_key(config->host), sizeof f->key);
    memcpy(f->writer.key, f->key, sizeof f->key);
    f->writer.slot = plk_pg_store_slot(plk_relay_host_store(config->host));
    plk_entropy_bytes(f->writer.instance, sizeof f->writer.instance);
    plk_assert(uv_mutex_init(&f->lock) == 0 && uv_udp_init(loop, &f->udp) == 0 &&
               uv_async_init(loop, &f->looked, on_looked) == 0);
    f->udp.data = f->looked.data = f;
    f->handles = 2;
    if (!bind_to(f, config->listen, words)) {
        close_handles(f);
        *out = NULL;
        return plk_fault_set(fault, PLK_FAULT_LISTEN, "other processes cannot be listened to on %s", config->listen);
    }
    join(f, config, words);
    *out = f;
    return PLK_FAULT_NONE;
}

void plk_pg_fleet_close(struct plk_pg_fleet *f) {
    if (f == NULL) return;
    plk_pg_store_watch(plk_relay_host_store(f->host), NULL, NULL);
    plk_relay_host_fleet_join(f->host, f->writer.slot, NULL, NULL);
    plk_pg_census_close(f->census);
    close_handles(f);
}
