// SPDX-License-Identifier: MIT
#include "node/boxes.h"

#include "node/inside.h"

#define ROW_VERSION 2 // 1: without times
#define ROW_MADE 1
#define KEY_MAX 13 // without a serial, which is then 0, 9

void plk_boxes_init(struct plk_boxes *boxes, struct plk_mem *mem) {
    *boxes = (struct plk_boxes){.mem = mem, .next_id = 1};
    plk_map_init(&boxes->by_id, mem);
    plk_map_init(&boxes->by_owner, mem);
}

static uint64_t owner_key(enum plk_box_use use, bool own, uint32_t owner) {
    return (uint64_t)use << 40 | (uint64_t)own << 36 | owner;
}

// ---- which there are ------------------------------------------------------------------------------------------------

struct plk_box *plk_boxes_next(const struct plk_node *node, enum plk_box_use use, bool own, uint32_t owner,
                               const struct plk_box *after) {
    if (after != NULL) return after->alike;
    return plk_map_pointer(&node->boxes.by_owner, owner_key(use, own, owner));
}

struct plk_box *plk_boxes_find(const struct plk_node *node, uint32_t id) {
    return plk_map_pointer(&node->boxes.by_id, id);
}

static struct plk_box *new_box(struct plk_node *node, enum plk_box_use use, bool own, uint32_t owner) {
    struct plk_box *box = plk_mem_take(node->mem, sizeof *box);
    box->id = node->boxes.next_id++;
    box->use = use;
    box->own = own;
    box->owner = owner;
    return box;
}

// Behind those that are there: the first is the one that was there first.
static void enter(struct plk_node *node, struct plk_box *box, struct plk_relay_link *relay) {
    uint64_t key = owner_key(box->use, box->own, box->owner);
    struct plk_box *last = plk_map_pointer(&node->boxes.by_owner, key);
    box->relay = relay;
    box->next = relay->boxes;
    relay->boxes = box;
    plk_map_put_pointer(&node->boxes.by_id, box->id, box);
    if (last == NULL) {
        plk_map_put_pointer(&node->boxes.by_owner, key, box);
        return;
    }
    while (last->alike != NULL) last = last->alike;
    last->alike = box;
}

static void take_out(struct plk_node *node, struct plk_box *box) {
    uint64_t key = owner_key(box->use, box->own, box->owner);
    struct plk_box **at = &box->relay->boxes, *first = plk_map_pointer(&node->boxes.by_owner, key);
    while (*at != box) at = &(*at)->next;
    *at = box->next;
    plk_map_remove(&node->boxes.by_id, box->id);
    if (first == box) {
        plk_map_remove(&node->boxes.by_owner, key);
        if (box->alike != NULL) plk_map_put_pointer(&node->boxes.by_owner, key, box->alike);
        return;
    }
    while (first->alike != box) first = first->alike;
    first->alike = box->alike;
}

void plk_boxes_free(struct plk_node *node) {
    for (struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        while (relay->boxes != NULL) {
            struct plk_box *box = relay->boxes;
            relay->boxes = box->next;
            plk_mem_give(node->mem, box);
        }
    }
    while (node->boxes.rows != NULL) {
        struct plk_box *box = node->boxes.rows;
        node->boxes.rows = box->next;
        plk_mem_give(node->mem, box);
    }
    plk_map_free(&node->boxes.by_id);
    plk_map_free(&node->boxes.by_owner);
    plk_mem_give(node->mem, node->boxes.acks);
}

// ---- rows -----------------------------------------------------------------------------------------------------------

static struct plk_bytes row_key(const struct plk_box *box, uint8_t out[KEY_MAX]) {
    struct plk_writer k = plk_writer(out, KEY_MAX);
    plk_writer_u8(&k, (uint8_t)box->use);
    plk_writer_u32(&k, box->owner);
    plk_writer_u32(&k, box->relay_number);
    if (box->serial != 0) plk_writer_u32(&k, box->serial);
    return plk_writer_bytes(&k);
}

