// SPDX-License-Identifier: MIT
// Re-key over the recovery session (DESIGN 3.4; contact/rekey.h says what must be durable before what leaves): asking,
// answering, crossing. It runs in the NNpsk0 session that any two contacts can make as long as both know the recovery secret.
#include "node/acquaint.h"
#include "node/inside.h"
#include "node/moved.h"
#include "node/records.h"
#include "node/recovery_box.h"

// What a request or an answer says of us; the secret of the link static that it names.
static void own_part(struct plk_node *node, struct plk_peer *peer, struct plk_payload *mine, uint8_t link_secret[32],
                     uint8_t queues[PLK_QUEUE_LIST_LEN_MAX]) {
    static const uint8_t none[PLK_DEVICE_LEN];
    plk_node_payload(node, peer, mine);
    mine->name = mine->about = plk_bytes(NULL, 0);
    plk_rng_bytes(&node->rng, mine->epoch, sizeof mine->epoch);
    plk_rng_bytes(&node->rng, link_secret, 32);
    plk_dh_public(mine->link_public, link_secret);
    plk_recovery_refresh(&peer->warm->recovery, &node->rng, &mine->reset);
    if (plk_post_may(peer)) mine->queues = plk_acquaint_offer(node, peer->row.contact, queues);
    mine->has_reset = true;
    mine->has_replaces = memcmp(node->replaces, none, sizeof none) != 0;
    memcpy(mine->replaces, node->replaces, sizeof mine->replaces);
}

static void write_pending(struct plk_node *node, struct plk_peer *peer) {
    uint8_t value[PLK_REKEY_PENDING_MAX];
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_rekey_pending_encode(&w, peer->warm->pending);
    plk_assert(!w.failed);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_SLOT_PENDING, plk_writer_bytes(&w));
    plk_mem_wipe(value, sizeof value);
}

static void drop_pending(struct plk_node *node, struct plk_peer *peer) {
    plk_mem_give(node->mem, peer->warm->pending);
    peer->warm->pending = NULL;
    peer->warm->has_pending = false;
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_SLOT_PENDING, plk_bytes(NULL, 0));
}

void plk_peer_rekey(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    if (warm->has_pending || !warm->has_recovery || plk_ledger_behind(&node->ledger)) return;
    struct plk_payload mine;
    uint8_t link_secret[32], queues[PLK_QUEUE_LIST_LEN_MAX];
    own_part(node, peer, &mine, link_secret, queues);
    warm->pending = plk_mem_take(node->mem, sizeof *warm->pending);
    enum plk_err err = plk_rekey_ask(&node->persona, &warm->recovery, &node->rng, node->now.wall_ms, &mine, link_secret,
                                     warm->pending);
    plk_mem_wipe(link_secret, sizeof link_secret);
    plk_mem_wipe(queues, sizeof queues);
    if (err != PLK_ERR_OK) {
        plk_mem_give(node->mem, warm->pending);
        warm->pending = NULL;
        return;
    }
    warm->has_pending = true;
    warm->request_put = false;
    warm->rekey_wanted = false;
    plk_peer_write_recovery(node, peer);
    write_pending(node, peer);
    warm->pending_mark = plk_ledger_mark(&node->ledger);
}

void plk_peer_recovery_end(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    if (peer->meeting != NULL) plk_link_free(node, peer->meeting);
    peer->meeting = NULL;
    if (warm->has_pending) drop_pending(node, peer);
    plk_recovery_box_drop(node, peer);
    plk_buf_free(node->mem, &warm->answer);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_SLOT_ANSWER, plk_bytes(NULL, 0));
    warm->answer_due = warm->answer_put_due = warm->refusal_due = warm->rekey_wanted = false;
    plk_peer_forget_keying(node, peer, PLK_HINT_TAG_RECOVERY);
}

void plk_peer_moved_notice(struct plk_node *node, struct plk_peer *peer) {
    static const char text[] = "moved to another device; the safety number is unchanged";
    struct plk_mail_turn turn = plk_node_turn(node);
    plk_mail_note(peer->warm->mail, &turn, PLK_BODY_NOTICE, plk_bytes(text, sizeof text - 1));
    plk_moved_begin(node, peer);
}

