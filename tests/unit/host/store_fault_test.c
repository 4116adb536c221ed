// SPDX-License-Identifier: MIT
// What a disk, a signal and an old version can do to a store.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "_store.h"
#include "host/store_db.h"
#include "host/store_schema.h"

// ---- damage -----------------------------------------------------------------------------------------------------------

static void a_corrupt_database_is_said(void **state) {
    (void)state;
    if (!plk_store_db_can_encrypt()) skip();
    struct story story;
    struct plk_fault fault;
    char path[128];
    story_begin(&story, "");
    for (uint64_t row = 1; row <= 500; row++) put_text(&story, 1, row, "some text to fill pages");
    story_store(&story);
    story_close(&story);
    flip_byte(&story, PLK_STORE_DB_NAME, 200); // the first page
    assert_int_equal(try_open(&story, "", true, &fault), PLK_FAULT_CORRUPT);
    path_in(path, &story, PLK_STORE_DB_NAME);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(try_open(&story, "", true, &fault), PLK_FAULT_CORRUPT);
    FILE *file = fopen(path, "wb");
    for (int i = 0; i < 3000; i++) fputs("garbage", file);
    fclose(file);
    assert_int_equal(try_open(&story, "", true, &fault), PLK_FAULT_CORRUPT);
    story_end(&story);
}

// Damage that is met later: the store is lost, says so once, and takes nothing more.
static void damage_met_at_work_loses_the_store(void **state) {
    (void)state;
    if (!plk_store_db_can_encrypt()) skip();
    struct story story;
    story_begin(&story, "");
    for (uint64_t row = 1; row <= 2000; row++) put_text(&story, 1, row, "some text to fill pages");
    story_store(&story);
    story_close(&story);
    char path[128];
    struct stat st;
    path_in(path, &story, PLK_STORE_DB_NAME);
    assert_int_equal(stat(path, &st), 0);
    for (off_t page = 16; page * 4096 < st.st_size; page++) flip_byte(&story, PLK_STORE_DB_NAME, page * 4096 + 100);
    story_open(&story, "");
    struct plk_message_patch patch = {.columns = PLK_PATCH_STATE, .state = PLK_STATE_SEEN};
    for (uint64_t row = 1; row <= 2000; row++) {
        struct plk_message_row m = text_row(1, row, "");
        patch_message(&story, &m, &patch);
    }
    story_store(&story);
    assert_int_equal(story.losses, 1);
    assert_int_equal(story.stored, 0);
    plk_batch_upsert(story.batch, PLK_TABLE_blob, plk_bytes_text("k"), plk_bytes_text("v"));
    story_put(&story);
    assert_false(plk_store_close(story.store));
    story.store = NULL;
    story_end(&story);
}

// ---- a disk that is full or locked --------------------------------------------------------------------------------------

static void expect_stall(struct story *story) {
    while (story->stalls == 0) story_next(story);
    assert_true(plk_store_stalled(story->store));
}

static void expect_recovery(struct story *story) {
    while (story->stored < story->n) story_next(story);
    assert_int_equal(story->resumes, 1);
    assert_int_equal(story->stalls, 1); // said once, however often it was tried
    assert_false(plk_store_stalled(story->store));
}

static void a_locked_store_stalls_and_resumes(void **state) {
    (void)state;
    struct story story;
    struct plk_fault fault;
    sqlite3 *other;
    story_begin(&story, "");
    assert_int_equal(plk_store_db_open(&other, story.home, plk_store_key(story.store), PLK_STORE_DB_WRITE, &fault),
                     PLK_FAULT_NONE);
    assert_int_equal(plk_store_db_exec(other, "BEGIN IMMEDIATE"), SQLITE_OK);
    put_text(&story, 1, 1, "one");
    story_put(&story);
    expect_stall(&story);
    put_text(&story, 1, 2, "two");
    story_put(&story);
    assert_int_equal(plk_store_db_exec(other, "ROLLBACK"), SQLITE_OK);
    sqlite3_close(other);
    expect_recovery(&story);
    struct loaded *loaded = story_load(&story, PLK_TABLE_message, plk_bytes(NULL, 0), plk_bytes(NULL, 0), 0, false);
    assert_int_equal(loaded->count, 2);
    loaded_free(loaded);
    story_end(&story);
}

