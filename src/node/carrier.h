// SPDX-License-Identifier: MIT
// The TCP streams that a host holds for this node: whose they are, what has arrived of a packet, and how much they take.
#ifndef PLK_NODE_CARRIER_H
#define PLK_NODE_CARRIER_H

#include "base/buf.h"
#include "wire/effect.h"

#define PLK_CARRIERS_MAX 256
#define PLK_CARRIERS_STRANGERS_MAX 64             // accepted ones that have not yet proved to be anybody's
#define PLK_CARRIER_STRANGER_US (10 * PLK_SECOND) // how long they may take for it
#define PLK_CARRIER_OPEN_US (10 * PLK_SECOND)     // how long an own connection may take

struct plk_link;

struct plk_carrier {
    struct plk_carrier *next;
    uint32_t stream; // the host's number
    struct plk_addr remote;
    struct plk_link *link; // NULL: a stranger's
    bool open;             // bytes may be written
    bool greeted;          // message 1 of the link's present attempt was written
    size_t writable;
    uint64_t since_us;
    struct plk_buf in; // what has arrived and is not yet a whole packet
};

struct plk_carriers {
    struct plk_mem *mem;
    struct plk_carrier *first;
    size_t count, strangers;
    uint32_t next_stream; // top bit clear: the node's own
};

void plk_carriers_init(struct plk_carriers *carriers, struct plk_mem *mem);
void plk_carriers_free(struct plk_carriers *carriers);

// The stranger that has been silent longest, when there are as many as there may be: it gives way to a new one, which may be
// a contact's. NULL: there is room.
struct plk_carrier *plk_carriers_surplus(const struct plk_carriers *carriers);

// A new one; NULL at a limit. Strangers have no link.
struct plk_carrier *plk_carriers_add(struct plk_carriers *carriers, uint32_t stream, const struct plk_addr *remote,
                                     struct plk_link *link, uint64_t now_us);
struct plk_carrier *plk_carriers_find(const struct plk_carriers *carriers, uint32_t stream);
// The stranger has proved whose it is.
void plk_carriers_adopt(struct plk_carriers *carriers, struct plk_carrier *carrier, struct plk_link *link);
void plk_carriers_remove(struct plk_carriers *carriers, struct plk_carrier *carrier);
// The next one after `after` (NULL: from the start) that belongs to the link.
struct plk_carrier *plk_carriers_of(const struct plk_carriers *carriers, const struct plk_link *link,
                                    const struct plk_carrier *after);
// When the next one is to be looked at: a stranger has said too little for too long, or an own one is not there.
uint64_t plk_carriers_deadline(const struct plk_carriers *carriers);

#endif
