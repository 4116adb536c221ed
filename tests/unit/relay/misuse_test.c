// SPDX-License-Identifier: MIT
// What those gain who cheat: addresses that are not theirs, queues that they never empty, rows of a stolen disk.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "relay/client.h"
#include "relay/mailbox.h"
#include "support/relay_story.h"

static const struct plk_addr elsewhere = {.family = 4, .ip = {203, 0, 113, 77}, .port = 777};

static bool disk_holds(struct plk_bytes what) {
    for (size_t t = 0; t < PLK_TABLE_COUNT; t++) {
        const struct toy_table *table = &rig->disk.tables[t];
        for (size_t i = 0; i < table->count; i++) {
            const struct plk_bytes both[] = {table->rows[i].key, table->rows[i].value};
            for (size_t k = 0; k < 2; k++) {
                for (size_t at = 0; at + what.len <= both[k].len; at++) {
                    if (memcmp(both[k].at + at, what.at, what.len) == 0) return true;
                }
            }
        }
    }
    return false;
}

static struct toy_row *queue_row(void) {
    assert_int_equal(rows(PLK_TABLE_rqueue), 1);
    return &rig->disk.tables[PLK_TABLE_rqueue].rows[0];
}

static void from_elsewhere(const uint8_t *bytes, size_t len) {
    struct plk_input input = {.kind = PLK_IN_DATAGRAM};
    input.datagram.from = elsewhere;
    input.datagram.to = RIG_RELAY;
    input.datagram.data = plk_bytes(bytes, len);
    rig_handle(rig, &input);
}

// ---- addresses

static void who_never_answered_gets_three_times_what_it_sent(void **state) {
    (void)state;
    uint8_t packet[PLK_RELAY_CHANNEL_PACKET_MAX];
    struct plk_addr to;
    size_t len;
    make(0);
    attach();
    subscribe(bob, 1);
    // A packet of bob's reaches the relay from an address at which he is not: a NAT, or who copies his packets.
    struct plk_relay_channel *channel = rig->clients[bob].channel;
    plk_relay_channel_ping(channel, rig->now.mono_us);
    assert_true(plk_relay_channel_poll(channel, rig->now.mono_us, packet, sizeof packet, &len, &to));
    from_elsewhere(packet, len);
    for (uint8_t i = 0; i < 8; i++) assert_int_equal(put(i), PLK_QUEUE_CODE_OK);
    rig_run(rig, 20 * PLK_SECOND);
    assert_true(plk_addr_equal(&rig->stray_to, &elsewhere));
    assert_in_range(rig->stray_bytes, 1, 3 * len);  // challenges, and nothing of what waits for him
    assert_int_equal(rig_items(rig, bob, NULL), 8); // which went where he is
    size_t before = rig->stray_bytes;
    rig_run(rig, PLK_MINUTE);
    assert_int_equal(rig->stray_bytes, before);
}

static void hellos_of_who_never_answers_get_no_more_than_they_are(void **state) {
    (void)state;
    struct plk_hello hello;
    const uint8_t cid[8] = {9, 9};
    assert_int_equal(plk_hello_start(&hello, rig->static_public, cid, &rig->rng), PLK_ERR_OK);
    for (int i = 0; i < 5; i++) {
        from_elsewhere(hello.message, sizeof hello.message);
        rig_run(rig, PLK_SECOND);
    }
    rig_run(rig, PLK_MINUTE);
    assert_in_range(rig->stray_bytes, 1, 5 * sizeof hello.message);
    assert_int_equal(plk_relay_state(rig->relay).half_open, 0);
}

static void a_client_that_moved_is_asked_and_followed(void **state) {
    (void)state;
    make(0);
    attach();
    subscribe(bob, 1);
    rig->clients[bob].addr = elsewhere; // its NAT has given it another address
    plk_relay_channel_ping(rig->clients[bob].channel, rig->now.mono_us);
    rig_run(rig, PLK_SECOND);
    assert_true(plk_relay_channel_status(rig->clients[bob].channel).challenged > 0);
    size_t strays = rig->strays;
    assert_int_equal(put(1), PLK_QUEUE_CODE_OK);
    assert_int_equal(rig_items(rig, bob, NULL), 1);
    assert_int_equal(rig->strays, strays); // nothing goes to where it was
}

