// SPDX-License-Identifier: MIT
// Both are behind NATs between which no hole can be punched; but Alice's router holds ports open for who asks. So they talk directly.
// It starts again, gets another address, and is asked anew. What Alice leaves behind when she stops is given back; when she is killed
// it goes by itself.
#include "_homes.h"

#include "path/portmap.h"
#include "sim/nat_igd.h"

static bool is_mapped(struct world *w, void *ctx) {
    const struct homes *s = ctx;
    (void)w;
    return story_view(s->alice, s->bob).path == PLK_PATH_UDP_MAPPED &&
           story_view(s->bob, s->alice).path == PLK_PATH_UDP_MAPPED;
}

static void until_mapped(struct homes *s, uint64_t limit_us) {
    story_until(s->w, is_mapped, s, limit_us, "data goes by the port that the router holds open");
}

static void tell(struct world *w) {
    static const enum nat_class hard[] = {NAT_CLASS_SYMMETRIC, NAT_CLASS_ADDR_DEP, NAT_CLASS_CGNAT_SYM};
    struct homes s;
    struct nat *alices = world_nat(w, w->seed % 4 < 2 ? NAT_CLASS_SYMMETRIC : NAT_CLASS_ADDR_DEP);
    alices->is.gives = w->seed % 2 ? NAT_GIVES_PCP : NAT_GIVES_NATPMP;
    homes_begin(&s, w, alices, world_nat(w, hard[w->seed % 3]));
    until_mapped(&s, 5 * PLK_SECOND);
    story_expect(w, nat_igd_leases(alices) == 2);

    homes_chat(&s, "no relay sees this", PLK_MINUTE);
    world_nat_reboot(w, alices);
    homes_chat(&s, "and now", 10 * PLK_SECOND);
    until_mapped(&s, 30 * PLK_SECOND);
    world_nat_renumber(w, alices);
    homes_chat(&s, "where are you", 10 * PLK_SECOND);
    until_mapped(&s, 30 * PLK_SECOND);

    world_kill(s.alice);
    story_run(w, PLK_PORTMAP_LIFE_S * PLK_SECOND / 4);
    story_expect(w, nat_igd_leases(alices) == 2);
    world_start(s.alice); // the same leases, since it knows their nonces
    homes_talk(&s, "back again", PLK_MINUTE);
    until_mapped(&s, 30 * PLK_SECOND);
    story_expect(w, nat_igd_leases(alices) == 2);
    world_kill(s.alice);
    story_run(w, PLK_PORTMAP_LIFE_S * PLK_SECOND);
    story_expect(w, nat_igd_leases(alices) == 0); // what a dead process has left is gone
    world_start(s.alice);
    homes_talk(&s, "once more", PLK_MINUTE);
    until_mapped(&s, 30 * PLK_SECOND);
    story_ends_well(w);
    world_stop(s.alice);
    story_expect(w, nat_igd_leases(alices) == 0); // given back
    world_stop(s.bob);
    relayd_free(s.relay);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
