// SPDX-License-Identifier: MIT
// A client's commands (queue.md, section 3), in their order. One that must read the store first goes on in answer.c; one that
// cannot be carried out now stays in the stream.
#include "relay/command.h"

#include "queue/key.h"
#include "relay/inside.h"
#include "relay/token.h"

#define FLAGS_KNOWN (PLK_QUEUE_QUIET | PLK_QUEUE_INVITE | PLK_QUEUE_ADDRESS)

static bool done(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command,
                 enum plk_queue_code code) {
    plk_relay_client_done(relay, client, command->tag, code, false);
    return true;
}

static bool wait_for_place(struct plk_relay *relay, struct plk_relay_client *client) {
    plk_relay_client_wait(relay, client);
    return false;
}

// Who changes tokens does so alone, in the order in which they came.
static bool tokens_taken(struct plk_relay *relay, struct plk_relay_client *client) {
    bool taken = relay->token_busy || (relay->patient != NULL && !client->has_turn);
    if (taken) plk_relay_client_wait_token(relay, client);
    return taken;
}

bool plk_command_flags_valid(uint8_t flags) {
    const uint8_t kinds = PLK_QUEUE_INVITE | PLK_QUEUE_ADDRESS;
    return (flags & ~FLAGS_KNOWN) == 0 && (flags & kinds) != kinds;
}

// Starts to read one row for a command that blocks the client until it has been answered.
static struct plk_read *begin_read(struct plk_relay *relay, struct plk_relay_client *client, enum plk_read_kind kind,
                                   enum plk_table table, const uint8_t *key, size_t key_len, struct plk_bytes body) {
    struct plk_read *read =
        plk_reads_one(&relay->reads, kind, table, plk_bytes(key, key_len), plk_ledger_mark(&relay->ledger));
    read->client = client->cid;
    plk_reads_keep(&relay->reads, read, body);
    client->blocked = true;
    return read;
}

// The read holds the queue, and nobody else changes it meanwhile; exclusive: nor reads it, since it will be changed.
static void lock(struct plk_relay *relay, struct plk_read *read, const uint8_t sid[PLK_QUEUE_ID_LEN], bool exclusive) {
    read->queue = plk_queues_hold(&relay->queues, sid);
    read->queue->reads++;
    read->exclusive = exclusive;
    if (exclusive) read->queue->exclusive = true;
}

// Somebody waits to change it: whoever only reads lets that go first, or an owner would never come to its turn while others read
// without end.
static bool gives_way(const struct plk_relay *relay, const struct plk_queue *queue) {
    uint16_t since = (uint16_t)(plk_queue_moment(relay->now.mono_us) - queue->wanted);
    return queue->wanted != 0 && queue->reads > 0 && since < PLK_QUEUE_WANTED_US / (PLK_SECOND / 64);
}

// ---- making and attaching -----------------------------------------------------------------------------------------------

static bool newq(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command,
                 struct plk_bytes body) {
    uint8_t rid[PLK_QUEUE_ID_LEN], sid[PLK_QUEUE_ID_LEN];
    bool tokens = command->newq.admission == PLK_QUEUE_ADMIT_TOKEN;
    if (plk_reads_full(&relay->reads)) return wait_for_place(relay, client);
    if (tokens && tokens_taken(relay, client)) return false;
    plk_queue_key_rid(rid, command->newq.owner);
    plk_queue_key_sid(sid, rid);
    struct plk_queue *queue = plk_queues_hold(&relay->queues, sid);
    bool locked = queue->reads > 0;
    if (locked) queue->wanted = plk_queue_moment(relay->now.mono_us);
    plk_queues_drop(&relay->queues, queue);
    if (locked) return wait_for_place(relay, client);
    if (!plk_bucket_take(&client->newq, relay->now.mono_us, 1, PLK_RELAY_CLIENT_NEWQ_BURST, 1)) {
        return done(relay, client, command, PLK_QUEUE_CODE_BUSY); // LIMIT is a token that is used up
    }
    if (!plk_command_flags_valid(command->newq.flags)) {
        return done(relay, client, command, PLK_QUEUE_CODE_INVALID);
    }
    lock(relay, begin_read(relay, client, PLK_READ_NEWQ, PLK_TABLE_rqueue, sid, sizeof sid, body), sid, true);
    if (tokens) relay->token_busy = true;
    return true;
}

