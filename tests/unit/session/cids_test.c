// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "session/cids.h"

struct sides {
    struct plk_rng rng;
    struct plk_cids a, b;
};

static void init(struct sides *s) {
    static const uint8_t seed[32] = {8};
    struct plk_greeting from_a = {0}, from_b = {0};
    plk_rng_seed(&s->rng, seed);
    plk_cids_start(&s->a, &s->rng, &from_a);
    plk_cids_start(&s->b, &s->rng, &from_b);
    plk_cids_greet(&s->a, &from_b);
    plk_cids_greet(&s->b, &from_a);
}

static void a_greeting_gives_four_of_which_one_is_in_use(void **state) {
    (void)state;
    struct sides s;
    init(&s);
    assert_int_equal(plk_cids_own_live(&s.a), 4);
    assert_int_equal(plk_cids_peer_unused(&s.a), 3);
    for (uint64_t seq = 0; seq < 4; seq++) {
        const struct plk_cid *cid = plk_cids_peer(&s.a, seq);
        assert_non_null(cid);
        assert_ptr_equal(plk_cids_own_find(&s.b, cid->id), &s.b.own[seq]);
    }
    assert_null(plk_cids_peer(&s.a, 4));
    const uint8_t unknown[8] = {0};
    assert_null(plk_cids_own_find(&s.b, unknown));
}

static void each_new_path_takes_an_id_of_its_own(void **state) {
    (void)state;
    struct sides s;
    init(&s);
    for (uint64_t seq = 1; seq < 4; seq++) {
        const struct plk_cid *cid = plk_cids_take(&s.a);
        assert_non_null(cid);
        assert_int_equal(cid->seq, seq);
    }
    assert_null(plk_cids_take(&s.a));
    const struct plk_cid *issued;
    assert_int_equal(plk_cids_issue(&s.b, &s.rng, &issued), PLK_ERR_OK);
    assert_int_equal(issued->seq, 4);
    assert_int_equal(plk_cids_learn(&s.a, issued->seq, issued->id), PLK_ERR_OK);
    assert_int_equal(plk_cids_take(&s.a)->seq, 4);
}

static void at_most_eight_live_on_either_side(void **state) {
    (void)state;
    struct sides s;
    const struct plk_cid *issued;
    init(&s);
    for (uint64_t seq = 4; seq < 8; seq++) {
        assert_int_equal(plk_cids_issue(&s.b, &s.rng, &issued), PLK_ERR_OK);
        assert_int_equal(plk_cids_learn(&s.a, issued->seq, issued->id), PLK_ERR_OK);
    }
    assert_int_equal(plk_cids_issue(&s.b, &s.rng, &issued), PLK_ERR_LIMIT);
    assert_int_equal(s.b.own_next, 8);
    const uint8_t ninth[8] = {9};
    struct plk_cids before = s.a;
    assert_int_equal(plk_cids_learn(&s.a, 8, ninth), PLK_ERR_LIMIT); // a peer that goes on all the same
    assert_memory_equal(&s.a, &before, sizeof before);
    struct plk_cid retired;
    assert_int_equal(plk_cids_retire(&s.a, 2), PLK_ERR_OK);
    assert_int_equal(plk_cids_retired(&s.b, 2, &retired), PLK_ERR_OK);
    assert_int_equal(plk_cids_issue(&s.b, &s.rng, &issued), PLK_ERR_OK);
    assert_int_equal(issued->seq, 8);
    assert_int_equal(plk_cids_learn(&s.a, 8, issued->id), PLK_ERR_OK);
}

static void retiring_says_what_to_forget(void **state) {
    (void)state;
    struct sides s;
    struct plk_cid retired;
    init(&s);
    struct plk_cid own = s.b.own[1];
    assert_int_equal(plk_cids_retire(&s.a, 1), PLK_ERR_OK);
    assert_int_equal(plk_cids_retire(&s.a, 1), PLK_ERR_NOT_FOUND);
    assert_null(plk_cids_peer(&s.a, 1));
    assert_int_equal(plk_cids_retired(&s.b, 1, &retired), PLK_ERR_OK);
    assert_true(retired.live);
    assert_memory_equal(retired.id, own.id, 8);
    assert_null(plk_cids_own_find(&s.b, own.id));
    assert_int_equal(plk_cids_retired(&s.b, 1, &retired), PLK_ERR_OK); // a copy of the frame
    assert_false(retired.live);
    assert_int_equal(plk_cids_retired(&s.b, 4, &retired), PLK_ERR_INVALID); // never issued
    assert_int_equal(plk_cids_own_live(&s.b), 3);
}

