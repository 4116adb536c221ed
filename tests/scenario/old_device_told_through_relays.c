// SPDX-License-Identifier: MIT
// Alice has restored her profile on a new machine, and one day the old one is switched on again, where nothing but relays leads to bob.
// It is told that the profile has moved: by bob when he is there, or by a cell that he leaves when he is not; also when the new machine
// reads other queues by then. The conversation with the new machine goes on.
#include "_mailbox.h"
#include "_restore.h"

static bool is_refused(struct world *w, void *pair) {
    struct actor **both = pair;
    (void)w;
    return story_view(both[0], both[1]).row.state == PLK_CONTACT_REFUSED;
}

static void start(struct actor *a) {
    world_start(a);
    story_until(a->world, world_is_up, a, PLK_MINUTE, "it runs");
}

static void never_together(struct world *w, struct actor *old, struct actor *bob) {
    struct actor *pair[2] = {old, bob};
    world_stop(bob);
    start(old);
    for (int i = 0; i < 6 && !(old->node && is_refused(w, pair)); i++) {
        story_say(old, bob, "from the old machine");
        story_run(w, PLK_MINUTE);
        world_stop(old);
        start(bob);
        story_run(w, PLK_MINUTE);
        world_stop(bob);
        start(old);
        story_run(w, PLK_MINUTE);
    }
    story_expect(w, is_refused(w, pair));
}

static void tell(struct world *w) {
    struct relayd *near = mailbox_relay(w, "near"), *far = mailbox_relay(w, "far");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *pair[2] = {alice, bob};
    mailbox_use(alice, near);
    mailbox_use(bob, far);
    story_meet(alice, bob);
    mailbox_until_told(alice, bob, 1);
    story_say(alice, bob, "before");
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 30 * PLK_SECOND);
    struct restorable saved = restorable(alice);
    world_stop(alice);
    world_part(w, alice, bob, NET_ALL);
    struct actor *again = restored(alice, &saved, "alice-again");
    world_part(w, again, bob, NET_ALL);
    world_part(w, again, alice, NET_ALL);
    story_say(again, bob, "a new machine");
    story_heard(bob, "a new machine", 10 * PLK_MINUTE);
    if (w->seed % 3 == 0) { // it uses another relay: what the old one reads, it does not read any more
        struct plk_command remove = {.kind = PLK_CMD_RELAY_REMOVE};
        char name[64];
        int len = snprintf(name, sizeof name, "near:%u", (unsigned)near->machine->port);
        remove.text = plk_bytes(name, (size_t)len);
        mailbox_use(again, far);
        story_expect(w, world_command(again, &remove)->err == PLK_ERR_OK);
        story_run(w, PLK_MINUTE);
    }
    if (w->seed % 3 == 1) world_stop(again); // and is off for a while

    if (w->seed % 2) {
        never_together(w, alice, bob);
        start(bob);
    } else {
        start(alice);
        story_say(alice, bob, "from the old machine");
        story_until(w, is_refused, pair, 2 * PLK_HOUR, "the old machine is told");
    }
    if (!again->node) start(again);
    story_expect(w, story_view(again, bob).row.state == PLK_CONTACT_ACTIVE);
    story_say(bob, again, "still you");
    story_heard(again, "still you", 30 * PLK_MINUTE);
    story_say(again, bob, "still me");
    story_heard(bob, "still me", 30 * PLK_MINUTE);
    world_stop(alice);
    world_stop(bob);
    world_stop(again);
    story_holds(w);
    relayd_free(near);
    relayd_free(far);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 12); }
