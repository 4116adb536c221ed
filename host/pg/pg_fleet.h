// SPDX-License-Identifier: MIT
// This process as one of several on one database: between a relay's core (relay/fleet.h), the census (pg_census.h) and the datagrams
// in which processes say words to each other (host/fleet_letter.h).
#ifndef PLK_HOST_PG_FLEET_H
#define PLK_HOST_PG_FLEET_H

#include "host/pg/pg_census.h"
#include "host/relay_host.h"

struct plk_pg_fleet;

struct plk_pg_fleet_config {
    struct plk_relay_host *host; // whose store is a PostgreSQL (pg_store.h); outlives the fleet
    const char *url;             // borrowed for the call
    const char *place;           // where clients reach this process, HOST:PORT
    const char *listen;          // ADDR:PORT for words of others, numeric; "": of this machine's, any port
};

// Before the loop runs. LISTEN, SYSTEM. The caller owns *out.
enum plk_fault_kind plk_pg_fleet_open(struct plk_pg_fleet **out, const struct plk_pg_fleet_config *config,
                                      struct plk_fault *fault);
// When nothing calls the core any more but plk_relay_host_close, which follows. NULL is fine.
void plk_pg_fleet_close(struct plk_pg_fleet *fleet);

#endif
