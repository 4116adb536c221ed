// SPDX-License-Identifier: MIT
// What the relay answers, and what it says by itself. A record is checked against what was asked before anything changes.
#include "queue/client_inside.h"

#define SUB_TRIES 3

// LIMIT or BUSY: everything waits, longer each time.
static void pause(struct plk_queue_client *c, uint64_t now_us) {
    c->pause_us = c->pause_us == 0 ? PLK_QUEUE_CLIENT_LATER_US : c->pause_us * 2;
    if (c->pause_us > PLK_QUEUE_CLIENT_LATER_MAX_US) c->pause_us = PLK_QUEUE_CLIENT_LATER_MAX_US;
    c->later_us = now_us + c->pause_us;
}

// True: ask again after the pause.
static bool is_for_later(struct plk_queue_client *c, uint64_t now_us, enum plk_queue_code code, uint8_t *wish) {
    if (code == PLK_QUEUE_CODE_OK) c->pause_us = 0;
    if (code != PLK_QUEUE_CODE_LIMIT && code != PLK_QUEUE_CODE_BUSY) return false;
    if (c->later_us == 0 || now_us >= c->later_us) pause(c, now_us); // the answers of one flight are one reason
    *wish = PLK_QUEUE_WISH_DUE;
    return true;
}

static void tell(struct plk_queue_client *c, enum plk_queue_client_event_kind kind, uint32_t id, uint64_t number,
                 enum plk_queue_code code) {
    struct plk_queue_client_event event = {.kind = kind, .id = id, .number = number, .code = code};
    plk_queue_client_tell(c, &event);
}

// ---- answers --------------------------------------------------------------------------------------------------------

static void newq_done(struct plk_queue_client *c, struct plk_queue_slot *slot, uint64_t now_us,
                      enum plk_queue_code code) {
    bool worked = !c->has_token;
    slot->newq = PLK_QUEUE_WISH_NONE;
    if (slot->drop) return;
    if (is_for_later(c, now_us, code, &slot->newq)) {
        if (code == PLK_QUEUE_CODE_LIMIT) plk_queue_client_refuse(c, slot, code); // the token is used up
    } else if (code == PLK_QUEUE_CODE_OK) {
        slot->made = true;
        slot->fresh = slot->refused = false;
        slot->tries = 0;
        if (slot->attach == PLK_QUEUE_WISH_NONE) slot->attach = PLK_QUEUE_WISH_DUE;
        if (slot->sub == PLK_QUEUE_WISH_NONE) slot->sub = PLK_QUEUE_WISH_DUE;
        plk_queue_client_settle(c, slot);
    } else if (worked && code == PLK_QUEUE_CODE_ADMISSION) { // a day has passed meanwhile
        slot->tries++;
        plk_queue_client_want(c, slot);
    } else {
        plk_queue_client_refuse(c, slot, code);
    }
}

// There is no such queue to be written into, or it is not ours: what waits for it is told.
static void sender_refused(struct plk_queue_client *c, struct plk_queue_slot *slot, enum plk_queue_code code) {
    uint32_t place = (uint32_t)(slot - c->slots);
    for (uint32_t i = 0; i < c->put_count; i++) {
        struct plk_queue_put *put = &c->puts[i];
        if (put->state != PLK_QUEUE_PUT_WAITS || put->slot != place) continue; // what was sent is answered by itself
        tell(c, PLK_QUEUE_CLIENT_PUT_DONE, slot->id, put->number, code);
        plk_queue_client_put_end(c, put);
    }
    if (slot->read == PLK_QUEUE_WISH_DUE) {
        slot->read = PLK_QUEUE_WISH_NONE;
        tell(c, PLK_QUEUE_CLIENT_NO_CELL, slot->id, 0, code);
    }
    if (slot->guest == PLK_QUEUE_WISH_DUE) {
        slot->guest = PLK_QUEUE_WISH_NONE;
        tell(c, PLK_QUEUE_CLIENT_NO_TOKEN, slot->id, 0, code);
    }
    plk_queue_client_refuse(c, slot, code);
}

