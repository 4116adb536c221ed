// SPDX-License-Identifier: MIT
// Search: what the index knows, and a scan of what it does not know yet, merged from the newest down. A term of fewer than
// three characters has no trigram and is looked for by scanning alone.
#include "host/history_read.h"

#include "host/fold.h"
#include "host/memory.h"
#include "host/store_index.h"

// Conversations' parts above their watermarks; scanned from the last range down.
struct range {
    int64_t low, high; // low <= at <= high
};

struct search {
    struct plk_history *history;
    const struct plk_history_query *query;
    struct plk_history_page *page;
    int64_t low, high; // of all that is asked for
    uint8_t term[PLK_FOLD_ROOM(PLK_HISTORY_SEARCH_MAX)];
    size_t term_len, term_chars;
    struct range *ranges;
    size_t range_count, range_cap;
    sqlite3_stmt *found, *scan; // the index's hits; the messages of the range in work
    bool scanning;              // scan stands on a row
    bool found_row;             // found does
    uint32_t left;              // rows that may still be looked through
};

// ---- the parts that the index does not know -----------------------------------------------------------------------------

static void add_range(struct search *search, int64_t low, int64_t high) {
    if (low < search->low) low = search->low;
    if (high > search->high) high = search->high;
    if (low > high) return;
    if (search->range_count == search->range_cap) {
        size_t cap = search->range_cap == 0 ? 8 : search->range_cap * 2;
        struct range *grown = plk_memory_take(cap * sizeof *grown);
        if (search->range_count > 0) memcpy(grown, search->ranges, search->range_count * sizeof *grown);
        plk_memory_give(search->ranges, search->range_cap * sizeof *search->ranges);
        search->ranges = grown;
        search->range_cap = cap;
    }
    search->ranges[search->range_count++] = (struct range){low, high};
}

static int ask(struct search *search, int which, const char *sql, int64_t a, int64_t b, int64_t *value) {
    sqlite3_stmt *s;
    int code = plk_history_prepare(search->history, which, sql, &s);
    if (code != SQLITE_OK) return code;
    sqlite3_bind_int64(s, 1, a);
    if (sqlite3_bind_parameter_count(s) > 1) sqlite3_bind_int64(s, 2, b);
    return plk_history_number(s, value);
}

static int add_tail(struct search *search, uint32_t contact) {
    int64_t newest = 0, done = 0;
    int code = ask(search, PLK_HISTORY_NEWEST, "SELECT max(at) FROM message WHERE at >= ?1 AND at <= ?2",
                   plk_store_at(contact, 1), plk_store_at(contact, PLK_STORE_ROW_MAX), &newest);
    if (code == SQLITE_OK) {
        code = ask(search, PLK_HISTORY_MARKED, "SELECT row FROM indexed WHERE contact = ?1", contact, 0, &done);
    }
    if (code == SQLITE_OK && newest != 0) add_range(search, plk_store_at(contact, (uint64_t)done) + 1, newest);
    return code;
}

