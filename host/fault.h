// SPDX-License-Identifier: MIT
// Why something of the host could not be done: a kind for programs and one clear line for people (DESIGN 6).
#ifndef PLK_HOST_FAULT_H
#define PLK_HOST_FAULT_H

#include <stdbool.h>

enum plk_fault_kind {
    PLK_FAULT_NONE,
    PLK_FAULT_HOME,             // the home directory cannot be made or used
    PLK_FAULT_IN_USE,           // a running node has this home
    PLK_FAULT_NO_STORE,         // there is no profile store in this home
    PLK_FAULT_WRONG_PASSPHRASE, // also: a passphrase is needed and none was given
    PLK_FAULT_CORRUPT,          // key file or store damaged
    PLK_FAULT_TOO_NEW,          // written by a newer version
    PLK_FAULT_FULL,             // no space
    PLK_FAULT_LOCKED,           // another program holds the store
    PLK_FAULT_UNSUPPORTED,      // this build cannot encrypt, or lacks what the store needs
    PLK_FAULT_LISTEN,           // the listen address is malformed, not of this machine, or its port is taken
    PLK_FAULT_SYSTEM,           // anything else: no memory, no entropy, an I/O error
};

struct plk_fault {
    enum plk_fault_kind kind;
    char line[240]; // no line end; never a text, a key or a name
};

// Fills fault (NULL is fine) and returns kind, so that one can `return plk_fault_set(fault, ...)`.
enum plk_fault_kind plk_fault_set(struct plk_fault *fault, enum plk_fault_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
