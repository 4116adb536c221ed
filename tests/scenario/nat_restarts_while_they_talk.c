// SPDX-License-Identifier: MIT
// In the middle of a conversation a NAT starts again, then gets another address, then both do at once: nobody is told, what had
// been open is not. Nothing is lost, and the conversation goes on.
#include "_homes.h"

#define AGAIN (20 * PLK_SECOND) // in which what waits has arrived

static void strike(struct homes *s, bool renumber, bool both) {
    struct nat *nats[2] = {s->alices, s->bobs};
    int first = s->w->seed % 2 ? 0 : 1;
    for (int i = 0; i <= both; i++) {
        struct nat *nat = nats[(first + i) % 2];
        if (s->w->seed % 3 == 0 && nat->front) nat = s->w->nats[nat->front->number]; // the carrier's
        if (renumber)
            world_nat_renumber(s->w, nat);
        else
            world_nat_reboot(s->w, nat);
    }
}

static void tell(struct world *w) {
    static const enum nat_class classes[] = {NAT_CLASS_PORT_RESTRICTED, NAT_CLASS_SYMMETRIC, NAT_CLASS_CGNAT};
    struct homes s;
    homes_begin_as(&s, w, classes[w->seed % 3], w->seed % 4 ? classes[w->seed / 3 % 3] : NAT_CLASS_NONE);
    if (!s.bobs) s.bobs = s.alices;
    homes_chat(&s, "before", 3 * PLK_SECOND);
    strike(&s, false, false);
    homes_chat(&s, "it starts again", 3 * PLK_SECOND);
    story_delivered(w, AGAIN);
    strike(&s, true, false);
    homes_chat(&s, "it is elsewhere", 3 * PLK_SECOND);
    story_delivered(w, AGAIN);
    strike(&s, false, true);
    homes_chat(&s, "both start again", 3 * PLK_SECOND);
    story_delivered(w, AGAIN);
    strike(&s, true, true);
    homes_chat(&s, "both are elsewhere", 3 * PLK_SECOND);
    story_delivered(w, AGAIN);
    homes_talk(&s, "that was it", HOMES_TALK);
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
