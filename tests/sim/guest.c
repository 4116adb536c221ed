// SPDX-License-Identifier: MIT
#include "sim/guest.h"

#include <stdlib.h>

#define HELLOS_MAX 5

static void *take(void *ctx, size_t len) {
    (void)ctx;
    return malloc(len);
}

static void give(void *ctx, void *at, size_t len) {
    (void)ctx, (void)len;
    free(at);
}

static uint64_t now_us(const struct guest *g) { return actor_now(g->machine).mono_us; }

static void look(struct guest *g);

struct alarm {
    uint32_t version;
};

static void wake(void *ctx, void *item) {
    struct guest *g = ctx;
    struct alarm *alarm = item;
    if (alarm->version == g->wake_version) look(g);
}

static void set_wake(struct guest *g) {
    uint64_t at_us = g->tries > 0 ? g->next_hello_us : PLK_NEVER;
    if (g->channel) at_us = plk_earlier(at_us, plk_relay_channel_deadline(g->channel));
    g->wake_version++;
    if (at_us == PLK_NEVER) return;
    struct alarm *alarm = malloc(sizeof *alarm);
    if (!alarm) abort();
    alarm->version = g->wake_version;
    uint64_t mono_us = now_us(g), world_us = world_now(g->world);
    // One that cannot write to its stream is due at once: it is woken by WRITABLE, and looks again now and then.
    agenda_at(g->world->agenda, at_us > mono_us ? world_us + (at_us - mono_us) : world_us + 5 * PLK_MS, wake, g, alarm);
}

// ---- packets out --------------------------------------------------------------------------------------------------------------

static bool send_packet(struct guest *g, struct plk_bytes bytes) {
    uint8_t framed[PLK_DATAGRAM_MAX + 2] = {(uint8_t)(bytes.len >> 8), (uint8_t)bytes.len};
    struct plk_addr to = relayd_addr(g->relay, 4), local = {0};
    if (g->through) {
        guest_frame(g->through, PLK_FRAME_FWD, g->way, bytes);
        return true;
    }
    if (!g->tcp) {
        net_datagram(g->world->net, g->machine->index, &local, &to, bytes);
        return true;
    }
    if (g->writable < bytes.len + 2) return false;
    memcpy(framed + 2, bytes.at, bytes.len);
    g->writable -= bytes.len + 2;
    net_write(g->world->net, g->machine->index, g->stream, plk_bytes(framed, bytes.len + 2));
    return true;
}

static void send_hello(struct guest *g) {
    if (g->tries++ >= HELLOS_MAX) {
        g->tries = 0;
        return;
    }
    send_packet(g, plk_hello_message(&g->hello));
    g->next_hello_us = now_us(g) + ((250 * PLK_MS) << (g->tries - 1));
}

// Whatever is due: a hello again, packets of the channel.
static void look(struct guest *g) {
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
    struct plk_addr to;
    size_t len;
    if (g->world->failed) return;
    if (g->tries > 0 && g->next_hello_us <= now_us(g)) send_hello(g);
    if (g->channel) {
        plk_relay_channel_tick(g->channel, now_us(g));
        while ((!g->tcp || g->writable >= sizeof out + 2) &&
               plk_relay_channel_poll(g->channel, now_us(g), out, sizeof out, &len, &to)) {
            send_packet(g, plk_bytes(out, len));
        }
        if (plk_relay_channel_status(g->channel).state == PLK_RELAY_CHANNEL_CLOSED) {
            plk_relay_channel_free(g->channel);
            g->channel = NULL;
        }
    }
    set_wake(g);
}

// ---- what it is told ------------------------------------------------------------------------------------------------------------

static void open_item(struct guest *g, const struct plk_queue_record *record, struct guest_told *told) {
    static uint8_t text[PLK_QUEUE_CELL_LARGE];
    struct plk_bytes content;
    const struct guest_queue *q = record->handle < 8 ? g->owned[record->handle] : NULL;
    if (!q || plk_cell_open(text, q->envelope, q->sid, record->cell.bytes, &content) != PLK_ERR_OK) return;
    size_t len = content.len < sizeof told->text ? content.len : sizeof told->text - 1;
    memcpy(told->text, content.at, len);
}

static void tell(struct guest *g, const struct plk_queue_record *record) {
    if (g->told_count == GUEST_TOLD) {
        world_fail(g->world, "%s was told more than it can keep", g->machine->name);
        return;
    }
    struct guest_told *told = &g->told[g->told_count++];
    *told = (struct guest_told){.type = record->type, .tag = record->tag, .handle = record->handle};
    if (record->type == PLK_QUEUE_DONE) told->code = record->code;
    if (record->type == PLK_QUEUE_RELAYS) told->number = record->descriptors.at[0];
    if (record->type == PLK_QUEUE_TOKEN) memcpy(told->token, record->guest.token, sizeof told->token);
    if (record->type != PLK_QUEUE_ITEM && record->type != PLK_QUEUE_CELL) return;
    told->number = record->cell.number;
    if (record->type == PLK_QUEUE_ITEM) open_item(g, record, told);
}

