// SPDX-License-Identifier: MIT
// src/contact against tests/vectors/contact.txt, which a second implementation (contact.py) wrote.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "contact/generation.h"
#include "contact/rekey.h"
#include "contact/words.h"
#include "support/people.h"
#include "support/vector.h"

static struct plk_mem mem;

// What the generator hands out next; it is asked for exactly this.
static struct plk_rng dealt(struct plk_bytes dice) {
    struct plk_rng rng = {.left = dice.len};
    assert_true(dice.len > 0 && dice.len <= sizeof rng.pool);
    memcpy(rng.pool + sizeof rng.pool - dice.len, dice.at, dice.len);
    return rng;
}

static void expect_text(struct plk_vector *v, const char *name, const char *text, size_t len) {
    const char *wanted = plk_vector_text(v, name);
    assert_int_equal(len, strlen(wanted));
    assert_memory_equal(text, wanted, len);
}

static struct plk_persona persona(struct plk_vector *v, const char *name) {
    struct plk_persona made;
    plk_persona_derive(&made, plk_vector_key(v, name, 32));
    return made;
}

static struct plk_payload payload(struct plk_vector *v, const char *name) {
    struct plk_payload read;
    assert_int_equal(plk_payload_decode(plk_vector_bytes(v, name), &read), PLK_ERR_OK);
    return read;
}

static void run_persona(struct plk_vector *v) {
    struct plk_persona p = persona(v, "seed");
    uint8_t keys[PLK_IDENTITY_LEN], seed[32];
    char text[PLK_PERSONA_ID_TEXT_MAX], words[PLK_WORDS_TEXT_MAX + 1];
    size_t len;
    unsigned wrong;
    plk_identity_encode(keys, &p.identity);
    plk_vector_expect(v, "keys", keys, sizeof keys);
    plk_vector_expect(v, "id", p.peer_id, sizeof p.peer_id);
    plk_persona_id_text(text, p.peer_id);
    expect_text(v, "text", text, sizeof text);
    plk_words_encode(plk_vector_key(v, "seed", 32), words, &len);
    expect_text(v, "words", words, len);
    assert_int_equal(plk_words_decode(plk_bytes_text(plk_vector_text(v, "words")), seed, &wrong), PLK_ERR_OK);
    plk_vector_expect(v, "seed", seed, sizeof seed);
}

static void run_safety(struct plk_vector *v) {
    char number[PLK_SAFETY_DIGITS_LEN + 1];
    plk_persona_safety(number, plk_vector_key(v, "a", 32), plk_vector_key(v, "b", 32));
    assert_string_equal(number, plk_vector_text(v, "number"));
}

static void run_inline(struct plk_vector *v) {
    struct plk_persona owner = persona(v, "seed");
    struct plk_invite invite;
    struct plk_places places;
    struct plk_invite_link read;
    uint8_t bundle[PLK_BUNDLE_LEN], hash[32], session[32], raw[PLK_INVITE_LINK_BYTES_MAX];
    char text[PLK_INVITE_LINK_TEXT_MAX];
    size_t len;
    struct plk_rng rng = dealt(plk_vector_bytes(v, "secret"));
    struct plk_reader r = plk_reader(plk_vector_bytes(v, "places"));
    plk_places_read(&r, &places, PLK_PLACES_MAX);
    assert_true(plk_reader_done(&r));
    plk_invite_make(&invite, 1, PLK_LINK_KIND_INLINE, plk_vector_key(v, "device", 8), plk_vector_number(v, "now"),
                    plk_vector_number(v, "life"), &rng);
    plk_invite_bundle(&invite, &owner, bundle);
    plk_vector_expect(v, "bundle", bundle, sizeof bundle);
    plk_persona_bundle_hash(hash, plk_bytes(bundle, sizeof bundle));
    plk_vector_expect(v, "hash", hash, sizeof hash);
    plk_invite_session_psk(session, invite.psk);
    plk_vector_expect(v, "session", session, sizeof session);
    assert_int_equal(plk_invite_text(&invite, &owner, &places, text, &len), PLK_ERR_OK);
    expect_text(v, "link", text, len);
    assert_int_equal(plk_invite_link_decode(plk_bytes(text, len), raw, &read), PLK_ERR_OK);
    assert_int_equal(read.places.count, 2);
}

