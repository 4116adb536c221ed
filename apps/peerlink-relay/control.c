// SPDX-License-Identifier: MIT
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/home.h"
#include "host/memory.h"

struct client {
    struct plk_control *control;
    struct client *next;
    uv_pipe_t pipe;
    uv_timer_t timer;
    uv_write_t write;
    char line[PLK_CONTROL_LINE_MAX];
    size_t len;
    char *answer;
    bool asked;   // an answer is still to come
    bool closing; // its handles are
    int handles;
};

struct plk_control {
    const struct plk_acts *acts;
    uv_loop_t *loop;
    uv_pipe_t listener;
    struct client *clients;
    size_t count;
    char path[PLK_HOME_SOCKET_MAX];
    bool closed, listener_gone;
};

static void free_if_done(struct plk_control *control) {
    if (control->closed && control->listener_gone && control->clients == NULL)
        plk_memory_give(control, sizeof *control);
}

// ---- one client -------------------------------------------------------------------------------------------------------

static void free_client(struct client *client) {
    struct plk_control *control = client->control;
    if (client->handles > 0 || client->asked) return; // the answer may still come
    struct client **at = &control->clients;
    while (*at != client) at = &(*at)->next;
    *at = client->next;
    control->count--;
    free(client->answer);
    plk_memory_give(client, sizeof *client);
    free_if_done(control);
}

static void on_handle_closed(uv_handle_t *handle) {
    struct client *client = handle->data;
    client->handles--;
    free_client(client);
}

static void end_client(struct client *client) {
    if (client->closing) return;
    client->closing = true;
    uv_close((uv_handle_t *)&client->pipe, on_handle_closed);
    uv_close((uv_handle_t *)&client->timer, on_handle_closed);
}

static void on_written(uv_write_t *write, int status) {
    (void)status;
    end_client(write->data);
}

static void on_answer(void *ctx, json_t *answer) {
    struct client *client = ctx;
    client->asked = false;
    char *text = json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    size_t len = text == NULL ? 0 : strlen(text);
    if (client->closing || text == NULL) {
        free(text);
        if (client->closing)
            free_client(client);
        else
            end_client(client);
        return;
    }
    text[len] = '\n'; // in the place of its terminator
    client->answer = text;
    uv_buf_t buffer = uv_buf_init(text, (unsigned)len + 1);
    client->write.data = client;
    if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &buffer, 1, on_written) != 0) end_client(client);
}

static void ask(struct client *client) {
    json_t *request = json_loadb(client->line, client->len, JSON_REJECT_DUPLICATES, NULL);
    uv_read_stop((uv_stream_t *)&client->pipe);
    client->asked = true;
    if (request == NULL) {
        on_answer(client, json_pack("{s:s}", "error", "this is no JSON"));
        return;
    }
    plk_acts_ask(client->control->acts, request, on_answer, client);
    json_decref(request);
}

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
    struct client *client = handle->data;
    (void)size;
    *buffer = uv_buf_init(client->line + client->len, (unsigned)(sizeof client->line - client->len));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer) {
    struct client *client = stream->data;
    (void)buffer;
    if (got < 0) {
        end_client(client);
        return;
    }
    client->len += (size_t)got;
    const char *end = memchr(client->line, '\n', client->len);
    if (end == NULL && client->len == sizeof client->line) {
        end_client(client);
    } else if (end != NULL) {
        client->len = (size_t)(end - client->line);
        ask(client);
    }
}

static void on_late(uv_timer_t *timer) { end_client(timer->data); }

static bool is_allowed(const uv_pipe_t *pipe) {
    struct ucred who;
    socklen_t len = sizeof who;
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)pipe, &fd) != 0) return false;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0) return false;
    return who.uid == geteuid() || who.uid == 0;
}

