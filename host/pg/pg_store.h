// SPDX-License-Identifier: MIT
// A relay's store in PostgreSQL (DESIGN 5): the contract of host/store.h with another engine. Whatever has gathered becomes one
// transaction in libpq's pipeline mode, in which loads see what stands before them; STORED follows its COMMIT. A server that is
// gone, full or read-only is STALLED, and tried again until it is well: what was put waits here, in order.
#ifndef PLK_HOST_PG_STORE_H
#define PLK_HOST_PG_STORE_H

#include "host/store.h"

#define PLK_PG_OPEN_MS 10000 // how long an opening waits for a server
#define PLK_PG_OPEN_PAUSE_MS 200

// As plk_store_open. config->url: postgresql://...; faults besides: IN_USE (another relay has this database), TOO_NEW, SYSTEM with
// what the server said. Blocks for PLK_PG_OPEN_MS
// and some seconds where there is no server.
enum plk_fault_kind plk_pg_store_open(struct plk_store **out, const struct plk_store_config *config,
                                      struct plk_fault *fault);

#endif
