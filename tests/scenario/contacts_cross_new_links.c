// SPDX-License-Identifier: MIT
// Two contacts open each other's new link at the same time, or one opens a link while a re-key is under way because a store was
// rolled back. They end with one ratchet, and nothing is lost.
#include "sim/story.h"

static void open_link(struct actor *a, const char *link) {
    struct plk_command c = {.kind = PLK_CMD_ADD, .text = plk_bytes_text(link)};
    const struct actor_result *r = world_command(a, &c);
    story_holds(a->world);
    story_expect(a->world, r->err == PLK_ERR_OK && r->repeated);
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    char from_alice[PLK_LINK_TEXT_MAX], from_bob[PLK_LINK_TEXT_MAX];
    bool rolled = w->seed % 2 == 0;
    story_meet(alice, bob);
    story_say_many(alice, bob, "early", 3);
    story_delivered(w, PLK_MINUTE);
    if (rolled) {
        world_stop(bob);
        world_save(bob);
        world_start(bob);
        story_say_many(bob, alice, "forgotten", 3);
        story_say_many(alice, bob, "lost and found", 3);
        story_delivered(w, PLK_MINUTE);
    }
    snprintf(from_alice, sizeof from_alice, "%s", world_invite(alice, PLK_INVITE_INLINE));
    if (rolled) world_roll_back(bob);
    snprintf(from_bob, sizeof from_bob, "%s", world_invite(bob, PLK_INVITE_INLINE));
    world_part(w, alice, bob, NET_ALL);
    story_say(alice, bob, "alice waits");
    story_say(bob, alice, "bob waits");
    if (w->seed % 4 < 2 || !rolled) open_link(bob, from_alice);
    if (w->seed % 4 >= 2 || !rolled) open_link(alice, from_bob);
    if (w->seed % 3 == 0) world_restart(alice);
    world_part(w, alice, bob, 0);
    if (w->seed % 5 == 0) {
        story_run(w, dice_below(&w->dice, 2 * PLK_SECOND));
        world_restart(bob);
    }
    story_heard(bob, "alice waits", 10 * PLK_MINUTE);
    story_heard(alice, "bob waits", 10 * PLK_MINUTE);
    if (rolled) story_heard(bob, "lost and found 3", 2 * PLK_HOUR);
    story_say(alice, bob, "and on");
    story_heard(bob, "and on", 5 * PLK_MINUTE);
    story_say(bob, alice, "we go");
    story_heard(alice, "we go", 5 * PLK_MINUTE);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