// ---- much of everything

static void who_never_acknowledges_holds_its_queue_and_no_more(void **state) {
    (void)state;
    rig_free(rig);
    rig = rig_new(2);
    rig->config.queue_items_max = 40;
    rig_start(rig);
    rig_tick(rig);
    plk_relay_token_new(rig->relay, token, 100);
    alice = rig_connect(rig);
    bob = rig_connect(rig);
    queue = rig_queue_new(rig);
    make(0);
    attach();
    subscribe(bob, 1);
    for (uint8_t i = 0; i < 60; i++) assert_int_equal(put(i), i < 40 ? PLK_QUEUE_CODE_OK : PLK_QUEUE_CODE_FULL);
    assert_int_equal(rig_items(rig, bob, NULL), PLK_MAILBOX_WINDOW);
    rig_run(rig, PLK_HOUR);
    assert_int_equal(rig_items(rig, bob, NULL), PLK_MAILBOX_WINDOW);
    assert_true(plk_relay_state(rig->relay).memory < 512 * 1024);
    assert_int_equal(plk_relay_state(rig->relay).stored_bytes, 40 * PLK_QUEUE_CELL_SMALL);
}

static void a_channel_has_a_limit_of_handles(void **state) {
    (void)state;
    make(0);
    uint32_t last = 0;
    uint64_t before = plk_relay_state(rig->relay).memory;
    for (uint32_t i = 1; i <= 4097; i++) {
        last = rig_say(rig, bob, rig_attach(rig, bob, &queue, PLK_QUEUE_OWNER, i));
        if (i % 64 == 0) rig_run(rig, 100 * PLK_MS);
        if (i < 4097 && i % 64 == 0) rig->clients[bob].told_count = 0;
    }
    rig_run(rig, PLK_SECOND);
    assert_int_equal(rig_answer(rig, bob, last)->code, PLK_QUEUE_CODE_LIMIT);
    rig_run(rig, 5 * PLK_SECOND);
    assert_true(plk_relay_state(rig->relay).memory - before < 4096 * 32);
}

// Handles until one is refused, on as many channels as it takes. How many were good.
static size_t bind_all(const int *from, size_t count) {
    size_t good = 0;
    for (size_t c = 0; c < count; c++) {
        for (uint32_t i = 1; i <= PLK_RELAY_CLIENT_HANDLES_MAX; i += 128) {
            uint32_t first = rig->clients[from[c]].next_tag;
            for (uint32_t k = 0; k < 128; k++) {
                rig_say(rig, from[c], rig_attach(rig, from[c], &queue, PLK_QUEUE_OWNER, i + k));
            }
            rig_run(rig, 200 * PLK_MS);
            for (uint32_t k = 0; k < 128; k++) {
                if (rig_answer(rig, from[c], first + k)->code != PLK_QUEUE_CODE_OK) return good;
                good++;
            }
            rig->clients[from[c]].told_count = 0;
        }
    }
    return good;
}

static void attach_is(int client, enum plk_queue_code code) {
    uint32_t number = UINT32_C(1000000) + rig->clients[client].next_tag;
    assert_int_equal(rig_ask(rig, client, rig_attach(rig, client, &queue, PLK_QUEUE_OWNER, number)), code);
}

static void start_with_memory(uint64_t memory_max) {
    rig_free(rig);
    rig = rig_new(3);
    rig->config.memory_max = memory_max;
    rig_start(rig);
    rig_tick(rig);
    plk_relay_token_new(rig->relay, token, 100);
    alice = rig_connect_from(rig, rig_addr(1, 1000), false);
    bob = rig_connect_from(rig, (struct plk_addr){.family = 4, .ip = {203, 0, 113, 9}, .port = 1000}, false);
    queue = rig_queue_new(rig);
}

