// SPDX-License-Identifier: MIT
// Two relay processes on one store: what one does is known to the other, with and without words between them.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "relay/fleet.h"
#include "relay/mailbox.h"
#include "support/relay_story.h"
#include "wire/relay_greeting.h"
#include "wire/tlv.h"

#define HERE 3
#define THERE 5

static struct rig *there; // the other process; carol is its client
static int carol;

static void share(struct rig *from, struct rig *to) { toy_clone(&to->disk, &from->disk); }

// What one has to say to the other, carried; how many words there were.
static size_t talk(struct rig *from, uint8_t slot, struct rig *to) {
    static uint8_t sids[8 * PLK_QUEUE_ID_LEN];
    struct plk_fleet_word word;
    struct plk_bytes bytes;
    size_t words = 0, count = 8;
    uint8_t whom;
    while (plk_relay_fleet_next(from->relay, &whom, &bytes)) {
        assert_int_equal(plk_fleet_word_decode(bytes, &word), PLK_ERR_OK);
        plk_relay_fleet_hear(to->relay, to->now, slot, &word);
        words++;
    }
    word = (struct plk_fleet_word){.kind = PLK_FLEET_SUBSCRIBED};
    for (; plk_relay_fleet_subscribed(from->relay, &word.stamp, sids, &count); count = 8, words++) {
        word.sids = plk_bytes(sids, count * PLK_QUEUE_ID_LEN);
        plk_relay_fleet_hear(to->relay, to->now, slot, &word);
    }
    rig_run(to, 100 * PLK_MS);
    return words;
}

static void hear_items(void) {
    struct plk_fleet_word word = {.kind = PLK_FLEET_ITEMS, .sids = plk_bytes(queue.sid, 16)};
    plk_relay_fleet_hear(rig->relay, rig->now, THERE, &word);
    rig_run(rig, 100 * PLK_MS);
}

static void hear_row(void) {
    struct plk_fleet_word word = {.kind = PLK_FLEET_ROW, .sids = plk_bytes(queue.sid, 16)};
    plk_relay_fleet_hear(rig->relay, rig->now, THERE, &word);
    rig_run(rig, 100 * PLK_MS);
}

static void join(struct rig *one, uint8_t slot) {
    plk_relay_fleet_join(one->relay, slot);
    plk_relay_fleet_others(one->relay, (UINT64_C(1) << HERE) | (UINT64_C(1) << THERE));
}

static int begin(void **state) {
    setup(state);
    there = rig_new(1); // the same key
    rig_start(there);
    rig_tick(there);
    join(rig, HERE);
    join(there, THERE);
    carol = rig_connect(there);
    return 0;
}

static int end(void **state) {
    rig_free(there);
    return teardown(state);
}

static int attach_there(enum plk_queue_role role) {
    return rig_ask(there, carol, rig_attach(there, carol, &queue, role, 4));
}

static int put_there(uint8_t mark) {
    int code = rig_ask(there, carol, rig_put(4, mark, PLK_QUEUE_CELL_SMALL));
    share(there, rig);
    return code;
}

// ---- stories --------------------------------------------------------------------------------------------------------------

static void what_is_put_there_comes_out_here(void **state) {
    (void)state;
    make(0);
    attach();
    assert_int_equal(put(1), PLK_QUEUE_CODE_OK);
    subscribe(bob, 1);
    assert_int_equal(rig_items(rig, bob, NULL), 1);
    share(rig, there);
    assert_int_equal(attach_there(PLK_QUEUE_SENDER), PLK_QUEUE_CODE_OK);
    assert_int_equal(put_there(2), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_items(rig, bob, NULL), 1); // nobody has said so
    hear_items();
    assert_int_equal(rig_items(rig, bob, NULL), 2);
    hear_items(); // twice is fine
    assert_int_equal(rig_items(rig, bob, NULL), 2);
    assert_int_equal(put(3), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_items(rig, bob, NULL), 3);
}

static void a_lost_word_is_made_good_by_looking_again(void **state) {
    (void)state;
    make(0);
    attach();
    subscribe(bob, 1);
    share(rig, there);
    attach_there(PLK_QUEUE_SENDER);
    put_there(2);
    plk_relay_fleet_look_again(rig->relay);
    rig_run(rig, PLK_SECOND);
    assert_int_equal(rig_items(rig, bob, NULL), 1);
}

