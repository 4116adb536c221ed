// SPDX-License-Identifier: MIT
#include "apps/shared/complete.h"

#include <string.h>

// ---- what can stand in a place --------------------------------------------------------------------------------------

enum place { PLACE_OWN, PLACE_WORDS, PLACE_FILE, PLACE_DIRECTORY, PLACE_COMMAND };

#define WORDS_MAX 256

static void take_word(char words[WORDS_MAX], const char *at, size_t len) {
    size_t used = strlen(words);
    for (size_t i = 0; i < len; i++) {
        bool right = (at[i] >= 'a' && at[i] <= 'z') || (i > 0 && (at[i] == '-' || (at[i] >= '0' && at[i] <= '9')));
        if (!right) return;
    }
    if (len > 0) snprintf(words + used, WORDS_MAX - used, "%s%.*s", used > 0 ? " " : "", (int)len, at);
}

// words: those of PLACE_WORDS, with spaces between.
static enum place read_place(const char *at, size_t len, char words[WORDS_MAX]) {
    words[0] = '\0';
    if (len > 0 && at[0] == '[') at++, len--;
    if (len > 0 && at[len - 1] == ']') len--;
    for (size_t from = 0; from <= len;) {
        size_t end = from;
        while (end < len && at[end] != '|') end++;
        take_word(words, at + from, end - from);
        from = end + 1;
    }
    if (words[0] != '\0') return PLACE_WORDS;
    if (len == 1 && (at[0] == 'F' || at[0] == 'W')) return PLACE_FILE;
    if (len == 3 && memcmp(at, "DIR", 3) == 0) return PLACE_DIRECTORY;
    return len == 7 && memcmp(at, "COMMAND", 7) == 0 ? PLACE_COMMAND : PLACE_OWN;
}

// The argument at *at, which goes on behind it; NULL at the end.
static const char *next_arg(const char **at, size_t *len) {
    const char *arg = *at + strspn(*at, " ");
    *len = strcspn(arg, " ");
    *at = arg + *len;
    return *len > 0 ? arg : NULL;
}

static void print_commands(FILE *to, const struct plk_complete *c) {
    const char *between = "";
    for (size_t i = 0; i < c->count; i++) {
        if (c->commands[i].name[0] == '\0') continue;
        fprintf(to, "%s%s", between, c->commands[i].name);
        between = " ";
    }
}

static void print_names(FILE *to, const struct plk_option *options) {
    for (; options->name != NULL; options++) fprintf(to, " %s", options->name);
}

// A shell function's name has no dash.
static void print_function(FILE *to, const char *program) {
    fputc('_', to);
    for (; *program != '\0'; program++) fputc(*program == '-' ? '_' : *program, to);
}

// ---- bash -----------------------------------------------------------------------------------------------------------

static void bash_place(FILE *to, const struct plk_complete *c, const char *at, size_t len) {
    char words[WORDS_MAX];
    switch (read_place(at, len, words)) {
    case PLACE_WORDS:
        fprintf(to, "words='%s'", words);
        break;
    case PLACE_FILE:
        fputs("how=-f", to);
        break;
    case PLACE_DIRECTORY:
        fputs("how=-d", to);
        break;
    case PLACE_COMMAND:
        fputs("words='", to);
        print_commands(to, c);
        fputc('\'', to);
        break;
    case PLACE_OWN:
        fputs("words=", to);
    }
    fputs(" ;;\n", to);
}

static void bash_values(FILE *to, const struct plk_complete *c, const char *command, const struct plk_option *options) {
    char words[WORDS_MAX];
    for (; options->name != NULL; options++) {
        size_t len = options->value != NULL ? strlen(options->value) : 0;
        if (read_place(options->value, len, words) == PLACE_OWN) continue;
        fprintf(to, "    %s:%s) ", command, options->name);
        bash_place(to, c, options->value, len);
    }
}

static void bash_valued(FILE *to, const struct plk_option *options) {
    for (; options->name != NULL; options++) {
        if (options->value != NULL) fprintf(to, "|%s", options->name);
    }
}

