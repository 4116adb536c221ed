// SPDX-License-Identifier: MIT
// The joiner of an inline invite (DESIGN 3.3): its blob goes out, the same bytes on every attempt, until the acceptance comes.
// What must be durable before what leaves is in contact/first.h.
#include "node/acquaint.h"
#include "node/inside.h"
#include "node/records.h"

static void write_joining(struct plk_node *node, struct plk_peer *peer) {
    uint8_t value[PLK_JOINING_ROW_MAX];
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_joining_encode(&w, peer->warm->join);
    plk_assert(!w.failed);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_SLOT_JOINING, plk_writer_bytes(&w));
    plk_mem_wipe(value, sizeof value);
}

// The blob and all that goes with it. The first text is sealed inside the blob, so the envelope comes before the ratchet,
// which plk_first_make gives back as it is after message 0.
static enum plk_err make_blob(struct plk_node *node, struct plk_peer *peer, const struct plk_invite_link *link,
                              struct plk_bytes note) {
    struct plk_warm *warm = peer->warm;
    struct plk_joining *join = warm->join;
    struct plk_mail_turn turn = plk_node_turn(node);
    struct plk_payload payload;
    struct plk_first first = {.line = {0}};
    struct plk_buf envelope = {0};
    plk_node_payload(node, &payload);
    plk_rng_bytes(&node->rng, join->epoch, sizeof join->epoch);
    plk_rng_bytes(&node->rng, join->link_secret, sizeof join->link_secret);
    plk_rng_bytes(&node->rng, join->reset.secret, sizeof join->reset.secret);
    join->reset.number = 1;
    memcpy(payload.epoch, join->epoch, sizeof payload.epoch);
    plk_dh_public(payload.link_public, join->link_secret);
    payload.has_reset = true;
    payload.reset.number = 1;
    plk_dh_public(payload.reset.key, join->reset.secret);
    plk_mail_begin(warm->mail, &turn, PLK_MAIL_BEGIN_FIRST, NULL, join->epoch);
    if (note.len > 0) {
        struct plk_mail_body body = {.kind = PLK_BODY_TEXT, .payload = note};
        uint64_t row;
        plk_rng_bytes(&node->rng, body.id, sizeof body.id);
        struct plk_writer w = plk_writer(plk_buf_room(node->mem, &envelope, note.len + PLK_ENVELOPE_HEAD_MAX),
                                         note.len + PLK_ENVELOPE_HEAD_MAX);
        enum plk_err err = plk_mail_wrap(warm->mail, &turn, &body, &w, &row);
        plk_assert(err == PLK_ERR_OK); // its length was checked
        payload.envelopes[payload.envelope_count++] = plk_writer_bytes(&w);
    }
    enum plk_err err =
        plk_first_make(node->mem, &node->rng, &node->persona, link->psk, link->bundle, &payload, &warm->blob, &first);
    if (err == PLK_ERR_OK) {
        plk_mail_set_ratchet(warm->mail, &turn, &first.ratchet);
        memcpy(join->recovery, first.recovery, sizeof join->recovery);
        memcpy(join->link_psk, first.link_psk, sizeof join->link_psk);
        memcpy(join->line, first.line, sizeof join->line);
        plk_first_hash(join->blob_hash, plk_buf_bytes(&warm->blob));
    }
    plk_mem_wipe(&first, sizeof first);
    plk_buf_free(node->mem, &envelope);
    return err;
}

static void result(struct plk_node *node, const struct plk_command *command, enum plk_err err, struct plk_peer *peer) {
    struct plk_output output = {.kind = PLK_OUT_RESULT, .result = {.ticket = command->ticket, .err = err}};
    if (peer != NULL) {
        output.result.contact = peer->row.contact;
        output.result.text = plk_bytes(peer->row.name, peer->row.name_len);
    }
    plk_outputs_later(&node->outputs, plk_ledger_mark(&node->ledger), &output);
}

