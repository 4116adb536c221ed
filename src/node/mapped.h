// SPDX-License-Identifier: MIT
// Ports of this node's that routers hold open for everybody: asked for by PCP and NAT-PMP (path/portmap.h), or by the host itself
// (UPnP-IGD, PLK_IN_MAPPED). What is held is a candidate that contacts are told, of kind `mapped`.
#ifndef PLK_NODE_MAPPED_H
#define PLK_NODE_MAPPED_H

#include "path/portmap.h"

#define PLK_MAPPED_HOST_MAX 4                // by the host
#define PLK_MAPPED_PAUSE_US (1 * PLK_SECOND) // between two words to contacts: a router may change its mind without end
#define PLK_MAPPED_LABEL "PeerLink/1/node/portmap"

struct plk_node;

struct plk_mapped {
    struct plk_portmap ports;
    bool begun; // it is asked: the profile is there
    size_t gateway_count;
    struct plk_gateway gateways[PLK_PORTMAP_ROUTERS];
    unsigned host_count;
    struct plk_mapping host[PLK_MAPPED_HOST_MAX];
    uint64_t told_us, due_us; // when contacts were last told; when what is held is to be looked at, PLK_NEVER: not
    struct plk_portmap_packet packet; // the one that the host is looking at
};

void plk_mapped_init(struct plk_mapped *mapped);
void plk_mapped_network(struct plk_node *node, const struct plk_input *input); // routers and ports of now
void plk_mapped_host(struct plk_node *node, const struct plk_input *input);
void plk_mapped_again(struct plk_node *node); // something of the network looks other than before
void plk_mapped_leave(struct plk_node *node);
bool plk_mapped_heard(struct plk_node *node, const struct plk_addr *from, struct plk_bytes bytes); // false: no router
void plk_mapped_tick(struct plk_node *node);
bool plk_mapped_poll(struct plk_node *node, struct plk_output *output);
uint64_t plk_mapped_deadline(const struct plk_node *node);

#endif
