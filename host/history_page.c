// SPDX-License-Identifier: MIT
// Pages of messages and of events.
#include "host/history_read.h"
#include "host/memory.h"

// ---- pages ------------------------------------------------------------------------------------------------------------

static void page_make(struct plk_history_page *page, uint32_t limit) {
    *page = (struct plk_history_page){.cap = limit};
    page->rows = plk_memory_take(limit * sizeof *page->rows);
    page->marks = plk_memory_take(limit * sizeof *page->marks);
}

int plk_history_page_add(struct plk_history *history, struct plk_history_page *page,
                         const struct plk_message_row *row) {
    plk_assert(page->count < page->cap);
    struct plk_history_held *held = page->held;
    struct plk_history_marks *marks = &page->marks[page->count];
    int code = plk_history_marks(history, row, &held, marks);
    if (code == SQLITE_OK && !marks->expired) {
        struct plk_message_row *to = &page->rows[page->count++];
        *to = *row;
        to->payload = plk_history_keep(&held, row->payload);
    }
    page->held = held;
    return code;
}

void plk_history_page_free(struct plk_history_page *page) {
    plk_history_release(page->held);
    plk_memory_give(page->rows, page->cap * sizeof *page->rows);
    plk_memory_give(page->marks, page->cap * sizeof *page->marks);
    *page = (struct plk_history_page){.rows = NULL};
}

// Read from the newest down, shown from the oldest up.
static void page_turn(struct plk_history_page *page) {
    for (size_t i = 0, j = page->count; i + 1 < j; i++) {
        j--;
        struct plk_message_row row = page->rows[i];
        struct plk_history_marks marks = page->marks[i];
        page->rows[i] = page->rows[j];
        page->marks[i] = page->marks[j];
        page->rows[j] = row;
        page->marks[j] = marks;
    }
}

// ---- messages ---------------------------------------------------------------------------------------------------------

#define PAGE                                                                                   \
    "SELECT " PLK_STORE_MESSAGE_COLUMNS " FROM message m JOIN stream s ON s.stream = m.stream" \
    " WHERE m.at >= ?1 AND m.at < ?2 AND m.kind < ?3 ORDER BY m.at"

static int read_page(struct plk_history *history, const struct plk_history_query *query,
                     struct plk_history_page *page) {
    sqlite3_stmt *s;
    uint64_t after = query->after_row < PLK_STORE_ROW_MAX ? query->after_row : PLK_STORE_ROW_MAX - 1;
    uint64_t before =
        query->before_row == 0 || query->before_row > PLK_STORE_ROW_MAX ? PLK_STORE_ROW_MAX : query->before_row;
    int code = after > 0 ? plk_history_prepare(history, PLK_HISTORY_PAGE_AFTER, PAGE, &s)
                         : plk_history_prepare(history, PLK_HISTORY_PAGE, PAGE " DESC", &s);
    if (code != SQLITE_OK) return code;
    sqlite3_bind_int64(s, 1, plk_store_at(query->contact, after + 1));
    sqlite3_bind_int64(s, 2, plk_store_at(query->contact, before));
    sqlite3_bind_int(s, 3, PLK_HISTORY_SHOWN_KINDS);
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        if (page->count == query->limit) {
            page->more = true;
            break;
        }
        struct plk_message_row row;
        code = plk_store_message_row(s, &row);
        if (code != SQLITE_OK) break;
        size_t before_it = page->count;
        code = plk_history_page_add(history, page, &row);
        if (code != SQLITE_OK) break;
        if (after == 0 || (page->count == 1 && before_it == 0)) page->next_before = row.row;
    }
    sqlite3_reset(s);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

enum plk_err plk_history_read(struct plk_history *history, const struct plk_history_query *query,
                              struct plk_history_page *page) {
    *page = (struct plk_history_page){.rows = NULL};
    bool search = query->search.len > 0;
    if (query->limit == 0 || query->limit > PLK_HISTORY_LIMIT_MAX || (query->contact == 0 && !search) ||
        (query->after_row > 0 && search))
        return PLK_ERR_INVALID;
    if (query->search.len > PLK_HISTORY_SEARCH_MAX) return PLK_ERR_OK;
    page_make(page, query->limit);
    int code = plk_history_begin(history);
    if (code == SQLITE_OK) code = search ? plk_history_search(history, query, page) : read_page(history, query, page);
    enum plk_err err = plk_history_end(history, code);
    if (err != PLK_ERR_OK) plk_history_page_free(page);
    if (query->after_row == 0) page_turn(page);
    return err;
}

