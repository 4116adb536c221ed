// SPDX-License-Identifier: MIT
// Two contacts make a new invite and open it: a re-key, not a second contact (DESIGN 3.1). Number, name, the mark "verified" and
// the conversation stay; what was not delivered before goes out under the new keys; the link is good for one use only.
#include "sim/story.h"

static const struct actor_result *must(struct actor *a, struct plk_command c) {
    const struct actor_result *r = world_command(a, &c);
    story_holds(a->world);
    if (r->err) world_fail(a->world, "%s: command %d: %s", a->name, (int)c.kind, plk_err_name(r->err));
    story_holds(a->world);
    return r;
}

static size_t contacts(const struct actor *a) {
    struct plk_contact_view view;
    uint32_t cursor = 0;
    size_t count = 0;
    while (plk_node_next_contact(a->node, &cursor, &view)) count++;
    return count;
}

// Whose line is numbered 2: the re-key is done there.
static bool renewed(struct world *w, void *ctx) {
    struct actor **pair = ctx;
    (void)w;
    for (int i = 0; i < 2; i++) {
        uint32_t contact = world_contact(pair[i], pair[1 - i]);
        struct plk_contact_view view;
        if (contact == 0 || plk_node_contact(pair[i]->node, contact, &view) != PLK_ERR_OK) return false;
        bool newest = false;
        for (unsigned h = 0; h < view.row.hint_count; h++) newest = newest || view.row.hints[h].tag >> 16 == 2;
        if (!newest || !view.online) return false;
    }
    return true;
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *pair[2] = {alice, bob};
    story_meet(alice, bob);
    uint32_t contact = world_contact(bob, alice);
    must(bob, (struct plk_command){.kind = PLK_CMD_RENAME, .contact = contact, .name = plk_bytes_text("allie")});
    must(bob, (struct plk_command){.kind = PLK_CMD_VERIFY, .contact = contact, .flag = true});
    story_say_many(bob, alice, "before", 5);
    story_heard(alice, "before 5", 30 * PLK_SECOND);

    char link[PLK_LINK_TEXT_MAX];
    snprintf(link, sizeof link, "%s", world_invite(alice, PLK_INVITE_INLINE));
    world_part(w, alice, bob, NET_ALL);
    story_say(bob, alice, "written while we were apart");
    story_say(alice, bob, "and here, too");
    const struct actor_result *r = must(
        bob,
        (struct plk_command){.kind = PLK_CMD_ADD, .text = plk_bytes_text(link), .note = world_text(w, "hello again")});
    story_expect(w, r->repeated && r->contact == contact && strcmp(r->text, "allie") == 0);
    r = must(bob, (struct plk_command){.kind = PLK_CMD_ADD, .text = plk_bytes_text(link)});
    story_expect(w, r->repeated && r->contact == contact);
    if (w->seed % 3 == 0) world_restart(bob);
    world_part(w, alice, bob, 0);
    if (w->seed % 4 == 1) {
        story_run(w, dice_below(&w->dice, 3 * PLK_SECOND));
        world_restart(w->seed % 8 == 1 ? alice : bob);
    }
    story_until(w, renewed, pair, 5 * PLK_MINUTE, "both have begun anew");
    story_heard(alice, "written while we were apart", PLK_MINUTE);
    story_heard(alice, "hello again", PLK_MINUTE);
    story_heard(bob, "and here, too", PLK_MINUTE);
    struct plk_contact_view view = story_view(bob, alice);
    story_expect(w, view.row.contact == contact && view.row.verified && view.row.name_len == 5);
    story_expect(w, contacts(alice) == 1 && contacts(bob) == 1);

    struct actor *carol = story_person(w, "carol");
    story_expect(w, world_add(carol, link, NULL) != 0);
    story_say(bob, alice, "still here");
    story_heard(alice, "still here", 30 * PLK_SECOND);
    story_run(w, PLK_MINUTE);
    story_expect(w, world_contact(alice, carol) == 0);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