static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_stalls_and_keeps_everything_in_order(void **state) {
    (void)state;
    struct story story;
    signal(SIGXFSZ, SIG_IGN);
    story_begin(&story, "");
    limit_files(300000);
    uint8_t value[2000];
    uint64_t batch = 0;
    while (story.stalls == 0) {
        memset(value, (int)++batch, sizeof value);
        uint64_t big_endian = __builtin_bswap64(batch);
        plk_batch_upsert(story.batch, PLK_TABLE_outbox, plk_bytes(&big_endian, 8), plk_bytes(value, sizeof value));
        plk_batch_upsert(story.batch, PLK_TABLE_blob, plk_bytes_text("last"), plk_bytes(&batch, 8));
        story_put(&story);
        story_next(&story);
    }
    uint64_t stored = story.stored;
    assert_true(stored < story.n);
    plk_batch_delete_range(story.batch, PLK_TABLE_outbox, plk_bytes("\0", 1),
                           plk_bytes("\0\0\0\0\0\0\0\2", 8)); // the first
    story_put(&story);
    limit_files(0);
    expect_recovery(&story);
    struct loaded *loaded = story_load(&story, PLK_TABLE_outbox, plk_bytes(NULL, 0), plk_bytes(NULL, 0), 0, false);
    assert_int_equal(loaded->count, batch - 1);
    for (size_t i = 0; i < loaded->count; i++) assert_int_equal(loaded->values[i].at[1999], (uint8_t)(i + 2));
    loaded_free(loaded);
    story_end(&story);
}

static void closing_while_stalled_ends_and_says_so(void **state) {
    (void)state;
    struct story story;
    signal(SIGXFSZ, SIG_IGN);
    story_begin(&story, "");
    limit_files(8192);
    uint8_t value[60000];
    memset(value, 1, sizeof value);
    plk_batch_upsert(story.batch, PLK_TABLE_blob, plk_bytes_text("k"), plk_bytes(value, sizeof value));
    story_put(&story);
    expect_stall(&story);
    assert_false(plk_store_close(story.store));
    limit_files(0);
    story_open(&story, "");
    struct loaded *loaded = story_load(&story, PLK_TABLE_blob, plk_bytes(NULL, 0), plk_bytes(NULL, 0), 0, false);
    assert_int_equal(loaded->count, 0);
    loaded_free(loaded);
    story_end(&story);
}

// ---- SIGKILL ----------------------------------------------------------------------------------------------------------

// Batch i: a message, an event and a counter. Each number that is reported stored goes through the pipe.
static void write_until_killed(const char *home, int pipe_fd) {
    struct story story;
    memset(&story, 0, sizeof story);
    strcpy(story.home, home);
    uv_sem_init(&story.woken, 0);
    story.mem = plk_memory_system();
    story.batch = plk_batch_new(&story.mem);
    story_open(&story, "");
    struct loaded *last = story_load(&story, PLK_TABLE_blob, plk_bytes(NULL, 0), plk_bytes(NULL, 0), 0, false);
    uint64_t base = 0;
    if (last->count == 1) memcpy(&base, last->values[0].at, 8);
    for (;;) {
        uint64_t i = base + story.n + 1;
        put_text(&story, 1, i, "a message that is counted");
        put_event(&story, i, 1, i);
        plk_batch_upsert(story.batch, PLK_TABLE_blob, plk_bytes_text("last"), plk_bytes(&i, 8));
        story_put(&story);
        while (story.n - story.stored >= PLK_BATCHES_OUTSTANDING_MAX) {
            struct plk_store_report report = story_next(&story);
            uint64_t stored = base + report.n;
            if (report.kind == PLK_STORE_STORED && write(pipe_fd, &stored, 8) != 8) _exit(2);
        }
    }
}

