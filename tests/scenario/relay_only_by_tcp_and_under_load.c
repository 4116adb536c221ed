// SPDX-License-Identifier: MIT
// No UDP leaves alice's network, so she has her relay by TCP; bob's is under load and asks whoever says hello for a cookie. Her
// packets go there all the same, inside the stream and on by UDP, and no faster than a relay carries them.
#include "_apart.h"

#include "node/node.h"
#include "sim/guest.h"

#define CROWD 6

static bool is_by_tcp(struct world *w, void *ctx) {
    struct plk_relay_view view;
    const struct actor *a = ctx;
    (void)w;
    return plk_node_relay(a->node, 0, &view) && view.connected && view.transport == PLK_TCP;
}

static bool has_a_path_by_tcp(struct world *w, void *ctx) {
    const struct apart *s = ctx;
    struct plk_contact_view view = story_view(s->alice, s->bob);
    (void)w;
    return view.path == PLK_PATH_RELAY && view.transport == PLK_TCP;
}

// As many come at once as bob's relay lets in without a cookie in some seconds.
static void crowd(struct apart *s, struct guest **guests) {
    for (int i = 0; i < CROWD; i++) guest_connect(guests[i], false);
    for (int i = 0; i < CROWD; i++) guest_wait_open(guests[i], 10 * PLK_SECOND);
    story_expect(s->w, plk_relay_counters(s->far->relay)->cookies > 0);
}

static void tell(struct world *w) {
    struct apart s;
    static const char *const names[CROWD] = {"dan", "eve", "fay", "gus", "hal", "ida"};
    struct guest *guests[CROWD];
    char text[200];
    apart_begin(&s, w);
    for (int i = 0; i < CROWD; i++) guests[i] = guest_new(w, names[i], s.far);
    net_filter(w->net, s.alice->index, NET_UDP);
    world_stop(s.alice);
    relayd_kill(s.far);
    s.far->config.hello_rate = 1;
    relayd_start(s.far);
    story_run(w, 20 * PLK_SECOND); // bob is there again
    crowd(&s, guests);
    uint64_t cookies = plk_relay_counters(s.far->relay)->cookies;
    world_start(s.alice);
    story_until(w, is_by_tcp, s.alice, PLK_MINUTE, "alice has her relay by TCP");
    apart_talk(&s, "over TCP and with a cookie", 2 * PLK_MINUTE);
    story_until(w, has_a_path_by_tcp, &s, 2 * PLK_MINUTE, "her link to bob goes that way");
    story_expect(w, plk_relay_counters(s.far->relay)->cookies > cookies);

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    story_say_many(s.alice, s.bob, text, 1000);
    story_delivered(w, 5 * PLK_MINUTE);
    story_expect(w, plk_relay_counters(s.near->relay)->forwarded > 500);
    story_expect(w, plk_relay_counters(s.near->relay)->forward_limited == 0);
    net_filter(w->net, s.alice->index, 0);
    story_ends_well(w);
    apart_expect(&s);
    for (int i = 0; i < CROWD; i++) guest_free(guests[i]);
    relayd_free(s.near);
    relayd_free(s.far);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
