// SPDX-License-Identifier: MIT
// The datagram in which one relay process says a word to another (wire/fleet_word.h): sealed under a key that follows from the static
// that they share, and good once.
//
//   version u8 (1) | nonce 24 | XChaCha20-Poly1305, aad = version: { slot u8 | instance 8 | number u64 | word }
//
// instance: random, new with each start of a process, and in the database beside its slot. number: rises with each letter.
#ifndef PLK_HOST_FLEET_LETTER_H
#define PLK_HOST_FLEET_LETTER_H

#include "crypto/crypto.h"
#include "wire/fleet_word.h"

#define PLK_FLEET_LETTER_LABEL "PeerLink/1/relay/fleet"
#define PLK_FLEET_INSTANCE_LEN 8
#define PLK_FLEET_LETTER_MAX (1 + PLK_XNONCE_LEN + 1 + PLK_FLEET_INSTANCE_LEN + 8 + PLK_FLEET_WORD_MAX + PLK_TAG_LEN)

// One side of what is said: who it is, and how far it has counted.
struct plk_fleet_writer {
    uint8_t key[32];
    uint8_t slot;
    uint8_t instance[PLK_FLEET_INSTANCE_LEN];
    uint64_t number;
};
// Seals a word, at most PLK_FLEET_WORD_MAX bytes; its length.
size_t plk_fleet_letter_seal(uint8_t out[PLK_FLEET_LETTER_MAX], struct plk_fleet_writer *from, struct plk_bytes word);

// What has come of one process. Zero: nothing.
struct plk_fleet_reader {
    uint8_t instance[PLK_FLEET_INSTANCE_LEN];
    uint64_t highest, seen; // seen: of the 64 numbers up to the highest
};
struct plk_fleet_letter {
    uint8_t slot;
    uint8_t instance[PLK_FLEET_INSTANCE_LEN];
    uint64_t number;
    struct plk_bytes word; // in room
};
// MALFORMED, FORGED: dropped. room: PLK_FLEET_LETTER_MAX bytes.
enum plk_err plk_fleet_letter_open(struct plk_fleet_letter *letter, const uint8_t key[32], struct plk_bytes bytes,
                                   uint8_t *room);
// It is of the process that this reader knows, and comes for the first time. REPLAYED otherwise.
enum plk_err plk_fleet_letter_accept(struct plk_fleet_reader *reader, const struct plk_fleet_letter *letter);

#endif
