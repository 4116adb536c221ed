// SPDX-License-Identifier: MIT
#include "sim/relayd.h"

#include <inttypes.h>
#include <stdlib.h>

#include "crypto/crypto.h"

#define BUNDLE_ROW (8 + PLK_QUEUE_CELL_SMALL) // of an overwritable cell: its sequence goes before it
#define MEMORY_MAX (UINT64_C(64) << 20)

static void *take(void *ctx, size_t len) {
    (void)ctx;
    return malloc(len);
}

static void give(void *ctx, void *at, size_t len) {
    (void)ctx, (void)len;
    free(at);
}

static void note(struct relayd *r, const char *kind, struct plk_bytes bytes, const char *what) {
    struct trace_entry entry = {world_now(r->world), r->machine->name, kind, bytes};
    trace_add(&r->world->trace, &entry, "%s", what);
}

// ---- outputs --------------------------------------------------------------------------------------------------------------

struct asked {
    uint32_t starts;
    uint64_t ticket;
    struct plk_addr found[2];
    size_t count;
};

static void input(struct relayd *r, const struct plk_input *in);

static void answer_asked(void *ctx, void *item) {
    struct relayd *r = ctx;
    const struct asked *asked = item;
    struct plk_input in = {.kind = PLK_IN_RESOLVED, .resolved = {asked->ticket, asked->found, asked->count}};
    if (asked->starts == r->starts) input(r, &in);
}

// Names of machines.
static void resolve(struct relayd *r, const struct plk_output *out) {
    struct world *w = r->world;
    struct asked *asked = calloc(1, sizeof *asked);
    if (!asked) abort();
    asked->starts = r->starts;
    asked->ticket = out->resolve.ticket;
    for (int i = 0; i < w->actor_count; i++) {
        const char *name = w->actors[i]->name;
        if (!plk_bytes_equal(out->resolve.host, plk_bytes(name, strlen(name)))) continue;
        for (uint8_t family = 6; family >= 4; family -= 2) {
            if (!net_address(w->net, i, family, &asked->found[asked->count])) continue;
            asked->found[asked->count++].port = out->resolve.port;
        }
    }
    note(r, "> resolve", out->resolve.host, "");
    agenda_at(w->agenda, world_now(w) + 5 * PLK_MS, answer_asked, r, asked);
}

static void carry_out(struct relayd *r, const struct plk_output *out) {
    struct net *net = r->world->net;
    int host = r->machine->index;
    char to[TRACE_ADDR_MAX];
    switch (out->kind) {
    case PLK_OUT_DATAGRAM:
        note(r, "> datagram", out->datagram.data, trace_addr(to, &out->datagram.to));
        net_datagram(net, host, &out->datagram.local, &out->datagram.to, out->datagram.data);
        break;
    case PLK_OUT_STREAM_OPEN:
        note(r, "> open", plk_bytes(NULL, 0), trace_addr(to, &out->stream_open.to));
        net_open(net, host, out->stream_open.stream, &out->stream_open.to);
        break;
    case PLK_OUT_RESOLVE:
        resolve(r, out);
        break;
    case PLK_OUT_STREAM_WRITE:
        note(r, "> write", out->stream_write.data, "");
        net_write(net, host, out->stream_write.stream, out->stream_write.data);
        break;
    case PLK_OUT_STREAM_CLOSE:
        note(r, "> close", plk_bytes(NULL, 0), "");
        net_close(net, host, out->stream_close.stream);
        break;
    case PLK_OUT_STORE:
        note(r, "> store", plk_bytes(NULL, 0), "");
        disk_store(r->machine->disk, out->store.n, out->store.ops);
        break;
    case PLK_OUT_LOAD: {
        struct disk_range range = {out->load.ticket, out->load.table, out->load.from,
                                   out->load.to,     out->load.limit, out->load.reverse};
        note(r, "> load", out->load.from, tables_name(out->load.table));
        disk_load(r->machine->disk, &range);
        break;
    }
    default:
        world_fail(r->world, "%s: a relay gives no output of kind %d", r->machine->name, (int)out->kind);
    }
}

