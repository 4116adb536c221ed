// SPDX-License-Identifier: MIT
// Where a contact's link meets its mail: records of the streams go to mail, what mail has to say goes into the streams.
#include "node/inside.h"
#include "node/moved.h"

enum { CONTROL = 0, MAIL = 1 }; // the link's streams

void plk_peer_touch(struct plk_node *node, struct plk_peer *peer) {
    peer->dirty = true;
    node->peers.any_dirty = true;
}

// Bound into every message: whose conversation it is.
static void mail_ad(uint8_t hash[PLK_HASH_LEN], const struct plk_node *node, const struct plk_peer *peer) {
    static const char label[] = "PeerLink/1/node/mail";
    const uint8_t *mine = node->persona.peer_id, *theirs = peer->row.peer_id;
    bool smaller = memcmp(mine, theirs, PLK_PEER_ID_LEN) < 0;
    struct plk_bytes parts[] = {plk_bytes(label, sizeof label - 1), plk_bytes(smaller ? mine : theirs, PLK_PEER_ID_LEN),
                                plk_bytes(smaller ? theirs : mine, PLK_PEER_ID_LEN)};
    plk_hash(hash, parts, 3);
}

void plk_peer_identify(struct plk_node *node, struct plk_peer *peer, const uint8_t peer_id[PLK_PEER_ID_LEN]) {
    uint8_t hash[PLK_HASH_LEN];
    if (memcmp(peer->row.peer_id, peer_id, PLK_PEER_ID_LEN) == 0) return;
    memcpy(peer->row.peer_id, peer_id, PLK_PEER_ID_LEN);
    mail_ad(hash, node, peer);
    plk_mail_bind(peer->warm->mail, plk_bytes(hash, 32));
}

struct plk_mail *plk_peer_mail_new(struct plk_node *node, const struct plk_peer *peer) {
    uint8_t hash[PLK_HASH_LEN];
    mail_ad(hash, node, peer);
    struct plk_mail_config config = {.contact = peer->row.contact, .ad = plk_bytes(hash, 32)};
    memcpy(config.device, node->profile.device, sizeof config.device);
    return plk_mail_new(node->mem, &config);
}

bool plk_peer_needs_link(const struct plk_peer *peer) {
    return plk_mail_needs_link(peer->warm->mail) || plk_pictures_wait(peer);
}

bool plk_peer_is_online(const struct plk_node *node, const struct plk_peer *peer) {
    return peer->heard_us != 0 && peer->link != NULL && plk_link_is_up(peer->link) &&
           node->now.mono_us - peer->heard_us < PLK_PEER_ONLINE_US;
}

// ---- mail's events ----------------------------------------------------------------------------------------------------

void plk_peer_mail_events(struct plk_node *node, struct plk_peer *peer) {
    struct plk_mail_event event;
    while (plk_mail_event(peer->warm->mail, &event)) {
        uint32_t contact = peer->row.contact;
        switch (event.kind) {
        case PLK_MAIL_MESSAGE:
            plk_node_event(node, PLK_EVENT_MESSAGE, contact, event.row, event.state, 0, event.id);
            plk_expiry_message(node, peer, &event);
            if (event.direction == PLK_IN && event.body_kind == PLK_BODY_PICTURE) plk_pictures_came(node, peer, &event);
            break;
        case PLK_MAIL_STATE:
            plk_node_event(node, PLK_EVENT_STATE, contact, event.row, event.state, event.reason, event.id);
            plk_expiry_message(node, peer, &event);
            break;
        case PLK_MAIL_REPEATED:
            plk_pictures_repeat(node, peer, &event);
            break;
        case PLK_MAIL_CONTROL:
            plk_peer_take_control(node, peer, &event);
            break;
        case PLK_MAIL_EARLIER:
            plk_moved_seen(node, peer, event.device);
            break;
        case PLK_MAIL_TAKEN:
            if (event.body_kind == PLK_BODY_QUEUES) plk_post_taken(node, peer, event.id);
            break;
        case PLK_MAIL_LOST:
            plk_marks_lost(node, peer);
            break;
        case PLK_MAIL_REKEY_WANTED:
            peer->warm->rekey_wanted = true;
            plk_peer_dial_soon(node, peer, 0);
            break;
        case PLK_MAIL_ROLLBACK:
            node->counters.protocol++;
            break;
        }
    }
}

