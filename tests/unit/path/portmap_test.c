// SPDX-License-Identifier: MIT
// Routers of each kind are asked for ports; and what becomes of it when they forget, refuse, lie or say nothing.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "path/portmap.h"

static struct plk_portmap p;
static struct plk_rng rng;
static uint64_t now_us;

// The router at 192.168.1.1.
static struct {
    bool pcp, natpmp;
    uint64_t booted_us;
    uint8_t refuses; // PCP's result
    uint32_t life_s; // at most
    struct plk_addr outside;
    unsigned asked_pcp, asked_natpmp, given_back;
} router;

static const struct plk_gateway gateway = {.addr = {.family = 4, .ip = {192, 168, 1, 1}},
                                           .local = {.family = 4, .ip = {192, 168, 1, 20}}};
static const struct plk_gateway gateway6 = {.addr = {.family = 6, .ip = {0xfe, 0x80, [15] = 1}, .scope = 2},
                                            .local = {.family = 6, .ip = {0x20, 0x01, [15] = 5}}};
static const uint16_t udp_ports[2] = {40000, 40006};

static int set_up(void **state) {
    static const uint8_t seed[32] = {7}, key[PLK_PORTMAP_KEY_LEN] = {9};
    (void)state;
    memset(&router, 0, sizeof router);
    router.pcp = true;
    router.life_s = 7200;
    router.outside = (struct plk_addr){.family = 4, .ip = {46, 1, 1, 1}};
    now_us = PLK_HOUR;
    router.booted_us = now_us - PLK_MINUTE;
    plk_rng_seed(&rng, seed);
    plk_portmap_init(&p, key);
    plk_portmap_set(&p, &gateway, 1, udp_ports, 40000, now_us);
    return 0;
}

static uint32_t epoch_s(void) { return (uint32_t)((now_us - router.booted_us) / PLK_SECOND); }

static void hand_in(struct plk_bytes bytes) {
    struct plk_addr from = gateway.addr;
    from.port = PLK_PCP_PORT;
    assert_true(plk_portmap_heard(&p, &from, bytes, &rng, now_us));
}

static void answer_pcp(const struct plk_pcp *ask) {
    uint8_t room[PLK_PCP_MAP_LEN];
    struct plk_writer w = plk_writer(room, sizeof room);
    struct plk_pcp m = *ask;
    m.response = true;
    m.result = router.refuses;
    m.epoch_s = epoch_s();
    if (m.result == PLK_PCP_SUCCESS && m.life_s > router.life_s) m.life_s = router.life_s;
    if (ask->life_s == 0) router.given_back++;
    uint16_t port = m.external.port != 0 ? m.external.port : m.internal_port;
    m.external = router.outside;
    m.external.port = port;
    plk_pcp_encode(&w, &m);
    hand_in(plk_writer_bytes(&w));
}

static void answer_natpmp(const struct plk_natpmp *ask) {
    uint8_t room[PLK_NATPMP_MAX];
    struct plk_writer w = plk_writer(room, sizeof room);
    struct plk_natpmp m = *ask;
    m.response = true;
    m.epoch_s = epoch_s();
    m.external = router.outside;
    if (ask->op != PLK_NATPMP_ADDRESS && ask->life_s == 0) router.given_back++;
    plk_natpmp_encode(&w, &m);
    hand_in(plk_writer_bytes(&w));
}

static void refuse_version(void) {
    static const uint8_t refusal[] = {0, 129, 0, 1, 0, 0, 0, 9}; // RFC 6886 section 3.5
    hand_in(plk_bytes(refusal, sizeof refusal));
}

static void answer(const struct plk_portmap_packet *packet) {
    struct plk_pcp pcp;
    struct plk_natpmp natpmp;
    struct plk_bytes bytes = plk_bytes(packet->bytes, packet->len);
    assert_true(plk_addr_same_ip(&packet->local, &gateway.local));
    assert_int_equal(packet->to.port, 5351);
    if (plk_pcp_decode(bytes, &pcp) == PLK_ERR_OK) {
        router.asked_pcp++;
        assert_true(plk_addr_same_ip(&pcp.client, &gateway.local));
        if (router.pcp)
            answer_pcp(&pcp);
        else if (router.natpmp && router.refuses == PLK_PCP_UNSUPP_VERSION)
            refuse_version();
        return;
    }
    assert_int_equal(plk_natpmp_decode(bytes, &natpmp), PLK_ERR_OK);
    router.asked_natpmp++;
    if (router.natpmp) answer_natpmp(&natpmp);
}

