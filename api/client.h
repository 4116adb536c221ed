// SPDX-License-Identifier: MIT
// Inside the API: one client, a program on the Unix socket (program.c) or a window of the page (window.c), and what all of
// them share. How bytes travel is the way's business; calls, events and backpressure are the same for both.
#ifndef PLK_API_CLIENT_H
#define PLK_API_CLIENT_H

#include "api/api.h"
#include "api/call.h"
#include "api/door.h"
#include "wire/relay_name.h"

#define PLK_WATCH_RELAYS_MAX 8 // own ones

struct plk_watched_relay {
    struct plk_relay_view view;
    char host[PLK_RELAY_HOST_MAX]; // which view borrows from
};

struct plk_client;

// How a client's bytes travel. None closes a client twice; all may close it.
struct plk_client_way {
    void (*append)(struct plk_client *client, const char *text, size_t len); // a part of an object
    void (*end)(struct plk_client *client);                                  // the object is whole
    void (*flush)(
        struct plk_client *client); // hands what was written to the system, as far as it takes it without waiting
    void (*resume)(
        struct plk_client *client); // runs what can be run and reads on, or stops reading until there is room
    size_t (*unsent)(const struct plk_client *client);
    void (*close)(struct plk_client *client); // later calls plk_client_gone
    void (*free)(struct plk_client *client);
};

struct plk_client {
    const struct plk_client_way *way;
    struct plk_api *api;
    struct plk_client *next;
    size_t pending;               // calls without an answer
    bool paused, eof;             // not read from: for now, ever again
    bool ending, closing, closed; // closed once all is written, being closed, closed: freed with its last call
    bool window;                  // of a browser: methods that are for the Unix socket only are not for it
    bool known;                   // it may call: a program, or a window that is logged in
    bool watching;
    bool from_now;      // watching: it began when no profile was open, with what comes next
    bool state_changed; // of the node, to be told
    uint64_t seen;      // watching: the last durable event that was written
    uint32_t paths[8];  // contacts whose path changed, to be told after it; 0: none
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
    struct plk_call *trying;   // whose passphrase is being tried, or NULL
    struct plk_web *web;       // the page's server, or NULL
    struct plk_door door;      // who may open it
    size_t waiting_count;
    uint64_t last_event; // durable
    unsigned open_handles;
    bool closing;
};

// Something is to be written: there will be a next iteration. Needed wherever it came from, since libuv says nothing of
// the order in which the prepare handles of one iteration run.
void plk_api_wake(struct plk_api *api);

// Of a way: a client is there, has a call's line to be run, is closed.
void plk_client_open(struct plk_client *client, struct plk_api *api, const struct plk_client_way *way);
void plk_client_run(struct plk_client *client, struct plk_bytes line);
void plk_client_gone(struct plk_client *client);

// Too many are there, or something it said cannot be understood: says why, and closes once that is written.
void plk_client_refuse(struct plk_client *client, int code, const char *line);
bool plk_client_is_crowded(const struct plk_api *api);

// Not to be read from now; nothing more is to be read from it or written to it (has_line: something is left to be run).
bool plk_client_is_busy(const struct plk_client *client);
bool plk_client_is_done(const struct plk_client *client, bool has_line);

// Appends one JSON object.
void plk_client_write(struct plk_client *client, const json_t *object);

static inline void plk_client_flush(struct plk_client *client) {
    if (!client->closing) client->way->flush(client);
}

// Whether there is room for more of what nobody asked for.
static inline bool plk_client_has_room(const struct plk_client *client) {
    return client->way->unsent(client) < PLK_API_OUT_MAX;
}

// Once an iteration: events, what was written, and requests that had to wait.
void plk_client_tick(struct plk_client *client);

void plk_client_close(struct plk_client *client);

// program.c: takes a connection off the listener.
void plk_program_accept(struct plk_api *api);

// watch.c: writes the events that a watching client has not seen, while there is room.
void plk_watch_pump(struct plk_client *client);
void plk_watch_path(struct plk_api *api, uint32_t contact);
void plk_watch_relays(struct plk_api *api);
void plk_watch_state(struct plk_api *api); // of the node has changed

// wait.c: those who wait for a state. A message changed; time has passed.
void plk_wait_event(struct plk_api *api, const struct plk_event_row *event);
void plk_wait_timer(struct plk_api *api);
void plk_wait_drop(struct plk_api *api,
                   const struct plk_client *client); // NULL: all, since the node stops or is locked

#endif
