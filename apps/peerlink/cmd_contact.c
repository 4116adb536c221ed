// SPDX-License-Identifier: MIT
// Contacts: who they are, and what to let in.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/shared/qr.h"
#include "command.h"
#include "plain.h"
#include "secret.h"
#include "wire/invite.h"

// Calls a method with the contact of the first argument.
static int call_contact(struct plk_cli *cli, const char *method, json_t **result) {
    json_t *params = json_object();
    if (plk_cli_set(params, "contact", cli->args[0])) return plk_cli_call(cli, method, params, result);
    json_decref(params);
    return PLK_EXIT_FAILED;
}

static void print_json_or(const struct plk_cli *cli, const json_t *result, const char *words) {
    if (cli->json) {
        plk_cli_json(result);
    } else if (words != NULL) {
        plk_plain_print(stdout, words, -1);
        fputc('\n', stdout);
    }
}

static int do_contact(struct plk_cli *cli, const char *method) {
    json_t *result = NULL;
    int status = call_contact(cli, method, &result);
    if (status == PLK_EXIT_DONE) print_json_or(cli, result, NULL);
    json_decref(result);
    return status;
}

int plk_command_accept(struct plk_cli *cli) { return do_contact(cli, "accept"); }
int plk_command_reject(struct plk_cli *cli) { return do_contact(cli, "reject"); }
int plk_command_block(struct plk_cli *cli) { return do_contact(cli, "block"); }
int plk_command_unblock(struct plk_cli *cli) { return do_contact(cli, "unblock"); }

int plk_command_rename(struct plk_cli *cli) {
    json_t *result = NULL, *params = json_object();
    if (!plk_cli_set(params, "contact", cli->args[0]) || !plk_cli_set(params, "name", cli->args[1])) {
        json_decref(params);
        return PLK_EXIT_FAILED;
    }
    int status = plk_cli_call(cli, "rename", params, &result);
    if (status == PLK_EXIT_DONE) print_json_or(cli, result, NULL);
    json_decref(result);
    return status;
}

int plk_command_path(struct plk_cli *cli) {
    json_t *result = NULL, *params = json_object();
    bool known = strcmp(cli->args[1], "auto") == 0 || strcmp(cli->args[1], "relay-only") == 0;
    if (!known || !plk_cli_set(params, "contact", cli->args[0]) || !plk_cli_set(params, "mode", cli->args[1])) {
        json_decref(params);
        return known ? PLK_EXIT_FAILED : plk_cli_fail(PLK_EXIT_USAGE, "the way is `auto` or `relay-only`");
    }
    int status = plk_cli_call(cli, "path", params, &result);
    if (status == PLK_EXIT_DONE) print_json_or(cli, result, NULL);
    json_decref(result);
    return status;
}

int plk_command_remove(struct plk_cli *cli) {
    struct plk_secret answer;
    // A script has said what it wants; a person may have slipped.
    if (isatty(STDIN_FILENO) && !plk_cli_has(cli, "--yes")) {
        char question[256];
        snprintf(question, sizeof question, "Remove this contact and all messages with it? [y/N] ");
        if (!plk_secret_ask(question, true, &answer) || (answer.text[0] != 'y' && answer.text[0] != 'Y')) {
            return plk_cli_fail(PLK_EXIT_FAILED, "nothing was removed");
        }
    }
    return do_contact(cli, "remove");
}

// ---- first contact --------------------------------------------------------------------------------------------------

int plk_command_invite(struct plk_cli *cli) {
    json_t *result = NULL;
    bool is_inline = plk_cli_has(cli, "--inline"), address = plk_cli_has(cli, "--address");
    if (is_inline && address) return plk_cli_fail(PLK_EXIT_USAGE, "--inline and --address exclude each other");
    if (plk_cli_has(cli, "--web")) return plk_cli_fail(PLK_EXIT_FAILED, "this build has no page yet, so no web links");
    const char *kind = is_inline ? "inline" : address ? "address" : "auto";
    json_t *params = json_pack("{s:s}", "kind", kind);
    if (plk_cli_has(cli, "--relay-only")) json_object_set_new(params, "relay_only", json_true());
    int status = plk_cli_call(cli, "invite", params, &result);
    if (status != PLK_EXIT_DONE) return status;
    const char *link = plk_plain_text(result, "link");
    if (!is_inline && strcmp(plk_plain_text(result, "kind"), "inline") == 0) {
        plk_cli_note("this link is inline: it names this machine's addresses, and works while the node runs here");
    }
    print_json_or(cli, result, link);
    if (plk_cli_has(cli, "--qr") && !plk_qr_print(stdout, link)) {
        status = plk_cli_fail(PLK_EXIT_FAILED, "this link is too long for a QR code");
    }
    json_decref(result);
    return status;
}