static void check_after_kill(struct story *story, uint64_t reported) {
    story_open(story, "");
    struct loaded *counter = story_load(story, PLK_TABLE_blob, plk_bytes(NULL, 0), plk_bytes(NULL, 0), 0, false);
    uint64_t last = 0;
    if (counter->count == 1) memcpy(&last, counter->values[0].at, 8);
    loaded_free(counter);
    assert_true(last >= reported);
    struct plk_history *history;
    struct plk_fault fault;
    assert_int_equal(plk_history_open_key(&history, story->home, plk_store_key(story->store), &fault), PLK_FAULT_NONE);
    uint64_t seen = 0;
    for (bool more = true; more;) {
        struct plk_history_events events;
        assert_int_equal(plk_history_events(history, seen, PLK_HISTORY_LIMIT_MAX, &events), PLK_ERR_OK);
        for (size_t i = 0; i < events.count; i++) {
            assert_int_equal(events.events[i].event.n, ++seen); // none missing
            assert_true(events.events[i].has_message);
        }
        more = events.more;
        plk_history_events_free(&events);
    }
    assert_int_equal(seen, last); // nothing of a transaction that was not whole
    plk_history_close(history);
    story_close(story);
}

static void what_was_reported_survives_sigkill(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    story_close(&story);
    for (int round = 0; round < 25; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            write_until_killed(story.home, ends[1]);
        }
        close(ends[1]);
        uint64_t reported = 0;
        for (int i = 0; i < 1 + round * 7 % 40; i++) assert_int_equal(read(ends[0], &reported, 8), 8);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        uint64_t late;
        while (read(ends[0], &late, 8) == 8) reported = late; // it had still said
        close(ends[0]);
        check_after_kill(&story, reported);
    }
    story_end(&story);
}

// ---- versions ---------------------------------------------------------------------------------------------------------

static void make_old_store(struct story *story, const char *more_sql) {
    struct plk_fault fault;
    uint8_t key[PLK_KEYFILE_KEY_LEN] = {1, 2, 3};
    sqlite3 *db;
    assert_int_equal(
        plk_keyfile_write(story->home, plk_bytes(NULL, 0), key, (struct plk_keyfile_cost)CHEAP_KDF, &fault),
        PLK_FAULT_NONE);
    plk_store_db_remove(story->home);
    assert_int_equal(plk_store_db_open(&db, story->home, key, PLK_STORE_DB_CREATE, &fault), PLK_FAULT_NONE);
    assert_int_equal(plk_store_schema_migrate(db, 1, &fault), PLK_FAULT_NONE);
    assert_int_equal(plk_store_db_exec(db, more_sql), SQLITE_OK);
    sqlite3_close(db);
}