// Addresses of someone who is a contact already: a new way to the same person.
static enum plk_err known_already(struct plk_node *node, const struct plk_command *command, struct plk_peer *peer) {
    result(node, command, PLK_ERR_EXISTS, peer);
    peer->greet = true;
    plk_peer_dial_soon(node, peer, 0);
    return PLK_ERR_OK;
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
    if (link->kind != PLK_LINK_KIND_INLINE) return PLK_ERR_UNSUPPORTED;
    err = plk_persona_check_bundle(link->bundle, node->now.wall_ms, bundle);
    if (err == PLK_ERR_OK && command->name.len > 0) err = plk_name_check(command->name);
    if (err == PLK_ERR_OK && command->note.len > PLK_BODY_MAX) err = PLK_ERR_TOO_LONG;
    if (err == PLK_ERR_OK && !plk_bytes_is_utf8(command->note)) err = PLK_ERR_NOT_UTF8;
    return err;
}

enum plk_err plk_node_add(struct plk_node *node, const struct plk_command *command) {
    uint8_t raw[PLK_INVITE_LINK_BYTES_MAX], peer_id[PLK_PEER_ID_LEN];
    struct plk_invite_link link;
    struct plk_bundle bundle;
    enum plk_err err = check_add(node, command, raw, &link, &bundle);
    if (err != PLK_ERR_OK) return err;
    plk_persona_peer_id(peer_id, &bundle.identity);
    if (memcmp(peer_id, node->persona.peer_id, PLK_PEER_ID_LEN) == 0) return PLK_ERR_SELF;
    struct plk_peer *known = plk_peers_by_id(&node->peers, peer_id);
    if (known != NULL) return known_already(node, command, known);
    struct plk_peer *peer = plk_acquaint_new(node, peer_id, PLK_CONTACT_ADDED, command->name);
    struct plk_warm *warm = peer->warm;
    peer->row.renamed = command->name.len > 0;
    peer->loopback = only_loopback(&link.places);
    warm->joining = true;
    warm->join = plk_mem_take(node->mem, sizeof *warm->join);
    warm->join->identity = bundle.identity;
    warm->join->expires_ms = bundle.expires_ms;
    warm->join->places = link.places;
    memcpy(warm->join->psk, link.psk, sizeof warm->join->psk);
    err = make_blob(node, peer, &link, command->note);
    if (err != PLK_ERR_OK) {
        plk_mail_remove(peer->row.contact, plk_ledger_batch(&node->ledger));
        plk_peers_drop(node, peer);
        return err;
    }
    write_joining(node, peer);
    plk_peer_put(node, peer, PLK_TABLE_blob, PLK_SLOT_BLOB, plk_buf_bytes(&warm->blob));
    plk_peer_places(node, peer, &link.places, PLK_CANDIDATE_LINK);
    plk_peer_write(node, peer);
    plk_peer_mail_events(node, peer);
    plk_node_event(node, PLK_EVENT_CONTACT, peer->row.contact, 0, 0, 0, NULL);
    warm->blob_mark = plk_ledger_mark(&node->ledger);
    result(node, command, PLK_ERR_OK, peer);
    plk_peer_dial_soon(node, peer, 0);
    return PLK_ERR_OK;
}

void plk_peer_forget_joining(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    plk_mem_give(node->mem, warm->join);
    warm->join = NULL;
    warm->joining = false;
    plk_buf_free(node->mem, &warm->blob);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_SLOT_JOINING, plk_bytes(NULL, 0));
    plk_peer_put(node, peer, PLK_TABLE_blob, PLK_SLOT_BLOB, plk_bytes(NULL, 0));
}

