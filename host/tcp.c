// SPDX-License-Identifier: MIT
#include "host/tcp.h"

#include "host/address.h"
#include "host/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_PAUSE_MS 1000

struct stream {
    struct plk_tcp *tcp;
    struct stream *next; // in the list of all; first is the newest
    uv_poll_t poll;
    int fd;
    uint32_t id;
    struct plk_addr remote;
    bool connecting, accepted, answered; // answered: the node has written to it
    bool closing;                        // the node is done with it: what is buffered goes out, nothing comes in
    bool dead;                           // its handle is being closed
    uint64_t deadline_ms;                // for what has to happen to it; UINT64_MAX
    bool written;                        // since the last flush
    bool broken;                         // found while writing: to be lost at the next turn of the loop
    size_t told;                         // room that the node knows of
    size_t head, len;                    // buffered bytes: buffer[head .. head + len)
    uint8_t *buffer;                     // PLK_TCP_BUFFER_MAX bytes once something was written
};

struct plk_tcp {
    uv_loop_t *loop;
    struct stream *streams;
    size_t count, accepted;
    uint32_t next_id;
    uint64_t stranger_ms;
    struct listener {
        uv_poll_t poll;
        struct plk_tcp *tcp;
        int fd;
    } v4, v6;
    uv_timer_t timer; // runs only while there is a deadline
    plk_tcp_happened *happened;
    void (*done)(void *ctx);
    void *ctx;
    bool closed, accept_paused; // paused: the process has no descriptor left
    struct {
        uint32_t id;
        struct plk_addr to;
    } refused[PLK_TCP_STREAMS_MAX]; // connections that could not even be begun, to be told
    size_t refused_count;
    int open_handles;
    uint8_t *read_buffer;
};

static uint64_t now_ms(const struct plk_tcp *tcp) {
    uv_update_time(tcp->loop);
    return uv_now(tcp->loop);
}

static void tell(struct stream *stream, enum plk_stream_event event, struct plk_bytes data) {
    struct plk_input input = {.kind = PLK_IN_STREAM,
                              .stream = {.stream = stream->id, .event = event, .remote = stream->remote, .data = data}};
    bool room = event == PLK_STREAM_OPENED || event == PLK_STREAM_ACCEPTED || event == PLK_STREAM_WRITABLE;
    if (room) input.stream.writable = stream->told = PLK_TCP_BUFFER_MAX - stream->len;
    stream->tcp->happened(stream->tcp->ctx, &input);
}

static void finish(struct plk_tcp *tcp) {
    if (tcp->done != NULL) tcp->done(tcp->ctx);
}

// ---- the end of a connection ------------------------------------------------------------------------------------------

static void release(struct plk_tcp *tcp) {
    if (--tcp->open_handles > 0 || !tcp->closed) return;
    plk_memory_give(tcp->read_buffer, PLK_TCP_READ_LEN);
    plk_memory_give(tcp, sizeof *tcp);
}

static void on_stream_closed(uv_handle_t *handle) {
    struct stream *stream = handle->data;
    close(stream->fd);
    release(stream->tcp);
    plk_memory_give(stream->buffer, PLK_TCP_BUFFER_MAX);
    plk_memory_give(stream, sizeof *stream);
}

static void kill_stream(struct stream *stream) {
    struct plk_tcp *tcp = stream->tcp;
    if (stream->dead) return;
    stream->dead = true;
    struct stream **link = &tcp->streams;
    while (*link != stream) link = &(*link)->next;
    *link = stream->next;
    tcp->count--;
    if (stream->accepted) tcp->accepted--;
    uv_close((uv_handle_t *)&stream->poll, on_stream_closed);
}

// By the other side, an error or a limit: the node hears of it, unless it was done with it.
static void lose_stream(struct stream *stream) {
    if (stream->dead) return;
    bool silent = stream->closing;
    kill_stream(stream);
    if (!silent) tell(stream, PLK_STREAM_CLOSED, plk_bytes(NULL, 0));
}

// ---- deadlines --------------------------------------------------------------------------------------------------------

static void on_timer(uv_timer_t *timer);
static void listen_again(struct plk_tcp *tcp);

