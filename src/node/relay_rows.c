// SPDX-License-Identifier: MIT
// One's own relays: their rows, and what people say and ask of them.
#include "node/inside.h"
#include "node/leaving.h"
#include "node/relays.h"

#define ROW_VERSION 1
#define ROW_ADOPTED 1
#define ROW_TOKEN 2
#define ROW_LEARNED 4
#define ROW_FRIEND 8
#define ROW_SOURCES (ROW_ADOPTED | ROW_LEARNED | ROW_FRIEND) // one of them, or none: configured

static uint8_t flags_of(const struct plk_relay_link *relay) {
    unsigned source = relay->source == PLK_RELAY_ADOPTED   ? ROW_ADOPTED
                      : relay->source == PLK_RELAY_LEARNED ? ROW_LEARNED
                      : relay->source == PLK_RELAY_FRIEND  ? ROW_FRIEND
                                                           : 0u;
    return (uint8_t)(source | (relay->has_token ? ROW_TOKEN : 0u));
}

static struct plk_bytes encode_row(const struct plk_relay_link *relay, uint8_t key[4],
                                   uint8_t value[PLK_RELAYS_ROW_MAX]) {
    struct plk_writer k = plk_writer(key, 4), w = plk_writer(value, PLK_RELAYS_ROW_MAX);
    plk_writer_u32(&k, relay->number);
    plk_writer_u8(&w, ROW_VERSION);
    plk_writer_u8(&w, flags_of(relay));
    plk_writer_copy(&w, relay->key, sizeof relay->key);
    plk_writer_u16(&w, relay->port);
    plk_writer_u8(&w, relay->host_len);
    plk_writer_copy(&w, relay->host, relay->host_len);
    if (relay->has_token) plk_writer_copy(&w, relay->token, sizeof relay->token);
    plk_assert(!w.failed);
    return plk_writer_bytes(&w);
}

static void write_row(struct plk_node *node, const struct plk_relay_link *relay) {
    uint8_t key[4], value[PLK_RELAYS_ROW_MAX];
    struct plk_bytes row = encode_row(relay, key, value);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_relay, plk_bytes(key, sizeof key), row);
    plk_mem_wipe(value, sizeof value);
}

void plk_relays_back_up(struct plk_node *node, struct plk_buf *backup) {
    uint8_t key[4], value[PLK_RELAYS_ROW_MAX];
    for (const struct plk_relay_link *c = node->relays.first; c != NULL && c->source != PLK_RELAY_FOREIGN;
         c = c->next) {
        struct plk_relay_link as = *c; // contacts have other numbers then, and what lies there is to be read
        if (as.source == PLK_RELAY_FRIEND) as.source = PLK_RELAY_ADOPTED;
        struct plk_bytes row = encode_row(&as, key, value);
        plk_backup_put_row(node->mem, backup, PLK_BACKUP_RELAY, plk_bytes(key, sizeof key), row);
    }
    plk_mem_wipe(value, sizeof value);
}

void plk_relays_restore(struct plk_node *node, const struct plk_row *row) {
    if (plk_relays_row(node, row) != PLK_ERR_OK) return;
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_relay, row->key, row->value);
}

static void set_token(struct plk_relay_link *relay, const uint8_t *token) {
    relay->has_token = token != NULL;
    if (token != NULL) memcpy(relay->token, token, sizeof relay->token);
    plk_queue_client_token(relay->queues, token);
}

// A backup speaks of contacts' queues before it speaks of relays: one's own may be known by then as a contact's.
static void drop_unused(struct plk_node *node, const uint8_t key[32]) {
    struct plk_relay_link *relay = plk_relays_find(&node->relays, key);
    if (relay == NULL || relay->source != PLK_RELAY_FOREIGN || relay->boxes != NULL || relay->dial != NULL) return;
    plk_relays_take_out(&node->relays, relay);
    plk_relay_link_free(node->mem, relay);
}

static bool has_one_source(uint8_t flags) {
    unsigned sources = flags & ROW_SOURCES;
    return (sources & (sources - 1)) == 0;
}