static int one_row(struct plk_history *history, uint32_t contact, uint64_t number, struct plk_message_row *row,
                   sqlite3_stmt **s) {
    int code =
        plk_history_prepare(history, PLK_HISTORY_ONE,
                            "SELECT " PLK_STORE_MESSAGE_COLUMNS " FROM message m JOIN stream s ON s.stream = m.stream"
                            " WHERE m.at = ?1",
                            s);
    if (code != SQLITE_OK) return code;
    sqlite3_bind_int64(*s, 1, plk_store_at(contact, number));
    code = sqlite3_step(*s);
    return code == SQLITE_ROW && plk_store_message_row(*s, row) != SQLITE_OK ? SQLITE_CORRUPT : code;
}

enum plk_err plk_history_message(struct plk_history *history, uint32_t contact, uint64_t number,
                                 struct plk_history_page *page) {
    *page = (struct plk_history_page){.rows = NULL};
    if (number == 0 || number > PLK_STORE_ROW_MAX) return PLK_ERR_NOT_FOUND;
    struct plk_message_row row;
    sqlite3_stmt *s;
    int code = one_row(history, contact, number, &row, &s);
    if (code == SQLITE_ROW) {
        struct plk_history_held *held = NULL;
        page_make(page, 1);
        page->rows[page->count++] = row;
        page->rows[0].payload = plk_history_keep(&held, row.payload);
        history->read_contact = 0;
        int marked = plk_history_marks(history, &page->rows[0], &held, &page->marks[0]);
        page->held = held;
        if (marked != SQLITE_OK) code = marked;
    }
    sqlite3_reset(s);
    if (code == SQLITE_ROW) return PLK_ERR_OK;
    plk_history_page_free(page);
    return code == SQLITE_DONE ? PLK_ERR_NOT_FOUND : plk_history_err(history, code);
}

enum plk_err plk_history_unread(struct plk_history *history, uint32_t contact, uint64_t row, uint64_t *count) {
    sqlite3_stmt *s;
    int64_t value = 0;
    if (row >= PLK_STORE_ROW_MAX) row = PLK_STORE_ROW_MAX - 1;
    // The direction is the byte behind the contact (wire/row.h, plk_message_key).
    int code =
        plk_history_prepare(history, PLK_HISTORY_UNREAD,
                            "SELECT count(*) FROM (SELECT stream FROM message WHERE at >= ?1 AND at < ?2 AND kind < ?3"
                            " ORDER BY at DESC LIMIT ?4) m JOIN stream s ON s.stream = m.stream"
                            " WHERE substr(s.prefix, 5, 1) = x'00'",
                            &s);
    if (code == SQLITE_OK) {
        sqlite3_bind_int64(s, 1, plk_store_at(contact, row + 1));
        sqlite3_bind_int64(s, 2, plk_store_at(contact, PLK_STORE_ROW_MAX));
        sqlite3_bind_int(s, 3, PLK_HISTORY_SHOWN_KINDS);
        sqlite3_bind_int(s, 4, PLK_HISTORY_UNREAD_SCAN);
        code = plk_history_number(s, &value);
    }
    *count = (uint64_t)value;
    return plk_history_err(history, code);
}

enum plk_err plk_history_newest_in(struct plk_history *history, uint32_t contact, uint64_t row,
                                   struct plk_origin *origin) {
    sqlite3_stmt *s;
    struct plk_message_row found;
    if (row > PLK_STORE_ROW_MAX) row = PLK_STORE_ROW_MAX;
    int code =
        plk_history_prepare(history, PLK_HISTORY_NEWEST_IN,
                            "SELECT " PLK_STORE_MESSAGE_COLUMNS
                            " FROM message m JOIN stream s ON s.stream = m.stream WHERE m.at >= ?1 AND m.at <= ?2"
                            " AND m.kind < ?3 AND m.kind <> ?4 AND substr(s.prefix, 5, 1) = x'00'"
                            " ORDER BY m.at DESC LIMIT 1",
                            &s);
    if (code != SQLITE_OK) return plk_history_err(history, code);
    sqlite3_bind_int64(s, 1, plk_store_at(contact, 1));
    sqlite3_bind_int64(s, 2, plk_store_at(contact, row));
    sqlite3_bind_int(s, 3, PLK_HISTORY_SHOWN_KINDS);
    sqlite3_bind_int(s, 4, PLK_BODY_NOTICE);
    code = sqlite3_step(s);
    if (code == SQLITE_ROW) code = plk_store_message_row(s, &found) == SQLITE_OK ? SQLITE_ROW : SQLITE_CORRUPT;
    if (code == SQLITE_ROW) *origin = found.origin;
    sqlite3_reset(s);
    if (code == SQLITE_ROW) return PLK_ERR_OK;
    return code == SQLITE_DONE ? PLK_ERR_NOT_FOUND : plk_history_err(history, code);
}

