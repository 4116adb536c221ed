// SPDX-License-Identifier: MIT
#include "ratchet/cipher.h"

#include "base/reader.h"
#include "base/writer.h"
#include "ratchet/ratchet.h"

_Static_assert(PLK_CIPHER_PREFIX_LEN + PLK_CIPHER_HEADER_SEALED_LEN + PLK_TAG_LEN == PLK_RATCHET_OVERHEAD, "overhead");

// The body's associated data: the caller's, with its length so that it cannot run into what follows, and all
// before the body.
enum { BODY_AD_MAX = 2 + PLK_RATCHET_AD_MAX + PLK_CIPHER_PREFIX_LEN + PLK_CIPHER_HEADER_SEALED_LEN };

void plk_cipher_init(uint8_t root[32], uint8_t initiator_header[32], uint8_t responder_header[32],
                     struct plk_bytes secret) {
    uint8_t keys[96];
    plk_hkdf_label(keys, sizeof keys, secret, "PeerLink/1/ratchet/init");
    memcpy(root, keys, 32);
    memcpy(initiator_header, keys + 32, 32);
    memcpy(responder_header, keys + 64, 32);
    plk_mem_wipe(keys, sizeof keys);
}

void plk_cipher_root(uint8_t root[32], const uint8_t dh[32], uint8_t chain[32], uint8_t next_header[32]) {
    uint8_t keys[96];
    plk_hkdf(keys, sizeof keys, plk_bytes(root, 32), plk_bytes(dh, 32), plk_bytes_text("PeerLink/1/ratchet/root"));
    memcpy(root, keys, 32);
    memcpy(chain, keys + 32, 32);
    memcpy(next_header, keys + 64, 32);
    plk_mem_wipe(keys, sizeof keys);
}

// HKDF-Expand (RFC 5869 section 2.3) of one block. The chain key is uniform already, so Extract would only
// cost time, and this is what a message costs most.
void plk_cipher_chain(uint8_t chain[32], uint8_t key[32]) {
    static const uint8_t one = 1;
    uint8_t both[PLK_HASH_LEN];
    struct plk_bytes parts[] = {plk_bytes_text("PeerLink/1/ratchet/chain"), plk_bytes(&one, 1)};
    plk_hmac(both, plk_bytes(chain, 32), parts, 2);
    memcpy(chain, both, 32);
    memcpy(key, both + 32, 32);
    plk_mem_wipe(both, sizeof both);
}

static struct plk_bytes body_ad(uint8_t out[BODY_AD_MAX], struct plk_bytes ad, const struct plk_cipher_parts *parts) {
    plk_assert(ad.len <= PLK_RATCHET_AD_MAX);
    struct plk_writer w = plk_writer(out, BODY_AD_MAX);
    plk_writer_u16(&w, (uint16_t)ad.len);
    plk_writer_put(&w, ad);
    plk_writer_put(&w, parts->prefix);
    plk_writer_put(&w, parts->header);
    plk_assert(!w.failed);
    return plk_writer_bytes(&w);
}