static bool attach_again(struct plk_relay *relay, struct plk_relay_client *client,
                         const struct plk_queue_record *command, const struct plk_handle *handle,
                         const uint8_t sid[PLK_QUEUE_ID_LEN]) {
    if (handle->state == PLK_HANDLE_ATTACHING) return false;
    bool same = plk_handle_is_good(handle) && handle->role == command->attach.role &&
                memcmp(handle->queue->sid, sid, PLK_QUEUE_ID_LEN) == 0;
    return done(relay, client, command, same ? PLK_QUEUE_CODE_OK : PLK_QUEUE_CODE_EXISTS);
}

static bool attach(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command,
                   struct plk_bytes body) {
    uint8_t sid[PLK_QUEUE_ID_LEN];
    memcpy(sid, command->attach.id, sizeof sid);
    if (command->attach.role == PLK_QUEUE_OWNER) plk_queue_key_sid(sid, command->attach.id);
    struct plk_handle *handle = plk_relay_client_handle(client, command->handle);
    if (handle != NULL) return attach_again(relay, client, command, handle, sid);
    if (!plk_relay_client_may_bind(relay, client)) return done(relay, client, command, PLK_QUEUE_CODE_LIMIT);
    if (plk_reads_full(&relay->reads)) return wait_for_place(relay, client);
    if (client->attaching >= PLK_RELAY_CLIENT_ATTACHING_MAX) return false; // the first of them to be answered wakes it
    struct plk_queue *queue = plk_queues_hold(&relay->queues, sid);
    if (queue->exclusive || gives_way(relay, queue)) {
        plk_queues_drop(&relay->queues, queue);
        return wait_for_place(relay, client);
    }
    handle = plk_relay_client_bind(relay, client, command->handle);
    handle->role = (uint8_t)command->attach.role;
    handle->state = PLK_HANDLE_ATTACHING;
    handle->queue = queue;
    client->attaching++;
    lock(relay, begin_read(relay, client, PLK_READ_ATTACH, PLK_TABLE_rqueue, sid, sizeof sid, body), sid, false);
    client->blocked = false; // what follows may go on, as far as it is about other handles
    return true;
}

// ---- with a handle ------------------------------------------------------------------------------------------------------

// The queue of a handle in a role. *go_on: it may be used now; else the command was answered, or waits (false).
static struct plk_queue *queue_of(struct plk_relay *relay, struct plk_relay_client *client,
                                  const struct plk_queue_record *command, enum plk_queue_role role, bool *consumed) {
    const struct plk_handle *handle = plk_relay_client_handle(client, command->handle);
    *consumed = false;
    if (handle != NULL && handle->state == PLK_HANDLE_ATTACHING) return NULL; // its answer wakes the client
    *consumed = true;
    if (!plk_handle_is_good(handle)) {
        done(relay, client, command, PLK_QUEUE_CODE_NOT_FOUND);
        return NULL;
    }
    if (role != 0 && handle->role != role) {
        done(relay, client, command, PLK_QUEUE_CODE_DENIED);
        return NULL;
    }
    return handle->queue;
}

// Likewise, for what changes the queue: nothing of it is being read, and the disk takes more.
static struct plk_queue *queue_to_change(struct plk_relay *relay, struct plk_relay_client *client,
                                         const struct plk_queue_record *command, enum plk_queue_role role,
                                         bool *consumed) {
    struct plk_queue *queue = queue_of(relay, client, command, role, consumed);
    if (queue == NULL) return NULL;
    if (relay->ledger.stalled) {
        done(relay, client, command, PLK_QUEUE_CODE_BUSY);
        return NULL;
    }
    if (queue->reads == 0 && !plk_reads_full(&relay->reads)) {
        queue->wanted = 0;
        return queue;
    }
    queue->wanted = plk_queue_moment(relay->now.mono_us);
    *consumed = wait_for_place(relay, client);
    return NULL;
}

