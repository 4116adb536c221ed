// SPDX-License-Identifier: MIT
#include "wire/packet.h"

static bool is_handshake_len(size_t len) { return len >= PLK_PACKET_HANDSHAKE_LEN && len <= PLK_PACKET_HANDSHAKE_MAX; }

static void read_noise(struct plk_packet *p, struct plk_reader *r) {
    p->body = plk_reader_rest(r);
    p->ephemeral = plk_bytes(p->body.at, PLK_PACKET_EPHEMERAL_LEN); // the least length leaves room for it
}

static enum plk_err read_version(struct plk_packet *p, struct plk_reader *r) {
    p->version = plk_reader_u8(r);
    if (p->version == 0) return PLK_ERR_MALFORMED;
    return p->version > PLK_PACKET_VERSION ? PLK_ERR_TOO_NEW : PLK_ERR_OK;
}

static enum plk_err decode_message1(struct plk_packet *p, struct plk_reader *r) {
    if (!is_handshake_len(r->left + 1)) return PLK_ERR_MALFORMED;
    enum plk_err err = read_version(p, r);
    if (err != PLK_ERR_OK) return err;
    p->hint = plk_reader_take(r, PLK_PACKET_HINT_LEN);
    p->stamp = plk_reader_take(r, PLK_PACKET_STAMP_LEN);
    read_noise(p, r);
    return PLK_ERR_OK;
}

static enum plk_err decode_message2(struct plk_packet *p, struct plk_reader *r) {
    if (!is_handshake_len(r->left + 1)) return PLK_ERR_MALFORMED;
    enum plk_err err = read_version(p, r);
    if (err != PLK_ERR_OK) return err;
    p->cid = plk_reader_take(r, PLK_PACKET_CID_LEN);
    read_noise(p, r);
    return PLK_ERR_OK;
}

static enum plk_err decode_hello(struct plk_packet *p, struct plk_reader *r) {
    if (!is_handshake_len(r->left + 1)) return PLK_ERR_MALFORMED;
    enum plk_err err = read_version(p, r);
    if (err != PLK_ERR_OK) return err;
    p->cid = plk_reader_take(r, PLK_PACKET_CID_LEN);
    p->body = plk_reader_take(r, r->left - 2 * PLK_PACKET_MAC_LEN);
    p->ephemeral = plk_bytes(p->body.at, PLK_PACKET_EPHEMERAL_LEN);
    p->mac1 = plk_reader_take(r, PLK_PACKET_MAC_LEN);
    p->mac2 = plk_reader_take(r, PLK_PACKET_MAC_LEN);
    return PLK_ERR_OK;
}

static enum plk_err decode_cookie(struct plk_packet *p, struct plk_reader *r) {
    if (r->left + 1 != PLK_PACKET_COOKIE_LEN) return PLK_ERR_MALFORMED;
    enum plk_err err = read_version(p, r);
    if (err != PLK_ERR_OK) return err;
    p->cid = plk_reader_take(r, PLK_PACKET_CID_LEN);
    p->nonce = plk_reader_take(r, PLK_PACKET_NONCE_LEN);
    p->body = plk_reader_rest(r);
    return PLK_ERR_OK;
}

static enum plk_err decode_data(struct plk_packet *p, struct plk_reader *r) {
    if (r->left + 1 < PLK_PACKET_OVERHEAD) return PLK_ERR_MALFORMED;
    p->cid = plk_reader_take(r, PLK_PACKET_CID_LEN);
    p->counter = plk_reader_take(r, PLK_PACKET_COUNTER_LEN);
    p->body = plk_reader_rest(r);
    return PLK_ERR_OK;
}

