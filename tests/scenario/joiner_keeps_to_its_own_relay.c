// SPDX-License-Identifier: MIT
// Bob has a relay of his own when he opens a link that leads through alice's. It makes his queue, so he takes over none of hers, and
// nobody tells him that he lacks a token.
#include "_meet.h"

static size_t own_relays(const struct actor *a) {
    struct plk_relay_view view;
    size_t count = 0;
    while (plk_node_relay(a->node, count, &view)) count++;
    return count;
}

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    mailbox_use(m.bob, meet_other(&m));
    meet_invite(&m, w->seed % 2 ? PLK_INVITE_ONE_TIME : PLK_INVITE_ADDRESS);
    uint32_t contact = meet_add(&m, m.bob, "hello");
    story_heard(m.alice, "hello", MEET_LIMIT);
    if (w->seed % 2 == 0)
        meet_must(m.alice, (struct plk_command){.kind = PLK_CMD_ACCEPT, .contact = world_contact(m.alice, m.bob)});
    meet_until_friends(&m, m.alice, m.bob);
    mailbox_until_told(m.alice, m.bob, 1);
    story_expect(w, own_relays(m.bob) == 1);
    story_expect(w, !meet_was_told(m.bob, contact, PLK_ERR_NO_TOKEN));
    meet_talk(m.alice, m.bob, "each by the other's");
    story_ends_well(w);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