struct alarm {
    uint32_t version;
};

static void wake(void *ctx, void *item) {
    struct relayd *r = ctx;
    struct alarm *alarm = item;
    struct plk_input tick = {.kind = PLK_IN_TICK};
    if (alarm->version != r->wake_version || !r->relay) return;
    uint64_t now_us = actor_now(r->machine).mono_us;
    r->ticks = now_us == r->tick_us ? r->ticks + 1 : 0;
    r->tick_us = now_us;
    if (r->ticks > ACTOR_TICKS_MAX) world_fail(r->world, "%s wants TICK after TICK at one instant", r->machine->name);
    input(r, &tick);
}

static void set_wake(struct relayd *r, uint64_t deadline_us) {
    uint64_t now_us = world_now(r->world), mono_us = actor_now(r->machine).mono_us;
    r->wake_version++;
    if (deadline_us == PLK_NEVER) return;
    struct alarm *alarm = malloc(sizeof *alarm);
    if (!alarm) abort();
    alarm->version = r->wake_version;
    agenda_at(r->world->agenda, deadline_us > mono_us ? now_us + (deadline_us - mono_us) : now_us, wake, r, alarm);
}

static void drain(struct relayd *r) {
    struct plk_output out;
    for (uint32_t n = 0;; n++) {
        plk_relay_poll(r->relay, actor_now(r->machine), &out);
        if (out.kind == PLK_OUT_WAIT) break;
        carry_out(r, &out);
        if (n > ACTOR_OUTPUTS_MAX) {
            world_fail(r->world, "%s never comes to WAIT", r->machine->name);
            return;
        }
    }
    if (r->mem.used > r->memory_peak) r->memory_peak = r->mem.used;
    if (r->mem.used > MEMORY_MAX) world_fail(r->world, "%s holds %zu bytes", r->machine->name, r->mem.used);
    set_wake(r, out.wait.deadline_us);
}

static void input(struct relayd *r, const struct plk_input *in) {
    static const char *const kinds[] = {"tick",     "datagram", "stream",  "stored", "store_state", "loaded",
                                        "resolved", "network",  "suspend", "resume", "command"};
    if (r->world->failed || !r->relay) return;
    note(r, "< input", in->kind == PLK_IN_DATAGRAM ? in->datagram.data : plk_bytes(NULL, 0), kinds[in->kind]);
    plk_relay_handle(r->relay, actor_now(r->machine), in);
    drain(r);
}

// ---- malice -----------------------------------------------------------------------------------------------------------------

// A cell that is about to be given to its owner: as it is, another one, changed, or none.
static struct plk_bytes tamper(struct relayd *r, struct plk_bytes cell, uint8_t *room) {
    struct dice *dice = &r->machine->dice;
    if (!r->loot) {
        r->loot = malloc(RELAYD_SEEN * PLK_QUEUE_CELL_MIDDLE);
        if (!r->loot) abort();
        world_bury(r->world, r->loot);
    }
    if (r->seen_count < RELAYD_SEEN && cell.len <= PLK_QUEUE_CELL_MIDDLE) {
        uint8_t *copy = r->loot + r->seen_count * PLK_QUEUE_CELL_MIDDLE;
        memcpy(copy, cell.at, cell.len);
        r->seen[r->seen_count++] = plk_bytes(copy, cell.len);
    }
    uint64_t what = dice_below(dice, 5);
    r->misdeeds += what < 3;
    if (what == 0 && r->seen_count > 0)
        return r->seen[dice_below(dice, r->seen_count)]; // an old one, perhaps of somebody else
    if (what == 1) {
        memcpy(room, cell.at, cell.len);
        room[dice_below(dice, cell.len)] ^= (uint8_t)(1u << dice_below(dice, 8));
        return plk_bytes(room, cell.len);
    }
    return what == 2 ? plk_bytes(NULL, 0) : cell;
}

