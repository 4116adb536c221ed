// SPDX-License-Identifier: MIT
// `watch`: events as lines.
#include <string.h>

#include "command.h"
#include "plain.h"

static void print_relay(const json_t *event) {
    const json_t *relay = json_object_get(event, "relay");
    printf("relay %s: ", plk_plain_text(relay, "address"));
    if (json_is_true(json_object_get(event, "removed")))
        fputs("removed", stdout);
    else
        plk_plain_relay(stdout, relay);
}

static void print_change(const json_t *event) {
    const char *what = plk_plain_text(event, "what");
    const json_t *message = json_object_get(event, "message");
    uint64_t seq = plk_plain_count(event, "seq"), timer_s = plk_plain_count(event, "timer_s");
    if (message != NULL) {
        printf(": %s: ", what);
        plk_plain_message(stdout, message);
    } else if (strcmp(what, "timer") == 0 && timer_s > 0) {
        printf(": messages vanish %llu s after they were seen\n", (unsigned long long)timer_s);
    } else if (strcmp(what, "timer") == 0) {
        puts(": messages stay");
    } else if (strcmp(what, "read") == 0) {
        printf(": has read up to message %llu\n", (unsigned long long)seq);
    } else {
        printf(": message %llu has vanished\n", (unsigned long long)seq);
    }
}

static void print_event(const json_t *event) {
    const char *kind = plk_plain_text(event, "event"), *contact = plk_plain_text(event, "contact");
    if (strcmp(kind, "message") == 0 && json_object_get(event, "text") != NULL) {
        if (strcmp(plk_plain_text(event, "direction"), "out") == 0) {
            fputs("to ", stdout);
            plk_plain_print(stdout, contact, -1);
            fputs(", ", stdout);
        }
        plk_plain_message(stdout, event);
        return;
    }
    plk_plain_print(stdout, contact, -1);
    if (strcmp(kind, "change") == 0) {
        print_change(event);
        return;
    }
    if (strcmp(kind, "node") == 0) {
        printf("the profile is %s", plk_plain_text(event, "node"));
    } else if (strcmp(kind, "relay") == 0) {
        print_relay(event);
    } else if (strcmp(kind, "state") == 0) {
        printf(": message %llu ", (unsigned long long)plk_plain_count(event, "seq"));
        plk_plain_state(stdout, event);
    } else if (strcmp(kind, "path") == 0) {
        const char *path = plk_plain_text(event, "path");
        fputs(path[0] != '\0' ? ": " : ": no path now", stdout);
        if (path[0] != '\0') printf("%s (%s)", plk_plain_path(path), path);
    } else if (strcmp(kind, "request") == 0) {
        fputs(" asks to be a contact", stdout);
    } else if (json_is_true(json_object_get(event, "removed"))) {
        printf("a %s was removed", kind);
    } else {
        fputs(": contact changed", stdout);
        if (plk_plain_text(event, "reason")[0] != '\0') printf(" (%s)", plk_plain_text(event, "reason"));
    }
    fputc('\n', stdout);
}

int plk_command_watch(struct plk_cli *cli) {
    const char *since_text = plk_cli_option(cli, "--since");
    uint64_t since = 0;
    json_t *result = NULL;
    if (since_text != NULL && !plk_cli_number("--since", since_text, INT64_MAX, &since)) return PLK_EXIT_USAGE;
    json_t *params = since_text != NULL ? json_pack("{s:I}", "since", (json_int_t)since) : json_object();
    int status = plk_cli_call(cli, "watch", params, &result);
    if (status == PLK_EXIT_DONE && json_is_true(json_object_get(result, "gap"))) {
        plk_cli_note("events before %llu are not kept any more: what happened meanwhile is in the histories",
                     (unsigned long long)plk_plain_count(result, "since") + 1);
    }
    json_decref(result);
    if (status != PLK_EXIT_DONE) return status;
    for (json_t *object; !ferror(stdout) && (object = plk_rpc_next(cli->rpc, true)) != NULL; json_decref(object)) {
        const json_t *event = json_object_get(object, "params");
        if (event == NULL) continue;
        if (cli->json)
            plk_cli_json(event);
        else
            print_event(event);
        fflush(stdout);
    }
    if (ferror(stdout)) return PLK_EXIT_DONE; // whoever read has enough
    return plk_cli_fail(PLK_EXIT_FAILED, "the node has stopped");
}
