// SPDX-License-Identifier: MIT
// A message request (DESIGN 3.2): someone opened our address link, and we have not accepted. What their blob told and what was agreed
// with it, in one row of table blob, so that the acceptance can be made when we do. The ratchet is mail's meanwhile.
#ifndef PLK_CONTACT_REQUEST_H
#define PLK_CONTACT_REQUEST_H

#include "contact/first.h"

#define PLK_REQUEST_OPEN_MAX 256 // contacts that wait for an answer; beyond it no blob of a stranger is taken
#define PLK_REQUEST_ROW_MAX (1 + PLK_FIRST_HASH_LEN + PLK_IDENTITY_LEN + 32 + 32 + 8 + PLK_PAYLOAD_MAX)

// Secrets: wiped by the owner.
struct plk_request {
    uint8_t blob_hash[PLK_FIRST_HASH_LEN];
    struct plk_identity identity;                // theirs
    uint8_t recovery[32], link_psk[32], line[8]; // as in struct plk_first
    struct plk_bytes payload;                    // theirs, encoded, without the first text; borrowed
};

void plk_request_encode(struct plk_writer *w, const struct plk_request *request);
enum plk_err plk_request_decode(struct plk_bytes value, struct plk_request *request); // CORRUPT, *request untouched

#endif
