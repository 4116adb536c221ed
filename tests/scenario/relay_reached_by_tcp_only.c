// SPDX-License-Identifier: MIT
// Alice is in a network that lets no UDP pass, and nothing passes directly between her and bob: her packets go to the relay
// by TCP, and on to bob by UDP.
#include "_relayed.h"

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
    net_filter(w->net, s.alice->index, 0);
    relayed_join(&s);
    relayed_until(&s, false, RELAYED_LOOK);
    relayed_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
