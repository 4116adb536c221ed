// SPDX-License-Identifier: MIT
#include "node/publish.h"

#include "node/inside.h"

static struct plk_box *box_on(const struct plk_node *node, uint32_t number, const struct plk_relay_link *relay) {
    struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_INVITE, true, number, box)) != NULL) {
        if (box->relay == relay) return box;
    }
    return NULL;
}

// ---- queues

// One on each of the first own relays, those that are connected first; all of one owner's secret, so of one sid.
static void make_boxes(struct plk_node *node, const struct plk_invite *invite) {
    uint8_t flags = invite->kind == PLK_LINK_KIND_ADDRESS ? PLK_QUEUE_ADDRESS : PLK_QUEUE_INVITE;
    unsigned count = 0;
    struct plk_box *box = NULL;
    uint8_t secret[PLK_QUEUE_KEY_LEN];
    bool has_secret = false;
    while ((box = plk_boxes_next(node, PLK_BOX_INVITE, true, invite->number, box)) != NULL) {
        memcpy(secret, box->secret, sizeof secret);
        has_secret = true;
        count++;
    }
    for (int up = 1; up >= 0; up--) {
        for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
            bool wanted = relay->source != PLK_RELAY_FOREIGN && plk_relay_link_is_up(relay) == (up == 1);
            if (!wanted || count == PLK_BOXES_INVITE_EACH || box_on(node, invite->number, relay) != NULL) continue;
            box = plk_box_make(node, PLK_BOX_INVITE, invite->number, relay, flags | PLK_QUEUE_QUIET,
                               has_secret ? secret : NULL, invite->psk);
            if (box == NULL) continue;
            memcpy(secret, box->secret, sizeof secret);
            has_secret = true;
            count++;
        }
    }
    plk_mem_wipe(secret, sizeof secret);
}

// ---- cells

static size_t cell_of(struct plk_node *node, const struct plk_invite *invite, uint8_t out[PLK_INVITE_CELL_MAX],
                      uint64_t *sequence) {
    uint8_t bundle[PLK_BUNDLE_LEN];
    *sequence = invite->sequence;
    if (invite->state != PLK_INVITE_OPEN) {
        *sequence += 1;
        return plk_invite_cell_encode(out, PLK_INVITE_CELL_USED, plk_bytes(invite->blob_hash, 32));
    }
    if (invite->kind == PLK_LINK_KIND_ADDRESS) {
        const struct plk_prekey *prekey = plk_invites_newest(&node->invites, invite->number);
        if (prekey == NULL) return 0;
        *sequence = prekey->sequence;
        plk_prekey_bundle(prekey, &node->persona, bundle);
    } else {
        plk_invite_bundle(invite, &node->persona, bundle);
    }
    return plk_invite_cell_encode(out, PLK_INVITE_CELL_OPEN, plk_bytes(bundle, sizeof bundle));
}

static void write_cell(struct plk_node *node, struct plk_box *box) {
    const struct plk_invite *invite = plk_invites_find(&node->invites, box->owner);
    struct plk_queue_invite_keys keys;
    uint8_t content[PLK_INVITE_CELL_MAX];
    uint64_t sequence;
    size_t len = invite == NULL ? 0 : cell_of(node, invite, content, &sequence);
    box->parley.due = false;
    if (len == 0) return;
    plk_queue_key_invite(&keys, invite->psk);
    if (plk_box_write(node, box, keys.cell, sequence, plk_bytes(content, len)) != PLK_ERR_OK) box->parley.due = true;
    plk_mem_wipe(&keys, sizeof keys);
}

static void cell_due(struct plk_node *node, struct plk_box *box) {
    box->parley.due = true;
    box->parley.there = false;
    box->parley.mark = plk_ledger_mark(&node->ledger);
    node->publish.look = true;
}

void plk_publish_changed(struct plk_node *node, const struct plk_invite *invite) {
    struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_INVITE, true, invite->number, box)) != NULL) cell_due(node, box);
}

// Whenever a queue is there anew its cell is written again: the relay may have lost it.
void plk_publish_state(struct plk_node *node, struct plk_box *box) {
    if (box->ready) cell_due(node, box);
    node->publish.look = true;
}

// STALE: it has this one already.
void plk_publish_written(struct plk_node *node, struct plk_box *box, enum plk_queue_code code) {
    if (code == PLK_QUEUE_CODE_OK || code == PLK_QUEUE_CODE_STALE) box->parley.there = !box->parley.due;
    node->publish.look = true;
}

static void write_cells(struct plk_node *node) {
    for (size_t i = 0; i < node->invites.count; i++) {
        struct plk_box *box = NULL;
        while ((box = plk_boxes_next(node, PLK_BOX_INVITE, true, node->invites.list[i].number, box)) != NULL) {
            if (!box->parley.due || !box->ready) continue;
            if (plk_ledger_durable(&node->ledger, box->parley.mark)) {
                write_cell(node, box);
            } else {
                node->publish.look = true; // STORED is followed by another look
            }
        }
    }
}

