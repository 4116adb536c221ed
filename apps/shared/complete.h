// SPDX-License-Identifier: MIT
// A program's table of commands, and the shells' completion that is made out of it.
//
// What can stand in a place is read out of how it is written: lower-case words between bars are those words ("on|off", also
// beside others: "PORT|off"), F a file, DIR a directory, COMMAND a command; anything else is the person's own.
#ifndef PLK_SHARED_COMPLETE_H
#define PLK_SHARED_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct plk_option {
    const char *name;  // with its dashes
    const char *value; // what its value is called; NULL for a switch
    const char *help;
};

struct plk_complete_command {
    const char *name; // "": without any command
    const char *args; // "NAME [TEXT]"; "" for none
    const char *help;
    const struct plk_option *options; // ends with a NULL name
};

struct plk_complete {
    const char *program;
    const struct plk_option *globals; // of all commands; ends with a NULL name
    const struct plk_complete_command *commands;
    size_t count;
};

#define PLK_COMPLETE_SHELLS "bash|zsh|fish"

// Writes the completion script for a shell; false: there is no such shell. No text has a backslash in it, and only helps have quotes.
bool plk_complete_print(FILE *to, const struct plk_complete *complete, const char *shell);

#endif
