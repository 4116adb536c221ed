// SPDX-License-Identifier: MIT
// Alice has chosen two relays, and one of them lies: it tells of a hundred that are nobody, of neighbours of each other, of the honest
// third under a key of its own, of where that one was a day ago, and of its accomplice, which is a relay like any other. The honest one
// is away for two hours. What alice chose stays hers, the liar's word fills its share of her list and no more, of all that it tells
// one relay at most becomes hers, and that one goes again. What is said arrives.
#include "_learn.h"

#include "node/inside.h"
#include "relay/inside.h"

#define SYBILS 100
#define AWAY (2 * PLK_HOUR)

// Whatever its directory would take: a liar needs nobody to answer.
static void list(struct relayd *liar, struct plk_descriptor d, const uint8_t seed[32]) {
    struct plk_directory *directory = &liar->relay->directory;
    plk_descriptor_sign(&d, seed);
    story_expect(liar->world, directory->count < PLK_DIRECTORY_MAX);
    directory->list[directory->count++] = d;
}

static struct plk_descriptor word(const struct relayd *liar, unsigned number) {
    struct plk_descriptor d = {.admission = PLK_RELAY_ADMIT_OPEN, .sequence = 1000000};
    uint8_t secret[32] = {(uint8_t)number, 77};
    d.expires_ms = actor_now(liar->machine).wall_ms + PLK_DESCRIPTOR_LIFE_MS;
    d.addr = (struct plk_addr){.family = 4, .ip = {60, (uint8_t)number, 1, 1}, .port = 7447};
    plk_dh_public(d.relay, secret);
    return d;
}

// A list names 16, begun at random: each time others.
static void lie(struct relayd *liar, const struct relayd *honest, const struct relayd *accomplice) {
    uint8_t seed[32] = {66};
    for (unsigned i = 0; i < SYBILS; i++) {
        struct plk_descriptor d = word(liar, i);
        if (i % 2 == 0) d.addr.ip[1] = 3; // neighbours
        list(liar, d, seed);
    }
    struct plk_descriptor d = word(liar, 200);
    memcpy(d.relay, honest->static_public, sizeof d.relay);
    list(liar, d, seed); // signed by the liar
    uint8_t own[32];
    plk_descriptor_seed(own, honest->config.statics[0]);
    d = word(liar, 201); // as if it were of yesterday
    memcpy(d.relay, honest->static_public, sizeof d.relay);
    d.sequence = 1;
    d.expires_ms = actor_now(liar->machine).wall_ms + 2 * PLK_LEARNED_DOWN_US / 1000;
    list(liar, d, own);
    plk_descriptor_seed(own, accomplice->config.statics[0]);
    d = word(liar, 202);
    d.addr = relayd_addr(accomplice, 4);
    memcpy(d.relay, accomplice->static_public, sizeof d.relay);
    list(liar, d, own);
}

static void ask_again(struct actor *a) {
    for (struct plk_relay_link *relay = a->node->relays.first; relay != NULL; relay = relay->next) relay->asked_us = 0;
    plk_learned_look(a->node);
}

static void check(struct world *w, const struct actor *a, const struct relayd *liar, const struct relayd *chosen) {
    const struct plk_learneds *list = &a->node->learneds;
    unsigned of_liar = 0;
    for (size_t i = 0; i < list->count; i++) {
        of_liar += memcmp(list->at[i].tellers[0], liar->static_public, 32) == 0;
        for (size_t k = 0; k < i; k++) {
            bool same = memcmp(list->at[i].tellers[0], list->at[k].tellers[0], 32) == 0;
            story_expect(w, !same || plk_descriptor_prefix(&list->at[i].d.addr) !=
                                         plk_descriptor_prefix(&list->at[k].d.addr));
        }
    }
    story_expect(w, of_liar <= PLK_LEARNED_TELLER_MAX && list->count <= PLK_LEARNED_MAX);
    story_expect(w, learn_uses(a, liar) && learn_uses(a, chosen) && learn_learned(a) <= 2);
    unsigned brought = 0;
    for (const struct plk_relay_link *relay = a->node->relays.first; relay != NULL; relay = relay->next) {
        for (size_t i = 0; relay->source == PLK_RELAY_LEARNED && i < list->count; i++) {
            bool is = memcmp(list->at[i].d.relay, relay->key, 32) == 0;
            brought += is && memcmp(list->at[i].tellers[0], liar->static_public, 32) == 0;
        }
    }
    story_expect(w, brought <= 1);
}

static bool has_only_chosen(struct world *w, void *actor) {
    (void)w;
    return learn_learned(actor) == 0;
}

static void tell(struct world *w) {
    struct relayd *liar = learn_relay(w, "liar"), *chosen = learn_relay(w, "chosen"),
                  *honest = learn_relay(w, "honest"), *accomplice = learn_relay(w, "accomplice");
    relayd_tell(honest, chosen);
    relayd_start(liar);
    relayd_start(chosen);
    relayd_start(accomplice);
    lie(liar, honest, accomplice);
    relayd_start(honest);
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    mailbox_token(liar);
    mailbox_token(chosen);
    mailbox_use(alice, liar);
    mailbox_use(alice, chosen);
    mailbox_use(bob, liar);
    mailbox_use(bob, chosen);
    story_meet(alice, bob);
    mailbox_until_told(alice, bob, 2);
    world_part(w, alice, bob, NET_ALL);
    for (int i = 0; i < 8; i++) {
        ask_again(alice);
        story_run(w, PLK_MINUTE);
        check(w, alice, liar, chosen);
    }
    story_expect(w, learn_learned(alice) == 0); // two answer: nothing is lacking
    relayd_kill(chosen);
    for (int i = 0; i < 24; i++) {
        story_run(w, AWAY / 24);
        ask_again(alice);
        story_run(w, PLK_SECOND);
        check(w, alice, liar, chosen);
        story_say(alice, bob, i % 2 ? "still here" : "and here");
    }
    relayd_start(chosen);
    story_until(w, has_only_chosen, alice, LEARN_LIMIT, "those that she chose are enough again");
    check(w, alice, liar, chosen);
    story_ends_well(w);
    for (int i = 0; i < w->actor_count; i++) world_stop(w->actors[i]);
    relayd_free(liar);
    relayd_free(chosen);
    relayd_free(honest);
    relayd_free(accomplice);
    story_holds(w);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 8); }
