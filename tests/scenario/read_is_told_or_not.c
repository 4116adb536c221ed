// SPDX-License-Identifier: MIT
// Bob reads, and Alice is told how far; then he reads without telling, and she is not; then he tells again.
#include "_marks.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say_many(alice, bob, "chapter", 3);
    story_heard(bob, "chapter 3", 10 * PLK_SECOND);
    struct marked third = marks_find(alice, bob, "chapter 3");
    story_expect(w, !marks_is_read(&third));
    story_expect(w, marks_do(&third, bob, PLK_CMD_READ, NULL) == PLK_ERR_OK);
    story_run(w, 10 * PLK_SECOND);
    story_expect(w, marks_is_read(&third));
    story_expect(w, marks_set(bob, alice, PLK_CMD_RECEIPTS, 0, false) == PLK_ERR_OK);
    story_say(alice, bob, "chapter four");
    story_heard(bob, "chapter four", 10 * PLK_SECOND);
    struct marked fourth = marks_find(alice, bob, "chapter four");
    story_expect(w, marks_do(&fourth, bob, PLK_CMD_READ, NULL) == PLK_ERR_OK);
    world_restart(bob);
    story_run(w, PLK_MINUTE);
    story_expect(w, marks_is_read(&third) && !marks_is_read(&fourth));
    story_expect(w, marks_set(bob, alice, PLK_CMD_RECEIPTS, 0, true) == PLK_ERR_OK);
    story_say(alice, bob, "chapter five");
    story_heard(bob, "chapter five", PLK_MINUTE);
    struct marked fifth = marks_find(alice, bob, "chapter five");
    world_kill(alice); // told when she is back
    story_expect(w, marks_do(&fifth, bob, PLK_CMD_READ, NULL) == PLK_ERR_OK);
    world_start(alice);
    story_run(w, 2 * PLK_MINUTE);
    story_expect(w, marks_is_read(&fifth));
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
