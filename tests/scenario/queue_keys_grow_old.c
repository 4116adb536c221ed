// SPDX-License-Identifier: MIT
// Alice's queues for bob are replaced when they have grown old, and bob's for her. While bob is away for most of a year what he is
// written, and what he wrote before he heard of the new queues, gets through; processes and relays die at every moment of it.
#include "_mailbox.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static size_t queues(const struct relayd *relay) { return relayd_rows(relay, PLK_TABLE_rqueue); }

static void age(struct world *w, struct actor *a, struct actor *b, int days) {
    world_jump_wall(a, days * DAY_MS);
    world_jump_wall(b, days * DAY_MS);
    story_run(w, PLK_MINUTE);
}

struct count {
    struct relayd *near, *far;
    size_t least, most;
};

static bool are_there(struct world *w, void *ctx) {
    const struct count *c = ctx;
    (void)w;
    return queues(c->near) >= c->least && queues(c->near) <= c->most && queues(c->far) >= c->least &&
           queues(c->far) <= c->most;
}

// Both processes, or relays, die now and then meanwhile.
static void until_queues(struct world *w, struct actor *a, struct actor *b, struct count *c, const char *what) {
    for (int i = 0; i < 48 && !are_there(w, c); i++) {
        story_run(w, dice_below(&w->dice, 20 * PLK_MINUTE));
        switch (dice_below(&w->dice, 12)) {
        case 0:
            world_restart(a);
            break;
        case 1:
            if (b->node) world_restart(b);
            break;
        case 2:
            relayd_kill(c->near);
            relayd_start(c->near);
            break;
        default:
            break;
        }
        story_run(w, PLK_HOUR);
    }
    story_until(w, are_there, c, 6 * PLK_HOUR, what);
}

static void tell(struct world *w) {
    struct relayd *near = mailbox_relay(w, "near"), *far = mailbox_relay(w, "far");
    static const uint8_t token[PLK_QUEUE_TOKEN_LEN] = {7, 4, 4, 7};
    relayd_token(near, token, 6); // old and new ones of both, and for re-keys: whoever deletes one may make another
    relayd_token(far, token, 6);
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    world_part(w, alice, bob, w->seed % 2 ? NET_ALL : 0);
    struct count c = {near, far, 6, 6};
    if (w->seed % 2) world_part(w, alice, bob, 0);
    mailbox_use(alice, near);
    mailbox_use(alice, far);
    mailbox_use(bob, far);
    mailbox_use(bob, near);
    story_meet(alice, bob);
    mailbox_until_told(alice, bob, 2);
    story_expect(w, queues(near) == 2 && queues(far) == 2);
    if (w->seed % 2) world_part(w, alice, bob, NET_ALL);
    story_run(w, 6 * PLK_HOUR);
    story_expect(w, queues(near) == 2 && queues(far) == 2); // they are young

    age(w, alice, bob, 230);
    until_queues(w, alice, bob, &c, "all are made anew, the old ones are still there");
    story_say(alice, bob, "by the new ones");
    story_heard(bob, "by the new ones", 10 * PLK_MINUTE);
    age(w, alice, bob, 121);
    c.least = c.most = 4;
    until_queues(w, alice, bob, &c, "the old ones are deleted");

    story_say(bob, alice, "I am off");
    story_run(w, dice_below(&w->dice, 5 * PLK_SECOND)); // some of it stays in a queue, maybe
    world_stop(bob);
    age(w, alice, bob, 230);
    c.least = c.most = 5; // alice's, old and new, and bob's
    until_queues(w, alice, bob, &c, "alice's are made anew");
    story_say(alice, bob, "where are you?");
    age(w, alice, bob, 5);
    story_run(w, 6 * PLK_HOUR);
    story_expect(w, are_there(w, &c)); // bob has not heard of them: nothing is deleted
    world_part(w, alice, bob, NET_ALL);
    story_run(w, PLK_MINUTE);
    world_stop(alice);
    world_start(bob);
    story_say(bob, alice, "back again"); // into what he knows, or, by now, what he was told of
    story_run(w, 5 * PLK_MINUTE);
    world_stop(bob);
    world_start(alice);
    story_heard(alice, "back again", 5 * PLK_MINUTE);
    world_start(bob);
    story_heard(bob, "where are you?", 5 * PLK_MINUTE);
    age(w, alice, bob, 121);
    c.least = 4, c.most = 5; // bob's are old by now
    until_queues(w, alice, bob, &c, "alice's old ones are deleted");
    story_ends_well(w);
    relayd_free(near);
    relayd_free(far);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 12); }
