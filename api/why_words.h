// SPDX-License-Identifier: MIT
// Why the path to a contact is the one it is, in a sentence or two for a person (DESIGN 6).
#ifndef PLK_API_WHY_WORDS_H
#define PLK_API_WHY_WORDS_H

#include "node/node.h"

#define PLK_WHY_WORDS_MAX 900

// out: PLK_WHY_WORDS_MAX bytes.
void plk_why_words(char *out, const struct plk_contact_view *contact, const struct plk_why_view *why, uint64_t now_us);

#endif
