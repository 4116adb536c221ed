// SPDX-License-Identifier: MIT
// What was written to a contact that turns out to be another one goes over to that one's conversation, under a schedule made of the
// input's bytes: texts to either, what is not for people, turns of the move, batches that are full, pages, plugs pulled with or without
// what was written last. At the end it is all there, once, in order, and nothing is left where it was.
#include <stddef.h>
#include <stdint.h>

#include "support/mail_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SECOND = 8, STEPS_MAX = 120, WRITTEN_MAX = 1400, BURST = 700 };

static struct mail_pair pair;
static struct mail_side *const alice = &pair.side[0];
static struct plk_mail *second; // the provisional contact's; it never had a ratchet
static struct plk_mail_load page;
static uint8_t page_from[PLK_ROW_KEY_MAX], page_to[PLK_ROW_KEY_MAX];
static bool page_wanted, moving;
static unsigned written; // texts to the second

static void second_new(void) {
    struct plk_mail_config config = {.contact = SECOND, .ad = plk_bytes("alice and whom", 14)};
    memcpy(config.device, alice->device, sizeof config.device);
    second = plk_mail_new(&alice->mem, &config);
    page_wanted = false;
}

static void note_events(void) {
    struct plk_mail_event event;
    while (plk_mail_event(second, &event)) mail_note_event(alice, &event);
}

static void write_second(unsigned count, bool shown) {
    for (uint64_t row; count > 0 && written < WRITTEN_MAX; count--) {
        struct plk_mail_body body = {.kind = shown ? PLK_BODY_TEXT : PLK_BODY_PROFILE, .id = {0xee, shown}};
        struct plk_mail_turn turn = mail_turn(&pair, alice);
        uint8_t text[4] = {'m', 0, (uint8_t)(written >> 8), (uint8_t)written};
        memcpy(body.id + 2, text + 2, 2);
        body.payload = plk_bytes(text, sizeof text);
        plk_assert(plk_mail_send(second, &turn, &body, &row) == PLK_ERR_OK);
        note_events();
        if (shown) written++;
        if (count % 100 == 0) mail_flush(&pair, alice);
    }
}

// The page that it wants, when everything before is on the disk. False: none.
static bool give_page(void) {
    static struct plk_row rows[PLK_MAIL_WINDOW_MAX];
    struct plk_mail_load wish;
    while (plk_mail_wants(second, &wish)) {
        plk_assert(wish.want == PLK_MAIL_WANT_PAGE && wish.limit <= PLK_MAIL_WINDOW_MAX);
        page = wish;
        memcpy(page_from, wish.from.at, wish.from.len);
        memcpy(page_to, wish.to.at, wish.to.len);
        page.from.at = page_from;
        page.to.at = page_to;
        page_wanted = true;
    }
    if (!page_wanted) return false;
    mail_flush(&pair, alice);
    const struct toy_table *table = &alice->disk.tables[page.table];
    size_t from = toy_find(table, page.from), to = toy_find(table, page.to);
    if (page.limit > 0 && to > from + page.limit) to = from + page.limit;
    for (size_t i = from; i < to; i++) rows[i - from] = (struct plk_row){table->rows[i].key, table->rows[i].value};
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    page_wanted = false;
    plk_assert(plk_mail_loaded(second, &turn, PLK_MAIL_WANT_PAGE, rows, to - from, false) == PLK_ERR_OK);
    return true;
}

static unsigned texts_in(const struct toy_table *table, uint32_t contact) {
    unsigned count = 0;
    for (size_t i = 0; i < table->count; i++) {
        struct plk_reader r = plk_reader(table->rows[i].key);
        count += plk_reader_u32(&r) == contact;
    }
    return count;
}

// What is on the disk is all that there is now; of the texts those that lie in one of both conversations.
static void crash(bool kept) {
    static const enum plk_table tables[] = {PLK_TABLE_ratchet, PLK_TABLE_skipped, PLK_TABLE_link, PLK_TABLE_blob};
    if (kept) mail_flush(&pair, alice);
    plk_mail_free(second);
    mail_crash(&pair, alice);
    second_new();
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        const struct toy_table *table = &alice->disk.tables[tables[t]];
        for (size_t i = 0; i < table->count; i++)
            plk_assert(plk_mail_load(second, tables[t], table->rows[i].key, table->rows[i].value) == PLK_ERR_OK);
    }
    plk_assert(plk_mail_ready(second) == PLK_ERR_OK);
    while (give_page()) {}
    plk_assert(plk_mail_is_open(second));
}

static void hand_over(void) {
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    moving = plk_mail_hand_over(second, &turn, alice->mail);
    note_events();
    mail_settle(&pair, alice);
    mail_close(&pair, alice);
}

static void act(uint8_t what, uint8_t argument) {
    switch (what % 8) {
    case 0:
    case 1:
        write_second(argument % 8, true);
        break;
    case 2:
        write_second(argument == 255 ? BURST : 1, argument != 254);
        break;
    case 3:
        mail_text(&pair, argument % 2, "beside it");
        break;
    case 4:
        mail_flush(&pair, alice);
        break;
    case 5:
        mail_flush(&pair, alice); // before, a text was promised to nobody
        crash(argument % 2 == 0);
        break;
    case 6:
        give_page();
        break;
    default:
        mail_flush(&pair, alice);
        hand_over();
        if (argument % 4 == 0) crash(argument % 8 == 0); // with or without what this turn has written
    }
}

static bool is_moved(const struct plk_message_row *row) { return row->payload.len == 4 && row->payload.at[0] == 'm'; }

// Bob has every text that was moved, once, in the order in which it was written.
static void check(void) {
    struct plk_message_row *in;
    unsigned seen = 0;
    plk_assert(plk_mail_undelivered(second) == 0);
    mail_flush(&pair, alice);
    plk_assert(texts_in(&alice->disk.tables[PLK_TABLE_message], SECOND) == 0);
    plk_assert(texts_in(&alice->disk.tables[PLK_TABLE_outbox], SECOND) == 0);
    plk_mail_free(second);
    second = NULL;
    mail_heal(&pair);
    size_t count = mail_history(&pair.side[1].disk, PLK_IN, &in);
    for (size_t i = 0; i < count; i++) {
        if (!is_moved(&in[i])) continue;
        plk_assert(((unsigned)in[i].payload.at[2] << 8 | in[i].payload.at[3]) == seen);
        seen++;
    }
    free(in);
    plk_assert(seen == written);
    mail_check_end(&pair, 0);
    mail_check_end(&pair, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t epoch[PLK_EPOCH_LEN] = {8, 8, 8};
    mail_pair_init(&pair);
    mail_connect(&pair);
    for (int i = 0; i < 2; i++) mail_text(&pair, i, "they have talked before");
    plk_assert(mail_run(&pair));
    written = 0;
    moving = false;
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    second_new();
    plk_mail_begin(second, &turn, PLK_MAIL_BEGIN_FIRST, NULL, epoch);
    mail_flush(&pair, alice);
    for (size_t i = 0; i + 1 < size && i < 2 * (size_t)STEPS_MAX; i += 2) act(data[i], data[i + 1]);
    do {
        hand_over();
    } while (moving && (give_page() || true));
    check();
    mail_pair_free(&pair);
    return 0;
}
