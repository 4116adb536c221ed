// SPDX-License-Identifier: MIT
#include "session/session.h"

#include "crypto/crypto.h"

void plk_session_init(struct plk_session *s, const struct plk_session_keys *keys, bool initiator, uint64_t now_us) {
    *s = (struct plk_session){.keys = *keys, .started_us = now_us, .initiator = initiator, .confirmed = initiator};
}

void plk_session_of_noise(struct plk_session *s, const struct plk_noise *noise, const char *initiator_label,
                          const char *responder_label, uint64_t now_us) {
    struct plk_session_keys keys;
    bool initiator = noise->initiator;
    plk_noise_split(noise, keys.send, keys.recv);
    plk_noise_export(noise, initiator_label, initiator ? keys.send_header : keys.recv_header, 32);
    plk_noise_export(noise, responder_label, initiator ? keys.recv_header : keys.send_header, 32);
    plk_session_init(s, &keys, initiator, now_us);
    plk_mem_wipe(&keys, sizeof keys);
}

void plk_session_wipe(struct plk_session *s) { plk_mem_wipe(s, sizeof *s); }

// The 8-byte counter with its mask put on or taken off (RFC 9001 section 5.4); the sample is the first 16
// bytes that follow it.
static void mask_counter(uint8_t to[8], const uint8_t from[8], const uint8_t key[32], const uint8_t *sample) {
    uint8_t mask[PLK_PACKET_COUNTER_LEN];
    plk_mask(mask, key, sample);
    for (size_t i = 0; i < sizeof mask; i++) to[i] = from[i] ^ mask[i];
}

enum plk_err plk_session_seal(struct plk_session *s, const uint8_t cid[PLK_PACKET_CID_LEN], struct plk_bytes text,
                              uint8_t *out, uint64_t *counter) {
    if (!s->confirmed) return PLK_ERR_INVALID;
    if (s->send_next >= PLK_SESSION_COUNTER_END) return PLK_ERR_CLOSED;
    plk_assert(text.len <= PLK_PACKET_MAX - PLK_PACKET_OVERHEAD);
    *counter = s->send_next++;
    struct plk_writer w = plk_writer(out, PLK_PACKET_HEADER_LEN);
    plk_writer_u8(&w, PLK_PACKET_DATA);
    plk_writer_copy(&w, cid, PLK_PACKET_CID_LEN);
    uint8_t *number = plk_writer_skip(&w, 0);
    plk_writer_u64(&w, *counter);
    uint8_t *body = out + PLK_PACKET_HEADER_LEN;
    plk_aead_seal(body, s->keys.send, *counter, plk_writer_bytes(&w), text);
    mask_counter(number, number, s->keys.send_header, body);
    return PLK_ERR_OK;
}

static bool was_opened(const struct plk_session *s, uint64_t counter) {
    if (counter >= s->recv_next) return false;
    if (s->recv_next - counter > PLK_SESSION_WINDOW) return true; // too old to know
    uint64_t bit = counter % PLK_SESSION_WINDOW;
    return (s->window[bit / 64] >> bit % 64 & 1) != 0;
}

static void mark_opened(struct plk_session *s, uint64_t counter) {
    if (counter >= s->recv_next + PLK_SESSION_WINDOW) {
        memset(s->window, 0, sizeof s->window);
    } else {
        for (uint64_t n = s->recv_next; n < counter;
             n++) { // the numbers passed over: their bits were those of n - 2048
            s->window[n % PLK_SESSION_WINDOW / 64] &= ~(UINT64_C(1) << n % 64);
        }
    }
    if (counter >= s->recv_next) s->recv_next = counter + 1;
    s->window[counter % PLK_SESSION_WINDOW / 64] |= UINT64_C(1) << counter % 64;
}

enum plk_err plk_session_open(struct plk_session *s, const struct plk_packet *packet, uint8_t *out, size_t *out_len,
                              uint64_t *counter) {
    if (packet->kind != PLK_PACKET_DATA || packet->body.len < PLK_TAG_LEN) return PLK_ERR_MALFORMED;
    if (s->forged >= PLK_SESSION_FORGED_END) return PLK_ERR_CLOSED;
    uint8_t header[PLK_PACKET_HEADER_LEN];
    struct plk_writer w = plk_writer(header, sizeof header);
    plk_writer_u8(&w, PLK_PACKET_DATA);
    plk_writer_put(&w, packet->cid);
    uint8_t *number = plk_writer_skip(&w, PLK_PACKET_COUNTER_LEN);
    mask_counter(number, packet->counter.at, s->keys.recv_header, packet->body.at);
    struct plk_reader r = plk_reader(plk_bytes(number, PLK_PACKET_COUNTER_LEN));
    uint64_t value = plk_reader_u64(&r);
    if (value >= PLK_SESSION_COUNTER_END) return PLK_ERR_FORGED; // most garbage ends here, before any decryption
    if (was_opened(s, value)) return PLK_ERR_REPLAYED;
    enum plk_err err = plk_aead_open(out, s->keys.recv, value, plk_writer_bytes(&w), packet->body);
    if (err != PLK_ERR_OK) {
        s->forged++;
        return err;
    }
    mark_opened(s, value);
    s->confirmed = true;
    *counter = value;
    *out_len = packet->body.len - PLK_TAG_LEN;
    return PLK_ERR_OK;
}

uint64_t plk_session_rekey_us(const struct plk_session *s) {
    return s->started_us + PLK_SESSION_REKEY_US + (s->initiator ? 0 : PLK_SESSION_REKEY_LATE_US);
}

bool plk_session_needs_rekey(const struct plk_session *s, uint64_t now_us) {
    if (!s->confirmed) return false;
    return now_us >= plk_session_rekey_us(s) || s->send_next >= PLK_SESSION_REKEY_PACKETS ||
           s->recv_next >= PLK_SESSION_REKEY_PACKETS;
}
