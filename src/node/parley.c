// SPDX-License-Identifier: MIT
// The inviter's side (DESIGN 3.3): blobs out of invite queues, requests, acceptances into the joiner's queues. What boxes tell of
// the joiner's side goes on to node/approach.
#include "node/parley.h"

#include "contact/request.h"
#include "node/acquaint.h"
#include "node/adopt.h"
#include "node/approach.h"
#include "node/inside.h"
#include "node/reach.h"

// ---- cells that wait ------------------------------------------------------------------------------------------------------

static void drop_held(struct plk_node *node, struct plk_held **at) {
    struct plk_held *held = *at;
    *at = held->next;
    node->parley.held_count--;
    node->parley.held_bytes -= held->blob.len;
    plk_buf_free(node->mem, &held->blob);
    plk_mem_give(node->mem, held);
}

void plk_parley_free(struct plk_node *node) {
    while (node->parley.held != NULL) drop_held(node, &node->parley.held);
}

// Somebody else holds the link, too: the one who made it should know. Once, however often they come.
static void tell_used(struct plk_node *node, const struct plk_invite *invite) {
    struct plk_parley *parley = &node->parley;
    for (unsigned i = 0; i < parley->told_count; i++) {
        if (parley->told[i] == invite->number) return;
    }
    if (parley->told_count == PLK_PARLEY_TOLD_MAX) return;
    parley->told[parley->told_count++] = invite->number;
    plk_node_event(node, PLK_EVENT_CONTACT, invite->contact, 0, 0, PLK_ERR_USED, NULL);
}

// What somebody says who came by a link that is used: content of REFUSED.
static bool is_late(struct plk_bytes content) {
    uint8_t why;
    uint64_t counter;
    return content.len > 1 && content.at[0] == PLK_CELL_REFUSED &&
           plk_record_refused_decode(plk_bytes(content.at + 1, content.len - 1), &why, &counter) == PLK_ERR_OK &&
           why == PLK_RECORD_WHY_USED;
}

void plk_parley_cell(struct plk_node *node, struct plk_box *box, uint64_t number, struct plk_bytes content) {
    struct plk_parley *parley = &node->parley;
    bool is_blob = content.len > 1 && content.len <= 1 + PLK_FIRST_BLOB_MAX && content.at[0] == PLK_CELL_BLOB;
    if (!is_blob) {
        const struct plk_invite *invite = is_late(content) ? plk_invites_find(&node->invites, box->owner) : NULL;
        if (invite != NULL && invite->state != PLK_INVITE_OPEN) {
            tell_used(node, invite);
        } else {
            node->counters.protocol++;
        }
        plk_box_ack(node, box, number, plk_ledger_mark(&node->ledger));
        return;
    }
    if (parley->held_count == PLK_PARLEY_HELD_MAX || parley->held_bytes + content.len > PLK_PARLEY_HELD_BYTES) {
        node->counters.limited++; // it comes again on the next channel
        return;
    }
    struct plk_held *held = plk_mem_take(node->mem, sizeof *held);
    held->box = box->id;
    held->number = number;
    plk_buf_put(node->mem, &held->blob, plk_bytes(content.at + 1, content.len - 1));
    struct plk_held **at = &parley->held;
    while (*at != NULL) at = &(*at)->next;
    *at = held;
    parley->held_count++;
    parley->held_bytes += held->blob.len;
}

// ---- answers --------------------------------------------------------------------------------------------------------------

static void put_acceptance(struct plk_node *node, struct plk_peer *peer) {
    static const uint8_t kind[1] = {PLK_CELL_ACCEPTANCE};
    struct plk_buf content = {0};
    struct plk_box *box = NULL;
    plk_buf_put(node->mem, &content, plk_bytes(kind, 1));
    plk_buf_put(node->mem, &content, plk_buf_bytes(&peer->warm->acceptance));
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, box)) != NULL) {
        plk_relays_want(node, box->relay);
        if (box->parley.stored || box->parley.put_out) continue;
        box->parley.put_out =
            plk_box_put(node, box, PLK_PARLEY_PUT | peer->row.contact, plk_buf_bytes(&content)) == PLK_ERR_OK;
    }
    plk_buf_free(node->mem, &content);
    peer->warm->acceptance_due = false;
}

