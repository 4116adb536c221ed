// SPDX-License-Identifier: MIT
// Which of the relays that were learned is taken as one's own, and when: if fewer than two own ones answer, some are tried, and the nearest
// of those that do what they promise is taken.
#include "node/learned_inside.h"
#include "node/leaving.h"

// ---- one's own ----------------------------------------------------------------------------------------------------------

static bool is_own(const struct plk_relay_link *relay) { return relay->source != PLK_RELAY_FOREIGN; }

// Answers, or has not been away for long.
static bool is_there(const struct plk_node *node, const struct plk_relay_link *relay, uint64_t span_us) {
    return plk_relay_link_is_up(relay) || node->now.mono_us - relay->missed_us < span_us;
}

static void note_who_is_missing(struct plk_node *node) {
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        if (plk_relay_link_is_up(relay) || !is_own(relay)) {
            relay->missed_us = 0;
        } else if (relay->missed_us == 0) {
            relay->missed_us = node->now.mono_us | 1;
        }
    }
}

static void ask(struct plk_node *node) {
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        if (!is_own(relay) || !plk_relay_link_is_up(relay) || !plk_relay_dial_heard(relay->dial)->has_sign) continue;
        if (relay->asked_us != 0 && node->now.mono_us - relay->asked_us < PLK_LEARNED_ASK_US) continue;
        if (plk_queue_client_directory(relay->queues) != PLK_ERR_OK) continue;
        relay->asked_us = node->now.mono_us | 1;
        plk_relays_touch(node, relay);
    }
}

static bool lacks_one(const struct plk_node *node) {
    unsigned there = 0, learned = 0, own = 0;
    for (const struct plk_relay_link *relay = node->relays.first; relay != NULL && is_own(relay); relay = relay->next) {
        own++;
        there += is_there(node, relay, PLK_LEARNED_DOWN_US);
        learned += relay->source == PLK_RELAY_LEARNED;
    }
    return own > 0 && there < PLK_LEARNED_WANTED && learned < PLK_LEARNED_OWN_MAX;
}

// Those that people chose are enough, and have been for a while.
static bool is_spare(const struct plk_node *node) {
    unsigned chosen = 0;
    for (const struct plk_relay_link *relay = node->relays.first; relay != NULL && is_own(relay); relay = relay->next) {
        bool long_up = relay->up_us != 0 && node->now.mono_us - relay->up_us >= PLK_LEARNED_DOWN_US;
        chosen += long_up && (relay->source == PLK_RELAY_CONFIGURED || relay->source == PLK_RELAY_ADOPTED);
    }
    return chosen >= PLK_LEARNED_WANTED;
}

static bool any_is_up(const struct plk_node *node) {
    for (const struct plk_relay_link *relay = node->relays.first; relay != NULL && is_own(relay); relay = relay->next) {
        if (plk_relay_link_is_up(relay)) return true;
    }
    return false;
}

// What is not needed any more, or has been dead for long while others were there, is left as one that a person removes.
static void give_up(struct plk_node *node) {
    struct plk_relay_link *next;
    bool spare = is_spare(node), up = any_is_up(node);
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL && is_own(relay); relay = next) {
        next = relay->next;
        bool dead = up && !is_there(node, relay, PLK_LEARNED_DEAD_US);
        if (relay->source != PLK_RELAY_LEARNED || !(spare || dead)) continue;
        plk_leaving_begin(node, relay);
        plk_relays_remove(node, relay);
        plk_post_relays_changed(node);
        plk_node_passing_event(node, PLK_EVENT_RELAY, 0);
        next = node->relays.first; // it stands elsewhere now
    }
}

// ---- candidates ---------------------------------------------------------------------------------------------------------

// The entry of an own relay that was learned; NULL: there is none any more.
static const struct plk_learned *entry_of(const struct plk_node *node, const struct plk_relay_link *relay) {
    for (size_t i = 0; i < node->learneds.count; i++) {
        if (memcmp(node->learneds.at[i].d.relay, relay->key, 32) == 0) return &node->learneds.at[i];
    }
    return NULL;
}

// A teller who has not brought another of one's own; -1: none of this one's.
static int free_teller(const struct plk_node *node, const struct plk_learned *one) {
    for (unsigned i = 0; i < one->teller_count; i++) {
        bool is_free = true;
        for (const struct plk_relay_link *relay = node->relays.first; relay != NULL && is_own(relay);
             relay = relay->next) {
            const struct plk_learned *taken = relay->source == PLK_RELAY_LEARNED ? entry_of(node, relay) : NULL;
            is_free = is_free && (taken == NULL || memcmp(taken->tellers[0], one->tellers[i], 32) != 0);
        }
        if (is_free) return (int)i;
    }
    return -1;
}

