// SPDX-License-Identifier: MIT
#include "node/mirror.h"

#include "node/inside.h"
#include "path/choice.h"

static void close_stream(struct plk_node *node, struct plk_mirror *mirror) {
    struct plk_output output = {.kind = PLK_OUT_STREAM_CLOSE, .stream_close = {mirror->stream}};
    if (mirror->stream != 0) plk_outputs_now(&node->outputs, &output);
    mirror->stream = 0;
}

// A relay that is spoken to from here: one's own stand first.
static bool relay_of(const struct plk_node *node, uint8_t family, struct plk_addr *addr) {
    const struct plk_relay_link *relay = node->relays.first;
    for (; relay != NULL; relay = relay->next) {
        if (relay->detour != NULL || relay->dial == NULL || !plk_relay_link_is_up(relay)) continue;
        *addr = plk_relay_dial_status(relay->dial).addr;
        if (addr->family == family) return true;
    }
    return false;
}

void plk_mirror_want(struct plk_node *node, uint8_t family) {
    struct plk_mirror *mirror = &node->mirrors[family == 6];
    uint64_t now_us = node->now.mono_us;
    bool known = mirror->answered && (mirror->since_us == 0 || now_us - mirror->since_us < PLK_MIRROR_AGAIN_US);
    struct plk_addr to;
    if (mirror->stream != 0 || known || !node->allow_tcp || node->network.tcp_port == 0 || node->suspended) return;
    if (!relay_of(node, family, &to)) return;
    mirror->stream = node->carriers.next_stream;
    mirror->since_us = now_us;
    mirror->to = to;
    mirror->asked = mirror->answered = false;
    mirror->in_len = 0;
    node->carriers.next_stream = (node->carriers.next_stream + 1) & 0x7fffffff;
    struct plk_output output = {.kind = PLK_OUT_STREAM_OPEN,
                                .stream_open = {mirror->stream, to, plk_mirror_port(node, family)}};
    plk_outputs_now(&node->outputs, &output);
}

uint16_t plk_mirror_port(const struct plk_node *node, uint8_t family) {
    uint16_t port = node->mirrors[family == 6].port;
    return port != 0 ? port : node->network.tcp_port;
}

static bool is_met(const struct plk_link *link, const struct plk_addr *addr) {
    for (unsigned i = 0; i < link->told_count; i++) {
        const struct plk_frame_address *at = &link->told_list[i];
        if (at->transport == PLK_TCP && at->kind == PLK_FRAME_ADDRESS_REFLEXIVE && plk_addr_equal(&at->addr, addr))
            return true;
    }
    return false;
}

// Connections that are not there yet: to where the peer is no more; and, in the family (0: none) in which we have another port now, to where
// it is to be met.
static void give_up_opening(struct plk_node *node, struct plk_link *link, uint8_t moved) {
    struct plk_carrier *next = plk_carriers_of(&node->carriers, link, NULL);
    while (next != NULL) {
        struct plk_carrier *carrier = next;
        next = plk_carriers_of(&node->carriers, link, carrier);
        if (carrier->open) continue;
        bool met = is_met(link, &carrier->remote);
        bool known = link->candidates != NULL && plk_candidates_has(link->candidates, PLK_TCP, &carrier->remote);
        if (carrier->remote.family == moved ? met : !met && !known) plk_link_close_carrier(node, carrier);
    }
}

void plk_mirror_told(struct plk_node *node, struct plk_link *link) {
    for (unsigned i = 0; i < link->told_count; i++) {
        const struct plk_frame_address *at = &link->told_list[i];
        bool met = at->transport == PLK_TCP && at->kind == PLK_FRAME_ADDRESS_REFLEXIVE;
        if (met && plk_choice_may_improve(&link->paths)) plk_mirror_want(node, at->addr.family);
    }
    give_up_opening(node, link, 0);
}

void plk_mirrors_forget(struct plk_node *node) {
    static const struct plk_addr nowhere = {.family = 0};
    for (unsigned i = 0; i < 2; i++) {
        close_stream(node, &node->mirrors[i]);
        node->mirrors[i] = (struct plk_mirror){.stream = 0};
        plk_network_seen_tcp(&node->network, i == 0 ? 4 : 6, &nowhere);
    }
}

static void ask(struct plk_node *node, struct plk_mirror *mirror) {
    uint8_t packet[PLK_PACKET_FRAME_LEN + PLK_REFLEXIVE_REQUEST_MAX], random[12];
    struct plk_stun request = {.kind = PLK_STUN_REQUEST};
    struct plk_writer w = plk_writer(packet + PLK_PACKET_FRAME_LEN, PLK_REFLEXIVE_REQUEST_MAX);
    plk_rng_bytes(&node->rng, random, sizeof random);
    plk_stun_id(mirror->id, random);
    memcpy(request.id, mirror->id, sizeof request.id);
    plk_stun_encode(&w, &request);
    plk_assert(!w.failed);
    packet[0] = (uint8_t)(w.len >> 8);
    packet[1] = (uint8_t)w.len;
    mirror->asked = true;
    struct plk_output output = {.kind = PLK_OUT_STREAM_WRITE, .stream_write = {.stream = mirror->stream}};
    output.stream_write.data = plk_bytes(packet, PLK_PACKET_FRAME_LEN + w.len);
    plk_outputs_now(&node->outputs, &output);
}

