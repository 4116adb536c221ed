// SPDX-License-Identifier: MIT
// The longest text arrives whole; a longer one, an empty one and one that is not UTF-8 are refused with their own errors.
#include "sim/story.h"

static enum plk_err send(struct actor *from, struct actor *to, struct plk_bytes text) {
    struct plk_command c = {.kind = PLK_CMD_SEND, .contact = world_contact(from, to), .text = text};
    const struct actor_result *r = world_command(from, &c);
    story_holds(from->world);
    return r->err;
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    static char text[PLK_BODY_MAX + 1];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + (i + w->seed) % 26);
    memcpy(text, w->canary, WORLD_CANARY_LEN);
    story_expect(w, send(alice, bob, plk_bytes(text, PLK_BODY_MAX + 1)) == PLK_ERR_TOO_LONG);
    story_expect(w, send(alice, bob, plk_bytes(text, 0)) == PLK_ERR_EMPTY);
    story_expect(w, send(alice, bob, plk_bytes("\xff\xfe", 2)) == PLK_ERR_NOT_UTF8);
    story_expect(w, send(alice, bob, plk_bytes("\xe4\xbd", 2)) == PLK_ERR_NOT_UTF8);
    story_expect(w, check_texts(w->check) == 0);
    story_expect(w, send(alice, bob, plk_bytes(text, PLK_BODY_MAX)) == PLK_ERR_OK);
    story_expect(w, send(bob, alice, plk_bytes("x", 1)) == PLK_ERR_OK);
    story_delivered(w, 10 * PLK_SECOND);
    story_ends_well(w);
    story_expect(w, check_arrived(w->check, bob) == 1 && check_arrived(w->check, alice) == 1);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
