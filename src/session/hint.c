// SPDX-License-Identifier: MIT
#include "session/hint.h"

#include "crypto/crypto.h"

// ephemeral ‖ masked stamp: what the hint is computed of.
struct hinted {
    uint8_t bytes[PLK_PACKET_EPHEMERAL_LEN + PLK_PACKET_STAMP_LEN];
};

static struct hinted hinted(const uint8_t *ephemeral, const uint8_t *masked_stamp) {
    struct hinted text;
    memcpy(text.bytes, ephemeral, PLK_PACKET_EPHEMERAL_LEN);
    memcpy(text.bytes + PLK_PACKET_EPHEMERAL_LEN, masked_stamp, PLK_PACKET_STAMP_LEN);
    return text;
}

// The stamp's mask uses the hint's function on a shorter text: one keyed function, two inputs that never
// meet.
static uint64_t stamp_mask(const uint8_t key[PLK_HINT_KEY_LEN], const uint8_t *ephemeral) {
    uint8_t out[16];
    uint64_t mask = 0;
    plk_siphash128(out, key, plk_bytes(ephemeral, PLK_PACKET_EPHEMERAL_LEN));
    for (size_t i = 0; i < PLK_PACKET_STAMP_LEN; i++) mask = mask << 8 | out[i];
    return mask;
}

void plk_hint_key(uint8_t key[PLK_HINT_KEY_LEN], const uint8_t psk[32], enum plk_hint_direction direction) {
    uint8_t info[sizeof PLK_HINT_LABEL];
    memcpy(info, PLK_HINT_LABEL, sizeof info - 1);
    info[sizeof info - 1] = (uint8_t)direction; // in the place of the NUL
    plk_hkdf(key, PLK_HINT_KEY_LEN, plk_bytes(NULL, 0), plk_bytes(psk, 32), plk_bytes(info, sizeof info));
}

void plk_hint_make(const uint8_t key[PLK_HINT_KEY_LEN], const uint8_t ephemeral[32], uint64_t stamp,
                   uint8_t hint[PLK_PACKET_HINT_LEN], uint8_t masked_stamp[PLK_PACKET_STAMP_LEN]) {
    struct plk_writer w = plk_writer(masked_stamp, PLK_PACKET_STAMP_LEN);
    plk_writer_u64(&w, stamp ^ stamp_mask(key, ephemeral));
    struct hinted text = hinted(ephemeral, masked_stamp);
    plk_siphash128(hint, key, plk_bytes(text.bytes, sizeof text.bytes));
}

bool plk_hint_check(const uint8_t key[PLK_HINT_KEY_LEN], const struct plk_packet *message1) {
    plk_assert(message1->kind == PLK_PACKET_MESSAGE1);
    uint8_t hint[PLK_PACKET_HINT_LEN];
    struct hinted text = hinted(message1->ephemeral.at, message1->stamp.at);
    plk_siphash128(hint, key, plk_bytes(text.bytes, sizeof text.bytes));
    return plk_crypto_equal(hint, message1->hint.at, sizeof hint);
}

uint64_t plk_hint_stamp(const uint8_t key[PLK_HINT_KEY_LEN], const struct plk_packet *message1) {
    plk_assert(message1->kind == PLK_PACKET_MESSAGE1);
    struct plk_reader r = plk_reader(message1->stamp);
    return plk_reader_u64(&r) ^ stamp_mask(key, message1->ephemeral.at);
}

void plk_hint_budget_init(struct plk_hint_budget *budget, uint32_t per_second, uint32_t burst, uint64_t now_us) {
    *budget = (struct plk_hint_budget){.keys = burst, .at_us = now_us, .per_second = per_second, .burst = burst};
}

void plk_hint_budget_refill(struct plk_hint_budget *budget, uint64_t now_us) {
    if (now_us <= budget->at_us) return;
    uint64_t passed_us = now_us - budget->at_us;
    if (passed_us > PLK_MINUTE) passed_us = PLK_MINUTE; // more than enough to fill it, and no overflow
    uint64_t keys = passed_us * budget->per_second / PLK_SECOND;
    if (keys == 0) return; // too early for a whole key: the time goes on counting
    budget->keys += keys;
    if (budget->keys > budget->burst) budget->keys = budget->burst;
    budget->at_us = now_us;
}

void plk_hint_budget_take(struct plk_hint_budget *budget, uint64_t keys) {
    budget->keys -= keys < budget->keys ? keys : budget->keys;
}

enum plk_err plk_hint_scan(const struct plk_hint_entry *entries, size_t count, const struct plk_packet *message1,
                           struct plk_hint_budget *budget, uint32_t *owner) {
    plk_assert(message1->kind == PLK_PACKET_MESSAGE1);
    struct hinted text = hinted(message1->ephemeral.at, message1->stamp.at);
    for (size_t i = 0; i < count; i++) {
        uint8_t hint[PLK_PACKET_HINT_LEN];
        plk_siphash128(hint, entries[i].key, plk_bytes(text.bytes, sizeof text.bytes));
        if (memcmp(hint, message1->hint.at, sizeof hint) != 0) continue;
        plk_hint_budget_take(budget, i + 1);
        *owner = entries[i].owner;
        return PLK_ERR_OK;
    }
    plk_hint_budget_take(budget, count);
    return PLK_ERR_NOT_FOUND;
}
