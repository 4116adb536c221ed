// SPDX-License-Identifier: MIT
// Mallory repeats Bob's call to Alice a few seconds after it was answered, when the session that came of it is over already. The
// answer that Alice still has leads nowhere, and is not given again: Mallory hears nothing.
#include "sim/story.h"
#include "wire/packet.h"

#define CALLS_MAX 16

static uint8_t calls[CALLS_MAX][PLK_DATAGRAM_MAX];
static size_t call_len[CALLS_MAX], call_count;

static void overhear(struct world *w) {
    struct plk_bytes heard;
    call_count = 0;
    for (size_t back = 0; back < WIRE_RECENT && wire_recent(w->wire, back, &heard); back++) {
        if (heard.len == 0 || heard.at[0] != PLK_PACKET_MESSAGE1 || call_count == CALLS_MAX) continue;
        memcpy(calls[call_count], heard.at, heard.len);
        call_len[call_count++] = heard.len;
    }
}

static void repeat(struct actor *mallory, const struct actor *victim) {
    struct plk_addr to = {0}, local = {0};
    net_address(victim->world->net, victim->index, 4, &to);
    to.port = victim->port;
    for (size_t i = 0; i < call_count; i++) {
        net_datagram(mallory->world->net, mallory->index, &local, &to, plk_bytes(calls[i], call_len[i]));
    }
}

static size_t answers(struct world *w) {
    struct plk_bytes heard;
    size_t count = 0;
    for (size_t back = 0; back < WIRE_RECENT && wire_recent(w->wire, back, &heard); back++) {
        count += heard.len > 0 && heard.at[0] == PLK_PACKET_MESSAGE2;
    }
    return count;
}

static void change(struct actor *a, enum plk_command_kind kind, struct actor *peer) {
    struct plk_command c = {.kind = kind, .contact = world_contact(a, peer)};
    const struct actor_result *r = world_command(a, &c);
    story_holds(a->world);
    story_expect(a->world, r->err == PLK_ERR_OK);
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *mallory = world_actor(w, "mallory");
    mallory->stranger = true;
    net_bind(w->net, mallory->index, mallory->port, mallory->port, mallory->port);
    story_meet(alice, bob);
    story_run(w, 20 * PLK_MINUTE); // the link is idle and closes
    world_restart(bob);            // and calls again
    story_run(w, 2 * PLK_SECOND);
    story_expect(w, story_view(alice, bob).online);
    overhear(w);
    story_expect(w, call_count > 0);
    world_kill(bob);
    change(alice, PLK_CMD_BLOCK, bob); // ends the session
    change(alice, PLK_CMD_UNBLOCK, bob);
    story_run(w, PLK_SECOND);
    size_t before = answers(w);
    repeat(mallory, alice);
    story_run(w, PLK_SECOND);
    story_expect(w, answers(w) <= before);
    world_start(bob);
    story_say(bob, alice, "it was not me");
    story_heard(alice, "it was not me", 10 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
