// SPDX-License-Identifier: MIT
// Bob is away for long, and Alice's bot has much to say. What waits is on her disk, not in her memory; when he is back all of it
// arrives, in order, and neither node holds more of it in memory than it may, nor does a restart in the middle of it.
#include "sim/story.h"

#define TEXTS 20000
#define WAITING_MAX (UINT64_C(4) << 20) // bytes of memory of a node, however much waits
#define RUNNING_MAX (UINT64_C(8) << 20)

static bool all_answered(struct world *w, void *actor) {
    (void)w;
    return ((struct actor *)actor)->pending_count == 0;
}

// Fifty at a time, as a bot would; what is refused because the disk is busy is given again.
static void write_all(struct actor *from, struct actor *to) {
    struct world *w = from->world;
    char text[64];
    while (check_texts(w->check) < TEXTS) {
        size_t left = TEXTS - check_texts(w->check);
        for (size_t i = 0; i < left && i < 50; i++) {
            snprintf(text, sizeof text, "%s line %zu", w->canary, check_texts(w->check) + i);
            struct plk_command c = {
                .kind = PLK_CMD_SEND, .contact = world_contact(from, to), .text = plk_bytes_text(text)};
            actor_command(from, &c);
        }
        story_until(w, all_answered, from, PLK_MINUTE, "all commands have a result");
    }
}

static bool half_arrived(struct world *w, void *to) { return check_arrived(w->check, to) >= TEXTS / 2; }

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    world_stop(bob);
    write_all(alice, bob);
    story_expect(w, check_undelivered(w->check) == TEXTS);
    story_expect(w, alice->memory_peak < WAITING_MAX);
    if (w->seed % 2) world_restart(alice);
    story_run(w, PLK_HOUR);
    story_expect(w, alice->memory_peak < WAITING_MAX);
    world_start(bob);
    story_until(w, half_arrived, bob, PLK_HOUR, "half of it has arrived");
    world_restart(w->seed % 2 ? bob : alice);
    story_until(w, world_all_delivered, NULL, PLK_HOUR, "all of it is delivered");
    story_expect(w, check_arrived(w->check, bob) == TEXTS);
    story_expect(w, alice->memory_peak < RUNNING_MAX && bob->memory_peak < RUNNING_MAX);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 2); }