static void ack(struct guest *g, const struct guest_told *told) {
    uint8_t number[8];
    struct plk_writer w = plk_writer(number, sizeof number);
    plk_writer_u64(&w, told->number);
    guest_say(g, (struct plk_queue_record){
                     .type = PLK_QUEUE_ACK, .handle = told->handle, .list = plk_bytes(number, sizeof number)});
}

static void read_stream(struct guest *g) {
    struct plk_bytes body;
    bool broken;
    size_t took, before = g->told_count;
    while ((took = plk_queue_cut(plk_relay_channel_readable(g->channel), &body, &broken)) > 0) {
        struct plk_queue_record record;
        if (plk_queue_decode(body, &record) != PLK_ERR_OK || plk_queue_is_command(record.type)) {
            world_fail(g->world, "%s: the relay says what is no answer", g->machine->name);
            return;
        }
        tell(g, &record);
        plk_relay_channel_consume(g->channel, now_us(g), took);
    }
    size_t after = g->told_count;
    for (size_t i = before; g->acks && i < after; i++) {
        if (g->told[i].type == PLK_QUEUE_ITEM) ack(g, &g->told[i]);
    }
}

static void carried(struct guest *g, struct plk_bytes bytes);

static void data(struct guest *g, const struct plk_addr *from, const struct plk_packet *packet) {
    uint8_t text[PLK_DATAGRAM_MAX];
    struct plk_relay_channel_passed passed;
    struct plk_relay_channel_frame frame;
    if (!g->channel || packet->body.len > sizeof text) return;
    if (plk_relay_channel_receive(g->channel, now_us(g), g->tcp ? NULL : from, packet, PLK_RELAY_CHANNEL_PLENTY,
                                  &g->rng, text, &passed) != PLK_ERR_OK) {
        return;
    }
    while (plk_relay_channel_passed_next(&passed, &frame)) {
        g->passed += frame.type == PLK_FRAME_PASS;
        g->nobody += frame.type == PLK_FRAME_NOBODY;
        if (frame.type == PLK_FRAME_FWD && g->carries && frame.handle == g->carries->way)
            carried(g->carries, frame.bytes);
    }
    read_stream(g);
}

static void welcomed(struct guest *g, const struct plk_packet *packet) {
    if (g->tries == 0 || plk_hello_finish(&g->hello, packet, now_us(g), &g->heard) != PLK_ERR_OK) return;
    struct plk_relay_channel_start start = {.role = PLK_RELAY_CHANNEL_CLIENT,
                                            .transport = g->tcp ? PLK_TCP : PLK_UDP,
                                            .session = &g->heard.session,
                                            .addr = relayd_addr(g->relay, 4)};
    memcpy(start.peer_cid, g->heard.greeting.cid, sizeof start.peer_cid);
    g->tries = 0;
    g->channel = plk_relay_channel_new(&g->mem, &start, now_us(g));
}

static void packet(struct guest *g, const struct plk_addr *from, struct plk_bytes bytes) {
    struct plk_packet p;
    uint8_t cookie[16];
    if (plk_packet_decode(&p, bytes) != PLK_ERR_OK) return;
    if (p.kind == PLK_PACKET_MESSAGE2) welcomed(g, &p);
    if (p.kind == PLK_PACKET_DATA) data(g, from, &p);
    if (p.kind == PLK_PACKET_COOKIE && plk_hello_cookie(&g->hello, &p, cookie) == PLK_ERR_OK) {
        send_packet(g, plk_hello_message(&g->hello));
    }
}

// A packet of its relay that came by another's channel.
static void carried(struct guest *g, struct plk_bytes bytes) {
    struct plk_addr from = relayd_addr(g->relay, 4);
    packet(g, &from, bytes);
    look(g);
}

static void stream(struct guest *g, const struct plk_input *in) {
    struct plk_bytes bytes;
    bool broken = false;
    if (!g->tcp || in->stream.stream != g->stream) return;
    if (in->stream.event == PLK_STREAM_OPENED || in->stream.event == PLK_STREAM_WRITABLE) {
        g->writable = in->stream.writable;
    }
    if (in->stream.event == PLK_STREAM_OPENED) g->next_hello_us = now_us(g);
    if (in->stream.event == PLK_STREAM_CLOSED) guest_vanish(g);
    if (in->stream.event != PLK_STREAM_BYTES) return;
    plk_buf_put(&g->mem, &g->in, in->stream.data);
    for (size_t took; (took = plk_packet_unframe(plk_buf_bytes(&g->in), &bytes, &broken)) > 0;) {
        packet(g, NULL, bytes);
        plk_buf_drop_front(&g->in, took);
    }
}

