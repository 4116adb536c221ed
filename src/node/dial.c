// SPDX-License-Identifier: MIT
// When a contact is called, with which keys; and whose message 1 has arrived.
#include "node/approach.h"
#include "node/inside.h"
#include "node/moved.h"
#include "node/parley.h"

void plk_peer_dial_soon(struct plk_node *node, struct plk_peer *peer, uint64_t in_us) {
    uint64_t at_us = node->now.mono_us + in_us;
    if (at_us < peer->next_try_us) peer->next_try_us = at_us;
    node->dial_us = plk_earlier(node->dial_us, peer->next_try_us);
}

void plk_peer_dial_again(struct plk_node *node, struct plk_peer *peer, const struct plk_link *gone) {
    // An attempt that nobody answered has its next time already, each later than the one before.
    if (!plk_link_is_up(gone) && peer->next_try_us != PLK_NEVER) return;
    plk_peer_dial_soon(node, peer, PLK_PEER_BACKOFF_US / 5 + plk_rng_below(&node->rng, PLK_PEER_BACKOFF_US / 5));
}

static bool may_talk(const struct plk_peer *peer) {
    return peer->row.state == PLK_CONTACT_ACTIVE && !peer->row.blocked && !peer->damaged;
}

static bool is_joining(const struct plk_node *node, const struct plk_peer *peer) {
    if (peer->heat != PLK_WARM) return false;
    if (peer->warm->approach != NULL) return true;
    return peer->warm->joining && node->now.wall_ms <= peer->warm->join->expires_ms;
}

static bool wants_link(const struct plk_node *node, const struct plk_peer *peer) {
    if (peer->row.blocked || peer->damaged) return false;
    if (peer->row.state == PLK_CONTACT_ADDED) return true;
    if (peer->row.state != PLK_CONTACT_ACTIVE) return false;
    if (peer->greet || peer->opened || is_joining(node, peer)) return true;
    if (peer->heat != PLK_WARM) return peer->row.has_outbox;
    if (peer->warm->acceptance.len > 0 || peer->warm->request.len > 0) return true; // as good as a message that waits
    return plk_peer_needs_link(peer) || plk_mail_owes(peer->warm->mail) || peer->warm->has_pending ||
           peer->warm->rekey_wanted;
}

// DESIGN 3.8: 5 s to 1 h, 25 % either way, so that two peers do not keep missing each other in step.
static uint64_t backoff_us(struct plk_node *node, struct plk_peer *peer) {
    uint64_t base_us = plk_doubled(PLK_PEER_BACKOFF_US, peer->tries++, PLK_PEER_BACKOFF_MAX_US);
    return base_us - base_us / 4 + plk_rng_below(&node->rng, base_us / 2);
}

// ---- calling ----------------------------------------------------------------------------------------------------------

static enum plk_hint_direction outbound(const struct plk_node *node, const struct plk_peer *peer) {
    bool smaller = memcmp(node->persona.peer_id, peer->row.peer_id, PLK_PEER_ID_LEN) < 0;
    return smaller ? PLK_HINT_SMALLER : PLK_HINT_LARGER;
}

static struct plk_link *contact_link(struct plk_node *node, struct plk_peer *peer) {
    if (peer->link == NULL) {
        peer->link = plk_link_new(node, PLK_LINK_CONTACT, peer);
        peer->link->candidates = plk_peer_candidates(peer);
        peer->link->own_smaller = outbound(node, peer) == PLK_HINT_SMALLER;
    }
    return peer->link;
}

// Takes a stamp and makes its reservation durable where a new block was needed. Calls that nobody answers may be too old for
// a peer whose own calls are too old for us: both stores were rolled back, and neither ever hears what the other has seen. So
// each of them leaves more stamps out than the one before.
static enum plk_err take_stamp(struct plk_node *node, struct plk_peer *peer, struct plk_keying *keying,
                               uint64_t *stamp) {
    bool persist = false;
    unsigned doublings = peer->tries < PLK_PEER_STAMP_DOUBLINGS ? peer->tries : PLK_PEER_STAMP_DOUBLINGS;
    if (peer->tries >= PLK_PEER_RECOVERY_EVERY)
        plk_stamp_heard(&keying->stamp, keying->stamp.next + (UINT64_C(1) << doublings));
    enum plk_err err = plk_stamp_take(&keying->stamp, stamp, &persist);
    if (err == PLK_ERR_OK && persist) plk_peer_write_keying(node, peer, keying);
    return err;
}