static void set_timer(struct plk_tcp *tcp) {
    uint64_t first = tcp->refused_count > 0 ? 0 : tcp->accept_paused ? now_ms(tcp) + ACCEPT_PAUSE_MS : UINT64_MAX;
    for (const struct stream *s = tcp->streams; s != NULL; s = s->next) {
        if (s->broken) first = 0;
        if (s->deadline_ms < first) first = s->deadline_ms;
    }
    if (first == UINT64_MAX) {
        uv_timer_stop(&tcp->timer);
    } else {
        uint64_t now = now_ms(tcp);
        uv_timer_start(&tcp->timer, on_timer, first > now ? first - now : 0, 0);
    }
}

static void tell_refused(struct plk_tcp *tcp) {
    for (size_t i = 0; i < tcp->refused_count; i++) {
        struct plk_input input = {
            .kind = PLK_IN_STREAM,
            .stream = {.stream = tcp->refused[i].id, .event = PLK_STREAM_CLOSED, .remote = tcp->refused[i].to}};
        tcp->happened(tcp->ctx, &input);
    }
    tcp->refused_count = 0;
}

static void on_timer(uv_timer_t *timer) {
    struct plk_tcp *tcp = timer->data;
    uint64_t now = now_ms(tcp);
    tell_refused(tcp);
    if (tcp->accept_paused) listen_again(tcp);
    for (struct stream *s = tcp->streams, *next; s != NULL; s = next) {
        next = s->next;
        if (s->broken || s->deadline_ms <= now) lose_stream(s);
    }
    set_timer(tcp);
    finish(tcp);
}

// ---- bytes ------------------------------------------------------------------------------------------------------------

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct stream *stream) {
    int events = stream->closing ? 0 : UV_READABLE;
    if (stream->connecting || stream->len > 0) events = (stream->connecting ? 0 : events) | UV_WRITABLE;
    if (stream->closing && stream->len == 0) return;
    if (uv_poll_start(&stream->poll, events, on_ready) != 0) lose_stream(stream);
}

// Hands buffered bytes to the kernel. False: the connection is lost.
static bool push(struct stream *stream) {
    while (stream->len > 0) {
        ssize_t sent = send(stream->fd, stream->buffer + stream->head, stream->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
        stream->head += (size_t)sent;
        stream->len -= (size_t)sent;
    }
    stream->head = 0;
    return true;
}

// A node hears of room when what it knows of goes to an end and there is a good deal of it: not once per packet.
static bool tell_room(struct stream *stream) {
    bool worth = !stream->closing && stream->told < PLK_TCP_BUFFER_MAX / 2 &&
                 PLK_TCP_BUFFER_MAX - stream->len >= PLK_TCP_BUFFER_MAX / 2;
    if (worth) tell(stream, PLK_STREAM_WRITABLE, plk_bytes(NULL, 0));
    return worth;
}

static void on_writable(struct stream *stream) {
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

static void on_readable(struct stream *stream) {
    ssize_t got = recv(stream->fd, stream->tcp->read_buffer, PLK_TCP_READ_LEN, MSG_DONTWAIT);
    if (got > 0) {
        tell(stream, PLK_STREAM_BYTES, plk_bytes(stream->tcp->read_buffer, (size_t)got));
    } else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
        lose_stream(stream);
    }
}

static void on_connected(struct stream *stream) {
    int failed = 0;
    socklen_t len = sizeof failed;
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &failed, &len) != 0 || failed != 0) {
        lose_stream(stream);
        return;
    }
    stream->connecting = false;
    stream->deadline_ms = UINT64_MAX;
    tell(stream, PLK_STREAM_OPENED, plk_bytes(NULL, 0));
}

