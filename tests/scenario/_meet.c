// SPDX-License-Identifier: MIT
#include "_meet.h"

void meet_begin(struct meet *m, struct world *w) {
    *m = (struct meet){.w = w, .relay = mailbox_relay(w, "relay")};
    m->alice = story_person(w, "alice");
    m->bob = story_person(w, "bob");
    world_part(w, m->alice, m->bob, NET_ALL);
    mailbox_use(m->alice, m->relay);
}

struct relayd *meet_other(struct meet *m) {
    m->other = mailbox_relay(m->w, "other");
    return m->other;
}

void meet_end(struct meet *m) {
    for (int i = 0; i < m->w->actor_count; i++) world_stop(m->w->actors[i]);
    story_holds(m->w);
    relayd_free(m->relay);
    relayd_free(m->other);
}

void meet_invite(struct meet *m, enum plk_invite_kind kind) {
    const char *link = world_invite(m->alice, kind);
    story_holds(m->w);
    snprintf(m->link, sizeof m->link, "%s", link);
}

uint32_t meet_add(struct meet *m, struct actor *who, const char *note) {
    uint32_t contact = world_add(who, m->link, note);
    story_holds(m->w);
    return contact;
}

void meet_until_friends(struct meet *m, struct actor *a, struct actor *b) {
    struct actor *pair[2] = {a, b};
    story_until(m->w, world_friends, pair, MEET_LIMIT, "they are contacts");
}

enum plk_contact_state meet_state(const struct actor *a, uint32_t contact) {
    struct plk_contact_view view;
    if (!a->node || plk_node_contact(a->node, contact, &view) != PLK_ERR_OK) return (enum plk_contact_state)0;
    return view.row.state;
}

bool meet_was_told(const struct actor *a, uint32_t contact, enum plk_err reason) {
    for (size_t i = 0; i < a->event_count; i++) {
        const struct plk_event_row *event = &a->events[i].row;
        if (event->kind == PLK_EVENT_CONTACT && event->contact == contact && event->reason == reason) return true;
    }
    return false;
}

struct wanted {
    struct actor *actor;
    uint32_t contact;
    enum plk_contact_state state;
    enum plk_err reason;
};

static bool is_so(struct world *w, void *ctx) {
    const struct wanted *wanted = ctx;
    (void)w;
    return meet_state(wanted->actor, wanted->contact) == wanted->state;
}

void meet_until_state(struct actor *a, uint32_t contact, enum plk_contact_state state) {
    struct wanted wanted = {.actor = a, .contact = contact, .state = state};
    story_until(a->world, is_so, &wanted, MEET_LIMIT, "the contact is in that state");
}

static bool is_told(struct world *w, void *ctx) {
    const struct wanted *wanted = ctx;
    (void)w;
    return meet_was_told(wanted->actor, wanted->contact, wanted->reason);
}

void meet_until_told(struct actor *a, uint32_t contact, enum plk_err reason) {
    struct wanted wanted = {.actor = a, .contact = contact, .reason = reason};
    char what[100];
    snprintf(what, sizeof what, "%s is told %s", a->name, plk_err_name(reason));
    story_until(a->world, is_told, &wanted, MEET_LIMIT, what);
}

size_t meet_contacts(const struct actor *a) {
    struct plk_contact_view view;
    uint32_t cursor = 0;
    size_t count = 0;
    while (a->node && plk_node_next_contact(a->node, &cursor, &view)) count++;
    return count;
}

void meet_talk(struct actor *from, struct actor *to, const char *text) {
    story_say(from, to, text);
    story_heard(to, text, MEET_LIMIT);
}

void meet_must(struct actor *a, struct plk_command command) {
    const struct actor_result *result = world_command(a, &command);
    story_holds(a->world);
    if (result->err) world_fail(a->world, "%s: command %d: %s", a->name, (int)command.kind, plk_err_name(result->err));
    story_holds(a->world);
}
