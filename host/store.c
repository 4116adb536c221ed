// SPDX-License-Identifier: MIT
#include "host/store.h"

#include "host/entropy.h"
#include "host/memory.h"
#include "host/store_inside.h"
#include "host/store_schema.h"
#include "host/store_writer.h"

// ---- opening ----------------------------------------------------------------------------------------------------------

#define RELAY_CACHE_KIB "32768"

static enum plk_fault_kind make_key(const struct plk_store_config *config, uint8_t *key, bool *sealed,
                                    struct plk_fault *fault) {
    plk_entropy_bytes(key, PLK_KEYFILE_KEY_LEN);
    *sealed = config->passphrase.len > 0;
    return plk_keyfile_write(config->home, config->passphrase, key, config->cost, fault);
}

// The key file comes first: a store without one could never be read, one without a store is an empty profile.
static enum plk_fault_kind find_key(const struct plk_store_config *config, uint8_t *key, bool *sealed,
                                    struct plk_fault *fault) {
    if (config->relay) return PLK_FAULT_NONE;
    if (config->key != NULL) {
        *sealed = plk_keyfile_sealed(config->home);
        memcpy(key, config->key, PLK_KEYFILE_KEY_LEN);
        return PLK_FAULT_NONE;
    }
    bool key_there = plk_keyfile_exists(config->home), store_there = plk_store_db_exists(config->home);
    if (config->passphrase.len > 0 && !plk_store_db_can_encrypt()) {
        return plk_fault_set(fault, PLK_FAULT_UNSUPPORTED,
                             "this build uses the system's SQLite and cannot encrypt: it takes no passphrase");
    }
    if (key_there) return plk_keyfile_read(config->home, config->passphrase, key, sealed, fault);
    if (store_there) {
        return plk_fault_set(fault, PLK_FAULT_CORRUPT,
                             "the key file of this profile is missing: its store cannot be read");
    }
    if (!config->create) return plk_fault_set(fault, PLK_FAULT_NO_STORE, "there is no profile in %s", config->home);
    return make_key(config, key, sealed, fault);
}

