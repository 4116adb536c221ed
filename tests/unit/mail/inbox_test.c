// SPDX-License-Identifier: MIT
// Bob's mail and a peer made by hand, who has the keys and keeps to no rule: what is refused, what is bounded, what is never
// overwritten.
#include "unit/mail/story.h"

#include "ratchet/seen.h"

// The peer: a ratchet, and what the next envelope says.
static struct plk_ratchet ratchet;
static struct plk_rng rng;
static struct plk_envelope next;
static uint8_t chain[PLK_MESSAGE_HASH_LEN];
static bool dies_then; // Bob, with but one batch of the next message durable

// Bob begins with a fresh ratchet, whose other half is the peer's.
static void begin(enum plk_mail_begin how, uint8_t number) {
    uint8_t secret[32] = {number}, prekey[32] = {number, 1}, public[32], epoch[PLK_EPOCH_LEN] = {number, 2};
    struct plk_ratchet responder;
    plk_dh_public(public, prekey);
    plk_ratchet_init_responder(&responder, plk_bytes(secret, 32), prekey);
    assert_int_equal(plk_ratchet_init_initiator(&ratchet, plk_bytes(secret, 32), public), PLK_ERR_OK);
    struct plk_mail_turn turn = mail_turn(&pair, bob);
    plk_mail_begin(bob->mail, &turn, how, &responder, epoch);
    mail_flush(&pair, bob);
    next = (struct plk_envelope){.device = {9}, .epoch = {number, 9}, .seq = 1, .kind = PLK_BODY_TEXT};
    memset(chain, 0, sizeof chain);
}

static int meet(void **state) {
    uint8_t seed[32] = {77};
    set_up(state);
    plk_rng_seed(&rng, seed);
    begin(PLK_MAIL_BEGIN_REKEY, 2);
    return 0;
}

#undef STORY
#define STORY(name) cmocka_unit_test_setup_teardown(name, meet, tear_down)

static enum plk_err give_text(struct plk_bytes text) {
    static uint8_t out[PLK_RATCHET_SEALED_MAX];
    struct plk_ratchet_place place;
    assert_int_equal(plk_ratchet_encrypt(&ratchet, &rng, plk_bytes("alice and bob", 13), text, out, &place),
                     PLK_ERR_OK);
    plk_ratchet_peer_has(&ratchet, place);
    enum plk_err err = mail_take_record(&pair, bob, 1, plk_bytes(out, text.len + PLK_RATCHET_OVERHEAD));
    if (dies_then) {
        mail_close(&pair, bob);
        mail_store(&pair, bob, 1);
        mail_crash(&pair, bob);
    }
    mail_flush(&pair, bob);
    return err;
}

static enum plk_err give(const struct plk_envelope *e) {
    static uint8_t text[PLK_BODY_MAX + PLK_ENVELOPE_HEAD_MAX];
    struct plk_writer w = plk_writer(text, sizeof text);
    plk_message_envelope_encode(&w, e);
    return give_text(plk_writer_bytes(&w));
}

// The next message of the stream, as an honest peer would number and chain it.
static enum plk_err give_next(const char *payload) {
    uint8_t hash[PLK_HASH_LEN];
    next.payload = plk_bytes_text(payload);
    memcpy(next.previous, chain, sizeof chain);
    plk_rng_bytes(&rng, next.id, sizeof next.id);
    enum plk_err err = give(&next);
    struct plk_bytes parts[] = {plk_bytes_text("PeerLink/1/mail/chain"), plk_bytes(chain, sizeof chain),
                                plk_bytes(next.id, sizeof next.id)};
    plk_hash(hash, parts, 3);
    memcpy(chain, hash, sizeof chain);
    next.seq++;
    return err;
}

static void an_honest_one(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++) assert_int_equal(give_next("hello"), PLK_ERR_OK);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 5);
}

static void a_chain_hash_that_does_not_fit(void **state) {
    (void)state;
    assert_int_equal(give_next("one"), PLK_ERR_OK);
    memset(chain, 0x33, sizeof chain);
    assert_int_equal(give_next("two"), PLK_ERR_STALE);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 1);
    assert_int_equal(bob->counts.rollbacks, 1);
    assert_int_equal(bob->counts.own_rollbacks, 0);
    assert_int_equal(bob->counts.why, PLK_MAIL_WHY_ROLLBACK);
    assert_true(plk_mail_is_stopped(bob->mail));
}

