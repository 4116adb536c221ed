// SPDX-License-Identifier: MIT
// The rules of wire/mark.h on a real disk: whatever the order in which messages and marks come, the same is shown, found and kept.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "_store.h"
#include "wire/mark.h"

static struct plk_mark_row mark_of(const struct plk_message_row *message, enum plk_mark_what what, uint64_t time_ms,
                                   const char *text) {
    struct plk_mark_row mark = {.contact = message->contact, .direction = message->direction, .what = what};
    mark.origin = message->origin;
    mark.author = PLK_MARK_THEM;
    mark.stamp.time_ms = time_ms;
    mark.text = plk_bytes_text(text);
    return mark;
}

static void put_mark(struct story *story, const struct plk_mark_row *mark) {
    uint8_t key[PLK_MARK_KEY_LEN], value[PLK_MARK_STAMP_LEN + 100];
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_mark_key(key, mark);
    plk_mark_row_encode(&w, mark);
    assert_false(w.failed);
    plk_batch_upsert(story->batch, PLK_TABLE_mark, plk_bytes(key, sizeof key), plk_writer_bytes(&w));
}

static void put_op(struct story *story, const struct plk_message_row *message, char op) {
    struct plk_mark_row mark = {.contact = 0};
    switch (op) {
    case 'm':
        put_message(story, message);
        return;
    case '1':
        mark = mark_of(message, PLK_MARK_EDIT, 1, "the second thought");
        break;
    case '2':
        mark = mark_of(message, PLK_MARK_EDIT, 2, "the third thought");
        break;
    case 'r':
        mark = mark_of(message, PLK_MARK_REACTION, 1, "!");
        break;
    default:
        mark = mark_of(message, PLK_MARK_DELETED, 1, "");
    }
    put_mark(story, &mark);
}

// The number-th order of the ops; each is stored by itself, or all in one batch.
static void in_order(struct story *story, const struct plk_message_row *message, const char *ops, unsigned number) {
    char left[8];
    bool apart = number % 2;
    snprintf(left, sizeof left, "%s", ops);
    for (size_t count = strlen(ops); count > 0; count--) {
        size_t at = number % count;
        number /= (unsigned)count;
        put_op(story, message, left[at]);
        memmove(left + at, left + at + 1, strlen(left + at));
        if (apart) story_store(story);
    }
    story_store(story);
}

static size_t marks_of(struct story *story, uint32_t contact) {
    uint8_t from[4] = {0, 0, (uint8_t)(contact >> 8), (uint8_t)contact};
    uint8_t to[4] = {0, 0, (uint8_t)((contact + 1) >> 8), (uint8_t)(contact + 1)};
    struct loaded *loaded = story_load(story, PLK_TABLE_mark, plk_bytes(from, 4), plk_bytes(to, 4), 0, false);
    size_t count = loaded->count;
    loaded_free(loaded);
    return count;
}

static struct plk_history *open_history(struct story *story) {
    struct plk_history *history;
    struct plk_fault fault;
    assert_int_equal(plk_history_open_key(&history, story->home, plk_store_key(story->store), &fault), PLK_FAULT_NONE);
    return history;
}

static void expect_text(struct plk_history *history, uint32_t contact, const char *text, bool deleted, bool edited) {
    struct plk_history_page page;
    assert_int_equal(plk_history_message(history, contact, 1, &page), PLK_ERR_OK);
    assert_true(plk_bytes_equal(page.rows[0].payload, plk_bytes_text(text)));
    assert_int_equal(page.marks[0].deleted, deleted);
    assert_int_equal(page.marks[0].edited_ms > 0, edited);
    assert_int_equal(page.marks[0].reactions[PLK_MARK_THEM].len, deleted ? 0 : 1);
    plk_history_page_free(&page);
}

static size_t found(struct plk_history *history, const char *text) {
    struct plk_history_query query = {.limit = 1000, .search = plk_bytes_text(text)};
    struct plk_history_page page;
    assert_int_equal(plk_history_read(history, &query, &page), PLK_ERR_OK);
    size_t count = page.count;
    plk_history_page_free(&page);
    return count;
}

static void any_order_shows_the_same(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    const unsigned orders = 24, all = 120;
    for (unsigned i = 0; i < orders; i++) {
        struct plk_message_row message = text_row(1 + i, 1, "the first thought");
        in_order(&story, &message, "m12r", i);
    }
    for (unsigned i = 0; i < all; i++) {
        struct plk_message_row message = text_row(1 + orders + i, 1, "the first thought");
        in_order(&story, &message, "m12rd", i);
    }
    struct plk_history *history = open_history(&story);
    for (unsigned round = 0; round < 2; round++) { // without the index, and with it
        for (unsigned i = 0; i < orders; i++) expect_text(history, 1 + i, "the third thought", false, true);
        for (unsigned i = 0; i < all; i++) expect_text(history, 1 + orders + i, "", true, false);
        assert_int_equal(found(history, "third"), orders);
        assert_int_equal(found(history, "first") + found(history, "second"), 0);
        story_indexed(&story);
    }
    for (unsigned i = 0; i < orders; i++) assert_int_equal(marks_of(&story, 1 + i), 2);
    for (unsigned i = 0; i < all; i++) assert_int_equal(marks_of(&story, 1 + orders + i), 1);
    // What the index knows is unlearned, and learned again.
    struct plk_message_row known = text_row(1, 1, "");
    struct plk_mark_row edit = mark_of(&known, PLK_MARK_EDIT, 3, "a fourth one"),
                        late = mark_of(&known, PLK_MARK_EDIT, 2, "late");
    put_mark(&story, &edit);
    story_store(&story);
    put_mark(&story, &late);
    story_store(&story);
    assert_int_equal(found(history, "third"), orders - 1);
    assert_int_equal(found(history, "fourth"), 1);
    assert_int_equal(found(history, "late"), 0);
    plk_history_close(history);
    story_end(&story);
}

