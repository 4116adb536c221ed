// SPDX-License-Identifier: MIT
// A relay that starts on a store which holds whatever the input says: rows of each table, some as they should be, some cut, changed
// or of no meaning, under keys of queues that exist and of those that do not. Then everything that reads them is done: owners
// and senders attach, subscribe, acknowledge, put, write and ask for guests, days pass, and the relay starts again. It must neither
// trap nor leak nor wait for ever, must send no cell but those of the store, and each row that can be read has one encoding.
#include <stddef.h>
#include <stdint.h>

#define RIG_CLIENTS 3
#define RIG_TOLD 1024
#define RIG_PACKETS 1024
#define RIG_LOADS 512
#include "support/relay_rig.h"

#include "relay/mailbox.h"
#include "relay/token.h"

#define ROWS_MAX 48
#define QUEUES 3
#define OWNER 0
#define SENDER 1
#define HANDLE_SENDER 16 // and above: those of senders
#define DAY (24 * 60 * 60 * UINT64_C(1000))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct rig *rig;
    struct plk_reader r;
    struct rig_queue queues[QUEUES];
    uint8_t token[PLK_QUEUE_TOKEN_LEN], hash[32];
    bool deleted[QUEUES]; // items may have been under way
};

// ---- one encoding -----------------------------------------------------------------------------------------------------

static void same(const uint8_t *made, size_t len, struct plk_bytes value) {
    TOY_CHECK(plk_bytes_equal(plk_bytes(made, len), value));
}

static void check_row(enum plk_table table, struct plk_bytes key, struct plk_bytes value) {
    uint8_t room[PLK_QUEUE_ROW_LEN + PLK_TOKEN_ROW_LEN], key_room[PLK_MAILBOX_KEY_LEN];
    struct plk_queue_row queue;
    struct plk_token_row token;
    struct plk_grant_row grant;
    struct plk_head head;
    if (table == PLK_TABLE_rqueue && plk_queue_row_decode(value, &queue) == PLK_ERR_OK) {
        plk_queue_row_encode(room, &queue);
        same(room, PLK_QUEUE_ROW_LEN, value);
    } else if (table == PLK_TABLE_rtoken && plk_token_row_decode(value, &token) == PLK_ERR_OK) {
        plk_token_row_encode(room, &token);
        same(room, PLK_TOKEN_ROW_LEN, value);
    } else if (table == PLK_TABLE_rgrant && plk_grant_row_decode(value, &grant) == PLK_ERR_OK) {
        plk_grant_row_encode(room, &grant);
        same(room, PLK_GRANT_ROW_LEN, value);
    } else if (table == PLK_TABLE_ritem && plk_head_decode(key, value, &head) == PLK_ERR_OK) {
        plk_head_encode(room, &head);
        same(room, PLK_MAILBOX_HEAD_LEN, value);
        plk_head_key(key_room, key.at, head.number);
        same(key_room, sizeof key_room, key);
    }
}

// ---- the store --------------------------------------------------------------------------------------------------------

// A row as a relay would have written it, of this table.
static size_t good_value(struct world *w, enum plk_table table, unsigned which, uint8_t *room, size_t cap) {
    uint8_t what = plk_reader_u8(&w->r), old = plk_reader_u8(&w->r);
    uint32_t today = (uint32_t)(w->rig->now.wall_ms / DAY);
    const struct rig_queue *q = &w->queues[which % QUEUES];
    struct plk_queue_row queue = {.flags = what % 8, .day = today - old};
    struct plk_token_row token = {
        .revoked = what % 4 == 3, .guest = what % 8 > 5, .allowed = what % 16, .made = old % 16};
    struct plk_grant_row grant = {.left = what};
    struct plk_head head = {.day = today - old % 64, .step = what % 3, .digest = {what, old}};
    switch (table) {
    case PLK_TABLE_rqueue:
        memcpy(queue.owner, q->owner_public, sizeof queue.owner);
        memcpy(queue.sender, q->sender_public, sizeof queue.sender);
        plk_queue_row_encode(room, &queue);
        return PLK_QUEUE_ROW_LEN;
    case PLK_TABLE_rtoken:
        if (what % 32 == 31) memcpy(token.parent, w->hash, sizeof token.parent);
        plk_token_row_encode(room, &token);
        return PLK_TOKEN_ROW_LEN;
    case PLK_TABLE_rgrant:
        if (old % 2 == 1) memcpy(grant.token, w->hash, sizeof grant.token);
        plk_grant_row_encode(room, &grant);
        return PLK_GRANT_ROW_LEN;
    case PLK_TABLE_ritem:
        plk_head_encode(room, &head);
        return PLK_MAILBOX_HEAD_LEN;
    default: // rcell, rbundle
        memset(room, what, cap);
        return table == PLK_TABLE_rbundle ? 8 + PLK_QUEUE_CELL_SMALL
                                          : (size_t[]){PLK_QUEUE_CELL_SMALL, PLK_QUEUE_CELL_MIDDLE}[old % 2];
    }
}

