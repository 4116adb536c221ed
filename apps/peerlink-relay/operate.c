// SPDX-License-Identifier: MIT
#include "operate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "acts.h"
#include "apps/shared/qr.h"
#include "control.h"
#include "relay_store.h"
#include "serve.h"
#include "small_file.h"
#include "table.h"

static bool is(const struct plk_relay_options *options, const char *command, const char *word) {
    bool same = strcmp(options->command->words.name, command) == 0;
    return same && (word == NULL || strcmp(options->args[0], word) == 0);
}

static json_t *request_of(const struct plk_relay_options *options) {
    if (is(options, "token", "new"))
        return json_pack("{s:s, s:I}", "act", "token.new", "queues", (json_int_t)options->queues);
    if (is(options, "token", "revoke")) return json_pack("{s:s, s:s}", "act", "token.revoke", "id", options->args[1]);
    return json_pack("{s:s}", "act", is(options, "token", "list") ? "token.list" : "status");
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
    struct plk_relay_host_config config = {.data = options->settings.data,
                                           .store_url = plk_relay_store_url(&options->settings),
                                           .open_url = plk_relay_store_open,
                                           .limits = options->settings.limits,
                                           .log = {.level = options->settings.log_level, .fd = 2}};
    if (stat(options->settings.data, &st) != 0) {
        plk_relay_fail(PLK_RELAY_EXIT_FAILED, "there is no relay in %s", options->settings.data);
        return NULL;
    }
    if (plk_relay_host_open(&asked.host, &config, &fault) != PLK_FAULT_NONE) {
        plk_relay_fail(PLK_RELAY_EXIT_FAILED, "%s", fault.line);
        return NULL;
    }
    size_t len = plk_small_file_read(options->settings.data, PLK_SERVE_ADDRESS_NAME, address, sizeof address - 1);
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
    } else if (is(options, "token", "new")) {
        printf("%s\n", text(answer, "name"));
    } else if (is(options, "token", "revoke")) {
        printf("%s is revoked: it and its guests make no more queues; those that are there stay\n", text(answer, "id"));
    } else if (is(options, "token", "list")) {
        print_tokens(json_object_get(answer, "tokens"));
    } else {
        print_status(answer);
    }
}

int plk_operate(const struct plk_relay_options *options) {
    json_t *request = request_of(options);
    json_t *answer = plk_control_ask(options->settings.data, request);
    if (answer == NULL && is(options, "status", NULL)) {
        json_decref(request);
        return plk_relay_fail(PLK_RELAY_EXIT_FAILED, "the relay of %s is not running", options->settings.data);
    }
    if (answer == NULL) answer = ask_data(options, request);
    json_decref(request);
    if (answer == NULL) return PLK_RELAY_EXIT_FAILED; // it was said why
    const char *error = json_string_value(json_object_get(answer, "error"));
    int status = error != NULL ? plk_relay_fail(PLK_RELAY_EXIT_FAILED, "%s", error) : PLK_RELAY_EXIT_DONE;
    if (error == NULL) print(options, answer);
    if (error == NULL && options->qr && !plk_qr_print(stdout, text(answer, "name")))
        status = plk_relay_fail(PLK_RELAY_EXIT_FAILED, "this name is too long for a QR code");
    json_decref(answer);
    return status;
}

// ---- what needs no relay ------------------------------------------------------------------------------------------------

// Everything was read, and is right, when this is called.
int plk_operate_check(const struct plk_relay_options *options) {
    const struct plk_relay_settings *s = &options->settings;
    json_t *listen = json_array();
    for (size_t i = 0; i < s->listen_count; i++) json_array_append_new(listen, json_string(s->listen[i]));
    if (s->listen_count == 0) json_array_append_new(listen, json_integer(PLK_RELAY_PORT));
    if (options->json) {
        json_t *object = json_pack("{s:s?, s:s, s:O}", "config", options->config, "data", s->data, "listen", listen);
        char *line = json_dumps(object, JSON_COMPACT);
        puts(line != NULL ? line : "{}");
        free(line);
        json_decref(object);
    } else {
        if (options->config != NULL) printf("config  %s\n", options->config);
        printf("data    %s\n", s->data);
        for (size_t i = 0; i < s->listen_count; i++) printf("listen  %s\n", s->listen[i]);
        if (s->listen_count == 0) printf("listen  %d of all addresses\n", PLK_RELAY_PORT);
        puts("nothing is wrong");
    }
    json_decref(listen);
    return PLK_RELAY_EXIT_DONE;
}

int plk_operate_version(const struct plk_relay_options *options) {
    puts(options->json ? "{\"version\":\"" PLK_VERSION "\"}" : "peerlink-relay " PLK_VERSION);
    return PLK_RELAY_EXIT_DONE;
}
