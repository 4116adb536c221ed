// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "_store.h"
#include "host/store_db.h"

static struct plk_history *open_history(struct story *story) {
    struct plk_history *history;
    struct plk_fault fault = {.line = ""};
    if (plk_history_open_key(&history, story->home, plk_store_key(story->store), &fault) != PLK_FAULT_NONE)
        fail_msg("%s", fault.line);
    return history;
}

// The row numbers of a page as text: "contact.row ...", and "+" when there is more before.
static const char *rows_of(const struct plk_history_page *page) {
    static char out[4096];
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < page->count; i++) {
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%u.%llu", i > 0 ? " " : "", page->rows[i].contact,
                                (unsigned long long)page->rows[i].row);
    }
    if (page->more) snprintf(out + len, sizeof out - len, "+");
    return out;
}

static void expect(struct plk_history *history, struct plk_history_query query, const char *rows) {
    struct plk_history_page page;
    if (query.limit == 0) query.limit = 100;
    assert_int_equal(plk_history_read(history, &query, &page), PLK_ERR_OK);
    assert_string_equal(rows_of(&page), rows);
    plk_history_page_free(&page);
}

static void expect_search(struct plk_history *history, uint32_t contact, const char *term, const char *rows) {
    expect(history, (struct plk_history_query){.contact = contact, .search = plk_bytes_text(term)}, rows);
}

static void pages_go_back_in_time(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    char text[32];
    for (uint64_t row = 1; row <= 7; row++) {
        snprintf(text, sizeof text, "text %llu", (unsigned long long)row);
        put_text(&story, 2, row, text);
    }
    put_text(&story, 1, 1, "other");
    put_text(&story, 3, 1, "other");
    struct plk_message_row control = text_row(2, 8, "control");
    control.kind = PLK_BODY_PROFILE;
    put_message(&story, &control);
    story_store(&story);
    struct plk_history *history = open_history(&story);
    expect(history, (struct plk_history_query){.contact = 2}, "2.1 2.2 2.3 2.4 2.5 2.6 2.7");
    expect(history, (struct plk_history_query){.contact = 2, .limit = 3}, "2.5 2.6 2.7+");
    expect(history, (struct plk_history_query){.contact = 2, .limit = 3, .before_row = 5}, "2.2 2.3 2.4+");
    expect(history, (struct plk_history_query){.contact = 2, .limit = 3, .before_row = 4}, "2.1 2.2 2.3");
    expect(history, (struct plk_history_query){.contact = 2, .before_row = 1}, "");
    expect(history, (struct plk_history_query){.contact = 9}, "");
    expect(history, (struct plk_history_query){.contact = 2, .before_row = UINT64_MAX}, "2.1 2.2 2.3 2.4 2.5 2.6 2.7");
    struct plk_history_page page;
    struct plk_history_query query = {.contact = 2, .limit = 2};
    assert_int_equal(plk_history_read(history, &query, &page), PLK_ERR_OK);
    assert_int_equal(page.next_before, 6);
    assert_bytes(page.rows[0].payload, plk_bytes_text("text 6"));
    assert_bytes(page.rows[1].payload, plk_bytes_text("text 7"));
    assert_int_equal(page.rows[1].state, PLK_STATE_RECEIVED);
    assert_memory_equal(page.rows[1].origin.device, "device!", 8);
    plk_history_page_free(&page);
    assert_int_equal(plk_history_message(history, 2, 8, &page), PLK_ERR_OK); // of any kind
    assert_int_equal(page.rows[0].kind, PLK_BODY_PROFILE);
    plk_history_page_free(&page);
    assert_int_equal(plk_history_message(history, 2, 9, &page), PLK_ERR_NOT_FOUND);
    assert_int_equal(plk_history_message(history, 2, 0, &page), PLK_ERR_NOT_FOUND);
    assert_int_equal(plk_history_message(history, 2, UINT64_MAX, &page), PLK_ERR_NOT_FOUND);
    static const struct plk_history_query invalid[] = {
        {.contact = 2, .limit = 0}, {.contact = 2, .limit = PLK_HISTORY_LIMIT_MAX + 1}, {.contact = 0, .limit = 1}};
    for (size_t i = 0; i < 3; i++) assert_int_equal(plk_history_read(history, &invalid[i], &page), PLK_ERR_INVALID);
    plk_history_close(history);
    story_end(&story);
}

