// SPDX-License-Identifier: MIT
// A contact's rows come in when it becomes active and go when it is idle; and each of its rows is written here.
#include "node/approach.h"
#include "node/inside.h"

// The tables that hold rows of one contact which are needed together; outbox and message are paged by mail.
static const enum plk_table contact_tables[] = {PLK_TABLE_ratchet, PLK_TABLE_skipped, PLK_TABLE_link, PLK_TABLE_blob};
#define CONTACT_TABLES (sizeof contact_tables / sizeof contact_tables[0])

static struct plk_warm *warm_new(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = plk_mem_take(node->mem, sizeof *warm);
    peer->next_warm = node->peers.warm;
    node->peers.warm = peer;
    warm->mail = plk_peer_mail_new(node, peer);
    plk_message_feed_init(&warm->control, node->mem, PLK_CONTROL_RECORD_MAX);
    plk_message_feed_init(&warm->mail_feed, node->mem, PLK_CIPHERTEXT_RECORD_MAX);
    warm->used_us = node->now.mono_us;
    return warm;
}

void plk_peer_make_warm(struct plk_node *node, struct plk_peer *peer) {
    plk_assert(peer->heat == PLK_COLD);
    peer->warm = warm_new(node, peer);
    peer->heat = PLK_WARM;
    plk_timers_set(&node->mail_timers, &peer->mail_timer, plk_mail_deadline(peer->warm->mail, node->now));
}

void plk_peer_warm(struct plk_node *node, struct plk_peer *peer) {
    if (peer->heat != PLK_COLD || peer->damaged) return;
    peer->warm = warm_new(node, peer);
    peer->heat = PLK_LOADING;
    node->peers.loading++;
    struct plk_key from = plk_key_contact(peer->row.contact);
    struct plk_key to = plk_key_after(&from);
    peer->warm->tables_left = CONTACT_TABLES;
    for (size_t i = 0; i < CONTACT_TABLES; i++) {
        plk_loads_ask(&node->loads, PLK_LOAD_CONTACT, peer->row.contact, contact_tables[i], contact_tables[i],
                      plk_key_bytes(&from), plk_key_bytes(&to), 0, false, plk_ledger_mark(&node->ledger));
    }
}

void plk_peer_cool(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    if (warm == NULL) return;
    struct plk_peer **at = &node->peers.warm;
    while (*at != peer) at = &(*at)->next_warm;
    *at = peer->next_warm;
    if (peer->heat == PLK_LOADING) node->peers.loading--;
    plk_timers_remove(&node->mail_timers, &peer->mail_timer);
    plk_loads_forget(&node->loads, peer->row.contact);
    plk_post_cool(node, peer);
    if (peer->heat == PLK_WARM) peer->undelivered = plk_mail_undelivered(warm->mail);
    if (peer->link != NULL) plk_link_free(node, peer->link);
    if (peer->meeting != NULL) plk_link_free(node, peer->meeting);
    if (peer->joiner != NULL) plk_link_free(node, peer->joiner);
    peer->link = peer->meeting = peer->joiner = NULL;
    plk_mail_free(warm->mail);
    plk_message_feed_free(&warm->control);
    plk_message_feed_free(&warm->mail_feed);
    plk_pictures_free(node, &warm->pictures);
    plk_mem_give(node->mem, warm->join);
    plk_mem_give(node->mem, warm->pending);
    plk_approach_free(node, warm->approach);
    struct plk_buf *bufs[] = {&warm->blob,  &warm->acceptance,   &warm->answer, &warm->request,
                              &warm->about, &warm->moved_queues, &warm->out[0], &warm->out[1]};
    for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++) plk_buf_free(node->mem, bufs[i]);
    plk_mem_give(node->mem, warm);
    peer->warm = NULL;
    peer->heat = PLK_COLD;
}

// ---- rows out -------------------------------------------------------------------------------------------------------