static bool detach(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command) {
    struct plk_handle *handle = plk_relay_client_handle(client, command->handle);
    if (handle != NULL && handle->state == PLK_HANDLE_ATTACHING) return false;
    if (handle != NULL) plk_relay_client_unbind(relay, client, handle);
    return done(relay, client, command, handle != NULL ? PLK_QUEUE_CODE_OK : PLK_QUEUE_CODE_NOT_FOUND);
}

static bool put(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command) {
    bool consumed;
    struct plk_queue *queue = queue_to_change(relay, client, command, PLK_QUEUE_SENDER, &consumed);
    if (queue == NULL) return consumed;
    if (!plk_fleet_heads_fresh(relay, queue)) {
        plk_relay_read_heads(relay, queue);
        return wait_for_place(relay, client);
    }
    struct plk_head head = {.number = plk_fleet_number(relay, queue->next), .day = plk_relay_day(relay)};
    struct plk_bytes cell = command->cell.bytes;
    const struct plk_mailbox *mailbox = queue->mailbox;
    plk_siphash128(head.digest, relay->digest_key, cell);
    head.step = plk_head_step(cell.len);
    if (mailbox != NULL && plk_mailbox_find(mailbox, head.digest) != NULL) {
        relay->counters.put_again++;
        plk_relay_client_done(relay, client, command->tag, PLK_QUEUE_CODE_OK, true);
        return true;
    }
    const struct plk_relay_config *config = &relay->config;
    bool full = mailbox != NULL &&
                (mailbox->count >= config->queue_items_max || mailbox->bytes + cell.len > config->queue_bytes_max);
    if (full || head.number > PLK_MAILBOX_NUMBER_MAX) return done(relay, client, command, PLK_QUEUE_CODE_FULL);
    if (plk_relay_sweep_stored(&relay->sweep) + cell.len > config->store_max) {
        return done(relay, client, command, PLK_QUEUE_CODE_BUSY);
    }
    plk_command_keep(relay, queue, &head, cell);
    plk_relay_client_done(relay, client, command->tag, PLK_QUEUE_CODE_OK, true);
    return true;
}

void plk_command_keep(struct plk_relay *relay, struct plk_queue *queue, const struct plk_head *head,
                      struct plk_bytes cell) {
    uint8_t key[PLK_MAILBOX_KEY_LEN], value[PLK_MAILBOX_HEAD_LEN];
    plk_head_key(key, queue->sid, head->number);
    plk_head_encode(value, head);
    plk_batch_upsert(plk_relay_batch(relay), PLK_TABLE_ritem, plk_bytes(key, sizeof key),
                     plk_bytes(value, sizeof value));
    plk_batch_upsert(plk_relay_batch(relay), PLK_TABLE_rcell, plk_bytes(key, sizeof key), cell);
    plk_mailbox_add(relay->mem, plk_mailbox_of(relay->mem, queue), head);
    queue->next = head->number + 1;
    plk_relay_sweep_add(relay, cell.len);
    plk_relay_ready(relay, queue);
    relay->counters.put++;
}

static bool ack(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command) {
    bool consumed;
    struct plk_queue *queue = queue_to_change(relay, client, command, PLK_QUEUE_OWNER, &consumed);
    if (queue == NULL) return consumed;
    if (queue->sub != client) return done(relay, client, command, PLK_QUEUE_CODE_DENIED);
    for (size_t i = 0; queue->mailbox != NULL && i < plk_queue_count(command); i++) {
        uint8_t key[PLK_MAILBOX_KEY_LEN];
        uint64_t number = plk_queue_at(command, i), before = queue->mailbox->bytes;
        if (!plk_mailbox_remove(queue->mailbox, number, true)) continue;
        plk_head_key(key, queue->sid, number);
        plk_batch_delete(plk_relay_batch(relay), PLK_TABLE_ritem, plk_bytes(key, sizeof key));
        plk_batch_delete(plk_relay_batch(relay), PLK_TABLE_rcell, plk_bytes(key, sizeof key));
        plk_relay_sweep_remove(relay, before - queue->mailbox->bytes);
        relay->counters.acked++;
    }
    plk_relay_ready(relay, queue);
    if (queue->mailbox != NULL && queue->mailbox->count == 0 && !queue->mailbox->ready) {
        plk_mailbox_free(relay->mem, queue->mailbox);
        queue->mailbox = NULL;
    }
    plk_relay_client_done(relay, client, command->tag, PLK_QUEUE_CODE_OK, true);
    return true;
}

