// SPDX-License-Identifier: MIT
// What relays say of how they see us, through a NAT of each behaviour (RFC 5780, section 4).
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "path/reflexive.h"

static const enum plk_nat_behavior EIM = PLK_NAT_ENDPOINT_INDEPENDENT, ADM = PLK_NAT_ADDRESS_DEPENDENT,
                                   APDM = PLK_NAT_ADDRESS_AND_PORT_DEPENDENT;

#define MAPPINGS 16

// A NAT of one host with one socket, and the relays beyond it.
struct nat {
    enum plk_nat_behavior mapping, filtering;
    bool translates, blocks;
    unsigned lost;    // of the first packets
    unsigned packets; // that were sent
    struct {
        struct plk_addr to;
        uint16_t port;
    } made[MAPPINGS];
    unsigned made_count;
};

static struct plk_addr v4(uint8_t a, uint8_t d, uint16_t port) {
    return (struct plk_addr){.family = 4, .ip = {a, 0, 2, d}, .port = port};
}

static struct plk_addr own_address(void) { return v4(10, 2, 40000); }

static struct plk_addr translate(struct nat *nat, const struct plk_addr *to) {
    struct plk_addr seen = v4(198, 1, 50000);
    if (!nat->translates) return own_address();
    for (unsigned i = 0; i < nat->made_count; i++) {
        bool ip = plk_addr_same_ip(&nat->made[i].to, to), all = plk_addr_equal(&nat->made[i].to, to);
        if (nat->mapping == EIM || (nat->mapping == ADM && ip) || all) {
            seen.port = nat->made[i].port;
            return seen;
        }
    }
    assert_true(nat->made_count < MAPPINGS);
    seen.port = (uint16_t)(50000 + nat->made_count * 977);
    nat->made[nat->made_count].to = *to;
    nat->made[nat->made_count++].port = seen.port;
    return seen;
}

static bool lets_in(const struct nat *nat, const struct plk_addr *sent_to, const struct plk_addr *from) {
    if (nat->filtering == EIM) return true;
    if (nat->filtering == ADM) return plk_addr_same_ip(sent_to, from);
    return plk_addr_equal(sent_to, from);
}

struct relay {
    struct plk_addr addr, other;
};

static bool relay_answers(const struct relay *relays, unsigned count, const struct plk_addr *to,
                          const struct plk_stun *ask, struct plk_addr *from) {
    *from = *to;
    for (unsigned i = 0; i < count; i++) {
        bool here = plk_addr_same_ip(to, &relays[i].addr) || plk_addr_same_ip(to, &relays[i].other);
        if (!here) continue;
        if ((ask->change & PLK_STUN_CHANGE_ADDRESS) != 0) *from = relays[i].other;
        if ((ask->change & PLK_STUN_CHANGE_PORT) != 0)
            from->port = to->port == relays[i].addr.port ? relays[i].other.port : relays[i].addr.port;
        return true;
    }
    return false;
}

struct trial {
    struct plk_reflexive r;
    struct plk_rng rng;
    uint64_t now_us, first_us; // when something was known first
    unsigned changes;
};

static void look(struct trial *t) {
    if (!plk_reflexive_tick(&t->r, t->now_us, &t->rng)) return;
    t->changes++;
    if (t->first_us == 0) t->first_us = t->now_us;
}

static void exchange(struct trial *t, struct nat *nat, const struct relay *relays, unsigned count) {
    uint8_t request[PLK_REFLEXIVE_REQUEST_MAX];
    struct plk_addr to, from;
    struct plk_stun ask, answer = {.kind = PLK_STUN_SUCCESS};
    size_t len;
    while (plk_reflexive_poll(&t->r, t->now_us, &to, request, &len)) {
        assert_int_equal(plk_stun_decode(plk_bytes(request, len), &ask), PLK_ERR_OK);
        assert_int_equal(ask.kind, PLK_STUN_REQUEST);
        answer.xor_mapped = translate(nat, &to);
        memcpy(answer.id, ask.id, sizeof answer.id);
        if (nat->packets++ < nat->lost || nat->blocks) continue;
        if (!relay_answers(relays, count, &to, &ask, &from) || !lets_in(nat, &to, &from)) continue;
        assert_true(plk_reflexive_heard(&t->r, &answer));
        assert_false(plk_reflexive_heard(&t->r, &answer)); // once
    }
}