// A new ratchet, a new epoch, a new line of link generations.
static void begin_anew(struct plk_node *node, struct plk_peer *peer, const struct plk_rekey_done *done,
                       const uint8_t link_secret[32], const uint8_t epoch[PLK_EPOCH_LEN],
                       const struct plk_payload *theirs, bool agreed) {
    struct plk_warm *warm = peer->warm;
    struct plk_mail_turn turn = plk_node_turn(node);
    struct plk_generation_change change = {.write = 0};
    if (plk_mail_has_begun(warm->mail)) {
        if (done->moved) warm->told = 0; // what a backup does not hold is told again
        plk_mail_begin(warm->mail, &turn, done->moved ? PLK_MAIL_BEGIN_RESTORED : PLK_MAIL_BEGIN_REKEY,
                       &done->first.ratchet, epoch);
    } else {
        plk_mail_begin(warm->mail, &turn, PLK_MAIL_BEGIN_FIRST, &done->first.ratchet, epoch);
    }
    plk_generation_begin(&warm->generations, warm->recovery.lines, done->first.line, done->first.link_psk, link_secret,
                         theirs->link_public, agreed, node->now.wall_ms, &change);
    plk_peer_write_recovery(node, peer);
    plk_peer_apply_generations(node, peer, &change);
    plk_peer_places(node, peer, &theirs->places, PLK_CANDIDATE_LINK);
    if (done->moved) plk_peer_moved_notice(node, peer);
    if (plk_post_may(peer)) plk_acquaint_learn(node, peer, theirs->queues);
    plk_peer_mail_events(node, peer);
    plk_post_tell_again(node, peer);
    plk_serving_tell_again(node, peer);
    warm->rekey_wanted = false;
    // The sessions of the old line carry ciphertexts of the old epoch: they end, and a new one is made at once.
    if (peer->link != NULL) peer->link->closing = true;
    plk_node_event(node, PLK_EVENT_CONTACT, peer->row.contact, 0, 0, 0, NULL);
}

// ---- answering --------------------------------------------------------------------------------------------------------

static void answer(struct plk_node *node, struct plk_peer *peer, const struct plk_rekey_opened *opened) {
    struct plk_warm *warm = peer->warm;
    struct plk_payload mine;
    struct plk_rekey_done done;
    uint8_t link_secret[32], bytes[PLK_REKEY_ANSWER_MAX], queues[PLK_QUEUE_LIST_LEN_MAX];
    size_t len;
    own_part(node, peer, &mine, link_secret, queues);
    if (plk_rekey_answer(&warm->recovery, &node->rng, opened, &mine, bytes, &len, &done) == PLK_ERR_OK) {
        warm->answer.len = 0;
        plk_buf_put(node->mem, &warm->answer, plk_bytes(bytes, len));
        plk_peer_put(node, peer, PLK_TABLE_link, PLK_SLOT_ANSWER, plk_bytes(bytes, len));
        begin_anew(node, peer, &done, link_secret, mine.epoch, &opened->payload, false);
        warm->answer_mark = plk_ledger_mark(&node->ledger);
    } else {
        node->counters.forged++;
    }
    plk_mem_wipe(link_secret, sizeof link_secret);
    plk_mem_wipe(queues, sizeof queues);
    plk_mem_wipe(&done, sizeof done);
}

// What goes back where the request came from: onto the session, or, without one, into the peer's queues.
static void refuse(struct plk_peer *peer, struct plk_link *link, enum plk_record_why why, uint64_t counter) {
    if (link != NULL) {
        plk_records_refuse(link, why, counter);
        return;
    }
    plk_record_refused_encode(peer->warm->refusal, why, counter);
    peer->warm->refusal_due = true;
}

static void say_again(struct plk_peer *peer, struct plk_link *link) {
    if (link != NULL) {
        link->handed = false;
    } else {
        peer->warm->request_put = false;
    }
}

static void answer_goes(struct plk_peer *peer, const struct plk_link *link) {
    if (peer->warm->answer.len == 0) return;
    if (link != NULL) {
        peer->warm->answer_due = true;
    } else {
        peer->warm->answer_put_due = true;
    }
}

