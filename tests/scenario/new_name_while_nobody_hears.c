// SPDX-License-Identifier: MIT
// Alice takes another name while Bob is away, and her machine dies as soon as that is on disk. Bob learns of it all the same, and
// once only.
#include "sim/story.h"

static bool knows(struct world *w, void *ctx) {
    struct actor **pair = ctx;
    uint32_t contact = world_contact(pair[1], pair[0]);
    struct plk_contact_view view;
    (void)w;
    if (contact == 0 || plk_node_contact(pair[1]->node, contact, &view) != PLK_ERR_OK) return false;
    return view.row.profile_name_len == 7 && memcmp(view.row.profile_name, "Alicia!", 7) == 0;
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *pair[2] = {alice, bob};
    story_meet(alice, bob);
    world_kill(bob);
    story_run(w, w->seed % 2 ? 30 * PLK_MINUTE : PLK_SECOND); // has Bob's row been put away?
    struct plk_command c = {.kind = PLK_CMD_PROFILE, .name = plk_bytes_text("Alicia!")};
    const struct actor_result *r = world_command(alice, &c);
    story_holds(w);
    story_expect(w, r->err == PLK_ERR_OK);
    world_restart(alice);
    if (w->seed % 3) story_run(w, dice_below(&w->dice, PLK_MINUTE));
    if (w->seed % 3 == 1) world_restart(alice);
    world_start(bob);
    story_until(w, knows, pair, 10 * PLK_MINUTE, "bob knows the new name");
    story_run(w, 5 * PLK_SECOND);
    size_t told = story_count(bob, PLK_EVENT_CONTACT);
    story_run(w, PLK_MINUTE);
    world_restart(alice);
    story_run(w, 5 * PLK_MINUTE);
    story_expect(w, story_count(bob, PLK_EVENT_CONTACT) == told);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
