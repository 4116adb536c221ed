// SPDX-License-Identifier: MIT
// Opens the page in the person's browser, logged in (DESIGN 6). A ticket is good once and for a minute, and never on a command line,
// where every user of the machine can read it: the browser gets the path of a file that only its user can read, and that leads on.
#ifndef PLK_PEERLINK_BROWSER_H
#define PLK_PEERLINK_BROWSER_H

#include "cli.h"

// Whether there is a screen to open one on, and this is no login from another machine.
bool plk_browser_is_there(void);

// Opens the running node's page, with an invite link or NULL. Where no browser comes, the address is printed, and over SSH
// what makes the port reachable. A status, after it was said.
int plk_browser_open(struct plk_cli *cli, const char *link);

#endif
