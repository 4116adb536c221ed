// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "api/base64.h"
#include "api/client.h"
#include "api/web.h"
#include "api/json.h"
#include "contact/persona.h"
#include "host/upnp.h"
#include "contact/profile.h"

// ---- status ---------------------------------------------------------------------------------------------------------

static json_t *presence_list(const struct plk_node *node) {
    json_t *list = json_array();
    struct plk_contact_view view;
    if (node == NULL) return list;
    for (uint32_t cursor = 0; plk_node_next_contact(node, &cursor, &view);) {
        json_t *object =
            json_pack("{s:o, s:o, s:I, s:I, s:b}", "name", plk_json_text(plk_bytes(view.row.name, view.row.name_len)),
                      "id", plk_json_peer_id(view.row.peer_id), "undelivered", (json_int_t)view.undelivered,
                      "last_seen_ms", (json_int_t)view.last_seen_ms, "damaged", view.damaged);
        plk_json_presence(object, &view);
        json_array_append_new(list, object);
    }
    return list;
}

static const char *mapping_word(enum plk_mapping_by by) {
    return by == PLK_MAPPING_UPNP ? "upnp" : by == PLK_MAPPING_NATPMP ? "nat-pmp" : "pcp";
}

static json_t *mapped_object(const struct plk_mapping *mapping) {
    bool global = plk_addr_class(&mapping->external) == PLK_ADDR_GLOBAL;
    return json_pack("{s:s, s:s, s:o, s:o, s:b}", "protocol", mapping_word(mapping->by), "transport",
                     plk_json_transport(mapping->transport), "internal", plk_json_addr(&mapping->internal), "external",
                     plk_json_addr(&mapping->external), "global", global);
}

static json_t *nat_object(struct plk_host *host) {
    struct plk_nat_view view = {.count = 0};
    json_t *list = json_array(), *mapped = json_array();
    if (plk_host_node(host) != NULL) plk_node_nat(plk_host_node(host), &view);
    for (unsigned i = 0; i < view.count; i++) json_array_append_new(list, plk_json_addr(&view.seen[i]));
    for (unsigned i = 0; i < view.mapped_count; i++) json_array_append_new(mapped, mapped_object(&view.mapped[i]));
    return json_pack("{s:s, s:s, s:o, s:o, s:b}", "mapping", plk_nat_behavior_word(view.mapping), "filtering",
                     plk_nat_behavior_word(view.filtering), "public", list, "mapped", mapped, "upnp",
                     plk_upnp_is_built());
}

const char *plk_method_state_word(struct plk_host *host) {
    if (plk_host_locked(host)) return "locked";
    switch (plk_node_state(plk_host_node(host))) {
    case PLK_NODE_LOADING:
        return "loading";
    case PLK_NODE_EMPTY:
        return "empty";
    case PLK_NODE_READY:
        return "ready";
    case PLK_NODE_CORRUPT:
        return "corrupt";
    }
    return "loading";
}

void plk_method_status(struct plk_call *call) {
    const struct plk_node *node = plk_host_node(call->host);
    struct plk_profile_view profile = {0};
    struct plk_host_status status = {0};
    bool has_profile = node != NULL && plk_node_profile(node, &profile) == PLK_ERR_OK;
    plk_host_status(call->host, &status);
    json_t *ports =
        json_pack("{s:i, s:i, s:i}", "udp4", status.udp4_port, "udp6", status.udp6_port, "tcp", status.tcp_port);
    json_t *object =
        json_pack("{s:s, s:o, s:s, s:o, s:o, s:b, s:b, s:I, s:I, s:o, s:o, s:o, s:o}", "state",
                  plk_method_state_word(call->host), "web", plk_web_address(call->api), "version", call->api->version,
                  "home", plk_json_text(plk_bytes_text(plk_host_home(call->host))), "socket",
                  plk_json_text(plk_bytes_text(plk_api_socket(call->api))), "encrypted", status.encrypted, "stalled",
                  status.stalled, "last_event", (json_int_t)(has_profile ? profile.last_event : 0), "unindexed",
                  (json_int_t)status.unindexed, "ports", ports, "nat", nat_object(call->host), "relays",
                  node != NULL ? plk_json_relays(node) : json_array(), "contacts", presence_list(node));
    json_object_set_new(object, "serve", plk_method_serve_object(call->host));
    json_object_set_new(object, "id", has_profile ? plk_json_peer_id(profile.peer_id) : json_null());
    json_object_set_new(object, "name", has_profile ? plk_json_text(profile.name) : json_null());
    plk_call_answer(call, object);
}

void plk_method_down(struct plk_call *call) {
    struct plk_api *api = call->api;
    plk_call_answer(call, json_pack("{s:b}", "done", 1));
    // The answer is written before the loop stops: plk_api_close flushes.
    api->down(api->ctx);
}

void plk_method_discover(struct plk_call *call) { plk_call_answer(call, plk_method_openrpc()); }

// ---- profile --------------------------------------------------------------------------------------------------------