static void run_relayed(struct plk_vector *v) {
    struct plk_invite_link link;
    uint8_t raw[PLK_INVITE_LINK_BYTES_MAX];
    char text[PLK_INVITE_LINK_TEXT_MAX];
    size_t len;
    assert_int_equal(plk_invite_link_decode(plk_bytes_text(plk_vector_text(v, "link")), raw, &link), PLK_ERR_OK);
    assert_int_equal(link.kind, plk_vector_number(v, "kind"));
    plk_vector_expect(v, "psk", link.psk, sizeof link.psk);
    plk_vector_expect(v, "hash", link.hash, sizeof link.hash);
    plk_vector_expect(v, "queue", link.queue, sizeof link.queue);
    struct plk_bytes relays = plk_vector_bytes(v, "relays");
    assert_int_equal(link.relay_count, relays.at[0]);
    assert_memory_equal(link.relays[0].key, relays.at + 1, 32);
    assert_true(plk_bytes_equal(link.relays[0].host, plk_bytes(relays.at + 34, relays.at[33])));
    plk_invite_link_encode(&link, text, &len);
    expect_text(v, "link", text, len);
}

static void expect_first(struct plk_vector *v, const struct plk_first *first) {
    plk_vector_expect(v, "link_psk", first->link_psk, 32);
    plk_vector_expect(v, "line", first->line, 8);
    plk_vector_expect(v, "recovery", first->recovery, 32);
}

// The inviter's side of a vector, over the given blob.
static void run_inviter(struct plk_vector *v, struct plk_first *bobs) {
    struct plk_persona a = persona(v, "a");
    struct plk_first_opened opened;
    struct plk_ratchet_place place;
    struct plk_payload answered = payload(v, "answered"), theirs;
    struct plk_buf acceptance = {0}, text = {0};
    const uint8_t *hash = plk_vector_key(v, "hash", 32);
    assert_int_equal(plk_first_open(&mem, &a, plk_vector_key(v, "psk", 16), plk_vector_key(v, "prekey", 32),
                                    plk_vector_bytes(v, "bundle"), 0, plk_vector_bytes(v, "blob"), &opened),
                     PLK_ERR_OK);
    expect_first(v, &opened.first);
    plk_vector_expect(v, "said", opened.text.at, opened.text.len);
    struct plk_rng rng = dealt(plk_vector_bytes(v, "answer_dice"));
    assert_int_equal(plk_first_accept(&mem, &rng, &opened.first.ratchet, hash, &answered, &acceptance, &place),
                     PLK_ERR_OK);
    plk_vector_expect(v, "acceptance", acceptance.at, acceptance.len);
    assert_int_equal(plk_first_read_acceptance(&mem, &bobs->ratchet, hash, 0, plk_vector_bytes(v, "acceptance"), &text,
                                               &theirs, &place),
                     PLK_ERR_OK);
    plk_vector_expect(v, "answered", text.at, text.len);
    plk_buf_free(&mem, &text);
    plk_buf_free(&mem, &acceptance);
    plk_first_opened_free(&mem, &opened);
}

static void run_first(struct plk_vector *v) {
    struct plk_persona b = persona(v, "b");
    struct plk_payload said = payload(v, "said");
    struct plk_first first;
    struct plk_buf blob = {0};
    uint8_t hash[32];
    struct plk_rng rng = dealt(plk_vector_bytes(v, "dice"));
    assert_int_equal(plk_first_make(&mem, &rng, &b, plk_vector_key(v, "psk", 16), plk_vector_bytes(v, "bundle"), &said,
                                    &blob, &first),
                     PLK_ERR_OK);
    assert_int_equal(rng.left, 0);
    plk_vector_expect(v, "blob", blob.at, blob.len);
    plk_first_hash(hash, plk_buf_bytes(&blob));
    plk_vector_expect(v, "hash", hash, sizeof hash);
    expect_first(v, &first);
    run_inviter(v, &first);
    plk_buf_free(&mem, &blob);
}

// One side's row. reset: the answerer's, number 1; empty: only key 0 is known.
static struct plk_recovery row(struct plk_vector *v, const struct plk_persona *them, bool own) {
    struct plk_payload nothing = {0};
    struct plk_recovery recovery;
    struct plk_bytes reset = plk_vector_bytes(v, "reset");
    plk_recovery_init(&recovery, &them->identity, plk_vector_key(v, "recovery", 32), &nothing);
    if (reset.len == 0) return recovery;
    if (own) {
        recovery.reset_count = 1;
        recovery.resets[0].number = 1;
        memcpy(recovery.resets[0].secret, reset.at, 32);
    } else {
        recovery.reset.number = 1;
        plk_dh_public(recovery.reset.key, reset.at);
    }
    return recovery;
}

