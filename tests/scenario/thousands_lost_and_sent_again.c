// SPDX-License-Identifier: MIT
// Bob's disk is set back to before thousands of messages. He gets them all again, out of Alice's history, page by page, before
// what she writes now, and either process may die while that lasts.
#include "sim/story.h"

#define TEXTS 3000
#define MEMORY_MAX (UINT64_C(8) << 20)

static void write_all(struct actor *from, struct actor *to) {
    for (unsigned i = 0; i < TEXTS / 100; i++) {
        story_say_many(from, to, "again and again", 100);
        story_delivered(from->world, PLK_MINUTE);
    }
}

static bool some_are_back(struct world *w, void *to) { return check_arrived(w->check, to) > TEXTS / 3; }

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say(alice, bob, "hello");
    story_delivered(w, PLK_MINUTE);
    story_run(w, 5 * PLK_SECOND);
    world_save(bob);
    write_all(alice, bob);
    story_run(w, 5 * PLK_SECOND);
    story_expect(w, check_arrived(w->check, bob) == TEXTS + 1);
    world_roll_back(bob);
    story_expect(w, check_arrived(w->check, bob) == 1);
    story_say(alice, bob, "do you remember?");
    story_until(w, some_are_back, bob, 10 * PLK_MINUTE, "some of it is there again");
    story_not_heard(bob, "do you remember?");
    world_restart(w->seed % 2 ? bob : alice);
    story_heard(bob, "do you remember?", 10 * PLK_MINUTE);
    story_expect(w, check_arrived(w->check, bob) == TEXTS + 2);
    story_expect(w, alice->memory_peak < MEMORY_MAX && bob->memory_peak < MEMORY_MAX);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 3); }