static void attach_done(struct plk_queue_client *c, struct plk_queue_slot *slot, uint64_t now_us,
                        enum plk_queue_code code) {
    slot->attach = code == PLK_QUEUE_CODE_OK ? PLK_QUEUE_WISH_MET : PLK_QUEUE_WISH_NONE;
    if (slot->leaving) {
        bool gone = code != PLK_QUEUE_CODE_OK && slot->detach == PLK_QUEUE_WISH_DUE;
        if (gone) slot->detach = PLK_QUEUE_WISH_MET; // nothing to detach
        return;
    }
    if (is_for_later(c, now_us, code, &slot->attach)) return;
    if (code == PLK_QUEUE_CODE_OK) {
        plk_queue_client_settle(c, slot);
    } else if (!slot->own) {
        sender_refused(c, slot, code);
    } else if (slot->drop) {
        if (slot->del == PLK_QUEUE_WISH_DUE) slot->del = PLK_QUEUE_WISH_MET; // there is nothing to delete
    } else if (code != PLK_QUEUE_CODE_NOT_FOUND) {
        plk_queue_client_refuse(c, slot, code);
    } else {
        slot->sub = PLK_QUEUE_WISH_NONE; // after it was made
        if (slot->newq == PLK_QUEUE_WISH_NONE && !slot->refused) plk_queue_client_want(c, slot);
    }
}

static bool is_batch(const struct plk_queue_slot *slot, uint32_t batch) {
    return slot->used && slot->sub == PLK_QUEUE_WISH_ASKED && slot->batch == batch;
}

// NOT_FOUND, DENIED: some of the handles were nobody's, and none is subscribed. Their own answers have said which: the others
// ask again.
static void sub_done(struct plk_queue_client *c, uint32_t batch, uint64_t now_us, enum plk_queue_code code) {
    for (uint32_t i = 0; i < c->slot_count; i++) {
        struct plk_queue_slot *slot = &c->slots[i];
        if (!is_batch(slot, batch)) continue;
        slot->sub = code == PLK_QUEUE_CODE_OK ? PLK_QUEUE_WISH_MET : PLK_QUEUE_WISH_DUE;
        if (slot->leaving || is_for_later(c, now_us, code, &slot->sub)) continue;
        if (code == PLK_QUEUE_CODE_OK) {
            slot->sub_tries = 0;
            plk_queue_client_settle(c, slot);
        } else if (++slot->sub_tries == SUB_TRIES) {
            slot->sub = PLK_QUEUE_WISH_NONE;
            plk_queue_client_refuse(c, slot, code);
        }
    }
}

static void put_done(struct plk_queue_client *c, struct plk_queue_put *put, uint64_t now_us, enum plk_queue_code code) {
    uint8_t wish = PLK_QUEUE_WISH_NONE;
    bool later = is_for_later(c, now_us, code, &wish);
    if (put->state == PLK_QUEUE_PUT_CANCELLED) {
        plk_queue_client_put_end(c, put);
    } else if (later) {
        put->state = PLK_QUEUE_PUT_WAITS;
    } else {
        tell(c, PLK_QUEUE_CLIENT_PUT_DONE, c->slots[put->slot].id, put->number, code);
        plk_queue_client_put_end(c, put);
    }
}

static void ack_done(struct plk_queue_client *c, struct plk_queue_slot *slot, uint64_t now_us,
                     enum plk_queue_code code) {
    uint8_t wish = PLK_QUEUE_WISH_NONE;
    bool later = is_for_later(c, now_us, code, &wish);
    uint32_t kept = 0, place = (uint32_t)(slot - c->slots);
    slot->acking = false;
    for (uint32_t i = 0; i < c->item_count; i++) {
        struct plk_queue_item item = c->items[i];
        if (item.slot == place && item.state == PLK_QUEUE_ITEM_ACKED) {
            if (!later) continue;
            item.state = PLK_QUEUE_ITEM_DURABLE;
        }
        c->items[kept++] = item;
    }
    c->item_count = kept;
}

