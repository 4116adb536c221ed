// SPDX-License-Identifier: MIT
// What the page needs before there is anything to show: the way in, and whether the profile is open.
#include <stdio.h>

#include "api/json.h"
#include "api/web.h"
#include "api/window.h"

// ---- state ----------------------------------------------------------------------------------------------------------

static bool view_profile(const struct plk_call *call, struct plk_profile_view *view) {
    const struct plk_node *node = plk_host_node(call->host);
    return node != NULL && plk_node_profile(node, view) == PLK_ERR_OK;
}

static bool is_encrypted(const struct plk_call *call) {
    struct plk_host_status status = {0};
    plk_host_status(call->host, &status);
    return status.encrypted;
}

void plk_method_node_state(struct plk_call *call) {
    struct plk_profile_view view = {0};
    bool has = view_profile(call, &view);
    plk_call_answer(call,
                    json_pack("{s:s, s:b, s:o, s:s, s:o}", "state", plk_method_state_word(call->host), "encrypted",
                              is_encrypted(call), "name", has ? plk_json_text(view.name) : json_null(), "version",
                              call->api->version, "web", plk_web_address(call->api)));
}

// ---- a passphrase -----------------------------------------------------------------------------------------------------

static bool starts_try(struct plk_call *call, plk_host_opened *done) {
    struct plk_bytes passphrase = plk_call_text(call, "passphrase");
    enum plk_err err = plk_host_try(call->host, passphrase, done, call->api);
    if (err == PLK_ERR_OK)
        call->api->trying = call;
    else if (err == PLK_ERR_BUSY)
        plk_call_fail(call, PLK_CALL_TOO_MANY, "a passphrase is being tried: try again in a second");
    else
        plk_call_err(call, err, NULL);
    return err == PLK_ERR_OK;
}

static struct plk_call *tried(void *ctx) {
    struct plk_api *api = ctx;
    struct plk_call *call = api->trying;
    api->trying = NULL;
    return call;
}

static void on_unlocked(void *ctx, const struct plk_fault *fault) {
    struct plk_call *call = tried(ctx);
    if (fault->kind == PLK_FAULT_NONE)
        plk_call_answer(call, json_pack("{s:b}", "done", 1));
    else
        plk_call_fault(call, fault);
}

void plk_method_unlock(struct plk_call *call) {
    if (plk_host_locked(call->host))
        starts_try(call, on_unlocked);
    else
        plk_call_err(call, PLK_ERR_INVALID, "the profile is not locked");
}

void plk_method_lock(struct plk_call *call) {
    struct plk_fault fault = {0};
    if (plk_host_lock(call->host, &fault) == PLK_FAULT_NONE)
        plk_call_answer(call, json_pack("{s:b}", "done", 1));
    else
        plk_call_fault(call, &fault);
}

// ---- the way in -------------------------------------------------------------------------------------------------------

static void let_in(struct plk_call *call) {
    char key[PLK_DOOR_KEY_LEN + 1];
    struct plk_profile_view view = {0};
    bool has = view_profile(call, &view);
    plk_door_key(&call->api->door, key);
    if (call->window) plk_window_let_in(call->owner);
    plk_call_answer(call,
                    json_pack("{s:s, s:s, s:b, s:o, s:o, s:s}", "key", key, "state", plk_method_state_word(call->host),
                              "encrypted", is_encrypted(call), "id", has ? plk_json_peer_id(view.peer_id) : json_null(),
                              "name", has ? plk_json_text(view.name) : json_null(), "version", call->api->version));
    plk_mem_wipe(key, sizeof key);
}

static void on_right(void *ctx, const struct plk_fault *fault) {
    struct plk_call *call = tried(ctx);
    if (fault->kind == PLK_FAULT_NONE)
        let_in(call);
    else
        plk_call_fault(call, fault);
}

void plk_method_login(struct plk_call *call) {
    struct plk_api *api = call->api;
    struct plk_bytes ticket = plk_call_text(call, "ticket"), key = plk_call_text(call, "key");
    if (json_object_size(call->params) != 1)
        plk_call_fail(call, PLK_CALL_PARAMS, "one of `ticket`, `key` and `passphrase`");
    else if (plk_call_has(call, "passphrase"))
        starts_try(call, on_right);
    else if (ticket.at != NULL && !plk_door_take(&api->door, plk_api_now_ms(api), ticket))
        plk_call_fail_named(call, PLK_CALL_LOGIN, "TICKET",
                            "this ticket was used before, or is older than a minute: run `peerlink open`");
    else if (key.at != NULL && !plk_door_knows(&api->door, key))
        plk_call_fail_named(call, PLK_CALL_LOGIN, "KEY", "this window is not known here: run `peerlink open`");
    else
        let_in(call);
}

void plk_method_ticket(struct plk_call *call) {
    struct plk_api *api = call->api;
    char ticket[PLK_DOOR_TICKET_LEN + 1], url[PLK_WEB_URL_MAX];
    if (api->web == NULL) {
        plk_call_err(call, PLK_ERR_UNSUPPORTED, "this node serves no page: start it with `peerlink up --web PORT`");
        return;
    }
    plk_door_ticket(&api->door, plk_api_now_ms(api), ticket);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/#ticket=%s", plk_web_port(api->web), ticket);
    plk_call_answer(call,
                    json_pack("{s:s, s:s, s:i}", "ticket", ticket, "url", url, "expires_s", PLK_DOOR_TICKET_MS / 1000));
}

void plk_method_ticket_used(struct plk_call *call) {
    bool used = plk_door_was_taken(&call->api->door, plk_call_text(call, "ticket"));
    plk_call_answer(call, json_pack("{s:b}", "used", used));
}
