// SPDX-License-Identifier: MIT
#include "sim/check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "sim/agree.h"
#include "sim/world.h"

struct holder { // a store that has had the message
    int actor;
    enum plk_direction direction;
    uint32_t contact;
    uint64_t row;
    enum plk_state state;
    bool present; // now; else it had
};

struct message {
    uint8_t id[PLK_ID_LEN];
    uint64_t content; // hash of its text
    bool accepted;    // a RESULT said so
    bool forgiven;    // cancelled, removed, or a store rolled back behind it
    size_t holder_count;
    struct holder holders[CHECK_HOLDERS_MAX];
};

struct written { // how often a text was given to an actor, less how often it became a message
    uint64_t content;
    int actor;
    int64_t left;
};

struct check {
    struct world *world;
    struct message *messages; // in the order in which they first became durable
    size_t count, cap;
    uint32_t *slots; // by id: index + 1
    size_t slot_count;
    struct written *written;
    size_t written_count, written_cap;
    bool replaced[WORLD_ACTORS_MAX];
    uint64_t last_row[WORLD_ACTORS_MAX][CHECK_CONTACTS_MAX]; // the sender's contact and row of the last one received
    uint32_t undelivered;                                    // holders that are present, out and on their way
};

struct check *check_new(struct world *w) {
    struct check *c = calloc(1, sizeof *c);
    if (!c) abort();
    c->world = w;
    c->slot_count = 1024;
    c->slots = calloc(c->slot_count, sizeof *c->slots);
    if (!c->slots) abort();
    return c;
}

void check_free(struct check *c) {
    if (!c) return;
    free(c->messages);
    free(c->slots);
    free(c->written);
    free(c);
}

// FNV-1a and a finish: of what the simulator makes itself, so nobody aims at collisions. Never 0.
uint64_t check_hash(struct plk_bytes bytes) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes.len; i++) h = (h ^ bytes.at[i]) * UINT64_C(0x100000001b3);
    h ^= h >> 32;
    return h ? h : 1;
}

// ---- the ledger -----------------------------------------------------------------------------------------------------------

static uint32_t *slot_of(const struct check *c, const uint8_t id[PLK_ID_LEN]) {
    size_t i = (size_t)check_hash(plk_bytes(id, PLK_ID_LEN)) & (c->slot_count - 1);
    while (c->slots[i] && memcmp(c->messages[c->slots[i] - 1].id, id, PLK_ID_LEN) != 0)
        i = (i + 1) & (c->slot_count - 1);
    return &c->slots[i];
}

static struct message *find(struct check *c, const uint8_t id[PLK_ID_LEN]) {
    uint32_t *slot = slot_of(c, id);
    return *slot ? &c->messages[*slot - 1] : NULL;
}

static struct message *add(struct check *c, const uint8_t id[PLK_ID_LEN], uint64_t content) {
    if (c->count == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 256;
        c->messages = realloc(c->messages, c->cap * sizeof *c->messages);
        if (!c->messages) abort();
    }
    struct message *m = &c->messages[c->count++];
    *m = (struct message){.content = content};
    memcpy(m->id, id, PLK_ID_LEN);
    *slot_of(c, id) = (uint32_t)c->count;
    if (2 * c->count < c->slot_count) return m;
    free(c->slots);
    c->slot_count *= 2;
    c->slots = calloc(c->slot_count, sizeof *c->slots);
    if (!c->slots) abort();
    for (size_t i = 0; i < c->count; i++) *slot_of(c, c->messages[i].id) = (uint32_t)(i + 1);
    return m;
}

static struct holder *holder_of(struct message *m, int actor, enum plk_direction direction) {
    for (size_t i = 0; i < m->holder_count; i++) {
        if (m->holders[i].actor == actor && m->holders[i].direction == direction) return &m->holders[i];
    }
    return NULL;
}

