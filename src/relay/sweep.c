// SPDX-License-Identifier: MIT
#include "relay/sweep.h"

#include "relay/inside.h"

void plk_relay_sweep_add(struct plk_relay *relay, uint64_t bytes) {
    relay->sweep.stored += (int64_t)bytes;
    relay->sweep.changed += (int64_t)bytes;
}

void plk_relay_sweep_remove(struct plk_relay *relay, uint64_t bytes) {
    relay->sweep.stored -= (int64_t)bytes;
    relay->sweep.changed -= (int64_t)bytes;
}

static void begin(struct plk_relay *relay) {
    struct plk_relay_sweep *sweep = &relay->sweep;
    sweep->running = true;
    sweep->queues = false;
    sweep->day = plk_relay_day(relay);
    sweep->from_len = 0;
    sweep->counted = 0;
}

void plk_relay_sweep_tick(struct plk_relay *relay) {
    struct plk_relay_sweep *sweep = &relay->sweep;
    uint64_t now_us = relay->now.mono_us;
    if (sweep->reading || now_us < sweep->next_us) return;
    if (!sweep->running && plk_relay_day(relay) != sweep->day) begin(relay);
    sweep->next_us = now_us + (sweep->running ? PLK_RELAY_SWEEP_PAUSE_US : PLK_HOUR);
    if (!sweep->running || plk_ledger_behind(&relay->ledger) || plk_reads_full(&relay->reads)) return;
    struct plk_read *read =
        plk_reads_all(&relay->reads, PLK_READ_SWEEP, sweep->queues ? PLK_TABLE_rqueue : PLK_TABLE_ritem,
                      plk_bytes(NULL, 0), PLK_RELAY_SWEEP_ROWS, plk_ledger_mark(&relay->ledger));
    memcpy(read->from, sweep->from, sweep->from_len);
    read->from_len = sweep->from_len;
    sweep->reading = true;
}

uint64_t plk_relay_sweep_deadline(const struct plk_relay *relay) {
    return relay->sweep.reading ? PLK_NEVER : relay->sweep.next_us;
}

// ---- what is found ------------------------------------------------------------------------------------------------------

// An item by its key, on disk and, if its queue is here, in memory.
static void expire_item(struct plk_relay *relay, const struct plk_row *row, const struct plk_head *head) {
    struct plk_queue *queue = plk_queues_hold(&relay->queues, row->key.at);
    plk_batch_delete(plk_relay_batch(relay), PLK_TABLE_ritem, row->key);
    plk_batch_delete(plk_relay_batch(relay), PLK_TABLE_rcell, row->key);
    plk_relay_sweep_remove(relay, plk_head_size(head));
    relay->counters.expired++;
    if (queue->mailbox != NULL) plk_mailbox_remove(queue->mailbox, head->number, false);
    plk_queues_drop(&relay->queues, queue);
}

static void item(struct plk_relay *relay, const struct plk_row *row) {
    struct plk_head head;
    if (plk_head_decode(row->key, row->value, &head) != PLK_ERR_OK) {
        relay->counters.corrupt++;
        return;
    }
    if (head.day + PLK_RELAY_ITEM_DAYS < relay->sweep.day) {
        expire_item(relay, row, &head);
    } else {
        relay->sweep.counted += plk_head_size(&head);
    }
}

static void queue_row(struct plk_relay *relay, const struct plk_row *row) {
    struct plk_queue_row found;
    if (row->key.len != PLK_QUEUE_ID_LEN || plk_queue_row_decode(row->value, &found) != PLK_ERR_OK) {
        relay->counters.corrupt++;
        return;
    }
    if (found.day + PLK_RELAY_QUEUE_DAYS >= relay->sweep.day) return;
    struct plk_queue *queue = plk_queues_hold(&relay->queues, row->key.at);
    bool in_use = queue->refs > 1; // somebody is attached: it has its time until the next walk
    plk_queues_drop(&relay->queues, queue);
    if (in_use) return;
    plk_relay_delete_queue(relay, row->key.at);
    relay->counters.queues_expired++;
}

static void next_table(struct plk_relay *relay) {
    struct plk_relay_sweep *sweep = &relay->sweep;
    sweep->from_len = 0;
    if (sweep->queues) {
        sweep->running = false;
        return;
    }
    // What came or went while the walk was under way makes the first count a little wrong; each day puts it right.
    sweep->stored = (int64_t)sweep->counted;
    sweep->stored_known = true;
    sweep->queues = true;
}

void plk_relay_sweep_loaded(struct plk_relay *relay, struct plk_read *read, const struct plk_input *input) {
    struct plk_relay_sweep *sweep = &relay->sweep;
    for (size_t i = 0; i < input->loaded.count; i++) {
        const struct plk_row *row = &input->loaded.rows[i];
        plk_ledger_turn(&relay->ledger);
        if (read->table == PLK_TABLE_ritem) {
            item(relay, row);
        } else {
            queue_row(relay, row);
        }
        if (row->key.len >= sizeof sweep->from) continue;
        memcpy(sweep->from, row->key.at, row->key.len); // the next part begins behind this key
        sweep->from[row->key.len] = 0;
        sweep->from_len = row->key.len + 1;
        read->number++;
    }
    if (input->loaded.more) return;
    sweep->reading = false;
    sweep->next_us = relay->now.mono_us + PLK_RELAY_SWEEP_PAUSE_US;
    if (read->number < PLK_RELAY_SWEEP_ROWS) next_table(relay);
}