static void one_address_takes_a_part_of_the_handles(void **state) {
    (void)state;
    uint64_t most = (UINT64_C(4) << 20) / PLK_RELAY_PREFIX_PART / PLK_RELAY_HANDLE_COST;
    start_with_memory(UINT64_C(4) << 20);
    make(0);
    int more[3];
    more[0] = alice;
    for (uint16_t i = 1; i < 3; i++) more[i] = rig_connect_from(rig, rig_addr(1, (uint16_t)(1000 + i)), false);
    assert_int_equal(bind_all(more, 3), most);
    attach_is(alice, PLK_QUEUE_CODE_LIMIT);
    assert_int_equal(rig_ask(rig, bob, rig_attach(rig, bob, &queue, PLK_QUEUE_OWNER, 1)), PLK_QUEUE_CODE_OK);
    assert_int_equal(subscribe(bob, 1), PLK_QUEUE_CODE_OK); // who is elsewhere is served
    assert_true(plk_relay_state(rig->relay).memory < rig->config.memory_max / 2);
    assert_int_equal(rig_ask(rig, alice, rig_plain(PLK_QUEUE_DETACH, 7)), PLK_QUEUE_CODE_OK);
    attach_is(alice, PLK_QUEUE_CODE_OK); // what is given back may be taken again
    attach_is(alice, PLK_QUEUE_CODE_LIMIT);
}

static void handles_leave_memory_for_what_they_are_there_for(void **state) {
    (void)state;
    start_with_memory(UINT64_C(384) << 10);
    make(0);
    size_t good = bind_all(&alice, 1);
    assert_true(good < 4096);
    assert_true(plk_relay_state(rig->relay).memory < rig->config.memory_max);
}

// ---- crumbs

static void stream_input(uint32_t stream, enum plk_stream_event event, struct plk_bytes data) {
    struct plk_input in = {.kind = PLK_IN_STREAM};
    in.stream.stream = stream;
    in.stream.event = event;
    in.stream.remote = rig_addr(30, 30);
    in.stream.writable = PLK_TCP_UNSENT_MAX;
    in.stream.data = data;
    rig_handle(rig, &in);
}

// A stranger's connection that gets very much at once: what is no packet is passed over, and of what is not whole nothing more is kept
// than it is.
static void crumbs_over_tcp_are_not_kept(void **state) {
    (void)state;
    static uint8_t crumbs[60000 + 10];
    for (size_t i = 0; i < 60000; i += 3) memcpy(crumbs + i, "\x00\x01\xff", 3);
    memcpy(crumbs + 60000, "\x01\x00the start", 10); // of one of 256 bytes
    const struct plk_relay_counters *counters = plk_relay_counters(rig->relay);
    stream_input(77, PLK_STREAM_ACCEPTED, plk_bytes(NULL, 0));
    uint64_t memory = plk_relay_state(rig->relay).memory, malformed = counters->malformed;
    stream_input(77, PLK_STREAM_BYTES, plk_bytes(crumbs, sizeof crumbs));
    assert_int_equal(counters->malformed - malformed, 20000);
    assert_in_range(plk_relay_state(rig->relay).memory - memory, 10, 256);
    // The packet gets whole in pieces, and is one.
    for (size_t i = 0; i < 256 - 8; i++) stream_input(77, PLK_STREAM_BYTES, plk_bytes("x", 1));
    assert_int_equal(counters->malformed + counters->stranger - malformed, 20001);
    assert_int_equal(plk_relay_state(rig->relay).memory, memory);
    stream_input(77, PLK_STREAM_CLOSED, plk_bytes(NULL, 0));
}

