// SPDX-License-Identifier: MIT
// Sockets that hear the beacons of neighbours (wire/beacon.h): bound to their groups, which are joined on each interface. They only hear;
// beacons of one's own leave by the sockets that all else leaves by, since their source is where one is to be called.
#ifndef PLK_HOST_BEACONS_H
#define PLK_HOST_BEACONS_H

#include <uv.h>

#include "host/udp.h"
#include "wire/effect.h"

struct plk_beacons {
    struct plk_udp *udp; // NULL: none is heard
    int fd4, fd6;        // of udp; -1: none
};

// False: the system gives no such socket, and nothing is heard.
bool plk_beacons_open(struct plk_beacons *beacons, uv_loop_t *loop, plk_udp_received *received, void (*done)(void *ctx),
                      void *ctx);
void plk_beacons_join(struct plk_beacons *beacons, const struct plk_interface *interfaces,
                      size_t count); // those of now
void plk_beacons_close(struct plk_beacons *beacons);

#endif
