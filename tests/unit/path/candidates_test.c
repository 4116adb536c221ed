// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "path/candidates.h"

static const struct plk_prefix own[] = {
    {.addr = {.family = 4, .ip = {192, 168, 1, 5}}, .bits = 24},
    {.addr = {.family = 6, .ip = {0xfe, 0x80, [15] = 1}, .scope = 2}, .bits = 64},
};
static const struct plk_addr_rules rules = {.own = own, .own_count = 2};
static const struct plk_addr_rules on_this_machine = {.own = own, .own_count = 2, .loopback = true};

static struct plk_addr v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port) {
    return (struct plk_addr){.family = 4, .ip = {a, b, c, d}, .port = port};
}

static bool allowed(struct plk_addr addr) { return plk_addr_allowed(&addr, &rules); }

static bool add(struct plk_candidates *c, struct plk_addr addr, enum plk_candidate_source source, uint64_t wall_ms) {
    return plk_candidates_add(c, PLK_UDP, &addr, source, wall_ms, &rules);
}

static void foreign_addresses_are_not_believed_blindly(void **state) {
    (void)state;
    assert_true(allowed(v4(203, 0, 113, 9, 7447)));
    assert_false(allowed(v4(203, 0, 113, 9, 0)));
    assert_false(allowed(v4(127, 0, 0, 1, 7447)));
    assert_false(allowed(v4(224, 0, 0, 251, 5353)));
    assert_false(allowed(v4(255, 255, 255, 255, 7447)));
    assert_false(allowed(v4(0, 0, 0, 0, 7447)));
    assert_true(allowed(v4(192, 168, 1, 77, 7447))); // a prefix of our own
    assert_false(allowed(v4(192, 168, 2, 77, 7447)));
    assert_false(allowed(v4(10, 0, 0, 1, 22)));
    assert_false(allowed(v4(100, 64, 0, 1, 7447)));
    assert_true(allowed((struct plk_addr){.family = 6, .ip = {0xfe, 0x80, [15] = 9}, .port = 1, .scope = 2}));
    assert_false(allowed((struct plk_addr){.family = 6, .ip = {0xfc, [15] = 9}, .port = 1}));
    assert_false(allowed((struct plk_addr){.family = 6, .ip = {[15] = 1}, .port = 1}));
    assert_false(allowed((struct plk_addr){.family = 6, .ip = {[10] = 0xff, 0xff, 192, 168, 1, 7}, .port = 1}));
    struct plk_addr loopback = v4(127, 0, 0, 1, 7447);
    assert_true(plk_addr_allowed(&loopback, &on_this_machine));
}

static void what_answered_last_comes_first(void **state) {
    (void)state;
    struct plk_candidates c = {.count = 0};
    assert_true(add(&c, v4(203, 0, 113, 1, 1), PLK_CANDIDATE_BEACON, 100));
    assert_true(add(&c, v4(203, 0, 113, 2, 1), PLK_CANDIDATE_TOLD, 100));
    assert_true(add(&c, v4(203, 0, 113, 3, 1), PLK_CANDIDATE_LINK, 100));
    assert_int_equal(c.list[0].addr.ip[3], 3);
    assert_int_equal(c.list[2].addr.ip[3], 1);
    assert_true(add(&c, v4(203, 0, 113, 1, 1), PLK_CANDIDATE_GOOD, 500));
    assert_true(add(&c, v4(203, 0, 113, 2, 1), PLK_CANDIDATE_GOOD, 400)); // the clock went back: newest all the same
    assert_int_equal(c.count, 3);
    assert_int_equal(c.list[0].addr.ip[3], 2);
    assert_int_equal(c.list[1].addr.ip[3], 1);
    assert_false(add(&c, v4(10, 0, 0, 1, 1), PLK_CANDIDATE_TOLD, 0));
    assert_true(add(&c, v4(10, 0, 0, 1, 1), PLK_CANDIDATE_GOOD, 600)); // it authenticated itself from there
}

static void each_list_of_the_peer_replaces_the_one_before(void **state) {
    (void)state;
    struct plk_candidates c = {.count = 0};
    add(&c, v4(203, 0, 113, 1, 1), PLK_CANDIDATE_LINK, 0);
    add(&c, v4(203, 0, 113, 2, 1), PLK_CANDIDATE_TOLD, 0);
    add(&c, v4(203, 0, 113, 3, 1), PLK_CANDIDATE_TOLD, 0);
    add(&c, v4(203, 0, 113, 3, 1), PLK_CANDIDATE_GOOD, 7);
    plk_candidates_told_begin(&c);
    assert_int_equal(c.count, 2);
    assert_int_equal(c.list[0].addr.ip[3], 3);
    assert_int_equal(c.list[1].addr.ip[3], 1);
}