static void crumbs_that_wait_for_their_attach_are_few(void **state) {
    (void)state;
    rig_pass(rig, alice, 10, "x", 1); // the tables that it takes are there from now on
    rig_run(rig, 2 * PLK_SECOND);
    uint64_t memory = plk_relay_state(rig->relay).memory;
    for (int i = 0; i < 600; i++) rig_pass(rig, alice, 10, "x", 1);
    size_t most = PLK_RELAY_CLIENT_PASS_WAIT_BYTES / (sizeof(struct plk_pass_waiting) + 1);
    assert_int_equal(plk_relay_counters(rig->relay)->pass_limited, 600 - most);
    assert_in_range(plk_relay_state(rig->relay).memory - memory, 1, 2 * PLK_RELAY_CLIENT_PASS_WAIT_BYTES);
    rig_run(rig, 2 * PLK_SECOND);
    assert_int_equal(plk_relay_counters(rig->relay)->pass_dropped, 1 + most);
}

// Each leaves in a packet of its own, and so does each NOBODY.
static void a_short_pass_costs_what_its_packet_costs(void **state) {
    (void)state;
    struct plk_relay_config slow = rig->config;
    slow.pass_rate = 64;
    slow.pass_burst = 50 * PLK_RELAY_PASS_LEAST;
    plk_relay_retune(rig->relay, &slow);
    make(0);
    attach();
    for (int i = 0; i < 30; i++) rig_pass(rig, alice, 9, "x", 1);
    assert_int_equal(plk_relay_counters(rig->relay)->pass_nobody, 30);
    subscribe(bob, 1);
    for (int i = 0; i < 30; i++) rig_pass(rig, alice, 9, "x", 1);
    assert_in_range(plk_relay_counters(rig->relay)->passed, 20, 22); // a second may have gone by
    assert_in_range(plk_relay_counters(rig->relay)->pass_limited, 8, 10);
}

// Hellos that name somebody else's address take none of the places that its prefix has.
static void who_never_answers_takes_no_place_of_a_prefix(void **state) {
    (void)state;
    rig_free(rig);
    rig = rig_new(4);
    rig->config.prefix_clients_max = 2;
    rig_start(rig);
    rig_tick(rig);
    for (unsigned i = 0; i < 5; i++) {
        struct plk_hello hello;
        uint8_t cid[8] = {9, (uint8_t)i};
        assert_int_equal(plk_hello_start(&hello, rig->static_public, cid, &rig->rng), PLK_ERR_OK);
        from_elsewhere(hello.message, sizeof hello.message);
        rig_tick(rig);
    }
    assert_int_equal(plk_relay_state(rig->relay).half_open, 5);
    struct plk_addr neighbour = elsewhere;
    for (unsigned i = 0; i < 3; i++) {
        neighbour.ip[3] = (uint8_t)(i + 1);
        int index = rig_connect_from(rig, neighbour, false);
        assert_int_equal(rig->clients[index].channel != NULL, i < 2);
    }
    assert_int_equal(plk_relay_counters(rig->relay)->clients_refused, 1);
}

// ---- the same queue

// Until the answer to that command is there: how much the relay had to read for it and for others meanwhile.
static unsigned loads_until(int index, uint32_t tag) {
    unsigned loads = 0;
    while (rig_answer(rig, index, tag) == NULL) {
        bool load = rig->load_count > 0 && rig->load_after[rig->load_first] <= rig->stored_n;
        if (rig->count > 0) {
            rig_deliver(rig);
        } else if (rig->held_count > 0) {
            rig_write(rig);
        } else {
            assert_true(load);
            rig_answer_load(rig);
            loads++;
        }
    }
    return loads;
}