void plk_peer_put(struct plk_node *node, const struct plk_peer *peer, enum plk_table table, uint8_t kind,
                  struct plk_bytes value) {
    uint8_t key[5];
    struct plk_writer k = plk_writer(key, sizeof key);
    plk_writer_u32(&k, peer->row.contact);
    plk_writer_u8(&k, kind);
    struct plk_batch *batch = plk_ledger_batch(&node->ledger);
    if (value.len == 0) {
        plk_batch_delete(batch, table, plk_writer_bytes(&k));
    } else {
        plk_batch_upsert(batch, table, plk_writer_bytes(&k), value);
    }
}

void plk_peer_write_recovery(struct plk_node *node, struct plk_peer *peer) {
    uint8_t value[PLK_RECOVERY_ROW_MAX];
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_recovery_encode(&w, &peer->warm->recovery);
    plk_assert(!w.failed);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_SLOT_RECOVERY, plk_writer_bytes(&w));
    plk_mem_wipe(value, sizeof value);
}

void plk_peer_write_told(struct plk_node *node, struct plk_peer *peer) {
    uint8_t value[8];
    struct plk_writer w = plk_writer(value, sizeof value);
    peer->warm->told = node->profile_mark;
    plk_writer_u64(&w, node->profile_mark);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_PEER_SLOT_TOLD, plk_writer_bytes(&w));
}

void plk_peer_write_told_names(struct plk_node *node, struct plk_peer *peer) {
    if (node->avatar.len == 0) plk_peer_write_told(node, peer);
}

void plk_peer_write_candidates(struct plk_node *node, struct plk_peer *peer) {
    uint8_t value[PLK_CANDIDATES_ROW_MAX];
    size_t len = plk_candidates_encode(&peer->warm->candidates, value);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_PEER_SLOT_CANDIDATES, plk_bytes(value, len));
}

#define KEYING_VALUE_LEN 17

void plk_peer_write_keying(struct plk_node *node, struct plk_peer *peer, const struct plk_keying *keying) {
    uint8_t key[9], value[KEYING_VALUE_LEN];
    struct plk_writer k = plk_writer(key, sizeof key), w = plk_writer(value, sizeof value);
    plk_writer_u32(&k, peer->row.contact);
    plk_writer_u8(&k, PLK_PEER_SLOT_STAMP);
    plk_writer_u32(&k, keying->tag);
    plk_writer_u8(&w, 1);
    plk_writer_u64(&w, keying->stamp.reserved_until);
    plk_writer_u64(&w, keying->gate.highest);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_link, plk_writer_bytes(&k), plk_writer_bytes(&w));
}

void plk_peer_forget_keying(struct plk_node *node, struct plk_peer *peer, uint32_t tag) {
    uint8_t key[9];
    struct plk_writer k = plk_writer(key, sizeof key);
    plk_writer_u32(&k, peer->row.contact);
    plk_writer_u8(&k, PLK_PEER_SLOT_STAMP);
    plk_writer_u32(&k, tag);
    plk_batch_delete(plk_ledger_batch(&node->ledger), PLK_TABLE_link, plk_writer_bytes(&k));
    for (unsigned i = 0; i < PLK_PEER_KEYINGS; i++) {
        struct plk_keying *keying = &peer->warm->keyings[i];
        bool in_use = (peer->link != NULL && peer->link->gate == &keying->gate) ||
                      (peer->meeting != NULL && peer->meeting->gate == &keying->gate);
        if (keying->live && keying->tag == tag && !in_use) memset(keying, 0, sizeof *keying);
    }
}

