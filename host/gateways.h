// SPDX-License-Identifier: MIT
// The routers by which this machine reaches others (default routes), each with the addresses of ours on its side: whom one asks for
// ports. On Linux, from /proc; elsewhere there are none that are known.
#ifndef PLK_HOST_GATEWAYS_H
#define PLK_HOST_GATEWAYS_H

#include "wire/effect.h"

#define PLK_GATEWAYS_MAX 8
#define PLK_GATEWAYS_LOCALS 2 // addresses of one interface: privacy extensions make many

// only: where the sockets are bound to one address; family 0: to all. Over IPv6 only global addresses count: no others need a hole.
size_t plk_gateways_read(struct plk_gateway list[PLK_GATEWAYS_MAX], const struct plk_addr *only);

#endif
