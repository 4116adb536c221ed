// SPDX-License-Identifier: MIT
// The relay loses its disk between alice's invite and bob, who opens the link. There is nothing for him at first; alice makes the
// queue again under the same name, writes the bundle again, and they meet.
#include "_meet.h"

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    meet_invite(&m, PLK_INVITE_ONE_TIME);
    bool away = w->seed % 2;
    if (away) world_kill(m.alice);
    relayd_lose_disk(m.relay);
    relayd_start(m.relay);
    mailbox_token(m.relay);
    uint32_t contact = meet_add(&m, m.bob, "anybody there?");
    story_run(w, 20 * PLK_SECOND);
    if (away) story_expect(w, meet_state(m.bob, contact) == PLK_CONTACT_ADDED);
    if (away) world_start(m.alice);
    meet_until_friends(&m, m.alice, m.bob);
    story_heard(m.alice, "anybody there?", MEET_LIMIT);
    story_ends_well(w);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
