// SPDX-License-Identifier: MIT
// Alice's relay carries her packets to bob's: his relay sees hers and not her, keeps what she puts, and she fetches what waits
// for her there. Under a key that is not that relay's nothing is opened; when her own relay dies, the way is made anew.
#include "_relay.h"

#define WAY 3u

struct far {
    struct relay_story s; // alice's relay
    struct relayd *relay; // bob's
    struct guest *inner;  // alice, as bob's relay knows her
};

// Hellos and answers may be lost: as often as it takes.
static void go_there(struct far *f) {
    for (int i = 0; i < 20 && !guest_is_open(f->inner); i++) {
        relay_come(f->s.alice);
        int code = guest_code(f->s.alice, guest_open_way(f->inner, f->s.alice, WAY + (uint32_t)i), RELAY_LIMIT);
        story_holds(f->s.w);
        if (code == -1) guest_vanish(f->s.alice);
        if (code != PLK_QUEUE_CODE_OK) continue;
        guest_knock(f->inner);
        guest_wait_open(f->inner, 8 * PLK_SECOND);
    }
    story_expect(f->s.w, guest_is_open(f->inner));
}

static void wrong_key(struct far *f) {
    struct plk_queue_record record = {.type = PLK_QUEUE_FWD_OPEN, .handle = 99};
    record.fwd.addr = relayd_addr(f->relay, 4);
    memcpy(record.fwd.relay, f->s.bob->heard.hash, 32); // a key, and nobody's
    record.fwd.relay[31] &= 0x7f;
    record.fwd.cid[0] = 1;
    relay_come(f->s.alice);
    story_expect(f->s.w, guest_code(f->s.alice, guest_say(f->s.alice, record), RELAY_LIMIT) != (int)PLK_QUEUE_CODE_OK);
}

static void say_until(struct guest *g, uint32_t tag) {
    int code = guest_code(g, tag, RELAY_LIMIT);
    if (code != PLK_QUEUE_CODE_OK) world_fail(g->world, "%s is answered %d", g->machine->name, code);
    story_holds(g->world);
}

static bool has_the_second(struct world *w, void *guest) { // the first may come once more: its ACK was on its way
    (void)w;
    return guest_has_item(guest, "meanwhile");
}

static void tell(struct world *w) {
    struct far f = {0};
    relay_begin(&f.s, w);
    w->quality = world_line_good; // a channel inside a channel, without what a node does when one is lost
    f.relay = relayd_new(w, "far relay");
    relayd_start(f.relay);
    relayd_token(f.relay, f.s.token, 100);
    f.inner = guest_new(w, "inner", f.relay);
    f.inner->acks = true;
    struct guest *carol = guest_new(w, "carol", f.relay);
    relay_come(carol);
    wrong_key(&f);

    go_there(&f);
    struct plk_addr own = relayd_addr(f.s.relay, 4);
    story_expect(w, plk_addr_same_ip(&f.inner->heard.greeting.seen, &own));
    struct guest_queue queue = guest_queue_make(f.inner);
    say_until(f.inner, guest_newq(f.inner, &queue, 0, f.s.token));
    say_until(f.inner, guest_attach(f.inner, &queue, PLK_QUEUE_OWNER, RELAY_OWNER));
    say_until(f.inner, guest_sub(f.inner, RELAY_OWNER));
    relay_expect(carol, guest_attach(carol, &queue, PLK_QUEUE_SENDER, RELAY_SENDER), PLK_QUEUE_CODE_OK);
    relay_expect(carol, guest_put(carol, &queue, RELAY_SENDER, "the long way"), PLK_QUEUE_CODE_OK);
    relay_until_items(f.inner, 1);
    story_expect(w, guest_has_item(f.inner, "the long way"));
    story_expect(w, f.s.relay->relay != NULL && plk_relay_counters(f.s.relay->relay)->forwarded > 0);

    relayd_kill(f.s.relay);
    guest_vanish(f.inner);
    guest_vanish(f.s.alice);
    relay_expect(carol, guest_put(carol, &queue, RELAY_SENDER, "meanwhile"), PLK_QUEUE_CODE_OK);
    relayd_start(f.s.relay);
    go_there(&f);
    say_until(f.inner, guest_attach(f.inner, &queue, PLK_QUEUE_OWNER, RELAY_OWNER));
    say_until(f.inner, guest_sub(f.inner, RELAY_OWNER));
    story_until(w, has_the_second, f.inner, RELAY_LIMIT, "what was put meanwhile comes");

    guest_free(f.inner);
    guest_free(carol);
    relayd_free(f.relay);
    relay_end(&f.s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
