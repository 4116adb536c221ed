// SPDX-License-Identifier: MIT
// Bob opens a link and writes a lot to the contact that it makes, before anything of the link could be read; then it turns out to be alice's,
// whom he has known all along. All of it becomes part of their conversation, in order, each text once, whenever his process dies.
#include "_meet.h"

#include "wire/row.h"

#define TEXTS 400

static void write_to(struct world *w, struct actor *bob, uint32_t contact, unsigned from, unsigned to) {
    char text[32];
    for (unsigned i = from; i < to; i++) {
        snprintf(text, sizeof text, "early %u", i);
        struct plk_command send = {.kind = PLK_CMD_SEND, .contact = contact, .text = world_text(w, text)};
        const struct actor_result *result = world_command(bob, &send);
        story_expect(w, result != NULL && result->err == PLK_ERR_OK);
    }
}

static size_t received(const struct actor *a, uint32_t *in_order) {
    size_t count = 0;
    const struct table *of = &a->disk->durable.of[PLK_TABLE_message];
    *in_order = 0;
    for (size_t i = 0; i < of->count; i++) {
        struct plk_message_row row = {0};
        if (plk_message_key_decode(tables_key(of->rows[i]), &row) || row.direction != PLK_IN) continue;
        if (plk_message_row_decode(tables_value(of->rows[i]), &row)) continue;
        char text[64] = "", want[32];
        size_t len = row.payload.len < sizeof text - 1 ? row.payload.len : sizeof text - 1;
        memcpy(text, row.payload.at, len);
        snprintf(want, sizeof want, "early %u", *in_order);
        const char *early = strstr(text, "early ");
        if (!early) continue;
        count++;
        *in_order += strcmp(early, want) == 0;
    }
    return count;
}

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    world_part(w, m.alice, m.bob, 0);
    story_meet(m.alice, m.bob);
    uint32_t contact = world_contact(m.bob, m.alice), in_order;
    meet_talk(m.bob, m.alice, "old words");
    meet_invite(&m, PLK_INVITE_ONE_TIME);
    world_part(w, m.bob, m.relay->machine, NET_ALL);
    uint32_t number = meet_add(&m, m.bob, "early 0");
    write_to(w, m.bob, number, 1, TEXTS - 5);
    if (w->seed % 2) world_restart(m.bob);
    story_until(w, world_is_up, m.bob, PLK_MINUTE, "bob runs");
    write_to(w, m.bob, number, TEXTS - 5, TEXTS);
    check_forget(w->check, m.bob, number); // it moves
    if (w->seed % 3 == 0) world_part(w, m.alice, m.bob, NET_ALL);
    world_part(w, m.bob, m.relay->machine, 0);
    for (int i = 0; i < 4 && w->seed % 4 >= 2; i++) {
        story_run(w, dice_below(&w->dice, 500 * PLK_MS));
        world_restart(m.bob);
    }
    story_heard(m.alice, "early 399", 10 * PLK_MINUTE);
    story_run(w, 20 * PLK_SECOND);
    story_expect(w, received(m.alice, &in_order) == TEXTS && in_order == TEXTS);
    story_expect(w, meet_contacts(m.bob) == 1 && meet_contacts(m.alice) == 1);
    story_expect(w, world_contact(m.bob, m.alice) == contact && meet_state(m.bob, contact) == PLK_CONTACT_ACTIVE);
    meet_talk(m.alice, m.bob, "still we two");
    story_ends_well(w);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 12); }
