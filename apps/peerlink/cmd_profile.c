// SPDX-License-Identifier: MIT
// What one is to others, and what brings it back: profile, words, backup.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/base64.h"
#include "command.h"
#include "plain.h"

int plk_command_profile(struct plk_cli *cli) {
    json_t *result = NULL, *params = json_object();
    if (!plk_cli_set(params, "name", plk_cli_option(cli, "--name")) ||
        !plk_cli_set(params, "about", plk_cli_option(cli, "--about")) ||
        !plk_command_avatar(params, plk_cli_option(cli, "--avatar"))) {
        json_decref(params);
        return PLK_EXIT_FAILED;
    }
    int status = plk_cli_call(cli, "profile", params, &result);
    if (status == PLK_EXIT_DONE && cli->json) {
        plk_cli_json(result);
    } else if (status == PLK_EXIT_DONE) {
        plk_plain_print(stdout, plk_plain_text(result, "name"), -1);
        printf("  %s\n", plk_plain_text(result, "id"));
        if (plk_plain_text(result, "about")[0] != '\0') {
            plk_plain_print(stdout, plk_plain_text(result, "about"), 0);
            puts("");
        }
    }
    json_decref(result);
    return status;
}

int plk_command_words(struct plk_cli *cli) {
    json_t *result = NULL;
    int status = plk_cli_call(cli, "words", NULL, &result);
    if (status == PLK_EXIT_DONE && cli->json) {
        plk_cli_json(result);
    } else if (status == PLK_EXIT_DONE) {
        if (isatty(STDOUT_FILENO))
            plk_cli_note("whoever has these words is you: write them on paper, show them to nobody");
        puts(plk_plain_text(result, "words"));
    }
    json_decref(result);
    return status;
}

// ---- backup ---------------------------------------------------------------------------------------------------------

static bool write_whole(int fd, const uint8_t *at, size_t len) {
    while (len > 0) {
        ssize_t wrote = write(fd, at, len);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        at += wrote;
        len -= (size_t)wrote;
    }
    return fsync(fd) == 0;
}

// Beside the target first, so that a full disk leaves an older backup as it was.
static int write_file(const char *path, const uint8_t *at, size_t len) {
    char beside[4096];
    if (snprintf(beside, sizeof beside, "%s.part", path) >= (int)sizeof beside) {
        return plk_cli_fail(PLK_EXIT_FAILED, "the path is too long");
    }
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool done = fd >= 0 && write_whole(fd, at, len);
    int why = errno;
    if (fd >= 0) close(fd);
    if (done && rename(beside, path) != 0) done = false, why = errno;
    if (done) return PLK_EXIT_DONE;
    if (fd >= 0) unlink(beside);
    return plk_cli_fail(PLK_EXIT_FAILED, "cannot write %s: %s", path, strerror(why));
}

int plk_command_backup(struct plk_cli *cli) {
    json_t *result = NULL;
    int status = plk_cli_call(cli, "backup", NULL, &result);
    if (status != PLK_EXIT_DONE) return status;
    struct plk_bytes text = plk_bytes_text(plk_plain_text(result, "backup"));
    size_t len = 0;
    uint8_t *sealed = malloc(text.len + 1);
    if (sealed == NULL) abort();
    if (plk_base64_decode(sealed, &len, text))
        status = write_file(cli->args[0], sealed, len);
    else
        status = plk_cli_fail(PLK_EXIT_FAILED, "the node gave no backup");
    if (status == PLK_EXIT_DONE && cli->json) printf("{\"done\":true,\"bytes\":%zu}\n", len);
    free(sealed);
    json_decref(result);
    return status;
}
