// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "sim/world.h"

#define READY_LIMIT PLK_MINUTE

struct waiting {
    struct actor *actor;
    uint64_t ticket;
};

static bool answered(struct world *w, void *ctx) {
    struct waiting *waiting = ctx;
    (void)w;
    return actor_result(waiting->actor, waiting->ticket) != NULL;
}

bool world_is_up(struct world *w, void *ctx) {
    struct actor *a = ctx;
    (void)w;
    return a->node && plk_node_state(a->node) != PLK_NODE_LOADING;
}

const struct actor_result *world_command(struct actor *a, const struct plk_command *command) {
    struct world *w = a->world;
    if (!world_run_until(w, world_is_up, a, READY_LIMIT)) {
        world_fail(w, "%s is not ready within a minute", a->name);
        return NULL;
    }
    struct waiting waiting = {a, actor_command(a, command)};
    if (!world_run_until(w, answered, &waiting, WORLD_COMMAND_LIMIT)) {
        world_fail(w, "%s: no RESULT of command kind %d", a->name, (int)command->kind);
        return NULL;
    }
    return actor_result(a, waiting.ticket);
}

// A command that must succeed.
static const struct actor_result *must(struct actor *a, const struct plk_command *command, const char *what) {
    const struct actor_result *r = world_command(a, command);
    if (r && r->err) world_fail(a->world, "%s: %s failed: %s", a->name, what, plk_err_name(r->err));
    return a->world->failed ? NULL : r;
}

bool world_init(struct actor *a) {
    char name[PLK_NAME_MAX];
    snprintf(name, sizeof name, "%s %s", a->name, a->world->canary);
    struct plk_command c = {.kind = PLK_CMD_INIT, .name = plk_bytes_text(name)};
    if (!must(a, &c, "init")) return false;
    struct plk_profile_view view;
    if (plk_node_profile(a->node, &view))
        world_fail(a->world, "%s has no profile after init", a->name);
    else
        memcpy(a->peer_id, view.peer_id, sizeof a->peer_id);
    return !a->world->failed;
}

const char *world_invite(struct actor *a, enum plk_invite_kind kind) {
    struct plk_command c = {.kind = PLK_CMD_INVITE, .invite_kind = kind};
    const struct actor_result *r = must(a, &c, "invite");
    return r ? r->text : NULL;
}

uint32_t world_add(struct actor *a, const char *link, const char *text) {
    if (!link) return 0;
    struct plk_command c = {.kind = PLK_CMD_ADD, .text = plk_bytes_text(link)};
    if (text) c.note = world_text(a->world, text);
    const struct actor_result *r = must(a, &c, "add");
    return r ? r->contact : 0;
}

uint32_t world_contact(const struct actor *a, const struct actor *peer) {
    struct plk_contact_view view;
    uint32_t cursor = 0;
    while (a->node && plk_node_next_contact(a->node, &cursor, &view)) {
        if (memcmp(view.row.peer_id, peer->peer_id, sizeof peer->peer_id) == 0) return view.row.contact;
    }
    return 0;
}

enum plk_err world_send(struct actor *from, struct actor *to, const char *text) {
    struct world *w = from->world;
    if (!world_run_until(w, world_is_up, from, READY_LIMIT)) {
        world_fail(w, "%s is not ready within a minute", from->name);
        return PLK_ERR_BUSY;
    }
    struct plk_command c = {.kind = PLK_CMD_SEND, .contact = world_contact(from, to), .text = world_text(w, text)};
    const struct actor_result *r = world_command(from, &c);
    return r ? r->err : PLK_ERR_BUSY;
}

struct plk_bytes world_text(struct world *w, const char *text) {
    int len = snprintf(w->text, sizeof w->text, "%s %s", w->canary, text);
    return plk_bytes(w->text, (size_t)len < sizeof w->text ? (size_t)len : sizeof w->text - 1);
}

bool world_all_delivered(struct world *w, void *none) {
    (void)none;
    return check_undelivered(w->check) == 0;
}

static bool active(const struct actor *a, const struct actor *peer) {
    struct plk_contact_view view;
    uint32_t contact = world_contact(a, peer);
    return contact && plk_node_contact(a->node, contact, &view) == PLK_ERR_OK && view.row.state == PLK_CONTACT_ACTIVE;
}

bool world_friends(struct world *w, void *ctx) {
    struct actor *const *pair = ctx;
    (void)w;
    return active(pair[0], pair[1]) && active(pair[1], pair[0]);
}

bool world_befriend(struct actor *inviter, struct actor *joiner) {
    struct world *w = inviter->world;
    const char *link = world_invite(inviter, PLK_INVITE_INLINE);
    if (!world_add(joiner, link, NULL)) return false;
    struct actor *pair[2] = {inviter, joiner};
    if (!world_run_until(w, world_friends, pair, 2 * PLK_MINUTE)) {
        world_fail(w, "%s and %s do not become contacts", inviter->name, joiner->name);
    }
    return !w->failed;
}
