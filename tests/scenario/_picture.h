// SPDX-License-Identifier: MIT
// Pictures in stories: made from a number, sent, and looked for on the disk of whoever should have them.
#ifndef SCENARIO_PICTURE_H
#define SCENARIO_PICTURE_H

#include "sim/story.h"
#include "wire/picture.h"

#define PICTURE_SOME 300000 // bytes of a usual one: seven parts

struct plk_bytes picture_bytes(unsigned number, size_t len); // the same for the same number; good until the next call
// The command; the bytes are those of picture_bytes. Its caption is "picture NUMBER".
struct plk_command picture_command(const struct actor *from, const struct actor *to, unsigned number, size_t len);
void picture_send(struct actor *from, struct actor *to, unsigned number, size_t len); // and it is accepted

// Its message is durable there: its row. False: it is not.
bool picture_row(const struct actor *a, enum plk_direction direction, unsigned number, struct plk_message_row *row);
// The message, all its parts, byte for byte, and that it is whole.
bool picture_is_whole(const struct actor *a, enum plk_direction direction, unsigned number);
size_t picture_rows(const struct actor *a); // of table picture, whatever they are
// Whole at the receiver, and the sender knows that it is delivered.
void picture_until_delivered(struct actor *from, struct actor *to, unsigned number, uint64_t limit_us);
size_t picture_events(const struct actor *a); // that one is whole

#endif
