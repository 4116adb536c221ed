// SPDX-License-Identifier: MIT
#include "sim/actor_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/served.h"
#include "sim/world.h"

// Room for one more at the end of an array that grows.
void *actor_grown(void *array, size_t count, size_t *cap, size_t size) {
    if (count < *cap) return array;
    *cap = *cap ? 2 * *cap : 16;
    void *at = realloc(array, *cap * size);
    if (!at) abort();
    return at;
}

// ---- streams ----------------------------------------------------------------------------------------------------------

struct actor_stream *actor_stream_of(struct actor *a, uint32_t stream) {
    for (size_t i = 0; i < a->stream_count; i++) {
        if (a->streams[i].stream == stream) return &a->streams[i];
    }
    return NULL;
}

void actor_stream_begins(struct actor *a, uint32_t stream, size_t room) {
    a->streams = actor_grown(a->streams, a->stream_count, &a->stream_cap, sizeof *a->streams);
    a->streams[a->stream_count++] = (struct actor_stream){stream, room};
}

void actor_stream_ends(struct actor *a, uint32_t stream) {
    struct actor_stream *s = actor_stream_of(a, stream);
    if (s) *s = a->streams[--a->stream_count];
}

// ---- sockets ----------------------------------------------------------------------------------------------------------

uint32_t actor_socket_by(const struct actor *a, uint16_t port) {
    for (size_t i = 0; i < a->socket_count; i++) {
        if (a->sockets[i].port == port) return a->sockets[i].socket;
    }
    return 0;
}

static struct actor_socket *socket_of(struct actor *a, uint32_t socket) {
    for (size_t i = 0; i < a->socket_count; i++) {
        if (a->sockets[i].socket == socket) return &a->sockets[i];
    }
    return NULL;
}

static void out_socket(struct actor *a, const struct plk_output *out) {
    bool opens = out->kind == PLK_OUT_SOCKET_OPEN;
    struct trace_entry e = {world_now(a->world), a->name, opens ? "> socket" : "> no socket", plk_bytes(NULL, 0)};
    struct actor_socket *s = socket_of(a, out->socket.socket);
    trace_add(&a->world->trace, &e, "%08x", (unsigned)out->socket.socket);
    if (opens == (s != NULL) || out->socket.socket == 0 || (opens && a->socket_count == ACTOR_SOCKETS_MAX)) {
        world_fail(a->world, "%s: socket %08x cannot be opened or closed now", a->name, (unsigned)out->socket.socket);
    } else if (opens) {
        uint16_t port = (uint16_t)(ACTOR_SOCKETS_LOW + a->next_socket++ % 10000);
        a->sockets[a->socket_count++] = (struct actor_socket){out->socket.socket, port};
        net_socket(a->world->net, a->index, port);
    } else {
        net_socket_close(a->world->net, a->index, s->port);
        *s = a->sockets[--a->socket_count];
    }
}

// ---- trace ------------------------------------------------------------------------------------------------------------

void actor_trace_input(struct actor *a, const struct plk_input *in) {
    static const char *const events[] = {"opened", "accepted", "bytes", "writable", "closed"};
    struct trace *t = &a->world->trace;
    struct trace_entry e = {world_now(a->world), a->name, "", plk_bytes(NULL, 0)};
    char from[TRACE_ADDR_MAX], to[TRACE_ADDR_MAX];
    switch (in->kind) {
    case PLK_IN_TICK:
        e.kind = "< tick";
        trace_add(t, &e, "%s", "");
        break;
    case PLK_IN_DATAGRAM:
        e.kind = "< datagram";
        e.bytes = in->datagram.data;
        trace_add(t, &e, "%s from %s", trace_addr(to, &in->datagram.to), trace_addr(from, &in->datagram.from));
        break;
    case PLK_IN_STREAM:
        e.kind = "< stream";
        e.bytes = in->stream.data;
        trace_add(t, &e, "%08x %s %s, %zu free", (unsigned)in->stream.stream, events[in->stream.event],
                  trace_addr(from, &in->stream.remote), in->stream.writable);
        break;
    case PLK_IN_STORED:
        e.kind = "< stored";
        trace_add(t, &e, "%" PRIu64, in->stored.n);
        break;
    case PLK_IN_STORE_STATE:
        e.kind = "< store_state";
        trace_add(t, &e, "%s", in->store_state.stalled ? "stalled" : "well");
        break;
    case PLK_IN_LOADED:
        e.kind = "< loaded";
        trace_add(t, &e, "ticket %" PRIu64 ", %zu rows%s", in->loaded.ticket, in->loaded.count,
                  in->loaded.more ? ", more" : "");
        break;
    case PLK_IN_NETWORK:
        e.kind = "< network";
        from[0] = 0;
        if (in->network.count) trace_addr(from, &in->network.interfaces[0].addr);
        trace_add(t, &e, "%zu interfaces, %s, port %u", in->network.count, from, in->network.udp4_port);
        break;
    case PLK_IN_COMMAND:
        e.kind = "< command";
        e.bytes = in->command.text;
        trace_add(t, &e, "%" PRIu64 " kind %d contact %u", in->command.ticket, (int)in->command.kind,
                  (unsigned)in->command.contact);
        break;
    default:
        e.kind = in->kind == PLK_IN_SUSPEND ? "< suspend" : in->kind == PLK_IN_RESUME ? "< resume" : "< resolved";
        trace_add(t, &e, "%s", "");
    }
}