// It has arrived, and needs no repeating.
static void end_acceptance(struct plk_node *node, struct plk_peer *peer) {
    plk_buf_free(node->mem, &peer->warm->acceptance);
    peer->warm->acceptance_due = false;
    plk_peer_put(node, peer, PLK_TABLE_blob, PLK_SLOT_ACCEPTANCE, plk_bytes(NULL, 0));
    plk_invites_close_of(node, peer->row.contact);
}

// ---- streams --------------------------------------------------------------------------------------------------------

void plk_peer_take_record(struct plk_node *node, struct plk_peer *peer, bool control, struct plk_bytes record) {
    struct plk_mail_turn turn = plk_node_turn(node);
    struct plk_mail *mail = peer->warm->mail;
    if (control && record.len > 1 && record.at[0] == PLK_CONTROL_ACCEPTANCE) {
        plk_parley_acceptance(node, peer, plk_bytes(record.at + 1, record.len - 1));
        return;
    }
    enum plk_err err = control ? plk_mail_on_control(mail, &turn, record) : plk_mail_on_ciphertext(mail, &turn, record);
    switch (err) {
    case PLK_ERR_OK:
    case PLK_ERR_UNSUPPORTED:
        break;
    case PLK_ERR_REPLAYED:
        node->counters.duplicate++;
        break;
    case PLK_ERR_MALFORMED:
        node->counters.protocol++;
        break;
    case PLK_ERR_LIMIT:
        node->counters.limited++;
        break;
    default:
        node->counters.unreadable++;
        break;
    }
    plk_peer_mail_events(node, peer);
    if (peer->heat != PLK_WARM || peer->warm->acceptance.len == 0) return;
    if (plk_mail_has_opened(peer->warm->mail)) end_acceptance(node, peer); // written by whoever has read it
}

static void read_stream(struct plk_node *node, struct plk_peer *peer, struct plk_link *link, unsigned stream) {
    struct plk_message_feed *feed = stream == CONTROL ? &peer->warm->control : &peer->warm->mail_feed;
    for (;;) {
        plk_ledger_turn(&node->ledger);
        if (plk_ledger_behind(&node->ledger)) break; // the bytes stay where they are, and the peer's window shut
        struct plk_bytes record;
        enum plk_err err = plk_message_feed_next(feed, &record);
        if (err == PLK_ERR_OK) {
            plk_peer_take_record(node, peer, stream == CONTROL, record);
            if (peer->link != link || link->dead) return;
            continue;
        }
        if (err != PLK_ERR_EMPTY) {
            node->counters.protocol++;
            link->closing = true;
            return;
        }
        struct plk_bytes bytes = plk_streams_readable(link->streams, stream);
        if (bytes.len == 0) break;
        plk_message_feed_push(feed, bytes);
        plk_streams_consume(link->streams, stream, bytes.len);
    }
}

static void write_stream(struct plk_node *node, struct plk_peer *peer, struct plk_link *link, unsigned stream) {
    struct plk_buf *rest = &peer->warm->out[stream];
    struct plk_mail *mail = peer->warm->mail;
    for (;;) {
        if (rest->len > 0) {
            plk_buf_drop_front(rest, plk_streams_write(link->streams, stream, plk_buf_bytes(rest)));
            if (rest->len > 0) return;
        }
        struct plk_bytes record;
        uint64_t durable_n = node->ledger.stored_n;
        bool has = stream == CONTROL ? plk_mail_next_control(mail, durable_n, &record)
                                     : plk_mail_next(mail, durable_n, &record);
        if (!has) return;
        size_t taken = plk_streams_write(link->streams, stream, record);
        plk_buf_put(node->mem, rest, plk_bytes(record.at + taken, record.len - taken));
    }
}