static void call_under(struct plk_node *node, struct plk_peer *peer, const struct plk_generation *g,
                       const struct plk_way *first) {
    if (g == NULL || !may_talk(peer)) return;
    struct plk_link *link = contact_link(node, peer);
    if (link->attempt.live) return;
    struct plk_keying *keying = plk_peer_keying(peer, plk_peer_tag(g->line_number, g->number));
    uint64_t stamp;
    if (take_stamp(node, peer, keying, &stamp) != PLK_ERR_OK) return;
    uint8_t hint_key[PLK_HINT_KEY_LEN];
    plk_hint_key(hint_key, g->psk, outbound(node, peer));
    struct plk_handshake_keys keys = {.kind = PLK_HANDSHAKE_KK, .own_static = g->own_secret, .psk = g->psk};
    keys.peer_static = g->peer_public;
    keys.hint_key = hint_key;
    link->attempt_tag = plk_peer_tag(g->line_number, g->number);
    plk_link_attempt(node, link, &keys, stamp, g->number, keying->gate.highest, plk_ledger_mark(&node->ledger), first);
    plk_post_reach(node, peer);
    plk_neighbours_call(node);
    plk_mem_wipe(hint_key, sizeof hint_key);
}

void plk_peer_call(struct plk_node *node, struct plk_peer *peer, const struct plk_way *first) {
    call_under(node, peer, plk_generation_newest(&peer->warm->generations), first);
}

// The peer calls with a stamp that was used: it was rolled back, or its profile runs twice. It may know nothing newer than the
// keys that it called with.
static void call_back(struct plk_node *node, struct plk_peer *peer, uint32_t tag) {
    const struct plk_generations *all = &peer->warm->generations;
    for (size_t i = 0; i < all->count; i++) {
        if (plk_peer_tag(all->at[i].line_number, all->at[i].number) == tag) call_under(node, peer, &all->at[i], NULL);
    }
}

void plk_peer_recovery_call(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    if (!warm->has_recovery || !may_talk(peer)) return;
    if (peer->meeting == NULL) {
        peer->meeting = plk_link_new(node, PLK_LINK_RECOVERY, peer);
        peer->meeting->candidates = plk_peer_candidates(peer);
        peer->meeting->own_smaller = outbound(node, peer) == PLK_HINT_SMALLER;
    }
    if (peer->meeting->attempt.live || plk_link_is_up(peer->meeting)) return;
    struct plk_keying *keying = plk_peer_keying(peer, PLK_HINT_TAG_RECOVERY);
    uint64_t stamp;
    if (take_stamp(node, peer, keying, &stamp) != PLK_ERR_OK) return;
    uint8_t psk[32], hint_key[PLK_HINT_KEY_LEN];
    plk_recovery_session_psk(psk, &warm->recovery);
    plk_hint_key(hint_key, psk, outbound(node, peer));
    struct plk_handshake_keys keys = {.kind = PLK_HANDSHAKE_NN, .psk = psk, .hint_key = hint_key};
    plk_link_attempt(node, peer->meeting, &keys, stamp, 0, keying->gate.highest, plk_ledger_mark(&node->ledger), NULL);
    warm->request_put = false;
    plk_post_reach(node, peer);
    plk_mem_wipe(psk, sizeof psk);
    plk_mem_wipe(hint_key, sizeof hint_key);
}

void plk_peer_join_again(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    if (!is_joining(node, peer)) return;
    if (warm->approach != NULL) {
        plk_approach_again(node, peer);
        return;
    }
    if (peer->joiner == NULL) {
        peer->joiner = plk_link_new(node, PLK_LINK_JOINER, peer);
        peer->joiner->candidates = plk_peer_candidates(peer);
    }
    if (peer->joiner->attempt.live || plk_link_is_up(peer->joiner)) return;
    struct plk_keying *keying = plk_peer_keying(peer, PLK_HINT_TAG_JOINING);
    uint64_t stamp;
    if (take_stamp(node, peer, keying, &stamp) != PLK_ERR_OK) return;
    uint8_t psk[32], hint_key[PLK_HINT_KEY_LEN];
    plk_invite_session_psk(psk, warm->join->psk);
    plk_hint_key(hint_key, psk, PLK_HINT_JOINER);
    struct plk_handshake_keys keys = {.kind = PLK_HANDSHAKE_NN, .psk = psk, .hint_key = hint_key};
    plk_link_attempt(node, peer->joiner, &keys, stamp, 0, 0, plk_ledger_mark(&node->ledger), NULL);
    plk_mem_wipe(psk, sizeof psk);
    plk_mem_wipe(hint_key, sizeof hint_key);
}

static bool linked(const struct plk_peer *peer) { return peer->link != NULL && plk_link_is_up(peer->link); }

// The keys of the link may have parted for good: a store was rolled back further than two generations, a profile ran twice.
// So a peer that never answers is asked under the recovery secret as well; and if it answers there alone, there is a re-key.
static void call_for_recovery(struct plk_node *node, struct plk_peer *peer) {
    bool meets = peer->meeting != NULL && plk_link_is_up(peer->meeting);
    if (meets && !linked(peer)) {
        peer->warm->rekey_wanted = true;
        plk_peer_rekey(node, peer);
    } else if (peer->tries % PLK_PEER_RECOVERY_EVERY == PLK_PEER_RECOVERY_EVERY - 1 && !linked(peer)) {
        plk_peer_recovery_call(node, peer);
    }
}