static bool get(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command) {
    bool consumed;
    struct plk_queue *queue = queue_of(relay, client, command, PLK_QUEUE_OWNER, &consumed);
    if (queue == NULL) return consumed;
    if (queue->sub != client) return done(relay, client, command, PLK_QUEUE_CODE_DENIED);
    if (queue->reads > 0) return wait_for_place(relay, client);
    if (queue->mailbox != NULL) plk_mailbox_rewind(queue->mailbox, command->cell.number, command->cell.limit);
    plk_relay_ready(relay, queue);
    return done(relay, client, command, PLK_QUEUE_CODE_OK);
}

// ---- subscribing --------------------------------------------------------------------------------------------------------

// All handles of the list are an owner's. false: one is still attaching.
static bool judge_list(struct plk_relay_client *client, const struct plk_queue_record *command,
                       enum plk_queue_code *code, size_t *unknown) {
    *code = PLK_QUEUE_CODE_OK;
    *unknown = 0;
    for (size_t i = 0; i < plk_queue_count(command); i++) {
        const struct plk_handle *handle = plk_relay_client_handle(client, (uint32_t)plk_queue_at(command, i));
        if (handle != NULL && handle->state == PLK_HANDLE_ATTACHING) return false;
        if (!plk_handle_is_good(handle)) {
            *code = PLK_QUEUE_CODE_NOT_FOUND;
        } else if (handle->role != PLK_QUEUE_OWNER && *code == PLK_QUEUE_CODE_OK) {
            *code = PLK_QUEUE_CODE_DENIED;
        } else {
            *unknown += !handle->queue->heads_known;
        }
    }
    return true;
}

static void subscribe(struct plk_relay *relay, struct plk_relay_client *client, uint32_t number,
                      struct plk_queue *queue) {
    struct plk_relay_client *before = queue->sub;
    bool known = plk_fleet_heads_fresh(relay, queue);
    if (before != NULL) {
        struct plk_queue_record replaced = {.type = PLK_QUEUE_REPLACED, .handle = queue->sub_handle};
        plk_relay_unsubscribe(relay, queue);
        if (before != client) plk_relay_client_answer(relay, before, &replaced, false);
    }
    queue->sub = client;
    queue->sub_handle = number;
    plk_fleet_subscribed(relay, queue);
    if (!known) {
        if (!queue->heads_reading) plk_relay_read_heads(relay, queue);
        return;
    }
    if (queue->mailbox != NULL) plk_mailbox_rewind(queue->mailbox, 0, PLK_MAILBOX_WINDOW);
    plk_relay_ready(relay, queue);
}

static bool sub(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command) {
    enum plk_queue_code code;
    size_t unknown;
    if (!judge_list(client, command, &code, &unknown)) return false;
    if (code == PLK_QUEUE_CODE_OK && relay->reads.count + unknown > PLK_READS_MAX) return wait_for_place(relay, client);
    for (size_t i = 0; code == PLK_QUEUE_CODE_OK && i < plk_queue_count(command); i++) {
        uint32_t number = (uint32_t)plk_queue_at(command, i);
        subscribe(relay, client, number, plk_relay_client_handle(client, number)->queue);
    }
    return done(relay, client, command, code);
}

// ---- what reads first ---------------------------------------------------------------------------------------------------