void plk_peer_apply_generations(struct plk_node *node, struct plk_peer *peer,
                                const struct plk_generation_change *change) {
    struct plk_batch *batch = plk_ledger_batch(&node->ledger);
    struct plk_generations *all = &peer->warm->generations;
    uint8_t key[PLK_SLOT_GENERATION_LEN], value[PLK_GENERATION_ROW_MAX];
    for (unsigned i = 0; i < all->count; i++) {
        if ((change->write >> i & 1) == 0) continue;
        struct plk_writer w = plk_writer(value, sizeof value);
        plk_generation_encode(&w, &all->at[i]);
        plk_slot_generation(key, peer->row.contact, all->at[i].line_number, all->at[i].number);
        plk_batch_upsert(batch, PLK_TABLE_link, plk_bytes(key, sizeof key), plk_writer_bytes(&w));
    }
    for (unsigned i = 0; i < change->gone_count; i++) {
        plk_slot_generation(key, peer->row.contact, change->gone[i].line_number, change->gone[i].number);
        plk_batch_delete(batch, PLK_TABLE_link, plk_bytes(key, sizeof key));
        plk_peer_forget_keying(node, peer, plk_peer_tag(change->gone[i].line_number, change->gone[i].number));
    }
    plk_mem_wipe(value, sizeof value);
    if (change->write != 0 || change->gone_count > 0) plk_peer_hints(node, peer);
}

struct plk_keying *plk_peer_keying(struct plk_peer *peer, uint32_t tag) {
    struct plk_keying *spare = NULL;
    for (unsigned i = 0; i < PLK_PEER_KEYINGS; i++) {
        struct plk_keying *keying = &peer->warm->keyings[i];
        if (keying->live && keying->tag == tag) return keying;
        bool in_use = (peer->link != NULL && peer->link->gate == &keying->gate) ||
                      (peer->meeting != NULL && peer->meeting->gate == &keying->gate);
        if (!in_use && (!keying->live || spare == NULL)) spare = keying;
    }
    plk_assert(spare != NULL); // two links hold at most two
    *spare = (struct plk_keying){.live = true, .tag = tag};
    plk_stamp_init(&spare->stamp, 0);
    plk_gate_init(&spare->gate, 0);
    return spare;
}

void plk_peer_places(struct plk_node *node, struct plk_peer *peer, const struct plk_places *places,
                     enum plk_candidate_source source) {
    struct plk_addr_rules rules = plk_network_rules(&node->network, peer->loopback);
    for (unsigned i = 0; i < places->count; i++) {
        const struct plk_place *place = &places->at[i];
        bool taken = plk_candidates_add(&peer->warm->candidates, place->transport, &place->addr, source,
                                        node->now.wall_ms, &rules);
        node->counters.refused_addr += !taken;
    }
    plk_peer_write_candidates(node, peer);
}

// ---- rows in --------------------------------------------------------------------------------------------------------

static enum plk_err load_keying(struct plk_peer *peer, struct plk_reader *key, struct plk_bytes value) {
    struct plk_reader r = plk_reader(value);
    uint32_t tag = plk_reader_u32(key);
    uint8_t version = plk_reader_u8(&r);
    uint64_t reserved_until = plk_reader_u64(&r), highest = plk_reader_u64(&r);
    if (!plk_reader_done(key) || !plk_reader_done(&r) || version != 1) return PLK_ERR_CORRUPT;
    struct plk_keying *keying = plk_peer_keying(peer, tag);
    plk_stamp_init(&keying->stamp, reserved_until);
    plk_gate_init(&keying->gate, highest);
    return PLK_ERR_OK;
}

static enum plk_err load_pending(struct plk_node *node, struct plk_warm *warm, struct plk_bytes value) {
    warm->pending = plk_mem_take(node->mem, sizeof *warm->pending);
    warm->has_pending = true;
    return plk_rekey_pending_decode(value, warm->pending);
}

static enum plk_err load_joining(struct plk_node *node, struct plk_warm *warm, struct plk_bytes value) {
    warm->join = plk_mem_take(node->mem, sizeof *warm->join);
    warm->joining = true;
    enum plk_err err = plk_joining_decode(value, warm->join);
    if (err == PLK_ERR_OK && warm->recovery.order < warm->join->order) warm->recovery.order = warm->join->order;
    return err;
}

static enum plk_err load_told(uint64_t *told, struct plk_bytes value) {
    struct plk_reader r = plk_reader(value);
    *told = plk_reader_u64(&r);
    return plk_reader_done(&r) ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}

