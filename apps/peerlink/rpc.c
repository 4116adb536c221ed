// SPDX-License-Identifier: MIT
#include "rpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct plk_rpc {
    int fd;
    bool gone;
    json_int_t last_id;
    char *in;
    size_t in_len, in_cap;
};

struct plk_rpc *plk_rpc_open(const char *path) {
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr.sun_path) return NULL;
    memcpy(addr.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return NULL;
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        close(fd);
        return NULL;
    }
    struct plk_rpc *rpc = calloc(1, sizeof *rpc);
    if (rpc == NULL) abort();
    rpc->fd = fd;
    return rpc;
}

void plk_rpc_close(struct plk_rpc *rpc) {
    if (rpc == NULL) return;
    close(rpc->fd);
    free(rpc->in);
    free(rpc);
}

int plk_rpc_fd(const struct plk_rpc *rpc) { return rpc->fd; }

bool plk_rpc_gone(const struct plk_rpc *rpc) { return rpc->gone; }

static bool write_all(struct plk_rpc *rpc, const char *at, size_t len) {
    while (len > 0 && !rpc->gone) {
        ssize_t wrote = send(rpc->fd, at, len, MSG_NOSIGNAL);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0)
            rpc->gone = true;
        else
            at += wrote, len -= (size_t)wrote;
    }
    return !rpc->gone;
}

json_int_t plk_rpc_send(struct plk_rpc *rpc, const char *method, json_t *params) {
    json_int_t id = ++rpc->last_id;
    json_t *request =
        json_pack("{s:s, s:I, s:s, s:o*}", "jsonrpc", "2.0", "id", id, "method", method, "params", params);
    char *line = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
    if (line == NULL) abort();
    bool sent = write_all(rpc, line, strlen(line)) && write_all(rpc, "\n", 1);
    free(line);
    json_decref(request);
    return sent ? id : 0;
}

// Reads once; false: nothing came.
static bool read_more(struct plk_rpc *rpc, bool wait) {
    if (rpc->in_len == rpc->in_cap) {
        rpc->in_cap = rpc->in_cap == 0 ? 65536 : rpc->in_cap * 2;
        rpc->in = realloc(rpc->in, rpc->in_cap);
        if (rpc->in == NULL) abort();
    }
    ssize_t got = recv(rpc->fd, rpc->in + rpc->in_len, rpc->in_cap - rpc->in_len, wait ? 0 : MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) return wait;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    if (got <= 0) {
        rpc->gone = true;
        return false;
    }
    rpc->in_len += (size_t)got;
    return true;
}

json_t *plk_rpc_next(struct plk_rpc *rpc, bool wait) {
    size_t seen = 0;
    for (;;) {
        char *end = rpc->in_len > seen ? memchr(rpc->in + seen, '\n', rpc->in_len - seen) : NULL;
        if (end != NULL) {
            size_t len = (size_t)(end - rpc->in);
            json_t *object = json_loadb(rpc->in, len, JSON_REJECT_DUPLICATES, NULL);
            rpc->in_len -= len + 1;
            memmove(rpc->in, end + 1, rpc->in_len);
            if (object == NULL) rpc->gone = true; // not one of ours
            return object;
        }
        seen = rpc->in_len;
        if (rpc->gone || !read_more(rpc, wait)) return NULL;
    }
}

json_t *plk_rpc_answer(struct plk_rpc *rpc, json_int_t id) {
    for (;;) {
        json_t *object = plk_rpc_next(rpc, true);
        if (object == NULL) return NULL;
        const json_t *its = json_object_get(object, "id");
        // An error without id is about the connection as a whole.
        if (json_integer_value(its) == id || (json_is_null(its) && json_object_get(object, "error") != NULL))
            return object;
        json_decref(object);
    }
}