void plk_cipher_seal(uint8_t *out, const uint8_t header_key[32], const uint8_t key[32],
                     const uint8_t nonce[PLK_XNONCE_LEN], const struct plk_cipher_header *header, struct plk_bytes ad,
                     struct plk_bytes text) {
    uint8_t plain[PLK_CIPHER_HEADER_LEN];
    uint8_t with[BODY_AD_MAX];
    struct plk_writer h = plk_writer(plain, sizeof plain);
    plk_writer_copy(&h, header->public, 32);
    plk_writer_u32(&h, header->previous);
    plk_writer_u32(&h, header->n);
    plk_writer_varint(&h, 0); // no KEM part
    struct plk_writer w = plk_writer(out, PLK_CIPHER_PREFIX_LEN + PLK_CIPHER_HEADER_SEALED_LEN);
    plk_writer_u8(&w, PLK_RATCHET_VERSION);
    plk_writer_u16(&w, PLK_CIPHER_HEADER_SEALED_LEN);
    struct plk_bytes prefix = plk_writer_bytes(&w);
    plk_writer_copy(&w, nonce, PLK_XNONCE_LEN);
    plk_xaead_seal(out + w.len, header_key, nonce, prefix, plk_bytes(plain, sizeof plain));
    struct plk_cipher_parts parts = {prefix, plk_bytes(out + PLK_CIPHER_PREFIX_LEN, PLK_CIPHER_HEADER_SEALED_LEN), {0}};
    // The header's nonce again, under another key: it is random, so a store that was rolled back, and so uses
    // a message key twice, still does not use a key and nonce twice.
    plk_xaead_seal(out + w.cap, key, nonce, body_ad(with, ad, &parts), text);
    plk_mem_wipe(plain, sizeof plain);
}

enum plk_err plk_cipher_split(struct plk_cipher_parts *parts, struct plk_bytes sealed) {
    struct plk_reader r = plk_reader(sealed);
    if (sealed.len == 0 || sealed.len > PLK_RATCHET_SEALED_MAX) return PLK_ERR_MALFORMED;
    uint8_t version = plk_reader_u8(&r);
    if (version != PLK_RATCHET_VERSION) return version > PLK_RATCHET_VERSION ? PLK_ERR_TOO_NEW : PLK_ERR_MALFORMED;
    size_t header_len = plk_reader_u16(&r);
    parts->prefix = plk_bytes(sealed.at, PLK_CIPHER_PREFIX_LEN);
    parts->header = plk_reader_take(&r, header_len);
    parts->body = plk_reader_rest(&r);
    if (r.failed || header_len < PLK_CIPHER_HEADER_SEALED_LEN || header_len > PLK_CIPHER_HEADER_SEALED_MAX ||
        parts->body.len < PLK_TAG_LEN) {
        return PLK_ERR_MALFORMED;
    }
    return PLK_ERR_OK;
}

static enum plk_err decode_header(struct plk_cipher_header *header, struct plk_bytes plain) {
    struct plk_reader r = plk_reader(plain);
    plk_reader_copy(&r, header->public, 32);
    header->previous = plk_reader_u32(&r);
    header->n = plk_reader_u32(&r);
    struct plk_bytes kem = plk_reader_sized(&r, PLK_CIPHER_KEM_MAX);
    if (!plk_reader_done(&r)) return PLK_ERR_MALFORMED;
    if (kem.len > 0) return PLK_ERR_UNSUPPORTED;
    return plain.len == PLK_CIPHER_HEADER_LEN ? PLK_ERR_OK : PLK_ERR_MALFORMED; // a length 0 in more than one byte
}

enum plk_err plk_cipher_open_header(struct plk_cipher_header *header, const uint8_t header_key[32],
                                    const struct plk_cipher_parts *parts) {
    uint8_t plain[PLK_CIPHER_HEADER_SEALED_MAX];
    struct plk_bytes sealed = plk_bytes(parts->header.at + PLK_XNONCE_LEN, parts->header.len - PLK_XNONCE_LEN);
    enum plk_err err = plk_xaead_open(plain, header_key, parts->header.at, parts->prefix, sealed);
    if (err != PLK_ERR_OK) return err;
    struct plk_cipher_header opened;
    err = decode_header(&opened, plk_bytes(plain, sealed.len - PLK_TAG_LEN));
    if (err == PLK_ERR_OK) *header = opened;
    plk_mem_wipe(plain, sealed.len);
    return err;
}

enum plk_err plk_cipher_open_body(uint8_t *text, const uint8_t key[32], const struct plk_cipher_parts *parts,
                                  struct plk_bytes ad) {
    uint8_t with[BODY_AD_MAX];
    return plk_xaead_open(text, key, parts->header.at, body_ad(with, ad, parts), parts->body);
}
