// SPDX-License-Identifier: MIT
// Bob opens alice's address link, and what he asks lies with her relay while she is off for weeks, gets another prekey, restarts, or is
// restored from a backup on another machine: it opens all the same.
#include "_meet.h"
#include "_restore.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    meet_invite(&m, PLK_INVITE_ADDRESS);
    story_run(w, PLK_MINUTE);
    struct restorable saved = restorable(m.alice);
    if (w->seed % 2) world_restart(m.alice);
    story_run(w, 10 * PLK_SECOND);
    world_stop(m.alice);
    uint32_t contact = meet_add(&m, m.bob, "may I?");
    mailbox_until_kept(m.relay, MAILBOX_LIMIT, "the relay keeps what he asks");
    story_run(w, 5 * PLK_SECOND);
    if (w->seed % 4 < 2) world_stop(m.bob);

    // Without her relay she gets a new prekey, and only then what was made for the one before.
    struct actor *alice = m.alice;
    relayd_kill(m.relay);
    world_jump_wall(alice, 10 * DAY_MS);
    if (w->seed % 3 == 0) {
        alice = restored(m.alice, &saved, "alice-again");
        world_part(w, alice, m.bob, NET_ALL);
        world_jump_wall(alice, 10 * DAY_MS);
    } else {
        world_start(alice);
    }
    story_run(w, 2 * PLK_HOUR);
    if (w->seed % 5 == 0) world_restart(alice);
    relayd_start(m.relay);
    story_heard(alice, "may I?", 10 * PLK_MINUTE);
    uint32_t asking = world_contact(alice, m.bob);
    story_expect(w, meet_state(alice, asking) == PLK_CONTACT_REQUEST);
    meet_must(alice, (struct plk_command){.kind = PLK_CMD_ACCEPT, .contact = asking});
    if (!m.bob->node) world_start(m.bob);
    story_run(w, 20 * PLK_MINUTE); // he, too, looks for the relay again only now and then
    meet_until_state(m.bob, contact, PLK_CONTACT_ACTIVE);
    meet_talk(alice, m.bob, "you may");
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