// ---- outputs ------------------------------------------------------------------------------------------------------------

static void wake(void *ctx, void *item);

struct alarm {
    uint32_t version;
};

static void set_wake(struct actor *a, uint64_t deadline_us) {
    a->deadline_us = deadline_us;
    if (deadline_us == PLK_NEVER) return;
    uint64_t now_us = world_now(a->world), mono_us = actor_now(a).mono_us, at_us = now_us;
    if (deadline_us > mono_us) at_us += deadline_us - mono_us;
    if (at_us < now_us) return;      // beyond the end of time
    if (at_us >= a->wake_us) return; // an earlier one is entered already, and looks again
    struct alarm *alarm = malloc(sizeof *alarm);
    if (!alarm) abort();
    alarm->version = ++a->wake_version;
    a->wake_us = at_us;
    agenda_at(a->world->agenda, at_us, wake, a, alarm);
}

static void wake(void *ctx, void *item) {
    struct actor *a = ctx;
    struct alarm *alarm = item;
    if (alarm->version != a->wake_version) return;
    a->wake_us = PLK_NEVER;
    if (!a->node || a->asleep) return;
    struct plk_now now = actor_now(a);
    if (a->deadline_us > now.mono_us) {
        set_wake(a, a->deadline_us);
        return;
    }
    a->ticks = now.mono_us == a->tick_us ? a->ticks + 1 : 0;
    a->tick_us = now.mono_us;
    if (a->ticks > ACTOR_TICKS_MAX) {
        world_fail(a->world, "%s wants TICK after TICK at one instant", a->name);
        return;
    }
    struct plk_input in = {.kind = PLK_IN_TICK};
    actor_input(a, &in);
}

static struct actor_command *pending_of(struct actor *a, uint64_t ticket) {
    for (size_t i = 0; i < a->pending_count; i++) {
        if (a->pending[i].ticket == ticket) return &a->pending[i];
    }
    return NULL;
}

static void out_result(struct actor *a, const struct plk_output *out) {
    struct actor_command *p = pending_of(a, out->result.ticket);
    if (!p) {
        world_fail(a->world, "%s: RESULT of ticket %" PRIu64 ", which is not open", a->name, out->result.ticket);
        return;
    }
    struct actor_command command = *p;
    memmove(p, p + 1, (size_t)(a->pending + a->pending_count - (p + 1)) * sizeof *p);
    a->pending_count--;
    a->results = actor_grown(a->results, a->result_count, &a->result_cap, sizeof *a->results);
    struct actor_result *r = &a->results[a->result_count++];
    *r = (struct actor_result){.ticket = command.ticket, .kind = command.kind, .err = out->result.err};
    r->contact = out->result.contact;
    r->row = out->result.row;
    memcpy(r->id, out->result.id, sizeof r->id);
    r->state = out->result.state;
    r->repeated = out->result.repeated;
    r->at_us = world_now(a->world);
    r->text_len = out->result.text.len;
    r->text = calloc(1, r->text_len + 1);
    if (!r->text) abort();
    if (r->text_len) memcpy(r->text, out->result.text.at, r->text_len);
    struct trace_entry e = {r->at_us, a->name, "> result", out->result.text};
    trace_add(&a->world->trace, &e, "%" PRIu64 " %s contact %u row %" PRIu64, r->ticket, plk_err_name(r->err),
              (unsigned)r->contact, r->row);
    check_result(a->world->check, a, &command, r);
}

