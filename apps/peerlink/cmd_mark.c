// SPDX-License-Identifier: MIT
// What is done to messages after they were written.
#include <string.h>

#include "command.h"
#include "plain.h"

// The number in the second argument names a message; "" for a word is none.
static json_t *message_params(struct plk_cli *cli, const char *name, const char *value) {
    uint64_t seq = 0;
    json_t *params = json_object();
    bool fits = plk_cli_number("the message", cli->args[1], INT64_MAX, &seq);
    if (fits && plk_cli_set(params, "contact", cli->args[0]) && plk_cli_set(params, name, value)) {
        json_object_set_new(params, "seq", json_integer((json_int_t)seq));
        return params;
    }
    json_decref(params);
    return NULL;
}

static int run(struct plk_cli *cli, const char *method, json_t *params) {
    json_t *result = NULL;
    if (params == NULL) return PLK_EXIT_USAGE;
    int status = plk_cli_call(cli, method, params, &result);
    if (status == PLK_EXIT_DONE && cli->json) plk_cli_json(result);
    json_decref(result);
    return status;
}

int plk_command_react(struct plk_cli *cli) {
    const char *emoji = strcmp(cli->args[2], "-") == 0 ? "" : cli->args[2];
    return run(cli, "react", message_params(cli, "emoji", emoji));
}

int plk_command_edit(struct plk_cli *cli) { return run(cli, "edit", message_params(cli, "text", cli->args[2])); }

int plk_command_delete(struct plk_cli *cli) {
    json_t *params = message_params(cli, "both", NULL);
    if (params != NULL) json_object_set_new(params, "both", json_boolean(plk_cli_has(cli, "--both")));
    return run(cli, "delete", params);
}

int plk_command_timer(struct plk_cli *cli) {
    uint64_t seconds = 0;
    bool off = strcmp(cli->args[1], "off") == 0;
    json_t *params = json_object();
    if ((off || plk_cli_number("the timer", cli->args[1], UINT32_MAX, &seconds)) &&
        plk_cli_set(params, "contact", cli->args[0])) {
        json_object_set_new(params, "seconds", json_integer((json_int_t)seconds));
        return run(cli, "timer", params);
    }
    json_decref(params);
    return PLK_EXIT_USAGE;
}

int plk_command_receipts(struct plk_cli *cli) {
    bool on = strcmp(cli->args[1], "on") == 0;
    if (!on && strcmp(cli->args[1], "off") != 0) return plk_cli_fail(PLK_EXIT_USAGE, "receipts are `on` or `off`");
    json_t *params = json_object();
    if (!plk_cli_set(params, "contact", cli->args[0])) {
        json_decref(params);
        return PLK_EXIT_FAILED;
    }
    json_object_set_new(params, "on", json_boolean(on));
    return run(cli, "receipts", params);
}
