// SPDX-License-Identifier: MIT
#include "relay/client.h"

#include "relay/inside.h"

#define HANDLES_MIN 4

// ---- lists ------------------------------------------------------------------------------------------------------------

void plk_relay_client_touch(struct plk_relay *relay, struct plk_relay_client *client) {
    if (client->dirty) return;
    client->dirty = true;
    client->next_dirty = NULL;
    *relay->dirty_end = client;
    relay->dirty_end = &client->next_dirty;
}

void plk_relay_client_wait(struct plk_relay *relay, struct plk_relay_client *client) {
    if (client->is_waiting || client->is_patient) return;
    client->is_waiting = true;
    client->next_waiting = NULL;
    *relay->waiting_end = client;
    relay->waiting_end = &client->next_waiting;
}

void plk_relay_client_wait_token(struct plk_relay *relay, struct plk_relay_client *client) {
    if (client->is_waiting || client->is_patient) return;
    client->is_patient = true;
    client->next_waiting = NULL;
    *relay->patient_end = client;
    relay->patient_end = &client->next_waiting;
}

static void owe(struct plk_relay *relay, struct plk_relay_client *client) {
    if (client->is_owing) return;
    client->is_owing = true;
    client->before_owing = NULL;
    client->next_owing = relay->owing;
    if (relay->owing != NULL) relay->owing->before_owing = client;
    relay->owing = client;
}

static void owe_nothing(struct plk_relay *relay, struct plk_relay_client *client) {
    if (!client->is_owing) return;
    client->is_owing = false;
    if (client->before_owing != NULL) {
        client->before_owing->next_owing = client->next_owing;
    } else {
        relay->owing = client->next_owing;
    }
    if (client->next_owing != NULL) client->next_owing->before_owing = client->before_owing;
}

static void leave_lists(struct plk_relay *relay, struct plk_relay_client *client) {
    struct plk_relay_client **at;
    for (at = &relay->dirty; client->dirty && *at != client; at = &(*at)->next_dirty) {}
    if (client->dirty) {
        *at = client->next_dirty;
        if (*at == NULL) relay->dirty_end = at;
    }
    for (at = &relay->polling; client->is_polling && *at != client; at = &(*at)->next_polling) {}
    if (client->is_polling) {
        *at = client->next_polling;
        if (*at == NULL) relay->polling_end = at;
    }
    for (at = &relay->waiting; client->is_waiting && *at != client; at = &(*at)->next_waiting) {}
    if (client->is_waiting) {
        *at = client->next_waiting;
        if (*at == NULL) relay->waiting_end = at;
    }
    for (at = &relay->patient; client->is_patient && *at != client; at = &(*at)->next_waiting) {}
    if (client->is_patient) {
        *at = client->next_waiting;
        if (*at == NULL) relay->patient_end = at;
    }
    owe_nothing(relay, client);
}

// ---- counts by prefix ---------------------------------------------------------------------------------------------------

static void count_up(struct plk_map *map, uint64_t prefix) { plk_map_put(map, prefix, plk_map_find(map, prefix) + 1); }

static void count_down(struct plk_map *map, uint64_t prefix) {
    uint64_t count = plk_map_find(map, prefix) - 1;
    if (count == 0) {
        plk_map_remove(map, prefix);
    } else {
        plk_map_put(map, prefix, count);
    }
}

// ---- life -------------------------------------------------------------------------------------------------------------

struct plk_relay_client *plk_relay_client_new(struct plk_relay *relay, uint64_t cid, const struct plk_addr *from) {
    struct plk_relay_client *client = plk_mem_take(relay->mem, sizeof *client);
    client->cid = cid;
    plk_map_put_pointer(&relay->cids, client->cid, client);
    client->prefix = plk_bucket_prefix(from);
    client->answers_end = &client->answers;
    client->ready_end = &client->ready;
    client->next = relay->clients;
    if (client->next != NULL) client->next->before = client;
    relay->clients = client;
    relay->client_count++;
    return client;
}

void plk_relay_client_confirm(struct plk_relay *relay, struct plk_relay_client *client) {
    plk_assert(!client->confirmed);
    client->confirmed = true;
    count_up(&relay->prefixes, client->prefix);
}

uint64_t plk_relay_client_new_cid(struct plk_relay *relay) {
    uint64_t cid;
    do {
        cid = plk_rng_u64(&relay->rng);
    } while (cid == 0 || plk_relay_client_find(relay, cid) != NULL);
    return cid;
}

struct plk_relay_client *plk_relay_client_find(const struct plk_relay *relay, uint64_t cid) {
    return plk_map_pointer(&relay->cids, cid);
}

static void free_waiting(struct plk_relay *relay, struct plk_relay_client *client) {
    while (client->answers != NULL) {
        struct plk_answer *answer = client->answers;
        client->answers = answer->next;
        plk_mem_give(relay->mem, answer);
    }
    while (client->passes != NULL) {
        struct plk_pass_waiting *pass = client->passes;
        client->passes = pass->next;
        plk_mem_give(relay->mem, pass);
    }
}