// link: NULL: it lay in a queue.
static void asked(struct plk_node *node, struct plk_peer *peer, struct plk_link *link, struct plk_bytes request) {
    struct plk_warm *warm = peer->warm;
    struct plk_rekey_opened opened;
    switch (plk_rekey_open(&node->persona, &warm->recovery, request, &opened)) {
    case PLK_ERR_OK:
        break;
    case PLK_ERR_REPLAYED:
        answer_goes(peer, link);
        return;
    case PLK_ERR_STALE:
        refuse(peer, link, PLK_RECORD_WHY_STALE, warm->recovery.seen);
        return;
    case PLK_ERR_MOVED:
        if (link != NULL) plk_records_refuse(link, PLK_RECORD_WHY_MOVED, 0);
        if (link == NULL) plk_moved_seen(node, peer, opened.payload.device);
        plk_mem_wipe(&opened, sizeof opened);
        return;
    default:
        node->counters.forged++;
        refuse(peer, link, PLK_RECORD_WHY_FORGED, 0);
        return;
    }
    switch (plk_rekey_decide(node->persona.peer_id, peer->row.peer_id, warm->has_pending)) {
    case PLK_REKEY_ANSWER:
        answer(node, peer, &opened);
        answer_goes(peer, link);
        break;
    case PLK_REKEY_ANSWER_AND_DROP:
        drop_pending(node, peer);
        if (link != NULL) link->handed = false; // it is the peer that ends the session, when it has our answer
        answer(node, peer, &opened);
        answer_goes(peer, link);
        break;
    case PLK_REKEY_INSIST:
        say_again(peer, link);
        break; // our request goes out on this session
    }
    plk_mem_wipe(&opened, sizeof opened);
}

// ---- asking -----------------------------------------------------------------------------------------------------------

static void answered(struct plk_node *node, struct plk_peer *peer, struct plk_bytes bytes) {
    struct plk_warm *warm = peer->warm;
    uint8_t text[PLK_REKEY_PAYLOAD_MAX];
    struct plk_payload theirs;
    struct plk_rekey_done done;
    if (!warm->has_pending) return;
    enum plk_err err = plk_rekey_finish(&node->persona, &warm->recovery, warm->pending, bytes, text, &theirs, &done);
    if (err == PLK_ERR_OK) {
        uint8_t link_secret[32], epoch[PLK_EPOCH_LEN];
        memcpy(link_secret, warm->pending->link_secret, sizeof link_secret);
        memcpy(epoch, warm->pending->epoch, sizeof epoch);
        drop_pending(node, peer);
        begin_anew(node, peer, &done, link_secret, epoch, &theirs, true);
        plk_mem_wipe(link_secret, sizeof link_secret);
        peer->greet = true; // to call under the new keys, even with nothing to say
    } else {
        node->counters.forged++;
    }
    plk_mem_wipe(&done, sizeof done);
    plk_mem_wipe(text, sizeof text);
}

void plk_peer_replaced(struct plk_node *node, struct plk_peer *peer) {
    if (peer->warm->has_pending) drop_pending(node, peer);
    peer->warm->rekey_wanted = false;
    peer->row.state = PLK_CONTACT_REFUSED;
    plk_boxes_abandon(node, peer->row.contact); // the other device has them, too, and reads them
    plk_peer_write(node, peer);
    plk_node_event(node, PLK_EVENT_CONTACT, peer->row.contact, 0, 0, PLK_ERR_MOVED, NULL);
}

static void was_refused(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content) {
    uint8_t why;
    uint64_t counter;
    if (!peer->warm->has_pending || plk_record_refused_decode(content, &why, &counter) != PLK_ERR_OK) return;
    if (why == PLK_RECORD_WHY_STALE && plk_rekey_heard(&peer->warm->recovery, counter)) {
        drop_pending(node, peer);
        peer->warm->rekey_wanted = true; // with a higher counter, at the pace of all attempts
        if (peer->meeting != NULL) peer->meeting->closing = true;
    } else if (why == PLK_RECORD_WHY_MOVED) {
        plk_peer_replaced(node, peer);
    }
}

// ---- the session ------------------------------------------------------------------------------------------------------

// The inviter has moved before its acceptance arrived, where no blob reaches it: it brings it itself (first-contact.md, 5).
static void found(struct plk_node *node, struct plk_peer *peer, struct plk_link *link, struct plk_bytes acceptance) {
    if (!peer->warm->joining || peer->warm->has_recovery) return;
    plk_peer_accepted(node, peer, acceptance);
    if (peer->warm->joining) return;
    link->closing = true;
    const struct plk_path *path = plk_paths_active(&link->paths);
    struct plk_way way = {.transport = PLK_UDP};
    if (path != NULL && path->transport == PLK_UDP) way.addr = path->addr;
    plk_peer_call(node, peer, way.addr.family == 0 ? NULL : &way);
}

