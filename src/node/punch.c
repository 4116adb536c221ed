// SPDX-License-Identifier: MIT
#include "node/punch.h"

#include "node/inside.h"

void plk_punch_init(struct plk_punch *punch) { *punch = (struct plk_punch){.look_us = PLK_NEVER}; }

static void look_at(struct plk_node *node, uint64_t at_us) {
    node->punch.look_us = plk_earlier(node->punch.look_us, at_us);
}

// ---- who may be helped ------------------------------------------------------------------------------------------------

// What the peer's list says of its NAT.
struct theirs {
    bool hard, sequential;
    struct plk_addr seen[PLK_VOLLEY_TARGETS]; // where it is, as far as others see it
    unsigned seen_count;
    struct plk_addr predicted[PLK_VOLLEY_TARGETS];
    unsigned predicted_count;
    bool scattered;
    struct plk_addr at; // SCATTERED: of any port there
};

static void note(struct plk_addr *list, unsigned *count, const struct plk_addr *addr) {
    if (*count < PLK_VOLLEY_TARGETS) list[(*count)++] = *addr;
}

static void read_one(struct theirs *theirs, const struct plk_frame_address *told) {
    switch (told->kind) {
    case PLK_FRAME_ADDRESS_SEQUENTIAL:
        theirs->hard = theirs->sequential = true;
        break;
    case PLK_FRAME_ADDRESS_RANDOM:
        theirs->hard = true;
        break;
    case PLK_FRAME_ADDRESS_PREDICTED:
        note(theirs->predicted, &theirs->predicted_count, &told->addr);
        break;
    case PLK_FRAME_ADDRESS_SCATTERED:
        theirs->scattered = true;
        theirs->at = told->addr;
        break;
    default:
        note(theirs->seen, &theirs->seen_count, &told->addr);
        break;
    }
}

static struct theirs read_told(const struct plk_link *link) {
    struct theirs theirs;
    memset(&theirs, 0, sizeof theirs);
    for (unsigned i = 0; i < link->told_count; i++) {
        const struct plk_frame_address *told = &link->told_list[i];
        bool fit = told->transport == PLK_UDP && told->addr.family == 4 && told->addr.port != 0;
        if (fit && plk_addr_class(&told->addr) == PLK_ADDR_GLOBAL) read_one(&theirs, told);
    }
    return theirs;
}

static bool is_direct(const struct plk_link *link) {
    const struct plk_path *active = plk_paths_active(&link->paths);
    return active != NULL && active->transport != PLK_PASS;
}

static bool may_help(const struct plk_link *link) {
    if (link->role != PLK_LINK_CONTACT || link->peer == NULL || link->dead || !plk_link_is_up(link)) return false;
    return plk_paths_active(&link->paths) != NULL && !is_direct(link) && !plk_peer_is_barred(link->peer, PLK_UDP);
}

// A round trip by the path that data takes now.
static uint64_t trip_us(const struct plk_link *link) {
    const struct plk_path *active = plk_paths_active(&link->paths);
    return active == NULL ? 0 : active->rtt_us;
}

// ---- an attempt ---------------------------------------------------------------------------------------------------------

static void end(struct plk_node *node) {
    struct plk_punch *punch = &node->punch;
    struct plk_link *link = punch->link;
    plk_link_probe_end(link, &punch->probe);
    plk_punch_init(punch);
    look_at(node, node->now.mono_us);
    plk_sockets_look(node); // those by which nothing came
}

// What fails is not repeated at once, and what fills the tables of a router the less.
static void fail(struct plk_node *node) {
    struct plk_link_punch *of = &node->punch.link->punch;
    uint64_t wait_us = PLK_PUNCH_AFTER_US;
    if (node->punch.stage != PLK_PUNCH_AIMING) {
        if (!node->punch.birthday) of->tries++;
        if (node->punch.birthday) wait_us = plk_doubled(PLK_PUNCH_AGAIN_US, of->failures++, PLK_PUNCH_AGAIN_MOST_US);
        of->next_us = node->now.mono_us + wait_us;
        of->wanted = true;
    }
    end(node);
}

static void tell_peer(struct plk_node *node, struct plk_link *link) {
    node->network.sequence++;
    link->addresses_due = link->dirty = true;
}

