// SPDX-License-Identifier: MIT
#include "host/udp_sides.h"

#include "host/address.h"
#include "host/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
    struct side *next;
    struct plk_udp_sides *sides;
    uv_poll_t poll;
    uint32_t socket;
    uint8_t family;
    int fd;
};

struct plk_udp_sides {
    uv_loop_t *loop;
    struct plk_addr only;
    plk_udp_side_received *received;
    void (*done)(void *ctx);
    void *ctx;
    struct side *first; // open ones
    unsigned handles;   // of those, and of those that are about to be closed
    bool freed;
};

struct plk_udp_sides *plk_udp_sides_new(uv_loop_t *loop, const struct plk_addr *only, plk_udp_side_received *received,
                                        void (*done)(void *ctx), void *ctx) {
    struct plk_udp_sides *sides = plk_memory_take(sizeof *sides);
    sides->loop = loop;
    if (only->family == 4) sides->only = *only;
    sides->received = received;
    sides->done = done;
    sides->ctx = ctx;
    return sides;
}

// ---- sending ----------------------------------------------------------------------------------------------------------

static void limit_hops(struct msghdr *header, uint8_t family, uint8_t hops) {
    int value = hops;
    struct cmsghdr *c = CMSG_FIRSTHDR(header);
    c->cmsg_level = family == 4 ? IPPROTO_IP : IPPROTO_IPV6;
    c->cmsg_type = family == 4 ? IP_TTL : IPV6_HOPLIMIT;
    c->cmsg_len = CMSG_LEN(sizeof value);
    memcpy(CMSG_DATA(c), &value, sizeof value);
}

bool plk_udp_send_hops(int fd, const struct plk_addr *to, uint8_t hops, struct plk_bytes data) {
    struct sockaddr_storage at;
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec io = {.iov_base = (void *)(uintptr_t)data.at, .iov_len = data.len};
    struct msghdr header = {
        .msg_name = &at, .msg_namelen = plk_address_to_system(to, &at), .msg_iov = &io, .msg_iovlen = 1};
    if (hops != 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        limit_hops(&header, to->family, hops);
    }
    ssize_t sent;
    do sent = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

static struct side *find(struct plk_udp_sides *sides, uint32_t socket) {
    struct side *side = sides->first;
    while (side != NULL && side->socket != socket) side = side->next;
    return side;
}

void plk_udp_sides_send(struct plk_udp_sides *sides, uint32_t socket, const struct plk_addr *to, uint8_t hops,
                        struct plk_bytes data) {
    const struct side *side = find(sides, socket);
    if (side != NULL && to->family == side->family) (void)plk_udp_send_hops(side->fd, to, hops, data);
}

// ---- receiving --------------------------------------------------------------------------------------------------------

static bool receive(struct side *side) {
    uint8_t buffer[PLK_UDP_SIDE_BUFFER_LEN];
    struct sockaddr_storage at;
    struct iovec io = {.iov_base = buffer, .iov_len = sizeof buffer};
    struct msghdr header = {.msg_name = &at, .msg_namelen = sizeof at, .msg_iov = &io, .msg_iovlen = 1};
    ssize_t got = recvmsg(side->fd, &header, MSG_DONTWAIT);
    // What a router says of an earlier datagram, e.g. that it had come too far, is read as an error and means nothing here.
    if (got < 0) return errno != EAGAIN && errno != EWOULDBLOCK;
    struct plk_addr from = plk_address_from_system((struct sockaddr *)&at);
    if (got > 0 && from.family != 0 && (header.msg_flags & MSG_TRUNC) == 0)
        side->sides->received(side->sides->ctx, side->socket, &from, plk_bytes(buffer, (size_t)got));
    return true;
}

static void on_readable(uv_poll_t *poll, int status, int events) {
    struct side *side = poll->data;
    (void)events;
    for (int round = 0; round < PLK_UDP_SIDE_ROUNDS && receive(side); round++) continue;
    // libuv has stopped to look at a socket with an error; receiving has read it away.
    if (status < 0 && !uv_is_closing((uv_handle_t *)poll))
        plk_assert(uv_poll_start(poll, UV_READABLE, on_readable) == 0);
    side->sides->done(side->sides->ctx);
}

// ---- opening and closing ------------------------------------------------------------------------------------------------

static bool tune(int fd, uint8_t family) {
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return false;
    int only = 1;
    if (family == 6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0) return false;
#ifdef __linux__
    int probe =
        IP_PMTUDISC_PROBE; // never fragmented by the system, as from the node's own socket; the same number for IPv6
    if (family == 4) return setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe) == 0;
    return setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe, sizeof probe) == 0;
#else
    return true;
#endif
}

static int open_fd(const struct plk_addr *only, uint8_t family) {
    struct sockaddr_storage at;
    struct plk_addr addr = {.family = family};
    if (only->family == family) addr = *only;
    addr.port = 0;
    int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
    if (fd < 0) return -1;
    if (tune(fd, family) && bind(fd, (struct sockaddr *)&at, plk_address_to_system(&addr, &at)) == 0) return fd;
    close(fd);
    return -1;
}

void plk_udp_sides_open(struct plk_udp_sides *sides, uint32_t socket, uint8_t family) {
    int fd = open_fd(&sides->only, family);
    if (fd < 0) return;
    struct side *side = plk_memory_take(sizeof *side);
    *side = (struct side){.next = sides->first, .sides = sides, .socket = socket, .family = family, .fd = fd};
    if (uv_poll_init(sides->loop, &side->poll, fd) != 0) {
        close(fd);
        plk_memory_give(side, sizeof *side);
        return;
    }
    side->poll.data = side;
    plk_assert(uv_poll_start(&side->poll, UV_READABLE, on_readable) == 0);
    sides->first = side;
    sides->handles++;
}

static void free_last(struct plk_udp_sides *sides) {
    if (sides->freed && sides->handles == 0) plk_memory_give(sides, sizeof *sides);
}

static void on_closed(uv_handle_t *handle) {
    struct side *side = handle->data;
    struct plk_udp_sides *sides = side->sides;
    close(side->fd);
    plk_memory_give(side, sizeof *side);
    sides->handles--;
    free_last(sides);
}

void plk_udp_sides_close(struct plk_udp_sides *sides, uint32_t socket) {
    struct side **at = &sides->first;
    while (*at != NULL && (*at)->socket != socket) at = &(*at)->next;
    if (*at == NULL) return;
    struct side *side = *at;
    *at = side->next;
    uv_close((uv_handle_t *)&side->poll, on_closed);
}

void plk_udp_sides_clear(struct plk_udp_sides *sides) {
    while (sides->first != NULL) plk_udp_sides_close(sides, sides->first->socket);
}

void plk_udp_sides_free(struct plk_udp_sides *sides) {
    if (sides == NULL) return;
    plk_udp_sides_clear(sides);
    sides->freed = true;
    free_last(sides);
}