enum plk_err plk_relays_row(struct plk_node *node, const struct plk_row *row) {
    struct plk_reader k = plk_reader(row->key), r = plk_reader(row->value);
    uint8_t key[32], token[PLK_QUEUE_TOKEN_LEN];
    uint32_t number = plk_reader_u32(&k);
    uint8_t version = plk_reader_u8(&r), flags = plk_reader_u8(&r);
    plk_reader_copy(&r, key, sizeof key);
    uint16_t port = plk_reader_u16(&r);
    struct plk_bytes host = plk_reader_take(&r, plk_reader_u8(&r));
    if ((flags & ROW_TOKEN) != 0) plk_reader_copy(&r, token, sizeof token);
    bool good = plk_reader_done(&k) && plk_reader_done(&r) && version == ROW_VERSION && number > 0 && port != 0 &&
                (flags & ~(ROW_SOURCES | ROW_TOKEN)) == 0 && has_one_source(flags) && host.len > 0 &&
                host.len <= PLK_RELAY_HOST_MAX;
    if (good) drop_unused(node, key);
    struct plk_relay_link *relay = good ? plk_relay_link_new(&node->relays, key, host, port) : NULL;
    if (relay == NULL || plk_relays_find(&node->relays, key) != NULL) {
        if (relay != NULL) plk_relay_link_free(node->mem, relay);
        return PLK_ERR_CORRUPT;
    }
    relay->number = number;
    relay->source = (flags & ROW_ADOPTED) != 0   ? PLK_RELAY_ADOPTED
                    : (flags & ROW_LEARNED) != 0 ? PLK_RELAY_LEARNED
                    : (flags & ROW_FRIEND) != 0  ? PLK_RELAY_FRIEND
                                                 : PLK_RELAY_CONFIGURED;
    if ((flags & ROW_TOKEN) != 0) set_token(relay, token);
    if (number >= node->relays.next_number) node->relays.next_number = number + 1;
    plk_relays_enter(&node->relays, relay);
    relay->due_us = node->relays.due_us = 0;
    return PLK_ERR_OK;
}

enum plk_err plk_relays_start_row(struct plk_node *node, const struct plk_row *row) {
    switch (row->key.len) {
    case PLK_FRIENDS_KEY_LEN:
        return plk_friends_row(node, row);
    case PLK_LEARNED_KEY_LEN:
        return plk_learned_row(node, row);
    case PLK_LEARNED_REFUSED_KEY_LEN:
        return plk_learned_refused_row(node, row);
    default:
        return plk_relays_row(node, row);
    }
}

static bool is_chosen(enum plk_relay_source source) {
    return source == PLK_RELAY_CONFIGURED || source == PLK_RELAY_ADOPTED;
}

// Those that people chose: what was learned, or a friend has offered, takes nobody's place.
static unsigned chosen_count(const struct plk_relays *relays) {
    unsigned count = 0;
    for (const struct plk_relay_link *c = relays->first; c != NULL; c = c->next) count += is_chosen(c->source);
    return count;
}

static bool has_address(const struct plk_relay_link *relay, struct plk_bytes host, uint16_t port) {
    return relay->port == port && plk_bytes_equal(plk_bytes(relay->host, relay->host_len), host);
}

enum plk_err plk_relays_add(struct plk_node *node, const uint8_t key[32], struct plk_bytes host, uint16_t port,
                            const uint8_t *token, enum plk_relay_source source, struct plk_relay_link **out) {
    struct plk_relays *relays = &node->relays;
    struct plk_relay_link *relay = plk_relays_find(relays, key);
    bool own = relay != NULL && relay->source != PLK_RELAY_FOREIGN;
    bool chosen = own && is_chosen(relay->source);
    if (!chosen && is_chosen(source) && chosen_count(relays) >= PLK_RELAYS_OWN_MAX) return PLK_ERR_LIMIT;
    if (relay == NULL) {
        relay = plk_relay_link_new(relays, key, host, port);
        if (relay == NULL) return PLK_ERR_LIMIT;
    } else {
        plk_relays_take_out(relays, relay);
    }
    if (!own) relay->number = relays->next_number++;
    if (!chosen || source == PLK_RELAY_CONFIGURED) relay->source = source;
    plk_relays_enter(relays, relay);
    if (!has_address(relay, host, port)) {
        plk_relay_link_move(relay, host, port);
        relay->readdress = relay->dial != NULL;
    }
    if (token != NULL) set_token(relay, token);
    write_row(node, relay);
    plk_relays_touch(node, relay);
    relay->due_us = relays->due_us = 0;
    relays->reroute = relays->reroute || !own;
    // It may have been connected before, for a contact's sake.
    if (!own && plk_relay_link_is_up(relay)) plk_post_relay_up(node, relay);
    *out = relay;
    return PLK_ERR_OK;
}

void plk_relays_remove(struct plk_node *node, struct plk_relay_link *relay) {
    uint8_t key[4];
    struct plk_writer k = plk_writer(key, sizeof key);
    plk_writer_u32(&k, relay->number);
    plk_batch_delete(plk_ledger_batch(&node->ledger), PLK_TABLE_relay, plk_writer_bytes(&k));
    plk_detours_down(node, relay);
    node->relays.reroute = true;
    plk_relays_take_out(&node->relays, relay);
    relay->number = 0;
    relay->source = PLK_RELAY_FOREIGN;
    relay->wanted_us = node->now.mono_us + PLK_RELAYS_LEAVE_US; // its queues are deleted meanwhile
    relay->due_us = node->relays.due_us = 0;
    plk_relays_enter(&node->relays, relay);
}