static void sink_input(void *ctx, const struct plk_input *in) {
    struct guest *g = ctx;
    if (g->world->failed) return;
    if (in->kind == PLK_IN_DATAGRAM && !g->tcp) packet(g, &in->datagram.from, in->datagram.data);
    if (in->kind == PLK_IN_STREAM) stream(g, in);
    look(g);
}

// ---- life -----------------------------------------------------------------------------------------------------------------------

struct guest *guest_new(struct world *w, const char *name, struct relayd *relay) {
    struct guest *g = calloc(1, sizeof *g);
    uint8_t seed[32];
    if (!g) abort();
    g->world = w;
    g->relay = relay;
    g->machine = world_actor(w, name);
    g->machine->stranger = true;
    g->next_tag = g->next_stream = 1;
    g->mem = (struct plk_mem){.ctx = g, .take = take, .give = give};
    dice_bytes(&g->machine->dice, seed, sizeof seed);
    plk_rng_seed(&g->rng, seed);
    w->net->hosts[g->machine->index].sink = (struct net_sink){g, sink_input};
    net_bind(w->net, g->machine->index, g->machine->port, g->machine->port, g->machine->port);
    return g;
}

void guest_vanish(struct guest *g) {
    plk_relay_channel_free(g->channel);
    g->channel = NULL;
    g->tries = 0;
    g->writable = 0;
    plk_buf_free(&g->mem, &g->in);
    if (g->tcp) net_close(g->world->net, g->machine->index, g->stream);
    g->tcp = false;
}

void guest_free(struct guest *g) {
    if (!g) return;
    guest_vanish(g);
    if (g->mem.used != 0) world_fail(g->world, "%s left %zu bytes behind", g->machine->name, g->mem.used);
    free(g);
}

void guest_connect(struct guest *g, bool tcp) {
    uint8_t cid[8];
    guest_vanish(g);
    plk_rng_bytes(&g->rng, cid, sizeof cid);
    if (plk_hello_start(&g->hello, g->relay->static_public, cid, &g->rng) != PLK_ERR_OK) abort();
    g->tcp = tcp;
    g->tries = 1;
    g->next_hello_us = now_us(g);
    if (tcp) {
        struct plk_addr to = relayd_addr(g->relay, 4);
        g->stream = g->next_stream++;
        g->next_hello_us = PLK_NEVER; // until it is open
        net_open(g->world->net, g->machine->index, g->stream, &to);
    }
    look(g);
}

uint32_t guest_open_way(struct guest *g, struct guest *through, uint32_t id) {
    struct plk_queue_record record = {.type = PLK_QUEUE_FWD_OPEN, .handle = id};
    guest_vanish(g);
    plk_rng_bytes(&g->rng, record.fwd.cid, sizeof record.fwd.cid);
    if (plk_hello_start(&g->hello, g->relay->static_public, record.fwd.cid, &g->rng) != PLK_ERR_OK) abort();
    g->through = through;
    g->way = id;
    through->carries = g;
    record.fwd.addr = relayd_addr(g->relay, 4);
    memcpy(record.fwd.relay, g->relay->static_public, sizeof record.fwd.relay);
    return guest_say(through, record);
}

void guest_knock(struct guest *g) {
    g->tries = 1;
    g->next_hello_us = now_us(g);
    look(g);
}

bool guest_is_open(const struct guest *g) { return g->channel != NULL; }

static bool is_open(struct world *w, void *ctx) {
    (void)w;
    return guest_is_open(ctx);
}

bool guest_wait_open(struct guest *g, uint64_t limit_us) { return world_run_until(g->world, is_open, g, limit_us); }

// ---- what it says ---------------------------------------------------------------------------------------------------------------

struct guest_queue guest_queue_make(struct guest *g) {
    struct guest_queue q;
    plk_rng_bytes(&g->rng, q.owner, 32);
    plk_rng_bytes(&g->rng, q.sender, 32);
    plk_rng_bytes(&g->rng, q.envelope, 32);
    plk_dh_public(q.owner_public, q.owner);
    plk_dh_public(q.sender_public, q.sender);
    plk_queue_key_rid(q.rid, q.owner_public);
    plk_queue_key_sid(q.sid, q.rid);
    return q;
}

uint32_t guest_say(struct guest *g, struct plk_queue_record record) {
    static uint8_t room[PLK_QUEUE_RECORD_MAX + PLK_QUEUE_HEAD_LEN];
    struct plk_writer w = plk_writer(room, sizeof room);
    record.tag = g->next_tag++;
    plk_queue_encode(&w, &record);
    if (!g->channel || plk_relay_channel_room(g->channel) < w.len) return 0;
    plk_relay_channel_write(g->channel, now_us(g), plk_writer_bytes(&w));
    look(g);
    return record.tag;
}

