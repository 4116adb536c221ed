// SPDX-License-Identifier: MIT
// One of them, or both, are behind a NAT that gives each flow another port. Where ports can be predicted, or many sockets and many
// guesses find each other, data goes directly soon after they have reached each other by the relay: also after both have started again, and
// when a NAT has forgotten everything. Then nothing goes by the relay any more.
#include "_homes.h"

#define PREDICTED (1 * PLK_SECOND)
#define BORN (10 * PLK_SECOND)
#define UP (10 * PLK_SECOND)     // after a start, until they have a link
#define NOTICED (6 * PLK_SECOND) // a way is gone, and data goes by the relay
#define PAIRS 23

// The pairs of classes that plain punching does not open and one of these methods does, by number.
static enum nat_way choose(uint64_t number, enum nat_class *a, enum nat_class *b) {
    for (unsigned i = 0; i < NAT_CLASS_COUNT * NAT_CLASS_COUNT; i++) {
        *a = (enum nat_class)(i / NAT_CLASS_COUNT);
        *b = (enum nat_class)(i % NAT_CLASS_COUNT);
        enum nat_way way = nat_pair_permits(*a, *b, PLK_UDP);
        if ((way == NAT_WAY_PREDICT || way == NAT_WAY_BIRTHDAY) && number-- == 0) return way;
    }
    return NAT_WAY_NONE;
}

static bool has_link(struct world *w, void *ctx) {
    const struct homes *s = ctx;
    if (!world_is_up(w, s->alice) || !world_is_up(w, s->bob)) return false;
    return story_view(s->alice, s->bob).path != PLK_PATH_NONE && story_view(s->bob, s->alice).path != PLK_PATH_NONE;
}

static void start_again(struct homes *s) {
    world_stop(s->alice);
    world_stop(s->bob);
    story_run(s->w, 3 * PLK_MINUTE); // the old ways are forgotten
    world_start(s->alice);
    world_start(s->bob);
    story_until(s->w, has_link, s, UP, "they reach each other");
}

static void tell(struct world *w) {
    struct homes s;
    enum nat_class a, b;
    enum nat_way way = choose(w->seed % PAIRS, &a, &b);
    story_expect(w, way != NAT_WAY_NONE);
    uint64_t limit_us = way == NAT_WAY_PREDICT ? PREDICTED : BORN;
    homes_begin_as(&s, w, a, b);
    // Who maps by address is told from who maps by nothing only by two relays, or one with two addresses.
    struct relayd *second = mailbox_relay(w, "second");
    mailbox_use(s.alice, second);
    mailbox_use(s.bob, second);
    homes_until_direct(&s, 10 * PLK_SECOND + limit_us);
    start_again(&s);
    homes_until_direct(&s, limit_us);
    homes_chat(&s, "so here we are", 10 * PLK_SECOND);
    story_expect(w, homes_direct(&s));

    for (int i = 0; i < w->nat_count; i++) world_nat_reboot(w, w->nats[i]);
    homes_chat(&s, "the lights were out", NOTICED);
    homes_until_direct(&s, 15 * PLK_SECOND + limit_us);
    homes_chat(&s, "here we are again", PLK_MINUTE);
    story_delivered(w, 5 * PLK_SECOND);
    uint64_t passed = plk_relay_counters(s.relay->relay)->passed + plk_relay_counters(second->relay)->passed;
    homes_chat(&s, "by ourselves", PLK_MINUTE);
    story_expect(w, homes_direct(&s));
    uint64_t now = plk_relay_counters(s.relay->relay)->passed + plk_relay_counters(second->relay)->passed;
    story_expect(w, now == passed);
    homes_end(&s);
    relayd_free(second);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, PAIRS); }
