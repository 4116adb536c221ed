// SPDX-License-Identifier: MIT
// Reads under way: which LOAD is whose. Tickets are small and never reused.
#ifndef PLK_NODE_LOADS_H
#define PLK_NODE_LOADS_H

#include "effect/outputs.h"

enum plk_load_kind {
    PLK_LOAD_START = 1, // the tables that are read whole at start
    PLK_LOAD_LAST_EVENT,
    PLK_LOAD_CONTACT, // a contact's rows of one table
    PLK_LOAD_MAIL,    // what its mail asked for
    PLK_LOAD_CALLER,  // a caller's id; contact is a ticket of node/callers.h
    PLK_LOAD_BACKUP,
    PLK_LOAD_SWEEP,   // what is old; what: the table
    PLK_LOAD_MARKS,   // a contact's marks, to be said again
    PLK_LOAD_EXPIRY,  // what vanishes; what: enum plk_expiry_read
    PLK_LOAD_PICTURE, // parts of an own picture that are to be sent; what: the first
};

struct plk_load {
    struct plk_load *next;
    uint64_t ticket;
    enum plk_load_kind kind;
    uint32_t contact;
    unsigned what;    // START, CONTACT: the table; MAIL: enum plk_mail_want
    uint64_t after_n; // handed to the host after STORE with this number
    bool handed;
    struct plk_output output; // the request, until it is handed over
    uint8_t from[PLK_ROW_KEY_MAX], to[PLK_ROW_KEY_MAX];
};

struct plk_loads {
    struct plk_mem *mem;
    struct plk_load *first;
    uint64_t next_ticket;
};

void plk_loads_init(struct plk_loads *loads, struct plk_mem *mem);
void plk_loads_free(struct plk_loads *loads);

// Asks for from <= key < to (an empty to: until the end). after_n: not before that batch was given to the host.
void plk_loads_ask(struct plk_loads *loads, enum plk_load_kind kind, uint32_t contact, unsigned what,
                   enum plk_table table, struct plk_bytes from, struct plk_bytes to, uint32_t limit, bool reverse,
                   uint64_t after_n);
// The next request whose time has come.
bool plk_loads_next(struct plk_loads *loads, uint64_t emitted_n, struct plk_output *output);
// Whose answer this is: NULL for an unknown ticket. The caller removes it after the last part.
struct plk_load *plk_loads_find(struct plk_loads *loads, uint64_t ticket);
void plk_loads_remove(struct plk_loads *loads, struct plk_load *load);
void plk_loads_forget(struct plk_loads *loads, uint32_t contact); // its answers will be ignored
bool plk_loads_pending(const struct plk_loads *loads, enum plk_load_kind kind, uint32_t contact);

#endif