static void a_chain_hash_that_does_not_fit_behind_a_gap(void **state) {
    (void)state;
    struct plk_envelope late = next;
    late.seq = 2;
    late.id[0] = 2;
    late.payload = plk_bytes("held", 4);
    assert_int_equal(give(&late), PLK_ERR_OK);
    assert_int_equal(give(&late), PLK_ERR_REPLAYED);
    assert_int_equal(bob->disk.tables[PLK_TABLE_blob].count, 1);
    assert_int_equal(give_next("one"), PLK_ERR_OK); // and with it the held one is looked at
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 1);
    assert_int_equal(bob->disk.tables[PLK_TABLE_blob].count, 0);
    assert_true(plk_mail_is_stopped(bob->mail));
}

static void what_opens_and_is_nonsense(void **state) {
    (void)state;
    struct plk_envelope e = next;
    assert_int_equal(give_text(plk_bytes("nonsense", 8)), PLK_ERR_MALFORMED);
    assert_int_equal(give_text(plk_bytes(NULL, 0)), PLK_ERR_MALFORMED);
    memset(e.epoch, 0, sizeof e.epoch); // the epoch of notices
    assert_int_equal(give(&e), PLK_ERR_MALFORMED);
    e = next;
    e.has_origin = true;
    e.origin = (struct plk_origin){.device = {9}, .seq = 1};
    assert_int_equal(give(&e), PLK_ERR_MALFORMED);
    e = (struct plk_envelope){.device = {9}, .epoch = {2, 9}, .kind = PLK_BODY_TEXT}; // a text without a number
    assert_int_equal(give(&e), PLK_ERR_MALFORMED);
    e.kind = PLK_BODY_UNREADABLE;
    e.payload = plk_bytes("not a hash", 10);
    assert_int_equal(give(&e), PLK_ERR_MALFORMED);
    e.kind = PLK_BODY_ACK;
    assert_int_equal(give(&e), PLK_ERR_MALFORMED);
    e.kind = PLK_BODY_PULSE;
    assert_int_equal(give(&e), PLK_ERR_OK);
    assert_int_equal(give_next("well"), PLK_ERR_OK);
    next.epoch[5] = 1; // another stream in the same ratchet
    assert_int_equal(give_next("elsewhere"), PLK_ERR_MALFORMED);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 1);
    assert_false(plk_mail_is_stopped(bob->mail));
}

static void a_stream_belongs_to_one_ratchet(void **state) {
    (void)state;
    assert_int_equal(give_next("one"), PLK_ERR_OK);
    struct plk_envelope before = next;
    begin(PLK_MAIL_BEGIN_REKEY, 3);
    assert_int_equal(give(&before), PLK_ERR_MALFORMED);
    assert_int_equal(give_next("two"), PLK_ERR_OK);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 2);
}

static void unreadable_as_a_message(void **state) {
    (void)state;
    uint8_t hashes[2 * PLK_MESSAGE_HASH_LEN] = {1};
    struct plk_bytes record;
    assert_int_equal(give_next("now Bob can write"), PLK_ERR_OK);
    mail_text(&pair, BOB, "cannot be read");
    struct plk_mail_turn turn = mail_turn(&pair, bob);
    plk_mail_link_up(bob->mail);
    uint8_t none[2] = {PLK_CONTROL_ACKS, 0};
    assert_int_equal(plk_mail_on_control(bob->mail, &turn, plk_bytes(none, 2)), PLK_ERR_OK);
    mail_flush(&pair, bob);
    assert_true(plk_mail_next(bob->mail, bob->durable_n, &record));
    struct plk_reader r = plk_reader(record);
    plk_seen_hash(hashes + PLK_MESSAGE_HASH_LEN, plk_reader_sized(&r, PLK_CIPHERTEXT_RECORD_MAX));
    struct plk_bytes first = toy_copy(record);
    struct plk_envelope e = {.device = {9}, .epoch = {2, 9}, .kind = PLK_BODY_UNREADABLE};
    e.payload = plk_bytes(hashes, sizeof hashes);
    assert_int_equal(give(&e), PLK_ERR_OK);
    assert_true(plk_mail_next(bob->mail, bob->durable_n, &record));
    assert_int_equal(record.len, first.len); // the same message, in other bytes
    assert_false(plk_bytes_equal(first, record));
    free((void *)(uintptr_t)first.at);
    plk_mail_link_down(bob->mail);
}

