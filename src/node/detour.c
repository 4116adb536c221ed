// SPDX-License-Identifier: MIT
#include "node/detour.h"

#include "node/inside.h"

// ---- ends -----------------------------------------------------------------------------------------------------------

static void drop_dial(struct plk_node *node, struct plk_relay_link *relay) {
    if (relay->dial == NULL) return;
    plk_relays_went_down(node, relay);
    plk_relay_dial_free(relay->dial); // over FWD there are no streams that want closing
    relay->dial = NULL;
    relay->ending = false;
}

void plk_detour_close(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_detour *detour = relay->detour;
    drop_dial(node, relay);
    if (detour->state >= PLK_DETOUR_ASKING) {
        plk_queue_client_forward_end(detour->through->queues, detour->id);
        plk_relays_touch(node, detour->through);
    }
    detour->state = PLK_DETOUR_IDLE;
    detour->through = NULL;
    detour->tried = 0;
    detour->addr_count = detour->addr_at = 0;
}

// All was tried: from the beginning, later.
static void pause(struct plk_node *node, struct plk_detour *detour) {
    uint64_t pause_us = plk_doubled(PLK_DETOUR_PAUSE_US, detour->failures, PLK_DETOUR_PAUSE_MAX_US);
    if (detour->failures < 20) detour->failures++;
    detour->due_us = node->now.mono_us + pause_us * 3 / 4 + plk_rng_below(&node->rng, pause_us / 2);
}

// ---- looking for a way ----------------------------------------------------------------------------------------------

// The own relay that is tried after those that were: NULL: none is left.
static struct plk_relay_link *next_own(const struct plk_node *node, uint32_t tried) {
    for (struct plk_relay_link *own = node->relays.first; own != NULL; own = own->next) {
        if (own->source == PLK_RELAY_FOREIGN) return NULL;
        if (own->number > tried && plk_relay_link_is_up(own) && !own->ending) return own;
    }
    return NULL;
}

static void seek(struct plk_node *node, struct plk_relay_link *relay);

// This own relay, or this address, is no way.
static void give_up(struct plk_node *node, struct plk_relay_link *relay, enum plk_queue_code code) {
    struct plk_detour *detour = relay->detour;
    bool there = code == PLK_QUEUE_CODE_UNREACHABLE || code == PLK_QUEUE_CODE_INVALID; // it was the address's fault
    uint32_t tried = detour->through->number;
    detour->code = code;
    detour->state = PLK_DETOUR_IDLE;
    detour->through = NULL;
    if (there && detour->addr_at + 1 < detour->addr_count) {
        detour->addr_at++;
    } else {
        detour->addr_at = 0;
        detour->tried = tried;
    }
    seek(node, relay);
}

static void ask_name(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_output output = {.kind = PLK_OUT_RESOLVE, .resolve = {.ticket = relay->slot + 1, .port = relay->port}};
    output.resolve.host = plk_bytes(relay->host, relay->host_len);
    plk_outputs_now(&node->outputs, &output);
    relay->detour->state = PLK_DETOUR_NAMING;
    relay->detour->due_us = node->now.mono_us + PLK_RELAY_DIAL_RESOLVE_US;
}

static void ask(struct plk_node *node, struct plk_relay_link *relay, struct plk_relay_link *through) {
    struct plk_detour *detour = relay->detour;
    struct plk_queue_forward forward = {.id = ++node->relays.forward_id, .addr = detour->addrs[detour->addr_at]};
    plk_rng_bytes(&node->rng, detour->cid, sizeof detour->cid);
    memcpy(forward.cid, detour->cid, sizeof forward.cid);
    memcpy(forward.relay, relay->key, sizeof forward.relay);
    detour->state = PLK_DETOUR_ASKING;
    detour->answered = false;
    detour->through = through;
    detour->id = forward.id;
    detour->due_us = node->now.mono_us + PLK_DETOUR_ANSWER_US;
    if (plk_queue_client_forward(through->queues, &forward) != PLK_ERR_OK) {
        give_up(node, relay, PLK_QUEUE_CODE_LIMIT);
        return;
    }
    plk_relays_touch(node, through);
}

