// SPDX-License-Identifier: MIT
// What two fresh sockets and a relay tell of a NAT.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "path/survey.h"

static const enum plk_nat_behavior EIM = PLK_NAT_ENDPOINT_INDEPENDENT, ADM = PLK_NAT_ADDRESS_DEPENDENT,
                                   APDM = PLK_NAT_ADDRESS_AND_PORT_DEPENDENT;

#define MAPPINGS 8

struct nat {
    enum plk_nat_behavior mapping;
    int step;      // 0: at random
    unsigned lost; // of the first packets
    unsigned packets;
    struct plk_addr other; // OTHER-ADDRESS of answers; family 0: none
    struct {
        unsigned socket;
        struct plk_addr to;
        uint16_t port;
    } made[MAPPINGS];
    unsigned count;
};

static struct plk_addr v4(uint8_t d, uint16_t port) {
    return (struct plk_addr){.family = 4, .ip = {198, 41, 2, d}, .port = port};
}

static uint16_t next_port(const struct nat *nat) {
    static const uint16_t random[MAPPINGS] = {51234, 1999, 33017, 60001, 12345, 44444, 2048, 9};
    if (nat->step == 0) return random[nat->count];
    return (uint16_t)(40000 + (int)nat->count * nat->step);
}

static uint16_t translate(struct nat *nat, unsigned socket, const struct plk_addr *to) {
    for (unsigned i = 0; i < nat->count; i++) {
        bool ip = plk_addr_same_ip(&nat->made[i].to, to), all = plk_addr_equal(&nat->made[i].to, to);
        if (nat->made[i].socket == socket && (nat->mapping == EIM || (nat->mapping == ADM && ip) || all))
            return nat->made[i].port;
    }
    assert_true(nat->count < MAPPINGS);
    nat->made[nat->count].socket = socket;
    nat->made[nat->count].to = *to;
    nat->made[nat->count].port = next_port(nat);
    return nat->made[nat->count++].port;
}

struct trial {
    struct plk_survey s;
    struct plk_rng rng;
    uint64_t now_us;
    unsigned ends;
};

// Answers come at once; whoever gets none waits until its time has come.
static void exchange(struct trial *t, struct nat *nat) {
    unsigned socket;
    struct plk_addr to;
    uint8_t request[PLK_REFLEXIVE_REQUEST_MAX];
    size_t len;
    while (plk_survey_poll(&t->s, t->now_us, &socket, &to, request, &len)) {
        struct plk_stun message;
        assert_int_equal(plk_stun_decode(plk_bytes(request, len), &message), PLK_ERR_OK);
        uint16_t port = translate(nat, socket, &to);
        if (nat->packets++ < nat->lost) continue;
        message.kind = PLK_STUN_SUCCESS;
        message.xor_mapped = v4(200, port);
        message.other = nat->other;
        assert_true(plk_survey_heard(&t->s, &message, &t->rng, t->now_us));
        assert_false(plk_survey_heard(&t->s, &message, &t->rng, t->now_us)); // once
    }
    t->ends += plk_survey_tick(&t->s, t->now_us);
}

static struct plk_nat_class run(struct trial *t, struct nat *nat, const struct plk_reflexive_server *servers,
                                unsigned count) {
    plk_survey_begin(&t->s, servers, count, &t->rng, t->now_us);
    for (unsigned i = 0; t->s.running; i++) {
        assert_true(i < 50);
        uint64_t due_us = plk_survey_deadline(&t->s);
        if (due_us > t->now_us) t->now_us = due_us;
        exchange(t, nat);
    }
    assert_true(plk_survey_deadline(&t->s) == PLK_NEVER);
    return t->s.found;
}

static struct trial trial(void) {
    struct trial t = {.now_us = 50 * PLK_SECOND};
    const uint8_t seed[32] = {3};
    plk_rng_seed(&t.rng, seed);
    return t;
}

static const struct plk_reflexive_server *relays(void) {
    static struct plk_reflexive_server list[2];
    list[0] = (struct plk_reflexive_server){.addr = v4(1, 7447), .other = v4(1, 7448)};
    list[1] = (struct plk_reflexive_server){.addr = v4(9, 7447)};
    return list;
}

