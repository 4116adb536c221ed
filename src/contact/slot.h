// SPDX-License-Identifier: MIT
// Keys of the rows of table link, and of table blob, that belong to src/contact: {contact u32, kind u8, ...}. Kinds below 64
// are mail's (mail/key.h), from 64 contact's, from 128 the node's.
#ifndef PLK_CONTACT_SLOT_H
#define PLK_CONTACT_SLOT_H

#include "base/bytes.h"

enum plk_slot_kind {
    PLK_SLOT_RECOVERY = 64,   // link: contact/recovery.h
    PLK_SLOT_GENERATION = 65, // link: line u32, number u32: contact/generation.h
    PLK_SLOT_PENDING = 66,    // link: contact/rekey.h, an own request
    PLK_SLOT_ANSWER = 67,     // link: the last answer to a re-key, as sent
    PLK_SLOT_JOINING = 68,    // link: contact/joining.h, until the acceptance has come
    PLK_SLOT_BLOB = 69,       // blob: the joiner's blob, as sent
    PLK_SLOT_ACCEPTANCE = 70, // blob: the inviter's acceptance, as sent
};

#define PLK_SLOT_LEN 5
#define PLK_SLOT_GENERATION_LEN 13

void plk_slot_make(uint8_t out[PLK_SLOT_LEN], uint32_t contact, enum plk_slot_kind kind);
void plk_slot_generation(uint8_t out[PLK_SLOT_GENERATION_LEN], uint32_t contact, uint32_t line_number, uint32_t number);

#endif