static void call_due(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    plk_parley_acceptance_again(node, peer);
    plk_peer_join_again(node,
                        peer); // a contact that was there before is called as well: nobody knows who still holds whom
    if (peer->row.state == PLK_CONTACT_ADDED) {
        // nothing else before the acceptance
    } else if (warm->has_pending || warm->rekey_wanted) {
        plk_peer_rekey(node, peer);
        plk_peer_recovery_call(node, peer);
    } else if (peer->link != NULL && (peer->link->closing || peer->link->dead)) {
        peer->next_try_us = node->now.mono_us + PLK_PEER_GREET_GAP_US; // when it is gone, with its keys
        return;
    } else if (!linked(peer)) {
        plk_peer_call(node, peer, NULL);
        call_for_recovery(node, peer);
    }
    peer->greet = false;
    peer->next_try_us = node->now.mono_us + backoff_us(node, peer);
}

// One contact whose time has come.
static void due(struct plk_node *node, struct plk_peer *peer) {
    uint64_t now_us = node->now.mono_us;
    peer->next_try_us = PLK_NEVER;
    if (peer->heat == PLK_COLD && peer->cells != NULL && !peer->damaged) peer->greet = true; // read it, and call
    if (wants_link(node, peer)) {
        if (peer->heat == PLK_WARM && node->network.known) {
            call_due(node, peer);
            return;
        }
        if (peer->heat == PLK_COLD && node->peers.loading < PLK_PEER_LOADING_MAX) plk_peer_warm(node, peer);
        peer->next_try_us = now_us + PLK_PEER_GREET_GAP_US; // as soon as it is read
        return;
    }
    peer->tries = 0;
    if (peer->heat != PLK_WARM || peer->link != NULL || peer->meeting != NULL || peer->joiner != NULL) return;
    bool idle = peer->commands == NULL && !plk_post_is_busy(peer) && now_us - peer->warm->used_us >= PLK_PEER_COOL_US;
    if (!idle) {
        uint64_t since_us = peer->commands == NULL && !plk_post_is_busy(peer) ? peer->warm->used_us : now_us;
        peer->next_try_us = since_us + PLK_PEER_COOL_US;
        return;
    }
    if (peer->row.has_outbox) {
        peer->row.has_outbox = false;
        plk_peer_write(node, peer);
    }
    plk_peer_cool(node, peer);
}

void plk_node_dial(struct plk_node *node) {
    if (node->now.mono_us < node->dial_us || node->state != PLK_NODE_READY || node->suspended) return;
    node->dial_us = PLK_NEVER;
    for (size_t i = 0; i < node->peers.count; i++) {
        struct plk_peer *peer = node->peers.list[i];
        if (peer->next_try_us <= node->now.mono_us) due(node, peer);
        node->dial_us = plk_earlier(node->dial_us, peer->next_try_us);
    }
}

// ---- being called -----------------------------------------------------------------------------------------------------

static void stash(struct plk_node *node, struct plk_peer *peer, const struct plk_way *way,
                  const struct plk_packet *packet) {
    if (peer->stash == NULL) peer->stash = plk_mem_take(node->mem, PLK_PEER_STASH * sizeof *peer->stash);
    struct plk_writer w;
    if (peer->stash_count == PLK_PEER_STASH) return;
    struct plk_stashed *slot = &peer->stash[peer->stash_count];
    w = plk_writer(slot->bytes, sizeof slot->bytes);
    plk_packet_write(&w, packet);
    if (w.failed) return;
    slot->way = *way;
    slot->len = (uint16_t)w.len;
    peer->stash_count++;
}

