// SPDX-License-Identifier: MIT
#include "make.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "api/json.h"
#include "command.h"
#include "host/keyfile.h"
#include "contact/name.h"
#include "host/host.h"
#include "plain.h"

struct making {
    struct plk_host *host;
    const struct plk_make *make;
    bool existed; // the store was there before, so it may not be under this passphrase
    bool asked, made;
    char line[256]; // what went wrong
};

static void stop(struct making *making, const char *line) {
    snprintf(making->line, sizeof making->line, "%s", line);
    uv_stop(plk_host_loop(making->host));
}

static const char *init_error(enum plk_err err) {
    switch (err) {
    case PLK_ERR_FORGED:
        return "these words do not open this backup, or it is damaged";
    case PLK_ERR_MALFORMED:
        return "this file is not a backup";
    case PLK_ERR_CUT_OFF:
        return "this backup was cut off: part of it is missing";
    default:
        return plk_err_text(err);
    }
}

static void on_result(void *ctx, const struct plk_output *output) {
    struct making *making = ctx;
    making->made = output->result.err == PLK_ERR_OK;
    stop(making, init_error(output->result.err));
}

static void on_state(void *ctx, enum plk_node_state state) {
    struct making *making = ctx;
    if (making->asked || making->host == NULL) return;
    if (state == PLK_NODE_READY) stop(making, "this home has a profile already: choose another with --home");
    if (state == PLK_NODE_CORRUPT) stop(making, "the stored data is damaged");
    if (state != PLK_NODE_EMPTY) return;
    struct plk_fault fault = {0};
    struct plk_bytes passphrase = plk_bytes(making->make->passphrase->text, making->make->passphrase->len);
    if (making->existed && passphrase.len > 0) {
        making->existed = false;
        // The node is a new one then, and says so again.
        if (plk_host_protect(making->host, passphrase, &fault) != PLK_FAULT_NONE) stop(making, fault.line);
        if (fault.kind != PLK_FAULT_NONE || plk_node_state(plk_host_node(making->host)) != PLK_NODE_EMPTY) return;
    }
    struct plk_command command = {
        .kind = PLK_CMD_INIT, .name = making->make->name, .seed = making->make->seed, .backup = making->make->backup};
    making->asked = true;
    enum plk_err err = plk_host_command(making->host, &command, on_result, making);
    if (err != PLK_ERR_OK) stop(making, plk_err_text(err));
}

static void on_stalled(void *ctx, bool stalled) {
    if (stalled) stop(ctx, "the disk is full or locked");
}

static void on_lost(void *ctx, const struct plk_fault *fault) { stop(ctx, fault->line); }

static enum plk_fault_kind open_host(struct plk_cli *cli, struct making *making, struct plk_fault *fault) {
    const struct plk_secret *passphrase = making->make->passphrase;
    struct plk_host_config config = {.home = cli->home,
                                     .create = true,
                                     .passphrase = plk_bytes(passphrase->text, passphrase->len),
                                     .no_udp = true,
                                     .no_tcp = true,
                                     .log = {.level = PLK_LOG_ERROR, .fd = -1},
                                     .on = {.state = on_state, .stalled = on_stalled, .lost = on_lost},
                                     .ctx = making};
    making->existed = plk_keyfile_exists(cli->home);
    enum plk_fault_kind kind = plk_host_open(&making->host, &config, fault);
    if (kind != PLK_FAULT_WRONG_PASSPHRASE || !making->existed || passphrase->len == 0) return kind;
    // A home whose making was broken off has a key without a passphrase.
    config.passphrase = plk_bytes(NULL, 0);
    return plk_host_open(&making->host, &config, fault);
}

int plk_make_profile(struct plk_cli *cli, const struct plk_make *make) {
    struct making making = {.make = make};
    struct plk_fault fault = {0};
    struct plk_profile_view view;
    enum plk_fault_kind kind = open_host(cli, &making, &fault);
    if (kind == PLK_FAULT_WRONG_PASSPHRASE) {
        return plk_cli_fail(PLK_EXIT_FAILED,
                            "this home has a profile already, under a passphrase: choose another with --home");
    }
    if (kind != PLK_FAULT_NONE) return plk_cli_fail(PLK_EXIT_FAILED, "%s", fault.line);
    // What was told before the host was known here is not told again.
    on_state(&making, plk_node_state(plk_host_node(making.host)));
    if (making.line[0] == '\0') uv_run(plk_host_loop(making.host), UV_RUN_DEFAULT);
    int status = PLK_EXIT_DONE;
    json_t *id = NULL, *name = NULL;
    if (making.made && plk_node_profile(plk_host_node(making.host), &view) == PLK_ERR_OK) {
        id = plk_json_peer_id(view.peer_id);
        name = plk_json_text(view.name);
    }
    bool durable = plk_host_close(making.host);
    if (id == NULL)
        status = plk_cli_fail(PLK_EXIT_FAILED, "%s", making.line);
    else if (!durable)
        status = plk_cli_fail(PLK_EXIT_FAILED, "the disk did not take the profile");
    json_t *object = json_pack("{s:o*, s:o*}", "id", id, "name", name);
    if (status == PLK_EXIT_DONE && cli->json)
        plk_cli_json(object);
    else if (status == PLK_EXIT_DONE)
        puts(plk_plain_text(object, "id"));
    json_decref(object);
    return status;
}

// ---- what to ask ----------------------------------------------------------------------------------------------------

static bool check_name(const struct plk_secret *name) {
    switch (plk_name_check(plk_bytes(name->text, name->len))) {
    case PLK_ERR_OK:
        return true;
    case PLK_ERR_EMPTY:
        plk_cli_fail(PLK_EXIT_FAILED, "the name is empty");
        return false;
    case PLK_ERR_TOO_LONG:
        plk_cli_fail(PLK_EXIT_FAILED, "the name is longer than %d bytes", PLK_NAME_MAX);
        return false;
    case PLK_ERR_NOT_UTF8:
        plk_cli_fail(PLK_EXIT_FAILED, "the name is not valid UTF-8");
        return false;
    default:
        plk_cli_fail(PLK_EXIT_FAILED, "a name cannot have control characters or spaces at its ends");
        return false;
    }
}

bool plk_make_name(const struct plk_cli *cli, struct plk_secret *name) {
    const char *given = plk_cli_option(cli, "--name");
    if (given == NULL && (!isatty(STDIN_FILENO) || !plk_secret_ask("Your name: ", true, name) || name->len == 0)) {
        const struct passwd *user = getpwuid(geteuid());
        given = user != NULL ? user->pw_name : "me";
    }
    if (given != NULL) {
        size_t len = strlen(given);
        name->len = len < PLK_SECRET_MAX ? len : PLK_SECRET_MAX;
        memcpy(name->text, given, name->len);
        name->text[name->len] = '\0';
    }
    return check_name(name);
}

bool plk_make_passphrase(const struct plk_cli *cli, struct plk_secret *passphrase) {
    struct plk_secret again = {0};
    if (!plk_secret_given(cli, passphrase)) return false;
    if (passphrase->len > 0 || !isatty(STDIN_FILENO)) return true;
    if (!plk_secret_ask("A passphrase to protect what is stored here (empty: none): ", false, passphrase)) return true;
    if (passphrase->len == 0) return true;
    bool same = plk_secret_ask("Once more: ", false, &again) && again.len == passphrase->len &&
                memcmp(again.text, passphrase->text, again.len) == 0;
    plk_secret_wipe(&again);
    if (!same) plk_cli_fail(PLK_EXIT_FAILED, "these were two different passphrases");
    return same;
}