static void on_ready(uv_poll_t *poll, int status, int events) {
    struct stream *stream = poll->data;
    struct plk_tcp *tcp = stream->tcp;
    if (status < 0 && !stream->connecting) {
        lose_stream(stream);
    } else if (stream->connecting) {
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

static void set(int fd, int level, int option, int value) {
    // All of these make things better and none is needed.
    if (setsockopt(fd, level, option, &value, sizeof value) != 0) return;
}

static struct stream *add_stream(struct plk_tcp *tcp, int fd, uint32_t id, const struct plk_addr *remote) {
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
#ifdef TCP_NOTSENT_LOWAT
    set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, PLK_TCP_KERNEL_UNSENT);
#endif
    struct stream *stream = plk_memory_take(sizeof *stream);
    stream->tcp = tcp;
    stream->fd = fd;
    stream->id = id;
    stream->remote = *remote;
    stream->deadline_ms = UINT64_MAX;
    plk_assert(uv_poll_init(tcp->loop, &stream->poll, fd) == 0);
    stream->poll.data = stream;
    stream->next = tcp->streams;
    tcp->streams = stream;
    tcp->count++;
    tcp->open_handles++;
    return stream;
}

static struct stream *find(struct plk_tcp *tcp, uint32_t id) {
    struct stream *stream = tcp->streams;
    while (stream != NULL && (stream->id != id || stream->closing)) stream = stream->next;
    return stream;
}

// Told at the next turn of the loop, not while the node is being asked.
static void refuse(struct plk_tcp *tcp, uint32_t id, const struct plk_addr *to) {
    plk_assert(tcp->refused_count < PLK_TCP_STREAMS_MAX);
    tcp->refused[tcp->refused_count].id = id;
    tcp->refused[tcp->refused_count++].to = *to;
    set_timer(tcp);
}

void plk_tcp_connect(struct plk_tcp *tcp, uint32_t id, const struct plk_addr *to) {
    plk_assert((id & PLK_TCP_ACCEPTED_BIT) == 0);
    struct sockaddr_storage system;
    socklen_t len = plk_address_to_system(to, &system);
    int fd = -1;
    if (len > 0 && tcp->count < PLK_TCP_STREAMS_MAX)
        fd = socket(system.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&system, len) != 0 && errno != EINPROGRESS) {
        close(fd);
        fd = -1;
    }
    if (fd < 0) {
        refuse(tcp, id, to);
        return;
    }
    struct stream *stream = add_stream(tcp, fd, id, to);
    stream->connecting = true;
    stream->deadline_ms = now_ms(tcp) + PLK_TCP_CONNECT_MS;
    watch(stream);
    set_timer(tcp);
}

static bool same_site(const struct plk_addr *a, const struct plk_addr *b) {
    return a->family == b->family && memcmp(a->ip, b->ip, a->family == 4 ? 4 : 8) == 0;
}

// Room for one more of this address: the oldest that nobody has answered gives way.
static bool make_room(struct plk_tcp *tcp, const struct plk_addr *remote) {
    size_t same = 0;
    struct stream *oldest = NULL, *oldest_same = NULL;
    for (struct stream *s = tcp->streams; s != NULL; s = s->next) {
        if (!s->accepted) continue;
        bool site = same_site(&s->remote, remote);
        same += site;
        if (s->answered) continue;
        oldest = s;
        if (site) oldest_same = s;
    }
    if (same >= PLK_TCP_ACCEPTED_PER_IP) {
        if (oldest_same == NULL) return false;
        lose_stream(oldest_same);
    } else if (tcp->accepted >= PLK_TCP_ACCEPTED_MAX || tcp->count >= PLK_TCP_STREAMS_MAX) {
        if (oldest == NULL) return false;
        lose_stream(oldest);
    }
    return true;
}

static void take_in(struct plk_tcp *tcp, int fd, const struct plk_addr *remote) {
    if (remote->family == 0 || !make_room(tcp, remote)) {
        close(fd);
        return;
    }
    struct stream *stream =
        add_stream(tcp, fd, PLK_TCP_ACCEPTED_BIT | (tcp->next_id++ & ~PLK_TCP_ACCEPTED_BIT), remote);
    stream->accepted = true;
    stream->deadline_ms = now_ms(tcp) + tcp->stranger_ms;
    tcp->accepted++;
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
    struct listener *listeners[] = {&tcp->v4, &tcp->v6};
    for (size_t i = 0; i < 2; i++) {
        if (listeners[i]->fd >= 0) plk_assert(uv_poll_start(&listeners[i]->poll, UV_READABLE, on_accept) == 0);
    }
}

// ---- what the node asks for -------------------------------------------------------------------------------------------

void plk_tcp_write(struct plk_tcp *tcp, uint32_t id, struct plk_bytes data) {
    struct stream *stream = find(tcp, id);
    if (stream == NULL || stream->connecting || data.len == 0) return;
    plk_assert(data.len <= PLK_TCP_BUFFER_MAX - stream->len);
    if (stream->buffer == NULL) stream->buffer = plk_memory_take(PLK_TCP_BUFFER_MAX);
    if (stream->head + stream->len + data.len > PLK_TCP_BUFFER_MAX) {
        memmove(stream->buffer, stream->buffer + stream->head, stream->len);
        stream->head = 0;
    }
    memcpy(stream->buffer + stream->head + stream->len, data.at, data.len);
    stream->len += data.len;
    stream->told -= data.len < stream->told ? data.len : stream->told;
    stream->written = true;
    if (stream->accepted && !stream->answered) stream->deadline_ms = UINT64_MAX; // the timer will find nothing to do
    stream->answered = true;
}