void plk_relay_client_free(struct plk_relay *relay, struct plk_relay_client *client) {
    if (client->half != NULL) plk_admit_forget(relay, client->half);
    while (client->handle_count > 0) {
        plk_relay_client_unbind(relay, client, &client->handles[client->handle_count - 1]);
    }
    if (client->tcp != NULL) plk_relay_tcp_close(relay, client->tcp, true);
    leave_lists(relay, client);
    plk_agenda_remove(&relay->agenda, client);
    free_waiting(relay, client);
    plk_forward_free_all(relay, client);
    plk_map_remove(&relay->cids, client->cid);
    if (client->confirmed) count_down(&relay->prefixes, client->prefix);
    if (client->before != NULL) {
        client->before->next = client->next;
    } else {
        relay->clients = client->next;
    }
    if (client->next != NULL) client->next->before = client->before;
    relay->client_count--;
    plk_relay_channel_free(client->channel);
    plk_mem_give(relay->mem, client->handles);
    plk_mem_give(relay->mem, client);
}

// ---- handles ----------------------------------------------------------------------------------------------------------

static uint16_t handle_place(const struct plk_relay_client *client, uint32_t number) {
    uint16_t low = 0, high = client->handle_count;
    while (low < high) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        if (client->handles[middle].number < number) {
            low = (uint16_t)(middle + 1);
        } else {
            high = middle;
        }
    }
    return low;
}

struct plk_handle *plk_relay_client_handle(struct plk_relay_client *client, uint32_t number) {
    uint16_t at = handle_place(client, number);
    return at < client->handle_count && client->handles[at].number == number ? &client->handles[at] : NULL;
}

bool plk_relay_client_may_bind(const struct plk_relay *relay, const struct plk_relay_client *client) {
    uint64_t max = relay->config.memory_max;
    uint64_t of_prefix = (plk_map_find(&relay->prefix_handles, client->prefix) + 1) * PLK_RELAY_HANDLE_COST;
    return client->handle_count < PLK_RELAY_CLIENT_HANDLES_MAX && of_prefix <= max / PLK_RELAY_PREFIX_PART &&
           relay->mem->used < max - max / PLK_RELAY_HANDLES_LEAVE;
}

struct plk_handle *plk_relay_client_bind(struct plk_relay *relay, struct plk_relay_client *client, uint32_t number) {
    uint16_t at = handle_place(client, number);
    if (client->handle_count == client->handle_cap) {
        size_t cap = client->handle_cap < HANDLES_MIN ? HANDLES_MIN : client->handle_cap + client->handle_cap / 4u + 1u;
        client->handles = plk_mem_grow(relay->mem, client->handles, cap * sizeof *client->handles);
        client->handle_cap = (uint16_t)cap;
    }
    struct plk_handle *handle = &client->handles[at];
    memmove(handle + 1, handle, (size_t)(client->handle_count - at) * sizeof *handle);
    client->handle_count++;
    count_up(&relay->prefix_handles, client->prefix);
    *handle = (struct plk_handle){.number = number};
    return handle;
}

void plk_relay_client_unbind(struct plk_relay *relay, struct plk_relay_client *client, struct plk_handle *handle) {
    struct plk_queue *queue = handle->queue;
    if (handle->state == PLK_HANDLE_ATTACHING) client->attaching--;
    if (queue->sub == client && queue->sub_handle == handle->number) plk_relay_unsubscribe(relay, queue);
    size_t at = (size_t)(handle - client->handles);
    client->handle_count--;
    count_down(&relay->prefix_handles, client->prefix);
    memmove(handle, handle + 1, (client->handle_count - at) * sizeof *handle);
    plk_queues_drop(&relay->queues, queue);
}

// ---- answers ----------------------------------------------------------------------------------------------------------

void plk_relay_client_answer(struct plk_relay *relay, struct plk_relay_client *client,
                             const struct plk_queue_record *record, bool durable) {
    struct plk_answer *answer = plk_mem_take(relay->mem, sizeof *answer);
    struct plk_writer w = plk_writer(answer->bytes, sizeof answer->bytes);
    plk_queue_encode(&w, record);
    plk_assert(!w.failed);
    answer->len = w.len;
    answer->mark = durable ? plk_ledger_mark(&relay->ledger) : 0;
    *client->answers_end = answer;
    client->answers_end = &answer->next;
    client->answer_count++;
    plk_relay_client_touch(relay, client);
}

void plk_relay_client_done(struct plk_relay *relay, struct plk_relay_client *client, uint32_t tag,
                           enum plk_queue_code code, bool durable) {
    struct plk_queue_record done = {.type = PLK_QUEUE_DONE, .tag = tag};
    done.code = code;
    if (code != PLK_QUEUE_CODE_OK) relay->counters.commands_refused++;
    plk_relay_client_answer(relay, client, &done, durable);
}

void plk_relay_client_flush(struct plk_relay *relay, struct plk_relay_client *client) {
    while (client->answers != NULL) {
        struct plk_answer *answer = client->answers;
        if (!plk_ledger_durable(&relay->ledger, answer->mark)) {
            owe(relay, client);
            return;
        }
        // What is being read for it has its room already.
        if (plk_relay_channel_room(client->channel) < client->loading + answer->len) break;
        plk_relay_channel_write(client->channel, relay->now.mono_us, plk_bytes(answer->bytes, answer->len));
        client->answers = answer->next;
        if (client->answers == NULL) client->answers_end = &client->answers;
        client->answer_count--;
        plk_mem_give(relay->mem, answer);
    }
    owe_nothing(relay, client);
}
