// SPDX-License-Identifier: MIT
// The line is slow. Alice sends a large picture and, right after it, a text: bob reads the text long before the picture is there.
#include "_picture.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    struct net_quality slow = world_line_good;
    slow.rate = 60 * 1000;
    world_set_quality(alice, &slow);
    picture_send(alice, bob, 1, PLK_PICTURE_MAX); // 17 seconds of this line
    story_run(w, 3 * PLK_SECOND);
    story_say(alice, bob, "it takes a while");
    story_heard(bob, "it takes a while", 8 * PLK_SECOND); // what is under way already, and no more
    story_expect(w, !picture_is_whole(bob, PLK_IN, 1));
    struct plk_message_row row;
    story_expect(w, picture_row(alice, PLK_OUT, 1, &row) && row.state < PLK_STATE_DELIVERED);
    picture_until_delivered(alice, bob, 1, PLK_MINUTE);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
