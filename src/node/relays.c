// SPDX-License-Identifier: MIT
#include "node/relays.h"

#include "node/inside.h"

void plk_relays_init(struct plk_relays *relays, struct plk_mem *mem) {
    *relays = (struct plk_relays){.mem = mem, .next_number = 1, .due_us = PLK_NEVER};
}

void plk_relay_link_free(struct plk_mem *mem, struct plk_relay_link *client) {
    plk_relay_dial_free(client->dial);
    plk_queue_client_free(client->queues);
    plk_buf_free(mem, &client->rest);
    plk_mem_give(mem, client);
}

void plk_relays_free(struct plk_node *node) {
    struct plk_relays *relays = &node->relays;
    while (relays->first != NULL) {
        struct plk_relay_link *client = relays->first;
        relays->first = client->next;
        plk_relay_link_free(relays->mem, client);
    }
    relays->count = 0;
}

// ---- which there are ------------------------------------------------------------------------------------------------

struct plk_relay_link *plk_relays_find(const struct plk_relays *relays, const uint8_t key[32]) {
    struct plk_relay_link *client = relays->first;
    while (client != NULL && memcmp(client->key, key, sizeof client->key) != 0) client = client->next;
    return client;
}

bool plk_relays_has_own(const struct plk_relays *relays) {
    return relays->first != NULL && relays->first->source != PLK_RELAY_FOREIGN;
}

void plk_relay_link_move(struct plk_relay_link *client, struct plk_bytes host, uint16_t port) {
    plk_assert(host.len > 0 && host.len <= sizeof client->host && port != 0);
    memcpy(client->host, host.at, host.len);
    client->host_len = (uint8_t)host.len;
    client->port = port;
}

// Own ones stand before the others, in the order of their numbers.
void plk_relays_enter(struct plk_relays *relays, struct plk_relay_link *client) {
    struct plk_relay_link **at = &relays->first;
    while (*at != NULL && (*at)->source != PLK_RELAY_FOREIGN &&
           (client->source == PLK_RELAY_FOREIGN || (*at)->number < client->number)) {
        at = &(*at)->next;
    }
    client->next = *at;
    *at = client;
    relays->count++;
}

void plk_relays_take_out(struct plk_relays *relays, struct plk_relay_link *client) {
    struct plk_relay_link **at = &relays->first;
    while (*at != client) at = &(*at)->next;
    *at = client->next;
    relays->count--;
}

// A number that no other dial's streams and ticket go by.
static bool take_slot(const struct plk_relays *relays, uint32_t *slot) {
    for (*slot = 0; *slot < PLK_RELAYS_MAX; (*slot)++) {
        const struct plk_relay_link *client = relays->first;
        while (client != NULL && client->slot != *slot) client = client->next;
        if (client == NULL) return true;
    }
    return false;
}

struct plk_relay_link *plk_relay_link_new(struct plk_relays *relays, const uint8_t key[32], struct plk_bytes host,
                                          uint16_t port) {
    uint32_t slot;
    if (relays->count >= PLK_RELAYS_MAX || !take_slot(relays, &slot)) return NULL;
    struct plk_relay_link *client = plk_mem_take(relays->mem, sizeof *client);
    client->slot = slot;
    client->due_us = PLK_NEVER;
    memcpy(client->key, key, sizeof client->key);
    plk_relay_link_move(client, host, port);
    client->queues = plk_queue_client_new(relays->mem, client->key);
    return client;
}

struct plk_relay_link *plk_relays_get(struct plk_node *node, const uint8_t key[32], struct plk_bytes host,
                                      uint16_t port) {
    struct plk_relay_link *client = plk_relays_find(&node->relays, key);
    if (client != NULL) return client;
    client = plk_relay_link_new(&node->relays, key, host, port);
    if (client != NULL) plk_relays_enter(&node->relays, client);
    return client;
}

// ---- wanting --------------------------------------------------------------------------------------------------------

void plk_relays_touch(struct plk_node *node, struct plk_relay_link *client) {
    client->dirty = true;
    node->relays.any_dirty = true;
}

