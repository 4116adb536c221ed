// SPDX-License-Identifier: MIT
// Both NATs forget a UDP mapping after 30 s, or after 12 s as one large mobile network does. Nobody says anything for minutes; then a
// word is heard soon, because what the relay is reached by is kept open; and once something was lost, as soon as any.
#include "_homes.h"
#include "channel/keepalive.h"

static void tell(struct world *w) {
    struct homes s;
    struct nat *nats[2];
    for (int i = 0; i < 2; i++) {
        nats[i] = world_nat(w, w->seed % 3 ? NAT_CLASS_PORT_RESTRICTED : NAT_CLASS_SYMMETRIC);
        nats[i]->is.stream_us = w->seed % 2 ? 12 * PLK_SECOND : 30 * PLK_SECOND;
        nats[i]->is.unreplied_us = nats[i]->is.stream_us;
        nats[i]->is.inside_keeps = w->seed % 5 == 0;
    }
    homes_begin(&s, w, nats[0], nats[1]);
    story_run(w, 3 * PLK_MINUTE);
    homes_talk(&s, "still there", PLK_KEEPALIVE_BLIND_US);
    homes_talk(&s, "good", HOMES_TALK);
    story_run(w, 20 * PLK_MINUTE);
    homes_talk(&s, "and now", HOMES_TALK);
    story_run(w, 2 * PLK_HOUR);
    homes_talk(&s, "and tonight", HOMES_TALK);
    homes_end(&s);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