// A word comes while the heads are being read that it is about: they are read once more.
static void a_word_during_a_reading_counts(void **state) {
    (void)state;
    make(0);
    attach();
    subscribe(bob, 1);
    share(rig, there);
    attach_there(PLK_QUEUE_SENDER);
    struct plk_fleet_word word = {.kind = PLK_FLEET_ITEMS, .sids = plk_bytes(queue.sid, 16)};
    plk_relay_fleet_hear(rig->relay, rig->now, THERE, &word);
    rig_tick(rig); // it is asked for; it will be answered with what was so before
    assert_int_equal(rig->load_count, 1);
    plk_relay_fleet_hear(rig->relay, rig->now, THERE, &word);
    rig_answer_load(rig);
    put_there(2);
    rig_run(rig, PLK_SECOND);
    assert_int_equal(rig_items(rig, bob, NULL), 1);
}

// Its clock is behind: what it puts lies below what was sent already.
static void a_clock_that_is_behind_hides_nothing(void **state) {
    (void)state;
    uint64_t first, second;
    make(0);
    attach();
    subscribe(bob, 1);
    share(rig, there);
    attach_there(PLK_QUEUE_SENDER);
    there->now.wall_ms -= 60000;
    put(1);
    rig_items(rig, bob, &first);
    struct toy_disk before = {.writes = 0};
    toy_clone(&before, &rig->disk);
    put_there(2);
    for (size_t i = 0; i < before.tables[PLK_TABLE_ritem].count; i++) { // both are on the one store
        struct toy_row *item = &before.tables[PLK_TABLE_ritem].rows[i], *cell = &before.tables[PLK_TABLE_rcell].rows[i];
        toy_put(&rig->disk.tables[PLK_TABLE_ritem], item->key, item->value);
        toy_put(&rig->disk.tables[PLK_TABLE_rcell], cell->key, cell->value);
    }
    toy_clear(&before);
    hear_items();
    assert_int_equal(rig_items(rig, bob, &second), 2);
    assert_true(second < first);
    assert_int_equal(ack(first), PLK_QUEUE_CODE_OK);
    assert_int_equal(ack(second), PLK_QUEUE_CODE_OK);
    assert_int_equal(rows(PLK_TABLE_rcell), 0);
}

static void numbers_of_two_never_meet(void **state) {
    (void)state;
    make(0);
    attach();
    share(rig, there);
    attach_there(PLK_QUEUE_SENDER);
    for (uint8_t i = 1; i <= 20; i++) assert_int_equal(put(i), PLK_QUEUE_CODE_OK);
    for (uint8_t i = 1; i <= 20; i++) assert_int_equal(rig_ask(there, carol, rig_put(4, i, 4096)), PLK_QUEUE_CODE_OK);
    assert_int_equal(rows(PLK_TABLE_ritem), 20);
    for (size_t i = 0; i < 20; i++) {
        struct plk_bytes key = there->disk.tables[PLK_TABLE_ritem].rows[i].key;
        assert_false(
            toy_has(&rig->disk.tables[PLK_TABLE_ritem], toy_find(&rig->disk.tables[PLK_TABLE_ritem], key), key));
    }
}

// The cell was acknowledged at the other process: put again it is new, and a queue that was full is not.
static void what_is_gone_there_is_forgotten_here(void **state) {
    (void)state;
    uint64_t number;
    uint8_t room[8];
    make(0);
    attach();
    put(1);
    share(rig, there);
    attach_there(PLK_QUEUE_OWNER);
    uint8_t list[4];
    rig_ask(there, carol, rig_sub(4, list));
    assert_int_equal(rig_items(there, carol, &number), 1);
    assert_int_equal(rig_ask(there, carol, rig_ack(4, number, room)), PLK_QUEUE_CODE_OK);
    share(there, rig);
    rig_run(rig, 2 * PLK_SECOND);
    assert_int_equal(put(1), PLK_QUEUE_CODE_OK);
    assert_int_equal(rows(PLK_TABLE_rcell), 1);
}

// After a crash of the database nobody is seen for a moment; who comes just then is not left with one address only.
static void others_are_told_of_though_not_seen_now(void **state) {
    (void)state;
    const struct plk_addr second = {.family = 4, .ip = {192, 0, 2, 2}, .port = 7447};
    const struct plk_addr third = {.family = 4, .ip = {192, 0, 2, 3}, .port = 7447};
    uint8_t room[64], want[64];
    struct plk_writer told = plk_writer(room, sizeof room), both = plk_writer(want, sizeof want);
    plk_relay_fleet_places(rig->relay, &second, 1);
    plk_relay_fleet_places(rig->relay, NULL, 0);
    plk_relay_fleet_places(rig->relay, &third, 1); // what is seen goes first
    plk_fleet_tell_places(rig->relay, &told);
    plk_addr_write(&both, &third);
    plk_addr_write(&both, &second);
    struct plk_bytes list;
    assert_true(plk_tlv_find(plk_writer_bytes(&told), PLK_RELAY_GREETING_PLACES, &list));
    assert_true(plk_bytes_equal(list, plk_writer_bytes(&both)));
}

