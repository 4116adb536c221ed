// SPDX-License-Identifier: MIT
#include "host/tcp.h"

#include "host/address.h"
#include "host/memory.h"
#include "host/tcp_socket.h"
#include "host/tcp_streams.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_PAUSE_MS 1000
#define SPARE_BUFFERS 16 // kept for the next connection that has something to send

struct listener {
    struct listener *next;
    uv_poll_t poll;
    struct plk_tcp *tcp;
    int fd;
};

// A connection that could not even be begun, to be told.
struct refused {
    struct refused *next;
    uint32_t id;
    struct plk_addr to;
};

struct plk_tcp {
    uv_loop_t *loop;
    struct plk_tcp_streams streams;
    struct plk_tcp_limits limits;
    uint32_t next_id;
    uint64_t stranger_ms;
    struct listener *listeners;
    uv_timer_t timer; // runs only while there is a deadline
    plk_tcp_happened *happened;
    void (*done)(void *ctx);
    void *ctx;
    bool closed, accept_paused; // paused: the process has no descriptor left
    struct refused *refused;
    int open_handles;
    uint8_t *read_buffer;
    uint8_t *spare[SPARE_BUFFERS];
    size_t spare_count;
};

static uint64_t now_ms(const struct plk_tcp *tcp) {
    uv_update_time(tcp->loop);
    return uv_now(tcp->loop);
}

static bool is_connecting(const struct plk_tcp_stream *stream) { return stream->wait == PLK_TCP_WAIT_CONNECT; }

static void tell(struct plk_tcp_stream *stream, enum plk_stream_event event, struct plk_bytes data) {
    struct plk_input input = {.kind = PLK_IN_STREAM,
                              .stream = {.stream = stream->id, .event = event, .remote = stream->remote, .data = data}};
    bool room = event == PLK_STREAM_OPENED || event == PLK_STREAM_ACCEPTED || event == PLK_STREAM_WRITABLE;
    if (room) input.stream.writable = stream->told = PLK_TCP_BUFFER_MAX - stream->len;
    stream->tcp->happened(stream->tcp->ctx, &input);
}

static void finish(struct plk_tcp *tcp) {
    if (tcp->done != NULL) tcp->done(tcp->ctx);
}

// ---- buffers: only those have one that have something to send ---------------------------------------------------------

static uint8_t *take_buffer(struct plk_tcp *tcp) {
    return tcp->spare_count > 0 ? tcp->spare[--tcp->spare_count] : plk_memory_take(PLK_TCP_BUFFER_MAX);
}

static void give_buffer(struct plk_tcp_stream *stream) {
    struct plk_tcp *tcp = stream->tcp;
    if (stream->buffer == NULL) return;
    if (tcp->spare_count < SPARE_BUFFERS && !tcp->closed) {
        tcp->spare[tcp->spare_count++] = stream->buffer;
    } else {
        plk_memory_give(stream->buffer, PLK_TCP_BUFFER_MAX);
    }
    stream->buffer = NULL;
}

// ---- the end of a connection ------------------------------------------------------------------------------------------

static void release(struct plk_tcp *tcp) {
    if (--tcp->open_handles > 0 || !tcp->closed) return;
    for (size_t i = 0; i < tcp->spare_count; i++) plk_memory_give(tcp->spare[i], PLK_TCP_BUFFER_MAX);
    plk_memory_give(tcp->read_buffer, PLK_TCP_READ_LEN);
    plk_tcp_streams_free(&tcp->streams);
    plk_memory_give(tcp, sizeof *tcp);
}

static void on_stream_closed(uv_handle_t *handle) {
    struct plk_tcp_stream *stream = handle->data;
    give_buffer(stream);
    release(stream->tcp);
    plk_memory_give(stream, sizeof *stream);
}

static void kill_stream(struct plk_tcp_stream *stream) {
    if (stream->dead) return;
    stream->dead = true;
    plk_tcp_streams_remove(&stream->tcp->streams, stream);
    uv_close((uv_handle_t *)&stream->poll, on_stream_closed);
    close(stream->fd); // now: another may be about to be opened between the same two ports
}

