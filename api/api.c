// SPDX-License-Identifier: MIT
#include "api/api.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/client.h"
#include "host/web/server.h"

static void on_connection(uv_stream_t *stream, int status) {
    struct plk_api *api = stream->data;
    if (status == 0 && !api->closing) plk_program_accept(api);
}

static void on_idle(uv_idle_t *idle) {
    (void)idle; // that it runs is all that it does: the loop does not wait then
}

void plk_api_wake(struct plk_api *api) {
    if (!api->closing) uv_idle_start(&api->idle, on_idle);
}

static void on_prepare(uv_prepare_t *prepare) {
    struct plk_api *api = prepare->data;
    uv_idle_stop(&api->idle);
    for (struct plk_client *client = api->clients; client != NULL;) {
        struct plk_client *next = client->next;
        plk_client_tick(client);
        client = next;
    }
}

void plk_api_event(struct plk_api *api, const struct plk_output *output) {
    if (api == NULL || api->closing) return;
    if (api->clients != NULL) plk_api_wake(api);
    const struct plk_event_row *event = &output->event.row;
    if (event->kind == PLK_EVENT_PATH) {
        plk_watch_path(api, event->contact);
        return;
    }
    if (event->kind == PLK_EVENT_RELAY) {
        plk_watch_relays(api);
        return;
    }
    if (event->n > api->last_event) api->last_event = event->n;
    if (event->kind == PLK_EVENT_STATE) plk_wait_event(api, event);
}

void plk_api_state(struct plk_api *api) {
    if (api == NULL || api->closing) return;
    struct plk_profile_view profile = {0};
    const struct plk_node *node = plk_host_node(api->host);
    if (node != NULL && plk_node_profile(node, &profile) == PLK_ERR_OK && profile.last_event > api->last_event)
        api->last_event = profile.last_event;
    if (plk_host_locked(api->host)) plk_wait_drop(api, NULL);
    plk_watch_state(api);
    plk_api_wake(api);
}

static void on_stall(uv_timer_t *timer) {
    struct plk_api *api = timer->data;
    plk_call_tell_stalled(api->commands);
}

// A disk that is locked for a moment is nothing to speak of.
void plk_api_stalled(struct plk_api *api, bool stalled) {
    if (api == NULL || api->closing) return;
    if (stalled)
        uv_timer_start(&api->stall, on_stall, PLK_API_STALL_MS, PLK_API_STALL_MS);
    else
        uv_timer_stop(&api->stall);
}

// ---- life -----------------------------------------------------------------------------------------------------------

static void on_closed(uv_handle_t *handle) {
    struct plk_api *api = handle->data;
    api->open_handles--;
}

static void close_handle(struct plk_api *api, uv_handle_t *handle) {
    if (handle->data == api && !uv_is_closing(handle)) uv_close(handle, on_closed);
}

// Binds with a mode that lets nobody else connect, whatever the umask. The home's lock is ours, so a socket that is there
// already belongs to nobody.
static int bind_socket(struct plk_api *api) {
    unlink(api->socket);
    mode_t old = umask(0177);
    int failed = uv_pipe_bind(&api->listener, api->socket);
    umask(old);
    return failed;
}

static enum plk_fault_kind start(struct plk_api *api, struct plk_fault *fault) {
    uv_loop_t *loop = plk_host_loop(api->host);
    api->listener.data = api->prepare.data = api->idle.data = api->timer.data = api->stall.data = api;
    int failed = uv_pipe_init(loop, &api->listener, 0);
    if (failed == 0) failed = uv_prepare_init(loop, &api->prepare);
    if (failed == 0) failed = uv_idle_init(loop, &api->idle);
    if (failed == 0) failed = uv_timer_init(loop, &api->timer);
    if (failed == 0) failed = uv_timer_init(loop, &api->stall);
    api->open_handles = 5;
    if (failed == 0) failed = bind_socket(api);
    if (failed == 0) failed = uv_listen((uv_stream_t *)&api->listener, PLK_API_CLIENTS_MAX, on_connection);
    if (failed == 0) failed = uv_prepare_start(&api->prepare, on_prepare);
    if (failed == 0) return PLK_FAULT_NONE;
    return plk_fault_set(fault, PLK_FAULT_SYSTEM, "cannot listen on %.110s: %s", api->socket, uv_strerror(failed));
}

enum plk_fault_kind plk_api_open(struct plk_api **out, const struct plk_api_config *config, struct plk_fault *fault) {
    *out = NULL;
    struct plk_api *api = calloc(1, sizeof *api);
    plk_assert(api != NULL);
    api->host = config->host;
    api->version = config->version;
    api->down = config->down;
    api->ctx = config->ctx;
    enum plk_fault_kind kind = plk_home_socket(plk_host_home(api->host), true, api->socket, fault);
    if (kind != PLK_FAULT_NONE) {
        free(api);
        return kind;
    }
    kind = start(api, fault);
    if (kind != PLK_FAULT_NONE) {
        plk_api_close(api);
        return kind;
    }
    struct plk_host_status status = {0};
    plk_host_status(api->host, &status);
    plk_api_stalled(api, status.stalled);
    *out = api;
    return PLK_FAULT_NONE;
}

const char *plk_api_socket(const struct plk_api *api) { return api->socket; }

void plk_api_close(struct plk_api *api) {
    if (api == NULL) return;
    api->closing = true;
    if (api->trying != NULL) {
        plk_host_try_forget(api->host);
        plk_call_fail(api->trying, PLK_CALL_NO_NODE, "the node is stopping");
    }
    plk_wait_drop(api, NULL);
    plk_call_let_go(api->commands);
    for (struct plk_client *client = api->clients; client != NULL; client = client->next) {
        plk_client_flush(client);
        plk_client_close(client);
    }
    plk_web_close(api->web);
    close_handle(api, (uv_handle_t *)&api->listener); // libuv unlinks the socket
    close_handle(api, (uv_handle_t *)&api->prepare);
    close_handle(api, (uv_handle_t *)&api->idle);
    close_handle(api, (uv_handle_t *)&api->timer);
    close_handle(api, (uv_handle_t *)&api->stall);
    while (api->open_handles > 0) uv_run(plk_host_loop(api->host), UV_RUN_NOWAIT);
    free(api);
}

// ---- without a node -------------------------------------------------------------------------------------------------

static void keep_answer(void *ctx, struct plk_call *call, const json_t *answer) {
    (void)call;
    *(json_t **)ctx = json_deep_copy(answer);
}

json_t *plk_api_offline(struct plk_history *history, const char *method, json_t *params) {
    json_t *answer = NULL;
    struct plk_call context = {.history = history, .owner = &answer, .sink = keep_answer};
    json_t *request = json_pack("{s:s, s:i, s:s, s:O*}", "jsonrpc", "2.0", "id", 1, "method", method, "params", params);
    char *line = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
    plk_assert(line != NULL);
    plk_call_run(&context, plk_bytes_text(line));
    free(line);
    json_decref(request);
    return answer;
}