static bool cell(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command,
                 struct plk_bytes body) {
    bool consumed, writes = command->type == PLK_QUEUE_WRITE;
    struct plk_queue *queue = writes ? queue_to_change(relay, client, command, PLK_QUEUE_OWNER, &consumed)
                                     : queue_of(relay, client, command, 0, &consumed);
    if (queue == NULL) return consumed;
    if (plk_reads_full(&relay->reads) || (!writes && gives_way(relay, queue))) return wait_for_place(relay, client);
    if (!writes) client->loading += PLK_QUEUE_CELL_SMALL; // room for the answer
    lock(relay,
         begin_read(relay, client, writes ? PLK_READ_SEQUENCE : PLK_READ_BUNDLE, PLK_TABLE_rbundle, queue->sid,
                    sizeof queue->sid, body),
         queue->sid, writes);
    return true;
}

static bool flags(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command,
                  struct plk_bytes body) {
    bool consumed;
    struct plk_queue *queue = queue_to_change(relay, client, command, PLK_QUEUE_OWNER, &consumed);
    if (queue == NULL) return consumed;
    if (!plk_command_flags_valid(command->flags)) return done(relay, client, command, PLK_QUEUE_CODE_INVALID);
    lock(relay, begin_read(relay, client, PLK_READ_FLAGS, PLK_TABLE_rqueue, queue->sid, sizeof queue->sid, body),
         queue->sid, true);
    return true;
}

static bool guest(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command,
                  struct plk_bytes body) {
    bool consumed;
    struct plk_queue *queue = queue_to_change(relay, client, command, PLK_QUEUE_SENDER, &consumed);
    if (queue == NULL) return consumed;
    if ((queue->flags & (PLK_QUEUE_INVITE | PLK_QUEUE_ADDRESS)) == 0) {
        return done(relay, client, command, PLK_QUEUE_CODE_DENIED);
    }
    if (tokens_taken(relay, client)) return false;
    // A refused one costs the relay as much: so asking has the budget of making.
    if (!plk_bucket_take(&client->newq, relay->now.mono_us, 1, PLK_RELAY_CLIENT_NEWQ_BURST, 1)) {
        return done(relay, client, command, PLK_QUEUE_CODE_BUSY);
    }
    lock(relay, begin_read(relay, client, PLK_READ_GRANT, PLK_TABLE_rgrant, queue->sid, sizeof queue->sid, body),
         queue->sid, true);
    relay->token_busy = true;
    return true;
}

void plk_relay_delete_queue(struct plk_relay *relay, const uint8_t sid[PLK_QUEUE_ID_LEN]) {
    static const enum plk_table rows[] = {PLK_TABLE_rqueue, PLK_TABLE_rbundle, PLK_TABLE_rgrant};
    static const enum plk_table ranges[] = {PLK_TABLE_ritem, PLK_TABLE_rcell};
    uint8_t end[PLK_QUEUE_ID_LEN];
    size_t end_len = sizeof end;
    struct plk_bytes key = plk_bytes(sid, PLK_QUEUE_ID_LEN);
    memcpy(end, sid, sizeof end);
    while (end_len > 0 && ++end[end_len - 1] == 0) end_len--;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) plk_batch_delete(plk_relay_batch(relay), rows[i], key);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        plk_batch_delete_range(plk_relay_batch(relay), ranges[i], key, plk_bytes(end, end_len));
    }
}

void plk_relay_end_queue(struct plk_relay *relay, struct plk_queue *queue) {
    plk_relay_delete_queue(relay, queue->sid);
    if (queue->mailbox != NULL) plk_relay_sweep_remove(relay, queue->mailbox->bytes);
    plk_relay_queue_gone(relay, queue);
}

void plk_relay_queue_gone(struct plk_relay *relay, struct plk_queue *queue) {
    if (queue->sub != NULL) plk_relay_unsubscribe(relay, queue);
    plk_mailbox_free(relay->mem, queue->mailbox);
    queue->mailbox = NULL;
    queue->heads_known = true;
    queue->epoch++;
}

