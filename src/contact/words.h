// SPDX-License-Identifier: MIT
// A profile seed as 24 English words (BIP-39: 11 bits a word, the last 8 bits are SHA-256 of the seed).
// docs/protocol/identity.md.
#ifndef PLK_CONTACT_WORDS_H
#define PLK_CONTACT_WORDS_H

#include "base/reader.h"
#include "base/err.h"

#define PLK_WORDS_COUNT 24
#define PLK_WORDS_LIST_LEN 2048
#define PLK_WORDS_TEXT_MAX (PLK_WORDS_COUNT * 9 - 1) // the longest word has 8 letters

// In alphabetical order; no two share their first four letters. (words_list.c)
extern const char plk_words_list[PLK_WORDS_LIST_LEN][9];

// Writes the words, one space between them, and a terminator; *len is without it.
void plk_words_encode(const uint8_t seed[32], char out[PLK_WORDS_TEXT_MAX + 1], size_t *len);

// Reads what a person typed: capitals are small, anything that is neither a letter nor above ASCII separates (so a
// numbered list is fine), four letters or more of a word are enough. *wrong counts from 1.
//   EMPTY     no words
//   INVALID   word *wrong is not in the list
//   CUT_OFF   fewer than 24 words; *wrong is the first that is missing
//   TOO_LONG  more than 24
//   MISTYPED  all are words, but their check does not fit: one is another, or two changed places; *wrong is 0
// seed is written on OK only.
enum plk_err plk_words_decode(struct plk_bytes text, uint8_t seed[32], unsigned *wrong);

#endif
