// SPDX-License-Identifier: MIT
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/ini.h"
#include "settings.h"
#include "table.h"

int plk_relay_fail(int status, const char *format, ...) {
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) *at = '?';
    }
    fflush(stdout);
    fprintf(stderr, "peerlink-relay: %s\n", line);
    return status;
}

static int usage(const char *what, const char *which) {
    return plk_relay_fail(PLK_RELAY_EXIT_USAGE, "%s%s; `peerlink-relay --help` tells more", what, which);
}

// ---- the config file ----------------------------------------------------------------------------------------------------

struct from_file {
    struct plk_relay_settings *settings;
    char wrong[PLK_SETTINGS_WRONG_MAX];
};

static const char *set(void *ctx, const char *section, const char *name, const char *value) {
    struct from_file *from = ctx;
    bool known = strcmp(section, "relay") == 0 && plk_settings_set(from->settings, name, value, from->wrong);
    return !known ? "is not known" : from->wrong[0] != '\0' ? from->wrong : NULL;
}

static int read_config(struct plk_relay_options *o) {
    struct from_file from = {.settings = &o->settings};
    char why[PLK_INI_WHY_MAX];
    if (o->config == NULL || plk_ini_read(o->config, true, set, &from, why)) return PLK_RELAY_EXIT_DONE;
    return plk_relay_fail(PLK_RELAY_EXIT_FAILED, "%s", why);
}

// ---- the command line ---------------------------------------------------------------------------------------------------

static bool has_value(const char *command, const char *option) {
    const struct plk_option *found = plk_table_option(plk_table_find(command), option);
    return found != NULL && found->value != NULL;
}

// The command is the first word that is no option's value; options are known once it is, and the config file is read before them.
static int find_command(struct plk_relay_options *o, int argc, char **argv) {
    const char *name = "";
    for (int i = 1; i < argc && name[0] == '\0'; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) name = "help";
        if (strcmp(argv[i], "--version") == 0) name = "version";
        if (argv[i][0] != '-') name = argv[i];
        if (has_value("", argv[i]) || has_value("token", argv[i])) i++;
    }
    o->command = plk_table_find(name);
    return o->command != NULL ? PLK_RELAY_EXIT_DONE : usage("there is no command ", name);
}

static int take_value(struct plk_relay_options *o, const struct plk_option *option, const char *value) {
    uint64_t queues;
    char wrong[PLK_SETTINGS_WRONG_MAX];
    if (strcmp(option->name, "--config") == 0) return PLK_RELAY_EXIT_DONE; // was read
    if (strcmp(option->name, "--queues") == 0) {
        if (!plk_settings_number(value, 0, UINT32_MAX, &queues))
            return usage("--queues takes a number (0: any number), not ", value);
        o->queues = (uint32_t)queues;
        return PLK_RELAY_EXIT_DONE;
    }
    bool known = plk_settings_set(&o->settings, option->name + 2, value, wrong);
    plk_assert(known);
    if (wrong[0] == '\0') return PLK_RELAY_EXIT_DONE;
    bool shown = strncmp(wrong, "takes ", 6) == 0;
    return plk_relay_fail(PLK_RELAY_EXIT_USAGE, "%s %s%s%s", option->name, wrong, shown ? ", not " : "",
                          !shown             ? ""
                          : value[0] != '\0' ? value
                                             : "nothing");
}

static int take_option(struct plk_relay_options *o, int argc, char **argv, int *at) {
    const struct plk_option *option = plk_table_option(o->command, argv[*at]);
    if (option == NULL) return usage("there is no option ", argv[*at]);
    if (option->value == NULL) {
        if (strcmp(option->name, "--json") == 0) o->json = true;
        if (strcmp(option->name, "--qr") == 0) o->qr = true;
        return PLK_RELAY_EXIT_DONE;
    }
    if (*at + 1 >= argc)
        return plk_relay_fail(PLK_RELAY_EXIT_USAGE, "%s needs a value: %s", option->name, option->value);
    return take_value(o, option, argv[++*at]);
}

static int take_word(struct plk_relay_options *o, const char *word, bool *command_seen) {
    if (!*command_seen && o->command->words.name[0] != '\0' && strcmp(word, o->command->words.name) == 0) {
        *command_seen = true;
        return PLK_RELAY_EXIT_DONE;
    }
    if (o->arg_count == o->command->arg_max) return usage("this is one word too many: ", word);
    o->args[o->arg_count++] = word;
    return PLK_RELAY_EXIT_DONE;
}

static int read_line(struct plk_relay_options *o, int argc, char **argv) {
    bool command_seen = false, has_listen = false, has_bootstrap = false;
    for (int i = 1; i < argc; i++) {
        // Lists of the command line are instead of those of the file, not beside them.
        if (strcmp(argv[i], "--listen") == 0 && !has_listen) has_listen = true, o->settings.listen_count = 0;
        if (strcmp(argv[i], "--bootstrap") == 0 && !has_bootstrap)
            has_bootstrap = true, o->settings.limits.bootstrap_count = 0;
        int status = argv[i][0] == '-' ? take_option(o, argc, argv, &i) : take_word(o, argv[i], &command_seen);
        if (status != PLK_RELAY_EXIT_DONE) return status;
    }
    return PLK_RELAY_EXIT_DONE;
}

static const char *config_path(int argc, char **argv) {
    const char *path = NULL;
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--config") == 0) path = argv[i + 1];
    }
    return path;
}

// `token` says more than the table does.
static int check_words(const struct plk_relay_options *o) {
    const char *first = o->arg_count > 0 ? o->args[0] : "";
    if (strcmp(o->command->words.name, "token") == 0) {
        bool revoke = strcmp(first, "revoke") == 0, other = strcmp(first, "new") == 0 || strcmp(first, "list") == 0;
        if ((!revoke && !other) || o->arg_count != (revoke ? 2 : 1))
            return usage("it is `token new`, `token list` or `token revoke ID`", "");
    } else if (o->arg_count < o->command->arg_min) {
        return usage("something is missing: ", o->command->words.args);
    } else if (strcmp(o->command->words.name, "config") == 0 && strcmp(first, "check") != 0) {
        return usage("it is `config check`", "");
    }
    return PLK_RELAY_EXIT_DONE;
}

int plk_relay_options_read(struct plk_relay_options *o, int argc, char **argv) {
    *o = (struct plk_relay_options){.queues = 1000, .argc = argc, .argv = argv};
    plk_settings_init(&o->settings);
    int status = find_command(o, argc, argv);
    if (status != PLK_RELAY_EXIT_DONE) return status;
    if (strcmp(o->command->words.name, "help") == 0 || strcmp(o->command->words.name, "version") == 0)
        return PLK_RELAY_EXIT_DONE;
    o->config = config_path(argc, argv);
    status = read_config(o);
    if (status == PLK_RELAY_EXIT_DONE) status = read_line(o, argc, argv);
    if (status == PLK_RELAY_EXIT_DONE) status = check_words(o);
    if (status == PLK_RELAY_EXIT_DONE && o->command->needs_data && o->settings.data[0] == '\0')
        return usage("--data DIR says where the relay keeps what it has", "");
    return status;
}