// The gate has the word before any DH; then the keys.
static void answer(struct plk_node *node, struct plk_peer *peer, struct plk_link *link, struct plk_keying *keying,
                   const struct plk_handshake_keys *keys, uint32_t generation, const struct plk_way *way,
                   const struct plk_packet *packet) {
    link->gate = &keying->gate;
    link->answer_tag = keying->tag;
    uint64_t stamp = plk_hint_stamp(keys->hint_key, packet);
    enum plk_gate_verdict verdict = plk_gate_check(&keying->gate, stamp, packet->ephemeral, node->now.mono_us);
    // The session that the answer led to is over: who would take it for a beginning speaks to nobody.
    if (verdict == PLK_GATE_REPEAT && !plk_link_has_answered(link, packet->ephemeral)) verdict = PLK_GATE_OLDER;
    switch (verdict) {
    case PLK_GATE_REPEAT:
        plk_link_reply(link, way, plk_ledger_mark(&node->ledger));
        return;
    case PLK_GATE_OLDER:
        node->counters.stale++;
        if (!plk_link_is_up(link) && !link->attempt.live && plk_gate_may_initiate(&keying->gate, node->now.mono_us)) {
            if (link == peer->link) call_back(node, peer, keying->tag);
            if (link == peer->meeting) plk_peer_recovery_call(node, peer);
        }
        return;
    case PLK_GATE_FRESH:
        break;
    }
    if (plk_ledger_behind(&node->ledger)) return; // it will be repeated
    enum plk_err err = plk_link_answer(node, link, keys, packet, generation);
    if (err != PLK_ERR_OK && err != PLK_ERR_MOVED) {
        node->counters.forged++;
        return;
    }
    if (err == PLK_ERR_MOVED && way->transport == PLK_PASS && link == peer->link)
        plk_moved_seen(node, peer,
                       link->refused_device); // which may read other queues than those that message 2 goes into
    if (err == PLK_ERR_OK) plk_stamp_heard(&keying->stamp, link->echo);
    plk_peer_write_keying(node, peer, keying);
    plk_link_reply(link, way, plk_ledger_mark(&node->ledger));
}

static void answer_contact(struct plk_node *node, struct plk_peer *peer, uint32_t tag, const uint8_t *hint_key,
                           const struct plk_way *way, const struct plk_packet *packet) {
    const struct plk_generations *all = &peer->warm->generations;
    for (size_t i = 0; i < all->count; i++) {
        const struct plk_generation *g = &all->at[i];
        if (plk_peer_tag(g->line_number, g->number) != tag || !plk_generation_accepts(all, i)) continue;
        struct plk_handshake_keys keys = {.kind = PLK_HANDSHAKE_KK, .own_static = g->own_secret, .psk = g->psk};
        keys.peer_static = g->peer_public;
        keys.hint_key = hint_key;
        if (peer->warm->has_recovery) {
            keys.refused = (const uint8_t(*)[PLK_GREETING_DEVICE_LEN])peer->warm->recovery.refused;
            keys.refused_count = peer->warm->recovery.refused_count;
        }
        struct plk_keying *keying = plk_peer_keying(peer, tag);
        answer(node, peer, contact_link(node, peer), keying, &keys, g->number, way, packet);
        return;
    }
}

static void answer_recovery(struct plk_node *node, struct plk_peer *peer, const uint8_t *hint_key,
                            const struct plk_way *way, const struct plk_packet *packet) {
    uint8_t psk[32];
    if (!plk_peer_recovery_psk(peer, psk)) return;
    if (peer->meeting == NULL) {
        peer->meeting = plk_link_new(node, PLK_LINK_RECOVERY, peer);
        peer->meeting->candidates = plk_peer_candidates(peer);
        peer->meeting->own_smaller = outbound(node, peer) == PLK_HINT_SMALLER;
    }
    struct plk_handshake_keys keys = {.kind = PLK_HANDSHAKE_NN, .psk = psk, .hint_key = hint_key};
    struct plk_keying *keying = plk_peer_keying(peer, PLK_HINT_TAG_RECOVERY);
    answer(node, peer, peer->meeting, keying, &keys, 0, way, packet);
    plk_mem_wipe(psk, sizeof psk);
}

void plk_peer_message1(struct plk_node *node, struct plk_peer *peer, const struct plk_way *way,
                       const struct plk_packet *packet) {
    if (plk_peer_is_barred(peer, way->transport)) {
        node->counters.relay_only++;
        return;
    }
    // Silence: what a blocked contact learns is nothing. A joiner listens for an inviter that could not hand its acceptance over.
    if (!may_talk(peer) && (peer->row.state != PLK_CONTACT_ADDED || peer->row.blocked)) return;
    if (peer->heat != PLK_WARM) {
        if (peer->heat == PLK_COLD && node->peers.loading >= PLK_PEER_LOADING_MAX) {
            node->counters.limited++;
            return;
        }
        stash(node, peer, way, packet);
        plk_peer_warm(node, peer);
        return;
    }
    peer->warm->used_us = node->now.mono_us;
    for (unsigned i = 0; i < peer->row.hint_count; i++) {
        if (!plk_hint_check(peer->row.hints[i].key, packet)) continue;
        uint8_t hint_key[PLK_HINT_KEY_LEN];
        memcpy(hint_key, peer->row.hints[i].key, sizeof hint_key);
        if (peer->row.hints[i].tag == PLK_HINT_TAG_RECOVERY) {
            answer_recovery(node, peer, hint_key, way, packet);
        } else {
            answer_contact(node, peer, peer->row.hints[i].tag & ~PLK_HINT_TAG_RARE, hint_key, way, packet);
        }
        return;
    }
}
