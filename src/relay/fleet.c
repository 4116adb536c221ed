// SPDX-License-Identifier: MIT
#include "relay/fleet.h"

#include "relay/inside.h"
#include "wire/tlv.h"

#define SLOT_BIT(slot) (UINT64_C(1) << (slot))
#define NUMBER_STEP UINT64_C(64) // numbers of one process lie so far apart: PLK_FLEET_SLOTS

_Static_assert(NUMBER_STEP == PLK_FLEET_SLOTS, "a number names the slot that gave it");

void plk_fleet_init(struct plk_relay *relay) { relay->fleet.out_end = &relay->fleet.out; }

void plk_fleet_free(struct plk_relay *relay) {
    struct plk_relay_fleet *fleet = &relay->fleet;
    plk_mem_give(relay->mem, fleet->handed);
    while (fleet->out != NULL) {
        struct plk_relay_fleet_out *out = fleet->out;
        fleet->out = out->next;
        plk_mem_give(relay->mem, out);
    }
    plk_buf_free(relay->mem, &fleet->subs);
}

void plk_relay_fleet_join(struct plk_relay *relay, uint8_t slot) {
    plk_assert(slot < PLK_FLEET_SLOTS);
    plk_assert(relay->fleet.joined || relay->queues.count == 0);
    relay->fleet.joined = relay->queues.several = true;
    relay->fleet.slot = slot;
}

void plk_relay_fleet_others(struct plk_relay *relay, uint64_t slots) {
    relay->fleet.others = slots & ~SLOT_BIT(relay->fleet.slot);
}

static bool has_place(const struct plk_relay_fleet *fleet, const struct plk_addr *place) {
    size_t i = 0;
    while (i < fleet->place_count && !plk_addr_equal(&fleet->places[i], place)) i++;
    return i < fleet->place_count;
}

static void add_places(struct plk_relay_fleet *fleet, const struct plk_addr *places, size_t count) {
    for (size_t i = 0; i < count && fleet->place_count < PLK_RELAY_GREETING_PLACES_MAX; i++) {
        if (!has_place(fleet, &places[i])) fleet->places[fleet->place_count++] = places[i];
    }
}

void plk_relay_fleet_places(struct plk_relay *relay, const struct plk_addr *places, size_t count) {
    struct plk_relay_fleet *fleet = &relay->fleet, earlier = *fleet;
    plk_assert(count <= PLK_RELAY_GREETING_PLACES_MAX);
    fleet->place_count = 0;
    add_places(fleet, places, count);
    add_places(fleet, earlier.places, earlier.place_count);
}

void plk_fleet_tell_places(const struct plk_relay *relay, struct plk_writer *extensions) {
    uint8_t room[PLK_RELAY_GREETING_PLACES_MAX * 19];
    struct plk_writer w = plk_writer(room, sizeof room);
    for (size_t i = 0; i < relay->fleet.place_count; i++) plk_addr_write(&w, &relay->fleet.places[i]);
    if (w.len > 0) plk_tlv_put(extensions, PLK_RELAY_GREETING_PLACES, plk_writer_bytes(&w));
}

// ---- out ----------------------------------------------------------------------------------------------------------------

static void say(struct plk_relay *relay, uint8_t to, const struct plk_fleet_word *word) {
    struct plk_relay_fleet *fleet = &relay->fleet;
    uint8_t room[PLK_FLEET_WORD_MAX];
    struct plk_writer w = plk_writer(room, sizeof room);
    if (fleet->out_count == PLK_RELAY_FLEET_OUT_MAX) return; // as on a network
    plk_fleet_word_encode(&w, word);
    struct plk_relay_fleet_out *out = plk_mem_take(relay->mem, sizeof *out + w.len);
    out->to = to;
    out->len = w.len;
    memcpy(out->bytes, room, w.len);
    *fleet->out_end = out;
    fleet->out_end = &out->next;
    fleet->out_count++;
}

