// SPDX-License-Identifier: MIT
// What has been read from the store goes to the command that waits for it.
#include "queue/key.h"
#include "relay/command.h"
#include "relay/inside.h"
#include "relay/proof.h"
#include "relay/token.h"

// The client that a read was for, its command, and how it ends.
struct turn {
    struct plk_read *read;
    struct plk_relay_client *client; // NULL: gone
    struct plk_queue_record command;
    bool more; // another read goes on with the command
};

static void finish(struct plk_relay *relay, struct turn *turn, enum plk_queue_code code, bool durable) {
    if (turn->client == NULL) return;
    plk_relay_client_done(relay, turn->client, turn->command.tag, code, durable);
}

static void write_row(struct plk_relay *relay, enum plk_table table, const uint8_t *key, size_t key_len,
                      const uint8_t *value, size_t value_len) {
    plk_batch_upsert(plk_relay_batch(relay), table, plk_bytes(key, key_len), plk_bytes(value, value_len));
}

static void write_queue(struct plk_relay *relay, const uint8_t sid[PLK_QUEUE_ID_LEN], const struct plk_queue_row *row) {
    uint8_t value[PLK_QUEUE_ROW_LEN];
    plk_queue_row_encode(value, row);
    write_row(relay, PLK_TABLE_rqueue, sid, PLK_QUEUE_ID_LEN, value, sizeof value);
}

static bool is_revoked(const struct plk_relay *relay, const uint8_t hash[PLK_TOKEN_HASH_LEN]) {
    return plk_map_find(&relay->revoked, plk_siphash(relay->key, plk_bytes(hash, PLK_TOKEN_HASH_LEN))) != 0;
}

static uint64_t number_of(const struct plk_relay *relay, const uint8_t hash[PLK_TOKEN_HASH_LEN]) {
    return plk_siphash(relay->key, plk_bytes(hash, PLK_TOKEN_HASH_LEN));
}

static bool is_contacts(const struct plk_relay *relay, const uint8_t hash[PLK_TOKEN_HASH_LEN]) {
    return plk_map_find(&relay->contacts, number_of(relay, hash)) != 0;
}

// A row that was read before its token was revoked must not bring it back.
static void write_token(struct plk_relay *relay, const uint8_t hash[PLK_TOKEN_HASH_LEN], struct plk_token_row *row) {
    uint8_t value[PLK_TOKEN_ROW_LEN];
    row->revoked = row->revoked || is_revoked(relay, hash);
    plk_token_row_encode(value, row);
    write_row(relay, PLK_TABLE_rtoken, hash, PLK_TOKEN_HASH_LEN, value, sizeof value);
}

// ---- ATTACH ---------------------------------------------------------------------------------------------------------------

static void attach(struct plk_relay *relay, struct turn *turn, const struct plk_row *found) {
    struct plk_queue *queue = turn->read->queue;
    struct plk_queue_row row;
    bool changed = false;
    if (turn->client == NULL) return;
    struct plk_handle *handle = plk_relay_client_handle(turn->client, turn->command.handle);
    plk_assert(handle != NULL && handle->state == PLK_HANDLE_ATTACHING);
    enum plk_queue_code code = PLK_QUEUE_CODE_NOT_FOUND;
    if (found != NULL && plk_queue_row_decode(found->value, &row) != PLK_ERR_OK) {
        relay->counters.corrupt++;
    } else if (found != NULL) {
        bool good = plk_proof_good(relay, turn->client, &turn->command, &row, &changed);
        code = good ? PLK_QUEUE_CODE_OK : PLK_QUEUE_CODE_DENIED;
    }
    if (code != PLK_QUEUE_CODE_OK) {
        plk_relay_client_unbind(relay, turn->client, handle);
    } else {
        turn->client->attaching--;
        handle->state = PLK_HANDLE_ATTACHED;
        handle->epoch = queue->epoch;
        queue->flags = row.flags;
        if (turn->command.attach.role == PLK_QUEUE_OWNER && (changed || row.day != plk_relay_day(relay))) {
            row.day = plk_relay_day(relay);
            write_queue(relay, queue->sid, &row);
        }
    }
    finish(relay, turn, code, false);
    plk_relay_pass_waiting(relay, turn->client, turn->command.handle);
}

