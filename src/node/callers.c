// SPDX-License-Identifier: MIT
#include "node/callers.h"

#include "node/inside.h"

void plk_command_copy(struct plk_mem *mem, struct plk_command *to, struct plk_buf *bytes,
                      const struct plk_command *from) {
    *to = *from;
    struct plk_bytes *ranges[] = {&to->text, &to->name,   &to->note, &to->about,  &to->caller_id,
                                  &to->seed, &to->backup, &to->data, &to->preview};
    size_t at[sizeof ranges / sizeof ranges[0]], count = sizeof ranges / sizeof ranges[0];
    for (size_t i = 0; i < count; i++) {
        at[i] = bytes->len;
        plk_buf_put(mem, bytes, *ranges[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (ranges[i]->at != NULL) ranges[i]->at = bytes->at == NULL ? (const uint8_t *)"" : bytes->at + at[i];
    }
}

static void key_of(uint8_t key[PLK_CALLER_KEY_LEN], struct plk_bytes caller_id) {
    static const char label[] = "PeerLink/1/node/caller";
    uint8_t hash[PLK_HASH_LEN];
    struct plk_bytes parts[] = {plk_bytes(label, sizeof label - 1), caller_id};
    plk_hash(hash, parts, 2);
    memcpy(key, hash, PLK_CALLER_KEY_LEN);
}

static void drop(struct plk_node *node, struct plk_caller_wait *wait) {
    struct plk_caller_wait **at = &node->callers.waiting;
    while (*at != wait) at = &(*at)->next;
    *at = wait->next;
    node->callers.waiting_count--;
    plk_buf_free(node->mem, &wait->bytes);
    plk_mem_give(node->mem, wait);
}

void plk_callers_free(struct plk_node *node) {
    while (node->callers.waiting != NULL) drop(node, node->callers.waiting);
}

void plk_callers_ask(struct plk_node *node, const struct plk_command *command) {
    struct plk_callers *callers = &node->callers;
    unsigned max = command->kind == PLK_CMD_PICTURE ? PLK_PICTURES_WAITING_MAX : PLK_CALLERS_WAITING_MAX;
    if (callers->waiting_count >= max) {
        plk_node_result(node, command->ticket, PLK_ERR_BUSY);
        return;
    }
    struct plk_caller_wait *wait = plk_mem_take(node->mem, sizeof *wait);
    plk_command_copy(node->mem, &wait->command, &wait->bytes, command);
    key_of(wait->key, command->caller_id);
    wait->number = ++callers->next_number;
    wait->next = callers->waiting;
    callers->waiting = wait;
    callers->waiting_count++;
    uint8_t to[PLK_CALLER_KEY_LEN + 1] = {0}; // the first key after this one
    memcpy(to, wait->key, PLK_CALLER_KEY_LEN);
    plk_loads_ask(&node->loads, PLK_LOAD_CALLER, wait->number, 0, PLK_TABLE_caller_id,
                  plk_bytes(wait->key, PLK_CALLER_KEY_LEN), plk_bytes(to, sizeof to), 1, false,
                  plk_ledger_mark(&node->ledger));
}

static enum plk_err decode(struct plk_bytes value, struct plk_caller *caller) {
    struct plk_reader r = plk_reader(value);
    uint8_t version = plk_reader_u8(&r);
    caller->contact = plk_reader_u32(&r);
    caller->row = plk_reader_u64(&r);
    caller->time_ms = plk_reader_u64(&r);
    caller->event_n = plk_reader_u64(&r);
    plk_reader_copy(&r, caller->id, sizeof caller->id);
    return plk_reader_done(&r) && version == 1 ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}

bool plk_callers_is_old(struct plk_bytes value, uint64_t below) {
    struct plk_caller caller;
    return decode(value, &caller) != PLK_ERR_OK || caller.event_n < below;
}

void plk_callers_made(struct plk_node *node, struct plk_bytes caller_id, uint32_t contact, uint64_t row,
                      const uint8_t id[PLK_ID_LEN]) {
    struct plk_callers *callers = &node->callers;
    struct plk_caller *caller = &callers->recent[callers->next++ % PLK_CALLERS_RECENT];
    uint8_t value[64];
    struct plk_writer w = plk_writer(value, sizeof value);
    *caller = (struct plk_caller){.contact = contact, .row = row, .time_ms = node->now.wall_ms};
    caller->event_n = node->event_n;
    key_of(caller->key, caller_id);
    memcpy(caller->id, id, sizeof caller->id);
    plk_writer_u8(&w, 1);
    plk_writer_u32(&w, contact);
    plk_writer_u64(&w, row);
    plk_writer_u64(&w, caller->time_ms);
    plk_writer_u64(&w, caller->event_n);
    plk_writer_copy(&w, id, PLK_ID_LEN);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_caller_id, plk_bytes(caller->key, sizeof caller->key),
                     plk_writer_bytes(&w));
}

static void repeat(struct plk_node *node, uint64_t ticket, const struct plk_caller *caller) {
    struct plk_output output = {.kind = PLK_OUT_RESULT, .result = {.ticket = ticket, .err = PLK_ERR_OK}};
    output.result.contact = caller->contact;
    output.result.row = caller->row;
    output.result.state = PLK_STATE_QUEUED;
    output.result.repeated = true;
    memcpy(output.result.id, caller->id, sizeof output.result.id);
    plk_outputs_later(&node->outputs, plk_ledger_mark(&node->ledger), &output);
}

static const struct plk_caller *find_recent(const struct plk_callers *callers, const uint8_t key[PLK_CALLER_KEY_LEN]) {
    for (size_t i = 0; i < PLK_CALLERS_RECENT; i++) {
        if (callers->recent[i].contact != 0 && memcmp(callers->recent[i].key, key, PLK_CALLER_KEY_LEN) == 0) {
            return &callers->recent[i];
        }
    }
    return NULL;
}

static void send_now(struct plk_node *node, const struct plk_command *command) {
    if (command->kind == PLK_CMD_PICTURE) {
        plk_pictures_send_now(node, command);
    } else {
        plk_node_send_now(node, command);
    }
}

void plk_callers_send(struct plk_node *node, const struct plk_command *command) {
    uint8_t key[PLK_CALLER_KEY_LEN];
    key_of(key, command->caller_id);
    const struct plk_caller *known = command->caller_id.len > 0 ? find_recent(&node->callers, key) : NULL;
    if (known != NULL) {
        repeat(node, command->ticket, known);
    } else {
        send_now(node, command);
    }
}

void plk_callers_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input) {
    struct plk_caller_wait *wait = node->callers.waiting;
    while (wait != NULL && wait->number != load->contact) wait = wait->next;
    if (wait == NULL) return;
    struct plk_caller stored;
    const struct plk_caller *known = find_recent(&node->callers, wait->key);
    if (known == NULL && input->loaded.count > 0 && decode(input->loaded.rows[0].value, &stored) == PLK_ERR_OK)
        known = &stored;
    if (known != NULL) {
        repeat(node, wait->command.ticket, known);
    } else {
        send_now(node, &wait->command);
    }
    drop(node, wait);
}