static void assert_order(const struct plk_candidates *c, const char *last_bytes) {
    assert_int_equal(c->count, strlen(last_bytes));
    for (size_t i = 0; i < c->count; i++) assert_int_equal(c->list[i].addr.ip[3], last_bytes[i]);
}

static void one_goes_and_the_others_stay_in_order(void **state) {
    (void)state;
    struct plk_candidates c = {.count = 0};
    for (uint8_t i = 1; i <= 5; i++) add(&c, v4(203, 0, 113, i, 1), PLK_CANDIDATE_GOOD, i);
    assert_order(&c, "\5\4\3\2\1");
    c.list[2].tries = 9;
    add(&c, v4(203, 0, 113, 3, 1), PLK_CANDIDATE_TOLD, 0); // hearing of it again changes nothing
    assert_order(&c, "\5\4\3\2\1");
    assert_int_equal(c.list[2].source, PLK_CANDIDATE_GOOD);
    assert_int_equal(c.list[2].tries, 9);
    assert_int_equal(c.list[2].good_ms, 3);
    add(&c, v4(203, 0, 113, 3, 1), PLK_CANDIDATE_GOOD, 100);
    assert_order(&c, "\3\5\4\2\1");
    assert_int_equal(c.list[0].tries, 0);
    assert_int_equal(c.list[0].good_ms, 100);
    c.list[1].source = c.list[3].source = PLK_CANDIDATE_TOLD;
    plk_candidates_told_begin(&c);
    assert_order(&c, "\3\4\1");
}

// What stood in a link and is told again belongs to the list, and goes with it; what a beacon said ranks by it.
static void the_peer_itself_is_believed_most(void **state) {
    (void)state;
    struct plk_candidates c = {.count = 0};
    add(&c, v4(203, 0, 113, 1, 1), PLK_CANDIDATE_LINK, 0);
    add(&c, v4(203, 0, 113, 2, 1), PLK_CANDIDATE_BEACON, 0);
    add(&c, v4(203, 0, 113, 1, 1), PLK_CANDIDATE_TOLD, 0);
    add(&c, v4(203, 0, 113, 2, 1), PLK_CANDIDATE_LINK, 0);
    add(&c, v4(203, 0, 113, 2, 1), PLK_CANDIDATE_BEACON, 0);
    assert_int_equal(c.list[0].source, PLK_CANDIDATE_LINK);
    assert_order(&c, "\2\1");
    plk_candidates_told_begin(&c);
    assert_order(&c, "\2");
}

static void there_is_place_for_the_best_only(void **state) {
    (void)state;
    struct plk_candidates c = {.count = 0};
    for (unsigned i = 0; i < 200; i++) add(&c, v4(203, 0, 113, (uint8_t)i, 1), PLK_CANDIDATE_TOLD, 0);
    assert_int_equal(c.count, PLK_CANDIDATES_MAX);
    assert_false(add(&c, v4(203, 0, 114, 1, 1), PLK_CANDIDATE_TOLD, 0));
    assert_true(add(&c, v4(203, 0, 114, 1, 1), PLK_CANDIDATE_LINK, 0));
    assert_int_equal(c.count, PLK_CANDIDATES_MAX);
    assert_int_equal(c.list[0].addr.ip[2], 114);
}

// Who had been in two dozen places was told in vain where the other is now.
static void many_good_places_leave_room_for_what_is_told(void **state) {
    (void)state;
    struct plk_candidates c = {.count = 0};
    for (unsigned i = 0; i < 200; i++) add(&c, v4(203, 0, 113, (uint8_t)i, 1), PLK_CANDIDATE_GOOD, i);
    size_t good = 0;
    for (size_t i = 0; i < c.count; i++) good += c.list[i].source == PLK_CANDIDATE_GOOD;
    assert_int_equal(good, PLK_CANDIDATES_GOOD);
    assert_int_equal(c.list[0].addr.ip[3], 199);
    plk_candidates_told_begin(&c);
    assert_int_equal(c.count, PLK_CANDIDATES_GOOD);
    for (unsigned i = 0; i < PLK_CANDIDATES_OF_ONE_LIST; i++)
        assert_true(add(&c, v4(203, 0, 114, (uint8_t)i, 1), PLK_CANDIDATE_TOLD, 0));
    struct plk_addr last = v4(203, 0, 114, PLK_CANDIDATES_OF_ONE_LIST - 1, 1);
    assert_true(plk_candidates_has(&c, PLK_UDP, &last));
    assert_false(plk_candidates_has(&c, PLK_TCP, &last));
}

