// SPDX-License-Identifier: MIT
// What people do to messages, and what both sides show of them then.
#ifndef SCENARIO_MARKS_H
#define SCENARIO_MARKS_H

#include "sim/agree.h"
#include "sim/story.h"

#define MARKS_LIMIT (5 * PLK_MINUTE)

// The newest message with that text (as it was said, the canary is put before it); remembered by its id from then on.
struct marked {
    struct actor *writer, *reader;
    uint8_t id[PLK_ID_LEN];
};
struct marked marks_find(struct actor *writer, struct actor *reader, const char *text);

// A command about it by one of the two; what it answers.
enum plk_err marks_do(const struct marked *m, struct actor *who, enum plk_command_kind kind, const char *text);
enum plk_err marks_set(struct actor *who, struct actor *peer, enum plk_command_kind kind, uint32_t seconds, bool flag);

// Runs until that side shows it so.
void marks_until_text(const struct marked *m, struct actor *who,
                      const char *text); // NULL: it is deleted or has vanished
void marks_until_reaction(const struct marked *m, struct actor *who, enum plk_mark_author by, const char *emoji);
bool marks_is_read(const struct marked *m); // the writer has been told so
void marks_agree(struct world *w);
bool marks_leaves_nothing(const struct actor *a, const char *text); // in no row of its store, outbox included

#endif
