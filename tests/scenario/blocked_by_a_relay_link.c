// SPDX-License-Identifier: MIT
// Alice has blocked bob. He gets hold of a link of hers that leads through a relay, and opens it: he hears nothing at all, and the
// link is not spent by it. Carol, for whom it was, becomes a contact.
#include "_meet.h"

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    struct actor *carol = story_person(w, "carol");
    world_part(w, m.alice, carol, NET_ALL);
    mailbox_use(m.bob, m.relay); // one guest is all that a one-time link has
    mailbox_use(carol, m.relay);
    world_part(w, m.alice, m.bob, 0);
    story_meet(m.alice, m.bob);
    world_part(w, m.alice, m.bob, NET_ALL);
    meet_must(m.alice, (struct plk_command){.kind = PLK_CMD_BLOCK, .contact = world_contact(m.alice, m.bob)});
    meet_invite(&m, w->seed % 2 ? PLK_INVITE_ONE_TIME : PLK_INVITE_ADDRESS);
    size_t told = story_count(m.alice, PLK_EVENT_CONTACT) + story_count(m.alice, PLK_EVENT_REQUEST);
    world_part(w, m.bob, m.relay->machine, NET_ALL);
    uint32_t number = meet_add(&m, m.bob, "let me in");
    check_forget(w->check, m.bob, number); // it moves
    world_part(w, m.bob, m.relay->machine, 0);
    story_run(w, 2 * PLK_MINUTE);
    story_not_heard(m.alice, "let me in");
    story_expect(w, story_count(m.alice, PLK_EVENT_CONTACT) + story_count(m.alice, PLK_EVENT_REQUEST) == told);
    meet_add(&m, carol, "it was for me");
    story_heard(m.alice, "it was for me", MEET_LIMIT);
    if (w->seed % 2 == 0)
        meet_must(m.alice, (struct plk_command){.kind = PLK_CMD_ACCEPT, .contact = world_contact(m.alice, carol)});
    meet_until_friends(&m, m.alice, carol);
    story_not_heard(m.alice, "let me in");
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
