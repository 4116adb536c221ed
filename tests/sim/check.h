// SPDX-License-Identifier: MIT
// What must hold in every world (DESIGN 8), seen from outside: commands, results, events, and the rows as they become durable.
//
//  - nothing arrives that was not durable at its sender, with the same bytes; nothing arrives twice; per direction in order
//  - a message is delivered only when it has been durable at another actor
//  - RESULT and EVENT speak only of what is durable; event numbers count up
//  - what was accepted stays, and, once all is well again, is delivered
//  - a text becomes a message as often as it was given, never more
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "sim/actor.h"

#define CHECK_HOLDERS_MAX 6
#define CHECK_CONTACTS_MAX 64 // for which order is checked, per actor

struct check;

struct check *check_new(struct world *w);
void check_free(struct check *c);

void check_command(struct check *c, struct actor *a, const struct actor_command *command);
void check_result(struct check *c, struct actor *a, const struct actor_command *command,
                  const struct actor_result *result);
void check_event(struct check *c, struct actor *a, const struct plk_event_row *event, const uint8_t id[PLK_ID_LEN]);
void check_changed(struct check *c, struct actor *a, enum plk_table table, struct plk_bytes key,
                   struct plk_bytes before, struct plk_bytes after);

// The actor's store was replaced by another state of it. From then on order is not checked where this actor takes part, and
// what its store has forgotten is no longer owed by it.
void check_replaced(struct check *c, struct actor *a);

// The actor's machine is gone for good, with all that it holds.
void check_retired(struct check *c, struct actor *a);

// A message was cancelled, or a contact removed, by its user: it is owed no more.
void check_forget(struct check *c, struct actor *a, uint32_t contact);

// Texts that are in a store as written and not yet known to be delivered; over all actors.
size_t check_undelivered(const struct check *c);
size_t check_texts(const struct check *c);                          // all that were ever written
size_t check_arrived(const struct check *c, const struct actor *a); // texts that it now holds as received

// When all has become quiet: everything accepted is delivered and held by its receiver. Fails the world otherwise.
void check_settled(struct check *c);

uint64_t check_hash(struct plk_bytes bytes);

#endif