static void open_fire(struct plk_node *node) {
    struct plk_punch *punch = &node->punch;
    enum plk_volley_kind kind = punch->birthday ? PLK_VOLLEY_SCATTER : PLK_VOLLEY_OPEN;
    plk_volley_begin(&punch->volley, kind, punch->targets, punch->target_count, node->now.mono_us);
    punch->volley.first_socket = punch->first_socket;
    punch->volley.socket_count = punch->socket_count;
    punch->volley.hops = (uint8_t)(2 + punch->link->punch.tries % 4);
}

static void begin(struct plk_node *node, struct plk_link *link, bool birthday, const struct theirs *theirs) {
    struct plk_punch *punch = &node->punch;
    const struct plk_reflexive_found *found = &node->discovery.families[0].found;
    unsigned count = birthday ? PLK_VOLLEY_SOCKETS : 1;
    struct plk_addr server;
    if (found->seen_count == 0 || !plk_discovery_server(node, &server)) return;
    uint32_t first = plk_sockets_open(node, count);
    if (first == 0) return;
    plk_punch_init(punch);
    punch->link = link;
    punch->birthday = birthday;
    punch->first_socket = first;
    punch->socket_count = count;
    punch->server = server;
    // Of an easy peer, where it is seen; of a hard one, where it says that it will be.
    punch->target_count = theirs->hard ? theirs->predicted_count : theirs->seen_count;
    memcpy(punch->targets, theirs->hard ? theirs->predicted : theirs->seen, sizeof punch->targets);
    punch->until_us = node->now.mono_us + (birthday ? PLK_PUNCH_BIRTHDAY_US : PLK_PUNCH_PREDICT_US + 3 * trip_us(link));
    if (!birthday) {
        uint8_t random[12];
        plk_rng_bytes(&node->rng, random, sizeof random);
        plk_stun_id(punch->id, random);
        punch->ask_us = node->now.mono_us;
        return;
    }
    punch->stage = PLK_PUNCH_OPENING;
    punch->target_count = 1; // that many more openers it would cost
    punch->told[punch->told_count++] = found->seen[0];
    tell_peer(node, link);
    open_fire(node);
}

static void look_again(struct plk_node *node, struct plk_link *link, uint64_t at_us) {
    link->punch.wanted = true;
    link->punch.next_us = at_us;
    look_at(node, at_us);
}

// Neither NAT is hard, and yet plain punching has not opened them: the first packet of one side came to the other's router before that had
// let one out, and the router took it for its own (nat-facts: early packet). Then that pair of addresses is spoilt as long as it is
// tried; one socket more on one side, whose first packets die before they get there, makes another.
static void consider_plain(struct plk_node *node, struct plk_link *link, const struct theirs *theirs) {
    if (theirs->hard || !link->own_smaller || link->punch.tries >= PLK_PUNCH_PREDICTIONS) return;
    if (node->now.mono_us < link->punch.plain_us) {
        look_again(node, link, link->punch.plain_us);
    } else {
        begin(node, link, false, theirs);
    }
}

// Ours is the hard side: what may be tried for this link now.
static void consider(struct plk_node *node, struct plk_link *link) {
    struct plk_nat_class own = plk_discovery_class(node);
    struct theirs theirs = read_told(link);
    link->punch.wanted = false;
    if (!may_help(link) || theirs.seen_count + theirs.hard == 0) return;
    if (!plk_nat_is_hard(own.mapping)) {
        consider_plain(node, link, &theirs);
        return;
    }
    bool sequential = own.ports == PLK_NAT_PORTS_SEQUENTIAL;
    if (theirs.hard && !(sequential && theirs.sequential)) return; // these two classes rule it out
    bool predict = sequential && link->punch.tries < PLK_PUNCH_PREDICTIONS;
    if (!predict && theirs.hard) return;
    if (!predict && node->now.mono_us - link->payload_us >= PLK_LINK_TALK_US) { // too much for two who say nothing
        look_again(node, link, node->now.mono_us + PLK_PUNCH_QUIET_US);
        return;
    }
    theirs.predicted_count = 0; // of an earlier attempt
    begin(node, link, !predict, &theirs);
}

