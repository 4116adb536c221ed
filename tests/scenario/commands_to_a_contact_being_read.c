// SPDX-License-Identifier: MIT
// Commands come while their contact's rows are still being read. Sends with ids of their callers keep the order in which they
// were given, and each id is one message; a contact that is removed answers all that still wait for it.
#include "sim/story.h"

#define SENDS 20

static bool is_ready(struct world *w, void *actor) {
    const struct actor *a = actor;
    return a->node != NULL && plk_node_state(a->node) == PLK_NODE_READY && !world_failed(w);
}

static bool is_answered(struct world *w, void *actor) {
    (void)w;
    return ((const struct actor *)actor)->pending_count == 0;
}

static uint64_t give(struct actor *from, struct actor *to, enum plk_command_kind kind, const char *text,
                     const char *id) {
    struct plk_command c = {.kind = kind, .contact = world_contact(from, to), .caller_id = plk_bytes_text(id)};
    if (text[0] != '\0') c.text = world_text(from->world, text);
    return actor_command(from, &c);
}

static void in_order(struct world *w, struct actor *alice, struct actor *bob, unsigned round) {
    uint64_t tickets[SENDS], row = 0;
    if (round % 2 == 0) world_restart(alice);
    story_until(w, is_ready, alice, PLK_MINUTE, "alice is ready");
    if (round % 2 == 1) story_run(w, 20 * PLK_MINUTE); // nobody speaks: the rows leave the memory
    for (unsigned i = 0; i < SENDS; i++) {
        char text[32], id[32];
        snprintf(text, sizeof text, "round %u, %u", round, i / 2);
        snprintf(id, sizeof id, "%u-%u", round, i / 2); // each of them twice
        tickets[i] = give(alice, bob, PLK_CMD_SEND, text, id);
        story_run(w, dice_below(&w->dice, 400));
    }
    story_until(w, is_answered, alice, PLK_MINUTE, "all are answered");
    for (unsigned i = 0; i < SENDS; i++) {
        const struct actor_result *r = actor_result(alice, tickets[i]);
        story_expect(w, r->err == PLK_ERR_OK && r->repeated == (i % 2 == 1));
        story_expect(w, i % 2 == 1 ? r->row == row : r->row > row);
        row = r->row;
    }
}

static void removed(struct world *w, struct actor *bob) {
    static const char *const names[] = {"carol", "dave", "erin", "frank", "grace"};
    unsigned n = 0;
    while (world_contact(bob, world_actor(w, names[n])) != 0 || world_actor(w, names[n])->starts > 0) n++;
    struct actor *gone = story_person(w, names[n]);
    story_meet(bob, gone);
    world_restart(bob);
    story_until(w, is_ready, bob, PLK_MINUTE, "bob is ready");
    uint64_t connects = give(bob, gone, PLK_CMD_CONNECT, "", ""), removes = give(bob, gone, PLK_CMD_REMOVE, "", "");
    story_until(w, is_answered, bob, PLK_MINUTE, "both are answered");
    enum plk_err err = actor_result(bob, connects)->err;
    story_expect(w, err == PLK_ERR_OK || err == PLK_ERR_NOT_FOUND);
    story_expect(w, actor_result(bob, removes)->err == PLK_ERR_OK);
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    for (unsigned round = 0; round < 10; round++) in_order(w, alice, bob, round);
    story_ends_well(w);
    for (unsigned round = 0; round < 5; round++) removed(w, bob);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
