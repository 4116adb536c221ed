// SPDX-License-Identifier: MIT
// Room in the write-ahead log's file, made before it is needed. A commit that makes a file longer waits for the file
// system's journal as well as for its own bytes; one that writes over zeros waits for its bytes only, half as long or less.
// SQLite takes zeros behind its last frame, or in place of the log's head, for the end of the log.
#ifndef PLK_HOST_STORE_LOG_H
#define PLK_HOST_STORE_LOG_H

#include <sqlite3.h>

#include "base/bytes.h"

#define PLK_STORE_LOG_LEAST 24576     // bytes behind the last frame: what a commit of a message alone needs
#define PLK_STORE_LOG_SPARE 81920     // so many are made then, or as many again as the log has, up to
#define PLK_STORE_LOG_STEP_MAX 524288 // this

// Makes sure of LEAST behind so many frames; *len is how long the file is known to be, 0 at first and after it was
// truncated. Only the writer may call it, between its transactions. A disk that does not take it says so at the next
// commit: nothing is reported here.
void plk_store_log_make_room(sqlite3 *db, int frames, int64_t *len);

#endif
