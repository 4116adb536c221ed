// SPDX-License-Identifier: MIT
// How two sides agree on link keys again and again.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "contact/generation.h"

#define DAY (UINT64_C(24) * 3600 * 1000)

// A side and its disk, which holds exactly what its changes said.
struct side {
    struct plk_generations all;
    struct plk_generation_change change;
    struct plk_rng rng;
    bool smaller;
    uint8_t body[PLK_GENERATION_BODY_LEN];
    size_t disk_count;
    struct {
        uint32_t line_number, number;
        size_t len;
        uint8_t value[PLK_GENERATION_ROW_MAX];
    } disk[16];
};

static struct side smaller, larger;
static uint64_t now_ms;

static size_t find(const struct side *s, uint32_t line_number, uint32_t number) {
    size_t i = 0;
    while (i < s->disk_count && (s->disk[i].line_number != line_number || s->disk[i].number != number)) i++;
    return i;
}

static void store(struct side *s) {
    for (size_t i = 0; i < s->change.gone_count; i++) {
        size_t at = find(s, s->change.gone[i].line_number, s->change.gone[i].number);
        assert_true(at < s->disk_count);
        s->disk[at] = s->disk[--s->disk_count];
    }
    for (size_t i = 0; i < PLK_GENERATIONS_MAX; i++) {
        if ((s->change.write >> i & 1) == 0) continue;
        assert_true(i < s->all.count);
        size_t at = find(s, s->all.at[i].line_number, s->all.at[i].number);
        if (at == s->disk_count) s->disk_count++;
        struct plk_writer w = plk_writer(s->disk[at].value, PLK_GENERATION_ROW_MAX);
        plk_generation_encode(&w, &s->all.at[i]);
        assert_false(w.failed);
        s->disk[at].line_number = s->all.at[i].line_number;
        s->disk[at].number = s->all.at[i].number;
        s->disk[at].len = w.len;
    }
    // A restart from it gives what is in memory.
    struct plk_generations loaded = {0};
    for (size_t i = 0; i < s->disk_count; i++) {
        assert_int_equal(plk_generation_load(&loaded, plk_bytes(s->disk[i].value, s->disk[i].len)), PLK_ERR_OK);
    }
    assert_int_equal(loaded.count, s->all.count);
    for (size_t i = 0; i < loaded.count; i++) {
        uint8_t a[PLK_GENERATION_ROW_MAX], b[PLK_GENERATION_ROW_MAX];
        struct plk_writer wa = plk_writer(a, sizeof a), wb = plk_writer(b, sizeof b);
        plk_generation_encode(&wa, &loaded.at[i]);
        plk_generation_encode(&wb, &s->all.at[i]);
        assert_true(plk_bytes_equal(plk_writer_bytes(&wa), plk_writer_bytes(&wb)));
        assert_memory_equal(loaded.at[i].own_public, s->all.at[i].own_public, 32);
    }
}

