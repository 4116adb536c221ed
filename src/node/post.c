// SPDX-License-Identifier: MIT
#include "node/post.h"

#include "node/inside.h"
#include "node/moved.h"
#include "node/parley.h"
#include "node/recovery_box.h"

// ---- packets that are passed on ---------------------------------------------------------------------------------------

void plk_post_packet(struct plk_node *node, struct plk_box *box, struct plk_bytes packet) {
    struct plk_way way = {.transport = PLK_PASS, .stream = box->id};
    plk_node_packet(node, &way, packet);
}

void plk_post_nobody(struct plk_node *node, struct plk_box *box) {
    struct plk_peer *peer = plk_peers_find(&node->peers, box->owner);
    if (peer == NULL || peer->heat != PLK_WARM) return;
    plk_link_nobody(node, peer, box->id);
    plk_peer_touch(node, peer);
}

void plk_post_reach(struct plk_node *node, struct plk_peer *peer) {
    struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, box)) != NULL) {
        plk_relays_want(node, box->relay);
    }
    bool anew = peer->asked_us == 0 || node->now.mono_us - peer->called_us >= PLK_POST_CALL_US;
    peer->called_us = node->now.mono_us;
    if (anew) peer->asked_us = node->now.mono_us; // it may have come meanwhile: it is given time to answer
}

void plk_post_ask(struct plk_node *node, struct plk_peer *peer) {
    bool up = peer->link != NULL && plk_link_is_up(peer->link);
    if (up || node->now.mono_us - peer->called_us < PLK_POST_CALL_US) return;
    if (plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, NULL) != NULL)
        plk_peer_dial_soon(node, peer, 0);
}

// ---- cells that come --------------------------------------------------------------------------------------------------

void plk_post_cell(struct plk_node *node, struct plk_box *box, uint64_t number, struct plk_bytes content) {
    struct plk_peer *peer = plk_peers_find(&node->peers, box->owner);
    if (peer != NULL && peer->damaged) return; // it stays where it is, for whoever repairs the store
    if (peer == NULL || peer->row.blocked) {
        plk_box_ack(node, box, number, 0);
        return;
    }
    bool early = peer->row.state == PLK_CONTACT_ADDED && content.len > 0 && content.at[0] == PLK_CELL_MAIL;
    size_t *bytes = early ? &peer->early_bytes : &node->boxes.cell_bytes;
    if (early && *bytes + content.len > PLK_POST_EARLY_BYTES) {
        node->counters.limited++; // not acknowledged: it comes again
        return;
    }
    struct plk_waiting_cell *cell = plk_mem_take(node->mem, sizeof *cell), **at = &peer->cells;
    cell->early = early;
    cell->box = box->id;
    cell->number = number;
    plk_buf_put(node->mem, &cell->content, content);
    *bytes += content.len;
    while (*at != NULL) at = &(*at)->next;
    *at = cell;
    if (peer->heat == PLK_WARM) plk_peer_touch(node, peer);
    if (peer->heat == PLK_COLD) plk_peer_dial_soon(node, peer, 0); // which reads its rows
}

static void drop_cell(struct plk_node *node, struct plk_peer *peer) {
    struct plk_waiting_cell *cell = peer->cells;
    peer->cells = cell->next;
    *(cell->early ? &peer->early_bytes : &node->boxes.cell_bytes) -= cell->content.len;
    plk_buf_free(node->mem, &cell->content);
    plk_mem_give(node->mem, cell);
}

static void take_records(struct plk_node *node, struct plk_peer *peer, struct plk_bytes records, bool control) {
    struct plk_reader r = plk_reader(records);
    while (r.left > 0) {
        struct plk_bytes record = plk_reader_sized(&r, PLK_CIPHERTEXT_RECORD_MAX);
        if (r.failed) {
            node->counters.protocol++;
            return;
        }
        plk_peer_take_record(node, peer, control, record);
        if (peer->heat != PLK_WARM) return;
    }
}

static void take_cell(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content) {
    struct plk_bytes body = plk_bytes(content.at + 1, content.len - 1);
    switch (content.at[0]) {
    case PLK_CELL_MAIL:
        take_records(node, peer, body, false);
        break;
    case PLK_CELL_CONTROL:
        take_records(node, peer, body, true);
        break;
    case PLK_CELL_ACCEPTANCE:
        plk_parley_acceptance(node, peer, body);
        break;
    case PLK_CELL_REKEY:
    case PLK_CELL_REKEY_ANSWER:
    case PLK_CELL_REFUSED:
        plk_peer_rekey_cell(node, peer, content.at[0], body);
        break;
    default:
        node->counters.protocol++; // of a later version, or not for such a queue
        break;
    }
}

// What is in a cell shows that the peer was there not long ago: it is called, so that what is said next needs no relay.
static void call_writer(struct plk_node *node, struct plk_peer *peer) {
    bool up = peer->link != NULL && plk_link_is_up(peer->link);
    if (!plk_post_may(peer) || up || node->now.mono_us - peer->called_us < PLK_POST_CALL_US) return;
    peer->greet = true;
    peer->tries = 0;
    plk_peer_dial_soon(node, peer, 0);
}