// The next link that waits for an attempt of its own.
static void find_next(struct plk_node *node) {
    struct plk_punch *punch = &node->punch;
    uint64_t now_us = node->now.mono_us;
    punch->look_us = PLK_NEVER;
    for (struct plk_link *link = node->links; link != NULL && punch->link == NULL; link = link->next) {
        if (!link->punch.wanted) continue;
        if (link->punch.next_us > now_us) {
            look_at(node, link->punch.next_us);
        } else {
            consider(node, link);
        }
    }
}

static void anew(struct plk_node *node, struct plk_link *link) {
    link->punch.tries = link->punch.failures = 0;
    link->punch.guess_us = 0;
    link->punch.plain_us = node->now.mono_us + PLK_PUNCH_PLAIN_US;
    link->punch.wanted = link->told_count > 0;
    link->punch.next_us = node->now.mono_us + PLK_PUNCH_AFTER_US;
    look_at(node, link->punch.next_us);
}

void plk_punch_look(struct plk_node *node) {
    const struct plk_punch *punch = &node->punch;
    const struct plk_reflexive_found *found = &node->discovery.families[0].found;
    bool tells = punch->link != NULL && punch->told_count > 0 && found->seen_count > 0;
    if (tells && !plk_addr_same_ip(&punch->told[0], &found->seen[0])) end(node); // it has been told a wrong address
    for (struct plk_link *link = node->links; link != NULL; link = link->next) anew(node, link);
}

// ---- what the peer says -------------------------------------------------------------------------------------------------

static void aim(struct plk_node *node, struct plk_link *link, enum plk_volley_kind kind, const struct plk_addr *targets,
                unsigned count) {
    struct plk_punch *punch = &node->punch;
    uint64_t now_us = node->now.mono_us;
    if (punch->link != NULL) return; // busy with another, or guessing already: the peer will try again
    plk_punch_init(punch);
    punch->link = link;
    punch->stage = PLK_PUNCH_AIMING;
    punch->until_us = now_us + (kind == PLK_VOLLEY_GUESS ? PLK_PUNCH_BIRTHDAY_US : PLK_PUNCH_AIM_US);
    plk_volley_begin(&punch->volley, kind, targets, count, now_us);
    if (kind == PLK_VOLLEY_GUESS) link->punch.guess_us = now_us + PLK_PUNCH_AGAIN_US - PLK_PUNCH_BIRTHDAY_US;
}

// Both are hard, and count: each aims at what the other will be given, when it knows what it will be given itself.
static void meet(struct plk_node *node, struct plk_link *link, const struct theirs *theirs) {
    struct plk_punch *punch = &node->punch;
    bool busy = punch->link != NULL && punch->link != link;
    if (busy || plk_discovery_class(node).ports != PLK_NAT_PORTS_SEQUENTIAL) return;
    if (punch->link == link && punch->target_count == 0) {
        punch->target_count = theirs->predicted_count;
        memcpy(punch->targets, theirs->predicted, sizeof punch->targets);
        if (punch->stage == PLK_PUNCH_OPENING) open_fire(node);
        return;
    }
    if (link->punch.tries >= 2 * PLK_PUNCH_PREDICTIONS) return;
    if (punch->link == link) { // it has lost what it told, and tells anew
        link->punch.tries++;
        end(node);
    }
    begin(node, link, false, theirs);
}

// It is somewhere else than we aim at.
static void aim_anew(struct plk_node *node, struct plk_link *link, const struct theirs *theirs) {
    struct plk_punch *punch = &node->punch;
    if (!punch->birthday) {
        end(node);
        begin(node, link, false, theirs);
        return;
    }
    punch->targets[0] = theirs->seen[0];
    punch->until_us = node->now.mono_us + PLK_PUNCH_BIRTHDAY_US;
    open_fire(node);
}

