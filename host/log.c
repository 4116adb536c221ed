// SPDX-License-Identifier: MIT
#include "host/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 500

static const char *const level_words[] = {"error", "warn", "info", "debug"};

bool plk_log_level_parse(const char *word, enum plk_log_level *level) {
    for (unsigned i = 0; i < sizeof level_words / sizeof level_words[0]; i++) {
        if (strcmp(word, level_words[i]) != 0) continue;
        *level = (enum plk_log_level)i;
        return true;
    }
    return false;
}

void plk_log(const struct plk_log *log, enum plk_log_level level, const char *format, ...) {
    if (log->fd < 0 || level > log->level) return;
    char line[LINE_MAX_LEN + 1];
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &parts);
    size_t len = strftime(line, sizeof line, "%Y-%m-%d %H:%M:%S", &parts);
    len += (size_t)snprintf(line + len, sizeof line - len, ".%03ld %s: ", now.tv_nsec / 1000000, level_words[level]);
    size_t head = len;
    va_list args;
    va_start(args, format);
    int wrote = vsnprintf(line + len, sizeof line - len, format, args);
    va_end(args);
    if (wrote > 0) len += (size_t)wrote;
    if (len > LINE_MAX_LEN - 1) len = LINE_MAX_LEN - 1;
    for (size_t i = head; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) line[i] = '?';
    }
    line[len++] = '\n';
    // One write, so that lines of several processes do not mix. A log that cannot be written is no reason to stop.
    if (write(log->fd, line, len) < 0) return;
}
