// SPDX-License-Identifier: MIT
// Rename, verify, block, unblock, a new profile name, cancel and remove: each does what it says and survives a restart.
#include "sim/story.h"

static void must(struct actor *a, struct plk_command c) {
    const struct actor_result *r = world_command(a, &c);
    story_holds(a->world);
    if (r->err) world_fail(a->world, "%s: command %d: %s", a->name, (int)c.kind, plk_err_name(r->err));
    story_holds(a->world);
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    story_meet(alice, bob);
    uint32_t contact = world_contact(alice, bob), found;
    must(alice, (struct plk_command){.kind = PLK_CMD_RENAME, .contact = contact, .name = plk_bytes_text("robert")});
    must(alice, (struct plk_command){.kind = PLK_CMD_VERIFY, .contact = contact, .flag = true});
    world_restart(alice);
    story_say(alice, bob, "hello robert");
    story_heard(bob, "hello robert", 10 * PLK_SECOND);
    story_expect(w, plk_node_find_contact(alice->node, plk_bytes_text("Robert"), &found) == PLK_ERR_OK &&
                        found == contact);
    story_expect(w, story_view(alice, bob).row.verified);

    must(alice, (struct plk_command){.kind = PLK_CMD_BLOCK, .contact = contact});
    struct plk_command c = {.kind = PLK_CMD_SEND, .contact = contact, .text = world_text(w, "blocked")};
    const struct actor_result *r = world_command(alice, &c);
    story_holds(w);
    story_expect(w, r->err == PLK_ERR_BLOCKED);
    story_say(bob, alice, "are you angry");
    story_run(w, 5 * PLK_MINUTE);
    story_not_heard(alice, "are you angry");
    must(alice, (struct plk_command){.kind = PLK_CMD_UNBLOCK, .contact = contact});
    must(alice, (struct plk_command){.kind = PLK_CMD_CONNECT, .contact = contact});
    story_heard(alice, "are you angry", 2 * PLK_MINUTE);
    story_ends_well(w);

    check_forget(w->check, alice, contact);
    must(alice, (struct plk_command){.kind = PLK_CMD_REMOVE, .contact = contact});
    world_restart(alice);
    story_run(w, PLK_MINUTE);
    story_expect(w, world_contact(alice, bob) == 0);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
