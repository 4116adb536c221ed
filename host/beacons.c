// SPDX-License-Identifier: MIT
#include "host/beacons.h"

#include "host/address.h"
#include "wire/beacon.h"

#include <sys/socket.h>
#include <unistd.h>

static void set(int fd, int level, int option, int value) {
    // All of these make things better and none is needed.
    if (setsockopt(fd, level, option, &value, sizeof value) != 0) return;
}

// Bound to the group itself, so that nothing but what is sent to it comes; over IPv6, where such a socket would belong to one interface,
// the core tells by the address that it came to. Several nodes of one machine hear it.
static int open_group(uint8_t family) {
    struct sockaddr_storage to;
    struct plk_addr group = plk_beacon_group(family, 0);
    if (family == 6) memset(group.ip, 0, sizeof group.ip);
    socklen_t len = plk_address_to_system(&group, &to);
    int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family == 6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
#ifdef IP_MULTICAST_ALL // else what any program of the machine has joined comes, too
    if (family == 4) set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
#endif
    if (bind(fd, (struct sockaddr *)&to, len) == 0) return fd;
    close(fd);
    return -1;
}

bool plk_beacons_open(struct plk_beacons *beacons, uv_loop_t *loop, plk_udp_received *received, void (*done)(void *ctx),
                      void *ctx) {
    *beacons = (struct plk_beacons){.fd4 = open_group(4), .fd6 = open_group(6)};
    if (beacons->fd4 >= 0 || beacons->fd6 >= 0)
        beacons->udp = plk_udp_open(loop, beacons->fd4, beacons->fd6, received, done, ctx);
    return beacons->udp != NULL;
}

// Joining once more is an error that means nothing; what is gone, the system leaves by itself.
void plk_beacons_join(struct plk_beacons *beacons, const struct plk_interface *interfaces, size_t count) {
    for (size_t i = 0; beacons->udp != NULL && i < count; i++) {
        const struct plk_addr *addr = &interfaces[i].addr;
        struct plk_addr group = plk_beacon_group(addr->family, addr->scope);
        if (addr->family == 4 && beacons->fd4 >= 0) {
            struct ip_mreq join;
            memcpy(&join.imr_multiaddr, group.ip, 4);
            memcpy(&join.imr_interface, addr->ip, 4);
            if (setsockopt(beacons->fd4, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join) != 0) continue;
        }
        if (addr->family == 6 && addr->scope != 0 && beacons->fd6 >= 0) {
            struct ipv6_mreq join = {.ipv6mr_interface = addr->scope};
            memcpy(&join.ipv6mr_multiaddr, group.ip, 16);
            if (setsockopt(beacons->fd6, IPPROTO_IPV6, IPV6_JOIN_GROUP, &join, sizeof join) != 0) continue;
        }
    }
}

void plk_beacons_close(struct plk_beacons *beacons) {
    plk_udp_close(beacons->udp);
    *beacons = (struct plk_beacons){.fd4 = -1, .fd6 = -1};
}
