// SPDX-License-Identifier: MIT
#include "queue/client.h"

#include "queue/client_inside.h"

struct plk_queue_client *plk_queue_client_new(struct plk_mem *mem, const uint8_t relay_static[PLK_QUEUE_KEY_LEN]) {
    struct plk_queue_client *c = plk_mem_take(mem, sizeof *c);
    c->mem = mem;
    memcpy(c->relay, relay_static, sizeof c->relay);
    return c;
}

void plk_queue_client_free(struct plk_queue_client *c) {
    if (c == NULL) return;
    for (uint32_t i = 0; i < c->slot_count; i++) plk_mem_give(c->mem, c->slots[i].draft);
    for (uint32_t i = 0; i < c->put_count; i++) plk_mem_give(c->mem, c->puts[i].cell);
    plk_mem_give(c->mem, c->slots);
    plk_mem_give(c->mem, c->puts);
    plk_mem_give(c->mem, c->items);
    plk_mem_give(c->mem, c->events);
    plk_mem_give(c->mem, c);
}

// ---- places ---------------------------------------------------------------------------------------------------------

struct plk_queue_slot *plk_queue_client_slot(struct plk_queue_client *c, uint32_t id) {
    for (uint32_t i = 0; i < c->slot_count; i++) {
        struct plk_queue_slot *slot = &c->slots[i];
        if (slot->used && !slot->leaving && slot->id == id) return slot;
    }
    return NULL;
}

struct plk_queue_slot *plk_queue_client_at(struct plk_queue_client *c, uint32_t handle) {
    if (handle == 0 || handle > c->slot_count || !c->slots[handle - 1].used) return NULL;
    return &c->slots[handle - 1];
}

static struct plk_queue_slot *take_place(struct plk_queue_client *c) {
    for (uint32_t i = 0; i < c->slot_count; i++) {
        if (!c->slots[i].used) return &c->slots[i];
    }
    if (c->slot_count == PLK_QUEUE_CLIENT_QUEUES) return NULL;
    if (c->slot_count == c->slot_cap) {
        c->slot_cap = c->slot_cap == 0 ? 8 : c->slot_cap * 2;
        c->slots = plk_mem_grow(c->mem, c->slots, c->slot_cap * sizeof c->slots[0]);
    }
    return &c->slots[c->slot_count++];
}

static void drop_items(struct plk_queue_client *c, uint32_t place) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->item_count; i++) {
        if (c->items[i].slot != place) c->items[kept++] = c->items[i];
    }
    c->item_count = kept;
}

void plk_queue_client_release(struct plk_queue_client *c, struct plk_queue_slot *slot) {
    drop_items(c, (uint32_t)(slot - c->slots));
    plk_mem_give(c->mem, slot->draft);
    plk_mem_wipe(slot, sizeof *slot);
}

bool plk_queue_client_is_quiet(const struct plk_queue_slot *slot) {
    return !slot->acking && slot->attach != PLK_QUEUE_WISH_ASKED && slot->newq != PLK_QUEUE_WISH_ASKED &&
           slot->set_flags != PLK_QUEUE_WISH_ASKED && slot->write != PLK_QUEUE_WISH_ASKED &&
           slot->read != PLK_QUEUE_WISH_ASKED && slot->guest != PLK_QUEUE_WISH_ASKED;
}

static void drop_puts(struct plk_queue_client *c, uint32_t place) {
    for (uint32_t i = 0; i < c->put_count; i++) {
        struct plk_queue_put *put = &c->puts[i];
        if (put->state == PLK_QUEUE_PUT_FREE || put->slot != place) continue;
        plk_queue_client_put_cancel(c, put->number);
    }
}

// ---- events ---------------------------------------------------------------------------------------------------------

void plk_queue_client_tell(struct plk_queue_client *c, const struct plk_queue_client_event *event) {
    if (c->event_count == c->event_cap) {
        c->event_cap = c->event_cap == 0 ? 8 : c->event_cap * 2;
        c->events = plk_mem_grow(c->mem, c->events, c->event_cap * sizeof c->events[0]);
    }
    c->events[c->event_count++] = *event;
}