// From standard input as well: what is on a command line can be seen by others on this machine.
int plk_command_add(struct plk_cli *cli) {
    json_t *result = NULL, *params = json_object();
    char *input = strcmp(cli->args[0], "-") == 0 ? plk_cli_stdin(PLK_INVITE_LINK_INPUT_MAX) : NULL;
    const char *link = input != NULL ? input : cli->args[0];
    bool right = (input != NULL || strcmp(cli->args[0], "-") != 0) && plk_cli_set(params, "link", link) &&
                 plk_cli_set(params, "name", plk_cli_option(cli, "--as")) &&
                 plk_cli_set(params, "message", plk_cli_option(cli, "--message"));
    free(input);
    if (!right) {
        json_decref(params);
        return PLK_EXIT_FAILED;
    }
    if (plk_cli_has(cli, "--relay-only")) json_object_set_new(params, "relay_only", json_true());
    int status = plk_cli_call(cli, "add", params, &result);
    if (status == PLK_EXIT_DONE) {
        if (!cli->json && json_is_true(json_object_get(result, "known")))
            plk_cli_note(
                "this is a contact already: the conversation goes on, with new keys as soon as the other side answers");
        else if (!cli->json && plk_cli_option(cli, "--as") == NULL)
            plk_cli_note("called so until it has answered and told its own name: see `peerlink contacts`");
        print_json_or(cli, result, plk_plain_text(result, "name"));
    }
    json_decref(result);
    return status;
}

// ---- looking --------------------------------------------------------------------------------------------------------

static void print_contact(const json_t *contact) {
    const char *state = plk_plain_text(contact, "state");
    plk_plain_print(stdout, plk_plain_text(contact, "name"), -1);
    printf("  %s", plk_plain_text(contact, "id"));
    if (json_is_true(json_object_get(contact, "verified"))) fputs("  verified", stdout);
    if (json_is_true(json_object_get(contact, "blocked"))) fputs("  blocked", stdout);
    if (json_is_true(json_object_get(contact, "relay_only"))) fputs("  through relays only", stdout);
    if (strcmp(state, "added") == 0) fputs("  has not answered the link yet", stdout);
    if (strcmp(state, "request") == 0) fputs("  asks to be a contact", stdout);
    if (strcmp(state, "refused") == 0) fputs("  the link was refused", stdout);
    uint64_t undelivered = plk_plain_count(contact, "undelivered");
    if (undelivered > 0) printf("  %llu not delivered yet", (unsigned long long)undelivered);
    fputc('\n', stdout);
}

static int list(struct plk_cli *cli, const char *method, const char *none) {
    json_t *result = NULL, *contact = NULL;
    size_t i = 0;
    int status = plk_cli_call(cli, method, NULL, &result);
    if (status != PLK_EXIT_DONE) return status;
    const json_t *contacts = json_object_get(result, "contacts");
    json_array_foreach(contacts, i, contact) {
        if (cli->json)
            plk_cli_json(contact);
        else
            print_contact(contact);
    }
    if (i == 0 && !cli->json) plk_cli_note("%s", none);
    json_decref(result);
    return status;
}

int plk_command_contacts(struct plk_cli *cli) {
    return list(cli, "contacts", "there are no contacts yet: `peerlink invite` makes a link for one");
}

int plk_command_requests(struct plk_cli *cli) { return list(cli, "requests", "nobody asks to be a contact"); }

int plk_command_safety(struct plk_cli *cli) {
    json_t *result = NULL;
    int status = PLK_EXIT_DONE;
    if (plk_cli_has(cli, "--verified")) status = call_contact(cli, "verify", &result);
    json_decref(result);
    result = NULL;
    if (status == PLK_EXIT_DONE) status = call_contact(cli, "safety", &result);
    if (status == PLK_EXIT_DONE) print_json_or(cli, result, plk_plain_text(result, "safety"));
    json_decref(result);
    return status;
}

