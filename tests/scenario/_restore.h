// SPDX-License-Identifier: MIT
// A new machine that takes over a profile from its words and its backup.
#ifndef SCENARIO_RESTORE_H
#define SCENARIO_RESTORE_H

#include "sim/story.h"

struct restorable {
    char words[PLK_WORDS_MAX];
    const struct actor_result *backup; // owned by the actor that made it
};

struct restorable restorable(struct actor *a);
// A started machine of that name; the old one should be off.
struct actor *restored(struct actor *old, const struct restorable *from, const char *name);

#endif