// Of one who was a contact before, and whose link of earlier keys is up: it may have no queue that the acceptance can be put into. Behind
// the have, once a link.
static void hand_acceptance(struct plk_node *node, struct plk_peer *peer, struct plk_link *link) {
    struct plk_warm *warm = peer->warm;
    uint8_t head[PLK_RECORD_PREFIX_MAX + 1];
    struct plk_writer w = plk_writer(head, sizeof head);
    size_t len = 1 + warm->acceptance.len;
    if (warm->acceptance.len == 0 || link->handed || len > PLK_CONTROL_RECORD_MAX) return;
    if (!plk_ledger_durable(&node->ledger, warm->acceptance_mark)) return;
    if (plk_streams_sent_to(link->streams, CONTROL) == 0) return;
    plk_writer_varint(&w, len);
    plk_writer_u8(&w, PLK_CONTROL_ACCEPTANCE);
    plk_buf_put(node->mem, &warm->out[CONTROL], plk_writer_bytes(&w));
    plk_buf_put(node->mem, &warm->out[CONTROL], plk_buf_bytes(&warm->acceptance));
    link->handed = true;
}

// ---- the link's signals -----------------------------------------------------------------------------------------------

static void forget_streams(struct plk_peer *peer) {
    plk_message_feed_clear(&peer->warm->control);
    plk_message_feed_clear(&peer->warm->mail_feed);
    peer->warm->out[CONTROL].len = peer->warm->out[MAIL].len = 0;
}

static void note_good_address(struct plk_node *node, struct plk_peer *peer, struct plk_link *link) {
    const struct plk_path *path = plk_paths_active(&link->paths);
    if (path == NULL || path->addr.family == 0) return; // a queue is no address
    plk_haunts_note(&node->haunts, &path->addr, peer->row.contact);
    if (path->transport != PLK_UDP && path->inbound) return; // a passing port is no address
    const struct plk_candidates *c = &peer->warm->candidates;
    bool newest =
        c->count > 0 && c->list[0].transport == path->transport && plk_addr_equal(&c->list[0].addr, &path->addr);
    struct plk_addr_rules rules = plk_network_rules(&node->network, peer->loopback);
    plk_candidates_add(&peer->warm->candidates, path->transport, &path->addr, PLK_CANDIDATE_GOOD, node->now.wall_ms,
                       &rules);
    if (plk_addr_class(&path->addr) == PLK_ADDR_LOOPBACK) peer->loopback = true;
    if (!newest) plk_peer_write_candidates(node, peer);
}

static void confirm_generation(struct plk_node *node, struct plk_peer *peer, uint32_t tag) {
    struct plk_generations *all = &peer->warm->generations;
    for (size_t i = 0; i < all->count; i++) {
        if (plk_peer_tag(all->at[i].line_number, all->at[i].number) != tag) continue;
        struct plk_generation_change change = {.write = 0};
        plk_generation_confirmed(all, i, node->now.wall_ms, &change);
        plk_peer_apply_generations(node, peer, &change);
        break;
    }
    bool smaller = memcmp(node->persona.peer_id, peer->row.peer_id, PLK_PEER_ID_LEN) < 0;
    if (!smaller || !plk_generation_is_due(all, node->now.wall_ms)) return;
    uint8_t body[PLK_GENERATION_BODY_LEN];
    struct plk_generation_change change = {.write = 0};
    plk_generation_propose(all, &node->rng, node->now.wall_ms, body, &change);
    plk_peer_apply_generations(node, peer, &change);
    plk_peer_send_control(node, peer, PLK_BODY_LINK, plk_bytes(body, sizeof body));
}

// A session under the keys that came of it proves it.
static void settle_acceptance(struct plk_node *node, struct plk_peer *peer, uint32_t tag) {
    if (peer->warm->acceptance.len == 0 || tag >> 16 != plk_peer_tag(peer->warm->recovery.lines, 0) >> 16) return;
    end_acceptance(node, peer);
}

static void link_came_up(struct plk_node *node, struct plk_peer *peer, struct plk_link *link) {
    link->came_up = link->restarted = link->handed = false;
    forget_streams(peer);
    plk_post_link_up(node, peer);
    plk_mail_link_up(peer->warm->mail);
    peer->tries = 0;
    peer->greet = false;
    peer->next_try_us = PLK_NEVER;
    if (peer->warm->joining) plk_peer_dial_soon(node, peer, PLK_PEER_BACKOFF_US);
    confirm_generation(node, peer, plk_link_current(link)->tag);
    settle_acceptance(node, peer, plk_link_current(link)->tag);
    note_good_address(node, peer, link);
    plk_discovery_refresh(node);
    plk_node_passing_event(node, PLK_EVENT_PATH, peer->row.contact);
}