// ---- NEWQ -----------------------------------------------------------------------------------------------------------------

// The row of a queue that is to be made. Asked for of who has been admitted only: it costs two Diffie-Hellmans.
static bool new_row(const struct plk_relay *relay, const struct plk_queue_record *command, struct plk_queue_row *row) {
    *row = (struct plk_queue_row){.flags = command->newq.flags, .day = plk_relay_day(relay)};
    memcpy(row->owner, command->newq.owner, sizeof row->owner);
    memcpy(row->sender, command->newq.sender, sizeof row->sender);
    return plk_proof_make(relay, row) == PLK_ERR_OK;
}

// Makes the queue; charged: the token that pays for an invite queue's guests, NULL: nobody.
static void make(struct plk_relay *relay, struct turn *turn, const struct plk_queue_row *row, const uint8_t *charged) {
    struct plk_queue *queue = turn->read->queue;
    write_queue(relay, queue->sid, row);
    if ((row->flags & (PLK_QUEUE_INVITE | PLK_QUEUE_ADDRESS)) != 0) {
        uint8_t value[PLK_GRANT_ROW_LEN];
        struct plk_grant_row grant = {.left = PLK_TOKEN_GUESTS_ONCE};
        if ((row->flags & PLK_QUEUE_ADDRESS) != 0) grant.left = PLK_TOKEN_GUESTS_ADDRESS;
        if (charged != NULL) memcpy(grant.token, charged, sizeof grant.token);
        plk_grant_row_encode(value, &grant);
        write_row(relay, PLK_TABLE_rgrant, queue->sid, sizeof queue->sid, value, sizeof value);
    }
    queue->flags = row->flags;
    relay->counters.queues_made++;
    finish(relay, turn, PLK_QUEUE_CODE_OK, true);
}

static bool has_worked(const struct plk_relay *relay, const struct plk_queue_record *command) {
    uint8_t rid[PLK_QUEUE_ID_LEN];
    uint32_t today = plk_relay_day(relay);
    bool fresh = command->newq.day == today || command->newq.day + 1 == today;
    plk_queue_key_rid(rid, command->newq.owner);
    return fresh && plk_queue_key_work(rid, command->newq.day, command->newq.nonce) >= relay->config.work_bits;
}

// The next read of the same command.
static struct plk_read *go_on(struct plk_relay *relay, struct turn *turn, enum plk_read_kind kind,
                              const uint8_t hash[PLK_TOKEN_HASH_LEN]) {
    struct plk_read *read = plk_reads_one(&relay->reads, kind, PLK_TABLE_rtoken, plk_bytes(hash, PLK_TOKEN_HASH_LEN),
                                          plk_ledger_mark(&relay->ledger));
    read->client = turn->read->client;
    read->queue = turn->read->queue; // with its reference and its lock
    read->exclusive = turn->read->exclusive;
    turn->read->queue = NULL;
    plk_reads_keep(&relay->reads, read, turn->read->command);
    memcpy(read->key, hash, PLK_TOKEN_HASH_LEN);
    turn->more = true;
    return read;
}

static void newq_there(struct plk_relay *relay, struct turn *turn, const struct plk_row *found) {
    struct plk_queue_row row;
    if (plk_queue_row_decode(found->value, &row) != PLK_ERR_OK) {
        relay->counters.corrupt++;
        finish(relay, turn, PLK_QUEUE_CODE_BUSY, false);
        return;
    }
    if (memcmp(row.sender, turn->command.newq.sender, sizeof row.sender) != 0) {
        finish(relay, turn, PLK_QUEUE_CODE_EXISTS, false);
        return;
    }
    if (row.flags != turn->command.newq.flags) {
        row.flags = turn->command.newq.flags;
        write_queue(relay, turn->read->queue->sid, &row);
    }
    turn->read->queue->flags = row.flags;
    finish(relay, turn, PLK_QUEUE_CODE_OK, true);
}

