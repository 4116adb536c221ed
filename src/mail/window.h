// SPDX-License-Identifier: MIT
// The part of the outbox that is in memory: a queue of entries in the order in which they are sent. First those that
// are encrypted in the current generation and not acknowledged, then those that wait. A ring, so that both ends are
// O(1).
#ifndef PLK_MAIL_WINDOW_H
#define PLK_MAIL_WINDOW_H

#include "mail/entry.h"

struct plk_window {
    struct plk_mem *mem;
    struct plk_entry *ring;
    size_t cap, head, count;
    size_t payload_bytes; // of all entries
    size_t record_bytes;
};

void plk_window_init(struct plk_window *window, struct plk_mem *mem);
void plk_window_clear(struct plk_window *window); // frees all entries

// Index 0 is the oldest; traps outside. The pointer is valid until the next push, pop or remove.
struct plk_entry *plk_window_at(const struct plk_window *window, size_t index);
void plk_window_push(struct plk_window *window, const struct plk_entry *entry); // takes what entry owns
void plk_window_pop(struct plk_window *window);                                 // frees the oldest
void plk_window_remove(struct plk_window *window, size_t index);                // frees it; O(count)

// The ciphertext of an entry that is in the window; an empty one drops it.
void plk_window_set_record(struct plk_window *window, struct plk_entry *entry, struct plk_bytes ciphertext);

// The entry of that order; false: it is not in the window.
bool plk_window_find(const struct plk_window *window, struct plk_order order, size_t *index);

#endif
