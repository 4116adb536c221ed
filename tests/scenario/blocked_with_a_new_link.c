// SPDX-License-Identifier: MIT
// Whom Alice has blocked opens a new link of hers: it stays blocked, hears nothing at all, not even that, and the link stays
// good for somebody else. And Alice herself does not unblock anyone by opening a link.
#include "sim/story.h"

static void change(struct actor *a, enum plk_command_kind kind, struct actor *peer) {
    struct plk_command c = {.kind = kind, .contact = world_contact(a, peer)};
    const struct actor_result *r = world_command(a, &c);
    story_holds(a->world);
    story_expect(a->world, r->err == PLK_ERR_OK);
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *carol = story_person(w, "carol");
    struct actor *pair[2] = {alice, carol};
    char link[PLK_LINK_TEXT_MAX], other[PLK_LINK_TEXT_MAX];
    story_meet(alice, bob);
    change(alice, PLK_CMD_BLOCK, bob);
    snprintf(link, sizeof link, "%s", world_invite(alice, PLK_INVITE_INLINE));
    snprintf(other, sizeof other, "%s", world_invite(bob, PLK_INVITE_INLINE));
    size_t told = story_count(alice, PLK_EVENT_CONTACT);
    story_expect(w, world_add(bob, link, "let me in") != 0);
    size_t heard = story_count(bob, PLK_EVENT_CONTACT);
    story_run(w, 5 * PLK_MINUTE);
    if (w->seed % 2) world_restart(alice);
    story_run(w, 5 * PLK_MINUTE);
    story_not_heard(alice, "let me in");
    story_expect(w, story_count(alice, PLK_EVENT_CONTACT) == told && story_count(bob, PLK_EVENT_CONTACT) == heard);
    story_expect(w, story_view(alice, bob).row.blocked && !story_view(bob, alice).online);

    struct plk_command c = {.kind = PLK_CMD_ADD, .text = plk_bytes_text(other)};
    const struct actor_result *r = world_command(alice, &c);
    story_holds(w);
    story_expect(w, r->err == PLK_ERR_BLOCKED);

    if (w->seed % 3) {
        story_expect(w, world_add(carol, link, "it is me") != 0);
        story_until(w, world_friends, pair, 2 * PLK_MINUTE, "carol can use the link");
    }
    change(alice, PLK_CMD_UNBLOCK, bob);
    change(bob, PLK_CMD_CONNECT, alice);
    story_heard(alice, "let me in", 5 * PLK_MINUTE);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
