// SPDX-License-Identifier: MIT
#include "operate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "acts.h"
#include "control.h"
#include "serve.h"
#include "small_file.h"

static json_t *request_of(const struct plk_relay_options *options) {
    switch (options->word) {
    case PLK_RELAY_WORD_TOKEN_NEW:
        return json_pack("{s:s, s:I}", "act", "token.new", "queues", (json_int_t)options->queues);
    case PLK_RELAY_WORD_TOKEN_REVOKE:
        return json_pack("{s:s, s:s}", "act", "token.revoke", "id", options->id);
    case PLK_RELAY_WORD_TOKEN_LIST:
        return json_pack("{s:s}", "act", "token.list");
    default:
        return json_pack("{s:s}", "act", "status");
    }
}

// ---- without a relay ----------------------------------------------------------------------------------------------------

struct asked {
    struct plk_relay_host *host;
    json_t *answer;
};

static void on_answer(void *ctx, json_t *answer) {
    struct asked *asked = ctx;
    asked->answer = answer;
    uv_stop(plk_relay_host_loop(asked->host));
}

static json_t *ask_data(const struct plk_relay_options *options, const json_t *request) {
    struct stat st;
    struct plk_fault fault;
    struct asked asked = {.answer = NULL};
    char address[PLK_RELAY_HOST_MAX + 16] = "";
    struct plk_relay_host_config config = {
        .data = options->data, .limits = options->limits, .log = {.level = options->log_level, .fd = 2}};
    if (stat(options->data, &st) != 0) {
        plk_relay_fail(PLK_RELAY_EXIT_FAILED, "there is no relay in %s", options->data);
        return NULL;
    }
    if (plk_relay_host_open(&asked.host, &config, &fault) != PLK_FAULT_NONE) {
        plk_relay_fail(PLK_RELAY_EXIT_FAILED, "%s", fault.line);
        return NULL;
    }
    size_t len = plk_small_file_read(options->data, PLK_SERVE_ADDRESS_NAME, address, sizeof address - 1);
    struct plk_acts acts = {.host = asked.host, .address = len > 0 ? address : NULL};
    plk_acts_ask(&acts, request, on_answer, &asked);
    if (asked.answer == NULL) uv_run(plk_relay_host_loop(asked.host), UV_RUN_DEFAULT);
    if (!plk_relay_host_close(asked.host)) {
        json_decref(asked.answer);
        asked.answer = json_pack("{s:s}", "error", "the disk did not take it");
    }
    return asked.answer;
}

// ---- in words -----------------------------------------------------------------------------------------------------------

static long long number(const json_t *object, const char *name) {
    return (long long)json_integer_value(json_object_get(object, name));
}

static const char *text(const json_t *object, const char *name) {
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL ? value : "";
}

static void print_tokens(const json_t *tokens) {
    size_t i;
    json_t *token;
    if (json_array_size(tokens) == 0) puts("no tokens");
    json_array_foreach(tokens, i, token) {
        char allowed[32] = ", any number allowed";
        if (number(token, "queues") != 0) snprintf(allowed, sizeof allowed, " of %lld", number(token, "queues"));
        printf("%s  queues: %lld%s%s%s\n", text(token, "id"), number(token, "made"), allowed,
               json_is_true(json_object_get(token, "guest")) ? ", a guest's" : "",
               json_is_true(json_object_get(token, "revoked")) ? ", revoked" : "");
    }
}

static void print_status(const json_t *answer) {
    const char *name;
    json_t *value;
    printf("%s\n%lld clients, %lld queues in use, %lld MiB of memory", text(answer, "name"), number(answer, "clients"),
           number(answer, "queues"), number(answer, "memory") >> 20);
    if (json_is_integer(json_object_get(answer, "stored_bytes")))
        printf(", %lld bytes waiting", number(answer, "stored_bytes"));
    puts(json_is_true(json_object_get(answer, "stalled")) ? "\nthe disk takes nothing at the moment" : "");
    json_object_foreach(json_object_get(answer, "counters"), name, value) {
        if (json_integer_value(value) != 0) printf("  %-18s %lld\n", name, (long long)json_integer_value(value));
    }
}

static void print(const struct plk_relay_options *options, const json_t *answer) {
    if (options->json) {
        char *line = json_dumps(answer, JSON_COMPACT);
        puts(line != NULL ? line : "{}");
        free(line);
    } else if (options->word == PLK_RELAY_WORD_TOKEN_NEW) {
        printf("%s\n", text(answer, "name"));
    } else if (options->word == PLK_RELAY_WORD_TOKEN_REVOKE) {
        printf("%s is revoked: it and its guests make no more queues; those that are there stay\n", text(answer, "id"));
    } else if (options->word == PLK_RELAY_WORD_TOKEN_LIST) {
        print_tokens(json_object_get(answer, "tokens"));
    } else {
        print_status(answer);
    }
}

int plk_operate(const struct plk_relay_options *options) {
    json_t *request = request_of(options);
    json_t *answer = plk_control_ask(options->data, request);
    if (answer == NULL && options->word == PLK_RELAY_WORD_STATUS) {
        json_decref(request);
        return plk_relay_fail(PLK_RELAY_EXIT_FAILED, "the relay of %s is not running", options->data);
    }
    if (answer == NULL) answer = ask_data(options, request);
    json_decref(request);
    if (answer == NULL) return PLK_RELAY_EXIT_FAILED; // it was said why
    const char *error = json_string_value(json_object_get(answer, "error"));
    int status = error != NULL ? plk_relay_fail(PLK_RELAY_EXIT_FAILED, "%s", error) : PLK_RELAY_EXIT_DONE;
    if (error == NULL) print(options, answer);
    json_decref(answer);
    return status;
}
