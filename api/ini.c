// SPDX-License-Identifier: MIT
#include "api/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

struct reading {
    FILE *file;
    plk_ini_set *set;
    void *ctx;
    int line;       // the one being read
    int what_line;  // of
    char what[180]; // is wrong, first
};

// 0 makes ini_parse remember the line and go on; the first mistake is the one that is told.
static int on_pair(void *ctx, const char *section, const char *name, const char *value) {
    struct reading *reading = ctx;
    const char *wrong = reading->set(reading->ctx, section, name, value);
    if (wrong == NULL) return 1;
    if (reading->what[0] == '\0') {
        reading->what_line = reading->line;
        snprintf(reading->what, sizeof reading->what, "`%.40s` in [%.40s] %s", name, section, wrong);
    }
    return 0;
}

static char *next_line(char *to, int cap, void *ctx) {
    struct reading *reading = ctx;
    reading->line++;
    return fgets(to, cap, reading->file);
}

bool plk_ini_read(const char *path, bool must_exist, plk_ini_set *set, void *ctx, char why[PLK_INI_WHY_MAX]) {
    struct reading reading = {.set = set, .ctx = ctx};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        if (errno == ENOENT && !must_exist) return true;
        snprintf(why, PLK_INI_WHY_MAX, "cannot read %.200s: %s", path, strerror(errno));
        return false;
    }
    reading.file = file;
    int line = ini_parse_stream(next_line, &reading, on_pair, &reading);
    bool unread = ferror(file) != 0; // a directory, say
    fclose(file);
    if (line > 0) {
        snprintf(why, PLK_INI_WHY_MAX, "%.200s:%d: %s", path, line,
                 reading.what_line == line ? reading.what : "this is neither [SECTION] nor NAME = VALUE");
        return false;
    }
    if (line == 0 && !unread) return true;
    snprintf(why, PLK_INI_WHY_MAX, "cannot read %.200s", path);
    return false;
}