static void told(struct plk_node *node, struct plk_peer *peer, struct plk_link *link) {
    struct plk_places places = {.count = 0};
    for (unsigned i = 0; i < link->told_count && places.count < PLK_PLACES_MAX; i++) {
        if (!plk_frame_address_lasts(link->told_list[i].kind)) continue;
        places.at[places.count].transport = link->told_list[i].transport;
        places.at[places.count++].addr = link->told_list[i].addr;
    }
    link->told = false;
    plk_link_note(node, link, PLK_TRAIL_TOLD, NULL);
    plk_candidates_told_begin(&peer->warm->candidates);
    plk_peer_places(node, peer, &places, PLK_CANDIDATE_TOLD);
    plk_punch_told(node, link);
    plk_mirror_told(node, link);
    plk_paths_seek(&link->paths); // both are told at the same time, so both ask at the same time
    link->dirty = true;
}

static void call_again(struct plk_node *node, struct plk_peer *peer, struct plk_link *link) {
    const struct plk_path *path = plk_paths_active(&link->paths);
    struct plk_way way = {.transport = 0};
    if (path != NULL && path->transport != PLK_PASS) // queues are asked anyway
        way = (struct plk_way){.transport = path->transport, .addr = path->addr, .stream = path->stream};
    plk_peer_call(node, peer, way.transport == 0 ? NULL : &way);
}

static void link_went_down(struct plk_node *node, struct plk_peer *peer, struct plk_link *link) {
    plk_link_note(node, link, PLK_TRAIL_DOWN, NULL);
    plk_mail_link_down(peer->warm->mail);
    forget_streams(peer);
    if (!plk_link_is_up(link)) plk_post_unanswered(node, peer);
    peer->greet = peer->greet || link->vanished;
    peer->link = NULL;
    link->peer = NULL;
    peer->warm->used_us = node->now.mono_us;
    plk_node_passing_event(node, PLK_EVENT_PATH, peer->row.contact);
    plk_peer_dial_again(node, peer, link);
}

// False: there is no link any more, or mail is not ready for it.
static bool link_signals(struct plk_node *node, struct plk_peer *peer, struct plk_link *link) {
    bool up = plk_link_is_up(link), was_up = !link->came_up && up;
    if (link->heard_us > peer->heard_us && up) {
        peer->heard_us = link->heard_us;
        peer->seen_ms = node->now.wall_ms;
        peer->warm->used_us = node->now.mono_us;
    }
    if (link->went_down) {
        link_went_down(node, peer, link);
        return false;
    }
    if (!up || !plk_mail_is_open(peer->warm->mail)) return false;
    if (link->restarted && was_up) plk_mail_link_down(peer->warm->mail);
    if (link->came_up || link->restarted) link_came_up(node, peer, link);
    if (link->told) told(node, peer, link);
    if (link->path_changed) {
        link->path_changed = false;
        note_good_address(node, peer, link);
        plk_node_passing_event(node, PLK_EVENT_PATH, peer->row.contact);
    }
    if (link->lost || plk_session_needs_rekey(&plk_link_current(link)->session, node->now.mono_us)) {
        link->lost = false;
        call_again(node, peer, link);
    }
    return true;
}

static void ask_wishes(struct plk_node *node, struct plk_peer *peer) {
    struct plk_mail_load wish;
    while (plk_mail_wants(peer->warm->mail, &wish)) {
        plk_loads_ask(&node->loads, PLK_LOAD_MAIL, peer->row.contact, wish.want, wish.table, wish.from, wish.to,
                      wish.limit, false, wish.after_n);
    }
}

void plk_peer_mail_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input) {
    struct plk_peer *peer = plk_peers_find(&node->peers, load->contact);
    if (peer == NULL || peer->heat != PLK_WARM) return;
    struct plk_mail_turn turn = plk_node_turn(node);
    enum plk_err err = plk_mail_loaded(peer->warm->mail, &turn, (enum plk_mail_want)load->what, input->loaded.rows,
                                       input->loaded.count, input->loaded.more);
    if (err != PLK_ERR_OK) {
        plk_peer_mail_events(node, peer);
        plk_peer_damaged(node, peer);
        return;
    }
    peer->commands_due = peer->commands != NULL;
    plk_peer_mail_events(node, peer);
    plk_peer_touch(node, peer);
}