// What the inviter says after its acceptance may be here before that: it waits for it, or the ratchet would be ahead of it.
static bool must_wait(const struct plk_peer *peer, const struct plk_waiting_cell *cell) {
    bool first = peer->warm->joining && !peer->warm->join->apart;
    return first && cell->content.len > 0 && cell->content.at[0] == PLK_CELL_MAIL;
}

// The first that can be read now comes to the front. False: none can.
static bool next_cell(struct plk_peer *peer) {
    struct plk_waiting_cell **at = &peer->cells;
    while (*at != NULL && must_wait(peer, *at)) at = &(*at)->next;
    struct plk_waiting_cell *cell = *at;
    if (cell == NULL) return false;
    *at = cell->next;
    cell->next = peer->cells;
    peer->cells = cell;
    return true;
}

static void read_cells(struct plk_node *node, struct plk_peer *peer) {
    while (next_cell(peer)) {
        plk_ledger_turn(&node->ledger);
        if (plk_ledger_behind(&node->ledger) || !plk_mail_is_open(peer->warm->mail)) return;
        struct plk_waiting_cell *cell = peer->cells;
        if (cell->content.len > 0) take_cell(node, peer, plk_buf_bytes(&cell->content));
        struct plk_box *box = plk_boxes_find(node, cell->box);
        if (box != NULL) plk_box_ack(node, box, cell->number, plk_ledger_mark(&node->ledger));
        drop_cell(node, peer);
        if (peer->heat != PLK_WARM) return;
        call_writer(node, peer);
    }
}

// ---- messages that go -------------------------------------------------------------------------------------------------

static unsigned usable_of(const struct plk_node *node, const struct plk_peer *peer, enum plk_box_use use) {
    const struct plk_box *box = NULL;
    unsigned count = 0;
    while ((box = plk_boxes_next(node, use, false, peer->row.contact, box)) != NULL) count += !box->refused;
    return count;
}

static unsigned usable(const struct plk_node *node, const struct plk_peer *peer) {
    unsigned asking = peer->warm->has_pending ? usable_of(node, peer, PLK_BOX_RECOVERY) : 0;
    return usable_of(node, peer, PLK_BOX_CONTACT) + asking;
}

// Every relay of the peer's that can be reached has said that nobody is there.
static bool nobody_there(const struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_box *box = NULL;
    bool any = false;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, box)) != NULL) {
        if (!plk_box_takes(box)) continue;
        if (box->nobody_us < peer->asked_us) return false;
        any = true;
    }
    return any;
}

// Since when the peer does not answer; 0: it does, or was not asked.
static uint64_t silent_since(const struct plk_peer *peer, uint64_t *wait_us) {
    *wait_us = PLK_POST_SILENCE_US;
    if (peer->meeting != NULL && plk_link_is_up(peer->meeting)) return 0;
    if (peer->link == NULL || !plk_link_is_up(peer->link)) return peer->asked_us;
    const struct plk_path *path = plk_paths_active(&peer->link->paths);
    if (!peer->link->paths.suspect) return 0;
    if (path != NULL && 3 * path->rtt_us > *wait_us) *wait_us = 3 * path->rtt_us;
    return peer->link->paths.suspect_us;
}

static bool is_away(const struct plk_node *node, const struct plk_peer *peer) {
    uint64_t wait_us, since_us = silent_since(peer, &wait_us);
    if (since_us == 0) return false;
    bool up = peer->link != NULL && plk_link_is_up(peer->link);
    return node->now.mono_us - since_us >= wait_us || (!up && nobody_there(node, peer));
}

// A relay that burnt down has the peer's queue again when the peer has been there: until then it is asked for now and then.
static uint64_t reopens_us(const struct plk_box *box) {
    unsigned doublings = box->refusals < PLK_POST_REOPEN_DOUBLINGS ? box->refusals : PLK_POST_REOPEN_DOUBLINGS;
    return box->refused_us + (PLK_POST_REOPEN_US << doublings) / 2;
}

static bool has_to_say(const struct plk_peer *peer) {
    const struct plk_warm *warm = peer->warm;
    return plk_peer_needs_link(peer) || plk_mail_owes(warm->mail) || warm->has_pending || warm->answer_put_due;
}

static uint64_t reopen_deadline(const struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_box *box = NULL;
    uint64_t due_us = PLK_NEVER;
    if (!plk_post_may(peer) || !has_to_say(peer)) return due_us;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, box)) != NULL) {
        if (box->refused && reopens_us(box) > node->now.mono_us) due_us = plk_earlier(due_us, reopens_us(box));
    }
    return due_us;
}

static bool reopen_of(struct plk_node *node, struct plk_peer *peer, enum plk_box_use use) {
    struct plk_box *box = NULL;
    bool any = false;
    while ((box = plk_boxes_next(node, use, false, peer->row.contact, box)) != NULL) {
        if (!box->refused || reopens_us(box) > node->now.mono_us) continue;
        plk_box_reopen(node, box);
        any = true;
    }
    return any;
}

