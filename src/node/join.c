// SPDX-License-Identifier: MIT
// The joiner of an inline invite (DESIGN 3.3): its blob goes out, the same bytes on every attempt, until the acceptance comes.
// What must be durable before what leaves is in contact/first.h.
#include "node/acquaint.h"
#include "node/approach.h"
#include "node/inside.h"
#include "node/records.h"

void plk_peer_forget_joining(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    plk_mem_give(node->mem, warm->join);
    warm->join = NULL;
    warm->joining = false;
    plk_buf_free(node->mem, &warm->blob);
    plk_approach_forget(node, peer);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_SLOT_JOINING, plk_bytes(NULL, 0));
    plk_peer_put(node, peer, PLK_TABLE_blob, PLK_SLOT_BLOB, plk_bytes(NULL, 0));
}

// Someone else answers for the inviter than the device that is known: one that was replaced is not believed.
static bool is_refused(const struct plk_warm *warm, const struct plk_payload *theirs) {
    return warm->has_recovery && plk_recovery_is_refused(&warm->recovery, theirs->device);
}

static void complete(struct plk_node *node, struct plk_peer *peer, const struct plk_ratchet *ratchet,
                     const struct plk_payload *theirs) {
    struct plk_warm *warm = peer->warm;
    struct plk_joining *join = warm->join;
    struct plk_mail_turn turn = plk_node_turn(node);
    struct plk_first first = {.line = {0}};
    memcpy(first.link_psk, join->link_psk, sizeof first.link_psk);
    memcpy(first.line, join->line, sizeof first.line);
    enum plk_mail_begin how = plk_acquaint_renew(node, peer, &join->identity, join->recovery, theirs);
    warm->recovery.resets[0] = join->reset;
    warm->recovery.reset_count = 1;
    if (join->apart) {
        plk_mail_begin(warm->mail, &turn, how, ratchet, join->epoch);
    } else {
        plk_mail_set_ratchet(warm->mail, &turn, ratchet);
    }
    plk_acquaint_know(node, peer, &first, join->link_secret, theirs, true);
    if (theirs->ack.len > 0) plk_mail_on_acks(warm->mail, &turn, theirs->ack);
    plk_peer_mail_events(node, peer);
    plk_peer_forget_joining(node, peer);
    plk_mem_wipe(&first, sizeof first);
}

void plk_peer_accepted(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content) {
    const struct plk_warm *warm = peer->warm;
    const struct plk_joining *join = warm->join;
    struct plk_ratchet ratchet = join->apart ? join->ratchet : *plk_mail_ratchet(warm->mail);
    struct plk_payload theirs;
    struct plk_buf text = {0};
    struct plk_ratchet_place place;
    enum plk_err err = plk_first_read_acceptance(node->mem, &ratchet, join->blob_hash, node->now.wall_ms, content,
                                                 &text, &theirs, &place);
    if (err == PLK_ERR_OK && !is_refused(warm, &theirs)) {
        complete(node, peer, &ratchet, &theirs);
    } else {
        node->counters.forged++;
    }
    plk_mem_wipe(&ratchet, sizeof ratchet);
    plk_buf_free(node->mem, &text);
}

static enum plk_err reason_of(uint8_t why) {
    switch (why) {
    case PLK_RECORD_WHY_USED:
        return PLK_ERR_USED;
    case PLK_RECORD_WHY_EXPIRED:
        return PLK_ERR_EXPIRED;
    case PLK_RECORD_WHY_MOVED:
        return PLK_ERR_MOVED;
    default:
        return PLK_ERR_OK; // the next attempt may fare better
    }
}

