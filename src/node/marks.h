// SPDX-License-Identifier: MIT
// What people do to messages after they were written: reactions, edits, deletion, receipts of what was read, a conversation's timer
// (docs/protocol/messages.md, section 11). The core keeps marks as rows and does not know the messages: who asks names them.
#ifndef PLK_NODE_MARKS_H
#define PLK_NODE_MARKS_H

#include "wire/effect.h"
#include "wire/mark.h"

struct plk_node;
struct plk_peer;
struct plk_load;
struct plk_mail_event;

#define PLK_MARKS_PAGE 8 // rows read at a time when marks are repeated: as many as a batch holds of the largest

// A mark of the peer's. What it may not say is counted and dropped.
void plk_marks_take(struct plk_node *node, struct plk_peer *peer, const struct plk_mail_event *event);

// PLK_CMD_REACT, EDIT, DELETE, TIMER, RECEIPTS, READ. *later: the command waits, or gives its result itself.
enum plk_err plk_marks_command(struct plk_node *node, const struct plk_command *command, bool *later);

// What was made here, of one message: PLK_MARK_DUE, PLK_MARK_EXPIRED, ...
struct plk_mark_row plk_marks_own(const struct plk_node *node, uint32_t contact, enum plk_direction direction,
                                  const struct plk_origin *origin, enum plk_mark_what what);
void plk_marks_put(struct plk_node *node, const struct plk_mark_row *row);
void plk_marks_changed(struct plk_node *node, uint32_t contact, enum plk_change change, enum plk_direction direction,
                       const struct plk_origin *origin); // the event; origin NULL: of no message

// The peer has lost what it had (PLK_MAIL_LOST): all marks that were made here are said again, in pages.
void plk_marks_lost(struct plk_node *node, struct plk_peer *peer);
void plk_marks_repeat(struct plk_node *node, struct plk_peer *peer); // what is due of that
void plk_marks_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input);

// The slot's row. CORRUPT.
enum plk_err plk_marks_load(struct plk_peer *peer, struct plk_bytes value);

#endif