static void seek(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_detour *detour = relay->detour;
    struct plk_relay_link *through = next_own(node, detour->tried);
    if (through != NULL && detour->addr_count == 0) {
        ask_name(node, relay);
    } else if (through != NULL) {
        ask(node, relay, through);
    } else if (detour->tried == 0) {
        detour->due_us = PLK_NEVER; // until one's own relay is there
    } else {
        detour->tried = 0;
        detour->addr_count = detour->addr_at = 0; // the name may mean another address by then
        pause(node, detour);
    }
}

void plk_detour_resolved(struct plk_node *node, struct plk_relay_link *relay, const struct plk_addr *addrs,
                         size_t count) {
    struct plk_detour *detour = relay->detour;
    if (detour->state != PLK_DETOUR_NAMING) return;
    detour->due_us = node->now.mono_us; // look goes on
    for (size_t i = 0; i < count && detour->addr_count < PLK_RELAY_DIAL_ADDRS; i++) {
        if (addrs[i].family != 4 && addrs[i].family != 6) continue;
        detour->addrs[detour->addr_count] = addrs[i];
        detour->addrs[detour->addr_count++].port = relay->port;
    }
}

static void named(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_detour *detour = relay->detour;
    detour->state = PLK_DETOUR_IDLE;
    if (detour->addr_count > 0) {
        seek(node, relay);
        return;
    }
    detour->code = PLK_QUEUE_CODE_UNREACHABLE;
    pause(node, detour);
}

// ---- the channel inside ---------------------------------------------------------------------------------------------

void plk_detour_answer(struct plk_node *node, struct plk_relay_link *through, uint32_t id, enum plk_queue_code code) {
    struct plk_relay_link *relay = node->relays.first;
    while (relay != NULL && (relay->detour == NULL || relay->detour->through != through || relay->detour->id != id))
        relay = relay->next;
    if (relay == NULL || relay->detour->state != PLK_DETOUR_ASKING) return; // given up meanwhile
    struct plk_detour *detour = relay->detour;
    relay->due_us = node->relays.due_us = 0;
    if (code != PLK_QUEUE_CODE_OK) {
        give_up(node, relay, code);
        return;
    }
    struct plk_relay_dial_carried carried = {.addr = detour->addrs[detour->addr_at]};
    struct plk_relay_dial_config config = {
        .host = plk_bytes(relay->host, relay->host_len), .port = relay->port, .carried = &carried};
    memcpy(carried.cid, detour->cid, sizeof carried.cid);
    memcpy(config.relay, relay->key, sizeof config.relay);
    config.first_stream = PLK_RELAYS_FIRST_STREAM + relay->slot * PLK_RELAY_DIAL_STREAMS;
    config.ticket = relay->slot + 1;
    detour->state = PLK_DETOUR_OPEN;
    detour->level_us = node->now.mono_us;
    relay->dial = plk_relay_dial_new(node->mem, &config);
    relay->ending = false;
}

void plk_detour_came_up(struct plk_relay_link *relay) {
    relay->detour->answered = true;
    relay->detour->failures = 0;
    relay->detour->code = PLK_QUEUE_CODE_OK;
}

// The dial inside has come to its end. One that had been answered is made again at once, by whichever way; else this is none.
static void over(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_detour *detour = relay->detour;
    bool was_up = detour->answered;
    plk_queue_client_forward_end(detour->through->queues, detour->id);
    plk_relays_touch(node, detour->through);
    drop_dial(node, relay);
    if (was_up) {
        plk_detour_close(node, relay); // it is there, or was: from the beginning
        pause(node, detour);
    } else {
        give_up(node, relay, PLK_QUEUE_CODE_UNREACHABLE);
    }
}

void plk_detour_look(struct plk_node *node, struct plk_relay_link *relay, bool wanted) {
    struct plk_detour *detour = relay->detour;
    if (!wanted) {
        if (detour->state != PLK_DETOUR_IDLE && relay->dial == NULL) plk_detour_close(node, relay);
        return;
    }
    if (relay->dial != NULL && plk_relay_dial_status(relay->dial).over) over(node, relay);
    if (detour->state == PLK_DETOUR_OPEN || detour->due_us > node->now.mono_us) return;
    switch (detour->state) {
    case PLK_DETOUR_IDLE:
        seek(node, relay);
        break;
    case PLK_DETOUR_NAMING:
        named(node, relay);
        break;
    case PLK_DETOUR_ASKING:
        plk_queue_client_forward_end(detour->through->queues, detour->id);
        plk_relays_touch(node, detour->through);
        give_up(node, relay, PLK_QUEUE_CODE_BUSY);
        break;
    case PLK_DETOUR_OPEN:
        break;
    }
}

