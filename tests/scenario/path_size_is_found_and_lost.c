// SPDX-License-Identifier: MIT
// Two people with much to say find how large packets may be, each for their own direction. Then the way leads through a tunnel, and
// nobody is told: large packets vanish, small ones pass. What they say still arrives, over the same path, with packets that fit; and
// later the large ones are tried again.
#include "path/mtu.h"
#include "sim/story.h"

#define LONG 20000

static char text[LONG + 1];

static void say_much(struct actor *from, struct actor *to, char mark, uint64_t limit_us) {
    memset(text, mark, LONG);
    story_say(from, to, text);
    story_heard(to, text, limit_us);
}

static void expect_size(struct world *w, const struct actor *a, const struct actor *peer, uint32_t size) {
    struct plk_contact_view view = story_view(a, peer);
    story_expect(w, view.transport == PLK_UDP);
    story_expect(w, view.packet_len == size);
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    story_say(alice, bob, "hello");
    story_heard(bob, "hello", 3 * PLK_SECOND);
    expect_size(w, alice, bob, 1152); // who says little tries nothing
    for (char mark = 'a'; mark < 'e'; mark++) {
        say_much(alice, bob, mark, 2 * PLK_SECOND);
        say_much(bob, alice, mark, 2 * PLK_SECOND);
    }
    expect_size(w, alice, bob, 1472);
    expect_size(w, bob, alice, 1472);
    struct net_quality tunnel = world_line_good;
    tunnel.mtu = 1280;
    world_set_quality(w->seed % 2 ? alice : bob, &tunnel);
    say_much(alice, bob, 'e', PLK_SECOND);
    say_much(bob, alice, 'f', PLK_SECOND);
    for (char mark = 'A'; mark <= 'Z'; mark++) { // each size is tried three times, one trial at a time
        say_much(alice, bob, mark, 2 * PLK_SECOND);
        say_much(bob, alice, mark, 2 * PLK_SECOND);
    }
    expect_size(w, alice, bob, 1252);
    expect_size(w, bob, alice, 1252);
    world_set_quality(w->seed % 2 ? alice : bob, &world_line_good);
    for (uint64_t us = 0; us < PLK_MTU_RAISE_US; us += PLK_MINUTE) {
        story_say(alice, bob, "still there");
        story_run(w, PLK_MINUTE);
    }
    for (char mark = 'n'; mark < 'r'; mark++) say_much(alice, bob, mark, 2 * PLK_SECOND);
    expect_size(w, alice, bob, 1472);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
