// SPDX-License-Identifier: MIT
// What a disk, a thief and an old version can do to a store.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "_store.h"
#include "host/home.h"
#include "host/store_db.h"
#include "host/store_schema.h"

static enum plk_fault_kind try_open(struct story *story, const char *passphrase, bool create, struct plk_fault *fault) {
    struct plk_store_config config = story_config(story, passphrase);
    config.create = create;
    memset(fault, 0, sizeof *fault);
    enum plk_fault_kind kind = plk_store_open(&story->store, &config, fault);
    if (kind != PLK_FAULT_NONE) {
        assert_null(story->store);
        assert_int_equal(fault->kind, kind);
        assert_true(strlen(fault->line) > 10);
        assert_null(strchr(fault->line, '\n'));
    }
    return kind;
}

static void path_in(char out[128], const struct story *story, const char *name) { snprintf(out, 128, "%s/%s", story->home, name); }

static void flip_byte(const struct story *story, const char *name, off_t at) {
    char path[128];
    uint8_t byte;
    path_in(path, story, name);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

// ---- keys -------------------------------------------------------------------------------------------------------------

static void a_passphrase_is_needed_and_checked(void **state) {
    (void)state;
    struct story story;
    struct plk_fault fault;
    story_begin(&story, "correct horse");
    assert_true(plk_store_encrypted(story.store));
    put_text(&story, 1, 1, "x");
    story_close(&story);
    assert_int_equal(try_open(&story, "battery staple", true, &fault), PLK_FAULT_WRONG_PASSPHRASE);
    assert_int_equal(try_open(&story, "", true, &fault), PLK_FAULT_WRONG_PASSPHRASE);
    assert_int_equal(try_open(&story, "correct horse", false, &fault), PLK_FAULT_NONE);
    story_end(&story);
}

static void without_a_passphrase_it_says_so(void **state) {
    (void)state;
    struct story story;
    story_begin(&story, "");
    assert_false(plk_store_encrypted(story.store));
    story_end(&story);
}

static void the_passphrase_can_be_changed(void **state) {
    (void)state;
    struct story story;
    struct plk_fault fault;
    uint8_t key[PLK_KEYFILE_KEY_LEN];
    bool sealed;
    story_begin(&story, "old");
    put_text(&story, 1, 1, "x");
    story_close(&story);
    assert_int_equal(plk_keyfile_read(story.home, plk_bytes_text("old"), key, &sealed, &fault), PLK_FAULT_NONE);
    assert_true(sealed);
    assert_int_equal(plk_keyfile_write(story.home, plk_bytes_text("new"), key, (struct plk_keyfile_cost)CHEAP_KDF, &fault), PLK_FAULT_NONE);
    assert_int_equal(try_open(&story, "old", true, &fault), PLK_FAULT_WRONG_PASSPHRASE);
    assert_int_equal(try_open(&story, "new", true, &fault), PLK_FAULT_NONE);
    story_end(&story);
}

static void files_are_private(void **state) {
    (void)state;
    struct story story;
    mode_t mask = umask(0);
    story_begin(&story, "");
    umask(mask);
    put_text(&story, 1, 1, "x");
    story_store(&story);
    DIR *dir = opendir(story.home);
    size_t files = 0;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.') continue;
        char path[512];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", story.home, entry->d_name);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        files++;
    }
    closedir(dir);
    assert_int_equal(files, 4); // key, store.db, its log and the log's index
    story_end(&story);
}

static void a_damaged_key_file_is_told_from_a_wrong_passphrase(void **state) {
    (void)state;
    struct story story;
    struct plk_fault fault;
    char path[128];
    for (int sealed = 0; sealed < 2; sealed++) {
        const char *passphrase = sealed ? "secret" : "";
        story_begin(&story, passphrase);
        story_close(&story);
        path_in(path, &story, PLK_KEYFILE_NAME);
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        flip_byte(&story, PLK_KEYFILE_NAME, 0); // what every version begins with
        assert_int_equal(try_open(&story, passphrase, true, &fault), PLK_FAULT_CORRUPT);
        flip_byte(&story, PLK_KEYFILE_NAME, 0);
        flip_byte(&story, PLK_KEYFILE_NAME, 7); // the version
        assert_int_equal(try_open(&story, passphrase, true, &fault), PLK_FAULT_TOO_NEW);
        flip_byte(&story, PLK_KEYFILE_NAME, 7);
        flip_byte(&story, PLK_KEYFILE_NAME, 20);
        enum plk_fault_kind kind = try_open(&story, passphrase, true, &fault);
        assert_true(kind == (sealed ? PLK_FAULT_WRONG_PASSPHRASE : PLK_FAULT_CORRUPT));
        flip_byte(&story, PLK_KEYFILE_NAME, 20);
        assert_int_equal(truncate(path, st.st_size - 1), 0);
        assert_int_equal(try_open(&story, passphrase, true, &fault), PLK_FAULT_CORRUPT);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(try_open(&story, passphrase, true, &fault), PLK_FAULT_CORRUPT); // a store that nobody can read
        story_end(&story);
    }
}

