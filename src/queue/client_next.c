// SPDX-License-Identifier: MIT
// What a queue client says next, in this order: NEWQ and ATTACH, SUB of all that are attached or about to be, what is wanted of
// single queues, ACK, PUT. All of a start leaves in one flight: a relay carries commands out in their order.
#include "queue/client_inside.h"

static bool is_attached(const struct plk_queue_slot *slot) {
    return slot->attach == PLK_QUEUE_WISH_ASKED || slot->attach == PLK_QUEUE_WISH_MET;
}

static uint32_t handle_of(const struct plk_queue_client *c, const struct plk_queue_slot *slot) {
    return (uint32_t)(slot - c->slots) + 1;
}

static void make_newq(struct plk_queue_client *c, struct plk_queue_slot *slot, struct plk_queue_record *record) {
    record->newq.flags = slot->flags;
    plk_dh_public(record->newq.owner, slot->secret);
    memcpy(record->newq.sender, slot->sender, sizeof record->newq.sender);
    record->newq.admission = c->has_token ? PLK_QUEUE_ADMIT_TOKEN : PLK_QUEUE_ADMIT_WORK;
    if (c->has_token) {
        memcpy(record->newq.token, c->token, sizeof record->newq.token);
    } else {
        record->newq.nonce = slot->nonce;
        record->newq.day = slot->day;
    }
    slot->newq = PLK_QUEUE_WISH_ASKED;
    slot->set_flags = PLK_QUEUE_WISH_NONE; // they are in it
    if (slot->attach == PLK_QUEUE_WISH_NONE) slot->attach = PLK_QUEUE_WISH_DUE;
}

// false: the relay's static is no key for this queue's secret. No relay that answered a hello has such a one.
static bool make_attach(struct plk_queue_client *c, struct plk_queue_slot *slot, struct plk_queue_record *record) {
    enum plk_queue_role role = slot->own ? PLK_QUEUE_OWNER : PLK_QUEUE_SENDER;
    record->handle = handle_of(c, slot);
    record->attach.role = role;
    memcpy(record->attach.id, slot->name, sizeof record->attach.id);
    slot->attach = PLK_QUEUE_WISH_ASKED;
    return plk_queue_key_proof(record->attach.proof, slot->secret, c->relay, role, slot->name, c->channel.hash,
                               record->handle) == PLK_ERR_OK;
}

// Wishes that are one command with a handle. Those of an own queue wait for the answer to ATTACH: it may have to be made first.
static bool take(struct plk_queue_client *c, struct plk_queue_slot *slot, uint8_t *wish, enum plk_queue_type type,
                 struct plk_queue_record *record) {
    bool ready = slot->own ? slot->attach == PLK_QUEUE_WISH_MET : is_attached(slot);
    if (*wish != PLK_QUEUE_WISH_DUE || !ready) return false;
    *wish = PLK_QUEUE_WISH_ASKED;
    *record = (struct plk_queue_record){.type = type, .handle = handle_of(c, slot)};
    record->tag = plk_queue_tag(type, record->handle);
    return true;
}

static bool next_of_queue(struct plk_queue_client *c, struct plk_queue_slot *slot, struct plk_queue_record *record) {
    if (slot->leaving) return take(c, slot, &slot->detach, PLK_QUEUE_DETACH, record);
    if (slot->newq == PLK_QUEUE_WISH_DUE) {
        *record =
            (struct plk_queue_record){.type = PLK_QUEUE_NEWQ, .tag = plk_queue_tag(PLK_QUEUE_NEWQ, handle_of(c, slot))};
        make_newq(c, slot, record);
        return true;
    }
    if (slot->attach == PLK_QUEUE_WISH_DUE) {
        *record = (struct plk_queue_record){.type = PLK_QUEUE_ATTACH,
                                            .tag = plk_queue_tag(PLK_QUEUE_ATTACH, handle_of(c, slot))};
        if (make_attach(c, slot, record)) return true;
        slot->attach = PLK_QUEUE_WISH_NONE;
        plk_queue_client_refuse(c, slot, PLK_QUEUE_CODE_DENIED);
    }
    return false;
}

static bool next_single(struct plk_queue_client *c, struct plk_queue_slot *slot, size_t room,
                        struct plk_queue_record *record) {
    if (take(c, slot, &slot->del, PLK_QUEUE_DEL, record)) { // whoever made it with a token may make another for it
        if (!c->has_token) return true;
        record->del.admission = PLK_QUEUE_ADMIT_TOKEN;
        memcpy(record->del.token, c->token, sizeof record->del.token);
        return true;
    }
    if (slot->drop) return false;
    if (take(c, slot, &slot->read, PLK_QUEUE_READ, record)) return true;
    if (take(c, slot, &slot->guest, PLK_QUEUE_GUEST, record)) return true;
    if (take(c, slot, &slot->set_flags, PLK_QUEUE_FLAGS, record)) {
        record->flags = slot->flags;
        return true;
    }
    if (room < PLK_QUEUE_SMALL_MAX + PLK_QUEUE_CELL_SMALL) return false;
    if (!take(c, slot, &slot->write, PLK_QUEUE_WRITE, record)) return false;
    slot->draft->sent = slot->draft->sequence;
    record->cell.number = slot->draft->sequence;
    record->cell.bytes = plk_bytes(slot->draft->bytes, sizeof slot->draft->bytes);
    return true;
}