static void seal(struct plk_node *node, struct plk_peer *peer) {
    for (;;) {
        struct plk_mail_turn turn = plk_node_turn(node);
        bool again = plk_mail_seal(peer->warm->mail, &turn);
        plk_peer_mail_events(node, peer);
        if (!again) return;
        plk_ledger_turn(&node->ledger);
        if (plk_batch_full(plk_ledger_batch(&node->ledger))) return; // as much as may be under way is; STORED continues
    }
}

// Our name or about is another than it was told: the contact's side shows them. The mark of what it was told goes into the batch of
// the message, so it is told once, also across restarts.
static void tell_profile(struct plk_node *node, struct plk_peer *peer) {
    uint8_t body[PLK_PROFILE_BODY_MAX];
    struct plk_writer w = plk_writer(body, sizeof body);
    bool due = peer->warm->told != node->profile_mark && plk_mail_has_begun(peer->warm->mail);
    if (!due || peer->row.state != PLK_CONTACT_ACTIVE || peer->row.blocked) return;
    plk_node_profile_body(node, &w);
    plk_peer_send_control(node, peer, PLK_BODY_PROFILE, plk_writer_bytes(&w));
    plk_peer_write_told(node, peer);
}

// A cancel that had to wait until its row was read. False: the contact was removed by one of them.
static bool run_due(struct plk_node *node, struct plk_peer *peer) {
    uint32_t contact = peer->row.contact;
    if (!peer->commands_due) return true;
    peer->commands_due = false;
    plk_peer_run_commands(node, peer);
    return plk_peers_find(&node->peers, contact) == peer && peer->heat == PLK_WARM;
}

void plk_peer_settle(struct plk_node *node, struct plk_peer *peer) {
    peer->dirty = false;
    if (peer->heat != PLK_WARM) return;
    struct plk_link *link = peer->link;
    if (link != NULL && link->moved) {
        link->moved = false;
        link->closing = true;
        plk_link_attempt_end(node, link);
        if (peer->row.state == PLK_CONTACT_ACTIVE) plk_peer_replaced(node, peer);
    }
    bool open = link != NULL && link_signals(node, peer, link);
    if (open) {
        plk_streams_hold(link->streams, plk_ledger_behind(&node->ledger));
        read_stream(node, peer, link, CONTROL);
        read_stream(node, peer, link, MAIL);
    }
    if (!plk_ledger_behind(&node->ledger)) {
        if (!run_due(node, peer)) return;
        tell_profile(node, peer);
        plk_post_tell(node, peer);
        plk_marks_repeat(node, peer);
        plk_serving_tell(node, peer);
        plk_pictures_feed(node, peer);
        seal(node, peer);
    }
    plk_post_settle(node, peer);
    if (peer->heat != PLK_WARM) return;
    if (open && peer->link == link) {
        hand_acceptance(node, peer, link);
        write_stream(node, peer, link, CONTROL);
        write_stream(node, peer, link, MAIL);
        plk_mail_left(peer->warm->mail, node->now, plk_streams_sent_to(link->streams, MAIL));
    }
    if (plk_peer_needs_link(peer) && !peer->row.has_outbox) {
        peer->row.has_outbox = true;
        plk_peer_write(node, peer);
    }
    // Not yet called for this: what is set then is when its rows may go.
    if (peer->link == NULL && peer->tries == 0 && plk_peer_needs_link(peer)) plk_peer_dial_soon(node, peer, 0);
    if (peer->joiner != NULL) plk_peer_joiner_settle(node, peer);
    if (peer->meeting != NULL) plk_peer_rekey_settle(node, peer);
    ask_wishes(node, peer);
    uint64_t due_us = plk_earlier(plk_mail_deadline(peer->warm->mail, node->now), plk_post_deadline(node, peer));
    plk_timers_set(&node->mail_timers, &peer->mail_timer, due_us);
}