bool plk_queue_client_event(struct plk_queue_client *c, struct plk_queue_client_event *event) {
    if (c->event_at < c->event_count) {
        *event = c->events[c->event_at++];
        return true;
    }
    plk_mem_give(c->mem, c->events);
    c->events = NULL;
    c->event_count = c->event_cap = c->event_at = 0;
    return false;
}

static enum plk_queue_client_state state_of(const struct plk_queue_slot *slot) {
    if (slot->refused) return PLK_QUEUE_CLIENT_REFUSED;
    if (slot->replaced) return PLK_QUEUE_CLIENT_REPLACED;
    if (slot->attach == PLK_QUEUE_WISH_MET && (!slot->own || slot->sub == PLK_QUEUE_WISH_MET)) {
        return PLK_QUEUE_CLIENT_READY;
    }
    return slot->attach != PLK_QUEUE_WISH_NONE || slot->newq != PLK_QUEUE_WISH_NONE ? PLK_QUEUE_CLIENT_UNDER_WAY
                                                                                    : PLK_QUEUE_CLIENT_AWAY;
}

void plk_queue_client_settle(struct plk_queue_client *c, struct plk_queue_slot *slot) {
    enum plk_queue_client_state state = state_of(slot);
    if (slot->told == state) return;
    slot->told = (uint8_t)state;
    if (state < PLK_QUEUE_CLIENT_READY || slot->drop || slot->leaving) return;
    struct plk_queue_client_event event = {
        .kind = PLK_QUEUE_CLIENT_STATE, .id = slot->id, .made = slot->made, .code = (enum plk_queue_code)slot->code};
    slot->made = slot->made && state != PLK_QUEUE_CLIENT_READY;
    plk_queue_client_tell(c, &event);
}

void plk_queue_client_refuse(struct plk_queue_client *c, struct plk_queue_slot *slot, enum plk_queue_code code) {
    slot->refused = true;
    slot->code = (uint8_t)code;
    plk_queue_client_settle(c, slot);
}

enum plk_queue_client_state plk_queue_client_state(const struct plk_queue_client *c, uint32_t id) {
    const struct plk_queue_slot *slot = plk_queue_client_slot((struct plk_queue_client *)c, id);
    return slot == NULL ? PLK_QUEUE_CLIENT_NONE : state_of(slot);
}

// ---- queues ---------------------------------------------------------------------------------------------------------

void plk_queue_client_want(struct plk_queue_client *c, struct plk_queue_slot *slot) {
    if (c->has_token) {
        slot->newq = PLK_QUEUE_WISH_DUE;
    } else if (c->channel.admission == PLK_RELAY_ADMIT_OPEN && c->channel.bits <= PLK_QUEUE_CLIENT_WORK_BITS &&
               slot->tries < 2) {
        slot->newq = PLK_QUEUE_WISH_WORK;
        c->work = true;
    } else {
        slot->newq = PLK_QUEUE_WISH_NONE;
        plk_queue_client_refuse(c, slot, PLK_QUEUE_CODE_ADMISSION);
    }
}

// What an own queue, or what is wanted of another, asks for on a channel that is open.
static void begin(struct plk_queue_client *c, struct plk_queue_slot *slot) {
    c->stirred = true;
    if (!slot->own) {
        slot->attach = PLK_QUEUE_WISH_DUE;
        return;
    }
    slot->sub = slot->drop ? PLK_QUEUE_WISH_NONE : PLK_QUEUE_WISH_DUE;
    slot->attach = PLK_QUEUE_WISH_DUE;
    if (!slot->fresh || slot->drop) return;
    slot->attach = PLK_QUEUE_WISH_NONE;
    plk_queue_client_want(c, slot);
}

