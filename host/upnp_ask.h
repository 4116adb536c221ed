// SPDX-License-Identifier: MIT
// One visit to a router by UPnP-IGD. Blocks: for a thread of its own. No state but the job's.
#ifndef PLK_HOST_UPNP_ASK_H
#define PLK_HOST_UPNP_ASK_H

#include "host/upnp.h"

#define PLK_UPNP_SERVICE_MAX 128

struct plk_upnp_job {
    struct plk_addr router, local;
    char url[PLK_UPNP_URL_MAX]; // of the description
    uint16_t random;            // where to look for an outer port that is free
    // Ports: what is wanted (transport, internal), and what is given (external; family 0: nothing).
    struct plk_mapping ports[PLK_UPNP_PORTS];
    size_t count;
    char control[PLK_UPNP_URL_MAX], service[PLK_UPNP_SERVICE_MAX]; // where it was asked: empty, it was not
    int error;                                                     // the router's word, or the library's; 0: none
};

void plk_upnp_ask(struct plk_upnp_job *job);       // for all ports
void plk_upnp_give_back(struct plk_upnp_job *job); // those that were given

#endif
