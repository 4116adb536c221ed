// SPDX-License-Identifier: MIT
// People for the tests of src/contact: personas out of one seed byte, generators that repeat, payloads that are valid.
#ifndef PLK_TESTS_SUPPORT_PEOPLE_H
#define PLK_TESTS_SUPPORT_PEOPLE_H

#include <stdlib.h>

#include "contact/first.h"
#include "contact/invite.h"
#include "contact/recovery.h"
#include "support/memory.h"

#define PEOPLE_NOW_MS UINT64_C(1750000000000)

static inline struct plk_mem people_mem(void) { return (struct plk_mem){.take = memory_take, .give = memory_give}; }

struct person {
    struct plk_rng rng;
    struct plk_persona persona;
    uint8_t device[PLK_DEVICE_LEN];
    uint8_t link_secret[32];
    struct plk_reset_secret reset;
    struct plk_payload payload;
};

static inline struct plk_place people_place(uint8_t last, uint16_t port) {
    return (struct plk_place){.transport = PLK_UDP, .addr = {.family = 4, .ip = {192, 0, 2, last}, .port = port}};
}

// Everything of a person follows from one byte. name is a literal.
static inline void person_make(struct person *p, uint8_t seed_byte, const char *name) {
    uint8_t seed[32];
    memset(p, 0, sizeof *p);
    memset(seed, seed_byte, sizeof seed);
    plk_rng_seed(&p->rng, seed);
    plk_persona_derive(&p->persona, seed);
    plk_persona_device(p->device, &p->rng);
    plk_rng_bytes(&p->rng, p->link_secret, 32);
    p->reset.number = 1;
    plk_rng_bytes(&p->rng, p->reset.secret, 32);
    p->payload.name = plk_bytes_text(name);
    memcpy(p->payload.device, p->device, PLK_DEVICE_LEN);
    plk_rng_bytes(&p->rng, p->payload.epoch, PLK_EPOCH_LEN);
    plk_dh_public(p->payload.link_public, p->link_secret);
    p->payload.has_reset = true;
    p->payload.reset.number = 1;
    plk_dh_public(p->payload.reset.key, p->reset.secret);
    p->payload.places.count = 1;
    p->payload.places.at[0] = people_place(seed_byte, 4000);
    p->payload.incarnation = 1000u + seed_byte;
}

// What a re-key may tell: no name, no text.
static inline struct plk_payload person_plain(const struct person *p) {
    struct plk_payload plain = p->payload;
    plain.name = plain.about = plain.ack = plk_bytes(NULL, 0);
    plain.envelope_count = 0;
    return plain;
}

// The row that p keeps of other after a first contact that ended with this secret.
static inline void person_recovery(const struct person *p, const struct person *other, const uint8_t secret[32],
                                   struct plk_recovery *recovery) {
    plk_recovery_init(recovery, &other->persona.identity, secret, &other->payload);
    recovery->reset_count = 1;
    recovery->resets[0] = p->reset;
}

#endif