// By the other side, an error or a limit: the core hears of it, unless it was done with it.
static void lose_stream(struct plk_tcp_stream *stream) {
    if (stream->dead) return;
    bool silent = stream->closing;
    kill_stream(stream);
    if (!silent) tell(stream, PLK_STREAM_CLOSED, plk_bytes(NULL, 0));
}

// ---- deadlines --------------------------------------------------------------------------------------------------------

static void on_timer(uv_timer_t *timer);
static void listen_again(struct plk_tcp *tcp);

static void set_timer(struct plk_tcp *tcp) {
    uint64_t first = tcp->accept_paused ? now_ms(tcp) + ACCEPT_PAUSE_MS : UINT64_MAX;
    uint64_t deadline = plk_tcp_streams_deadline_ms(&tcp->streams);
    if (deadline < first) first = deadline;
    if (tcp->refused != NULL) first = 0;
    if (first == UINT64_MAX) {
        uv_timer_stop(&tcp->timer);
    } else {
        uint64_t now = now_ms(tcp);
        uv_timer_start(&tcp->timer, on_timer, first > now ? first - now : 0, 0);
    }
}

static void tell_refused(struct plk_tcp *tcp) {
    for (struct refused *r; (r = tcp->refused) != NULL;) {
        tcp->refused = r->next;
        struct plk_input input = {.kind = PLK_IN_STREAM,
                                  .stream = {.stream = r->id, .event = PLK_STREAM_CLOSED, .remote = r->to}};
        plk_memory_give(r, sizeof *r);
        tcp->happened(tcp->ctx, &input);
    }
}

static void on_timer(uv_timer_t *timer) {
    struct plk_tcp *tcp = timer->data;
    uint64_t now = now_ms(tcp);
    tell_refused(tcp);
    if (tcp->accept_paused) listen_again(tcp);
    for (struct plk_tcp_stream *s; (s = plk_tcp_streams_due(&tcp->streams, now)) != NULL;) lose_stream(s);
    set_timer(tcp);
    finish(tcp);
}

// ---- bytes ------------------------------------------------------------------------------------------------------------

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct plk_tcp_stream *stream) {
    int events = stream->closing ? 0 : UV_READABLE;
    if (is_connecting(stream) || stream->len > 0) events = (is_connecting(stream) ? 0 : events) | UV_WRITABLE;
    if (stream->closing && stream->len == 0) return;
    if (uv_poll_start(&stream->poll, events, on_ready) != 0) lose_stream(stream);
}

// Hands buffered bytes to the kernel. False: the connection is lost.
static bool push(struct plk_tcp_stream *stream) {
    while (stream->len > 0) {
        ssize_t sent = send(stream->fd, stream->buffer + stream->head, stream->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
        stream->head += (size_t)sent;
        stream->len -= (size_t)sent;
    }
    stream->head = 0;
    give_buffer(stream);
    return true;
}

// A node hears of room when what it knows of goes to an end and there is a good deal of it: not once per packet.
static bool tell_room(struct plk_tcp_stream *stream) {
    bool worth = !stream->closing && stream->told < PLK_TCP_BUFFER_MAX / 2 &&
                 PLK_TCP_BUFFER_MAX - stream->len >= PLK_TCP_BUFFER_MAX / 2;
    if (worth) tell(stream, PLK_STREAM_WRITABLE, plk_bytes(NULL, 0));
    return worth;
}

static void on_writable(struct plk_tcp_stream *stream) {
    if (!push(stream)) {
        lose_stream(stream);
        return;
    }
    if (stream->closing && stream->len == 0) {
        kill_stream(stream);
        return;
    }
    tell_room(stream);
}

static void on_readable(struct plk_tcp_stream *stream) {
    ssize_t got = recv(stream->fd, stream->tcp->read_buffer, PLK_TCP_READ_LEN, MSG_DONTWAIT);
    if (got > 0) {
        tell(stream, PLK_STREAM_BYTES, plk_bytes(stream->tcp->read_buffer, (size_t)got));
    } else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
        lose_stream(stream);
    }
}

static void on_connected(struct plk_tcp_stream *stream) {
    int failed = 0;
    socklen_t len = sizeof failed;
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &failed, &len) != 0 || failed != 0) {
        lose_stream(stream);
        return;
    }
    plk_tcp_streams_wait(&stream->tcp->streams, stream, PLK_TCP_WAIT_NONE, 0);
    tell(stream, PLK_STREAM_OPENED, plk_bytes(NULL, 0));
}

