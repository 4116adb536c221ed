// SPDX-License-Identifier: MIT
#include "api/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    FILE *file;
    struct plk_config config;
    int line;       // the one being read
    int what_line;  // of
    char what[160]; // is wrong, first
};

struct plk_config plk_config_default(void) {
    return (struct plk_config){.udp = true, .tcp = true, .log_level = PLK_LOG_WARN};
}

bool plk_config_path(const char *given, char out[PLK_CONFIG_PATH_MAX]) {
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int len = 0;
    // XDG Base Directory Specification: a relative path in the environment is to be ignored.
    if (given != NULL)
        len = snprintf(out, PLK_CONFIG_PATH_MAX, "%s", given);
    else if (xdg != NULL && xdg[0] == '/')
        len = snprintf(out, PLK_CONFIG_PATH_MAX, "%s/peerlink/node.ini", xdg);
    else if (home != NULL)
        len = snprintf(out, PLK_CONFIG_PATH_MAX, "%s/.config/peerlink/node.ini", home);
    else
        return false;
    return len > 0 && len < PLK_CONFIG_PATH_MAX;
}

static bool read_switch(const char *value, bool *out) {
    *out = strcmp(value, "yes") == 0;
    return *out || strcmp(value, "no") == 0;
}

static const char *set(struct plk_config *config, const char *section, const char *name, const char *value) {
    bool is_node = strcmp(section, "node") == 0;
    if (is_node && strcmp(name, "listen") == 0) {
        if (strlen(value) >= sizeof config->listen) return "is longer than an address and a port";
        snprintf(config->listen, sizeof config->listen, "%s", value);
        return NULL;
    }
    if (is_node && strcmp(name, "udp") == 0) return read_switch(value, &config->udp) ? NULL : "must be yes or no";
    if (is_node && strcmp(name, "tcp") == 0) return read_switch(value, &config->tcp) ? NULL : "must be yes or no";
    if (strcmp(section, "log") == 0 && strcmp(name, "level") == 0) {
        return plk_log_level_parse(value, &config->log_level) ? NULL : "must be error, warn, info or debug";
    }
    return "is not known";
}

// 0 makes ini_parse remember the line and go on; the first mistake is the one that is told.
static int on_pair(void *ctx, const char *section, const char *name, const char *value) {
    struct reading *reading = ctx;
    const char *wrong = set(&reading->config, section, name, value);
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

bool plk_config_read(const char *path, bool must_exist, struct plk_config *config, char why[PLK_CONFIG_LINE_MAX]) {
    struct reading reading = {.config = *config};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        if (errno == ENOENT && !must_exist) return true;
        snprintf(why, PLK_CONFIG_LINE_MAX, "cannot read %.200s: %s", path, strerror(errno));
        return false;
    }
    reading.file = file;
    int line = ini_parse_stream(next_line, &reading, on_pair, &reading);
    bool unread = ferror(file) != 0; // a directory, say
    fclose(file);
    if (line > 0) {
        snprintf(why, PLK_CONFIG_LINE_MAX, "%.200s:%d: %s", path, line,
                 reading.what_line == line ? reading.what : "this is neither [SECTION] nor NAME = VALUE");
        return false;
    }
    if (line < 0 || unread) {
        snprintf(why, PLK_CONFIG_LINE_MAX, "cannot read %.200s", path);
        return false;
    }
    if (!reading.config.udp && !reading.config.tcp) {
        snprintf(why, PLK_CONFIG_LINE_MAX, "%.200s: with neither udp nor tcp nobody can be reached", path);
        return false;
    }
    *config = reading.config;
    return true;
}