static void out_event(struct actor *a, const struct plk_output *out) {
    const struct plk_event_row *row = &out->event.row;
    a->events = actor_grown(a->events, a->event_count, &a->event_cap, sizeof *a->events);
    struct actor_event *event = &a->events[a->event_count++];
    event->row = *row;
    event->at_us = world_now(a->world);
    memcpy(event->id, out->event.id, sizeof event->id);
    struct trace_entry e = {event->at_us, a->name, "> event", plk_bytes(event->id, sizeof event->id)};
    trace_add(&a->world->trace, &e, "%" PRIu64 " kind %d contact %u row %" PRIu64 " state %d reason %d", row->n,
              (int)row->kind, (unsigned)row->contact, row->row, (int)row->state, (int)row->reason);
    check_event(a->world->check, a, row, event->id);
}

static void out_stream(struct actor *a, const struct plk_output *out) {
    struct world *w = a->world;
    struct trace_entry e = {world_now(w), a->name, "> open", plk_bytes(NULL, 0)};
    char to[TRACE_ADDR_MAX];
    uint32_t stream = out->stream_close.stream; // the first member of all three
    if (out->kind == PLK_OUT_STREAM_OPEN) {
        trace_add(&w->trace, &e, "%08x to %s", (unsigned)stream, trace_addr(to, &out->stream_open.to));
        if (stream >> 31 || actor_stream_of(a, stream)) world_fail(w, "%s opened a stream with a bad id", a->name);
        actor_stream_begins(a, stream, 0);
        net_open_from(w->net, a->index, stream, out->stream_open.port, &out->stream_open.to, NET_HOPS);
        return;
    }
    struct actor_stream *s = actor_stream_of(a, stream);
    e.kind = out->kind == PLK_OUT_STREAM_WRITE ? "> write" : "> close";
    if (out->kind == PLK_OUT_STREAM_WRITE) e.bytes = out->stream_write.data;
    trace_add(&w->trace, &e, "%08x", (unsigned)stream);
    if (!s || e.bytes.len > s->room) {
        world_fail(w, "%s wrote %zu bytes to stream %08x, which takes %zu", a->name, e.bytes.len, (unsigned)stream,
                   s ? s->room : 0);
    } else if (out->kind == PLK_OUT_STREAM_WRITE) {
        s->room -= e.bytes.len;
        net_write(w->net, a->index, stream, e.bytes);
    } else {
        actor_stream_ends(a, stream);
        net_close(w->net, a->index, stream);
    }
}

static void out_datagram(struct actor *a, const struct plk_output *out) {
    char to[TRACE_ADDR_MAX], local[TRACE_ADDR_MAX];
    struct trace_entry e = {world_now(a->world), a->name, "> datagram", out->datagram.data};
    trace_add(&a->world->trace, &e, "%s to %s, socket %u, hops %u", trace_addr(local, &out->datagram.local),
              trace_addr(to, &out->datagram.to), (unsigned)out->datagram.socket, out->datagram.hops);
    if (out->datagram.data.len > PLK_DATAGRAM_MAX || out->datagram.data.len == 0) {
        world_fail(a->world, "%s sent a datagram of %zu bytes", a->name, out->datagram.data.len);
    }
    struct plk_addr source = out->datagram.local;
    const struct actor_socket *s = socket_of(a, out->datagram.socket);
    if (out->datagram.socket != 0 && !s) {
        world_fail(a->world, "%s sent by socket %08x, which is not open", a->name, (unsigned)out->datagram.socket);
        return;
    }
    if (s) source.port = s->port;
    uint8_t hops = out->datagram.hops ? out->datagram.hops : NET_HOPS;
    net_datagram_hops(a->world->net, a->index, &source, &out->datagram.to, out->datagram.data, hops);
}

static void out_store(struct actor *a, const struct plk_output *out) {
    struct trace_entry e = {world_now(a->world), a->name, "> store", plk_bytes(NULL, 0)};
    trace_add(&a->world->trace, &e, "%" PRIu64 ": %zu operations, %zu bytes", out->store.n,
              plk_batch_count(out->store.ops), plk_batch_bytes(out->store.ops));
    disk_store(a->disk, out->store.n, out->store.ops);
}

