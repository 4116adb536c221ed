// SPDX-License-Identifier: MIT
// What a joiner keeps, beside the blob, until the acceptance has come: one row of table link. docs/protocol/
// first-contact.md, section 5.
#ifndef PLK_CONTACT_JOINING_H
#define PLK_CONTACT_JOINING_H

#include "contact/first.h"
#include "contact/recovery.h"

#define PLK_JOINING_ROW_MAX 1280
#define PLK_JOINING_HANDED UINT64_MAX // as expires_ms: the inviter may have the blob

// Secrets: wiped by the owner.
struct plk_joining {
    uint8_t psk[16];                             // of the link: gives the NNpsk0 session (plk_invite_session_psk)
    struct plk_identity identity;                // the inviter's
    uint8_t recovery[32], link_psk[32], line[8]; // as in struct plk_first
    uint8_t link_secret[32];                     // of the link static in the blob
    struct plk_reset_secret reset;               // the reset key in the blob
    uint8_t epoch[PLK_EPOCH_LEN];                // the mail epoch in the blob
    uint8_t blob_hash[PLK_FIRST_HASH_LEN];
    uint64_t order;           // of the blob (contact/payload.h)
    uint64_t expires_ms;      // of the bundle: when trying ends, unless it is PLK_JOINING_HANDED
    struct plk_places places; // the inviter's, from the link
    // Set when the inviter was here before (DESIGN 3.1): the ratchet of the blob is here, and becomes mail's with the
    // acceptance; until then mail goes on as it was. Else it is mail's own first one.
    bool apart;
    struct plk_ratchet ratchet;
};

void plk_joining_encode(struct plk_writer *w, const struct plk_joining *joining);
enum plk_err plk_joining_decode(struct plk_bytes value,
                                struct plk_joining *joining); // CORRUPT, *joining untouched

#endif