// ---- limits ---------------------------------------------------------------------------------------------------------

static void held_messages_are_bounded_by_count(void **state) {
    (void)state;
    struct plk_envelope e = next;
    for (unsigned i = 0; i < PLK_MAIL_HELD_MAX; i++) {
        e.seq = 2 + i;
        assert_int_equal(give(&e), PLK_ERR_OK);
    }
    e.seq++;
    assert_int_equal(give(&e), PLK_ERR_LIMIT);
    assert_int_equal(bob->disk.tables[PLK_TABLE_blob].count, PLK_MAIL_HELD_MAX);
    mail_crash(&pair, bob);
    assert_int_equal(give(&e), PLK_ERR_LIMIT);
}

static void held_messages_are_bounded_by_bytes(void **state) {
    (void)state;
    static uint8_t text[PLK_BODY_MAX];
    struct plk_envelope e = next;
    enum plk_err err = PLK_ERR_OK;
    e.payload = plk_bytes(text, sizeof text);
    for (e.seq = 2; err == PLK_ERR_OK && e.seq < 100; e.seq++) err = give(&e);
    assert_int_equal(err, PLK_ERR_LIMIT);
    assert_true(bob->mem.used < PLK_MAIL_HELD_BYTES_MAX + 500000);
    // What found no room was reported, and is not taken for a copy when it comes again.
    struct plk_bytes record;
    plk_mail_link_up(bob->mail);
    assert_true(plk_mail_next_control(bob->mail, bob->durable_n, &record)); // the have
    while (plk_mail_next_control(bob->mail, bob->durable_n, &record) && record.at[1] != PLK_CONTROL_UNREADABLE)
        continue;
    assert_int_equal(record.at[1], PLK_CONTROL_UNREADABLE);
    plk_mail_link_down(bob->mail);
}

// Whatever may wait for one message is shown when it comes: in as many batches as it takes, each within its limits (which
// mail_close checks), and after a crash between them, too.
static void a_gap_before_many_is_closed(void **state) {
    static uint8_t text[PLK_BODY_MAX];
    for (int round = 0; round < 4; round++) {
        bool large = round & 1;
        unsigned count = large ? PLK_MAIL_HELD_BYTES_MAX / (PLK_BODY_MAX + 200) : PLK_MAIL_HELD_MAX;
        tear_down(state);
        meet(state);
        struct plk_envelope first = next;
        uint8_t hash[PLK_HASH_LEN];
        for (unsigned i = 0; i <= count; i++) {
            struct plk_envelope e = next;
            memcpy(e.previous, chain, sizeof chain);
            plk_rng_bytes(&rng, e.id, sizeof e.id);
            e.seq = 1 + i;
            e.payload = large ? plk_bytes(text, sizeof text) : plk_bytes("held", 4);
            if (i == 0) first = e;
            if (i > 0) assert_int_equal(give(&e), PLK_ERR_OK);
            struct plk_bytes parts[] = {plk_bytes_text("PeerLink/1/mail/chain"), plk_bytes(chain, sizeof chain),
                                        plk_bytes(e.id, sizeof e.id)};
            plk_hash(hash, parts, 3);
            memcpy(chain, hash, sizeof chain);
        }
        assert_int_equal(mail_count(&bob->disk, PLK_IN), 0);
        dies_then = round & 2;
        assert_int_equal(give(&first), PLK_ERR_OK);
        dies_then = false;
        assert_int_equal(mail_count(&bob->disk, PLK_IN), 1 + count);
        assert_int_equal(bob->disk.tables[PLK_TABLE_blob].count, 0);
    }
}

static void streams_are_bounded(void **state) {
    (void)state;
    for (uint8_t i = 3; i < 3 + 2 * PLK_MAIL_STREAMS_MAX; i++) {
        begin(PLK_MAIL_BEGIN_REKEY, i);
        assert_int_equal(give_next("one"), PLK_ERR_OK);
        struct plk_envelope e = next;
        e.seq += 5;
        assert_int_equal(give(&e), PLK_ERR_OK); // held, and gone with its stream
    }
    mail_crash(&pair, bob);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 2 * PLK_MAIL_STREAMS_MAX);
    assert_int_equal(bob->disk.tables[PLK_TABLE_blob].count, PLK_MAIL_STREAMS_MAX);
    uint8_t acks[PLK_ACKS_LEN_MAX];
    struct plk_ack list[PLK_ACKS_MAX];
    size_t count;
    struct plk_writer w = plk_writer(acks, sizeof acks);
    plk_mail_acks(bob->mail, &w);
    assert_int_equal(plk_message_acks_decode(plk_writer_bytes(&w), list, &count), PLK_ERR_OK);
    assert_int_equal(count, PLK_MAIL_STREAMS_MAX);
    assert_int_equal(list[0].range_count, 1);
}