// Contacts that are not reached directly by UDP are told, and both sides open to each other.
static void tell(struct plk_node *node, uint8_t family) {
    for (struct plk_link *link = node->links; link != NULL; link = link->next) {
        if (!plk_link_is_up(link) || !plk_choice_may_improve(&link->paths)) continue;
        link->addresses_due = link->dirty = true;
        give_up_opening(node, link, family); // it began at the port of before
        plk_paths_seek(&link->paths);
    }
}

// What a relay says is believed as far as contacts open a connection there, and no further.
static void take(struct plk_node *node, struct plk_mirror *mirror, struct plk_bytes data) {
    struct plk_stun answer;
    struct plk_bytes packet;
    bool broken = false;
    if (data.len > sizeof mirror->in - mirror->in_len) data.len = sizeof mirror->in - mirror->in_len;
    memcpy(mirror->in + mirror->in_len, data.at, data.len);
    mirror->in_len += data.len;
    size_t took = plk_packet_unframe(plk_bytes(mirror->in, mirror->in_len), &packet, &broken);
    if (took == 0 && !broken && mirror->in_len < sizeof mirror->in) return;
    bool good = took > 0 && plk_stun_decode(packet, &answer) == PLK_ERR_OK && answer.kind == PLK_STUN_SUCCESS &&
                memcmp(answer.id, mirror->id, sizeof answer.id) == 0 && answer.xor_mapped.family == mirror->to.family;
    mirror->in_len = 0;
    if (!good) {
        node->counters.malformed++;
        close_stream(node, mirror);
        return;
    }
    mirror->answered = true;
    mirror->since_us = 0;
    if (plk_network_seen_tcp(&node->network, mirror->to.family, &answer.xor_mapped)) tell(node, mirror->to.family);
}

bool plk_mirrors_stream(struct plk_node *node, const struct plk_input *input) {
    struct plk_mirror *mirror = &node->mirrors[0];
    if (input->stream.stream == 0 || input->stream.event == PLK_STREAM_ACCEPTED) return false;
    if (mirror->stream != input->stream.stream) mirror++;
    if (mirror->stream != input->stream.stream) return false;
    switch (input->stream.event) {
    case PLK_STREAM_OPENED:
        if (!mirror->asked) ask(node, mirror);
        break;
    case PLK_STREAM_BYTES:
        if (mirror->asked && !mirror->answered && input->stream.data.len > 0) take(node, mirror, input->stream.data);
        break;
    case PLK_STREAM_CLOSED:
        mirror->stream = 0;
        if (mirror->answered) mirror->since_us = node->now.mono_us;
        break;
    case PLK_STREAM_WRITABLE:
    case PLK_STREAM_ACCEPTED:
        break;
    }
    return true;
}

// ---- another port -------------------------------------------------------------------------------------------------------

// When an opening that leads nowhere is begun from elsewhere.
static uint64_t shift_us(const struct plk_node *node, const struct plk_carrier *carrier) {
    const struct plk_link *link = carrier->link;
    const struct plk_mirror *mirror = &node->mirrors[carrier->remote.family == 6];
    if (link == NULL || carrier->open || !plk_link_is_up(link) || !mirror->answered) return PLK_NEVER;
    if (!is_met(link, &carrier->remote) || !plk_choice_may_improve(&link->paths)) return PLK_NEVER;
    uint64_t at_us = carrier->since_us + (link->own_smaller ? PLK_MIRROR_SHIFT_US : PLK_MIRROR_SHIFT_LATER_US);
    if (mirror->shifts == 0) return at_us;
    uint64_t again_us = mirror->shifted_us + plk_doubled(PLK_MIRROR_SHIFT_GAP_US, mirror->shifts - 1, PLK_HOUR);
    return at_us > again_us ? at_us : again_us;
}

static void shift(struct plk_node *node, uint8_t family) {
    struct plk_mirror *mirror = &node->mirrors[family == 6];
    close_stream(node, mirror);
    mirror->answered = false;
    mirror->shifts++;
    mirror->shifted_us = node->now.mono_us;
    mirror->port = (uint16_t)(PLK_MIRROR_PORT_LOW + plk_rng_below(&node->rng, PLK_MIRROR_PORTS));
    plk_mirror_want(node, family);
}

// Once answered the connection stays until the relay ends it: it keeps the NAT's mapping, and our port free to ask again.
void plk_mirrors_tick(struct plk_node *node) {
    for (unsigned i = 0; i < 2; i++) {
        struct plk_mirror *mirror = &node->mirrors[i];
        bool waits = mirror->stream != 0 && !mirror->answered;
        if (waits && node->now.mono_us - mirror->since_us >= PLK_MIRROR_ASK_US) close_stream(node, mirror);
    }
    for (const struct plk_carrier *c = node->carriers.first; c != NULL; c = c->next) {
        if (shift_us(node, c) <= node->now.mono_us) {
            shift(node, c->remote.family);
            return; // the others are begun anew as soon as it is known where from
        }
    }
}

uint64_t plk_mirrors_deadline(const struct plk_node *node) {
    uint64_t due_us = PLK_NEVER;
    for (unsigned i = 0; i < 2; i++) {
        const struct plk_mirror *mirror = &node->mirrors[i];
        if (mirror->stream != 0 && !mirror->answered)
            due_us = plk_earlier(due_us, mirror->since_us + PLK_MIRROR_ASK_US);
    }
    for (const struct plk_carrier *c = node->carriers.first; c != NULL; c = c->next)
        due_us = plk_earlier(due_us, shift_us(node, c));
    return due_us;
}
