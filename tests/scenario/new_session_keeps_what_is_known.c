// SPDX-License-Identifier: MIT
// After an hour the keys are renewed in mid-conversation. The path is the same one: its round trip and its window go on, and
// nobody waits for a first measurement.
#include "node/inside.h"
#include "sim/story.h"

static const struct plk_channel *channel_of(struct actor *a, struct actor *peer) {
    const struct plk_link *link = plk_peers_find(&a->node->peers, world_contact(a, peer))->link;
    return link == NULL || !plk_link_is_up(link) ? NULL : &link->channels[link->current];
}

static struct plk_flight_path_info info_of(struct actor *a, struct actor *peer) {
    const struct plk_link *link = plk_peers_find(&a->node->peers, world_contact(a, peer))->link;
    const struct plk_channel *channel = channel_of(a, peer);
    struct plk_flight_path_info info = {.has_rtt = false};
    story_expect(a->world, channel && plk_flight_path_info(channel->flight, link->paths.active, &info));
    return info;
}

struct pair {
    struct actor *alice, *bob;
    uint64_t began_us;
    struct plk_flight_path_info before; // as it was last under the old keys
};

static bool is_renewed(struct world *w, void *ctx) {
    struct pair *pair = ctx;
    const struct plk_channel *channel = channel_of(pair->alice, pair->bob);
    (void)w;
    if (!channel || channel->session.started_us != pair->began_us) return channel != NULL;
    pair->before = info_of(pair->alice, pair->bob);
    return false;
}

static void tell(struct world *w) {
    struct pair pair = {story_person(w, "alice"), story_person(w, "bob"), .began_us = 0};
    story_meet(pair.alice, pair.bob);
    story_say(pair.alice, pair.bob, "hello");
    story_run(w, PLK_MINUTE); // the path is settled
    pair.began_us = channel_of(pair.alice, pair.bob)->session.started_us;
    char much[20001];
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = 0;
    for (int i = 0; i < 10; i++) story_say(pair.alice, pair.bob, much); // opens the window
    for (int i = 0; i < 70 && !is_renewed(w, &pair); i++) {
        story_say(pair.bob, pair.alice, "still here");
        story_run(w, 10 * PLK_SECOND);
        world_run_until(w, is_renewed, &pair, PLK_MINUTE);
    }
    story_expect(w, is_renewed(w, &pair));
    struct plk_flight_path_info after = info_of(pair.alice, pair.bob), before = pair.before;
    story_expect(w, after.has_rtt && after.smoothed_us == before.smoothed_us && after.min_us == before.min_us);
    story_expect(w, after.window == before.window && before.window > 11520); // the initial one
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
