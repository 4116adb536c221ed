// SPDX-License-Identifier: MIT
// Passphrases and words: from a file, from the terminal without echo, never from the command line.
#ifndef PLK_PEERLINK_SECRET_H
#define PLK_PEERLINK_SECRET_H

#include "cli.h"

#define PLK_SECRET_MAX 1024 // bytes of a passphrase, and of a file of words

struct plk_secret {
    char text[PLK_SECRET_MAX + 1];
    size_t len;
};

// The first line of a file ("-": standard input). False after it said what is wrong.
bool plk_secret_read_line(const char *path, struct plk_secret *secret);
// All of it.
bool plk_secret_read_all(const char *path, struct plk_secret *secret);

// Asks on the terminal; false: there is none.
bool plk_secret_ask(const char *question, bool echo, struct plk_secret *secret);

// The passphrase of a command: of --passphrase-file, else of $PEERLINK_PASSPHRASE_FILE, else empty. False after it said
// what is wrong.
bool plk_secret_given(const struct plk_cli *cli, struct plk_secret *secret);

// The passphrase that opens the profile: as given; else, if it needs one, asked on the terminal. Status as for a command.
int plk_secret_for_profile(const struct plk_cli *cli, struct plk_secret *secret);

void plk_secret_wipe(struct plk_secret *secret);

#endif