// All that is asked until then is answered as the router does.
static void run(uint64_t us) {
    uint64_t end_us = now_us + us;
    for (;;) {
        struct plk_portmap_packet packets[8];
        unsigned count = 0; // several are under way before the first is answered
        while (count < 8 && plk_portmap_poll(&p, &rng, now_us, &packets[count])) count++;
        for (unsigned i = 0; i < count; i++) answer(&packets[i]);
        if (count > 0) continue;
        uint64_t due_us = plk_portmap_deadline(&p, now_us);
        if (due_us > end_us) break;
        assert_true(due_us > now_us || due_us == now_us);
        now_us = due_us > now_us ? due_us : now_us + 1;
    }
    now_us = end_us;
}

static unsigned held(struct plk_mapping list[PLK_PORTMAP_LEASES]) { return plk_portmap_list(&p, now_us, list); }

static void expect_both(enum plk_mapping_by by) {
    struct plk_mapping list[PLK_PORTMAP_LEASES];
    assert_int_equal(held(list), 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(list[i].by, by);
        assert_int_equal(list[i].transport, i == 0 ? PLK_UDP : PLK_TCP);
        assert_true(plk_addr_same_ip(&list[i].external, &router.outside));
        assert_int_equal(list[i].internal.port, 40000);
    }
}

static void pcp_gives_both_ports_at_once(void **state) {
    (void)state;
    run(0);
    expect_both(PLK_MAPPING_PCP);
    run(PLK_MINUTE);
    assert_int_equal(router.asked_pcp, 2);
    assert_int_equal(router.asked_natpmp, 0);
}

static void a_lease_is_renewed_at_half_of_its_life(void **state) {
    (void)state;
    run(PLK_PORTMAP_LIFE_S / 2 * PLK_SECOND - 1);
    assert_int_equal(router.asked_pcp, 2);
    run(PLK_PORTMAP_LIFE_S / 8 * PLK_SECOND + 2);
    assert_int_equal(router.asked_pcp, 4);
    run(PLK_DAY);
    expect_both(PLK_MAPPING_PCP);
    assert_true(router.asked_pcp <= 4 + 2 * 86400 / (PLK_PORTMAP_LIFE_S / 2));
}

static void silence_is_asked_again_as_the_rfcs_say(void **state) {
    (void)state;
    router.pcp = false;
    uint64_t start_us = now_us;
    run(PLK_MINUTE); // PCP: 0, 3, 9, 21, 45 s; a tenth more or less. NAT-PMP: 0.25 s later, then 0.25, 0.5, ... 32 s
    assert_in_range(router.asked_pcp, 2 * 4, 2 * 5);
    assert_int_equal(router.asked_natpmp, 8);
    run(10 * PLK_HOUR);
    assert_in_range(router.asked_pcp, 2 * (36000 / 1127), 2 * (36000 / 900 + 12)); // MRT 1024 s
    assert_true(now_us - start_us > 10 * PLK_HOUR);
    struct plk_mapping list[PLK_PORTMAP_LEASES];
    assert_int_equal(held(list), 0);
}

static void who_knows_nat_pmp_only_is_asked_so(void **state) {
    (void)state;
    router.pcp = false;
    router.natpmp = true;
    run(PLK_PORTMAP_BESIDE_US - 1);
    assert_int_equal(router.asked_natpmp, 0);
    run(2); // it says nothing to PCP
    expect_both(PLK_MAPPING_NATPMP);
    run(PLK_DAY);
    expect_both(PLK_MAPPING_NATPMP);
}

static void who_refuses_the_version_is_asked_by_nat_pmp_at_once(void **state) {
    (void)state;
    router.pcp = false;
    router.natpmp = true;
    router.refuses = PLK_PCP_UNSUPP_VERSION;
    run(0);
    expect_both(PLK_MAPPING_NATPMP);
    unsigned asked = router.asked_pcp;
    run(PLK_HOUR);
    assert_int_equal(router.asked_pcp, asked);
    expect_both(PLK_MAPPING_NATPMP);
}

