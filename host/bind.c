// SPDX-License-Identifier: MIT
#include "host/bind.h"

#include "host/address.h"
#include "host/entropy.h"
#include "host/home.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void plk_bound_close(struct plk_bound *bound) {
    int fds[] = {bound->udp4, bound->udp6, bound->tcp4, bound->tcp6};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) close(fds[i]);
    }
    *bound = (struct plk_bound){.udp4 = -1, .udp6 = -1, .tcp4 = -1, .tcp6 = -1};
}

// ---- what was asked for -----------------------------------------------------------------------------------------------

enum plk_fault_kind plk_bind_parse(const char *listen, struct plk_addr *addr, bool *any, struct plk_fault *fault) {
    char host[64] = "";
    const char *colon = strrchr(listen, ':'), *port = colon != NULL ? colon + 1 : listen;
    size_t host_len = colon != NULL ? (size_t)(colon - listen) : 0;
    bool brackets = host_len >= 2 && listen[0] == '[' && listen[host_len - 1] == ']';
    size_t skip = brackets ? 1 : 0;
    char *end;
    unsigned long number = strtoul(port, &end, 10);
    if (port[0] < '0' || port[0] > '9' || *end != '\0' || number > 65535 || host_len - 2 * skip >= sizeof host) {
        return plk_fault_set(fault, PLK_FAULT_LISTEN, "the listen address is not ADDR:PORT or [ADDR]:PORT or PORT");
    }
    memcpy(host, listen + skip, host_len - 2 * skip);
    struct in_addr v4;
    struct in6_addr v6;
    *any = host[0] == '\0' || strcmp(host, "*") == 0;
    *addr = (struct plk_addr){.family = 0, .port = (uint16_t)number};
    if (*any && !brackets) return PLK_FAULT_NONE;
    if (!brackets && inet_pton(AF_INET, host, &v4) == 1) {
        *addr = plk_address_v4(&v4, (uint16_t)number);
    } else if (brackets && inet_pton(AF_INET6, host, &v6) == 1) {
        *addr = plk_address_v6(&v6, (uint16_t)number, 0);
    } else {
        return plk_fault_set(fault, PLK_FAULT_LISTEN,
                             "the listen address is not an IP address and a port (IPv6 in [brackets])");
    }
    *any = false;
    return PLK_FAULT_NONE;
}

// ---- one socket -------------------------------------------------------------------------------------------------------

static void set_on(int fd, int level, int option) {
    int on = 1;
    // All of these make things better and none is needed.
    if (setsockopt(fd, level, option, &on, sizeof on) != 0) return;
}