enum plk_err plk_queue_client_own(struct plk_queue_client *c, uint32_t id, const uint8_t secret[PLK_QUEUE_KEY_LEN],
                                  const uint8_t sender_public[PLK_QUEUE_KEY_LEN], uint8_t flags, bool fresh) {
    if (plk_queue_client_slot(c, id) != NULL) return PLK_ERR_EXISTS;
    struct plk_queue_slot *slot = take_place(c);
    if (slot == NULL) return PLK_ERR_LIMIT;
    uint8_t public[PLK_QUEUE_KEY_LEN];
    *slot = (struct plk_queue_slot){.used = true, .own = true, .id = id, .flags = flags, .fresh = fresh};
    memcpy(slot->secret, secret, sizeof slot->secret);
    memcpy(slot->sender, sender_public, sizeof slot->sender);
    plk_dh_public(public, secret);
    plk_queue_key_rid(slot->name, public);
    slot->told = PLK_QUEUE_CLIENT_AWAY;
    if (c->up) begin(c, slot);
    return PLK_ERR_OK;
}

enum plk_err plk_queue_client_sender(struct plk_queue_client *c, uint32_t id, const uint8_t sid[PLK_QUEUE_ID_LEN],
                                     const uint8_t secret[PLK_QUEUE_KEY_LEN]) {
    if (plk_queue_client_slot(c, id) != NULL) return PLK_ERR_EXISTS;
    struct plk_queue_slot *slot = take_place(c);
    if (slot == NULL) return PLK_ERR_LIMIT;
    *slot = (struct plk_queue_slot){.used = true, .id = id, .told = PLK_QUEUE_CLIENT_AWAY};
    memcpy(slot->secret, secret, sizeof slot->secret);
    memcpy(slot->name, sid, sizeof slot->name);
    return PLK_ERR_OK;
}

void plk_queue_client_forget(struct plk_queue_client *c, uint32_t id, bool drop) {
    struct plk_queue_slot *slot = plk_queue_client_slot(c, id);
    if (slot == NULL) return;
    uint32_t place = (uint32_t)(slot - c->slots);
    drop_puts(c, place);
    if (drop && slot->own) {
        slot->drop = true;
        slot->refused = false;
        slot->sub = PLK_QUEUE_WISH_NONE;
        if (slot->newq != PLK_QUEUE_WISH_ASKED) slot->newq = PLK_QUEUE_WISH_NONE;
        slot->del = PLK_QUEUE_WISH_DUE;
        if (c->up && slot->attach == PLK_QUEUE_WISH_NONE) slot->attach = PLK_QUEUE_WISH_DUE;
        c->stirred = true;
        return;
    }
    drop_items(c, place);
    bool attached = slot->attach >= PLK_QUEUE_WISH_ASKED;
    if (!attached && plk_queue_client_is_quiet(slot)) {
        plk_queue_client_release(c, slot);
        return;
    }
    slot->leaving = true; // the handle is not used again before the relay has heard of it
    slot->detach = attached ? PLK_QUEUE_WISH_DUE : PLK_QUEUE_WISH_MET;
    c->stirred = true;
}

void plk_queue_client_flags(struct plk_queue_client *c, uint32_t id, uint8_t flags) {
    struct plk_queue_slot *slot = plk_queue_client_slot(c, id);
    plk_assert(slot != NULL && slot->own);
    if (slot->flags == flags) return;
    slot->flags = flags;
    slot->set_flags = PLK_QUEUE_WISH_DUE;
    c->stirred = true;
}

void plk_queue_client_token(struct plk_queue_client *c, const uint8_t *token) {
    c->has_token = token != NULL;
    if (token == NULL) {
        plk_mem_wipe(c->token, sizeof c->token);
    } else {
        memcpy(c->token, token, sizeof c->token);
    }
    for (uint32_t i = 0; i < c->slot_count && c->up && token != NULL; i++) {
        struct plk_queue_slot *slot = &c->slots[i];
        bool waits = slot->newq == PLK_QUEUE_WISH_WORK || (slot->refused && slot->newq == PLK_QUEUE_WISH_NONE);
        if (!slot->used || !slot->own || slot->drop || !waits) continue;
        slot->refused = false;
        slot->newq = PLK_QUEUE_WISH_DUE;
        slot->sub = PLK_QUEUE_WISH_DUE;
        c->stirred = true;
        plk_queue_client_settle(c, slot);
    }
}