static void print_way(const json_t *way) {
    const char *address = plk_plain_text(way, "address");
    printf("  %-5s %s%s%s, %s", plk_plain_text(way, "transport"), address, address[0] != '\0' ? "  " : "",
           plk_plain_text(way, "source"), plk_plain_text(way, "state"));
    double rtt_ms = json_number_value(json_object_get(way, "rtt_ms"));
    double next_s = json_number_value(json_object_get(way, "next_try_s"));
    if (rtt_ms > 0) printf(", %.1f ms", rtt_ms);
    const char *through = plk_plain_text(way, "through");
    if (through[0] != '\0') printf(", through %s", through);
    printf(", %llu tries", (unsigned long long)plk_plain_count(way, "tries"));
    if (next_s > 0) printf(", next in %.0f s", next_s);
    fputc('\n', stdout);
    bool relay = strcmp(plk_plain_text(way, "transport"), "relay") == 0;
    if (relay && strcmp(plk_plain_text(way, "state"), "refused") == 0)
        puts(
            "        it keeps nothing for you: ask whoever runs it for a token, and `peerlink relay add` what you get");
}

// What was tried, in the order in which it was last tried.
static void print_steps(const json_t *steps) {
    static const char *const words[][2] = {{"called", "called, on every known way"},
                                           {"up", "answered the call"},
                                           {"told", "told where it can be reached"},
                                           {"asked", "asked whether it answers"},
                                           {"answered", "answered"},
                                           {"unanswered", "did not answer"},
                                           {"connecting", "a connection was begun"},
                                           {"connected", "connected"},
                                           {"refused", "nobody took the connection"},
                                           {"active", "messages go this way"},
                                           {"silent", "what went this way was not answered any more"},
                                           {"lost", "no way answered: called anew"},
                                           {"down", "the link ended"}};
    json_t *step = NULL;
    size_t i = 0;
    if (json_array_size(steps) > 0) puts("what happened:");
    json_array_foreach(steps, i, step) {
        const char *what = plk_plain_text(step, "what");
        uint64_t times = plk_plain_count(step, "times");
        printf("  %7.1f s ago  ", json_number_value(json_object_get(step, "ago_s")));
        const char *transport = plk_plain_text(step, "transport"), *address = plk_plain_text(step, "address");
        if (transport[0] != '\0') printf("%s%s%s: ", transport, address[0] != '\0' ? " " : "", address);
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
            if (strcmp(what, words[k][0]) == 0) fputs(words[k][1], stdout);
        }
        if (times > 1) printf(", %llu times", (unsigned long long)times);
        fputc('\n', stdout);
    }
}

static void print_standings(const json_t *why) {
    static const char *const words[][2] = {{"open", "a public address"},
                                           {"mapped", "a router that holds a port open"},
                                           {"firewall", "a firewall that lets in only whom something was sent to"},
                                           {"nat", "a router that keeps one port for all"},
                                           {"varies", "a router that gives each connection another port"},
                                           {"no-udp", "a network that lets out no UDP"}};
    static const char *const sides[][2] = {{"own", "here"}, {"theirs", "there"}};
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            if (strcmp(plk_plain_text(why, sides[side][0]), words[i][0]) != 0) continue;
            printf("  %-5s %s%s\n", sides[side][1], words[i][1], side == 1 ? ", as far as it has told" : "");
        }
    }
}

int plk_command_why(struct plk_cli *cli) {
    json_t *result = NULL, *way = NULL;
    size_t i = 0;
    int status = call_contact(cli, "why", &result);
    if (status == PLK_EXIT_DONE && cli->json) {
        plk_cli_json(result);
    } else if (status == PLK_EXIT_DONE) {
        const char *path = plk_plain_text(result, "path");
        plk_plain_print(stdout, plk_plain_text(result, "name"), -1);
        if (path[0] != '\0')
            printf(": %s (%s)\n", plk_plain_path(path), path);
        else
            puts(": no path now");
        plk_plain_print(stdout, plk_plain_text(result, "explanation"), -1);
        fputc('\n', stdout);
        print_standings(result);
        puts("ways:");
        const json_t *ways = json_object_get(result, "ways");
        json_array_foreach(ways, i, way) print_way(way);
        double next_s = json_number_value(json_object_get(result, "next_try_s"));
        if (i == 0) puts("  no address of it is known");
        if (path[0] == '\0' && next_s > 0) printf("  next attempt in %.0f s\n", next_s);
        print_steps(json_object_get(result, "steps"));
    }
    json_decref(result);
    return status;
}
