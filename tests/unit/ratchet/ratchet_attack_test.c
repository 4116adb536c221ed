// SPDX-License-Identifier: MIT
// Thieves, forgers, and a peer that lies.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/writer.h"
#include "unit/ratchet/story.h"

// ---- attackers

static void a_copy_is_spent(void **state) {
    (void)state;
    struct post first, late, third;
    write_to(&alice, &first);
    write_to(&alice, &late);
    write_to(&alice, &third);
    reads(&bob, &first);
    refuses(&bob, &first, PLK_ERR_SPENT);
    reads(&bob, &third);
    reads(&bob, &late);
    refuses(&bob, &late, PLK_ERR_SPENT);
    tells(&bob, &alice, true);
    tells(&alice, &bob, true);
    refuses(&bob, &first, PLK_ERR_SPENT);
    refuses(&bob, &late, PLK_ERR_SPENT);
    refuses(&alice, &third, PLK_ERR_FORGED); // one's own letter is no letter
}

static void every_changed_bit_is_noticed(void **state) {
    (void)state;
    struct post late, post;
    write_to(&alice, &late);
    write_to(&alice, &post);
    for (int round = 0; round < 3; round++) { // a first letter, one further in the chain, a late one
        const struct post *genuine = round == 2 ? &late : &post;
        for (size_t bit = 0; bit < genuine->letter.len * 8; bit++) {
            struct letter changed = genuine->letter;
            changed.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
            enum plk_err expected = bit >= 24 ? PLK_ERR_FORGED : bit >= 8 ? PLK_ERR_MALFORMED : PLK_ERR_TOO_NEW;
            uint8_t text[TALKER_TEXT_MAX];
            struct plk_ratchet_got got;
            enum plk_err err = talker_hear(&bob, plk_bytes(changed.at, changed.len), text, &got);
            if (bit < 8 && changed.at[0] == 0) expected = PLK_ERR_MALFORMED;
            if (bit >= 8 && bit < 24 && err == PLK_ERR_FORGED) expected = err; // another length that could be one
            assert_int_equal(err, expected);
        }
        for (size_t len = 0; len < genuine->letter.len; len++) {
            refuses_bytes(&bob, plk_bytes(genuine->letter.at, len),
                          len < PLK_RATCHET_OVERHEAD ? PLK_ERR_MALFORMED : PLK_ERR_FORGED);
        }
        reads(&bob, genuine);
        if (round == 0) write_to(&alice, &post);
    }
}

static void too_long_a_letter_is_malformed(void **state) {
    (void)state;
    static uint8_t bytes[PLK_RATCHET_SEALED_MAX + 1] = {PLK_RATCHET_VERSION, 0, PLK_CIPHER_HEADER_SEALED_LEN};
    refuses_bytes(&bob, plk_bytes(bytes, sizeof bytes), PLK_ERR_MALFORMED);
    refuses_bytes(&bob, plk_bytes(bytes, sizeof bytes - 1), PLK_ERR_FORGED);
}

static void the_associated_data_is_bound(void **state) {
    (void)state;
    struct post post;
    uint8_t text[TALKER_TEXT_MAX];
    struct plk_ratchet_got got;
    const char *wrong[] = {"", "alice and bo", "alice and bob ", "alice and eve"};
    write_to(&alice, &post);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(
            plk_ratchet_decrypt(&bob.ratchet, &bob.skipped, 0, plk_bytes_text(wrong[i]), sealed(&post), text, &got),
            PLK_ERR_FORGED);
    }
    reads(&bob, &post);
}

static void another_pair_reads_nothing(void **state) {
    (void)state;
    struct talker carol, dave;
    struct post post;
    talkers_meet(&carol, &dave, 9);
    write_to(&carol, &post);
    refuses(&bob, &post, PLK_ERR_FORGED);
    refuses(&alice, &post, PLK_ERR_FORGED);
    reads(&dave, &post);
    talker_end(&carol);
    talker_end(&dave);
}

static void cannot_read(struct talker *thief, const struct post *post) {
    uint8_t text[TALKER_TEXT_MAX];
    struct plk_ratchet_got got;
    assert_int_not_equal(talker_hear(thief, sealed(post), text, &got), PLK_ERR_OK);
}