static struct plk_bytes row_value(const struct plk_box *box, uint8_t out[PLK_BOXES_ROW_MAX]) {
    struct plk_writer w = plk_writer(out, PLK_BOXES_ROW_MAX);
    plk_writer_u8(&w, ROW_VERSION);
    plk_writer_u8(&w, box->flags);
    plk_writer_u8(&w, box->made ? ROW_MADE : 0);
    plk_writer_copy(&w, box->secret, sizeof box->secret);
    if (box->use == PLK_BOX_INVITE) plk_writer_copy(&w, box->psk, sizeof box->psk);
    plk_writer_u64(&w, box->made_ms);
    plk_writer_u64(&w, box->left_ms);
    plk_assert(!w.failed);
    return plk_writer_bytes(&w);
}

void plk_box_write_row(struct plk_node *node, const struct plk_box *box) {
    uint8_t key[KEY_MAX], value[PLK_BOXES_ROW_MAX];
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_queue, row_key(box, key), row_value(box, value));
    plk_mem_wipe(value, sizeof value);
}

void plk_boxes_back_up(struct plk_node *node, struct plk_buf *backup) {
    uint8_t key[KEY_MAX], value[PLK_BOXES_ROW_MAX];
    for (const struct plk_relay_link *relay = node->relays.first; relay != NULL; relay = relay->next) {
        for (const struct plk_box *box = relay->boxes; box != NULL; box = box->next) {
            if (!box->own || box->use == PLK_BOX_LEFT) continue;
            plk_backup_put_row(node->mem, backup, PLK_BACKUP_QUEUE, row_key(box, key), row_value(box, value));
        }
    }
    plk_mem_wipe(value, sizeof value);
}

void plk_boxes_restore(struct plk_node *node, const struct plk_row *row, const struct plk_map *contacts) {
    struct plk_box *before = node->boxes.rows;
    plk_boxes_row(node, row);
    struct plk_box *box = node->boxes.rows;
    if (box == before) return;
    if (box->use != PLK_BOX_INVITE) box->owner = (uint32_t)plk_map_find(contacts, box->owner);
    if (box->owner == 0) {
        node->boxes.rows = before;
        plk_mem_give(node->mem, box);
        return;
    }
    plk_box_write_row(node, box);
}

void plk_box_made(struct plk_node *node, struct plk_box *box) {
    if (box->made || box->use == PLK_BOX_LEFT) return;
    box->made = true;
    plk_box_write_row(node, box);
}

enum plk_err plk_boxes_row(struct plk_node *node, const struct plk_row *row) {
    struct plk_reader k = plk_reader(row->key), r = plk_reader(row->value);
    uint8_t use = plk_reader_u8(&k);
    uint32_t owner = plk_reader_u32(&k), relay = plk_reader_u32(&k), serial = k.left > 0 ? plk_reader_u32(&k) : 0;
    uint8_t version = plk_reader_u8(&r), flags = plk_reader_u8(&r), marks = plk_reader_u8(&r);
    if (!plk_reader_done(&k) || r.failed || version < 1 || version > ROW_VERSION || marks > ROW_MADE)
        return PLK_ERR_CORRUPT;
    if (use < PLK_BOX_CONTACT || use > PLK_BOX_RECOVERY) return PLK_ERR_CORRUPT;
    struct plk_box *box = new_box(node, (enum plk_box_use)use, true, owner);
    box->flags = flags;
    box->relay_number = relay;
    box->serial = serial;
    box->made = marks == ROW_MADE;
    plk_reader_copy(&r, box->secret, sizeof box->secret);
    if (use == PLK_BOX_INVITE) plk_reader_copy(&r, box->psk, sizeof box->psk);
    if (version > 1) box->made_ms = plk_reader_u64(&r);
    if (version > 1) box->left_ms = plk_reader_u64(&r);
    if (!plk_reader_done(&r)) {
        plk_mem_give(node->mem, box);
        return PLK_ERR_CORRUPT;
    }
    box->next = node->boxes.rows;
    node->boxes.rows = box;
    return PLK_ERR_OK;
}