void plk_parley_acceptance_due(struct plk_node *node, struct plk_peer *peer) {
    struct plk_box *box = NULL;
    if (peer->warm->acceptance.len == 0) return;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, false, peer->row.contact, box)) != NULL) {
        if (box->parley.put_out) plk_box_put_cancel(node, box, PLK_PARLEY_PUT | peer->row.contact);
        box->parley.put_out = box->parley.stored = false;
    }
    peer->warm->acceptance_due = true;
    node->parley.look = true;
}

void plk_parley_acceptance_again(struct plk_node *node, struct plk_peer *peer) {
    if (peer->warm->acceptance.len == 0) return;
    peer->warm->acceptance_due = true;
    node->parley.look = true;
}

// A blob that was accepted before came again. False: the contact's rows must be read first.
static bool repeat(struct plk_node *node, uint32_t contact) {
    struct plk_peer *peer = plk_peers_find(&node->peers, contact);
    if (peer == NULL || peer->row.blocked || peer->damaged) return true;
    if (peer->heat != PLK_WARM) {
        plk_peer_warm(node, peer);
        return false;
    }
    if (peer->row.state == PLK_CONTACT_ACTIVE) plk_parley_acceptance_due(node, peer);
    return true;
}

// ---- requests -------------------------------------------------------------------------------------------------------------

static unsigned requests(const struct plk_node *node) {
    unsigned count = 0;
    for (size_t i = 0; i < node->peers.count; i++) {
        count += node->peers.list[i]->row.state == PLK_CONTACT_REQUEST;
    }
    return count;
}

static void write_request(struct plk_node *node, struct plk_peer *peer, const struct plk_first_opened *opened,
                          const uint8_t hash[PLK_FIRST_HASH_LEN]) {
    struct plk_payload payload = opened->payload;
    struct plk_request request = {.identity = opened->identity};
    uint8_t *room = plk_mem_take(node->mem, PLK_REQUEST_ROW_MAX), *value = plk_mem_take(node->mem, PLK_REQUEST_ROW_MAX);
    struct plk_writer w = plk_writer(room, PLK_REQUEST_ROW_MAX);
    payload.envelope_count = 0;
    plk_payload_encode(&w, &payload);
    request.payload = plk_writer_bytes(&w);
    memcpy(request.blob_hash, hash, sizeof request.blob_hash);
    memcpy(request.recovery, opened->first.recovery, sizeof request.recovery);
    memcpy(request.link_psk, opened->first.link_psk, sizeof request.link_psk);
    memcpy(request.line, opened->first.line, sizeof request.line);
    struct plk_writer out = plk_writer(value, PLK_REQUEST_ROW_MAX);
    plk_request_encode(&out, &request);
    plk_assert(!w.failed && !out.failed);
    plk_buf_free(node->mem, &peer->warm->request);
    plk_buf_put(node->mem, &peer->warm->request, plk_writer_bytes(&out));
    plk_peer_put(node, peer, PLK_TABLE_blob, PLK_SLOT_REQUEST, plk_writer_bytes(&out));
    plk_mem_wipe(&request, sizeof request);
    plk_mem_give(node->mem, room);
    plk_mem_give(node->mem, value);
}