bool plk_relay_fleet_next(struct plk_relay *relay, uint8_t *to, struct plk_bytes *word) {
    struct plk_relay_fleet *fleet = &relay->fleet;
    plk_mem_give(relay->mem, fleet->handed);
    fleet->handed = fleet->out;
    if (fleet->handed == NULL) return false;
    fleet->out = fleet->handed->next;
    if (fleet->out == NULL) fleet->out_end = &fleet->out;
    fleet->out_count--;
    *to = fleet->handed->to;
    *word = plk_bytes(fleet->handed->bytes, fleet->handed->len);
    return true;
}

bool plk_relay_fleet_subscribed(struct plk_relay *relay, uint64_t *stamp, uint8_t *sids, size_t *count) {
    struct plk_buf *subs = &relay->fleet.subs;
    size_t len = *count * PLK_QUEUE_ID_LEN;
    if (subs->len == 0) return false;
    if (len > subs->len) len = subs->len;
    memcpy(sids, subs->at, len);
    plk_buf_drop_front(subs, len);
    *stamp = relay->fleet.stamp;
    *count = len / PLK_QUEUE_ID_LEN;
    return true;
}

// ---- numbers and what was read ------------------------------------------------------------------------------------------

uint64_t plk_fleet_number(const struct plk_relay *relay, uint64_t next) {
    const struct plk_relay_fleet *fleet = &relay->fleet;
    uint64_t number = relay->now.wall_ms << PLK_RELAY_FLEET_NUMBER_SHIFT;
    if (!fleet->joined) return next;
    if (number < next) number = next;
    uint64_t own = (number & ~(NUMBER_STEP - 1)) | fleet->slot;
    return own >= number ? own : own + NUMBER_STEP;
}

static uint32_t moment(const struct plk_relay *relay) { return (uint32_t)(relay->now.mono_us / (PLK_SECOND / 64)); }

void plk_fleet_heads_read(struct plk_relay *relay, struct plk_queue *queue) {
    if (relay->fleet.joined) queue->fleet->heads_at = moment(relay);
}

// Whoever puts or subscribes reads them anew.
static void forget_heads(struct plk_relay *relay, struct plk_queue *queue) {
    plk_mailbox_free(relay->mem, queue->mailbox);
    queue->mailbox = NULL;
    queue->heads_known = false;
    queue->next = 0;
}

bool plk_fleet_heads_fresh(struct plk_relay *relay, struct plk_queue *queue) {
    bool alone = relay->fleet.others == 0, watched = queue->sub != NULL; // what is watched is told of
    if (!queue->heads_known || alone || watched) return queue->heads_known;
    uint32_t age = moment(relay) - queue->fleet->heads_at;
    if (age <= PLK_RELAY_FLEET_FRESH_US / (PLK_SECOND / 64)) return true;
    forget_heads(relay, queue);
    return false;
}

// Another process has put items: they come beside those that are known.
static void look_at_items(struct plk_relay *relay, struct plk_queue *queue) {
    if (queue->heads_reading) {
        queue->heads_again = true; // it may have been answered before
    } else if (queue->sub == NULL) {
        if (queue->heads_known) forget_heads(relay, queue);
    } else if (plk_reads_full(&relay->reads)) {
        plk_relay_fleet_look_again(relay); // when there is room
    } else if (queue->heads_known) {
        plk_relay_read_heads(relay, queue);
    }
}

static void look_at_row(struct plk_relay *relay, struct plk_queue *queue) {
    struct plk_read *read = plk_reads_one(&relay->reads, PLK_READ_LOOK, PLK_TABLE_rqueue,
                                          plk_bytes(queue->sid, sizeof queue->sid), plk_ledger_mark(&relay->ledger));
    read->queue = plk_queues_hold(&relay->queues, queue->sid);
    queue->reads++;
}