static void reopen(struct plk_node *node, struct plk_peer *peer) {
    if (!has_to_say(peer)) return;
    reopen_of(node, peer, PLK_BOX_RECOVERY); // when one of the others is asked for, too
    if (reopen_of(node, peer, PLK_BOX_CONTACT)) plk_mail_box_retry(peer->warm->mail, false);
}

uint64_t plk_post_deadline(const struct plk_node *node, const struct plk_peer *peer) {
    uint64_t wait_us, since_us = silent_since(peer, &wait_us), due_us = reopen_deadline(node, peer);
    if (peer->retry_us > node->now.mono_us)
        due_us = plk_earlier(due_us, peer->retry_us); // else at the next look, if it is away then
    if (since_us == 0 || since_us + wait_us <= node->now.mono_us) return due_us;
    if (plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, NULL) == NULL) return due_us;
    return plk_earlier(due_us, since_us + wait_us);
}

static bool is_read(const struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, box)) != NULL) {
        if (box->ready && plk_box_takes(box) && box->nobody_us < peer->called_us) return true;
    }
    return false;
}

void plk_post_unanswered(struct plk_node *node, struct plk_peer *peer) {
    uint64_t now_us = node->now.mono_us;
    if (!plk_post_may(peer) || peer->heat != PLK_WARM || !is_read(node, peer)) return;
    if (peer->doubted_us == 0) peer->doubted_us = now_us; // it may just have come
    unsigned doublings = peer->doubts < PLK_POST_DOUBT_DOUBLINGS ? peer->doubts : PLK_POST_DOUBT_DOUBLINGS;
    if (now_us - peer->doubted_us < PLK_POST_DOUBT_US << doublings) return;
    peer->doubted_us = now_us;
    peer->doubts++;
    plk_mail_box_doubt(peer->warm->mail);
}

void plk_post_link_up(struct plk_node *node, struct plk_peer *peer) {
    peer->doubted_us = 0;
    peer->doubts = 0;
    peer->asked_us = 0;
    peer->retry_us = 0;
    plk_mail_box_close(peer->warm->mail);
    plk_parcels_cancel(node, peer);
}

static void retry_if_due(struct plk_node *node, struct plk_peer *peer) {
    if (peer->retry_us == 0 || peer->retry_us > node->now.mono_us) return;
    peer->retry_us = 0;
    plk_mail_box_retry(peer->warm->mail, false);
}

// The peer does not answer: relays get what waits for it. A link that is still up but silent takes part again when it answers.
static void put(struct plk_node *node, struct plk_peer *peer) {
    bool up = peer->link != NULL && plk_link_is_up(peer->link);
    retry_if_due(node, peer);
    plk_parcels_put_rekey(node, peer);
    plk_mail_box_open(peer->warm->mail);
    plk_mail_link_silent(peer->warm->mail, up);
    for (;;) {
        struct plk_mail_turn turn = plk_node_turn(node);
        bool again = plk_mail_seal(peer->warm->mail, &turn);
        plk_peer_mail_events(node, peer);
        plk_parcels_put(node, peer);
        if (!again) return;
        plk_ledger_turn(&node->ledger);
        if (plk_batch_full(plk_ledger_batch(&node->ledger))) return; // STORED continues
    }
}

void plk_post_settle(struct plk_node *node, struct plk_peer *peer) {
    read_cells(node, peer);
    if (peer->heat != PLK_WARM || !plk_post_may(peer) || peer->warm->joining) return;
    if (!plk_mail_is_open(peer->warm->mail) || plk_ledger_behind(&node->ledger)) return;
    plk_moved_tell(node, peer);
    plk_recovery_box_settle(node, peer);
    reopen(node, peer);
    if (usable(node, peer) > 0 && is_away(node, peer)) {
        put(node, peer);
        return;
    }
    plk_mail_link_silent(peer->warm->mail, false);
    plk_mail_box_close(peer->warm->mail);
}

// ---- memory -----------------------------------------------------------------------------------------------------------

bool plk_post_is_busy(const struct plk_peer *peer) { return peer->cells != NULL || peer->parcels != NULL; }

void plk_post_cool(struct plk_node *node, struct plk_peer *peer) {
    while (peer->parcels != NULL) plk_parcel_end(node, peer, peer->parcels);
    while (peer->cells != NULL) drop_cell(node, peer);
    plk_boxes_drop_of(node, PLK_BOX_CONTACT, false, peer->row.contact);
    plk_boxes_drop_of(node, PLK_BOX_MOVED, false, peer->row.contact);
    plk_boxes_drop_of(node, PLK_BOX_RECOVERY, false, peer->row.contact);
}

void plk_post_remove(struct plk_node *node, struct plk_peer *peer) {
    plk_parcels_cancel(node, peer);
    plk_boxes_drop_of(node, PLK_BOX_CONTACT, true, peer->row.contact);
    plk_boxes_drop_of(node, PLK_BOX_LEFT, true, peer->row.contact);
    plk_recovery_box_drop(node, peer);
}
