// SPDX-License-Identifier: MIT
#include "api/client.h"

#include <stdlib.h>

static void free_if_over(struct plk_client *client) {
    if (client->closed && client->pending == 0) client->way->free(client);
}

// ---- writing --------------------------------------------------------------------------------------------------------

static int append(const char *text, size_t len, void *ctx) {
    struct plk_client *client = ctx;
    client->way->append(client, text, len);
    return 0;
}

static void end(struct plk_client *client) {
    client->way->end(client);
    plk_api_wake(client->api);
}

void plk_client_write(struct plk_client *client, const json_t *object) {
    if (client->closing) return;
    json_dump_callback(object, append, client, JSON_COMPACT);
    end(client);
}

// ---- requests -------------------------------------------------------------------------------------------------------

// An answer of a call. Its client lives at least as long as its calls, even longer than the api.
static void on_answer(void *ctx, struct plk_call *call, const json_t *answer) {
    (void)call;
    struct plk_client *client = ctx;
    client->pending--;
    if (answer != NULL) plk_client_write(client, answer);
    free_if_over(client);
}

static void on_answer_line(void *ctx, struct plk_call *call, struct plk_bytes line) {
    (void)call;
    struct plk_client *client = ctx;
    client->pending--;
    if (!client->closing) {
        append((const char *)line.at, line.len, client);
        end(client);
    }
    free_if_over(client);
}

bool plk_client_is_busy(const struct plk_client *client) {
    return client->pending >= PLK_API_PENDING_MAX || !plk_client_has_room(client);
}

bool plk_client_is_done(const struct plk_client *client, bool has_line) {
    return client->pending == 0 && (client->ending || (client->eof && !has_line));
}

void plk_client_refuse(struct plk_client *client, int code, const char *line) {
    json_t *error = plk_call_error(NULL, code, NULL, line);
    plk_client_write(client, error);
    json_decref(error);
    client->ending = true;
    plk_client_flush(client);
}

void plk_client_run(struct plk_client *client, struct plk_bytes line) {
    struct plk_call context = {.api = client->api,
                               .host = client->api->host,
                               .history = plk_host_history(client->api->host),
                               .owner = client,
                               .window = client->window,
                               .sink = on_answer,
                               .sink_line = on_answer_line};
    client->pending++;
    plk_call_run(&context, line);
}

void plk_client_tick(struct plk_client *client) {
    plk_watch_pump(client);
    plk_client_flush(client);
    if (client->paused && !client->closing) client->way->resume(client);
}

// ---- life -----------------------------------------------------------------------------------------------------------

bool plk_client_is_crowded(const struct plk_api *api) { return api->client_count > PLK_API_CLIENTS_MAX; }

void plk_client_open(struct plk_client *client, struct plk_api *api, const struct plk_client_way *way) {
    client->way = way;
    client->api = api;
    client->next = api->clients;
    api->clients = client;
    api->client_count++;
    api->open_handles++;
}

void plk_client_gone(struct plk_client *client) {
    struct plk_api *api = client->api;
    for (struct plk_client **at = &api->clients; *at != NULL; at = &(*at)->next) {
        if (*at != client) continue;
        *at = client->next;
        break;
    }
    api->client_count--;
    api->open_handles--;
    client->closed = true;
    free_if_over(client);
}

void plk_client_close(struct plk_client *client) {
    if (client->closing) return;
    client->closing = true;
    plk_wait_drop(client->api, client);
    client->way->close(client);
}
