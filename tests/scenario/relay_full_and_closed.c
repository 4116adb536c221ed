// SPDX-License-Identifier: MIT
// A queue holds only so much and says so; when its owner has read, there is room again. A token that was revoked makes no queue,
// and what it made stays.
#include "_relay.h"

static void tell(struct world *w) {
    struct relay_story s;
    char text[64];
    relay_begin(&s, w);
    relayd_kill(s.relay);
    s.relay->config.queue_items_max = 5;
    relayd_start(s.relay);
    relayd_token(s.relay, s.token, 100);
    guest_vanish(s.alice);
    guest_vanish(s.bob);
    relay_come(s.alice);
    relay_come(s.bob);
    relay_make_queue(&s, 0);
    relay_attach_alice(&s);
    for (int i = 0; i < 6; i++) {
        snprintf(text, sizeof text, "letter %d", i);
        relay_expect(s.alice, guest_put(s.alice, &s.queue, RELAY_SENDER, text),
                     i < 5 ? PLK_QUEUE_CODE_OK : PLK_QUEUE_CODE_FULL);
    }
    relay_attach_bob(&s);
    relay_until_items(s.bob, 5);
    relay_until_empty(&s);
    relay_expect(s.alice, guest_put(s.alice, &s.queue, RELAY_SENDER, "letter 5"), PLK_QUEUE_CODE_OK);
    relay_until_items(s.bob, 6);

    relayd_revoke(s.relay, s.token);
    struct guest_queue other = guest_queue_make(s.alice);
    relay_expect(s.alice, guest_newq(s.alice, &other, 0, s.token), PLK_QUEUE_CODE_DENIED);
    story_run(w, 10 * PLK_SECOND);
    relayd_kill(s.relay);
    relayd_start(s.relay);
    guest_vanish(s.alice);
    guest_vanish(s.bob);
    relay_come(s.alice);
    relay_come(s.bob);
    relay_expect(s.alice, guest_newq(s.alice, &other, 0, s.token), PLK_QUEUE_CODE_DENIED);
    relay_attach_bob(&s);
    relay_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
