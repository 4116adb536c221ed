// SPDX-License-Identifier: MIT
// The inviter (DESIGN 3.3): a blob is met once; the acceptance is repeated for as long as the same blob asks for it.
// What must be durable before what leaves is in contact/first.h.
#include "node/acquaint.h"
#include "node/inside.h"
#include "node/records.h"

static void begin_mail(struct plk_node *node, struct plk_peer *peer, struct plk_first_opened *opened,
                       enum plk_mail_begin how, const uint8_t epoch[PLK_EPOCH_LEN]) {
    struct plk_mail_turn turn = plk_node_turn(node);
    plk_mail_begin(peer->warm->mail, &turn, how, &opened->first.ratchet, epoch);
    for (unsigned i = 0; i < opened->payload.envelope_count; i++) {
        if (plk_mail_adopt(peer->warm->mail, &turn, opened->payload.envelopes[i]) != PLK_ERR_OK)
            node->counters.protocol++;
    }
}

void plk_welcome_accept(struct plk_node *node, struct plk_peer *peer, struct plk_first_opened *opened,
                        const uint8_t hash[PLK_FIRST_HASH_LEN], bool requested) {
    struct plk_warm *warm = peer->warm;
    struct plk_mail_turn turn = plk_node_turn(node);
    struct plk_payload mine;
    uint8_t link_secret[32], acks[PLK_ACKS_LEN_MAX];
    struct plk_ratchet_place place;
    uint8_t queues[PLK_QUEUE_LIST_LEN_MAX];
    plk_invites_close_of(node, peer->row.contact); // an earlier acceptance is of no use any more
    plk_node_payload(node, peer, &mine);
    mine.queues = plk_acquaint_offer(node, peer->row.contact, queues);
    mine.continues = warm->has_recovery;
    mine.order = warm->recovery.order;
    plk_rng_bytes(&node->rng, mine.epoch, sizeof mine.epoch);
    plk_rng_bytes(&node->rng, link_secret, sizeof link_secret);
    plk_dh_public(mine.link_public, link_secret);
    enum plk_mail_begin how =
        plk_acquaint_renew(node, peer, &opened->identity, opened->first.recovery, &opened->payload);
    plk_recovery_refresh(&warm->recovery, &node->rng, &mine.reset);
    mine.has_reset = true;
    if (requested) {
        memcpy(mine.epoch, plk_mail_epoch(warm->mail), sizeof mine.epoch);
    } else {
        begin_mail(node, peer, opened, how, mine.epoch);
    }
    struct plk_writer w = plk_writer(acks, sizeof acks);
    plk_mail_acks(warm->mail, &w);
    mine.ack = plk_writer_bytes(&w);
    if (mine.ack.len > PLK_PAYLOAD_ACK_MAX) mine.ack.len = 0;
    plk_buf_free(node->mem, &warm->acceptance);
    enum plk_err err =
        plk_first_accept(node->mem, &node->rng, &opened->first.ratchet, hash, &mine, &warm->acceptance, &place);
    plk_assert(err == PLK_ERR_OK);
    plk_mail_set_ratchet(warm->mail, &turn, &opened->first.ratchet);
    plk_peer_put(node, peer, PLK_TABLE_blob, PLK_SLOT_ACCEPTANCE, plk_buf_bytes(&warm->acceptance));
    plk_acquaint_know(node, peer, &opened->first, link_secret, &opened->payload, false);
    plk_peer_write_told_names(node, peer);
    plk_peer_mail_events(node, peer);
    warm->acceptance_mark = plk_ledger_mark(&node->ledger);
    plk_parley_acceptance_due(node, peer);
    plk_mem_wipe(link_secret, sizeof link_secret);
    plk_mem_wipe(queues, sizeof queues);
}

