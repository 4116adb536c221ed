// SPDX-License-Identifier: MIT
// A relay says that it keeps bob's blob, and loses or spoils it before alice has it. Bob puts the same blob again after a minute or two,
// then less often; and while nobody fetches it the relay keeps one of it, not many.
#include "_meet.h"

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    meet_invite(&m, PLK_INVITE_ONE_TIME);
    world_stop(m.alice);
    uint32_t contact = meet_add(&m, m.bob, "first words");
    story_run(w, 3 * PLK_HOUR);
    story_expect(w, mailbox_items(m.relay) == 1);
    if (w->seed % 2) world_restart(m.bob);
    story_run(w, PLK_HOUR);
    story_expect(w, mailbox_items(m.relay) == 1);

    world_stop(m.bob);
    world_start(m.bob); // he begins anew: with a minute
    story_run(w, 10 * PLK_SECOND);
    m.relay->malice = RELAYD_TAMPERS;
    world_start(m.alice);
    story_run(w, 20 * PLK_SECOND);
    m.relay->malice = RELAYD_HONEST;
    story_run(w, 5 * PLK_MINUTE);
    story_expect(w, meet_state(m.bob, contact) == PLK_CONTACT_ACTIVE);
    story_heard(m.alice, "first words", PLK_SECOND);
    meet_talk(m.alice, m.bob, "got it");
    story_expect(w, w->seed % 24 != 1 || m.relay->misdeeds > 0);
    story_ends_well(w);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
