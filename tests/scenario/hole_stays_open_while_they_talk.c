// SPDX-License-Identifier: MIT
// Both are behind NATs that forget a UDP session after twelve seconds. They talk with long pauses, and nothing of it goes through the
// relay; when they have said nothing for long, the hole closes, and opens again with the next word.
#include "_homes.h"

static uint64_t passed(const struct homes *s) { return plk_relay_counters(s->relay->relay)->passed; }

static struct nat *forgetful(struct world *w) {
    struct nat *nat = world_nat(w, w->seed % 2 ? NAT_CLASS_PORT_RESTRICTED : NAT_CLASS_EIM_RANDOM);
    nat->is.unreplied_us = nat->is.stream_us = 12 * PLK_SECOND;
    return nat;
}

static void tell(struct world *w) {
    struct homes s;
    struct nat *alices = forgetful(w), *bobs = forgetful(w);
    homes_begin(&s, w, alices, bobs);
    homes_until_direct(&s, 5 * PLK_SECOND);
    homes_chat(&s, "so here we are", PLK_MINUTE);
    story_delivered(w, 5 * PLK_SECOND);
    story_run(w, 20 * PLK_SECOND);
    uint64_t before = passed(&s);
    for (int i = 0; i < 6; i++) {
        story_run(w, dice_between(&w->dice, 30 * PLK_SECOND, 95 * PLK_SECOND));
        homes_talk(&s, "are you still there", PLK_SECOND);
        story_expect(w, homes_direct(&s));
    }
    story_expect(w, passed(&s) == before);

    story_run(w, dice_between(&w->dice, 4 * PLK_MINUTE, 9 * PLK_MINUTE)); // the link is still up, the hole is not
    homes_talk(&s, "I fell asleep",
               30 * PLK_SECOND); // the NATs may have closed the way from the relay, too, until the next PING
    homes_until_direct(&s, 20 * PLK_SECOND);
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