// The text is there to be read, and nothing leaves.
static void take_request(struct plk_node *node, struct plk_peer *peer, struct plk_first_opened *opened,
                         const uint8_t hash[PLK_FIRST_HASH_LEN]) {
    const struct plk_payload *theirs = &opened->payload;
    struct plk_mail_turn turn = plk_node_turn(node);
    uint8_t epoch[PLK_EPOCH_LEN];
    if (peer == NULL) peer = plk_acquaint_new(node, opened->peer_id, PLK_CONTACT_REQUEST, theirs->name, 0);
    bool begun = plk_mail_has_begun(peer->warm->mail);
    peer->row.state = PLK_CONTACT_REQUEST;
    memset(peer->row.profile_name, 0, sizeof peer->row.profile_name);
    if (theirs->name.len > 0) memcpy(peer->row.profile_name, theirs->name.at, theirs->name.len);
    peer->row.profile_name_len = (uint8_t)theirs->name.len;
    plk_rng_bytes(&node->rng, epoch, sizeof epoch);
    plk_mail_begin(peer->warm->mail, &turn, begun ? PLK_MAIL_BEGIN_RESTORED : PLK_MAIL_BEGIN_FIRST,
                   &opened->first.ratchet, epoch);
    for (unsigned i = 0; i < theirs->envelope_count; i++) {
        if (plk_mail_adopt(peer->warm->mail, &turn, theirs->envelopes[i]) != PLK_ERR_OK) node->counters.protocol++;
    }
    write_request(node, peer, opened, hash);
    plk_peer_write(node, peer);
    plk_peer_mail_events(node, peer);
    plk_node_event(node, PLK_EVENT_REQUEST, peer->row.contact, 0, 0, 0, NULL);
    plk_peer_touch(node, peer);
}

static void forget_request(struct plk_node *node, struct plk_peer *peer) {
    plk_buf_free(node->mem, &peer->warm->request);
    plk_peer_put(node, peer, PLK_TABLE_blob, PLK_SLOT_REQUEST, plk_bytes(NULL, 0));
}

void plk_parley_accept(struct plk_node *node, struct plk_peer *peer) {
    peer->row.state = PLK_CONTACT_ACTIVE;
    peer->warm->request_wait = (struct plk_queues_wait){0};
    node->parley.look = true;
    plk_peer_dial_soon(node, peer, 0);
}

void plk_parley_reject(struct plk_node *node, struct plk_peer *peer) {
    plk_invites_forget_met(node, peer->row.contact);
    plk_node_forget_contact(node, peer);
}

// Accepted by the user: the acceptance is made as soon as it can tell of own queues.
static void complete_request(struct plk_node *node, struct plk_peer *peer) {
    struct plk_request request;
    struct plk_first_opened opened = {.payload = {.envelope_count = 0}};
    if (!plk_mail_is_open(peer->warm->mail) || plk_ledger_behind(&node->ledger) ||
        !plk_acquaint_queues(node, peer->row.contact, &peer->warm->request_wait, PLK_PARLEY_QUEUES_US)) {
        node->parley.look = true;
        return;
    }
    enum plk_err err = plk_request_decode(plk_buf_bytes(&peer->warm->request), &request);
    if (err == PLK_ERR_OK) err = plk_payload_decode(request.payload, &opened.payload);
    if (err != PLK_ERR_OK) {
        plk_peer_damaged(node, peer);
        return;
    }
    opened.identity = request.identity;
    opened.first.ratchet = *plk_mail_ratchet(peer->warm->mail);
    memcpy(opened.first.recovery, request.recovery, sizeof request.recovery);
    memcpy(opened.first.link_psk, request.link_psk, sizeof request.link_psk);
    memcpy(opened.first.line, request.line, sizeof request.line);
    plk_welcome_accept(node, peer, &opened, request.blob_hash, true);
    forget_request(node, peer);
    plk_peer_touch(node, peer);
    plk_mem_wipe(&opened, sizeof opened);
    plk_mem_wipe(&request, sizeof request);
}

// ---- a blob ---------------------------------------------------------------------------------------------------------------

// What a blob is opened with.
struct lock {
    uint8_t prekey[32], bundle[PLK_BUNDLE_LEN];
    uint64_t until_ms; // of an address link: as long its hash is kept
};

