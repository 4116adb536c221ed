// SPDX-License-Identifier: MIT
// Three open relays tell of each other. Alice and bob, whom no packet takes to each other, know the first only; they learn the others, and
// take one of them as their second. The first dies for good: they find a third. Carol, who knows nobody's relay, opens alice's link, is
// served, and everything that is said arrives, also while one is away.
#include "_learn.h"

#include "wire/relay_name.h"

static void use(struct actor *a, const struct relayd *relay) {
    struct plk_relay_name name = {.host = plk_bytes(relay->machine->name, strlen(relay->machine->name)),
                                  .port = relay->machine->port};
    char text[PLK_RELAY_NAME_TEXT_MAX];
    size_t len;
    memcpy(name.key, relay->static_public, sizeof name.key);
    plk_relay_name_encode(&name, text, &len);
    struct plk_command command = {.kind = PLK_CMD_RELAY_ADD, .text = plk_bytes(text, len)};
    const struct actor_result *result = world_command(a, &command);
    story_expect(a->world, result != NULL && result->err == PLK_ERR_OK);
}

static void meet(struct world *w, struct actor *inviter, struct actor *joiner, const char *note) {
    char link[PLK_LINK_TEXT_MAX];
    struct actor *pair[2] = {inviter, joiner};
    snprintf(link, sizeof link, "%s", world_invite(inviter, PLK_INVITE_ONE_TIME));
    story_holds(w);
    world_add(joiner, link, note);
    story_until(w, world_friends, pair, 5 * PLK_MINUTE, "they are contacts");
    story_heard(inviter, note, PLK_MINUTE);
}

static void talk_while_away(struct world *w, struct actor *from, struct actor *to, const char *text) {
    world_stop(to);
    story_say(from, to, text);
    story_run(w, PLK_MINUTE);
    world_stop(from);
    world_start(to);
    story_heard(to, text, 2 * PLK_MINUTE); // from a relay, and from nowhere else
    world_start(from);
}

static void tell(struct world *w) {
    struct relayd *relays[3] = {learn_relay(w, "first"), learn_relay(w, "second"), learn_relay(w, "third")};
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = 0; k < 3; k++) relayd_tell(relays[i], relays[k]); // itself is passed over
    }
    for (unsigned i = 0; i < 3; i++) relayd_start(relays[i]);
    story_run(w, 5 * PLK_MINUTE); // who was there too early comes again
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *carol = story_person(w, "carol");
    world_part(w, alice, bob, NET_ALL);
    world_part(w, alice, carol, NET_ALL);
    use(alice, relays[0]);
    use(bob, relays[0]);
    learn_until(alice, 1, LEARN_LIMIT);
    learn_until(bob, 1, LEARN_LIMIT);
    story_expect(w, learn_uses(alice, relays[0]) && learn_own(alice) == 2 && learn_known(alice) == 2);
    meet(w, alice, bob, "hello");
    mailbox_until_told(alice, bob, 2);

    relayd_kill(relays[0]);
    learn_until(alice, 2, LEARN_LIMIT);
    learn_until(bob, 2, LEARN_LIMIT);
    story_expect(w, learn_uses(alice, relays[0])); // what she chose she keeps
    talk_while_away(w, alice, bob, "without the first");
    meet(w, alice, carol, "found you");
    talk_while_away(w, alice, carol, "good night");
    talk_while_away(w, carol, alice, "good morning");
    world_kill(bob);
    world_start(bob); // what was learned is not forgotten
    learn_until(bob, 2, LEARN_LIMIT);
    story_ends_well(w);
    for (int i = 0; i < w->actor_count; i++) world_stop(w->actors[i]);
    for (unsigned i = 0; i < 3; i++) relayd_free(relays[i]);
    story_holds(w);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 8); }
