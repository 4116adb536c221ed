// SPDX-License-Identifier: MIT
// Tables of a relay's database: made, brought up to this version's, or refused. One transaction: either all of it is there, or nothing.
#ifndef PLK_HOST_PG_SCHEMA_H
#define PLK_HOST_PG_SCHEMA_H

#include "host/pg/pg_link.h"

#define PLK_PG_SCHEMA_VERSION 2 // 2: several processes
#define PLK_PG_PARTITIONS 16

bool plk_pg_schema_bring(PGconn *db, struct plk_pg_trouble *trouble);

// The relay whose database it is: set by the first, checked for all others. relay: its public static, 32 bytes.
bool plk_pg_schema_owner(PGconn *db, struct plk_pg_trouble *trouble, const uint8_t *relay);

// A table's name; NULL: not a relay's.
const char *plk_pg_schema_table(enum plk_table table);

#endif