void plk_relays_want(struct plk_node *node, struct plk_relay_link *client) {
    client->wanted_us = node->now.mono_us + PLK_RELAYS_WANTED_US;
    if (client->dial != NULL) return;
    client->due_us = node->relays.due_us = 0; // this turn's tick, or the next one's
}

static bool is_wanted(const struct plk_node *node, const struct plk_relay_link *client) {
    if (client->source != PLK_RELAY_FOREIGN || client->wanted_us > node->now.mono_us) return true;
    return client->dial != NULL && client->up_us != 0 && plk_queue_client_status(client->queues).puts > 0;
}

static void begin(struct plk_node *node, struct plk_relay_link *client) {
    struct plk_relay_dial_config config = {.host = plk_bytes(client->host, client->host_len), .port = client->port};
    memcpy(config.relay, client->key, sizeof config.relay);
    config.first_stream = PLK_RELAYS_FIRST_STREAM + client->slot * PLK_RELAY_DIAL_STREAMS;
    config.ticket = client->slot + 1;
    client->dial = plk_relay_dial_new(node->mem, &config);
    client->ending = false;
}

static void went_down(struct plk_node *node, struct plk_relay_link *client) {
    if (client->up_us == 0) return;
    client->up_us = 0;
    client->rest.len = 0;
    plk_queue_client_down(client->queues);
    plk_boxes_down(node, client);
    plk_node_passing_event(node, PLK_EVENT_RELAY, 0);
}

// CLOSE leaves with the next poll; what is left of the dial goes when its connections are closed.
static void leave(struct plk_node *node, struct plk_relay_link *client) {
    struct plk_relay_channel *channel = plk_relay_dial_channel(client->dial);
    if (channel != NULL && !client->ending) plk_relay_channel_close(channel);
    client->ending = true;
    went_down(node, client);
    plk_relays_touch(node, client);
}

// ---- the stream of commands -----------------------------------------------------------------------------------------

static void came_up(struct plk_node *node, struct plk_relay_link *client) {
    const struct plk_hello_heard *heard = plk_relay_dial_heard(client->dial);
    struct plk_queue_client_channel channel = {
        .admission = heard->greeting.admission, .bits = heard->greeting.bits, .wall_ms = heard->greeting.wall_ms};
    memcpy(channel.hash, heard->hash, sizeof channel.hash);
    if (client->up_us != 0) {
        plk_queue_client_down(client->queues);
        plk_boxes_down(node, client);
    }
    client->rest.len = 0;
    client->up_us = node->now.mono_us | 1;
    plk_queue_client_up(client->queues, node->now.mono_us, &channel);
    plk_boxes_up(node, client);
    plk_node_passing_event(node, PLK_EVENT_RELAY, 0);
}

static void news(struct plk_node *node, struct plk_relay_link *client) {
    enum plk_relay_dial_news told = plk_relay_dial_news(client->dial);
    if (plk_relay_dial_channel(client->dial) == NULL) {
        went_down(node, client);
    } else if (told == PLK_RELAY_DIAL_UP && !client->ending) {
        came_up(node, client);
    }
}

static void tell_events(struct plk_node *node, struct plk_relay_link *client) {
    struct plk_queue_client_event event;
    while (plk_queue_client_event(client->queues, &event)) plk_boxes_event(node, client, &event);
}

static void read_records(struct plk_node *node, struct plk_relay_link *client, struct plk_relay_channel *channel) {
    struct plk_queue_client_event event;
    struct plk_queue_record record;
    struct plk_bytes body;
    bool full;
    for (;;) {
        plk_ledger_turn(&node->ledger);
        full = plk_ledger_behind(&node->ledger) || !plk_boxes_have_room(node);
        bool broken = false;
        size_t took = full ? 0 : plk_queue_cut(plk_relay_channel_readable(channel), &body, &broken);
        if (took == 0 && !broken) break;
        if (broken || plk_queue_decode(body, &record) != PLK_ERR_OK ||
            plk_queue_client_receive(client->queues, node->now.mono_us, &record, &event) != PLK_ERR_OK) {
            node->counters.protocol++;
            plk_relay_channel_close(channel);
            return;
        }
        if (event.kind != PLK_QUEUE_CLIENT_NOTHING) plk_boxes_event(node, client, &event);
        tell_events(node, client);
        plk_relay_channel_consume(channel, node->now.mono_us, took);
    }
    plk_relay_channel_hold(channel, node->now.mono_us, full);
}

