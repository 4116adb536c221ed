// SPDX-License-Identifier: MIT
// What was written to a contact that turns out to be another one: it goes over to that one's conversation, in order, once, whatever
// happens in between. The provisional contact is a second conversation of alice's, which never had a ratchet; all is on one disk.
#include "unit/mail/story.h"

#define SECOND 8 // the provisional contact's number

static struct plk_mail *second;
static struct plk_mail_load page;
static uint8_t page_from[PLK_ROW_KEY_MAX], page_to[PLK_ROW_KEY_MAX];
static bool page_wanted;
static unsigned written;

static void second_new(void) {
    struct plk_mail_config config = {.contact = SECOND, .ad = plk_bytes("alice and whom", 14)};
    memcpy(config.device, alice->device, sizeof config.device);
    second = plk_mail_new(&alice->mem, &config);
    page_wanted = false;
}

static void second_begin(void) {
    uint8_t epoch[PLK_EPOCH_LEN] = {8, 8, 8};
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    second_new();
    plk_mail_begin(second, &turn, PLK_MAIL_BEGIN_FIRST, NULL, epoch);
    written = 0;
}

static struct plk_mail_body next_body(char text[32]) {
    struct plk_mail_body body = {.kind = PLK_BODY_TEXT, .id = {0xee, 1}};
    written++;
    body.id[2] = (uint8_t)(written >> 8);
    body.id[3] = (uint8_t)written;
    body.payload = plk_bytes(text, (size_t)snprintf(text, 32, "moved %u", written));
    return body;
}

static void drop_events(void) {
    struct plk_mail_event event;
    while (plk_mail_event(second, &event)) mail_note_event(alice, &event);
}

static void write_second(unsigned count) {
    char text[32];
    uint64_t row;
    for (unsigned i = 0; i < count; i++) {
        struct plk_mail_body body = next_body(text);
        struct plk_mail_turn turn = mail_turn(&pair, alice);
        assert_int_equal(plk_mail_send(second, &turn, &body, &row), PLK_ERR_OK);
        drop_events();
        if (i % 100 == 99) mail_flush(&pair, alice);
    }
}

// The page that it wants, when everything before is on the disk.
static bool second_page(void) {
    struct plk_mail_load wish;
    while (plk_mail_wants(second, &wish)) {
        assert_int_equal(wish.want, PLK_MAIL_WANT_PAGE);
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
    struct plk_row *rows = calloc(to - from + 1, sizeof *rows);
    assert_non_null(rows);
    for (size_t i = from; i < to; i++) rows[i - from] = (struct plk_row){table->rows[i].key, table->rows[i].value};
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    page_wanted = false;
    assert_int_equal(plk_mail_loaded(second, &turn, PLK_MAIL_WANT_PAGE, rows, to - from, false), PLK_ERR_OK);
    free(rows);
    return true;
}

static void second_start(void) {
    static const enum plk_table tables[] = {PLK_TABLE_ratchet, PLK_TABLE_skipped, PLK_TABLE_link, PLK_TABLE_blob};
    second_new();
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        const struct toy_table *table = &alice->disk.tables[tables[t]];
        for (size_t i = 0; i < table->count; i++)
            assert_int_equal(plk_mail_load(second, tables[t], table->rows[i].key, table->rows[i].value), PLK_ERR_OK);
    }
    assert_int_equal(plk_mail_ready(second), PLK_ERR_OK);
    while (second_page()) {}
    assert_true(plk_mail_is_open(second));
}

static void crash(void) {
    plk_mail_free(second);
    mail_crash(&pair, alice);
    second_start();
}

// One turn, as the node has it: one batch. False: all has moved.
static bool hand_over(void) {
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    bool more = plk_mail_hand_over(second, &turn, alice->mail);
    drop_events();
    mail_settle(&pair, alice);
    mail_close(&pair, alice);
    return more;
}

static size_t rows_of_second(enum plk_table which) {
    const struct toy_table *table = &alice->disk.tables[which];
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        struct plk_reader r = plk_reader(table->rows[i].key);
        count += plk_reader_u32(&r) == SECOND;
    }
    return count;
}