static void on_ready(uv_poll_t *poll, int status, int events) {
    struct plk_tcp_stream *stream = poll->data;
    struct plk_tcp *tcp = stream->tcp;
    if (status < 0 && !is_connecting(stream)) {
        lose_stream(stream);
    } else if (is_connecting(stream)) {
        on_connected(stream);
        set_timer(tcp);
    } else {
        if ((events & UV_WRITABLE) != 0) on_writable(stream);
        if (!stream->dead && (events & UV_READABLE) != 0) on_readable(stream);
    }
    if (!stream->dead) watch(stream);
    finish(tcp);
}

// ---- making connections -----------------------------------------------------------------------------------------------

static struct plk_tcp_stream *add_stream(struct plk_tcp *tcp, int fd, uint32_t id, const struct plk_addr *remote) {
    plk_tcp_socket_tune(fd, PLK_TCP_KERNEL_UNSENT);
    struct plk_tcp_stream *stream = plk_memory_take(sizeof *stream);
    stream->tcp = tcp;
    stream->fd = fd;
    stream->id = id;
    stream->remote = *remote;
    stream->accepted = (id & PLK_TCP_ACCEPTED_BIT) != 0;
    plk_assert(uv_poll_init(tcp->loop, &stream->poll, fd) == 0);
    stream->poll.data = stream;
    plk_tcp_streams_add(&tcp->streams, stream);
    tcp->open_handles++;
    return stream;
}

// Told at the next turn of the loop, not while the core is being asked.
static void refuse(struct plk_tcp *tcp, uint32_t id, const struct plk_addr *to) {
    struct refused *refused = plk_memory_take(sizeof *refused);
    *refused = (struct refused){.next = tcp->refused, .id = id, .to = *to};
    tcp->refused = refused;
    set_timer(tcp);
}

// That port, at the address that is listened on. 0: nothing listens.
static socklen_t own_at(const struct plk_tcp *tcp, uint16_t port, sa_family_t family, struct sockaddr_storage *at) {
    for (const struct listener *l = tcp->listeners; port != 0 && l != NULL; l = l->next) {
        socklen_t len = sizeof *at;
        if (getsockname(l->fd, (struct sockaddr *)at, &len) != 0 || at->ss_family != family) continue;
        struct plk_addr own = plk_address_from_system((struct sockaddr *)at);
        own.port = port;
        return plk_address_to_system(&own, at);
    }
    return 0;
}

void plk_tcp_connect(struct plk_tcp *tcp, uint32_t id, const struct plk_addr *to, uint16_t port) {
    plk_assert((id & PLK_TCP_ACCEPTED_BIT) == 0);
    struct sockaddr_storage system;
    socklen_t len = plk_address_to_system(to, &system);
    int fd = -1;
    if (len > 0 && tcp->streams.count < tcp->limits.streams) {
        struct sockaddr_storage from;
        socklen_t from_len = own_at(tcp, port, system.ss_family, &from);
        fd = plk_tcp_socket_connect(&system, len, &from, from_len);
        if (fd < 0 && from_len > 0 && errno == EADDRNOTAVAIL) fd = plk_tcp_socket_connect(&system, len, &from, 0);
    }
    if (fd < 0) {
        refuse(tcp, id, to);
        return;
    }
    struct plk_tcp_stream *stream = add_stream(tcp, fd, id, to);
    plk_tcp_streams_wait(&tcp->streams, stream, PLK_TCP_WAIT_CONNECT, now_ms(tcp) + PLK_TCP_CONNECT_MS);
    watch(stream);
    set_timer(tcp);
}

// Room for one more of this address: the oldest that nobody has answered gives way.
static bool make_room(struct plk_tcp *tcp, const struct plk_addr *remote) {
    const struct plk_tcp_streams *streams = &tcp->streams;
    struct plk_tcp_stream *oldest;
    if (plk_tcp_streams_of_site(streams, remote) >= tcp->limits.per_site) {
        oldest = plk_tcp_streams_stranger(streams, remote);
    } else if (streams->accepted >= tcp->limits.accepted || streams->count >= tcp->limits.streams ||
               streams->waits[PLK_TCP_WAIT_STRANGER].count >= tcp->limits.strangers) {
        oldest = plk_tcp_streams_stranger(streams, NULL);
    } else {
        return true;
    }
    if (oldest == NULL) return false;
    lose_stream(oldest);
    return true;
}