// Something is wanted of a queue of somebody else; what the relay said before may be otherwise by now.
static void wake(struct plk_queue_client *c, struct plk_queue_slot *slot) {
    c->stirred = true;
    if (slot->own || !c->up || slot->attach != PLK_QUEUE_WISH_NONE) return;
    slot->refused = false;
    begin(c, slot);
    plk_queue_client_settle(c, slot);
}

enum plk_err plk_queue_client_handle(struct plk_queue_client *c, uint32_t id, uint32_t *handle) {
    struct plk_queue_slot *slot = plk_queue_client_slot(c, id);
    if (slot == NULL || !c->up) return PLK_ERR_NOT_FOUND;
    if (slot->refused) return PLK_ERR_CLOSED;
    wake(c, slot);
    *handle = (uint32_t)(slot - c->slots) + 1;
    return PLK_ERR_OK;
}

bool plk_queue_client_of_handle(const struct plk_queue_client *c, uint32_t handle, uint32_t *id) {
    const struct plk_queue_slot *slot = plk_queue_client_at((struct plk_queue_client *)c, handle);
    if (slot == NULL || slot->leaving || slot->attach < PLK_QUEUE_WISH_ASKED) return false;
    *id = slot->id;
    return true;
}

// ---- what is wanted of them -----------------------------------------------------------------------------------------

static struct plk_queue_put *take_put(struct plk_queue_client *c) {
    for (uint32_t i = 0; i < c->put_count; i++) {
        if (c->puts[i].state == PLK_QUEUE_PUT_FREE) return &c->puts[i];
    }
    if (c->put_count == PLK_QUEUE_CLIENT_PUTS) return NULL;
    if (c->put_count == c->put_cap) {
        c->put_cap = c->put_cap == 0 ? 8 : c->put_cap * 2;
        c->puts = plk_mem_grow(c->mem, c->puts, c->put_cap * sizeof c->puts[0]);
    }
    return &c->puts[c->put_count++];
}

enum plk_err plk_queue_client_put(struct plk_queue_client *c, uint32_t id, uint64_t number, struct plk_bytes cell) {
    plk_assert(plk_queue_is_cell_len(cell.len));
    struct plk_queue_slot *slot = plk_queue_client_slot(c, id);
    if (slot == NULL || slot->own) return PLK_ERR_NOT_FOUND;
    if (cell.len > plk_queue_client_put_room(c)) return PLK_ERR_LIMIT;
    struct plk_queue_put *put = take_put(c);
    if (put == NULL) return PLK_ERR_LIMIT;
    *put = (struct plk_queue_put){.state = PLK_QUEUE_PUT_WAITS, .number = number, .len = cell.len};
    put->slot = (uint32_t)(slot - c->slots);
    put->serial = c->put_serial++;
    put->cell = plk_mem_take(c->mem, cell.len);
    memcpy(put->cell, cell.at, cell.len);
    c->put_bytes += cell.len;
    wake(c, slot);
    return PLK_ERR_OK;
}

void plk_queue_client_put_end(struct plk_queue_client *c, struct plk_queue_put *put) {
    c->put_bytes -= put->len;
    plk_mem_give(c->mem, put->cell);
    *put = (struct plk_queue_put){.state = PLK_QUEUE_PUT_FREE};
}

void plk_queue_client_put_cancel(struct plk_queue_client *c, uint64_t number) {
    for (uint32_t i = 0; i < c->put_count; i++) {
        struct plk_queue_put *put = &c->puts[i];
        if (put->number != number) continue;
        if (put->state == PLK_QUEUE_PUT_WAITS) plk_queue_client_put_end(c, put);
        if (put->state == PLK_QUEUE_PUT_SENT) put->state = PLK_QUEUE_PUT_CANCELLED; // its tag is in use
    }
}

size_t plk_queue_client_put_room(const struct plk_queue_client *c) { return PLK_QUEUE_CLIENT_PUT_BYTES - c->put_bytes; }

void plk_queue_client_ack(struct plk_queue_client *c, uint32_t id, uint64_t number) {
    const struct plk_queue_slot *slot = plk_queue_client_slot(c, id);
    for (uint32_t i = 0; slot != NULL && i < c->item_count; i++) {
        struct plk_queue_item *item = &c->items[i];
        if (item->slot != (uint32_t)(slot - c->slots) || item->number != number) continue;
        if (item->state == PLK_QUEUE_ITEM_GIVEN) item->state = PLK_QUEUE_ITEM_DURABLE;
        c->stirred = true;
        return;
    }
}

