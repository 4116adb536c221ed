// SPDX-License-Identifier: MIT
// What both sides of a first contact do: who I am, a new contact, and what is known once each knows the other.
#include "node/acquaint.h"

#include "node/inside.h"

void plk_node_payload(struct plk_node *node, const struct plk_peer *peer, struct plk_payload *payload) {
    memset(payload, 0, sizeof *payload);
    payload->name = plk_profile_name(&node->profile);
    payload->about = plk_profile_about(&node->profile);
    memcpy(payload->device, node->profile.device, sizeof payload->device);
    if (!peer->row.relay_only) plk_network_places(&node->network, &payload->places);
    payload->incarnation = plk_rng_u64(&node->rng) | 1;
}

// ---- queues ---------------------------------------------------------------------------------------------------------------

struct stand {
    unsigned relays, made, refused, open; // own relays; own boxes of the contact
};

static bool has_box(const struct plk_node *node, uint32_t contact, const struct plk_relay_link *relay) {
    const struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, true, contact, box)) != NULL) {
        if (box->relay == relay) return true;
    }
    return false;
}

static struct stand stand_of(const struct plk_node *node, uint32_t contact) {
    struct stand stand = {0};
    const struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, true, contact, box)) != NULL) {
        if (box->refused) {
            stand.refused++;
        } else if (box->made) {
            stand.made++;
        } else {
            stand.open++;
        }
    }
    for (const struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        stand.relays += relay->source != PLK_RELAY_FOREIGN;
    }
    return stand;
}

// The one relay that answers may be the malicious one: the other side is told of a queue at another one as well, which is made when that
// relay is there.
static void fill_up(struct plk_node *node, uint32_t contact, unsigned count) {
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        if (count >= PLK_BOXES_EACH) return;
        if (relay->source == PLK_RELAY_FOREIGN || has_box(node, contact, relay)) continue;
        if (plk_box_make(node, PLK_BOX_CONTACT, contact, relay, 0, NULL, NULL) != NULL) count++;
    }
}

bool plk_acquaint_queues(struct plk_node *node, uint32_t contact, struct plk_queues_wait *wait, uint64_t limit_us) {
    uint64_t now_us = node->now.mono_us;
    struct stand stand = stand_of(node, contact);
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        if (stand.made + stand.open >= PLK_BOXES_EACH) break;
        if (relay->source == PLK_RELAY_FOREIGN || !plk_relay_link_is_up(relay)) continue;
        if (has_box(node, contact, relay)) continue;
        if (plk_box_make(node, PLK_BOX_CONTACT, contact, relay, 0, NULL, NULL) != NULL) stand.open++;
    }
    unsigned wanted = stand.relays < PLK_BOXES_EACH ? stand.relays : PLK_BOXES_EACH;
    if (stand.made >= wanted || stand.refused == stand.relays) return true;
    if (wait->since_us == 0) wait->since_us = now_us;
    if (stand.made > 0 && wait->made_us == 0) wait->made_us = now_us;
    if (plk_acquaint_queues_due(wait, limit_us) > now_us) return false;
    if (stand.made > 0) fill_up(node, contact, stand.made + stand.open);
    return true;
}

uint64_t plk_acquaint_queues_due(const struct plk_queues_wait *wait, uint64_t limit_us) {
    uint64_t due_us = wait->made_us == 0 ? PLK_NEVER : wait->made_us + PLK_ACQUAINT_MORE_US;
    if (wait->since_us == 0 || limit_us == PLK_NEVER) return due_us;
    return plk_earlier(due_us, wait->since_us + limit_us);
}

struct plk_bytes plk_acquaint_offer(struct plk_node *node, uint32_t contact, uint8_t out[PLK_QUEUE_LIST_LEN_MAX]) {
    struct plk_queue_list list = {.count = 0};
    struct plk_writer w = plk_writer(out, PLK_QUEUE_LIST_LEN_MAX);
    plk_boxes_offer(node, contact, true, &list);
    if (list.count > 0) plk_queue_list_encode(&w, &list);
    plk_assert(!w.failed);
    plk_mem_wipe(&list, sizeof list);
    return plk_writer_bytes(&w);
}

