// SPDX-License-Identifier: MIT
// Makes the profile of a home in which no node runs: the host is driven until the core has it on disk.
#ifndef PLK_PEERLINK_MAKE_H
#define PLK_PEERLINK_MAKE_H

#include "cli.h"
#include "secret.h"

struct plk_make {
    struct plk_bytes name;         // of a new profile
    struct plk_bytes seed, backup; // of a restored one; empty: a new one
    const struct plk_secret *passphrase;
};

// Prints the PeerID. Status as for a command; the reason was said.
int plk_make_profile(struct plk_cli *cli, const struct plk_make *make);

// A name as a command was given it, asked for on the terminal, or that of the login. False after it said what is wrong.
bool plk_make_name(const struct plk_cli *cli, struct plk_secret *name);

// The passphrase of a new profile: given, or asked for twice on the terminal; empty: none.
bool plk_make_passphrase(const struct plk_cli *cli, struct plk_secret *passphrase);

#endif