static void opened_blob(struct plk_node *node, struct plk_link *link, struct plk_invite *invite,
                        struct plk_first_opened *opened, const uint8_t hash[PLK_FIRST_HASH_LEN]) {
    struct plk_peer *peer = plk_peers_by_id(&node->peers, opened->peer_id);
    const struct plk_path *path = plk_paths_active(&link->paths);
    if (peer == NULL) peer = plk_acquaint_new(node, opened->peer_id, PLK_CONTACT_ACTIVE, opened->payload.name, 0);
    if (path != NULL && plk_addr_class(&path->addr) == PLK_ADDR_LOOPBACK) peer->loopback = true;
    plk_welcome_accept(node, peer, opened, hash, false);
    if (path != NULL && path->transport == PLK_UDP) {
        struct plk_addr_rules rules = plk_network_rules(&node->network, peer->loopback);
        plk_candidates_add(&peer->warm->candidates, PLK_UDP, &path->addr, PLK_CANDIDATE_GOOD, node->now.wall_ms,
                           &rules);
        plk_peer_write_candidates(node, peer);
    }
    plk_invite_spend(invite, hash, peer->row.contact);
    plk_invites_write(node, invite);
    plk_publish_changed(node, invite);
    peer->warm->acceptance_mark = plk_ledger_mark(&node->ledger);
    link->meets = peer->row.contact;
    plk_peer_touch(node, peer);
}

// Each opened the other's link: the smaller PeerID's blob counts, so that both end with one ratchet. True: it is ours, which
// goes out on this session too, and theirs stays unanswered; else what we had begun is dropped in the batch that accepts theirs.
static bool insists(struct plk_node *node, struct plk_link *link, struct plk_peer *known) {
    if (known == NULL) return false;
    switch (plk_first_decide(node->persona.peer_id, known->row.peer_id, known->warm->joining)) {
    case PLK_FIRST_INSIST:
        link->insists = known->row.contact;
        return true;
    case PLK_FIRST_ACCEPT_AND_DROP:
        plk_peer_forget_joining(node, known);
        break;
    case PLK_FIRST_ACCEPT:
        break;
    }
    return false;
}

// A blob that was opened. False: the contact's rows must be read first. Who is blocked learns nothing, not even that.
static bool judge(struct plk_node *node, struct plk_link *link, struct plk_invite *invite,
                  struct plk_first_opened *opened, const uint8_t hash[PLK_FIRST_HASH_LEN]) {
    struct plk_peer *known = plk_peers_by_id(&node->peers, opened->peer_id);
    if (known != NULL && known->row.blocked) return true;
    if (known != NULL && known->row.relay_only) { // it came from an address
        node->counters.relay_only++;
        return true;
    }
    if (known != NULL && known->damaged) {
        plk_records_refuse(link, PLK_RECORD_WHY_LIMIT, 0);
        return true;
    }
    if (known != NULL && (known->heat != PLK_WARM || !plk_mail_is_open(known->warm->mail))) {
        plk_peer_warm(node, known);
        return false;
    }
    bool moved = known != NULL && known->warm->has_recovery &&
                 plk_recovery_is_refused(&known->warm->recovery, opened->payload.device);
    if (moved) {
        plk_records_refuse(link, PLK_RECORD_WHY_MOVED, 0);
    } else if (known != NULL && plk_acquaint_given_up(known, &opened->payload)) {
        plk_records_refuse(link, PLK_RECORD_WHY_USED, 0);
    } else if (!insists(node, link, known)) {
        opened_blob(node, link, invite, opened, hash);
    }
    return true;
}

// False: the contact's rows must be read first; the record stays where it is.
static bool take_blob(struct plk_node *node, struct plk_link *link, struct plk_invite *invite, struct plk_bytes blob) {
    uint8_t hash[PLK_FIRST_HASH_LEN], prekey[32], bundle[PLK_BUNDLE_LEN];
    struct plk_first_opened opened;
    plk_first_hash(hash, blob);
    enum plk_err err = plk_invite_meet(invite, hash, node->now.wall_ms);
    if (err == PLK_ERR_REPLAYED) {
        if (!plk_peers_is_relay_only(&node->peers, invite->contact)) link->meets = invite->contact;
        return true;
    }
    if (err != PLK_ERR_OK) {
        plk_records_refuse(link, err == PLK_ERR_EXPIRED ? PLK_RECORD_WHY_EXPIRED : PLK_RECORD_WHY_USED, 0);
        return true;
    }
    plk_invite_prekey(invite, prekey);
    plk_invite_bundle(invite, &node->persona, bundle);
    err = plk_first_open(node->mem, &node->persona, invite->psk, prekey, plk_bytes(bundle, sizeof bundle),
                         node->now.wall_ms, blob, &opened);
    plk_mem_wipe(prekey, sizeof prekey);
    if (err != PLK_ERR_OK) {
        node->counters.forged++;
        plk_records_refuse(link, PLK_RECORD_WHY_FORGED, 0);
        return true;
    }
    bool taken = judge(node, link, invite, &opened, hash);
    plk_first_opened_free(node->mem, &opened);
    return taken;
}

