// SPDX-License-Identifier: MIT
// From what the host received to the link that it is for. A stranger costs a look-up, and, for a message 1, a scan of hints
// from a budget; it gets no answer.
#include "node/boxes.h"
#include "node/inside.h"

static void to_invite(struct plk_node *node, uint32_t number, const struct plk_way *way,
                      const struct plk_packet *packet) {
    struct plk_invite *invite = plk_invites_find(&node->invites, number);
    if (invite == NULL) return;
    unsigned count = 0;
    for (struct plk_link *link = node->links; link != NULL; link = link->next) {
        if (link->role != PLK_LINK_INVITER) continue;
        count++;
        // The same message 1 once more, over this or another path: the same answer.
        if (link->own_gate.has_answer && link->invite == number && plk_link_has_answered(link, packet->ephemeral)) {
            plk_link_reply(link, way, plk_ledger_mark(&node->ledger));
            return;
        }
    }
    if (count >= PLK_INVITER_LINKS_MAX) {
        node->counters.limited++;
        return;
    }
    struct plk_link *link = plk_link_new(node, PLK_LINK_INVITER, NULL);
    uint8_t psk[32], hint_key[PLK_HINT_KEY_LEN];
    link->invite = number;
    plk_invite_session_psk(psk, invite->psk);
    plk_hint_key(hint_key, psk, PLK_HINT_JOINER);
    struct plk_handshake_keys keys = {.kind = PLK_HANDSHAKE_NN, .psk = psk, .hint_key = hint_key};
    if (plk_link_answer(node, link, &keys, packet, 0) == PLK_ERR_OK) {
        plk_serving_came(node, NULL, way);
        plk_link_reply(link, way, plk_ledger_mark(&node->ledger));
    } else {
        node->counters.forged++;
        plk_link_free(node, link);
    }
    plk_mem_wipe(psk, sizeof psk);
    plk_mem_wipe(hint_key, sizeof hint_key);
}

static bool holds_key_of(const struct plk_peer *peer, const struct plk_packet *packet) {
    for (unsigned i = 0; i < peer->row.hint_count; i++) {
        if (plk_hint_check(peer->row.hints[i].key, packet)) return true;
    }
    return false;
}

// The contact whose queue it came through. Nobody else writes into it: a relay that puts strangers there costs no scan.
static struct plk_peer *expected_by_relay(const struct plk_node *node, uint32_t id, const struct plk_packet *packet) {
    const struct plk_box *box = plk_boxes_find(node, id);
    if (box == NULL || !box->own || (box->use != PLK_BOX_CONTACT && box->use != PLK_BOX_LEFT)) return NULL;
    struct plk_peer *peer = plk_peers_find(&node->peers, box->owner);
    return peer != NULL && holds_key_of(peer, packet) ? peer : NULL;
}

// The contact that was heard from that address and made this message 1, or NULL. It costs no scan: a flood does not keep those
// out who call from where they always are, whatever they have lost.
static struct plk_peer *expected(const struct plk_node *node, const struct plk_way *way,
                                 const struct plk_packet *packet) {
    if (way->transport == PLK_PASS) return expected_by_relay(node, way->stream, packet);
    uint32_t owners[PLK_HAUNTS_EACH];
    size_t count = plk_haunts_at(&node->haunts, &way->addr, owners);
    for (size_t i = 0; i < count; i++) {
        struct plk_peer *peer = plk_peers_find(&node->peers, owners[i]);
        if (peer != NULL && holds_key_of(peer, packet)) return peer;
    }
    return NULL;
}

