// SPDX-License-Identifier: MIT
// One's own link, and a link that one has opened already: no second contact comes of them, and the one that is there stays.
#include "sim/story.h"

static enum plk_err add(struct actor *a, const char *link) {
    struct plk_command c = {.kind = PLK_CMD_ADD, .text = plk_bytes_text(link)};
    const struct actor_result *r = world_command(a, &c);
    story_holds(a->world);
    return r->err;
}

static unsigned contacts(const struct actor *a) {
    struct plk_contact_view view;
    uint32_t cursor = 0;
    unsigned count = 0;
    while (plk_node_next_contact(a->node, &cursor, &view)) count++;
    return count;
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *pair[2] = {alice, bob};
    char link[PLK_LINK_TEXT_MAX + 1];
    snprintf(link, sizeof link, "%s", world_invite(alice, PLK_INVITE_INLINE));
    story_expect(w, add(alice, link) == PLK_ERR_SELF);
    story_expect(w, contacts(alice) == 0);
    story_expect(w, add(bob, link) == PLK_ERR_OK);
    story_until(w, world_friends, pair, PLK_MINUTE, "alice and bob are contacts");
    story_expect(w, add(bob, link) == PLK_ERR_OK);
    story_run(w, PLK_MINUTE);
    story_expect(w, contacts(alice) == 1 && contacts(bob) == 1);
    story_expect(w, story_view(bob, alice).row.state == PLK_CONTACT_ACTIVE);
    story_say(alice, bob, "one is enough");
    story_heard(bob, "one is enough", 10 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
