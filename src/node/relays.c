// SPDX-License-Identifier: MIT
#include "node/relays.h"

#include "node/inside.h"
#include "node/leaving.h"
#include "node/reach.h"

void plk_relays_init(struct plk_relays *relays, struct plk_mem *mem) {
    *relays = (struct plk_relays){.mem = mem, .next_number = 1, .due_us = PLK_NEVER};
}

void plk_relay_link_free(struct plk_mem *mem, struct plk_relay_link *relay) {
    plk_relay_dial_free(relay->dial);
    plk_mem_give(mem, relay->detour);
    plk_queue_client_free(relay->queues);
    plk_buf_free(mem, &relay->rest);
    plk_mem_give(mem, relay);
}

void plk_relays_free(struct plk_node *node) {
    struct plk_relays *relays = &node->relays;
    while (relays->first != NULL) {
        struct plk_relay_link *relay = relays->first;
        relays->first = relay->next;
        plk_relay_link_free(relays->mem, relay);
    }
    relays->count = 0;
}

// ---- which there are ------------------------------------------------------------------------------------------------

struct plk_relay_link *plk_relays_find(const struct plk_relays *relays, const uint8_t key[32]) {
    struct plk_relay_link *relay = relays->first;
    while (relay != NULL && (relay->detour != NULL || memcmp(relay->key, key, sizeof relay->key) != 0))
        relay = relay->next;
    return relay;
}

bool plk_relays_has_own(const struct plk_relays *relays) {
    return relays->first != NULL && relays->first->source != PLK_RELAY_FOREIGN;
}

void plk_relay_link_move(struct plk_relay_link *relay, struct plk_bytes host, uint16_t port) {
    plk_assert(host.len > 0 && host.len <= sizeof relay->host && port != 0);
    memcpy(relay->host, host.at, host.len);
    relay->host_len = (uint8_t)host.len;
    relay->port = port;
}

static int rank(const struct plk_relay_link *relay) {
    return relay->source == PLK_RELAY_LEARNED ? 2 : relay->source == PLK_RELAY_FRIEND ? 1 : 0;
}

// Own ones stand before the others, in the order of their numbers: first what people chose, then friends' nodes.
static bool stands_before(const struct plk_relay_link *a, const struct plk_relay_link *b) {
    if (a->source == PLK_RELAY_FOREIGN || b->source == PLK_RELAY_FOREIGN) return a->source != PLK_RELAY_FOREIGN;
    int a_rank = rank(a), b_rank = rank(b);
    return a_rank != b_rank ? a_rank < b_rank : a->number < b->number;
}

void plk_relays_enter(struct plk_relays *relays, struct plk_relay_link *relay) {
    struct plk_relay_link **at = &relays->first;
    while (*at != NULL && stands_before(*at, relay)) at = &(*at)->next;
    relay->next = *at;
    *at = relay;
    relays->count++;
}

void plk_relays_take_out(struct plk_relays *relays, struct plk_relay_link *relay) {
    struct plk_relay_link **at = &relays->first;
    while (*at != relay) at = &(*at)->next;
    *at = relay->next;
    relays->count--;
}

// A number that no other dial's streams and ticket go by.
static bool take_slot(const struct plk_relays *relays, uint32_t *slot) {
    for (*slot = 0; *slot < PLK_RELAYS_MAX; (*slot)++) {
        const struct plk_relay_link *relay = relays->first;
        while (relay != NULL && relay->slot != *slot) relay = relay->next;
        if (relay == NULL) return true;
    }
    return false;
}

struct plk_relay_link *plk_relay_link_new(struct plk_relays *relays, const uint8_t key[32], struct plk_bytes host,
                                          uint16_t port) {
    uint32_t slot;
    if (relays->count >= PLK_RELAYS_MAX || !take_slot(relays, &slot)) return NULL;
    struct plk_relay_link *relay = plk_mem_take(relays->mem, sizeof *relay);
    relay->slot = slot;
    relay->due_us = PLK_NEVER;
    memcpy(relay->key, key, sizeof relay->key);
    plk_relay_link_move(relay, host, port);
    relay->queues = plk_queue_client_new(relays->mem, relay->key);
    return relay;
}

