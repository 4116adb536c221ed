// SPDX-License-Identifier: MIT
// What a thief finds: keys, passphrases, file modes, plaintext, what was deleted.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>

#include "_store.h"
#include "host/store_db.h"

// ---- keys -------------------------------------------------------------------------------------------------------------

static void a_passphrase_is_needed_and_checked(void **state) {
    (void)state;
    if (!plk_store_db_can_encrypt()) skip();
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
    if (!plk_store_db_can_encrypt()) skip();
    struct story story;
    struct plk_fault fault;
    uint8_t key[PLK_KEYFILE_KEY_LEN];
    bool sealed;
    story_begin(&story, "old");
    put_text(&story, 1, 1, "x");
    story_close(&story);
    assert_int_equal(plk_keyfile_read(story.home, plk_bytes_text("old"), key, &sealed, &fault), PLK_FAULT_NONE);
    assert_true(sealed);
    assert_int_equal(
        plk_keyfile_write(story.home, plk_bytes_text("new"), key, (struct plk_keyfile_cost)CHEAP_KDF, &fault),
        PLK_FAULT_NONE);
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
    if (!plk_store_db_can_encrypt()) skip();
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
    if (!plk_store_db_can_encrypt()) skip();
    struct story story;
    static const char canary[] = "canary in a coal mine", folded[] = "nary in a co", name[] = "Nightingale";
    story_begin(&story, "correct horse");
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
    if (!plk_store_db_can_encrypt()) skip();
    struct story story;
    static const char canary[] = "canary that was deleted";
    struct plk_fault fault;
    story_begin(&story, "");
    uint8_t key[PLK_KEYFILE_KEY_LEN];
    memcpy(key, plk_store_key(story.store), sizeof key);
    for (uint64_t row = 1; row <= 300; row++) put_text(&story, 1, row, canary);
    plk_batch_upsert(story.batch, PLK_TABLE_outbox, plk_bytes_text("keys"), plk_bytes_text(canary));
    story_store(&story);
    story_indexed(&story);
    plk_batch_delete_range(story.batch, PLK_TABLE_message, plk_bytes("\0", 1), plk_bytes("\xff", 1));
    plk_batch_delete(story.batch, PLK_TABLE_outbox, plk_bytes_text("keys"));
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
    assert_int_equal(plk_store_db_exec(db, "CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, search, row)"),
                     SQLITE_OK);
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

static void without_encryption_a_passphrase_is_refused(void **state) {
    (void)state;
    struct story story;
    struct plk_fault fault;
    if (plk_store_db_can_encrypt()) skip();
    story_begin(&story, "");
    story_close(&story);
    assert_int_equal(try_open(&story, "secret", true, &fault), PLK_FAULT_UNSUPPORTED);
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
        cmocka_unit_test(without_encryption_a_passphrase_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