static void read_records(struct plk_node *node, struct plk_peer *peer, struct plk_link *link) {
    while (!plk_ledger_behind(&node->ledger) && plk_mail_is_open(peer->warm->mail)) {
        uint8_t type;
        struct plk_bytes content;
        size_t taken;
        if (!plk_records_next(node, link, &type, &content, &taken)) return;
        if (type == PLK_RECORD_ACCEPTANCE) found(node, peer, link, content);
        if (type == PLK_RECORD_REQUEST && peer->warm->has_recovery) asked(node, peer, link, content);
        if (type == PLK_RECORD_ANSWER) answered(node, peer, content);
        if (type == PLK_RECORD_REFUSED) was_refused(node, peer, content);
        plk_streams_consume(link->streams, 0, taken);
        plk_ledger_turn(&node->ledger);
    }
}

// ---- through queues, for two who are never there at the same time ---------------------------------------------------------

void plk_peer_rekey_cell(struct plk_node *node, struct plk_peer *peer, uint8_t kind, struct plk_bytes content) {
    if (!peer->warm->has_recovery) return;
    if (kind == PLK_CELL_REKEY) asked(node, peer, NULL, content);
    if (kind == PLK_CELL_REKEY_ANSWER) answered(node, peer, content);
    if (kind == PLK_CELL_REFUSED && !plk_moved_cell(node, peer, content)) was_refused(node, peer, content);
}

bool plk_peer_rekey_next(struct plk_node *node, struct plk_peer *peer, uint8_t *kind, struct plk_bytes *content) {
    struct plk_warm *warm = peer->warm;
    if (warm->refusal_due) {
        warm->refusal_due = false;
        *kind = PLK_CELL_REFUSED;
        *content = plk_bytes(warm->refusal, sizeof warm->refusal);
        return true;
    }
    if (warm->answer_put_due && warm->answer.len > 0 && plk_ledger_durable(&node->ledger, warm->answer_mark)) {
        warm->answer_put_due = false;
        *kind = PLK_CELL_REKEY_ANSWER;
        *content = plk_buf_bytes(&warm->answer);
        return true;
    }
    if (!warm->has_pending || warm->request_put || !plk_ledger_durable(&node->ledger, warm->pending_mark)) return false;
    warm->request_put = true;
    *kind = PLK_CELL_REKEY;
    *content = plk_bytes(warm->pending->request, warm->pending->request_len);
    return true;
}

// ---- the session, settled -------------------------------------------------------------------------------------------------

void plk_peer_rekey_settle(struct plk_node *node, struct plk_peer *peer) {
    struct plk_link *link = peer->meeting;
    struct plk_warm *warm = peer->warm;
    if (link->went_down) {
        peer->meeting = NULL;
        link->peer = NULL;
        if (warm->has_pending || warm->rekey_wanted) plk_peer_dial_again(node, peer, link);
        return;
    }
    if (!plk_link_is_up(link)) return;
    if (link->restarted) link->handed = false;
    if (link->came_up) plk_peer_dial_soon(node, peer, PLK_PEER_RECOVERY_WAIT_US);
    if ((link->came_up || link->restarted) && warm->acceptance.len > 0) link->meets = peer->row.contact;
    plk_node_hand_acceptance(node, link);
    link->restarted = link->came_up = false;
    read_records(node, peer, link);
    if (warm->has_pending && !link->handed && plk_ledger_durable(&node->ledger, warm->pending_mark)) {
        plk_records_write(link, PLK_RECORD_REQUEST, plk_bytes(warm->pending->request, warm->pending->request_len));
        link->handed = true;
    }
    if (warm->answer_due && plk_ledger_durable(&node->ledger, warm->answer_mark)) {
        plk_records_write(link, PLK_RECORD_ANSWER, plk_buf_bytes(&warm->answer));
        warm->answer_due = false;
    }
    bool asked_here = link->handed && !warm->has_pending;
    if (asked_here && !warm->answer_due && !link->closing) {
        link->closing = true; // our request was answered
        plk_peer_dial_soon(node, peer, 0);
    }
}
