// SPDX-License-Identifier: MIT
// Pictures go both ways while one machine or the other dies at any moment, also while a picture is being written to its own disk. What
// was accepted arrives whole and once; what nobody was told of leaves nothing behind.
#include "_picture.h"

static void expect_no_litter(struct world *w, const struct actor *a, unsigned sent) {
    size_t rows = 0;
    struct plk_message_row row;
    for (unsigned number = 1; number <= sent; number++) {
        for (int direction = PLK_IN; direction <= PLK_OUT; direction++) {
            if (!picture_row(a, (enum plk_direction)direction, number, &row)) continue;
            struct plk_picture picture;
            story_expect(w, plk_picture_decode(row.payload, &picture) == PLK_ERR_OK);
            rows += plk_picture_parts(picture.size) + 1;
        }
    }
    story_expect(w, picture_rows(a) == rows);
}

static bool all_whole(struct world *w, void *ctx) {
    struct actor **pair = ctx;
    struct plk_message_row row;
    (void)w;
    for (unsigned number = 1; number <= 6; number++) {
        struct actor *from = pair[number % 2], *to = pair[1 - number % 2];
        if (!picture_row(from, PLK_OUT, number, &row)) continue; // it was never accepted
        if (row.state != PLK_STATE_DELIVERED || !picture_is_whole(to, PLK_IN, number)) return false;
    }
    return true;
}

static void tell(struct world *w) {
    w->speed.commit_low_us = 2 * PLK_MS;
    w->speed.commit_high_us = 40 * PLK_MS;
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *pair[2] = {alice, bob};
    story_meet(alice, bob);
    for (unsigned number = 1; number <= 6; number++) {
        struct actor *from = pair[number % 2], *to = pair[1 - number % 2];
        size_t len = number == 3 ? PLK_PICTURE_MAX : PICTURE_SOME + number;
        bool unsure = dice_below(&w->dice, 2) == 0 && plk_node_state(from->node) == PLK_NODE_READY;
        if (unsure) {
            struct plk_command command = picture_command(from, to, number, len);
            actor_command(from, &command);
            story_run(w, dice_below(&w->dice, 120 * PLK_MS));
            world_restart(from);
        } else {
            picture_send(from, to, number, len);
        }
        story_run(w, dice_below(&w->dice, 400 * PLK_MS));
        world_restart(dice_below(&w->dice, 2) ? alice : bob);
        story_run(w, dice_below(&w->dice, 300 * PLK_MS));
    }
    story_say(alice, bob, "is that all?");
    story_until(w, all_whole, pair, 10 * PLK_MINUTE, "every picture is whole on the other side");
    story_ends_well(w);
    expect_no_litter(w, alice, 6);
    expect_no_litter(w, bob, 6);
    story_expect(w, picture_events(alice) + picture_events(bob) <= 6);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 8); }
