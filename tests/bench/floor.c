// SPDX-License-Identifier: MIT
// What this machine can do at best, for the figures to stand beside: SQLite with a durable log (WAL, FULL), one row and many
// rows a transaction, and the channel's cipher. One JSON object on stdout.
//
// usage: bench_floor DIRECTORY
#define _POSIX_C_SOURCE 200809L
#include <sodium/core.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "crypto/crypto.h"

enum { SINGLE = 400, BATCHED = 200000, BATCH = 1000, SEALS = 100000, TEXT = 1200, ROW = 100 };

static void die(const char *what) {
    fprintf(stderr, "bench_floor: %s\n", what);
    exit(1);
}

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run(sqlite3 *db, const char *sql) {
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) die(sqlite3_errmsg(db));
}

static void insert(sqlite3 *db, sqlite3_stmt *s) {
    static const char text[ROW];
    sqlite3_bind_blob(s, 1, text, sizeof text, SQLITE_STATIC);
    if (sqlite3_step(s) != SQLITE_DONE || sqlite3_reset(s) != SQLITE_OK) die(sqlite3_errmsg(db));
}

static void disk(const char *folder) {
    static double each[SINGLE];
    char path[512];
    sqlite3 *db;
    sqlite3_stmt *s;
    snprintf(path, sizeof path, "%s/floor.db", folder);
    if (sqlite3_open(path, &db) != SQLITE_OK) die("the directory cannot be written");
    run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(id INTEGER PRIMARY KEY, text BLOB)");
    if (sqlite3_prepare_v2(db, "INSERT INTO t(text) VALUES(?)", -1, &s, NULL) != SQLITE_OK) die(sqlite3_errmsg(db));
    for (int i = 0; i < SINGLE; i++) {
        double start = now_us();
        insert(db, s);
        each[i] = now_us() - start;
    }
    qsort(each, SINGLE, sizeof each[0], by_size);
    double start = now_us();
    for (int i = 0; i < BATCHED; i++) {
        if (i % BATCH == 0) run(db, "BEGIN");
        insert(db, s);
        if (i % BATCH == BATCH - 1) run(db, "COMMIT");
    }
    double batched = BATCHED / (now_us() - start) * 1e6;
    sqlite3_finalize(s);
    sqlite3_close(db);
    unlink(path);
    printf("\"commit_p50_us\":%.0f,\"commit_p99_us\":%.0f,\"rows_per_s\":%.0f", each[SINGLE / 2],
           each[SINGLE * 99 / 100], batched);
}

static void cipher(void) {
    static uint8_t text[TEXT + PLK_TAG_LEN], key[PLK_KEY_LEN];
    double start = now_us();
    for (uint64_t i = 0; i < SEALS; i++) plk_aead_seal(text, key, i, plk_bytes(text, 0), plk_bytes(text, TEXT));
    printf(",\"cipher_mb_per_s\":%.0f", (double)SEALS * TEXT / (now_us() - start));
}

int main(int argc, char **argv) {
    if (argc != 2) die("usage: bench_floor DIRECTORY");
    if (sodium_init() < 0) die("no entropy");
    printf("{");
    disk(argv[1]);
    cipher();
    printf("}\n");
    return 0;
}
