// SPDX-License-Identifier: MIT
// Two people who have nothing of each other but a link: it leads through alice's relay. Bob has no relay; he takes over hers, with a
// token that it gives him as her guest. He wrote something at once, and it is there when the two are contacts.
#include "_mailbox.h"

static void tell(struct world *w) {
    struct relayd *relay = mailbox_relay(w, "relay");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *pair[2] = {alice, bob};
    mailbox_use(alice, relay);
    if (w->seed % 2) mailbox_use(bob, relay);
    const char *link = world_invite(alice, w->seed % 3 ? PLK_INVITE_ONE_TIME : PLK_INVITE_AUTO);
    story_holds(w);
    story_expect(w, world_add(bob, link, "hello, it is me") != 0);
    story_expect(w, story_has(bob, PLK_OUT, "hello, it is me"));
    story_until(w, world_friends, pair, PLK_MINUTE, "they are contacts");
    story_heard(alice, "hello, it is me", 10 * PLK_SECOND);
    story_say(alice, bob, "so it is");
    story_heard(bob, "so it is", 30 * PLK_SECOND);
    story_ends_well(w);
    struct plk_relay_view view;
    story_expect(w, plk_node_relay(bob->node, 0, &view) && view.adopted == (w->seed % 2 == 0));
    world_stop(alice);
    world_stop(bob);
    relayd_free(relay);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