static struct plk_relay_link *find_detour(const struct plk_relays *relays, const uint8_t key[32]) {
    struct plk_relay_link *relay = relays->first;
    while (relay != NULL && (relay->detour == NULL || memcmp(relay->key, key, sizeof relay->key) != 0))
        relay = relay->next;
    return relay;
}

struct plk_relay_link *plk_relays_get(struct plk_node *node, const uint8_t key[32], struct plk_bytes host,
                                      uint16_t port, bool detour) {
    struct plk_relay_link *relay = plk_relays_find(&node->relays, key);
    if (detour && (relay == NULL || relay->source == PLK_RELAY_FOREIGN)) {
        relay = find_detour(&node->relays, key);
    } else {
        detour = false;
    }
    if (relay != NULL) return relay;
    relay = plk_relay_link_new(&node->relays, key, host, port);
    if (relay == NULL) return NULL;
    if (detour) relay->detour = plk_mem_take(node->mem, sizeof *relay->detour);
    plk_relays_enter(&node->relays, relay);
    return relay;
}

// ---- wanting --------------------------------------------------------------------------------------------------------

void plk_relays_touch(struct plk_node *node, struct plk_relay_link *relay) {
    relay->dirty = true;
    node->relays.any_dirty = true;
}

void plk_relays_want(struct plk_node *node, struct plk_relay_link *relay) {
    relay->wanted_us = node->now.mono_us + PLK_RELAYS_WANTED_US;
    if (relay->dial != NULL) return;
    relay->due_us = node->relays.due_us = 0; // this turn's tick, or the next one's
}

static bool is_wanted(const struct plk_node *node, const struct plk_relay_link *relay) {
    if (relay->source != PLK_RELAY_FOREIGN || relay->wanted_us > node->now.mono_us) return true;
    return relay->dial != NULL && relay->up_us != 0 && plk_queue_client_status(relay->queues).puts > 0;
}

static void begin(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_relay_dial_config config = {.host = plk_bytes(relay->host, relay->host_len), .port = relay->port};
    memcpy(config.relay, relay->key, sizeof config.relay);
    config.first_stream = PLK_RELAYS_FIRST_STREAM + relay->slot * PLK_RELAY_DIAL_STREAMS;
    config.ticket = relay->slot + 1;
    relay->dial = plk_relay_dial_new(node->mem, &config);
    relay->ending = false;
}

void plk_relays_went_down(struct plk_node *node, struct plk_relay_link *relay) {
    if (relay->up_us == 0) return;
    relay->up_us = 0;
    relay->rest.len = 0;
    plk_queue_client_down(relay->queues);
    plk_boxes_down(node, relay);
    plk_detours_down(node, relay);
    plk_learned_look(node);
    plk_node_passing_event(node, PLK_EVENT_RELAY, 0);
}

// CLOSE leaves with the next poll; what is left of the dial goes when its connections are closed.
static void leave(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_relay_channel *channel = plk_relay_dial_channel(relay->dial);
    if (channel != NULL && !relay->ending) plk_relay_channel_close(channel);
    relay->ending = true;
    plk_relays_went_down(node, relay);
    plk_relays_touch(node, relay);
}

void plk_relays_abandon(struct plk_node *node, struct plk_relay_link *relay) {
    if (relay->source != PLK_RELAY_FOREIGN || relay->boxes != NULL) return;
    relay->wanted_us = 0;
    if (relay->dial == NULL) return;
    plk_relays_went_down(node, relay);
    plk_relay_dial_stop(relay->dial);
    relay->ending = true;
    plk_relays_touch(node, relay);
}

// ---- the stream of commands -----------------------------------------------------------------------------------------

static void came_up(struct plk_node *node, struct plk_relay_link *relay) {
    const struct plk_hello_heard *heard = plk_relay_dial_heard(relay->dial);
    struct plk_queue_client_channel channel = {
        .admission = heard->greeting.admission, .bits = heard->greeting.bits, .wall_ms = heard->greeting.wall_ms};
    memcpy(channel.hash, heard->hash, sizeof channel.hash);
    if (relay->up_us != 0) {
        plk_queue_client_down(relay->queues);
        plk_boxes_down(node, relay);
        plk_detours_down(node, relay);
    }
    relay->rest.len = 0;
    relay->up_us = node->now.mono_us | 1;
    plk_queue_client_up(relay->queues, node->now.mono_us, &channel);
    plk_boxes_up(node, relay);
    if (relay->detour != NULL) plk_detour_came_up(relay);
    if (relay->source != PLK_RELAY_FOREIGN) plk_detours_up(node);
    plk_discovery_soon(node);
    plk_learned_look(node);
    plk_node_passing_event(node, PLK_EVENT_RELAY, 0);
}