static void newq(struct plk_relay *relay, struct turn *turn, const struct plk_row *found) {
    const struct plk_queue_record *command = &turn->command;
    enum plk_relay_admission admission = relay->config.admission;
    uint8_t hash[PLK_TOKEN_HASH_LEN];
    if (turn->client == NULL) return;
    if (found != NULL) {
        newq_there(relay, turn, found);
    } else if (admission != PLK_RELAY_ADMIT_CLOSED && command->newq.admission == PLK_QUEUE_ADMIT_TOKEN) {
        plk_relay_token_hash(hash, command->newq.token);
        go_on(relay, turn, PLK_READ_TOKEN, hash);
    } else if (admission == PLK_RELAY_ADMIT_OPEN && command->newq.admission == PLK_QUEUE_ADMIT_WORK &&
               has_worked(relay, command)) {
        struct plk_queue_row row;
        if (new_row(relay, command, &row)) {
            make(relay, turn, &row, NULL);
        } else {
            finish(relay, turn, PLK_QUEUE_CODE_INVALID, false);
        }
    } else {
        finish(relay, turn, PLK_QUEUE_CODE_ADMISSION, false);
    }
}

static void pay(struct plk_relay *relay, struct turn *turn, const uint8_t *hash, struct plk_token_row *row) {
    struct plk_queue_row queue;
    if (!new_row(relay, &turn->command, &queue)) {
        finish(relay, turn, PLK_QUEUE_CODE_INVALID, false);
        return;
    }
    row->made++;
    write_token(relay, hash, row);
    make(relay, turn, &queue, hash);
}

// ---- GUEST ----------------------------------------------------------------------------------------------------------------

static void hand_token(struct plk_relay *relay, struct turn *turn, const uint8_t parent[PLK_TOKEN_HASH_LEN]) {
    struct plk_queue *queue = turn->read->queue;
    struct plk_token_row row = {.guest = true, .allowed = PLK_TOKEN_GUEST_QUEUES};
    struct plk_grant_row grant = {.left = turn->read->left};
    struct plk_queue_record token = {.type = PLK_QUEUE_TOKEN, .tag = turn->command.tag};
    uint8_t hash[PLK_TOKEN_HASH_LEN], value[PLK_GRANT_ROW_LEN];
    plk_rng_bytes(&relay->rng, token.guest.token, sizeof token.guest.token);
    token.guest.queues = PLK_TOKEN_GUEST_QUEUES;
    plk_relay_token_hash(hash, token.guest.token);
    memcpy(row.parent, parent, sizeof row.parent);
    memcpy(grant.token, parent, sizeof grant.token);
    write_token(relay, hash, &row);
    plk_grant_row_encode(value, &grant);
    write_row(relay, PLK_TABLE_rgrant, queue->sid, sizeof queue->sid, value, sizeof value);
    plk_relay_client_answer(relay, turn->client, &token, true);
    plk_mem_wipe(&token, sizeof token);
}

static void grant(struct plk_relay *relay, struct turn *turn, const struct plk_row *found) {
    struct plk_grant_row row;
    if (turn->client == NULL) return;
    if (found == NULL || plk_grant_row_decode(found->value, &row) != PLK_ERR_OK) {
        relay->counters.corrupt += found != NULL;
        finish(relay, turn, PLK_QUEUE_CODE_DENIED, false);
    } else if (row.left == 0) {
        finish(relay, turn, PLK_QUEUE_CODE_LIMIT, false);
    } else if (plk_token_is_nobodys(row.token)) {
        turn->read->left = (uint8_t)(row.left - 1);
        hand_token(relay, turn, row.token);
    } else {
        go_on(relay, turn, PLK_READ_TOKEN, row.token)->left = (uint8_t)(row.left - 1);
    }
}

