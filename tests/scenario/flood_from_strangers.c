// SPDX-License-Identifier: MIT
// A stranger floods alice with garbage, with copies of what it overheard and with broken copies. The conversation does not
// notice, memory stays bounded, and the stranger gets no answer but copies of answers.
#include "sim/story.h"

static struct plk_addr address_of(const struct actor *a) {
    struct plk_addr addr = {0};
    net_address(a->world->net, a->index, 4, &addr);
    addr.port = a->port;
    return addr;
}

static void flood(struct world *w, struct actor *mallory, struct actor *victim, unsigned count) {
    struct plk_addr to = address_of(victim), local = {0};
    uint8_t packet[PLK_DATAGRAM_MAX];
    for (unsigned i = 0; i < count; i++) {
        struct plk_bytes heard = plk_bytes(NULL, 0);
        size_t len = 1 + dice_below(&w->dice, sizeof packet);
        dice_bytes(&w->dice, packet, len);
        uint64_t which = dice_below(&w->dice, 4);
        if (which == 0) packet[0] = (uint8_t)(0xC1 + dice_below(&w->dice, 3));
        if (which >= 2 && wire_recent(w->wire, dice_below(&w->dice, WIRE_RECENT), &heard)) {
            len = heard.len;
            memcpy(packet, heard.at, len);
        }
        if (which == 3) packet[dice_below(&w->dice, len)] ^= (uint8_t)(1 + dice_below(&w->dice, 255));
        net_datagram(w->net, mallory->index, &local, &to, plk_bytes(packet, len));
    }
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *mallory = world_actor(w, "mallory");
    mallory->stranger = true;
    net_bind(w->net, mallory->index, mallory->port, mallory->port, mallory->port);
    story_meet(alice, bob);
    for (int i = 0; i < 40; i++) {
        char text[32];
        flood(w, mallory, dice_below(&w->dice, 2) ? alice : bob, 150);
        snprintf(text, sizeof text, "undisturbed %d", i);
        story_say(i % 2 ? alice : bob, i % 2 ? bob : alice, text);
        story_heard(i % 2 ? bob : alice, text, 2 * PLK_SECOND);
    }
    story_expect(w, plk_node_counters(alice->node)->malformed + plk_node_counters(alice->node)->stranger > 0);
    story_expect(w, alice->memory_peak < (UINT64_C(16) << 20) && bob->memory_peak < (UINT64_C(16) << 20));
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