// The key of the bundle that the blob was made for. False: it is gone, or was never ours.
static bool find_lock(const struct plk_node *node, const struct plk_invite *invite, struct plk_bytes blob,
                      struct lock *lock) {
    uint8_t named[32];
    if (invite->kind != PLK_LINK_KIND_ADDRESS) {
        plk_invite_prekey(invite, lock->prekey);
        plk_invite_bundle(invite, &node->persona, lock->bundle);
        return true;
    }
    if (plk_first_names(blob, named) != PLK_ERR_OK) return false;
    const struct plk_prekey *prekey = plk_invites_prekey(&node->invites, invite->number, named);
    if (prekey == NULL || plk_prekey_is_over(prekey, node->now.wall_ms)) return false;
    memcpy(lock->prekey, prekey->secret, sizeof lock->prekey);
    plk_prekey_bundle(prekey, &node->persona, lock->bundle);
    lock->until_ms = prekey->published_ms + PLK_PREKEY_LIFE_MS;
    return true;
}

static void remember(struct plk_node *node, struct plk_invite *invite, const uint8_t hash[32], uint32_t contact,
                     uint64_t until_ms) {
    if (invite->kind == PLK_LINK_KIND_ADDRESS) {
        struct plk_met met = {.invite = invite->number, .contact = contact, .until_ms = until_ms};
        memcpy(met.blob_hash, hash, sizeof met.blob_hash);
        plk_invites_add_met(node, &met, true);
        return;
    }
    plk_invite_spend(invite, hash, contact);
    plk_invites_write(node, invite);
    plk_publish_changed(node, invite);
}

// Each has opened the other's link. The blob of the smaller PeerID counts: while ours does, theirs waits here.
static bool insists(struct plk_node *node, struct plk_peer *known) {
    switch (plk_first_decide(node->persona.peer_id, known->row.peer_id, known->warm->joining)) {
    case PLK_FIRST_INSIST:
        return true;
    case PLK_FIRST_ACCEPT_AND_DROP:
        plk_peer_forget_joining(node, known);
        break;
    case PLK_FIRST_ACCEPT:
        plk_approach_forget(node, known); // it has not led to a blob
        break;
    }
    return false;
}

// Before anything leaves: the acceptance would say where we are, and go to its relays from here.
static void seclude(struct plk_node *node, const struct plk_invite *invite, struct plk_peer *peer) {
    if (!invite->relay_only || peer->row.relay_only) return;
    if (peer->row.state == PLK_CONTACT_REQUEST) { // nothing is under way to it
        peer->row.relay_only = true;
        plk_peer_write(node, peer);
    } else {
        plk_reach_set(node, peer, true);
    }
}

// A blob that was opened. False: it has to wait. Who is blocked learns nothing, not even that.
static bool judge(struct plk_node *node, struct plk_held *held, struct plk_invite *invite,
                  struct plk_first_opened *opened, const uint8_t hash[32], uint64_t until_ms) {
    struct plk_peer *known = plk_peers_by_id(&node->peers, opened->peer_id);
    if (known != NULL && (known->row.blocked || known->damaged)) return true;
    if (known != NULL && (known->heat != PLK_WARM || !plk_mail_is_open(known->warm->mail))) {
        plk_peer_warm(node, known);
        return false;
    }
    if (known != NULL && known->warm->has_recovery &&
        plk_recovery_is_refused(&known->warm->recovery, opened->payload.device))
        return true;
    if (known != NULL && plk_acquaint_given_up(known, &opened->payload)) return true;
    if (known != NULL && insists(node, known)) return false;
    bool stranger = known == NULL || (known->row.state != PLK_CONTACT_ACTIVE && known->row.state != PLK_CONTACT_ADDED);
    if (invite->kind == PLK_LINK_KIND_ADDRESS && stranger) {
        if ((known == NULL && requests(node) >= PLK_REQUEST_OPEN_MAX) ||
            node->invites.met_count >= PLK_INVITES_METS_MAX) {
            node->counters.limited++; // it is repeated
            return true;
        }
        take_request(node, known, opened, hash);
        seclude(node, invite, plk_peers_by_id(&node->peers, opened->peer_id));
        remember(node, invite, hash, plk_peers_by_id(&node->peers, opened->peer_id)->row.contact, until_ms);
        return true;
    }
    if (known != NULL) held->contact = known->row.contact;
    if (held->contact == 0) held->contact = plk_acquaint_number(node);
    if (!plk_acquaint_queues(node, held->contact, &held->wait, PLK_PARLEY_QUEUES_US)) return false;
    if (known == NULL)
        known = plk_acquaint_new(node, opened->peer_id, PLK_CONTACT_ACTIVE, opened->payload.name, held->contact);
    if (known->warm->request.len > 0) forget_request(node, known);
    seclude(node, invite, known);
    plk_welcome_accept(node, known, opened, hash, false);
    remember(node, invite, hash, known->row.contact, until_ms);
    plk_peer_touch(node, known);
    return true;
}