// ---- tokens ---------------------------------------------------------------------------------------------------------------

static enum plk_queue_code judge_token(struct plk_relay *relay, const struct plk_read *read,
                                       const struct plk_row *found, uint32_t count, struct plk_token_row *row) {
    bool contact = is_contacts(relay, read->key);
    if (is_revoked(relay, read->key) || (found == NULL && !contact)) return PLK_QUEUE_CODE_DENIED;
    if (found == NULL) { // it is used for the first time
        *row = (struct plk_token_row){.contact = true, .allowed = PLK_RELAY_CONTACT_QUEUES};
    } else if (plk_token_row_decode(found->value, row) != PLK_ERR_OK) {
        relay->counters.corrupt++;
        return PLK_QUEUE_CODE_DENIED;
    }
    if (row->revoked || (row->contact && !contact)) return PLK_QUEUE_CODE_DENIED;
    return plk_token_has_left(row, count) ? PLK_QUEUE_CODE_OK : PLK_QUEUE_CODE_LIMIT;
}

static void revoke(struct plk_relay *relay, const struct plk_read *read, const struct plk_row *found) {
    struct plk_token_row row;
    if (found == NULL || plk_token_row_decode(found->value, &row) != PLK_ERR_OK) return;
    row.revoked = true;
    write_token(relay, read->key, &row);
}

// DEL: one queue less of what it may make. One that is unknown, revoked or has made none gains nothing.
static void give_back(struct plk_relay *relay, struct turn *turn, const struct plk_row *found) {
    struct plk_token_row row;
    enum plk_queue_code code = judge_token(relay, turn->read, found, 0, &row);
    plk_relay_end_queue(relay, turn->read->queue);
    if (code == PLK_QUEUE_CODE_OK && row.made > 0) {
        row.made--;
        write_token(relay, turn->read->key, &row);
    }
    finish(relay, turn, PLK_QUEUE_CODE_OK, true);
}

static void token(struct plk_relay *relay, struct turn *turn, const struct plk_row *found) {
    struct plk_token_row row;
    bool guest = turn->command.type == PLK_QUEUE_GUEST;
    if (turn->client == NULL) return;
    if (turn->command.type == PLK_QUEUE_DEL) {
        give_back(relay, turn, found);
        return;
    }
    enum plk_queue_code code = judge_token(relay, turn->read, found, guest ? PLK_TOKEN_GUEST_QUEUES : 1, &row);
    if (code != PLK_QUEUE_CODE_OK) {
        finish(relay, turn, code, false);
    } else if (row.guest && !plk_token_is_nobodys(row.parent)) {
        struct plk_read *read = go_on(relay, turn, PLK_READ_PARENT, row.parent);
        memcpy(read->child, turn->read->key, sizeof read->child);
        read->made = row.made;
        read->allowed = row.allowed;
        read->left = turn->read->left;
    } else if (guest) {
        row.made += PLK_TOKEN_GUEST_QUEUES;
        write_token(relay, turn->read->key, &row);
        hand_token(relay, turn, turn->read->key);
    } else {
        pay(relay, turn, turn->read->key, &row);
    }
}

// A guest's token is good as long as the one that it came from.
static void parent(struct plk_relay *relay, struct turn *turn, const struct plk_row *found) {
    struct plk_token_row above, row = {.guest = true, .made = turn->read->made, .allowed = turn->read->allowed};
    if (turn->client == NULL) return;
    enum plk_queue_code code = judge_token(relay, turn->read, found, 0, &above);
    memcpy(row.parent, turn->read->key, sizeof row.parent);
    if (code != PLK_QUEUE_CODE_OK) {
        finish(relay, turn, code, false);
    } else if (turn->command.type == PLK_QUEUE_GUEST) {
        row.made += PLK_TOKEN_GUEST_QUEUES;
        write_token(relay, turn->read->child, &row);
        hand_token(relay, turn, turn->read->child);
    } else {
        pay(relay, turn, turn->read->child, &row);
    }
}