static void accepted(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content) {
    struct plk_warm *warm = peer->warm;
    struct plk_joining *join = warm->join;
    struct plk_ratchet ratchet = *plk_mail_ratchet(warm->mail);
    struct plk_payload theirs;
    struct plk_buf text = {0};
    struct plk_ratchet_place place;
    enum plk_err err = plk_first_read_acceptance(node->mem, &ratchet, join->blob_hash, node->now.wall_ms, content,
                                                 &text, &theirs, &place);
    if (err == PLK_ERR_OK) {
        struct plk_mail_turn turn = plk_node_turn(node);
        struct plk_first first = {.line = {0}};
        memcpy(first.link_psk, join->link_psk, sizeof first.link_psk);
        memcpy(first.line, join->line, sizeof first.line);
        plk_mail_set_ratchet(warm->mail, &turn, &ratchet);
        plk_recovery_init(&warm->recovery, &join->identity, join->recovery, &theirs);
        warm->recovery.resets[0] = join->reset;
        warm->recovery.reset_count = 1;
        plk_acquaint_know(node, peer, &first, join->link_secret, &theirs, true);
        if (theirs.ack.len > 0) plk_mail_on_acks(warm->mail, &turn, theirs.ack);
        plk_peer_mail_events(node, peer);
        plk_peer_forget_joining(node, peer);
        plk_mem_wipe(&first, sizeof first);
    } else {
        node->counters.forged++;
    }
    plk_mem_wipe(&ratchet, sizeof ratchet);
    plk_buf_free(node->mem, &text);
}

static void refused(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content) {
    uint8_t why;
    uint64_t counter;
    if (plk_record_refused_decode(content, &why, &counter) != PLK_ERR_OK) return;
    if (why != PLK_RECORD_WHY_USED && why != PLK_RECORD_WHY_EXPIRED) return; // the next attempt may fare better
    enum plk_err reason = why == PLK_RECORD_WHY_USED ? PLK_ERR_USED : PLK_ERR_EXPIRED;
    peer->row.state = PLK_CONTACT_REFUSED;
    plk_peer_write(node, peer);
    plk_peer_forget_joining(node, peer);
    plk_node_event(node, PLK_EVENT_CONTACT, peer->row.contact, 0, 0, (uint8_t)reason, NULL);
}

static void joiner_reads(struct plk_node *node, struct plk_peer *peer, struct plk_link *link) {
    uint8_t type;
    struct plk_bytes content;
    size_t taken;
    while (peer->warm->joining && plk_records_next(node, link, &type, &content, &taken)) {
        if (plk_ledger_behind(&node->ledger) || !plk_mail_is_open(peer->warm->mail)) return;
        if (type == PLK_RECORD_ACCEPTANCE) accepted(node, peer, content);
        if (type == PLK_RECORD_REFUSED) refused(node, peer, content);
        plk_streams_consume(link->streams, 0, taken);
    }
}

// From the first time that the blob is handed over the inviter may hold us as its contact, and answers that blob for as long as
// it takes: the link's expiry ends nothing any more. Durable before the blob leaves.
static void hand_blob(struct plk_node *node, struct plk_peer *peer, struct plk_link *link) {
    struct plk_warm *warm = peer->warm;
    if (link->handed || !warm->joining) return;
    if (warm->join->expires_ms != PLK_JOINING_HANDED) {
        if (plk_ledger_behind(&node->ledger)) return;
        warm->join->expires_ms = PLK_JOINING_HANDED;
        write_joining(node, peer);
        warm->blob_mark = plk_ledger_mark(&node->ledger);
    }
    if (!plk_ledger_durable(&node->ledger, warm->blob_mark)) return;
    plk_records_write(link, PLK_RECORD_BLOB, plk_buf_bytes(&warm->blob));
    link->handed = true;
}

void plk_peer_meeting_settle(struct plk_node *node, struct plk_peer *peer) {
    struct plk_link *link = peer->meeting;
    if (link->went_down) {
        peer->meeting = NULL;
        link->peer = NULL;
        if (peer->warm->joining) plk_peer_dial_again(node, peer, link);
        return;
    }
    if (!plk_link_is_up(link)) return;
    if (link->restarted) link->handed = false;
    link->restarted = link->came_up = false;
    hand_blob(node, peer, link);
    joiner_reads(node, peer, link);
    if (peer->warm->joining || link->closing || link->dead) return;
    link->closing = true;
    if (peer->row.state != PLK_CONTACT_ACTIVE) return;
    const struct plk_path *path = plk_paths_active(&link->paths);
    struct plk_way way = {.transport = PLK_UDP};
    if (path != NULL && path->transport == PLK_UDP) way.addr = path->addr;
    plk_peer_call(node, peer, way.addr.family == 0 ? NULL : &way);
}