static const struct holder *held_elsewhere(const struct message *m, int actor, enum plk_direction direction) {
    for (size_t i = 0; i < m->holder_count; i++) {
        if (m->holders[i].actor != actor && m->holders[i].direction == direction) return &m->holders[i];
    }
    return NULL;
}

static bool on_its_way(const struct holder *h) {
    return h && h->present && h->direction == PLK_OUT &&
           (h->state == PLK_STATE_QUEUED || h->state == PLK_STATE_SENT || h->state == PLK_STATE_STORED);
}

static bool is_delivered(enum plk_state state) { return state == PLK_STATE_DELIVERED || state == PLK_STATE_READ; }

static struct written *written_of(struct check *c, int actor, uint64_t content) {
    for (size_t i = c->written_count; i-- > 0;) {
        if (c->written[i].content == content && c->written[i].actor == actor) return &c->written[i];
    }
    if (c->written_count == c->written_cap) {
        c->written_cap = c->written_cap ? 2 * c->written_cap : 64;
        c->written = realloc(c->written, c->written_cap * sizeof *c->written);
        if (!c->written) abort();
    }
    c->written[c->written_count] = (struct written){.content = content, .actor = actor};
    return &c->written[c->written_count++];
}

// ---- rows that become durable ---------------------------------------------------------------------------------------------

static bool rolled(const struct check *c) {
    for (int i = 0; i < c->world->actor_count; i++) {
        if (c->replaced[i]) return true;
    }
    return false;
}

static void check_new_out(struct check *c, struct actor *a, const struct message *m) {
    struct written *written = written_of(c, a->index, m->content);
    if (--written->left < 0) world_fail(c->world, "%s: a text that was not given became a message", a->name);
}

static void check_new_in(struct check *c, struct actor *a, const struct message *m, const struct plk_message_row *row) {
    const struct holder *sender = held_elsewhere(m, a->index, PLK_OUT);
    if (!sender) {
        world_fail(c->world, "%s received a message that is durable at nobody", a->name);
        return;
    }
    if (sender->present && sender->state == PLK_STATE_CANCELLED) {
        world_fail(c->world, "%s received a message that its sender has cancelled", a->name);
    }
    if (rolled(c) || row->contact >= CHECK_CONTACTS_MAX) return;
    // A sender that had removed the contact counts its rows anew, under a higher number of the contact.
    uint64_t *last = &c->last_row[a->index][row->contact], place = (uint64_t)sender->contact << 32 | sender->row;
    if (place <= *last) {
        world_fail(c->world, "%s received row %" PRIu64 " of its peer after row %" PRIu64, a->name, sender->row,
                   *last & UINT32_MAX);
    }
    *last = place;
}

static void hold(struct check *c, struct actor *a, struct message *m, const struct plk_message_row *row) {
    struct holder *h = holder_of(m, a->index, row->direction);
    bool is_new = h == NULL;
    if (is_new) {
        plk_assert(m->holder_count < CHECK_HOLDERS_MAX);
        h = &m->holders[m->holder_count++];
    } else if (!h->present && !c->replaced[a->index] && !m->forgiven) {
        world_fail(c->world, "%s holds a message again that it had deleted", a->name);
    } else if (h->present && (h->row != row->row || h->contact != row->contact)) {
        world_fail(c->world, "%s holds one message in two rows, %" PRIu64 " and %" PRIu64, a->name, h->row, row->row);
    }
    bool was = !is_new && on_its_way(h), was_delivered = !is_new && h->present && is_delivered(h->state);
    *h = (struct holder){a->index, row->direction, row->contact, row->row, row->state, true};
    c->undelivered += on_its_way(h);
    c->undelivered -= was;
    if (row->direction == PLK_OUT && is_delivered(row->state) && !held_elsewhere(m, a->index, PLK_IN)) {
        world_fail(c->world, "%s says delivered of row %" PRIu64 ", which nobody has ever held", a->name, row->row);
    }
    if (was_delivered && !is_delivered(row->state) && !rolled(c)) { // a peer that was rolled back has lost it again
        world_fail(c->world, "%s: row %" PRIu64 " is no longer delivered", a->name, row->row);
    }
    if (!is_new) return;
    if (row->direction == PLK_OUT)
        check_new_out(c, a, m);
    else
        check_new_in(c, a, m, row);
}

