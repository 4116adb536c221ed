// SPDX-License-Identifier: MIT
// A program on the Unix socket: one object a line in both directions.
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/client.h"

#define READ_LEN 65536
#define OUT_KEEP (64 * 1024) // capacity that an idle client keeps
#define TOO_LONG "this request is longer than 1572864 bytes"
_Static_assert(PLK_CALL_REQUEST_MAX == 1572864, "as the answer says");

struct program {
    struct plk_client client; // first: one is the other
    uv_pipe_t pipe;
    char *in; // what was read and not yet run
    size_t in_len, in_cap;
    char *out; // what was written and not yet given to the system
    size_t out_len, out_cap;
    size_t writing; // bytes that the system has not taken yet
};

struct write {
    uv_write_t req;
    struct program *program;
    size_t len;
    char *at;
};

static struct program *of(struct plk_client *client) { return (struct program *)client; }

static bool has_line(const struct program *program) {
    return program->in_len > 0 && memchr(program->in, '\n', program->in_len) != NULL;
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

static void append(struct plk_client *client, const char *text, size_t len) {
    struct program *program = of(client);
    grow(&program->out, &program->out_cap, program->out_len + len);
    memcpy(program->out + program->out_len, text, len);
    program->out_len += len;
}

static void end(struct plk_client *client) { append(client, "\n", 1); }

static size_t unsent(const struct plk_client *client) {
    const struct program *program = (const struct program *)client;
    return program->out_len + program->writing;
}

static void resume(struct plk_client *client);

static void on_written(uv_write_t *req, int status) {
    struct write *write = (struct write *)req;
    struct program *program = write->program;
    program->writing -= write->len;
    free(write->at);
    free(write);
    if (status < 0)
        plk_client_close(&program->client);
    else
        plk_client_flush(&program->client);
    resume(&program->client);
}

static void drop_front(struct program *program, size_t len) {
    memmove(program->out, program->out + len, program->out_len - len);
    program->out_len -= len;
    if (program->out_len > 0 || program->out_cap <= OUT_KEEP) return;
    free(program->out);
    program->out = NULL;
    program->out_cap = 0;
}

static void flush(struct plk_client *client) {
    struct program *program = of(client);
    if (client->closing || program->writing > 0) return;
    if (program->out_len > 0) {
        uv_buf_t buf = uv_buf_init(program->out, (unsigned)program->out_len);
        int wrote = uv_try_write((uv_stream_t *)&program->pipe, &buf, 1);
        if (wrote < 0 && wrote != UV_EAGAIN) {
            plk_client_close(client);
            return;
        }
        if (wrote > 0) drop_front(program, (size_t)wrote);
    }
    if (program->out_len == 0) {
        if (plk_client_is_done(client, has_line(program))) plk_client_close(client);
        return;
    }
    struct write *write = calloc(1, sizeof *write);
    plk_assert(write != NULL);
    *write = (struct write){.program = program, .len = program->out_len, .at = program->out};
    program->writing = program->out_len;
    program->out = NULL;
    program->out_len = program->out_cap = 0;
    uv_buf_t buf = uv_buf_init(write->at, (unsigned)write->len);
    if (uv_write(&write->req, (uv_stream_t *)&program->pipe, &buf, 1, on_written) == 0) return;
    program->writing = 0;
    free(write->at);
    free(write);
    plk_client_close(client);
}

// ---- requests -------------------------------------------------------------------------------------------------------

static void run_lines(struct program *program) {
    struct plk_client *client = &program->client;
    size_t at = 0;
    while (!client->closing && !client->ending && !plk_client_is_busy(client)) {
        char *end_of = memchr(program->in + at, '\n', program->in_len - at);
        if (end_of == NULL) break;
        size_t len = (size_t)(end_of - program->in) - at;
        // A line end of a system that writes two characters is no part of the request.
        if (len <= PLK_CALL_REQUEST_MAX) {
            bool cr = len > 0 && program->in[at + len - 1] == '\r';
            plk_client_run(client, plk_bytes(program->in + at, len - cr));
        } else {
            plk_client_refuse(client, PLK_CALL_REQUEST, TOO_LONG);
        }
        at += len + 1;
    }
    if (client->closing) return;
    if (at > 0) memmove(program->in, program->in + at, program->in_len - at);
    program->in_len -= at;
    if (program->in_len > PLK_CALL_REQUEST_MAX && !has_line(program) && !client->ending) {
        plk_client_refuse(client, PLK_CALL_REQUEST, TOO_LONG);
    }
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    (void)suggested;
    struct program *program = handle->data;
    grow(&program->in, &program->in_cap, program->in_len + READ_LEN);
    *buf = uv_buf_init(program->in + program->in_len, READ_LEN);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf) {
    (void)buf;
    struct program *program = stream->data;
    if (len < 0 && len != UV_EOF) {
        plk_client_close(&program->client);
        return;
    }
    // A program may shut down its side and still wait for answers.
    if (len == UV_EOF)
        program->client.eof = true;
    else
        program->in_len += (size_t)len;
    resume(&program->client);
    plk_client_flush(&program->client);
}

static void resume(struct plk_client *client) {
    struct program *program = of(client);
    if (client->closing) return;
    if (program->in_len > 0 && !client->ending) run_lines(program);
    if (client->closing) return;
    bool pause = client->ending || client->eof || plk_client_is_busy(client);
    if (pause && !client->paused) uv_read_stop((uv_stream_t *)&program->pipe);
    if (!pause && client->paused && uv_read_start((uv_stream_t *)&program->pipe, on_room, on_read) != 0) {
        plk_client_close(client);
        return;
    }
    client->paused = pause;
}

// ---- life -----------------------------------------------------------------------------------------------------------

static void on_closed(uv_handle_t *handle) {
    struct program *program = handle->data;
    plk_client_gone(&program->client);
}

static void close_it(struct plk_client *client) { uv_close((uv_handle_t *)&of(client)->pipe, on_closed); }

static void free_it(struct plk_client *client) {
    free(of(client)->in);
    free(of(client)->out);
    free(of(client));
}

// The same user only: the socket's mode says so too, but a mode can be lost in a copy.
static bool is_same_user(uv_pipe_t *pipe) {
    int fd = -1;
    struct ucred peer;
    socklen_t len = sizeof peer;
    return uv_fileno((uv_handle_t *)pipe, &fd) == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           peer.uid == geteuid();
}

void plk_program_accept(struct plk_api *api) {
    static const struct plk_client_way way = {append, end, flush, resume, unsent, close_it, free_it};
    struct program *program = calloc(1, sizeof *program);
    plk_assert(program != NULL);
    program->pipe.data = program;
    if (uv_pipe_init(plk_host_loop(api->host), &program->pipe, 0) != 0) {
        free(program);
        return;
    }
    struct plk_client *client = &program->client;
    plk_client_open(client, api, &way);
    client->known = true;
    if (uv_accept((uv_stream_t *)&api->listener, (uv_stream_t *)&program->pipe) != 0 || !is_same_user(&program->pipe)) {
        plk_client_close(client);
    } else if (plk_client_is_crowded(api)) {
        plk_client_refuse(client, PLK_CALL_TOO_MANY, "64 programs are connected already");
    } else if (uv_read_start((uv_stream_t *)&program->pipe, on_room, on_read) != 0) {
        plk_client_close(client);
    }
}
