// SPDX-License-Identifier: MIT
// What a person did wrong with a relay's address, in words about such addresses.
#ifndef PLK_API_RELAY_WORDS_H
#define PLK_API_RELAY_WORDS_H

#include "base/err.h"

const char *plk_relay_words(enum plk_err err); // static

#endif
