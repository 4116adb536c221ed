// SPDX-License-Identifier: MIT
// What two sides tell each other when they meet: the plaintext of ratchet message 0 of a first contact, of the
// acceptance, and inside a re-key and its answer (DESIGN 3.3, 3.4). A TLV list; types a reader does not know are
// skipped. docs/protocol/first-contact.md, section 4.
#ifndef PLK_CONTACT_PAYLOAD_H
#define PLK_CONTACT_PAYLOAD_H

#include "wire/place.h"
#include "wire/row.h"

#define PLK_PAYLOAD_ENVELOPES_MAX 8
#define PLK_PAYLOAD_ENVELOPE_MAX \
    61000 // of all envelopes together: one text of PLK_BODY_MAX and what mail puts around it
#define PLK_PAYLOAD_ACK_MAX 1024
#define PLK_PAYLOAD_QUEUES_MAX 1024
#define PLK_PAYLOAD_KEM_MAX 1184
#define PLK_PAYLOAD_MAX 63000     // encoded; traps in plk_payload_encode, MALFORMED in plk_payload_decode
#define PLK_PAYLOAD_HEAD_MAX 2300 // encoded, without envelopes, Ack, queues and KEM key

#define PLK_PAYLOAD_ORDER_MAX (UINT64_C(1) << 62)

// The public half of a reset key (DESIGN 3.4). Number 0 is the persona key and is never sent.
struct plk_reset_public {
    uint32_t number;
    uint8_t key[32];
};

// Byte ranges are borrowed: from the caller when encoding, from the decoded bytes when decoding.
struct plk_payload {
    struct plk_bytes name,
        about;                      // checked by plk_name_check, plk_name_check_about; a name is left out when empty
    uint8_t device[PLK_DEVICE_LEN]; // required, not zero: the sender's
    uint8_t epoch[PLK_EPOCH_LEN];   // required, not zero: the mail epoch in which the sender sends from now on
    uint8_t link_public[32];        // required: link static of generation 1
    struct plk_places places;       // where the sender listens; only usable ones are written
    bool has_reset;
    struct plk_reset_public reset; // the sender's newest reset key
    struct plk_bytes reset_kem;    // empty until a KEM provider is built in
    struct plk_bytes queues;       // encoded list of relay queues; empty until there are relays
    uint8_t envelope_count;
    struct plk_bytes envelopes[PLK_PAYLOAD_ENVELOPES_MAX]; // opaque here: mail's. None in a re-key
    struct plk_bytes ack;                                  // opaque here: mail's
    bool has_replaces;
    uint8_t replaces[PLK_DEVICE_LEN]; // re-key only: the device that this one takes the place of
    uint64_t incarnation;             // random, one per process start; 0: not said
    bool continues;                   // first contact only: the sender holds the reader as a contact already
    // First contact only. Of a blob: its number, which rises from one of this sender's to this reader to the next. Of an
    // acceptance: the newest number of its sender's own blobs, which are all given up with it. 0: not said.
    uint64_t order;
};

// Traps on what no reader would take (lengths, zero device) and when w is too small.
void plk_payload_encode(struct plk_writer *w, const struct plk_payload *payload);

// MALFORMED, also for names that fail their check. *payload is written on OK only.
enum plk_err plk_payload_decode(struct plk_bytes bytes, struct plk_payload *payload);

#endif