static size_t key_of(struct world *w, enum plk_table table, unsigned which, uint8_t key[PLK_ROW_KEY_MAX]) {
    struct plk_writer k = plk_writer(key, PLK_ROW_KEY_MAX);
    if (which / 4 % 8 == 7) { // of nothing
        struct plk_bytes raw = plk_reader_take(&w->r, w->r.left < 24 ? w->r.left : 24);
        plk_writer_put(&k, raw);
        return k.len;
    }
    if (table == PLK_TABLE_rtoken) {
        plk_writer_copy(&k, w->hash, sizeof w->hash);
        return k.len;
    }
    plk_writer_copy(&k, w->queues[which % QUEUES].sid, PLK_QUEUE_ID_LEN);
    if (table != PLK_TABLE_ritem && table != PLK_TABLE_rcell) return k.len;
    uint8_t number = plk_reader_u8(&w->r);
    uint64_t last = number < 248 ? PLK_MAILBOX_NUMBER_MAX : UINT64_MAX; // and around the ends
    plk_writer_u64(&k, number < 240 ? number : last - (number < 248 ? 244u : 255u) + number);
    return k.len;
}

static void row(struct world *w) {
    static const enum plk_table tables[] = {PLK_TABLE_rqueue, PLK_TABLE_ritem,   PLK_TABLE_rcell, PLK_TABLE_ritem,
                                            PLK_TABLE_rgrant, PLK_TABLE_rbundle, PLK_TABLE_rcell, PLK_TABLE_rtoken};
    static uint8_t value[PLK_QUEUE_CELL_MIDDLE];
    uint8_t key[PLK_ROW_KEY_MAX];
    uint8_t first = plk_reader_u8(&w->r), which = plk_reader_u8(&w->r);
    enum plk_table table = tables[first % 8];
    size_t key_len = key_of(w, table, which, key);
    size_t len = good_value(w, table, which, value, sizeof value);
    uint8_t at = plk_reader_u8(&w->r), flip = plk_reader_u8(&w->r);
    if (first / 8 % 8 == 1) value[at % len] ^= flip;
    if (first / 8 % 8 == 2) len = at % len;
    if (first / 8 % 8 == 3) len = len < sizeof value ? len + 1 : len - 1;
    if (key_len == 0) return; // no store has it
    toy_put(&w->rig->disk.tables[table], plk_bytes(key, key_len), plk_bytes(value, len));
    check_row(table, plk_bytes(key, key_len), plk_bytes(value, len));
}

// ---- what is done with it -----------------------------------------------------------------------------------------------

static bool is_open(const struct rig *rig, int client) {
    const struct plk_relay_channel *channel = rig->clients[client].channel;
    return channel != NULL && plk_relay_channel_status(channel).state == PLK_RELAY_CHANNEL_OPEN &&
           plk_relay_channel_room(channel) > 3 * PLK_QUEUE_CELL_SMALL;
}

static void connect_both(struct world *w) {
    for (int i = 0; i < 2; i++) {
        if (w->rig->clients[i].used) rig_vanish(w->rig, i);
    }
    for (unsigned i = 0; i < 2; i++) {
        TOY_CHECK(rig_connect_from(w->rig, rig_addr(i, (uint16_t)(1000 + i)), false) == (int)i);
        TOY_CHECK(is_open(w->rig, (int)i));
    }
}

static void attach_all(struct world *w) {
    uint8_t room[4];
    for (uint32_t i = 0; i < QUEUES; i++) {
        rig_say(w->rig, OWNER, rig_attach(w->rig, OWNER, &w->queues[i], PLK_QUEUE_OWNER, i));
        rig_say(w->rig, OWNER, rig_sub(i, room));
        rig_say(w->rig, SENDER, rig_attach(w->rig, SENDER, &w->queues[i], PLK_QUEUE_SENDER, HANDLE_SENDER + i));
    }
    rig_run(w->rig, 20 * PLK_MS);
}

