// SPDX-License-Identifier: MIT
#include "node/approach.h"

#include "node/acquaint.h"
#include "node/adopt.h"
#include "node/inside.h"
#include "node/reach.h"
#include "queue/key.h"

void plk_approach_free(struct plk_node *node, struct plk_approach *approach) {
    if (approach == NULL) return;
    plk_buf_free(node->mem, &approach->note);
    plk_buf_free(node->mem, &approach->bundle);
    plk_mem_give(node->mem, approach);
}

bool plk_approach_is_provisional(const struct plk_peer *peer) {
    const struct plk_approach *approach = peer->heat == PLK_WARM ? peer->warm->approach : NULL;
    return approach != NULL && approach->link.kind == PLK_LINK_KIND_ONE_TIME && !peer->warm->joining &&
           memcmp(peer->row.peer_id, approach->link.hash, PLK_PEER_ID_LEN) == 0;
}

// ---- rows -----------------------------------------------------------------------------------------------------------------

void plk_approach_write(struct plk_node *node, struct plk_peer *peer) {
    struct plk_approach *approach = peer->warm->approach;
    char text[PLK_INVITE_LINK_TEXT_MAX];
    size_t len;
    plk_invite_link_encode(&approach->link, text, &len);
    struct plk_opened opened = {.opened_ms = approach->opened_ms, .adopts = approach->adopts};
    opened.text = plk_bytes(text, len);
    opened.note = plk_buf_bytes(&approach->note);
    size_t cap = 16 + len + opened.note.len;
    uint8_t *value = plk_mem_take(node->mem, cap);
    struct plk_writer w = plk_writer(value, cap);
    plk_opened_encode(&w, &opened);
    plk_assert(!w.failed);
    plk_peer_put(node, peer, PLK_TABLE_blob, PLK_SLOT_OPENED, plk_writer_bytes(&w));
    plk_mem_wipe(text, sizeof text);
    plk_mem_give(node->mem, value);
}

enum plk_err plk_approach_load(struct plk_node *node, struct plk_peer *peer, struct plk_bytes value) {
    struct plk_opened opened;
    struct plk_approach *approach = plk_mem_take(node->mem, sizeof *approach);
    peer->warm->approach = approach;
    enum plk_err err = plk_opened_decode(value, &opened);
    if (err == PLK_ERR_OK) err = plk_invite_link_decode(opened.text, approach->raw, &approach->link);
    if (err != PLK_ERR_OK || approach->link.kind == PLK_LINK_KIND_INLINE) return PLK_ERR_CORRUPT;
    approach->opened_ms = opened.opened_ms;
    approach->adopts = opened.adopts;
    plk_buf_put(node->mem, &approach->note, opened.note);
    return PLK_ERR_OK;
}

void plk_approach_forget(struct plk_node *node, struct plk_peer *peer) {
    if (peer->warm->approach == NULL) return;
    plk_approach_free(node, peer->warm->approach);
    peer->warm->approach = NULL;
    plk_peer_put(node, peer, PLK_TABLE_blob, PLK_SLOT_OPENED, plk_bytes(NULL, 0));
    plk_boxes_drop_of(node, PLK_BOX_INVITE, false, peer->row.contact);
}

// ---- the inviter's queues -------------------------------------------------------------------------------------------------

struct plk_box *plk_approach_box(const struct plk_node *node, const struct plk_peer *peer, const uint8_t key[32]) {
    struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_INVITE, false, peer->row.contact, box)) != NULL) {
        if (memcmp(box->relay->key, key, 32) == 0) return box;
    }
    return NULL;
}

static void make_boxes(struct plk_node *node, struct plk_peer *peer) {
    const struct plk_invite_link *link = &peer->warm->approach->link;
    struct plk_queue_invite_keys keys;
    plk_queue_key_invite(&keys, link->psk);
    for (unsigned i = 0; i < link->relay_count; i++) {
        const struct plk_invite_relay *at = &link->relays[i];
        if (plk_approach_box(node, peer, at->key) != NULL) continue;
        struct plk_relay_link *relay = plk_relays_get(node, at->key, at->host, at->port, peer->row.relay_only);
        if (relay == NULL) continue;
        struct plk_box *box =
            plk_box_foreign(node, PLK_BOX_INVITE, peer->row.contact, relay, link->queue, keys.sender, keys.envelope);
        if (box != NULL) box->parley.due = peer->warm->joining;
    }
    plk_mem_wipe(&keys, sizeof keys);
}

