// SPDX-License-Identifier: MIT
// ADD: a link becomes a contact, or a known one begins anew (DESIGN 3.1, 3.3). The blob is made here; node/join.c sends it.
#include "node/acquaint.h"
#include "node/approach.h"
#include "node/inside.h"
#include "node/reach.h"

void plk_peer_write_joining(struct plk_node *node, struct plk_peer *peer) {
    uint8_t value[PLK_JOINING_ROW_MAX];
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_joining_encode(&w, peer->warm->join);
    plk_assert(!w.failed);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_SLOT_JOINING, plk_writer_bytes(&w));
    plk_mem_wipe(value, sizeof value);
}

// What is drawn for a blob, and what the link says.
static struct plk_joining *new_joining(struct plk_node *node, struct plk_peer *peer, const struct plk_invite_link *link,
                                       const struct plk_bundle *bundle, struct plk_payload *payload) {
    struct plk_joining *join = plk_mem_take(node->mem, sizeof *join);
    join->identity = bundle->identity;
    join->expires_ms = bundle->expires_ms;
    join->places = link->places;
    memcpy(join->psk, link->psk, sizeof join->psk);
    plk_rng_bytes(&node->rng, join->epoch, sizeof join->epoch);
    plk_rng_bytes(&node->rng, join->link_secret, sizeof join->link_secret);
    plk_rng_bytes(&node->rng, join->reset.secret, sizeof join->reset.secret);
    join->reset.number = 1;
    plk_node_payload(node, peer, payload);
    join->order = payload->order = plk_recovery_next_order(&peer->warm->recovery, node->now.wall_ms);
    if (peer->warm->has_recovery) plk_peer_write_recovery(node, peer);
    memcpy(payload->epoch, join->epoch, sizeof payload->epoch);
    plk_dh_public(payload->link_public, join->link_secret);
    payload->has_reset = true;
    payload->reset.number = 1;
    plk_dh_public(payload->reset.key, join->reset.secret);
    return join;
}

static enum plk_err make_blob(struct plk_node *node, struct plk_joining *join, const struct plk_invite_link *link,
                              const struct plk_payload *payload, struct plk_buf *blob, struct plk_ratchet *ratchet) {
    struct plk_first first = {.line = {0}};
    enum plk_err err =
        plk_first_make(node->mem, &node->rng, &node->persona, link->psk, link->bundle, payload, blob, &first);
    if (err == PLK_ERR_OK) {
        *ratchet = first.ratchet;
        memcpy(join->recovery, first.recovery, sizeof join->recovery);
        memcpy(join->link_psk, first.link_psk, sizeof join->link_psk);
        memcpy(join->line, first.line, sizeof join->line);
        plk_first_hash(join->blob_hash, plk_buf_bytes(blob));
    }
    plk_mem_wipe(&first, sizeof first);
    return err;
}

void plk_add_begin_mail(struct plk_node *node, struct plk_peer *peer, struct plk_bytes note, struct plk_buf *envelope) {
    struct plk_warm *warm = peer->warm;
    struct plk_mail_turn turn = plk_node_turn(node);
    struct plk_mail_body body = {.kind = PLK_BODY_TEXT, .payload = note};
    uint8_t epoch[PLK_EPOCH_LEN];
    uint64_t row;
    plk_rng_bytes(&node->rng, epoch, sizeof epoch);
    plk_mail_begin(warm->mail, &turn, PLK_MAIL_BEGIN_FIRST, NULL, epoch);
    if (note.len == 0) return;
    plk_rng_bytes(&node->rng, body.id, sizeof body.id);
    struct plk_writer w = plk_writer(plk_buf_room(node->mem, envelope, note.len + PLK_ENVELOPE_HEAD_MAX),
                                     note.len + PLK_ENVELOPE_HEAD_MAX);
    enum plk_err err = plk_mail_wrap(warm->mail, &turn, &body, &w, &row);
    plk_assert(err == PLK_ERR_OK); // its length was checked
    envelope->len = w.len;
}

// The first text is sealed inside the blob, so the envelope comes before the ratchet, which is then as it is after message 0.
enum plk_err plk_add_first_blob(struct plk_node *node, struct plk_peer *peer, const struct plk_invite_link *link,
                                const struct plk_bundle *bundle, struct plk_bytes envelope) {
    struct plk_warm *warm = peer->warm;
    struct plk_mail_turn turn = plk_node_turn(node);
    struct plk_payload payload;
    struct plk_ratchet ratchet;
    uint8_t queues[PLK_QUEUE_LIST_LEN_MAX];
    plk_mem_give(node->mem, warm->join);
    warm->join = new_joining(node, peer, link, bundle, &payload);
    memcpy(warm->join->epoch, plk_mail_epoch(warm->mail), sizeof warm->join->epoch);
    memcpy(payload.epoch, warm->join->epoch, sizeof payload.epoch);
    payload.queues = plk_acquaint_offer(node, peer->row.contact, queues);
    if (envelope.len > 0) payload.envelopes[payload.envelope_count++] = envelope;
    enum plk_err err = make_blob(node, warm->join, link, &payload, &warm->blob, &ratchet);
    if (err == PLK_ERR_OK) plk_mail_set_ratchet(warm->mail, &turn, &ratchet);
    warm->joining = err == PLK_ERR_OK;
    if (err != PLK_ERR_OK) {
        plk_mem_give(node->mem, warm->join);
        warm->join = NULL;
    }
    plk_mem_wipe(&ratchet, sizeof ratchet);
    plk_mem_wipe(queues, sizeof queues);
    return err;
}