static void let_go(struct check *c, struct actor *a, const struct plk_message_row *row) {
    struct message *m = find(c, row->id);
    struct holder *h = m ? holder_of(m, a->index, row->direction) : NULL;
    if (!h) return;
    c->undelivered -= on_its_way(h);
    h->present = false;
    if (!m->forgiven) world_fail(c->world, "%s deleted row %" PRIu64 " of its history", a->name, row->row);
}

static bool decode(struct check *c, struct actor *a, struct plk_bytes key, struct plk_bytes value,
                   struct plk_message_row *row) {
    memset(row, 0, sizeof *row);
    if (plk_message_row_decode(value, row) || plk_message_key_decode(key, row)) {
        world_fail(c->world, "%s stored a message row that cannot be read", a->name);
        return false;
    }
    return row->kind == PLK_BODY_TEXT;
}

void check_changed(struct check *c, struct actor *a, enum plk_table table, struct plk_bytes key,
                   struct plk_bytes before, struct plk_bytes after) {
    struct plk_message_row row;
    if (table != PLK_TABLE_message || c->world->failed) return;
    if (after.len == 0) {
        if (decode(c, a, key, before, &row)) let_go(c, a, &row);
        return;
    }
    if (!decode(c, a, key, after, &row)) return;
    uint64_t content = check_hash(row.payload);
    struct message *m = find(c, row.id);
    if (!m) m = add(c, row.id, content);
    bool marked = m->content != content && agree_explains(c->world, &row);
    if (m->content != content && row.state != PLK_STATE_CANCELLED && !marked) {
        world_fail(c->world, "%s holds another text under the same id", a->name);
    }
    hold(c, a, m, &row);
}

// ---- commands, results, events ----------------------------------------------------------------------------------------------

void check_command(struct check *c, struct actor *a, const struct actor_command *command) {
    if (command->text_hash) written_of(c, a->index, command->text_hash)->left++;
}

static bool has_row(const struct actor *a, enum plk_table table, const void *key, size_t len) {
    return tables_find(&a->disk->durable, table, plk_bytes(key, len)) != NULL;
}

static bool has_contact(const struct actor *a, uint32_t contact) {
    uint8_t key[4] = {(uint8_t)(contact >> 24), (uint8_t)(contact >> 16), (uint8_t)(contact >> 8), (uint8_t)contact};
    return has_row(a, PLK_TABLE_contact, key, sizeof key);
}

static void check_sent(struct check *c, struct actor *a, const struct actor_command *command,
                       const struct actor_result *r) {
    struct message *m = find(c, r->id);
    const struct holder *h = m ? holder_of(m, a->index, PLK_OUT) : NULL;
    if (!h || !h->present || h->row != r->row) {
        world_fail(c->world, "%s: RESULT of a send whose row %" PRIu64 " is not durable", a->name, r->row);
        return;
    }
    if (m->content != command->text_hash) world_fail(c->world, "%s: RESULT of a send names another message", a->name);
    m->accepted = true;
}

void check_result(struct check *c, struct actor *a, const struct actor_command *command, const struct actor_result *r) {
    bool counted_again = r->err || (r->repeated && r->kind == PLK_CMD_SEND);
    if (command->text_hash && counted_again) written_of(c, a->index, command->text_hash)->left--;
    if (r->err) return;
    if (r->kind == PLK_CMD_SEND) check_sent(c, a, command, r);
    if (r->kind == PLK_CMD_INIT && !has_row(a, PLK_TABLE_profile, "p", 1)) {
        world_fail(c->world, "%s: RESULT of init, and no profile is durable", a->name);
    }
    if (r->kind == PLK_CMD_ADD && !has_contact(a, r->contact)) {
        world_fail(c->world, "%s: RESULT of add, and no contact is durable", a->name);
    }
    if (r->kind == PLK_CMD_INVITE && a->disk->durable.of[PLK_TABLE_invite].count == 0) {
        world_fail(c->world, "%s: RESULT of invite, and no invite is durable", a->name);
    }
}