// ---- cells and flags ------------------------------------------------------------------------------------------------------

static void flags(struct plk_relay *relay, struct turn *turn, const struct plk_row *found) {
    struct plk_queue_row row;
    if (turn->client == NULL) return;
    if (found == NULL || plk_queue_row_decode(found->value, &row) != PLK_ERR_OK) {
        finish(relay, turn, PLK_QUEUE_CODE_NOT_FOUND, false);
        return;
    }
    row.flags = turn->command.flags;
    turn->read->queue->flags = row.flags;
    write_queue(relay, turn->read->queue->sid, &row);
    finish(relay, turn, PLK_QUEUE_CODE_OK, true);
}

static void sequence(struct plk_relay *relay, struct turn *turn, const struct plk_row *found) {
    uint8_t value[8 + PLK_QUEUE_CELL_SMALL];
    const uint8_t *sid = turn->read->queue->sid;
    struct plk_writer w = plk_writer(value, sizeof value);
    if (turn->client == NULL) return;
    struct plk_reader r = plk_reader(found == NULL ? plk_bytes(NULL, 0) : found->value);
    if (found != NULL && plk_reader_u64(&r) >= turn->command.cell.number) {
        finish(relay, turn, PLK_QUEUE_CODE_STALE, false);
        return;
    }
    plk_writer_u64(&w, turn->command.cell.number);
    plk_writer_put(&w, turn->command.cell.bytes);
    write_row(relay, PLK_TABLE_rbundle, sid, PLK_QUEUE_ID_LEN, value, w.len);
    finish(relay, turn, PLK_QUEUE_CODE_OK, true);
}

static void bundle(struct plk_relay *relay, struct turn *turn, const struct plk_row *found) {
    uint8_t room[PLK_QUEUE_CELL_SMALL + PLK_QUEUE_SMALL_MAX];
    struct plk_queue_record cell = {.type = PLK_QUEUE_CELL, .tag = turn->command.tag};
    if (turn->client == NULL) return;
    turn->client->loading -= PLK_QUEUE_CELL_SMALL;
    if (found == NULL || found->value.len != 8 + PLK_QUEUE_CELL_SMALL) {
        relay->counters.corrupt += found != NULL;
        finish(relay, turn, PLK_QUEUE_CODE_NOT_FOUND, false);
        return;
    }
    struct plk_reader r = plk_reader(found->value);
    cell.cell.number = plk_reader_u64(&r);
    cell.cell.bytes = plk_reader_rest(&r);
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_queue_encode(&w, &cell);
    plk_relay_channel_write(turn->client->channel, relay->now.mono_us, plk_writer_bytes(&w));
}

// ---- which it is ----------------------------------------------------------------------------------------------------------

static void act(struct plk_relay *relay, struct turn *turn, const struct plk_row *found) {
    switch (turn->read->kind) {
    case PLK_READ_ATTACH:
        attach(relay, turn, found);
        break;
    case PLK_READ_NEWQ:
        newq(relay, turn, found);
        break;
    case PLK_READ_FLAGS:
        flags(relay, turn, found);
        break;
    case PLK_READ_TOKEN:
        token(relay, turn, found);
        break;
    case PLK_READ_PARENT:
        parent(relay, turn, found);
        break;
    case PLK_READ_GRANT:
        grant(relay, turn, found);
        break;
    case PLK_READ_SEQUENCE:
        sequence(relay, turn, found);
        break;
    case PLK_READ_BUNDLE:
        bundle(relay, turn, found);
        break;
    default:
        break;
    }
}

static bool uses_tokens(const struct turn *turn) {
    return turn->command.type == PLK_QUEUE_GUEST ||
           (turn->command.type == PLK_QUEUE_DEL && turn->command.del.admission == PLK_QUEUE_ADMIT_TOKEN) ||
           (turn->command.type == PLK_QUEUE_NEWQ && turn->command.newq.admission == PLK_QUEUE_ADMIT_TOKEN);
}

