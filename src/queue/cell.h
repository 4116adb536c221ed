// SPDX-License-Identifier: MIT
// Sealing and opening what lies in a queue (docs/protocol/queue.md, section 5): cells of three sizes under the envelope
// key, and the one overwritable cell of an invite queue under the cell key. A relay sees the size and nothing else.
#ifndef PLK_QUEUE_CELL_H
#define PLK_QUEUE_CELL_H

#include "crypto/crypto.h"
#include "wire/queue.h"

#define PLK_CELL_OVERHEAD (PLK_XNONCE_LEN + PLK_TAG_LEN + 4)
#define PLK_CELL_CONTENT_MAX (PLK_QUEUE_CELL_LARGE - PLK_CELL_OVERHEAD)
#define PLK_CELL_BUNDLE_MAX (PLK_QUEUE_CELL_SMALL - PLK_CELL_OVERHEAD) // content of an overwritable cell

enum plk_cell_kind { // the first byte of a cell's content
    PLK_CELL_MAIL = 1,
    PLK_CELL_BLOB,
    PLK_CELL_ACCEPTANCE,
    PLK_CELL_CONTROL,
    PLK_CELL_REKEY,
    PLK_CELL_REKEY_ANSWER,
    PLK_CELL_REFUSED,
};

// The size of the smallest cell that holds so much content; 0: none does.
size_t plk_cell_len(size_t content_len);

// Seals content into out, plk_cell_len(content.len) bytes. nonce is random and new for each copy (plk_rng_bytes), so that
// two relays' copies share no bytes. Traps on content that no cell holds. content lies outside out.
void plk_cell_seal(uint8_t *out, const uint8_t envelope_key[PLK_KEY_LEN], const uint8_t sid[PLK_QUEUE_ID_LEN],
                   const uint8_t nonce[PLK_XNONCE_LEN], struct plk_bytes content);

// A nonce that is the same for the same content, envelope key, queue and relay, and for nothing else: of a cell that is put again as it
// was (a blob).
void plk_cell_nonce(uint8_t nonce[PLK_XNONCE_LEN], const uint8_t envelope_key[PLK_KEY_LEN],
                    const uint8_t relay_static[PLK_QUEUE_KEY_LEN], const uint8_t sid[PLK_QUEUE_ID_LEN],
                    struct plk_bytes content);

// Opens a cell: out takes cell.len bytes, *content is borrowed from it. MALFORMED: not of one of the sizes, a length that
// does not fit, padding that is not zero, a cell larger than its content needs. FORGED: not made with this key for this queue.
enum plk_err plk_cell_open(uint8_t *out, const uint8_t envelope_key[PLK_KEY_LEN], const uint8_t sid[PLK_QUEUE_ID_LEN],
                           struct plk_bytes cell, struct plk_bytes *content);

// The same for the overwritable cell, always PLK_QUEUE_CELL_SMALL bytes and bound to its sequence.
void plk_cell_bundle_seal(uint8_t out[PLK_QUEUE_CELL_SMALL], const uint8_t cell_key[PLK_KEY_LEN],
                          const uint8_t sid[PLK_QUEUE_ID_LEN], uint64_t sequence, const uint8_t nonce[PLK_XNONCE_LEN],
                          struct plk_bytes content);
enum plk_err plk_cell_bundle_open(uint8_t *out, const uint8_t cell_key[PLK_KEY_LEN],
                                  const uint8_t sid[PLK_QUEUE_ID_LEN], uint64_t sequence, struct plk_bytes cell,
                                  struct plk_bytes *content);

#endif
