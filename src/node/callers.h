// SPDX-License-Identifier: MIT
// Callers' ids (DESIGN 2): a send with an id that was used before makes nothing new and gives the first result again. The
// rows are in table caller_id, looked up before the send; what this process has written lately is also here, because a
// look-up that was asked before a write does not see it.
#ifndef PLK_NODE_CALLERS_H
#define PLK_NODE_CALLERS_H

#include "base/buf.h"
#include "wire/effect.h"

#define PLK_CALLERS_RECENT 256
#define PLK_CALLERS_WAITING_MAX 4096
#define PLK_CALLER_KEY_LEN 32

struct plk_node;
struct plk_load;

struct plk_caller {
    uint8_t key[PLK_CALLER_KEY_LEN]; // SHA-512 of the id, cut
    uint32_t contact;
    uint64_t row, time_ms;
    uint64_t event_n; // the newest event when it was made: its age, in what a program could have read since
    uint8_t id[PLK_ID_LEN];
};

struct plk_caller_wait {
    struct plk_caller_wait *next;
    uint32_t number;
    uint8_t key[PLK_CALLER_KEY_LEN];
    struct plk_command command;
    struct plk_buf bytes;
};

struct plk_callers {
    struct plk_caller recent[PLK_CALLERS_RECENT];
    size_t next; // place in recent
    struct plk_caller_wait *waiting;
    size_t waiting_count;
    uint32_t next_number;
};

void plk_callers_free(struct plk_node *node);
// A SEND with an id: looked up first; it comes back through plk_callers_loaded and then plk_node_send_now.
void plk_callers_ask(struct plk_node *node, const struct plk_command *command);
// A SEND that was looked up and then waited for its contact's rows: what was made meanwhile is still in memory.
void plk_callers_send(struct plk_node *node, const struct plk_command *command);
void plk_callers_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input);
// A row that was made before event `below`, or that cannot be read.
bool plk_callers_is_old(struct plk_bytes value, uint64_t below);
// The send was made: remembers it in the same batch.
void plk_callers_made(struct plk_node *node, struct plk_bytes caller_id, uint32_t contact, uint64_t row,
                      const uint8_t id[PLK_ID_LEN]);
void plk_node_send_now(struct plk_node *node, const struct plk_command *command); // commands.c

// A copy of a command whose ranges point into bytes.
void plk_command_copy(struct plk_mem *mem, struct plk_command *to, struct plk_buf *bytes,
                      const struct plk_command *from);

#endif
