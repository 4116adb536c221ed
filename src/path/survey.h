// SPDX-License-Identifier: MIT
// What the NAT in front of this machine does with new sockets: whether it gives one of them another outside address for another end, and
// which ports it gives out. Asked by STUN from two sockets that were opened for nothing else, so that it takes one round trip and opens
// no filter of the socket that others send to (path/reflexive.h). Over IPv4 only. Sans I/O: packets in, packets out.
#ifndef PLK_PATH_SURVEY_H
#define PLK_PATH_SURVEY_H

#include "path/reflexive.h"

#define PLK_SURVEY_SOCKETS 2
#define PLK_SURVEY_PROBES 5
#define PLK_SURVEY_SENDS 3              // of one request
#define PLK_SURVEY_PACE_US (5 * PLK_MS) // between two first requests: in this order the NAT is to see them

struct plk_survey_probe {
    unsigned socket; // index
    struct plk_addr to;
    uint8_t id[PLK_STUN_ID_LEN];
    unsigned sends;
    uint64_t due_us; // when it is sent next, or, after the last time, given up; PLK_NEVER: over
    bool answered;
    struct plk_addr seen;
};

struct plk_survey {
    struct plk_survey_probe probes[PLK_SURVEY_PROBES]; // in the order in which they leave
    unsigned count;
    bool running;
    struct plk_nat_class found; // of the last one that found something; mapping UNKNOWN: none has
};

// Begins one; one that was running is given up. count: of servers of IPv4. None: nothing is known any more.
void plk_survey_begin(struct plk_survey *s, const struct plk_reflexive_server *servers, unsigned count,
                      struct plk_rng *rng, uint64_t now_us);
// The next request, and from which of the two sockets it goes. false: nothing is due.
bool plk_survey_poll(struct plk_survey *s, uint64_t now_us, unsigned *socket, struct plk_addr *to,
                     uint8_t request[PLK_REFLEXIVE_REQUEST_MAX], size_t *len);
// false: no answer to a request of this one.
bool plk_survey_heard(struct plk_survey *s, const struct plk_stun *message, struct plk_rng *rng, uint64_t now_us);
// After each of these calls, and when its time has come: true when it has just ended. The sockets are not needed any more.
bool plk_survey_tick(struct plk_survey *s, uint64_t now_us);
uint64_t plk_survey_deadline(const struct plk_survey *s);

#endif