static void message1(struct plk_node *node, const struct plk_way *way, const struct plk_packet *packet) {
    struct plk_peer *peer = expected(node, way, packet);
    if (peer == NULL && way->transport == PLK_PASS) {
        node->counters.stranger++;
        return;
    }
    if (peer == NULL) {
        uint32_t owner;
        struct plk_hint_source source = {.addr = &way->addr, .proven = way->transport != PLK_UDP};
        enum plk_err err = plk_hints_find(&node->hints, packet, source, node->now.mono_us, &owner);
        if (err != PLK_ERR_OK) {
            node->counters.stranger += err == PLK_ERR_NOT_FOUND;
            node->counters.limited += err == PLK_ERR_LIMIT;
            return;
        }
        if ((owner & PLK_HINT_OF_INVITE) != 0) {
            to_invite(node, owner & ~PLK_HINT_OF_INVITE, way, packet);
            return;
        }
        peer = plk_peers_find(&node->peers, owner);
    }
    if (peer == NULL) return;
    plk_serving_came(node, peer, way);
    plk_peer_message1(node, peer, way, packet);
}

// A TCP stream that has carried a packet of a link belongs to it from then on.
static void adopt(struct plk_node *node, const struct plk_way *way, struct plk_link *link) {
    if (!plk_path_kind_of(way->transport).reliable) return;
    struct plk_carrier *carrier = plk_carriers_find(&node->carriers, way->stream);
    if (carrier != NULL && carrier->link == NULL) plk_carriers_adopt(&node->carriers, carrier, link);
}

void plk_node_packet(struct plk_node *node, const struct plk_way *way, struct plk_bytes bytes) {
    struct plk_packet packet;
    if (node->state != PLK_NODE_READY) return;
    if (plk_packet_decode(&packet, bytes) != PLK_ERR_OK) {
        node->counters.malformed++;
        return;
    }
    if (packet.kind == PLK_PACKET_STUN) {
        if (way->transport != PLK_UDP || !plk_discovery_heard(node, way, bytes)) node->counters.stranger++;
        return;
    }
    if (packet.kind == PLK_PACKET_MESSAGE1) {
        message1(node, way, &packet);
        return;
    }
    const struct plk_cid_entry *entry = plk_cid_map_find(&node->cids, packet.cid.at);
    if (entry == NULL) {
        if (way->transport == PLK_UDP && plk_relays_packet(node, &way->addr, &packet)) return;
        node->counters.stranger++;
        return;
    }
    struct plk_link *link = entry->link;
    if (link->peer != NULL && plk_peer_is_barred(link->peer, way->transport)) {
        node->counters.relay_only++;
        return;
    }
    bool for_attempt = entry->channel == PLK_LINK_ATTEMPT_CHANNEL;
    if (packet.kind == PLK_PACKET_MESSAGE2 && for_attempt) {
        plk_link_finish(node, link, way, &packet);
    } else if (packet.kind == PLK_PACKET_DATA && !for_attempt) {
        uint64_t heard_us = link->heard_us;
        plk_link_receive(node, link, entry->channel, way, &packet);
        if (link->heard_us >= heard_us && link->heard_us == node->now.mono_us) adopt(node, way, link);
    }
}

void plk_node_datagram(struct plk_node *node, const struct plk_input *input) {
    node->counters.datagrams_in++;
    struct plk_way way = {.transport = PLK_UDP, .addr = input->datagram.from, .stream = input->datagram.socket};
    if (plk_mapped_heard(node, &way.addr, input->datagram.data)) return;
    struct plk_addr group = plk_beacon_group(input->datagram.to.family, 0);
    if (plk_addr_equal(&input->datagram.to, &group)) {
        plk_neighbours_heard(node, &way.addr, input->datagram.data);
        return;
    }
    plk_node_packet(node, &way, input->datagram.data);
}

// ---- TCP ------------------------------------------------------------------------------------------------------------

static void drop_carrier(struct plk_node *node, struct plk_carrier *carrier, bool tell_host) {
    struct plk_output output = {.kind = PLK_OUT_STREAM_CLOSE, .stream_close = {carrier->stream}};
    struct plk_link *link = carrier->link;
    uint32_t stream = carrier->stream;
    if (tell_host) plk_outputs_now(&node->outputs, &output);
    if (link != NULL && !carrier->open) plk_link_note_at(node, link, PLK_TRAIL_REFUSED, PLK_TCP, &carrier->remote);
    plk_carriers_remove(&node->carriers, carrier);
    if (link != NULL) plk_link_carrier_gone(node, link, stream);
}

