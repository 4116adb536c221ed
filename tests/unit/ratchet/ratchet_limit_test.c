// SPDX-License-Identifier: MIT
// What is kept, for how long, and how far a sender may run ahead (DESIGN 3.4).
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "unit/ratchet/story.h"

// ---- limits

static void a_thousand_may_be_missing(void **state) {
    (void)state;
    struct post post, further;
    write_many(&alice, &post, PLK_RATCHET_GAP_MAX + 1);
    write_on(&alice, &further); // a thousand and one before it
    refuses(&bob, &further, PLK_ERR_GAP);
    reads(&bob, &post);
    assert_int_equal(bob.skipped.count, PLK_RATCHET_GAP_MAX);
    reads(&bob, &further);
    assert_int_equal(bob.skipped.count, PLK_RATCHET_GAP_MAX);
    talker_restart(&bob);
    write_many(&alice, &post, PLK_RATCHET_GAP_MAX + 2);
    refuses(&bob, &post, PLK_ERR_GAP);
}

static void a_thousand_may_be_missing_before_a_step(void **state) {
    (void)state;
    struct post post, missing, reply;
    write_on(&alice, &post);
    reads(&bob, &post);
    write_to(&bob, &reply);
    write_many(&alice, &missing, PLK_RATCHET_GAP_MAX + 1);
    reads(&alice, &reply);
    write_on(&alice, &post);
    refuses(&bob, &post, PLK_ERR_GAP); // of the old chain, 1,001 are missing
    reads(&bob, &missing);             // now none but those between
    reads(&bob, &post);
    assert_int_equal(bob.skipped.count, PLK_RATCHET_GAP_MAX);
}

static void two_gaps_at_once_fill_the_room(void **state) {
    (void)state;
    struct post post, reply;
    tells(&alice, &bob, true);
    write_to(&bob, &reply);
    write_many(&alice, &post, PLK_RATCHET_GAP_MAX);
    reads(&alice, &reply);
    write_many(&alice, &post, PLK_RATCHET_GAP_MAX + 1);
    struct plk_ratchet_got got = reads(&bob, &post);
    assert_int_equal(bob.skipped.count, PLK_SKIPPED_MAX);
    assert_int_equal(got.changed.span_count, 2);
    assert_false(got.changed.dropped);
    talker_restart(&bob);
}

static void beyond_two_thousand_the_oldest_row_goes(void **state) {
    (void)state;
    struct post first, fortieth, post, reply;
    write_on(&alice, &first);
    write_many(&alice, &fortieth, 40);
    write_many(&alice, &post, PLK_RATCHET_GAP_MAX - 40);
    reads(&bob, &post); // keys 0 .. 999 of chain 1
    write_to(&bob, &reply);
    write_many(&alice, &post, PLK_RATCHET_GAP_MAX);
    reads(&alice, &reply);
    write_on(&alice, &post);
    reads(&bob, &post); // and 1001 .. 2000 of it
    assert_int_equal(bob.skipped.count, PLK_SKIPPED_MAX);
    struct post second;
    write_on(&alice, &second);
    write_on(&alice, &post);
    struct plk_ratchet_got got = reads(&bob, &post); // one more: the first row of 32 goes
    assert_true(got.changed.dropped);
    assert_int_equal(got.changed.below.chain, 1);
    assert_int_equal(got.changed.below.block, 1);
    assert_int_equal(bob.skipped.count, PLK_SKIPPED_MAX + 1 - PLK_SKIPPED_BLOCK);
    refuses(&bob, &first, PLK_ERR_EXPIRED);
    reads(&bob, &fortieth);
    refuses(&bob, &fortieth, PLK_ERR_SPENT);
    reads(&bob, &second);
}