static enum plk_err load_told_queues(struct plk_warm *warm, struct plk_bytes value) {
    struct plk_reader r = plk_reader(value);
    warm->told_queues = plk_reader_u64(&r);
    if (r.left > 0) plk_reader_copy(&r, warm->told_queues_id, sizeof warm->told_queues_id);
    return plk_reader_done(&r) ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}

// A row of table link or blob that is not mail's.
static enum plk_err load_row(struct plk_node *node, struct plk_peer *peer, struct plk_bytes key,
                             struct plk_bytes value) {
    struct plk_warm *warm = peer->warm;
    struct plk_reader k = plk_reader(key);
    plk_reader_u32(&k);
    switch (plk_reader_u8(&k)) {
    case PLK_SLOT_RECOVERY:
        warm->has_recovery = true;
        return plk_recovery_decode(value, &warm->recovery);
    case PLK_SLOT_GENERATION:
        return plk_generation_load(&warm->generations, value);
    case PLK_SLOT_PENDING:
        return load_pending(node, warm, value);
    case PLK_SLOT_JOINING:
        return load_joining(node, warm, value);
    case PLK_SLOT_ANSWER:
        plk_buf_put(node->mem, &warm->answer, value);
        break;
    case PLK_SLOT_BLOB:
        plk_buf_put(node->mem, &warm->blob, value);
        break;
    case PLK_SLOT_ACCEPTANCE:
        plk_buf_put(node->mem, &warm->acceptance, value);
        break;
    case PLK_SLOT_OPENED:
        return plk_approach_load(node, peer, value);
    case PLK_SLOT_SEQUENCE:
        return load_told(&warm->bundle_sequence, value);
    case PLK_SLOT_REQUEST:
        plk_buf_put(node->mem, &warm->request, value);
        break;
    case PLK_PEER_SLOT_STAMP:
        return load_keying(peer, &k, value);
    case PLK_PEER_SLOT_PICTURE:
        return plk_pictures_load(node, peer, plk_reader_rest(&k), value);
    case PLK_PEER_SLOT_CANDIDATES:
        return plk_candidates_decode(value, &warm->candidates);
    case PLK_PEER_SLOT_ABOUT:
        plk_buf_put(node->mem, &warm->about, value);
        break;
    case PLK_PEER_SLOT_TOLD:
        return load_told(&warm->told, value);
    case PLK_PEER_SLOT_TOLD_QUEUES:
        return load_told_queues(warm, value);
    case PLK_PEER_SLOT_TOLD_SERVING:
        return load_told(&warm->told_serving, value);
    case PLK_PEER_SLOT_QUEUES:
        return plk_post_learn(node, peer, value, false) == PLK_ERR_OK ? PLK_ERR_OK : PLK_ERR_CORRUPT;
    case PLK_PEER_SLOT_MARKS:
        return plk_marks_load(peer, value);
    case PLK_PEER_SLOT_QUEUES_MOVED:
        plk_buf_put(node->mem, &warm->moved_queues, value);
        break;
    default:
        break;
    }
    return PLK_ERR_OK;
}

static enum plk_err load_rows(struct plk_node *node, struct plk_peer *peer, enum plk_table table,
                              const struct plk_input *input) {
    for (size_t i = 0; i < input->loaded.count; i++) {
        const struct plk_row *row = &input->loaded.rows[i];
        enum plk_err err = plk_mail_load(peer->warm->mail, table, row->key, row->value);
        bool ours = table == PLK_TABLE_link || table == PLK_TABLE_blob;
        if (err == PLK_ERR_OK && ours) err = load_row(node, peer, row->key, row->value);
        if (err != PLK_ERR_OK) return err;
    }
    return PLK_ERR_OK;
}

static bool is_loopback_contact(const struct plk_candidates *candidates) {
    for (size_t i = 0; i < candidates->count; i++) {
        if (plk_addr_class(&candidates->list[i].addr) == PLK_ADDR_LOOPBACK) return true;
    }
    return false;
}

