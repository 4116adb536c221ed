// SPDX-License-Identifier: MIT
// INI files of operators (DESIGN 6), of a node and of a relay: the first mistake is told with its line.
#ifndef PLK_API_INI_H
#define PLK_API_INI_H

#include <stdbool.h>

#define PLK_INI_WHY_MAX 400 // bytes of the line that says what is wrong, terminator included

// Takes one NAME = VALUE of a section. NULL, or what is wrong with it, to be read after "`NAME` in [SECTION] ": "is not known".
typedef const char *plk_ini_set(void *ctx, const char *section, const char *name, const char *value);

// Reads a file, pair by pair. must_exist: a missing file is an error, else it is an empty one. On false why is one line,
// "PATH:LINE: what is wrong", and some pairs may have been set.
bool plk_ini_read(const char *path, bool must_exist, plk_ini_set *set, void *ctx, char why[PLK_INI_WHY_MAX]);

#endif