static void run(struct trial *t, struct nat *nat, const struct relay *relays, unsigned count) {
    struct plk_reflexive_server servers[PLK_REFLEXIVE_SERVERS];
    for (unsigned i = 0; i < count; i++) {
        servers[i] = (struct plk_reflexive_server){.addr = relays[i].addr, .other = relays[i].other};
    }
    uint64_t begun_us = t->now_us;
    t->first_us = 0;
    plk_reflexive_begin(&t->r, servers, count, &t->rng, t->now_us);
    while (t->r.running) {
        exchange(t, nat, relays, count);
        look(t);
        uint64_t due_us = plk_reflexive_deadline(&t->r);
        if (!t->r.running) break;
        assert_true(due_us != PLK_NEVER && t->now_us - begun_us < 20 * PLK_SECOND);
        if (due_us > t->now_us) t->now_us = due_us;
    }
    assert_int_equal(plk_reflexive_deadline(&t->r), PLK_NEVER);
}

static struct trial new_trial(void) {
    struct trial t = {.now_us = PLK_MINUTE};
    plk_rng_seed(&t.rng, (const uint8_t[32]){7});
    return t;
}

static const struct relay *full_relay(void) {
    static struct relay relay;
    relay = (struct relay){v4(203, 1, 7447), v4(203, 2, 7448)};
    return &relay;
}

static void each_behaviour_is_recognised_by_a_relay_with_two_addresses(void **state) {
    (void)state;
    for (unsigned mapping = PLK_NAT_ENDPOINT_INDEPENDENT; mapping <= APDM; mapping++) {
        for (unsigned filtering = PLK_NAT_ENDPOINT_INDEPENDENT; filtering <= APDM; filtering++) {
            struct nat nat = {.mapping = (enum plk_nat_behavior)mapping,
                              .filtering = (enum plk_nat_behavior)filtering,
                              .translates = true};
            struct trial t = new_trial();
            run(&t, &nat, full_relay(), 1);
            // Only one answer comes from each of its addresses: which of the two dependences it is cannot be seen; the harder is said.
            assert_int_equal(t.r.found.mapping, mapping == ADM ? APDM : mapping);
            assert_int_equal(t.r.found.filtering, filtering);
            assert_int_equal(t.r.found.seen_count, mapping == EIM ? 1 : 2);
        }
    }
}

static void two_relays_with_two_ports_each_tell_address_from_port(void **state) {
    (void)state;
    const struct relay relays[] = {{v4(203, 1, 7447), v4(203, 1, 7448)}, {v4(203, 9, 7447), v4(203, 9, 7448)}};
    for (unsigned mapping = PLK_NAT_ENDPOINT_INDEPENDENT; mapping <= APDM; mapping++) {
        struct nat nat = {.mapping = (enum plk_nat_behavior)mapping, .filtering = APDM, .translates = true};
        struct trial t = new_trial();
        run(&t, &nat, relays, 2);
        assert_int_equal(t.r.found.mapping, mapping);
        assert_int_equal(t.r.found.filtering, APDM);
    }
}

static void a_host_without_a_nat_keeps_its_address(void **state) {
    (void)state;
    const struct relay relay = {v4(203, 1, 7447), {0}};
    struct nat nat = {.filtering = EIM};
    struct trial t = new_trial();
    run(&t, &nat, &relay, 1);
    assert_true(
        plk_addr_equal(&t.r.found.seen[0], &(struct plk_addr){.family = 4, .ip = {10, 0, 2, 2}, .port = 40000}));
    assert_int_equal(t.r.found.mapping, PLK_NAT_UNKNOWN); // the relay has one port only
    assert_int_equal(t.r.found.filtering, PLK_NAT_UNKNOWN);
}

