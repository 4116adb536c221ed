// SPDX-License-Identifier: MIT
#include "acts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/entropy.h"
#include "host/memory.h"

#define ID_LEN 64 // hex digits of a whole hash

// An act that waits for the store.
struct waiting {
    struct plk_acts acts;
    plk_acts_answer *answer;
    void *ctx;
    json_t *result; // to be
    uint8_t hash[32];
    char id[ID_LEN + 1]; // revoke: as asked for
    size_t matches;
};

static void hex(char out[ID_LEN + 1], const uint8_t hash[32]) {
    for (size_t i = 0; i < 32; i++) snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static json_t *short_id(const uint8_t hash[32]) {
    char id[ID_LEN + 1];
    hex(id, hash);
    return json_stringn(id, PLK_ACTS_ID_MIN);
}

static json_t *failure(const char *format, ...) __attribute__((format(printf, 1, 2)));
static json_t *failure(const char *format, ...) {
    char line[160];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return json_pack("{s:s}", "error", line);
}

static struct waiting *begin(const struct plk_acts *acts, plk_acts_answer *answer, void *ctx) {
    struct waiting *w = plk_memory_take(sizeof *w);
    w->acts = *acts;
    w->answer = answer;
    w->ctx = ctx;
    return w;
}

static void end(struct waiting *w, json_t *answer) {
    if (answer != w->result) json_decref(w->result);
    w->answer(w->ctx, answer);
    plk_memory_give(w, sizeof *w);
}

static json_t *err_failure(enum plk_err err) { return failure("%s", plk_err_text(err)); }

// Done, as far as the store goes.
static void done(void *ctx, enum plk_err err) {
    struct waiting *w = ctx;
    end(w, err == PLK_ERR_OK ? w->result : err_failure(err));
}

// ---- names ------------------------------------------------------------------------------------------------------------

bool plk_acts_name(const char *address, const uint8_t key[32], const uint8_t *token,
                   char out[PLK_RELAY_NAME_TEXT_MAX + 1]) {
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address) return false;
    size_t host_len = (size_t)(colon - address);
    bool brackets = address[0] == '[' && colon[-1] == ']';
    struct plk_relay_name name = {.port = (uint16_t)strtoul(colon + 1, NULL, 10)};
    name.host = brackets ? plk_bytes(address + 1, host_len - 2) : plk_bytes(address, host_len);
    memcpy(name.key, key, sizeof name.key);
    if (token != NULL) {
        name.flags = PLK_RELAY_NAME_TOKEN;
        memcpy(name.token, token, sizeof name.token);
    }
    size_t len;
    plk_relay_name_encode(&name, out, &len);
    out[len] = '\0';
    return true;
}

// ---- tokens -----------------------------------------------------------------------------------------------------------

static void token_new(const struct plk_acts *acts, const json_t *request, plk_acts_answer *answer, void *ctx) {
    json_int_t queues = json_integer_value(json_object_get(request, "queues"));
    char name[PLK_RELAY_NAME_TEXT_MAX + 1];
    uint8_t token[PLK_QUEUE_TOKEN_LEN];
    if (queues < 0 || queues > UINT32_MAX) {
        answer(ctx, failure("a token is good for 0 (any number) to %u queues", UINT32_MAX));
        return;
    }
    plk_entropy_bytes(token, sizeof token);
    if (acts->address == NULL || !plk_acts_name(acts->address, plk_relay_host_key(acts->host), token, name)) {
        answer(ctx, failure("this relay has never run: start it once, so that its address is known"));
        return;
    }
    struct waiting *w = begin(acts, answer, ctx);
    plk_relay_token_hash(w->hash, token);
    w->result = json_pack("{s:o, s:s, s:I}", "id", short_id(w->hash), "name", name, "queues", queues);
    enum plk_err err = plk_relay_host_token_new(acts->host, token, (uint32_t)queues, done, w);
    plk_mem_wipe(token, sizeof token);
    plk_mem_wipe(name, sizeof name);
    if (err != PLK_ERR_OK) end(w, err_failure(err));
}

