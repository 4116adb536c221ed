// SPDX-License-Identifier: MIT
// `config check`, and `rpc`: what operators and programmers ask.
#include <string.h>

#include "api/config.h"
#include "command.h"
#include "plain.h"

int plk_command_config(struct plk_cli *cli) {
    char path[PLK_CONFIG_PATH_MAX], why[PLK_CONFIG_LINE_MAX], socket[PLK_HOME_SOCKET_MAX];
    struct plk_config config = plk_config_default();
    struct plk_fault fault = {0};
    const char *given = plk_cli_option(cli, "--config");
    if (strcmp(cli->args[0], "check") != 0) return plk_cli_fail(PLK_EXIT_USAGE, "it is `peerlink config check`");
    if (!plk_config_path(given, path)) return plk_cli_fail(PLK_EXIT_FAILED, "no path for the config: give --config");
    if (!plk_config_read(path, given != NULL, &config, why)) return plk_cli_fail(PLK_EXIT_FAILED, "%s", why);
    if (plk_home_socket(cli->home, false, socket, &fault) != PLK_FAULT_NONE) {
        return plk_cli_fail(PLK_EXIT_FAILED, "%s", fault.line);
    }
    if (cli->json) {
        json_t *object = json_pack("{s:s, s:s, s:s}", "config", path, "home", cli->home, "socket", socket);
        plk_cli_json(object);
        json_decref(object);
    } else {
        printf("config  %s\nhome    %s\nsocket  %s\nnothing is wrong\n", path, cli->home, socket);
    }
    return PLK_EXIT_DONE;
}

int plk_command_rpc(struct plk_cli *cli) {
    json_error_t wrong;
    json_t *params = NULL, *result = NULL, *error = NULL;
    if (cli->arg_count > 1) params = json_loads(cli->args[1], JSON_REJECT_DUPLICATES, &wrong);
    if (cli->arg_count > 1 && params == NULL) return plk_cli_fail(PLK_EXIT_USAGE, "this is not JSON: %s", wrong.text);
    json_t *method = json_string(cli->args[0]);
    if (method == NULL) {
        json_decref(params);
        return plk_cli_fail(PLK_EXIT_USAGE, "the method is not valid UTF-8");
    }
    json_decref(method);
    int status = plk_cli_try(cli, cli->args[0], params, &result, &error);
    if (result != NULL) plk_cli_json(result);
    if (error != NULL) plk_cli_fail(status, "%s", plk_plain_text(error, "message"));
    json_decref(result);
    json_decref(error);
    return status;
}
