// SPDX-License-Identifier: MIT
// The node as a whole: inputs in, everything settled, outputs out.
#include "node/inside.h"

struct plk_node *plk_node_new(const struct plk_node_config *config) {
    struct plk_node *node = plk_mem_take(config->mem, sizeof *node);
    node->mem = config->mem;
    node->allow_udp = config->allow_udp;
    node->allow_tcp = config->allow_tcp;
    node->learneds.off = config->no_learning;
    node->state = PLK_NODE_LOADING;
    node->dial_us = PLK_NEVER;
    node->sweep.due_us = PLK_NEVER;
    plk_rng_seed(&node->rng, config->entropy);
    plk_ledger_init(&node->ledger, node->mem);
    plk_outputs_init(&node->outputs, node->mem);
    plk_loads_init(&node->loads, node->mem);
    plk_cid_map_init(&node->cids, node->mem);
    plk_carriers_init(&node->carriers, node->mem);
    plk_hints_init(&node->hints, node->mem, &node->rng);
    plk_haunts_init(&node->haunts, node->mem, &node->rng);
    plk_peers_init(&node->peers, node->mem);
    plk_invites_init(&node->invites, node->mem);
    plk_relays_init(&node->relays, node->mem);
    plk_discovery_init(&node->discovery);
    plk_mapped_init(&node->mapped);
    plk_punch_init(&node->punch);
    plk_neighbours_init(&node->neighbours);
    plk_boxes_init(&node->boxes, node->mem);
    plk_timers_init(&node->link_timers, node->mem);
    plk_timers_init(&node->mail_timers, node->mem);
    plk_node_start_ask(node);
    return node;
}

void plk_node_free(struct plk_node *node) {
    if (node == NULL) return;
    plk_peers_free(node);
    plk_buf_free(node->mem, &node->avatar);
    plk_boxes_free(node);
    plk_relays_free(node);
    while (node->links != NULL) plk_link_free(node, node->links);
    plk_callers_free(node);
    plk_backup_job_free(node);
    plk_parley_free(node);
    plk_publish_free(node);
    plk_invites_free(&node->invites);
    plk_timers_free(&node->link_timers);
    plk_timers_free(&node->mail_timers);
    plk_hints_free(&node->hints);
    plk_haunts_free(&node->haunts);
    plk_carriers_free(&node->carriers);
    plk_cid_map_free(&node->cids);
    plk_loads_free(&node->loads);
    plk_outputs_free(&node->outputs);
    plk_ledger_free(&node->ledger);
    plk_mem_give(node->mem, node);
}

struct plk_mail_turn plk_node_turn(struct plk_node *node) {
    return (struct plk_mail_turn){
        .now = node->now, .rng = &node->rng, .batch = plk_ledger_batch(&node->ledger), .batch_n = node->ledger.open_n};
}

// ---- events -----------------------------------------------------------------------------------------------------------

// Into the row of the events just before, if that is still in the open batch and continues.
static void write_event(struct plk_node *node, const struct plk_event_row *event) {
    uint8_t key[8], value[PLK_EVENT_ROW_MAX];
    struct plk_writer w = plk_writer(key, sizeof key);
    struct plk_batch *batch = plk_ledger_batch(&node->ledger);
    if (node->events_batch_n != node->ledger.open_n || !plk_event_row_extend(&node->events, event)) {
        node->events = *event;
        node->events_batch_n = node->ledger.open_n;
    }
    plk_writer_u64(&w, node->events.n);
    size_t len = plk_event_row_encode(value, &node->events);
    plk_batch_upsert(batch, PLK_TABLE_event, plk_bytes(key, sizeof key), plk_bytes(value, len));
}

void plk_node_event_of(struct plk_node *node, const struct plk_event_row *row, const uint8_t *id) {
    struct plk_output output = {.kind = PLK_OUT_EVENT};
    output.event.row = *row;
    output.event.row.n = ++node->event_n;
    plk_sweep_mark(node);
    if (id != NULL) memcpy(output.event.id, id, PLK_ID_LEN);
    write_event(node, &output.event.row);
    plk_outputs_later(&node->outputs, plk_ledger_mark(&node->ledger), &output);
}

