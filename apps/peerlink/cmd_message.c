// SPDX-License-Identifier: MIT
// Messages: sent, read back, exported.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "plain.h"
#include "wire/row.h"

#define EXPORT_PAGE 500
#define TIMEOUT_MAX_S (365ull * 24 * 3600)
#define TIMEOUT_DEFAULT_S 30
#define BUSY_TRIES 50

// ---- send -----------------------------------------------------------------------------------------------------------

static json_t *send_params(struct plk_cli *cli, const char *text) {
    json_t *params = json_object();
    if (plk_cli_set(params, "contact", cli->args[0]) && plk_cli_set(params, "text", text) &&
        plk_cli_set(params, "id", plk_cli_option(cli, "--id")) &&
        plk_cli_set(params, "wait", plk_cli_option(cli, "--wait"))) {
        return params;
    }
    json_decref(params);
    return NULL;
}

static void print_sent(const json_t *result) {
    const char *path = plk_plain_text(result, "path");
    printf("%s  ", plk_plain_text(result, "id"));
    plk_plain_state(stdout, result);
    if (json_is_integer(json_object_get(result, "took_ms"))) {
        printf(" in %llu ms", (unsigned long long)plk_plain_count(result, "took_ms"));
        if (path[0] != '\0') printf(", %s", plk_plain_path(path));
    }
    fputc('\n', stdout);
}

// The disk is behind: a person would press the key again.
static int send_patiently(struct plk_cli *cli, json_t *params, json_t **result) {
    for (int i = 0;; i++) {
        json_t *error = NULL;
        int status = plk_cli_try(cli, "send", json_incref(params), result, &error);
        if (error == NULL) return status;
        bool busy = plk_plain_count(error, "code") == PLK_ERR_BUSY && i < BUSY_TRIES;
        if (!busy) status = plk_cli_fail(PLK_EXIT_FAILED, "%s", plk_plain_text(error, "message"));
        json_decref(error);
        if (!busy) return status;
        usleep(20000);
    }
}

static int send_text(struct plk_cli *cli, const char *text, uint64_t timeout_s) {
    const char *reply = plk_cli_option(cli, "--reply");
    uint64_t seq = 0;
    if (reply != NULL && !plk_cli_number("--reply", reply, INT64_MAX, &seq)) return PLK_EXIT_USAGE;
    json_t *result = NULL, *params = send_params(cli, text);
    if (params == NULL) return PLK_EXIT_FAILED;
    if (seq > 0) json_object_set_new(params, "reply_to", json_integer((json_int_t)seq));
    json_object_set_new(params, "timeout_ms", json_integer((json_int_t)(timeout_s * 1000)));
    int status = send_patiently(cli, params, &result);
    json_decref(params);
    if (status != PLK_EXIT_DONE) return status;
    if (cli->json)
        plk_cli_json(result);
    else
        print_sent(result);
    if (json_is_true(json_object_get(result, "timed_out"))) {
        status = plk_cli_fail(PLK_EXIT_TIMEOUT, "not %s after %llu s; the message is kept and will arrive",
                              plk_cli_option(cli, "--wait"), (unsigned long long)timeout_s);
    }
    json_decref(result);
    return status;
}

int plk_command_send(struct plk_cli *cli) {
    const char *wait = plk_cli_option(cli, "--wait"), *timeout = plk_cli_option(cli, "--timeout");
    uint64_t timeout_s = TIMEOUT_DEFAULT_S;
    if (wait != NULL && strcmp(wait, "sent") != 0 && strcmp(wait, "stored") != 0 && strcmp(wait, "delivered") != 0) {
        return plk_cli_fail(PLK_EXIT_USAGE, "--wait takes sent, stored or delivered");
    }
    if (timeout != NULL && !plk_cli_number("--timeout", timeout, TIMEOUT_MAX_S, &timeout_s)) return PLK_EXIT_USAGE;
    if (plk_cli_has(cli, "--picture"))
        return plk_command_send_picture(cli, plk_cli_option(cli, "--picture"),
                                        cli->arg_count > 1 ? cli->args[1] : NULL);
    if (cli->arg_count < 2) return plk_cli_fail(PLK_EXIT_USAGE, "what is to be sent? TEXT, or --picture FILE");
    if (strcmp(cli->args[1], "-") != 0) {
        // Here, since a text of many megabytes would not even reach the node.
        if (strlen(cli->args[1]) > PLK_BODY_MAX) {
            return plk_cli_fail(PLK_EXIT_FAILED, "the text is too long: %zu bytes, and %d is the most",
                                strlen(cli->args[1]), PLK_BODY_MAX);
        }
        return send_text(cli, cli->args[1], timeout_s);
    }
    char *text = plk_cli_stdin(PLK_BODY_MAX);
    if (text == NULL) return PLK_EXIT_FAILED;
    int status = send_text(cli, text, timeout_s);
    free(text);
    return status;
}

