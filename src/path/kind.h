// SPDX-License-Identifier: MIT
// What sets the kinds of paths apart, in one place: whoever adds a kind adds a row (docs/design/paths.md).
#ifndef PLK_PATH_KIND_H
#define PLK_PATH_KIND_H

#include "base/addr.h"
#include "wire/packet.h"

struct plk_path_kind {
    unsigned rank;  // DESIGN 4: a working path of a lower rank is always chosen before one of a higher
    bool reliable;  // the carrier repeats what is lost: no loss detection, pacing or window of ours
    bool addressed; // packets go to an address that somebody named: limited until it has proved to be the peer's
    // Each side sends by ways of its own and receives by others: what comes says nothing of which of ours is good.
    bool directed;
    uint32_t mtu; // largest packet, bytes; where addressed, until a larger one was found to pass (mtu.h)
};

static inline struct plk_path_kind plk_path_kind_of(enum plk_transport transport) {
    if (transport == PLK_UDP) return (struct plk_path_kind){.addressed = true, .mtu = PLK_PACKET_UDP_LEN};
    // Whatever its legs are, a relay drops what is too much: congestion control is end to end (DESIGN 4).
    if (transport == PLK_PASS) return (struct plk_path_kind){.rank = 2, .directed = true, .mtu = PLK_PACKET_UDP_LEN};
    // A connection has answered from where it goes to.
    return (struct plk_path_kind){.rank = 1, .reliable = true, .mtu = PLK_PACKET_UDP_MAX};
}

#endif
