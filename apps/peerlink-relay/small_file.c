// SPDX-License-Identifier: MIT
#include "small_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "host/home.h"

size_t plk_small_file_read(const char *dir, const char *name, void *out, size_t len) {
    char path[PLK_HOME_PATH_MAX];
    int path_len = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (path_len < 0 || (size_t)path_len >= sizeof path) return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return 0;
    ssize_t got = read(fd, out, len);
    close(fd);
    return got < 0 ? 0 : (size_t)got;
}
