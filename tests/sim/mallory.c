// SPDX-License-Identifier: MIT
#include "sim/mallory.h"

// Streams that open get one piece of nonsense: a frame that promises more than comes, or a packet that somebody sent.
static void heard(void *ctx, const struct plk_input *in) {
    struct actor *mallory = ctx;
    struct world *w = mallory->world;
    uint8_t frame[PLK_DATAGRAM_MAX + 2];
    struct plk_bytes packet;
    if (in->kind != PLK_IN_STREAM || in->stream.event != PLK_STREAM_OPENED) return;
    size_t len = dice_between(&mallory->dice, 3, sizeof frame);
    dice_bytes(&mallory->dice, frame, len);
    if (dice_chance(&mallory->dice, 600000) && wire_recent(w->wire, dice_below(&mallory->dice, WIRE_RECENT), &packet)) {
        len = 2 + packet.len;
        memcpy(frame + 2, packet.at, packet.len);
        frame[0] = (uint8_t)(packet.len >> 8);
        frame[1] = (uint8_t)packet.len;
    }
    net_write(w->net, mallory->index, in->stream.stream, plk_bytes(frame, len));
    if (dice_chance(&mallory->dice, 300000)) net_close(w->net, mallory->index, in->stream.stream);
}

struct actor *mallory_new(struct world *w) {
    struct actor *mallory = world_actor(w, "mallory");
    mallory->stranger = true;
    w->net->hosts[mallory->index].sink = (struct net_sink){mallory, heard};
    net_bind(w->net, mallory->index, mallory->port, mallory->port, mallory->port);
    return mallory;
}

// Any port that is open in the outermost box.
static bool address_of_nat(struct actor *mallory, const struct actor *victim, struct plk_addr *addr) {
    const struct nat *nat = victim->nat;
    while (nat->front) nat = nat->front;
    *addr = nat->outside;
    addr->port = nat->count ? nat->sessions[dice_below(&mallory->dice, nat->count)].outside.port : victim->port;
    return true;
}

static bool address_of(struct actor *mallory, const struct actor *victim, struct plk_addr *addr) {
    uint8_t family = victim->has4 && (!victim->has6 || dice_chance(&mallory->dice, 500000)) ? 4 : 6;
    if (family == 4 && victim->nat && !victim->nat->is.firewall) return address_of_nat(mallory, victim, addr);
    bool found = net_address(victim->world->net, victim->index, family, addr);
    addr->port = victim->port;
    return found;
}

static size_t make_packet(struct actor *mallory, uint8_t packet[PLK_DATAGRAM_MAX]) {
    struct plk_bytes copy;
    size_t len = 1 + dice_below(&mallory->dice, PLK_DATAGRAM_MAX);
    uint64_t which = dice_below(&mallory->dice, 5);
    dice_bytes(&mallory->dice, packet, len);
    if (which == 0) return len;
    if (which == 1 || !wire_recent(mallory->world->wire, dice_below(&mallory->dice, WIRE_RECENT), &copy)) {
        packet[0] = (uint8_t)(0xC1 + dice_below(&mallory->dice, 3));
        return len;
    }
    memcpy(packet, copy.at, copy.len);
    if (which == 3) packet[dice_below(&mallory->dice, copy.len)] ^= (uint8_t)(1 + dice_below(&mallory->dice, 255));
    return which == 4 ? 1 + dice_below(&mallory->dice, copy.len) : copy.len;
}

void mallory_send(struct actor *mallory, const struct actor *victim, unsigned count) {
    struct plk_addr to = {0}, local = {0};
    uint8_t packet[PLK_DATAGRAM_MAX];
    if (!address_of(mallory, victim, &to)) return;
    for (unsigned i = 0; i < count; i++) {
        size_t len = make_packet(mallory, packet);
        net_datagram(mallory->world->net, mallory->index, &local, &to, plk_bytes(packet, len));
    }
}

void mallory_connect(struct actor *mallory, const struct actor *victim, uint32_t stream) {
    struct plk_addr to = {0};
    if (address_of(mallory, victim, &to)) net_open(mallory->world->net, mallory->index, stream, &to);
}
