// SPDX-License-Identifier: MIT
// The rows that mail keeps of one contact. First byte 0 to 2: one row of one kind, read and written again: the same bytes. Else a whole
// store, as rows {table u8, length of the key u8, length of the value u16, key, value}: it is refused, or it works: mail begins with it,
// reads what it asks for, gives its records to a link and to a box, and nothing traps.
#include <stddef.h>
#include <stdint.h>

#include "mail/entry.h"
#include "mail/receiving.h"
#include "mail/sending.h"
#include "support/mail_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TURNS_MAX = 40 };

static void same(struct plk_bytes again, struct plk_bytes bytes) { plk_assert(plk_bytes_equal(again, bytes)); }

static void sending(struct plk_bytes bytes) {
    struct plk_sending row;
    uint8_t again[PLK_SENDING_ROW_LEN];
    if (plk_sending_decode(&row, 1, bytes) != PLK_ERR_OK) return;
    plk_sending_encode(&row, again);
    same(plk_bytes(again, sizeof again), bytes);
}

// The length of the key comes first.
static bool split(struct plk_bytes bytes, struct plk_bytes *key, struct plk_bytes *value) {
    if (bytes.len == 0 || bytes.at[0] > bytes.len - 1) return false;
    *key = plk_bytes(bytes.at + 1, bytes.at[0]);
    *value = plk_bytes(key->at + key->len, bytes.len - 1 - key->len);
    return true;
}

static void receiving(struct plk_bytes key, struct plk_bytes value) {
    struct plk_receiving row;
    uint8_t again[PLK_RECEIVING_ROW_LEN];
    if (plk_receiving_decode(&row, key, value) != PLK_ERR_OK) return;
    plk_receiving_encode(&row, again);
    same(plk_bytes(again, sizeof again), value);
}

// Lengths in a row may be written in more than one way: what is written the second time is what was written the first.
static size_t again(struct plk_mem *mem, struct plk_bytes key, struct plk_bytes value, uint8_t *room, size_t cap) {
    struct plk_writer w = plk_writer(room, cap);
    struct plk_entry read;
    bool needs_part;
    if (plk_entry_decode(mem, key, value, &read, &needs_part) != PLK_ERR_OK) return 0;
    if (!needs_part) plk_entry_encode(&w, &read);
    plk_assert(!w.failed && w.len <= plk_entry_row_max(&read));
    plk_entry_free(mem, &read);
    return read.parted ? 0 : w.len;
}

static void entry(struct plk_bytes key, struct plk_bytes value) {
    struct plk_mem mem = {.take = memory_take, .give = memory_give};
    static uint8_t first[PLK_ROW_VALUE_MAX + 1], second[PLK_ROW_VALUE_MAX + 1];
    size_t len = again(&mem, key, value, first, sizeof first);
    size_t len_2 = len > 0 ? again(&mem, key, plk_bytes(first, len), second, sizeof second) : 0;
    if (len > 0) same(plk_bytes(second, len_2), plk_bytes(first, len));
    plk_assert(mem.used == 0);
}

// ---- a whole store --------------------------------------------------------------------------------------------------

// History is the host's, which would not have given it to anybody.
static bool is_whole(uint8_t table, struct plk_bytes key, struct plk_bytes value) {
    struct plk_message_row row = {.contact = 0};
    if (table != PLK_TABLE_message) return true;
    return plk_message_key_decode(key, &row) == PLK_ERR_OK && plk_message_row_decode(value, &row) == PLK_ERR_OK;
}

static void fill(struct toy_disk *disk, struct plk_bytes bytes) {
    struct plk_reader r = plk_reader(bytes);
    while (r.left > 0) {
        uint8_t table = plk_reader_u8(&r), key_len = plk_reader_u8(&r);
        uint16_t value_len = plk_reader_u16(&r);
        struct plk_bytes key = plk_reader_take(&r, key_len), value = plk_reader_take(&r, value_len);
        if (r.failed || table == PLK_TABLE_NONE || table >= PLK_TABLE_COUNT || key_len > PLK_ROW_KEY_MAX) return;
        if (is_whole(table, key, value)) toy_put(&disk->tables[table], key, value);
    }
}

static bool load(struct mail_side *side) {
    static const enum plk_table tables[] = {PLK_TABLE_ratchet, PLK_TABLE_skipped, PLK_TABLE_link, PLK_TABLE_blob};
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        const struct toy_table *table = &side->disk.tables[tables[t]];
        for (size_t i = 0; i < table->count; i++) {
            if (plk_mail_load(side->mail, tables[t], table->rows[i].key, table->rows[i].value) != PLK_ERR_OK)
                return false;
        }
    }
    return plk_mail_ready(side->mail) == PLK_ERR_OK;
}

