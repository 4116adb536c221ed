// SPDX-License-Identifier: MIT
// Alice and Bob, and what they do in the stories of this folder. Included after cmocka.h, once a program.
#ifndef PLK_TESTS_UNIT_RATCHET_STORY_H
#define PLK_TESTS_UNIT_RATCHET_STORY_H

#include "support/talker.h"

static struct talker alice, bob;
static uint64_t written; // what the next letter says

static inline int meet(void **state) {
    (void)state;
    written = 0;
    talkers_meet(&alice, &bob, 1);
    return 0;
}

static inline int part(void **state) {
    (void)state;
    talker_end(&alice);
    talker_end(&bob);
    return 0;
}

// Every letter says its own number and is of another length.
static inline size_t text_of(uint64_t number, uint8_t text[TALKER_TEXT_MAX]) {
    size_t len = 8 + number % 100;
    memset(text, (int)(number % 251), len);
    memcpy(text, &number, sizeof number);
    return len;
}

struct post {
    struct letter letter;
    uint64_t number;
};

static inline void write_to(struct talker *from, struct post *post) {
    uint8_t text[TALKER_TEXT_MAX];
    post->number = written++;
    size_t len = text_of(post->number, text);
    assert_int_equal(talker_write(from, plk_bytes(text, len), &post->letter), PLK_ERR_OK);
}

static inline struct plk_bytes sealed(const struct post *post) { return plk_bytes(post->letter.at, post->letter.len); }

static inline struct plk_ratchet_got reads(struct talker *to, const struct post *post) {
    uint8_t text[TALKER_TEXT_MAX], expected[TALKER_TEXT_MAX];
    struct plk_ratchet_got got;
    assert_string_equal(plk_err_name(talker_hear(to, sealed(post), text, &got)), "OK");
    assert_int_equal(got.text_len, text_of(post->number, expected));
    assert_memory_equal(text, expected, got.text_len);
    assert_int_equal(got.place.chain, post->letter.place.chain); // both sides count alike
    assert_int_equal(got.place.n, post->letter.place.n);
    return got;
}

static inline void refuses_bytes(struct talker *to, struct plk_bytes bytes, enum plk_err expected) {
    uint8_t text[PLK_RATCHET_SEALED_MAX];
    struct plk_ratchet_got got;
    assert_string_equal(plk_err_name(talker_hear(to, bytes, text, &got)), plk_err_name(expected));
}

static inline void refuses(struct talker *to, const struct post *post, enum plk_err expected) {
    refuses_bytes(to, sealed(post), expected);
}

// One letter there; `steps` tells whether the reader finds a new chain.
static inline void tells(struct talker *from, struct talker *to, bool steps) {
    struct post post;
    write_to(from, &post);
    struct plk_ratchet_got got = reads(to, &post);
    assert_int_equal(got.stepped, steps);
    assert_false(got.late);
}

static inline void round_trip(void) {
    tells(&alice, &bob, true);
    tells(&bob, &alice, true);
}

// A sender whose peer is said to have everything, so that the limit of 900 is not met.
static inline void write_on(struct talker *from, struct post *post) {
    write_to(from, post);
    assert_true(plk_ratchet_peer_has(&from->ratchet, post->letter.place));
}

static inline void write_many(struct talker *from, struct post *last, size_t count) {
    for (size_t i = 0; i < count; i++) write_on(from, last);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, meet, part)

#endif