static const char *const texts[] = {
    "你好，世界", "ok", "Поезд в МОСКВУ, Москва ждёт", "Hello World", "hell", "say \"cheese\" now", "a%b_c*d",
    "ΣΊΣΥΦΟΣ",    "x",
};

static void put_texts(struct story *story, uint32_t contact) {
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) put_text(story, contact, i + 1, texts[i]);
}

static void search_everything(struct plk_history *history) {
    expect_search(history, 1, "你好", "1.1");
    expect_search(history, 1, "世界", "1.1");
    expect_search(history, 1, "你好，世界", "1.1");
    expect_search(history, 1, "ok", "1.2");
    expect_search(history, 1, "OK", "1.2");
    expect_search(history, 1, "МОСКВА", "1.3");
    expect_search(history, 1, "москва", "1.3");
    expect_search(history, 1, "моСКв", "1.3");
    expect_search(history, 1, "hell", "1.4 1.5");
    expect_search(history, 1, "HELLO", "1.4");
    expect_search(history, 1, "o w", "1.4");
    expect_search(history, 1, "\"cheese\"", "1.6");
    expect_search(history, 1, "b_c", "1.7");
    expect_search(history, 1, "b.c", "");
    expect_search(history, 1, "%", "1.7");
    expect_search(history, 1, "σίσυφος", "1.8");
    expect_search(history, 1, "x", "1.9");
    expect_search(history, 1, "cheese now", "");
    expect_search(history, 1, "elloh", ""); // every trigram of it may be somewhere, the text is nowhere
    expect_search(history, 2, "hello", "");
    expect_search(history, 0, "hello", "1.4");
    expect_search(history, 1, "\xff\xff\xff", "");
}

static void search_finds_with_and_without_the_index(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    put_texts(&story, 1);
    story_store(&story);
    struct plk_history *history = open_history(&story);
    search_everything(history); // most likely not indexed yet
    story_indexed(&story);
    search_everything(history);
    put_text(&story, 1, 10, "hello from the tail");
    story_store(&story);
    expect_search(history, 1, "hello", "1.4 1.10"); // one from the index, one from behind it
    story_indexed(&story);
    expect_search(history, 1, "hello", "1.4 1.10");
    plk_history_close(history);
    story_end(&story);
}

static void search_pages(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    for (uint64_t row = 1; row <= 30; row++)
        put_text(&story, row % 2 == 0 ? 1 : 2, row, row % 3 == 0 ? "needle" : "straw");
    story_store(&story);
    story_indexed(&story);
    for (uint64_t row = 31; row <= 36; row++)
        put_text(&story, row % 2 == 0 ? 1 : 2, row, row % 3 == 0 ? "needle" : "straw");
    story_store(&story);
    struct plk_history *history = open_history(&story);
    struct plk_bytes needle = plk_bytes_text("needle"), short_term = plk_bytes_text("ne");
    struct plk_bytes terms[] = {needle, short_term};
    for (int i = 0; i < 2; i++) {
        expect(history, (struct plk_history_query){.contact = 1, .search = terms[i]}, "1.6 1.12 1.18 1.24 1.30 1.36");
        expect(history, (struct plk_history_query){.contact = 1, .search = terms[i], .limit = 2}, "1.30 1.36+");
        expect(history, (struct plk_history_query){.contact = 1, .search = terms[i], .limit = 2, .before_row = 30},
               "1.18 1.24+");
        expect(history, (struct plk_history_query){.search = terms[i], .limit = 7},
               "1.36 2.3 2.9 2.15 2.21 2.27 2.33+");
        // All conversations, page by page, each message once.
        struct plk_history_query query = {.search = terms[i], .limit = 5};
        size_t found = 0, pages = 0;
        for (bool more = true; more; pages++) {
            struct plk_history_page page;
            assert_int_equal(plk_history_read(history, &query, &page), PLK_ERR_OK);
            found += page.count;
            more = page.more;
            query.below_at = page.next_at;
            plk_history_page_free(&page);
        }
        assert_int_equal(found, 12);
        assert_int_equal(pages, 3);
    }
    // A scan that is used up says so and can be gone on with.
    struct plk_history_query query = {.contact = 1, .search = short_term, .limit = 100, .scan = 5};
    size_t found = 0;
    for (bool more = true; more;) {
        struct plk_history_page page;
        assert_int_equal(plk_history_read(history, &query, &page), PLK_ERR_OK);
        assert_true(page.count <= 5);
        found += page.count;
        more = page.more;
        query.before_row = page.next_before;
        plk_history_page_free(&page);
    }
    assert_int_equal(found, 6);
    plk_history_close(history);
    story_end(&story);
}

