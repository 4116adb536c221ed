// SPDX-License-Identifier: MIT
// A dial over TCP: streams that open and end, and packets out of their bytes.
#include "channel/dial_inside.h"

static void stream_gone(struct plk_relay_dial *d, uint32_t stream, uint64_t now_us) {
    struct plk_dial_way *way = &d->ways[PLK_DIAL_TCP];
    if (d->channel != NULL && d->stream == stream) {
        d->stream = 0; // it needs no closing
        plk_dial_end_channel(d);
        if (d->again_us == PLK_NEVER && !d->racing && !d->asked) d->again_us = now_us;
    } else if (way->live && way->stream == stream) {
        way->stream = 0;
        way->open = way->asked = false;
        way->copies = 0;
        plk_buf_free(d->mem, &way->in);
        way->cursor++;
        way->next_us = now_us + PLK_RELAY_DIAL_TCP_US;
    }
}

bool plk_relay_dial_stream(struct plk_relay_dial *d, uint64_t now_us, const struct plk_input *input) {
    uint32_t stream = input->stream.stream;
    struct plk_dial_way *way = &d->ways[PLK_DIAL_TCP];
    if (stream < d->first_stream || stream - d->first_stream >= PLK_RELAY_DIAL_STREAMS) return false;
    bool current = d->channel != NULL && d->stream == stream, trying = way->live && way->stream == stream;
    if (!current && !trying) return true; // one that was given up
    switch (input->stream.event) {
    case PLK_STREAM_OPENED:
    case PLK_STREAM_WRITABLE:
        way->open = way->open || trying;
        *(current ? &d->writable : &way->writable) = input->stream.writable;
        break;
    case PLK_STREAM_BYTES:
        plk_buf_put(d->mem, current ? &d->in : &way->in, input->stream.data);
        break;
    case PLK_STREAM_CLOSED:
        stream_gone(d, stream, now_us);
        break;
    case PLK_STREAM_ACCEPTED:
        break;
    }
    return true;
}

bool plk_relay_dial_framed(struct plk_relay_dial *d, uint64_t now_us, struct plk_rng *rng, uint8_t *text,
                           struct plk_relay_channel_passed *passed) {
    bool current = d->channel != NULL && d->stream != 0;
    uint32_t stream = current ? d->stream : d->ways[PLK_DIAL_TCP].stream;
    struct plk_buf *in = current ? &d->in : &d->ways[PLK_DIAL_TCP].in;
    struct plk_bytes bytes;
    struct plk_packet packet;
    bool broken;
    uint8_t copy[PLK_RELAY_CHANNEL_PACKET_MAX]; // a buffer may change hands when its packet is taken
    passed->r = plk_reader(plk_bytes(NULL, 0));
    size_t took = plk_packet_next_framed(plk_buf_bytes(in), sizeof copy, &bytes, &broken);
    if (broken) {
        plk_dial_close_stream(d, stream);
        stream_gone(d, stream, now_us);
        return false;
    }
    if (bytes.len > 0) memcpy(copy, bytes.at, bytes.len);
    plk_buf_drop_front(in, took);
    if (bytes.len == 0) return false;
    if (plk_packet_decode(&packet, plk_bytes(copy, bytes.len)) == PLK_ERR_OK)
        plk_dial_take(d, now_us, stream, NULL, &packet, rng, text, passed);
    return true;
}
