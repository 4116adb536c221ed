// SPDX-License-Identifier: MIT
// A link names two relays, and one of them is malicious from the beginning: what is put there it confirms and gives to nobody, bundles
// only if it likes. Whoever bob is, and whichever relay is slow, the two become contacts by the other one, and no text is lost. The
// honest one may even be down while alice asks for the link, or while bob opens it.
#include <stdlib.h>

#include "_meet.h"

static struct relayd *good;

static void start(void *ctx, void *item) {
    (void)ctx, free(item);
    relayd_start(good);
}

static void down_for(struct world *w, uint64_t us) {
    relayd_kill(good);
    agenda_at(w->agenda, world_now(w) + us, start, NULL, NULL);
}

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    struct relayd *bad = w->seed % 2 ? m.relay : meet_other(&m);
    if (w->seed % 2) meet_other(&m);
    good = w->seed % 2 ? m.other : m.relay;
    mailbox_use(m.alice, m.other);
    bool newcomer = w->seed / 2 % 2, own = !newcomer;
    if (own) mailbox_use(m.bob, m.relay);
    if (own) mailbox_use(m.bob, m.other);
    bad->malice = w->seed / 4 % 2 ? RELAYD_KEEPS_ALL : RELAYD_KEEPS_ITEMS;

    unsigned when = w->seed / 8 % 3;
    if (when == 0) down_for(w, 30 * PLK_SECOND);
    meet_invite(&m, PLK_INVITE_ONE_TIME);
    if (when == 1) down_for(w, 30 * PLK_SECOND);
    meet_add(&m, m.bob, "in spite of it");
    meet_until_friends(&m, m.alice, m.bob);
    story_heard(m.alice, "in spite of it", MEET_LIMIT);
    meet_talk(m.alice, m.bob, "and back");
    mailbox_until_told(m.alice, m.bob, 2);
    story_ends_well(w);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
