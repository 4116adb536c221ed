// SPDX-License-Identifier: MIT
// Alice and Bob know each other through a relay. It is gone, and both are in the same café, at addresses that nobody has told the other:
// one writes, and they find each other by beacons. Mallory sits there, too, hears them all, says them again from where she is and some of her
// own, and learns and gets nothing; two beacons have no four bytes in common.
#include "_homes.h"

#include "contact/beacon_tag.h"

#define KEPT 64

struct heard {
    struct world *w;
    uint8_t beacons[KEPT][PLK_BEACON_LEN];
    unsigned count;
    uint64_t seen; // datagrams of the world
};

// All beacons among the packets since the last call.
static void listen(struct heard *h) {
    struct plk_bytes data;
    uint64_t now = wire_datagrams(h->w->wire), fresh = now - h->seen;
    for (size_t back = 0; back < fresh && back < WIRE_RECENT && wire_recent(h->w->wire, back, &data); back++) {
        if (data.len == PLK_BEACON_LEN && h->count < KEPT) memcpy(h->beacons[h->count++], data.at, PLK_BEACON_LEN);
    }
    h->seen = now;
}

static void nothing_is_said_twice(const struct heard *h) {
    for (unsigned a = 0; a < h->count; a++) {
        for (unsigned b = 0; b < a; b++) {
            for (unsigned i = 0; i < PLK_BEACON_LEN; i += 4) {
                for (unsigned k = 0; k < PLK_BEACON_LEN; k += 4)
                    story_expect(h->w, memcmp(h->beacons[a] + i, h->beacons[b] + k, 4) != 0);
            }
        }
    }
}

static void repeat(struct world *w, struct actor *mallory, const struct heard *h) {
    struct plk_addr here = {.family = 4}, group = plk_beacon_group(4, 0);
    uint8_t noise[PLK_BEACON_LEN];
    net_address(w->net, mallory->index, 4, &here);
    for (unsigned i = 0; i < h->count; i++)
        net_datagram(w->net, mallory->index, &here, &group, plk_bytes(h->beacons[i], PLK_BEACON_LEN));
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)dice_below(&w->dice, 256);
    net_datagram(w->net, mallory->index, &here, &group, plk_bytes(noise, sizeof noise - w->seed % 3));
}

static void tell(struct world *w) {
    struct homes s;
    struct heard h = {.w = w};
    homes_begin_as(&s, w, NAT_CLASS_PORT_RESTRICTED, NAT_CLASS_SYMMETRIC);
    struct nat *cafe = world_nat(w, w->seed % 2 ? NAT_CLASS_EIM_RANDOM : NAT_CLASS_SYMMETRIC);
    struct actor *mallory = world_actor(w, "mallory");
    mallory->has6 = false;
    mallory->stranger = true;
    world_behind(mallory, cafe);
    net_bind(w->net, mallory->index, mallory->port, 0, 0);
    world_stop(s.alice);
    world_stop(s.bob);
    relayd_kill(s.relay);
    world_behind(s.alice, cafe);
    world_behind(s.bob, cafe);
    world_start(s.alice);
    story_run(w, 5 * PLK_MINUTE); // nobody is there
    listen(&h);
    world_start(s.bob);
    story_say(s.bob, s.alice, "I am here, are you?");
    for (int i = 0; i < 20; i++) {
        story_run(w, 500 * PLK_MS);
        listen(&h);
    }
    story_heard(s.alice, "I am here, are you?", PLK_SECOND);
    story_expect(w, story_view(s.bob, s.alice).path == PLK_PATH_LAN && story_view(s.alice, s.bob).path == PLK_PATH_LAN);
    story_expect(w, h.count > 0);
    nothing_is_said_twice(&h);
    homes_chat(&s, "no relay", 5 * PLK_SECOND);

    uint32_t before = w->net->knocks[s.alice->index][mallory->index] + w->net->knocks[s.bob->index][mallory->index];
    for (int i = 0; i < 10; i++) {
        repeat(w, mallory, &h);
        story_run(w, 2 * PLK_SECOND);
    }
    story_expect(w, w->net->knocks[s.alice->index][mallory->index] + w->net->knocks[s.bob->index][mallory->index] ==
                        before);
    relayd_start(s.relay);
    homes_talk(&s, "back on the line", 30 * PLK_SECOND);
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
