// SPDX-License-Identifier: MIT
#include "sim/actor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/actor_out.h"
#include "sim/nat_igd.h"
#include "sim/served.h"
#include "sim/world.h"

// ---- memory and clock -------------------------------------------------------------------------------------------------

static void *take(void *ctx, size_t len) {
    (void)ctx;
    return malloc(len);
}

static void give(void *ctx, void *at, size_t len) {
    (void)ctx, (void)len;
    free(at);
}

struct plk_now actor_now(const struct actor *a) {
    uint64_t now_us = world_now(a->world);
    uint64_t wall_ms = WORLD_EPOCH_MS + now_us / PLK_MS + (uint64_t)a->wall_offset_ms;
    return (struct plk_now){.mono_us = now_us + a->mono_base_us, .wall_ms = wall_ms};
}

// ---- birth ------------------------------------------------------------------------------------------------------------

static void sink_input(void *ctx, const struct plk_input *input) {
    struct actor *a = ctx;
    struct plk_input in = *input;
    if (in.kind == PLK_IN_DATAGRAM) in.datagram.socket = actor_socket_by(a, in.datagram.to.port);
    if (a->node && !served_input(a->served, &in)) actor_input(a, &in);
}

static void sink_broke(void *ctx, const char *what) {
    struct actor *a = ctx;
    world_fail(a->world, "%s broke the contract: %s", a->name, what);
}

static void sink_changed(void *ctx, enum plk_table table, struct plk_bytes key, struct plk_bytes before,
                         struct plk_bytes after) {
    struct actor *a = ctx;
    check_changed(a->world->check, a, table, key, before, after);
}

struct actor *actor_new(struct world *world, int index, const char *name) {
    struct actor *a = calloc(1, sizeof *a);
    if (!a) abort();
    a->world = world;
    a->index = a->site = index;
    snprintf(a->name, sizeof a->name, "%s", name);
    a->dice = dice(world->seed, "actor", (uint64_t)index);
    struct disk_sink disk_sink = {a, sink_input, sink_broke, sink_changed};
    a->disk = disk_new(world->agenda, dice(world->seed, "disk", (uint64_t)index), &disk_sink, &world->speed);
    a->mem = (struct plk_mem){.ctx = a, .take = take, .give = give};
    a->port = (uint16_t)(40000 + 17 * index);
    a->allow_udp = a->allow_tcp = a->has4 = a->has6 = true;
    a->mono_base_us = dice_between(&a->dice, PLK_MINUTE, 30 * PLK_DAY);
    a->wall_offset_ms = (int64_t)dice_below(&a->dice, 4000) - 2000;
    a->wake_us = PLK_NEVER;
    a->next_ticket = 1;
    net_add_host(world->net, (struct net_sink){a, sink_input}, &world->quality);
    actor_go(a, 0, 0);
    return a;
}

static void forget_process(struct actor *a) {
    a->pending_count = a->stream_count = a->socket_count = 0;
    a->last_event = 0;
    a->wake_us = PLK_NEVER;
    a->wake_version++;
}

static void free_node(struct actor *a) {
    const struct plk_counters *of = plk_node_counters(a->node);
#define ADD(name, what) a->counters.name += of->name;
    PLK_COUNTER_LIST(ADD)
#undef ADD
    plk_node_free(a->node);
    a->node = NULL;
    if (a->mem.used != 0) world_fail(a->world, "%s: its node left %zu bytes behind", a->name, a->mem.used);
}

void actor_free(struct actor *a) {
    if (!a) return;
    if (a->node) free_node(a);
    served_free(a->served);
    for (size_t i = 0; i < a->result_count; i++) free(a->results[i].text);
    free(a->pending);
    free(a->results);
    free(a->events);
    free(a->streams);
    tables_free(&a->saved);
    disk_free(a->disk);
    free(a);
}

// ---- places -----------------------------------------------------------------------------------------------------------

// A prefix of its own for each actor and place, so that no two are neighbours unless a story makes them so.
static struct plk_interface face4(int index, int place) {
    struct plk_interface face = {.prefix_bits = 24};
    face.addr.family = 4;
    uint8_t ip[4] = {45, (uint8_t)(10 + index), (uint8_t)(1 + place), 10};
    memcpy(face.addr.ip, ip, sizeof ip);
    return face;
}

static struct plk_interface face6(int index, int place) {
    struct plk_interface face = {.prefix_bits = 64};
    face.addr.family = 6;
    uint8_t ip[16] = {0x20, 0x01, 0x0d, 0xb8, 0, (uint8_t)(10 + index), 0, (uint8_t)(1 + place)};
    ip[15] = 0x10;
    memcpy(face.addr.ip, ip, sizeof ip);
    return face;
}

void actor_go(struct actor *a, int place4, int place6) {
    struct plk_interface faces[2];
    size_t count = 0;
    bool lan = a->nat && !a->nat->is.firewall;
    if (a->has4) faces[count++] = lan ? nat_face(a->nat, a->index, place4) : face4(a->site, place4);
    if (a->has6) faces[count++] = face6(a->site, place6);
    a->place4 = place4;
    a->place6 = place6;
    net_move_behind(a->world->net, a->index, a->nat ? a->nat->gateway : NET_OPEN);
    net_set_faces(a->world->net, a->index, faces, count);
    a->moved_asleep = a->asleep;
    if (a->node && !a->asleep) actor_network(a);
}