// It has seen us at another address: our NAT has forgotten the one before.
static void look_for_a_move(struct plk_node *node, struct plk_relay_link *relay) {
    uint8_t challenged = plk_relay_channel_status(plk_relay_dial_channel(relay->dial)).challenged;
    if (challenged == relay->challenged) return;
    relay->challenged = challenged;
    plk_mapped_again(node);
    plk_discovery_soon(node);
}

static void news(struct plk_node *node, struct plk_relay_link *relay) {
    enum plk_relay_dial_news told = plk_relay_dial_news(relay->dial);
    if (plk_relay_dial_channel(relay->dial) == NULL) {
        plk_relays_went_down(node, relay);
    } else if (told == PLK_RELAY_DIAL_UP && !relay->ending) {
        relay->challenged = 0;
        came_up(node, relay);
    } else {
        look_for_a_move(node, relay);
    }
}

static void tell_events(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_queue_client_event event;
    while (plk_queue_client_event(relay->queues, &event)) {
        if (event.kind == PLK_QUEUE_CLIENT_FORWARD) {
            plk_detour_answer(node, relay, event.id, event.code);
        } else {
            plk_boxes_event(node, &event);
        }
    }
}

static void read_records(struct plk_node *node, struct plk_relay_link *relay, struct plk_relay_channel *channel) {
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
            plk_queue_client_receive(relay->queues, node->now.mono_us, &record, &event) != PLK_ERR_OK) {
            node->counters.protocol++;
            plk_relay_channel_close(channel);
            return;
        }
        if (event.kind == PLK_QUEUE_CLIENT_RELAYS) {
            plk_learned_hear(node, relay, event.bytes);
        } else if (event.kind != PLK_QUEUE_CLIENT_NOTHING) {
            plk_boxes_event(node, &event);
        }
        tell_events(node, relay);
        plk_relay_channel_consume(channel, node->now.mono_us, took);
    }
    plk_relay_channel_hold(channel, node->now.mono_us, full);
}

static void write_records(struct plk_node *node, struct plk_relay_link *relay, struct plk_relay_channel *channel) {
    struct plk_buf *rest = &relay->rest;
    struct plk_queue_record record;
    for (;;) {
        if (rest->len > 0) {
            plk_buf_drop_front(rest, plk_relay_channel_write(channel, node->now.mono_us, plk_buf_bytes(rest)));
            if (rest->len > 0) return;
        }
        if (plk_relay_channel_room(channel) == 0) return;
        if (!plk_queue_client_next(relay->queues, node->now.mono_us, SIZE_MAX, &record)) return;
        size_t len = plk_queue_len(&record);
        struct plk_writer w = plk_writer(plk_buf_room(node->mem, rest, len), len);
        plk_queue_encode(&w, &record);
        plk_assert(!w.failed && w.len == len);
    }
}

static void settle(struct plk_node *node, struct plk_relay_link *relay) {
    relay->dirty = false;
    if (relay->dial != NULL) news(node, relay);
    tell_events(node, relay);
    if (relay->up_us == 0 || relay->ending) return;
    struct plk_relay_channel *channel = plk_relay_dial_channel(relay->dial);
    read_records(node, relay, channel);
    write_records(node, relay, channel);
}

void plk_relays_settle(struct plk_node *node) {
    struct plk_relays *relays = &node->relays;
    while (relays->any_dirty) {
        relays->any_dirty = false;
        for (struct plk_relay_link *relay = relays->first; relay != NULL; relay = relay->next) {
            if (!relay->dirty) continue;
            settle(node, relay);
            relay->polls = true;
        }
    }
}

// ---- what the host received -----------------------------------------------------------------------------------------

