// SPDX-License-Identifier: MIT
#include "relay_store.h"

#ifdef PLK_HAVE_POSTGRES
#include "host/pg/pg_fleet.h"
#include "host/pg/pg_store.h"

bool plk_relay_store_has_postgres(void) { return true; }

enum plk_fault_kind plk_relay_store_open(struct plk_store **out, const struct plk_store_config *config,
                                         struct plk_fault *fault) {
    return plk_pg_store_open(out, config, fault);
}

enum plk_fault_kind plk_relay_store_join(struct plk_pg_fleet **out, struct plk_relay_host *host,
                                         const struct plk_relay_settings *settings, const char *place,
                                         struct plk_fault *fault) {
    struct plk_pg_fleet_config config = {
        .host = host, .url = settings->store, .place = place, .listen = settings->fleet};
    *out = NULL;
    return settings->store[0] == 0 ? PLK_FAULT_NONE : plk_pg_fleet_open(out, &config, fault);
}

void plk_relay_store_leave(struct plk_pg_fleet *fleet) { plk_pg_fleet_close(fleet); }
#else
bool plk_relay_store_has_postgres(void) { return false; }

// Nobody comes here: settings refuse the URL.
enum plk_fault_kind plk_relay_store_open(struct plk_store **out, const struct plk_store_config *config,
                                         struct plk_fault *fault) {
    (void)config;
    *out = NULL;
    return plk_fault_set(fault, PLK_FAULT_UNSUPPORTED, "this build has no PostgreSQL");
}

enum plk_fault_kind plk_relay_store_join(struct plk_pg_fleet **out, struct plk_relay_host *host,
                                         const struct plk_relay_settings *settings, const char *place,
                                         struct plk_fault *fault) {
    (void)host;
    (void)settings;
    (void)place;
    (void)fault;
    *out = NULL;
    return PLK_FAULT_NONE;
}

void plk_relay_store_leave(struct plk_pg_fleet *fleet) { (void)fleet; }
#endif

const char *plk_relay_store_url(const struct plk_relay_settings *settings) {
    return settings->store[0] == 0 ? NULL : settings->store;
}
