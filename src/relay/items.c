// SPDX-License-Identifier: MIT
// What waits in queues goes to their subscribers: a head at a time is chosen, its cell read, and written when it has come.
#include "relay/inside.h"

void plk_relay_read_heads(struct plk_relay *relay, struct plk_queue *queue) {
    struct plk_read *read = plk_reads_all(&relay->reads, PLK_READ_HEADS, PLK_TABLE_ritem,
                                          plk_bytes(queue->sid, sizeof queue->sid), 0, plk_ledger_mark(&relay->ledger));
    read->queue = plk_queues_hold(&relay->queues, queue->sid);
    queue->reads++;
    queue->heads_reading = true;
    queue->heads_again = false;
}

// One more head: of a queue that is known already, by what another process has kept.
static void take_head(struct plk_relay *relay, struct plk_queue *queue, const struct plk_row *row) {
    struct plk_head head;
    if (plk_head_decode(row->key, row->value, &head) != PLK_ERR_OK ||
        (!queue->heads_known && head.number < queue->next)) {
        relay->counters.corrupt++;
        return;
    }
    struct plk_mailbox *mailbox = plk_mailbox_of(relay->mem, queue);
    if (!queue->heads_known) {
        plk_mailbox_add(relay->mem, mailbox, &head);
    } else {
        plk_mailbox_insert(relay->mem, mailbox, &head);
    }
    if (head.number >= queue->next) queue->next = head.number + 1;
}

void plk_relay_heads_loaded(struct plk_relay *relay, struct plk_read *read, const struct plk_input *input) {
    struct plk_queue *queue = read->queue;
    for (size_t i = 0; i < input->loaded.count; i++) take_head(relay, queue, &input->loaded.rows[i]);
    if (input->loaded.more) return;
    queue->heads_known = true;
    queue->heads_reading = false;
    queue->reads--;
    plk_fleet_heads_read(relay, queue);
    if (queue->heads_again) plk_relay_read_heads(relay, queue);
    plk_relay_ready(relay, queue);
}

void plk_relay_ready(struct plk_relay *relay, struct plk_queue *queue) {
    struct plk_mailbox *mailbox = queue->mailbox;
    struct plk_relay_client *client = queue->sub;
    if (client == NULL || mailbox == NULL || mailbox->ready || plk_mailbox_next(mailbox) == NULL) return;
    mailbox->ready = true;
    mailbox->next_ready = NULL;
    *client->ready_end = mailbox;
    client->ready_end = &mailbox->next_ready;
    plk_relay_client_touch(relay, client);
}

void plk_relay_unsubscribe(struct plk_relay *relay, struct plk_queue *queue) {
    struct plk_relay_client *client = queue->sub;
    struct plk_mailbox *mailbox = queue->mailbox;
    (void)relay;
    queue->sub = NULL;
    if (mailbox == NULL || !mailbox->ready) return;
    struct plk_mailbox **at = &client->ready;
    while (*at != mailbox) at = &(*at)->next_ready;
    *at = mailbox->next_ready;
    if (*at == NULL) client->ready_end = at;
    mailbox->ready = false;
}

static struct plk_mailbox *take_ready(struct plk_relay_client *client) {
    struct plk_mailbox *mailbox = client->ready;
    client->ready = mailbox->next_ready;
    if (client->ready == NULL) client->ready_end = &client->ready;
    mailbox->ready = false;
    return mailbox;
}

// Room for one more cell in the stream, beside what is being read already and what answers may need.
static bool has_room(const struct plk_relay *relay, const struct plk_relay_client *client, size_t size) {
    const struct plk_relay_channel *channel = client->channel;
    size_t need = client->loading + size + PLK_QUEUE_SMALL_MAX + PLK_RELAY_CLIENT_ANSWER_ROOM;
    return plk_relay_channel_room(channel) >= need && relay->mem->used <= relay->config.memory_max &&
           client->loading + plk_relay_channel_unacked(channel) + size <= PLK_RELAY_CLIENT_UNDER_WAY_MAX;
}

static void read_item(struct plk_relay *relay, struct plk_relay_client *client, struct plk_queue *queue,
                      const struct plk_head *head) {
    uint8_t key[PLK_MAILBOX_KEY_LEN];
    plk_head_key(key, queue->sid, head->number);
    struct plk_read *read = plk_reads_one(&relay->reads, PLK_READ_ITEM, PLK_TABLE_rcell, plk_bytes(key, sizeof key),
                                          plk_ledger_mark(&relay->ledger));
    read->queue = plk_queues_hold(&relay->queues, queue->sid);
    read->client = client->cid;
    read->number = head->number;
    read->size = (uint32_t)plk_head_size(head);
    client->loading += read->size;
}

// In turn, one item of each queue, so that a long queue does not keep the others waiting.
void plk_relay_pump(struct plk_relay *relay, struct plk_relay_client *client) {
    while (client->ready != NULL) {
        struct plk_head *head = plk_mailbox_next(client->ready);
        if (head != NULL && !has_room(relay, client, plk_head_size(head))) return; // an ACK of the channel comes first
        if (head != NULL && plk_reads_full(&relay->reads)) {
            plk_relay_client_wait(relay, client);
            return;
        }
        struct plk_mailbox *mailbox = take_ready(client);
        if (head == NULL) continue;
        read_item(relay, client, mailbox->queue, head);
        plk_mailbox_went(mailbox, head);
        plk_relay_ready(relay, mailbox->queue);
    }
}

static void write_item(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_read *read,
                       struct plk_bytes cell) {
    struct plk_queue_record item = {.type = PLK_QUEUE_ITEM, .handle = read->queue->sub_handle};
    struct plk_buf buf = {0};
    item.cell.number = read->number;
    item.cell.bytes = cell;
    size_t len = plk_queue_len(&item);
    struct plk_writer w = plk_writer(plk_buf_room(relay->mem, &buf, len), len);
    plk_queue_encode(&w, &item);
    size_t took = plk_relay_channel_write(client->channel, relay->now.mono_us, plk_writer_bytes(&w));
    plk_assert(took == len || took == 0); // 0: it is closing. Room was kept for the whole
    plk_buf_free(relay->mem, &buf);
    relay->counters.sent++;
}

// A row that should be there is not (it went by age just now): the item is forgotten, so that the next can follow.
static void missing(struct plk_relay *relay, const struct plk_read *read) {
    if (read->queue->mailbox == NULL) return;
    plk_mailbox_remove(read->queue->mailbox, read->number, false);
    plk_relay_ready(relay, read->queue);
}

void plk_relay_item_loaded(struct plk_relay *relay, struct plk_read *read, const struct plk_input *input) {
    struct plk_relay_client *client = plk_relay_client_find(relay, read->client);
    struct plk_bytes cell = input->loaded.count > 0 ? input->loaded.rows[0].value : plk_bytes(NULL, 0);
    bool good = cell.len == read->size;
    read->any = read->any || input->loaded.count > 0;
    relay->counters.corrupt += input->loaded.count > 0 && !good;
    bool mine = client != NULL && read->queue->sub == client;
    if (good && mine) write_item(relay, client, read, cell);
    if (input->loaded.more) return;
    if (client != NULL) {
        client->loading -= read->size;
        plk_relay_client_touch(relay, client);
    }
    if (mine && (!read->any || !good)) missing(relay, read);
}
