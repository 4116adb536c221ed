// SPDX-License-Identifier: MIT
// Bob is away when alice sends him the largest picture there is, and a text after it: relays keep both, and she is told so of the
// picture only when they keep all of it. She leaves; he comes and has the picture, byte for byte. When she comes again she learns that
// it was delivered, though the two never met.
#include "_mailbox.h"
#include "_picture.h"

static bool is_stored(struct world *w, void *ctx) {
    struct plk_message_row row;
    (void)w;
    return picture_row(ctx, PLK_OUT, 1, &row) && row.state == PLK_STATE_STORED;
}

static bool is_whole(struct world *w, void *ctx) {
    (void)w;
    return picture_is_whole(ctx, PLK_IN, 1);
}

static void tell(struct world *w) {
    struct relayd *near = mailbox_relay(w, "near"), *far = mailbox_relay(w, "far");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_use(alice, near);
    mailbox_use(bob, far);
    story_meet(alice, bob);
    mailbox_until_told(alice, bob, 1);
    story_run(w, 10 * PLK_SECOND);

    world_stop(bob);
    picture_send(alice, bob, 1, PLK_PICTURE_MAX);
    story_say(alice, bob, "do you like it?");
    story_until(w, is_stored, alice, PLK_MINUTE, "alice hears that a relay keeps the picture");
    story_run(w, 10 * PLK_SECOND);
    story_expect(w, mailbox_items(far) >= PLK_PICTURE_PARTS_MAX); // and the text, which lies beside them
    world_stop(alice);

    world_start(bob);
    story_heard(bob, "do you like it?", MAILBOX_LIMIT);
    story_until(w, is_whole, bob, MAILBOX_LIMIT, "bob has the picture");
    story_run(w, 30 * PLK_SECOND);
    story_expect(w, picture_events(bob) == 1);
    world_stop(bob);

    world_start(alice);
    picture_until_delivered(alice, bob, 1, MAILBOX_LIMIT);
    world_start(bob);
    story_ends_well(w);
    relayd_free(near);
    relayd_free(far);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 6); }
