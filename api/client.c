// SPDX-License-Identifier: MIT
#include "api/client.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_LEN 65536
#define OUT_KEEP (64 * 1024) // capacity that an idle client keeps

struct write {
    uv_write_t req;
    struct plk_client *client;
    size_t len;
    char *at;
};

static void resume(struct plk_client *client);

static bool has_line(const struct plk_client *client) {
    return client->in_len > 0 && memchr(client->in, '\n', client->in_len) != NULL;
}

// Nothing more is to be read from it or written to it.
static bool is_done(const struct plk_client *client) {
    return client->pending == 0 && (client->ending || (client->eof && !has_line(client)));
}

static void free_if_over(struct plk_client *client) {
    if (!client->closed || client->pending > 0) return;
    free(client->in);
    free(client->out);
    free(client);
}

// ---- writing --------------------------------------------------------------------------------------------------------

static void grow(char **at, size_t *cap, size_t need) {
    if (need <= *cap) return;
    size_t size = *cap < 4096 ? 4096 : *cap;
    while (size < need) size *= 2;
    *at = realloc(*at, size);
    plk_assert(*at != NULL);
    *cap = size;
}

static int append(const char *text, size_t len, void *ctx) {
    struct plk_client *client = ctx;
    grow(&client->out, &client->out_cap, client->out_len + len);
    memcpy(client->out + client->out_len, text, len);
    client->out_len += len;
    return 0;
}

void plk_client_write(struct plk_client *client, const json_t *object) {
    if (client->closing) return;
    json_dump_callback(object, append, client, JSON_COMPACT);
    append("\n", 1, client);
    plk_api_wake(client->api);
}

static void on_written(uv_write_t *req, int status) {
    struct write *write = (struct write *)req;
    struct plk_client *client = write->client;
    client->writing -= write->len;
    free(write->at);
    free(write);
    if (status < 0)
        plk_client_close(client);
    else
        plk_client_flush(client);
    resume(client);
}

static void drop_front(struct plk_client *client, size_t len) {
    memmove(client->out, client->out + len, client->out_len - len);
    client->out_len -= len;
    if (client->out_len > 0 || client->out_cap <= OUT_KEEP) return;
    free(client->out);
    client->out = NULL;
    client->out_cap = 0;
}

void plk_client_flush(struct plk_client *client) {
    if (client->closing || client->writing > 0) return;
    if (client->out_len > 0) {
        uv_buf_t buf = uv_buf_init(client->out, (unsigned)client->out_len);
        int wrote = uv_try_write((uv_stream_t *)&client->pipe, &buf, 1);
        if (wrote < 0 && wrote != UV_EAGAIN) {
            plk_client_close(client);
            return;
        }
        if (wrote > 0) drop_front(client, (size_t)wrote);
    }
    if (client->out_len == 0) {
        if (is_done(client)) plk_client_close(client);
        return;
    }
    struct write *write = calloc(1, sizeof *write);
    plk_assert(write != NULL);
    *write = (struct write){.client = client, .len = client->out_len, .at = client->out};
    client->writing = client->out_len;
    client->out = NULL;
    client->out_len = client->out_cap = 0;
    uv_buf_t buf = uv_buf_init(write->at, (unsigned)write->len);
    if (uv_write(&write->req, (uv_stream_t *)&client->pipe, &buf, 1, on_written) == 0) return;
    client->writing = 0;
    free(write->at);
    free(write);
    plk_client_close(client);
}

// ---- requests -------------------------------------------------------------------------------------------------------

// An answer of a call. Its client lives at least as long as its calls, even longer than the api.
static void on_answer(void *ctx, struct plk_call *call, const json_t *answer) {
    (void)call;
    struct plk_client *client = ctx;
    client->pending--;
    if (answer != NULL) plk_client_write(client, answer);
    free_if_over(client);
}

static void on_answer_line(void *ctx, struct plk_call *call, struct plk_bytes line) {
    (void)call;
    struct plk_client *client = ctx;
    client->pending--;
    if (!client->closing) {
        append((const char *)line.at, line.len, client);
        append("\n", 1, client);
        plk_api_wake(client->api);
    }
    free_if_over(client);
}

static bool too_busy(const struct plk_client *client) {
    return client->pending >= PLK_API_PENDING_MAX || !plk_client_has_room(client);
}

// Says why, and closes once that is written.
static void refuse(struct plk_client *client, int code, const char *line) {
    json_t *error = plk_call_error(NULL, code, NULL, line);
    plk_client_write(client, error);
    json_decref(error);
    client->ending = true;
    plk_client_flush(client);
}