void actor_network(struct actor *a) {
    const struct net_host *h = &a->world->net->hosts[a->index];
    struct plk_input in = {.kind = PLK_IN_NETWORK};
    in.network.interfaces = h->faces;
    in.network.count = h->face_count;
    in.network.udp4_port = h->udp4_port;
    in.network.udp6_port = h->udp6_port;
    in.network.tcp_port = h->tcp_port;
    struct plk_gateway gateways[NET_FACES_MAX];
    in.network.beacon = true;
    in.network.gateways = gateways;
    for (size_t i = 0; a->nat && i < h->face_count; i++) {
        uint8_t family = h->faces[i].addr.family;
        if (family == 4 && a->nat->is.firewall) continue; // its router is an address of the provider's
        gateways[in.network.gateway_count++] =
            (struct plk_gateway){.addr = nat_igd_inside(a->nat, family), .local = h->faces[i].addr};
    }
    actor_input(a, &in);
}

// ---- process ------------------------------------------------------------------------------------------------------------

void actor_start(struct actor *a) {
    plk_assert(!a->node);
    struct plk_node_config config = {.mem = &a->mem, .allow_tcp = a->allow_tcp, .allow_udp = a->allow_udp};
    dice_bytes(&a->dice, config.entropy, sizeof config.entropy);
    uint16_t udp = a->allow_udp ? a->port : 0, tcp = a->allow_tcp ? a->port : 0;
    net_bind(a->world->net, a->index, udp, udp, tcp);
    a->starts++;
    struct trace_entry entry = {world_now(a->world), a->name, "# start", plk_bytes(NULL, 0)};
    trace_add(&a->world->trace, &entry, "process %u", (unsigned)a->starts);
    a->node = plk_node_new(&config);
    actor_drain(a);
    served_start(a->served);
    actor_network(a);
}

void actor_kill(struct actor *a) {
    if (!a->node) return;
    struct trace_entry entry = {world_now(a->world), a->name, "# kill", plk_bytes(NULL, 0)};
    trace_add(&a->world->trace, &entry, "%zu batches not yet durable", a->disk->batches);
    free_node(a);
    served_kill(a->served);
    forget_process(a);
    disk_crash(a->disk);
    net_unbind(a->world->net, a->index);
    a->asleep = false;
    net_sleep(a->world->net, a->index, false);
    disk_sleep(a->disk, false);
}

void actor_suspend(struct actor *a) {
    if (!a->node || a->asleep) return;
    struct plk_input in = {.kind = PLK_IN_SUSPEND};
    uint64_t before = a->world->net->sent;
    actor_input(a, &in);
    if (a->world->net->sent - before > ACTOR_SUSPEND_MAX) {
        world_fail(a->world, "%s sent %" PRIu64 " packets when told to sleep", a->name, a->world->net->sent - before);
    }
    a->asleep = true;
    net_sleep(a->world->net, a->index, true);
    disk_sleep(a->disk, true);
}

void actor_resume(struct actor *a) {
    if (!a->asleep) return;
    a->asleep = false;
    net_sleep(a->world->net, a->index, false);
    disk_sleep(a->disk, false);
    struct plk_input in = {.kind = PLK_IN_RESUME};
    dice_bytes(&a->dice, in.resume.entropy, sizeof in.resume.entropy);
    actor_input(a, &in);
}

// ---- inputs -------------------------------------------------------------------------------------------------------------

static void note_stream(struct actor *a, const struct plk_input *in) {
    struct actor_stream *s = actor_stream_of(a, in->stream.stream);
    if (in->stream.event == PLK_STREAM_ACCEPTED) actor_stream_begins(a, in->stream.stream, in->stream.writable);
    if (s && (in->stream.event == PLK_STREAM_OPENED || in->stream.event == PLK_STREAM_WRITABLE))
        s->room = in->stream.writable;
    if (in->stream.event == PLK_STREAM_CLOSED) actor_stream_ends(a, in->stream.stream);
}

void actor_input(struct actor *a, const struct plk_input *input) {
    if (a->world->failed) return;
    actor_trace_input(a, input);
    if (input->kind == PLK_IN_STREAM) note_stream(a, input);
    plk_node_handle(a->node, actor_now(a), input);
    actor_drain(a);
}

uint64_t actor_command(struct actor *a, const struct plk_command *command) {
    struct plk_input in = {.kind = PLK_IN_COMMAND, .command = *command};
    struct plk_bytes text = command->kind == PLK_CMD_SEND ? command->text : command->note;
    bool writes = (command->kind == PLK_CMD_SEND || command->kind == PLK_CMD_ADD) && text.len;
    in.command.ticket = a->next_ticket++;
    a->pending = actor_grown(a->pending, a->pending_count, &a->pending_cap, sizeof *a->pending);
    struct actor_command *p = &a->pending[a->pending_count++];
    *p = (struct actor_command){in.command.ticket, command->kind, writes ? check_hash(text) : 0};
    check_command(a->world->check, a, p);
    actor_input(a, &in);
    return in.command.ticket;
}

const struct actor_result *actor_result(const struct actor *a, uint64_t ticket) {
    for (size_t i = a->result_count; i-- > 0;) {
        if (a->results[i].ticket == ticket) return &a->results[i];
    }
    return NULL;
}
