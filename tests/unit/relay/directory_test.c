// SPDX-License-Identifier: MIT
// Relays that announce themselves are called back, and listed when they have shown that the descriptor is their own.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "relay/directory.h"
#include "support/relay_rig.h"
#include "wire/tlv.h"

// Another relay, and what it says of itself.
struct other {
    uint8_t seed[32];
    struct plk_hello_static own;
    struct plk_descriptor d;
};

static struct rig *rig;
static int client;

static int setup(void **state) {
    (void)state;
    rig = rig_new(21);
    rig_start(rig);
    rig_tick(rig);
    client = rig_connect(rig);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    rig_free(rig);
    return 0;
}

static struct other other_at(uint8_t a, uint8_t b, uint8_t c) {
    struct other o = {0};
    uint8_t secret[32];
    plk_rng_bytes(&rig->rng, secret, sizeof secret);
    plk_hello_static_init(&o.own, secret);
    plk_descriptor_seed(o.seed, secret);
    o.d = (struct plk_descriptor){.addr = {.family = 4, .ip = {a, b, c, 9}, .port = 7447},
                                  .admission = PLK_RELAY_ADMIT_OPEN,
                                  .sequence = 5,
                                  .expires_ms = rig->now.wall_ms + PLK_DESCRIPTOR_LIFE_MS};
    memcpy(o.d.relay, o.own.known.public, sizeof o.d.relay);
    plk_descriptor_sign(&o.d, o.seed);
    return o;
}

static uint32_t announce(const struct plk_descriptor *d) {
    uint8_t text[PLK_DESCRIPTOR_MAX];
    struct plk_writer w = plk_writer(text, sizeof text);
    struct plk_queue_record record = {.type = PLK_QUEUE_ANNOUNCE};
    plk_descriptor_encode(&w, d);
    record.descriptors = plk_writer_bytes(&w);
    uint32_t tag = rig_say(rig, client, record);
    rig_run(rig, 10 * PLK_MS);
    return tag;
}

static int code_of(uint32_t tag) {
    const struct plk_queue_record *record = rig_answer(rig, client, tag);
    return record == NULL ? -1 : (int)record->code;
}

// It answers the hello that was sent last, with a key of descriptors or without one.
static void answer(const struct other *o, const uint8_t *sign) {
    uint8_t extensions[64];
    struct plk_packet hello;
    struct plk_hello_answered answered;
    struct plk_writer w = plk_writer(extensions, sizeof extensions);
    struct plk_relay_greeting greeting = {.wall_ms = 1, .seen = RIG_RELAY, .admission = PLK_RELAY_ADMIT_OPEN};
    if (sign != NULL) plk_tlv_put(&w, PLK_RELAY_GREETING_SIGN, plk_bytes(sign, 32));
    greeting.extensions = plk_writer_bytes(&w);
    assert_int_equal(plk_packet_decode(&hello, plk_bytes(rig->stray, rig->stray_len)), PLK_ERR_OK);
    assert_true(plk_addr_equal(&rig->stray_to, &o->d.addr));
    assert_int_equal(plk_hello_answer(&o->own, &hello, &greeting, rig->now.mono_us, &rig->rng, &answered), PLK_ERR_OK);
    struct plk_input input = {.kind = PLK_IN_DATAGRAM};
    input.datagram.from = o->d.addr;
    input.datagram.to = RIG_RELAY;
    input.datagram.data = plk_bytes(answered.message, sizeof answered.message);
    rig_handle(rig, &input);
    rig_run(rig, 10 * PLK_MS);
}

static int vouched(struct other *o) {
    uint32_t tag = announce(&o->d);
    if (code_of(tag) != -1) return code_of(tag);
    answer(o, o->d.sign);
    return code_of(tag);
}

static struct plk_descriptors listed(void) {
    struct plk_descriptors list = {.count = 99};
    uint32_t tag = rig_say(rig, client, (struct plk_queue_record){.type = PLK_QUEUE_DIRECTORY});
    rig_run(rig, 100 * PLK_MS);
    const struct plk_queue_record *record = rig_answer(rig, client, tag);
    assert_non_null(record);
    assert_int_equal(record->type, PLK_QUEUE_RELAYS);
    assert_int_equal(plk_descriptors_decode(record->descriptors, &list), PLK_ERR_OK);
    return list;
}

static void whoever_answers_for_itself_is_listed(void **state) {
    (void)state;
    struct other o = other_at(203, 0, 113);
    struct plk_descriptor read;
    assert_int_equal(listed().count, 0);
    assert_int_equal(vouched(&o), PLK_QUEUE_CODE_OK);
    struct plk_descriptors list = listed();
    assert_int_equal(list.count, 1);
    assert_int_equal(plk_descriptor_check(list.at[0], rig->now.wall_ms, &read), PLK_ERR_OK);
    assert_memory_equal(read.relay, o.d.relay, 32);
    rig->now.wall_ms += PLK_DESCRIPTOR_LIFE_MS;
    assert_int_equal(listed().count, 0);
}