// ---- history --------------------------------------------------------------------------------------------------------

uint64_t plk_command_print_messages(const struct plk_cli *cli, const json_t *result) {
    uint64_t last = 0;
    json_t *message = NULL;
    size_t i = 0;
    const json_t *messages = json_object_get(result, "messages");
    json_array_foreach(messages, i, message) {
        if (cli->json)
            plk_cli_json(message);
        else
            plk_plain_message(stdout, message);
        last = plk_plain_count(message, "seq");
    }
    return last;
}

static json_t *page_params(const char *contact, uint64_t limit, uint64_t before) {
    json_t *params = json_object();
    if (!plk_cli_set(params, "contact", contact)) {
        json_decref(params);
        return NULL;
    }
    json_object_set_new(params, "limit", json_integer((json_int_t)limit));
    if (before > 0) json_object_set_new(params, "before", json_integer((json_int_t)before));
    return params;
}

struct page {
    uint64_t limit, before;
};

static int read_page(struct plk_cli *cli, struct page page, const char *search, json_t **result) {
    json_t *params = page_params(cli->args[0], page.limit < EXPORT_PAGE ? page.limit : EXPORT_PAGE, page.before);
    if (params != NULL && plk_cli_set(params, "search", search)) return plk_cli_call(cli, "history", params, result);
    json_decref(params);
    return PLK_EXIT_FAILED;
}

// Messages are found newest first and printed oldest first: a page that is not the last is read a second time, so that a
// long conversation needs no more memory than a short one.
static int print_history(struct plk_cli *cli, struct page page, const char *search) {
    struct page *pages = NULL;
    json_t *result = NULL;
    size_t count = 0;
    int status = PLK_EXIT_DONE;
    for (bool more = true; more && page.limit > 0 && status == PLK_EXIT_DONE;) {
        json_decref(result);
        result = NULL;
        pages = realloc(pages, (count + 1) * sizeof *pages);
        if (pages == NULL) abort();
        pages[count++] = page;
        status = read_page(cli, page, search, &result);
        uint64_t got = json_array_size(json_object_get(result, "messages"));
        page.before = plk_plain_count(result, "next_before");
        page.limit -= got < page.limit ? got : page.limit;
        more = json_is_true(json_object_get(result, "more")) && page.before > 1;
    }
    for (; status == PLK_EXIT_DONE && count > 0; count--) {
        if (result == NULL) status = read_page(cli, pages[count - 1], search, &result);
        if (status == PLK_EXIT_DONE) plk_command_print_messages(cli, result);
        json_decref(result);
        result = NULL;
    }
    json_decref(result);
    free(pages);
    return status;
}

int plk_command_history(struct plk_cli *cli) {
    const char *limit_text = plk_cli_option(cli, "--limit"), *before_text = plk_cli_option(cli, "--before");
    uint64_t limit = 50, before = 0;
    if (limit_text != NULL && !plk_cli_number("--limit", limit_text, UINT32_MAX, &limit)) return PLK_EXIT_USAGE;
    if (before_text != NULL && !plk_cli_number("--before", before_text, INT64_MAX, &before)) return PLK_EXIT_USAGE;
    if (limit == 0 || (before_text != NULL && before == 0)) {
        return plk_cli_fail(PLK_EXIT_USAGE, "%s counts from 1", limit == 0 ? "--limit" : "--before");
    }
    return print_history(cli, (struct page){limit, before}, plk_cli_option(cli, "--search"));
}

int plk_command_export(struct plk_cli *cli) { return print_history(cli, (struct page){UINT64_MAX, 0}, NULL); }
