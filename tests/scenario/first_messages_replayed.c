// SPDX-License-Identifier: MIT
// Mallory has overheard how Bob called Alice, and repeats those calls when nobody can reach Bob. Alice is not left with the
// rest of a call that leads nowhere: when she writes to Bob and he is there again, it goes out at once.
#include "sim/story.h"
#include "wire/packet.h"

#define CALLS_MAX 64

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

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *mallory = world_actor(w, "mallory");
    mallory->stranger = true;
    net_bind(w->net, mallory->index, mallory->port, mallory->port, mallory->port);
    story_meet(alice, bob);
    story_run(w, 20 * PLK_MINUTE); // the link is idle and closes
    world_restart(bob);            // and calls again
    story_run(w, 5 * PLK_SECOND);
    overhear(w);
    story_expect(w, call_count > 0);
    story_run(w, 20 * PLK_MINUTE);
    world_part(w, alice, bob, NET_ALL);
    repeat(mallory, alice); // she calls back, once
    story_run(w, 30 * PLK_SECOND);
    repeat(mallory, alice);
    story_run(w, PLK_SECOND);
    world_part(w, alice, bob, 0);
    story_say(alice, bob, "nothing in the way");
    story_heard(bob, "nothing in the way", 5 * PLK_SECOND);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
