// SPDX-License-Identifier: MIT
// The tables of a store, by version (PRAGMA user_version), and the steps from one version to the next. The layout and its
// reasons are in docs/design/store.md.
#ifndef PLK_HOST_STORE_SCHEMA_H
#define PLK_HOST_STORE_SCHEMA_H

#include "host/store_db.h"
#include "wire/row.h"

#define PLK_STORE_SCHEMA_VERSION 8
#define PLK_STORE_RELAY_SCHEMA_VERSION 1

// What of a contact changes with each message lies in one table, `peer`, told apart by the byte behind the contact.
#define PLK_STORE_TAG_RATCHET 1
#define PLK_STORE_TAG_LINK 2
#define PLK_STORE_TAG_SKIPPED 3
#define PLK_STORE_TAG_OUTBOX 4

// Brings the schema to version `to` (PLK_STORE_SCHEMA_VERSION, less only in tests), one transaction a step, so that a crash
// leaves a whole version. CORRUPT for a database that is not a store, TOO_NEW, FULL, LOCKED, SYSTEM.
enum plk_fault_kind plk_store_schema_migrate(sqlite3 *db, int to, struct plk_fault *fault);

// The same for a relay's store.
enum plk_fault_kind plk_store_schema_migrate_relay(sqlite3 *db, struct plk_fault *fault);

// For a reader: NONE if the version is the current one, else TOO_NEW, CORRUPT, ...
enum plk_fault_kind plk_store_schema_check(sqlite3 *db, struct plk_fault *fault);

// The rowid of a message: conversations lie one behind the other, each in the order of its row numbers. A message that
// is not shown (row 0) has no place there and gets a negative one.
#define PLK_STORE_ROW_BITS 31
#define PLK_STORE_ROW_MAX ((UINT64_C(1) << PLK_STORE_ROW_BITS) - 1)

static inline int64_t plk_store_at(uint32_t contact, uint64_t row) {
    return (int64_t)((uint64_t)contact << PLK_STORE_ROW_BITS | row);
}
static inline uint32_t plk_store_at_contact(int64_t at) { return (uint32_t)((uint64_t)at >> PLK_STORE_ROW_BITS); }
static inline uint64_t plk_store_at_row(int64_t at) { return at < 0 ? 0 : (uint64_t)at & PLK_STORE_ROW_MAX; }

// A stream is what a message key says before its number: contact, direction, device, epoch.
#define PLK_STORE_PREFIX_LEN (PLK_MESSAGE_KEY_LEN - 8)

#endif
