// SPDX-License-Identifier: MIT
// src/ratchet against tests/vectors/ratchet.txt, which a second implementation (ratchet.py) wrote.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/talker.h"
#include "support/vector.h"

static struct talker alice, bob;

static void first(struct plk_vector *v) {
    struct plk_bytes secret = plk_vector_bytes(v, "secret");
    uint8_t public[32];
    talker_begin(&alice, 0);
    talker_begin(&bob, 0);
    plk_dh_public(public, plk_vector_key(v, "prekey", 32));
    plk_vector_expect(v, "public", public, sizeof public);
    assert_int_equal(plk_ratchet_init_initiator(&alice.ratchet, secret, public), PLK_ERR_OK);
    plk_ratchet_init_responder(&bob.ratchet, secret, plk_vector_key(v, "prekey", 32));
}

// What the generator hands out next; it is asked for exactly this.
static void deal(struct plk_rng *rng, struct plk_bytes secret, struct plk_bytes nonce) {
    rng->left = secret.len + nonce.len;
    uint8_t *to = rng->pool + sizeof rng->pool - rng->left;
    if (secret.len > 0) memcpy(to, secret.at, secret.len);
    memcpy(to + secret.len, nonce.at, nonce.len);
}

static void message(struct plk_vector *v) {
    bool by_alice = strcmp(plk_vector_text(v, "from"), "a") == 0;
    struct talker *from = by_alice ? &alice : &bob, *to = by_alice ? &bob : &alice;
    struct plk_bytes text = plk_vector_bytes(v, "text"), ad = plk_vector_bytes(v, "ad");
    uint8_t sealed[PLK_RATCHET_OVERHEAD + 400], back[400];
    struct plk_ratchet_place place;
    struct plk_ratchet_got got;
    assert_true(text.len <= sizeof back);
    deal(&from->rng, plk_vector_bytes(v, "ratchet"), plk_vector_bytes(v, "nonce"));
    assert_int_equal(plk_ratchet_encrypt(&from->ratchet, &from->rng, ad, text, sealed, &place), PLK_ERR_OK);
    assert_int_equal(from->rng.left, 0);
    plk_vector_expect(v, "sealed", sealed, text.len + PLK_RATCHET_OVERHEAD);
    plk_vector_expect(v, "root", from->ratchet.root, 32);
    if (strcmp(plk_vector_text(v, "heard"), "yes") != 0) return;
    assert_int_equal(plk_ratchet_decrypt(&to->ratchet, &to->skipped, 0, ad, plk_vector_bytes(v, "sealed"), back, &got),
                     PLK_ERR_OK);
    assert_int_equal(got.text_len, text.len);
    assert_memory_equal(back, text.at, text.len);
}

static void a_second_implementation_agrees(void **state) {
    (void)state;
    struct plk_vector v;
    unsigned messages = 0;
    plk_vector_open(&v, PLK_VECTOR_DIR "/ratchet.txt");
    while (plk_vector_next(&v)) {
        const char *use = plk_vector_text(&v, "use");
        if (strcmp(use, "first") == 0) {
            first(&v);
        } else {
            assert_string_equal(use, "message");
            message(&v);
            messages++;
        }
    }
    assert_int_equal(messages, 12);
    assert_int_equal(alice.skipped.count, 1); // three are lost
    assert_int_equal(bob.skipped.count, 2);
    talker_end(&alice);
    talker_end(&bob);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_second_implementation_agrees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
