// SPDX-License-Identifier: MIT
// What command.c and answer.c share.
#ifndef PLK_RELAY_COMMAND_H
#define PLK_RELAY_COMMAND_H

#include "relay/mailbox.h"

struct plk_relay;

bool plk_command_flags_valid(uint8_t flags);
// One item more in a queue, on disk and in memory.
void plk_command_keep(struct plk_relay *relay, struct plk_queue *queue, const struct plk_head *head,
                      struct plk_bytes cell);

#endif
