// SPDX-License-Identifier: MIT
// The operator's choices in an INI file (DESIGN 6): sections [node], [relay] and [log]. An unknown key is an error with its line.
#ifndef PLK_API_CONFIG_H
#define PLK_API_CONFIG_H

#include <stdbool.h>

#include "api/ini.h"
#include "host/log.h"
#include "host/serve.h"

#define PLK_CONFIG_PATH_MAX 1024
#define PLK_CONFIG_LISTEN_MAX 64
#define PLK_CONFIG_LINE_MAX PLK_INI_WHY_MAX

#define PLK_CONFIG_WEB_OFF (-1)

struct plk_config {
    char listen[PLK_CONFIG_LISTEN_MAX]; // [node] listen = ADDR:PORT; empty: not set
    bool udp, tcp;                      // [node] udp, tcp = yes | no
    bool portmap, lan, learn;           // [node] portmap, lan, learn = yes | no
    enum plk_serve_mode serve;          // [relay] serve = off | contacts | public; AUTO: not set
    int web;                      // [node] web = PORT | off: PLK_CONFIG_WEB_OFF, a port, or 0: the one that is kept
    enum plk_log_level log_level; // [log] level = error | warn | info | debug
};

struct plk_config plk_config_default(void);

// Where the config is: given (--config), else $XDG_CONFIG_HOME/peerlink/node.ini, else ~/.config/peerlink/node.ini. False:
// the path is too long, or there is no home directory.
bool plk_config_path(const char *given, char out[PLK_CONFIG_PATH_MAX]);

bool plk_config_serve(const char *text, enum plk_serve_mode *out); // off, contacts, public; false: none of them
bool plk_config_web(const char *text, int *out);                   // PORT or `off`; false: neither

// Reads a file over *config. must_exist: a missing file is an error, else it changes nothing. On false why is one line,
// "PATH:LINE: what is wrong", and *config is what it was.
bool plk_config_read(const char *path, bool must_exist, struct plk_config *config, char why[PLK_CONFIG_LINE_MAX]);

#endif