void plk_node_event(struct plk_node *node, enum plk_event_kind kind, uint32_t contact, uint64_t row,
                    enum plk_state state, uint8_t reason, const uint8_t *id) {
    struct plk_event_row event = {.kind = kind, .contact = contact, .row = row, .state = state, .reason = reason};
    plk_node_event_of(node, &event, id);
}

void plk_node_passing_event(struct plk_node *node, enum plk_event_kind kind, uint32_t contact) {
    struct plk_output output = {.kind = PLK_OUT_EVENT};
    output.event.row = (struct plk_event_row){.n = node->event_n, .kind = kind, .contact = contact};
    plk_outputs_later(&node->outputs, plk_ledger_mark(&node->ledger), &output);
}

// ---- rows that were asked for ----------------------------------------------------------------------------------------

static void loaded(struct plk_node *node, const struct plk_input *input) {
    struct plk_load *found = plk_loads_find(&node->loads, input->loaded.ticket);
    if (found == NULL) return;
    struct plk_load load = *found;
    if (!input->loaded.more) plk_loads_remove(&node->loads, found);
    switch (load.kind) {
    case PLK_LOAD_START:
    case PLK_LOAD_LAST_EVENT:
        plk_node_start_loaded(node, &load, input);
        break;
    case PLK_LOAD_CONTACT:
        plk_peer_loaded(node, &load, input);
        break;
    case PLK_LOAD_MAIL:
        plk_peer_mail_loaded(node, &load, input);
        break;
    case PLK_LOAD_CALLER:
        plk_callers_loaded(node, &load, input);
        break;
    case PLK_LOAD_BACKUP:
        plk_backup_job_loaded(node, input);
        break;
    case PLK_LOAD_PICTURE:
        plk_pictures_loaded(node, &load, input);
        break;
    case PLK_LOAD_SWEEP:
        plk_sweep_loaded(node, &load, input);
        break;
    case PLK_LOAD_MARKS:
        plk_marks_loaded(node, &load, input);
        break;
    case PLK_LOAD_EXPIRY:
        plk_expiry_loaded(node, &load, input);
        break;
    }
}

// ---- inputs -----------------------------------------------------------------------------------------------------------

static void all_dirty(struct plk_node *node) {
    for (struct plk_link *link = node->links; link != NULL; link = link->next) link->dirty = true;
    for (struct plk_peer *peer = node->peers.warm; peer != NULL; peer = peer->next_warm) {
        if (peer->heat == PLK_WARM) plk_peer_touch(node, peer);
    }
}

static void network(struct plk_node *node, const struct plk_input *input) {
    bool first = !node->network.known, changed = plk_network_set(&node->network, input);
    plk_mapped_network(node, input);
    plk_neighbours_network(node, input->network.beacon);
    if (!changed) return;
    if (node->state != PLK_NODE_READY) return;
    plk_discovery_forget(node);
    plk_mirrors_forget(node);
    for (struct plk_link *link = node->links; !first && link != NULL; link = link->next) {
        plk_link_network_changed(node, link);
    }
    if (!first) plk_relays_network_changed(node);
    plk_node_greet_all(node);
}

// After sleep nothing that was said about paths is known to hold; what waits is tried at once.
static void resume(struct plk_node *node, const struct plk_input *input) {
    node->suspended = false;
    plk_rng_stir(&node->rng, plk_bytes(input->resume.entropy, sizeof input->resume.entropy));
    if (node->state != PLK_NODE_READY) return;
    for (struct plk_link *link = node->links; link != NULL; link = link->next) plk_link_network_changed(node, link);
    plk_relays_network_changed(node);
    plk_mapped_again(node);
    plk_node_greet_all(node);
}

static void tick_links(struct plk_node *node) {
    uint64_t now_us = node->now.mono_us;
    while (plk_timers_due(&node->link_timers) <= now_us) {
        struct plk_timer *timer = plk_timers_first(&node->link_timers);
        struct plk_link *link = timer->owner;
        uint64_t due_us = link->dead ? PLK_NEVER : plk_link_deadline(node, link);
        // Once in a turn: what it is due for next is seen when it has been polled.
        plk_timers_set(&node->link_timers, timer, due_us <= now_us ? PLK_NEVER : due_us);
        if (due_us > now_us) continue;
        plk_link_tick(node, link);
        link->dirty = true;
    }
}

