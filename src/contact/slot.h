// SPDX-License-Identifier: MIT
// Keys of the rows of table link, and of table blob, that belong to src/contact: {contact u32, kind u8, ...}. Kinds
// 64-79 are mail's (mail/key.h), from 80 contact's, from 128 the node's.
#ifndef PLK_CONTACT_SLOT_H
#define PLK_CONTACT_SLOT_H

#include "base/bytes.h"

enum plk_slot_kind {
    PLK_SLOT_RECOVERY = 80,   // link: contact/recovery.h
    PLK_SLOT_GENERATION = 81, // link: line u32, number u32: contact/generation.h
    PLK_SLOT_PENDING = 82,    // link: contact/rekey.h, an own request
    PLK_SLOT_ANSWER = 83,     // link: the last answer to a re-key, as sent
    PLK_SLOT_JOINING = 84,    // link: contact/joining.h, until the acceptance has come
    PLK_SLOT_BLOB = 85,       // blob: the joiner's blob, as sent
    PLK_SLOT_ACCEPTANCE = 86, // blob: the inviter's acceptance, as sent
    PLK_SLOT_OPENED = 87,     // blob: contact/opened.h, until the acceptance has come
    PLK_SLOT_SEQUENCE = 88,   // link: u64, the highest sequence seen in a bundle of this contact's address links
    PLK_SLOT_REQUEST = 89,    // blob: contact/request.h, until it is accepted
};

#define PLK_SLOT_LEN 5
#define PLK_SLOT_GENERATION_LEN 13

void plk_slot_make(uint8_t out[PLK_SLOT_LEN], uint32_t contact, enum plk_slot_kind kind);
void plk_slot_generation(uint8_t out[PLK_SLOT_GENERATION_LEN], uint32_t contact, uint32_t line_number, uint32_t number);

#endif
