// SPDX-License-Identifier: MIT
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "host/keyfile.h"

void plk_secret_wipe(struct plk_secret *secret) { plk_mem_wipe(secret, sizeof *secret); }

static bool read_fd(int fd, struct plk_secret *secret) {
    secret->len = 0;
    for (;;) {
        ssize_t got = read(fd, secret->text + secret->len, PLK_SECRET_MAX + 1 - secret->len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        if (got == 0) break;
        secret->len += (size_t)got;
        if (secret->len > PLK_SECRET_MAX) {
            errno = EFBIG;
            return false;
        }
    }
    secret->text[secret->len] = '\0';
    return true;
}

bool plk_secret_read_all(const char *path, struct plk_secret *secret) {
    bool from_stdin = strcmp(path, "-") == 0;
    int fd = from_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    bool done = fd >= 0 && read_fd(fd, secret);
    if (!done) plk_cli_fail(PLK_EXIT_FAILED, "cannot read %s: %s", path, strerror(errno));
    if (fd >= 0 && !from_stdin) close(fd);
    return done;
}

bool plk_secret_read_line(const char *path, struct plk_secret *secret) {
    if (!plk_secret_read_all(path, secret)) return false;
    size_t len = strcspn(secret->text, "\r\n");
    if (memchr(secret->text, '\0', secret->len) != NULL || len == 0) {
        plk_cli_fail(PLK_EXIT_FAILED, "%s: %s", path, len == 0 ? "its first line is empty" : "this is no text");
        plk_secret_wipe(secret);
        return false;
    }
    plk_mem_wipe(secret->text + len, secret->len - len);
    secret->len = len;
    return true;
}

bool plk_secret_ask(const char *question, bool echo, struct plk_secret *secret) {
    struct termios old, quiet;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (fd < 0 || tcgetattr(fd, &old) != 0) {
        if (fd >= 0) close(fd);
        return false;
    }
    quiet = old;
    if (!echo) quiet.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fd, TCSAFLUSH, &quiet);
    dprintf(fd, "%s", question);
    ssize_t got = read(fd, secret->text, PLK_SECRET_MAX);
    tcsetattr(fd, TCSAFLUSH, &old);
    if (!echo) dprintf(fd, "\n");
    close(fd);
    secret->len = got > 0 ? (size_t)got : 0;
    secret->text[secret->len] = '\0';
    secret->len = strcspn(secret->text, "\r\n");
    secret->text[secret->len] = '\0';
    return got > 0;
}

bool plk_secret_given(const struct plk_cli *cli, struct plk_secret *secret) {
    const char *path = plk_cli_option(cli, "--passphrase-file");
    if (path == NULL) path = getenv("PEERLINK_PASSPHRASE_FILE");
    *secret = (struct plk_secret){.len = 0};
    return path == NULL || path[0] == '\0' || plk_secret_read_line(path, secret);
}

int plk_secret_for_profile(const struct plk_cli *cli, struct plk_secret *secret) {
    uint8_t key[PLK_KEYFILE_KEY_LEN];
    bool sealed = false;
    struct plk_fault fault = {0};
    if (!plk_secret_given(cli, secret)) return PLK_EXIT_FAILED;
    if (secret->len > 0) return PLK_EXIT_DONE;
    // Without a passphrase this is quick: it only tells whether one is needed.
    enum plk_fault_kind kind = plk_keyfile_read(cli->home, plk_bytes(NULL, 0), key, &sealed, &fault);
    plk_mem_wipe(key, sizeof key);
    if (kind == PLK_FAULT_NONE) return PLK_EXIT_DONE;
    if (kind != PLK_FAULT_WRONG_PASSPHRASE) return plk_cli_fail(PLK_EXIT_FAILED, "%s", fault.line);
    if (!isatty(STDIN_FILENO) || !plk_secret_ask("Passphrase: ", false, secret) || secret->len == 0) {
        return plk_cli_fail(PLK_EXIT_FAILED, "this profile has a passphrase: give it with --passphrase-file");
    }
    return PLK_EXIT_DONE;
}
