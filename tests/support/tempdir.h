// SPDX-License-Identifier: MIT
// A directory for a test's files, private and removed afterwards.
#ifndef PLK_TESTS_SUPPORT_TEMPDIR_H
#define PLK_TESTS_SUPPORT_TEMPDIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int tempdir_remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk) {
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline void tempdir_make(char path[64]) {
    strcpy(path, "/tmp/peerlink-test.XXXXXX");
    if (mkdtemp(path) == NULL) abort();
}

static inline void tempdir_remove(const char *path) { nftw(path, tempdir_remove_entry, 8, FTW_DEPTH | FTW_PHYS); }

#endif
