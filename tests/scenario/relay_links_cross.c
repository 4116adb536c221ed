// SPDX-License-Identifier: MIT
// Alice and bob each make a link, and each opens the other's, at the same time or while the other sleeps. One of the two blobs counts;
// they end as contacts under one ratchet, and everything that was written with either link arrives.
#include "_meet.h"

// The contact that a link makes may turn out to be the one that the other link has made: its text moves there.
static void add(struct actor *a, struct relayd *own, const char *link, const char *text) {
    struct world *w = a->world;
    world_part(w, a, own->machine, NET_ALL);
    uint32_t contact = world_add(a, link, text);
    story_holds(w);
    check_forget(w->check, a, contact);
    world_part(w, a, own->machine, 0);
}

static void tell(struct world *w) {
    struct meet m;
    char bobs[PLK_LINK_TEXT_MAX];
    meet_begin(&m, w);
    struct relayd *other = meet_other(&m);
    mailbox_use(m.bob, w->seed % 2 ? other : m.relay);
    meet_invite(&m, PLK_INVITE_ONE_TIME);
    snprintf(bobs, sizeof bobs, "%s", world_invite(m.bob, PLK_INVITE_ONE_TIME));
    story_holds(w);
    if (w->seed % 3 == 0) world_kill(m.alice);
    add(m.bob, w->seed % 2 ? other : m.relay, m.link, "from bob");
    if (w->seed % 3 == 0) {
        story_run(w, 10 * PLK_SECOND);
        world_kill(m.bob);
        world_start(m.alice);
        if (w->seed % 2) story_run(w, dice_below(&w->dice, PLK_SECOND));
    }
    add(m.alice, m.relay, bobs, "from alice");
    story_run(w, dice_below(&w->dice, 10 * PLK_SECOND));
    if (w->seed % 4 == 1) world_restart(m.alice);
    world_start(m.bob);
    meet_until_friends(&m, m.alice, m.bob);
    story_heard(m.alice, "from bob", MEET_LIMIT);
    story_heard(m.bob, "from alice", MEET_LIMIT);
    meet_talk(m.alice, m.bob, "two links, one contact");
    meet_talk(m.bob, m.alice, "and one ratchet");
    story_delivered(w, STORY_END);
    story_run(w, PLK_MINUTE);
    story_expect(w, meet_contacts(m.alice) == 1 && meet_contacts(m.bob) == 1);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