static void write_done(struct plk_queue_client *c, struct plk_queue_slot *slot, uint64_t now_us,
                       enum plk_queue_code code) {
    slot->write = PLK_QUEUE_WISH_NONE;
    if (is_for_later(c, now_us, code, &slot->write)) return;
    uint64_t sent = slot->draft->sent;
    if (slot->draft->sequence != sent) {
        slot->write = PLK_QUEUE_WISH_DUE; // a newer one came meanwhile
    } else {
        plk_mem_give(c->mem, slot->draft);
        slot->draft = NULL;
    }
    tell(c, PLK_QUEUE_CLIENT_WRITTEN, slot->id, sent, code);
}

static void wish_done(struct plk_queue_client *c, struct plk_queue_slot *slot, uint8_t *wish, uint64_t now_us,
                      enum plk_queue_code code, enum plk_queue_client_event_kind kind) {
    *wish = PLK_QUEUE_WISH_NONE;
    if (!is_for_later(c, now_us, code, wish)) tell(c, kind, slot->id, 0, code);
}

// ---- which answer it is ---------------------------------------------------------------------------------------------

static uint8_t *wish_of(struct plk_queue_slot *slot, enum plk_queue_type type) {
    switch (type) {
    case PLK_QUEUE_NEWQ:
        return &slot->newq;
    case PLK_QUEUE_ATTACH:
        return &slot->attach;
    case PLK_QUEUE_DETACH:
        return &slot->detach;
    case PLK_QUEUE_DEL:
        return &slot->del;
    case PLK_QUEUE_FLAGS:
        return &slot->set_flags;
    case PLK_QUEUE_WRITE:
        return &slot->write;
    case PLK_QUEUE_READ:
        return &slot->read;
    case PLK_QUEUE_GUEST:
        return &slot->guest;
    default:
        return NULL;
    }
}

// The queue for which this was asked; NULL: nothing of the kind was.
static struct plk_queue_slot *asked(struct plk_queue_client *c, uint32_t tag, enum plk_queue_type type) {
    struct plk_queue_slot *slot = plk_queue_client_at(c, tag & ((1u << PLK_QUEUE_TAG_SHIFT) - 1));
    if (slot == NULL || tag >> PLK_QUEUE_TAG_SHIFT != (uint32_t)type) return NULL;
    if (type == PLK_QUEUE_ACK) return slot->acking ? slot : NULL;
    const uint8_t *wish = wish_of(slot, type);
    return wish != NULL && *wish == PLK_QUEUE_WISH_ASKED ? slot : NULL;
}

static void release_if_done(struct plk_queue_client *c, struct plk_queue_slot *slot) {
    if (!plk_queue_client_is_quiet(slot)) return;
    if (slot->leaving && slot->detach == PLK_QUEUE_WISH_MET) {
        plk_queue_client_release(c, slot);
    } else if (slot->drop && slot->del == PLK_QUEUE_WISH_MET) {
        tell(c, PLK_QUEUE_CLIENT_DROPPED, slot->id, 0, PLK_QUEUE_CODE_OK);
        bool attached = slot->attach == PLK_QUEUE_WISH_MET; // the handle still names what was deleted
        *slot = (struct plk_queue_slot){
            .used = true, .own = true, .leaving = true, .attach = slot->attach, .draft = slot->draft};
        slot->detach = attached ? PLK_QUEUE_WISH_DUE : PLK_QUEUE_WISH_MET;
        release_if_done(c, slot);
    }
}

static void end_done(struct plk_queue_client *c, uint8_t *wish, uint64_t now_us, enum plk_queue_code code) {
    *wish = PLK_QUEUE_WISH_MET;
    is_for_later(c, now_us, code, wish);
}