// Generation 1 of a new line; the larger side asked, so it knows that both have it.
static void begin_line(uint32_t line_number) {
    uint8_t line[8] = {(uint8_t)line_number}, psk[32] = {(uint8_t)line_number, 1}, secrets[2][32], publics[2][32];
    struct side *sides[2] = {&smaller, &larger};
    for (size_t i = 0; i < 2; i++) {
        plk_rng_bytes(&sides[i]->rng, secrets[i], 32);
        plk_dh_public(publics[i], secrets[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        plk_generation_begin(&sides[i]->all, line_number, line, psk, secrets[i], publics[1 - i], i == 1, now_ms,
                             &sides[i]->change);
        store(sides[i]);
    }
}

static int begin(void **state) {
    (void)state;
    uint8_t seed[32] = {1};
    memset(&smaller, 0, sizeof smaller);
    memset(&larger, 0, sizeof larger);
    plk_rng_seed(&smaller.rng, seed);
    seed[0] = 2;
    plk_rng_seed(&larger.rng, seed);
    smaller.smaller = true;
    now_ms = 1000 * DAY;
    begin_line(1);
    return 0;
}

static enum plk_err hear(struct side *s, const uint8_t *body, size_t len, bool *has_answer) {
    struct plk_generations before = s->all;
    enum plk_err err = plk_generation_read(&s->all, s->smaller, plk_bytes(body, len), &s->rng, now_ms, has_answer,
                                           s->body, &s->change);
    if (err != PLK_ERR_OK) assert_memory_equal(&before, &s->all, sizeof before);
    store(s);
    return err;
}

static void confirm(struct side *s, size_t index) {
    plk_generation_confirmed(&s->all, index, now_ms, &s->change);
    store(s);
}

// Both initiate with the same keys.
static void they_meet(uint32_t number) {
    const struct plk_generation *a = plk_generation_newest(&smaller.all), *b = plk_generation_newest(&larger.all);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(a->number, number);
    assert_int_equal(b->number, number);
    assert_memory_equal(a->psk, b->psk, 32);
    assert_memory_equal(a->own_public, b->peer_public, 32);
    assert_memory_equal(b->own_public, a->peer_public, 32);
}

static void renew(void) {
    bool has_answer;
    assert_true(plk_generation_is_due(&smaller.all, now_ms));
    plk_generation_propose(&smaller.all, &smaller.rng, now_ms, smaller.body, &smaller.change);
    store(&smaller);
    assert_false(plk_generation_is_due(&smaller.all, now_ms + 100 * DAY));
    assert_int_equal(hear(&larger, smaller.body, sizeof smaller.body, &has_answer), PLK_ERR_OK);
    assert_true(has_answer);
    assert_int_equal(hear(&smaller, larger.body, sizeof larger.body, &has_answer), PLK_ERR_OK);
    assert_false(has_answer);
}

static void the_first_generation(void **state) {
    (void)state;
    they_meet(1);
    assert_int_equal(smaller.all.at[0].state, PLK_GENERATION_ANSWERED); // it may, while there is nothing better
    assert_true(plk_generation_accepts(&smaller.all, 0));
    assert_false(plk_generation_is_due(&smaller.all, now_ms + 30 * DAY)); // nobody has used it yet
    plk_generation_acknowledged(&smaller.all, 1, &smaller.change);
    store(&smaller);
    assert_int_equal(smaller.all.at[0].state, PLK_GENERATION_AGREED);
    confirm(&smaller, 0);
    assert_false(plk_generation_is_due(&smaller.all, now_ms + 7 * DAY - 1));
    assert_true(plk_generation_is_due(&smaller.all, now_ms + 7 * DAY));
    assert_true(plk_generation_is_due(&smaller.all, now_ms - 2 * DAY)); // made by a clock that was ahead
    assert_true(plk_generation_expire_ms(&smaller.all) == UINT64_MAX);
}

static void renewed_for_weeks(void **state) {
    (void)state;
    for (uint32_t number = 2; number < 20; number++) {
        confirm(&smaller, 0);
        confirm(&larger, 0);
        now_ms += 7 * DAY;
        plk_generation_expire(&smaller.all, now_ms, &smaller.change);
        store(&smaller);
        plk_generation_expire(&larger.all, now_ms, &larger.change);
        store(&larger);
        assert_int_equal(smaller.all.count, 1);
        assert_int_equal(larger.all.count, 1);
        renew();
        // The proposer knows that both have it; the other goes on with g-1 until it knows.
        assert_int_equal(plk_generation_newest(&smaller.all)->number, number);
        assert_int_equal(plk_generation_newest(&larger.all)->number, number - 1);
        assert_true(plk_generation_accepts(&larger.all, 0) && plk_generation_accepts(&larger.all, 1));
        plk_generation_acknowledged(&larger.all, number, &larger.change);
        store(&larger);
        they_meet(number);
        plk_generation_acknowledged(&larger.all, number, &larger.change);
        assert_int_equal(larger.change.write, 0);
    }
}

static void the_one_before_has_seven_days(void **state) {
    (void)state;
    confirm(&smaller, 0);
    now_ms += 8 * DAY;
    renew();
    now_ms += 20 * DAY; // never used: the one before stays
    plk_generation_expire(&smaller.all, now_ms, &smaller.change);
    assert_int_equal(smaller.all.count, 2);
    assert_true(plk_generation_expire_ms(&smaller.all) == UINT64_MAX);
    confirm(&smaller, 0);
    uint64_t end_ms = now_ms + 7 * DAY;
    assert_true(plk_generation_expire_ms(&smaller.all) == end_ms);
    now_ms += DAY;
    confirm(&smaller, 0); // only the first session counts
    assert_int_equal(smaller.change.write, 0);
    assert_true(plk_generation_expire_ms(&smaller.all) == end_ms);
    plk_generation_expire(&smaller.all, end_ms - 1, &smaller.change);
    assert_int_equal(smaller.change.gone_count, 0);
    plk_generation_expire(&smaller.all, end_ms, &smaller.change);
    assert_int_equal(smaller.change.gone_count, 1);
    store(&smaller);
    assert_int_equal(smaller.all.at[0].number, 2);
}

static void a_session_confirms_what_was_answered(void **state) {
    (void)state;
    confirm(&smaller, 0);
    confirm(&larger, 0);
    now_ms += 8 * DAY;
    renew();
    confirm(&larger, 0); // the proposer has come with it before its ack
    they_meet(2);
}

static void proposals_that_do_not_fit(void **state) {
    (void)state;
    bool has_answer;
    uint8_t body[PLK_GENERATION_BODY_LEN], old[PLK_GENERATION_BODY_LEN];
    confirm(&smaller, 0);
    plk_generation_propose(&smaller.all, &smaller.rng, now_ms, smaller.body, &smaller.change);
    store(&smaller);
    assert_false(plk_generation_accepts(&smaller.all, 0));
    memcpy(old, smaller.body, sizeof old);
    for (size_t len = 0; len < sizeof body; len++) {
        assert_int_equal(hear(&larger, old, len, &has_answer), PLK_ERR_MALFORMED);
    }
    static const struct {
        size_t at;
        uint8_t value;
        enum plk_err err;
    } wrong[] = {{0, 0, PLK_ERR_MALFORMED}, {0, 3, PLK_ERR_MALFORMED}, {0, 2, PLK_ERR_INVALID},
                 {1, 99, PLK_ERR_STALE},    {12, 3, PLK_ERR_STALE},    {12, 1, PLK_ERR_MALFORMED}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(body, old, sizeof body);
        body[wrong[i].at] = wrong[i].value;
        assert_int_equal(hear(&larger, body, sizeof body, &has_answer), wrong[i].err);
    }
    memcpy(body, old, sizeof body);
    memset(body + 13, 0, 32); // no key
    assert_int_equal(hear(&larger, body, sizeof body, &has_answer), PLK_ERR_FORGED);
    assert_int_equal(hear(&smaller, old, sizeof old, &has_answer), PLK_ERR_INVALID);
    assert_int_equal(hear(&larger, old, sizeof old, &has_answer), PLK_ERR_OK);
    assert_int_equal(hear(&larger, old, sizeof old, &has_answer), PLK_ERR_STALE); // once more
    memcpy(body, larger.body, sizeof body);
    memset(body + 13, 0xff, 32);
    assert_int_equal(hear(&smaller, body, sizeof body, &has_answer), PLK_ERR_FORGED);
    assert_int_equal(hear(&smaller, larger.body, sizeof body, &has_answer), PLK_ERR_OK);
    assert_int_equal(hear(&smaller, larger.body, sizeof body, &has_answer), PLK_ERR_STALE);
}

static void a_rekey_begins_a_new_line(void **state) {
    (void)state;
    bool has_answer;
    uint8_t late[PLK_GENERATION_BODY_LEN];
    confirm(&smaller, 0);
    confirm(&larger, 0);
    now_ms += 8 * DAY;
    plk_generation_propose(&smaller.all, &smaller.rng, now_ms, smaller.body, &smaller.change);
    store(&smaller);
    memcpy(late, smaller.body, sizeof late);
    begin_line(2);
    assert_int_equal(smaller.all.count, 2); // the proposal died
    assert_int_equal(hear(&larger, late, sizeof late, &has_answer), PLK_ERR_STALE);
    assert_true(plk_generation_accepts(&smaller.all, 0) && plk_generation_accepts(&smaller.all, 1));
    assert_int_equal(plk_generation_newest(&smaller.all)->line_number, 1); // answered: not known to be heard
    assert_int_equal(plk_generation_newest(&larger.all)->line_number, 2);
    confirm(&smaller, 0);
    confirm(&larger, 0);
    they_meet(1);
    begin_line(3);
    assert_true(plk_generation_accepts(&smaller.all, 0) && plk_generation_accepts(&smaller.all, 1));
    assert_false(plk_generation_accepts(&smaller.all, 2));       // two lines ago
    for (uint32_t line = 4; line < 20; line++) begin_line(line); // nobody ever confirms: memory stays bounded
    assert_int_equal(smaller.all.count, PLK_GENERATIONS_MAX);
    assert_int_equal(smaller.disk_count, PLK_GENERATIONS_MAX);
    confirm(&larger, 0);
    plk_generation_expire(&larger.all, now_ms + 7 * DAY, &larger.change);
    store(&larger);
    assert_int_equal(larger.all.count, 1);
    they_meet(1);
}

static void rows_that_are_damaged(void **state) {
    (void)state;
    struct plk_generations loaded = {0};
    uint8_t *value = smaller.disk[0].value;
    size_t len = smaller.disk[0].len;
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(plk_generation_load(&loaded, plk_bytes(value, cut)), PLK_ERR_CORRUPT);
    }
    assert_int_equal(plk_generation_load(&loaded, plk_bytes(value, len)), PLK_ERR_OK);
    assert_int_equal(plk_generation_load(&loaded, plk_bytes(value, len)), PLK_ERR_CORRUPT);
    for (uint8_t number = 2; number <= PLK_GENERATIONS_MAX + 1; number++) {
        value[8] = number;
        assert_int_equal(plk_generation_load(&loaded, plk_bytes(value, len)),
                         number <= PLK_GENERATIONS_MAX ? PLK_ERR_OK : PLK_ERR_LIMIT);
    }
    value[9] = 4; // state
    assert_int_equal(plk_generation_load(&loaded, plk_bytes(value, len)), PLK_ERR_CORRUPT);
    assert_null(plk_generation_newest(&(struct plk_generations){0}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_first_generation, begin),
        cmocka_unit_test_setup(renewed_for_weeks, begin),
        cmocka_unit_test_setup(the_one_before_has_seven_days, begin),
        cmocka_unit_test_setup(a_session_confirms_what_was_answered, begin),
        cmocka_unit_test_setup(proposals_that_do_not_fit, begin),
        cmocka_unit_test_setup(a_rekey_begins_a_new_line, begin),
        cmocka_unit_test_setup(rows_that_are_damaged, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