// ---- the command ------------------------------------------------------------------------------------------------------

void plk_publish_free(struct plk_node *node) {
    while (node->publish.first != NULL) {
        struct plk_publish_wait *wait = node->publish.first;
        node->publish.first = wait->next;
        plk_mem_give(node->mem, wait);
    }
    node->publish.count = 0;
}

static const struct plk_invite *known_address(const struct plk_node *node) {
    for (size_t i = 0; i < node->invites.count; i++) {
        if (node->invites.list[i].kind == PLK_LINK_KIND_ADDRESS) return &node->invites.list[i];
    }
    return NULL;
}

static void new_prekey(struct plk_node *node, const struct plk_invite *invite) {
    const struct plk_prekey *newest = plk_invites_newest(&node->invites, invite->number);
    struct plk_prekey prekey;
    plk_prekey_make(&prekey, invite, &node->persona, newest == NULL ? 0 : newest->sequence, node->now.wall_ms,
                    &node->rng);
    plk_invites_add_prekey(node, &prekey, true);
    plk_mem_wipe(&prekey, sizeof prekey);
}

static const struct plk_invite *new_invite(struct plk_node *node, enum plk_link_kind kind) {
    struct plk_invite made;
    uint64_t life_ms = kind == PLK_LINK_KIND_ADDRESS ? UINT64_MAX : PLK_INVITE_LIFE_MS;
    plk_invite_make(&made, node->profile.next_invite++, kind, node->profile.device, node->now.wall_ms, life_ms,
                    &node->rng);
    plk_node_write_profile(node);
    const struct plk_invite *invite = plk_invites_add(node, &made);
    plk_invites_write(node, invite);
    plk_mem_wipe(&made, sizeof made);
    if (kind == PLK_LINK_KIND_ADDRESS) new_prekey(node, invite);
    return invite;
}

enum plk_err plk_publish_invite(struct plk_node *node, const struct plk_command *command, enum plk_link_kind kind) {
    if (!plk_relays_has_own(&node->relays)) return PLK_ERR_NO_RELAY;
    if (node->publish.count == PLK_PUBLISH_COMMANDS_MAX) return PLK_ERR_BUSY;
    const struct plk_invite *invite = kind == PLK_LINK_KIND_ADDRESS ? known_address(node) : NULL;
    bool fresh = invite == NULL;
    if (fresh && node->invites.count >= PLK_INVITE_OPEN_MAX) return PLK_ERR_LIMIT;
    if (fresh) invite = new_invite(node, kind);
    if (command->flag) plk_invites_seclude(node, invite->number);
    make_boxes(node, invite);
    struct plk_publish_wait *wait = plk_mem_take(node->mem, sizeof *wait);
    *wait = (struct plk_publish_wait){.next = node->publish.first, .ticket = command->ticket, .fresh = fresh};
    wait->number = invite->number;
    wait->since_us = node->now.mono_us;
    node->publish.first = wait;
    node->publish.count++;
    node->publish.look = true;
    return PLK_ERR_OK;
}

struct stand {
    unsigned boxes, there, refused;
};

static struct stand stand_of(const struct plk_node *node, uint32_t number) {
    struct stand stand = {0};
    struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_INVITE, true, number, box)) != NULL) {
        stand.boxes++;
        stand.there += box->parley.there;
        stand.refused += box->refused;
    }
    return stand;
}

// Those that a link names: the relays that have confirmed, and others up to two, since one that is alone could be malicious. These
// get queue and cell as soon as they are there.
static unsigned choose(const struct plk_node *node, uint32_t number, struct plk_box *out[PLK_INVITE_RELAYS_MAX]) {
    unsigned count = 0;
    for (int there = 1; there >= 0; there--) {
        unsigned most = there == 1 ? PLK_INVITE_RELAYS_MAX : PLK_PUBLISH_LEAST;
        struct plk_box *box = NULL;
        while ((box = plk_boxes_next(node, PLK_BOX_INVITE, true, number, box)) != NULL) {
            if (box->parley.there == (there == 1) && !box->refused && count < most) out[count++] = box;
        }
    }
    return count;
}

// Of a one-time link's others nobody will ever know.
static void drop_others(struct plk_node *node, uint32_t number, struct plk_box *const *chosen, unsigned count) {
    struct plk_box *next, *box = plk_boxes_next(node, PLK_BOX_INVITE, true, number, NULL);
    for (; box != NULL; box = next) {
        unsigned i = 0;
        next = plk_boxes_next(node, PLK_BOX_INVITE, true, number, box);
        while (i < count && chosen[i] != box) i++;
        if (i == count) plk_box_drop(node, box);
    }
}

