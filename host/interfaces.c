// SPDX-License-Identifier: MIT
#include "host/interfaces.h"

#include "host/address.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#endif

// ---- the list ---------------------------------------------------------------------------------------------------------

static uint8_t prefix_bits(const struct sockaddr *mask) {
    if (mask == NULL) return 0;
    struct plk_addr addr = plk_address_from_system(mask);
    size_t len = addr.family == 4 ? 4 : addr.family == 6 ? 16 : 0;
    uint8_t bits = 0;
    for (size_t i = 0; i < len; i++) {
        for (uint8_t bit = 0x80; bit != 0; bit >>= 1) {
            if ((addr.ip[i] & bit) == 0) return bits;
            bits++;
        }
    }
    return bits;
}

static int compare(const void *a, const void *b) {
    const struct plk_interface *left = a, *right = b;
    int by_ip = memcmp(left->addr.ip, right->addr.ip, sizeof left->addr.ip);
    if (left->addr.family != right->addr.family) return left->addr.family < right->addr.family ? -1 : 1;
    if (by_ip != 0) return by_ip;
    return left->addr.scope < right->addr.scope ? -1 : left->addr.scope > right->addr.scope;
}

// Sorted, so that the same addresses make the same list, whatever the system's order.
static size_t read_list(struct plk_interface list[PLK_INTERFACES_MAX], const struct plk_addr *only) {
    struct ifaddrs *first;
    size_t count = 0;
    if (getifaddrs(&first) != 0) return 0;
    for (const struct ifaddrs *i = first; i != NULL && count < PLK_INTERFACES_MAX; i = i->ifa_next) {
        if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_RUNNING) == 0) continue;
        struct plk_addr addr = plk_address_from_system(i->ifa_addr);
        if (addr.family == 0 || (only->family != 0 && !plk_addr_same_ip(&addr, only))) continue;
        list[count++] = (struct plk_interface){.addr = addr, .prefix_bits = prefix_bits(i->ifa_netmask)};
    }
    freeifaddrs(first);
    qsort(list, count, sizeof list[0], compare);
    return count;
}

static bool same_list(const struct plk_interface *a, size_t a_count, const struct plk_interface *b, size_t b_count) {
    if (a_count != b_count) return false;
    for (size_t i = 0; i < a_count; i++) {
        if (!plk_addr_equal(&a[i].addr, &b[i].addr) || a[i].prefix_bits != b[i].prefix_bits) return false;
    }
    return true;
}

static bool same_gateways(const struct plk_gateway *a, size_t a_count, const struct plk_gateway *b, size_t b_count) {
    if (a_count != b_count) return false;
    for (size_t i = 0; i < a_count; i++) {
        if (!plk_addr_equal(&a[i].addr, &b[i].addr) || !plk_addr_equal(&a[i].local, &b[i].local)) return false;
    }
    return true;
}

void plk_interfaces_look(struct plk_interfaces *interfaces) {
    struct plk_interface list[PLK_INTERFACES_MAX];
    memset(list, 0, sizeof list);
    struct plk_gateway gateways[PLK_GATEWAYS_MAX];
    size_t count = read_list(list, &interfaces->only);
    size_t gateway_count = plk_gateways_read(gateways, &interfaces->only);
    bool same = same_list(list, count, interfaces->list, interfaces->count);
    same = same && same_gateways(gateways, gateway_count, interfaces->gateways, interfaces->gateway_count);
    if (same) return;
    memcpy(interfaces->gateways, gateways, gateway_count * sizeof gateways[0]);
    interfaces->gateway_count = gateway_count;
    memcpy(interfaces->list, list, sizeof list);
    interfaces->count = count;
    interfaces->changed(interfaces->ctx);
}

// ---- changes ----------------------------------------------------------------------------------------------------------

static void on_timer(uv_timer_t *timer) { plk_interfaces_look(timer->data); }

#ifdef __linux__
static int open_notices(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) return -1;
    struct sockaddr_nl at = {.nl_family = AF_NETLINK,
                             .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                                          RTMGRP_IPV6_ROUTE};
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0) return fd;
    close(fd);
    return -1;
}

// What changed does not matter, only that something did; the list is read when it has settled.
static void on_notice(uv_poll_t *poll, int status, int events) {
    struct plk_interfaces *interfaces = poll->data;
    char buffer[8192];
    (void)events;
    while (recv(interfaces->fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0 || errno == ENOBUFS || errno == EINTR)
        errno = 0;
    // More notices than the socket holds are an error, read away above; libuv has stopped to look then.
    if (status < 0) plk_assert(uv_poll_start(poll, UV_READABLE, on_notice) == 0);
    if (!uv_is_active((uv_handle_t *)&interfaces->timer))
        uv_timer_start(&interfaces->timer, on_timer, PLK_INTERFACES_SETTLE_MS, 0);
}
#endif

void plk_interfaces_open(struct plk_interfaces *interfaces, uv_loop_t *loop, const struct plk_addr *only,
                         void (*changed)(void *ctx), void *ctx) {
    *interfaces = (struct plk_interfaces){.only = *only, .changed = changed, .ctx = ctx, .fd = -1};
    plk_assert(uv_timer_init(loop, &interfaces->timer) == 0);
    interfaces->timer.data = interfaces;
#ifdef __linux__
    interfaces->fd = open_notices();
    if (interfaces->fd >= 0) {
        plk_assert(uv_poll_init(loop, &interfaces->poll, interfaces->fd) == 0);
        interfaces->poll.data = interfaces;
        plk_assert(uv_poll_start(&interfaces->poll, UV_READABLE, on_notice) == 0);
    }
#endif
    if (interfaces->fd < 0)
        uv_timer_start(&interfaces->timer, on_timer, PLK_INTERFACES_POLL_MS, PLK_INTERFACES_POLL_MS);
    interfaces->count = read_list(interfaces->list, &interfaces->only);
    interfaces->gateway_count = plk_gateways_read(interfaces->gateways, &interfaces->only);
}

static void on_closed(uv_handle_t *handle) { close((int)(intptr_t)handle->data); }

void plk_interfaces_close(struct plk_interfaces *interfaces) {
    uv_close((uv_handle_t *)&interfaces->timer, NULL);
    if (interfaces->fd < 0) return;
    interfaces->poll.data = (void *)(intptr_t)interfaces->fd;
    uv_close((uv_handle_t *)&interfaces->poll, on_closed);
    interfaces->fd = -1;
}