void plk_relay_looked(struct plk_relay *relay, struct plk_read *read, const struct plk_input *input) {
    struct plk_queue *queue = read->queue;
    struct plk_queue_row row;
    if (read->any || (input->loaded.count == 0 && input->loaded.more)) return;
    read->any = true;
    if (input->loaded.count == 0) {
        plk_relay_queue_gone(relay, queue);
    } else if (plk_queue_row_decode(input->loaded.rows[0].value, &row) == PLK_ERR_OK) {
        queue->flags = row.flags;
    } else {
        relay->counters.corrupt++;
    }
}

// ---- all at once --------------------------------------------------------------------------------------------------------

void plk_relay_fleet_look_again(struct plk_relay *relay) {
    struct plk_relay_fleet *fleet = &relay->fleet;
    fleet->walking = true;
    fleet->bucket = 0;
    fleet->bucket_count = relay->queues.bucket_count;
    fleet->walk_us = relay->now.mono_us;
}

// Some buckets at a time, while there is room among the reads for commands as well.
void plk_fleet_tick(struct plk_relay *relay) {
    struct plk_relay_fleet *fleet = &relay->fleet;
    if (!fleet->walking || relay->now.mono_us < fleet->walk_us) return;
    if (fleet->bucket_count != relay->queues.bucket_count) plk_relay_fleet_look_again(relay); // they lie elsewhere now
    for (size_t i = 0; i < PLK_RELAY_FLEET_WALK && fleet->bucket < fleet->bucket_count; i++) {
        if (relay->reads.count > PLK_READS_MAX / 2) break;
        struct plk_queue *queue = relay->queues.buckets[fleet->bucket++];
        for (; queue != NULL; queue = queue->next_in_bucket) {
            look_at_items(relay, queue);
            look_at_row(relay, queue);
        }
    }
    fleet->walking = fleet->bucket < fleet->bucket_count;
    fleet->walk_us = relay->now.mono_us + PLK_RELAY_FLEET_WALK_PAUSE_US;
}

uint64_t plk_fleet_deadline(const struct plk_relay *relay) {
    return relay->fleet.walking ? relay->fleet.walk_us : PLK_NEVER;
}

// ---- subscribers --------------------------------------------------------------------------------------------------------

void plk_fleet_subscribed(struct plk_relay *relay, struct plk_queue *queue) {
    struct plk_relay_fleet *fleet = &relay->fleet;
    if (!fleet->joined) return;
    // Those that are handed out together have one stamp. Newer than whatever is known of, though that one's clock may be ahead.
    uint64_t least = fleet->stamp + (fleet->subs.len == 0);
    fleet->stamp = plk_fleet_number(relay, queue->fleet->sub_stamp >= least ? queue->fleet->sub_stamp + 1 : least);
    queue->fleet->sub_stamp = fleet->stamp;
    plk_buf_put(relay->mem, &fleet->subs, plk_bytes(queue->sid, sizeof queue->sid));
}

static void subscribed_there(struct plk_relay *relay, struct plk_queue *queue, uint8_t from, uint64_t stamp) {
    if (stamp <= queue->fleet->sub_stamp) return;
    queue->fleet->sub_stamp = stamp;
    queue->fleet->away = (uint8_t)(from + 1);
    if (queue->sub == NULL) return;
    struct plk_queue_record replaced = {.type = PLK_QUEUE_REPLACED, .handle = queue->sub_handle};
    struct plk_relay_client *client = queue->sub;
    plk_relay_unsubscribe(relay, queue);
    plk_relay_client_answer(relay, client, &replaced, false);
}

// ---- packets ------------------------------------------------------------------------------------------------------------

