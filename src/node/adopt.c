// SPDX-License-Identifier: MIT
#include "node/adopt.h"

#include "node/acquaint.h"
#include "node/approach.h"
#include "node/inside.h"

// Whoever has no relay, or none that makes a queue now, takes over the first of the link that are there, with the tokens that they give to
// somebody who was invited.
static void adopt(struct plk_node *node, struct plk_peer *peer) {
    struct plk_approach *approach = peer->warm->approach;
    const struct plk_invite_link *link = &approach->link;
    unsigned count = 0;
    if (approach->adopts_us == 0) approach->adopts_us = node->now.mono_us;
    if (!approach->adopts) { // whoever ends in the middle of it goes on with it: the second relay counts as much then
        approach->adopts = true;
        plk_approach_write(node, peer);
    }
    bool late = node->now.mono_us - approach->adopts_us >= PLK_ADOPT_GUEST_US;
    if (late) approach->adopts_us = node->now.mono_us;
    if (late) approach->adopted = plk_relays_has_own(&node->relays); // without any they are asked again
    approach->wait = (struct plk_queues_wait){0};
    node->parley.look = true;
    for (unsigned i = 0; i < link->relay_count && count < PLK_ADOPT_MAX; i++) {
        struct plk_box *box = plk_approach_box(node, peer, link->relays[i].key);
        if (box == NULL || !plk_relay_link_is_up(box->relay) || box->relay->source != PLK_RELAY_FOREIGN) continue;
        count++;
        if (late) plk_adopt_guest(node, box, NULL); // an open relay asks for none
        if (box->parley.guest_asked) continue;
        box->parley.guest_asked = true;
        plk_box_guest(node, box);
    }
}

// A relay that was taken over without a token, while it did not answer, is given it later.
void plk_adopt_guest(struct plk_node *node, struct plk_box *box, const uint8_t *token) {
    const struct plk_relay_link *at = box->relay;
    struct plk_relay_link *relay;
    uint8_t key[32];
    char host[PLK_RELAY_HOST_MAX];
    memcpy(key, at->key, sizeof key);
    memcpy(host, at->host, at->host_len);
    node->parley.look = true;
    bool lacks = at->source == PLK_RELAY_ADOPTED && !at->has_token && token != NULL;
    if (at->source != PLK_RELAY_FOREIGN && !lacks) return;
    plk_relays_add(node, key, plk_bytes(host, at->host_len), at->port, token, PLK_RELAY_ADOPTED, &relay);
}

// ---- the second one ---------------------------------------------------------------------------------------------------------

static unsigned own_of_link(const struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_invite_link *link = &peer->warm->approach->link;
    unsigned count = 0;
    for (unsigned i = 0; i < link->relay_count; i++) {
        const struct plk_relay_link *relay = plk_relays_find(&node->relays, link->relays[i].key);
        count += relay != NULL && relay->source != PLK_RELAY_FOREIGN;
    }
    return count;
}

static bool lacks_one(const struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_approach *approach = peer->warm->approach;
    unsigned most = approach->link.relay_count < PLK_ADOPT_MAX ? approach->link.relay_count : PLK_ADOPT_MAX;
    return approach->adopts && own_of_link(node, peer) < most;
}

// With `late`, those that are not there are taken over as well.
static void ask_more(struct plk_node *node, struct plk_peer *peer, bool late) {
    const struct plk_invite_link *link = &peer->warm->approach->link;
    for (unsigned i = 0; i < link->relay_count; i++) {
        struct plk_box *box = plk_approach_box(node, peer, link->relays[i].key);
        if (box == NULL || box->relay->source == PLK_RELAY_CONFIGURED || box->relay->has_token) continue;
        if (late && lacks_one(node, peer)) plk_adopt_guest(node, box, NULL);
        bool may = box->relay->source == PLK_RELAY_ADOPTED || lacks_one(node, peer);
        if (!may || box->parley.guest_asked || !plk_relay_link_is_up(box->relay)) continue;
        box->parley.guest_asked = true;
        plk_box_guest(node, box);
    }
}

void plk_adopt_more(struct plk_node *node, struct plk_peer *peer) {
    if (peer->warm->approach->adopts) ask_more(node, peer, false);
}

// The only one so far may be malicious: a newcomer gives the second one some time, and then tells of a queue there all the same.
static bool waits_for_second(struct plk_node *node, struct plk_peer *peer) {
    struct plk_approach *approach = peer->warm->approach;
    if (!lacks_one(node, peer)) return false;
    if (approach->second_us == 0) approach->second_us = node->now.mono_us + PLK_ADOPT_GUEST_US;
    bool late = node->now.mono_us >= approach->second_us;
    ask_more(node, peer, late);
    node->parley.look = true;
    return !late;
}

// ---- queues -----------------------------------------------------------------------------------------------------------------

// A relay of the link is there, and not one's own.
static bool may_adopt(const struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_approach *approach = peer->warm->approach;
    if (peer->row.relay_only) return false; // nothing goes to its relays but through one's own
    for (unsigned i = 0; i < approach->link.relay_count && !approach->adopted; i++) {
        const struct plk_relay_link *relay = plk_relays_find(&node->relays, approach->link.relays[i].key);
        if (relay != NULL && relay->source == PLK_RELAY_FOREIGN && plk_relay_link_is_up(relay)) return true;
    }
    return false;
}

bool plk_adopt_has_queue(const struct plk_node *node, const struct plk_peer *peer) {
    struct plk_queue_list offered;
    plk_boxes_offer(node, peer->row.contact, false, &offered);
    bool any = offered.count > 0;
    plk_mem_wipe(&offered, sizeof offered);
    return any;
}

static bool is_refused(const struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, true, peer->row.contact, box)) != NULL) {
        if (box->refused) return true;
    }
    return false;
}

// A blob says for good where its acceptance can be put: it goes without queues only when a relay has refused one. As long as none
// has, it waits for one's own; what carries the blob can carry that answer too. For one that is reached through relays only an
// acceptance can come in no other way.
static uint64_t limit_us(const struct plk_node *node, const struct plk_peer *peer) {
    if (peer->row.relay_only) return PLK_NEVER;
    if (may_adopt(node, peer)) return PLK_ADOPT_QUEUES_US;
    return is_refused(node, peer) ? PLK_ADOPT_REFUSED_US : PLK_NEVER;
}

bool plk_adopt_queues(struct plk_node *node, struct plk_peer *peer) {
    struct plk_approach *approach = peer->warm->approach;
    bool own = plk_relays_has_own(&node->relays);
    if (own && !plk_acquaint_queues(node, peer->row.contact, &approach->wait, limit_us(node, peer))) {
        node->parley.look = true;
        return false;
    }
    if (own && plk_adopt_has_queue(node, peer)) {
        if (waits_for_second(node, peer)) return false;
        return plk_acquaint_queues(node, peer->row.contact, &approach->wait, limit_us(node, peer));
    }
    if (own && !may_adopt(node, peer)) return true;
    adopt(node, peer);
    return false;
}

uint64_t plk_adopt_deadline(const struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_approach *approach = peer->warm->approach;
    uint64_t due_us = plk_acquaint_queues_due(&approach->wait, limit_us(node, peer));
    if (approach->second_us > node->now.mono_us) due_us = plk_earlier(due_us, approach->second_us);
    if (approach->adopts_us == 0 || !may_adopt(node, peer)) return due_us;
    return plk_earlier(due_us, approach->adopts_us + PLK_ADOPT_GUEST_US);
}