static void five_old_chains_are_kept(void **state) {
    (void)state;
    struct post early[8], post;
    for (int i = 0; i < 7; i++) {
        write_to(&alice, &early[i]);
        write_to(&alice, &post);
        reads(&bob, &post);
        tells(&bob, &alice, true);
    }
    // Chain 7 is the current one, 2 to 6 are old, 1 is forgotten with its key.
    assert_int_equal(bob.ratchet.old_count, PLK_RATCHET_OLD_MAX);
    assert_int_equal(bob.skipped.count, 6);
    refuses(&bob, &early[0], PLK_ERR_FORGED);
    for (int i = 1; i < 7; i++) reads(&bob, &early[i]);
    for (int i = 1; i < 7; i++) refuses(&bob, &early[i], PLK_ERR_SPENT);
}

static void thirty_days_are_kept(void **state) {
    (void)state;
    struct post early[3], post;
    for (int i = 0; i < 3; i++) write_to(&alice, &early[i]);
    write_to(&alice, &post);
    reads(&bob, &post);
    bob.wall_ms += PLK_RATCHET_KEEP_MS;
    reads(&bob, &early[0]);
    bob.wall_ms += 1;
    refuses(&bob, &early[1], PLK_ERR_EXPIRED);
    assert_int_equal(bob.skipped.count, 2); // an error changes nothing, not even this
    bob.wall_ms -= 2;                       // the clock is set back
    reads(&bob, &early[1]);
    bob.wall_ms += 2;
    struct post next;
    write_to(&alice, &next);
    assert_true(reads(&bob, &next).changed.dropped);
    assert_int_equal(bob.skipped.count, 0);
    assert_int_equal(bob.disk_count, 0);
    refuses(&bob, &early[2], PLK_ERR_EXPIRED);
    refuses(&bob, &post, PLK_ERR_SPENT);
    refuses(&bob, &next, PLK_ERR_SPENT);
    tells(&bob, &alice, true);
    write_to(&alice, &next);
    reads(&bob, &next);
    refuses(&bob, &early[2], PLK_ERR_EXPIRED); // and so it stays when the chain is an old one
    refuses(&bob, &post, PLK_ERR_SPENT);
    refuses(&bob, &next, PLK_ERR_SPENT);
}

static void a_clock_set_back_loses_nothing(void **state) {
    (void)state;
    struct post late, post;
    write_to(&alice, &late);
    write_to(&alice, &post);
    reads(&bob, &post);
    tells(&bob, &alice, true);
    tells(&alice, &bob, true);
    bob.wall_ms = 1;
    tells(&alice, &bob, false);
    reads(&bob, &late);
}

static void an_old_chain_is_forgotten_after_thirty_days(void **state) {
    (void)state;
    struct post early[2], post;
    struct plk_skipped_change changed;
    write_to(&alice, &early[0]);
    write_to(&alice, &early[1]);
    write_to(&alice, &post);
    reads(&bob, &post);
    tells(&bob, &alice, true);
    bob.wall_ms += 1000;
    tells(&alice, &bob, true); // chain 1 ends here, a second after its keys were kept
    bob.wall_ms += PLK_RATCHET_KEEP_MS;
    assert_true(plk_ratchet_expire(&bob.ratchet, &bob.skipped, bob.wall_ms, &changed));
    talker_store(&bob, &changed);
    assert_int_equal(bob.skipped.count, 0);
    refuses(&bob, &early[0], PLK_ERR_EXPIRED);
    refuses(&bob, &post, PLK_ERR_SPENT);
    assert_false(plk_ratchet_expire(&bob.ratchet, &bob.skipped, bob.wall_ms, &changed));
    bob.wall_ms += 1;
    refuses(&bob, &early[0], PLK_ERR_EXPIRED); // due, not yet dropped
    refuses(&bob, &post, PLK_ERR_EXPIRED);
    assert_true(plk_ratchet_expire(&bob.ratchet, &bob.skipped, bob.wall_ms, &changed));
    talker_store(&bob, &changed);
    assert_int_equal(bob.ratchet.old_count, 0);
    refuses(&bob, &early[0], PLK_ERR_FORGED);
    tells(&alice, &bob, false);
}

