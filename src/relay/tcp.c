// SPDX-License-Identifier: MIT
#include "relay/tcp.h"

#include "relay/inside.h"

struct plk_relay_tcp *plk_relay_tcp_find(const struct plk_relay *relay, uint32_t stream) {
    return plk_map_pointer(&relay->tcps.map, stream);
}

void plk_relay_tcp_close(struct plk_relay *relay, struct plk_relay_tcp *tcp, bool tell_host) {
    struct plk_relay_tcps *tcps = &relay->tcps;
    if (tell_host) {
        struct plk_output output = {.kind = PLK_OUT_STREAM_CLOSE, .stream_close = {tcp->stream}};
        plk_outputs_now(&relay->outputs, &output);
    }
    if (tcp->before != NULL) {
        tcp->before->next = tcp->next;
    } else {
        tcps->first = tcp->next;
    }
    if (tcp->next != NULL) {
        tcp->next->before = tcp->before;
    } else {
        tcps->last = tcp->before;
    }
    if (tcp->client == NULL) {
        tcps->strangers--;
    } else {
        tcp->client->tcp = NULL;
    }
    plk_map_remove(&tcps->map, tcp->stream);
    tcps->count--;
    plk_buf_free(relay->mem, &tcp->in);
    plk_mem_give(relay->mem, tcp);
}

// With its client, which has no other way to it.
static void drop(struct plk_relay *relay, struct plk_relay_tcp *tcp, bool tell_host) {
    struct plk_relay_client *client = tcp->client;
    plk_relay_tcp_close(relay, tcp, tell_host);
    if (client != NULL) plk_relay_client_free(relay, client);
}

static void limited(struct plk_relay *relay, struct plk_relay_tcp *tcp) {
    relay->counters.streams_limited++;
    drop(relay, tcp, true);
}

static void accepted(struct plk_relay *relay, const struct plk_input *input) {
    struct plk_relay_tcps *tcps = &relay->tcps;
    if (plk_relay_tcp_find(relay, input->stream.stream) != NULL) return; // a host's mistake
    if (tcps->strangers >= PLK_RELAY_TCP_STRANGERS_MAX) {
        struct plk_relay_tcp *oldest = tcps->first;
        while (oldest->client != NULL) oldest = oldest->next;
        limited(relay, oldest);
    }
    struct plk_relay_tcp *tcp = plk_mem_take(relay->mem, sizeof *tcp);
    tcp->stream = input->stream.stream;
    tcp->remote = input->stream.remote;
    tcp->writable = input->stream.writable;
    tcp->since_us = relay->now.mono_us;
    tcp->before = tcps->last;
    if (tcps->last != NULL) {
        tcps->last->next = tcp;
    } else {
        tcps->first = tcp;
    }
    tcps->last = tcp;
    tcps->count++;
    tcps->strangers++;
    plk_map_put_pointer(&tcps->map, tcp->stream, tcp);
}

// Whole packets out of what has arrived. A packet may end its connection: it is looked up anew after each.
static void arrived(struct plk_relay *relay, struct plk_relay_tcp *tcp, struct plk_bytes bytes) {
    static const struct plk_addr none;
    uint32_t stream = tcp->stream;
    bool was_empty = tcp->in.len == 0, broken;
    plk_buf_put(relay->mem, &tcp->in, bytes);
    if (was_empty && tcp->client != NULL) tcp->since_us = relay->now.mono_us;
    struct plk_bytes packet;
    for (size_t took; (took = plk_packet_unframe(plk_buf_bytes(&tcp->in), &packet, &broken)) > 0;) {
        struct plk_addr remote = tcp->remote;
        struct plk_buf in = tcp->in; // the packet lies in it: it stays while the connection may go
        tcp->in = (struct plk_buf){0};
        plk_relay_packet(relay, &remote, &none, tcp, packet);
        tcp = plk_relay_tcp_find(relay, stream);
        if (tcp == NULL) {
            plk_buf_free(relay->mem, &in);
            return;
        }
        tcp->in = in;
        plk_buf_drop_front(&tcp->in, took);
        if (tcp->client != NULL) tcp->since_us = relay->now.mono_us;
    }
    // No packet that we take is longer, whatever its length says.
    if (broken || tcp->in.len > PLK_PACKET_FRAME_LEN + PLK_RELAY_CHANNEL_TCP_LEN) {
        relay->counters.malformed++;
        drop(relay, tcp, true);
        return;
    }
    if (tcp->in.len == 0) plk_buf_free(relay->mem, &tcp->in);
}

void plk_relay_stream(struct plk_relay *relay, const struct plk_input *input) {
    struct plk_relay_tcp *tcp = plk_relay_tcp_find(relay, input->stream.stream);
    if (input->stream.event == PLK_STREAM_ACCEPTED) accepted(relay, input);
    if (tcp == NULL) return;
    switch (input->stream.event) {
    case PLK_STREAM_BYTES:
        arrived(relay, tcp, input->stream.data);
        break;
    case PLK_STREAM_WRITABLE:
        tcp->writable = input->stream.writable;
        if (tcp->client != NULL) plk_relay_client_touch(relay, tcp->client);
        break;
    case PLK_STREAM_CLOSED:
        drop(relay, tcp, false);
        break;
    case PLK_STREAM_OPENED:
    case PLK_STREAM_ACCEPTED:
        break;
    }
}

static bool is_late(const struct plk_relay *relay, const struct plk_relay_tcp *tcp) {
    uint64_t waited_us = relay->now.mono_us - tcp->since_us;
    if (tcp->client == NULL) return waited_us >= PLK_RELAY_TCP_HELLO_US;
    return tcp->in.len > 0 && waited_us >= PLK_RELAY_TCP_PACKET_US;
}

void plk_relay_tcps_tick(struct plk_relay *relay) {
    struct plk_relay_tcps *tcps = &relay->tcps;
    if (tcps->count == 0 || relay->now.mono_us < tcps->look_us) return;
    tcps->look_us = relay->now.mono_us + PLK_RELAY_TCP_LOOK_US;
    struct plk_relay_tcp *next;
    for (struct plk_relay_tcp *tcp = tcps->first; tcp != NULL; tcp = next) {
        next = tcp->next;
        if (is_late(relay, tcp)) limited(relay, tcp);
    }
}

void plk_relay_tcps_free(struct plk_relay *relay) {
    while (relay->tcps.first != NULL) plk_relay_tcp_close(relay, relay->tcps.first, false);
    plk_map_free(&relay->tcps.map);
}