static void write_records(struct plk_node *node, struct plk_relay_link *client, struct plk_relay_channel *channel) {
    struct plk_buf *rest = &client->rest;
    struct plk_queue_record record;
    for (;;) {
        if (rest->len > 0) {
            plk_buf_drop_front(rest, plk_relay_channel_write(channel, node->now.mono_us, plk_buf_bytes(rest)));
            if (rest->len > 0) return;
        }
        if (plk_relay_channel_room(channel) == 0) return;
        if (!plk_queue_client_next(client->queues, node->now.mono_us, SIZE_MAX, &record)) return;
        size_t len = plk_queue_len(&record);
        struct plk_writer w = plk_writer(plk_buf_room(node->mem, rest, len), len);
        plk_queue_encode(&w, &record);
        plk_assert(!w.failed && w.len == len);
    }
}

static void settle(struct plk_node *node, struct plk_relay_link *client) {
    client->dirty = false;
    if (client->dial != NULL) news(node, client);
    tell_events(node, client);
    if (client->up_us == 0 || client->ending) return;
    struct plk_relay_channel *channel = plk_relay_dial_channel(client->dial);
    read_records(node, client, channel);
    write_records(node, client, channel);
}

void plk_relays_settle(struct plk_node *node) {
    struct plk_relays *relays = &node->relays;
    while (relays->any_dirty) {
        relays->any_dirty = false;
        for (struct plk_relay_link *client = relays->first; client != NULL; client = client->next) {
            if (!client->dirty) continue;
            settle(node, client);
            client->polls = true;
        }
    }
}

// ---- what the host received -----------------------------------------------------------------------------------------

static void frames(struct plk_node *node, struct plk_relay_link *client, struct plk_relay_channel_passed *passed) {
    struct plk_relay_channel_frame frame;
    while (plk_relay_channel_passed_next(passed, &frame)) plk_boxes_frame(node, client, &frame);
    plk_relays_touch(node, client);
}

bool plk_relays_packet(struct plk_node *node, const struct plk_addr *from, const struct plk_packet *packet) {
    struct plk_relay_channel_passed passed;
    if (packet->body.len > sizeof node->relay_text) return false;
    for (struct plk_relay_link *client = node->relays.first; client != NULL; client = client->next) {
        if (client->dial == NULL || !plk_relay_dial_packet(client->dial, node->now.mono_us, from, packet, &node->rng,
                                                           node->relay_text, &passed))
            continue;
        frames(node, client, &passed);
        return true;
    }
    return false;
}

bool plk_relays_stream(struct plk_node *node, const struct plk_input *input) {
    struct plk_relay_channel_passed passed;
    for (struct plk_relay_link *client = node->relays.first; client != NULL; client = client->next) {
        if (client->dial == NULL || !plk_relay_dial_stream(client->dial, node->now.mono_us, input)) continue;
        while (client->dial != NULL &&
               plk_relay_dial_framed(client->dial, node->now.mono_us, &node->rng, node->relay_text, &passed)) {
            frames(node, client, &passed);
        }
        plk_relays_touch(node, client);
        return true;
    }
    return false;
}

void plk_relays_resolved(struct plk_node *node, const struct plk_input *input) {
    for (struct plk_relay_link *client = node->relays.first; client != NULL; client = client->next) {
        if (client->dial == NULL || input->resolved.ticket != client->slot + 1) continue;
        plk_relay_dial_resolved(client->dial, node->now.mono_us, input->resolved.addrs, input->resolved.count);
        client->due_us = node->relays.due_us = 0;
    }
}

void plk_relays_network_changed(struct plk_node *node) {
    for (struct plk_relay_link *client = node->relays.first; client != NULL; client = client->next) {
        if (client->dial != NULL && !client->ending) plk_relay_dial_hurry(client->dial, node->now.mono_us);
        client->due_us = node->relays.due_us = 0;
    }
}