// Whatever has failed need not fail where the peer is now.
static void note_place(struct plk_node *node, struct plk_link *link, const struct theirs *theirs) {
    struct plk_punch *punch = &node->punch;
    bool same = theirs->seen_count > 0 && plk_addr_equal(&theirs->seen[0], &link->punch.peer_at);
    if (!same) anew(node, link);
    link->punch.peer_at = theirs->seen_count > 0 ? theirs->seen[0] : (struct plk_addr){.family = 0};
    link->punch.wanted = true;
    if (same) look_at(node, link->punch.next_us);
    bool opens = punch->link == link && punch->stage != PLK_PUNCH_AIMING && !theirs->hard && punch->target_count > 0;
    if (!same && opens && theirs->seen_count > 0) aim_anew(node, link, theirs);
}

void plk_punch_told(struct plk_node *node, struct plk_link *link) {
    struct theirs theirs = read_told(link);
    struct plk_punch *punch = &node->punch;
    note_place(node, link, &theirs);
    if (!may_help(link)) return;
    // A list that is sent again for another reason does not end the guessing that an earlier one has begun.
    if (punch->link == link && punch->stage == PLK_PUNCH_AIMING && theirs.predicted_count > 0) end(node);
    bool hard = plk_nat_is_hard(plk_discovery_class(node).mapping);
    if (theirs.predicted_count > 0 && hard) {
        meet(node, link, &theirs);
    } else if (theirs.predicted_count > 0) {
        aim(node, link, PLK_VOLLEY_AIM, theirs.predicted, theirs.predicted_count);
    } else if (theirs.scattered && !hard && link->punch.guess_us <= node->now.mono_us) {
        aim(node, link, PLK_VOLLEY_GUESS, &theirs.at, 1);
    }
}

unsigned plk_punch_listed(const struct plk_node *node, const struct plk_link *link, struct plk_frame_address *list) {
    const struct plk_punch *punch = &node->punch;
    if (punch->link != link) return 0;
    for (unsigned i = 0; i < punch->told_count; i++) {
        list[i] = (struct plk_frame_address){.transport = PLK_UDP, .addr = punch->told[i]};
        list[i].kind = punch->birthday ? PLK_FRAME_ADDRESS_SCATTERED : PLK_FRAME_ADDRESS_PREDICTED;
    }
    return punch->told_count;
}

void plk_punch_lost(struct plk_node *node, struct plk_link *link) {
    link->punch.wanted = link->told_count > 0;
    look_at(node, node->now.mono_us);
}

void plk_punch_anew(struct plk_node *node, struct plk_link *link) {
    if (node->punch.link == link) end(node);
    anew(node, link);
}

void plk_punch_forget(struct plk_node *node, struct plk_link *link) {
    if (node->punch.link == link) end(node);
    plk_sockets_look(node);
}

// ---- questions and packets ----------------------------------------------------------------------------------------------

bool plk_punch_heard(struct plk_node *node, const struct plk_stun *message) {
    struct plk_punch *punch = &node->punch;
    bool asked = punch->link != NULL && punch->stage == PLK_PUNCH_PROBING && punch->sends > 0;
    if (!asked || memcmp(punch->id, message->id, sizeof punch->id) != 0) return false;
    if (message->kind != PLK_STUN_SUCCESS || message->xor_mapped.family != 4) return true;
    struct plk_nat_class own = plk_discovery_class(node);
    bool hard = plk_nat_is_hard(own.mapping);
    if (hard && own.step == 0) return true; // the NAT is another by now
    punch->told[0] = message->xor_mapped;
    punch->told_count = hard ? plk_predict_window(&message->xor_mapped, own.step, punch->told) : 1;
    punch->stage = PLK_PUNCH_OPENING;
    tell_peer(node, punch->link);
    open_fire(node); // at once: what our NAT gives next is ours
    return true;
}

bool plk_punch_uses(const struct plk_node *node, uint32_t socket) {
    const struct plk_punch *punch = &node->punch;
    return punch->link != NULL && socket - punch->first_socket < punch->socket_count;
}

void plk_punch_tick(struct plk_node *node) {
    struct plk_punch *punch = &node->punch;
    uint64_t now_us = node->now.mono_us;
    if (node->suspended || node->state != PLK_NODE_READY) return;
    if (punch->link != NULL && is_direct(punch->link)) {
        punch->link->punch = (struct plk_link_punch){.tries = 0}; // as if nothing had ever failed
        end(node);
    } else if (punch->link != NULL && (punch->until_us <= now_us || !may_help(punch->link))) {
        fail(node);
    }
    if (punch->link == NULL && punch->look_us <= now_us) find_next(node);
}

