// SPDX-License-Identifier: MIT
// Where a profile lives: its directory, its lock, its socket (DESIGN 6).
#ifndef PLK_HOST_HOME_H
#define PLK_HOST_HOME_H

#include "base/bytes.h"
#include "host/fault.h"

#define PLK_HOME_PATH_MAX 1024  // bytes, terminator included
#define PLK_HOME_SOCKET_MAX 104 // the shortest sun_path there is

// given (--home), else $PEERLINK_HOME, else $XDG_DATA_HOME/peerlink, else ~/.local/share/peerlink; made absolute. Makes
// nothing. HOME when there is none of these or the path is too long.
enum plk_fault_kind plk_home_resolve(const char *given, char out[PLK_HOME_PATH_MAX], struct plk_fault *fault);

// Makes home (0700, parents too) or checks it: a directory, of this user, that others cannot write to.
enum plk_fault_kind plk_home_make(const char *home, struct plk_fault *fault);

// Takes the lock of a home for this process until the descriptor is closed (never inherited over exec; do not fork with
// it). IN_USE when a running node has it.
enum plk_fault_kind plk_home_lock(const char *home, int *fd, struct plk_fault *fault);

// Whether a running node has the lock, and its process id (0: not known).
bool plk_home_running(const char *home, long *pid);

// The path of the node's Unix socket: short whatever the home. With make, its directory is made (0700) and checked.
enum plk_fault_kind plk_home_socket(const char *home, bool make, char out[PLK_HOME_SOCKET_MAX],
                                    struct plk_fault *fault);

// Small files of the home (`port`, `web-port`, ...): a number, written atomically, 0600. Reading gives 0 when there is none.
unsigned long plk_home_number_read(const char *home, const char *name);
enum plk_fault_kind plk_home_number_write(const char *home, const char *name, unsigned long value,
                                          struct plk_fault *fault);

// Replaces home/name by these bytes atomically: temporary file 0600, sync, rename, sync of the directory.
enum plk_fault_kind plk_home_replace(const char *home, const char *name, struct plk_bytes bytes,
                                     struct plk_fault *fault);

#endif