// True: the message row of that number is durable, text or not.
static bool has_message(const struct actor *a, uint32_t contact, uint64_t number) {
    const struct table *of = &a->disk->durable.of[PLK_TABLE_message];
    for (size_t i = of->count; i-- > 0;) {
        struct plk_message_row row = {0};
        if (plk_message_row_decode(tables_value(of->rows[i]), &row) ||
            plk_message_key_decode(tables_key(of->rows[i]), &row))
            continue;
        if (row.contact == contact && row.row == number) return true;
    }
    return false;
}

// The row with the highest number that is not above holds it.
static bool is_stored_event(const struct actor *a, const struct plk_event_row *event) {
    uint8_t key[8];
    struct plk_event_row got;
    for (size_t i = 0; i < 8; i++) key[i] = (uint8_t)((event->n + 1) >> (56 - 8 * i));
    size_t at = tables_lower(&a->disk->durable, PLK_TABLE_event, plk_bytes(key, sizeof key));
    if (at == 0) return false;
    const struct tables_row *row = a->disk->durable.of[PLK_TABLE_event].rows[at - 1];
    if (plk_event_row_decode(tables_key(row), tables_value(row), &got) != PLK_ERR_OK) return false;
    uint64_t i = event->n - got.n;
    return i <= got.more && got.kind == event->kind && got.contact == event->contact && got.row + i == event->row &&
           got.state == event->state && got.reason == event->reason && (got.more == 0 || got.row > 0);
}

static void check_stored_event(struct check *c, struct actor *a, const struct plk_event_row *event) {
    if (!is_stored_event(a, event)) {
        world_fail(c->world, "%s: EVENT %" PRIu64 " is not durable", a->name, event->n);
    }
    if (a->last_event && event->n != a->last_event + 1) {
        world_fail(c->world, "%s: EVENT %" PRIu64 " after %" PRIu64, a->name, event->n, a->last_event);
    }
    a->last_event = event->n;
}

void check_event(struct check *c, struct actor *a, const struct plk_event_row *event, const uint8_t id[PLK_ID_LEN]) {
    if (event->kind == PLK_EVENT_PATH || event->kind == PLK_EVENT_RELAY) return;
    check_stored_event(c, a, event);
    if (event->kind != PLK_EVENT_MESSAGE && event->kind != PLK_EVENT_STATE) return;
    struct message *m = find(c, id);
    struct holder *h = NULL;
    if (m) h = holder_of(m, a->index, PLK_OUT);
    if (m && (!h || h->row != event->row)) h = holder_of(m, a->index, PLK_IN);
    if (h ? h->row != event->row || (!h->present && !m->forgiven) : !has_message(a, event->contact, event->row)) {
        world_fail(c->world, "%s: EVENT of row %" PRIu64 ", which is not durable", a->name, event->row);
    } else if (h && event->kind == PLK_EVENT_STATE && is_delivered(event->state) && !is_delivered(h->state)) {
        world_fail(c->world, "%s: EVENT says delivered of row %" PRIu64 ", its store does not", a->name, event->row);
    }
}

// ---- what stories do to stores ------------------------------------------------------------------------------------------------

static void take_over(struct check *c, struct actor *a) {
    const struct table *of = &a->disk->durable.of[PLK_TABLE_message];
    for (size_t i = 0; i < of->count; i++) {
        struct plk_message_row row;
        if (!decode(c, a, tables_key(of->rows[i]), tables_value(of->rows[i]), &row)) continue;
        struct message *m = find(c, row.id);
        if (!m) continue;
        struct holder *h = holder_of(m, a->index, row.direction);
        if (!h) h = &m->holders[m->holder_count++];
        plk_assert(m->holder_count <= CHECK_HOLDERS_MAX);
        *h = (struct holder){a->index, row.direction, row.contact, row.row, row.state, true};
    }
}

