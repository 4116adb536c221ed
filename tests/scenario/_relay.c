// SPDX-License-Identifier: MIT
#include "_relay.h"

void relay_come(struct guest *g) {
    for (int i = 0; i < 10 && !guest_is_open(g); i++) {
        guest_connect(g, dice_chance(&g->world->dice, 300000));
        guest_wait_open(g, 8 * PLK_SECOND);
    }
    story_expect(g->world, guest_is_open(g));
}

void relay_begin(struct relay_story *s, struct world *w) {
    *s = (struct relay_story){.w = w, .token = {1, 2, 3}};
    w->quality = dice_chance(&w->dice, 500000) ? world_line_good : world_line_mobile;
    s->relay = relayd_new(w, "relay");
    relayd_start(s->relay);
    relayd_token(s->relay, s->token, 100);
    s->alice = guest_new(w, "alice", s->relay);
    s->bob = guest_new(w, "bob", s->relay);
    s->bob->acks = true;
    s->queue = guest_queue_make(s->bob);
    relay_come(s->alice);
    relay_come(s->bob);
}

void relay_end(struct relay_story *s) {
    guest_free(s->alice);
    guest_free(s->bob);
    relayd_free(s->relay);
    story_holds(s->w);
}

void relay_expect(struct guest *g, uint32_t tag, enum plk_queue_code code) {
    int got = guest_code(g, tag, RELAY_LIMIT);
    if (got != (int)code) world_fail(g->world, "%s is answered %d and not %d", g->machine->name, got, (int)code);
    story_holds(g->world);
}

void relay_make_queue(struct relay_story *s, uint8_t flags) {
    relay_expect(s->bob, guest_newq(s->bob, &s->queue, flags, s->token), PLK_QUEUE_CODE_OK);
}

// On a bad line a channel may be lost right after its hello: then another is opened, as any client would.
static void attach(struct relay_story *s, struct guest *g, enum plk_queue_role role, uint32_t handle) {
    int code = -1;
    for (int i = 0; i < 10 && code == -1; i++) {
        if (i > 0) guest_vanish(g);
        relay_come(g);
        code = guest_code(g, guest_attach(g, &s->queue, role, handle), RELAY_LIMIT);
    }
    story_expect(s->w, code == PLK_QUEUE_CODE_OK);
}

void relay_attach_bob(struct relay_story *s) {
    attach(s, s->bob, PLK_QUEUE_OWNER, RELAY_OWNER);
    relay_expect(s->bob, guest_sub(s->bob, RELAY_OWNER), PLK_QUEUE_CODE_OK);
}

void relay_attach_alice(struct relay_story *s) { attach(s, s->alice, PLK_QUEUE_SENDER, RELAY_SENDER); }

struct wanted {
    struct guest *guest;
    size_t count;
};

static bool has_items(struct world *w, void *ctx) {
    const struct wanted *wanted = ctx;
    (void)w;
    return guest_items(wanted->guest) >= wanted->count;
}

void relay_until_items(struct guest *g, size_t count) {
    struct wanted wanted = {g, count};
    story_until(g->world, has_items, &wanted, RELAY_LIMIT, "the items come");
}

static bool is_empty(struct world *w, void *ctx) {
    const struct relayd *relay = ctx;
    (void)w;
    return relayd_rows(relay, PLK_TABLE_ritem) == 0 && relayd_rows(relay, PLK_TABLE_rcell) == 0;
}

void relay_until_empty(struct relay_story *s) {
    story_until(s->w, is_empty, s->relay, RELAY_LIMIT, "the relay's disk is empty");
}