// Who may write into a queue asks for its cell without end, on two channels, so that it is always being read. Its owner, whose commands
// wait for one another, comes to its turn all the same.
static void whoever_reads_without_end_keeps_no_owner_waiting(void **state) {
    (void)state;
    int attackers[2] = {alice, rig_connect(rig)};
    make(PLK_QUEUE_INVITE);
    attach();
    assert_int_equal(rig_ask(rig, attackers[1], rig_attach(rig, attackers[1], &queue, PLK_QUEUE_SENDER, 9)),
                     PLK_QUEUE_CODE_OK);
    for (unsigned i = 0; i < 100; i++) {
        for (unsigned k = 0; k < 2; k++) rig_say(rig, attackers[k], rig_plain(PLK_QUEUE_READ, 9));
    }
    for (unsigned k = 0; k < 2; k++) rig_client_poll(rig, attackers[k]);
    while (rig->count > 0) rig_deliver(rig);
    assert_int_equal(rig->load_count, 2);
    uint32_t tag = rig_say(rig, bob, rig_plain(PLK_QUEUE_DEL, 1));
    rig_client_poll(rig, bob);
    assert_in_range(loads_until(bob, tag), 2, 8);
    rig_run(rig, PLK_SECOND);
    assert_int_equal(plk_relay_state(rig->relay).reads, 0);
}

// Tokens are counted one command after the other. Many who ask for queues with a token that is none take a turn each, no more.
static void whoever_asks_with_wrong_tokens_has_one_turn(void **state) {
    (void)state;
    static const uint8_t none[16] = {99};
    int attackers[12];
    for (unsigned k = 0; k < 12; k++) attackers[k] = rig_connect(rig);
    for (unsigned k = 0; k < 12; k++) {
        for (unsigned i = 0; i < 10; i++) {
            struct rig_queue q = rig_queue_new(rig);
            rig_say(rig, attackers[k], rig_newq(&q, 0, none));
        }
        rig_client_poll(rig, attackers[k]);
    }
    while (rig->count > 0) rig_deliver(rig);
    uint32_t tag = rig_say(rig, bob, rig_newq(&queue, 0, token));
    rig_client_poll(rig, bob);
    assert_in_range(loads_until(bob, tag), 2, 2 * 12 + 4); // each turn reads a queue and a token
    assert_int_equal(rig_answer(rig, bob, tag)->code, PLK_QUEUE_CODE_OK);
    rig_run(rig, PLK_SECOND);
    assert_int_equal(plk_relay_state(rig->relay).reads, 0);
    for (unsigned k = 0; k < 12; k++)
        assert_int_equal(rig->clients[attackers[k]].told_count, 10); // nobody is forgotten
}

// ---- a stolen disk

static void rows_open_nothing(void **state) {
    (void)state;
    make(0);
    attach();
    struct plk_bytes row = queue_row()->value;
    assert_int_equal(row.len, PLK_QUEUE_ROW_LEN);
    const uint8_t *proves = row.at + row.len - PLK_QUEUE_PROVES_LEN;
    uint8_t key[32];
    assert_int_equal(plk_queue_key_attach(key, rig->config.statics[0], queue.owner_public, PLK_QUEUE_OWNER, queue.rid),
                     PLK_ERR_OK);
    assert_false(disk_holds(plk_bytes(key, 16)));
    assert_int_equal(
        plk_queue_key_attach(key, rig->config.statics[0], queue.sender_public, PLK_QUEUE_SENDER, queue.sid),
        PLK_ERR_OK);
    assert_false(disk_holds(plk_bytes(key, 16)));
    for (size_t i = 0; i + 32 <= row.len; i++) { // whatever of the row a thief takes for the key
        struct plk_queue_record record = rig_attach(rig, alice, &queue, PLK_QUEUE_OWNER, 5);
        plk_queue_key_prove(record.attach.proof, row.at + i, rig->clients[alice].heard.hash, 5);
        assert_int_equal(rig_ask(rig, alice, record), PLK_QUEUE_CODE_DENIED);
    }
    assert_true(proves[0] != 0 || proves[1] != 0 || proves[2] != 0);
    const struct toy_row *of_token = &rig->disk.tables[PLK_TABLE_rtoken].rows[0];
    struct rig_queue another = rig_queue_new(rig);
    assert_int_equal(rig_ask(rig, alice, rig_newq(&another, 0, of_token->key.at)), PLK_QUEUE_CODE_DENIED);
}