static void listed(void *ctx, const struct plk_relay_host_token *token) {
    struct waiting *w = ctx;
    if (token == NULL) {
        end(w, w->result);
        return;
    }
    json_array_append_new(json_object_get(w->result, "tokens"),
                          json_pack("{s:o, s:I, s:I, s:b, s:b}", "id", short_id(token->hash), "queues",
                                    (json_int_t)token->allowed, "made", (json_int_t)token->made, "guest", token->guest,
                                    "revoked", token->revoked));
}

static void token_list(const struct plk_acts *acts, plk_acts_answer *answer, void *ctx) {
    struct waiting *w = begin(acts, answer, ctx);
    w->result = json_pack("{s:[]}", "tokens");
    enum plk_err err = plk_relay_host_token_list(acts->host, listed, w);
    if (err != PLK_ERR_OK) end(w, err_failure(err));
}

// Which token is meant: the one that begins so.
static void found(void *ctx, const struct plk_relay_host_token *token) {
    struct waiting *w = ctx;
    char id[ID_LEN + 1];
    if (token != NULL) {
        hex(id, token->hash);
        if (strncmp(id, w->id, strlen(w->id)) != 0) return;
        memcpy(w->hash, token->hash, sizeof w->hash);
        w->matches++;
        return;
    }
    if (w->matches != 1) {
        end(w, w->matches == 0 ? failure("there is no token %s", w->id)
                               : failure("%zu tokens begin with %s: say more of it", w->matches, w->id));
        return;
    }
    w->result = json_pack("{s:o}", "id", short_id(w->hash));
    enum plk_err err = plk_relay_host_token_revoke(w->acts.host, w->hash, done, w);
    if (err != PLK_ERR_OK) end(w, err_failure(err));
}

static void token_revoke(const struct plk_acts *acts, const json_t *request, plk_acts_answer *answer, void *ctx) {
    const char *id = json_string_value(json_object_get(request, "id"));
    size_t len = id == NULL ? 0 : strlen(id);
    if (len < PLK_ACTS_ID_MIN || len > ID_LEN || strspn(id, "0123456789abcdef") != len) {
        answer(ctx, failure("a token's id is %d or more hex digits, as `token list` shows them", PLK_ACTS_ID_MIN));
        return;
    }
    struct waiting *w = begin(acts, answer, ctx);
    memcpy(w->id, id, len + 1);
    enum plk_err err = plk_relay_host_token_list(acts->host, found, w);
    if (err != PLK_ERR_OK) end(w, err_failure(err));
}

// ---- status -----------------------------------------------------------------------------------------------------------

static json_t *status(const struct plk_acts *acts) {
    const struct plk_relay *relay = plk_relay_host_relay(acts->host);
    const struct plk_relay_counters *counters = plk_relay_counters(relay);
    struct plk_relay_state view = plk_relay_state(relay);
    char name[PLK_RELAY_NAME_TEXT_MAX + 1] = "";
    if (acts->address != NULL) plk_acts_name(acts->address, plk_relay_host_key(acts->host), NULL, name);
    json_t *counts = json_object();
#define COUNTER(field, what) json_object_set_new(counts, #field, json_integer((json_int_t)counters->field));
    PLK_RELAY_COUNTER_LIST(COUNTER)
#undef COUNTER
    return json_pack("{s:s, s:I, s:I, s:o, s:I, s:b, s:o}", "name", name, "clients", (json_int_t)view.clients, "queues",
                     (json_int_t)view.queues, "stored_bytes",
                     view.stored_known ? json_integer((json_int_t)view.stored_bytes) : json_null(), "memory",
                     (json_int_t)view.memory, "stalled", plk_relay_host_stalled(acts->host), "counters", counts);
}

void plk_acts_ask(const struct plk_acts *acts, const json_t *request, plk_acts_answer *answer, void *ctx) {
    const char *act = json_string_value(json_object_get(request, "act"));
    if (act != NULL && strcmp(act, "token.new") == 0) {
        token_new(acts, request, answer, ctx);
    } else if (act != NULL && strcmp(act, "token.list") == 0) {
        token_list(acts, answer, ctx);
    } else if (act != NULL && strcmp(act, "token.revoke") == 0) {
        token_revoke(acts, request, answer, ctx);
    } else if (act != NULL && strcmp(act, "status") == 0) {
        answer(ctx, status(acts));
    } else {
        answer(ctx, failure("there is no such act"));
    }
}
