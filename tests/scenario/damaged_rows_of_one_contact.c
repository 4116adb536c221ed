// SPDX-License-Identifier: MIT
// A row that waits for Bob is damaged on Alice's disk. She is told so, by an event, by the status and by every send to him, and
// nothing is sent to him; everyone else is unharmed.
#include "sim/story.h"

static bool damaged(struct world *w, void *ctx) {
    struct actor **pair = ctx;
    (void)w;
    return world_contact(pair[0], pair[1]) != 0 && story_view(pair[0], pair[1]).damaged;
}

static bool told(const struct actor *a) {
    for (size_t i = 0; i < a->event_count; i++) {
        const struct plk_event_row *row = &a->events[i].row;
        if (row->kind == PLK_EVENT_CONTACT && row->reason == PLK_ERR_CORRUPT) return true;
    }
    return false;
}

static void damage(struct actor *a, enum plk_table table) {
    struct tables *t = &a->disk->durable;
    story_expect(a->world, t->of[table].count > 0);
    struct tables_row *row = t->of[table].rows[dice_below(&a->world->dice, t->of[table].count)];
    row->value[0] ^= 0x55; // its version
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *carol = story_person(w, "carol");
    struct actor *pair[2] = {alice, bob};
    story_meet(alice, bob);
    story_meet(alice, carol);
    uint32_t contact = world_contact(alice, bob);
    world_stop(bob);
    story_say_many(alice, bob, "waiting", 3);
    world_stop(alice);
    damage(alice, PLK_TABLE_outbox);
    world_start(alice);
    story_until(w, damaged, pair, PLK_MINUTE, "alice's node knows");
    story_run(w, PLK_SECOND);
    story_expect(w, told(alice));
    struct plk_command c = {.kind = PLK_CMD_SEND, .contact = contact, .text = world_text(w, "lost?")};
    const struct actor_result *r = world_command(alice, &c);
    story_holds(w);
    story_expect(w, r->err == PLK_ERR_CORRUPT);
    c = (struct plk_command){.kind = PLK_CMD_CANCEL, .contact = contact, .row = 1};
    r = world_command(alice, &c);
    story_holds(w);
    story_expect(w, r->err == PLK_ERR_CORRUPT);
    world_start(bob);
    story_say(alice, carol, "but we can talk");
    story_heard(carol, "but we can talk", PLK_MINUTE);
    story_run(w, 5 * PLK_MINUTE);
    story_not_heard(bob, "waiting 1");
    check_forget(w->check, alice, contact);
    c = (struct plk_command){.kind = PLK_CMD_REMOVE, .contact = contact};
    r = world_command(alice, &c);
    story_holds(w);
    story_expect(w, r->err == PLK_ERR_OK);
    char link[PLK_LINK_TEXT_MAX]; // and so they begin anew
    snprintf(link, sizeof link, "%s", world_invite(alice, PLK_INVITE_INLINE));
    story_expect(w, world_add(bob, link, "what happened?") != 0);
    story_heard(alice, "what happened?", PLK_MINUTE);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