static void note_haunts(struct plk_node *node, const struct plk_peer *peer) {
    const struct plk_candidates *candidates = &peer->warm->candidates;
    for (size_t i = candidates->count; i-- > 0;) {
        const struct plk_candidate *c = &candidates->list[i];
        if (c->source == PLK_CANDIDATE_GOOD) plk_haunts_note(&node->haunts, &c->addr, peer->row.contact);
    }
}

void plk_peer_run_commands(struct plk_node *node, struct plk_peer *peer) {
    for (unsigned count = peer->command_count; count > 0 && peer->heat == PLK_WARM; count--) {
        struct plk_waiting_command *waiting = peer->commands;
        peer->commands = waiting->next;
        if (peer->commands == NULL) peer->last_command = NULL;
        peer->command_count--;
        uint32_t contact = peer->row.contact;
        plk_node_command_again(node, &waiting->command);
        plk_buf_free(node->mem, &waiting->bytes);
        plk_mem_give(node->mem, waiting);
        if (plk_peers_find(&node->peers, contact) != peer) return; // it was removed
    }
}

static void run_stash(struct plk_node *node, struct plk_peer *peer) {
    unsigned count = peer->stash_count;
    peer->stash_count = 0;
    for (unsigned i = 0; i < count; i++) {
        plk_node_packet(node, &peer->stash[i].way, plk_bytes(peer->stash[i].bytes, peer->stash[i].len));
    }
    plk_mem_give(node->mem, peer->stash);
    peer->stash = NULL;
}

static void become_warm(struct plk_node *node, struct plk_peer *peer) {
    uint32_t contact = peer->row.contact;
    peer->heat = PLK_WARM;
    plk_timers_set(&node->mail_timers, &peer->mail_timer, plk_mail_deadline(peer->warm->mail, node->now));
    node->peers.loading--;
    peer->warm->used_us = node->now.mono_us;
    peer->loopback = is_loopback_contact(&peer->warm->candidates);
    note_haunts(node, peer);
    peer->undelivered = plk_mail_undelivered(peer->warm->mail);
    struct plk_generation_change change = {.write = 0};
    plk_generation_expire(&peer->warm->generations, node->now.wall_ms, &change);
    plk_peer_apply_generations(node, peer, &change);
    // A restored contact has no ratchet yet, and a stopped one waits for a new one: both re-key as soon as it answers.
    bool lost =
        peer->warm->has_recovery && (!plk_mail_has_ratchet(peer->warm->mail) || plk_mail_is_stopped(peer->warm->mail));
    peer->warm->rekey_wanted = lost;
    node->parley.look = true;
    plk_peer_dial_soon(node, peer, PLK_PEER_COOL_US); // whatever it was read for, one day it may go again
    run_stash(node, peer);
    plk_peer_run_commands(node, peer);
    if (plk_peers_find(&node->peers, contact) == peer) plk_peer_touch(node, peer);
}

// Rows that cannot be read take no other contact down with them, and are left as they are: whoever repairs the store finds them.
void plk_peer_damaged(struct plk_node *node, struct plk_peer *peer) {
    plk_peer_cool(node, peer);
    peer->damaged = true;
    peer->stash_count = 0;
    plk_peer_fail_commands(node, peer, PLK_ERR_CORRUPT);
    plk_node_event(node, PLK_EVENT_CONTACT, peer->row.contact, 0, 0, PLK_ERR_CORRUPT, NULL);
}

void plk_peer_loaded(struct plk_node *node, struct plk_load *load, const struct plk_input *input) {
    struct plk_peer *peer = plk_peers_find(&node->peers, load->contact);
    if (peer == NULL || peer->heat != PLK_LOADING) return;
    enum plk_err err = load_rows(node, peer, (enum plk_table)load->what, input);
    if (err == PLK_ERR_OK && input->loaded.more) return;
    if (err == PLK_ERR_OK && --peer->warm->tables_left > 0) return;
    if (err == PLK_ERR_OK) err = plk_mail_ready(peer->warm->mail);
    if (err == PLK_ERR_OK) {
        become_warm(node, peer);
        return;
    }
    plk_peer_damaged(node, peer);
}