bool plk_fleet_pass(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_handle *handle,
                    struct plk_bytes bytes) {
    struct plk_queue *queue = handle->queue;
    uint64_t others = relay->fleet.others;
    if (others == 0) return false;
    bool known = queue->fleet->away != 0 && (others & SLOT_BIT(queue->fleet->away - 1)) != 0;
    struct plk_fleet_word word = {.kind = known ? PLK_FLEET_PASS : PLK_FLEET_ASK,
                                  .sids = plk_bytes(queue->sid, sizeof queue->sid),
                                  .client = client->cid,
                                  .handle = handle->number,
                                  .bytes = bytes};
    queue->fleet->asked = others;
    say(relay, known ? (uint8_t)(queue->fleet->away - 1) : PLK_RELAY_FLEET_ALL, &word);
    return true;
}

static void passed(struct plk_relay *relay, uint8_t from, const struct plk_fleet_word *word) {
    struct plk_queue *queue = plk_queues_find(&relay->queues, word->sids.at);
    bool here = queue != NULL && queue->sub != NULL;
    struct plk_fleet_word answer = {.kind = here ? PLK_FLEET_HERE : PLK_FLEET_ABSENT,
                                    .sids = word->sids,
                                    .client = word->client,
                                    .handle = word->handle};
    if (here) plk_relay_pass_to(relay, queue, word->bytes);
    if (!here || word->kind == PLK_FLEET_ASK) say(relay, from, &answer);
}

// Once nobody has it, whoever asked is told, as by a relay of one process.
static void absent(struct plk_relay *relay, uint8_t from, const struct plk_fleet_word *word) {
    struct plk_queue *queue = plk_queues_find(&relay->queues, word->sids.at);
    if (queue == NULL) return;
    uint64_t asked = queue->fleet->asked;
    if (queue->fleet->away == from + 1) queue->fleet->away = 0;
    queue->fleet->asked &= ~SLOT_BIT(from);
    if (asked == queue->fleet->asked || (queue->fleet->asked & relay->fleet.others) != 0 || queue->sub != NULL) return;
    struct plk_relay_client *client = plk_relay_client_find(relay, word->client);
    struct plk_handle *handle = client == NULL ? NULL : plk_relay_client_handle(client, word->handle);
    if (plk_handle_is_good(handle) && handle->queue == queue && handle->role == PLK_QUEUE_SENDER)
        plk_relay_pass_nobody(relay, client, handle);
}

// ---- in -----------------------------------------------------------------------------------------------------------------

static void hear_list(struct plk_relay *relay, uint8_t from, const struct plk_fleet_word *word) {
    for (size_t at = 0; at < word->sids.len; at += PLK_QUEUE_ID_LEN) {
        struct plk_queue *queue = plk_queues_find(&relay->queues, word->sids.at + at);
        if (queue == NULL) continue;
        if (word->kind == PLK_FLEET_ITEMS) look_at_items(relay, queue);
        if (word->kind == PLK_FLEET_ROW) look_at_row(relay, queue);
        if (word->kind == PLK_FLEET_SUBSCRIBED) subscribed_there(relay, queue, from, word->stamp);
    }
}

void plk_relay_fleet_hear(struct plk_relay *relay, struct plk_now now, uint8_t from,
                          const struct plk_fleet_word *word) {
    relay->now = now;
    if (!relay->fleet.joined || from >= PLK_FLEET_SLOTS || from == relay->fleet.slot) return;
    plk_ledger_turn(&relay->ledger);
    if (word->kind == PLK_FLEET_ASK || word->kind == PLK_FLEET_PASS) {
        passed(relay, from, word);
    } else if (word->kind == PLK_FLEET_ABSENT) {
        absent(relay, from, word);
    } else if (word->kind == PLK_FLEET_HERE) {
        struct plk_queue *queue = plk_queues_find(&relay->queues, word->sids.at);
        if (queue != NULL) queue->fleet->away = (uint8_t)(from + 1);
    } else {
        hear_list(relay, from, word);
    }
    plk_relay_settle(relay);
}

void plk_relay_fleet_stored(struct plk_relay *relay, int64_t bytes) { relay->sweep.stored += bytes; }
