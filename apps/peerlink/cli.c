// SPDX-License-Identifier: MIT
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "api/call.h"
#include "plain.h"
#include "secret.h"

#define START_WAIT_MS 5000 // for a node that has its home but does not answer yet

// ---- words ----------------------------------------------------------------------------------------------------------

static void say(const char *format, va_list args) {
    char line[1024];
    vsnprintf(line, sizeof line, format, args);
    fputs("peerlink: ", stderr);
    plk_plain_print(stderr, line, -1);
    fputc('\n', stderr);
}

int plk_cli_fail(int status, const char *format, ...) {
    va_list args;
    fflush(stdout);
    va_start(args, format);
    say(format, args);
    va_end(args);
    return status;
}

void plk_cli_note(const char *format, ...) {
    va_list args;
    fflush(stdout);
    va_start(args, format);
    say(format, args);
    va_end(args);
}

void plk_cli_json(const json_t *object) {
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)); // digits enough for ms and s
    fputc('\n', stdout);
    fflush(stdout);
}

const char *plk_cli_option(const struct plk_cli *cli, const char *name) {
    const char *value = NULL; // the last one counts
    for (size_t i = 0; i < cli->option_count; i++) {
        if (strcmp(cli->options[i].name, name) == 0) value = cli->options[i].value;
    }
    return value;
}

bool plk_cli_number(const char *option, const char *text, uint64_t max, uint64_t *out) {
    uint64_t value = 0;
    bool right = text[0] != '\0';
    for (const char *at = text; right && *at != '\0'; at++) {
        right = *at >= '0' && *at <= '9' && value <= (max - (uint64_t)(*at - '0')) / 10;
        if (right) value = value * 10 + (uint64_t)(*at - '0');
    }
    *out = value;
    if (!right) plk_cli_fail(PLK_EXIT_USAGE, "%s takes a number from 0 to %llu", option, (unsigned long long)max);
    return right;
}

char *plk_cli_stdin(size_t max) {
    size_t len = 0, cap = max + 3;
    char *text = calloc(1, cap);
    if (text == NULL) abort();
    while (len < cap - 1) {
        ssize_t got = read(STDIN_FILENO, text + len, cap - 1 - len);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        len += (size_t)got;
    }
    if (len > 0 && text[len - 1] == '\n') text[--len] = '\0';
    if (len <= max && strlen(text) == len) return text;
    if (len > max)
        plk_cli_fail(PLK_EXIT_FAILED, "the input is too long: %zu bytes is the most", max);
    else
        plk_cli_fail(PLK_EXIT_FAILED, "the input has a zero byte in it");
    free(text);
    return NULL;
}

bool plk_cli_set(json_t *params, const char *name, const char *value) {
    if (value == NULL) return true;
    json_t *text = json_string(value);
    if (text == NULL)
        plk_cli_fail(PLK_EXIT_FAILED, "the %s is not valid UTF-8", name);
    else
        json_object_set_new(params, name, text);
    return text != NULL;
}

// ---- calls ----------------------------------------------------------------------------------------------------------

bool plk_cli_running(const struct plk_cli *cli) {
    long pid = 0;
    return plk_home_running(cli->home, &pid);
}

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static struct plk_rpc *try_connect(const struct plk_cli *cli, struct plk_fault *fault) {
    char path[PLK_HOME_SOCKET_MAX];
    if (plk_home_socket(cli->home, false, path, fault) != PLK_FAULT_NONE) return NULL;
    return plk_rpc_open(path);
}

// A home that is taken belongs to a node that is starting or stopping: it gets its time.
static int connect_quietly(struct plk_cli *cli, struct plk_fault *fault) {
    for (int waited_ms = 0; cli->rpc == NULL; waited_ms += 20) {
        cli->rpc = try_connect(cli, fault);
        if (cli->rpc != NULL) break;
        if (fault->kind != PLK_FAULT_NONE || waited_ms > START_WAIT_MS || !plk_cli_running(cli))
            return PLK_EXIT_NO_NODE;
        pause_ms(20);
    }
    return PLK_EXIT_DONE;
}

int plk_cli_connect(struct plk_cli *cli) {
    struct plk_fault fault = {0};
    int status = connect_quietly(cli, &fault);
    if (status == PLK_EXIT_DONE) return status;
    if (fault.kind != PLK_FAULT_NONE) return plk_cli_fail(status, "%s", fault.line);
    if (plk_cli_running(cli)) return plk_cli_fail(status, "a node has this home but does not answer");
    return plk_cli_fail(status, "the node is not running: start it with `peerlink up`");
}

// From the store, with the same words as a node.
static int call_store(struct plk_cli *cli, const char *method, json_t *params, json_t **answer) {
    struct plk_fault fault = {0};
    if (cli->store == NULL) {
        struct plk_secret secret = {0};
        int status = plk_secret_for_profile(cli, &secret);
        if (status == PLK_EXIT_DONE &&
            plk_history_open(&cli->store, cli->home, plk_bytes(secret.text, secret.len), &fault) != PLK_FAULT_NONE) {
            status = plk_cli_fail(PLK_EXIT_FAILED, "%s", fault.line);
        }
        plk_secret_wipe(&secret);
        if (status != PLK_EXIT_DONE) return status;
    }
    *answer = plk_api_offline(cli->store, method, params);
    return PLK_EXIT_DONE;
}

static int call_node(struct plk_cli *cli, const char *method, json_t *params, json_t **answer) {
    json_int_t id = plk_rpc_send(cli->rpc, method, json_incref(params));
    *answer = id != 0 ? plk_rpc_answer(cli->rpc, id) : NULL;
    if (*answer == NULL) return plk_cli_fail(PLK_EXIT_FAILED, "the node stopped before it answered");
    return PLK_EXIT_DONE;
}

int plk_cli_try(struct plk_cli *cli, const char *method, json_t *params, json_t **result, json_t **error) {
    struct plk_fault fault = {0};
    json_t *answer = NULL;
    if (params == NULL) params = json_object();
    const struct plk_method *known = plk_method_find(method);
    bool offline = known != NULL && (known->flags & PLK_METHOD_OFFLINE);
    int status = offline ? connect_quietly(cli, &fault) : plk_cli_connect(cli);
    if (status == PLK_EXIT_DONE)
        status = call_node(cli, method, params, &answer);
    else if (offline && (known->flags & PLK_METHOD_EMPTY))
        answer = plk_api_offline(NULL, method, params), status = PLK_EXIT_DONE;
    else if (offline)
        status = call_store(cli, method, params, &answer);
    json_decref(params);
    if (status != PLK_EXIT_DONE) return status;
    *result = json_incref(json_object_get(answer, "result"));
    *error = json_incref(json_object_get(answer, "error"));
    json_decref(answer);
    return *result != NULL ? PLK_EXIT_DONE : PLK_EXIT_FAILED;
}

int plk_cli_call(struct plk_cli *cli, const char *method, json_t *params, json_t **result) {
    json_t *error = NULL;
    *result = NULL;
    int status = plk_cli_try(cli, method, params, result, &error);
    if (error == NULL) return status;
    // What the method's own shape refuses was wrong on the command line.
    bool usage = plk_plain_count(error, "code") == (uint64_t)PLK_CALL_PARAMS;
    status = plk_cli_fail(usage ? PLK_EXIT_USAGE : PLK_EXIT_FAILED, "%s", plk_plain_text(error, "message"));
    json_decref(error);
    return status;
}

void plk_cli_free(struct plk_cli *cli) {
    plk_rpc_close(cli->rpc);
    plk_history_close(cli->store);
}