static void tick_mail(struct plk_node *node) {
    while (plk_timers_due(&node->mail_timers) <= node->now.mono_us) {
        plk_ledger_turn(&node->ledger);
        if (plk_ledger_behind(&node->ledger)) return; // STORED is followed by another look
        struct plk_timer *timer = plk_timers_first(&node->mail_timers);
        struct plk_peer *peer = timer->owner;
        plk_timers_set(&node->mail_timers, timer, PLK_NEVER); // until it has settled
        struct plk_mail_turn turn = plk_node_turn(node);
        plk_mail_tick(peer->warm->mail, &turn);
        plk_peer_mail_events(node, peer);
        plk_peer_touch(node, peer);
    }
}

static void tick_carriers(struct plk_node *node) {
    struct plk_carrier *next;
    for (struct plk_carrier *carrier = node->carriers.first; carrier != NULL; carrier = next) {
        next = carrier->next;
        bool waits = carrier->link == NULL || !carrier->open;
        if (!waits || node->now.mono_us - carrier->since_us < PLK_CARRIER_STRANGER_US) continue;
        struct plk_output output = {.kind = PLK_OUT_STREAM_CLOSE, .stream_close = {carrier->stream}};
        struct plk_link *link = carrier->link;
        uint32_t stream = carrier->stream;
        plk_outputs_now(&node->outputs, &output);
        plk_carriers_remove(&node->carriers, carrier);
        if (link != NULL) plk_link_carrier_gone(node, link, stream);
    }
}

// Everything that an input touched is brought to rest: links tell, mail reads and writes.
static void settle(struct plk_node *node) {
    plk_relays_settle(node);
    plk_parley_settle(node);
    plk_publish_settle(node);
    for (struct plk_link *link = node->links; link != NULL; link = link->next) {
        if (!link->dirty) continue;
        if (link->role == PLK_LINK_INVITER) plk_node_inviter_settle(node, link);
        if (link->peer != NULL) plk_peer_touch(node, link->peer);
    }
    while (node->peers.any_dirty) {
        node->peers.any_dirty = false;
        struct plk_peer *next;
        for (struct plk_peer *peer = node->peers.warm; peer != NULL; peer = next) {
            next = peer->next_warm;
            if (peer->dirty) plk_peer_settle(node, peer);
        }
    }
    struct plk_link *next;
    for (struct plk_link *link = node->links; link != NULL; link = next) {
        next = link->next;
        if (link->dead && link->peer == NULL) plk_link_free(node, link);
    }
}

// Whatever is due by now.
static void tick(struct plk_node *node) {
    tick_links(node);
    tick_mail(node);
    tick_carriers(node);
    plk_node_dial(node);
    plk_relays_tick(node);
    plk_discovery_tick(node);
    plk_mapped_tick(node);
    plk_punch_tick(node);
    plk_sockets_tick(node);
    plk_neighbours_tick(node);
    plk_mirrors_tick(node);
    plk_sweep_run(node);
    plk_expiry_run(node);
    plk_rotation_run(node);
    plk_learned_run(node);
    plk_friends_run(node);
}

void plk_node_handle(struct plk_node *node, struct plk_now now, const struct plk_input *input) {
    node->now = now;
    switch (input->kind) {
    case PLK_IN_TICK:
        break;
    case PLK_IN_DATAGRAM:
        plk_node_datagram(node, input);
        break;
    case PLK_IN_STREAM:
        plk_node_stream(node, input);
        break;
    case PLK_IN_STORED:
        if (plk_ledger_stored(&node->ledger, input->stored.n) == PLK_ERR_OK) all_dirty(node);
        plk_boxes_stored(node);
        break;
    case PLK_IN_STORE_STATE:
        node->ledger.stalled = input->store_state.stalled;
        all_dirty(node);
        break;
    case PLK_IN_LOADED:
        loaded(node, input);
        break;
    case PLK_IN_RESOLVED:
        plk_relays_resolved(node, input);
        break;
    case PLK_IN_NETWORK:
        network(node, input);
        break;
    case PLK_IN_SUSPEND:
        node->suspended = true;
        break;
    case PLK_IN_RESUME:
        resume(node, input);
        break;
    case PLK_IN_COMMAND:
        plk_node_command(node, &input->command);
        break;
    case PLK_IN_MAPPED:
        plk_mapped_host(node, input);
        break;
    case PLK_IN_SERVE:
        plk_serving_set(node, input);
        break;
    case PLK_IN_LEAVE:
        plk_mapped_leave(node);
        break;
    }
    tick(node);
    settle(node);
    node->polling = node->links;
}