static void frames(struct plk_node *node, struct plk_relay_link *relay, struct plk_relay_channel_passed *passed) {
    struct plk_relay_channel_frame frame;
    while (plk_relay_channel_passed_next(passed, &frame)) plk_boxes_frame(node, relay, &frame);
    plk_relays_touch(node, relay);
}

bool plk_relays_packet(struct plk_node *node, const struct plk_addr *from, const struct plk_packet *packet) {
    struct plk_relay_channel_passed passed;
    if (packet->body.len > sizeof node->relay_text) return false;
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        if (relay->dial == NULL || relay->detour != NULL ||
            !plk_relay_dial_packet(relay->dial, node->now.mono_us, from, packet, &node->rng, node->relay_text, &passed))
            continue;
        frames(node, relay, &passed);
        return true;
    }
    return false;
}

// What is inside lies in the text of the packet that carried it, and is opened beside that.
void plk_relays_forwarded(struct plk_node *node, struct plk_relay_link *through,
                          const struct plk_relay_channel_frame *frame) {
    const struct plk_addr *from;
    struct plk_relay_channel_passed passed;
    struct plk_packet packet;
    struct plk_relay_link *relay = plk_detour_frame(node, through, frame->handle, &from);
    if (relay == NULL || frame->bytes.len > sizeof node->detour_text) {
        node->counters.stranger++;
    } else if (plk_packet_decode(&packet, frame->bytes) != PLK_ERR_OK || packet.kind == PLK_PACKET_STUN) {
        node->counters.malformed++;
    } else if (plk_relay_dial_packet(relay->dial, node->now.mono_us, from, &packet, &node->rng, node->detour_text,
                                     &passed)) {
        frames(node, relay, &passed);
    }
}

bool plk_relays_stream(struct plk_node *node, const struct plk_input *input) {
    struct plk_relay_channel_passed passed;
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        if (relay->dial == NULL || !plk_relay_dial_stream(relay->dial, node->now.mono_us, input)) continue;
        while (relay->dial != NULL &&
               plk_relay_dial_framed(relay->dial, node->now.mono_us, &node->rng, node->relay_text, &passed)) {
            frames(node, relay, &passed);
        }
        plk_relays_touch(node, relay);
        return true;
    }
    return false;
}

void plk_relays_resolved(struct plk_node *node, const struct plk_input *input) {
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        if (input->resolved.ticket != relay->slot + 1) continue;
        if (relay->detour != NULL) {
            plk_detour_resolved(node, relay, input->resolved.addrs, input->resolved.count);
        } else if (relay->dial != NULL) {
            plk_relay_dial_resolved(relay->dial, node->now.mono_us, input->resolved.addrs, input->resolved.count);
        }
        relay->due_us = node->relays.due_us = 0;
    }
}

void plk_relays_network_changed(struct plk_node *node) {
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        bool dials = relay->dial != NULL && relay->detour == NULL; // a detour follows those that carry it
        if (dials && !relay->ending) plk_relay_dial_hurry(relay->dial, node->now.mono_us);
        relay->due_us = node->relays.due_us = 0;
    }
}

// ---- time -----------------------------------------------------------------------------------------------------------

static void look(struct plk_node *node, struct plk_relay_link *relay) {
    bool wanted = is_wanted(node, relay);
    plk_leaving_look(node, relay);
    if (relay->detour != NULL) {
        plk_detour_look(node, relay, wanted);
    } else if (relay->dial == NULL && wanted) {
        begin(node, relay);
    }
    if (relay->dial == NULL) return;
    if ((!wanted || relay->readdress) && !relay->ending) leave(node, relay);
    relay->readdress = false;
    if (!relay->ending) plk_relay_dial_tick(relay->dial, node->now.mono_us, &node->rng);
    plk_queue_client_tick(relay->queues, node->now.mono_us, &node->rng);
    plk_relays_touch(node, relay);
}

// Of one whose way is still being sought.
static uint64_t detour_due(const struct plk_node *node, const struct plk_relay_link *relay) {
    if (!is_wanted(node, relay)) return relay->detour->state == PLK_DETOUR_IDLE ? PLK_NEVER : node->now.mono_us;
    return plk_earlier(plk_detour_deadline(relay), relay->wanted_us);
}

