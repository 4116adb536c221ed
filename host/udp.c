// SPDX-License-Identifier: MIT
#include "host/udp.h"

#include "host/address.h"
#include "host/memory.h"
#include "host/udp_sides.h"
#include "host/udp_trains.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__linux__) && !defined(UDP_SEGMENT)
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

#define CONTROL_LEN 128 // an address and a length

struct sock {
    uv_poll_t poll;
    struct plk_udp *udp;
    int fd; // -1: none
    uint16_t port;
    bool segment; // the kernel cuts trains
};

struct plk_udp {
    struct sock v4, v6;
    plk_udp_received *received;
    void (*done)(void *ctx);
    void *ctx;
    struct plk_udp_trains *trains;
    int open_handles;
    uint8_t *buffers; // PLK_UDP_BATCH * PLK_UDP_BUFFER_LEN, for receiving
};

// ---- opening ----------------------------------------------------------------------------------------------------------

static void set(int fd, int level, int option, int value) {
    // All of these make things better and none is needed.
    if (setsockopt(fd, level, option, &value, sizeof value) != 0) return;
}

static void tune(struct sock *sock, bool v6) {
    set(sock->fd, SOL_SOCKET, SO_RCVBUF, (int)PLK_UDP_SOCKET_BYTES);
    set(sock->fd, SOL_SOCKET, SO_SNDBUF, (int)PLK_UDP_SOCKET_BYTES);
#ifdef __linux__
    // Beyond the system's limit where the user may.
    set(sock->fd, SOL_SOCKET, SO_RCVBUFFORCE, (int)PLK_UDP_SOCKET_BYTES);
    set(sock->fd, SOL_SOCKET, SO_SNDBUFFORCE, (int)PLK_UDP_SOCKET_BYTES);
    set(sock->fd, IPPROTO_UDP, UDP_GRO, 1);
    int size = 0;
    sock->segment = setsockopt(sock->fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size) == 0;
    // Never fragmented by the system: a datagram that is too long for a path is lost, which is how one learns of it.
    if (v6) {
        set(sock->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    } else {
        set(sock->fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    }
#endif
#ifdef IP_PKTINFO
    if (!v6) set(sock->fd, IPPROTO_IP, IP_PKTINFO, 1);
#endif
#ifdef IPV6_RECVPKTINFO
    if (v6) set(sock->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
#endif
}

static uint16_t port_of(const struct sock *sock) {
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    if (getsockname(sock->fd, (struct sockaddr *)&at, &len) != 0) return 0;
    return plk_address_from_system((struct sockaddr *)&at).port;
}

// ---- receiving --------------------------------------------------------------------------------------------------------

// What the control messages say: the local address, and the size of the datagrams that came as one.
static void read_control(struct msghdr *header, struct plk_addr *to, size_t *size) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
#ifdef IP_PKTINFO
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            *to = plk_address_v4(&info.ipi_addr, 0);
        }
#endif
#ifdef IPV6_RECVPKTINFO
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            *to = plk_address_v6(&info.ipi6_addr, 0, info.ipi6_ifindex);
        }
#endif
#ifdef __linux__
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            int segment;
            memcpy(&segment, CMSG_DATA(c), sizeof segment);
            if (segment > 0) *size = (size_t)segment;
        }
#endif
    }
}

static void hand_over(struct plk_udp *udp, struct msghdr *header, uint8_t *data, size_t len, uint16_t port) {
    if (len == 0 || (header->msg_flags & MSG_TRUNC) != 0) return;
    struct plk_addr from = plk_address_from_system(header->msg_name), to = {.family = 0};
    size_t size = len;
    read_control(header, &to, &size);
    if (to.family != 0) to.port = port;
    if (from.family == 0) return;
    for (size_t at = 0; at < len; at += size) {
        udp->received(udp->ctx, &from, &to, plk_bytes(data + at, len - at < size ? len - at : size));
    }
}