// ---- copies ---------------------------------------------------------------------------------------------------------

// The row at an origin is never written twice.
static void history_is_not_rewritten(void **state) {
    (void)state;
    struct plk_message_row *rows;
    uint8_t id[PLK_ID_LEN];
    assert_int_equal(give_next("what was said"), PLK_ERR_OK);
    struct plk_origin first = {.seq = 1};
    memcpy(first.device, next.device, 8);
    memcpy(first.epoch, next.epoch, 8);
    memcpy(id, next.id, sizeof id);
    next.has_origin = true; // its number comes again, in the same stream
    next.origin = first;
    assert_int_equal(give_next("what should have been said"), PLK_ERR_OK);
    begin(PLK_MAIL_BEGIN_REKEY, 3); // and in the next
    next.has_origin = true;
    next.origin = first;
    assert_int_equal(give_next("or this"), PLK_ERR_OK);
    assert_int_equal(mail_history(&bob->disk, PLK_IN, &rows), 3);
    assert_memory_equal(rows[0].id, id, sizeof id);
    assert_true(plk_bytes_equal(rows[0].payload, plk_bytes_text("what was said")));
    assert_true(rows[0].row == 1 && rows[1].row == 2 && rows[2].row == 3);
    free(rows);
}

static void a_copy_of_a_copy_that_lies_apart(void **state) {
    (void)state;
    struct plk_envelope again;
    assert_int_equal(give_next("one"), PLK_ERR_OK);
    struct plk_origin first = {.seq = 1};
    memcpy(first.device, next.device, 8);
    memcpy(first.epoch, next.epoch, 8);
    for (uint8_t i = 3; i < 7; i++) {
        begin(PLK_MAIL_BEGIN_REKEY, i);
        again = next;
        again.has_origin = true;
        again.origin = first;
        memset(again.id, 0xab, sizeof again.id); // another message at the first one's origin, each time the same
        again.payload = plk_bytes("two", 3);
        assert_int_equal(give(&again), PLK_ERR_OK);
        mail_crash(&pair, bob);
    }
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 2);
}

// In the old ratchet, after the new one has brought it.
static void a_late_original(void **state) {
    (void)state;
    assert_int_equal(give_next("one"), PLK_ERR_OK);
    struct plk_ratchet old = ratchet;
    struct plk_envelope late = next;
    memset(late.id, 0x22, sizeof late.id);
    memcpy(late.previous, chain, sizeof chain);
    late.payload = plk_bytes("two", 3);
    begin(PLK_MAIL_BEGIN_REKEY, 3);
    struct plk_envelope resent = next;
    resent.has_origin = true;
    memcpy(resent.origin.device, late.device, 8);
    memcpy(resent.origin.epoch, late.epoch, 8);
    resent.origin.seq = late.seq;
    memcpy(resent.id, late.id, sizeof late.id);
    resent.payload = late.payload;
    assert_int_equal(give(&resent), PLK_ERR_OK);
    ratchet = old;
    assert_int_equal(give(&late), PLK_ERR_OK);
    assert_int_equal(mail_count(&bob->disk, PLK_IN), 2);
    assert_int_equal(bob->disk.tables[PLK_TABLE_blob].count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(an_honest_one),
        STORY(a_chain_hash_that_does_not_fit),
        STORY(a_chain_hash_that_does_not_fit_behind_a_gap),
        STORY(what_opens_and_is_nonsense),
        STORY(a_stream_belongs_to_one_ratchet),
        STORY(unreadable_as_a_message),
        STORY(held_messages_are_bounded_by_count),
        STORY(held_messages_are_bounded_by_bytes),
        STORY(a_gap_before_many_is_closed),
        STORY(streams_are_bounded),
        STORY(history_is_not_rewritten),
        STORY(a_copy_of_a_copy_that_lies_apart),
        STORY(a_late_original),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