static void queue_done(struct plk_queue_client *c, struct plk_queue_slot *slot, enum plk_queue_type type,
                       uint64_t now_us, enum plk_queue_code code) {
    switch (type) {
    case PLK_QUEUE_NEWQ:
        newq_done(c, slot, now_us, code);
        break;
    case PLK_QUEUE_ATTACH:
        attach_done(c, slot, now_us, code);
        break;
    case PLK_QUEUE_DETACH:
        end_done(c, &slot->detach, now_us, code);
        break;
    case PLK_QUEUE_DEL:
        end_done(c, &slot->del, now_us, code);
        break;
    case PLK_QUEUE_ACK:
        ack_done(c, slot, now_us, code);
        break;
    case PLK_QUEUE_FLAGS:
        slot->set_flags = PLK_QUEUE_WISH_NONE;
        is_for_later(c, now_us, code, &slot->set_flags);
        break;
    case PLK_QUEUE_WRITE:
        write_done(c, slot, now_us, code);
        break;
    case PLK_QUEUE_READ:
        wish_done(c, slot, &slot->read, now_us, code, PLK_QUEUE_CLIENT_NO_CELL);
        break;
    default:
        wish_done(c, slot, &slot->guest, now_us, code, PLK_QUEUE_CLIENT_NO_TOKEN);
        break;
    }
}

// Of a queue that was forgotten nobody wants to know any more.
static void left_done(struct plk_queue_slot *slot, enum plk_queue_type type) {
    uint8_t *wish = wish_of(slot, type);
    if (wish != NULL) *wish = PLK_QUEUE_WISH_NONE;
    if (type == PLK_QUEUE_ACK) slot->acking = false;
}

static enum plk_err done(struct plk_queue_client *c, uint64_t now_us, uint32_t tag, enum plk_queue_code code) {
    uint32_t type = tag >> PLK_QUEUE_TAG_SHIFT, index = tag & ((1u << PLK_QUEUE_TAG_SHIFT) - 1);
    if (type == PLK_QUEUE_SUB) {
        if (index >= c->next_batch) return PLK_ERR_MALFORMED;
        sub_done(c, index, now_us, code);
        return PLK_ERR_OK;
    }
    if (type == PLK_QUEUE_PUT) {
        if (index >= c->put_count || c->puts[index].state < PLK_QUEUE_PUT_SENT) return PLK_ERR_MALFORMED;
        put_done(c, &c->puts[index], now_us, code);
        return PLK_ERR_OK;
    }
    if (type == PLK_QUEUE_FWD_OPEN || type == PLK_QUEUE_FWD_CLOSE)
        return plk_queue_client_forward_done(c, (enum plk_queue_type)type, index, code);
    struct plk_queue_slot *slot = asked(c, tag, (enum plk_queue_type)type);
    if (slot == NULL) return PLK_ERR_MALFORMED;
    if (slot->leaving && type != PLK_QUEUE_DETACH && type != PLK_QUEUE_ATTACH) {
        left_done(slot, (enum plk_queue_type)type);
    } else {
        queue_done(c, slot, (enum plk_queue_type)type, now_us, code);
    }
    release_if_done(c, slot);
    return PLK_ERR_OK;
}

// ---- what the relay says by itself ----------------------------------------------------------------------------------

static enum plk_err item(struct plk_queue_client *c, const struct plk_queue_record *record,
                         struct plk_queue_client_event *event) {
    struct plk_queue_slot *slot = plk_queue_client_at(c, record->handle);
    if (slot == NULL || !slot->own || slot->attach < PLK_QUEUE_WISH_ASKED) return PLK_ERR_MALFORMED;
    if (slot->leaving || slot->drop) return PLK_ERR_OK;
    unsigned ahead = 0;
    for (uint32_t i = 0; i < c->item_count; i++) {
        if (c->items[i].slot != record->handle - 1) continue;
        if (c->items[i].number == record->cell.number) return PLK_ERR_OK; // said twice
        ahead += c->items[i].state != PLK_QUEUE_ITEM_ACKED;
    }
    if (ahead == PLK_QUEUE_CLIENT_AHEAD || c->item_count == PLK_QUEUE_CLIENT_ITEMS) return PLK_ERR_MALFORMED;
    if (c->item_count == c->item_cap) {
        c->item_cap = c->item_cap == 0 ? 16 : c->item_cap * 2;
        c->items = plk_mem_grow(c->mem, c->items, c->item_cap * sizeof c->items[0]);
    }
    c->items[c->item_count++] = (struct plk_queue_item){.slot = record->handle - 1, .number = record->cell.number};
    *event = (struct plk_queue_client_event){
        .kind = PLK_QUEUE_CLIENT_ITEM, .id = slot->id, .number = record->cell.number, .bytes = record->cell.bytes};
    return PLK_ERR_OK;
}