static void an_old_version_is_converted(void **state) {
    (void)state;
    struct story story;
    struct plk_fault fault;
    struct plk_history *history;
    story_begin(&story, "");
    story_close(&story);
    make_old_store(&story,
                   "INSERT INTO stream VALUES(1, x'00000001' || x'00' || x'6465766963652121' || x'65706f6368212121');"
                   "INSERT INTO message VALUES((1 << 31) | 1, 1, 1, zeroblob(16), 1, 8, 0, 0, 0, 5, 6, NULL,"
                   " CAST('written by version one' AS BLOB));"
                   "INSERT INTO ratchet VALUES(x'0000000100000002', x'01');"
                   "INSERT INTO link VALUES(x'00000001', x'02');"
                   "INSERT INTO skipped VALUES(x'00000001000000', x'03');"
                   "INSERT INTO outbox VALUES(x'00000001ff00', x'04');"
                   "INSERT INTO contact VALUES(1, zeroblob(32), 'Bob', '', 3, 1, 0, 0, 0, 5, x'');");
    assert_int_equal(plk_history_open(&history, story.home, plk_bytes(NULL, 0), &fault),
                     PLK_FAULT_TOO_NEW); // a node has to
    story_open(&story, "");
    assert_int_equal(plk_history_open_key(&history, story.home, plk_store_key(story.store), &fault), PLK_FAULT_NONE);
    struct plk_history_query query = {.contact = 1, .limit = 5, .search = plk_bytes_text("VERSION")};
    put_text(&story, 1, 2, "written by version two");
    story_store(&story);
    story_indexed(&story); // both of them
    struct plk_history_page page;
    assert_int_equal(plk_history_read(history, &query, &page), PLK_ERR_OK);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.rows[0].state, PLK_STATE_RECEIVED);
    assert_int_equal(page.rows[0].received_ms, 6);
    plk_history_page_free(&page);
    struct plk_history_contacts contacts;
    assert_int_equal(plk_history_contacts(history, &contacts), PLK_ERR_OK);
    assert_int_equal(contacts.count, 1);
    assert_true(contacts.contacts[0].row.verified && !contacts.contacts[0].row.relay_only); // nobody was asked for that
    // What was there before anybody kept that is not new; what came since is.
    uint64_t unread = 0;
    assert_int_equal(contacts.contacts[0].row.read_row, 1);
    assert_int_equal(plk_history_unread(history, 1, 1, &unread), PLK_ERR_OK);
    assert_int_equal(unread, 1);
    // Nobody had a timer, and everybody is told.
    assert_true(contacts.contacts[0].row.timer_s == 0 && !contacts.contacts[0].row.silent);
    plk_history_contacts_free(&contacts);
    assert_int_equal(plk_history_message(history, 1, 1, &page), PLK_ERR_OK);
    assert_true(page.rows[0].lifetime_s == 0 && !page.marks[0].deleted && page.marks[0].edited_ms == 0);
    plk_history_page_free(&page);
    plk_history_close(history);
    static const struct {
        enum plk_table table;
        const char *key;
        size_t len;
    } moved[] = {{PLK_TABLE_ratchet, "\0\0\0\1\0\0\0\2", 8},
                 {PLK_TABLE_link, "\0\0\0\1", 4},
                 {PLK_TABLE_skipped, "\0\0\0\1\0\0\0", 7},
                 {PLK_TABLE_outbox, "\0\0\0\1\xff\0", 6}};
    for (uint8_t i = 0; i < 4; i++) {
        struct loaded *loaded = story_load(&story, moved[i].table, plk_bytes(NULL, 0), plk_bytes(NULL, 0), 0, false);
        assert_int_equal(loaded->count, 1);
        assert_bytes(loaded->keys[0], plk_bytes(moved[i].key, moved[i].len));
        assert_int_equal(loaded->values[0].at[0], i + 1);
        loaded_free(loaded);
    }
    story_end(&story);
}

static void a_newer_version_is_refused_and_left_alone(void **state) {
    (void)state;
    struct story story;
    struct plk_fault fault;
    struct plk_history *history;
    story_begin(&story, "");
    story_close(&story);
    make_old_store(&story, "PRAGMA user_version = 99");
    assert_int_equal(try_open(&story, "", true, &fault), PLK_FAULT_TOO_NEW);
    assert_int_equal(plk_history_open(&history, story.home, plk_bytes(NULL, 0), &fault), PLK_FAULT_TOO_NEW);
    make_old_store(&story, "PRAGMA application_id = 7");
    assert_int_equal(try_open(&story, "", true, &fault), PLK_FAULT_CORRUPT);
    story_end(&story);
}

// Killed between the steps of a conversion, or in the middle of one: the next start goes on.
static void a_conversion_that_was_cut_off_goes_on(void **state) {
    (void)state;
    struct story story;
    struct plk_fault fault;
    story_begin(&story, "");
    story_close(&story);
    make_old_store(&story, "");
    limit_files(1); // no step gets through
    signal(SIGXFSZ, SIG_IGN);
    enum plk_fault_kind kind = try_open(&story, "", true, &fault);
    limit_files(0);
    assert_true(kind == PLK_FAULT_FULL || kind == PLK_FAULT_SYSTEM);
    story_open(&story, "");
    put_text(&story, 1, 1, "text");
    story_store(&story);
    story_indexed(&story);
    story_end(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_corrupt_database_is_said),
        cmocka_unit_test(damage_met_at_work_loses_the_store),
        cmocka_unit_test(a_locked_store_stalls_and_resumes),
        cmocka_unit_test(a_full_disk_stalls_and_keeps_everything_in_order),
        cmocka_unit_test(closing_while_stalled_ends_and_says_so),
        cmocka_unit_test(what_was_reported_survives_sigkill),
        cmocka_unit_test(an_old_version_is_converted),
        cmocka_unit_test(a_newer_version_is_refused_and_left_alone),
        cmocka_unit_test(a_conversion_that_was_cut_off_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
