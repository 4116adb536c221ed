// SPDX-License-Identifier: MIT
// PASS: from a sender's handle to the one subscriber of now, re-encrypted, never kept (queue.md, section 3).
#include "relay/inside.h"

bool plk_relay_send_frame(struct plk_relay *relay, struct plk_relay_client *to,
                          const struct plk_relay_channel_frame *frame) {
    struct plk_packet_out *out = plk_packets_place(&relay->packets);
    size_t head = to->tcp == NULL ? 0 : PLK_PACKET_FRAME_LEN, len;
    if (out == NULL || (to->tcp != NULL && to->tcp->writable < head + PLK_RELAY_CHANNEL_PACKET_MAX)) return false;
    if (plk_relay_channel_pass(to->channel, frame, out->bytes + head, &len) != PLK_ERR_OK) return false;
    if (to->tcp != NULL) {
        out->bytes[0] = (uint8_t)(len >> 8);
        out->bytes[1] = (uint8_t)len;
        out->stream = to->tcp->stream;
        to->tcp->writable -= head + len;
    } else {
        out->to = *plk_relay_channel_addr(to->channel);
        out->local = to->local;
    }
    out->len = head + len;
    plk_packets_commit(&relay->packets);
    return true;
}

// Each frame leaves in a packet of its own, however short it came: many in one datagram must not make that many out of nothing.
static bool within_budget(struct plk_relay *relay, struct plk_bucket *bucket, size_t len) {
    const struct plk_relay_config *config = &relay->config;
    uint32_t cost = (uint32_t)(len < PLK_RELAY_PASS_LEAST ? PLK_RELAY_PASS_LEAST : len);
    if (plk_bucket_take(bucket, relay->now.mono_us, config->pass_rate, config->pass_burst, cost)) return true;
    relay->counters.pass_limited++;
    return false;
}

static void pass_on(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_handle *handle,
                    struct plk_bytes bytes) {
    struct plk_queue *queue = handle->queue;
    if (handle->role != PLK_QUEUE_SENDER || !plk_handle_is_good(handle)) {
        relay->counters.pass_dropped++;
        return;
    }
    if (!within_budget(relay, &client->pass, bytes.len)) return;
    if (queue->sub != NULL) {
        plk_relay_pass_to(relay, queue, bytes);
    } else if (!plk_fleet_pass(relay, client, handle, bytes)) {
        plk_relay_pass_nobody(relay, client, handle);
    }
}

void plk_relay_pass_nobody(struct plk_relay *relay, struct plk_relay_client *client, const struct plk_handle *handle) {
    struct plk_relay_channel_frame nobody = {.type = PLK_FRAME_NOBODY, .handle = handle->number};
    relay->counters.pass_nobody++;
    if ((handle->queue->flags & PLK_QUEUE_QUIET) == 0) plk_relay_send_frame(relay, client, &nobody);
}

void plk_relay_pass_to(struct plk_relay *relay, struct plk_queue *queue, struct plk_bytes bytes) {
    if (!within_budget(relay, &queue->pass, bytes.len)) return;
    struct plk_relay_channel_frame frame = {.type = PLK_FRAME_PASS, .handle = queue->sub_handle, .bytes = bytes};
    if (!plk_relay_send_frame(relay, queue->sub, &frame)) {
        relay->counters.pass_limited++;
        return;
    }
    relay->counters.passed++;
    relay->counters.passed_bytes += bytes.len;
}

// ---- those that came before their ATTACH ------------------------------------------------------------------------------

// What it takes here: a byte costs as much as its place in the list.
static uint32_t kept_len(size_t len) { return (uint32_t)(sizeof(struct plk_pass_waiting) + len); }

static void keep(struct plk_relay *relay, struct plk_relay_client *client, uint32_t handle, struct plk_bytes bytes) {
    if (client->pass_bytes + kept_len(bytes.len) > PLK_RELAY_CLIENT_PASS_WAIT_BYTES ||
        relay->mem->used > relay->config.memory_max) {
        relay->counters.pass_limited++;
        return;
    }
    struct plk_pass_waiting *pass = plk_mem_take(relay->mem, sizeof *pass + bytes.len), **at = &client->passes;
    pass->until_us = relay->now.mono_us + PLK_RELAY_CLIENT_PASS_WAIT_US;
    pass->handle = handle;
    pass->len = bytes.len;
    memcpy(pass->bytes, bytes.at, bytes.len);
    while (*at != NULL) at = &(*at)->next;
    *at = pass;
    client->pass_bytes += kept_len(bytes.len);
}

void plk_relay_pass(struct plk_relay *relay, struct plk_relay_client *client,
                    const struct plk_relay_channel_frame *frame) {
    if (frame->type == PLK_FRAME_FWD) {
        plk_forward_send(relay, client, frame->handle, frame->bytes);
        return;
    }
    if (frame->type != PLK_FRAME_PASS) {
        relay->counters.pass_dropped++;
        return;
    }
    struct plk_handle *handle = plk_relay_client_handle(client, frame->handle);
    if (handle == NULL || handle->state != PLK_HANDLE_ATTACHED) {
        if (frame->bytes.len > 0) keep(relay, client, frame->handle, frame->bytes);
    } else {
        pass_on(relay, client, handle, frame->bytes);
    }
}

// The handle is attached, or never will be; and those that have waited long enough.
void plk_relay_pass_waiting(struct plk_relay *relay, struct plk_relay_client *client, uint32_t number) {
    struct plk_handle *handle = plk_relay_client_handle(client, number);
    bool attached = handle != NULL && handle->state == PLK_HANDLE_ATTACHED;
    for (struct plk_pass_waiting **at = &client->passes; *at != NULL;) {
        struct plk_pass_waiting *pass = *at;
        bool late = pass->until_us <= relay->now.mono_us, is_its = pass->handle == number;
        if (!late && !(is_its && attached)) {
            at = &pass->next;
            continue;
        }
        *at = pass->next;
        client->pass_bytes -= kept_len(pass->len);
        if (is_its && attached) {
            pass_on(relay, client, handle, plk_bytes(pass->bytes, pass->len));
        } else {
            relay->counters.pass_dropped++;
        }
        plk_mem_give(relay->mem, pass);
    }
}
