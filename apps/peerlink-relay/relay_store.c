// SPDX-License-Identifier: MIT
#include "relay_store.h"

#ifdef PLK_HAVE_POSTGRES
#include "host/pg/pg_store.h"

bool plk_relay_store_has_postgres(void) { return true; }

enum plk_fault_kind plk_relay_store_open(struct plk_store **out, const struct plk_store_config *config,
                                         struct plk_fault *fault) {
    return plk_pg_store_open(out, config, fault);
}
#else
bool plk_relay_store_has_postgres(void) { return false; }

// Nobody comes here: settings refuse the URL.
enum plk_fault_kind plk_relay_store_open(struct plk_store **out, const struct plk_store_config *config,
                                         struct plk_fault *fault) {
    (void)config;
    *out = NULL;
    return plk_fault_set(fault, PLK_FAULT_UNSUPPORTED, "this build has no PostgreSQL");
}
#endif

const char *plk_relay_store_url(const struct plk_relay_settings *settings) {
    return settings->store[0] == 0 ? NULL : settings->store;
}