static void a_missing_store_is_no_profile(void **state) {
    (void)state;
    struct story story;
    struct plk_fault fault;
    memset(&story, 0, sizeof story);
    tempdir_make(story.home);
    uv_sem_init(&story.woken, 0);
    assert_int_equal(try_open(&story, "", false, &fault), PLK_FAULT_NO_STORE);
    uv_sem_destroy(&story.woken);
    tempdir_remove(story.home);
}

// ---- plaintext --------------------------------------------------------------------------------------------------------

static bool file_contains(const char *path, const void *needle, size_t len) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = plk_memory_take(size);
    assert_int_equal(fread(bytes, 1, size, file), size);
    fclose(file);
    bool found = memmem(bytes, size, needle, len) != NULL;
    plk_memory_give(bytes, size);
    return found;
}

static bool home_contains(const struct story *story, const void *needle, size_t len) {
    DIR *dir = opendir(story->home);
    bool found = false;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", story->home, entry->d_name);
        if (entry->d_name[0] != '.' && file_contains(path, needle, len)) found = true;
    }
    closedir(dir);
    return found;
}

static void no_plaintext_and_no_key_is_on_the_disk(void **state) {
    (void)state;
    struct story story;
    static const char canary[] = "canary in a coal mine", folded[] = "nary in a co", name[] = "Nightingale";
    story_begin(&story, "correct horse");
    if (!plk_store_db_can_encrypt()) skip();
    uint8_t key[PLK_KEYFILE_KEY_LEN];
    memcpy(key, plk_store_key(story.store), sizeof key);
    for (uint64_t row = 1; row <= 200; row++) put_text(&story, 1, row, canary);
    put_contact(&story, 1, name);
    plk_batch_upsert(story.batch, PLK_TABLE_outbox, plk_bytes_text("key of a row"), plk_bytes_text(canary));
    story_store(&story);
    story_indexed(&story);
    for (int closed = 0; closed < 2; closed++) {
        assert_false(home_contains(&story, canary, strlen(canary)));
        assert_false(home_contains(&story, folded, strlen(folded)));
        assert_false(home_contains(&story, name, strlen(name)));
        assert_false(home_contains(&story, "key of a row", 12));
        assert_false(home_contains(&story, key, sizeof key));
        assert_false(home_contains(&story, "correct horse", 13));
        assert_false(home_contains(&story, "CREATE TABLE", 12));
        if (!closed) story_close(&story);
    }
    char path[128]; // and would it have been found?
    path_in(path, &story, "plain");
    FILE *file = fopen(path, "wb");
    fputs(canary, file);
    fclose(file);
    assert_true(home_contains(&story, canary, strlen(canary)));
    story_end(&story);
}