// What the thief reads before the two have healed shows that the check could fail.
static void a_stolen_copy_reads_neither_past_nor_future(void **state) {
    (void)state;
    struct post past[3], pending, post;
    struct talker thief;
    for (int i = 0; i < 3; i++) {
        write_to(&alice, &past[i]);
        if (i != 1) reads(&bob, &past[i]);
    }
    reads(&bob, &past[1]); // a skipped key that was used
    write_to(&alice, &pending);
    talker_copy(&thief, &bob);
    for (int i = 0; i < 3; i++) refuses(&thief, &past[i], PLK_ERR_SPENT);
    reads(&bob, &pending);
    reads(&thief, &pending);
    tells(&bob, &alice, true); // bob brings in a key that the thief has not
    tells(&alice, &bob, true);
    tells(&bob, &alice, true);
    for (int i = 0; i < 5; i++) {
        write_to(&alice, &post);
        cannot_read(&thief, &post);
        reads(&bob, &post);
        write_to(&bob, &post);
        cannot_read(&thief, &post);
        reads(&alice, &post);
    }
    talker_end(&thief);
}

static void a_stolen_key_pair_heals_too(void **state) {
    (void)state;
    struct post post;
    struct talker thief;
    round_trip();
    tells(&alice, &bob, true);
    talker_copy(&thief, &alice); // with the secret that bob's next step meets
    for (int i = 0; i < 3; i++) {
        write_to(&bob, &post);
        assert_int_equal(reads(&thief, &post).stepped, i == 0);
        reads(&alice, &post);
    }
    round_trip();
    round_trip();
    for (int i = 0; i < 5; i++) {
        write_to(&bob, &post);
        cannot_read(&thief, &post);
        reads(&alice, &post);
        write_to(&alice, &post);
        cannot_read(&thief, &post);
        reads(&bob, &post);
    }
    talker_end(&thief);
}

static bool holds(const void *hay, size_t hay_len, const uint8_t *needle, size_t len) {
    for (size_t i = 0; i + len <= hay_len; i++) {
        if (memcmp((const uint8_t *)hay + i, needle, len) == 0) return true;
    }
    return false;
}

static void a_used_key_leaves_no_trace(void **state) {
    (void)state;
    struct post late[3], post;
    uint8_t key[32];
    for (int i = 0; i < 3; i++) write_to(&alice, &late[i]);
    write_to(&alice, &post);
    reads(&bob, &post);
    static const uint8_t none[32];
    assert_memory_equal(bob.ratchet.own_secret, none, 32); // it has done its part in both halves
    memcpy(key, bob.skipped.at[1].key, 32);
    assert_true(holds(bob.disk, bob.disk_count * sizeof *bob.disk, key, 32));
    assert_true(holds(bob.skipped.at, bob.skipped.cap * sizeof *bob.skipped.at, key, 32));
    reads(&bob, &late[1]);
    assert_false(holds(bob.disk, bob.disk_count * sizeof *bob.disk, key, 32));
    assert_false(holds(bob.skipped.at, bob.skipped.cap * sizeof *bob.skipped.at, key, 32));
    assert_false(holds(&bob.ratchet, sizeof bob.ratchet, key, 32));
    memcpy(key, bob.skipped.at[1].key, 32);
    reads(&bob, &late[2]);
    assert_false(holds(bob.skipped.at, bob.skipped.cap * sizeof *bob.skipped.at, key, 32));
}

static void a_rolled_back_sender_uses_no_key_and_nonce_twice(void **state) {
    (void)state;
    struct post first, second;
    struct talker twin;
    round_trip();
    talker_copy(&twin, &alice);
    uint8_t other[32] = {99};
    plk_rng_seed(&twin.rng, other); // a process started again
    write_to(&alice, &first);
    write_to(&alice, &first);
    write_to(&twin, &second); // makes a step of its own
    write_to(&twin, &second);
    assert_memory_not_equal(first.letter.at + 3, second.letter.at + 3, PLK_XNONCE_LEN);
    talker_end(&twin);
    talker_copy(&twin, &alice);
    plk_rng_seed(&twin.rng, other);
    write_to(&alice, &first); // the same chain and number from both
    write_to(&twin, &second);
    assert_int_equal(first.letter.place.n, second.letter.place.n);
    assert_memory_not_equal(first.letter.at + 3, second.letter.at + 3, PLK_XNONCE_LEN);
    reads(&bob, &first);
    refuses(&bob, &second, PLK_ERR_SPENT); // which is how bob notices
    talker_end(&twin);
}