static void a_newer_subscriber_there_replaces_the_one_here(void **state) {
    (void)state;
    uint8_t list[4];
    make(0);
    attach();
    subscribe(bob, 1);
    share(rig, there);
    attach_there(PLK_QUEUE_OWNER);
    rig_run(there, PLK_SECOND);
    rig_ask(there, carol, rig_sub(4, list));
    size_t told = rig->clients[bob].told_count;
    assert_int_equal(talk(there, THERE, rig), 1);
    assert_int_equal(rig->clients[bob].told_count, told + 1);
    assert_int_equal(rig->clients[bob].told[told].type, PLK_QUEUE_REPLACED);
    assert_int_equal(talk(rig, HERE, there), 1); // the older one's word comes late
    assert_int_equal(there->clients[carol].told[there->clients[carol].told_count - 1].type, PLK_QUEUE_DONE);
}

static void a_queue_deleted_there_is_gone_here(void **state) {
    (void)state;
    make(0);
    attach();
    share(rig, there);
    attach_there(PLK_QUEUE_OWNER);
    assert_int_equal(rig_ask(there, carol, rig_plain(PLK_QUEUE_DEL, 4)), PLK_QUEUE_CODE_OK);
    share(there, rig);
    hear_row();
    assert_int_equal(put(1), PLK_QUEUE_CODE_NOT_FOUND);
    assert_int_equal(rows(PLK_TABLE_rcell), 0);
}

static void a_packet_finds_its_subscriber_there(void **state) {
    (void)state;
    uint8_t list[4];
    make(0);
    attach();
    share(rig, there);
    attach_there(PLK_QUEUE_OWNER);
    rig_pass(rig, alice, 9, "hello", 5);
    assert_int_equal(rig->clients[alice].passed_count, 0); // it has to be asked for
    assert_int_equal(talk(rig, HERE, there), 1);
    assert_int_equal(talk(there, THERE, rig), 1);
    assert_int_equal(rig->clients[alice].passed_count, 1);
    assert_int_equal(rig->clients[alice].passed[0].type, PLK_FRAME_NOBODY);
    rig_ask(there, carol, rig_sub(4, list));
    rig_pass(rig, alice, 9, "hello", 5);
    talk(rig, HERE, there);
    assert_int_equal(there->clients[carol].passed_count, 1);
    assert_int_equal(there->clients[carol].passed[0].handle, 4);
    talk(there, THERE, rig);
    rig_pass(rig, alice, 9, "again", 5); // said to that one alone, which has nothing to answer
    assert_int_equal(talk(rig, HERE, there), 1);
    assert_int_equal(there->clients[carol].passed_count, 2);
    assert_int_equal(talk(there, THERE, rig), 0);
    assert_int_equal(rig->clients[alice].passed_count, 1);
    plk_relay_fleet_others(rig->relay, 0); // it died
    rig_pass(rig, alice, 9, "gone", 4);
    assert_int_equal(rig->clients[alice].passed_count, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_put_there_comes_out_here, begin, end),
        cmocka_unit_test_setup_teardown(a_lost_word_is_made_good_by_looking_again, begin, end),
        cmocka_unit_test_setup_teardown(a_word_during_a_reading_counts, begin, end),
        cmocka_unit_test_setup_teardown(a_clock_that_is_behind_hides_nothing, begin, end),
        cmocka_unit_test_setup_teardown(numbers_of_two_never_meet, begin, end),
        cmocka_unit_test_setup_teardown(what_is_gone_there_is_forgotten_here, begin, end),
        cmocka_unit_test_setup_teardown(others_are_told_of_though_not_seen_now, begin, end),
        cmocka_unit_test_setup_teardown(a_newer_subscriber_there_replaces_the_one_here, begin, end),
        cmocka_unit_test_setup_teardown(a_queue_deleted_there_is_gone_here, begin, end),
        cmocka_unit_test_setup_teardown(a_packet_finds_its_subscriber_there, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
