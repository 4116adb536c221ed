// SPDX-License-Identifier: MIT
// Alice is in a network that lets no UDP pass, and nothing passes directly between her and bob: her packets go to the relay
// by TCP, and on to bob by UDP.
#include "_relayed.h"

// As `why` tells them; one of them is in use.
static unsigned ways_by_relay(const struct actor *a, const struct actor *peer) {
    struct plk_way_view way;
    unsigned count = 0, active = 0;
    for (size_t i = 0; plk_node_way(a->node, world_contact(a, peer), i, &way); i++) {
        if (way.transport != PLK_PASS) continue;
        count++;
        active += strcmp(way.state, "active") == 0;
        story_expect(a->world, way.relay_host.len != 0 && way.source != NULL);
    }
    story_expect(a->world, active == 1);
    return count;
}

static void tell(struct world *w) {
    struct relayed s;
    relayed_begin(&s, w);
    world_kill(s.alice);
    relayed_part(&s);
    net_filter(w->net, s.alice->index, NET_UDP);
    world_start(s.alice);
    relayed_talk(&s, "over TCP to the relay", 10 * PLK_SECOND);
    relayed_until(&s, true, PLK_SECOND);
    story_say_many(s.alice, s.bob, "one of many", 300);
    story_say_many(s.bob, s.alice, "of many one", 300);
    story_delivered(w, PLK_MINUTE);
    relayed_until(&s, true, PLK_MS);
    story_expect(w, story_view(s.alice, s.bob).transport == PLK_TCP); // to the relay
    story_expect(w, story_view(s.bob, s.alice).transport == PLK_UDP);
    story_expect(w, ways_by_relay(s.alice, s.bob) == 2 && ways_by_relay(s.bob, s.alice) == 2);
    net_filter(w->net, s.alice->index, 0);
    relayed_join(&s);
    relayed_until(&s, false, RELAYED_LOOK);
    relayed_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
