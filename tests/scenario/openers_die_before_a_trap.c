// SPDX-License-Identifier: MIT
// Alice's NAT gives each flow another port; bob's router has no rule against strangers: it takes a packet that nobody inside has asked for
// for its own, and what bob sends there later gets another port, which alice's NAT does not let in. Her first packets die on the way, so his
// are the first that come through, and nothing of hers has been taken by his router before that.
#include "_homes.h"

static void tell(struct world *w) {
    struct homes s;
    struct nat *alices = world_nat(w, w->seed % 2 ? NAT_CLASS_SYMMETRIC : NAT_CLASS_SYMMETRIC_SEQ);
    struct nat *bobs = world_nat(w, w->seed % 4 < 2 ? NAT_CLASS_PORT_RESTRICTED : NAT_CLASS_EIM_RANDOM);
    bobs->is.traps = true;
    homes_begin(&s, w, alices, bobs);
    homes_until_direct(&s, w->seed % 2 ? 11 * PLK_SECOND : PLK_SECOND);
    homes_chat(&s, "so here we are", 20 * PLK_SECOND);
    story_expect(w, homes_direct(&s));
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
