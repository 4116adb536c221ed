// SPDX-License-Identifier: MIT
// Relays that this node was told of by its own ones (docs/protocol/relay.md, section 8): a bounded list, and the few of it that are taken
// as one's own when there are fewer than two that answer (docs/design/relays.md, "Relays that are learned"). Whoever tells may lie: none
// has more than its share of the list, none brings more than one own relay, and what people chose is never replaced.
#ifndef PLK_NODE_LEARNED_H
#define PLK_NODE_LEARNED_H

#include "base/time.h"
#include "queue/descriptor.h"
#include "wire/table.h"

#define PLK_LEARNED_MAX 32 // known
#define PLK_LEARNED_TELLER_MAX \
    8 // of them, by one teller, each of another prefix; one more for each that was taken by its word
#define PLK_LEARNED_TELLERS 3                 // of one that are remembered
#define PLK_LEARNED_OWN_MAX 2                 // own relays that were learned
#define PLK_LEARNED_WANTED 2                  // own relays that answer: with so many none is taken
#define PLK_LEARNED_ASK_US (6 * PLK_HOUR)     // one that has told is asked again
#define PLK_LEARNED_DOWN_US (10 * PLK_MINUTE) // one that does not answer counts so long
#define PLK_LEARNED_DEAD_US PLK_DAY           // a learned one that does not answer is given up
#define PLK_LEARNED_TRY_US (10 * PLK_SECOND)  // for an answer of one that is tried
#define PLK_LEARNED_RTT_US PLK_SECOND         // of them, for a round trip of one that is connected
#define PLK_LEARNED_TRIES 3                   // are compared, and the nearest is taken
#define PLK_LEARNED_FRESH_US PLK_HOUR         // so long a comparison holds
#define PLK_LEARNED_PAUSE_US (5 * PLK_MINUTE) // after one that did not answer, of it; doubles
#define PLK_LEARNED_DOUBLINGS 8               // up to a day
#define PLK_LEARNED_KEY_LEN 64                // of a row: static, signing key
#define PLK_LEARNED_ROW_MAX (3 + PLK_LEARNED_TELLERS * 32 + PLK_DESCRIPTOR_MAX)

#define PLK_LEARNED_REFUSED_MAX 16     // that people have removed; of more, some may come back
#define PLK_LEARNED_REFUSED_KEY_LEN 33 // of its row: 'r', static

struct plk_node;
struct plk_relay_link;

struct plk_learned {
    struct plk_descriptor d;
    uint8_t tellers[PLK_LEARNED_TELLERS][32]; // the first of them it counts for
    unsigned teller_count;
    bool proven;          // it has answered once, under its static and with its signing key
    uint64_t tried_us;    // of the last attempt; 0: none in this process
    uint64_t answered_us; // likewise, and rtt_us as of then
    uint64_t rtt_us;
    unsigned failures; // in a row
};

struct plk_learneds {
    bool off; // nobody is asked, none is taken
    struct plk_learned at[PLK_LEARNED_MAX];
    size_t count;
    uint8_t refused[PLK_LEARNED_REFUSED_MAX][32]; // relays that people have removed, whoever had chosen them
    size_t refused_count;
    uint8_t trying[PLK_LEARNED_KEY_LEN]; // whose answer is waited for
    bool is_trying, settles;             // settles: it was compared, and is taken if it answers again
    uint64_t until_us;
    uint64_t due_us; // of the next look
};

// Rows of the start (those of table relay whose key has PLK_LEARNED_KEY_LEN bytes, or PLK_LEARNED_REFUSED_KEY_LEN). CORRUPT.
enum plk_err plk_learned_row(struct plk_node *node, const struct plk_row *row);
enum plk_err plk_learned_refused_row(struct plk_node *node, const struct plk_row *row);
// An own relay has told what it knows.
void plk_learned_hear(struct plk_node *node, const struct plk_relay_link *teller, struct plk_bytes list);
// An own relay came up or went down.
void plk_learned_look(struct plk_node *node);
// The person has removed it: it does not come back by itself. Or has added it.
void plk_learned_refuse(struct plk_node *node, const uint8_t key[32]);
void plk_learned_allow(struct plk_node *node, const uint8_t key[32]);
void plk_learned_run(struct plk_node *node); // what is due
uint64_t plk_learned_deadline(const struct plk_node *node);

#endif
