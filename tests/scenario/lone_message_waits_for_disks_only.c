// SPDX-License-Identifier: MIT
// On a line without delay a message alone is delivered, and its writer knows it, after three commits: hers with the message, his
// with it, hers with the receipt. Nothing in between waits for a timer: no pacing, no delayed acknowledgement. So it is right
// after another message, after a pause, and after many at once.
#include "sim/story.h"

enum { COMMIT_US = 1000 };

static const struct net_quality no_delay = {.mtu = 1500};

static uint64_t delivered_us(const struct actor *a, size_t from_event) {
    for (size_t i = from_event; i < a->event_count; i++) {
        const struct actor_event *event = &a->events[i];
        if (event->row.kind == PLK_EVENT_STATE && event->row.state == PLK_STATE_DELIVERED) return event->at_us;
    }
    return 0;
}

static void say_and_measure(struct world *w, struct actor *from, struct actor *to, uint64_t limit_us) {
    uint64_t begun_us = world_now(w);
    size_t events = from->event_count;
    story_say(from, to, "how long does it take");
    story_delivered(w, PLK_SECOND);
    uint64_t took_us = delivered_us(from, events) - begun_us;
    if (took_us > limit_us) fprintf(stderr, "took %llu us\n", (unsigned long long)took_us);
    story_expect(w, took_us <= limit_us);
}

static void tell(struct world *w) {
    w->quality = no_delay;
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    struct actor *both[] = {alice, bob};
    story_meet(alice, bob);
    story_say(alice, bob, "first");
    story_say(bob, alice, "second");
    story_delivered(w, 10 * PLK_SECOND);
    story_run(w, 20 * PLK_SECOND);
    for (int i = 0; i < 2; i++) both[i]->disk->speed = (struct disk_speed){COMMIT_US, COMMIT_US, 0, 0, COMMIT_US};
    for (int i = 0; i < 20; i++) {
        struct actor *from = both[dice_below(&w->dice, 2)], *to = both[from == alice];
        story_run(w, dice_below(&w->dice, 4) == 0 ? dice_below(&w->dice, 3 * PLK_MINUTE) : dice_below(&w->dice, 30000));
        if (i == 10) story_say_many(from, to, "one of many", 300);
        if (i == 10) story_delivered(w, 10 * PLK_SECOND);
        say_and_measure(w, from, to, 3 * COMMIT_US);
    }
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