// The row of an overwritable cell: as it is, an older one or another queue's, changed, or none.
static struct plk_bytes tamper_bundle(struct relayd *r, struct plk_bytes row, uint8_t *room) {
    struct dice *dice = &r->machine->dice;
    if (!r->bundles) {
        r->bundles = malloc(RELAYD_BUNDLES * BUNDLE_ROW);
        if (!r->bundles) abort();
        world_bury(r->world, r->bundles);
    }
    if (r->bundle_count < RELAYD_BUNDLES) memcpy(r->bundles + r->bundle_count++ * BUNDLE_ROW, row.at, BUNDLE_ROW);
    uint64_t what = dice_below(dice, 5);
    r->misdeeds += what < 3;
    if (what == 0) return plk_bytes(r->bundles + dice_below(dice, r->bundle_count) * BUNDLE_ROW, BUNDLE_ROW);
    if (what == 1) {
        memcpy(room, row.at, row.len);
        room[dice_below(dice, row.len)] ^= (uint8_t)(1u << dice_below(dice, 8));
        return plk_bytes(room, row.len);
    }
    return what == 2 ? plk_bytes(NULL, 0) : row;
}

static struct plk_bytes misuse(struct relayd *r, struct plk_bytes value, uint8_t *room) {
    bool bundle = value.len == BUNDLE_ROW;
    if (r->malice == RELAYD_TAMPERS) return bundle ? tamper_bundle(r, value, room) : tamper(r, value, room);
    if (bundle && r->malice == RELAYD_KEEPS_ITEMS) return value;
    r->misdeeds++;
    return plk_bytes(NULL, 0);
}

static void sink_input(void *ctx, const struct plk_input *in) {
    static uint8_t room[PLK_QUEUE_CELL_LARGE];
    struct relayd *r = ctx;
    size_t len = in->kind == PLK_IN_LOADED && in->loaded.count == 1 ? in->loaded.rows[0].value.len : 0;
    if (r->malice == RELAYD_HONEST || !(len == BUNDLE_ROW || plk_queue_is_cell_len(len))) {
        input(r, in);
        return;
    }
    struct plk_row row = in->loaded.rows[0];
    struct plk_input bad = *in;
    row.value = misuse(r, row.value, room);
    bad.loaded.rows = &row;
    bad.loaded.count = row.value.len > 0;
    input(r, &bad);
}

static void sink_broke(void *ctx, const char *what) {
    struct relayd *r = ctx;
    world_fail(r->world, "%s broke the contract: %s", r->machine->name, what);
}

// No person's name or text ever lies on a relay's disk.
static void sink_changed(void *ctx, enum plk_table table, struct plk_bytes key, struct plk_bytes before,
                         struct plk_bytes after) {
    struct relayd *r = ctx;
    size_t len = strlen(r->world->canary);
    (void)key, (void)before;
    for (size_t i = 0; i + len <= after.len; i++) {
        if (memcmp(after.at + i, r->world->canary, len) == 0) {
            world_fail(r->world, "%s keeps a text in %s", r->machine->name, tables_name(table));
        }
    }
}

// ---- the machine ------------------------------------------------------------------------------------------------------------

struct relayd *relayd_new(struct world *w, const char *name) {
    struct relayd *r = calloc(1, sizeof *r);
    if (!r) abort();
    r->world = w;
    r->machine = world_actor(w, name);
    r->machine->stranger = true; // the checks of people's packets are not for it
    r->mem = (struct plk_mem){.ctx = r, .take = take, .give = give};
    w->net->hosts[r->machine->index].sink = (struct net_sink){r, sink_input};
    r->machine->disk->sink = (struct disk_sink){r, sink_input, sink_broke, sink_changed};
    plk_relay_config_init(&r->config);
    r->config.mem = &r->mem;
    dice_bytes(&r->machine->dice, r->config.statics[0], 32);
    r->config.static_count = 1;
    plk_dh_public(r->static_public, r->config.statics[0]);
    for (unsigned i = 0; i < 2; i++) {
        r->config.listeners[i].addr = relayd_addr(r, i == 0 ? 4 : 6);
        r->config.listeners[i].stun_port = (uint16_t)(r->machine->port + 1);
    }
    r->config.listener_count = 2;
    return r;
}

