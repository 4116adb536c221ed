// SPDX-License-Identifier: MIT
// A relay's store: its own tables in a file that is not encrypted, because what lies in it is sealed.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>

#include "_store.h"

static enum plk_fault_kind open_relay(struct story *story, struct plk_fault *fault) {
    struct plk_store_config config = {
        .home = story->home, .create = true, .relay = true, .wake = story_wake, .ctx = story};
    story->n = story->stored = 0;
    return plk_store_open(&story->store, &config, fault);
}

static void begin(struct story *story) {
    struct plk_fault fault;
    memset(story, 0, sizeof *story);
    tempdir_make(story->home);
    assert_int_equal(uv_sem_init(&story->woken, 0), 0);
    story->mem = plk_memory_system();
    story->batch = plk_batch_new(&story->mem);
    assert_int_equal(open_relay(story, &fault), PLK_FAULT_NONE);
}

static size_t count_rows(struct story *story, enum plk_table table) {
    plk_store_load(story->store, 1, table, plk_bytes(NULL, 0), plk_bytes(NULL, 0), 0, false);
    for (size_t count = 0;;) {
        struct plk_store_report report = story_next(story);
        if (report.kind != PLK_STORE_LOADED) continue;
        count += report.count;
        if (!report.more) return count;
    }
}

static const enum plk_table tables[] = {PLK_TABLE_rqueue,  PLK_TABLE_ritem,  PLK_TABLE_rcell,
                                        PLK_TABLE_rbundle, PLK_TABLE_rtoken, PLK_TABLE_rgrant};
#define TABLES (sizeof tables / sizeof tables[0])

static void test_rows_of_every_table_last(void **state) {
    (void)state;
    struct story story;
    struct plk_fault fault;
    static uint8_t cell[65536];
    begin(&story);
    for (size_t i = 0; i < TABLES; i++) {
        plk_batch_upsert(story.batch, tables[i], plk_bytes_text("a"), plk_bytes(cell, sizeof cell / 2));
        plk_batch_upsert(story.batch, tables[i], plk_bytes_text("a"), plk_bytes(cell, sizeof cell)); // again
        plk_batch_upsert(story.batch, tables[i], plk_bytes_text("b"), plk_bytes_text("short"));
        story_store(&story);
    }
    story_close(&story);
    assert_int_equal(open_relay(&story, &fault), PLK_FAULT_NONE);
    for (size_t i = 0; i < TABLES; i++) {
        assert_int_equal(count_rows(&story, tables[i]), 2);
        plk_batch_delete(story.batch, tables[i], plk_bytes_text("b"));
        plk_batch_delete_range(story.batch, tables[i], plk_bytes_text("a"), plk_bytes_text("b"));
    }
    story_store(&story);
    for (size_t i = 0; i < TABLES; i++) assert_int_equal(count_rows(&story, tables[i]), 0);
    story_end(&story);
}

// Whether any file of the home has these bytes.
static bool on_disk(const struct story *story, const char *bytes) {
    DIR *dir = opendir(story->home);
    assert_non_null(dir);
    bool found = false;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL && !found;) {
        char path[512];
        static char content[4 << 20];
        snprintf(path, sizeof path, "%s/%s", story->home, entry->d_name);
        FILE *file = fopen(path, "rb");
        size_t len = file == NULL ? 0 : fread(content, 1, sizeof content, file), want = strlen(bytes);
        for (size_t i = 0; i + want <= len && !found; i++) found = memcmp(content + i, bytes, want) == 0;
        if (file != NULL) fclose(file);
    }
    closedir(dir);
    return found;
}

static void test_nothing_of_a_deleted_cell_is_left(void **state) {
    (void)state;
    struct story story;
    static char cell[16384];
    begin(&story);
    memset(cell, 'x', sizeof cell);
    memcpy(cell + 9000, "canary of a cell", 16);
    plk_batch_upsert(story.batch, PLK_TABLE_rcell, plk_bytes_text("k"), plk_bytes(cell, sizeof cell));
    story_store(&story);
    // While it is looked for it may move from the log to the database: then the second look finds it there.
    assert_true(on_disk(&story, "canary of a cell") || on_disk(&story, "canary of a cell"));
    plk_batch_delete(story.batch, PLK_TABLE_rcell, plk_bytes_text("k"));
    story_store(&story);
    story_close(&story); // empties the log, as idle time does
    assert_false(on_disk(&story, "canary of a cell"));
    story_end(&story);
}

static void test_no_profile_is_taken_for_a_relay(void **state) {
    (void)state;
    struct story story;
    struct plk_fault fault;
    story_begin(&story, "");
    story_close(&story);
    assert_int_equal(open_relay(&story, &fault), PLK_FAULT_CORRUPT); // encrypted: it is no database to who has no key
    assert_null(story.store);
    story_end(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_every_table_last),
        cmocka_unit_test(test_nothing_of_a_deleted_cell_is_left),
        cmocka_unit_test(test_no_profile_is_taken_for_a_relay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