// ---- commands -------------------------------------------------------------------------------------------------------

static void result(struct plk_node *node, const struct plk_command *command, const struct plk_relay_link *relay,
                   bool repeated) {
    char text[PLK_RELAY_NAME_TEXT_MAX];
    struct plk_output output = {.kind = PLK_OUT_RESULT, .result = {.ticket = command->ticket, .repeated = repeated}};
    size_t len = 0;
    struct plk_relay_name name = {.host = plk_bytes(relay->host, relay->host_len), .port = relay->port};
    plk_relay_name_encode(&name, text, &len);
    size_t end = 0;
    while (end < len && text[end] != '#') end++;
    output.result.text = plk_bytes(text, end);
    plk_outputs_later(&node->outputs, plk_ledger_mark(&node->ledger), &output);
}

enum plk_err plk_relays_command_add(struct plk_node *node, const struct plk_command *command) {
    struct plk_relay_name name;
    struct plk_relay_link *relay;
    enum plk_err err = plk_relay_name_decode(command->text, &name);
    if (err != PLK_ERR_OK) return err;
    const struct plk_relay_link *known = plk_relays_find(&node->relays, name.key);
    bool repeated = known != NULL && known->source != PLK_RELAY_FOREIGN;
    bool has_token = (name.flags & PLK_RELAY_NAME_TOKEN) != 0;
    err = plk_relays_add(node, name.key, name.host, name.port, has_token ? name.token : NULL, PLK_RELAY_CONFIGURED,
                         &relay);
    if (err == PLK_ERR_OK) plk_learned_allow(node, name.key);
    if (err == PLK_ERR_OK) result(node, command, relay, repeated);
    if (err == PLK_ERR_OK) plk_node_passing_event(node, PLK_EVENT_RELAY, 0);
    plk_mem_wipe(&name, sizeof name);
    return err;
}

// HOST:PORT, or HOST alone for the usual port, with or without what stands behind it.
static struct plk_relay_link *named(const struct plk_relays *relays, struct plk_bytes text) {
    char own[PLK_RELAY_NAME_TEXT_MAX];
    size_t end = 0, len;
    while (end < text.len && text.at[end] != '#') end++;
    for (struct plk_relay_link *c = relays->first; c != NULL && c->source != PLK_RELAY_FOREIGN; c = c->next) {
        struct plk_relay_name name = {.host = plk_bytes(c->host, c->host_len), .port = c->port};
        plk_relay_name_encode(&name, own, &len);
        size_t mark = 0;
        while (mark < len && own[mark] != '#') mark++;
        if (plk_bytes_equal(plk_bytes(own, mark), plk_bytes(text.at, end))) return c;
        if (c->port == PLK_RELAY_PORT && plk_bytes_equal(name.host, plk_bytes(text.at, end))) return c;
    }
    return NULL;
}

enum plk_err plk_relays_command_remove(struct plk_node *node, const struct plk_command *command) {
    struct plk_relay_link *relay = named(&node->relays, command->text);
    if (relay == NULL) return PLK_ERR_NOT_FOUND;
    result(node, command, relay, false);
    plk_learned_refuse(node, relay->key);
    plk_leaving_begin(node, relay);
    plk_relays_remove(node, relay);
    plk_post_relays_changed(node);
    plk_node_passing_event(node, PLK_EVENT_RELAY, 0);
    return PLK_ERR_OK;
}

bool plk_node_relay(const struct plk_node *node, size_t index, struct plk_relay_view *view) {
    const struct plk_relay_link *relay = node->relays.first;
    while (relay != NULL && index > 0) {
        relay = relay->next;
        index--;
    }
    if (relay == NULL || relay->source == PLK_RELAY_FOREIGN) return false;
    *view = (struct plk_relay_view){.host = plk_bytes(relay->host, relay->host_len), .port = relay->port};
    memcpy(view->key, relay->key, sizeof view->key);
    view->adopted = relay->source == PLK_RELAY_ADOPTED;
    view->learned = relay->source == PLK_RELAY_LEARNED;
    const struct plk_friend *friend = plk_friends_find(node, relay->key);
    view->friend = friend != NULL ? friend->contact : 0;
    struct plk_queue_client_status queues = plk_queue_client_status(relay->queues);
    view->queues = queues.own;
    view->refused = queues.refused;
    if (relay->dial == NULL) return true;
    struct plk_relay_dial_status dial = plk_relay_dial_status(relay->dial);
    view->connected = dial.connected;
    view->failures = dial.failures;
    view->transport = dial.tcp ? PLK_TCP : PLK_UDP;
    view->addr = dial.addr;
    const struct plk_relay_channel *channel = plk_relay_dial_channel(relay->dial);
    if (channel != NULL) view->rtt_us = plk_relay_channel_status(channel).rtt_us;
    return true;
}
