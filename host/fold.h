// SPDX-License-Identifier: MIT
// Case folding for search: Unicode simple folding (C and S of CaseFolding.txt), one character to one character, without
// a locale. МОСКВА and москва fold alike, 你好 to itself.
#ifndef PLK_HOST_FOLD_H
#define PLK_HOST_FOLD_H

#include "base/bytes.h"

// Room that the folding of len bytes of UTF-8 may need (two bytes may become three).
#define PLK_FOLD_ROOM(len) ((len) + (len) / 2 + 4)

uint32_t plk_fold_char(uint32_t point);

// Folds UTF-8 into out (PLK_FOLD_ROOM(text.len) bytes) and returns its length; chars, unless NULL, is set to the number of
// characters. Text that is not UTF-8 gives 0 bytes.
size_t plk_fold(uint8_t *out, struct plk_bytes text, size_t *chars);

// Whether needle occurs in hay, both folded already. An empty needle occurs everywhere.
bool plk_fold_contains(struct plk_bytes hay, struct plk_bytes needle);

#endif
