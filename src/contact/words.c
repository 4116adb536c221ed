// SPDX-License-Identifier: MIT
#include "contact/words.h"

#include "crypto/sha256.h"

#define BITS 11
#define ENTROPY_LEN 33 // the seed and its check: 24 words of 11 bits

static unsigned bits_at(const uint8_t bytes[ENTROPY_LEN], size_t word) {
    unsigned value = 0;
    for (size_t bit = word * BITS; bit < (word + 1) * BITS; bit++) {
        value = value << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1u);
    }
    return value;
}

static void set_bits(uint8_t bytes[ENTROPY_LEN], size_t word, unsigned value) {
    for (size_t i = 0; i < BITS; i++) {
        size_t bit = word * BITS + i;
        if (value >> (BITS - 1 - i) & 1) bytes[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
    }
}

static uint8_t check_of(const uint8_t seed[32]) {
    uint8_t hash[32];
    plk_sha256(hash, plk_bytes(seed, 32));
    uint8_t check = hash[0];
    plk_mem_wipe(hash, sizeof hash);
    return check;
}

void plk_words_encode(const uint8_t seed[32], char out[PLK_WORDS_TEXT_MAX + 1], size_t *len) {
    uint8_t bytes[ENTROPY_LEN];
    size_t at = 0;
    memcpy(bytes, seed, 32);
    bytes[32] = check_of(seed);
    for (size_t i = 0; i < PLK_WORDS_COUNT; i++) {
        const char *word = plk_words_list[bits_at(bytes, i)];
        size_t word_len = strlen(word);
        if (i > 0) out[at++] = ' ';
        memcpy(out + at, word, word_len);
        at += word_len;
    }
    out[at] = 0;
    *len = at;
    plk_mem_wipe(bytes, sizeof bytes);
}

static uint8_t small(uint8_t c) { return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c; }

static bool is_part(uint8_t c) { return (small(c) >= 'a' && small(c) <= 'z') || c >= 0x80; }

// <0, 0, >0 as typed is before, a beginning (of four letters or all of it) of, or after word.
static int compare(struct plk_bytes typed, const char *word) {
    for (size_t i = 0; i < typed.len; i++) {
        int difference = (int)small(typed.at[i]) - (int)(uint8_t)word[i];
        if (difference != 0) return difference;
    }
    return typed.len >= 4 || word[typed.len] == 0 ? 0 : -1;
}

static bool look_up(struct plk_bytes typed, unsigned *index) {
    size_t low = 0, high = PLK_WORDS_LIST_LEN;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare(typed, plk_words_list[middle]);
        if (order == 0) {
            *index = (unsigned)middle;
            return true;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return false;
}

// The next word, empty at the end.
static struct plk_bytes next_word(struct plk_reader *r) {
    while (r->left > 0 && !is_part(r->at[0])) plk_reader_u8(r);
    const uint8_t *start = r->at;
    while (r->left > 0 && is_part(r->at[0])) plk_reader_u8(r);
    return plk_bytes(start, (size_t)(r->at - start));
}

static enum plk_err read_words(struct plk_bytes text, uint8_t bytes[ENTROPY_LEN], unsigned *wrong) {
    struct plk_reader r = plk_reader(text);
    for (unsigned count = 0;; count++) {
        unsigned index;
        struct plk_bytes word = next_word(&r);
        *wrong = count + 1;
        if (word.len == 0 && count == 0) return PLK_ERR_EMPTY;
        if (word.len == 0) return count == PLK_WORDS_COUNT ? PLK_ERR_OK : PLK_ERR_CUT_OFF;
        if (count == PLK_WORDS_COUNT) return PLK_ERR_TOO_LONG;
        if (word.len > 8 || !look_up(word, &index)) return PLK_ERR_INVALID;
        set_bits(bytes, count, index);
    }
}

enum plk_err plk_words_decode(struct plk_bytes text, uint8_t seed[32], unsigned *wrong) {
    uint8_t bytes[ENTROPY_LEN] = {0};
    enum plk_err err = read_words(text, bytes, wrong);
    if (err == PLK_ERR_OK) *wrong = 0;
    if (err == PLK_ERR_OK && check_of(bytes) != bytes[32]) err = PLK_ERR_MISTYPED;
    if (err == PLK_ERR_OK) memcpy(seed, bytes, 32);
    plk_mem_wipe(bytes, sizeof bytes);
    return err;
}