// ---- those that take each other's place -------------------------------------------------------------------------------

const struct plk_box *plk_box_other(const struct plk_node *node, const struct plk_box *box, bool newer) {
    const struct plk_box *other = NULL;
    while ((other = plk_boxes_next(node, box->use, true, box->owner, other)) != NULL) {
        if (other->relay == box->relay && (newer ? other->serial > box->serial : other->serial < box->serial)) break;
    }
    return other;
}

bool plk_box_is_left(const struct plk_node *node, const struct plk_box *box) {
    const struct plk_box *newer = plk_box_other(node, box, true);
    return newer != NULL && newer->made;
}

// ---- own ones -------------------------------------------------------------------------------------------------------

static void own_keys(const struct plk_box *box, struct plk_queue_own_keys *keys) {
    plk_queue_key_own(keys, box->secret);
    if (box->use != PLK_BOX_INVITE) return;
    struct plk_queue_invite_keys invite;
    plk_queue_key_invite(&invite, box->psk);
    memcpy(keys->sender, invite.sender, sizeof keys->sender);
    memcpy(keys->envelope, invite.envelope, sizeof keys->envelope);
    plk_mem_wipe(&invite, sizeof invite);
}

// Asks the relay's client for it. fresh: nobody has made it before.
static void begin_own(struct plk_node *node, struct plk_box *box, struct plk_relay_link *relay, bool fresh) {
    struct plk_queue_own_keys keys;
    uint8_t owner_public[PLK_QUEUE_KEY_LEN], sender_public[PLK_QUEUE_KEY_LEN], rid[PLK_QUEUE_ID_LEN];
    own_keys(box, &keys);
    plk_dh_public(owner_public, keys.owner);
    plk_dh_public(sender_public, keys.sender);
    plk_queue_key_rid(rid, owner_public);
    plk_queue_key_sid(box->sid, rid);
    memcpy(box->envelope, keys.envelope, sizeof box->envelope);
    enter(node, box, relay);
    enum plk_err err = plk_queue_client_own(relay->queues, box->id, keys.owner, sender_public, box->flags, fresh);
    box->refused = err != PLK_ERR_OK; // too many queues on this relay
    plk_relays_touch(node, relay);
    plk_mem_wipe(&keys, sizeof keys);
}

void plk_boxes_started(struct plk_node *node) {
    while (node->boxes.rows != NULL) {
        struct plk_box *box = node->boxes.rows;
        node->boxes.rows = box->next;
        struct plk_relay_link *relay = node->relays.first;
        while (relay != NULL && relay->number != box->relay_number) relay = relay->next;
        if (relay == NULL) {
            plk_mem_give(node->mem, box); // its relay was removed, and with it what others were told
            continue;
        }
        begin_own(node, box, relay, false);
    }
}

static uint32_t next_serial(const struct plk_node *node, enum plk_box_use use, uint32_t owner,
                            const struct plk_relay_link *relay) {
    const struct plk_box *box = NULL;
    uint32_t serial = 0;
    while ((box = plk_boxes_next(node, use, true, owner, box)) != NULL) {
        if (box->relay == relay && box->serial >= serial) serial = box->serial + 1;
    }
    return serial;
}

struct plk_box *plk_box_make(struct plk_node *node, enum plk_box_use use, uint32_t owner, struct plk_relay_link *relay,
                             uint8_t flags, const uint8_t *secret, const uint8_t *psk) {
    plk_assert(relay->number != 0);
    struct plk_box *box = new_box(node, use, true, owner);
    box->flags = flags;
    box->relay_number = relay->number;
    box->made_ms = node->now.wall_ms;
    box->serial = next_serial(node, use, owner, relay);
    if (secret != NULL) {
        memcpy(box->secret, secret, sizeof box->secret);
    } else {
        plk_rng_bytes(&node->rng, box->secret, sizeof box->secret);
    }
    if (psk != NULL) memcpy(box->psk, psk, sizeof box->psk);
    plk_box_write_row(node, box);
    begin_own(node, box, relay, true);
    return box;
}

