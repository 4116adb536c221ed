// SPDX-License-Identifier: MIT
#include "host/web/socket.h"

#include "host/web/visit.h"

// ---- what libwslay asks for ---------------------------------------------------------------------------------------------

static ssize_t give_bytes(wslay_event_context_ptr frames, uint8_t *to, size_t len, int flags, void *ctx) {
    (void)flags;
    struct plk_web_socket *socket = ctx;
    size_t left = socket->in_len - socket->in_at;
    if (left == 0 || socket->paused || socket->closing) {
        wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    if (len > left) len = left;
    memcpy(to, socket->in + socket->in_at, len);
    socket->in_at += len;
    return (ssize_t)len;
}

static ssize_t take_bytes(wslay_event_context_ptr frames, const uint8_t *from, size_t len, int flags, void *ctx) {
    (void)frames;
    (void)flags;
    plk_visit_append(ctx, plk_bytes(from, len));
    return (ssize_t)len;
}

static void on_message(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *arg, void *ctx) {
    struct plk_web_socket *socket = ctx;
    if (arg->opcode == WSLAY_BINARY_FRAME) {
        wslay_event_queue_close(frames, WSLAY_CODE_UNSUPPORTED_DATA, NULL, 0);
    } else if (arg->opcode == WSLAY_TEXT_FRAME && socket->events != NULL) {
        socket->events->message(socket->ctx, plk_bytes(arg->msg, arg->msg_length));
    }
}

bool plk_visit_upgrade(struct plk_web_socket *visit) {
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = give_bytes, .send_callback = take_bytes, .on_msg_recv_callback = on_message};
    if (wslay_event_context_server_init(&visit->frames, &callbacks, visit) != 0) return false;
    wslay_event_config_set_max_recv_msg_length(visit->frames, PLK_WEB_SOCKET_MESSAGE_MAX);
    return true;
}

// ---- both directions ----------------------------------------------------------------------------------------------------

void plk_visit_told(struct plk_web_socket *visit) {
    const struct plk_web_socket_events *events = visit->events;
    visit->events = NULL;
    if (events != NULL) events->closed(visit->ctx);
}

// The closing handshake: once our close frame is on its way, nothing more is told, and the other side ends the connection.
static void end_if_over(struct plk_web_socket *socket) {
    if (socket->closing || wslay_event_want_read(socket->frames) || wslay_event_want_write(socket->frames)) return;
    plk_visit_told(socket);
    socket->answered = true;
    socket->come_ms = uv_now(socket->web->loop);
    plk_visit_flush(socket);
}

static void send_frames(struct plk_web_socket *socket) {
    while (!socket->closing && wslay_event_want_write(socket->frames)) {
        if (wslay_event_send(socket->frames) != 0) plk_visit_close(socket);
    }
}

void plk_visit_frames(struct plk_web_socket *visit) {
    if (visit->closing || visit->answered) return;
    if (wslay_event_recv(visit->frames) != 0) {
        plk_visit_close(visit);
        return;
    }
    send_frames(visit); // pongs, and the answer to a close frame
    plk_visit_flush(visit);
    end_if_over(visit);
}

void plk_web_socket_take(struct plk_web_socket *socket, const struct plk_web_socket_events *events, void *ctx) {
    socket->events = events;
    socket->ctx = ctx;
}

static void queue(struct plk_web_socket *socket, uint8_t opcode, struct plk_bytes text) {
    struct wslay_event_msg message = {.opcode = opcode, .msg = text.at, .msg_length = text.len};
    int failed = wslay_event_queue_msg(socket->frames, &message);
    plk_assert(failed == 0 || failed == WSLAY_ERR_NO_MORE_MSG); // the latter: a close frame waits
    send_frames(socket);
}

void plk_web_socket_write(struct plk_web_socket *socket, struct plk_bytes text) {
    queue(socket, WSLAY_TEXT_FRAME, text);
}

void plk_web_socket_flush(struct plk_web_socket *socket) { plk_visit_flush(socket); }

size_t plk_web_socket_unsent(const struct plk_web_socket *socket) { return socket->out_len + socket->writing; }

void plk_web_socket_pause(struct plk_web_socket *socket, bool pause) {
    if (socket->closing || socket->paused == pause) return;
    socket->paused = pause;
    if (pause) {
        uv_read_stop((uv_stream_t *)&socket->tcp);
        socket->reading = false;
        return;
    }
    plk_visit_frames(socket);
    if (!socket->paused && !socket->closing) plk_visit_start(socket);
}

void plk_web_socket_close(struct plk_web_socket *socket, uint16_t code, const char *reason) {
    if (socket->closing) return;
    wslay_event_queue_close(socket->frames, code, (const uint8_t *)reason, strlen(reason));
    send_frames(socket);
    plk_visit_told(socket);
    if (socket->closing) return;
    socket->answered = true;
    socket->come_ms = uv_now(socket->web->loop);
    plk_visit_start(socket); // where it was paused
    plk_visit_flush(socket);
}

// ---- time ---------------------------------------------------------------------------------------------------------------

void plk_visit_look(struct plk_web_socket *visit, uint64_t now_ms) {
    bool waits = visit->out_len + visit->writing > 0;
    if (visit->frames == NULL || visit->answered) {
        if (now_ms - visit->come_ms > PLK_WEB_VISIT_MS) plk_visit_close(visit);
    } else if ((waits && now_ms - visit->moved_ms > PLK_WEB_STUCK_MS) ||
               (!visit->paused && now_ms - visit->heard_ms > PLK_WEB_SILENT_MS)) {
        plk_visit_close(visit);
    } else if (!visit->paused && !visit->pinged && now_ms - visit->heard_ms > PLK_WEB_PING_MS) {
        visit->pinged = true;
        queue(visit, WSLAY_PING, plk_bytes(NULL, 0));
        plk_visit_flush(visit);
    }
}
