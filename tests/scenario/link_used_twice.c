// SPDX-License-Identifier: MIT
// Two people open the same one-time link. The first becomes a contact; the second is refused and told so.
#include "sim/story.h"

static bool refused(struct world *w, void *ctx) {
    struct actor *carol = ctx;
    struct plk_contact_view view;
    uint32_t cursor = 0;
    (void)w;
    return carol->node && plk_node_next_contact(carol->node, &cursor, &view) && view.row.state == PLK_CONTACT_REFUSED;
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *carol = story_person(w, "carol");
    struct actor *pair[2] = {alice, bob};
    const char *link = world_invite(alice, PLK_INVITE_INLINE);
    story_expect(w, world_add(bob, link, NULL) != 0);
    story_until(w, world_friends, pair, PLK_MINUTE, "alice and bob are contacts");
    if (w->seed % 2) world_restart(alice);
    story_expect(w, world_add(carol, link, NULL) != 0);
    story_until(w, refused, carol, 2 * PLK_MINUTE, "carol is told that the link was used");
    story_expect(w, world_contact(alice, carol) == 0);
    story_say(bob, alice, "we are still talking");
    story_heard(alice, "we are still talking", 10 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