static enum plk_err decode_kind(struct plk_packet *p, uint8_t first, struct plk_reader *r) {
    switch (first) {
    case PLK_PACKET_MESSAGE1:
        return decode_message1(p, r);
    case PLK_PACKET_MESSAGE2:
        return decode_message2(p, r);
    case PLK_PACKET_DATA:
        return decode_data(p, r);
    case PLK_PACKET_HELLO:
        return decode_hello(p, r);
    case PLK_PACKET_COOKIE:
        return decode_cookie(p, r);
    case PLK_PACKET_BEACON:
        return PLK_ERR_UNSUPPORTED;
    default:
        return PLK_ERR_MALFORMED;
    }
}

enum plk_err plk_packet_decode(struct plk_packet *packet, struct plk_bytes bytes) {
    struct plk_packet p = {.kind = PLK_PACKET_STUN};
    if (bytes.len == 0 || bytes.len > PLK_PACKET_MAX) return PLK_ERR_MALFORMED;
    if (bytes.at[0] <= 3) {
        p.body = bytes;
        *packet = p;
        return PLK_ERR_OK;
    }
    struct plk_reader r = plk_reader(bytes);
    uint8_t first = plk_reader_u8(&r);
    enum plk_err err = decode_kind(&p, first, &r);
    if (err != PLK_ERR_OK) return err;
    p.kind = (enum plk_packet_kind)first;
    *packet = p;
    return PLK_ERR_OK;
}

struct plk_bytes plk_packet_before_mac1(const struct plk_packet *hello) {
    plk_assert(hello->kind == PLK_PACKET_HELLO);
    return plk_bytes(hello->cid.at - 2, PLK_PACKET_HEADER2_LEN + hello->body.len);
}

struct plk_bytes plk_packet_before_mac2(const struct plk_packet *hello) {
    struct plk_bytes before = plk_packet_before_mac1(hello);
    return plk_bytes(before.at, before.len + PLK_PACKET_MAC_LEN);
}

void plk_packet_write(struct plk_writer *w, const struct plk_packet *packet) {
    if (packet->kind != PLK_PACKET_STUN) plk_writer_u8(w, (uint8_t)packet->kind);
    if (packet->kind != PLK_PACKET_STUN && packet->kind != PLK_PACKET_DATA) plk_writer_u8(w, packet->version);
    plk_writer_put(w, packet->hint);
    plk_writer_put(w, packet->stamp);
    plk_writer_put(w, packet->cid);
    plk_writer_put(w, packet->counter);
    plk_writer_put(w, packet->nonce);
    plk_writer_put(w, packet->body);
    plk_writer_put(w, packet->mac1);
    plk_writer_put(w, packet->mac2);
}

size_t plk_packet_unframe(struct plk_bytes stream, struct plk_bytes *packet, bool *broken) {
    *broken = false;
    if (stream.len < PLK_PACKET_FRAME_LEN) return 0;
    size_t len = (size_t)stream.at[0] << 8 | stream.at[1];
    *broken = len == 0 || len > PLK_PACKET_MAX;
    if (*broken || stream.len - PLK_PACKET_FRAME_LEN < len) return 0;
    *packet = plk_bytes(stream.at + PLK_PACKET_FRAME_LEN, len);
    return PLK_PACKET_FRAME_LEN + len;
}

size_t plk_packet_next_framed(struct plk_bytes stream, size_t max, struct plk_bytes *bytes, bool *broken) {
    struct plk_packet packet;
    struct plk_bytes rest = stream;
    for (size_t took; (took = plk_packet_unframe(rest, bytes, broken)) > 0;) {
        rest = plk_bytes(rest.at + took, rest.len - took);
        *broken = bytes->len > max;
        if (*broken || plk_packet_decode(&packet, *bytes) == PLK_ERR_OK) return stream.len - rest.len;
    }
    *bytes = plk_bytes(NULL, 0);
    return stream.len - rest.len;
}

size_t plk_packet_padded_len(size_t len, size_t full_len) {
    static const size_t steps[] = {256, 512, 768, 1024};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && steps[i] < full_len; i++) {
        if (len <= steps[i]) return steps[i];
    }
    return len <= full_len ? full_len : len;
}
