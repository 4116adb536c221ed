// SPDX-License-Identifier: MIT
// Usage, help and completion, out of the table.
#include <stdio.h>
#include <string.h>

#include "command.h"

enum { OPTION_COLUMN = 25, COMMAND_COLUMN = 24, COMMANDS_MAX = 64 };

// Two columns; what does not fit into the left one has a line of its own.
static void print_row(const char *name, const char *value, int column, const char *help) {
    int len = printf("  %s%s%s", name, value != NULL && value[0] != '\0' ? " " : "", value != NULL ? value : "") - 2;
    if (len >= column) printf("\n  "), len = 0;
    printf("%*s%s\n", column - len, "", help);
}

static void print_option(const struct plk_option *option) {
    print_row(option->name, option->value, OPTION_COLUMN, option->help);
}

static void print_usage(const struct plk_command_entry *entry) {
    printf("usage: peerlink%s%s%s%s", entry->name[0] != '\0' ? " " : "", entry->name, entry->args[0] != '\0' ? " " : "",
           entry->args);
    for (const struct plk_option *option = entry->options; option->name != NULL; option++) {
        printf(" [%s%s%s]", option->name, option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    }
    putchar('\n');
}

static void explain(const struct plk_command_entry *entry) {
    print_usage(entry);
    printf("\n%s\n", entry->help);
    if (entry->options[0].name != NULL) puts("");
    for (const struct plk_option *option = entry->options; option->name != NULL; option++) print_option(option);
    puts("\nfor every command:");
    for (const struct plk_option *option = plk_command_globals; option->name != NULL; option++) print_option(option);
}

static void list_all(void) {
    puts("peerlink: messages from person to person\n\nusage: peerlink [COMMAND] [OPTION]...\n");
    for (size_t i = 0; plk_command_at(i) != NULL; i++) {
        const struct plk_command_entry *entry = plk_command_at(i);
        print_row(entry->name, entry->args, COMMAND_COLUMN, entry->help);
    }
    puts(
        "\nWithout a command the node is started if it is not running. `peerlink help COMMAND` tells more.\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 3 timed out (the message is still queued), 4 node not running.");
}

static void print_json(const struct plk_command_entry *entry, const struct plk_option *option) {
    json_t *options = json_array();
    for (; option->name != NULL; option++) {
        json_array_append_new(
            options, json_pack("{s:s, s:s?, s:s}", "name", option->name, "value", option->value, "help", option->help));
    }
    json_t *object = json_pack("{s:s, s:s, s:s, s:o}", "name", entry->name, "args", entry->args, "help", entry->help,
                               "options", options);
    plk_cli_json(object);
    json_decref(object);
}

int plk_command_help(struct plk_cli *cli) {
    const struct plk_command_entry *entry = cli->arg_count > 0 ? plk_command_find(cli->args[0]) : NULL;
    if (cli->arg_count > 0 && entry == NULL) {
        return plk_cli_fail(PLK_EXIT_USAGE, "there is no command %s; `peerlink help` lists them", cli->args[0]);
    }
    if (plk_cli_has(cli, "--json")) {
        for (size_t i = 0; plk_command_at(i) != NULL; i++) {
            if (entry == NULL || plk_command_at(i) == entry) print_json(plk_command_at(i), plk_command_at(i)->options);
        }
        if (entry == NULL) print_json(plk_command_find(""), plk_command_globals);
    } else if (entry != NULL) {
        explain(entry);
    } else {
        list_all();
    }
    return PLK_EXIT_DONE;
}

int plk_command_completion(struct plk_cli *cli) {
    struct plk_complete_command commands[COMMANDS_MAX];
    struct plk_complete complete = {
        .program = "peerlink", .globals = plk_command_globals, .commands = commands, .count = 0};
    for (const struct plk_command_entry *entry = plk_command_find(""); entry != NULL && complete.count < COMMANDS_MAX;
         entry = plk_command_at(complete.count - 1)) {
        commands[complete.count++] = (struct plk_complete_command){
            .name = entry->name, .args = entry->args, .help = entry->help, .options = entry->options};
    }
    if (plk_complete_print(stdout, &complete, cli->args[0])) return PLK_EXIT_DONE;
    return plk_cli_fail(PLK_EXIT_USAGE, "there is completion for bash, zsh and fish, not for %s", cli->args[0]);
}