struct plk_box *plk_box_foreign(struct plk_node *node, enum plk_box_use use, uint32_t owner,
                                struct plk_relay_link *relay, const uint8_t sid[PLK_QUEUE_ID_LEN],
                                const uint8_t sender[PLK_QUEUE_KEY_LEN], const uint8_t envelope[PLK_QUEUE_KEY_LEN]) {
    struct plk_box *box = new_box(node, use, false, owner);
    memcpy(box->sid, sid, sizeof box->sid);
    memcpy(box->secret, sender, sizeof box->secret);
    memcpy(box->envelope, envelope, sizeof box->envelope);
    enter(node, box, relay);
    box->refused = plk_queue_client_sender(relay->queues, box->id, sid, sender) != PLK_ERR_OK;
    return box;
}

static void forget(struct plk_node *node, struct plk_box *box) {
    uint8_t key[KEY_MAX];
    plk_relays_touch(node, box->relay);
    if (box->own && box->use != PLK_BOX_LEFT)
        plk_batch_delete(plk_ledger_batch(&node->ledger), PLK_TABLE_queue, row_key(box, key));
    take_out(node, box);
    plk_mem_give(node->mem, box);
}

void plk_box_drop(struct plk_node *node, struct plk_box *box) {
    plk_queue_client_forget(box->relay->queues, box->id, box->own);
    forget(node, box);
}

void plk_boxes_drop_of(struct plk_node *node, enum plk_box_use use, bool own, uint32_t owner) {
    struct plk_box *box;
    while ((box = plk_boxes_next(node, use, own, owner, NULL)) != NULL) plk_box_drop(node, box);
}

static void abandon(struct plk_node *node, enum plk_box_use use, uint32_t contact) {
    struct plk_box *box;
    while ((box = plk_boxes_next(node, use, true, contact, NULL)) != NULL) {
        plk_queue_client_forget(box->relay->queues, box->id, false);
        forget(node, box);
    }
}

void plk_boxes_abandon(struct plk_node *node, uint32_t contact) {
    abandon(node, PLK_BOX_CONTACT, contact);
    abandon(node, PLK_BOX_RECOVERY, contact);
}

void plk_boxes_quiet(struct plk_node *node, uint32_t contact, bool quiet) {
    struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, true, contact, box)) != NULL) {
        box->flags = (uint8_t)(quiet ? box->flags | PLK_QUEUE_QUIET : box->flags & ~PLK_QUEUE_QUIET);
        plk_box_write_row(node, box);
        plk_queue_client_flags(box->relay->queues, box->id, box->flags);
        plk_relays_touch(node, box->relay);
    }
}

void plk_box_set_aside(struct plk_node *node, struct plk_box *box) {
    uint8_t key[KEY_MAX];
    struct plk_relay_link *relay = box->relay;
    plk_assert(box->own && box->use != PLK_BOX_INVITE);
    plk_batch_delete(plk_ledger_batch(&node->ledger), PLK_TABLE_queue, row_key(box, key));
    take_out(node, box);
    box->use = PLK_BOX_LEFT;
    box->alike = NULL;
    enter(node, box, relay);
    plk_relays_touch(node, relay);
}

// ---- telling and learning -------------------------------------------------------------------------------------------

static void put_offer(struct plk_queue_list *list, const struct plk_box *box, const uint8_t *sender) {
    struct plk_queue_offer *offer = &list->at[list->count++];
    memcpy(offer->relay, box->relay->key, sizeof offer->relay);
    offer->host_len = box->relay->host_len;
    memcpy(offer->host, box->relay->host, box->relay->host_len);
    offer->port = box->relay->port;
    memcpy(offer->sid, box->sid, sizeof offer->sid);
    memcpy(offer->sender, sender, sizeof offer->sender);
    memcpy(offer->envelope, box->envelope, sizeof offer->envelope);
}

