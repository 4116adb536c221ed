// SPDX-License-Identifier: MIT
// Virtual time: what is to happen, in order of its time and, at one time, in the order in which it was entered. Nothing here
// looks at a real clock or at where things lie in memory, so a world runs the same way everywhere.
#ifndef SIM_AGENDA_H
#define SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agenda;

// item is what was entered with it; the agenda frees it after the call.
typedef void agenda_fn(void *ctx, void *item);

struct agenda *agenda_new(void);
void agenda_free(struct agenda *a); // what has not happened is dropped, its items freed

uint64_t agenda_now(const struct agenda *a); // microseconds since the world began

// item: from malloc, or NULL. A time in the past is now.
void agenda_at(struct agenda *a, uint64_t at_us, agenda_fn *run, void *ctx, void *item);

uint64_t agenda_next(const struct agenda *a); // UINT64_MAX: nothing to come
bool agenda_step(struct agenda *a);           // goes to the next time and lets one thing happen; false: nothing to come
void agenda_skip(struct agenda *a, uint64_t to_us); // goes to that time; nothing may be due before it

#endif