static void a_rolled_back_sender_that_steps_is_still_read(void **state) {
    (void)state;
    struct post post;
    struct talker twin;
    round_trip();
    tells(&alice, &bob, true);
    talker_copy(&twin, &alice);
    for (int i = 0; i < 3; i++) tells(&alice, &bob, false);
    write_to(&bob, &post);
    reads(&twin, &post);
    write_to(&twin, &post); // its header says that the chain before had one letter; bob has four
    assert_true(reads(&bob, &post).stepped);
    assert_int_equal(bob.skipped.count, 0);
    talker_end(&twin);
}

// ---- a peer that lies; it has all the keys

// Seals a header that a genuine peer would not write, with any header bytes.
static size_t forge(uint8_t *out, const uint8_t header_key[32], struct plk_bytes header) {
    struct plk_writer w = plk_writer(out, 4096);
    plk_writer_u8(&w, PLK_RATCHET_VERSION);
    plk_writer_u16(&w, (uint16_t)(PLK_XNONCE_LEN + header.len + PLK_TAG_LEN));
    plk_writer_zero(&w, PLK_XNONCE_LEN);
    plk_xaead_seal(out + w.len, header_key, out + 3, plk_bytes(out, 3), header);
    plk_writer_skip(&w, header.len + PLK_TAG_LEN);
    plk_writer_zero(&w, 40);
    assert_false(w.failed);
    return w.len;
}

static size_t header_bytes(uint8_t *out, size_t cap, const uint8_t public[32], uint32_t previous, uint32_t n,
                           size_t kem_len) {
    struct plk_writer w = plk_writer(out, cap);
    plk_writer_copy(&w, public, 32);
    plk_writer_u32(&w, previous);
    plk_writer_u32(&w, n);
    plk_writer_varint(&w, kem_len);
    plk_writer_zero(&w, kem_len);
    assert_false(w.failed);
    return w.len;
}

static void lies(const uint8_t header_key[32], const uint8_t public[32], uint32_t previous, uint32_t n,
                 enum plk_err expected) {
    uint8_t header[64], out[4096];
    size_t header_len = header_bytes(header, sizeof header, public, previous, n, 0);
    size_t len = forge(out, header_key, plk_bytes(header, header_len));
    refuses_bytes(&bob, plk_bytes(out, len), expected);
}

static void a_peer_that_lies_is_refused(void **state) {
    (void)state;
    uint8_t zero[32] = {0}, genuine[32];
    lies(zero, zero, 0, UINT32_MAX, PLK_ERR_FORGED); // keys that are not yet there are none
    lies(bob.ratchet.next_recv_header, alice.ratchet.their_public, 1, 0,
         PLK_ERR_MALFORMED);                                           // no chain before the first
    lies(bob.ratchet.next_recv_header, zero, 0, 0, PLK_ERR_MALFORMED); // not a key
    tells(&alice, &bob, true);
    lies(bob.ratchet.next_recv_header, alice.ratchet.own_public, 0, 0, PLK_ERR_MALFORMED); // it cannot know bob's next
    tells(&bob, &alice, true);
    memcpy(genuine, alice.ratchet.own_public, 32);
    lies(bob.ratchet.recv_header, zero, 0, 1, PLK_ERR_MALFORMED); // another key in the same chain
    lies(bob.ratchet.recv_header, genuine, 0, 1, PLK_ERR_FORGED); // all well, but the body
    lies(bob.ratchet.recv_header, genuine, 0, 0, PLK_ERR_SPENT);
    lies(bob.ratchet.recv_header, genuine, 0, 1 + PLK_RATCHET_GAP_MAX, PLK_ERR_FORGED);
    lies(bob.ratchet.recv_header, genuine, 0, 2 + PLK_RATCHET_GAP_MAX, PLK_ERR_GAP);
    lies(bob.ratchet.recv_header, genuine, 0, UINT32_MAX, PLK_ERR_GAP);
    lies(bob.ratchet.next_recv_header, genuine, 0, 0, PLK_ERR_FORGED);
    lies(bob.ratchet.next_recv_header, zero, 1, 0, PLK_ERR_MALFORMED);
    lies(bob.ratchet.next_recv_header, genuine, 1 + PLK_RATCHET_GAP_MAX, 0, PLK_ERR_FORGED);
    lies(bob.ratchet.next_recv_header, genuine, 2 + PLK_RATCHET_GAP_MAX, 0, PLK_ERR_GAP);
    lies(bob.ratchet.next_recv_header, genuine, UINT32_MAX, 0, PLK_ERR_GAP);
    lies(bob.ratchet.next_recv_header, genuine, 1, 1 + PLK_RATCHET_GAP_MAX, PLK_ERR_GAP);
    bob.ratchet.recv_n = UINT32_MAX;
    talker_save(&bob);
    lies(bob.ratchet.recv_header, genuine, 0, UINT32_MAX, PLK_ERR_GAP);
}