static void where_it_is_now_is_asked_before_where_it_was(void **state) {
    (void)state;
    struct plk_candidates c = {.count = 0};
    for (uint8_t i = 1; i <= PLK_CANDIDATES_GOOD; i++) add(&c, v4(203, 0, 113, i, 1), PLK_CANDIDATE_GOOD, i);
    add(&c, v4(203, 0, 114, 1, 1), PLK_CANDIDATE_TOLD, 0);
    add(&c, v4(203, 0, 113, 1, 1), PLK_CANDIDATE_TOLD, 0);    // it is there again
    add(&c, v4(203, 0, 113, 77, 1), PLK_CANDIDATE_GOOD, 100); // one more, and all that is told stays
    const uint8_t first[][2] = {{113, 77}, {113, 1}, {114, 1}, {113, PLK_CANDIDATES_GOOD}};
    for (unsigned i = 0; i < 4; i++) {
        struct plk_candidate *next = plk_candidates_next(&c, 1);
        assert_int_equal(next->addr.ip[2], first[i][0]);
        assert_int_equal(next->addr.ip[3], first[i][1]);
        next->tries++;
    }
}

static void the_row_keeps_them(void **state) {
    (void)state;
    struct plk_candidates c = {.count = 0}, back;
    uint8_t row[PLK_CANDIDATES_ROW_MAX];
    for (unsigned i = 0; i < PLK_CANDIDATES_MAX; i++) {
        struct plk_addr addr = {.family = 6, .ip = {0x20, 1, [15] = (uint8_t)i}, .port = 9};
        enum plk_candidate_source source = i < PLK_CANDIDATES_GOOD ? PLK_CANDIDATE_GOOD : PLK_CANDIDATE_TOLD;
        assert_true(plk_candidates_add(&c, i % 2 ? PLK_UDP : PLK_TCP, &addr, source, i, &rules));
    }
    size_t len = plk_candidates_encode(&c, row);
    assert_int_equal(plk_candidates_decode(plk_bytes(row, len), &back), PLK_ERR_OK);
    assert_int_equal(back.count, c.count);
    for (size_t i = 0; i < c.count; i++) {
        assert_true(plk_addr_equal(&back.list[i].addr, &c.list[i].addr));
        assert_int_equal(back.list[i].transport, c.list[i].transport);
        assert_int_equal(back.list[i].good_ms, c.list[i].good_ms);
        assert_int_equal(back.list[i].source, c.list[i].source);
    }
    uint8_t one_more[PLK_CANDIDATES_ROW_MAX + 32];
    memcpy(one_more, row, len);
    memcpy(one_more + len, row + 1, (len - 1) / PLK_CANDIDATES_MAX);
    back.count = 77;
    assert_int_equal(plk_candidates_decode(plk_bytes(one_more, len + (len - 1) / PLK_CANDIDATES_MAX), &back),
                     PLK_ERR_CORRUPT);
    size_t one = (len - 1) / PLK_CANDIDATES_MAX;
    for (size_t cut = 0; cut < len; cut++) {
        if (cut > 0 && (cut - 1) % one == 0) continue; // fewer whole ones are a row, too
        assert_int_equal(plk_candidates_decode(plk_bytes(row, cut), &back), PLK_ERR_CORRUPT);
    }
    row[1] = PLK_TLS;
    row[2] = PLK_CANDIDATE_BEACON;
    back.count = 0;
    assert_int_equal(plk_candidates_decode(plk_bytes(row, len), &back), PLK_ERR_OK);
    assert_int_equal(back.list[0].source, PLK_CANDIDATE_BEACON);
    back.count = 77;
    row[1] = 9; // transport
    assert_int_equal(plk_candidates_decode(plk_bytes(row, len), &back), PLK_ERR_CORRUPT);
    assert_int_equal(back.count, 77);
}

static void in_a_race_each_is_asked_once_before_any_is_asked_again(void **state) {
    (void)state;
    struct plk_candidates c = {.count = 0};
    for (uint8_t i = 1; i <= 3; i++) add(&c, v4(203, 0, 113, i, 1), PLK_CANDIDATE_GOOD, i);
    c.list[1].transport = PLK_TCP; // connections are opened elsewhere
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned turn = 0; turn < 2 * PLK_CANDIDATES_TRIES; turn++) {
            struct plk_candidate *next = plk_candidates_next(&c, PLK_CANDIDATES_TRIES);
            assert_ptr_equal(next, &c.list[turn % 2 == 0 ? 0 : 2]);
            next->tries++;
        }
        assert_null(plk_candidates_next(&c, PLK_CANDIDATES_TRIES));
        plk_candidates_race(&c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_addresses_are_not_believed_blindly),
        cmocka_unit_test(what_answered_last_comes_first),
        cmocka_unit_test(each_list_of_the_peer_replaces_the_one_before),
        cmocka_unit_test(one_goes_and_the_others_stay_in_order),
        cmocka_unit_test(the_peer_itself_is_believed_most),
        cmocka_unit_test(there_is_place_for_the_best_only),
        cmocka_unit_test(in_a_race_each_is_asked_once_before_any_is_asked_again),
        cmocka_unit_test(many_good_places_leave_room_for_what_is_told),
        cmocka_unit_test(where_it_is_now_is_asked_before_where_it_was),
        cmocka_unit_test(the_row_keeps_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