static bool poll_question(struct plk_node *node, struct plk_output *output) {
    struct plk_punch *punch = &node->punch;
    bool due = punch->stage == PLK_PUNCH_PROBING && punch->ask_us <= node->now.mono_us;
    if (!due || punch->sends == PLK_PUNCH_PROBE_SENDS) return false;
    struct plk_stun ask = {.kind = PLK_STUN_REQUEST};
    struct plk_writer w = plk_writer(node->stun, sizeof node->stun);
    memcpy(ask.id, punch->id, sizeof ask.id);
    plk_stun_encode(&w, &ask);
    plk_assert(!w.failed);
    punch->ask_us = node->now.mono_us + (PLK_PUNCH_PROBE_US << punch->sends++);
    *output = (struct plk_output){
        .kind = PLK_OUT_DATAGRAM,
        .datagram = {.to = punch->server, .data = plk_writer_bytes(&w), .socket = punch->first_socket}};
    return true;
}

bool plk_punch_poll(struct plk_node *node, struct plk_output *output) {
    struct plk_punch *punch = &node->punch;
    struct plk_volley_shot shot;
    uint64_t now_us = node->now.mono_us;
    if (punch->link == NULL || node->suspended || punch->link->dead) return false;
    if (poll_question(node, output)) {
        node->counters.datagrams_out++;
        return true;
    }
    if (!plk_volley_next(&punch->volley, &node->rng, now_us, &shot)) return false;
    bool old = punch->probe.session_us == 0 || now_us - punch->probe.sealed_us >= PLK_PUNCH_RESEAL_US;
    if (old && !plk_link_probe_seal(node, punch->link, &punch->probe)) return false;
    node->counters.datagrams_out++;
    struct plk_bytes packet = plk_bytes(punch->probe.bytes, sizeof punch->probe.bytes);
    *output =
        (struct plk_output){.kind = PLK_OUT_DATAGRAM,
                            .datagram = {.to = shot.to, .data = packet, .socket = shot.socket, .hops = shot.hops}};
    return true;
}

uint64_t plk_punch_deadline(const struct plk_node *node) {
    const struct plk_punch *punch = &node->punch;
    if (node->suspended || node->state != PLK_NODE_READY) return PLK_NEVER;
    if (punch->link == NULL) return punch->look_us;
    uint64_t due_us = plk_earlier(punch->until_us, plk_volley_deadline(&punch->volley));
    bool asks = punch->stage == PLK_PUNCH_PROBING && punch->sends < PLK_PUNCH_PROBE_SENDS;
    return asks ? plk_earlier(due_us, punch->ask_us) : due_us;
}

// ---- who asks -----------------------------------------------------------------------------------------------------------

static enum plk_effort effort_of(const struct plk_node *node, const struct plk_link *link) {
    const struct plk_punch *punch = &node->punch;
    if (punch->link != link) return PLK_EFFORT_NONE;
    if (punch->stage == PLK_PUNCH_AIMING)
        return punch->volley.kind == PLK_VOLLEY_GUESS ? PLK_EFFORT_GUESS : PLK_EFFORT_AIM;
    if (punch->birthday) return PLK_EFFORT_MANY;
    return plk_nat_is_hard(plk_discovery_class(node).mapping) ? PLK_EFFORT_PREDICT : PLK_EFFORT_ANEW;
}

void plk_punch_tell(const struct plk_node *node, const struct plk_link *link, struct plk_why_view *view) {
    struct theirs theirs = read_told(link);
    view->own_counts = plk_discovery_class(node).ports == PLK_NAT_PORTS_SEQUENTIAL;
    view->their_counts = theirs.sequential;
    view->effort = effort_of(node, link);
    view->sockets = view->effort == PLK_EFFORT_NONE ? 0 : node->punch.socket_count;
    view->failed = link->punch.tries + link->punch.failures;
    bool planned = link->punch.wanted && link->punch.next_us > node->now.mono_us && may_help(link);
    view->again_us = planned ? link->punch.next_us : 0;
}
