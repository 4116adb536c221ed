// SPDX-License-Identifier: MIT
// Has the client moved? One address from which packets of a channel came and that has not yet proved that it gets ours
// (docs/protocol/relay.md, section 4; RFC 9000 sections 8.2 and 9.3). To it at most three times the bytes go that came from it.
#ifndef PLK_CHANNEL_CHALLENGE_H
#define PLK_CHANNEL_CHALLENGE_H

#include "base/addr.h"
#include "base/time.h"
#include "crypto/rng.h"

#define PLK_CHALLENGE_TOKEN_LEN 8
#define PLK_CHALLENGE_OVERDUE_US (5 * PLK_SECOND) // a copy that may not leave: nothing more comes from there

struct plk_challenge {
    bool live; // the rest is of the address that is asked now
    struct plk_addr addr;
    uint8_t token[PLK_CHALLENGE_TOKEN_LEN];
    uint64_t came, went; // bytes
    unsigned tries;
    uint64_t due_us; // of the next copy
};

// A packet of len bytes, the newest of the channel, came from this address, which is not the proven one. Another address takes
// the place of the one before.
void plk_challenge_heard(struct plk_challenge *c, const struct plk_addr *from, size_t len, struct plk_rng *rng,
                         uint64_t now_us);
// len bytes may go to it, or went.
bool plk_challenge_allows(const struct plk_challenge *c, const struct plk_addr *to, size_t len);
void plk_challenge_went(struct plk_challenge *c, size_t len);
// A copy is due; and was sent: the last one ends the asking, until a packet comes from there again.
bool plk_challenge_due(const struct plk_challenge *c, uint64_t now_us, size_t len);
void plk_challenge_sent(struct plk_challenge *c, uint64_t now_us, size_t len);
// A response came from there: the address is proven. The asking is over then.
bool plk_challenge_answered(struct plk_challenge *c, const struct plk_addr *from,
                            const uint8_t token[PLK_CHALLENGE_TOKEN_LEN]);
// When a copy is due; PLK_NEVER when none is, or nothing may go before more has come.
uint64_t plk_challenge_deadline(const struct plk_challenge *c, size_t len);
// When the asking is to be given up (live = false); PLK_NEVER when nobody is asked.
uint64_t plk_challenge_end_us(const struct plk_challenge *c);

#endif
