// SPDX-License-Identifier: MIT
// Two who talk know each other's other addresses before they need them. When the path of their data dies, without a word from
// any network, the next text arrives by another after the time that it takes to notice, without a handshake.
#include "node/inside.h"
#include "sim/story.h"

static uint64_t handshakes(struct actor *a, struct actor *peer) {
    const struct plk_peer *row = plk_peers_find(&a->node->peers, world_contact(a, peer));
    const struct plk_link *link = row->link;
    story_expect(a->world, link != NULL && plk_link_is_up(link));
    return link->channels[link->current].session.started_us;
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    char text[32];
    for (int i = 0; i < 6; i++) {
        snprintf(text, sizeof text, "%d", i);
        story_say(i % 2 ? alice : bob, i % 2 ? bob : alice, text);
        story_run(w, 6 * PLK_SECOND);
    }
    uint64_t began_us = handshakes(alice, bob), family = story_view(alice, bob).remote.family;
    story_expect(w, story_view(bob, alice).remote.family == family);
    net_mute(w->net, w->seed % 2 ? alice->index : bob->index, (uint8_t)family);
    story_say(alice, bob, "do you hear me");
    story_heard(bob, "do you hear me", 500 * PLK_MS);
    story_say(bob, alice, "yes");
    story_heard(alice, "yes", 500 * PLK_MS);
    story_delivered(w, PLK_SECOND);
    story_expect(w, story_view(alice, bob).remote.family != family && story_view(bob, alice).remote.family != family);
    story_expect(w, story_view(alice, bob).transport == PLK_UDP);
    net_mute(w->net, w->seed % 2 ? alice->index : bob->index, 0);
    story_run(w, PLK_MINUTE);
    story_say(alice, bob, "and now");
    story_heard(bob, "and now", 500 * PLK_MS);
    story_expect(w, handshakes(alice, bob) == began_us);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
