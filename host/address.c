// SPDX-License-Identifier: MIT
#include "host/address.h"

#include <arpa/inet.h>
#include <stdio.h>

socklen_t plk_address_to_system(const struct plk_addr *addr, struct sockaddr_storage *out) {
    memset(out, 0, sizeof *out);
    if (addr->family == 4) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)out;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(addr->port);
        memcpy(&v4->sin_addr, addr->ip, 4);
        return sizeof *v4;
    }
    if (addr->family != 6) return 0;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(addr->port);
    v6->sin6_scope_id = addr->scope;
    memcpy(&v6->sin6_addr, addr->ip, 16);
    return sizeof *v6;
}

struct plk_addr plk_address_v4(const struct in_addr *ip, uint16_t port) {
    struct plk_addr addr = {.family = 4, .port = port};
    memcpy(addr.ip, ip, 4);
    return addr;
}

struct plk_addr plk_address_v6(const struct in6_addr *ip, uint16_t port, uint32_t scope) {
    struct plk_addr addr = {.family = 6, .port = port};
    if (IN6_IS_ADDR_V4MAPPED(ip)) {
        addr.family = 4;
        memcpy(addr.ip, (const uint8_t *)ip + 12, 4);
        return addr;
    }
    memcpy(addr.ip, ip, 16);
    if (IN6_IS_ADDR_LINKLOCAL(ip)) addr.scope = scope;
    return addr;
}

struct plk_addr plk_address_from_system(const struct sockaddr *from) {
    if (from->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from, sizeof v4);
        return plk_address_v4(&v4.sin_addr, ntohs(v4.sin_port));
    }
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, from, sizeof v6);
        return plk_address_v6(&v6.sin6_addr, ntohs(v6.sin6_port), v6.sin6_scope_id);
    }
    return (struct plk_addr){.family = 0};
}

const char *plk_address_text(const struct plk_addr *addr, char out[64]) {
    char ip[INET6_ADDRSTRLEN] = "?";
    if (addr->family == 4 || addr->family == 6)
        inet_ntop(addr->family == 4 ? AF_INET : AF_INET6, addr->ip, ip, sizeof ip);
    snprintf(out, 64, addr->family == 6 ? "[%s]:%u" : "%s:%u", ip, addr->port);
    return out;
}