// Who was a contact before stays one: the link did not help, and nothing is lost.
void plk_peer_join_fail(struct plk_node *node, struct plk_peer *peer, enum plk_err reason) {
    if (!peer->warm->has_recovery && peer->row.state == PLK_CONTACT_ADDED) {
        peer->row.state = PLK_CONTACT_REFUSED;
        plk_boxes_drop_of(node, PLK_BOX_CONTACT, true, peer->row.contact);
    }
    plk_peer_write(node, peer);
    plk_peer_forget_joining(node, peer);
    plk_peer_hints(node, peer);
    plk_node_event(node, PLK_EVENT_CONTACT, peer->row.contact, 0, 0, (uint8_t)reason, NULL);
}

void plk_peer_join_refused(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content) {
    uint8_t why;
    uint64_t counter;
    if (plk_record_refused_decode(content, &why, &counter) != PLK_ERR_OK) return;
    enum plk_err reason = reason_of(why);
    if (reason == PLK_ERR_OK) return;
    if (reason == PLK_ERR_MOVED) peer->row.state = PLK_CONTACT_REFUSED;
    plk_peer_join_fail(node, peer, reason);
}

// From the first time that the blob is handed over the inviter may hold us as its contact, and answers that blob for as long as
// it takes: the link's expiry ends nothing any more. Durable before the blob leaves.
void plk_peer_hand_blob(struct plk_node *node, struct plk_peer *peer, struct plk_link *link) {
    struct plk_warm *warm = peer->warm;
    if (link->handed || !warm->joining) return;
    if (warm->join->expires_ms != PLK_JOINING_HANDED) {
        if (plk_ledger_behind(&node->ledger)) return;
        warm->join->expires_ms = PLK_JOINING_HANDED;
        plk_peer_write_joining(node, peer);
        warm->blob_mark = plk_ledger_mark(&node->ledger);
    }
    if (!plk_ledger_durable(&node->ledger, warm->blob_mark)) return;
    plk_records_write(link, PLK_RECORD_BLOB, plk_buf_bytes(&warm->blob));
    link->handed = true;
}

static void joiner_reads(struct plk_node *node, struct plk_peer *peer, struct plk_link *link) {
    uint8_t type;
    struct plk_bytes content;
    size_t taken;
    while (peer->warm->joining && plk_records_next(node, link, &type, &content, &taken)) {
        if (plk_ledger_behind(&node->ledger) || !plk_mail_is_open(peer->warm->mail)) return;
        if (type == PLK_RECORD_ACCEPTANCE) plk_peer_accepted(node, peer, content);
        if (type == PLK_RECORD_REFUSED) plk_peer_join_refused(node, peer, content);
        if (type == PLK_RECORD_BLOB && !plk_node_take_crossing(node, link, content)) return;
        plk_streams_consume(link->streams, 0, taken);
    }
}

void plk_peer_joiner_settle(struct plk_node *node, struct plk_peer *peer) {
    struct plk_link *link = peer->joiner;
    if (link->went_down) {
        peer->joiner = NULL;
        link->peer = NULL;
        if (peer->warm->joining) plk_peer_dial_again(node, peer, link);
        return;
    }
    if (!plk_link_is_up(link)) return;
    if (link->restarted) link->handed = false;
    link->restarted = link->came_up = false;
    plk_peer_hand_blob(node, peer, link);
    joiner_reads(node, peer, link);
    plk_node_hand_acceptance(node, link);
    if (peer->warm->joining || link->meets != 0 || link->closing || link->dead) return;
    if (link->crossed) return; // it is the peer that ends the session, when it has our acceptance
    link->closing = true;
    if (peer->row.state != PLK_CONTACT_ACTIVE) return;
    if (peer->link != NULL) { // of earlier keys, and ending
        peer->greet = true;
        plk_peer_dial_soon(node, peer, 0);
        return;
    }
    const struct plk_path *path = plk_paths_active(&link->paths);
    struct plk_way way = {.transport = PLK_UDP};
    if (path != NULL && path->transport == PLK_UDP) way.addr = path->addr;
    plk_peer_call(node, peer, way.addr.family == 0 ? NULL : &way);
}
