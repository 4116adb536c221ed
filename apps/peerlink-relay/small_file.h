// SPDX-License-Identifier: MIT
// Reading a small file of the data directory; plk_home_replace writes it.
#ifndef PLK_PEERLINK_RELAY_SMALL_FILE_H
#define PLK_PEERLINK_RELAY_SMALL_FILE_H

#include <stddef.h>

// Bytes read, len at most; 0 when there is none or it cannot be read.
size_t plk_small_file_read(const char *dir, const char *name, void *out, size_t len);

#endif