static enum plk_err cell(struct plk_queue_client *c, const struct plk_queue_record *record,
                         struct plk_queue_client_event *event) {
    struct plk_queue_slot *slot = asked(c, record->tag, PLK_QUEUE_READ);
    if (slot == NULL) return PLK_ERR_MALFORMED;
    slot->read = PLK_QUEUE_WISH_NONE;
    if (slot->leaving || slot->drop) {
        release_if_done(c, slot);
        return PLK_ERR_OK;
    }
    *event = (struct plk_queue_client_event){
        .kind = PLK_QUEUE_CLIENT_CELL, .id = slot->id, .number = record->cell.number, .bytes = record->cell.bytes};
    return PLK_ERR_OK;
}

static enum plk_err token(struct plk_queue_client *c, const struct plk_queue_record *record,
                          struct plk_queue_client_event *event) {
    struct plk_queue_slot *slot = asked(c, record->tag, PLK_QUEUE_GUEST);
    if (slot == NULL) return PLK_ERR_MALFORMED;
    slot->guest = PLK_QUEUE_WISH_NONE;
    if (slot->leaving) {
        release_if_done(c, slot);
        return PLK_ERR_OK;
    }
    *event =
        (struct plk_queue_client_event){.kind = PLK_QUEUE_CLIENT_TOKEN, .id = slot->id, .number = record->guest.queues};
    event->bytes = plk_bytes(record->guest.token, sizeof record->guest.token);
    return PLK_ERR_OK;
}

static enum plk_err replaced(struct plk_queue_client *c, uint64_t now_us, const struct plk_queue_record *record) {
    struct plk_queue_slot *slot = plk_queue_client_at(c, record->handle);
    if (slot == NULL || !slot->own || slot->sub < PLK_QUEUE_WISH_ASKED) return PLK_ERR_MALFORMED;
    if (slot->leaving || slot->drop) return PLK_ERR_OK;
    slot->sub = PLK_QUEUE_WISH_NONE;
    slot->replaced = true;
    if (c->retake_us == 0) c->retake_us = now_us + PLK_QUEUE_CLIENT_RETAKE_US;
    plk_queue_client_settle(c, slot);
    return PLK_ERR_OK;
}

enum plk_err plk_queue_client_receive(struct plk_queue_client *c, uint64_t now_us,
                                      const struct plk_queue_record *record, struct plk_queue_client_event *event) {
    *event = (struct plk_queue_client_event){.kind = PLK_QUEUE_CLIENT_NOTHING};
    if (!c->up) return PLK_ERR_MALFORMED;
    c->stirred = true;
    switch (record->type) {
    case PLK_QUEUE_DONE:
        if (record->tag >> PLK_QUEUE_TAG_SHIFT == PLK_QUEUE_DIRECTORY)
            return plk_queue_client_directory_told(c, record, event);
        return done(c, now_us, record->tag, record->code);
    case PLK_QUEUE_RELAYS:
        return plk_queue_client_directory_told(c, record, event);
    case PLK_QUEUE_ITEM:
        return item(c, record, event);
    case PLK_QUEUE_CELL:
        return cell(c, record, event);
    case PLK_QUEUE_TOKEN:
        return token(c, record, event);
    case PLK_QUEUE_REPLACED:
        return replaced(c, now_us, record);
    case PLK_QUEUE_BYE:
        *event = (struct plk_queue_client_event){.kind = PLK_QUEUE_CLIENT_BYE, .number = record->wait_ms};
        return PLK_ERR_OK;
    default:
        return PLK_ERR_MALFORMED; // a client's command
    }
}