static void out_load(struct actor *a, const struct plk_output *out) {
    struct trace_entry e = {world_now(a->world), a->name, "> load", out->load.from};
    trace_add(&a->world->trace, &e, "ticket %" PRIu64 " %s limit %u%s", out->load.ticket, tables_name(out->load.table),
              (unsigned)out->load.limit, out->load.reverse ? " reverse" : "");
    struct disk_range range = {out->load.ticket, out->load.table, out->load.from,
                               out->load.to,     out->load.limit, out->load.reverse};
    disk_load(a->disk, &range);
}

// Whoever is on a machine of that name is found, some time later, if the process that asked is still there.
struct question {
    uint32_t starts;
    uint64_t ticket;
    int host; // -1: nobody has that name
};

static void answer_question(void *ctx, void *item) {
    struct actor *a = ctx;
    const struct question *question = item;
    struct plk_addr found[2];
    struct plk_input in = {.kind = PLK_IN_RESOLVED, .resolved = {.ticket = question->ticket, .addrs = found}};
    if (!a->node || a->asleep || a->starts != question->starts) return;
    for (uint8_t family = 6; question->host >= 0 && family >= 4; family -= 2) {
        if (family == 6 ? !a->has6 : !a->has4) continue;
        if (net_address(a->world->net, question->host, family, &found[in.resolved.count])) in.resolved.count++;
    }
    actor_input(a, &in);
}

static bool has_address(struct world *w, int host, struct plk_bytes text) {
    char own[PLK_ADDR_TEXT_MAX];
    struct plk_addr addr;
    for (uint8_t family = 4; family <= 6; family += 2) {
        if (!net_address(w->net, host, family, &addr)) continue;
        if (plk_bytes_equal(text, plk_bytes((const uint8_t *)own, plk_addr_text(&addr, own)))) return true;
    }
    return false;
}

static void out_resolve(struct actor *a, const struct plk_output *out) {
    struct world *w = a->world;
    struct question *question = malloc(sizeof *question);
    if (!question) abort();
    *question = (struct question){a->starts, out->resolve.ticket, -1};
    for (int i = 0; i < w->actor_count; i++) {
        const char *name = w->actors[i]->name;
        bool named = plk_bytes_equal(out->resolve.host, plk_bytes(name, strlen(name)));
        if (named || has_address(w, i, out->resolve.host)) question->host = i;
    }
    struct trace_entry e = {world_now(w), a->name, "> resolve", out->resolve.host};
    trace_add(&w->trace, &e, "%s", "");
    agenda_at(w->agenda, world_now(w) + 5 * PLK_MS, answer_question, a, question);
}

static void carry_out(struct actor *a, const struct plk_output *out) {
    switch (out->kind) {
    case PLK_OUT_WAIT:
        return;
    case PLK_OUT_DATAGRAM:
        out_datagram(a, out);
        return;
    case PLK_OUT_SOCKET_OPEN:
    case PLK_OUT_SOCKET_CLOSE:
        out_socket(a, out);
        return;
    case PLK_OUT_STREAM_OPEN:
    case PLK_OUT_STREAM_WRITE:
    case PLK_OUT_STREAM_CLOSE:
        out_stream(a, out);
        return;
    case PLK_OUT_STORE:
        out_store(a, out);
        return;
    case PLK_OUT_LOAD:
        out_load(a, out);
        return;
    case PLK_OUT_RESOLVE:
        out_resolve(a, out);
        return;
    case PLK_OUT_EVENT:
        out_event(a, out);
        return;
    case PLK_OUT_RESULT:
        out_result(a, out);
        return;
    }
    world_fail(a->world, "%s: an output of unknown kind %d", a->name, (int)out->kind);
}

void actor_drain(struct actor *a) {
    struct plk_output out;
    for (uint32_t n = 0;; n++) {
        memset(&out, 0, sizeof out);
        plk_node_poll(a->node, actor_now(a), &out);
        if (out.kind == PLK_OUT_WAIT) break;
        carry_out(a, &out);
        if (n > ACTOR_OUTPUTS_MAX) {
            world_fail(a->world, "%s never comes to WAIT", a->name);
            return;
        }
    }
    if (a->mem.used > a->memory_peak) a->memory_peak = a->mem.used;
    if (a->mem.used > ACTOR_MEMORY_MAX) world_fail(a->world, "%s holds %zu bytes", a->name, a->mem.used);
    set_wake(a, out.wait.deadline_us);
    served_look(a->served);
}