void plk_boxes_told(const struct plk_node *node, uint32_t contact, struct plk_queue_list *list) {
    const struct plk_box *box = NULL;
    list->count = 0;
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, false, contact, box)) != NULL) {
        if (list->count < PLK_QUEUE_LIST_OFFERS_MAX) put_offer(list, box, box->secret);
    }
}

static const struct plk_box *next_offered(const struct plk_node *node, uint32_t contact, bool early,
                                          const struct plk_box *box) {
    while ((box = plk_boxes_next(node, PLK_BOX_CONTACT, true, contact, box)) != NULL) {
        bool begun = early && !box->refused && plk_box_other(node, box, false) == NULL;
        if ((box->made || begun) && !plk_box_is_left(node, box)) break;
    }
    return box;
}

void plk_boxes_offered(const struct plk_node *node, uint32_t contact, struct plk_queue_list *list) {
    static const uint8_t untold[PLK_QUEUE_KEY_LEN] = {0};
    const struct plk_box *box = NULL;
    list->count = 0;
    while (list->count < PLK_QUEUE_LIST_OFFERS_MAX && (box = next_offered(node, contact, false, box)) != NULL) {
        put_offer(list, box, untold);
    }
}

void plk_boxes_offer(const struct plk_node *node, uint32_t contact, bool early, struct plk_queue_list *list) {
    const struct plk_box *box = NULL;
    list->count = 0;
    while (list->count < PLK_QUEUE_LIST_OFFERS_MAX && (box = next_offered(node, contact, early, box)) != NULL) {
        struct plk_queue_own_keys keys;
        own_keys(box, &keys);
        put_offer(list, box, keys.sender);
        plk_mem_wipe(&keys, sizeof keys);
    }
}

static bool is_offered(const struct plk_box *box, const struct plk_queue_list *list) {
    for (unsigned i = 0; i < list->count; i++) {
        const struct plk_queue_offer *offer = &list->at[i];
        if (memcmp(offer->sid, box->sid, sizeof box->sid) == 0 && memcmp(offer->relay, box->relay->key, 32) == 0 &&
            memcmp(offer->sender, box->secret, sizeof box->secret) == 0 &&
            memcmp(offer->envelope, box->envelope, sizeof box->envelope) == 0)
            return true;
    }
    return false;
}

static bool is_known(const struct plk_node *node, enum plk_box_use use, uint32_t contact,
                     const struct plk_queue_offer *offer) {
    const struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, use, false, contact, box)) != NULL) {
        if (memcmp(offer->sid, box->sid, sizeof box->sid) == 0 && memcmp(offer->relay, box->relay->key, 32) == 0)
            return true;
    }
    return false;
}

void plk_boxes_add(struct plk_node *node, enum plk_box_use use, uint32_t contact, const struct plk_queue_list *list) {
    for (unsigned i = 0; i < list->count; i++) {
        const struct plk_queue_offer *offer = &list->at[i];
        if (is_known(node, use, contact, offer)) continue;
        struct plk_relay_link *relay = plk_relays_get(node, offer->relay, plk_bytes(offer->host, offer->host_len),
                                                      offer->port, plk_peers_is_relay_only(&node->peers, contact));
        if (relay == NULL) {
            node->counters.limited++;
            continue;
        }
        plk_box_foreign(node, use, contact, relay, offer->sid, offer->sender, offer->envelope);
    }
}

void plk_boxes_learn(struct plk_node *node, uint32_t contact, const struct plk_queue_list *list) {
    struct plk_box *next = plk_boxes_next(node, PLK_BOX_CONTACT, false, contact, NULL);
    while (next != NULL) {
        struct plk_box *box = next;
        next = box->alike;
        if (!is_offered(box, list)) plk_box_drop(node, box);
    }
    plk_boxes_add(node, PLK_BOX_CONTACT, contact, list);
    struct plk_peer *peer = plk_peers_find(&node->peers, contact);
    if (peer != NULL) plk_link_boxes_changed(node, peer);
}
