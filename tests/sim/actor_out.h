// SPDX-License-Identifier: MIT
// The inside of an actor that actor.c and actor_out.c share.
#ifndef SIM_ACTOR_OUT_H
#define SIM_ACTOR_OUT_H

#include "sim/actor.h"

// Carries out what the node puts out until it WAITs, and enters its wake-up.
void actor_drain(struct actor *actor);

void actor_trace_input(struct actor *actor, const struct plk_input *input);

// Room for one more at the end of an array that grows.
void *actor_grown(void *array, size_t count, size_t *cap, size_t size);

// What the node may write to its streams.
struct actor_stream *actor_stream_of(struct actor *actor, uint32_t stream);
void actor_stream_begins(struct actor *actor, uint32_t stream, size_t room);
void actor_stream_ends(struct actor *actor, uint32_t stream);

uint32_t actor_socket_by(const struct actor *a, uint16_t port); // what the node calls it; 0: it is the node's own port

#endif
