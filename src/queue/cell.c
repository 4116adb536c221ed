// SPDX-License-Identifier: MIT
#include "queue/cell.h"

#define LABEL_CELL "PeerLink/1/queue/cell"
#define LABEL_BUNDLE "PeerLink/1/queue/bundle"
#define LABEL_NONCE "PeerLink/1/queue/nonce"
#define AAD_MAX 64

size_t plk_cell_len(size_t content_len) {
    static const size_t sizes[] = {PLK_QUEUE_CELL_SMALL, PLK_QUEUE_CELL_MIDDLE, PLK_QUEUE_CELL_LARGE};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (content_len <= sizes[i] - PLK_CELL_OVERHEAD) return sizes[i];
    }
    return 0;
}

void plk_cell_nonce(uint8_t nonce[PLK_XNONCE_LEN], const uint8_t envelope_key[PLK_KEY_LEN],
                    const uint8_t relay_static[PLK_QUEUE_KEY_LEN], const uint8_t sid[PLK_QUEUE_ID_LEN],
                    struct plk_bytes content) {
    uint8_t hash[PLK_HASH_LEN];
    const struct plk_bytes parts[] = {plk_bytes_text(LABEL_NONCE), plk_bytes(relay_static, PLK_QUEUE_KEY_LEN),
                                      plk_bytes(sid, PLK_QUEUE_ID_LEN), content};
    plk_hmac(hash, plk_bytes(envelope_key, PLK_KEY_LEN), parts, sizeof parts / sizeof parts[0]);
    memcpy(nonce, hash, PLK_XNONCE_LEN);
    plk_mem_wipe(hash, sizeof hash);
}

static struct plk_bytes cell_aad(uint8_t aad[AAD_MAX], const uint8_t sid[PLK_QUEUE_ID_LEN]) {
    struct plk_writer w = plk_writer(aad, AAD_MAX);
    plk_writer_put(&w, plk_bytes_text(LABEL_CELL));
    plk_writer_copy(&w, sid, PLK_QUEUE_ID_LEN);
    return plk_writer_bytes(&w);
}

static struct plk_bytes bundle_aad(uint8_t aad[AAD_MAX], const uint8_t sid[PLK_QUEUE_ID_LEN], uint64_t sequence) {
    struct plk_writer w = plk_writer(aad, AAD_MAX);
    plk_writer_put(&w, plk_bytes_text(LABEL_BUNDLE));
    plk_writer_copy(&w, sid, PLK_QUEUE_ID_LEN);
    plk_writer_u64(&w, sequence);
    return plk_writer_bytes(&w);
}

static void seal(uint8_t *out, size_t cell_len, const uint8_t *key, const uint8_t *nonce, struct plk_bytes aad,
                 struct plk_bytes content) {
    size_t text_len = cell_len - PLK_XNONCE_LEN - PLK_TAG_LEN;
    struct plk_writer w = plk_writer(out, cell_len);
    plk_writer_copy(&w, nonce, PLK_XNONCE_LEN);
    plk_writer_u32(&w, (uint32_t)content.len);
    plk_writer_put(&w, content);
    plk_writer_zero(&w, PLK_XNONCE_LEN + text_len - w.len);
    plk_assert(!w.failed);
    plk_xaead_seal(out + PLK_XNONCE_LEN, key, nonce, aad, plk_bytes(out + PLK_XNONCE_LEN, text_len));
}

static enum plk_err open(uint8_t *out, const uint8_t *key, struct plk_bytes aad, struct plk_bytes cell,
                         struct plk_bytes *content) {
    struct plk_bytes sealed = plk_bytes(cell.at + PLK_XNONCE_LEN, cell.len - PLK_XNONCE_LEN);
    enum plk_err err = plk_xaead_open(out, key, cell.at, aad, sealed);
    if (err != PLK_ERR_OK) return err;
    struct plk_reader r = plk_reader(plk_bytes(out, sealed.len - PLK_TAG_LEN));
    uint32_t len = plk_reader_u32(&r);
    struct plk_bytes found = plk_reader_take(&r, len);
    if (r.failed) return PLK_ERR_MALFORMED;
    uint8_t dirt = 0;
    for (size_t i = 0; i < r.left; i++) dirt |= r.at[i];
    if (dirt != 0) return PLK_ERR_MALFORMED;
    *content = found;
    return PLK_ERR_OK;
}

void plk_cell_seal(uint8_t *out, const uint8_t envelope_key[PLK_KEY_LEN], const uint8_t sid[PLK_QUEUE_ID_LEN],
                   const uint8_t nonce[PLK_XNONCE_LEN], struct plk_bytes content) {
    uint8_t aad[AAD_MAX];
    size_t len = plk_cell_len(content.len);
    plk_assert(len > 0);
    seal(out, len, envelope_key, nonce, cell_aad(aad, sid), content);
}

enum plk_err plk_cell_open(uint8_t *out, const uint8_t envelope_key[PLK_KEY_LEN], const uint8_t sid[PLK_QUEUE_ID_LEN],
                           struct plk_bytes cell, struct plk_bytes *content) {
    uint8_t aad[AAD_MAX];
    struct plk_bytes found;
    if (!plk_queue_is_cell_len(cell.len)) return PLK_ERR_MALFORMED;
    enum plk_err err = open(out, envelope_key, cell_aad(aad, sid), cell, &found);
    if (err != PLK_ERR_OK) return err;
    if (plk_cell_len(found.len) != cell.len) return PLK_ERR_MALFORMED; // one encoding of each content
    *content = found;
    return PLK_ERR_OK;
}

void plk_cell_bundle_seal(uint8_t out[PLK_QUEUE_CELL_SMALL], const uint8_t cell_key[PLK_KEY_LEN],
                          const uint8_t sid[PLK_QUEUE_ID_LEN], uint64_t sequence, const uint8_t nonce[PLK_XNONCE_LEN],
                          struct plk_bytes content) {
    uint8_t aad[AAD_MAX];
    plk_assert(content.len <= PLK_CELL_BUNDLE_MAX);
    seal(out, PLK_QUEUE_CELL_SMALL, cell_key, nonce, bundle_aad(aad, sid, sequence), content);
}

enum plk_err plk_cell_bundle_open(uint8_t *out, const uint8_t cell_key[PLK_KEY_LEN],
                                  const uint8_t sid[PLK_QUEUE_ID_LEN], uint64_t sequence, struct plk_bytes cell,
                                  struct plk_bytes *content) {
    uint8_t aad[AAD_MAX];
    if (cell.len != PLK_QUEUE_CELL_SMALL) return PLK_ERR_MALFORMED;
    return open(out, cell_key, bundle_aad(aad, sid, sequence), cell, content);
}
