// SPDX-License-Identifier: MIT
#include "host/store_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

// The format of the log (sqlite.org/fileformat2.html, section 4.1).
#define LOG_HEADER_LEN 32
#define FRAME_LEN (24 + 4096)

static const uint8_t zeros[65536];

// How long the file is then.
static off_t lengthen(int fd, off_t from, off_t to) {
    while (from < to) {
        size_t len = to - from < (off_t)sizeof zeros ? (size_t)(to - from) : sizeof zeros;
        ssize_t wrote = pwrite(fd, zeros, len, from);
        if (wrote <= 0) break;
        from += wrote;
    }
    fdatasync(fd); // now, and not with the next commit
    return from;
}

static off_t end_of(int fd) {
    struct stat file;
    return fstat(fd, &file) == 0 ? file.st_size : 0;
}

void plk_store_log_make_room(sqlite3 *db, int frames, int64_t *len) {
    off_t used = LOG_HEADER_LEN + (off_t)frames * FRAME_LEN;
    if (*len >= used + PLK_STORE_LOG_LEAST) return;
    const char *name = sqlite3_db_filename(db, "main");
    const char *path = name != NULL ? sqlite3_filename_wal(name) : NULL;
    // No lock of SQLite's is on this file, so closing it here takes none away.
    int fd = path != NULL ? open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0) return;
    off_t step = used < PLK_STORE_LOG_SPARE      ? PLK_STORE_LOG_SPARE
                 : used < PLK_STORE_LOG_STEP_MAX ? used
                                                 : PLK_STORE_LOG_STEP_MAX;
    *len = end_of(fd);
    if (*len < used + PLK_STORE_LOG_LEAST) *len = lengthen(fd, *len > used ? *len : used, used + step);
    close(fd);
}
