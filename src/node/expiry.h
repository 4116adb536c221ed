// SPDX-License-Identifier: MIT
// Messages that vanish: the node deletes each when its time has run, whoever is connected, also after a restart. Times are the wall
// clock's of the start, and from then on what has passed since: a clock that jumps while the node runs takes nothing away early and
// keeps nothing for long.
#ifndef PLK_NODE_EXPIRY_H
#define PLK_NODE_EXPIRY_H

#include "wire/effect.h"
#include "wire/expiry.h"

#define PLK_EXPIRY_PAGE 64 // rows of a step

struct plk_node;
struct plk_peer;
struct plk_load;
struct plk_mail_event;

enum plk_expiry_read {
    PLK_EXPIRY_READ_ALL = 1, // at the start
    PLK_EXPIRY_READ_DUE,
    PLK_EXPIRY_READ_SEEN, // what waited in one conversation
};

struct plk_expiries {
    bool known;                             // the rows of the start were read
    uint64_t from_wall_ms;                  // of the start, and
    uint64_t from_mono_us;                  // then
    uint64_t next_ms;                       // when a row may be due; PLK_NEVER: none is
    bool reading;                           // rows that are due
    size_t page;                            // rows of this page so far
    uint64_t found_ms;                      // what comes after them
    uint8_t cursor[PLK_EXPIRY_KEY_MAX + 1]; // at the start: where the next page begins
    size_t cursor_len;
};

void plk_expiry_begin(struct plk_node *node);              // the rows of the start are read
void plk_expiry_run(struct plk_node *node);                // what is due
uint64_t plk_expiry_deadline(const struct plk_node *node); // mono_us
// A message with a lifetime was shown, or delivered.
void plk_expiry_message(struct plk_node *node, struct plk_peer *peer, const struct plk_mail_event *event);
void plk_expiry_seen(struct plk_node *node, const struct plk_peer *peer); // up to read_row
void plk_expiry_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input);

#endif