static void what_is_gone_is_not_found(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    put_texts(&story, 1);
    put_texts(&story, 2);
    story_store(&story);
    story_indexed(&story);
    struct plk_history *history = open_history(&story);
    struct plk_message_row row = text_row(1, 4, "");
    struct plk_message_patch wipe = {.columns = PLK_PATCH_PAYLOAD_WIPED};
    patch_message(&story, &row, &wipe);
    story_store(&story);
    expect_search(history, 1, "hello", "");
    row = text_row(1, 5, "other words now");
    put_message(&story, &row);
    story_store(&story);
    expect_search(history, 1, "hell", "");
    expect_search(history, 1, "words", "1.5");
    plk_batch_delete_range(story.batch, PLK_TABLE_message, plk_bytes("\0\0\0\2", 4), plk_bytes("\0\0\0\3", 4));
    story_store(&story);
    expect_search(history, 0, "hello", "");
    expect_search(history, 0, "москва", "1.3");
    put_texts(&story, 2); // the same numbers once more: nothing of the old ones is in the way
    story_store(&story);
    story_indexed(&story);
    expect_search(history, 2, "hello", "2.4");
    plk_history_close(history);
    story_end(&story);
}

// Deleting much of the index at once drops it all; what is left is indexed anew.
static void a_large_deletion_makes_the_index_anew(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    for (uint64_t row = 1; row <= 2500; row++) {
        put_text(&story, 1, row, "many words of no weight");
        if (row % 500 == 0) story_store(&story);
    }
    put_text(&story, 2, 1, "one word of weight");
    story_store(&story);
    story_indexed(&story);
    struct plk_history *history = open_history(&story);
    expect(history, (struct plk_history_query){.search = plk_bytes_text("weight"), .limit = 2}, "1.2500 2.1+");
    plk_batch_delete_range(story.batch, PLK_TABLE_message, plk_bytes("\0\0\0\1", 4), plk_bytes("\0\0\0\2", 4));
    story_store(&story);
    expect_search(history, 0, "weight", "2.1");
    put_text(&story, 2, 2, "more weight");
    story_store(&story);
    story_indexed(&story);
    expect_search(history, 0, "weight", "2.1 2.2");
    plk_history_close(history);
    story_end(&story);
}

// One row stands for the events of many messages: it is read from any of them on, and to any.
static void events_of_many_messages_come_one_by_one(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    for (uint64_t row = 1; row <= 9; row++) put_text(&story, 1, row, "text");
    put_event(&story, 1, 1, 1);
    put_events(&story, 2, 1, 2, 4);
    put_event(&story, 7, 1, 7);
    put_events(&story, 8, 1, 8, 1);
    story_store(&story);
    struct plk_history *history = open_history(&story);
    for (uint64_t since = 0; since <= 10; since++) {
        for (uint32_t limit = 1; limit <= 10; limit++) {
            struct plk_history_events events;
            uint64_t left = since < 9 ? 9 - since : 0;
            assert_int_equal(plk_history_events(history, since, limit, &events), PLK_ERR_OK);
            assert_int_equal(events.count, left < limit ? left : limit);
            assert_int_equal(events.more, left > limit);
            assert_int_equal(events.last, 9);
            for (size_t i = 0; i < events.count; i++) {
                const struct plk_history_event *event = &events.events[i];
                assert_int_equal(event->event.n, since + 1 + i);
                assert_int_equal(event->event.row, since + 1 + i);
                assert_int_equal(event->event.more, 0);
                assert_true(event->has_message && event->message.row == event->event.row);
            }
            plk_history_events_free(&events);
        }
    }
    plk_history_close(history);
    story_end(&story);
}

