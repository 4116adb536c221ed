// SPDX-License-Identifier: MIT
#include "relay/shared_port.h"

#include "relay/inside.h"

#define STUN_CLASS 0x0110 // bits of its type (RFC 8489, section 5); a request has neither

struct plk_shared_stream {
    uint32_t stream;
    bool relays; // decided: the relay's. Those that are the node's are forgotten
    struct plk_addr remote;
    size_t writable;
    size_t head_len;
    uint8_t head[PLK_SHARED_HEAD_LEN];
};

// ---- datagrams ----------------------------------------------------------------------------------------------------------

static bool is_called_back(const struct plk_relay *relay, uint64_t cid) {
    for (unsigned i = 0; i < PLK_VOUCHES_MAX; i++) {
        const struct plk_vouch *vouch = &relay->directory.vouches[i];
        if (vouch->used && vouch->cid == cid) return true;
    }
    return false;
}

bool plk_shared_port_is_relays(const struct plk_relay *relay, struct plk_bytes datagram) {
    struct plk_packet packet;
    if (plk_packet_decode(&packet, datagram) != PLK_ERR_OK) return false;
    if (packet.kind == PLK_PACKET_HELLO) return true;
    if (packet.kind == PLK_PACKET_STUN)
        return datagram.len >= 2 && ((datagram.at[0] << 8 | datagram.at[1]) & STUN_CLASS) == 0;
    if (packet.cid.len != PLK_PACKET_CID_LEN) return false;
    struct plk_reader r = plk_reader(packet.cid);
    uint64_t cid = plk_reader_u64(&r);
    return plk_relay_client_find(relay, cid) != NULL || plk_map_find(&relay->forwards, cid) != 0 ||
           is_called_back(relay, cid);
}

// ---- connections ----------------------------------------------------------------------------------------------------------

void plk_shared_port_init(struct plk_shared_port *port, struct plk_mem *mem) {
    port->mem = mem;
    plk_map_init(&port->streams, mem);
}

static void forget(struct plk_shared_port *port, struct plk_shared_stream *stream) {
    plk_map_remove(&port->streams, stream->stream);
    plk_mem_give(port->mem, stream);
}

void plk_shared_port_free(struct plk_shared_port *port) {
    for (size_t i = 0; i < port->streams.cap; i++) {
        if (port->streams.slots[i].value == 0) continue;
        plk_mem_give(port->mem, (struct plk_shared_stream *)(uintptr_t)port->streams.slots[i].value);
    }
    plk_map_free(&port->streams);
}

static void begin(struct plk_shared_port *port, const struct plk_input *input) {
    struct plk_shared_stream *stream = plk_mem_take(port->mem, sizeof *stream);
    stream->stream = input->stream.stream;
    stream->remote = input->stream.remote;
    stream->writable = input->stream.writable;
    plk_map_put_pointer(&port->streams, stream->stream, stream);
}

// Its first packet is a relay's client's, or asks by STUN.
static bool begins_as_clients(const uint8_t head[PLK_SHARED_HEAD_LEN]) {
    return head[2] == PLK_PACKET_HELLO || head[2] < 4;
}

static void add(struct plk_shared_inputs *inputs, const struct plk_shared_stream *stream, enum plk_stream_event event,
                struct plk_bytes data) {
    if (event == PLK_STREAM_BYTES && data.len == 0) return;
    inputs->at[inputs->count++] = (struct plk_input){.kind = PLK_IN_STREAM,
                                                     .stream = {.stream = stream->stream,
                                                                .event = event,
                                                                .remote = stream->remote,
                                                                .data = data,
                                                                .writable = stream->writable}};
}

// It has said enough: it begins for whom it is.
static void decide(struct plk_shared_port *port, struct plk_shared_stream *stream, bool serves, struct plk_bytes rest,
                   struct plk_shared_inputs *inputs) {
    memcpy(inputs->head, stream->head, sizeof inputs->head);
    stream->relays = serves && begins_as_clients(stream->head);
    inputs->relays = stream->relays;
    add(inputs, stream, PLK_STREAM_ACCEPTED, plk_bytes(NULL, 0));
    add(inputs, stream, PLK_STREAM_BYTES, plk_bytes(inputs->head, sizeof inputs->head));
    add(inputs, stream, PLK_STREAM_BYTES, rest);
    if (!stream->relays) forget(port, stream);
}

static void said(struct plk_shared_port *port, struct plk_shared_stream *stream, bool serves, struct plk_bytes data,
                 struct plk_shared_inputs *inputs) {
    size_t take = PLK_SHARED_HEAD_LEN - stream->head_len;
    if (take > data.len) take = data.len;
    if (take > 0) memcpy(stream->head + stream->head_len, data.at, take);
    stream->head_len += take;
    if (stream->head_len < PLK_SHARED_HEAD_LEN) return;
    decide(port, stream, serves, plk_bytes(data.at + take, data.len - take), inputs);
}

void plk_shared_port_stream(struct plk_shared_port *port, bool serves, const struct plk_input *input,
                            struct plk_shared_inputs *inputs) {
    struct plk_shared_stream *stream = plk_map_pointer(&port->streams, input->stream.stream);
    enum plk_stream_event event = input->stream.event;
    *inputs = (struct plk_shared_inputs){.relays = stream != NULL && stream->relays};
    if (event == PLK_STREAM_ACCEPTED && serves && stream == NULL) {
        begin(port, input);
        return;
    }
    if (stream == NULL || stream->relays) {
        inputs->at[inputs->count++] = *input;
    } else if (event == PLK_STREAM_BYTES) {
        said(port, stream, serves, input->stream.data, inputs);
    } else if (event == PLK_STREAM_WRITABLE) {
        stream->writable = input->stream.writable;
    }
    if (event == PLK_STREAM_CLOSED && stream != NULL) forget(port, stream);
}

void plk_shared_port_close(struct plk_shared_port *port, uint32_t number) {
    struct plk_shared_stream *stream = plk_map_pointer(&port->streams, number);
    if (stream != NULL) forget(port, stream);
}

bool plk_shared_port_take(struct plk_shared_port *port, uint32_t *number) {
    for (size_t i = 0; i < port->streams.cap; i++) {
        struct plk_shared_stream *stream = (struct plk_shared_stream *)(uintptr_t)port->streams.slots[i].value;
        if (stream == NULL || !stream->relays) continue;
        *number = stream->stream;
        forget(port, stream);
        return true;
    }
    return false;
}