static void run_lines(struct plk_client *client) {
    size_t at = 0;
    while (!client->closing && !client->ending && !too_busy(client)) {
        char *end = memchr(client->in + at, '\n', client->in_len - at);
        if (end == NULL) break;
        size_t len = (size_t)(end - client->in) - at;
        struct plk_call context = {.api = client->api,
                                   .host = client->api->host,
                                   .history = plk_host_history(client->api->host),
                                   .owner = client,
                                   .sink = on_answer,
                                   .sink_line = on_answer_line};
        client->pending++;
        // A line end of a system that writes two characters is no part of the request.
        if (len <= PLK_CALL_REQUEST_MAX) {
            bool cr = len > 0 && client->in[at + len - 1] == '\r';
            plk_call_run(&context, plk_bytes(client->in + at, len - cr));
        } else {
            client->pending--;
            refuse(client, PLK_CALL_REQUEST, "this request is longer than 262144 bytes");
        }
        at += len + 1;
    }
    if (client->closing) return;
    if (at > 0) memmove(client->in, client->in + at, client->in_len - at);
    client->in_len -= at;
    if (client->in_len > PLK_CALL_REQUEST_MAX && memchr(client->in, '\n', client->in_len) == NULL && !client->ending) {
        refuse(client, PLK_CALL_REQUEST, "this request is longer than 262144 bytes");
    }
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    (void)suggested;
    struct plk_client *client = handle->data;
    grow(&client->in, &client->in_cap, client->in_len + READ_LEN);
    *buf = uv_buf_init(client->in + client->in_len, READ_LEN);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf) {
    (void)buf;
    struct plk_client *client = stream->data;
    if (len < 0 && len != UV_EOF) {
        plk_client_close(client);
        return;
    }
    // A program may shut down its side and still wait for answers.
    if (len == UV_EOF)
        client->eof = true;
    else
        client->in_len += (size_t)len;
    resume(client);
    plk_client_flush(client);
}

// Runs what can be run and reads on, or stops reading until there is room.
static void resume(struct plk_client *client) {
    if (client->closing) return;
    if (client->in_len > 0 && !client->ending) run_lines(client);
    if (client->closing) return;
    bool pause = client->ending || client->eof || too_busy(client);
    if (pause && !client->paused) uv_read_stop((uv_stream_t *)&client->pipe);
    if (!pause && client->paused && uv_read_start((uv_stream_t *)&client->pipe, on_room, on_read) != 0) {
        plk_client_close(client);
        return;
    }
    client->paused = pause;
}

void plk_client_tick(struct plk_client *client) {
    plk_watch_pump(client);
    plk_client_flush(client);
    if (client->paused) resume(client);
}

// ---- life -----------------------------------------------------------------------------------------------------------

// The same user only: the socket's mode says so too, but a mode can be lost in a copy.
static bool is_same_user(uv_pipe_t *pipe) {
    int fd = -1;
    struct ucred peer;
    socklen_t len = sizeof peer;
    return uv_fileno((uv_handle_t *)pipe, &fd) == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           peer.uid == geteuid();
}

void plk_client_accept(struct plk_api *api) {
    struct plk_client *client = calloc(1, sizeof *client);
    plk_assert(client != NULL);
    client->api = api;
    client->pipe.data = client;
    if (uv_pipe_init(plk_host_loop(api->host), &client->pipe, 0) != 0) {
        free(client);
        return;
    }
    api->open_handles++;
    client->next = api->clients;
    api->clients = client;
    api->client_count++;
    if (uv_accept((uv_stream_t *)&api->listener, (uv_stream_t *)&client->pipe) != 0 || !is_same_user(&client->pipe)) {
        plk_client_close(client);
    } else if (api->client_count > PLK_API_CLIENTS_MAX) {
        refuse(client, PLK_CALL_TOO_MANY, "64 programs are connected already");
    } else if (uv_read_start((uv_stream_t *)&client->pipe, on_room, on_read) != 0) {
        plk_client_close(client);
    }
}

static void on_closed(uv_handle_t *handle) {
    struct plk_client *client = handle->data;
    struct plk_api *api = client->api;
    for (struct plk_client **at = &api->clients; *at != NULL; at = &(*at)->next) {
        if (*at != client) continue;
        *at = client->next;
        break;
    }
    api->client_count--;
    api->open_handles--;
    client->closed = true;
    free_if_over(client);
}

void plk_client_close(struct plk_client *client) {
    if (client->closing) return;
    client->closing = true;
    plk_wait_drop(client->api, client);
    uv_close((uv_handle_t *)&client->pipe, on_closed);
}