// False: it has to wait, and stays with the relay meanwhile.
static bool take_blob(struct plk_node *node, struct plk_held *held, struct plk_invite *invite) {
    struct plk_bytes blob = plk_buf_bytes(&held->blob);
    uint8_t hash[PLK_FIRST_HASH_LEN];
    struct plk_first_opened opened;
    struct lock lock;
    plk_first_hash(hash, blob);
    const struct plk_met *met = plk_invites_met(&node->invites, invite->number, hash);
    if (met != NULL) return repeat(node, met->contact);
    enum plk_err err = plk_invite_meet(invite, hash, node->now.wall_ms);
    if (err == PLK_ERR_REPLAYED) return repeat(node, invite->contact);
    if (err == PLK_ERR_USED && memcmp(invite->blob_hash, hash, sizeof hash) != 0) tell_used(node, invite);
    if (err != PLK_ERR_OK) return true;
    if (!find_lock(node, invite, blob, &lock)) return true;
    err = plk_first_open(node->mem, &node->persona, invite->psk, lock.prekey, plk_bytes(lock.bundle, PLK_BUNDLE_LEN),
                         node->now.wall_ms, blob, &opened);
    plk_mem_wipe(lock.prekey, sizeof lock.prekey);
    if (err != PLK_ERR_OK) {
        node->counters.forged++;
        return true;
    }
    bool taken = judge(node, held, invite, &opened, hash, lock.until_ms);
    plk_first_opened_free(node->mem, &opened);
    return taken;
}

static void take_held(struct plk_node *node) {
    for (struct plk_held **at = &node->parley.held; *at != NULL;) {
        struct plk_held *held = *at;
        plk_ledger_turn(&node->ledger);
        if (plk_ledger_behind(&node->ledger)) return; // STORED is followed by another look
        struct plk_box *box = plk_boxes_find(node, held->box);
        struct plk_invite *invite = box == NULL ? NULL : plk_invites_find(&node->invites, box->owner);
        if (invite != NULL && !take_blob(node, held, invite)) {
            at = &held->next;
            continue;
        }
        // A number that was set aside for somebody who is no contact after all: another blob was first.
        if (held->contact != 0 && plk_peers_find(&node->peers, held->contact) == NULL)
            plk_boxes_drop_of(node, PLK_BOX_CONTACT, true, held->contact);
        if (box != NULL) plk_box_ack(node, box, held->number, plk_ledger_mark(&node->ledger));
        drop_held(node, at);
    }
}

// ---- what boxes tell ------------------------------------------------------------------------------------------------------

void plk_parley_own_state(struct plk_node *node, struct plk_box *box) { plk_publish_state(node, box); }

void plk_parley_written(struct plk_node *node, struct plk_box *box, uint64_t sequence, enum plk_queue_code code) {
    (void)sequence;
    plk_publish_written(node, box, code);
}

void plk_parley_foreign_state(struct plk_node *node, struct plk_box *box) {
    (void)box;
    node->parley.look = true;
}

