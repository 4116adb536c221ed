// SPDX-License-Identifier: MIT
// Where a contact may be found: its known addresses, whatever told us of them (DESIGN 4, "The ladder is run as a race").
// Foreign addresses are only accepted after the rules of DESIGN 3.10. A plain value; its row is written by the caller.
#ifndef PLK_PATH_CANDIDATES_H
#define PLK_PATH_CANDIDATES_H

#include "base/addr.h"
#include "base/err.h"
#include "base/time.h"

#define PLK_CANDIDATES_MAX 32
#define PLK_CANDIDATES_GOOD 16        // most that are kept because they were good once: who roams leaves many behind
#define PLK_CANDIDATES_OF_ONE_LIST 16 // that one list of a peer may add
#define PLK_CANDIDATES_TRIES 3        // most times that one is asked in one race
#define PLK_CANDIDATES_ROW_MAX (1 + PLK_CANDIDATES_MAX * 32)

enum plk_candidate_source {
    PLK_CANDIDATE_GOOD = 1, // an authenticated packet came from there; the newest first
    PLK_CANDIDATE_LINK,     // stood in an invite link or a first contact
    PLK_CANDIDATE_TOLD,     // the peer's list over the link; each list replaces the one before
    PLK_CANDIDATE_BEACON,
};

struct plk_candidate {
    enum plk_transport transport;
    enum plk_candidate_source source;
    struct plk_addr addr;
    uint64_t good_ms; // wall clock of the last authenticated packet from there, 0: never
    uint32_t tries;   // in the race that is on
    bool told;        // stood in the newest list of the peer's; not in the row
};

struct plk_candidates {
    size_t count;
    struct plk_candidate list[PLK_CANDIDATES_MAX]; // the most promising first
};

// One's own prefixes, for the rule on private addresses.
struct plk_prefix {
    struct plk_addr addr;
    uint8_t bits;
};

struct plk_addr_rules {
    const struct plk_prefix *own; // borrowed
    size_t own_count;
    bool loopback; // the link was made on it
};

// May packets go there because a stranger or a peer says so? (DESIGN 3.10)
bool plk_addr_allowed(const struct plk_addr *addr, const struct plk_addr_rules *rules);

// Adds or refreshes. False: refused by the rules, or full of better ones. GOOD moves to the front; of those that are not told now, the one that
// was good longest ago goes when they are too many.
bool plk_candidates_add(struct plk_candidates *c, enum plk_transport transport, const struct plk_addr *addr,
                        enum plk_candidate_source source, uint64_t wall_ms, const struct plk_addr_rules *rules);

bool plk_candidates_has(const struct plk_candidates *c, enum plk_transport transport, const struct plk_addr *addr);

// A new list of the peer's: forgets the older TOLD ones that are not in it.
void plk_candidates_told_begin(struct plk_candidates *c);

// A race begins: none has been asked. Then the next one to be asked over UDP: those asked less often first, then the one that was good last,
// those that are told now, and the others in order;
// NULL: each was asked `most` times. Borrowed.
void plk_candidates_race(struct plk_candidates *c);
struct plk_candidate *plk_candidates_next(struct plk_candidates *c, uint32_t most);

// The row of table link; decode: CORRUPT.
size_t plk_candidates_encode(const struct plk_candidates *c, uint8_t out[PLK_CANDIDATES_ROW_MAX]);
enum plk_err plk_candidates_decode(struct plk_bytes row, struct plk_candidates *c);

#endif