// With a token its row is read first: its count is one less in the batch that deletes the queue.
static bool del(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command,
                struct plk_bytes body) {
    bool consumed;
    uint8_t hash[PLK_TOKEN_HASH_LEN];
    struct plk_queue *queue = queue_to_change(relay, client, command, PLK_QUEUE_OWNER, &consumed);
    if (queue == NULL) return consumed;
    if (command->del.admission != PLK_QUEUE_ADMIT_TOKEN) {
        plk_relay_end_queue(relay, queue);
        plk_relay_client_done(relay, client, command->tag, PLK_QUEUE_CODE_OK, true);
        return true;
    }
    if (tokens_taken(relay, client)) return false;
    plk_relay_token_hash(hash, command->del.token);
    struct plk_read *read = begin_read(relay, client, PLK_READ_TOKEN, PLK_TABLE_rtoken, hash, sizeof hash, body);
    memcpy(read->key, hash, sizeof hash);
    lock(relay, read, queue->sid, true);
    relay->token_busy = true;
    return true;
}

// ---- the stream ---------------------------------------------------------------------------------------------------------

// false: it stays in the stream.
static bool run(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_queue_record *command,
                struct plk_bytes body) {
    switch (command->type) {
    case PLK_QUEUE_NEWQ:
        if (relay->ledger.stalled) return done(relay, client, command, PLK_QUEUE_CODE_BUSY);
        return newq(relay, client, command, body);
    case PLK_QUEUE_ATTACH:
        return attach(relay, client, command, body);
    case PLK_QUEUE_DETACH:
        return detach(relay, client, command);
    case PLK_QUEUE_SUB:
        return sub(relay, client, command);
    case PLK_QUEUE_PUT:
        return put(relay, client, command);
    case PLK_QUEUE_GET:
        return get(relay, client, command);
    case PLK_QUEUE_ACK:
        return ack(relay, client, command);
    case PLK_QUEUE_WRITE:
    case PLK_QUEUE_READ:
        return cell(relay, client, command, body);
    case PLK_QUEUE_FLAGS:
        return flags(relay, client, command, body);
    case PLK_QUEUE_DEL:
        return del(relay, client, command, body);
    case PLK_QUEUE_GUEST:
        return guest(relay, client, command, body);
    case PLK_QUEUE_FWD_OPEN:
        plk_forward_open(relay, client, command);
        return true;
    case PLK_QUEUE_ANNOUNCE:
        plk_directory_announce(relay, client, command);
        return true;
    case PLK_QUEUE_DIRECTORY:
        plk_directory_tell(relay, client, command);
        return true;
    default: // FWD CLOSE
        plk_forward_close(relay, client, command);
        return true;
    }
}

// As many as can be read now. false: one stays in the stream, or there is none.
static bool next_command(struct plk_relay *relay, struct plk_relay_client *client) {
    struct plk_bytes stream = plk_relay_channel_readable(client->channel), body;
    struct plk_queue_record command;
    bool broken;
    size_t took = plk_queue_cut(stream, &body, &broken);
    if (took == 0 && !broken) return false;
    if (broken || plk_queue_decode(body, &command) != PLK_ERR_OK || !plk_queue_is_command(command.type)) {
        relay->counters.protocol++;
        plk_relay_channel_close(client->channel);
        return false;
    }
    plk_ledger_turn(&relay->ledger);
    if (!run(relay, client, &command, body)) return false;
    relay->counters.commands++;
    plk_relay_channel_consume(client->channel, relay->now.mono_us, took);
    return true;
}

void plk_relay_commands(struct plk_relay *relay, struct plk_relay_client *client) {
    bool open = plk_relay_channel_status(client->channel).state == PLK_RELAY_CHANNEL_OPEN;
    while (open && !client->blocked && client->answer_count < PLK_RELAY_CLIENT_ANSWERS_MAX &&
           plk_relay_channel_room(client->channel) >= client->loading + 2 * PLK_RELAY_CLIENT_ANSWER_ROOM) {
        if (plk_ledger_behind(&relay->ledger) && !relay->ledger.stalled) {
            if (plk_relay_channel_readable(client->channel).len > 0) plk_relay_client_wait(relay, client);
            return;
        }
        if (!next_command(relay, client)) return;
    }
}