// A descriptor, or -1 with errno. addr->port 0: any.
static int bind_one(int type, const struct plk_addr *addr) {
    struct sockaddr_storage to;
    socklen_t len = plk_address_to_system(addr, &to);
    int fd = socket(to.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (addr->family == 6) set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    // Connections of the last run that are not quite over must not keep a node from its port.
    if (type == SOCK_STREAM) set_on(fd, SOL_SOCKET, SO_REUSEADDR);
    if (bind(fd, (struct sockaddr *)&to, len) == 0 && (type != SOCK_STREAM || listen(fd, PLK_BIND_BACKLOG) == 0))
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static uint16_t port_of(int fd) {
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    if (fd < 0 || getsockname(fd, (struct sockaddr *)&at, &len) != 0) return 0;
    return plk_address_from_system((struct sockaddr *)&at).port;
}

// ---- all of them ------------------------------------------------------------------------------------------------------

static bool no_such_family(int why) { return why == EAFNOSUPPORT || why == EADDRNOTAVAIL || why == EPROTONOSUPPORT; }

// The first socket with a port of 0 gets one from the system, which the others must then get too.
static bool bind_next(int *fd, int type, struct plk_addr *addr, bool optional) {
    *fd = bind_one(type, addr);
    if (*fd < 0) return optional && no_such_family(errno);
    if (addr->port == 0) addr->port = port_of(*fd);
    return true;
}

static bool is_unspecified(const struct plk_addr *addr) {
    static const uint8_t zero[16];
    return memcmp(addr->ip, zero, sizeof zero) == 0;
}

// False with errno, and nothing bound.
static bool bind_all(struct plk_bound *bound, const struct plk_bind_config *config, struct plk_addr addr, bool any) {
    *bound = (struct plk_bound){.udp4 = -1, .udp6 = -1, .tcp4 = -1, .tcp6 = -1};
    bool done = true;
    for (uint8_t family = 4; done && family <= 6; family += 2) {
        if (!any && addr.family != family) continue;
        addr.family = family;
        if (!config->no_udp) done = bind_next(family == 4 ? &bound->udp4 : &bound->udp6, SOCK_DGRAM, &addr, any);
        if (done && !config->no_tcp)
            done = bind_next(family == 4 ? &bound->tcp4 : &bound->tcp6, SOCK_STREAM, &addr, any);
    }
    bool wanted = !config->no_udp || !config->no_tcp;
    if (done && wanted && bound->udp4 < 0 && bound->udp6 < 0 && bound->tcp4 < 0 && bound->tcp6 < 0) {
        errno = EADDRNOTAVAIL;
        done = false;
    }
    int why = errno;
    if (!done) plk_bound_close(bound);
    errno = why;
    if (!done) return false;
    bound->udp4_port = port_of(bound->udp4);
    bound->udp6_port = port_of(bound->udp6);
    bound->tcp_port = port_of(bound->tcp4 >= 0 ? bound->tcp4 : bound->tcp6);
    if (!any && !is_unspecified(&addr)) bound->only = addr;
    return true;
}

static enum plk_fault_kind listen_fault(const char *listen, int why, struct plk_fault *fault) {
    if (why == EADDRINUSE)
        return plk_fault_set(fault, PLK_FAULT_LISTEN, "the port is taken: another program listens on %s", listen);
    if (why == EADDRNOTAVAIL)
        return plk_fault_set(fault, PLK_FAULT_LISTEN, "%s is not an address of this machine", listen);
    if (why == EACCES) return plk_fault_set(fault, PLK_FAULT_LISTEN, "listening on %s is not permitted", listen);
    return plk_fault_set(fault, PLK_FAULT_SYSTEM, "listening on %s failed: %s", listen, strerror(why));
}

// A port that was kept and is taken now is passed over for this time; nothing depends on it (DESIGN 4).
static enum plk_fault_kind bind_kept(struct plk_bound *bound, const struct plk_bind_config *config,
                                     struct plk_fault *fault) {
    struct plk_addr addr = {.family = 0};
    unsigned long kept = plk_home_number_read(config->home, PLK_BIND_PORT_NAME);
    if (kept > 0 && kept <= 65535) {
        addr.port = (uint16_t)kept;
        if (bind_all(bound, config, addr, true)) return PLK_FAULT_NONE;
    }
    for (int i = 0; i < PLK_BIND_TRIES; i++) {
        uint32_t random;
        plk_entropy_bytes(&random, sizeof random);
        addr.port = (uint16_t)(PLK_BIND_RANDOM_MIN + random % (PLK_BIND_RANDOM_MAX - PLK_BIND_RANDOM_MIN + 1));
        if (!bind_all(bound, config, addr, true)) continue;
        if (kept != 0) return PLK_FAULT_NONE;
        enum plk_fault_kind kind = plk_home_number_write(config->home, PLK_BIND_PORT_NAME, addr.port, fault);
        if (kind != PLK_FAULT_NONE) plk_bound_close(bound);
        return kind;
    }
    return listen_fault("any port", errno, fault);
}

enum plk_fault_kind plk_bind(struct plk_bound *bound, const struct plk_bind_config *config, struct plk_fault *fault) {
    *bound = (struct plk_bound){.udp4 = -1, .udp6 = -1, .tcp4 = -1, .tcp6 = -1};
    if (config->listen == NULL) return bind_kept(bound, config, fault);
    struct plk_addr addr;
    bool any;
    enum plk_fault_kind kind = plk_bind_parse(config->listen, &addr, &any, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    for (int i = 0; i < PLK_BIND_TRIES; i++) {
        if (bind_all(bound, config, addr, any)) return PLK_FAULT_NONE;
        // With port 0 the system's choice for the first may be taken for the others.
        if (addr.port != 0 || errno != EADDRINUSE) break;
    }
    return listen_fault(config->listen, errno, fault);
}
