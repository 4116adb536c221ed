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
#include "once.h"

struct plk_control {
    const struct plk_acts *acts;
    struct plk_once *once;
    char path[PLK_HOME_SOCKET_MAX];
};

// In the data directory, where root finds it too; elsewhere if that path is too long for a socket.
static enum plk_fault_kind path_of(const char *data, bool make, char out[PLK_HOME_SOCKET_MAX],
                                   struct plk_fault *fault) {
    int len = snprintf(out, PLK_HOME_SOCKET_MAX, "%s/control", data);
    if (len > 0 && len < PLK_HOME_SOCKET_MAX) return PLK_FAULT_NONE;
    return plk_home_socket(data, make, out, fault);
}

static void on_answer(void *ctx, json_t *answer) {
    char *text = json_dumps(answer, JSON_COMPACT);
    size_t len = text == NULL ? 0 : strlen(text);
    json_decref(answer);
    if (text != NULL) text[len++] = '\n'; // in the place of its terminator
    plk_once_answer(ctx, text, len);
}

static void on_ask(void *ctx, struct plk_once_client *client, const char *line) {
    const struct plk_control *control = ctx;
    json_t *request = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    if (request == NULL) {
        on_answer(client, json_pack("{s:s}", "error", "this is no JSON"));
        return;
    }
    plk_acts_ask(control->acts, request, on_answer, client);
    json_decref(request);
}

enum plk_fault_kind plk_control_open(struct plk_control **out, const char *data, const struct plk_acts *acts,
                                     struct plk_fault *fault) {
    struct plk_control *control = plk_memory_take(sizeof *control);
    control->acts = acts;
    *out = NULL;
    enum plk_fault_kind kind = path_of(data, true, control->path, fault);
    if (kind == PLK_FAULT_NONE) {
        struct plk_once_config config = {
            .loop = plk_relay_host_loop(acts->host), .end = "\n", .ask = on_ask, .ctx = control};
        unlink(control->path); // of a relay that was killed: the data directory is locked by this one
        int code = plk_once_open_path(&control->once, &config, control->path);
        if (code == 0) {
            *out = control;
            return PLK_FAULT_NONE;
        }
        kind = plk_fault_set(fault, PLK_FAULT_SYSTEM, "the control socket cannot be made: %s", uv_strerror(code));
    }
    plk_memory_give(control, sizeof *control);
    return kind;
}

void plk_control_close(struct plk_control *control) {
    if (control == NULL) return;
    plk_once_close(control->once);
    unlink(control->path);
    plk_memory_give(control, sizeof *control);
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