static void what_is_lost_is_asked_again(void **state) {
    (void)state;
    struct nat nat = {.mapping = EIM, .filtering = APDM, .translates = true, .lost = 5};
    struct trial t = new_trial();
    run(&t, &nat, full_relay(), 1);
    assert_int_equal(t.r.found.mapping, EIM);
    assert_int_equal(t.r.found.filtering, APDM);
}

// The address is told with the first answer, not when all tests are over.
static void what_is_seen_is_good_at_once(void **state) {
    (void)state;
    struct nat nat = {.mapping = EIM, .filtering = APDM, .translates = true};
    struct trial t = new_trial();
    run(&t, &nat, full_relay(), 1);
    assert_int_equal(t.first_us, PLK_MINUTE);
    assert_true(t.now_us > PLK_MINUTE + PLK_SECOND);
    assert_int_equal(t.changes, 2);
}

static void a_round_that_finds_the_same_tells_nothing(void **state) {
    (void)state;
    struct nat nat = {.mapping = EIM, .filtering = APDM, .translates = true};
    struct trial t = new_trial();
    run(&t, &nat, full_relay(), 1);
    t.changes = 0;
    t.now_us += PLK_HOUR;
    run(&t, &nat, full_relay(), 1);
    assert_int_equal(t.changes, 0);
}

static void udp_that_is_blocked_leaves_nothing_known(void **state) {
    (void)state;
    struct nat nat = {.mapping = EIM, .filtering = APDM, .translates = true};
    struct trial t = new_trial();
    run(&t, &nat, full_relay(), 1);
    nat.blocks = true;
    t.now_us += PLK_HOUR;
    run(&t, &nat, full_relay(), 1);
    assert_int_equal(t.r.found.seen_count, 0);
    assert_int_equal(t.r.found.mapping, PLK_NAT_UNKNOWN);
    assert_int_equal(t.r.found.filtering, PLK_NAT_UNKNOWN);
}

static void answers_that_nobody_asked_for_are_none(void **state) {
    (void)state;
    struct trial t = new_trial();
    struct plk_reflexive_server server = {.addr = v4(203, 1, 7447)};
    struct plk_stun answer = {.kind = PLK_STUN_SUCCESS, .xor_mapped = v4(198, 1, 50000)};
    uint8_t request[PLK_REFLEXIVE_REQUEST_MAX];
    struct plk_addr to;
    size_t len;
    assert_false(plk_reflexive_heard(&t.r, &answer));
    plk_reflexive_begin(&t.r, &server, 1, &t.rng, t.now_us);
    memcpy(answer.id, t.r.probes[0].id, sizeof answer.id);
    assert_false(plk_reflexive_heard(&t.r, &answer)); // it has not been sent
    assert_true(plk_reflexive_poll(&t.r, t.now_us, &to, request, &len));
    answer.id[15] ^= 1;
    assert_false(plk_reflexive_heard(&t.r, &answer));
    answer.id[15] ^= 1;
    answer.xor_mapped = (struct plk_addr){.family = 6, .port = 1}; // of the other family: taken, and worth nothing
    assert_true(plk_reflexive_heard(&t.r, &answer));
    look(&t);
    assert_int_equal(t.r.found.seen_count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_behaviour_is_recognised_by_a_relay_with_two_addresses),
        cmocka_unit_test(two_relays_with_two_ports_each_tell_address_from_port),
        cmocka_unit_test(a_host_without_a_nat_keeps_its_address),
        cmocka_unit_test(what_is_lost_is_asked_again),
        cmocka_unit_test(what_is_seen_is_good_at_once),
        cmocka_unit_test(a_round_that_finds_the_same_tells_nothing),
        cmocka_unit_test(udp_that_is_blocked_leaves_nothing_known),
        cmocka_unit_test(answers_that_nobody_asked_for_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
