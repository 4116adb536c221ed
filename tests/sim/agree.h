// SPDX-License-Identifier: MIT
// What marks make of messages, seen from outside: both sides show the same in the end, and no text is another one that no mark
// explains.
#ifndef SIM_AGREE_H
#define SIM_AGREE_H

#include "sim/world.h"
#include "wire/mark.h"

// A message as somebody's store shows it.
struct agree_view {
    struct plk_message_row row; // payload: borrowed from the store, until its next change
    bool deleted, hidden, expired, edited;
    char reactions[2][PLK_MARK_EMOJI_MAX + 1]; // by PLK_MARK_ME, PLK_MARK_THEM
};
// The message of that id; false: none.
bool agree_view(const struct actor *a, enum plk_direction direction, const uint8_t id[PLK_ID_LEN],
                struct agree_view *view);

// Whether somebody's mark says what the row's text, which is another than was written, is.
bool agree_explains(const struct world *w, const struct plk_message_row *row);

// All that two of them both hold, both show alike: text, deletion for both, each one's reaction. As a test for world_run_until.
bool agree_all(struct world *w, void *none);
void agree_check(struct world *w); // fails the world if not
#endif
