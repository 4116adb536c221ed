// SPDX-License-Identifier: MIT
#include "relay/tcp.h"

#include "relay/inside.h"

struct plk_relay_tcp *plk_relay_tcp_find(const struct plk_relay *relay, uint32_t stream) {
    return plk_map_pointer(&relay->tcps.map, stream);
}

static void enter(struct plk_relay_tcp_list *list, struct plk_relay_tcp *tcp) {
    tcp->before = list->last;
    tcp->next = NULL;
    if (list->last != NULL) {
        list->last->next = tcp;
    } else {
        list->first = tcp;
    }
    list->last = tcp;
    list->count++;
}

static void take_out(struct plk_relay_tcp_list *list, struct plk_relay_tcp *tcp) {
    if (tcp->before != NULL) {
        tcp->before->next = tcp->next;
    } else {
        list->first = tcp->next;
    }
    if (tcp->next != NULL) {
        tcp->next->before = tcp->before;
    } else {
        list->last = tcp->before;
    }
    list->count--;
}

void plk_relay_tcp_welcome(struct plk_relay *relay, struct plk_relay_tcp *tcp, struct plk_relay_client *client) {
    take_out(&relay->tcps.strangers, tcp);
    enter(&relay->tcps.clients, tcp);
    tcp->client = client;
    client->tcp = tcp;
}

void plk_relay_tcp_close(struct plk_relay *relay, struct plk_relay_tcp *tcp, bool tell_host) {
    struct plk_relay_tcps *tcps = &relay->tcps;
    if (tell_host) {
        struct plk_output output = {.kind = PLK_OUT_STREAM_CLOSE, .stream_close = {tcp->stream}};
        plk_outputs_now(&relay->outputs, &output);
    }
    take_out(tcp->client == NULL ? &tcps->strangers : &tcps->clients, tcp);
    if (tcp->client != NULL) tcp->client->tcp = NULL;
    plk_map_remove(&tcps->map, tcp->stream);
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
    if (tcps->strangers.count >= PLK_RELAY_TCP_STRANGERS_MAX) {
        limited(relay, tcps->strangers.first);
    }
    struct plk_relay_tcp *tcp = plk_mem_take(relay->mem, sizeof *tcp);
    tcp->stream = input->stream.stream;
    tcp->remote = input->stream.remote;
    tcp->writable = input->stream.writable;
    tcp->since_us = relay->now.mono_us;
    enter(&tcps->strangers, tcp);
    plk_map_put_pointer(&tcps->map, tcp->stream, tcp);
}

// Whole packets of what has arrived. A packet may end its connection: it is looked up anew after each. NULL: it has ended. *took: of
// all packets; *broken: what follows them is none.
static struct plk_relay_tcp *read_packets(struct plk_relay *relay, struct plk_relay_tcp *tcp, struct plk_bytes in,
                                          size_t *took, bool *broken) {
    static const struct plk_addr none;
    uint32_t stream = tcp->stream;
    struct plk_bytes packet;
    *took = 0;
    for (size_t len; (len = plk_packet_unframe(plk_bytes(in.at + *took, in.len - *took), &packet, broken)) > 0;) {
        struct plk_addr remote = tcp->remote;
        plk_relay_packet(relay, &remote, &none, tcp, packet);
        tcp = plk_relay_tcp_find(relay, stream);
        if (tcp == NULL) return NULL;
        *took += len;
        if (tcp->client != NULL) tcp->since_us = relay->now.mono_us;
    }
    return tcp;
}

// However much comes at once, only the beginning of the next packet is kept, and nothing is moved twice.
static void arrived(struct plk_relay *relay, struct plk_relay_tcp *tcp, struct plk_bytes bytes) {
    struct plk_buf all = tcp->in;
    size_t took;
    bool broken;
    if (bytes.len == 0) return;
    if (all.len == 0 && tcp->client != NULL) tcp->since_us = relay->now.mono_us;
    tcp->in = (struct plk_buf){0};
    if (all.len > 0) plk_buf_put(relay->mem, &all, bytes);
    struct plk_bytes in = all.len > 0 ? plk_buf_bytes(&all) : bytes;
    tcp = read_packets(relay, tcp, in, &took, &broken);
    if (tcp != NULL) {
        struct plk_bytes rest = plk_bytes(in.at + took, in.len - took);
        // No packet that we take is longer, whatever its length says.
        if (broken || rest.len > PLK_PACKET_FRAME_LEN + PLK_RELAY_CHANNEL_TCP_LEN) {
            relay->counters.malformed++;
            drop(relay, tcp, true);
        } else if (rest.len > 0) {
            plk_buf_put(relay->mem, &tcp->in, rest);
        }
    }
    plk_buf_free(relay->mem, &all);
}

void plk_relay_stream(struct plk_relay *relay, const struct plk_input *input) {
    struct plk_relay_tcp *tcp = plk_relay_tcp_find(relay, input->stream.stream);
    if (input->stream.event == PLK_STREAM_ACCEPTED) accepted(relay, input);
    if (tcp == NULL && plk_announces_stream(relay, input)) return;
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

static void end_late(struct plk_relay *relay, struct plk_relay_tcp_list *list) {
    struct plk_relay_tcp *next;
    for (struct plk_relay_tcp *tcp = list->first; tcp != NULL; tcp = next) {
        next = tcp->next;
        if (!is_late(relay, tcp)) continue;
        if (tcp->client == NULL && tcp->mirror) {
            drop(relay, tcp, true);
        } else {
            limited(relay, tcp);
        }
    }
}

void plk_relay_tcps_tick(struct plk_relay *relay) {
    struct plk_relay_tcps *tcps = &relay->tcps;
    if (tcps->strangers.count + tcps->clients.count == 0 || relay->now.mono_us < tcps->look_us) return;
    tcps->look_us = relay->now.mono_us + PLK_RELAY_TCP_LOOK_US;
    end_late(relay, &tcps->strangers);
    end_late(relay, &tcps->clients);
}

void plk_relay_tcps_free(struct plk_relay *relay) {
    struct plk_relay_tcps *tcps = &relay->tcps;
    while (tcps->strangers.first != NULL) plk_relay_tcp_close(relay, tcps->strangers.first, false);
    while (tcps->clients.first != NULL) plk_relay_tcp_close(relay, tcps->clients.first, false);
    plk_map_free(&relay->tcps.map);
}
