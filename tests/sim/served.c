// SPDX-License-Identifier: MIT
#include "sim/served.h"

#include <stdlib.h>

#include "crypto/crypto.h"
#include "sim/world.h"

#define TOKENS_MAX 64

static void *take(void *ctx, size_t len) {
    (void)ctx;
    return malloc(len);
}

static void give(void *ctx, void *at, size_t len) {
    (void)ctx, (void)len;
    free(at);
}

static void note(struct served *s, const char *kind, struct plk_bytes bytes) {
    struct trace_entry entry = {world_now(s->actor->world), s->actor->name, kind, bytes};
    trace_add(&s->actor->world->trace, &entry, "%s", "of the relay");
}

// ---- outputs --------------------------------------------------------------------------------------------------------------

static void handle(struct served *s, const struct plk_input *input);

static void carry_out(struct served *s, const struct plk_output *out) {
    struct net *net = s->actor->world->net;
    int host = s->actor->index;
    struct disk_range range;
    switch (out->kind) {
    case PLK_OUT_DATAGRAM:
        note(s, "> datagram", out->datagram.data);
        net_datagram(net, host, &out->datagram.local, &out->datagram.to, out->datagram.data);
        break;
    case PLK_OUT_STREAM_WRITE:
        note(s, "> write", out->stream_write.data);
        net_write(net, host, out->stream_write.stream, out->stream_write.data);
        break;
    case PLK_OUT_STREAM_CLOSE:
        plk_shared_port_close(&s->shared, out->stream_close.stream);
        net_close(net, host, out->stream_close.stream);
        break;
    case PLK_OUT_STORE:
        disk_store(s->disk, out->store.n, out->store.ops);
        break;
    case PLK_OUT_LOAD:
        range = (struct disk_range){out->load.ticket, out->load.table, out->load.from,
                                    out->load.to,     out->load.limit, out->load.reverse};
        disk_load(s->disk, &range);
        break;
    default:
        world_fail(s->actor->world, "%s: its relay gives no output of kind %d", s->actor->name, (int)out->kind);
    }
}

struct alarm {
    uint32_t version;
};

static void wake(void *ctx, void *item) {
    struct served *s = ctx;
    const struct alarm *alarm = item;
    struct plk_input tick = {.kind = PLK_IN_TICK};
    if (alarm->version == s->wake_version && s->relay) handle(s, &tick);
}

static void set_wake(struct served *s, uint64_t deadline_us) {
    uint64_t now_us = world_now(s->actor->world), mono_us = actor_now(s->actor).mono_us;
    s->wake_version++;
    if (deadline_us == PLK_NEVER) return;
    struct alarm *alarm = malloc(sizeof *alarm);
    if (!alarm) abort();
    alarm->version = s->wake_version;
    uint64_t in_us = deadline_us > mono_us ? deadline_us - mono_us : 0;
    agenda_at(s->actor->world->agenda, now_us + in_us, wake, s, alarm);
}

static void handle(struct served *s, const struct plk_input *input) {
    struct plk_output out;
    if (s->actor->world->failed || !s->relay) return;
    plk_relay_handle(s->relay, actor_now(s->actor), input);
    for (uint32_t n = 0; plk_relay_poll(s->relay, actor_now(s->actor), &out), out.kind != PLK_OUT_WAIT; n++) {
        carry_out(s, &out);
        if (n < ACTOR_OUTPUTS_MAX) continue;
        world_fail(s->actor->world, "%s: its relay never comes to WAIT", s->actor->name);
        return;
    }
    set_wake(s, out.wait.deadline_us);
}

// ---- inputs ---------------------------------------------------------------------------------------------------------------

static bool stream(struct served *s, const struct plk_input *input) {
    struct plk_shared_inputs inputs;
    plk_shared_port_stream(&s->shared, s->relay != NULL, input, &inputs);
    for (size_t i = 0; i < inputs.count; i++) {
        if (inputs.relays) {
            handle(s, &inputs.at[i]);
        } else if (s->actor->node) {
            actor_input(s->actor, &inputs.at[i]);
        }
    }
    return true;
}

bool served_input(struct served *s, const struct plk_input *input) {
    if (s == NULL) return false;
    if (input->kind == PLK_IN_STREAM) return stream(s, input);
    if (input->kind != PLK_IN_DATAGRAM || input->datagram.socket != 0 || !s->relay) return false;
    if (!plk_shared_port_is_relays(s->relay, input->datagram.data)) return false;
    handle(s, input);
    return true;
}

static void sink_input(void *ctx, const struct plk_input *input) { handle(ctx, input); }