void plk_approach_again(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    struct plk_box *box = NULL;
    if (!warm->joining && node->now.wall_ms >= warm->approach->opened_ms + PLK_OPENED_LIFE_MS) {
        plk_peer_join_fail(node, peer, PLK_ERR_EXPIRED);
        return;
    }
    make_boxes(node, peer);
    while ((box = plk_boxes_next(node, PLK_BOX_INVITE, false, peer->row.contact, box)) != NULL) {
        plk_relays_want(node, box->relay);
        plk_box_read(node, box);
        if (warm->joining && !box->parley.stored && !box->parley.put_out) box->parley.due = true;
    }
    plk_adopt_more(node, peer);
    node->parley.look = true;
}

// ---- the bundle -----------------------------------------------------------------------------------------------------------

// What one relay gives is of no use. Another may be honest, or better informed; when none is left, that was it.
static void condemn(struct plk_node *node, struct plk_peer *peer, struct plk_box *box, enum plk_err verdict) {
    const struct plk_invite_link *link = &peer->warm->approach->link;
    box->parley.verdict = verdict;
    node->counters.forged += verdict == PLK_ERR_FORGED || verdict == PLK_ERR_MALFORMED;
    for (unsigned i = 0; i < link->relay_count; i++) {
        const struct plk_box *other = plk_approach_box(node, peer, link->relays[i].key);
        if (other == NULL || other->parley.verdict == PLK_ERR_OK) return;
    }
    plk_peer_join_fail(node, peer, verdict);
}

static enum plk_err check_bundle(struct plk_node *node, const struct plk_peer *peer, struct plk_bytes bytes) {
    const struct plk_invite_link *link = &peer->warm->approach->link;
    struct plk_bundle bundle;
    uint8_t hash[32];
    if (link->kind == PLK_LINK_KIND_ONE_TIME) {
        plk_persona_bundle_hash(hash, bytes);
        if (memcmp(hash, link->hash, sizeof hash) != 0) return PLK_ERR_FORGED;
    }
    enum plk_err err = plk_persona_check_bundle(bytes, node->now.wall_ms, &bundle);
    if (err != PLK_ERR_OK || link->kind == PLK_LINK_KIND_ONE_TIME) return err;
    plk_persona_peer_id(hash, &bundle.identity);
    if (memcmp(hash, link->hash, sizeof hash) != 0) return PLK_ERR_FORGED;
    return bundle.sequence < peer->warm->bundle_sequence ? PLK_ERR_STALE : PLK_ERR_OK;
}

static uint64_t repeats_us(const struct plk_box *box) {
    unsigned repeats = box->parley.puts > 0 ? box->parley.puts - 1 : 0;
    return box->parley.stored_us + plk_doubled(PLK_APPROACH_REPEAT_US, repeats, PLK_APPROACH_REPEAT_MAX_US);
}

static void take_open(struct plk_node *node, struct plk_peer *peer, struct plk_box *box, struct plk_bytes bundle) {
    struct plk_approach *approach = peer->warm->approach;
    if (peer->warm->joining) { // nobody has accepted anything there: what lies there still does, or was lost
        bool old = box->parley.stored && node->now.mono_us >= repeats_us(box);
        if (old && !box->parley.put_out) box->parley.due = true;
        return;
    }
    if (approach->bundle.len > 0) return;
    enum plk_err err = check_bundle(node, peer, bundle);
    if (err != PLK_ERR_OK) {
        condemn(node, peer, box, err);
        return;
    }
    box->parley.verdict = PLK_ERR_OK;
    plk_buf_put(node->mem, &approach->bundle, bundle);
}

// Whoever made the link hears that somebody else came by it, too. The queue is the link's, and is forgotten with it: so this is
// put by a box of its own, once.
static void refuse_used(struct plk_node *node, struct plk_peer *peer, const struct plk_box *box) {
    struct plk_queue_invite_keys keys;
    struct plk_relay_link *relay = box->relay;
    uint8_t content[1 + PLK_RECORD_REFUSED_LEN] = {PLK_CELL_REFUSED}, sid[PLK_QUEUE_ID_LEN];
    memcpy(sid, box->sid, sizeof sid);
    plk_record_refused_encode(content + 1, PLK_RECORD_WHY_USED, 0);
    plk_queue_key_invite(&keys, peer->warm->approach->link.psk);
    plk_peer_join_fail(node, peer, PLK_ERR_USED);
    struct plk_box *once =
        plk_box_foreign(node, PLK_BOX_MOVED, peer->row.contact, relay, sid, keys.sender, keys.envelope);
    if (plk_box_put(node, once, ++node->put_number, plk_bytes(content, sizeof content)) != PLK_ERR_OK)
        node->counters.limited++;
    plk_mem_wipe(&keys, sizeof keys);
}

