// SPDX-License-Identifier: MIT
// What keeps a relay's queues: SQLite always, PostgreSQL where the program was built with libpq.
#ifndef PLK_APP_RELAY_STORE_H
#define PLK_APP_RELAY_STORE_H

#include "host/store.h"
#include "options.h"

bool plk_relay_store_has_postgres(void);

// For plk_relay_host_config: NULL is SQLite.
const char *plk_relay_store_url(const struct plk_relay_settings *settings);
enum plk_fault_kind plk_relay_store_open(struct plk_store **out, const struct plk_store_config *config,
                                         struct plk_fault *fault);

// This process joins the others on its database; *out is NULL where there is none to have. place: HOST:PORT of clients.
struct plk_pg_fleet;
enum plk_fault_kind plk_relay_store_join(struct plk_pg_fleet **out, struct plk_relay_host *host,
                                         const struct plk_relay_settings *settings, const char *place,
                                         struct plk_fault *fault);
void plk_relay_store_leave(struct plk_pg_fleet *fleet); // NULL is fine

#endif
