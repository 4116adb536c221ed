// SPDX-License-Identifier: MIT
// Room in the log: made ahead, in bounded steps, and nothing to whoever reads the log after a crash.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "_store.h"
#include "host/store_db.h"
#include "host/store_log.h"

static off_t size_of(const char *home, const char *suffix) {
    char path[256];
    struct stat file;
    snprintf(path, sizeof path, "%s/%s%s", home, PLK_STORE_DB_NAME, suffix);
    return stat(path, &file) == 0 ? file.st_size : -1;
}

static void copy_file(const char *from, const char *to, const char *suffix) {
    char path[256], block[4096];
    snprintf(path, sizeof path, "%s/%s%s", from, PLK_STORE_DB_NAME, suffix);
    int in = open(path, O_RDONLY);
    snprintf(path, sizeof path, "%s/%s%s", to, PLK_STORE_DB_NAME, suffix);
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(in >= 0 && out >= 0);
    for (ssize_t len; (len = read(in, block, sizeof block)) > 0;) assert_int_equal(write(out, block, (size_t)len), len);
    close(in);
    close(out);
}

static int log_frames(void *ctx, sqlite3 *db, const char *name, int frames) {
    (void)db;
    (void)name;
    *(int *)ctx = frames;
    return SQLITE_OK;
}

static int64_t rows_after_a_crash(const char *home, const char *elsewhere, const uint8_t *key) {
    struct plk_fault fault;
    sqlite3 *db;
    int64_t rows = -1;
    copy_file(home, elsewhere, "");
    copy_file(home, elsewhere, "-wal");
    assert_int_equal(plk_store_db_open(&db, elsewhere, key, PLK_STORE_DB_WRITE, &fault), PLK_FAULT_NONE);
    assert_int_equal(plk_store_db_number(db, "SELECT count(*) FROM t", &rows), SQLITE_OK);
    sqlite3_close(db);
    plk_store_db_remove(elsewhere);
    return rows;
}

static void room_is_made_ahead(void **state) {
    (void)state;
    char home[] = "/tmp/plk-log-XXXXXX", elsewhere[] = "/tmp/plk-log-XXXXXX";
    uint8_t key[PLK_STORE_DB_KEY_LEN] = {1, 2, 3};
    struct plk_fault fault;
    sqlite3 *db;
    int frames = 0;
    int64_t len = 0;
    assert_true(mkdtemp(home) != NULL && mkdtemp(elsewhere) != NULL);
    assert_int_equal(plk_store_db_open(&db, home, key, PLK_STORE_DB_CREATE, &fault), PLK_FAULT_NONE);
    sqlite3_wal_hook(db, log_frames, &frames);
    assert_int_equal(plk_store_db_exec(db, "CREATE TABLE t(a)"), SQLITE_OK);
    for (int i = 1; i <= 400; i++) {
        assert_int_equal(plk_store_db_exec(db, "INSERT INTO t VALUES(zeroblob(3000))"), SQLITE_OK);
        off_t before = size_of(home, "-wal"), used = 32 + (off_t)frames * (24 + 4096);
        plk_store_log_make_room(db, frames, &len);
        off_t after = size_of(home, "-wal");
        assert_true(after == len && after >= used + PLK_STORE_LOG_LEAST);
        assert_true(after == before ||
                    after - used <= (used > PLK_STORE_LOG_SPARE ? PLK_STORE_LOG_STEP_MAX : PLK_STORE_LOG_SPARE));
        if (i % 80 == 0) assert_int_equal(rows_after_a_crash(home, elsewhere, key), i);
    }
    // An emptied log has room too, and is an empty log to whoever opens it.
    assert_int_equal(sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL), SQLITE_OK);
    assert_int_equal(size_of(home, "-wal"), 0);
    len = 0;
    plk_store_log_make_room(db, 0, &len);
    assert_true(size_of(home, "-wal") >= PLK_STORE_LOG_LEAST);
    assert_int_equal(rows_after_a_crash(home, elsewhere, key), 400);
    assert_int_equal(plk_store_db_exec(db, "INSERT INTO t VALUES(1)"), SQLITE_OK);
    assert_int_equal(rows_after_a_crash(home, elsewhere, key), 401);
    sqlite3_close(db);
    plk_store_db_remove(home);
    assert_true(rmdir(home) == 0 && rmdir(elsewhere) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(room_is_made_ahead)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