static void run_rekey(struct plk_vector *v) {
    struct plk_persona a = persona(v, "a"), b = persona(v, "b");
    struct plk_recovery as = row(v, &b, false), bs = row(v, &a, true);
    struct plk_rekey_pending pending;
    struct plk_rekey_opened opened;
    struct plk_rekey_done done_a, done_b;
    struct plk_ratchet ratchet;
    struct plk_payload said = payload(v, "said"), answered = payload(v, "answered"), theirs;
    static const uint8_t unused[32];
    uint8_t answer[PLK_REKEY_ANSWER_MAX], text[PLK_REKEY_PAYLOAD_MAX];
    size_t len;
    struct plk_rng rng = dealt(plk_vector_bytes(v, "dice"));
    assert_int_equal(plk_rekey_ask(&a, &as, &rng, plk_vector_number(v, "counter"), &said, unused, &pending),
                     PLK_ERR_OK);
    plk_vector_expect(v, "request", pending.request, pending.request_len);
    assert_int_equal(plk_rekey_open(&b, &bs, plk_vector_bytes(v, "request"), &opened), PLK_ERR_OK);
    rng = dealt(plk_vector_bytes(v, "answer_dice"));
    assert_int_equal(plk_rekey_answer(&bs, &rng, &opened, &answered, answer, &len, &done_b), PLK_ERR_OK);
    plk_vector_expect(v, "answer", answer, len);
    assert_int_equal(plk_rekey_finish(&a, &as, &pending, plk_bytes(answer, len), text, &theirs, &done_a), PLK_ERR_OK);
    expect_first(v, &done_a.first);
    expect_first(v, &done_b.first);
    plk_ratchet_init_responder(&ratchet, plk_vector_bytes(v, "ratchet"), plk_vector_bytes(v, "answer_dice").at);
    assert_memory_equal(&ratchet, &done_b.first.ratchet, sizeof ratchet);
}

static void run_generation(struct plk_vector *v) {
    struct plk_generations a = {0}, b = {0};
    struct plk_generation_change change;
    uint8_t body[PLK_GENERATION_BODY_LEN], secrets[2][32] = {{1}, {2}}, publics[2][32];
    bool has_answer;
    const uint8_t *line = plk_vector_key(v, "line", 8), *before = plk_vector_key(v, "before", 32);
    plk_dh_public(publics[0], secrets[0]);
    plk_dh_public(publics[1], secrets[1]);
    plk_generation_begin(&a, 1, line, before, secrets[0], publics[1], true, 1, &change);
    plk_generation_begin(&b, 1, line, before, secrets[1], publics[0], true, 1, &change);
    struct plk_rng rng = dealt(plk_vector_bytes(v, "dice"));
    plk_generation_propose(&a, &rng, 1, body, &change);
    plk_vector_expect(v, "propose", body, sizeof body);
    rng = dealt(plk_vector_bytes(v, "answer_dice"));
    assert_int_equal(
        plk_generation_read(&b, false, plk_vector_bytes(v, "propose"), &rng, 1, &has_answer, body, &change),
        PLK_ERR_OK);
    plk_vector_expect(v, "answer", body, sizeof body);
    plk_vector_expect(v, "psk", b.at[0].psk, 32);
    assert_int_equal(plk_generation_read(&a, true, plk_vector_bytes(v, "answer"), &rng, 1, &has_answer, body, &change),
                     PLK_ERR_OK);
    plk_vector_expect(v, "psk", a.at[0].psk, 32);
}

static void all_vectors(void **state) {
    (void)state;
    static const struct {
        const char *use;
        void (*run)(struct plk_vector *v);
        unsigned wanted;
    } runs[] = {
        {"persona", run_persona, 2},       {"safety", run_safety, 1}, {"inline", run_inline, 1},
        {"relayed", run_relayed, 2},       {"first", run_first, 1},   {"rekey", run_rekey, 2},
        {"generation", run_generation, 1},
    };
    enum { RUNS = sizeof runs / sizeof runs[0] };
    unsigned counts[RUNS] = {0};
    struct plk_vector v;
    mem = people_mem();
    plk_vector_open(&v, PLK_VECTOR_DIR "/contact.txt");
    while (plk_vector_next(&v)) {
        size_t i = 0;
        while (i < RUNS && strcmp(runs[i].use, plk_vector_text(&v, "use")) != 0) i++;
        assert_true(i < RUNS);
        runs[i].run(&v);
        counts[i]++;
    }
    for (size_t i = 0; i < RUNS; i++) assert_int_equal(counts[i], runs[i].wanted);
    assert_int_equal(mem.used, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
