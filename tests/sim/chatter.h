// SPDX-License-Identifier: MIT
// People who write to each other at random, short and long texts, some with a caller's id, some cancelled: what a schedule of
// accidents is laid over. A text with an id is given again until it has an answer; without one nobody knows what became of
// it when the process died, and only the history says.
#ifndef SIM_CHATTER_H
#define SIM_CHATTER_H

#include "sim/world.h"

#define CHATTER_PEOPLE_MAX 3
#define CHATTER_TEXTS_MAX 4096

struct chatter_text {
    int from, to; // people
    uint32_t number, len;
    uint64_t ticket; // 0: no command is open
    bool named;      // has a caller's id
    bool done;       // its RESULT has come, or never will
};

struct chatter {
    struct world *w;
    struct actor *people[CHATTER_PEOPLE_MAX];
    int count;
    struct dice dice;
    uint32_t marks; // edits so far
    uint32_t long_ppm, named_ppm, cancel_ppm;
    struct chatter_text texts[CHATTER_TEXTS_MAX];
    size_t text_count, first_open; // those before it are done
    uint32_t given, accepted, refused;
};

struct chatter *chatter_new(struct world *w, struct actor *const *people, int count);
// Something is done to a message that is there: a reaction, an edit, a deletion, or all is read.
void chatter_mark(struct chatter *c);
void chatter_free(struct chatter *c);

bool chatter_can_act(const struct actor *a); // a node that would take a command

void chatter_write(struct chatter *c);                       // somebody writes some texts to somebody, or cancels one
void chatter_repeat(struct chatter *c);                      // what was refused for now, or got no answer
void chatter_died(struct chatter *c, const struct actor *a); // its process is about to die
void chatter_end(struct chatter *c);                         // fails the world if a text with an id never got an answer

#endif