static void bash_words(FILE *to, const struct plk_complete *c) {
    char words[WORDS_MAX];
    fputs("    case $command:$place in\n    :0) words='", to);
    print_commands(to, c);
    fputs("' ;;\n", to);
    for (size_t i = 0; i < c->count; i++) {
        const char *args = c->commands[i].args, *arg;
        size_t len = 0;
        for (int place = 0; (arg = next_arg(&args, &len)) != NULL; place++) {
            if (read_place(arg, len, words) == PLACE_OWN) continue;
            fprintf(to, "    '%s:%d') ", c->commands[i].name, place);
            bash_place(to, c, arg, len);
        }
    }
    fputs("    esac\n    case $word in\n    -*)\n        how=\n        case $command in\n", to);
    for (size_t i = 0; i < c->count; i++) {
        if (c->commands[i].options[0].name == NULL) continue;
        fprintf(to, "        '%s') words='", c->commands[i].name);
        print_names(to, c->commands[i].options);
        fputs("' ;;\n", to);
    }
    fputs("        esac\n        words=\"$words", to);
    print_names(to, c->globals);
    fputs("\" ;;\n    esac\n", to);
}

static void bash(FILE *to, const struct plk_complete *c) {
    print_function(to, c->program);
    fputs(
        "() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= place=0 i=1 words= how=\n"
        "    while [ \"$i\" -lt \"$COMP_CWORD\" ]; do\n        case ${COMP_WORDS[i]} in\n        --",
        to);
    bash_valued(to, c->globals);
    for (size_t i = 0; i < c->count; i++) bash_valued(to, c->commands[i].options);
    fputs(") i=$((i + 1)) ;;\n        -*) ;;\n"
          "        *) if [ -z \"$command\" ]; then command=${COMP_WORDS[i]}; else place=$((place + 1)); fi ;;\n"
          "        esac\n        i=$((i + 1))\n    done\n",
          to);
    bash_words(to, c);
    // What stands after an option with a value is that value.
    fputs("    case $before in\n    --", to);
    bash_valued(to, c->globals);
    for (size_t i = 0; i < c->count; i++) bash_valued(to, c->commands[i].options);
    fputs(") words= how= ;;\n    esac\n    case $command:$before in\n", to);
    for (size_t i = 0; i < c->count; i++) bash_values(to, c, c->commands[i].name, c->commands[i].options);
    bash_values(to, c, "*", c->globals);
    fputs("    esac\n"
          "    COMPREPLY=()\n"
          "    if [ -n \"$how\" ]; then\n"
          "        while IFS= read -r i; do COMPREPLY+=(\"$i\"); done < <(compgen \"$how\" -- \"$word\")\n"
          "    else\n"
          "        while IFS= read -r i; do COMPREPLY+=(\"$i\"); done < <(compgen -W \"$words\" -- \"$word\")\n"
          "    fi\n}\ncomplete -o filenames -F ",
          to);
    print_function(to, c->program);
    fprintf(to, " %s\n", c->program);
}

// ---- zsh ------------------------------------------------------------------------------------------------------------

// Within single quotes; _arguments takes texts apart at colons and brackets.
static void zsh_text(FILE *to, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '[' || *text == ']' || *text == ':') fputc('\\', to);
        if (*text == '\'')
            fputs("'\\''", to);
        else
            fputc(*text, to);
    }
}

static void zsh_place(FILE *to, const struct plk_complete *c, const char *at, size_t len) {
    char words[WORDS_MAX];
    switch (read_place(at, len, words)) {
    case PLACE_WORDS:
        fprintf(to, "(%s)", words);
        break;
    case PLACE_FILE:
        fputs("_files", to);
        break;
    case PLACE_DIRECTORY:
        fputs("_files -/", to);
        break;
    case PLACE_COMMAND:
        fputc('(', to);
        print_commands(to, c);
        fputc(')', to);
        break;
    case PLACE_OWN:
        break;
    }
}

static void zsh_options(FILE *to, const struct plk_complete *c, const struct plk_option *options) {
    for (; options->name != NULL; options++) {
        fprintf(to, " \\\n            '%s[", options->name);
        zsh_text(to, options->help);
        fputc(']', to);
        if (options->value != NULL) {
            fputs(":value:", to);
            zsh_place(to, c, options->value, strlen(options->value));
        }
        fputc('\'', to);
    }
}