// Each ITEM that came is of a row of this queue and number, to the byte. Those are acknowledged.
static void take_items(struct world *w) {
    struct rig *rig = w->rig;
    struct rig_client *c = &rig->clients[OWNER];
    size_t count = c->told_count;
    for (size_t i = 0; i < count; i++) {
        const struct plk_queue_record *item = &c->told[i];
        uint8_t key[PLK_MAILBOX_KEY_LEN], room[8];
        if (item->type != PLK_QUEUE_ITEM) continue;
        TOY_CHECK(item->handle < QUEUES);
        if (w->deleted[item->handle]) continue;
        const struct toy_table *cells = &rig->disk.tables[PLK_TABLE_rcell];
        plk_head_key(key, w->queues[item->handle].sid, item->cell.number);
        size_t at = toy_find(cells, plk_bytes(key, sizeof key));
        TOY_CHECK(toy_has(cells, at, plk_bytes(key, sizeof key)));
        TOY_CHECK(cells->rows[at].value.len == item->cell.bytes.len);
        TOY_CHECK(memcmp(cells->rows[at].value.at, c->cells[i], sizeof c->cells[i]) == 0);
        if (is_open(rig, OWNER)) rig_say(rig, OWNER, rig_ack(item->handle, item->cell.number, room));
    }
    rig_run(rig, 5 * PLK_MS);
    memmove(c->told, c->told + count, (c->told_count - count) * sizeof c->told[0]);
    memmove(c->cells, c->cells + count, (c->told_count - count) * sizeof c->cells[0]);
    c->told_count -= count;
}

static void act(struct world *w, uint8_t which) {
    struct rig *rig = w->rig;
    uint32_t queue = which / 16 % QUEUES;
    bool owners = which % 16 < 8;
    struct plk_queue_record record;
    if (!is_open(rig, owners ? OWNER : SENDER)) return;
    switch (which % 16) {
    case 0:
        record = rig_newq(&w->queues[queue], which / 64, w->token);
        break;
    case 1:
        record = rig_put(queue, which, PLK_QUEUE_CELL_SMALL);
        record.type = PLK_QUEUE_WRITE;
        record.cell.number = which;
        break;
    case 2:
        record = rig_plain(PLK_QUEUE_FLAGS, queue);
        record.flags = which / 64;
        break;
    case 3:
        record = rig_plain(which < 192 ? PLK_QUEUE_GET : PLK_QUEUE_DEL, queue);
        w->deleted[queue] = w->deleted[queue] || which >= 192;
        break;
    case 4:
        record = rig_plain(PLK_QUEUE_READ, queue);
        break;
    case 8:
        record = rig_plain(PLK_QUEUE_GUEST, HANDLE_SENDER + queue);
        break;
    case 9:
        record = rig_plain(PLK_QUEUE_READ, HANDLE_SENDER + queue);
        break;
    default:
        if (owners) return;
        record = rig_put(HANDLE_SENDER + queue, which, PLK_QUEUE_CELL_SMALL);
        break;
    }
    uint32_t tag = rig_say(rig, owners ? OWNER : SENDER, record);
    rig_run(rig, 5 * PLK_MS);
    TOY_CHECK(rig_answer(rig, owners ? OWNER : SENDER, tag) != NULL || !is_open(rig, owners ? OWNER : SENDER));
    rig->clients[SENDER].told_count = 0;
}

// A relay's life: everybody comes, does what the input says, and a walk over the store passes.
static void live(struct world *w, unsigned acts) {
    rig_start(w->rig);
    rig_tick(w->rig);
    connect_both(w);
    attach_all(w);
    for (unsigned i = 0; i < acts && w->r.left > 0; i++) {
        act(w, plk_reader_u8(&w->r));
        take_items(w);
    }
    for (unsigned i = 0; i < 4; i++) take_items(w);
    struct plk_relay_state state = plk_relay_state(w->rig->relay);
    TOY_CHECK(state.reads == 0 && state.memory < (8u << 20));
    rig_stop_relay(w->rig);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct world w = {.rig = rig_new(5), .r = plk_reader(plk_bytes(data, size)), .token = {7}};
    static struct rig_queue queues[QUEUES]; // the same for every input
    static bool made;
    for (unsigned i = 0; !made && i < QUEUES; i++) queues[i] = rig_queue_new(w.rig);
    made = true;
    memcpy(w.queues, queues, sizeof queues);
    plk_relay_token_hash(w.hash, w.token);
    w.rig->config.queue_items_max = 20;
    unsigned rows = plk_reader_u8(&w.r) % (ROWS_MAX + 1);
    for (unsigned i = 0; i < rows && w.r.left > 0; i++) row(&w);
    live(&w, 8);
    w.rig->now.wall_ms += plk_reader_u8(&w.r) * DAY;
    live(&w, 2);
    rig_free(w.rig);
    return 0;
}