struct plk_addr relayd_addr(const struct relayd *r, uint8_t family) {
    struct plk_addr addr = {0};
    if (!net_address(r->world->net, r->machine->index, family, &addr)) abort();
    addr.port = r->machine->port;
    return addr;
}

void relayd_tell(struct relayd *r, const struct relayd *other) {
    struct plk_relay_bootstrap *to = &r->config.bootstrap[r->config.bootstrap_count++];
    const char *name = other->machine->name;
    *to = (struct plk_relay_bootstrap){.host_len = (uint8_t)strlen(name), .port = other->machine->port};
    memcpy(to->host, name, to->host_len);
    memcpy(to->key, other->static_public, sizeof to->key);
    r->config.public = relayd_addr(r, 4);
}

void relayd_start(struct relayd *r) {
    if (r->relay || r->world->failed) return;
    uint16_t port = r->machine->port;
    note(r, "# start", plk_bytes(NULL, 0), "a relay");
    net_bind(r->world->net, r->machine->index, port, port, port);
    net_socket(r->world->net, r->machine->index, (uint16_t)(port + 1)); // of STUN
    dice_bytes(&r->machine->dice, r->config.entropy, sizeof r->config.entropy);
    r->relay = plk_relay_new(&r->config);
    r->starts++;
    struct plk_input tick = {.kind = PLK_IN_TICK};
    input(r, &tick);
}

static void end(struct relayd *r) {
    const struct plk_relay_counters *of = plk_relay_counters(r->relay);
#define ADD(name, what) r->counters.name += of->name;
    PLK_RELAY_COUNTER_LIST(ADD)
#undef ADD
    plk_relay_free(r->relay);
    r->relay = NULL;
    r->wake_version++;
    if (r->mem.used != 0) world_fail(r->world, "%s: its relay left %zu bytes behind", r->machine->name, r->mem.used);
}

void relayd_kill(struct relayd *r) {
    if (!r->relay) return;
    note(r, "# kill", plk_bytes(NULL, 0), "a relay");
    end(r);
    disk_crash(r->machine->disk);
    net_unbind(r->world->net, r->machine->index);
}

void relayd_lose_disk(struct relayd *r) {
    struct tables none = {0};
    relayd_kill(r);
    note(r, "# story", plk_bytes(NULL, 0), "loses its disk");
    disk_replace(r->machine->disk, &none);
}

void relayd_drain(struct relayd *r, uint32_t wait_ms) {
    plk_relay_drain(r->relay, wait_ms);
    drain(r);
}

void relayd_free(struct relayd *r) {
    if (!r) return;
    if (r->relay) end(r);
    world_bury(r->world, r);
}

void relayd_token(struct relayd *r, const uint8_t token[PLK_QUEUE_TOKEN_LEN], uint32_t queues) {
    plk_relay_token_new(r->relay, token, queues);
    drain(r);
}

void relayd_revoke(struct relayd *r, const uint8_t token[PLK_QUEUE_TOKEN_LEN]) {
    uint8_t hash[32];
    plk_relay_token_hash(hash, token);
    plk_relay_token_revoke(r->relay, hash);
    drain(r);
}

size_t relayd_rows(const struct relayd *r, enum plk_table table) { return r->machine->disk->durable.of[table].count; }

static bool holds(struct plk_bytes in, struct plk_bytes what) {
    for (size_t i = 0; i + what.len <= in.len; i++) {
        if (memcmp(in.at + i, what.at, what.len) == 0) return true;
    }
    return false;
}

bool relayd_disk_holds(const struct relayd *r, struct plk_bytes what) {
    for (size_t t = 0; t < PLK_TABLE_COUNT; t++) {
        const struct table *table = &r->machine->disk->durable.of[t];
        for (size_t i = 0; i < table->count; i++) {
            if (holds(tables_key(table->rows[i]), what) || holds(tables_value(table->rows[i]), what)) return true;
        }
    }
    return false;
}
