// SPDX-License-Identifier: MIT
// Records on the one stream of an NNpsk0 session (inline first contact, re-key): {type u8, length u24, bytes}.
// docs/protocol/first-contact.md, section 6.
#ifndef PLK_CONTACT_RECORD_H
#define PLK_CONTACT_RECORD_H

#include "base/err.h"
#include "base/reader.h"
#include "base/writer.h"
#include "wire/row.h"

#define PLK_RECORD_HEAD_LEN 4
#define PLK_RECORD_MAX 65536 // bytes of a record's content
#define PLK_RECORD_REFUSED_LEN 9
#define PLK_RECORD_DONE_LEN 32
#define PLK_RECORD_MOVED_LEN (PLK_RECORD_REFUSED_LEN + PLK_DEVICE_LEN)

enum plk_record_type {
    PLK_RECORD_BLOB = 1,   // joiner: its blob
    PLK_RECORD_ACCEPTANCE, // inviter
    PLK_RECORD_REFUSED,    // why u8, counter u64 (STALE only, else 0)
    PLK_RECORD_DONE,       // H(what was received) 32: it is durable here, do not repeat it
    PLK_RECORD_REQUEST,    // re-key
    PLK_RECORD_ANSWER,
};

// Why, on the wire; their order is fixed. USED, EXPIRED: invite. STALE, MOVED, FORGED: re-key. LIMIT: come back later.
enum plk_record_why {
    PLK_RECORD_WHY_USED = 1,
    PLK_RECORD_WHY_EXPIRED,
    PLK_RECORD_WHY_STALE,
    PLK_RECORD_WHY_MOVED,
    PLK_RECORD_WHY_FORGED,
    PLK_RECORD_WHY_LIMIT,
    PLK_RECORD_WHY_BLOCKED, // not sent: who is blocked learns nothing
};

void plk_record_head(uint8_t out[PLK_RECORD_HEAD_LEN], enum plk_record_type type, size_t len);

// How much of a stream's bytes the first record takes, head included; 0: its end has not come. MALFORMED: longer than
// PLK_RECORD_MAX: the session is to be closed. Types not known are read like others and are to be passed over.
enum plk_err plk_record_read(struct plk_bytes stream, size_t *taken, uint8_t *type, struct plk_bytes *content);

// Content of REFUSED. decode: MALFORMED; a why not known is given as it is.
void plk_record_refused_encode(uint8_t out[PLK_RECORD_REFUSED_LEN], enum plk_record_why why, uint64_t counter);
enum plk_err plk_record_refused_decode(struct plk_bytes content, uint8_t *why, uint64_t *counter);

// In a cell, to a device that was replaced: REFUSED with why MOVED, and which device is meant (rekey.md, section 5). decode: MALFORMED,
// anything else.
void plk_record_moved_encode(uint8_t out[PLK_RECORD_MOVED_LEN], const uint8_t device[PLK_DEVICE_LEN]);
enum plk_err plk_record_moved_decode(struct plk_bytes content, uint8_t device[PLK_DEVICE_LEN]);

#endif