// With the key at hand: what was deleted is in no page and no log any more once the store has been idle.
static void what_is_deleted_is_gone_from_the_pages(void **state) {
    (void)state;
    struct story story;
    static const char canary[] = "canary that was deleted";
    struct plk_fault fault;
    story_begin(&story, "");
    uint8_t key[PLK_KEYFILE_KEY_LEN];
    memcpy(key, plk_store_key(story.store), sizeof key);
    for (uint64_t row = 1; row <= 300; row++) put_text(&story, 1, row, canary);
    plk_batch_upsert(story.batch, PLK_TABLE_outbox, plk_bytes_text("k"), plk_bytes_text(canary));
    story_store(&story);
    story_indexed(&story);
    plk_batch_delete_range(story.batch, PLK_TABLE_message, plk_bytes("\0", 1), plk_bytes("\xff", 1));
    plk_batch_delete(story.batch, PLK_TABLE_outbox, plk_bytes_text("k"));
    story_store(&story);
    struct plk_history *reader; // the log would stay where another connection does
    assert_int_equal(plk_history_open_key(&reader, story.home, key, &fault), PLK_FAULT_NONE);
    story_close(&story);
    char log[128];
    struct stat st;
    path_in(log, &story, PLK_STORE_DB_NAME "-wal");
    assert_int_equal(stat(log, &st), 0);
    assert_int_equal(st.st_size, 0);
    plk_history_close(reader);
    // The pages as they are, free ones included, in the clear.
    sqlite3 *db;
    assert_int_equal(plk_store_db_open(&db, story.home, key, PLK_STORE_DB_WRITE, &fault), PLK_FAULT_NONE);
    int64_t left = 0;
    assert_int_equal(plk_store_db_number(db, "SELECT count(*) FROM message", &left), SQLITE_OK);
    assert_int_equal(left, 0);
    // Nor in the index: no term is left, neither as such nor as a deletion that waits to be merged away.
    assert_int_equal(plk_store_db_exec(db, "CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, search, row)"), SQLITE_OK);
    assert_int_equal(plk_store_db_number(db, "SELECT count(*) FROM temp.terms", &left), SQLITE_OK);
    assert_int_equal(left, 0);
    assert_int_equal(plk_store_db_number(db, "SELECT sum(length(block)) FROM search_data", &left), SQLITE_OK);
    assert_true(left < 200);
    sqlite3_int64 size = 0;
    unsigned char *image = sqlite3_serialize(db, "main", &size, 0);
    assert_non_null(image);
    assert_null(memmem(image, (size_t)size, canary, strlen(canary)));
    assert_non_null(memmem(image, (size_t)size, "CREATE TABLE", 12)); // in the clear indeed
    sqlite3_free(image);
    sqlite3_close(db);
    story_end(&story);
}

// ---- damage -----------------------------------------------------------------------------------------------------------

static void a_corrupt_database_is_said(void **state) {
    (void)state;
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
    struct story story;
    story_begin(&story, "");
    if (!plk_store_db_can_encrypt()) skip(); // pages are authenticated only then
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
    assert_int_equal(plk_store_db_open(&other, story.home, plk_store_key(story.store), PLK_STORE_DB_WRITE, &fault), PLK_FAULT_NONE);
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
    plk_batch_delete_range(story.batch, PLK_TABLE_outbox, plk_bytes("\0", 1), plk_bytes("\0\0\0\0\0\0\0\2", 8)); // the first
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
    assert_int_equal(plk_keyfile_write(story->home, plk_bytes(NULL, 0), key, (struct plk_keyfile_cost)CHEAP_KDF, &fault), PLK_FAULT_NONE);
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
    make_old_store(&story, "INSERT INTO stream VALUES(1, x'00000001' || x'00' || x'6465766963652121' || x'65706f6368212121');"
                           "INSERT INTO message VALUES((1 << 31) | 1, 1, 1, zeroblob(16), 1, 8, 0, 0, 0, 5, 6, NULL,"
                           " CAST('written by version one' AS BLOB))");
    assert_int_equal(plk_history_open(&history, story.home, plk_bytes(NULL, 0), &fault), PLK_FAULT_TOO_NEW); // a node has to
    story_open(&story, "");
    assert_int_equal(plk_history_open_key(&history, story.home, plk_store_key(story.store), &fault), PLK_FAULT_NONE);
    struct plk_history_query query = {.contact = 1, .limit = 5, .search = plk_bytes_text("VERSION")};
    put_text(&story, 1, 2, "written by version two");
    story_store(&story);
    story_indexed(&story); // both of them
    struct plk_history_page page;
    assert_int_equal(plk_history_read(history, &query, &page), PLK_ERR_OK);
    assert_int_equal(page.count, 2);
    plk_history_page_free(&page);
    plk_history_close(history);
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
        cmocka_unit_test(a_passphrase_is_needed_and_checked),
        cmocka_unit_test(without_a_passphrase_it_says_so),
        cmocka_unit_test(the_passphrase_can_be_changed),
        cmocka_unit_test(files_are_private),
        cmocka_unit_test(a_damaged_key_file_is_told_from_a_wrong_passphrase),
        cmocka_unit_test(a_missing_store_is_no_profile),
        cmocka_unit_test(no_plaintext_and_no_key_is_on_the_disk),
        cmocka_unit_test(what_is_deleted_is_gone_from_the_pages),
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
