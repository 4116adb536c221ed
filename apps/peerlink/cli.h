// SPDX-License-Identifier: MIT
// What every command gets: the options that all share, its own arguments, and how it says what went wrong.
#ifndef PLK_PEERLINK_CLI_H
#define PLK_PEERLINK_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/home.h"
#include "rpc.h"

#define PLK_ARGS_MAX 8     // of one command, options not counted
#define PLK_OPTIONS_MAX 16 // given on one command line

// The exit statuses of DESIGN 6.
enum plk_exit {
    PLK_EXIT_DONE = 0,
    PLK_EXIT_FAILED = 1,  // the reason is on stderr, one line
    PLK_EXIT_USAGE = 2,   // wrong usage
    PLK_EXIT_TIMEOUT = 3, // the message is still queued and will arrive
    PLK_EXIT_NO_NODE = 4, // the node is not running; nothing was queued
};

struct plk_command_entry;

struct plk_cli {
    const struct plk_command_entry *entry;
    const char *args[PLK_ARGS_MAX];
    size_t arg_count;
    struct {
        const char *name;  // with its dashes
        const char *value; // NULL for a switch
    } options[PLK_OPTIONS_MAX];
    size_t option_count;
    bool json;
    char home[PLK_HOME_PATH_MAX];
    struct plk_rpc *rpc;       // once connected
    struct plk_history *store; // once opened, without a node
};

// The value of an option, "" for a switch, NULL if it was not given.
const char *plk_cli_option(const struct plk_cli *cli, const char *name);
static inline bool plk_cli_has(const struct plk_cli *cli, const char *name) {
    return plk_cli_option(cli, name) != NULL;
}

// One line to stderr, made harmless; gives the status, so that one can `return plk_cli_fail(...)`.
int plk_cli_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
void plk_cli_note(const char *format, ...) __attribute__((format(printf, 1, 2))); // to stderr, not a failure

// A number from 0 of a command line; false after it said what is wrong.
bool plk_cli_number(const char *option, const char *text, uint64_t max, uint64_t *out);

// Standard input as it is, up to max bytes, without one line end at its end; the caller frees it. NULL after it said what
// is wrong.
char *plk_cli_stdin(size_t max);

// Sets a text of params from the command line; a NULL value leaves it out. False after it said that it is not UTF-8.
bool plk_cli_set(json_t *params, const char *name, const char *value);

// Calls a method of the running node; takes params. Without a node those methods that can are answered from the store. On a
// status other than DONE the reason was said; on DONE the caller owns *result.
int plk_cli_call(struct plk_cli *cli, const char *method, json_t *params, json_t **result);
// The same, but the error object is the caller's: *error, with status FAILED.
int plk_cli_try(struct plk_cli *cli, const char *method, json_t *params, json_t **result, json_t **error);

// Connects to the running node; DONE, or NO_NODE after it was said.
int plk_cli_connect(struct plk_cli *cli);
bool plk_cli_running(const struct plk_cli *cli);

// Prints an object as one line of JSON.
void plk_cli_json(const json_t *object);

void plk_cli_free(struct plk_cli *cli);

#endif
