// SPDX-License-Identifier: MIT
// Alice passes packets to bob: NOBODY while he is not there, silence when his queue is quiet, and to the newest of his devices
// when he has two, the older of which is told.
#include "_relay.h"

static bool nobody_said(struct world *w, void *guest) {
    (void)w;
    return ((struct guest *)guest)->nobody > 0;
}

static bool passed(struct world *w, void *guest) {
    (void)w;
    return ((struct guest *)guest)->passed > 0;
}

static bool replaced(struct world *w, void *ctx) {
    const struct guest *g = ctx;
    (void)w;
    return g->told_count > 0 && g->told[g->told_count - 1].type == PLK_QUEUE_REPLACED;
}

// A packet may be lost on the way: it is passed until the world is as it should be.
static void pass_until(struct relay_story *s, world_test *test, void *ctx, const char *what) {
    for (int i = 0; i < 50 && !test(s->w, ctx); i++) {
        guest_pass(s->alice, RELAY_SENDER, plk_bytes_text("a packet"));
        story_run(s->w, 500 * PLK_MS);
    }
    story_until(s->w, test, ctx, PLK_SECOND, what);
}

static void tell(struct world *w) {
    struct relay_story s;
    relay_begin(&s, w);
    relay_make_queue(&s, 0);
    relay_attach_alice(&s);
    pass_until(&s, nobody_said, s.alice, "alice hears NOBODY");
    relay_attach_bob(&s);
    pass_until(&s, passed, s.bob, "bob gets a packet");

    struct guest *tablet = guest_new(w, "tablet", s.relay);
    relay_come(tablet);
    relay_expect(tablet, guest_attach(tablet, &s.queue, PLK_QUEUE_OWNER, 5), PLK_QUEUE_CODE_OK);
    relay_expect(tablet, guest_sub(tablet, 5), PLK_QUEUE_CODE_OK);
    story_until(w, replaced, s.bob, RELAY_LIMIT, "bob's first device is told");
    pass_until(&s, passed, tablet, "the second one gets a packet");

    struct plk_queue_record quiet = {.type = PLK_QUEUE_FLAGS, .handle = 5, .flags = PLK_QUEUE_QUIET};
    relay_expect(tablet, guest_say(tablet, quiet), PLK_QUEUE_CODE_OK);
    relay_expect(tablet, guest_say(tablet, (struct plk_queue_record){.type = PLK_QUEUE_DETACH, .handle = 5}),
                 PLK_QUEUE_CODE_OK);
    story_run(w, PLK_SECOND);
    s.alice->nobody = 0;
    for (int i = 0; i < 20; i++) guest_pass(s.alice, RELAY_SENDER, plk_bytes_text("a packet"));
    story_run(w, 10 * PLK_SECOND);
    story_expect(w, s.alice->nobody == 0);
    guest_free(tablet);
    relay_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