bool plk_tcp_flush(struct plk_tcp *tcp) {
    bool told = false;
    for (struct stream *stream = tcp->streams; stream != NULL; stream = stream->next) {
        if (!stream->written) continue;
        stream->written = false;
        if (!push(stream)) {
            stream->broken = true;
            set_timer(tcp);
            continue;
        }
        if (stream->len > 0) watch(stream);
        told |= tell_room(stream);
    }
    return told;
}

void plk_tcp_shut(struct plk_tcp *tcp, uint32_t id) {
    struct stream *stream = find(tcp, id);
    if (stream == NULL) return;
    stream->closing = true;
    stream->written = false;
    if (stream->connecting || stream->len == 0 || !push(stream) || stream->len == 0) {
        kill_stream(stream);
    } else {
        stream->deadline_ms = now_ms(tcp) + PLK_TCP_CONNECT_MS;
        watch(stream);
    }
    set_timer(tcp);
}

void plk_tcp_shut_all(struct plk_tcp *tcp) {
    while (tcp->streams != NULL) kill_stream(tcp->streams);
    set_timer(tcp);
}

// Whether the connection's own address can still be bound to.
static bool is_ours(const struct stream *stream) {
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    if (getsockname(stream->fd, (struct sockaddr *)&at, &len) != 0) return false;
    if (at.ss_family == AF_INET) ((struct sockaddr_in *)&at)->sin_port = 0;
    if (at.ss_family == AF_INET6) ((struct sockaddr_in6 *)&at)->sin6_port = 0;
    int fd = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return true; // no descriptor is left: nothing is known
    bool ours = bind(fd, (struct sockaddr *)&at, len) == 0 || errno != EADDRNOTAVAIL;
    close(fd);
    return ours;
}

void plk_tcp_drop_lost(struct plk_tcp *tcp) {
    for (struct stream *s = tcp->streams, *next; s != NULL; s = next) {
        next = s->next;
        if (!is_ours(s)) lose_stream(s);
    }
    set_timer(tcp);
}

size_t plk_tcp_count(const struct plk_tcp *tcp) { return tcp->count; }

// ---- opening and closing ----------------------------------------------------------------------------------------------

static void open_listener(struct plk_tcp *tcp, struct listener *listener, int fd) {
    listener->tcp = tcp;
    listener->fd = fd;
    if (fd < 0) return;
    plk_assert(uv_poll_init(tcp->loop, &listener->poll, fd) == 0);
    listener->poll.data = listener;
    plk_assert(uv_poll_start(&listener->poll, UV_READABLE, on_accept) == 0);
    tcp->open_handles++;
}

struct plk_tcp *plk_tcp_open(uv_loop_t *loop, int fd4, int fd6, plk_tcp_happened *happened, void (*done)(void *ctx),
                             void *ctx) {
    struct plk_tcp *tcp = plk_memory_take(sizeof *tcp);
    tcp->loop = loop;
    tcp->stranger_ms = PLK_TCP_STRANGER_MS;
    tcp->happened = happened;
    tcp->done = done;
    tcp->ctx = ctx;
    tcp->read_buffer = plk_memory_take(PLK_TCP_READ_LEN);
    plk_assert(uv_timer_init(loop, &tcp->timer) == 0);
    tcp->timer.data = tcp;
    tcp->open_handles = 1;
    open_listener(tcp, &tcp->v4, fd4);
    open_listener(tcp, &tcp->v6, fd6);
    return tcp;
}

void plk_tcp_patience(struct plk_tcp *tcp, uint64_t stranger_ms) { tcp->stranger_ms = stranger_ms; }

static void on_listener_closed(uv_handle_t *handle) {
    struct listener *listener = handle->data;
    close(listener->fd);
    release(listener->tcp);
}

static void on_timer_closed(uv_handle_t *handle) { release(handle->data); }

void plk_tcp_close(struct plk_tcp *tcp) {
    if (tcp == NULL) return;
    plk_tcp_shut_all(tcp);
    tcp->closed = true;
    if (tcp->v4.fd >= 0) uv_close((uv_handle_t *)&tcp->v4.poll, on_listener_closed);
    if (tcp->v6.fd >= 0) uv_close((uv_handle_t *)&tcp->v6.poll, on_listener_closed);
    uv_close((uv_handle_t *)&tcp->timer, on_timer_closed);
}