// A number that no connection has; counting up, so that a late word about an old one is not taken for a new one's.
static uint32_t new_id(struct plk_tcp *tcp) {
    uint32_t id;
    do id = PLK_TCP_ACCEPTED_BIT | tcp->next_id++;
    while (plk_tcp_streams_find(&tcp->streams, id) != NULL);
    return id;
}

static void take_in(struct plk_tcp *tcp, int fd, const struct plk_addr *remote) {
    if (remote->family == 0 || !make_room(tcp, remote)) {
        close(fd);
        return;
    }
    struct plk_tcp_stream *stream = add_stream(tcp, fd, new_id(tcp), remote);
    plk_tcp_streams_wait(&tcp->streams, stream, PLK_TCP_WAIT_STRANGER, now_ms(tcp) + tcp->stranger_ms);
    tell(stream, PLK_STREAM_ACCEPTED, plk_bytes(NULL, 0));
    if (!stream->dead) watch(stream);
}

static void on_accept(uv_poll_t *poll, int status, int events) {
    struct listener *listener = poll->data;
    (void)events;
    // After an error of the socket, which accepting reads away, libuv has stopped to look at it.
    if (status < 0) plk_assert(uv_poll_start(poll, UV_READABLE, on_accept) == 0);
    for (int i = 0; i < 16; i++) {
        struct sockaddr_storage from;
        socklen_t len = sizeof from;
        int fd = accept4(listener->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            uv_poll_stop(poll); // it would be reported again at once, without end
            listener->tcp->accept_paused = true;
        }
        if (fd < 0) break;
        struct plk_addr remote = plk_address_from_system((struct sockaddr *)&from);
        take_in(listener->tcp, fd, &remote);
    }
    set_timer(listener->tcp);
    finish(listener->tcp);
}

static void listen_again(struct plk_tcp *tcp) {
    tcp->accept_paused = false;
    for (struct listener *l = tcp->listeners; l != NULL; l = l->next) {
        plk_assert(uv_poll_start(&l->poll, UV_READABLE, on_accept) == 0);
    }
}

// ---- what the core asks for -------------------------------------------------------------------------------------------

void plk_tcp_write(struct plk_tcp *tcp, uint32_t id, struct plk_bytes data) {
    struct plk_tcp_stream *stream = plk_tcp_streams_find(&tcp->streams, id);
    if (stream == NULL || is_connecting(stream) || data.len == 0) return;
    plk_assert(data.len <= PLK_TCP_BUFFER_MAX - stream->len);
    if (stream->buffer == NULL) stream->buffer = take_buffer(tcp);
    if (stream->head + stream->len + data.len > PLK_TCP_BUFFER_MAX) {
        memmove(stream->buffer, stream->buffer + stream->head, stream->len);
        stream->head = 0;
    }
    memcpy(stream->buffer + stream->head + stream->len, data.at, data.len);
    stream->len += data.len;
    stream->told -= data.len < stream->told ? data.len : stream->told;
    plk_tcp_streams_wrote(&tcp->streams, stream);
    // An answered one is no stranger; the timer will find nothing to do.
    if (stream->wait == PLK_TCP_WAIT_STRANGER) plk_tcp_streams_wait(&tcp->streams, stream, PLK_TCP_WAIT_NONE, 0);
}

bool plk_tcp_flush(struct plk_tcp *tcp) {
    bool told = false;
    for (struct plk_tcp_stream *stream; (stream = plk_tcp_streams_take_written(&tcp->streams)) != NULL;) {
        if (stream->closing) continue; // it is watched until it is empty
        if (!push(stream)) {
            plk_tcp_streams_wait(&tcp->streams, stream, PLK_TCP_WAIT_BROKEN, 0);
            set_timer(tcp);
            continue;
        }
        if (stream->len > 0) watch(stream);
        told |= tell_room(stream);
    }
    return told;
}

