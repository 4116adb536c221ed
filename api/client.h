// SPDX-License-Identifier: MIT
// Inside the API: one program on the Unix socket, and what all of them share.
#ifndef PLK_API_CLIENT_H
#define PLK_API_CLIENT_H

#include "api/api.h"
#include "api/call.h"
#include "wire/relay_name.h"

#define PLK_WATCH_RELAYS_MAX 8 // own ones

struct plk_watched_relay {
    struct plk_relay_view view;
    char host[PLK_RELAY_HOST_MAX]; // which view borrows from
};

struct plk_client {
    uv_pipe_t pipe;
    struct plk_api *api;
    struct plk_client *next;
    char *in; // what was read and not yet run
    size_t in_len, in_cap;
    char *out; // what was written and not yet given to the system
    size_t out_len, out_cap;
    size_t writing;               // bytes that the system has not taken yet
    size_t pending;               // calls without an answer
    bool paused, eof;             // not read from: for now, ever again
    bool ending, closing, closed; // closed once all is written, being closed, closed: freed with its last call
    bool watching;
    uint64_t seen;     // watching: the last durable event that was written
    uint32_t paths[8]; // contacts whose path changed, to be told after it; 0: none
    bool relays_changed;
    struct plk_watched_relay relays[PLK_WATCH_RELAYS_MAX]; // as they were last told
    size_t relay_count;
};

struct plk_api {
    struct plk_host *host;
    const char *version;
    void (*down)(void *ctx);
    void *ctx;
    uv_pipe_t listener;
    uv_prepare_t prepare; // writes what an iteration gathered
    uv_idle_t idle;       // makes sure that there is a next iteration
    uv_timer_t timer;     // the first deadline of those who wait
    char socket[PLK_HOME_SOCKET_MAX];
    struct plk_client *clients;
    size_t client_count;
    uv_timer_t stall;          // after which those who wait for a full disk are told
    struct plk_call *commands; // calls whose commands have no result yet
    struct plk_call *waiting;  // `send` with `wait`
    size_t waiting_count;
    uint64_t last_event; // durable
    unsigned open_handles;
    bool closing;
};

// Something is to be written: there will be a next iteration. Needed wherever it came from, since libuv says nothing of
// the order in which the prepare handles of one iteration run.
void plk_api_wake(struct plk_api *api);

// Takes a connection off the listener.
void plk_client_accept(struct plk_api *api);

// Appends one JSON object and a line end.
void plk_client_write(struct plk_client *client, const json_t *object);

// Hands what was written to the system, as far as it takes it without waiting.
void plk_client_flush(struct plk_client *client);

// Whether there is room for more of what nobody asked for.
static inline bool plk_client_has_room(const struct plk_client *client) {
    return client->out_len + client->writing < PLK_API_OUT_MAX;
}

// Once an iteration: events, what was written, and requests that had to wait.
void plk_client_tick(struct plk_client *client);

void plk_client_close(struct plk_client *client);

// watch.c: writes the events that a watching client has not seen, while there is room.
void plk_watch_pump(struct plk_client *client);
void plk_watch_path(struct plk_api *api, uint32_t contact);
void plk_watch_relays(struct plk_api *api);

// wait.c: those who wait for a state. A message changed; time has passed.
void plk_wait_event(struct plk_api *api, const struct plk_event_row *event);
void plk_wait_timer(struct plk_api *api);
void plk_wait_drop(struct plk_api *api, const struct plk_client *client); // NULL: all

#endif