// Of an own invite that is open, or of the one that this very blob has spent.
static struct plk_invite *invite_of(struct plk_node *node, struct plk_bytes blob) {
    uint8_t named[32], hash[PLK_FIRST_HASH_LEN], bundle[PLK_BUNDLE_LEN];
    if (plk_first_names(blob, named) != PLK_ERR_OK) return NULL;
    plk_first_hash(hash, blob);
    for (size_t i = 0; i < node->invites.count; i++) {
        struct plk_invite *invite = &node->invites.list[i];
        if (invite->state != PLK_INVITE_OPEN) {
            if (memcmp(invite->blob_hash, hash, sizeof hash) == 0) return invite;
            continue;
        }
        plk_invite_bundle(invite, &node->persona, bundle);
        plk_persona_bundle_hash(hash, plk_bytes(bundle, sizeof bundle));
        if (memcmp(named, hash, sizeof named) == 0) return invite;
        plk_first_hash(hash, blob);
    }
    return NULL;
}

bool plk_node_take_crossing(struct plk_node *node, struct plk_link *link, struct plk_bytes blob) {
    struct plk_invite *invite = invite_of(node, blob);
    if (invite == NULL) {
        plk_records_refuse(link, PLK_RECORD_WHY_USED, 0);
        return true;
    }
    if (!take_blob(node, link, invite, blob)) return false;
    link->crossed = link->meets != 0;
    return true;
}

void plk_node_hand_acceptance(struct plk_node *node, struct plk_link *link) {
    struct plk_peer *peer = link->meets == 0 ? NULL : plk_peers_find(&node->peers, link->meets);
    if (peer == NULL || peer->row.blocked || peer->damaged) {
        link->meets = 0;
        return;
    }
    if (peer->heat != PLK_WARM) {
        plk_peer_warm(node, peer);
        return;
    }
    if (!plk_ledger_durable(&node->ledger, peer->warm->acceptance_mark)) return;
    if (peer->warm->acceptance.len > 0) {
        plk_records_write(link, PLK_RECORD_ACCEPTANCE, plk_buf_bytes(&peer->warm->acceptance));
    } else {
        plk_records_refuse(link, PLK_RECORD_WHY_USED, 0); // it has arrived long ago
    }
    link->meets = 0;
}

// The peer's word to our own blob, which went out on its session (see insists). False: it must wait.
static bool take_reply(struct plk_node *node, struct plk_link *link, uint8_t type, struct plk_bytes content) {
    struct plk_peer *peer = plk_peers_find(&node->peers, link->insists);
    if (peer == NULL || peer->row.blocked || peer->heat != PLK_WARM || !peer->warm->joining) return true;
    if (!plk_mail_is_open(peer->warm->mail)) return false;
    if (type == PLK_RECORD_ACCEPTANCE) plk_peer_accepted(node, peer, content);
    if (type == PLK_RECORD_REFUSED) plk_peer_join_refused(node, peer, content);
    if (peer->warm->joining) return true;
    link->insists = 0;
    link->closing = true; // refused: the peer comes again with its own blob, and then nothing crosses
    peer->greet = true;
    plk_peer_dial_soon(node, peer, 0);
    plk_peer_touch(node, peer);
    return true;
}

static void insist(struct plk_node *node, struct plk_link *link) {
    struct plk_peer *peer = link->insists == 0 ? NULL : plk_peers_find(&node->peers, link->insists);
    if (peer != NULL && peer->heat == PLK_WARM) plk_peer_hand_blob(node, peer, link);
}

void plk_node_inviter_settle(struct plk_node *node, struct plk_link *link) {
    struct plk_invite *invite = plk_invites_find(&node->invites, link->invite);
    uint8_t type;
    struct plk_bytes content;
    size_t taken;
    if (link->dead || invite == NULL || !plk_link_is_up(link)) return;
    while (!plk_ledger_behind(&node->ledger) && plk_records_next(node, link, &type, &content, &taken)) {
        bool done = type == PLK_RECORD_BLOB ? take_blob(node, link, invite, content)
                                            : link->insists == 0 || take_reply(node, link, type, content);
        if (!done) break;
        plk_streams_consume(link->streams, 0, taken);
    }
    insist(node, link);
    plk_node_hand_acceptance(node, link);
}
