// SPDX-License-Identifier: MIT
#include "once.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/memory.h"

union channel {
    uv_stream_t stream;
    uv_pipe_t pipe;
    uv_tcp_t tcp;
};

struct plk_once_client {
    struct plk_once *once;
    struct plk_once_client *next;
    union channel channel;
    uv_timer_t timer;
    uv_write_t write;
    char request[PLK_ONCE_REQUEST_MAX];
    size_t len;
    char *answer;
    bool asked;   // an answer is still to come
    bool closing; // its handles are
    int handles;
};

struct plk_once {
    struct plk_once_config config;
    bool is_path;
    union channel listener;
    struct plk_once_client *clients;
    size_t count;
    bool closed, listener_gone;
};

static void free_if_done(struct plk_once *once) {
    if (once->closed && once->listener_gone && once->clients == NULL) plk_memory_give(once, sizeof *once);
}

// ---- one client -------------------------------------------------------------------------------------------------------

static void free_client(struct plk_once_client *client) {
    struct plk_once *once = client->once;
    if (client->handles > 0 || client->asked) return;
    struct plk_once_client **at = &once->clients;
    while (*at != client) at = &(*at)->next;
    *at = client->next;
    once->count--;
    free(client->answer);
    plk_memory_give(client, sizeof *client);
    free_if_done(once);
}

static void on_handle_closed(uv_handle_t *handle) {
    struct plk_once_client *client = handle->data;
    client->handles--;
    free_client(client);
}

static void end_client(struct plk_once_client *client) {
    if (client->closing) return;
    client->closing = true;
    uv_close((uv_handle_t *)&client->channel, on_handle_closed);
    uv_close((uv_handle_t *)&client->timer, on_handle_closed);
}

static void on_written(uv_write_t *write, int status) {
    (void)status;
    end_client(write->data);
}

void plk_once_answer(struct plk_once_client *client, char *text, size_t len) {
    client->asked = false;
    client->answer = text;
    uv_buf_t buffer = uv_buf_init(text, (unsigned)len);
    client->write.data = client;
    if (client->closing) {
        free_client(client);
    } else if (text == NULL || uv_write(&client->write, &client->channel.stream, &buffer, 1, on_written) != 0) {
        end_client(client);
    }
}

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
    struct plk_once_client *client = handle->data;
    (void)size;
    *buffer = uv_buf_init(client->request + client->len, (unsigned)(sizeof client->request - 1 - client->len));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer) {
    struct plk_once_client *client = stream->data;
    const struct plk_once_config *config = &client->once->config;
    (void)buffer;
    if (got < 0) {
        end_client(client);
        return;
    }
    client->len += (size_t)got;
    client->request[client->len] = '\0';
    if (strstr(client->request, config->end) != NULL) {
        uv_read_stop(stream);
        client->asked = true;
        config->ask(config->ctx, client, client->request);
    } else if (client->len == sizeof client->request - 1) {
        end_client(client);
    }
}

static void on_late(uv_timer_t *timer) { end_client(timer->data); }

static bool is_allowed(const struct plk_once_client *client) {
    struct ucred who;
    socklen_t len = sizeof who;
    uv_os_fd_t fd;
    if (!client->once->is_path) return true;
    if (uv_fileno((const uv_handle_t *)&client->channel, &fd) != 0) return false;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0) return false;
    return who.uid == geteuid() || who.uid == 0;
}

static int init_channel(const struct plk_once *once, union channel *channel) {
    return once->is_path ? uv_pipe_init(once->config.loop, &channel->pipe, 0)
                         : uv_tcp_init(once->config.loop, &channel->tcp);
}

static void on_connection(uv_stream_t *listener, int status) {
    struct plk_once *once = listener->data;
    if (status != 0) return;
    struct plk_once_client *client = plk_memory_take(sizeof *client);
    client->once = once;
    client->next = once->clients;
    once->clients = client;
    once->count++;
    plk_assert(init_channel(once, &client->channel) == 0 && uv_timer_init(once->config.loop, &client->timer) == 0);
    client->channel.stream.data = client->timer.data = client;
    client->handles = 2;
    if (uv_accept(listener, &client->channel.stream) != 0 || once->count > PLK_ONCE_CLIENTS_MAX ||
        !is_allowed(client) || uv_read_start(&client->channel.stream, on_room, on_read) != 0) {
        end_client(client);
        return;
    }
    uv_timer_start(&client->timer, on_late, PLK_ONCE_MS, 0);
}

// ---- opening and closing ----------------------------------------------------------------------------------------------

static struct plk_once *make(const struct plk_once_config *config, bool is_path) {
    struct plk_once *once = plk_memory_take(sizeof *once);
    once->config = *config;
    once->is_path = is_path;
    plk_assert(init_channel(once, &once->listener) == 0);
    once->listener.stream.data = once;
    return once;
}

// Listens, unless binding has failed.
static int begin(struct plk_once **out, struct plk_once *once, int code) {
    if (code == 0) code = uv_listen(&once->listener.stream, PLK_ONCE_CLIENTS_MAX, on_connection);
    *out = code == 0 ? once : NULL;
    if (code != 0) plk_once_close(once);
    return code;
}

int plk_once_open_path(struct plk_once **out, const struct plk_once_config *config, const char *path) {
    struct plk_once *once = make(config, true);
    return begin(out, once, uv_pipe_bind(&once->listener.pipe, path));
}

int plk_once_open_port(struct plk_once **out, const struct plk_once_config *config, uint16_t port) {
    struct sockaddr_in at;
    struct plk_once *once = make(config, false);
    int code = uv_ip4_addr("127.0.0.1", port, &at);
    if (code == 0) code = uv_tcp_bind(&once->listener.tcp, (struct sockaddr *)&at, 0);
    return begin(out, once, code);
}

static void on_listener_closed(uv_handle_t *handle) {
    struct plk_once *once = handle->data;
    once->listener_gone = true;
    free_if_done(once);
}

void plk_once_close(struct plk_once *once) {
    if (once == NULL) return;
    once->closed = true;
    for (struct plk_once_client *client = once->clients; client != NULL; client = client->next) end_client(client);
    uv_close((uv_handle_t *)&once->listener, on_listener_closed);
}