static void nobody_is_listed_for_another(void **state) {
    (void)state;
    struct other o = other_at(203, 0, 113), liar = other_at(203, 1, 113);
    uint32_t tag = announce(&o.d);
    answer(&o, liar.d.sign); // the holder of the static names another key
    assert_int_equal(code_of(tag), PLK_QUEUE_CODE_DENIED);
    tag = announce(&o.d);
    answer(&o, NULL);
    assert_int_equal(code_of(tag), PLK_QUEUE_CODE_DENIED);
    struct plk_descriptor forged = o.d;
    forged.addr.port++;
    assert_int_equal(code_of(announce(&forged)), PLK_QUEUE_CODE_DENIED);
    plk_descriptor_sign(&forged, liar.seed); // signed by somebody, for a relay that is not there
    tag = announce(&forged);
    rig_run(rig, PLK_VOUCH_GIVE_UP_US + PLK_SECOND);
    assert_int_equal(code_of(tag), PLK_QUEUE_CODE_UNREACHABLE);
    assert_int_equal(listed().count, 0);
}

static void an_older_one_is_refused(void **state) {
    (void)state;
    struct other o = other_at(203, 0, 113);
    struct plk_descriptor first = o.d, read;
    assert_int_equal(vouched(&o), PLK_QUEUE_CODE_OK);
    assert_int_equal(code_of(announce(&first)), PLK_QUEUE_CODE_STALE);
    o.d.sequence++;
    o.d.addr.port++;
    plk_descriptor_sign(&o.d, o.seed);
    assert_int_equal(vouched(&o), PLK_QUEUE_CODE_OK);
    assert_int_equal(code_of(announce(&first)), PLK_QUEUE_CODE_STALE);
    struct plk_descriptors list = listed();
    assert_int_equal(list.count, 1);
    assert_int_equal(plk_descriptor_decode(list.at[0], &read), PLK_ERR_OK);
    assert_int_equal(read.addr.port, o.d.addr.port);
    struct other late = other_at(203, 2, 113);
    late.d.expires_ms = rig->now.wall_ms;
    plk_descriptor_sign(&late.d, late.seed);
    assert_int_equal(code_of(announce(&late.d)), PLK_QUEUE_CODE_STALE);
}

static void addresses_of_nobody_and_oneself_are_invalid(void **state) {
    (void)state;
    struct other o = other_at(127, 0, 0), self = other_at(203, 0, 113);
    assert_int_equal(code_of(announce(&o.d)), PLK_QUEUE_CODE_INVALID); // this relay listens on no loopback
    memcpy(self.d.relay, rig->static_public, sizeof self.d.relay);
    plk_descriptor_sign(&self.d, self.seed);
    assert_int_equal(code_of(announce(&self.d)), PLK_QUEUE_CODE_INVALID);
    struct plk_queue_record record = {.type = PLK_QUEUE_ANNOUNCE, .descriptors = plk_bytes((const uint8_t *)"x", 1)};
    assert_int_equal(rig_ask(rig, client, record), PLK_QUEUE_CODE_INVALID);
}

static void one_prefix_has_its_share_and_no_more(void **state) {
    (void)state;
    for (uint8_t i = 0; i < PLK_DIRECTORY_PREFIX_MAX + 2; i++) {
        struct other o = other_at(45, 7, i);
        rig_run(rig, PLK_SECOND); // the budget of calls
        assert_int_equal(vouched(&o), i < PLK_DIRECTORY_PREFIX_MAX ? PLK_QUEUE_CODE_OK : PLK_QUEUE_CODE_LIMIT);
    }
    assert_int_equal(listed().count, 1); // of one prefix one is told
    for (uint8_t i = 0; i < PLK_DESCRIPTORS_MAX + 4; i++) {
        struct other o = other_at(46, i, 1);
        rig_run(rig, PLK_SECOND);
        assert_int_equal(vouched(&o), PLK_QUEUE_CODE_OK);
    }
    assert_int_equal(listed().count, PLK_DESCRIPTORS_MAX);
}

static void whoever_left_meanwhile_is_not_answered(void **state) {
    (void)state;
    struct other o = other_at(203, 0, 113);
    announce(&o.d);
    int before = client;
    client = rig_connect(rig);
    plk_relay_channel_close(rig->clients[before].channel);
    rig_run(rig, PLK_SECOND);
    answer(&o, o.d.sign);
    assert_int_equal(listed().count, 1); // it is what it says, whoever has said it
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whoever_answers_for_itself_is_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_is_listed_for_another, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_one_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses_of_nobody_and_oneself_are_invalid, setup, teardown),
        cmocka_unit_test_setup_teardown(one_prefix_has_its_share_and_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(whoever_left_meanwhile_is_not_answered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
