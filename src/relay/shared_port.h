// SPDX-License-Identifier: MIT
// One port for a node and a relay that run side by side (docs/design/relays.md, "A node that is a relay"): which of the two a
// datagram is for, and whose a connection is that somebody else began. Neither core knows of the other: whoever drives both asks here.
#ifndef PLK_RELAY_SHARED_PORT_H
#define PLK_RELAY_SHARED_PORT_H

#include "base/map.h"
#include "wire/effect.h"

#define PLK_SHARED_HEAD_LEN 3 // of a connection that are looked at: the first packet's length, and its first byte

struct plk_relay;

// The relay's: hellos, questions of STUN, and whatever bears a connection id of its clients or of those that it speaks to. All else is
// the node's, garbage as well.
bool plk_shared_port_is_relays(const struct plk_relay *relay, struct plk_bytes datagram);

// Connections that were accepted and whose first packet has not come yet, and those of the relay's clients.
struct plk_shared_port {
    struct plk_mem *mem;
    struct plk_map streams; // to struct plk_shared_stream
};

// What becomes of one input of kind STREAM: `count` of them for one of the two, in their order. They borrow from the input and from here.
struct plk_shared_inputs {
    bool relays; // else the node's
    size_t count;
    struct plk_input at[3];
    uint8_t head[PLK_SHARED_HEAD_LEN];
};

void plk_shared_port_init(struct plk_shared_port *port, struct plk_mem *mem);
void plk_shared_port_free(struct plk_shared_port *port);

// A connection is nobody's until its first bytes tell; then it is told as if it had been accepted just now. serves: there is a relay.
void plk_shared_port_stream(struct plk_shared_port *port, bool serves, const struct plk_input *input,
                            struct plk_shared_inputs *inputs);
void plk_shared_port_close(struct plk_shared_port *port, uint32_t stream); // the relay has closed it
// One that is the relay's, taken out: of a relay that goes, or whose connections are lost. false: there is none.
bool plk_shared_port_take(struct plk_shared_port *port, uint32_t *stream);

#endif