uint64_t plk_detour_deadline(const struct plk_relay_link *relay) {
    return relay->detour->state == PLK_DETOUR_OPEN ? PLK_NEVER : relay->detour->due_us;
}

// ---- packets --------------------------------------------------------------------------------------------------------

bool plk_detour_has_room(const struct plk_node *node, const struct plk_relay_link *relay) {
    return plk_detour_room_us(relay) <= node->now.mono_us;
}

uint64_t plk_detour_room_us(const struct plk_relay_link *relay) {
    const uint64_t burst_us = (uint64_t)PLK_DETOUR_BURST * PLK_SECOND / PLK_DETOUR_RATE;
    return relay->detour->level_us <= burst_us ? 0 : relay->detour->level_us - burst_us;
}

bool plk_detour_wrap(struct plk_node *node, struct plk_relay_link *relay, struct plk_output *output) {
    struct plk_detour *detour = relay->detour;
    if (output->kind != PLK_OUT_DATAGRAM || detour->state != PLK_DETOUR_OPEN) return false;
    if (!plk_detour_has_room(node, relay) || !plk_relay_link_is_up(detour->through)) return false;
    struct plk_bytes packet = output->datagram.data;
    struct plk_relay_channel_frame frame = {.type = PLK_FRAME_FWD, .handle = detour->id, .bytes = packet};
    if (!plk_relay_dial_pass(detour->through->dial, &frame, output)) return false;
    if (detour->level_us < node->now.mono_us) detour->level_us = node->now.mono_us;
    detour->level_us += (uint64_t)packet.len * PLK_SECOND / PLK_DETOUR_RATE;
    return true;
}

struct plk_relay_link *plk_detour_frame(struct plk_node *node, const struct plk_relay_link *through, uint32_t id,
                                        const struct plk_addr **from) {
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        struct plk_detour *detour = relay->detour;
        if (detour == NULL || detour->through != through || detour->id != id || relay->dial == NULL) continue;
        *from = &detour->addrs[detour->addr_at];
        return relay;
    }
    return NULL;
}

// ---- own relays come and go -----------------------------------------------------------------------------------------

void plk_detours_up(struct plk_node *node) {
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        if (relay->detour == NULL || relay->detour->state != PLK_DETOUR_IDLE) continue;
        relay->detour->due_us = node->now.mono_us;
        relay->due_us = node->relays.due_us = 0;
    }
}

void plk_detours_down(struct plk_node *node, struct plk_relay_link *through) {
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        struct plk_detour *detour = relay->detour;
        if (detour == NULL || detour->through != through) continue;
        drop_dial(node, relay);
        plk_queue_client_forward_end(through->queues, detour->id); // it may only be no longer one's own
        plk_relays_touch(node, through);
        detour->state = PLK_DETOUR_IDLE;
        detour->through = NULL;
        detour->tried = 0;
        detour->due_us = node->now.mono_us;
        relay->due_us = node->relays.due_us = 0;
    }
}

enum plk_detour_word plk_detour_word(const struct plk_node *node, const struct plk_relay_link *relay) {
    const struct plk_detour *detour = relay->detour;
    if (plk_relay_link_is_up(relay)) return PLK_DETOUR_WORKS;
    if (next_own(node, 0) == NULL) return PLK_DETOUR_NO_RELAY;
    if (detour->code == PLK_QUEUE_CODE_OK) return PLK_DETOUR_SEEKS;
    bool there = detour->code == PLK_QUEUE_CODE_UNREACHABLE || detour->code == PLK_QUEUE_CODE_INVALID;
    return there ? PLK_DETOUR_UNREACHABLE : PLK_DETOUR_REFUSED;
}
