// SPDX-License-Identifier: MIT
// The rows of src/contact and the bodies of its control messages, by the first byte: whatever is read has one encoding.
#include <stdint.h>

#include "contact/generation.h"
#include "contact/joining.h"
#include "contact/profile.h"
#include "contact/words.h"
#include "support/people.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t first[2048], second[2048];

// One of an earlier version is written anew.
static bool is_same(struct plk_bytes written, struct plk_bytes read) {
    return written.at[0] != read.at[0] || plk_bytes_equal(written, read);
}

static void invite(struct plk_bytes bytes) {
    struct plk_invite read, again;
    struct plk_reader r = plk_reader(bytes);
    struct plk_bytes key = plk_reader_take(&r, PLK_INVITE_KEY_LEN), value = plk_reader_rest(&r);
    if (plk_invite_decode(key, value, &read) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(first, sizeof first);
    plk_invite_encode(&w, &read);
    plk_assert(plk_bytes_equal(plk_writer_bytes(&w), value));
    plk_assert(plk_invite_decode(key, value, &again) == PLK_ERR_OK && memcmp(&read, &again, sizeof read) == 0);
}

static void recovery(struct plk_bytes bytes) {
    struct plk_recovery read;
    struct plk_reset_public reset;
    struct person alice;
    uint8_t secret[32];
    if (plk_recovery_reset_decode(bytes, &reset) == PLK_ERR_OK) {
        struct plk_writer w = plk_writer(first, sizeof first);
        plk_recovery_reset_encode(&w, &reset);
        plk_assert(bytes.len > w.len || plk_bytes_equal(plk_writer_bytes(&w), bytes)); // a KEM key is passed over
    }
    if (plk_recovery_decode(bytes, &read) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(first, sizeof first);
    plk_recovery_encode(&w, &read);
    plk_assert(is_same(plk_writer_bytes(&w), bytes) && bytes.len <= PLK_RECOVERY_ROW_MAX);
    person_make(&alice, 1, "Alice");
    if (read.reset_count > 0) {
        uint32_t newest = read.resets[0].number;
        plk_assert(plk_recovery_reset_secret(&read, &alice.persona, newest, secret) == PLK_ERR_OK);
        plk_recovery_settle(&read, newest);
        if (newest != UINT32_MAX) plk_recovery_refresh(&read, &alice.rng, &reset);
    }
    plk_recovery_replace(&read, alice.device);
    struct plk_writer w2 = plk_writer(second, sizeof second);
    plk_recovery_encode(&w2, &read);
    plk_assert(plk_recovery_decode(plk_writer_bytes(&w2), &read) == PLK_ERR_OK);
}

// Rows of one length each into one list, then a body, then time.
static void generations(struct plk_bytes bytes) {
    struct plk_generations all = {0};
    struct plk_generation_change change;
    struct person alice;
    struct plk_reader r = plk_reader(bytes);
    uint8_t body[PLK_GENERATION_BODY_LEN];
    bool has_answer;
    person_make(&alice, 1, "Alice");
    uint8_t rows = plk_reader_u8(&r);
    for (uint8_t i = 0; i < rows && r.left > 0; i++) {
        struct plk_bytes value = plk_reader_take(&r, 130);
        uint8_t count = all.count;
        if (plk_generation_load(&all, value) != PLK_ERR_OK) plk_assert(all.count == count);
    }
    for (size_t i = 0; i < all.count; i++) {
        struct plk_writer w = plk_writer(first, sizeof first);
        plk_generation_encode(&w, &all.at[i]);
        plk_assert(w.len == 130);
        plk_generation_accepts(&all, i);
        if (i > 0) plk_assert(plk_generation_load(&all, plk_writer_bytes(&w)) != PLK_ERR_OK);
    }
    plk_generation_newest(&all);
    bool smaller = plk_reader_u8(&r) % 2 == 0;
    uint64_t now_ms = plk_reader_u64(&r);
    plk_generation_read(&all, smaller, plk_reader_rest(&r), &alice.rng, now_ms, &has_answer, body, &change);
    plk_assert(all.count <= PLK_GENERATIONS_MAX);
    if (plk_generation_is_due(&all, now_ms)) plk_generation_propose(&all, &alice.rng, now_ms, body, &change);
    plk_generation_expire(&all, now_ms, &change);
    plk_assert(plk_generation_expire_ms(&all) > now_ms || now_ms == UINT64_MAX);
}

static void profile(struct plk_bytes bytes) {
    struct plk_profile read, again;
    struct plk_profile_body body;
    if (plk_profile_decode(bytes, &read) == PLK_ERR_OK) {
        struct plk_writer w = plk_writer(first, sizeof first);
        plk_profile_encode(&w, &read);
        plk_assert(plk_profile_decode(plk_writer_bytes(&w), &again) == PLK_ERR_OK);
        plk_assert(memcmp(&read, &again, sizeof read) == 0);
    }
    if (plk_profile_body_decode(bytes, &body) == PLK_ERR_OK) {
        struct plk_writer w = plk_writer(first, sizeof first);
        plk_profile_body_encode(&w, &body);
        plk_assert(!w.failed && w.len <= bytes.len);
    }
}

static void joining(struct plk_bytes bytes) {
    struct plk_joining read;
    if (plk_joining_decode(bytes, &read) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(first, sizeof first);
    plk_joining_encode(&w, &read);
    plk_assert(is_same(plk_writer_bytes(&w), bytes) && bytes.len <= PLK_JOINING_ROW_MAX);
}

static void words(struct plk_bytes bytes) {
    uint8_t seed[32], again[32];
    char text[PLK_WORDS_TEXT_MAX + 1];
    unsigned wrong;
    size_t len;
    if (plk_words_decode(bytes, seed, &wrong) == PLK_ERR_OK) plk_assert(wrong == 0);
    if (bytes.len < 32) return;
    plk_words_encode(bytes.at, text, &len);
    plk_assert(plk_words_decode(plk_bytes(text, len), again, &wrong) == PLK_ERR_OK && memcmp(again, bytes.at, 32) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct plk_bytes rest = plk_bytes(data + 1, size - 1);
    switch (data[0] % 6) {
    case 0:
        invite(rest);
        break;
    case 1:
        recovery(rest);
        break;
    case 2:
        generations(rest);
        break;
    case 3:
        profile(rest);
        break;
    case 4:
        joining(rest);
        break;
    default:
        words(rest);
    }
    return 0;
}