static void copies_and_lies_about_new_ids(void **state) {
    (void)state;
    struct sides s;
    const uint8_t id4[8] = {4}, other[8] = {5};
    init(&s);
    assert_int_equal(plk_cids_learn(&s.a, 4, id4), PLK_ERR_OK);
    struct plk_cids before = s.a;
    assert_int_equal(plk_cids_learn(&s.a, 4, id4), PLK_ERR_OK);
    assert_int_equal(plk_cids_learn(&s.a, 4, other), PLK_ERR_INVALID);
    assert_int_equal(plk_cids_learn(&s.a, 5, id4), PLK_ERR_INVALID);
    assert_int_equal(plk_cids_learn(&s.a, PLK_CIDS_SEQ_MAX + 1, other), PLK_ERR_INVALID);
    assert_memory_equal(&s.a, &before, sizeof before);
    assert_int_equal(plk_cids_retire(&s.a, 4), PLK_ERR_OK);
    before = s.a;
    assert_int_equal(plk_cids_learn(&s.a, 4, id4), PLK_ERR_OK); // late, after it was retired: does not come back
    assert_memory_equal(&s.a, &before, sizeof before);
}

static void numbers_may_come_out_of_order_and_far_apart(void **state) {
    (void)state;
    struct sides s;
    const uint8_t ids[4][8] = {{1}, {2}, {3}, {4}};
    init(&s);
    assert_int_equal(plk_cids_learn(&s.a, 40, ids[0]), PLK_ERR_OK);
    assert_int_equal(plk_cids_learn(&s.a, 39, ids[1]), PLK_ERR_OK);
    assert_int_equal(plk_cids_learn(&s.a, 200, ids[2]), PLK_ERR_OK);
    assert_non_null(plk_cids_peer(&s.a, 0)); // an old number in use lives on
    assert_int_equal(plk_cids_learn(&s.a, 200 - PLK_CIDS_SPAN, ids[3]), PLK_ERR_OK);
    assert_null(plk_cids_peer(&s.a, 200 - PLK_CIDS_SPAN)); // too old to know: counts as heard
    assert_int_equal(plk_cids_learn(&s.a, 200 - PLK_CIDS_SPAN + 1, ids[3]), PLK_ERR_OK);
    assert_non_null(plk_cids_peer(&s.a, 200 - PLK_CIDS_SPAN + 1));
    assert_int_equal(plk_cids_take(&s.a)->seq, 1);
}

// A long life: ids come and go, frames are copied, and both tables agree all the time.
static void a_long_life_keeps_both_tables_equal(void **state) {
    (void)state;
    struct sides s;
    init(&s);
    for (int round = 0; round < 2000; round++) {
        const struct plk_cid *issued;
        while (plk_cids_issue(&s.b, &s.rng, &issued) == PLK_ERR_OK) {
            assert_int_equal(plk_cids_learn(&s.a, issued->seq, issued->id), PLK_ERR_OK);
            assert_int_equal(plk_cids_learn(&s.a, issued->seq, issued->id), PLK_ERR_OK);
        }
        for (uint64_t n = plk_rng_below(&s.rng, 8); n > 0; n--) {
            const struct plk_cid *taken = plk_cids_take(&s.a);
            if (taken == NULL) break;
            uint64_t seq = taken->seq;
            struct plk_cid retired;
            assert_non_null(plk_cids_own_find(&s.b, taken->id));
            assert_int_equal(plk_cids_retire(&s.a, seq), PLK_ERR_OK);
            assert_int_equal(plk_cids_retired(&s.b, seq, &retired), PLK_ERR_OK);
            assert_true(retired.live);
        }
    }
    assert_true(s.b.own_next > 1000);
    assert_int_equal(s.b.own_next, s.a.peer_next);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_greeting_gives_four_of_which_one_is_in_use),
        cmocka_unit_test(each_new_path_takes_an_id_of_its_own),
        cmocka_unit_test(at_most_eight_live_on_either_side),
        cmocka_unit_test(retiring_says_what_to_forget),
        cmocka_unit_test(copies_and_lies_about_new_ids),
        cmocka_unit_test(numbers_may_come_out_of_order_and_far_apart),
        cmocka_unit_test(a_long_life_keeps_both_tables_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