static void give_link(struct plk_node *node, const struct plk_publish_wait *wait, const struct plk_invite *invite) {
    struct plk_invite_relay relays[PLK_INVITE_RELAYS_MAX];
    struct plk_box *chosen[PLK_INVITE_RELAYS_MAX];
    unsigned count = choose(node, wait->number, chosen);
    char text[PLK_INVITE_LINK_TEXT_MAX];
    size_t len;
    plk_assert(count > 0);
    for (unsigned i = 0; i < count; i++) {
        const struct plk_relay_link *relay = chosen[i]->relay;
        memcpy(relays[i].key, relay->key, sizeof relays[i].key);
        relays[i].host = plk_bytes(relay->host, relay->host_len);
        relays[i].port = relay->port;
    }
    if (invite->kind == PLK_LINK_KIND_ONE_TIME) drop_others(node, wait->number, chosen, count);
    const uint8_t *queue = chosen[0]->sid; // the same on each
    plk_invite_text_relays(invite, &node->persona, queue, relays, count, text, &len);
    struct plk_output output = {.kind = PLK_OUT_RESULT, .result = {.ticket = wait->ticket}};
    output.result.text = plk_bytes(text, len);
    plk_outputs_later(&node->outputs, plk_ledger_mark(&node->ledger), &output);
    plk_mem_wipe(text, sizeof text);
}

// True: it has its result.
static bool answer(struct plk_node *node, struct plk_publish_wait *wait) {
    const struct plk_invite *invite = plk_invites_find(&node->invites, wait->number);
    uint64_t now_us = node->now.mono_us;
    if (invite == NULL || invite->state != PLK_INVITE_OPEN) {
        plk_node_result(node, wait->ticket, PLK_ERR_CLOSED);
        return true;
    }
    struct stand stand = stand_of(node, wait->number);
    if (stand.there > 0 && wait->first_us == 0) wait->first_us = now_us;
    bool all = stand.there + stand.refused == stand.boxes;
    if (stand.there > 0 && (all || now_us - wait->first_us >= PLK_PUBLISH_MORE_US)) {
        give_link(node, wait, invite);
        return true;
    }
    bool refused = stand.boxes > 0 && stand.refused == stand.boxes;
    if (!refused && (stand.there > 0 || now_us - wait->since_us < PLK_PUBLISH_WAIT_US)) return false;
    plk_node_result(node, wait->ticket, refused ? PLK_ERR_NO_TOKEN : PLK_ERR_NO_RELAY);
    if (wait->fresh) plk_invites_remove(node, wait->number);
    return true;
}

static void answer_all(struct plk_node *node) {
    for (struct plk_publish_wait **at = &node->publish.first; *at != NULL;) {
        struct plk_publish_wait *wait = *at;
        if (plk_ledger_behind(&node->ledger)) return;
        if (!answer(node, wait)) {
            at = &wait->next;
            continue;
        }
        *at = wait->next;
        node->publish.count--;
        plk_mem_give(node->mem, wait);
    }
}

// ---- address links ------------------------------------------------------------------------------------------------------

void plk_publish_restored(struct plk_node *node) {
    for (size_t i = 0; i < node->invites.count; i++) {
        const struct plk_invite *invite = &node->invites.list[i];
        if (invite->kind != PLK_LINK_KIND_ADDRESS) continue;
        new_prekey(node, invite);
        plk_publish_changed(node, invite);
    }
}

static void turn_prekeys(struct plk_node *node) {
    uint64_t now_us = node->now.mono_us;
    if (now_us < node->publish.turns_us || plk_ledger_behind(&node->ledger)) return;
    node->publish.turns_us = now_us + PLK_HOUR;
    plk_invites_expire(node);
    for (size_t i = 0; i < node->invites.count; i++) {
        const struct plk_invite *invite = &node->invites.list[i];
        if (invite->kind != PLK_LINK_KIND_ADDRESS) continue;
        const struct plk_prekey *newest = plk_invites_newest(&node->invites, invite->number);
        if (newest != NULL && !plk_prekey_is_due(newest, node->now.wall_ms)) continue;
        new_prekey(node, invite);
        plk_publish_changed(node, invite);
    }
}

// ---- time -----------------------------------------------------------------------------------------------------------------

void plk_publish_settle(struct plk_node *node) {
    if (node->state != PLK_NODE_READY) return;
    turn_prekeys(node);
    if (node->publish.look) {
        node->publish.look = false;
        write_cells(node);
    }
    if (node->publish.first != NULL) answer_all(node);
}

uint64_t plk_publish_deadline(const struct plk_node *node) {
    uint64_t due_us = node->invites.prekey_count > 0 ? node->publish.turns_us : PLK_NEVER;
    for (const struct plk_publish_wait *wait = node->publish.first; wait != NULL; wait = wait->next) {
        uint64_t at_us =
            wait->first_us == 0 ? wait->since_us + PLK_PUBLISH_WAIT_US : wait->first_us + PLK_PUBLISH_MORE_US;
        due_us = plk_earlier(due_us, at_us);
    }
    return due_us;
}
