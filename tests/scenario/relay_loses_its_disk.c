// SPDX-License-Identifier: MIT
// The relay loses everything. Alice finds that the queue is gone; bob makes it again with the same keys, it has the same name,
// and what alice puts once more arrives.
#include "_relay.h"

static void tell(struct world *w) {
    struct relay_story s;
    relay_begin(&s, w);
    relay_make_queue(&s, 0);
    relay_attach_alice(&s);
    relay_expect(s.alice, guest_put(s.alice, &s.queue, RELAY_SENDER, "lost"), PLK_QUEUE_CODE_OK);
    relayd_lose_disk(s.relay);
    relayd_start(s.relay);
    relayd_token(s.relay, s.token, 100);
    guest_vanish(s.alice);
    guest_vanish(s.bob);
    relay_come(s.alice);
    relay_expect(s.alice, guest_attach(s.alice, &s.queue, PLK_QUEUE_SENDER, RELAY_SENDER), PLK_QUEUE_CODE_NOT_FOUND);
    relay_come(s.bob);
    relay_make_queue(&s, 0);
    relay_attach_bob(&s);
    relay_attach_alice(&s);
    relay_expect(s.alice, guest_put(s.alice, &s.queue, RELAY_SENDER, "lost"), PLK_QUEUE_CODE_OK);
    relay_until_items(s.bob, 1);
    story_expect(w, guest_has_item(s.bob, "lost"));
    relay_until_empty(&s);
    relay_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
