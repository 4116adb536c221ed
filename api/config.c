// SPDX-License-Identifier: MIT
#include "api/config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plk_config plk_config_default(void) {
    return (struct plk_config){
        .udp = true, .tcp = true, .portmap = true, .lan = true, .learn = true, .log_level = PLK_LOG_WARN};
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

bool plk_config_web(const char *text, int *out) {
    int port = 0;
    if (strcmp(text, "off") == 0) {
        *out = PLK_CONFIG_WEB_OFF;
        return true;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || port > UINT16_MAX) return false;
        port = port * 10 + (*at - '0');
    }
    if (port == 0 || port > UINT16_MAX) return false;
    *out = port;
    return true;
}

bool plk_config_serve(const char *text, enum plk_serve_mode *out) {
    static const char *const words[] = {"auto", "off", "contacts", "public"};
    for (unsigned i = PLK_SERVE_OFF; i <= PLK_SERVE_PUBLIC; i++) {
        if (strcmp(text, words[i]) != 0) continue;
        *out = (enum plk_serve_mode)i;
        return true;
    }
    return false;
}

static const char *set(void *ctx, const char *section, const char *name, const char *value) {
    struct plk_config *config = ctx;
    bool is_node = strcmp(section, "node") == 0;
    if (is_node && strcmp(name, "listen") == 0) {
        if (strlen(value) >= sizeof config->listen) return "is longer than an address and a port";
        snprintf(config->listen, sizeof config->listen, "%s", value);
        return NULL;
    }
    if (is_node && strcmp(name, "udp") == 0) return read_switch(value, &config->udp) ? NULL : "must be yes or no";
    if (is_node && strcmp(name, "tcp") == 0) return read_switch(value, &config->tcp) ? NULL : "must be yes or no";
    if (is_node && strcmp(name, "portmap") == 0)
        return read_switch(value, &config->portmap) ? NULL : "must be yes or no";
    if (is_node && strcmp(name, "lan") == 0) return read_switch(value, &config->lan) ? NULL : "must be yes or no";
    if (is_node && strcmp(name, "web") == 0)
        return plk_config_web(value, &config->web) ? NULL : "must be a port, or off";
    if (is_node && strcmp(name, "learn") == 0) return read_switch(value, &config->learn) ? NULL : "must be yes or no";
    if (strcmp(section, "relay") == 0 && strcmp(name, "serve") == 0)
        return plk_config_serve(value, &config->serve) ? NULL : "must be off, contacts or public";
    if (strcmp(section, "log") == 0 && strcmp(name, "level") == 0) {
        return plk_log_level_parse(value, &config->log_level) ? NULL : "must be error, warn, info or debug";
    }
    return "is not known";
}

bool plk_config_read(const char *path, bool must_exist, struct plk_config *config, char why[PLK_CONFIG_LINE_MAX]) {
    struct plk_config read = *config;
    if (!plk_ini_read(path, must_exist, set, &read, why)) return false;
    if (!read.udp && !read.tcp) {
        snprintf(why, PLK_CONFIG_LINE_MAX, "%.200s: with neither udp nor tcp nobody can be reached", path);
        return false;
    }
    *config = read;
    return true;
}