// By whom the invite was used: the acceptance is lost, or somebody else was first.
static void take_used(struct plk_node *node, struct plk_peer *peer, struct plk_box *box, struct plk_bytes hash) {
    const struct plk_warm *warm = peer->warm;
    if (!warm->joining) {
        refuse_used(node, peer, box);
    } else if (memcmp(warm->join->blob_hash, hash.at, sizeof warm->join->blob_hash) != 0) {
        plk_peer_join_fail(node, peer, PLK_ERR_USED);
    } else if (!box->parley.put_out) {
        box->parley.due = true;
    }
}

void plk_approach_cell(struct plk_node *node, struct plk_box *box, uint64_t sequence, struct plk_bytes cell) {
    struct plk_peer *peer = plk_peers_find(&node->peers, box->owner);
    if (peer == NULL || peer->heat != PLK_WARM || peer->warm->approach == NULL) return;
    node->parley.look = true;
    if (cell.at == NULL) { // the queue is not there, or empty: its owner will write it again
        box->parley.stored = false;
        return;
    }
    if (plk_ledger_behind(&node->ledger)) return; // it is asked for again
    struct plk_queue_invite_keys keys;
    uint8_t text[PLK_QUEUE_CELL_SMALL];
    struct plk_bytes content, bytes;
    enum plk_invite_cell kind;
    plk_queue_key_invite(&keys, peer->warm->approach->link.psk);
    enum plk_err err = plk_cell_bundle_open(text, keys.cell, box->sid, sequence, cell, &content);
    plk_mem_wipe(&keys, sizeof keys);
    if (err == PLK_ERR_OK) err = plk_invite_cell_decode(content, &kind, &bytes);
    if (err != PLK_ERR_OK) {
        if (!peer->warm->joining) condemn(node, peer, box, err == PLK_ERR_MALFORMED ? err : PLK_ERR_FORGED);
    } else if (kind == PLK_INVITE_CELL_USED) {
        take_used(node, peer, box, bytes);
    } else {
        take_open(node, peer, box, bytes);
    }
}

// ---- what comes of it -----------------------------------------------------------------------------------------------------

static void note_sequence(struct plk_node *node, struct plk_peer *peer, uint64_t sequence) {
    uint8_t value[8];
    struct plk_writer w = plk_writer(value, sizeof value);
    if (peer->warm->approach->link.kind != PLK_LINK_KIND_ADDRESS || sequence <= peer->warm->bundle_sequence) return;
    peer->warm->bundle_sequence = sequence;
    plk_writer_u64(&w, sequence);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_SLOT_SEQUENCE, plk_writer_bytes(&w));
}

static void make_blob(struct plk_node *node, struct plk_peer *peer, const struct plk_bundle *bundle) {
    struct plk_warm *warm = peer->warm;
    struct plk_approach *approach = warm->approach;
    struct plk_invite_link link = approach->link;
    struct plk_box *box = NULL;
    bool apart = warm->has_recovery || plk_mail_has_ratchet(warm->mail);
    link.bundle = plk_buf_bytes(&approach->bundle);
    note_sequence(node, peer, bundle->sequence);
    enum plk_err err = apart ? plk_add_blob_apart(node, peer, &link, bundle)
                             : plk_add_first_blob(node, peer, &link, bundle, plk_buf_bytes(&approach->note));
    if (err != PLK_ERR_OK) {
        plk_peer_join_fail(node, peer, err);
        return;
    }
    if (!plk_adopt_has_queue(node, peer)) // the acceptance can only come directly: whoever can get a token should know
        plk_node_event(node, PLK_EVENT_CONTACT, peer->row.contact, 0, 0, PLK_ERR_NO_TOKEN, NULL);
    warm->join->expires_ms = PLK_JOINING_HANDED; // it may leave as soon as it is durable
    plk_buf_free(node->mem, &approach->note);
    plk_buf_free(node->mem, &approach->bundle);
    plk_approach_write(node, peer);
    plk_add_commit(node, peer, &link);
    while ((box = plk_boxes_next(node, PLK_BOX_INVITE, false, peer->row.contact, box)) != NULL) box->parley.due = true;
    node->parley.look = true;
}

// What an attempt to join has changed becomes durable and known, and the first call is due.
static void begun(struct plk_node *node, struct plk_peer *peer) {
    plk_peer_write(node, peer);
    plk_peer_mail_events(node, peer);
    plk_node_event(node, PLK_EVENT_CONTACT, peer->row.contact, 0, 0, 0, NULL);
    peer->tries = 0;
    plk_peer_dial_soon(node, peer, 0);
    plk_peer_touch(node, peer);
}