static void nobody_is_named_on_the_disk(void **state) {
    (void)state;
    const struct plk_addr from = {
        .family = 6, .ip = {0x2a, 1, 0xde, 0xad, 0xbe, 0xef, 7, 8, 9, 10, 11}, .port = 0x7a7b};
    bob = rig_connect_from(rig, from, false);
    make(PLK_QUEUE_INVITE);
    attach();
    subscribe(bob, 1);
    put(1);
    rig_run(rig, PLK_SECOND);
    assert_true(rows(PLK_TABLE_rcell) == 1 && rows(PLK_TABLE_rgrant) == 1 && rows(PLK_TABLE_rtoken) == 1);
    assert_true(disk_holds(plk_bytes(queue.sid, 16))); // what is there is found
    assert_false(disk_holds(plk_bytes(from.ip, 8)));
    assert_false(disk_holds(plk_bytes(token, sizeof token)));
    assert_false(disk_holds(plk_bytes(queue.owner, 16)) || disk_holds(plk_bytes(queue.sender, 16)));
    assert_false(disk_holds(plk_bytes(queue.rid, 16))); // what the owner shows
    assert_false(disk_holds(plk_bytes(rig->clients[bob].heard.hash, 16)));
}

// What proves an owner is kept, and is only kept: without it, or with a wrong one, it is made again.
static void what_proves_an_owner_is_kept_and_mended(void **state) {
    (void)state;
    uint8_t kept[PLK_QUEUE_PROVES_LEN];
    make(0);
    attach();
    uint8_t *proves = (uint8_t *)(uintptr_t)queue_row()->value.at + PLK_QUEUE_ROW_LEN - PLK_QUEUE_PROVES_LEN;
    memcpy(kept, proves, sizeof kept);
    for (int i = 0; i < 2; i++) {
        if (i == 0) proves[7] ^= 1;
        if (i == 1) memset(proves, 0, PLK_QUEUE_PROVES_LEN);
        int again = rig_connect(rig);
        assert_int_equal(rig_ask(rig, again, rig_attach(rig, again, &queue, PLK_QUEUE_OWNER, 3)), PLK_QUEUE_CODE_OK);
        rig_run(rig, PLK_SECOND);
        proves = (uint8_t *)(uintptr_t)queue_row()->value.at + PLK_QUEUE_ROW_LEN - PLK_QUEUE_PROVES_LEN;
        assert_memory_equal(proves, kept, sizeof kept);
    }
    size_t writes = rig->disk.writes;
    int once_more = rig_connect(rig);
    assert_int_equal(rig_ask(rig, once_more, rig_attach(rig, once_more, &queue, PLK_QUEUE_OWNER, 3)),
                     PLK_QUEUE_CODE_OK);
    assert_int_equal(rig->disk.writes, writes); // nothing was to be written
    struct plk_queue_record record = rig_attach(rig, once_more, &queue, PLK_QUEUE_OWNER, 4);
    record.attach.proof[0] ^= 1;
    assert_int_equal(rig_ask(rig, once_more, record), PLK_QUEUE_CODE_DENIED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(who_never_answered_gets_three_times_what_it_sent),
        TEST(hellos_of_who_never_answers_get_no_more_than_they_are),
        TEST(a_client_that_moved_is_asked_and_followed),
        TEST(who_never_acknowledges_holds_its_queue_and_no_more),
        TEST(a_channel_has_a_limit_of_handles),
        TEST(one_address_takes_a_part_of_the_handles),
        TEST(handles_leave_memory_for_what_they_are_there_for),
        TEST(crumbs_over_tcp_are_not_kept),
        TEST(crumbs_that_wait_for_their_attach_are_few),
        TEST(a_short_pass_costs_what_its_packet_costs),
        TEST(who_never_answers_takes_no_place_of_a_prefix),
        TEST(whoever_asks_with_wrong_tokens_has_one_turn),
        TEST(whoever_reads_without_end_keeps_no_owner_waiting),
        TEST(rows_open_nothing),
        TEST(nobody_is_named_on_the_disk),
        TEST(what_proves_an_owner_is_kept_and_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