// ---- outputs ------------------------------------------------------------------------------------------------------------

static uint64_t deadline(const struct plk_node *node) {
    bool sweeps = !node->suspended && node->state == PLK_NODE_READY;
    uint64_t deadline_us = node->suspended ? PLK_NEVER : node->dial_us;
    if (sweeps && !plk_ledger_behind(&node->ledger)) {
        deadline_us = plk_earlier(deadline_us, plk_parley_deadline(node));
        deadline_us = plk_earlier(deadline_us, plk_publish_deadline(node));
        deadline_us = plk_earlier(deadline_us, plk_rotation_deadline(node));
        deadline_us = plk_earlier(deadline_us, plk_learned_deadline(node));
        deadline_us = plk_earlier(deadline_us, plk_friends_deadline(node));
        deadline_us = plk_earlier(deadline_us, plk_expiry_deadline(node));
    }
    if (sweeps) deadline_us = plk_earlier(deadline_us, node->sweep.due_us);
    deadline_us = plk_earlier(deadline_us, plk_timers_due(&node->link_timers));
    deadline_us = plk_earlier(deadline_us, plk_relays_deadline(node));
    deadline_us = plk_earlier(deadline_us, plk_discovery_deadline(node));
    deadline_us = plk_earlier(deadline_us, plk_mapped_deadline(node));
    deadline_us = plk_earlier(deadline_us, plk_punch_deadline(node));
    deadline_us = plk_earlier(deadline_us, plk_neighbours_deadline(node));
    deadline_us = plk_earlier(deadline_us, plk_mirrors_deadline(node));
    if (!plk_ledger_behind(&node->ledger)) deadline_us = plk_earlier(deadline_us, plk_timers_due(&node->mail_timers));
    deadline_us = plk_earlier(deadline_us, plk_carriers_deadline(&node->carriers));
    return deadline_us;
}

// The next packet of any link that has something to say. What a link tells its owner meanwhile (it is gone, its path is another
// or lost) may lead to a call, words for another link or rows to be read: they have their turn in a new round.
static bool poll_links(struct plk_node *node, struct plk_output *output, bool *again) {
    while (node->polling != NULL) {
        struct plk_link *link = node->polling;
        if (link->dirty && plk_link_poll(node, link, output)) return true;
        bool owner_looks = link->dead || link->signal;
        // Whatever changes a link makes it dirty, so this is the one place where its deadline can have moved.
        if (link->dirty) plk_timers_set(&node->link_timers, &link->timer, plk_link_deadline(node, link));
        link->dirty = owner_looks;
        link->signal = false;
        node->polling = link->next;
        if (!owner_looks) continue;
        settle(node);
        node->polling = node->links;
        *again = true;
    }
    return false;
}

static bool poll_store(struct plk_node *node, struct plk_output *output) {
    uint64_t n;
    const struct plk_batch *batch = plk_ledger_emit(&node->ledger, &n);
    if (batch == NULL) return false;
    *output = (struct plk_output){.kind = PLK_OUT_STORE, .store = {.n = n, .ops = batch}};
    return true;
}

void plk_node_poll(struct plk_node *node, struct plk_now now, struct plk_output *output) {
    bool again;
    node->now = now;
    do {
        again = false;
        if (poll_store(node, output)) return;
        if (plk_loads_next(&node->loads, node->ledger.emitted_n, output)) return;
        if (plk_outputs_next(&node->outputs, node->ledger.stored_n, output)) return;
        if (plk_punch_poll(node, output)) return; // before others open flows
        if (poll_links(node, output, &again)) return;
        if (plk_relays_poll(node, output)) return;
        if (plk_discovery_poll(node, output)) return;
        if (plk_mapped_poll(node, output)) return;
        if (plk_neighbours_poll(node, output)) return;
    } while (again);
    // A packet may have closed a stream or opened one.
    if (plk_outputs_next(&node->outputs, node->ledger.stored_n, output)) return;
    if (poll_store(node, output)) return;
    *output = (struct plk_output){.kind = PLK_OUT_WAIT, .wait = {.deadline_us = deadline(node)}};
}
