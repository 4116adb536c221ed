// SPDX-License-Identifier: MIT
// A relay on a person's machine, beside the node and on its port, as a host runs it (host/serve.h): another core with memory and a disk of its
// own, and the same decision whose a packet is.
#ifndef SIM_SERVED_H
#define SIM_SERVED_H

#include "relay/relay.h"
#include "relay/shared_port.h"
#include "sim/actor.h"

struct served {
    struct actor *actor;
    struct disk *disk;
    struct plk_mem mem;
    struct plk_relay *relay; // NULL: nobody is served
    struct plk_shared_port shared;
    uint8_t secret[32], public[32];
    bool wanted; // whenever the node runs
    bool told;   // the node knows
    size_t events;
    uint32_t wake_version;
};

struct served *served_of(struct actor *a);                       // made when there is none; nobody is served yet
void served_set(struct actor *a, bool on);                       // from now on
size_t served_rows(const struct actor *a, enum plk_table table); // durable ones

// For sim/actor: NULL is fine.
bool served_input(struct served *s, const struct plk_input *input); // false: it is the node's
void served_look(struct served *s);                                 // the node has said all that it had to say
void served_start(struct served *s);
void served_kill(struct served *s);
void served_free(struct served *s);

#endif
