// SPDX-License-Identifier: MIT
// Alice's machine is set back to a time before she and bob replaced their queues: she knows none of his that is still there, nor he any
// that she still reads, and they never meet on a direct way. Queues for re-keys, whose keys never change, bring them together.
#include "_mailbox.h"
#include "_restore.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

struct count {
    const struct relayd *near, *far;
    size_t each;
};

static bool are_there(struct world *w, void *ctx) {
    const struct count *c = ctx;
    (void)w;
    return relayd_rows(c->near, PLK_TABLE_rqueue) == c->each && relayd_rows(c->far, PLK_TABLE_rqueue) == c->each;
}

static void age(struct world *w, struct actor *a, struct actor *b, int days, struct count *c, const char *what) {
    world_jump_wall(a, days * DAY_MS);
    world_jump_wall(b, days * DAY_MS);
    story_until(w, are_there, c, 12 * PLK_HOUR, what);
}

static struct actor *set_back(struct world *w, struct actor *alice, struct actor *bob, const struct restorable *saved) {
    struct actor *again = alice;
    if (w->seed % 2) {
        world_stop(alice);
        again = restored(alice, saved, "alice-again");
    } else {
        world_roll_back(alice);
    }
    world_part(w, again, bob, NET_UDP | NET_TCP);
    return again;
}

static void tell(struct world *w) {
    struct relayd *near = mailbox_relay(w, "near"), *far = mailbox_relay(w, "far");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_use(alice, near);
    mailbox_use(bob, far);
    story_meet(alice, bob);
    mailbox_until_told(alice, bob, 1);
    mailbox_talk(alice, bob, "long ago", PLK_MINUTE);
    struct restorable saved = restorable(alice);
    world_save(alice);
    struct count c = {near, far, 3};
    age(w, alice, bob, 230, &c, "new queues, and one for re-keys, beside the old ones");
    mailbox_talk(alice, bob, "by the new ones", 10 * PLK_MINUTE);
    c.each = 2;
    age(w, alice, bob, 121, &c, "the old ones are deleted");

    if (w->seed % 3 == 0) story_say(bob, alice, "good night");
    struct actor *again = set_back(w, alice, bob, &saved);
    world_jump_wall(again, 351 * DAY_MS);
    story_say(again, bob, "I was set back");
    story_say(bob, again, "you are quiet");
    mailbox_by_turns(again, bob, 10 * PLK_MINUTE);
    story_heard(bob, "I was set back", PLK_HOUR);
    story_heard(again, "you are quiet", PLK_HOUR);
    mailbox_talk(again, bob, "well again", PLK_HOUR);
    if (again == alice)
        story_ends_well(w);
    else
        story_delivered(w, STORY_END); // what was said between is lost with the old machine
    relayd_free(near);
    relayd_free(far);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 12); }