static void opened(struct plk_node *node, struct plk_carrier *carrier, size_t writable) {
    struct plk_link *link = carrier->link;
    carrier->open = true;
    carrier->writable = writable;
    if (link == NULL) return;
    link->dirty = true;
    plk_link_note_at(node, link, PLK_TRAIL_CONNECTED, PLK_TCP, &carrier->remote);
    if (!plk_link_is_up(link)) return;
    const struct plk_path *active = plk_paths_active(&link->paths);
    if (active != NULL && active->transport == PLK_UDP && !link->paths.suspect) {
        drop_carrier(node, carrier, true); // UDP was quicker
    } else {
        plk_link_ask_carriers(node, link);
    }
}

static void accepted(struct plk_node *node, const struct plk_input *input) {
    struct plk_carrier *surplus = plk_carriers_surplus(&node->carriers);
    if (surplus != NULL) {
        node->counters.limited++;
        drop_carrier(node, surplus, true);
    }
    struct plk_carrier *carrier =
        plk_carriers_add(&node->carriers, input->stream.stream, &input->stream.remote, NULL, node->now.mono_us);
    if (carrier != NULL) {
        carrier->open = true;
        carrier->writable = input->stream.writable;
        return;
    }
    node->counters.limited++;
    struct plk_output output = {.kind = PLK_OUT_STREAM_CLOSE, .stream_close = {input->stream.stream}};
    plk_outputs_now(&node->outputs, &output);
}

// Whole packets out of the stream; what is left waits for the rest.
static void bytes_came(struct plk_node *node, struct plk_carrier *carrier, struct plk_bytes data) {
    uint32_t stream = carrier->stream;
    if (data.len == 0) return;
    plk_buf_put(node->mem, &carrier->in, data);
    struct plk_buf in = carrier->in; // the carrier may go while its packets are read
    carrier->in = (struct plk_buf){0};
    size_t taken, at = 0;
    bool broken = false;
    for (;;) {
        struct plk_bytes packet;
        taken = plk_packet_unframe(plk_bytes(in.at + at, in.len - at), &packet, &broken);
        if (taken == 0) break;
        struct plk_way way = {.transport = PLK_TCP, .stream = stream};
        carrier = plk_carriers_find(&node->carriers, stream);
        if (carrier == NULL) break;
        way.addr = carrier->remote;
        plk_node_packet(node, &way, packet);
        at += taken;
    }
    carrier = plk_carriers_find(&node->carriers, stream);
    if (carrier != NULL && broken) {
        node->counters.malformed++;
        drop_carrier(node, carrier, true);
    } else if (carrier != NULL) {
        plk_buf_put(node->mem, &carrier->in, plk_bytes(in.at + at, in.len - at));
    }
    plk_buf_free(node->mem, &in);
}

void plk_node_stream(struct plk_node *node, const struct plk_input *input) {
    struct plk_carrier *carrier = plk_carriers_find(&node->carriers, input->stream.stream);
    if (carrier == NULL) {
        if (plk_relays_stream(node, input) || plk_mirrors_stream(node, input)) return;
        if (input->stream.event == PLK_STREAM_ACCEPTED) accepted(node, input);
        return;
    }
    switch (input->stream.event) {
    case PLK_STREAM_OPENED:
        opened(node, carrier, input->stream.writable);
        break;
    case PLK_STREAM_WRITABLE:
        carrier->writable = input->stream.writable;
        if (carrier->link != NULL) carrier->link->dirty = true;
        break;
    case PLK_STREAM_BYTES:
        bytes_came(node, carrier, input->stream.data);
        break;
    case PLK_STREAM_CLOSED:
        drop_carrier(node, carrier, false);
        break;
    case PLK_STREAM_ACCEPTED:
        break;
    }
}