static void a_router_that_has_forgotten_is_asked_anew(void **state) {
    for (int natpmp = 0; natpmp < 2; natpmp++) {
        set_up(state);
        router.pcp = natpmp == 0;
        router.natpmp = natpmp == 1;
        run(PLK_MINUTE);
        expect_both(natpmp ? PLK_MAPPING_NATPMP : PLK_MAPPING_PCP);
        router.booted_us = now_us;
        router.outside.ip[3] = 77;
        run(PLK_SECOND);
        plk_portmap_again(&p, now_us); // one lease is enough to see it: the other is made anew in the same moment
        run(PLK_SECOND);
        expect_both(natpmp ? PLK_MAPPING_NATPMP : PLK_MAPPING_PCP);
    }
}

static void an_announcement_of_a_restart_makes_all_anew(void **state) {
    uint8_t room[PLK_PCP_HEADER_LEN];
    (void)state;
    run(PLK_MINUTE);
    router.booted_us = now_us;
    run(PLK_SECOND);
    unsigned asked = router.asked_pcp;
    for (int i = 0; i < 3; i++) { // often, but it is asked once
        struct plk_writer w = plk_writer(room, sizeof room);
        plk_pcp_encode(&w, &(struct plk_pcp){.response = true, .opcode = PLK_PCP_ANNOUNCE, .epoch_s = 1});
        hand_in(plk_writer_bytes(&w));
        run(PLK_SECOND);
    }
    assert_int_equal(router.asked_pcp, asked + 2);
    expect_both(PLK_MAPPING_PCP);
}

static void a_refusal_is_believed_for_half_an_hour_at_most(void **state) {
    struct plk_mapping list[PLK_PORTMAP_LEASES];
    (void)state;
    router.refuses = PLK_PCP_NOT_AUTHORIZED; // with the life that was asked for
    run(PLK_PORTMAP_LIFE_S * PLK_SECOND - 1);
    assert_int_equal(router.asked_pcp, 2);
    assert_int_equal(held(list), 0);
    run(2);
    assert_int_equal(router.asked_pcp, 4);
    router.refuses = 0;
    run(PLK_PORTMAP_REFUSED_MAX_US + PLK_SECOND);
    expect_both(PLK_MAPPING_PCP);
}

static void lies_do_no_harm(void **state) {
    struct plk_mapping list[PLK_PORTMAP_LEASES];
    (void)state;
    router.life_s = UINT32_MAX;
    run(0);
    assert_true(p.routers[0].leases[0].until_us <= now_us + PLK_PORTMAP_LIFE_MAX_S * PLK_SECOND);
    set_up(state);
    router.outside = (struct plk_addr){.family = 4, .ip = {127, 0, 0, 1}};
    run(PLK_MINUTE);
    assert_int_equal(held(list), 0);
    assert_int_equal(router.asked_pcp, 2);
    set_up(state);
    router.life_s = 1; // for as long as nothing
    run(PLK_MINUTE);
    assert_int_equal(held(list), 0);
    assert_int_equal(router.asked_pcp, 2);
}

static void what_was_not_asked_or_is_not_ours_is_dropped(void **state) {
    struct plk_mapping list[PLK_PORTMAP_LEASES];
    struct plk_portmap_packet packet;
    struct plk_pcp ask;
    (void)state;
    assert_true(plk_portmap_poll(&p, &rng, now_us, &packet));
    assert_int_equal(plk_pcp_decode(plk_bytes(packet.bytes, packet.len), &ask), PLK_ERR_OK);
    ask.nonce[0] ^= 1;
    answer_pcp(&ask);
    ask.nonce[0] ^= 1;
    ask.internal_port++;
    answer_pcp(&ask);
    assert_int_equal(held(list), 0);
    struct plk_addr other = {.family = 4, .ip = {192, 168, 1, 2}, .port = 5351};
    assert_false(plk_portmap_heard(&p, &other, plk_bytes(packet.bytes, packet.len), &rng, now_us));
    ask.internal_port--;
    answer_pcp(&ask);
    assert_int_equal(held(list), 1);
    router.outside.ip[0] = 99; // nobody has asked again
    answer_pcp(&ask);
    assert_int_equal(held(list), 1);
    assert_int_equal(list[0].external.ip[0], 46);
}

