// SPDX-License-Identifier: MIT
// Single settings of a relay by name: from options and from the config file alike.
#ifndef PLK_PEERLINK_RELAY_SETTINGS_H
#define PLK_PEERLINK_RELAY_SETTINGS_H

#include "options.h"

#define PLK_SETTINGS_WRONG_MAX 120

void plk_settings_init(struct plk_relay_settings *settings);

// Sets one by its name, without dashes. True: it is known; then wrong is empty, or what is wrong with the value, to be read
// after the name: "takes a port or off".
bool plk_settings_set(struct plk_relay_settings *settings, const char *name, const char *value,
                      char wrong[PLK_SETTINGS_WRONG_MAX]);

// A number of a command line, within limits.
bool plk_settings_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);

#endif
