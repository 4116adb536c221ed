// SPDX-License-Identifier: MIT
#include "channel/challenge.h"

#include "channel/relay_channel.h"
#include "crypto/crypto.h"

void plk_challenge_heard(struct plk_challenge *c, const struct plk_addr *from, size_t len, struct plk_rng *rng,
                         uint64_t now_us) {
    if (!c->live || !plk_addr_equal(&c->addr, from)) {
        *c = (struct plk_challenge){.live = true, .addr = *from, .due_us = now_us};
        plk_rng_bytes(rng, c->token, sizeof c->token);
    }
    c->came += len;
}

bool plk_challenge_allows(const struct plk_challenge *c, const struct plk_addr *to, size_t len) {
    return c->live && plk_addr_equal(&c->addr, to) && c->went + len <= PLK_RELAY_CHANNEL_UNPROVEN_TIMES * c->came;
}

void plk_challenge_went(struct plk_challenge *c, size_t len) { c->went += len; }

bool plk_challenge_due(const struct plk_challenge *c, uint64_t now_us, size_t len) {
    return plk_challenge_deadline(c, len) <= now_us;
}

void plk_challenge_sent(struct plk_challenge *c, uint64_t now_us, size_t len) {
    c->went += len;
    c->due_us = now_us + (PLK_RELAY_CHANNEL_CHALLENGE_US << c->tries);
    c->tries++;
}

bool plk_challenge_answered(struct plk_challenge *c, const struct plk_addr *from,
                            const uint8_t token[PLK_CHALLENGE_TOKEN_LEN]) {
    if (!c->live || c->tries == 0 || !plk_addr_equal(&c->addr, from)) return false;
    if (!plk_crypto_equal(c->token, token, PLK_CHALLENGE_TOKEN_LEN)) return false;
    c->live = false;
    return true;
}

uint64_t plk_challenge_deadline(const struct plk_challenge *c, size_t len) {
    if (!c->live || c->tries == PLK_RELAY_CHANNEL_CHALLENGES) return PLK_NEVER;
    return plk_challenge_allows(c, &c->addr, len) ? c->due_us : PLK_NEVER;
}

uint64_t plk_challenge_end_us(const struct plk_challenge *c) {
    if (!c->live) return PLK_NEVER;
    return c->due_us + (c->tries == PLK_RELAY_CHANNEL_CHALLENGES ? 0 : PLK_CHALLENGE_OVERDUE_US);
}