enum plk_err plk_queue_client_write(struct plk_queue_client *c, uint32_t id, uint64_t sequence, struct plk_bytes cell) {
    plk_assert(cell.len == PLK_QUEUE_CELL_SMALL);
    struct plk_queue_slot *slot = plk_queue_client_slot(c, id);
    if (slot == NULL || !slot->own || slot->drop) return PLK_ERR_NOT_FOUND;
    if (slot->draft == NULL) slot->draft = plk_mem_take(c->mem, sizeof *slot->draft);
    slot->draft->sequence = sequence;
    memcpy(slot->draft->bytes, cell.at, cell.len);
    if (slot->write != PLK_QUEUE_WISH_ASKED) slot->write = PLK_QUEUE_WISH_DUE; // else when that one is answered
    wake(c, slot);
    return PLK_ERR_OK;
}

enum plk_err plk_queue_client_read(struct plk_queue_client *c, uint32_t id) {
    struct plk_queue_slot *slot = plk_queue_client_slot(c, id);
    if (slot == NULL) return PLK_ERR_NOT_FOUND;
    if (slot->read == PLK_QUEUE_WISH_NONE) slot->read = PLK_QUEUE_WISH_DUE;
    wake(c, slot);
    return PLK_ERR_OK;
}

enum plk_err plk_queue_client_guest(struct plk_queue_client *c, uint32_t id) {
    struct plk_queue_slot *slot = plk_queue_client_slot(c, id);
    if (slot == NULL || slot->own) return PLK_ERR_NOT_FOUND;
    if (slot->guest == PLK_QUEUE_WISH_NONE) slot->guest = PLK_QUEUE_WISH_DUE;
    wake(c, slot);
    return PLK_ERR_OK;
}

// ---- the channel ----------------------------------------------------------------------------------------------------

static void again(uint8_t *wish) {
    if (*wish == PLK_QUEUE_WISH_ASKED) *wish = PLK_QUEUE_WISH_DUE;
}

static bool is_wanted(const struct plk_queue_client *c, const struct plk_queue_slot *slot) {
    if (slot->own || slot->read != PLK_QUEUE_WISH_NONE || slot->guest != PLK_QUEUE_WISH_NONE) return true;
    for (uint32_t i = 0; i < c->put_count; i++) {
        if (c->puts[i].state != PLK_QUEUE_PUT_FREE && &c->slots[c->puts[i].slot] == slot) return true;
    }
    return false;
}

void plk_queue_client_up(struct plk_queue_client *c, uint64_t now_us, const struct plk_queue_client_channel *channel) {
    plk_queue_client_down(c);
    c->up = true;
    c->up_us = now_us;
    c->channel = *channel;
    c->later_us = c->pause_us = c->retake_us = 0;
    for (uint32_t i = 0; i < c->slot_count; i++) {
        if (c->slots[i].used && is_wanted(c, &c->slots[i])) begin(c, &c->slots[i]);
    }
}

static void slot_down(struct plk_queue_client *c, struct plk_queue_slot *slot) {
    if (slot->leaving) {
        plk_queue_client_release(c, slot);
        return;
    }
    slot->attach = slot->newq = slot->sub = slot->detach = PLK_QUEUE_WISH_NONE;
    slot->refused = slot->replaced = slot->acking = false;
    slot->tries = slot->sub_tries = 0;
    slot->told = PLK_QUEUE_CLIENT_AWAY;
    if (slot->drop) slot->del = PLK_QUEUE_WISH_DUE;
    again(&slot->set_flags);
    again(&slot->write);
    again(&slot->read);
    again(&slot->guest);
}