static void apply(struct mail_side *side) {
    toy_apply(&side->disk, side->open);
    side->durable_n = side->open_n++;
    plk_batch_free(side->open);
    side->open = plk_batch_new(&side->mem);
}

// False: a row that mail did not write.
static bool answer(struct mail_pair *pair, struct mail_side *side, const struct plk_mail_load *wish) {
    const struct toy_table *table = &side->disk.tables[wish->table];
    size_t from = toy_find(table, wish->from), to = toy_find(table, wish->to);
    struct plk_row rows[PLK_MAIL_PAGE];
    enum plk_mail_want want = wish->want;
    size_t count = 0, limit = wish->limit > 0 && wish->limit < PLK_MAIL_PAGE ? wish->limit : PLK_MAIL_PAGE;
    for (; from + count < to && count < limit; count++) {
        rows[count] = (struct plk_row){table->rows[from + count].key, table->rows[from + count].value};
    }
    struct plk_mail_turn turn = mail_turn(pair, side);
    return plk_mail_loaded(side->mail, &turn, want, rows, count, false) == PLK_ERR_OK;
}

// What there is to do in one turn, in batches of its own. False: the store is damaged.
static bool settle(struct mail_pair *pair, struct mail_side *side) {
    struct plk_mail_load wish;
    struct plk_mail_event event;
    for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
        struct plk_mail_turn turn = mail_turn(pair, side);
        bool more = plk_mail_seal(side->mail, &turn);
        while (plk_mail_event(side->mail, &event)) mail_note_event(side, &event);
        apply(side);
        bool asked = plk_mail_wants(side->mail, &wish);
        if (asked && !answer(pair, side, &wish)) return false;
        if (!more && !asked) break;
    }
    return true;
}

static bool give_out(struct mail_pair *pair, struct mail_side *side) {
    struct plk_bytes record;
    uint64_t letter, left = 0;
    plk_mail_link_up(side->mail);
    if (!settle(pair, side)) return false;
    while (plk_mail_next_control(side->mail, side->durable_n, &record)) continue;
    while (plk_mail_next(side->mail, side->durable_n, &record)) left += record.len;
    plk_mail_left(side->mail, pair->now, left);
    mail_wait(pair, PLK_DAY);
    struct plk_mail_turn turn = mail_turn(pair, side);
    plk_mail_tick(side->mail, &turn);
    if (!settle(pair, side)) return false;
    plk_mail_link_down(side->mail);
    plk_mail_box_open(side->mail);
    if (!settle(pair, side)) return false;
    while (plk_mail_box_next(side->mail, side->durable_n, PLK_CIPHERTEXT_RECORD_MAX + 8, &record, &letter)) {
        turn = mail_turn(pair, side);
        plk_mail_boxed(side->mail, &turn, letter, 1, 2, PLK_ERR_OK);
        if (plk_batch_full(side->open)) apply(side);
    }
    return settle(pair, side);
}

static void whole(struct plk_bytes bytes) {
    struct mail_pair pair = {.now = {.mono_us = PLK_HOUR, .wall_ms = MAIL_EPOCH_MS}};
    struct mail_side *side = &pair.side[0];
    side->mem = (struct plk_mem){.take = memory_take, .give = memory_give};
    const uint8_t seed[32] = {1};
    plk_rng_seed(&side->rng, seed);
    memset(side->device, 0xa0, sizeof side->device);
    fill(&side->disk, bytes);
    mail_new(side);
    bool works = load(side) && settle(&pair, side) && plk_mail_is_open(side->mail);
    if (works && plk_mail_has_begun(side->mail) && plk_mail_has_ratchet(side->mail)) give_out(&pair, side);
    plk_mail_free(side->mail);
    plk_batch_free(side->open);
    toy_clear(&side->disk);
    plk_assert(side->mem.used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_bytes key, value, bytes = plk_bytes(data + 1, size - 1);
    if (size == 0) return 0;
    if (data[0] == 0) sending(bytes);
    if (data[0] > 2) whole(bytes);
    if (data[0] != 1 && data[0] != 2) return 0;
    if (!split(bytes, &key, &value)) return 0;
    if (data[0] == 1) {
        receiving(key, value);
    } else {
        entry(key, value);
    }
    return 0;
}
