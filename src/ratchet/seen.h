// SPDX-License-Identifier: MIT
// Which ciphertexts a contact has already sent: byte-identical copies are dropped here, before the ratchet
// (DESIGN 3.4), and a copy of a text that was received is acknowledged again instead of being taken for a
// rollback.
//
// At least the PLK_SEEN_MIN newest hashes are known. They are stored in rows of 32: adding one changes one
// row, adding hundreds in one batch changes a handful, and the ring of PLK_SEEN_ROWS rows is overwritten in
// place.
#ifndef PLK_RATCHET_SEEN_H
#define PLK_RATCHET_SEEN_H

#include "base/bytes.h"
#include "base/err.h"

#define PLK_SEEN_HASH_LEN 16
#define PLK_SEEN_MIN 1024
#define PLK_SEEN_BLOCK 32                                         // hashes of one row
#define PLK_SEEN_ROWS 33                                          // PLK_SEEN_MIN full ones and the one being filled
#define PLK_SEEN_ROW_MAX (8 + PLK_SEEN_BLOCK * PLK_SEEN_HASH_LEN) // number of the first u64, then the hashes
#define PLK_SEEN_SLOTS (PLK_SEEN_ROWS * PLK_SEEN_BLOCK)

// About 21 KiB; a plain value without pointers, owned by the caller. All zero it is empty and valid.
struct plk_seen {
    uint64_t count;                                    // hashes ever added: the number of the next one
    uint8_t hashes[PLK_SEEN_SLOTS][PLK_SEEN_HASH_LEN]; // number i lies in slot i % PLK_SEEN_SLOTS
    uint16_t heads[PLK_SEEN_SLOTS];                    // index: slot + 1 of the newest hash of each bucket
    uint16_t next[PLK_SEEN_SLOTS];                     // slot + 1 of the one before it; 0 ends
    uint64_t first[PLK_SEEN_ROWS];                     // number of each row's first hash
    uint8_t filled[PLK_SEEN_ROWS];                     // hashes held in each row
};

// The hash of a ciphertext as it came: SHA-512 under a label, cut to 16 bytes.
void plk_seen_hash(uint8_t out[PLK_SEEN_HASH_LEN], struct plk_bytes ciphertext);

bool plk_seen_has(const struct plk_seen *seen, const uint8_t hash[PLK_SEEN_HASH_LEN]);

// Remembers a hash, which is not known yet (if it is: no effect but the row number). Returns the row that
// changed, below PLK_SEEN_ROWS: the caller UPSERTs plk_seen_encode of it under {contact, row}.
uint8_t plk_seen_add(struct plk_seen *seen, const uint8_t hash[PLK_SEEN_HASH_LEN]);

// Rows out and in. encode returns the length, 0 for a row that was never filled. load takes the stored rows
// in any order, each once; CORRUPT changes nothing.
size_t plk_seen_encode(const struct plk_seen *seen, uint8_t row, uint8_t out[PLK_SEEN_ROW_MAX]);
enum plk_err plk_seen_load(struct plk_seen *seen, uint8_t row, struct plk_bytes value);

#endif
