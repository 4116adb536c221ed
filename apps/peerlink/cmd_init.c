// SPDX-License-Identifier: MIT
// A profile: made, or restored from a backup and the words.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/base64.h"
#include "command.h"
#include "contact/backup.h"
#include "contact/words.h"
#include "host/keyfile.h"
#include "host/memory.h"
#include "make.h"
#include "plain.h"

// The node that runs makes it, e.g. one that `peerlink` started before there was a profile.
static int ask_node(struct plk_cli *cli, const char *method, json_t *params, const struct plk_secret *passphrase) {
    json_t *result = NULL;
    if (passphrase->len > 0) json_object_set_new(params, "passphrase", json_stringn(passphrase->text, passphrase->len));
    int status = plk_cli_call(cli, method, params, &result);
    if (status == PLK_EXIT_DONE && cli->json)
        plk_cli_json(result);
    else if (status == PLK_EXIT_DONE)
        puts(plk_plain_text(result, "id"));
    json_decref(result);
    return status;
}

// Before anything is asked: a home with a profile in it stays as it is.
static bool is_taken(const struct plk_cli *cli) {
    uint8_t key[32];
    bool sealed = false;
    struct plk_fault fault = {0};
    if (plk_cli_running(cli) || !plk_keyfile_exists(cli->home)) return false;
    enum plk_fault_kind kind = plk_keyfile_read(cli->home, plk_bytes(NULL, 0), key, &sealed, &fault);
    plk_mem_wipe(key, sizeof key);
    // Without one it may be what a broken-off init left; the core will tell.
    if (kind != PLK_FAULT_WRONG_PASSPHRASE) return false;
    plk_cli_fail(PLK_EXIT_FAILED, "this home has a profile already, under a passphrase: choose another with --home");
    return true;
}

int plk_command_init(struct plk_cli *cli) {
    struct plk_secret name = {0}, passphrase = {0};
    int status = PLK_EXIT_FAILED;
    if (!is_taken(cli) && plk_make_name(cli, &name) && plk_make_passphrase(cli, &passphrase)) {
        struct plk_make make = {.name = plk_bytes(name.text, name.len), .passphrase = &passphrase};
        if (plk_cli_running(cli))
            status = ask_node(cli, "init", json_pack("{s:s}", "name", name.text), &passphrase);
        else
            status = plk_make_profile(cli, &make);
    }
    plk_secret_wipe(&passphrase);
    return status;
}

// ---- restore --------------------------------------------------------------------------------------------------------

static bool read_backup(const char *path, uint8_t **at, size_t *len) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        plk_cli_fail(PLK_EXIT_FAILED, "cannot read %s: %s", path, strerror(errno));
        return false;
    }
    *at = malloc(PLK_BACKUP_MAX + 1);
    if (*at == NULL) abort();
    *len = fread(*at, 1, PLK_BACKUP_MAX + 1, file);
    bool bad = ferror(file) != 0 || *len > PLK_BACKUP_MAX;
    fclose(file);
    if (bad) plk_cli_fail(PLK_EXIT_FAILED, "%s is not a backup", path);
    return !bad;
}

static bool words_to_seed(const struct plk_secret *words, uint8_t seed[32]) {
    unsigned wrong = 0;
    switch (plk_words_decode(plk_bytes(words->text, words->len), seed, &wrong)) {
    case PLK_ERR_OK:
        return true;
    case PLK_ERR_EMPTY:
        plk_cli_fail(PLK_EXIT_FAILED, "there are no words");
        break;
    case PLK_ERR_INVALID:
        plk_cli_fail(PLK_EXIT_FAILED, "word %u is not in the list of words: look at it again", wrong);
        break;
    case PLK_ERR_CUT_OFF:
        plk_cli_fail(PLK_EXIT_FAILED, "word %u is missing: there must be 24", wrong);
        break;
    case PLK_ERR_TOO_LONG:
        plk_cli_fail(PLK_EXIT_FAILED, "there are more than 24 words");
        break;
    default:
        plk_cli_fail(PLK_EXIT_FAILED, "these words do not belong together: one is another, or two changed places");
    }
    return false;
}

static bool read_words(const struct plk_cli *cli, uint8_t seed[32]) {
    struct plk_secret words = {0};
    const char *path = plk_cli_option(cli, "--words-file");
    bool done = false;
    if (path == NULL && isatty(STDIN_FILENO))
        done = plk_secret_ask("The 24 words: ", true, &words);
    else
        done = plk_secret_read_all(path != NULL ? path : "-", &words);
    done = done && words_to_seed(&words, seed);
    plk_secret_wipe(&words);
    return done;
}

// Words and backup fit each other: known before anything is written.
static bool opens(struct plk_bytes sealed, const uint8_t seed[32]) {
    struct plk_mem mem = plk_memory_system();
    struct plk_backup backup;
    enum plk_err err = plk_backup_open(&mem, sealed, seed, &backup);
    if (err == PLK_ERR_OK)
        plk_backup_free(&mem, &backup);
    else if (err == PLK_ERR_FORGED)
        plk_cli_fail(PLK_EXIT_FAILED, "these words do not open this backup, or it is damaged");
    else if (err == PLK_ERR_MALFORMED)
        plk_cli_fail(PLK_EXIT_FAILED, "this file is not a backup");
    else if (err == PLK_ERR_CUT_OFF)
        plk_cli_fail(PLK_EXIT_FAILED, "this backup was cut off: part of it is missing");
    else
        plk_cli_fail(PLK_EXIT_FAILED, "%s", plk_err_text(err));
    return err == PLK_ERR_OK;
}

int plk_command_restore(struct plk_cli *cli) {
    struct plk_secret passphrase = {0};
    uint8_t seed[32], *sealed = NULL;
    size_t len = 0;
    int status = PLK_EXIT_FAILED;
    if (plk_cli_running(cli))
        return plk_cli_fail(PLK_EXIT_FAILED, "a node runs in this home: choose another with --home");
    if (!is_taken(cli) && read_backup(cli->args[0], &sealed, &len) && read_words(cli, seed) &&
        opens(plk_bytes(sealed, len), seed) && plk_make_passphrase(cli, &passphrase)) {
        struct plk_make make = {
            .seed = plk_bytes(seed, sizeof seed), .backup = plk_bytes(sealed, len), .passphrase = &passphrase};
        status = plk_make_profile(cli, &make);
    }
    plk_mem_wipe(seed, sizeof seed);
    plk_secret_wipe(&passphrase);
    free(sealed);
    return status;
}
