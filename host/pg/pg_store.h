// SPDX-License-Identifier: MIT
// A relay's store in PostgreSQL (DESIGN 5): the contract of host/store.h with another engine. Whatever has gathered becomes one
// transaction in libpq's pipeline mode, in which loads see what stands before them; STORED follows its COMMIT. A server that is
// gone, full or read-only is STALLED, and tried again until it is well: what was put waits here, in order.
#ifndef PLK_HOST_PG_STORE_H
#define PLK_HOST_PG_STORE_H

#include "host/store.h"
#include "wire/fleet_word.h"

#define PLK_PG_OPEN_MS 30000 // how long an opening waits for a server
#define PLK_PG_OPEN_PAUSE_MS 200

// As plk_store_open. config->url: postgresql://..., config->relay_key; faults besides:
// IN_USE (the database is another relay's), TOO_NEW, SYSTEM with what the server said. Blocks for PLK_PG_OPEN_MS and some seconds
// where there is no server.
enum plk_fault_kind plk_pg_store_open(struct plk_store **out, const struct plk_store_config *config,
                                      struct plk_fault *fault);

// The place of this process among those on its database (wire/fleet_word.h).
uint8_t plk_pg_store_slot(const struct plk_store *store);

// From the writer's thread: this queue has new items, or its row has changed, and that is durable. last: of those of its transaction.
typedef void plk_pg_wake(void *ctx, enum plk_fleet_kind kind, const uint8_t *sid, bool last);
// Whom it tells from now on; NULL: nobody, and it is not being told when this returns.
void plk_pg_store_watch(struct plk_store *store, plk_pg_wake *told, void *ctx);

#endif
