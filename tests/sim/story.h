// SPDX-License-Identifier: MIT
// What the stories in tests/scenario are written with. A story is told for several seeds, each in a world of its own; the
// first thing that is not as the story says ends the program, with the line that replays it.
//
//     static void tell(struct world *w) {
//         struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
//         story_meet(alice, bob);
//         world_kill(bob);
//         story_say(alice, bob, "are you there?");
//         world_start(bob);
//         story_heard(bob, "are you there?", PLK_MINUTE);
//         story_ends_well(w);
//     }
//
//     int main(int argc, char **argv) { return story_main(argc, argv, tell); }
#ifndef SIM_STORY_H
#define SIM_STORY_H

#include "sim/world.h"

#define STORY_SEEDS 24              // told unless --seeds says otherwise
#define STORY_END (10 * PLK_MINUTE) // in which all is delivered once the story is over

// --seeds FROM..TO, or --seed N [--trace].
int story_main(int argc, char **argv, void (*tell)(struct world *w));
int story_main_for(int argc, char **argv, void (*tell)(struct world *w), uint64_t seeds); // a long one, for fewer

// Ends the program if the world has failed; the others call it after all they do.
void story_holds(struct world *w);

// The story says that this is so.
#define story_expect(w, condition) story_expect_that(w, condition, #condition)
void story_expect_that(struct world *w, bool is_so, const char *what);

struct actor *story_person(struct world *w, const char *name); // a machine, a running node, a profile
void story_meet(struct actor *inviter, struct actor *joiner);  // by an inline link; both hold each other as contacts

void story_run(struct world *w, uint64_t us);
void story_until(struct world *w, world_test *test, void *ctx, uint64_t limit_us, const char *what);

void story_say(struct actor *from, struct actor *to, const char *text); // it is accepted, and goes its way
void story_say_many(struct actor *from, struct actor *to, const char *text, unsigned count); // "text 1", ...
void story_heard(struct actor *to, const char *text, uint64_t limit_us); // it is in the store as received
void story_not_heard(const struct actor *to, const char *text);
void story_delivered(struct world *w, uint64_t limit_us); // all that was written, and the senders know it

bool story_has(const struct actor *a, enum plk_direction direction, const char *text);
size_t story_count(const struct actor *a, enum plk_event_kind kind); // events of that kind so far

// The path of the link to the peer, as status tells it.
struct plk_contact_view story_view(const struct actor *a, const struct actor *peer);

// Everything that was accepted is delivered, within STORY_END of quiet.
void story_ends_well(struct world *w);

#endif