static void zsh_command(FILE *to, const struct plk_complete *c, const struct plk_complete_command *command) {
    const char *args = command->args, *arg;
    size_t len = 0;
    fprintf(to, "    '%s')\n        _arguments", command->name);
    zsh_options(to, c, command->options);
    zsh_options(to, c, c->globals);
    if (command->name[0] == '\0') fputs(" \\\n            '1:command:->command'", to);
    for (int place = 1; (arg = next_arg(&args, &len)) != NULL; place++) {
        fprintf(to, " \\\n            '%d:word:", place);
        zsh_place(to, c, arg, len);
        fputc('\'', to);
    }
    fputs(" && return\n        ;;\n", to);
}

static void zsh(FILE *to, const struct plk_complete *c) {
    fprintf(to, "#compdef %s\n", c->program);
    print_function(to, c->program);
    fputs("() {\n    local command= state\n    local -a commands context line\n    integer i\n    commands=(\n", to);
    for (size_t i = 0; i < c->count; i++) {
        if (c->commands[i].name[0] == '\0') continue;
        fprintf(to, "        '%s:", c->commands[i].name);
        zsh_text(to, c->commands[i].help);
        fputs("'\n", to);
    }
    fputs(
        "    )\n    for ((i = 2; i < CURRENT; i++)); do\n"
        "        if ((${commands[(I)${words[i]}:*]})); then\n            command=${words[i]}\n"
        "            shift $((i - 1)) words\n            ((CURRENT -= i - 1))\n            break\n        fi\n    done\n"
        "    case $command in\n",
        to);
    for (size_t i = 0; i < c->count; i++) zsh_command(to, c, &c->commands[i]);
    fputs("    esac\n    [[ $state != command ]] || _describe command commands\n}\n", to);
    print_function(to, c->program);
    fputs(" \"$@\"\n", to);
}

// ---- fish -----------------------------------------------------------------------------------------------------------

static void fish_text(FILE *to, const char *text) {
    fputs(" -d '", to);
    for (; *text != '\0'; text++) {
        if (*text == '\'') fputc('\\', to);
        fputc(*text, to);
    }
    fputs("'\n", to);
}

static void fish_place(FILE *to, const struct plk_complete *c, const char *at, size_t len) {
    char words[WORDS_MAX];
    switch (read_place(at, len, words)) {
    case PLACE_WORDS:
        fprintf(to, " -x -a '%s'", words);
        break;
    case PLACE_FILE:
        fputs(" -r -F", to);
        break;
    case PLACE_DIRECTORY:
        fputs(" -x -a '(__fish_complete_directories)'", to);
        break;
    case PLACE_COMMAND:
        fputs(" -x -a '", to);
        print_commands(to, c);
        fputc('\'', to);
        break;
    case PLACE_OWN:
        fputs(" -x", to);
    }
}

static void fish_options(FILE *to, const struct plk_complete *c, const char *where, const char *command,
                         const struct plk_option *options) {
    for (; options->name != NULL; options++) {
        fprintf(to, "complete -c %s%s%s%s -l %s", c->program, where, command, where[0] != '\0' ? "'" : "",
                options->name + 2);
        if (options->value != NULL) fish_place(to, c, options->value, strlen(options->value));
        fish_text(to, options->help);
    }
}

static void fish(FILE *to, const struct plk_complete *c) {
    fprintf(to, "complete -c %s -f\n", c->program);
    fish_options(to, c, "", "", c->globals);
    for (size_t i = 0; i < c->count; i++) {
        const struct plk_complete_command *command = &c->commands[i];
        const char *args = command->args;
        size_t len = 0;
        if (command->name[0] == '\0') {
            fish_options(to, c, " -n '__fish_use_subcommand", "", command->options);
            continue;
        }
        fprintf(to, "complete -c %s -n '__fish_use_subcommand' -a %s", c->program, command->name);
        fish_text(to, command->help);
        fish_options(to, c, " -n '__fish_seen_subcommand_from ", command->name, command->options);
        const char *arg;
        for (unsigned place = 2; (arg = next_arg(&args, &len)) != NULL; place++) { // so many words stand before it
            fprintf(to,
                    "complete -c %s -n '__fish_seen_subcommand_from %s; and test (count (commandline -opc)) -eq %u'",
                    c->program, command->name, place);
            fish_place(to, c, arg, len);
            fputc('\n', to);
        }
    }
}

bool plk_complete_print(FILE *to, const struct plk_complete *complete, const char *shell) {
    static const struct {
        const char *name;
        void (*print)(FILE *to, const struct plk_complete *complete);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].name, shell) != 0) continue;
        shells[i].print(to, complete);
        return true;
    }
    return false;
}
