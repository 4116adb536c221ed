// SPDX-License-Identifier: MIT
#include "table.h"

#include <stdio.h>
#include <string.h>

#include "operate.h"
#include "serve.h"

#define END \
    { 0 }

// clang-format off
const struct plk_option plk_table_globals[] = {
    {"--data", "DIR", "where its key, its queues and what waits in them lie; made when there is none"},
    {"--config", "F", "reads the options from section [relay] of F; what is on the command line wins"},
    {"--log", "error|warn|info|debug", "to stderr (default: info)"},
    {"--json", NULL, "one JSON object a line"},
    {"--help", NULL, "this"},
    {"--version", NULL, "what this is"},
    END
};

static const struct plk_option serve_options[] = {
    {"--listen", "ADDR:PORT", "UDP and TCP, and STUN on PORT+1; may be repeated (default: 7447 of all addresses)"},
    {"--public", "HOST", "the name or address under which others reach it (default: a public address of this machine)"},
    {"--admit", "token|open|closed", "who may make queues: with a token, anybody for some work, nobody (default: token)"},
    {"--clients", "N", "most clients at a time (default: 100000)"},
    {"--memory", "MIB", "most memory for them (default: 512)"},
    {"--disk", "MIB", "most bytes of what waits (default: 16384)"},
    {"--pass", "KIB", "passed on a second at most, of each client and into each queue (default: 512)"},
    {"--metrics", "PORT|off", "figures at http://127.0.0.1:PORT/metrics and /healthz (default: PORT+2, if it is free)"},
    {"--store", "sqlite|URL", "what keeps the queues: sqlite, a file in DIR (default), or postgresql://USER@HOST/DATABASE"},
    {"--fleet", "ADDR:PORT", "where other processes on the same database reach this one (default: on this machine, any port)"},
    {"--bootstrap", "RELAY", "a relay to announce itself to, so that others find it there; may be repeated"},
    END
};

static const struct plk_option token_options[] = {
    {"--queues", "N", "of `token new`: how many queues it is good for; 0: any number (default: 1000)"},
    {"--store", "sqlite|URL", "what the relay keeps its queues in, while it does not run (default: sqlite)"},
    {"--qr", NULL, "of `token new`: also as a QR code"},
    END
};

static const struct plk_option no_options[] = {END};

static const struct plk_relay_command commands[] = {
    {{"", "", "runs the relay", serve_options}, 0, 0, true, plk_serve},
    {{"token", "new|list|revoke [ID]", "makes a token and prints the relay's name with it, lists them, takes one back",
      token_options}, 1, 2, true, plk_operate},
    {{"status", "", "what a running relay does", no_options}, 0, 0, true, plk_operate},
    {{"config", "check", "checks the config file and the options", serve_options}, 1, 1, true, plk_operate_check},
    {{"completion", PLK_COMPLETE_SHELLS, "prints what completes words of peerlink-relay in a shell", no_options},
     1, 1, false, plk_table_completion},
    {{"help", "", "this", no_options}, 0, 0, false, plk_table_help},
    {{"version", "", "what this is", no_options}, 0, 0, false, plk_operate_version},
};
// clang-format on
#define COMMANDS (sizeof commands / sizeof commands[0])

const struct plk_relay_command *plk_table_find(const char *name) {
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].words.name, name) == 0) return &commands[i];
    }
    return NULL;
}

static const struct plk_option *find(const struct plk_option *options, const char *name) {
    for (; options->name != NULL; options++) {
        if (strcmp(options->name, name) == 0) return options;
    }
    return NULL;
}

const struct plk_option *plk_table_option(const struct plk_relay_command *command, const char *name) {
    const struct plk_option *option = find(command->words.options, name);
    return option != NULL ? option : find(plk_table_globals, name);
}

// ---- help ---------------------------------------------------------------------------------------------------------------

static void print_options(const char *title, const struct plk_option *options) {
    printf("\n%s:\n", title);
    for (; options->name != NULL; options++) {
        const char *value = options->value != NULL ? options->value : "";
        int len = printf("  %s%s%s", options->name, value[0] != '\0' ? " " : "", value);
        printf("%*s%s\n", len < 32 ? 32 - len : 1, "", options->help);
    }
}

int plk_table_help(const struct plk_relay_options *options) {
    (void)options;
    puts("peerlink-relay: helps peers to find each other, passes on what cannot go directly, keeps what waits\n\n"
         "usage: peerlink-relay --data DIR [OPTION]...");
    for (size_t i = 1; i < COMMANDS; i++) {
        const struct plk_complete_command *c = &commands[i].words;
        int len = printf("       peerlink-relay %s%s%s%s", c->name, c->args[0] != '\0' ? " " : "", c->args,
                         commands[i].needs_data ? " --data DIR" : "");
        printf("%*s%s\n", len < 62 ? 62 - len : 1, "", c->help);
    }
    print_options("running a relay", serve_options);
    print_options("tokens", token_options);
    print_options("always", plk_table_globals);
    puts(
        "\nWhen it is ready it prints the line that `peerlink up --relay` takes. SIGTERM ends it, after its clients were told;\n"
        "SIGHUP reads its config file again. Exit status: 0 done, 1 failed, 2 wrong usage.");
    return PLK_RELAY_EXIT_DONE;
}

int plk_table_completion(const struct plk_relay_options *options) {
    struct plk_complete_command words[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++) words[i] = commands[i].words;
    struct plk_complete complete = {
        .program = "peerlink-relay", .globals = plk_table_globals, .commands = words, .count = COMMANDS};
    if (plk_complete_print(stdout, &complete, options->args[0])) return PLK_RELAY_EXIT_DONE;
    return plk_relay_fail(PLK_RELAY_EXIT_USAGE, "there is completion for bash, zsh and fish, not for %s",
                          options->args[0]);
}
