// SPDX-License-Identifier: MIT
// Bob is away when alice writes: two relays keep it, and she is told so. She leaves; he comes, has it, and the relays are empty.
// When she comes again she learns that it was delivered, though the two never met.
#include "_mailbox.h"

static bool is_stored(struct world *w, void *ctx) {
    const struct actor *a = ctx;
    const struct actor_event *last = &a->events[a->event_count - 1];
    (void)w;
    return a->event_count > 0 && last->row.kind == PLK_EVENT_STATE && last->row.state == PLK_STATE_STORED;
}

static bool hears_nothing_more(struct world *w, void *ctx) {
    const struct actor *a = ctx;
    (void)w;
    for (size_t i = 0; i < a->event_count; i++) {
        if (a->events[i].row.kind == PLK_EVENT_STATE && a->events[i].row.state == PLK_STATE_DELIVERED) return true;
    }
    return false;
}

static void tell(struct world *w) {
    struct relayd *near = mailbox_relay(w, "near"), *far = mailbox_relay(w, "far");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_use(alice, near);
    mailbox_use(alice, far);
    mailbox_use(bob, far);
    mailbox_use(bob, near);
    story_meet(alice, bob);
    mailbox_until_told(alice, bob, 2);
    story_run(w, 10 * PLK_SECOND);
    story_expect(w,
                 mailbox_items(near) == 0 && mailbox_items(far) == 0); // who is there needs no relay to keep anything

    world_stop(bob);
    story_say(alice, bob, "are you there?");
    story_until(w, is_stored, alice, MAILBOX_LIMIT, "alice hears that relays keep it");
    story_run(w, 5 * PLK_SECOND);
    story_expect(w, mailbox_items(near) == 1 && mailbox_items(far) == 1);
    world_stop(alice);

    world_start(bob);
    story_heard(bob, "are you there?", MAILBOX_LIMIT);
    story_run(w, 30 * PLK_SECOND);
    story_expect(w, mailbox_items(near) == 1 && mailbox_items(far) == 1); // bob's word that he has it, and nothing else
    world_stop(bob);

    world_start(alice);
    story_until(w, hears_nothing_more, alice, MAILBOX_LIMIT, "alice hears that it was delivered");
    mailbox_until_empty(near, MAILBOX_LIMIT);
    mailbox_until_empty(far, MAILBOX_LIMIT);
    world_start(bob);
    story_ends_well(w);
    relayd_free(near);
    relayd_free(far);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
