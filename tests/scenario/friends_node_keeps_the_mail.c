// SPDX-License-Identifier: MIT
// Alice and bob are at home behind NATs and have no relay but each other's, which nobody reaches, and fay's node. They become contacts
// through it; bob is away when alice writes, and alice is when he comes: he has it from fay's machine, and nothing of it is left there.
#include "_friend.h"

static void tell(struct world *w) {
    struct friend s;
    friend_begin(&s, w);
    served_set(s.alice, true);
    served_set(s.bob, true);
    friend_meet(&s);
    friend_until_queues(&s, 1);
    story_say(s.alice, s.bob, "good morning");
    story_heard(s.bob, "good morning", FRIEND_LIMIT);
    story_run(w, 10 * PLK_SECOND);

    world_stop(s.bob);
    story_say(s.alice, s.bob, "are you there?");
    friend_until_stored(s.alice);
    story_expect(w, served_rows(s.fay, PLK_TABLE_rcell) > 0);
    world_stop(s.alice);
    world_start(s.bob);
    story_heard(s.bob, "are you there?", FRIEND_LIMIT);
    world_start(s.alice);
    story_ends_well(w);
    story_expect(w, !plk_node_is_reachable(s.alice->node) && !plk_node_is_reachable(s.bob->node)); // by own holes only
    story_run(w, PLK_MINUTE);
    story_expect(w, served_rows(s.fay, PLK_TABLE_rcell) == 0);
    story_expect(w, served_rows(s.alice, PLK_TABLE_rqueue) == 0); // nobody has found her relay: it is at home
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