// From the store: the row that the core wrote, read with the core's own decoder.
static enum plk_err stored_id(struct plk_history *history, json_t **id, json_t **name) {
    uint8_t row[PLK_PROFILE_ROW_MAX];
    size_t len = 0;
    struct plk_profile profile = {0};
    struct plk_persona persona = {0};
    enum plk_err err = plk_history_row(history, PLK_TABLE_profile, plk_bytes_text("p"), row, sizeof row, &len);
    if (err == PLK_ERR_OK) err = plk_profile_decode(plk_bytes(row, len), &profile);
    if (err == PLK_ERR_OK) {
        plk_persona_derive(&persona, profile.seed);
        *id = plk_json_peer_id(persona.peer_id);
        *name = plk_json_text(plk_profile_name(&profile));
    }
    plk_mem_wipe(row, sizeof row);
    plk_mem_wipe(&profile, sizeof profile);
    plk_mem_wipe(&persona, sizeof persona);
    return err == PLK_ERR_NOT_FOUND ? PLK_ERR_NO_PROFILE : err;
}

void plk_method_id(struct plk_call *call) {
    struct plk_profile_view profile = {0};
    json_t *id = NULL, *name = NULL;
    enum plk_err err = call->host != NULL ? plk_node_profile(plk_host_node(call->host), &profile)
                                          : stored_id(call->history, &id, &name);
    if (err == PLK_ERR_OK && call->host != NULL) {
        id = plk_json_peer_id(profile.peer_id);
        name = plk_json_text(profile.name);
    }
    if (err == PLK_ERR_OK)
        plk_call_answer(call, json_pack("{s:o, s:o}", "id", id, "name", name));
    else
        plk_call_err(call, err, NULL);
}

static void answer_profile(struct plk_call *call) {
    struct plk_profile_view profile = {0};
    enum plk_err err = plk_node_profile(plk_host_node(call->host), &profile);
    if (err != PLK_ERR_OK) {
        plk_call_err(call, err, NULL);
        return;
    }
    uint8_t mark[PLK_AVATAR_MARK_LEN];
    plk_profile_avatar_mark(mark, profile.avatar);
    plk_call_answer(call, json_pack("{s:o, s:o, s:o, s:o}", "id", plk_json_peer_id(profile.peer_id), "name",
                                    plk_json_text(profile.name), "about", plk_json_text(profile.about), "avatar",
                                    plk_json_avatar_mark(plk_bytes(mark, profile.avatar.len > 0 ? sizeof mark : 0))));
}

static void on_profile(struct plk_call *call, const struct plk_output *output) {
    if (output->result.err == PLK_ERR_OK)
        answer_profile(call);
    else if (output->result.err == PLK_ERR_INVALID)
        plk_call_err(call, PLK_ERR_INVALID,
                     "a name or about text cannot have control characters or spaces at its ends");
    else if (output->result.err == PLK_ERR_EMPTY)
        plk_call_err(call, PLK_ERR_EMPTY, "the name is empty");
    else if (output->result.err == PLK_ERR_TOO_LONG)
        plk_call_err(call, PLK_ERR_TOO_LONG, "too long: a name has at most %d bytes, an about text %d", PLK_NAME_MAX,
                     PLK_ABOUT_MAX);
    else
        plk_call_err(call, output->result.err, NULL);
}

void plk_method_profile(struct plk_call *call) {
    struct plk_bytes name = plk_call_text(call, "name"), about = plk_call_text(call, "about");
    uint8_t *at;
    struct plk_command command = {.kind = PLK_CMD_PROFILE, .name = name, .about = about};
    if (!plk_method_avatar_param(call, &at, &command.data)) return;
    if (name.at == NULL && about.at == NULL && command.data.at == NULL)
        answer_profile(call);
    else
        plk_call_command(call, &command, on_profile);
    free(at);
}

// ---- words and backup -----------------------------------------------------------------------------------------------

void plk_method_words(struct plk_call *call) {
    char words[PLK_WORDS_MAX];
    size_t len = 0;
    enum plk_err err = plk_node_words(plk_host_node(call->host), words, sizeof words, &len);
    if (err == PLK_ERR_OK)
        plk_call_answer(call, json_pack("{s:s%}", "words", words, len));
    else
        plk_call_err(call, err, NULL);
    plk_mem_wipe(words, sizeof words);
}

static void on_backup(struct plk_call *call, const struct plk_output *output) {
    if (output->result.err != PLK_ERR_OK) {
        plk_call_err(call, output->result.err, NULL);
        return;
    }
    struct plk_bytes sealed = output->result.text;
    size_t len = PLK_BASE64_TEXT_LEN(sealed.len);
    char *text = malloc(len + 1);
    plk_assert(text != NULL);
    plk_base64_encode(text, sealed);
    plk_call_answer(call, json_pack("{s:s%}", "backup", text, len));
    free(text);
}

void plk_method_backup(struct plk_call *call) {
    plk_call_command(call, &(struct plk_command){.kind = PLK_CMD_BACKUP}, on_backup);
}