// One SUB for all that wait for it.
static bool next_sub(struct plk_queue_client *c, size_t room, struct plk_queue_record *record) {
    struct plk_writer w = plk_writer(c->list, sizeof c->list);
    size_t most = (room - PLK_QUEUE_SMALL_MAX) / 4;
    if (most > PLK_QUEUE_LIST_MAX) most = PLK_QUEUE_LIST_MAX;
    for (uint32_t i = 0; i < c->slot_count && w.len / 4 < most; i++) {
        struct plk_queue_slot *slot = &c->slots[i];
        if (!slot->used || slot->leaving || slot->sub != PLK_QUEUE_WISH_DUE || !is_attached(slot)) continue;
        slot->sub = PLK_QUEUE_WISH_ASKED;
        slot->batch = c->next_batch;
        plk_writer_u32(&w, i + 1);
    }
    if (w.len == 0) return false;
    *record = (struct plk_queue_record){.type = PLK_QUEUE_SUB, .tag = plk_queue_tag(PLK_QUEUE_SUB, c->next_batch)};
    record->list = plk_writer_bytes(&w);
    c->next_batch = (c->next_batch + 1) & ((1u << PLK_QUEUE_TAG_SHIFT) - 1);
    return true;
}

// All items of one queue that have become durable.
static bool next_ack(struct plk_queue_client *c, struct plk_queue_record *record) {
    struct plk_writer w = plk_writer(c->list, sizeof c->list);
    uint32_t place = 0;
    for (uint32_t i = 0; i < c->item_count; i++) {
        struct plk_queue_item *item = &c->items[i];
        if (item->state != PLK_QUEUE_ITEM_DURABLE || c->slots[item->slot].acking) continue;
        if (w.len > 0 && item->slot != place) continue;
        place = item->slot;
        item->state = PLK_QUEUE_ITEM_ACKED;
        plk_writer_u64(&w, item->number);
    }
    if (w.len == 0) return false;
    plk_assert(!w.failed); // PLK_QUEUE_CLIENT_AHEAD of one queue
    c->slots[place].acking = true;
    *record = (struct plk_queue_record){
        .type = PLK_QUEUE_ACK, .tag = plk_queue_tag(PLK_QUEUE_ACK, place + 1), .handle = place + 1};
    record->list = plk_writer_bytes(&w);
    return true;
}

static bool next_put(struct plk_queue_client *c, size_t room, struct plk_queue_record *record) {
    struct plk_queue_put *first = NULL;
    for (uint32_t i = 0; i < c->put_count; i++) {
        struct plk_queue_put *put = &c->puts[i];
        if (put->state != PLK_QUEUE_PUT_WAITS || !is_attached(&c->slots[put->slot])) continue;
        if (first == NULL || put->serial < first->serial) first = put;
    }
    if (first == NULL || first->len + PLK_QUEUE_SMALL_MAX > room) return false;
    first->state = PLK_QUEUE_PUT_SENT;
    *record = (struct plk_queue_record){.type = PLK_QUEUE_PUT, .handle = first->slot + 1};
    record->tag = plk_queue_tag(PLK_QUEUE_PUT, (uint32_t)(first - c->puts));
    record->cell.bytes = plk_bytes(first->cell, first->len);
    return true;
}

bool plk_queue_client_next(struct plk_queue_client *c, uint64_t now_us, size_t room, struct plk_queue_record *record) {
    if (!c->up || !c->stirred || now_us < c->later_us || room < 2 * PLK_QUEUE_SMALL_MAX) return false;
    if (plk_queue_client_forward_next(c, record) || plk_queue_client_directory_next(c, record)) return true;
    for (uint32_t i = 0; i < c->slot_count;
         i++) { // goes on behind what it gave last: a start looks at each queue twice
        uint32_t place = (c->cursor + i) % c->slot_count;
        if (!c->slots[place].used || !next_of_queue(c, &c->slots[place], record)) continue;
        c->cursor = place;
        return true;
    }
    if (next_sub(c, room, record)) return true;
    for (uint32_t i = 0; i < c->slot_count; i++) {
        struct plk_queue_slot *slot = &c->slots[i];
        if (slot->used && !slot->leaving && next_single(c, slot, room, record)) return true;
    }
    if (next_ack(c, record) || next_put(c, room, record)) return true;
    // What lacks nothing but room waits for the next call, which may have more of it.
    c->stirred = room < PLK_QUEUE_SMALL_MAX + PLK_QUEUE_CELL_LARGE;
    return false;
}
