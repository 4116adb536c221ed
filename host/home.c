// SPDX-License-Identifier: MIT
#include "host/home.h"

#include "crypto/crypto.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME "lock"

static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static enum plk_fault_kind too_long(struct plk_fault *fault) {
    return plk_fault_set(fault, PLK_FAULT_HOME, "the path of the home directory is too long (at most %d bytes)",
                         PLK_HOME_PATH_MAX - 1);
}

enum plk_fault_kind plk_home_resolve(const char *given, char out[PLK_HOME_PATH_MAX], struct plk_fault *fault) {
    const char *chosen = given != NULL && given[0] != '\0' ? given : environment("PEERLINK_HOME");
    char path[PLK_HOME_PATH_MAX];
    int len;
    if (chosen != NULL) {
        len = snprintf(path, sizeof path, "%s", chosen);
    } else if (environment("XDG_DATA_HOME") != NULL) {
        len = snprintf(path, sizeof path, "%s/peerlink", environment("XDG_DATA_HOME"));
    } else if (environment("HOME") != NULL) {
        len = snprintf(path, sizeof path, "%s/.local/share/peerlink", environment("HOME"));
    } else {
        return plk_fault_set(fault, PLK_FAULT_HOME, "no home directory: give --home or set PEERLINK_HOME");
    }
    if (len < 0 || (size_t)len >= sizeof path) return too_long(fault);
    char here[PLK_HOME_PATH_MAX] = "";
    if (path[0] != '/' && getcwd(here, sizeof here) == NULL) {
        return plk_fault_set(fault, PLK_FAULT_HOME, "the current directory cannot be read: %s", strerror(errno));
    }
    size_t here_len = strlen(here), path_len = strlen(path);
    if (path[0] != '/') here[here_len++] = '/';
    if (here_len + path_len >= PLK_HOME_PATH_MAX) return too_long(fault);
    memcpy(out, here, here_len);
    memcpy(out + here_len, path, path_len + 1);
    for (size_t end = here_len + path_len; end > 1 && out[end - 1] == '/'; end--) out[end - 1] = '\0';
    return PLK_FAULT_NONE;
}

static enum plk_fault_kind make_parents(const char *home, struct plk_fault *fault) {
    char path[PLK_HOME_PATH_MAX];
    snprintf(path, sizeof path, "%s", home);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return plk_fault_set(fault, PLK_FAULT_HOME, "%s cannot be made: %s", path, strerror(errno));
        }
        *slash = '/';
    }
    return PLK_FAULT_NONE;
}

// A directory of this user that nobody else can put files into.
static enum plk_fault_kind check_own(const char *path, struct plk_fault *fault) {
    struct stat st;
    if (stat(path, &st) != 0) return plk_fault_set(fault, PLK_FAULT_HOME, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode)) return plk_fault_set(fault, PLK_FAULT_HOME, "%s is not a directory", path);
    if (st.st_uid != geteuid()) return plk_fault_set(fault, PLK_FAULT_HOME, "%s belongs to another user", path);
    if ((st.st_mode & 0022) != 0) {
        return plk_fault_set(fault, PLK_FAULT_HOME, "%s can be written by other users: chmod go-w it first", path);
    }
    return PLK_FAULT_NONE;
}

// A directory that is empty, or already a profile, is made private; one with other things in it is left as it is.
static void tighten(const char *home) {
    DIR *dir = opendir(home);
    if (dir == NULL) return;
    bool empty = true, ours = false;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        empty = false;
        if (strcmp(entry->d_name, LOCK_NAME) == 0) ours = true;
    }
    struct stat st;
    if ((empty || ours) && fstat(dirfd(dir), &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 0077) != 0) {
        if (fchmod(dirfd(dir), 0700) != 0) { /* check_own says what matters of it */
        }
    }
    closedir(dir);
}

enum plk_fault_kind plk_home_make(const char *home, struct plk_fault *fault) {
    enum plk_fault_kind kind = make_parents(home, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    if (mkdir(home, 0700) != 0 && errno != EEXIST) {
        return plk_fault_set(fault, PLK_FAULT_HOME, "%s cannot be made: %s", home, strerror(errno));
    }
    tighten(home);
    return check_own(home, fault);
}

static bool join(char out[PLK_HOME_PATH_MAX], const char *home, const char *name) {
    int len = snprintf(out, PLK_HOME_PATH_MAX, "%s/%s", home, name);
    return len > 0 && len < PLK_HOME_PATH_MAX;
}

enum plk_fault_kind plk_home_lock(const char *home, int *fd, struct plk_fault *fault) {
    char path[PLK_HOME_PATH_MAX];
    if (!join(path, home, LOCK_NAME)) return too_long(fault);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) return plk_fault_set(fault, PLK_FAULT_HOME, "%s cannot be opened: %s", path, strerror(errno));
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        int why = errno;
        close(lock);
        if (why != EWOULDBLOCK)
            return plk_fault_set(fault, PLK_FAULT_HOME, "%s cannot be locked: %s", path, strerror(why));
        return plk_fault_set(fault, PLK_FAULT_IN_USE, "%s is in use by a running node", home);
    }
    char pid[32];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    // The number is for people; the lock is what counts.
    if (ftruncate(lock, 0) != 0 || pwrite(lock, pid, (size_t)len, 0) != len) { /* not worth a refusal */
    }
    *fd = lock;
    return PLK_FAULT_NONE;
}