struct inbox {
    struct sockaddr_storage from[PLK_UDP_BATCH];
    struct iovec io[PLK_UDP_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[PLK_UDP_BATCH][CONTROL_LEN];
#ifdef __linux__
    struct mmsghdr headers[PLK_UDP_BATCH];
#endif
};

static void fill_header(struct msghdr *header, struct inbox *inbox, unsigned i, uint8_t *buffer) {
    inbox->io[i] = (struct iovec){.iov_base = buffer, .iov_len = PLK_UDP_BUFFER_LEN};
    *header = (struct msghdr){.msg_name = &inbox->from[i],
                              .msg_namelen = sizeof inbox->from[i],
                              .msg_iov = &inbox->io[i],
                              .msg_iovlen = 1,
                              .msg_control = inbox->control[i],
                              .msg_controllen = CONTROL_LEN};
}

#ifdef __linux__
// One call. Returns how many buffers it filled; 0: there is nothing more.
static unsigned receive_batch(struct sock *sock) {
    struct inbox inbox;
    for (unsigned i = 0; i < PLK_UDP_BATCH; i++) {
        fill_header(&inbox.headers[i].msg_hdr, &inbox, i, sock->udp->buffers + (size_t)i * PLK_UDP_BUFFER_LEN);
    }
    int got = recvmmsg(sock->fd, inbox.headers, PLK_UDP_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
        hand_over(sock->udp, &inbox.headers[i].msg_hdr, sock->udp->buffers + (size_t)i * PLK_UDP_BUFFER_LEN,
                  inbox.headers[i].msg_len, sock->port);
    }
    return got > 0 ? (unsigned)got : 0;
}
#else
static unsigned receive_batch(struct sock *sock) {
    struct inbox inbox;
    struct msghdr header;
    fill_header(&header, &inbox, 0, sock->udp->buffers);
    ssize_t got = recvmsg(sock->fd, &header, MSG_DONTWAIT);
    if (got > 0) hand_over(sock->udp, &header, sock->udp->buffers, (size_t)got, sock->port);
    return got >= 0 ? PLK_UDP_BATCH : 0;
}
#endif

static void on_readable(uv_poll_t *poll, int status, int events) {
    struct sock *sock = poll->data;
    (void)events;
    for (int round = 0; round < PLK_UDP_ROUNDS; round++) {
        unsigned got = receive_batch(sock);
        if (got > 0 && sock->udp->done != NULL) sock->udp->done(sock->udp->ctx);
        if (got < PLK_UDP_BATCH) break;
    }
    // An error of the socket has been read away by receiving; libuv has stopped to look at it.
    if (status < 0) plk_assert(uv_poll_start(poll, UV_READABLE, on_readable) == 0);
}

static void open_sock(struct plk_udp *udp, struct sock *sock, uv_loop_t *loop, int fd, bool v6) {
    *sock = (struct sock){.udp = udp, .fd = fd};
    if (fd < 0) return;
    sock->port = port_of(sock);
    tune(sock, v6);
    plk_assert(uv_poll_init(loop, &sock->poll, fd) == 0);
    sock->poll.data = sock;
    plk_assert(uv_poll_start(&sock->poll, UV_READABLE, on_readable) == 0);
    udp->open_handles++;
}

struct plk_udp *plk_udp_open(uv_loop_t *loop, int fd4, int fd6, plk_udp_received *received, void (*done)(void *ctx),
                             void *ctx) {
    struct plk_udp *udp = plk_memory_take(sizeof *udp);
    // Large enough for the system to give them lazily: an idle node uses next to nothing of them.
    udp->buffers = plk_memory_take((size_t)PLK_UDP_BATCH * PLK_UDP_BUFFER_LEN);
    udp->received = received;
    udp->done = done;
    udp->ctx = ctx;
    open_sock(udp, &udp->v4, loop, fd4, false);
    open_sock(udp, &udp->v6, loop, fd6, true);
    udp->trains = plk_udp_trains_new(fd4, udp->v4.segment, fd6, udp->v6.segment);
    return udp;
}

static void free_udp(struct plk_udp *udp) {
    // Ciphertext only: not worth touching pages that were never used.
    free(udp->buffers);
    plk_udp_trains_free(udp->trains);
    plk_memory_give(udp, sizeof *udp);
}

static void on_closed(uv_handle_t *handle) {
    struct sock *sock = handle->data;
    close(sock->fd);
    if (--sock->udp->open_handles == 0) free_udp(sock->udp);
}

void plk_udp_close(struct plk_udp *udp) {
    if (udp == NULL) return;
    bool any = udp->open_handles > 0;
    if (udp->v4.fd >= 0) uv_close((uv_handle_t *)&udp->v4.poll, on_closed);
    if (udp->v6.fd >= 0) uv_close((uv_handle_t *)&udp->v6.poll, on_closed);
    if (!any) free_udp(udp);
}

// ---- sending ----------------------------------------------------------------------------------------------------------

void plk_udp_send(struct plk_udp *udp, const struct plk_addr *to, const struct plk_addr *from, struct plk_bytes data) {
    plk_udp_trains_add(udp->trains, to, from, data);
}

void plk_udp_send_near(struct plk_udp *udp, const struct plk_addr *to, uint8_t hops, struct plk_bytes data) {
    int fd = to->family == 4 ? udp->v4.fd : udp->v6.fd;
    if (fd >= 0) (void)plk_udp_send_hops(fd, to, hops, data); // it is lost, as most such packets are meant to be
}

void plk_udp_flush(struct plk_udp *udp) { plk_udp_trains_flush(udp->trains); }

uint64_t plk_udp_dropped(const struct plk_udp *udp) { return plk_udp_trains_dropped(udp->trains); }
