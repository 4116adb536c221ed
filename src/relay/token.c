// SPDX-License-Identifier: MIT
#include "relay/token.h"

#include "relay/relay.h"

#define LABEL_TOKEN "PeerLink/1/relay/token"
#define ROW_VERSION 1

enum { FLAG_REVOKED = 1, FLAG_GUEST = 2, FLAG_CONTACT = 4, FLAGS_KNOWN = 7 };

void plk_relay_token_hash(uint8_t hash[32], const uint8_t token[PLK_QUEUE_TOKEN_LEN]) {
    uint8_t whole[PLK_HASH_LEN];
    const struct plk_bytes parts[] = {plk_bytes_text(LABEL_TOKEN), plk_bytes(token, PLK_QUEUE_TOKEN_LEN)};
    plk_hash(whole, parts, 2);
    memcpy(hash, whole, PLK_TOKEN_HASH_LEN);
}

void plk_token_row_encode(uint8_t out[PLK_TOKEN_ROW_LEN], const struct plk_token_row *row) {
    struct plk_writer w = plk_writer(out, PLK_TOKEN_ROW_LEN);
    plk_writer_u8(&w, ROW_VERSION);
    plk_writer_u8(&w, (uint8_t)((row->revoked ? FLAG_REVOKED : 0) | (row->guest ? FLAG_GUEST : 0) |
                                (row->contact ? FLAG_CONTACT : 0)));
    plk_writer_u32(&w, row->allowed);
    plk_writer_u32(&w, row->made);
    plk_writer_copy(&w, row->parent, PLK_TOKEN_HASH_LEN);
}

enum plk_err plk_token_row_decode(struct plk_bytes value, struct plk_token_row *row) {
    struct plk_reader r = plk_reader(value);
    struct plk_token_row read;
    uint8_t version = plk_reader_u8(&r), flags = plk_reader_u8(&r);
    read.revoked = (flags & FLAG_REVOKED) != 0;
    read.guest = (flags & FLAG_GUEST) != 0;
    read.contact = (flags & FLAG_CONTACT) != 0;
    read.allowed = plk_reader_u32(&r);
    read.made = plk_reader_u32(&r);
    plk_reader_copy(&r, read.parent, PLK_TOKEN_HASH_LEN);
    if (!plk_reader_done(&r) || version != ROW_VERSION || (flags & ~FLAGS_KNOWN) != 0) return PLK_ERR_CORRUPT;
    *row = read;
    return PLK_ERR_OK;
}

void plk_grant_row_encode(uint8_t out[PLK_GRANT_ROW_LEN], const struct plk_grant_row *row) {
    struct plk_writer w = plk_writer(out, PLK_GRANT_ROW_LEN);
    plk_writer_u8(&w, ROW_VERSION);
    plk_writer_u8(&w, row->left);
    plk_writer_copy(&w, row->token, PLK_TOKEN_HASH_LEN);
}

enum plk_err plk_grant_row_decode(struct plk_bytes value, struct plk_grant_row *row) {
    struct plk_reader r = plk_reader(value);
    struct plk_grant_row read;
    uint8_t version = plk_reader_u8(&r);
    read.left = plk_reader_u8(&r);
    plk_reader_copy(&r, read.token, PLK_TOKEN_HASH_LEN);
    if (!plk_reader_done(&r) || version != ROW_VERSION) return PLK_ERR_CORRUPT;
    *row = read;
    return PLK_ERR_OK;
}

bool plk_token_has_left(const struct plk_token_row *row, uint32_t count) {
    return row->allowed == 0 ? row->made <= UINT32_MAX - count
                             : row->made <= row->allowed && row->allowed - row->made >= count;
}

bool plk_token_is_nobodys(const uint8_t hash[PLK_TOKEN_HASH_LEN]) {
    uint8_t any = 0;
    for (size_t i = 0; i < PLK_TOKEN_HASH_LEN; i++) any |= hash[i];
    return any == 0;
}