// Marks without a message are bounded, for each contact by itself; those of messages that are there are not.
static void early_marks_are_bounded(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    for (uint64_t row = 1; row <= PLK_MARK_EARLY_MAX + 50; row++) {
        struct plk_message_row message = text_row(7, row, "not there");
        struct plk_mark_row mark =
            mark_of(&message, row % 2 ? PLK_MARK_REACTION : PLK_MARK_DELETED, 1, row % 2 ? "!" : "");
        put_mark(&story, &mark);
    }
    story_store(&story);
    assert_int_equal(marks_of(&story, 7), PLK_MARK_EARLY_MAX);
    struct plk_message_row first = text_row(7, 1, "here it is"), other = text_row(8, 1, "not there either");
    struct plk_message_row far = text_row(7, 5000, "not there, and too many are not");
    put_message(&story, &first); // one is early no more
    struct plk_mark_row marks[] = {mark_of(&other, PLK_MARK_REACTION, 1, "!"), mark_of(&far, PLK_MARK_REACTION, 1, "!"),
                                   mark_of(&far, PLK_MARK_DELETED, 1, ""), mark_of(&first, PLK_MARK_REACTION, 2, "?")};
    for (size_t i = 0; i < 4; i++) put_mark(&story, &marks[i]);
    story_store(&story);
    assert_int_equal(marks_of(&story, 7), PLK_MARK_EARLY_MAX + 1);
    assert_int_equal(marks_of(&story, 8), 1);
    story_end(&story);
}

// A reaction is one's own; of no message but its own; what has vanished is on no page; how far was read is one place.
static void what_history_tells(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    struct plk_message_row out = text_row(3, 1, "mine"), answer = text_row(3, 2, "yours"),
                           last = text_row(3, 3, "gone");
    out.direction = PLK_OUT;
    out.state = PLK_STATE_DELIVERED;
    answer.has_target = true;
    answer.target = out.origin;
    answer.lifetime_s = 60;
    put_message(&story, &out);
    put_message(&story, &answer);
    put_message(&story, &last);
    struct plk_mark_row mine = mark_of(&answer, PLK_MARK_REACTION, 1, "+"),
                        back = mark_of(&answer, PLK_MARK_REACTION, 2, "");
    struct plk_mark_row gone = mark_of(&last, PLK_MARK_EXPIRED, 1, ""), read = mark_of(&out, PLK_MARK_READ, 1, "");
    struct plk_mark_row due = mark_of(&answer, PLK_MARK_DUE, 1, "");
    static const uint8_t due_ms[8] = {0, 0, 0, 0, 0, 0, 1, 0};
    uint8_t origin[PLK_MARK_ORIGIN_LEN];
    mine.author = back.author = PLK_MARK_ME;
    due.text = plk_bytes(due_ms, sizeof due_ms);
    plk_mark_origin_encode(origin, &out.origin);
    read.origin = (struct plk_origin){.seq = 0};
    read.text = plk_bytes(origin, sizeof origin);
    const struct plk_mark_row *all[] = {&mine, &gone, &read, &due};
    for (size_t i = 0; i < 4; i++) put_mark(&story, all[i]);
    story_store(&story);
    struct plk_history *history = open_history(&story);
    struct plk_history_query query = {.contact = 3, .limit = 10};
    struct plk_history_page page;
    assert_int_equal(plk_history_read(history, &query, &page), PLK_ERR_OK);
    assert_int_equal(page.count, 2);
    assert_true(page.marks[0].read && !page.marks[1].read);
    assert_true(page.marks[1].has_reply && page.marks[1].reply.row == 1 && page.marks[1].reply.direction == PLK_OUT);
    assert_true(plk_bytes_equal(page.marks[1].reply.text, plk_bytes_text("mine")));
    assert_int_equal(page.marks[1].reactions[PLK_MARK_ME].len, 1);
    assert_int_equal(page.marks[1].reactions[PLK_MARK_THEM].len, 0);
    assert_int_equal(page.marks[1].expires_ms, 256);
    assert_int_equal(page.rows[1].lifetime_s, 60);
    plk_history_page_free(&page);
    put_mark(&story, &back);
    story_store(&story);
    assert_int_equal(plk_history_message(history, 3, 2, &page), PLK_ERR_OK);
    assert_int_equal(page.marks[0].reactions[PLK_MARK_ME].len, 0);
    plk_history_page_free(&page);
    plk_history_close(history);
    story_end(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_shows_the_same),
        cmocka_unit_test(early_marks_are_bounded),
        cmocka_unit_test(what_history_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