static void silence_ends_a_lease(void **state) {
    struct plk_mapping list[PLK_PORTMAP_LEASES];
    (void)state;
    run(0);
    router.pcp = false;
    run(PLK_PORTMAP_LIFE_S * PLK_SECOND - 1);
    assert_int_equal(held(list), 2);
    run(1);
    assert_int_equal(held(list), 0);
    assert_in_range(router.asked_pcp, 2 + 2 * 4, 2 + 2 * 12); // ever sooner before the end, never within 4 s
}

static void what_is_held_is_given_back(void **state) {
    struct plk_mapping list[PLK_PORTMAP_LEASES];
    for (int natpmp = 0; natpmp < 2; natpmp++) {
        set_up(state);
        router.pcp = natpmp == 0;
        router.natpmp = natpmp == 1;
        run(PLK_SECOND);
        plk_portmap_leave(&p);
        run(0);
        assert_int_equal(router.given_back, 2);
        assert_int_equal(held(list), 0);
        assert_true(plk_portmap_deadline(&p, now_us) == PLK_NEVER);
    }
}

static void a_new_process_has_the_same_nonces_and_another_network_others(void **state) {
    uint8_t before[PLK_PCP_NONCE_LEN];
    (void)state;
    memcpy(before, p.routers[0].leases[0].nonce, sizeof before);
    set_up(state);
    assert_memory_equal(before, p.routers[0].leases[0].nonce, sizeof before);
    struct plk_gateway other = gateway;
    other.local.ip[3]++;
    plk_portmap_set(&p, &other, 1, udp_ports, 40000, now_us);
    assert_memory_not_equal(before, p.routers[0].leases[0].nonce, sizeof before);
}

static void each_family_has_its_router_and_nat_pmp_is_for_one(void **state) {
    const struct plk_gateway both[] = {gateway, gateway6};
    struct plk_portmap_packet packet;
    unsigned to6 = 0;
    (void)state;
    run(0);
    plk_portmap_set(&p, both, 2, udp_ports, 40000, now_us);
    struct plk_mapping list[PLK_PORTMAP_LEASES];
    assert_int_equal(held(list), 2); // those of the first are kept
    for (now_us += 1; now_us < PLK_HOUR + 5 * PLK_MINUTE; now_us += 50 * PLK_MS) {
        while (plk_portmap_poll(&p, &rng, now_us, &packet)) {
            struct plk_pcp ask;
            assert_int_equal(packet.to.family, 6);
            assert_int_equal(packet.to.scope, 2);
            assert_int_equal(plk_pcp_decode(plk_bytes(packet.bytes, packet.len), &ask), PLK_ERR_OK);
            assert_int_equal(ask.internal_port, ask.protocol == PLK_PCP_UDP ? 40006 : 40000);
            assert_int_equal(ask.external.family, 6);
            to6++;
        }
    }
    assert_true(to6 >= 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pcp_gives_both_ports_at_once, set_up),
        cmocka_unit_test_setup(a_lease_is_renewed_at_half_of_its_life, set_up),
        cmocka_unit_test_setup(silence_is_asked_again_as_the_rfcs_say, set_up),
        cmocka_unit_test_setup(who_knows_nat_pmp_only_is_asked_so, set_up),
        cmocka_unit_test_setup(who_refuses_the_version_is_asked_by_nat_pmp_at_once, set_up),
        cmocka_unit_test(a_router_that_has_forgotten_is_asked_anew),
        cmocka_unit_test_setup(an_announcement_of_a_restart_makes_all_anew, set_up),
        cmocka_unit_test_setup(a_refusal_is_believed_for_half_an_hour_at_most, set_up),
        cmocka_unit_test_setup(lies_do_no_harm, set_up),
        cmocka_unit_test_setup(what_was_not_asked_or_is_not_ours_is_dropped, set_up),
        cmocka_unit_test_setup(silence_ends_a_lease, set_up),
        cmocka_unit_test(what_is_held_is_given_back),
        cmocka_unit_test_setup(a_new_process_has_the_same_nonces_and_another_network_others, set_up),
        cmocka_unit_test_setup(each_family_has_its_router_and_nat_pmp_is_for_one, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
