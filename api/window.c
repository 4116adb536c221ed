// SPDX-License-Identifier: MIT
#include "api/window.h"

#include <stdlib.h>

#define CLOSE_CROWDED 1013 // try again later (IANA's list of close codes)

struct window {
    struct plk_client client;      // first: one is the other
    uv_timer_t deadline;           // of the login
    struct plk_web_socket *socket; // NULL: gone
    char *out;                     // the object that is being written
    size_t out_len, out_cap;
    bool spoke; // it has called something
};

static struct window *of(struct plk_client *client) { return (struct window *)client; }

// ---- writing --------------------------------------------------------------------------------------------------------

static void append(struct plk_client *client, const char *text, size_t len) {
    struct window *window = of(client);
    size_t need = window->out_len + len, size = window->out_cap < 1024 ? 1024 : window->out_cap;
    while (size < need) size *= 2;
    if (size > window->out_cap) {
        window->out = realloc(window->out, size);
        plk_assert(window->out != NULL);
        window->out_cap = size;
    }
    memcpy(window->out + window->out_len, text, len);
    window->out_len = need;
}

static void end(struct plk_client *client) {
    struct window *window = of(client);
    if (window->socket != NULL) plk_web_socket_write(window->socket, plk_bytes(window->out, window->out_len));
    free(window->out);
    window->out = NULL;
    window->out_len = window->out_cap = 0;
}

static size_t unsent(const struct plk_client *client) {
    const struct window *window = (const struct window *)client;
    return window->socket != NULL ? plk_web_socket_unsent(window->socket) : 0;
}

static void part(struct window *window, uint16_t code, const char *reason) {
    if (window->socket != NULL) plk_web_socket_close(window->socket, code, reason);
}

static void flush(struct plk_client *client) {
    struct window *window = of(client);
    if (client->ending && client->pending == 0)
        part(window, CLOSE_CROWDED, "");
    else if (!client->known && window->spoke && client->pending == 0)
        part(window, PLK_WINDOW_CLOSE_LOGIN, "not logged in");
    else if (window->socket != NULL)
        plk_web_socket_flush(window->socket);
}

// ---- requests -------------------------------------------------------------------------------------------------------

static void resume(struct plk_client *client) {
    struct window *window = of(client);
    if (client->closing || window->socket == NULL) return;
    client->paused = client->ending || plk_client_is_busy(client);
    plk_web_socket_pause(window->socket, client->paused);
}

static void on_message(void *ctx, struct plk_bytes text) {
    struct window *window = ctx;
    struct plk_client *client = &window->client;
    if (client->closing || client->ending) return;
    // One attempt; what was sent behind it without waiting for the answer is not looked at.
    if (!client->known && window->spoke) return;
    window->spoke = true;
    plk_client_run(client, text);
    if (!client->paused && plk_client_is_busy(client)) resume(client);
    plk_api_wake(client->api);
}

static void on_room(void *ctx) {
    struct window *window = ctx;
    plk_api_wake(window->client.api);
}

// ---- life -----------------------------------------------------------------------------------------------------------

static void on_closed(void *ctx) {
    struct window *window = ctx;
    window->socket = NULL;
    plk_client_close(&window->client);
}

static void on_timer_closed(uv_handle_t *handle) {
    struct window *window = handle->data;
    plk_client_gone(&window->client);
}

static void close_it(struct plk_client *client) {
    struct window *window = of(client);
    part(window, 1001, "the node stops");
    uv_close((uv_handle_t *)&window->deadline, on_timer_closed);
}

static void free_it(struct plk_client *client) {
    free(of(client)->out);
    free(of(client));
}

static const struct plk_client_way way = {append, end, flush, resume, unsent, close_it, free_it};

static void on_deadline(uv_timer_t *timer) {
    struct window *window = timer->data;
    if (!window->client.known && window->client.pending == 0) part(window, PLK_WINDOW_CLOSE_LOGIN, "not logged in");
}

void plk_window_let_in(struct plk_client *client) {
    client->known = true;
    uv_timer_stop(&of(client)->deadline);
}

static bool is_stranger(const struct plk_client *client) {
    return client->way == &way && !client->known && !client->closing;
}

// Whoever can reach the port can open connections: they take no places from those who are logged in.
static void make_room(struct plk_api *api) {
    struct plk_client *oldest = NULL;
    size_t count = 0;
    for (struct plk_client *client = api->clients; client != NULL; client = client->next) {
        if (!is_stranger(client)) continue;
        oldest = client; // the newest is the first
        count++;
    }
    if (count >= PLK_WINDOW_STRANGERS_MAX) part(of(oldest), PLK_WINDOW_CLOSE_LOGIN, "not logged in");
}

void plk_window_opened(void *ctx, struct plk_web_socket *socket) {
    static const struct plk_web_socket_events events = {on_message, on_room, on_closed};
    struct plk_api *api = ctx;
    if (api->closing) return;
    make_room(api);
    struct window *window = calloc(1, sizeof *window);
    plk_assert(window != NULL);
    window->socket = socket;
    window->client.window = true;
    window->deadline.data = window;
    if (uv_timer_init(plk_host_loop(api->host), &window->deadline) != 0) {
        free(window);
        return;
    }
    plk_client_open(&window->client, api, &way);
    plk_web_socket_take(socket, &events, window);
    uv_timer_start(&window->deadline, on_deadline, PLK_WINDOW_LOGIN_MS, 0);
    if (plk_client_is_crowded(api))
        plk_client_refuse(&window->client, PLK_CALL_TOO_MANY, "64 programs and windows are connected already");
}
