// SPDX-License-Identifier: MIT
#include "host/tcp_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

static void set(int fd, int level, int option, int value) {
    // All of these make things better and none is needed.
    if (setsockopt(fd, level, option, &value, sizeof value) != 0) return;
}

void plk_tcp_socket_tune(int fd, int unsent) {
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
#ifdef TCP_NOTSENT_LOWAT
    set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent);
#else
    (void)unsent;
#endif
}

void plk_tcp_socket_share(int fd) { set(fd, SOL_SOCKET, SO_REUSEPORT, 1); }

// Without the listener's port it still connects, and is seen elsewhere.
static void bind_to(int fd, const struct sockaddr_storage *from, socklen_t len) {
    if (from->ss_family == AF_INET6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd, SOL_SOCKET, SO_REUSEPORT, 1); // a port that is listened on is had no other way (socket(7))
    if (bind(fd, (const struct sockaddr *)from, len) != 0) return;
}

int plk_tcp_socket_connect(const struct sockaddr_storage *to, socklen_t to_len, const struct sockaddr_storage *from,
                           socklen_t from_len) {
    int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (from_len > 0) bind_to(fd, from, from_len);
    if (connect(fd, (const struct sockaddr *)to, to_len) == 0 || errno == EINPROGRESS) return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

bool plk_tcp_socket_is_ours(int fd) {
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0) return false;
    if (at.ss_family == AF_INET) ((struct sockaddr_in *)&at)->sin_port = 0;
    if (at.ss_family == AF_INET6) ((struct sockaddr_in6 *)&at)->sin6_port = 0;
    int probe = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return true; // no descriptor is left: nothing is known
    bool ours = bind(probe, (struct sockaddr *)&at, len) == 0 || errno != EADDRNOTAVAIL;
    close(probe);
    return ours;
}