// ---- whoever turns out to be here already ---------------------------------------------------------------------------------

// What waits for the contact that the link had made waits for the one that it turned out to be. False: not all of it yet.
static bool hand_over(struct plk_node *node, struct plk_peer *peer, struct plk_peer *known) {
    bool more = true;
    while (more && !plk_batch_full(plk_ledger_batch(&node->ledger))) {
        struct plk_mail_turn turn = plk_node_turn(node);
        more = plk_mail_hand_over(peer->warm->mail, &turn, known->warm->mail);
        plk_peer_mail_events(node, known);
        plk_peer_mail_events(node, peer);
        if (more && !plk_batch_full(plk_ledger_batch(&node->ledger))) break; // a page has to be read
        plk_ledger_turn(&node->ledger);
    }
    plk_peer_touch(node, known);
    plk_peer_touch(node, peer);
    node->parley.look = true;
    return !more;
}

// The contact that the link had made was another one's second: the link, and all that was written to it, become that one's.
static void merge(struct plk_node *node, struct plk_peer *peer, struct plk_peer *known,
                  const struct plk_bundle *bundle) {
    enum plk_err err = plk_add_check_again(known, bundle);
    if (err == PLK_ERR_BUSY) {
        plk_peer_warm(node, known);
        node->parley.look = true;
        return;
    }
    if (err != PLK_ERR_OK) {
        plk_peer_join_fail(node, peer, err);
        return;
    }
    if (!hand_over(node, peer, known)) return;
    struct plk_approach *approach = peer->warm->approach;
    bool peer_relay_only = peer->row.relay_only;
    plk_buf_free(node->mem, &approach->note); // it was the first that waited
    peer->warm->approach = NULL;
    plk_node_forget_contact(node, peer);
    if (known->warm->joining) plk_peer_forget_joining(node, known);
    plk_approach_forget(node, known);
    known->warm->approach = approach;
    if (peer_relay_only && !known->row.relay_only) plk_reach_set(node, known, true);
    plk_approach_write(node, known);
    if (known->row.state != PLK_CONTACT_ACTIVE)
        known->row.state = known->warm->has_recovery ? PLK_CONTACT_ACTIVE : PLK_CONTACT_ADDED;
    plk_peer_write(node, known);
    plk_node_event(node, PLK_EVENT_CONTACT, known->row.contact, 0, 0, 0, NULL);
    known->tries = 0;
    plk_peer_dial_soon(node, known, 0);
    plk_peer_touch(node, known);
    make_boxes(node, known);
    node->parley.look = true;
}

static void proceed(struct plk_node *node, struct plk_peer *peer) {
    struct plk_approach *approach = peer->warm->approach;
    struct plk_bundle bundle;
    uint8_t peer_id[PLK_PEER_ID_LEN];
    enum plk_err err = plk_bundle_decode(plk_buf_bytes(&approach->bundle), &bundle, NULL);
    plk_assert(err == PLK_ERR_OK); // it was checked
    plk_persona_peer_id(peer_id, &bundle.identity);
    if (memcmp(peer_id, node->persona.peer_id, PLK_PEER_ID_LEN) == 0) {
        plk_peer_join_fail(node, peer, PLK_ERR_SELF);
        return;
    }
    struct plk_peer *known = plk_peers_by_id(&node->peers, peer_id);
    bool other = known != NULL && known != peer;
    if (known != NULL && !other) err = plk_add_check_again(known, &bundle);
    if (err != PLK_ERR_OK) {
        plk_peer_join_fail(node, peer, err);
        return;
    }
    if (!plk_mail_is_open(peer->warm->mail)) {
        node->parley.look = true;
        return;
    }
    if (other) {
        merge(node, peer, known, &bundle);
        return;
    }
    if (!plk_adopt_queues(node, peer)) return;
    plk_peer_identify(node, peer, peer_id);
    make_blob(node, peer, &bundle);
}

// ---- the blob -------------------------------------------------------------------------------------------------------------

static void put_blob(struct plk_node *node, struct plk_peer *peer, struct plk_box *box) {
    static const uint8_t kind[1] = {PLK_CELL_BLOB};
    struct plk_buf content = {0};
    plk_buf_put(node->mem, &content, plk_bytes(kind, 1));
    plk_buf_put(node->mem, &content, plk_buf_bytes(&peer->warm->blob));
    box->parley.due = false;
    box->parley.put_out = plk_box_put_alike(node, box, peer->row.contact, plk_buf_bytes(&content)) == PLK_ERR_OK;
    plk_buf_free(node->mem, &content);
}