static void events_join_their_messages(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    put_text(&story, 1, 1, "one");
    put_text(&story, 1, 2, "two");
    put_event(&story, 1, 1, 1);
    put_event(&story, 2, 1, 2);
    put_event(&story, 3, 1, 9); // speaks of a message that is gone
    put_event(&story, 7, 1, 0);
    story_store(&story);
    struct plk_history *history = open_history(&story);
    struct plk_history_events events;
    assert_int_equal(plk_history_events(history, 0, 100, &events), PLK_ERR_OK);
    assert_int_equal(events.count, 4);
    assert_int_equal(events.last, 7);
    assert_false(events.more);
    assert_true(events.events[0].has_message);
    assert_bytes(events.events[0].message.payload, plk_bytes_text("one"));
    assert_bytes(events.events[1].message.payload, plk_bytes_text("two"));
    assert_int_equal(events.events[1].event.n, 2);
    assert_false(events.events[2].has_message);
    assert_false(events.events[3].has_message);
    plk_history_events_free(&events);
    assert_int_equal(plk_history_events(history, 1, 2, &events), PLK_ERR_OK);
    assert_int_equal(events.count, 2);
    assert_int_equal(events.events[0].event.n, 2);
    assert_true(events.more);
    plk_history_events_free(&events);
    assert_int_equal(plk_history_events(history, 7, 2, &events), PLK_ERR_OK);
    assert_int_equal(events.count, 0);
    assert_int_equal(events.last, 7);
    plk_history_events_free(&events);
    assert_int_equal(plk_history_events(history, UINT64_MAX, 2, &events), PLK_ERR_OK);
    plk_history_events_free(&events);
    assert_int_equal(plk_history_events(history, 0, 0, &events), PLK_ERR_INVALID);
    plk_history_close(history);
    story_end(&story);
}

