// SPDX-License-Identifier: MIT
// Lines to stderr. Never a text, a key, a name or a PeerID; addresses at DEBUG only.
#ifndef PLK_HOST_LOG_H
#define PLK_HOST_LOG_H

#include <stdbool.h>

enum plk_log_level { PLK_LOG_ERROR, PLK_LOG_WARN, PLK_LOG_INFO, PLK_LOG_DEBUG };

struct plk_log {
    enum plk_log_level level; // what is less grave is not written
    int fd;                   // 2; -1: nowhere
};

// "error", "warn", "info", "debug"; false: none of these.
bool plk_log_level_parse(const char *word, enum plk_log_level *level);

// One line with time and level; a line end is added. At most 500 bytes; control characters are written as '?'.
void plk_log(const struct plk_log *log, enum plk_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
