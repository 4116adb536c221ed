// SPDX-License-Identifier: MIT
// Alice makes a link and goes to sleep; bob opens it and goes to sleep, too. They are never there at the same time, and still become
// contacts: his first words wait for her at the relay, her acceptance waits there for him.
#include "_meet.h"

static bool has_blob(struct world *w, void *ctx) {
    (void)w;
    return mailbox_items(ctx) > 0;
}

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    meet_invite(&m, PLK_INVITE_ONE_TIME);
    world_kill(m.alice);
    uint32_t contact = meet_add(&m, m.bob, "written before we met");
    if (w->seed % 3 == 0) world_restart(m.bob);
    story_until(w, has_blob, m.relay, MEET_LIMIT, "the relay keeps bob's blob");
    story_run(w, PLK_SECOND);
    world_kill(m.bob);
    world_start(m.alice);
    story_heard(m.alice, "written before we met", MEET_LIMIT);
    story_run(w, 10 * PLK_SECOND);
    story_say(m.alice, m.bob, "read this when you are back");
    story_run(w, 10 * PLK_SECOND);
    world_kill(m.alice);
    world_start(m.bob);
    meet_until_state(m.bob, contact, PLK_CONTACT_ACTIVE);
    story_expect(w, world_contact(m.bob, m.alice) == contact);
    story_run(w, 10 * PLK_SECOND);
    world_start(m.alice);
    story_heard(m.bob, "read this when you are back", MEET_LIMIT);
    story_ends_well(w);
    story_expect(w, meet_contacts(m.alice) == 1 && meet_contacts(m.bob) == 1);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
