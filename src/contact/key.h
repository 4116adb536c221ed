// SPDX-License-Identifier: MIT
// Keys of the rows of table link, and of table blob, that belong to src/contact: {contact u32, kind u8, ...}. Kinds below 64
// are mail's (mail/key.h), from 64 contact's, from 128 the node's.
#ifndef PLK_CONTACT_KEY_H
#define PLK_CONTACT_KEY_H

#include "base/bytes.h"

enum plk_key_kind {
    PLK_KEY_RECOVERY = 64,   // link: contact/recovery.h
    PLK_KEY_GENERATION = 65, // link: line u32, number u32: contact/generation.h
    PLK_KEY_PENDING = 66,    // link: contact/rekey.h, an own request
    PLK_KEY_ANSWER = 67,     // link: the last answer to a re-key, as sent
    PLK_KEY_JOINING = 68,    // link: contact/joining.h, until the acceptance has come
    PLK_KEY_BLOB = 69,       // blob: the joiner's blob, as sent
    PLK_KEY_ACCEPTANCE = 70, // blob: the inviter's acceptance, as sent
};

#define PLK_KEY_LEN 5
#define PLK_KEY_GENERATION_LEN 13

void plk_key_make(uint8_t out[PLK_KEY_LEN], uint32_t contact, enum plk_key_kind kind);
void plk_key_generation(uint8_t out[PLK_KEY_GENERATION_LEN], uint32_t contact, uint32_t line_number,
                        uint32_t number);

#endif
