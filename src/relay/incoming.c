// SPDX-License-Identifier: MIT
// From what the host received to the client that it is for.
#include "relay/inside.h"

static enum plk_relay_channel_memory memory_now(const struct plk_relay *relay) {
    uint64_t max = relay->config.memory_max;
    if (relay->mem->used > max + max / 8) return PLK_RELAY_CHANNEL_FULL;
    return relay->mem->used > max ? PLK_RELAY_CHANNEL_SHORT : PLK_RELAY_CHANNEL_PLENTY;
}

static void data(struct plk_relay *relay, const struct plk_addr *from, const struct plk_addr *local,
                 struct plk_relay_tcp *tcp, const struct plk_packet *packet, struct plk_bytes bytes) {
    struct plk_reader r = plk_reader(packet->cid);
    struct plk_relay_client *client = plk_relay_client_find(relay, plk_reader_u64(&r));
    if (client == NULL && tcp == NULL && plk_forward_receive(relay, from, packet, bytes)) return;
    if (client == NULL && tcp == NULL && plk_announces_packet(relay, from, packet)) return;
    if (client == NULL || client->tcp != tcp) {
        relay->counters.stranger++;
        return;
    }
    if (packet->body.len > sizeof relay->scratch) {
        relay->counters.malformed++;
        return;
    }
    struct plk_relay_channel_passed passed;
    enum plk_err err = plk_relay_channel_receive(client->channel, relay->now.mono_us, tcp == NULL ? from : NULL, packet,
                                                 memory_now(relay), &relay->rng, relay->scratch, &passed);
    if (err != PLK_ERR_OK) {
        relay->counters.replayed += err == PLK_ERR_REPLAYED;
        relay->counters.protocol += err == PLK_ERR_MALFORMED;
        relay->counters.forged += err != PLK_ERR_REPLAYED && err != PLK_ERR_MALFORMED;
        if (err == PLK_ERR_MALFORMED) plk_relay_client_touch(relay, client);
        return;
    }
    if (client->half != NULL) {
        plk_admit_forget(relay, client->half);
        plk_relay_client_confirm(relay, client);
        relay->counters.clients++;
    }
    client->local = *local;
    plk_relay_client_touch(relay, client);
    struct plk_relay_channel_frame frame;
    while (plk_relay_channel_passed_next(&passed, &frame)) plk_relay_pass(relay, client, &frame);
}

// What another relay says to a hello of ours, or of a client's beyond us.
static bool answer(struct plk_relay *relay, const struct plk_addr *from, const struct plk_packet *packet,
                   struct plk_bytes bytes) {
    return plk_forward_receive(relay, from, packet, bytes) || plk_directory_receive(relay, from, packet) ||
           plk_announces_packet(relay, from, packet);
}

void plk_relay_packet(struct plk_relay *relay, const struct plk_addr *from, const struct plk_addr *local,
                      struct plk_relay_tcp *tcp, struct plk_bytes bytes) {
    struct plk_packet packet;
    if (plk_packet_decode(&packet, bytes) != PLK_ERR_OK) {
        relay->counters.malformed++;
    } else if (packet.kind == PLK_PACKET_STUN) {
        plk_relay_reflect(relay, from, local, tcp, bytes);
    } else if (packet.kind == PLK_PACKET_HELLO) {
        plk_admit_hello(relay, from, local, tcp, &packet, bytes);
    } else if (packet.kind == PLK_PACKET_DATA) {
        data(relay, from, local, tcp, &packet, bytes);
    } else if (tcp != NULL || !answer(relay, from, &packet, bytes)) {
        relay->counters.stranger++;
    }
}

void plk_relay_datagram(struct plk_relay *relay, const struct plk_input *input) {
    relay->counters.datagrams_in++;
    plk_relay_packet(relay, &input->datagram.from, &input->datagram.to, NULL, input->datagram.data);
}
