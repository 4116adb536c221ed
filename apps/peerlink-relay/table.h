// SPDX-License-Identifier: MIT
// The one table of commands of peerlink-relay: from it come the reading of its command line, help and completion.
#ifndef PLK_PEERLINK_RELAY_TABLE_H
#define PLK_PEERLINK_RELAY_TABLE_H

#include "apps/shared/complete.h"
#include "options.h"

struct plk_relay_command {
    struct plk_complete_command words;
    size_t arg_min, arg_max;
    bool needs_data;
    int (*run)(const struct plk_relay_options *options);
};

extern const struct plk_option plk_table_globals[];

const struct plk_relay_command *plk_table_find(const char *name); // NULL: there is none; "" is running a relay

// The option of this name, of a command or of all; NULL: there is none.
const struct plk_option *plk_table_option(const struct plk_relay_command *command, const char *name);

// What the table says, to stdout.
int plk_table_help(const struct plk_relay_options *options);
int plk_table_completion(const struct plk_relay_options *options);

#endif