void plk_queue_client_down(struct plk_queue_client *c) {
    if (!c->up) return;
    c->up = c->stirred = c->work = false;
    c->working = 0;
    for (uint32_t i = 0; i < c->slot_count; i++) {
        if (c->slots[i].used) slot_down(c, &c->slots[i]);
    }
    for (uint32_t i = 0; i < c->put_count; i++) {
        struct plk_queue_put *put = &c->puts[i];
        if (put->state == PLK_QUEUE_PUT_CANCELLED) plk_queue_client_put_end(c, put);
        if (put->state == PLK_QUEUE_PUT_SENT) put->state = PLK_QUEUE_PUT_WAITS;
    }
    plk_queue_client_forwards_down(c);
    plk_mem_give(c->mem, c->items);
    c->items = NULL;
    c->item_count = c->item_cap = 0;
    plk_mem_wipe(&c->channel, sizeof c->channel);
}

// ---- work and time --------------------------------------------------------------------------------------------------

static struct plk_queue_slot *slot_to_work_for(struct plk_queue_client *c, struct plk_rng *rng) {
    struct plk_queue_slot *slot = c->working == 0 ? NULL : plk_queue_client_at(c, c->working);
    if (slot != NULL && slot->newq == PLK_QUEUE_WISH_WORK) return slot;
    c->working = 0;
    for (uint32_t i = 0; i < c->slot_count && c->working == 0; i++) {
        if (c->slots[i].used && !c->slots[i].leaving && c->slots[i].newq == PLK_QUEUE_WISH_WORK) c->working = i + 1;
    }
    c->work = c->working != 0;
    c->work_nonce = plk_rng_u64(rng);
    return c->working == 0 ? NULL : &c->slots[c->working - 1];
}

static void retake(struct plk_queue_client *c) {
    c->retake_us = 0;
    c->stirred = true;
    for (uint32_t i = 0; i < c->slot_count; i++) {
        struct plk_queue_slot *slot = &c->slots[i];
        if (!slot->used || !slot->replaced) continue;
        slot->replaced = false;
        slot->sub = PLK_QUEUE_WISH_DUE;
        plk_queue_client_settle(c, slot);
    }
}

void plk_queue_client_tick(struct plk_queue_client *c, uint64_t now_us, struct plk_rng *rng) {
    if (c->retake_us != 0 && now_us >= c->retake_us) retake(c);
    if (c->later_us != 0 && now_us >= c->later_us) {
        c->later_us = 0;
        c->stirred = true;
    }
    if (!c->up || !c->work) return;
    struct plk_queue_slot *slot = slot_to_work_for(c, rng);
    if (slot == NULL) return;
    uint32_t day = (uint32_t)((c->channel.wall_ms + (now_us - c->up_us) / PLK_MS) / (PLK_DAY / PLK_MS));
    for (unsigned i = 0; i < PLK_QUEUE_CLIENT_WORK_STEP; i++) {
        uint64_t nonce = c->work_nonce++;
        if (plk_queue_key_work(slot->name, day, nonce) < c->channel.bits) continue;
        slot->nonce = nonce;
        slot->day = day;
        slot->newq = PLK_QUEUE_WISH_DUE;
        c->stirred = true;
        return;
    }
}

uint64_t plk_queue_client_deadline(const struct plk_queue_client *c, uint64_t now_us) {
    if (!c->up) return PLK_NEVER;
    if (c->work) return now_us;
    uint64_t due_us = c->later_us != 0 ? c->later_us : PLK_NEVER;
    return c->retake_us != 0 ? plk_earlier(due_us, c->retake_us) : due_us;
}

struct plk_queue_client_status plk_queue_client_status(const struct plk_queue_client *c) {
    struct plk_queue_client_status status = {.up = c->up, .put_bytes = c->put_bytes, .later_us = c->later_us};
    for (uint32_t i = 0; i < c->slot_count; i++) {
        const struct plk_queue_slot *slot = &c->slots[i];
        if (!slot->used || !slot->own || slot->leaving || slot->drop) continue;
        status.own++;
        status.ready += state_of(slot) == PLK_QUEUE_CLIENT_READY;
        status.refused += state_of(slot) == PLK_QUEUE_CLIENT_REFUSED;
    }
    for (uint32_t i = 0; i < c->put_count; i++) status.puts += c->puts[i].state != PLK_QUEUE_PUT_FREE;
    return status;
}
