// SPDX-License-Identifier: MIT
#include "_mailbox.h"

#include "node/peers.h"
#include "wire/queue_list.h"
#include "wire/relay_name.h"

static const uint8_t token[PLK_QUEUE_TOKEN_LEN] = {7, 4, 4, 7};

struct relayd *mailbox_relay(struct world *w, const char *name) {
    struct relayd *relay = relayd_new(w, name);
    relayd_start(relay);
    mailbox_token(relay);
    return relay;
}

void mailbox_token(struct relayd *relay) { relayd_token(relay, token, 100); }

bool mailbox_connected(const struct actor *a, const struct relayd *relay) {
    struct plk_relay_view view;
    for (size_t i = 0; a->node && plk_node_relay(a->node, i, &view); i++) {
        if (memcmp(view.key, relay->static_public, 32) == 0) return view.connected;
    }
    return false;
}

struct pair {
    struct actor *a, *b;
    struct relayd *relay;
    unsigned count;
};

static bool is_connected(struct world *w, void *ctx) {
    const struct pair *pair = ctx;
    (void)w;
    return mailbox_connected(pair->a, pair->relay);
}

// `relay add` or `relay remove`, of host, port and key as the relay prints them.
static void command(struct actor *a, const struct relayd *relay, enum plk_command_kind kind) {
    struct plk_relay_name name = {.host = plk_bytes(relay->machine->name, strlen(relay->machine->name)),
                                  .port = relay->machine->port};
    char text[PLK_RELAY_NAME_TEXT_MAX];
    size_t len;
    name.flags = PLK_RELAY_NAME_TOKEN;
    memcpy(name.key, relay->static_public, sizeof name.key);
    memcpy(name.token, token, sizeof name.token);
    plk_relay_name_encode(&name, text, &len);
    struct plk_command command = {.kind = kind, .text = plk_bytes(text, len)};
    const struct actor_result *result = world_command(a, &command);
    story_expect(a->world, result != NULL && result->err == PLK_ERR_OK);
}

void mailbox_use(struct actor *a, struct relayd *relay) {
    command(a, relay, PLK_CMD_RELAY_ADD);
    struct pair pair = {.a = a, .relay = relay};
    story_until(a->world, is_connected, &pair, MAILBOX_LIMIT, "the relay is connected");
}

void mailbox_leave(struct actor *a, const struct relayd *relay) { command(a, relay, PLK_CMD_RELAY_REMOVE); }

unsigned mailbox_known(const struct actor *a, const struct actor *peer) {
    uint8_t key[5];
    struct plk_writer w = plk_writer(key, sizeof key);
    struct plk_queue_list list;
    plk_writer_u32(&w, world_contact(a, peer));
    plk_writer_u8(&w, PLK_PEER_SLOT_QUEUES);
    const struct tables_row *row = tables_find(&a->disk->durable, PLK_TABLE_link, plk_writer_bytes(&w));
    if (row == NULL) return 0;
    return plk_queue_list_decode(tables_value(row), &list) == PLK_ERR_OK ? list.count : 0;
}

static bool are_told(struct world *w, void *ctx) {
    const struct pair *pair = ctx;
    (void)w;
    return mailbox_known(pair->a, pair->b) == pair->count && mailbox_known(pair->b, pair->a) == pair->count;
}

void mailbox_until_told(struct actor *a, struct actor *b, unsigned count) {
    struct pair pair = {.a = a, .b = b, .count = count};
    story_until(a->world, are_told, &pair, MAILBOX_LIMIT, "both know each other's queues");
}

size_t mailbox_items(const struct relayd *relay) { return relayd_rows(relay, PLK_TABLE_ritem); }

static bool is_empty(struct world *w, void *ctx) {
    (void)w;
    return relayd_rows(ctx, PLK_TABLE_ritem) == 0 && relayd_rows(ctx, PLK_TABLE_rcell) == 0;
}

void mailbox_until_empty(struct relayd *relay, uint64_t limit_us) {
    story_until(relay->world, is_empty, relay, limit_us, "the relay keeps nothing any more");
}

static bool is_kept(struct world *w, void *ctx) {
    (void)w;
    return mailbox_items(ctx) > 0;
}

void mailbox_until_kept(struct relayd *relay, uint64_t limit_us, const char *what) {
    story_until(relay->world, is_kept, relay, limit_us, what);
}

void mailbox_talk(struct actor *a, struct actor *b, const char *text, uint64_t limit_us) {
    char answer[64];
    snprintf(answer, sizeof answer, "%s, %s says", text, b->name);
    story_say(a, b, text);
    story_heard(b, text, limit_us);
    story_say(b, a, answer);
    story_heard(a, answer, limit_us);
}

void mailbox_by_turns(struct actor *a, struct actor *b, uint64_t span_us) {
    for (int i = 0; i < 8; i++) {
        world_stop(a);
        story_run(a->world, span_us);
        world_start(a);
        world_stop(b);
        story_run(a->world, span_us);
        world_start(b);
    }
}

void mailbox_apart(struct actor *a, struct relayd *as, struct actor *b, struct relayd *bs) {
    mailbox_use(a, as);
    mailbox_use(b, bs);
    story_meet(a, b);
    mailbox_until_told(a, b, 1);
    story_run(a->world, 10 * PLK_SECOND);
    world_part(a->world, a, b, NET_ALL);
    world_stop(b);
}