// Next to a relay of one's own: who runs that, or whoever can shut it off, may well have both.
static bool is_neighbour(const struct plk_node *node, const struct plk_learned *one) {
    for (const struct plk_relay_link *relay = node->relays.first; relay != NULL && is_own(relay); relay = relay->next) {
        struct plk_addr addr = {.family = 0};
        const struct plk_learned *entry = relay->source == PLK_RELAY_LEARNED ? entry_of(node, relay) : NULL;
        if (entry != NULL) addr = entry->d.addr;
        if (plk_relay_link_is_up(relay)) addr = plk_relay_dial_status(relay->dial).addr;
        if (addr.family != 0 && plk_descriptor_prefix(&addr) == plk_descriptor_prefix(&one->d.addr)) return true;
    }
    return false;
}

static uint64_t ready_us(const struct plk_learned *one) {
    unsigned doublings = one->failures < PLK_LEARNED_DOUBLINGS ? one->failures : PLK_LEARNED_DOUBLINGS;
    return one->failures == 0 ? 0 : one->tried_us + (PLK_LEARNED_PAUSE_US << doublings) / 2;
}

static bool may_be_taken(const struct plk_node *node, const struct plk_learned *one) {
    return !plk_learned_is_refused(node, one->d.relay) && one->d.admission == PLK_RELAY_ADMIT_OPEN &&
           !plk_learned_is_own(node, one) && one->d.expires_ms > node->now.wall_ms && free_teller(node, one) >= 0 &&
           !is_neighbour(node, one);
}

static bool is_fresh(const struct plk_node *node, const struct plk_learned *one) {
    return one->answered_us != 0 && node->now.mono_us - one->answered_us < PLK_LEARNED_FRESH_US;
}

// The next to be tried: proven ones first, else any. NULL: enough of them were, or there is none.
static struct plk_learned *next_to_try(struct plk_node *node) {
    struct plk_learneds *list = &node->learneds;
    struct plk_learned *found = NULL;
    unsigned fresh = 0;
    size_t first = list->count == 0 ? 0 : (size_t)plk_rng_below(&node->rng, list->count);
    for (size_t i = 0; i < list->count; i++) {
        struct plk_learned *one = &list->at[(first + i) % list->count];
        if (!may_be_taken(node, one)) continue;
        fresh += is_fresh(node, one);
        if (is_fresh(node, one) || ready_us(one) > node->now.mono_us) continue;
        if (found == NULL || (one->proven && !found->proven)) found = one;
    }
    return fresh < PLK_LEARNED_TRIES ? found : NULL;
}

static struct plk_learned *nearest(struct plk_node *node) {
    struct plk_learned *best = NULL;
    for (size_t i = 0; i < node->learneds.count; i++) {
        struct plk_learned *one = &node->learneds.at[i];
        if (!is_fresh(node, one) || !may_be_taken(node, one)) continue;
        if (best == NULL || one->rtt_us - 1 < best->rtt_us - 1) best = one; // 0, not known, is the farthest
    }
    return best;
}

// ---- trying -------------------------------------------------------------------------------------------------------------

static struct plk_learned *tried(struct plk_node *node) {
    for (size_t i = 0; i < node->learneds.count; i++) {
        struct plk_learned *one = &node->learneds.at[i];
        bool is = memcmp(one->d.relay, node->learneds.trying, 32) == 0 &&
                  memcmp(one->d.sign, node->learneds.trying + 32, 32) == 0;
        if (is && !plk_learned_is_own(node, one)) return one;
    }
    return NULL;
}

static void begin(struct plk_node *node, struct plk_learned *one, bool settles) {
    struct plk_learneds *list = &node->learneds;
    char host[PLK_ADDR_TEXT_MAX];
    size_t len = plk_addr_text(&one->d.addr, host);
    struct plk_relay_link *relay =
        plk_relays_get(node, one->d.relay, plk_bytes((const uint8_t *)host, len), one->d.addr.port, false);
    one->tried_us = node->now.mono_us | 1;
    if (relay == NULL) { // too many are known: later
        one->failures++;
        return;
    }
    plk_relays_want(node, relay);
    memcpy(list->trying, one->d.relay, 32);
    memcpy(list->trying + 32, one->d.sign, 32);
    list->is_trying = true;
    list->settles = settles;
    list->until_us = node->now.mono_us + PLK_LEARNED_TRY_US;
}

static void adopt(struct plk_node *node, struct plk_learned *one, struct plk_relay_link *relay) {
    int teller = free_teller(node, one);
    if (teller < 0) return;
    if (teller > 0) { // from now on it counts for this one
        uint8_t first[32];
        memcpy(first, one->tellers[0], sizeof first);
        memcpy(one->tellers[0], one->tellers[teller], sizeof first);
        memcpy(one->tellers[teller], first, sizeof first);
    }
    char host[PLK_ADDR_TEXT_MAX];
    size_t len = plk_addr_text(&one->d.addr, host);
    plk_learned_write(node, one);
    plk_relays_add(node, one->d.relay, plk_bytes((const uint8_t *)host, len), one->d.addr.port, NULL, PLK_RELAY_LEARNED,
                   &relay);
    plk_node_passing_event(node, PLK_EVENT_RELAY, 0);
}