static void a_header_that_is_not_one_is_refused(void **state) {
    (void)state;
    uint8_t header[PLK_CIPHER_KEM_MAX + 64], out[4096];
    size_t len = header_bytes(header, sizeof header, alice.ratchet.their_public, 0, 0, 1);
    size_t sealed_len = forge(out, bob.ratchet.next_recv_header, plk_bytes(header, len));
    refuses_bytes(&bob, plk_bytes(out, sealed_len), PLK_ERR_UNSUPPORTED);
    len = header_bytes(header, sizeof header, alice.ratchet.their_public, 0, 0, PLK_CIPHER_KEM_MAX);
    sealed_len = forge(out, bob.ratchet.next_recv_header, plk_bytes(header, len));
    refuses_bytes(&bob, plk_bytes(out, sealed_len), PLK_ERR_UNSUPPORTED);
    len = header_bytes(header, sizeof header, alice.ratchet.their_public, 0, 0, PLK_CIPHER_KEM_MAX + 1);
    sealed_len = forge(out, bob.ratchet.next_recv_header, plk_bytes(header, len));
    refuses_bytes(&bob, plk_bytes(out, sealed_len), PLK_ERR_MALFORMED);
    enum { MOST = PLK_CIPHER_HEADER_SEALED_MAX - PLK_XNONCE_LEN - PLK_TAG_LEN };
    sealed_len = forge(out, bob.ratchet.next_recv_header, plk_bytes(header, MOST + 1));
    refuses_bytes(&bob, plk_bytes(out, sealed_len), PLK_ERR_MALFORMED);
    assert_int_equal(plk_cipher_split(&(struct plk_cipher_parts){0}, plk_bytes(out, sealed_len)), PLK_ERR_MALFORMED);
    sealed_len = forge(out, bob.ratchet.next_recv_header, plk_bytes(header, MOST));
    assert_int_equal(plk_cipher_split(&(struct plk_cipher_parts){0}, plk_bytes(out, sealed_len)), PLK_ERR_OK);
    len = header_bytes(header, sizeof header, alice.ratchet.their_public, 0, 0, 0);
    header[len] = 0; // a byte too many
    sealed_len = forge(out, bob.ratchet.next_recv_header, plk_bytes(header, len + 1));
    refuses_bytes(&bob, plk_bytes(out, sealed_len), PLK_ERR_MALFORMED);
    header[len - 1] = 0x40; // a length of 0 in two bytes
    sealed_len = forge(out, bob.ratchet.next_recv_header, plk_bytes(header, len + 1));
    refuses_bytes(&bob, plk_bytes(out, sealed_len), PLK_ERR_MALFORMED);
}

static void a_key_that_is_none_is_refused_at_once(void **state) {
    (void)state;
    static const uint8_t bad[][32] = {
        {0},
        {1}, // of order 1
        {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, // p: 0 again
        {9, [31] = 0x80},                                                                                 // the top bit
    };
    struct plk_ratchet r, before;
    memset(&r, 0xee, sizeof r);
    before = r;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(plk_ratchet_init_initiator(&r, plk_bytes(bad, 32), bad[i]), PLK_ERR_FORGED);
        assert_memory_equal(&r, &before, sizeof r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(a_copy_is_spent),
        STORY(every_changed_bit_is_noticed),
        STORY(too_long_a_letter_is_malformed),
        STORY(the_associated_data_is_bound),
        STORY(another_pair_reads_nothing),
        STORY(a_stolen_copy_reads_neither_past_nor_future),
        STORY(a_stolen_key_pair_heals_too),
        STORY(a_used_key_leaves_no_trace),
        STORY(a_rolled_back_sender_uses_no_key_and_nonce_twice),
        STORY(a_rolled_back_sender_that_steps_is_still_read),
        STORY(a_peer_that_lies_is_refused),
        STORY(a_header_that_is_not_one_is_refused),
        STORY(a_key_that_is_none_is_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