static void contacts_are_listed_and_found(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    put_contact(&story, 2, "Bob");
    put_contact(&story, 1, "Алиса");
    put_contact(&story, 0xffffffff, "bob");
    put_contact(&story, 3, "Carol");
    put_text(&story, 2, 41, "x");
    uint8_t key[12] = {0, 0, 0, 2, 1};
    plk_batch_upsert(story.batch, PLK_TABLE_outbox, plk_bytes(key, 12), plk_bytes_text("x"));
    key[4] = 2;
    plk_batch_upsert(story.batch, PLK_TABLE_outbox, plk_bytes(key, 12), plk_bytes_text("x"));
    memset(key, 0xff, sizeof key);
    plk_batch_upsert(story.batch, PLK_TABLE_outbox, plk_bytes(key, 12), plk_bytes_text("x"));
    plk_batch_upsert(story.batch, PLK_TABLE_profile, plk_bytes_text("p"), plk_bytes_text("the profile"));
    story_store(&story);
    struct plk_history *history = open_history(&story);
    struct plk_history_contacts contacts;
    assert_int_equal(plk_history_contacts(history, &contacts), PLK_ERR_OK);
    assert_int_equal(contacts.count, 4);
    assert_int_equal(contacts.contacts[0].row.contact, 1);
    assert_int_equal(contacts.contacts[1].row.contact, 2);
    assert_int_equal(contacts.contacts[1].undelivered, 2);
    assert_int_equal(contacts.contacts[1].last_row, 41);
    assert_int_equal(contacts.contacts[2].undelivered, 0);
    assert_int_equal(contacts.contacts[2].last_row, 0);
    assert_int_equal(contacts.contacts[3].undelivered, 1);
    plk_history_contacts_free(&contacts);
    struct plk_contact_row row;
    assert_int_equal(plk_history_find_contact(history, plk_bytes_text("Bob"), &row), PLK_ERR_OK);
    assert_int_equal(row.contact, 2);
    assert_int_equal(plk_history_find_contact(history, plk_bytes_text("bob"), &row), PLK_ERR_OK);
    assert_int_equal(row.contact, 0xffffffff);
    assert_int_equal(plk_history_find_contact(history, plk_bytes_text("BOB"), &row), PLK_ERR_NOT_FOUND); // which?
    assert_int_equal(plk_history_find_contact(history, plk_bytes_text("АЛИСА"), &row), PLK_ERR_OK);
    assert_int_equal(row.contact, 1);
    assert_int_equal(plk_history_find_contact(history, plk_bytes_text("Dave"), &row), PLK_ERR_NOT_FOUND);
    uint8_t value[32];
    size_t len;
    assert_int_equal(plk_history_row(history, PLK_TABLE_profile, plk_bytes_text("p"), value, sizeof value, &len),
                     PLK_ERR_OK);
    assert_bytes(plk_bytes(value, len), plk_bytes_text("the profile"));
    assert_int_equal(plk_history_row(history, PLK_TABLE_profile, plk_bytes_text("q"), value, sizeof value, &len),
                     PLK_ERR_NOT_FOUND);
    assert_int_equal(plk_history_row(history, PLK_TABLE_profile, plk_bytes_text("p"), value, 3, &len),
                     PLK_ERR_TOO_LONG);
    assert_int_equal(plk_history_row(history, PLK_TABLE_message, plk_bytes_text("p"), value, 3, &len), PLK_ERR_INVALID);
    plk_history_close(history);
    story_end(&story);
}

static void it_reads_without_a_node(void **state) {
    (void)state;
    if (!plk_store_db_can_encrypt()) skip();
    struct story story;
    struct plk_history *history;
    struct plk_fault fault;
    story_begin(&story, "secret");
    put_texts(&story, 1);
    story_store(&story);
    story_close(&story);
    assert_int_equal(plk_history_open(&history, story.home, plk_bytes_text("wrong"), &fault),
                     PLK_FAULT_WRONG_PASSPHRASE);
    assert_int_equal(plk_history_open(&history, story.home, plk_bytes_text(""), &fault), PLK_FAULT_WRONG_PASSPHRASE);
    assert_null(history);
    assert_int_equal(plk_history_open(&history, "/tmp/peerlink-no-such-home", plk_bytes_text(""), &fault),
                     PLK_FAULT_NO_STORE);
    assert_int_equal(plk_history_open(&history, story.home, plk_bytes_text("secret"), &fault), PLK_FAULT_NONE);
    search_everything(history);
    plk_history_close(history);
    story_end(&story);
}

// A reader beside a writer at work: every page is one moment, whole batches only.
static void a_reader_sees_whole_batches(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    struct plk_history *history = open_history(&story);
    for (uint64_t row = 1; row <= 400; row += 2) {
        put_text(&story, 1, row, "left");
        put_text(&story, 1, row + 1, "right");
        story_put(&story);
        struct plk_history_page page;
        struct plk_history_query query = {.contact = 1, .limit = 1000};
        assert_int_equal(plk_history_read(history, &query, &page), PLK_ERR_OK);
        assert_int_equal(page.count % 2, 0);
        plk_history_page_free(&page);
    }
    plk_history_close(history);
    story_end(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_go_back_in_time),
        cmocka_unit_test(search_finds_with_and_without_the_index),
        cmocka_unit_test(search_pages),
        cmocka_unit_test(what_is_gone_is_not_found),
        cmocka_unit_test(a_large_deletion_makes_the_index_anew),
        cmocka_unit_test(events_join_their_messages),
        cmocka_unit_test(events_of_many_messages_come_one_by_one),
        cmocka_unit_test(contacts_are_listed_and_found),
        cmocka_unit_test(it_reads_without_a_node),
        cmocka_unit_test(a_reader_sees_whole_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