void plk_approach_put_done(struct plk_node *node, struct plk_box *box, enum plk_queue_code code) {
    box->parley.put_out = false;
    box->parley.stored = code == PLK_QUEUE_CODE_OK;
    box->parley.puts += box->parley.stored;
    box->parley.stored_us = node->now.mono_us;
}

void plk_approach_settle(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    struct plk_box *box = NULL;
    if (plk_ledger_behind(&node->ledger)) {
        node->parley.look = true;
        return;
    }
    if (!warm->joining) {
        if (warm->approach->bundle.len > 0) proceed(node, peer);
        return;
    }
    bool durable = plk_ledger_durable(&node->ledger, warm->blob_mark);
    while ((box = plk_boxes_next(node, PLK_BOX_INVITE, false, peer->row.contact, box)) != NULL) {
        if (!box->parley.due) continue;
        if (durable) {
            put_blob(node, peer, box);
        } else {
            node->parley.look = true;
        }
    }
}

// ---- the command ----------------------------------------------------------------------------------------------------------

static bool is_own(const struct plk_node *node, const struct plk_invite_link *link) {
    if (link->kind == PLK_LINK_KIND_ADDRESS) return memcmp(link->hash, node->persona.peer_id, PLK_PEER_ID_LEN) == 0;
    for (size_t i = 0; i < node->invites.count; i++) {
        if (memcmp(node->invites.list[i].psk, link->psk, PLK_INVITE_PSK_LEN) == 0) return true;
    }
    return false;
}

// The link is kept in the form that is written to disk: what it borrows from has to stay.
static void begin(struct plk_node *node, struct plk_peer *peer, const struct plk_invite_link *link) {
    struct plk_approach *approach = plk_mem_take(node->mem, sizeof *approach);
    char text[PLK_INVITE_LINK_TEXT_MAX];
    size_t len;
    plk_invite_link_encode(link, text, &len);
    enum plk_err err = plk_invite_link_decode(plk_bytes(text, len), approach->raw, &approach->link);
    plk_assert(err == PLK_ERR_OK);
    plk_mem_wipe(text, sizeof text);
    approach->opened_ms = node->now.wall_ms;
    peer->warm->approach = approach;
}

static void result(struct plk_node *node, const struct plk_command *command, struct plk_peer *peer, bool known) {
    begun(node, peer);
    plk_add_result(node, command, peer, known);
}

static enum plk_err add_new(struct plk_node *node, const struct plk_command *command,
                            const struct plk_invite_link *link) {
    struct plk_peer *peer = plk_acquaint_new(node, link->hash, PLK_CONTACT_ADDED, command->name, 0);
    peer->row.renamed = command->name.len > 0;
    peer->row.relay_only = command->flag;
    begin(node, peer, link);
    plk_add_begin_mail(node, peer, command->note, &peer->warm->approach->note);
    plk_approach_write(node, peer);
    plk_peer_write_told_names(node, peer);
    result(node, command, peer, false);
    return PLK_ERR_OK;
}

static enum plk_err add_again(struct plk_node *node, const struct plk_command *command,
                              const struct plk_invite_link *link, struct plk_peer *peer) {
    enum plk_err err = plk_add_check_again(peer, NULL);
    if (err == PLK_ERR_BUSY) return plk_node_command_wait(node, peer, command) ? PLK_ERR_OK : PLK_ERR_BUSY;
    if (err != PLK_ERR_OK) return err;
    if (command->flag && !peer->row.relay_only) plk_reach_set(node, peer, true);
    const struct plk_approach *approach = peer->warm->approach;
    if (approach == NULL || memcmp(approach->link.psk, link->psk, sizeof link->psk) != 0) {
        if (peer->warm->joining) plk_peer_forget_joining(node, peer);
        plk_approach_forget(node, peer);
        begin(node, peer, link);
        plk_approach_write(node, peer);
    }
    if (command->name.len > 0) {
        peer->row.renamed = true;
        plk_peer_name(node, peer, command->name);
    }
    if (peer->row.state != PLK_CONTACT_ACTIVE)
        peer->row.state = peer->warm->has_recovery ? PLK_CONTACT_ACTIVE : PLK_CONTACT_ADDED;
    plk_add_note(node, peer, command->note, NULL);
    result(node, command, peer, true);
    return PLK_ERR_OK;
}

enum plk_err plk_approach_add(struct plk_node *node, const struct plk_command *command,
                              const struct plk_invite_link *link) {
    if (is_own(node, link)) return PLK_ERR_SELF;
    struct plk_peer *known = plk_peers_by_id(&node->peers, link->hash);
    return known != NULL ? add_again(node, command, link, known) : add_new(node, command, link);
}