static enum plk_fault_kind open_db(const struct plk_store_config *config, const uint8_t *key, sqlite3 **db,
                                   struct plk_fault *fault) {
    enum plk_store_db_mode mode = config->create ? PLK_STORE_DB_CREATE : PLK_STORE_DB_WRITE;
    enum plk_fault_kind kind = plk_store_db_open(db, config->home, config->relay ? NULL : key, mode, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    kind = config->relay ? plk_store_schema_migrate_relay(*db, fault)
                         : plk_store_schema_migrate(*db, PLK_STORE_SCHEMA_VERSION, fault);
    // A relay's queues lie all over its tables: with a cache as small as a node's each would be read again and again.
    if (kind == PLK_FAULT_NONE && config->relay) plk_store_db_exec(*db, "PRAGMA cache_size=-" RELAY_CACHE_KIB);
    if (kind != PLK_FAULT_NONE) sqlite3_close(*db);
    return kind;
}

// ---- the writer ---------------------------------------------------------------------------------------------------------

static bool free_writer(void *engine) {
    struct plk_store_writer *writer = engine;
    bool durable = writer->durable;
    plk_memory_give(writer, sizeof *writer);
    return durable;
}

static const struct plk_store_engine sqlite_engine = {.run = plk_store_writer_run, .free = free_writer};

enum plk_fault_kind plk_store_open(struct plk_store **out, const struct plk_store_config *config,
                                   struct plk_fault *fault) {
    *out = NULL;
    plk_entropy_start();
    struct plk_store *store = plk_store_new(config);
    sqlite3 *db = NULL;
    enum plk_fault_kind kind = find_key(config, store->key, &store->encrypted, fault);
    if (kind == PLK_FAULT_NONE) kind = open_db(config, store->key, &db, fault);
    if (kind != PLK_FAULT_NONE) {
        plk_store_discard(store);
        return kind;
    }
    struct plk_store_writer *writer = plk_memory_take(sizeof *writer);
    plk_store_writer_init(writer, &store->queue, db);
    if (config->relay) {
        writer->index.none = true;
        writer->empty_every_ms = PLK_STORE_RELAY_EMPTY_MS;
    }
    plk_store_begin(store, &sqlite_engine, writer);
    *out = store;
    return PLK_FAULT_NONE;
}

// ---- of every engine ----------------------------------------------------------------------------------------------------

struct plk_store *plk_store_new(const struct plk_store_config *config) {
    struct plk_store *store = plk_memory_take(sizeof *store);
    plk_store_queue_open(&store->queue, config->wake, config->ctx);
    return store;
}

void plk_store_begin(struct plk_store *store, const struct plk_store_engine *kind, void *engine) {
    store->kind = kind;
    store->engine = engine;
    plk_assert(uv_thread_create(&store->thread, kind->run, engine) == 0);
}

void plk_store_discard(struct plk_store *store) {
    if (store->current != NULL) plk_memory_give(store->current, store->current->len);
    plk_store_queue_close(&store->queue);
    plk_memory_give(store, sizeof *store);
}

bool plk_store_close(struct plk_store *store) {
    if (store == NULL) return true;
    uv_mutex_lock(&store->queue.lock);
    store->queue.quit = true;
    uv_cond_signal(&store->queue.changed);
    uv_mutex_unlock(&store->queue.lock);
    plk_assert(uv_thread_join(&store->thread) == 0);
    bool durable = store->kind->free(store->engine);
    plk_store_discard(store);
    return durable;
}

// ---- the contract -----------------------------------------------------------------------------------------------------

static void submit(struct plk_store *store, struct plk_store_item *item) {
    uv_mutex_lock(&store->queue.lock);
    plk_store_items_add(&store->queue.items, item);
    uv_mutex_unlock(&store->queue.lock);
    uv_cond_signal(&store->queue.changed); // after the unlock, or the writer would wake only to wait for the lock
}

void plk_store_put(struct plk_store *store, uint64_t n, const struct plk_batch *ops) {
    plk_assert(n > store->last_n);
    store->last_n = n;
    submit(store, plk_store_item_batch(n, ops));
}

void plk_store_load(struct plk_store *store, uint64_t ticket, enum plk_table table, struct plk_bytes from,
                    struct plk_bytes to, uint32_t limit, bool reverse) {
    plk_assert(table > PLK_TABLE_NONE && table < PLK_TABLE_COUNT);
    struct plk_store_load load = {.table = table, .from = from, .to = to, .limit = limit, .reverse = reverse};
    submit(store, plk_store_item_load(ticket, &load));
}

bool plk_store_next(struct plk_store *store, struct plk_store_report *report) {
    if (store->current != NULL) plk_memory_give(store->current, store->current->len);
    uv_mutex_lock(&store->queue.lock);
    struct plk_store_note *note = store->queue.notes.first;
    if (note != NULL) {
        store->queue.notes.first = note->next;
        if (note->next == NULL) store->queue.notes.last = NULL;
    }
    uv_mutex_unlock(&store->queue.lock);
    store->current = note;
    if (note == NULL) return false;
    if (note->report.kind == PLK_STORE_STALLED) store->stalled = true;
    if (note->report.kind == PLK_STORE_RESUMED) store->stalled = false;
    *report = note->report;
    return true;
}

bool plk_store_encrypted(const struct plk_store *store) { return store->encrypted && plk_store_db_can_encrypt(); }
bool plk_store_stalled(const struct plk_store *store) { return store->stalled; }
const uint8_t *plk_store_key(const struct plk_store *store) { return store->key; }

uint64_t plk_store_unindexed(struct plk_store *store) {
    uv_mutex_lock(&store->queue.lock);
    uint64_t count = store->queue.unindexed;
    uv_mutex_unlock(&store->queue.lock);
    return count;
}