static void on_connection(uv_stream_t *listener, int status) {
    struct plk_control *control = listener->data;
    if (status != 0) return;
    struct client *client = plk_memory_take(sizeof *client);
    client->control = control;
    client->next = control->clients;
    control->clients = client;
    control->count++;
    plk_assert(uv_pipe_init(control->loop, &client->pipe, 0) == 0 && uv_timer_init(control->loop, &client->timer) == 0);
    client->pipe.data = client->timer.data = client;
    client->handles = 2;
    bool taken = uv_accept(listener, (uv_stream_t *)&client->pipe) == 0;
    if (!taken || control->count > PLK_CONTROL_CLIENTS_MAX || !is_allowed(&client->pipe) ||
        uv_read_start((uv_stream_t *)&client->pipe, on_room, on_read) != 0) {
        end_client(client);
        return;
    }
    uv_timer_start(&client->timer, on_late, PLK_CONTROL_CLIENT_MS, 0);
}

// In the data directory, where root finds it too; elsewhere if that path is too long for a socket.
static enum plk_fault_kind path_of(const char *data, bool make, char out[PLK_HOME_SOCKET_MAX],
                                   struct plk_fault *fault) {
    int len = snprintf(out, PLK_HOME_SOCKET_MAX, "%s/control", data);
    if (len > 0 && len < PLK_HOME_SOCKET_MAX) return PLK_FAULT_NONE;
    return plk_home_socket(data, make, out, fault);
}

// ---- opening and closing ----------------------------------------------------------------------------------------------

enum plk_fault_kind plk_control_open(struct plk_control **out, const char *data, const struct plk_acts *acts,
                                     struct plk_fault *fault) {
    *out = NULL;
    struct plk_control *control = plk_memory_take(sizeof *control);
    control->acts = acts;
    control->loop = plk_relay_host_loop(acts->host);
    enum plk_fault_kind kind = path_of(data, true, control->path, fault);
    if (kind != PLK_FAULT_NONE) {
        plk_memory_give(control, sizeof *control);
        return kind;
    }
    unlink(control->path); // of a relay that was killed: the data directory is locked by this one
    plk_assert(uv_pipe_init(control->loop, &control->listener, 0) == 0);
    control->listener.data = control;
    int code = uv_pipe_bind(&control->listener, control->path); // its directory is the relay's own, 0700
    if (code == 0) code = uv_listen((uv_stream_t *)&control->listener, PLK_CONTROL_CLIENTS_MAX, on_connection);
    *out = control;
    if (code == 0) return PLK_FAULT_NONE;
    plk_control_close(control);
    *out = NULL;
    return plk_fault_set(fault, PLK_FAULT_SYSTEM, "the control socket cannot be made: %s", uv_strerror(code));
}

static void on_listener_closed(uv_handle_t *handle) {
    struct plk_control *control = handle->data;
    control->listener_gone = true;
    free_if_done(control);
}

void plk_control_close(struct plk_control *control) {
    if (control == NULL) return;
    control->closed = true;
    for (struct client *client = control->clients; client != NULL; client = client->next) end_client(client);
    uv_close((uv_handle_t *)&control->listener, on_listener_closed);
    unlink(control->path);
}

// ---- the other end ----------------------------------------------------------------------------------------------------

static int connect_to(const char *data) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char path[PLK_HOME_SOCKET_MAX];
    struct plk_fault fault;
    if (path_of(data, false, path, &fault) != PLK_FAULT_NONE) return -1;
    strncpy(at.sun_path, path, sizeof at.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) == 0) return fd;
    close(fd);
    return -1;
}

static bool send_line(int fd, const json_t *request) {
    char *text = json_dumps(request, JSON_COMPACT);
    if (text == NULL) return false;
    size_t len = strlen(text), sent = 0;
    text[len++] = '\n';
    while (sent < len) {
        ssize_t took = send(fd, text + sent, len - sent, MSG_NOSIGNAL);
        if (took < 0 && errno != EINTR) break;
        if (took > 0) sent += (size_t)took;
    }
    free(text);
    return sent == len;
}

json_t *plk_control_ask(const char *data, const json_t *request) {
    int fd = connect_to(data);
    if (fd < 0) return NULL;
    FILE *file = fdopen(fd, "r");
    if (file == NULL) close(fd);
    if (file == NULL) return NULL;
    json_t *answer = send_line(fd, request) ? json_loadf(file, JSON_REJECT_DUPLICATES, NULL) : NULL;
    fclose(file);
    return answer != NULL ? answer : json_pack("{s:s}", "error", "the relay went away before it answered");
}