uint32_t guest_newq(struct guest *g, const struct guest_queue *q, uint8_t flags, const uint8_t *token) {
    struct plk_queue_record record = {.type = PLK_QUEUE_NEWQ};
    record.newq.flags = flags;
    memcpy(record.newq.owner, q->owner_public, 32);
    memcpy(record.newq.sender, q->sender_public, 32);
    record.newq.admission = token ? PLK_QUEUE_ADMIT_TOKEN : PLK_QUEUE_ADMIT_NONE;
    if (token) memcpy(record.newq.token, token, sizeof record.newq.token);
    return guest_say(g, record);
}

uint32_t guest_attach(struct guest *g, const struct guest_queue *q, enum plk_queue_role role, uint32_t handle) {
    struct plk_queue_record record = {.type = PLK_QUEUE_ATTACH, .handle = handle};
    bool owner = role == PLK_QUEUE_OWNER;
    record.attach.role = role;
    memcpy(record.attach.id, owner ? q->rid : q->sid, PLK_QUEUE_ID_LEN);
    if (plk_queue_key_proof(record.attach.proof, owner ? q->owner : q->sender, g->relay->static_public, role,
                            record.attach.id, g->heard.hash, handle) != PLK_ERR_OK) {
        abort();
    }
    if (owner && handle < 8) g->owned[handle] = q;
    return guest_say(g, record);
}

uint32_t guest_sub(struct guest *g, uint32_t handle) {
    uint8_t list[4];
    struct plk_writer w = plk_writer(list, sizeof list);
    plk_writer_u32(&w, handle);
    return guest_say(g, (struct plk_queue_record){.type = PLK_QUEUE_SUB, .list = plk_bytes(list, sizeof list)});
}

uint32_t guest_put(struct guest *g, const struct guest_queue *q, uint32_t handle, const char *text) {
    uint8_t cell[PLK_QUEUE_CELL_SMALL], nonce[PLK_XNONCE_LEN];
    struct plk_queue_record record = {.type = PLK_QUEUE_PUT, .handle = handle};
    plk_rng_bytes(&g->rng, nonce, sizeof nonce);
    plk_cell_seal(cell, q->envelope, q->sid, nonce, plk_bytes_text(text));
    record.cell.bytes = plk_bytes(cell, sizeof cell);
    return guest_say(g, record);
}

void guest_pass(struct guest *g, uint32_t handle, struct plk_bytes bytes) {
    guest_frame(g, PLK_FRAME_PASS, handle, bytes);
}

void guest_frame(struct guest *g, enum plk_frame_type type, uint32_t handle, struct plk_bytes bytes) {
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
    struct plk_relay_channel_frame frame = {.type = type, .handle = handle, .bytes = bytes};
    size_t len;
    if (!g->channel || plk_relay_channel_pass(g->channel, &frame, out, &len) != PLK_ERR_OK) return;
    send_packet(g, plk_bytes(out, len));
}

const struct guest_told *guest_answer(const struct guest *g, uint32_t tag) {
    for (size_t i = 0; tag != 0 && i < g->told_count; i++) {
        const struct guest_told *told = &g->told[i];
        bool tagged = told->type == PLK_QUEUE_DONE || told->type == PLK_QUEUE_CELL || told->type == PLK_QUEUE_TOKEN ||
                      told->type == PLK_QUEUE_RELAYS;
        if (tagged && told->tag == tag) return told;
    }
    return NULL;
}

struct question {
    const struct guest *guest;
    uint32_t tag;
};

static bool is_answered(struct world *w, void *ctx) {
    const struct question *q = ctx;
    (void)w;
    return guest_answer(q->guest, q->tag) != NULL;
}

int guest_code(struct guest *g, uint32_t tag, uint64_t limit_us) {
    struct question question = {g, tag};
    world_run_until(g->world, is_answered, &question, limit_us);
    const struct guest_told *told = guest_answer(g, tag);
    if (!told) return -1;
    return told->type == PLK_QUEUE_DONE ? (int)told->code : -2;
}

size_t guest_items(const struct guest *g) {
    size_t count = 0;
    for (size_t i = 0; i < g->told_count; i++) count += g->told[i].type == PLK_QUEUE_ITEM;
    return count;
}

bool guest_has_item(const struct guest *g, const char *text) {
    for (size_t i = 0; i < g->told_count; i++) {
        if (g->told[i].type == PLK_QUEUE_ITEM && strcmp(g->told[i].text, text) == 0) return true;
    }
    return false;
}