bool plk_home_running(const char *home, long *pid) {
    char path[PLK_HOME_PATH_MAX], text[32] = "";
    *pid = 0;
    if (!join(path, home, LOCK_NAME)) return false;
    int lock = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (lock < 0) return false;
    bool held = flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (held && pread(lock, text, sizeof text - 1, 0) > 0) *pid = strtol(text, NULL, 10);
    close(lock);
    return held;
}

// One name for a home whatever the way it is written.
static void socket_name(const char *home, char name[17]) {
    char *real = realpath(home, NULL);
    struct plk_bytes parts[] = {plk_bytes_text("PeerLink/1/host/socket"), plk_bytes_text(real != NULL ? real : home)};
    uint8_t hash[PLK_HASH_LEN];
    plk_hash(hash, parts, 2);
    for (int i = 0; i < 8; i++) snprintf(name + 2 * i, 3, "%02x", hash[i]);
    free(real);
}

enum plk_fault_kind plk_home_socket(const char *home, bool make, char out[PLK_HOME_SOCKET_MAX],
                                    struct plk_fault *fault) {
    const char *runtime = environment("XDG_RUNTIME_DIR");
    char dir[PLK_HOME_SOCKET_MAX], name[17];
    struct stat st;
    // $XDG_RUNTIME_DIR may be left over from another user (su), too long for a socket, or gone.
    bool usable = runtime != NULL && runtime[0] == '/' &&
                  strlen(runtime) + sizeof "/peerlink/0123456789abcdef.sock" <= PLK_HOME_SOCKET_MAX &&
                  stat(runtime, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
    if (usable) {
        snprintf(dir, sizeof dir, "%s/peerlink", runtime);
    } else {
        snprintf(dir, sizeof dir, "/tmp/peerlink-%lu", (unsigned long)geteuid());
    }
    if (make) {
        if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
            return plk_fault_set(fault, PLK_FAULT_HOME, "%s cannot be made: %s", dir, strerror(errno));
        }
    }
    // /tmp is everyone's: somebody else's directory or link of that name is refused, also by a client.
    if (lstat(dir, &st) == 0 && (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 0077) != 0)) {
        return plk_fault_set(fault, PLK_FAULT_HOME, "%s is not a private directory of this user", dir);
    }
    socket_name(home, name);
    int len = snprintf(out, PLK_HOME_SOCKET_MAX, "%s/%s.sock", dir, name);
    return len > 0 && len < PLK_HOME_SOCKET_MAX ? PLK_FAULT_NONE : too_long(fault);
}

// ---- small files ------------------------------------------------------------------------------------------------------

static bool write_all(int fd, struct plk_bytes bytes) {
    while (bytes.len > 0) {
        ssize_t wrote = write(fd, bytes.at, bytes.len);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        bytes = plk_bytes(bytes.at + wrote, bytes.len - (size_t)wrote);
    }
    return true;
}

static bool sync_directory(const char *home) {
    int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    bool done = fsync(fd) == 0;
    close(fd);
    return done;
}

enum plk_fault_kind plk_home_replace(const char *home, const char *name, struct plk_bytes bytes,
                                     struct plk_fault *fault) {
    char path[PLK_HOME_PATH_MAX], temporary[PLK_HOME_PATH_MAX];
    if (!join(path, home, name) ||
        snprintf(temporary, sizeof temporary, "%s/%s.new", home, name) >= PLK_HOME_PATH_MAX) {
        return too_long(fault);
    }
    unlink(temporary); // left by a crash
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool done = fd >= 0 && write_all(fd, bytes) && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0) close(fd);
    if (done && (rename(temporary, path) != 0 || !sync_directory(home))) {
        why = errno;
        done = false;
    }
    if (done) return PLK_FAULT_NONE;
    unlink(temporary);
    enum plk_fault_kind kind = why == ENOSPC || why == EDQUOT || why == EFBIG ? PLK_FAULT_FULL : PLK_FAULT_HOME;
    return plk_fault_set(fault, kind, "%s cannot be written: %s", path, strerror(why));
}

unsigned long plk_home_number_read(const char *home, const char *name) {
    char path[PLK_HOME_PATH_MAX], text[32] = "";
    if (!join(path, home, name)) return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return 0;
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    return len > 0 ? strtoul(text, NULL, 10) : 0;
}

enum plk_fault_kind plk_home_number_write(const char *home, const char *name, unsigned long value,
                                          struct plk_fault *fault) {
    char text[32];
    int len = snprintf(text, sizeof text, "%lu\n", value);
    return plk_home_replace(home, name, plk_bytes(text, (size_t)len), fault);
}
