// SPDX-License-Identifier: MIT
// A command line against the table.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "host/entropy.h"

static const struct plk_option *find_option(const struct plk_option *options, const char *name, size_t len) {
    for (; options->name != NULL; options++) {
        if (strlen(options->name) == len && memcmp(options->name, name, len) == 0) return options;
    }
    return NULL;
}

static int wrong(const struct plk_cli *cli, const char *what, const char *word) {
    bool named = cli->entry != NULL && cli->entry->name[0] != '\0';
    return plk_cli_fail(PLK_EXIT_USAGE, "%s%s; `peerlink help%s%s` explains", what, word, named ? " " : "",
                        named ? cli->entry->name : "");
}

// Reads the option at argv[*i] and, where it has one, its value.
static int take_option(struct plk_cli *cli, int argc, char **argv, int *i) {
    const char *text = argv[*i], *equals = strchr(text, '=');
    size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);
    const struct plk_option *option = NULL;
    if (cli->entry != NULL) option = find_option(cli->entry->options, text, len);
    if (option == NULL) option = find_option(plk_command_globals, text, len);
    if (option == NULL) return wrong(cli, "there is no option ", text);
    if (option->value == NULL && equals != NULL) return wrong(cli, "no value goes with ", option->name);
    if (cli->option_count == PLK_OPTIONS_MAX) return wrong(cli, "too many options", "");
    if (option->value != NULL && equals == NULL && *i + 1 == argc)
        return wrong(cli, "a value is missing after ", option->name);
    const char *value = option->value == NULL ? "" : equals != NULL ? equals + 1 : argv[++*i];
    cli->options[cli->option_count].name = option->name;
    cli->options[cli->option_count++].value = value;
    return PLK_EXIT_DONE;
}

static int take_help(struct plk_cli *cli) {
    char help[] = "--help", *line[] = {help};
    int i = 0;
    return take_option(cli, 1, line, &i);
}

static int take_word(struct plk_cli *cli, const char *word) {
    if (cli->entry == NULL) {
        cli->entry = plk_command_find(word);
        return cli->entry != NULL && word[0] != '\0' ? PLK_EXIT_DONE : wrong(cli, "there is no command ", word);
    }
    if (cli->arg_count == cli->entry->arg_max) return wrong(cli, "this is one word too many: ", word);
    cli->args[cli->arg_count++] = word;
    return PLK_EXIT_DONE;
}

static int read_line(struct plk_cli *cli, int argc, char **argv) {
    bool options_over = false;
    for (int i = 1; i < argc; i++) {
        int status = PLK_EXIT_DONE;
        if (!options_over && strcmp(argv[i], "--") == 0)
            options_over = true;
        else if (!options_over && cli->entry == NULL && strcmp(argv[i], "--version") == 0)
            cli->entry = plk_command_find("version");
        else if (!options_over && strcmp(argv[i], "-h") == 0)
            status = take_help(cli);
        else if (!options_over && strncmp(argv[i], "--", 2) == 0)
            status = take_option(cli, argc, argv, &i);
        else
            status = take_word(cli, argv[i]);
        if (status != PLK_EXIT_DONE) return status;
    }
    return PLK_EXIT_DONE;
}

// `help` and `--help` need nothing else to be right.
static int explain(struct plk_cli *cli) {
    if (cli->entry != NULL && cli->entry->run != plk_command_help) {
        cli->args[0] = cli->entry->name;
        cli->arg_count = 1;
    }
    return plk_command_help(cli);
}

static int run(struct plk_cli *cli) {
    struct plk_fault fault = {0};
    if (cli->arg_count < cli->entry->arg_min) return wrong(cli, "something is missing: ", cli->entry->args);
    cli->json = plk_cli_has(cli, "--json");
    if (plk_home_resolve(plk_cli_option(cli, "--home"), cli->home, &fault) != PLK_FAULT_NONE) {
        return plk_cli_fail(PLK_EXIT_FAILED, "%s", fault.line);
    }
    return cli->entry->run(cli);
}

int plk_command_main(int argc, char **argv) {
    struct plk_cli cli = {0};
    plk_entropy_start();
    int status = read_line(&cli, argc, argv);
    if (status == PLK_EXIT_DONE && plk_cli_has(&cli, "--help")) {
        status = explain(&cli);
    } else if (status == PLK_EXIT_DONE) {
        if (cli.entry == NULL) cli.entry = plk_command_find("");
        status = run(&cli);
    }
    // A disk that is full has not got what was said; a reader that has enough is no failure.
    if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE && status == PLK_EXIT_DONE) {
        status = plk_cli_fail(PLK_EXIT_FAILED, "the output could not be written: %s", strerror(errno));
    }
    plk_cli_free(&cli);
    return status;
}
