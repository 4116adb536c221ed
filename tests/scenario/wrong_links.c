// SPDX-License-Identifier: MIT
// Links that were cut off, mistyped, taken from elsewhere or wrapped by a mail program: each gets its own answer, nothing is
// left behind, and the good link still works.
#include "sim/story.h"

#include <stdlib.h>

static enum plk_err add(struct actor *a, const char *link) {
    struct plk_command c = {.kind = PLK_CMD_ADD, .text = plk_bytes_text(link)};
    const struct actor_result *r = world_command(a, &c);
    story_holds(a->world);
    return r->err;
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *pair[2] = {alice, bob};
    char link[PLK_LINK_TEXT_MAX + 1], wrong[PLK_LINK_TEXT_MAX + 64];
    snprintf(link, sizeof link, "%s", world_invite(alice, PLK_INVITE_INLINE));
    size_t len = strlen(link);

    story_expect(w, add(bob, "") != PLK_ERR_OK);
    story_expect(w, add(bob, "https://example.org/") != PLK_ERR_OK);
    story_expect(w, add(bob, "peerlink:") != PLK_ERR_OK);
    snprintf(wrong, sizeof wrong, "%.*s", (int)(len - 5), link);
    enum plk_err cut = add(bob, wrong);
    story_expect(w, cut == PLK_ERR_CUT_OFF || cut == PLK_ERR_MISTYPED);
    snprintf(wrong, sizeof wrong, "%s", link);
    size_t at = len / 2 + dice_below(&w->dice, len / 4);
    wrong[at] = wrong[at] == 'x' ? 'y' : 'x';
    story_expect(w, add(bob, wrong) == PLK_ERR_MISTYPED);
    struct plk_contact_view view;
    uint32_t cursor = 0;
    story_expect(w, !plk_node_next_contact(bob->node, &cursor, &view));

    snprintf(wrong, sizeof wrong, " \"%.*s\r\n  %s\".", 40, link, link + 40);
    story_expect(w, add(bob, wrong) == PLK_ERR_OK);
    story_until(w, world_friends, pair, PLK_MINUTE, "alice and bob are contacts");
    story_say(bob, alice, "the link was broken over two lines");
    story_heard(alice, "the link was broken over two lines", 10 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
