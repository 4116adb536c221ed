// SPDX-License-Identifier: MIT
#include "host/gateways.h"

#include "host/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUTE_UP 0x1 // RTF_UP, RTF_GATEWAY of linux/route.h, which clashes with net/route.h
#define ROUTE_GATEWAY 0x2

struct router {
    struct plk_addr addr;
    char name[IF_NAMESIZE];
};

static size_t read_routes4(struct router *routers, size_t count) {
    FILE *file = fopen("/proc/net/route", "re");
    char line[256];
    while (file != NULL && count < PLK_GATEWAYS_MAX && fgets(line, sizeof line, file) != NULL) {
        struct router r = {.addr = {.family = 4}};
        unsigned to, through, flags, mask;
        if (sscanf(line, "%15s %x %x %x %*s %*s %*s %x", r.name, &to, &through, &flags, &mask) != 5) continue;
        if (to != 0 || mask != 0 || (flags & ROUTE_GATEWAY) == 0 || (flags & ROUTE_UP) == 0) continue;
        memcpy(r.addr.ip, &through, 4); // the kernel prints the number as it lies in memory
        routers[count++] = r;
    }
    if (file != NULL) fclose(file);
    return count;
}

static bool read_hex(const char *text, uint8_t ip[16]) {
    for (size_t i = 0; i < 16; i++) {
        unsigned byte;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1) return false;
        ip[i] = (uint8_t)byte;
    }
    return true;
}

static size_t read_routes6(struct router *routers, size_t count) {
    FILE *file = fopen("/proc/net/ipv6_route", "re");
    char line[256];
    while (file != NULL && count < PLK_GATEWAYS_MAX && fgets(line, sizeof line, file) != NULL) {
        struct router r = {.addr = {.family = 6}};
        char to[33], through[33];
        unsigned bits, flags;
        if (sscanf(line, "%32s %x %*s %*s %32s %*s %*s %*s %x %15s", to, &bits, through, &flags, r.name) != 5) continue;
        if (bits != 0 || (flags & ROUTE_GATEWAY) == 0 || (flags & ROUTE_UP) == 0) continue;
        if (!read_hex(through, r.addr.ip)) continue;
        if (r.addr.ip[0] == 0xfe && (r.addr.ip[1] & 0xc0) == 0x80) r.addr.scope = if_nametoindex(r.name);
        routers[count++] = r;
    }
    if (file != NULL) fclose(file);
    return count;
}

static bool is_on_its_side(const struct router *router, const struct ifaddrs *face) {
    if (face->ifa_addr == NULL || strcmp(face->ifa_name, router->name) != 0) return false;
    struct plk_addr addr = plk_address_from_system(face->ifa_addr);
    if (addr.family != router->addr.family) return false;
    addr.port = 1; // an address without a port has no class
    return addr.family == 4 || plk_addr_class(&addr) == PLK_ADDR_GLOBAL;
}

static int compare(const void *a, const void *b) { return memcmp(a, b, sizeof(struct plk_gateway)); }

static bool is_listed(const struct plk_gateway *list, size_t count, const struct plk_gateway *gateway) {
    for (size_t i = 0; i < count; i++) {
        if (plk_addr_same_ip(&list[i].addr, &gateway->addr) && plk_addr_same_ip(&list[i].local, &gateway->local))
            return true;
    }
    return false;
}

size_t plk_gateways_read(struct plk_gateway list[PLK_GATEWAYS_MAX], const struct plk_addr *only) {
    struct router routers[PLK_GATEWAYS_MAX];
    struct ifaddrs *first = NULL;
    size_t count = 0, router_count = read_routes6(routers, read_routes4(routers, 0));
    if (router_count == 0 || getifaddrs(&first) != 0) return 0;
    for (size_t i = 0; i < router_count; i++) {
        unsigned locals = 0;
        for (const struct ifaddrs *face = first; face != NULL && locals < PLK_GATEWAYS_LOCALS; face = face->ifa_next) {
            if (count == PLK_GATEWAYS_MAX || !is_on_its_side(&routers[i], face)) continue;
            struct plk_gateway gateway;
            memset(&gateway, 0, sizeof gateway); // compared byte for byte
            gateway.addr = routers[i].addr;
            gateway.local = plk_address_from_system(face->ifa_addr);
            gateway.local.port = 0;
            if (only->family != 0 && !plk_addr_same_ip(&gateway.local, only)) continue;
            if (is_listed(list, count, &gateway)) continue;
            list[count++] = gateway;
            locals++;
        }
    }
    freeifaddrs(first);
    qsort(list, count, sizeof list[0], compare);
    return count;
}