static int find_tails(struct search *search) {
    if (search->query->contact != 0) return add_tail(search, search->query->contact);
    for (uint64_t contact = 0; contact < UINT32_MAX; contact++) {
        int64_t at = 0;
        int code = ask(search, PLK_HISTORY_NEXT, "SELECT min(at) FROM message WHERE at >= ?1",
                       plk_store_at((uint32_t)contact, 1), 0, &at);
        if (code != SQLITE_OK || at == 0) return code;
        contact = plk_store_at_contact(at);
        code = add_tail(search, (uint32_t)contact);
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

// ---- the two sources, each from the newest down -------------------------------------------------------------------------

// "abc" AND "bcd" AND ...: every trigram of the term, quoted for FTS5.
static size_t write_match(const struct search *search, char *out) {
    size_t len = 0, at[4] = {0}, chars = 0;
    for (size_t i = 0; i <= search->term_len; i++) {
        bool start = i == search->term_len || (search->term[i] & 0xc0) != 0x80;
        if (!start) continue;
        at[0] = at[1], at[1] = at[2], at[2] = at[3], at[3] = i;
        if (chars++ < PLK_STORE_INDEX_CHARS) continue;
        if (len > 0) {
            memcpy(out + len, " AND ", 5);
            len += 5;
        }
        out[len++] = '"';
        for (size_t k = at[0]; k < i; k++) {
            if (search->term[k] == '"') out[len++] = '"';
            out[len++] = (char)search->term[k];
        }
        out[len++] = '"';
    }
    return len;
}

#define MATCH_ROOM (PLK_FOLD_ROOM(PLK_HISTORY_SEARCH_MAX) * 24)

static int next_found(struct search *search) {
    int code = sqlite3_step(search->found);
    search->found_row = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int start_found(struct search *search) {
    int code = plk_history_prepare(search->history, PLK_HISTORY_FOUND,
                                   "SELECT " PLK_STORE_MESSAGE_COLUMNS " FROM search f JOIN message m ON m.at = f.rowid"
                                   " JOIN stream s ON s.stream = m.stream WHERE f.search MATCH ?1 AND f.rowid >= ?2"
                                   " AND f.rowid <= ?3 ORDER BY f.rowid DESC",
                                   &search->found);
    if (code != SQLITE_OK) return code;
    char *match = plk_memory_take(MATCH_ROOM);
    size_t len = write_match(search, match);
    plk_assert(len <= MATCH_ROOM);
    sqlite3_bind_text(search->found, 1, match, (int)len, SQLITE_TRANSIENT);
    sqlite3_bind_int64(search->found, 2, search->low);
    sqlite3_bind_int64(search->found, 3, search->high);
    plk_memory_give(match, MATCH_ROOM);
    return next_found(search);
}

// The next message of the ranges; scanning becomes false behind the last.
static int next_scanned(struct search *search) {
    for (;;) {
        if (search->scanning) {
            int code = sqlite3_step(search->scan);
            if (code == SQLITE_ROW) return SQLITE_OK;
            search->scanning = false;
            sqlite3_reset(search->scan);
            if (code != SQLITE_DONE) return code;
        }
        if (search->range_count == 0) return SQLITE_OK;
        struct range range = search->ranges[--search->range_count];
        int code = plk_history_prepare(search->history, PLK_HISTORY_PAGE,
                                       "SELECT " PLK_STORE_MESSAGE_COLUMNS
                                       " FROM message m JOIN stream s ON s.stream = m.stream"
                                       " WHERE m.at >= ?1 AND m.at < ?2 AND m.kind < ?3 ORDER BY m.at DESC",
                                       &search->scan);
        if (code != SQLITE_OK) return code;
        sqlite3_bind_int64(search->scan, 1, range.low);
        sqlite3_bind_int64(search->scan, 2, range.high + 1);
        sqlite3_bind_int(search->scan, 3, PLK_HISTORY_SHOWN_KINDS);
        search->scanning = true;
    }
}

// ---- the search -------------------------------------------------------------------------------------------------------

static bool matches(const struct search *search, struct plk_bytes payload) {
    size_t room = PLK_FOLD_ROOM(payload.len);
    uint8_t *folded = plk_memory_take(room);
    size_t len = plk_fold(folded, payload, NULL);
    bool hit = len > 0 && plk_fold_contains(plk_bytes(folded, len), plk_bytes(search->term, search->term_len));
    plk_memory_give(folded, room);
    return hit;
}

// Looks at the row that the statement stands on. Returns SQLITE_DONE when the page is full or the scan is used up.
static int look(struct search *search, sqlite3_stmt *s) {
    struct plk_history_page *page = search->page;
    if (page->count == search->query->limit || search->left == 0) {
        page->more = true;
        return SQLITE_DONE;
    }
    search->left--;
    struct plk_message_row row;
    int code = plk_store_message_row(s, &row);
    if (code != SQLITE_OK) return code;
    page->next_before = row.row;
    page->next_at = (uint64_t)sqlite3_column_int64(s, 0);
    if (row.kind >= PLK_HISTORY_SHOWN_KINDS || !matches(search, plk_picture_text(row.kind, row.payload)))
        return SQLITE_OK;
    return plk_history_page_add(search->history, page, &row);
}

static int merge(struct search *search) {
    int code = next_scanned(search);
    while (code == SQLITE_OK && (search->scanning || search->found_row)) {
        bool scanned = search->scanning;
        if (search->scanning && search->found_row) {
            scanned = sqlite3_column_int64(search->scan, 0) > sqlite3_column_int64(search->found, 0);
        }
        code = look(search, scanned ? search->scan : search->found);
        if (code == SQLITE_OK) code = scanned ? next_scanned(search) : next_found(search);
    }
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static void set_bounds(struct search *search) {
    const struct plk_history_query *query = search->query;
    if (query->contact != 0) {
        uint64_t before =
            query->before_row == 0 || query->before_row > PLK_STORE_ROW_MAX ? PLK_STORE_ROW_MAX : query->before_row;
        search->low = plk_store_at(query->contact, 1);
        search->high = plk_store_at(query->contact, before) - 1;
    } else {
        search->low = 1;
        search->high =
            query->below_at == 0 || query->below_at > INT64_MAX ? INT64_MAX - 1 : (int64_t)query->below_at - 1;
    }
}

int plk_history_search(struct plk_history *history, const struct plk_history_query *query,
                       struct plk_history_page *page) {
    struct search search = {.history = history, .query = query, .page = page};
    search.left = query->scan != 0 ? query->scan : PLK_HISTORY_SCAN_DEFAULT;
    search.term_len = plk_fold(search.term, query->search, &search.term_chars);
    if (search.term_len == 0) return SQLITE_OK; // not UTF-8: no text contains it
    set_bounds(&search);
    bool indexed = search.term_chars >= PLK_STORE_INDEX_CHARS;
    int code = SQLITE_OK;
    if (!indexed) {
        add_range(&search, search.low, search.high);
    } else {
        code = find_tails(&search);
        if (code == SQLITE_OK) code = start_found(&search);
    }
    if (code == SQLITE_OK) code = merge(&search);
    sqlite3_reset(search.found);
    sqlite3_reset(search.scan);
    plk_memory_give(search.ranges, search.range_cap * sizeof *search.ranges);
    plk_mem_wipe(search.term, sizeof search.term);
    return code;
}