void plk_tcp_shut(struct plk_tcp *tcp, uint32_t id) {
    struct plk_tcp_stream *stream = plk_tcp_streams_find(&tcp->streams, id);
    if (stream == NULL) return;
    stream->closing = true;
    if (is_connecting(stream) || stream->len == 0 || !push(stream) || stream->len == 0) {
        kill_stream(stream);
    } else {
        plk_tcp_streams_wait(&tcp->streams, stream, PLK_TCP_WAIT_CLOSING, now_ms(tcp) + PLK_TCP_CONNECT_MS);
        watch(stream);
    }
    set_timer(tcp);
}

void plk_tcp_shut_all(struct plk_tcp *tcp) {
    for (struct plk_tcp_stream *s; (s = plk_tcp_streams_next(&tcp->streams, NULL)) != NULL;) kill_stream(s);
    set_timer(tcp);
}

void plk_tcp_drop_lost(struct plk_tcp *tcp) {
    for (struct plk_tcp_stream *s = plk_tcp_streams_next(&tcp->streams, NULL), *next; s != NULL; s = next) {
        next = plk_tcp_streams_next(&tcp->streams, s);
        if (!plk_tcp_socket_is_ours(s->fd)) lose_stream(s);
    }
    set_timer(tcp);
}

size_t plk_tcp_count(const struct plk_tcp *tcp) { return tcp->streams.count; }

// ---- opening and closing ----------------------------------------------------------------------------------------------

void plk_tcp_listen(struct plk_tcp *tcp, int fd) {
    if (fd < 0) return;
    plk_tcp_socket_share(fd); // only now: it has found out that the port is nobody's
    struct listener *listener = plk_memory_take(sizeof *listener);
    listener->tcp = tcp;
    listener->fd = fd;
    listener->next = tcp->listeners;
    tcp->listeners = listener;
    plk_assert(uv_poll_init(tcp->loop, &listener->poll, fd) == 0);
    listener->poll.data = listener;
    plk_assert(uv_poll_start(&listener->poll, UV_READABLE, on_accept) == 0);
    tcp->open_handles++;
}

struct plk_tcp *plk_tcp_open(uv_loop_t *loop, const struct plk_tcp_limits *limits, plk_tcp_happened *happened,
                             void (*done)(void *ctx), void *ctx) {
    struct plk_tcp *tcp = plk_memory_take(sizeof *tcp);
    tcp->loop = loop;
    tcp->limits = limits != NULL ? *limits
                                 : (struct plk_tcp_limits){.streams = PLK_TCP_STREAMS_MAX,
                                                           .accepted = PLK_TCP_ACCEPTED_MAX,
                                                           .strangers = PLK_TCP_ACCEPTED_MAX,
                                                           .per_site = PLK_TCP_ACCEPTED_PER_IP};
    tcp->stranger_ms = PLK_TCP_STRANGER_MS;
    tcp->happened = happened;
    tcp->done = done;
    tcp->ctx = ctx;
    tcp->read_buffer = plk_memory_take(PLK_TCP_READ_LEN);
    plk_tcp_streams_init(&tcp->streams);
    plk_assert(uv_timer_init(loop, &tcp->timer) == 0);
    tcp->timer.data = tcp;
    tcp->open_handles = 1;
    return tcp;
}

void plk_tcp_patience(struct plk_tcp *tcp, uint64_t stranger_ms) { tcp->stranger_ms = stranger_ms; }

static void on_listener_closed(uv_handle_t *handle) {
    struct listener *listener = handle->data;
    close(listener->fd);
    release(listener->tcp);
    plk_memory_give(listener, sizeof *listener);
}

static void on_timer_closed(uv_handle_t *handle) { release(handle->data); }

void plk_tcp_close(struct plk_tcp *tcp) {
    if (tcp == NULL) return;
    plk_tcp_shut_all(tcp);
    tcp->closed = true;
    for (struct refused *r; (r = tcp->refused) != NULL;) {
        tcp->refused = r->next;
        plk_memory_give(r, sizeof *r);
    }
    for (struct listener *l; (l = tcp->listeners) != NULL;) {
        tcp->listeners = l->next;
        uv_close((uv_handle_t *)&l->poll, on_listener_closed);
    }
    uv_close((uv_handle_t *)&tcp->timer, on_timer_closed);
}
