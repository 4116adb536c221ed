// SPDX-License-Identifier: MIT
// What host/tcp.h asks of a socket: its options, where it leaves from, whether its address is still this machine's.
#ifndef PLK_HOST_TCP_SOCKET_H
#define PLK_HOST_TCP_SOCKET_H

#include <stdbool.h>
#include <sys/socket.h>

void plk_tcp_socket_tune(int fd, int unsent); // no delay, and so many bytes at most wait in the kernel
// Own connections may leave from the port of this listener. It was bound without that: so it has found out whether the port is
// another program's, and one that comes later finds out too.
void plk_tcp_socket_share(int fd);
// A descriptor that connects, from there (from_len 0: from anywhere) unless another program has that port; a shared listener's own is fine;
// -1 with errno, EADDRNOTAVAIL where there is a connection between these two places already, or was a moment ago. Non-blocking; the caller closes it.
int plk_tcp_socket_connect(const struct sockaddr_storage *to, socklen_t to_len, const struct sockaddr_storage *from,
                           socklen_t from_len);
// Can the connection's own address still be bound to?
bool plk_tcp_socket_is_ours(int fd);

#endif
