// SPDX-License-Identifier: MIT
// Sockets for UDP and TCP on both families with one port number (DESIGN 4), non-blocking and not inherited over exec.
#ifndef PLK_HOST_BIND_H
#define PLK_HOST_BIND_H

#include "base/addr.h"
#include "host/fault.h"

#define PLK_BIND_PORT_NAME "port" // the file of a home that keeps the port
#define PLK_BIND_RANDOM_MIN 10240 // below the range that systems take for connections
#define PLK_BIND_RANDOM_MAX 32767
#define PLK_BIND_TRIES 64
#define PLK_BIND_BACKLOG 64

struct plk_bind_config {
    const char *listen; // "ADDR:PORT", "[ADDR]:PORT", ":PORT", "PORT"; NULL: all addresses, the port that home keeps
    const char *home;
    bool no_udp, no_tcp;
};

struct plk_bound {
    int udp4, udp6, tcp4, tcp6;              // descriptors; -1: none
    uint16_t udp4_port, udp6_port, tcp_port; // 0: none
    struct plk_addr only;                    // the one address that was asked for; family 0: all of the machine's
};

// Binds all that the machine has (a machine without IPv6 gets the others). LISTEN: a malformed address, one that is not
// of this machine, a port that is taken; SYSTEM. On a fault all descriptors are -1. The caller owns them.
enum plk_fault_kind plk_bind(struct plk_bound *bound, const struct plk_bind_config *config, struct plk_fault *fault);
void plk_bound_close(struct plk_bound *bound); // what is not -1; all are -1 afterwards

// Reads a listen address: any is true where no ADDR is given. LISTEN.
enum plk_fault_kind plk_bind_parse(const char *listen, struct plk_addr *addr, bool *any, struct plk_fault *fault);

#endif