// It is what its descriptor says: the key that signed that is its own, and it makes queues for anybody, for work that can be done.
static bool holds(const struct plk_learned *one, const struct plk_hello_heard *heard, bool *lies) {
    *lies = !heard->has_sign || memcmp(heard->sign, one->d.sign, sizeof one->d.sign) != 0;
    return !*lies && heard->greeting.admission == PLK_RELAY_ADMIT_OPEN &&
           heard->greeting.bits <= PLK_QUEUE_CLIENT_WORK_BITS;
}

static void failed(struct plk_node *node, struct plk_learned *one, struct plk_relay_link *relay) {
    node->learneds.is_trying = false;
    one->failures++;
    if (relay != NULL) plk_relays_abandon(node, relay);
}

static void look_at_trial(struct plk_node *node) {
    struct plk_learneds *list = &node->learneds;
    struct plk_learned *one = tried(node);
    struct plk_relay_link *relay = plk_relays_find(&node->relays, list->trying);
    bool lies;
    if (one == NULL) { // its word is over, or the person has added it meanwhile
        list->is_trying = false;
        return;
    }
    bool up = relay != NULL && plk_relay_link_is_up(relay);
    if (!up && node->now.mono_us >= list->until_us) failed(node, one, relay);
    if (!up) return;
    uint64_t rtt_us = plk_relay_channel_status(plk_relay_dial_channel(relay->dial)).rtt_us;
    if (rtt_us == 0 && node->now.mono_us < list->until_us) { // its first answer is on its way
        list->until_us = plk_earlier(list->until_us, node->now.mono_us + PLK_LEARNED_RTT_US);
        return;
    }
    bool good = holds(one, plk_relay_dial_heard(relay->dial), &lies);
    if (!good) failed(node, one, relay);
    if (lies) plk_learned_drop(node, one);
    if (!good) return;
    list->is_trying = false;
    one->failures = 0;
    one->answered_us = node->now.mono_us | 1;
    one->rtt_us = rtt_us;
    if (!one->proven) {
        one->proven = true;
        plk_learned_write(node, one);
    }
    if (list->settles && lacks_one(node)) {
        adopt(node, one, relay);
    } else {
        plk_relays_abandon(node, relay);
    }
}

static void try_another(struct plk_node *node) {
    if (node->learneds.is_trying || !lacks_one(node)) return;
    plk_learned_drop_expired(node);
    struct plk_learned *next = next_to_try(node), *best = next == NULL ? nearest(node) : NULL;
    if (next != NULL) begin(node, next, false);
    if (best != NULL) begin(node, best, true);
}

// ---- time ---------------------------------------------------------------------------------------------------------------

static uint64_t next_look(const struct plk_node *node) {
    const struct plk_learneds *list = &node->learneds;
    uint64_t now_us = node->now.mono_us, due_us = now_us + PLK_LEARNED_ASK_US;
    bool lacks = lacks_one(node);
    if (list->is_trying) return list->until_us;
    for (const struct plk_relay_link *relay = node->relays.first; relay != NULL && is_own(relay); relay = relay->next) {
        bool learned = relay->source == PLK_RELAY_LEARNED;
        uint64_t since_us = relay->up_us != 0 ? relay->up_us : relay->missed_us;
        if (since_us + PLK_LEARNED_DOWN_US > now_us) due_us = plk_earlier(due_us, since_us + PLK_LEARNED_DOWN_US);
        if (learned && relay->missed_us != 0) due_us = plk_earlier(due_us, relay->missed_us + PLK_LEARNED_DEAD_US);
    }
    for (size_t i = 0; lacks && i < list->count; i++) {
        if (!may_be_taken(node, &list->at[i])) continue;
        uint64_t at_us = ready_us(&list->at[i]);
        due_us = plk_earlier(due_us, at_us > now_us + PLK_SECOND ? at_us : now_us + PLK_SECOND);
    }
    return due_us > now_us ? due_us : now_us + PLK_MINUTE;
}

void plk_learned_run(struct plk_node *node) {
    struct plk_learneds *list = &node->learneds;
    bool ready = node->state == PLK_NODE_READY && node->network.known && !node->suspended && !list->off;
    if (!ready || node->now.mono_us < list->due_us || plk_ledger_behind(&node->ledger)) return;
    note_who_is_missing(node);
    if (list->is_trying) look_at_trial(node);
    give_up(node);
    ask(node);
    try_another(node);
    list->due_us = next_look(node);
}

uint64_t plk_learned_deadline(const struct plk_node *node) {
    bool rests = node->learneds.off || !node->network.known || !plk_relays_has_own(&node->relays);
    return rests ? PLK_NEVER : node->learneds.due_us;
}