void plk_add_result(struct plk_node *node, const struct plk_command *command, struct plk_peer *peer, bool known) {
    struct plk_output output = {.kind = PLK_OUT_RESULT, .result = {.ticket = command->ticket}};
    output.result.contact = peer->row.contact;
    output.result.repeated = known;
    output.result.text = plk_bytes(peer->row.name, peer->row.name_len);
    plk_outputs_later(&node->outputs, plk_ledger_mark(&node->ledger), &output);
}

void plk_add_commit(struct plk_node *node, struct plk_peer *peer, const struct plk_invite_link *link) {
    struct plk_warm *warm = peer->warm;
    plk_peer_write_joining(node, peer);
    plk_peer_put(node, peer, PLK_TABLE_blob, PLK_SLOT_BLOB, plk_buf_bytes(&warm->blob));
    plk_peer_places(node, peer, &link->places, PLK_CANDIDATE_LINK);
    plk_peer_hints(node, peer);
    plk_peer_write(node, peer);
    plk_peer_mail_events(node, peer);
    plk_node_event(node, PLK_EVENT_CONTACT, peer->row.contact, 0, 0, 0, NULL);
    warm->blob_mark = plk_ledger_mark(&node->ledger);
    peer->tries = 0;
    plk_peer_dial_soon(node, peer, 0);
}

static bool only_loopback(const struct plk_places *places) {
    for (unsigned i = 0; i < places->count; i++) {
        if (plk_addr_class(&places->at[i].addr) != PLK_ADDR_LOOPBACK) return false;
    }
    return places->count > 0;
}

static enum plk_err check_add(const struct plk_node *node, const struct plk_command *command, uint8_t *raw,
                              struct plk_invite_link *link, struct plk_bundle *bundle) {
    enum plk_err err = plk_invite_link_decode(command->text, raw, link);
    if (err != PLK_ERR_OK) return err;
    if (link->kind == PLK_LINK_KIND_INLINE) err = plk_persona_check_bundle(link->bundle, node->now.wall_ms, bundle);
    if (err == PLK_ERR_OK && command->name.len > 0) err = plk_name_check(command->name);
    if (err == PLK_ERR_OK && command->note.len > PLK_BODY_MAX) err = PLK_ERR_TOO_LONG;
    if (err == PLK_ERR_OK && !plk_bytes_is_utf8(command->note)) err = PLK_ERR_NOT_UTF8;
    return err;
}

static enum plk_err add_new(struct plk_node *node, const struct plk_command *command,
                            const struct plk_invite_link *link, const struct plk_bundle *bundle,
                            const uint8_t peer_id[PLK_PEER_ID_LEN]) {
    struct plk_peer *peer = plk_acquaint_new(node, peer_id, PLK_CONTACT_ADDED, command->name, 0);
    peer->row.renamed = command->name.len > 0;
    peer->loopback = only_loopback(&link->places);
    struct plk_buf envelope = {0};
    plk_add_begin_mail(node, peer, command->note, &envelope);
    enum plk_err err = plk_add_first_blob(node, peer, link, bundle, plk_buf_bytes(&envelope));
    plk_buf_free(node->mem, &envelope);
    if (err != PLK_ERR_OK) {
        plk_mail_remove(peer->row.contact, plk_ledger_batch(&node->ledger));
        plk_peers_drop(node, peer);
        return err;
    }
    plk_peer_write_told_names(node, peer);
    plk_add_commit(node, peer, link);
    plk_add_result(node, command, peer, false);
    return PLK_ERR_OK;
}

// ---- someone who is here already --------------------------------------------------------------------------------------

enum plk_err plk_add_check_again(const struct plk_peer *peer, const struct plk_bundle *bundle) {
    if (peer->row.blocked) return PLK_ERR_BLOCKED;
    if (peer->damaged) return PLK_ERR_CORRUPT;
    if (peer->heat != PLK_WARM) return PLK_ERR_BUSY;
    const struct plk_warm *warm = peer->warm;
    // The link was made on a device whose place another has taken.
    bool refused = bundle != NULL && warm->has_recovery && plk_recovery_is_refused(&warm->recovery, bundle->device);
    return refused ? PLK_ERR_MOVED : PLK_ERR_OK;
}