void plk_acquaint_learn(struct plk_node *node, struct plk_peer *peer, struct plk_bytes queues) {
    if (queues.len > 0 && plk_post_learn(node, peer, queues, true) != PLK_ERR_OK) node->counters.protocol++;
}

// ---- contacts -------------------------------------------------------------------------------------------------------------

uint32_t plk_acquaint_number(struct plk_node *node) {
    uint32_t number = node->profile.next_contact++;
    plk_node_write_profile(node);
    return number;
}

struct plk_peer *plk_acquaint_new(struct plk_node *node, const uint8_t peer_id[PLK_PEER_ID_LEN],
                                  enum plk_contact_state state, struct plk_bytes name, uint32_t number) {
    static const char nobody[] = "new contact";
    struct plk_contact_row row = {.contact = number, .state = state};
    if (number == 0) row.contact = plk_acquaint_number(node);
    memcpy(row.peer_id, peer_id, PLK_PEER_ID_LEN);
    row.created_ms = node->now.wall_ms;
    struct plk_peer *peer = plk_peers_add(node, &row);
    plk_peer_name(node, peer, name.len > 0 ? name : plk_bytes(nobody, sizeof nobody - 1));
    plk_peer_make_warm(node, peer);
    return peer;
}

// With both sides' history there, and on the same devices, what one of them has lost is sent again; else what was delivered
// stays so: who has removed a contact does not get the old conversation back.
enum plk_mail_begin plk_acquaint_renew(struct plk_node *node, struct plk_peer *peer,
                                       const struct plk_identity *identity, const uint8_t secret[32],
                                       const struct plk_payload *theirs) {
    struct plk_warm *warm = peer->warm;
    bool moved;
    if (warm->has_recovery) plk_peer_recovery_end(node, peer);
    plk_recovery_renew(&warm->recovery, identity, secret, theirs, &moved);
    if (moved) plk_peer_moved_notice(node, peer);
    if (!plk_mail_has_begun(warm->mail)) return PLK_MAIL_BEGIN_FIRST;
    return theirs->continues && !moved ? PLK_MAIL_BEGIN_REKEY : PLK_MAIL_BEGIN_RESTORED;
}

bool plk_acquaint_given_up(const struct plk_peer *peer, const struct plk_payload *theirs) {
    return peer->warm->has_recovery && theirs->order != 0 && theirs->order <= peer->warm->recovery.order_seen;
}

static void take_name(struct plk_node *node, struct plk_peer *peer, struct plk_bytes name) {
    struct plk_contact_row *row = &peer->row;
    if (name.len == 0 || plk_bytes_equal(name, plk_bytes(row->profile_name, row->profile_name_len))) return;
    memset(row->profile_name, 0, sizeof row->profile_name);
    memcpy(row->profile_name, name.at, name.len);
    row->profile_name_len = (uint8_t)name.len;
    if (!row->renamed) plk_peer_name(node, peer, name);
}

// What both sides do once each knows the other: generation 1, recovery, name, addresses.
void plk_acquaint_know(struct plk_node *node, struct plk_peer *peer, const struct plk_first *first,
                       const uint8_t link_secret[32], const struct plk_payload *theirs, bool agreed) {
    struct plk_warm *warm = peer->warm;
    struct plk_generation_change change = {.write = 0};
    warm->has_recovery = true;
    plk_peer_write_recovery(node, peer);
    plk_generation_begin(&warm->generations, warm->recovery.lines, first->line, first->link_psk, link_secret,
                         theirs->link_public, agreed, node->now.wall_ms, &change);
    peer->row.state = PLK_CONTACT_ACTIVE;
    take_name(node, peer, theirs->name);
    warm->about.len = 0;
    plk_buf_put(node->mem, &warm->about, theirs->about);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_PEER_SLOT_ABOUT, theirs->about);
    plk_peer_places(node, peer, &theirs->places, PLK_CANDIDATE_LINK);
    plk_acquaint_learn(node, peer, theirs->queues);
    plk_peer_apply_generations(node, peer, &change);
    plk_peer_write(node, peer);
    if (peer->link != NULL) peer->link->closing = true;
    plk_node_event(node, PLK_EVENT_CONTACT, peer->row.contact, 0, 0, 0, NULL);
}