static void forget_holdings(struct check *c, const struct actor *a) {
    c->replaced[a->index] = true;
    for (size_t i = 0; i < c->count; i++) {
        struct message *m = &c->messages[i];
        for (size_t j = 0; j < m->holder_count; j++) {
            if (m->holders[j].actor == a->index) m->holders[j].present = false;
        }
    }
}

static void count_undelivered(struct check *c) {
    c->undelivered = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct message *m = &c->messages[i];
        for (size_t j = 0; j < m->holder_count; j++) c->undelivered += on_its_way(&m->holders[j]);
    }
}

void check_replaced(struct check *c, struct actor *a) {
    forget_holdings(c, a);
    take_over(c, a);
    count_undelivered(c);
}

void check_retired(struct check *c, struct actor *a) {
    forget_holdings(c, a);
    count_undelivered(c);
}

void check_forget(struct check *c, struct actor *a, uint32_t contact) {
    for (size_t i = 0; i < c->count; i++) {
        struct message *m = &c->messages[i];
        for (size_t j = 0; j < m->holder_count; j++) {
            if (m->holders[j].actor == a->index && m->holders[j].contact == contact) m->forgiven = true;
        }
    }
}

size_t check_undelivered(const struct check *c) { return c->undelivered; }
size_t check_texts(const struct check *c) { return c->count; }

size_t check_arrived(const struct check *c, const struct actor *a) {
    size_t arrived = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct holder *h = holder_of(&c->messages[i], a->index, PLK_IN);
        arrived += h && h->present;
    }
    return arrived;
}

// Received once, then lost with the receiver's store when that was rolled back. The sender sends it again (3.8), unless its
// own store was rolled back as well and the message has the place of another one that the receiver still knows.
static bool lost_by_both(const struct check *c, const struct message *m, const struct holder *out) {
    for (size_t i = 0; i < m->holder_count; i++) {
        const struct holder *h = &m->holders[i];
        if (h->direction == PLK_IN && c->replaced[h->actor] && c->replaced[out->actor]) return true;
    }
    return false;
}

// What was deleted is not sent again to who has lost it.
static bool is_wiped(const struct check *c, const struct message *m, const struct holder *out) {
    struct agree_view view;
    return agree_view(c->world->actors[out->actor], PLK_OUT, m->id, &view) && view.row.payload.len == 0;
}

static void check_message_settled(struct check *c, const struct message *m) {
    const struct holder *out = NULL;
    bool received = false;
    for (size_t i = 0; i < m->holder_count; i++) {
        if (m->holders[i].direction == PLK_OUT && m->holders[i].present) out = &m->holders[i];
        received |= m->holders[i].direction == PLK_IN && m->holders[i].present;
    }
    if (m->forgiven || (out && out->state == PLK_STATE_CANCELLED)) return;
    if (!out) {
        if (m->accepted && !rolled(c)) world_fail(c->world, "an accepted message is no longer in its sender's store");
        return;
    }
    const struct actor *sender = c->world->actors[out->actor];
    if (!is_delivered(out->state)) {
        world_fail(c->world, "%s: row %" PRIu64 " (%s) was never delivered", sender->name, out->row,
                   m->accepted ? "accepted" : "written");
    } else if (!received && !lost_by_both(c, m, out) && !(rolled(c) && is_wiped(c, m, out))) {
        world_fail(c->world, "%s: row %" PRIu64 " was delivered, and its receiver does not have it", sender->name,
                   out->row);
    }
}

void check_settled(struct check *c) {
    for (size_t i = 0; i < c->count; i++) check_message_settled(c, &c->messages[i]);
}
