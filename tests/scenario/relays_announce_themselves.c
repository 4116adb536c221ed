// SPDX-License-Identifier: MIT
// Two relays announce themselves to a third, which calls them back and tells whoever asks. One of them cannot be reached: it is not listed
// until it can; the other dies, and is forgotten when its word is over. The third has no memory of them on disk: after its restart they
// come again by themselves.
#include "_relay.h"

#define HEARD (2 * PLK_HOUR) // the longest pause of a relay that was not taken, and some
#define DAY (24 * PLK_HOUR)

static size_t listed(struct guest *g) {
    int code = -1;
    uint32_t tag = 0;
    for (int i = 0; i < 10 && code == -1; i++) {
        if (i > 0) guest_vanish(g);
        relay_come(g);
        tag = guest_say(g, (struct plk_queue_record){.type = PLK_QUEUE_DIRECTORY});
        code = guest_code(g, tag, RELAY_LIMIT);
    }
    story_expect(g->world, code == -2);
    return (size_t)guest_answer(g, tag)->number;
}

static void until_listed(struct guest *g, size_t count) {
    for (uint64_t end_us = world_now(g->world) + HEARD; listed(g) != count && world_now(g->world) < end_us;)
        story_run(g->world, PLK_MINUTE);
    story_expect(g->world, listed(g) == count);
}

static void tell(struct world *w) {
    struct relay_story s;
    relay_begin(&s, w);
    story_expect(w, listed(s.alice) == 0);
    struct relayd *near = relayd_new(w, "near"), *hidden = relayd_new(w, "hidden");
    relayd_tell(near, s.relay);
    relayd_tell(hidden, s.relay);
    relayd_tell(hidden, hidden); // one list for all of a set
    struct plk_addr mistaken = relayd_addr(hidden, 4);
    mistaken.port = (uint16_t)(mistaken.port + 7);
    hidden->config.public = mistaken;
    relayd_start(near);
    relayd_start(hidden);
    until_listed(s.alice, 1);
    story_run(w, HEARD);
    story_expect(w, listed(s.alice) == 1);
    relayd_kill(hidden); // its operator sees the mistake
    hidden->config.public = relayd_addr(hidden, 4);
    relayd_start(hidden);
    until_listed(s.alice, 2);
    relayd_kill(s.relay);
    relayd_start(s.relay);
    guest_vanish(s.alice);
    relayd_kill(near);
    relayd_start(near); // as an operator would, or half a day goes by
    until_listed(s.alice, 1);
    relayd_kill(near);
    guest_vanish(s.alice);
    guest_vanish(s.bob);
    for (int i = 0; i < 4; i++) story_run(w, DAY);
    until_listed(s.alice, 1); // the other has come, and near's word is over
    relayd_free(near);
    relayd_free(hidden);
    relay_end(&s);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 8); }
