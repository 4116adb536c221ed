// SPDX-License-Identifier: MIT
// One of two has removed the other with all that was said, and one of them opens a new link of the other's: they are contacts
// again. What the other still had to say arrives; what was said before does not come back to the one who removed it.
#include "sim/story.h"

static void forget(struct actor *a, struct actor *peer) {
    struct plk_command c = {.kind = PLK_CMD_REMOVE, .contact = world_contact(a, peer)};
    check_forget(a->world->check, a, c.contact);
    const struct actor_result *r = world_command(a, &c);
    story_holds(a->world);
    story_expect(a->world, r->err == PLK_ERR_OK);
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    struct actor *inviter = w->seed % 4 < 2 ? alice : bob, *joiner = inviter == alice ? bob : alice;
    story_meet(alice, bob);
    story_say_many(alice, bob, "old from alice", 3);
    story_say_many(bob, alice, "old from bob", 3);
    story_delivered(w, PLK_MINUTE);

    uint32_t bobs = world_contact(bob, alice);
    forget(alice, bob);
    story_say(bob, alice, "you cannot hear me");
    story_run(w, PLK_MINUTE);
    if (w->seed % 3 == 0) world_restart(alice);
    if (w->seed % 3 == 1) world_restart(bob);
    story_expect(w, world_contact(alice, bob) == 0);

    char link[PLK_LINK_TEXT_MAX];
    snprintf(link, sizeof link, "%s", world_invite(inviter, PLK_INVITE_INLINE));
    story_expect(w, world_add(joiner, link, "here we are") != 0);
    story_heard(inviter, "here we are", 5 * PLK_MINUTE);
    story_heard(alice, "you cannot hear me", 5 * PLK_MINUTE);
    story_say(alice, bob, "now I can");
    story_heard(bob, "now I can", PLK_MINUTE);
    story_expect(w, world_contact(bob, alice) == bobs);
    story_not_heard(alice, "old from bob 1");
    story_expect(w, !story_has(alice, PLK_OUT, "old from alice 1") && story_has(bob, PLK_IN, "old from alice 1"));
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
