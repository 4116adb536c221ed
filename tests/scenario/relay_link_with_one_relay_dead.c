// SPDX-License-Identifier: MIT
// A link names two relays, and one of them is gone when bob opens it; or it was gone already when alice asked for the link, which says
// what the other has confirmed. A link that no relay has confirmed is not given out at all.
#include "_meet.h"

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    struct relayd *other = meet_other(&m);
    mailbox_use(m.alice, other);
    struct relayd *dead = w->seed % 2 ? other : m.relay, *alive = w->seed % 2 ? m.relay : other;
    bool before = w->seed % 4 < 2;
    if (before) relayd_kill(dead);
    meet_invite(&m, PLK_INVITE_ONE_TIME);
    relayd_kill(dead);
    meet_add(&m, m.bob, "by the other one");
    meet_until_friends(&m, m.alice, m.bob);
    story_heard(m.alice, "by the other one", MEET_LIMIT);
    story_expect(w, mailbox_connected(m.bob, alive));
    story_ends_well(w);
    relayd_kill(alive);
    story_run(w, 30 * PLK_SECOND);
    struct plk_command invite = {.kind = PLK_CMD_INVITE, .invite_kind = PLK_INVITE_ONE_TIME};
    const struct actor_result *result = world_command(m.alice, &invite);
    story_expect(w, result != NULL && result->err == PLK_ERR_NO_RELAY);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