// A command's row: none, or one. It may come with more = true and an empty end.
static void command_loaded(struct plk_relay *relay, struct plk_read *read, const struct plk_input *input) {
    const struct plk_row *found = input->loaded.count > 0 ? &input->loaded.rows[0] : NULL;
    struct turn turn = {.read = read, .client = plk_relay_client_find(relay, read->client)};
    if (read->any || (found == NULL && input->loaded.more)) return;
    read->any = true;
    if (read->command.len == 0) {
        revoke(relay, read, found);
        return;
    }
    enum plk_err err = plk_queue_decode(read->command, &turn.command);
    plk_assert(err == PLK_ERR_OK); // it was decoded when it came
    act(relay, &turn, found);
    if (turn.more) return;
    if (uses_tokens(&turn)) relay->token_busy = false;
    if (turn.client == NULL) return;
    if (read->kind != PLK_READ_ATTACH) turn.client->blocked = false;
    plk_relay_client_touch(relay, turn.client);
}

static void unlock(struct plk_relay *relay, struct plk_read *read) {
    if (read->queue == NULL) return;
    if (read->kind != PLK_READ_ITEM && read->kind != PLK_READ_HEADS) {
        read->queue->reads--;
        if (read->exclusive) read->queue->exclusive = false;
    }
    plk_queues_drop(&relay->queues, read->queue);
}

void plk_relay_loaded(struct plk_relay *relay, const struct plk_input *input) {
    struct plk_read *read = plk_reads_find(&relay->reads, input->loaded.ticket);
    if (read == NULL) return;
    plk_ledger_turn(&relay->ledger);
    if (read->kind == PLK_READ_SWEEP) {
        plk_relay_sweep_loaded(relay, read, input);
    } else if (read->kind == PLK_READ_HEADS) {
        plk_relay_heads_loaded(relay, read, input);
    } else if (read->kind == PLK_READ_LOOK) {
        plk_relay_looked(relay, read, input);
    } else if (read->kind == PLK_READ_ITEM) {
        plk_relay_item_loaded(relay, read, input);
    } else {
        command_loaded(relay, read, input);
    }
    if (input->loaded.more) return;
    unlock(relay, read);
    plk_reads_remove(&relay->reads, read);
}

uint64_t plk_relay_token_new(struct plk_relay *relay, const uint8_t token_[PLK_QUEUE_TOKEN_LEN], uint32_t queues) {
    struct plk_token_row row = {.allowed = queues};
    uint8_t hash[PLK_TOKEN_HASH_LEN];
    plk_relay_token_hash(hash, token_);
    write_token(relay, hash, &row);
    return plk_ledger_mark(&relay->ledger);
}

void plk_relay_token_revoke(struct plk_relay *relay, const uint8_t hash[32]) {
    struct plk_read *read = plk_reads_one(&relay->reads, PLK_READ_TOKEN, PLK_TABLE_rtoken,
                                          plk_bytes(hash, PLK_TOKEN_HASH_LEN), plk_ledger_mark(&relay->ledger));
    memcpy(read->key, hash, PLK_TOKEN_HASH_LEN);
    plk_map_put(&relay->revoked, plk_siphash(relay->key, plk_bytes(hash, PLK_TOKEN_HASH_LEN)), 1);
}

void plk_relay_contacts(struct plk_relay *relay, const uint8_t *tokens, size_t count) {
    uint8_t hash[PLK_TOKEN_HASH_LEN];
    plk_map_free(&relay->contacts);
    for (size_t i = 0; i < count; i++) {
        plk_relay_token_hash(hash, tokens + i * PLK_QUEUE_TOKEN_LEN);
        plk_map_put(&relay->contacts, number_of(relay, hash), 1);
    }
}
