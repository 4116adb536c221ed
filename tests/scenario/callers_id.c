// SPDX-License-Identifier: MIT
// A program gives each text an id of its own and repeats what got no answer, across its own crashes and the node's: each text
// becomes one message.
#include "sim/story.h"

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    for (int i = 0; i < 20; i++) {
        char text[32], id[32];
        snprintf(text, sizeof text, "order %d", i);
        snprintf(id, sizeof id, "bot-%d", i);
        struct plk_command c = {
            .kind = PLK_CMD_SEND, .contact = world_contact(alice, bob), .caller_id = plk_bytes_text(id)};
        c.text = world_text(w, text);
        actor_command(alice, &c);
        story_run(w, dice_below(&w->dice, 4 * PLK_MS));
        world_restart(alice);
        c.text = world_text(w, text);
        const struct actor_result *r = world_command(alice, &c);
        story_holds(w);
        story_expect(w, r->err == PLK_ERR_OK);
        uint64_t row = r->row;
        c.text = world_text(w, text);
        r = world_command(alice, &c);
        story_holds(w);
        story_expect(w, r->err == PLK_ERR_OK && r->repeated && r->row == row);
    }
    story_ends_well(w);
    story_expect(w, check_arrived(w->check, bob) == 20);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