static void sink_broke(void *ctx, const char *what) {
    struct served *s = ctx;
    world_fail(s->actor->world, "%s's relay broke the contract: %s", s->actor->name, what);
}

// No person's name or text ever lies on a relay's disk.
static void sink_changed(void *ctx, enum plk_table table, struct plk_bytes key, struct plk_bytes before,
                         struct plk_bytes after) {
    struct served *s = ctx;
    const char *canary = s->actor->world->canary;
    size_t len = strlen(canary);
    (void)key, (void)before;
    for (size_t i = 0; i + len <= after.len; i++) {
        if (memcmp(after.at + i, canary, len) != 0) continue;
        world_fail(s->actor->world, "%s's relay keeps a text in %s", s->actor->name, tables_name(table));
    }
}

// ---- beside the node --------------------------------------------------------------------------------------------------------

static void tell_tokens(struct served *s) {
    uint8_t tokens[TOKENS_MAX][PLK_NODE_SERVE_TOKEN_LEN];
    size_t count = 0, cursor = 0;
    while (count < TOKENS_MAX && plk_node_serve_token(s->actor->node, &cursor, tokens[count])) count++;
    s->events = s->actor->event_count;
    if (s->relay) plk_relay_contacts(s->relay, tokens[0], count);
}

void served_look(struct served *s) {
    if (s == NULL || s->actor->node == NULL || plk_node_state(s->actor->node) != PLK_NODE_READY) return;
    if (!s->told) {
        struct plk_input input = {.kind = PLK_IN_SERVE, .serve = {.on = s->relay != NULL}};
        memcpy(input.serve.key, s->public, sizeof input.serve.key);
        s->told = true;
        actor_input(s->actor, &input);
        tell_tokens(s);
    }
    if (s->events != s->actor->event_count) tell_tokens(s);
}

static void begin(struct served *s) {
    struct plk_relay_config config;
    plk_relay_config_init(&config);
    config.mem = &s->mem;
    dice_bytes(&s->actor->dice, config.entropy, sizeof config.entropy);
    memcpy(config.statics[0], s->secret, sizeof s->secret);
    config.static_count = 1;
    s->relay = plk_relay_new(&config);
    s->told = false;
    struct plk_input tick = {.kind = PLK_IN_TICK};
    handle(s, &tick);
}

static void end(struct served *s) {
    struct net *net = s->actor->world->net;
    uint32_t number;
    if (!s->relay) return;
    plk_relay_free(s->relay);
    s->relay = NULL;
    s->wake_version++;
    while (plk_shared_port_take(&s->shared, &number)) net_close(net, s->actor->index, number);
    s->told = false;
}

void served_start(struct served *s) {
    if (s != NULL && s->wanted) begin(s);
}

void served_kill(struct served *s) {
    if (s == NULL) return;
    end(s);
    plk_shared_port_free(&s->shared);
    disk_crash(s->disk);
    if (s->mem.used != 0)
        world_fail(s->actor->world, "%s: its relay left %zu bytes behind", s->actor->name, s->mem.used);
}

void served_free(struct served *s) {
    if (s == NULL) return;
    end(s);
    plk_shared_port_free(&s->shared);
    disk_free(s->disk);
    free(s);
}

struct served *served_of(struct actor *a) {
    if (a->served) return a->served;
    struct served *s = calloc(1, sizeof *s);
    if (!s) abort();
    s->actor = a;
    s->mem = (struct plk_mem){.ctx = s, .take = take, .give = give};
    struct disk_sink sink = {s, sink_input, sink_broke, sink_changed};
    s->disk = disk_new(a->world->agenda, dice(a->world->seed, "served", (uint64_t)a->index), &sink, &a->world->speed);
    struct dice own = dice(a->world->seed, "served key", (uint64_t)a->index);
    dice_bytes(&own, s->secret, sizeof s->secret);
    plk_dh_public(s->public, s->secret);
    plk_shared_port_init(&s->shared, &s->mem);
    return a->served = s;
}

void served_set(struct actor *a, bool on) {
    struct served *s = served_of(a);
    if (s->wanted == on) return;
    s->wanted = on;
    if (!on) {
        if (s->relay) plk_relay_drain(s->relay, 60000);
        struct plk_input tick = {.kind = PLK_IN_TICK};
        handle(s, &tick);
        while (!disk_idle(s->disk) && world_run_for(a->world, PLK_MS)) continue;
        end(s);
        disk_crash(s->disk); // nothing is lost: another process may begin
    } else if (a->node) {
        begin(s);
    }
    served_look(s);
}

size_t served_rows(const struct actor *a, enum plk_table table) {
    return a->served ? a->served->disk->durable.of[table].count : 0;
}
