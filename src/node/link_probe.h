// SPDX-License-Identifier: MIT
// A small packet that belongs to no path: a check of a link's session, sealed once, of which copies go to many addresses where the peer
// may be (node/punch.h). Only the first that arrives opens; whoever gets it asks back from where it came. It has a connection id that is
// used for nothing else, so what goes elsewhere cannot be joined to it.
#ifndef PLK_NODE_LINK_PROBE_H
#define PLK_NODE_LINK_PROBE_H

#include "wire/packet.h"

#define PLK_LINK_PROBE_LEN \
    96 // three times as much, which its receiver may answer, are an answer and a check of its own

struct plk_link;
struct plk_node;

struct plk_link_probe {
    uint8_t bytes[PLK_LINK_PROBE_LEN];
    uint64_t sealed_us;  // when
    uint64_t session_us; // which session it is of, by its start; 0: it holds nothing
    uint64_t cid;        // number of the peer's connection id in it
    bool own_cid;        // which no path uses
};

// Makes a new one; the old one is worth nothing then. False: there is no session that could.
bool plk_link_probe_seal(struct plk_node *node, struct plk_link *link, struct plk_link_probe *probe);
void plk_link_probe_end(struct plk_link *link, struct plk_link_probe *probe); // its connection id is given up

#endif
