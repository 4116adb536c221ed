// SPDX-License-Identifier: MIT
// Strangers flood bob with calls under no key of his, from one address and then from invented ones. Meanwhile alice's machine is
// lost: from a new one, at another address, she restores her backup and re-keys; and carol only moves, and calls from where she
// never was. Both are found.
#include "_restore.h"
#include "wire/packet.h"

enum { CALLS = 400, EACH_MS = 50 };

static struct plk_addr address_of(const struct actor *a) {
    struct plk_addr addr = {0};
    net_address(a->world->net, a->index, 4, &addr);
    addr.port = a->port;
    return addr;
}

// As many message 1s as use up what unproven sources may ask for, from here or from anywhere.
static void flood(struct world *w, struct actor *victim, bool invented, uint64_t for_us) {
    for (uint64_t end_us = world_now(w) + for_us; world_now(w) < end_us;) {
        for (unsigned i = 0; i < CALLS; i++) {
            uint8_t packet[PLK_PACKET_HANDSHAKE_LEN];
            struct plk_input input = {.kind = PLK_IN_DATAGRAM, .datagram.to = address_of(victim)};
            input.datagram.from = (struct plk_addr){.family = 4, .ip = {198, 51, 100, 7}, .port = 4000};
            if (invented) dice_bytes(&w->dice, input.datagram.from.ip, 4);
            dice_bytes(&w->dice, packet, sizeof packet);
            packet[0] = PLK_PACKET_MESSAGE1;
            packet[1] = PLK_PACKET_VERSION;
            input.datagram.data = plk_bytes(packet, sizeof packet);
            actor_input(victim, &input);
        }
        story_run(w, EACH_MS * PLK_MS);
    }
}

static void flood_until_heard(struct world *w, struct actor *victim, bool invented, const char *text) {
    for (unsigned i = 0; i < 60 && !story_has(victim, PLK_IN, text); i++) flood(w, victim, invented, PLK_SECOND);
    story_expect(w, story_has(victim, PLK_IN, text));
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *carol = story_person(w, "carol");
    story_meet(alice, bob);
    story_meet(carol, bob);
    story_say(alice, bob, "before the backup");
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 30 * PLK_SECOND);
    struct restorable saved = restorable(alice);
    world_stop(alice);
    bool invented = dice_below(&w->dice, 2) == 0;
    flood(w, bob, invented, 2 * PLK_SECOND); // the bursts are used up
    struct actor *again = restored(alice, &saved, "alice-again");
    story_say(again, bob, "from a new machine");
    flood_until_heard(w, bob, invented, "from a new machine");
    world_stop(carol);
    world_move(carol, 1);
    world_start(carol);
    story_say(carol, bob, "from elsewhere");
    flood_until_heard(w, bob, invented, "from elsewhere");
    story_expect(w, plk_node_counters(bob->node)->limited > 0);
    story_delivered(w, STORY_END);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