static bool is_text(const struct plk_message_row *row, const char *format, unsigned number) {
    char text[32];
    size_t len = (size_t)snprintf(text, sizeof text, format, number);
    return plk_bytes_equal(row->payload, plk_bytes(text, len));
}

// Bob has `own` texts that were written to him, and then all that moved, in order, once; nothing is left of the second.
static void all_has_moved(unsigned own) {
    struct plk_message_row *in;
    mail_flush(&pair, alice);
    assert_int_equal(plk_mail_undelivered(second), 0);
    assert_int_equal(rows_of_second(PLK_TABLE_outbox), 0);
    assert_int_equal(rows_of_second(PLK_TABLE_message), 0);
    plk_mail_free(second);
    second = NULL;
    end_well();
    size_t count = mail_history(&bob->disk, PLK_IN, &in);
    own += 3; // they have talked before
    assert_int_equal(count, own + written);
    for (unsigned i = 0; i < written; i++) assert_true(is_text(&in[own + i], "moved %u", i + 1));
    free(in);
}

static void all_that_waits_moves_in_order(void **state) {
    (void)state;
    acquaint();
    mail_text(&pair, ALICE, "before");
    mail_text(&pair, ALICE, "it");
    second_begin();
    write_second(5);
    assert_false(hand_over());
    assert_false(hand_over()); // nothing more
    all_has_moved(2);
}

// The first text has a number already, for the blob that is never made.
static void a_text_for_the_blob_moves_too(void **state) {
    (void)state;
    char text[32];
    uint8_t envelope[512];
    struct plk_writer w = plk_writer(envelope, sizeof envelope);
    uint64_t row;
    acquaint();
    second_begin();
    struct plk_mail_body body = next_body(text);
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    assert_int_equal(plk_mail_wrap(second, &turn, &body, &w, &row), PLK_ERR_OK);
    drop_events();
    write_second(3);
    mail_flush(&pair, alice);
    crash();
    assert_false(hand_over());
    all_has_moved(0);
}

// What is not for people (a profile, queues) was for whom the contact seemed to be: the known one has been told already.
static void control_messages_do_not_move(void **state) {
    (void)state;
    struct plk_mail_body body = {.kind = PLK_BODY_PROFILE, .id = {0xdd}, .payload = plk_bytes("who I am", 8)};
    uint64_t row;
    acquaint();
    second_begin();
    struct plk_mail_turn turn = mail_turn(&pair, alice);
    assert_int_equal(plk_mail_send(second, &turn, &body, &row), PLK_ERR_OK);
    write_second(1);
    unsigned controls = bob->counts.controls;
    assert_false(hand_over());
    all_has_moved(0);
    assert_int_equal(bob->counts.controls, controls);
}

// More than is in memory at a time, and more than a batch takes.
static void more_than_a_window_moves_page_by_page(void **state) {
    (void)state;
    unsigned turns = 0;
    acquaint();
    second_begin();
    write_second(1500);
    mail_flush(&pair, alice);
    while (hand_over()) {
        second_page();
        assert_in_range(++turns, 1, 100);
    }
    assert_true(turns > 1);
    all_has_moved(0);
}

// The process ends after each turn, with or without what the turn has written: what has moved is there, and the rest still waits.
static void a_crash_between_two_turns_loses_and_doubles_nothing(void **state) {
    (void)state;
    unsigned turns = 0;
    acquaint();
    second_begin();
    write_second(1200);
    mail_flush(&pair, alice);
    for (bool more = true; more;) {
        bool kept = turns % 2 == 1;
        more = hand_over() || !kept;
        if (kept) mail_flush(&pair, alice);
        size_t left = rows_of_second(PLK_TABLE_outbox);
        crash();
        assert_int_equal(plk_mail_undelivered(second), left);
        assert_in_range(++turns, 1, 200);
    }
    assert_true(turns > 4);
    all_has_moved(0);
}

static int tear_down_both(void **state) {
    plk_mail_free(second);
    second = NULL;
    return tear_down(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_both)
        TEST(all_that_waits_moves_in_order),
        TEST(a_text_for_the_blob_moves_too),
        TEST(control_messages_do_not_move),
        TEST(more_than_a_window_moves_page_by_page),
        TEST(a_crash_between_two_turns_loses_and_doubles_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