// ---- events -----------------------------------------------------------------------------------------------------------

// The message that an event speaks of, if there still is one.
static int join_message(struct plk_history *history, struct plk_history_event *event, struct plk_history_held **held) {
    const struct plk_event_row *e = &event->event;
    sqlite3_stmt *s = NULL;
    int code = SQLITE_DONE;
    if (e->has_target)
        code = plk_history_origin(history, e->contact, e->target_direction, &e->target, &event->message, &s);
    else if (e->row > 0 && e->row <= PLK_STORE_ROW_MAX)
        code = one_row(history, e->contact, e->row, &event->message, &s);
    if (code == SQLITE_ROW) {
        event->has_message = true;
        event->event.row = event->message.row;
        event->message.payload = plk_history_keep(held, event->message.payload);
    }
    sqlite3_reset(s);
    if (code == SQLITE_ROW) return plk_history_marks(history, &event->message, held, &event->marks);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

// The events of one row that are above since.
static int add_events(struct plk_history *history, const struct plk_event_row *row, uint64_t since, uint32_t limit,
                      struct plk_history_events *events, struct plk_history_held **held) {
    uint64_t first = since < row->n ? 0 : since - row->n + 1;
    for (uint64_t i = first; i <= row->more; i++) {
        if (events->count == limit) {
            events->more = true;
            break;
        }
        struct plk_history_event *event = &events->events[events->count++];
        event->event = *row;
        event->event.n += i;
        event->event.row += i;
        event->event.more = 0;
        int code = join_message(history, event, held);
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

static int read_events(struct plk_history *history, uint64_t since, uint32_t limit, struct plk_history_events *events) {
    sqlite3_stmt *s;
    int code = plk_history_prepare(history, PLK_HISTORY_EVENTS,
                                   "SELECT " PLK_STORE_EVENT_COLUMNS " FROM event WHERE n >="
                                   " coalesce((SELECT max(n) FROM event WHERE n <= ?1), 0) ORDER BY n",
                                   &s);
    if (code != SQLITE_OK) return code;
    struct plk_history_held *held = NULL;
    sqlite3_bind_int64(s, 1, since > INT64_MAX ? INT64_MAX : (int64_t)since);
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        struct plk_event_row row;
        code = plk_store_rows_event(s, &row);
        if (code == SQLITE_OK) code = add_events(history, &row, since, limit, events, &held);
        if (code != SQLITE_OK || events->more) break;
    }
    sqlite3_reset(s);
    events->held = held;
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

// One end of the table, 0 where it is empty.
static int event_number(struct plk_history *history, int which, const char *text, uint64_t *n) {
    sqlite3_stmt *s;
    int64_t number = 0;
    int code = plk_history_prepare(history, which, text, &s);
    if (code == SQLITE_OK) code = plk_history_number(s, &number);
    *n = (uint64_t)number;
    return code;
}

enum plk_err plk_history_events(struct plk_history *history, uint64_t since, uint32_t limit,
                                struct plk_history_events *events) {
    *events = (struct plk_history_events){.events = NULL};
    if (limit == 0 || limit > PLK_HISTORY_LIMIT_MAX) return PLK_ERR_INVALID;
    events->cap = limit;
    events->events = plk_memory_take(limit * sizeof *events->events);
    int code = plk_history_begin(history);
    if (code == SQLITE_OK)
        code = event_number(history, PLK_HISTORY_FIRST_EVENT, "SELECT min(n) FROM event", &events->first);
    if (code == SQLITE_OK)
        code = event_number(history, PLK_HISTORY_LAST_EVENT, "SELECT n + more FROM event ORDER BY n DESC LIMIT 1",
                            &events->last);
    if (code == SQLITE_OK) code = read_events(history, since, limit, events);
    enum plk_err err = plk_history_end(history, code);
    if (err != PLK_ERR_OK) plk_history_events_free(events);
    return err;
}

void plk_history_events_free(struct plk_history_events *events) {
    plk_history_release(events->held);
    plk_memory_give(events->events, events->cap * sizeof *events->events);
    *events = (struct plk_history_events){.events = NULL};
}