static uint64_t due_of(const struct plk_node *node, const struct plk_relay_link *relay) {
    if (relay->dial == NULL && relay->detour != NULL) return detour_due(node, relay);
    if (relay->dial == NULL) return is_wanted(node, relay) ? node->now.mono_us : PLK_NEVER;
    if (plk_relay_dial_status(relay->dial).over) return node->now.mono_us;
    uint64_t due_us = plk_relay_dial_deadline(relay->dial);
    if (relay->detour != NULL && !plk_detour_has_room(node, relay)) due_us = plk_detour_room_us(relay);
    // While the stream takes no more, what is due waits for it.
    if (relay->rest.len == 0) due_us = plk_earlier(due_us, plk_queue_client_deadline(relay->queues, node->now.mono_us));
    if (relay->source == PLK_RELAY_FOREIGN && relay->wanted_us > node->now.mono_us)
        due_us = plk_earlier(due_us, relay->wanted_us);
    return plk_earlier(due_us, plk_leaving_due(node, relay));
}

// Of those that nobody refers to any more, nothing is kept.
static struct plk_relay_link *forget_gone(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_relays *relays = &node->relays;
    struct plk_relay_link *next = relay->next;
    if (relay->source != PLK_RELAY_FOREIGN || relay->dial != NULL || relay->boxes != NULL) return next;
    if (relay->detour != NULL) plk_detour_close(node, relay);
    plk_relays_take_out(relays, relay);
    plk_relay_link_free(relays->mem, relay);
    return next;
}

void plk_relays_tick(struct plk_node *node) {
    struct plk_relays *relays = &node->relays;
    if (node->state != PLK_NODE_READY || !node->network.known || node->suspended) return;
    if (relays->due_us > node->now.mono_us) return;
    relays->due_us = PLK_NEVER;
    if (relays->reroute) plk_reach_rerouted(node);
    relays->reroute = false;
    struct plk_relay_link *next;
    for (struct plk_relay_link *relay = relays->first; relay != NULL; relay = next) {
        if (relay->due_us <= node->now.mono_us) {
            look(node, relay);
            // Told when it has been polled; of one that is not dialled yet, now.
            relay->due_us = relay->dial == NULL ? due_of(node, relay) : PLK_NEVER;
        }
        relays->due_us = plk_earlier(relays->due_us, relay->due_us);
        next = forget_gone(node, relay);
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

// What a relay would not carry on stays where it is for so long.
static bool may_poll(const struct plk_node *node, const struct plk_relay_link *relay) {
    return relay->dial != NULL && (relay->detour == NULL || plk_detour_has_room(node, relay));
}

bool plk_relays_pass(struct plk_node *node, struct plk_relay_link *relay, const struct plk_relay_channel_frame *frame,
                     struct plk_output *output) {
    if (relay->ending || !may_poll(node, relay) || !plk_relay_dial_pass(relay->dial, frame, output)) return false;
    return relay->detour == NULL || plk_detour_wrap(node, relay, output);
}

static bool poll_client(struct plk_node *node, struct plk_relay_link *relay, struct plk_output *output) {
    while (may_poll(node, relay) && plk_relay_dial_poll(relay->dial, node->now.mono_us, output)) {
        if (relay->detour != NULL && !plk_detour_wrap(node, relay, output)) continue;
        if (!allowed(node, output)) continue;
        if (output->kind == PLK_OUT_DATAGRAM) node->counters.datagrams_out++;
        return true;
    }
    relay->polls = false;
    if (relay->ending && relay->detour != NULL) {
        plk_detour_close(node, relay);
    } else if (relay->ending) {
        plk_relay_dial_stop(relay->dial);
        if (plk_relay_dial_poll(relay->dial, node->now.mono_us, output)) {
            relay->polls = true;
            return true;
        }
        plk_relay_dial_free(relay->dial);
        relay->dial = NULL;
        relay->ending = false;
    }
    relay->due_us = due_of(node, relay);
    node->relays.due_us = plk_earlier(node->relays.due_us, relay->due_us);
    return false;
}

bool plk_relays_poll(struct plk_node *node, struct plk_output *output) {
    do {
        plk_relays_settle(node);
        for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
            if (relay->polls && poll_client(node, relay, output)) return true;
        }
    } while (node->relays.any_dirty); // a FWD was closed
    return false;
}