// The blob for one who is here already: its ratchet stays apart, and mail goes on as it was, until the acceptance comes.
enum plk_err plk_add_blob_apart(struct plk_node *node, struct plk_peer *peer, const struct plk_invite_link *link,
                                const struct plk_bundle *bundle) {
    struct plk_warm *warm = peer->warm;
    struct plk_payload payload;
    struct plk_buf blob = {0};
    uint8_t queues[PLK_QUEUE_LIST_LEN_MAX];
    struct plk_joining *join = new_joining(node, peer, link, bundle, &payload);
    join->apart = true;
    payload.continues = warm->has_recovery;
    payload.queues = plk_acquaint_offer(node, peer->row.contact, queues);
    enum plk_err err = make_blob(node, join, link, &payload, &blob, &join->ratchet);
    plk_mem_wipe(queues, sizeof queues);
    if (err != PLK_ERR_OK) {
        plk_mem_give(node->mem, join);
        return err;
    }
    if (peer->joiner != NULL) plk_link_free(node, peer->joiner); // of a link that was opened before
    peer->joiner = NULL;
    plk_mem_give(node->mem, warm->join);
    plk_buf_free(node->mem, &warm->blob);
    warm->join = join;
    warm->joining = true;
    warm->blob = blob;
    return PLK_ERR_OK;
}

void plk_add_note(struct plk_node *node, struct plk_peer *peer, struct plk_bytes note, const uint8_t *id) {
    struct plk_mail_turn turn = plk_node_turn(node);
    struct plk_mail_body body = {.kind = PLK_BODY_TEXT, .payload = note};
    uint64_t row;
    if (note.len == 0) return;
    if (id != NULL) {
        memcpy(body.id, id, sizeof body.id);
    } else {
        plk_rng_bytes(&node->rng, body.id, sizeof body.id);
    }
    enum plk_err err = plk_mail_send(peer->warm->mail, &turn, &body, &row);
    plk_assert(err == PLK_ERR_OK); // its length was checked, and mail has begun for whoever is in the list
}

// A known persona in a new invite is a re-key, not a second contact (DESIGN 3.1).
static enum plk_err add_again(struct plk_node *node, const struct plk_command *command,
                              const struct plk_invite_link *link, const struct plk_bundle *bundle,
                              struct plk_peer *peer) {
    enum plk_err err = plk_add_check_again(peer, bundle);
    if (err == PLK_ERR_BUSY) return plk_node_command_wait(node, peer, command) ? PLK_ERR_OK : PLK_ERR_BUSY;
    const struct plk_joining *join = peer->warm == NULL ? NULL : peer->warm->join;
    bool same_link = join != NULL && memcmp(join->psk, link->psk, sizeof join->psk) == 0;
    if (err == PLK_ERR_OK && !same_link) err = plk_add_blob_apart(node, peer, link, bundle);
    if (err != PLK_ERR_OK) return err;
    plk_approach_forget(node, peer); // this link takes the place of one that leads through relays
    if (command->name.len > 0) {
        peer->row.renamed = true;
        plk_peer_name(node, peer, command->name);
    }
    peer->loopback = peer->loopback || only_loopback(&link->places);
    if (peer->row.state != PLK_CONTACT_ACTIVE)
        peer->row.state = peer->warm->has_recovery ? PLK_CONTACT_ACTIVE : PLK_CONTACT_ADDED;
    plk_add_note(node, peer, command->note, NULL);
    plk_add_commit(node, peer, link);
    plk_peer_touch(node, peer);
    plk_add_result(node, command, peer, true);
    return PLK_ERR_OK;
}

enum plk_err plk_node_add(struct plk_node *node, const struct plk_command *command) {
    uint8_t raw[PLK_INVITE_LINK_BYTES_MAX], peer_id[PLK_PEER_ID_LEN];
    struct plk_invite_link link;
    struct plk_bundle bundle;
    enum plk_err err = check_add(node, command, raw, &link, &bundle);
    if (err == PLK_ERR_OK) err = plk_reach_check_add(node, command->flag, link.kind == PLK_LINK_KIND_INLINE);
    if (err != PLK_ERR_OK) return err;
    if (link.kind != PLK_LINK_KIND_INLINE) return plk_approach_add(node, command, &link);
    plk_persona_peer_id(peer_id, &bundle.identity);
    if (memcmp(peer_id, node->persona.peer_id, PLK_PEER_ID_LEN) == 0) return PLK_ERR_SELF;
    struct plk_peer *known = plk_peers_by_id(&node->peers, peer_id);
    if (known != NULL && known->row.relay_only) return PLK_ERR_INVALID; // which this link would lead around
    if (known != NULL) return add_again(node, command, &link, &bundle, known);
    return add_new(node, command, &link, &bundle, peer_id);
}
