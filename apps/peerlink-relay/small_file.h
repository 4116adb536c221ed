// SPDX-License-Identifier: MIT
// A small file of the data directory, of which at most len bytes matter.
#ifndef PLK_PEERLINK_RELAY_SMALL_FILE_H
#define PLK_PEERLINK_RELAY_SMALL_FILE_H

#include <stddef.h>

#include "base/bytes.h"
#include "host/fault.h"

// Bytes read; 0 when there is none or it cannot be read.
size_t plk_small_file_read(const char *dir, const char *name, void *out, size_t len);
// Atomically, 0600.
enum plk_fault_kind plk_small_file_write(const char *dir, const char *name, struct plk_bytes bytes,
                                         struct plk_fault *fault);

#endif