static void an_easy_nat_is_seen_by_one_relay(void **state) {
    struct trial t = trial();
    struct nat nat = {.mapping = EIM, .step = 1};
    (void)state;
    uint64_t before_us = t.now_us;
    struct plk_nat_class class = run(&t, &nat, relays(), 1);
    assert_int_equal(class.mapping, EIM);
    assert_int_equal(class.ports, PLK_NAT_PORTS_UNKNOWN); // nobody needs to know
    assert_int_equal(nat.count, 2);
    assert_int_equal(t.ends, 1);
    assert_true(t.now_us - before_us < 50 * PLK_MS); // no longer than its packets take
}

static void a_nat_that_counts_is_told_from_one_that_draws(void **state) {
    (void)state;
    for (int step = -2; step <= 4; step++) {
        struct trial t = trial();
        struct nat nat = {.mapping = APDM, .step = step};
        struct plk_nat_class class = run(&t, &nat, relays(), 1);
        assert_int_equal(class.mapping, APDM);
        assert_int_equal(class.ports, step == 0 ? PLK_NAT_PORTS_RANDOM : PLK_NAT_PORTS_SEQUENTIAL);
        assert_int_equal(class.step, step);
    }
}

static void address_dependence_takes_a_second_address(void **state) {
    (void)state;
    for (unsigned how = 0; how < 3; how++) { // none; another relay's; that of which the answers tell
        struct trial t = trial();
        struct nat nat = {.mapping = ADM};
        if (how == 2) nat.other = v4(2, 7448);
        struct plk_nat_class class = run(&t, &nat, relays(), how == 1 ? 2 : 1);
        assert_int_equal(class.mapping, how == 0 ? EIM : ADM);
        assert_int_equal(class.ports, how == 0 ? PLK_NAT_PORTS_UNKNOWN : PLK_NAT_PORTS_RANDOM);
    }
}

static void an_other_address_that_is_no_public_one_is_not_asked(void **state) {
    struct trial t = trial();
    struct nat nat = {.mapping = ADM, .other = {.family = 4, .ip = {192, 168, 1, 1}, .port = 53}};
    (void)state;
    run(&t, &nat, relays(), 1);
    assert_int_equal(t.s.count, 3);
    t = trial();
    nat = (struct nat){.mapping = ADM, .other = v4(1, 9999)}; // nor one that tells nothing new
    run(&t, &nat, relays(), 1);
    assert_int_equal(t.s.count, 3);
}

static void what_is_lost_is_asked_again(void **state) {
    struct trial t = trial();
    struct nat nat = {.mapping = APDM, .step = 1, .lost = 2};
    (void)state;
    struct plk_nat_class class = run(&t, &nat, relays(), 1);
    assert_int_equal(class.ports, PLK_NAT_PORTS_SEQUENTIAL);
}

static void without_answers_what_was_known_stays(void **state) {
    struct trial t = trial();
    struct nat nat = {.mapping = APDM, .step = 1}, dead = {.mapping = APDM, .step = 1, .lost = 100};
    (void)state;
    run(&t, &nat, relays(), 1);
    struct plk_nat_class class = run(&t, &dead, relays(), 1);
    assert_int_equal(class.mapping, APDM);
    assert_int_equal(t.ends, 2);
    plk_survey_begin(&t.s, relays(), 0, &t.rng, t.now_us); // but not without anybody to ask
    assert_int_equal(t.s.found.mapping, PLK_NAT_UNKNOWN);
    assert_true(plk_survey_deadline(&t.s) == PLK_NEVER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_easy_nat_is_seen_by_one_relay),
        cmocka_unit_test(a_nat_that_counts_is_told_from_one_that_draws),
        cmocka_unit_test(address_dependence_takes_a_second_address),
        cmocka_unit_test(an_other_address_that_is_no_public_one_is_not_asked),
        cmocka_unit_test(what_is_lost_is_asked_again),
        cmocka_unit_test(without_answers_what_was_known_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