void plk_parley_bundle(struct plk_node *node, struct plk_box *box, uint64_t sequence, struct plk_bytes cell,
                       enum plk_queue_code code) {
    (void)code;
    plk_approach_cell(node, box, sequence, cell);
}

void plk_parley_put_done(struct plk_node *node, struct plk_box *box, uint64_t put, enum plk_queue_code code) {
    node->parley.look = true;
    if ((put & PLK_PARLEY_PUT) == 0) {
        plk_approach_put_done(node, box, code);
        return;
    }
    box->parley.put_out = false;
    box->parley.stored = code == PLK_QUEUE_CODE_OK;
}

void plk_parley_guest(struct plk_node *node, struct plk_box *box, const uint8_t *token, enum plk_queue_code code) {
    (void)code;
    plk_adopt_guest(node, box, token);
}

bool plk_parley_acceptance(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content) {
    if (!peer->warm->joining || peer->row.blocked) return true;
    plk_peer_accepted(node, peer, content);
    if (!peer->warm->joining && peer->row.state == PLK_CONTACT_ACTIVE) {
        peer->greet = true;
        peer->tries = 0;
        plk_peer_dial_soon(node, peer, 0);
    }
    plk_peer_touch(node, peer);
    return true;
}

// ---- time -----------------------------------------------------------------------------------------------------------------

// A number may have been set aside, and its queues made, for a contact that then never was.
void plk_parley_begin(struct plk_node *node) {
    for (uint32_t contact = 1; contact < node->profile.next_contact; contact++) {
        if (plk_peers_find(&node->peers, contact) != NULL) continue;
        if (plk_boxes_next(node, PLK_BOX_CONTACT, true, contact, NULL) == NULL) continue;
        plk_boxes_drop_of(node, PLK_BOX_CONTACT, true, contact);
    }
}

static void look_at(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    if (warm->request.len > 0 && peer->row.state == PLK_CONTACT_ACTIVE) complete_request(node, peer);
    if (warm->acceptance_due && !peer->row.blocked) {
        if (plk_ledger_durable(&node->ledger, warm->acceptance_mark)) {
            put_acceptance(node, peer);
        } else {
            node->parley.look = true;
        }
    }
    if (warm->approach != NULL) plk_approach_settle(node, peer); // the last thing: the contact may be gone
}

void plk_parley_settle(struct plk_node *node) {
    struct plk_peer *next;
    if (node->state != PLK_NODE_READY) return;
    take_held(node);
    if (!node->parley.look) return;
    node->parley.look = false;
    for (struct plk_peer *peer = node->peers.warm; peer != NULL; peer = next) {
        next = peer->next_warm;
        if (peer->heat == PLK_WARM) look_at(node, peer);
    }
}

// What was due before now was looked at in this turn, and waits for something else: whatever that is wakes the node.
static uint64_t sooner(const struct plk_node *node, uint64_t due_us, uint64_t at_us) {
    return at_us > node->now.mono_us ? plk_earlier(due_us, at_us) : due_us;
}

uint64_t plk_parley_deadline(const struct plk_node *node) {
    uint64_t due_us = PLK_NEVER;
    for (const struct plk_held *held = node->parley.held; held != NULL; held = held->next) {
        due_us = sooner(node, due_us, plk_acquaint_queues_due(&held->wait, PLK_PARLEY_QUEUES_US));
    }
    if (!node->parley.look) return due_us;
    for (const struct plk_peer *peer = node->peers.warm; peer != NULL; peer = peer->next_warm) {
        if (peer->heat != PLK_WARM) continue;
        if (peer->warm->approach != NULL) due_us = sooner(node, due_us, plk_adopt_deadline(node, peer));
        if (peer->warm->request.len > 0)
            due_us = sooner(node, due_us, plk_acquaint_queues_due(&peer->warm->request_wait, PLK_PARLEY_QUEUES_US));
    }
    return due_us;
}