// ---- time -----------------------------------------------------------------------------------------------------------

static void look(struct plk_node *node, struct plk_relay_link *client) {
    bool wanted = is_wanted(node, client);
    if (client->dial == NULL && wanted) begin(node, client);
    if (client->dial == NULL) return;
    if ((!wanted || client->readdress) && !client->ending) leave(node, client);
    client->readdress = false;
    if (!client->ending) plk_relay_dial_tick(client->dial, node->now.mono_us, &node->rng);
    plk_queue_client_tick(client->queues, node->now.mono_us, &node->rng);
    plk_relays_touch(node, client);
}

static uint64_t due_of(const struct plk_node *node, const struct plk_relay_link *client) {
    if (client->dial == NULL) return is_wanted(node, client) ? node->now.mono_us : PLK_NEVER;
    uint64_t due_us = plk_relay_dial_deadline(client->dial);
    // While the stream takes no more, what is due waits for it.
    if (client->rest.len == 0)
        due_us = plk_earlier(due_us, plk_queue_client_deadline(client->queues, node->now.mono_us));
    if (client->source == PLK_RELAY_FOREIGN && client->wanted_us > node->now.mono_us)
        due_us = plk_earlier(due_us, client->wanted_us);
    return due_us;
}

// Of those that nobody refers to any more, nothing is kept.
static struct plk_relay_link *forget_gone(struct plk_relays *relays, struct plk_relay_link *client) {
    struct plk_relay_link *next = client->next;
    if (client->source != PLK_RELAY_FOREIGN || client->dial != NULL || client->boxes != NULL) return next;
    plk_relays_take_out(relays, client);
    plk_relay_link_free(relays->mem, client);
    return next;
}

void plk_relays_tick(struct plk_node *node) {
    struct plk_relays *relays = &node->relays;
    if (node->state != PLK_NODE_READY || !node->network.known || node->suspended) return;
    if (relays->due_us > node->now.mono_us) return;
    relays->due_us = PLK_NEVER;
    struct plk_relay_link *next;
    for (struct plk_relay_link *client = relays->first; client != NULL; client = next) {
        if (client->due_us <= node->now.mono_us) {
            look(node, client);
            client->due_us = PLK_NEVER; // told when it has been polled
        }
        relays->due_us = plk_earlier(relays->due_us, client->due_us);
        next = forget_gone(relays, client);
    }
}

uint64_t plk_relays_deadline(const struct plk_node *node) {
    bool waits = node->state != PLK_NODE_READY || !node->network.known || node->suspended;
    return waits ? PLK_NEVER : node->relays.due_us;
}

// ---- out ------------------------------------------------------------------------------------------------------------

static bool allowed(const struct plk_node *node, const struct plk_output *output) {
    if (output->kind == PLK_OUT_DATAGRAM) return node->allow_udp;
    return output->kind != PLK_OUT_STREAM_OPEN || node->allow_tcp;
}

static bool poll_client(struct plk_node *node, struct plk_relay_link *client, struct plk_output *output) {
    while (client->dial != NULL && plk_relay_dial_poll(client->dial, node->now.mono_us, output)) {
        if (!allowed(node, output)) continue;
        if (output->kind == PLK_OUT_DATAGRAM) node->counters.datagrams_out++;
        return true;
    }
    client->polls = false;
    if (client->ending) {
        plk_relay_dial_stop(client->dial);
        if (plk_relay_dial_poll(client->dial, node->now.mono_us, output)) {
            client->polls = true;
            return true;
        }
        plk_relay_dial_free(client->dial);
        client->dial = NULL;
        client->ending = false;
    }
    client->due_us = due_of(node, client);
    node->relays.due_us = plk_earlier(node->relays.due_us, client->due_us);
    return false;
}

bool plk_relays_poll(struct plk_node *node, struct plk_output *output) {
    plk_relays_settle(node);
    for (struct plk_relay_link *client = node->relays.first; client != NULL; client = client->next) {
        if (client->polls && poll_client(node, client, output)) return true;
    }
    return false;
}