// ---- how far a sender may run ahead

static void the_sender_stops_at_nine_hundred(void **state) {
    (void)state;
    struct post post, middle;
    for (int i = 0; i < PLK_RATCHET_HARD_AHEAD; i++) {
        assert_int_equal(plk_ratchet_ahead(&alice.ratchet), i);
        write_to(&alice, &post);
        if (i == 499) middle = post;
    }
    struct plk_ratchet before = alice.ratchet;
    assert_int_equal(talker_write(&alice, talker_ad(), &post.letter), PLK_ERR_LIMIT);
    assert_memory_equal(&before, &alice.ratchet, sizeof before);
    assert_true(plk_ratchet_peer_has(&alice.ratchet, middle.letter.place));
    assert_int_equal(plk_ratchet_ahead(&alice.ratchet), 400);
    assert_false(plk_ratchet_peer_has(&alice.ratchet, middle.letter.place));
    talker_save(&alice);
    talker_restart(&alice);
    assert_int_equal(plk_ratchet_ahead(&alice.ratchet), 400);
    write_to(&alice, &post);
    reads(&bob, &post);
    tells(&bob, &alice, true); // that he steps says that he has something of this chain
    assert_int_equal(plk_ratchet_ahead(&alice.ratchet), 0);
    write_to(&alice, &post);
    assert_int_equal(plk_ratchet_ahead(&alice.ratchet), 1);
    assert_false(plk_ratchet_peer_has(&alice.ratchet, middle.letter.place)); // of the chain before
}

static void an_ack_of_what_was_never_sent_has_no_effect(void **state) {
    (void)state;
    struct post post;
    struct plk_ratchet_place place = {0, 0};
    assert_false(plk_ratchet_peer_has(&alice.ratchet, place));
    write_to(&alice, &post);
    place = (struct plk_ratchet_place){1, 1};
    assert_false(plk_ratchet_peer_has(&alice.ratchet, place));
    place = (struct plk_ratchet_place){2, 0};
    assert_false(plk_ratchet_peer_has(&alice.ratchet, place));
    assert_int_equal(plk_ratchet_ahead(&alice.ratchet), 1);
}

static void the_responder_waits_for_the_first_letter(void **state) {
    (void)state;
    struct post lost, second;
    assert_true(plk_ratchet_can_send(&alice.ratchet));
    assert_false(plk_ratchet_can_send(&bob.ratchet));
    write_to(&alice, &lost);
    write_to(&alice, &second);
    reads(&bob, &second);
    assert_true(plk_ratchet_can_send(&bob.ratchet));
}

static void numbers_end_before_they_wrap(void **state) {
    (void)state;
    struct post post;
    tells(&alice, &bob, true);
    alice.ratchet.send_n = alice.ratchet.peer_has = UINT32_MAX;
    assert_int_equal(talker_write(&alice, talker_ad(), &post.letter), PLK_ERR_LIMIT);
    bob.ratchet.send_id = UINT32_MAX;
    assert_int_equal(talker_write(&bob, talker_ad(), &post.letter), PLK_ERR_LIMIT);
    bob.ratchet.send_id = 0;
    write_to(&bob, &post);
    alice.ratchet.recv_id = UINT32_MAX;
    refuses(&alice, &post, PLK_ERR_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(a_thousand_may_be_missing),
        STORY(a_thousand_may_be_missing_before_a_step),
        STORY(two_gaps_at_once_fill_the_room),
        STORY(beyond_two_thousand_the_oldest_row_goes),
        STORY(five_old_chains_are_kept),
        STORY(thirty_days_are_kept),
        STORY(a_clock_set_back_loses_nothing),
        STORY(an_old_chain_is_forgotten_after_thirty_days),
        STORY(the_sender_stops_at_nine_hundred),
        STORY(an_ack_of_what_was_never_sent_has_no_effect),
        STORY(the_responder_waits_for_the_first_letter),
        STORY(numbers_end_before_they_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
