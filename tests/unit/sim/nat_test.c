// SPDX-License-Identifier: MIT
// The model of NATs against RFC 4787 (UDP) and RFC 5382 (TCP), behaviour by behaviour.
#include "unit/sim/street.h"

static const struct nat_behaviour restricted = {.filtering = NAT_ADDRESS_AND_PORT};

struct home { // a host behind a box, one server with two addresses, another in the open
    struct street *s;
    struct nat *nat;
    struct street_host *inside, *server, *other;
};

static struct home home_new(const struct nat_behaviour *is) {
    struct home h = {.s = street_new(1)};
    h.nat = street_box(h.s, is, NULL);
    h.inside = street_host(h.s, h.nat);
    h.server = street_host(h.s, NULL);
    h.other = street_host(h.s, NULL);
    return h;
}

// What a remote sees when the inside sends to it.
static struct plk_addr seen_by(struct street_host *from, const struct plk_addr *to, struct street_host *receiver) {
    assert_true(street_tell(from, to, receiver));
    return receiver->from;
}

// ---- mapping (RFC 4787, section 4) ------------------------------------------------------------------------------------------

static void a_mapping_depends_on_the_remote_as_its_kind_says(void **state) {
    static const bool same_ip_same_port[] = {true, true, false}, other_ip_same_port[] = {true, false, false};
    (void)state;
    for (int kind = NAT_INDEPENDENT; kind <= NAT_ADDRESS_AND_PORT; kind++) {
        struct nat_behaviour is = {.mapping = (enum nat_dependence)kind, .ports = NAT_RANDOM};
        struct home h = home_new(&is);
        struct plk_addr port2 = h.server->addr, ip2 = street_second(h.server);
        port2.port = 4001;
        net_socket(h.s->net, h.server->index, 4001);
        struct plk_addr first = seen_by(h.inside, &h.server->addr, h.server);
        struct plk_addr by_port2 = seen_by(h.inside, &port2, h.server), by_ip2 = seen_by(h.inside, &ip2, h.server);
        assert_true(plk_addr_same_ip(&first, &h.nat->outside));
        assert_int_equal(plk_addr_equal(&first, &by_port2), same_ip_same_port[kind]);
        assert_int_equal(plk_addr_equal(&first, &by_ip2), other_ip_same_port[kind]);
        struct plk_addr again = seen_by(h.inside, &h.server->addr, h.server);
        assert_true(plk_addr_equal(&first, &again));
        street_free(h.s);
    }
}

static void a_port_is_kept_unless_another_has_it(void **state) {
    (void)state;
    struct home h = home_new(&restricted);
    struct street_host *neighbour = street_host(h.s, h.nat);
    struct plk_addr first = seen_by(h.inside, &h.server->addr, h.server);
    struct plk_addr second = seen_by(neighbour, &h.server->addr, h.server);
    assert_int_equal(first.port, STREET_PORT);
    assert_int_not_equal(second.port, STREET_PORT);
    assert_true(second.port >= NAT_PORT_LOW);
    assert_true(plk_addr_same_ip(&first, &second));
    assert_true(street_tell(h.server, &second, neighbour)); // to whom it belongs
    assert_true(street_tell(h.server, &first, h.inside));
    street_free(h.s);
}

static void ports_are_random_or_in_sequence(void **state) {
    (void)state;
    struct nat_behaviour is = {.mapping = NAT_ADDRESS_AND_PORT, .ports = NAT_SEQUENTIAL, .step = 3};
    for (int sequential = 1; sequential >= 0; sequential--) {
        if (!sequential) is.ports = NAT_RANDOM;
        struct home h = home_new(&is);
        struct plk_addr port2 = h.server->addr, ip2 = street_second(h.server);
        port2.port = 4001;
        net_socket(h.s->net, h.server->index, 4001);
        uint16_t a = seen_by(h.inside, &h.server->addr, h.server).port, b = seen_by(h.inside, &port2, h.server).port;
        uint16_t c = seen_by(h.inside, &ip2, h.server).port;
        assert_int_equal(b == a + 3 && c == b + 3, sequential);
        assert_true(a != b && b != c);
        street_free(h.s);
    }
}

static void a_mapping_ends_when_nothing_has_passed_for_its_lifetime(void **state) {
    (void)state;
    struct nat_behaviour is = {.ports = NAT_RANDOM, .filtering = NAT_ADDRESS_AND_PORT};
    struct home h = home_new(&is);
    struct plk_addr first = seen_by(h.inside, &h.server->addr, h.server);
    street_run(h.s, 31 * PLK_SECOND); // without an answer: 30 s
    assert_int_equal(nat_sessions(h.nat), 0);
    assert_false(street_tell(h.server, &first, h.inside));
    struct plk_addr second = seen_by(h.inside, &h.server->addr, h.server);
    assert_int_not_equal(first.port, second.port);
    assert_true(street_tell(h.server, &second, h.inside)); // with one: 120 s
    street_run(h.s, 110 * PLK_SECOND);
    assert_true(street_tell(h.server, &second, h.inside)); // which this one renews
    street_run(h.s, 110 * PLK_SECOND);
    assert_true(street_tell(h.server, &second, h.inside));
    street_run(h.s, 121 * PLK_SECOND);
    assert_false(street_tell(h.server, &second, h.inside));
    street_free(h.s);
}

static void lifetimes_are_as_told_and_outside_packets_need_not_renew(void **state) {
    (void)state;
    struct nat_behaviour is = restricted; // section 4.3, REQ-6: inbound refresh is a matter of configuration
    is.stream_us = 12 * PLK_SECOND;
    is.inside_keeps = true;
    struct home h = home_new(&is);
    struct plk_addr seen = seen_by(h.inside, &h.server->addr, h.server);
    for (int i = 0; i < 2; i++) {
        assert_true(street_tell(h.server, &seen, h.inside));
        street_run(h.s, 5500 * PLK_MS);
    }
    assert_true(street_tell(h.server, &seen, h.inside));
    street_run(h.s, 2 * PLK_SECOND);
    assert_false(street_tell(h.server, &seen, h.inside));
    assert_true(street_tell(h.inside, &h.server->addr, h.server)); // what comes from inside always opens
    assert_true(street_tell(h.server, &h.server->from, h.inside));
    street_free(h.s);
}

static void a_table_that_is_full_takes_no_more(void **state) {
    (void)state;
    struct nat_behaviour is = restricted;
    is.sessions_max = 3;
    struct home h = home_new(&is);
    struct plk_addr to = h.server->addr;
    for (uint16_t port = 5000; port < 5004; port++) {
        to.port = port;
        net_socket(h.s->net, h.server->index, port);
        assert_int_equal(street_tell(h.inside, &to, h.server), port < 5003);
    }
    assert_int_equal(h.nat->full, 1);
    street_run(h.s, 31 * PLK_SECOND);
    assert_true(street_tell(h.inside, &to, h.server));
    street_free(h.s);
}

// ---- filtering (RFC 4787, section 5) ----------------------------------------------------------------------------------------

static void a_filter_lets_in_whom_its_kind_says(void **state) {
    static const bool other_port[] = {true, true, false}, other_ip[] = {true, false, false};
    (void)state;
    for (int kind = NAT_INDEPENDENT; kind <= NAT_ADDRESS_AND_PORT; kind++) {
        struct nat_behaviour is = {.filtering = (enum nat_dependence)kind, .ports = NAT_RANDOM};
        struct home h = home_new(&is);
        struct plk_addr seen = seen_by(h.inside, &h.server->addr, h.server);
        assert_true(street_tell(h.server, &seen, h.inside));
        net_socket(h.s->net, h.server->index, 4001);
        street_send(h.server, 4001, &seen);
        street_run(h.s, PLK_SECOND);
        assert_int_equal(h.inside->datagrams, 1 + other_port[kind]);
        assert_int_equal(street_tell(h.other, &seen, h.inside), other_ip[kind]);
        struct plk_addr nobody = seen;
        nobody.port ^= 1;
        assert_false(street_tell(h.server, &nobody, h.inside)); // a port without a mapping
        street_free(h.s);
    }
}

static void who_was_let_in_is_answered_from_the_same_port(void **state) {
    (void)state;
    struct nat_behaviour is = {.ports = NAT_RANDOM};
    struct home h = home_new(&is);
    struct plk_addr seen = seen_by(h.inside, &h.server->addr, h.server);
    assert_true(street_tell(h.other, &seen, h.inside));
    assert_true(plk_addr_equal(&h.inside->from, &h.other->addr)); // the source is not translated
    assert_true(street_tell(h.inside, &h.other->addr, h.other));
    assert_true(plk_addr_equal(&h.other->from, &seen));
    street_free(h.s);
}

static void a_firewall_filters_and_translates_nothing(void **state) {
    (void)state;
    struct street *s = street_new(1);
    struct street_host *inside = street_host(s, street_class(s, NAT_CLASS_FW)), *server = street_host(s, NULL);
    assert_false(street_tell(server, &inside->addr, inside));
    assert_true(street_tell(inside, &server->addr, server));
    assert_true(plk_addr_equal(&server->from, &inside->addr));
    assert_true(street_tell(server, &inside->addr, inside));
    street_free(s);
}

static void a_box_without_udp_passes_tcp(void **state) {
    (void)state;
    struct street *s = street_new(1);
    struct street_host *inside = street_host(s, street_class(s, NAT_CLASS_UDP_BLOCKED)), *server = street_host(s, NULL);
    assert_false(street_tell(inside, &server->addr, server));
    net_open(s->net, inside->index, 1, &server->addr);
    street_run(s, PLK_SECOND);
    assert_int_equal(inside->opened, 1);
    street_free(s);
}

// ---- hairpin, stacks (RFC 4787, section 6) ------------------------------------------------------------------------------------

static void two_behind_one_box_reach_each_other_by_hairpin_only(void **state) {
    (void)state;
    for (int hairpin = 0; hairpin < 2; hairpin++) {
        struct nat_behaviour is = {.ports = NAT_RANDOM, .hairpin = hairpin};
        struct home h = home_new(&is);
        struct street_host *neighbour = street_host(h.s, h.nat);
        struct plk_addr a = seen_by(h.inside, &h.server->addr, h.server);
        struct plk_addr b = seen_by(neighbour, &h.server->addr, h.server);
        assert_int_equal(street_tell(h.inside, &b, neighbour), hairpin);
        if (hairpin) assert_true(plk_addr_equal(&neighbour->from, &a));  // REQ-9a: the outside address
        assert_true(street_tell(h.inside, &neighbour->addr, neighbour)); // the LAN is nobody's business
        street_free(h.s);
    }
}

static void a_stack_translates_twice_and_filters_as_its_strictest(void **state) {
    (void)state;
    struct street *s = street_new(1);
    struct nat *home = street_class(s, NAT_CLASS_CGNAT);
    struct street_host *inside = street_host(s, home), *server = street_host(s, NULL), *other = street_host(s, NULL);
    struct plk_addr seen = seen_by(inside, &server->addr, server);
    assert_true(plk_addr_same_ip(&seen, &home->front->outside));
    assert_int_equal(home->outside.ip[0], 100); // RFC 6598
    assert_int_not_equal(seen.port, STREET_PORT);
    assert_true(street_tell(server, &seen, inside));
    assert_false(street_tell(other, &seen, inside));
    nat_reboot(home);
    assert_false(street_tell(server, &seen, inside)); // the carrier still knows it, the home does not
    assert_true(street_tell(inside, &server->addr, server));
    assert_true(plk_addr_equal(&server->from, &seen));
    street_free(s);
}

static void subscribers_of_one_carrier_reach_each_other_inside_it(void **state) {
    (void)state;
    struct street *s = street_new(1);
    struct nat_behaviour full_cone = {.filtering = NAT_INDEPENDENT};
    struct nat *home = street_class(s, NAT_CLASS_CGNAT), *next = street_box(s, &full_cone, home->front);
    struct street_host *a = street_host(s, home), *b = street_host(s, next), *server = street_host(s, NULL);
    struct plk_addr seen = seen_by(b, &server->addr, server), within = next->outside;
    within.port = STREET_PORT;
    assert_false(street_tell(a, &seen, b)); // no hairpin
    assert_true(street_tell(a, &within, b));
    assert_true(plk_addr_same_ip(&b->from, &home->outside));
    street_free(s);
}

// ---- reboot, early packets, hops ------------------------------------------------------------------------------------------------

static void a_rebooted_box_has_forgotten_and_a_renumbered_one_is_elsewhere(void **state) {
    (void)state;
    struct home h = home_new(&restricted);
    struct plk_addr seen = seen_by(h.inside, &h.server->addr, h.server);
    assert_true(street_tell(h.server, &seen, h.inside));
    nat_reboot(h.nat);
    assert_false(street_tell(h.server, &seen, h.inside));
    struct plk_addr again = seen_by(h.inside, &h.server->addr, h.server);
    assert_true(plk_addr_same_ip(&seen, &again));
    nat_renumber(h.nat);
    assert_false(street_tell(h.server, &again, h.inside));
    struct plk_addr moved = seen_by(h.inside, &h.server->addr, h.server);
    assert_false(plk_addr_same_ip(&seen, &moved));
    assert_true(street_tell(h.server, &moved, h.inside));
    street_free(h.s);
}

// Both send; the box of the inside has kept the other's first packet for itself.
static struct plk_addr after_an_early_packet(bool traps, uint8_t hops) {
    struct nat_behaviour is = restricted;
    is.traps = traps;
    struct home h = home_new(&is);
    struct plk_addr seen = seen_by(h.inside, &h.server->addr, h.server);
    street_send_hops(h.other, STREET_PORT, &seen, hops);
    street_run(h.s, PLK_SECOND);
    struct plk_addr late = seen_by(h.inside, &h.other->addr, h.other);
    assert_true(street_tell(h.other, &late, h.inside));
    struct plk_addr usual = seen_by(h.inside, &h.server->addr, h.server); // other remotes see the old port
    assert_int_equal(usual.port, STREET_PORT);
    street_free(h.s);
    return late;
}

static void an_early_packet_costs_the_port_unless_it_dies_on_the_way(void **state) {
    (void)state;
    assert_int_equal(after_an_early_packet(false, NET_HOPS).port, STREET_PORT);
    assert_int_not_equal(after_an_early_packet(true, NET_HOPS).port, STREET_PORT);
    for (uint8_t hops = 1; hops <= NET_CORE_HOPS; hops++) {
        assert_int_equal(after_an_early_packet(true, hops).port, STREET_PORT);
    }
    assert_int_not_equal(after_an_early_packet(true, NET_CORE_HOPS + 1).port, STREET_PORT);
}

static void a_packet_that_dies_on_the_way_opens_the_boxes_that_it_passed(void **state) {
    (void)state;
    struct street *s = street_new(1);
    struct nat *home = street_class(s, NAT_CLASS_CGNAT);
    struct street_host *inside = street_host(s, home), *other = street_host(s, NULL);
    street_send_hops(inside, STREET_PORT, &other->addr, 1);
    street_run(s, PLK_SECOND);
    assert_int_equal(nat_sessions(home), 0); // its first router, before it looked further
    street_send_hops(inside, STREET_PORT, &other->addr, 2);
    street_run(s, PLK_SECOND);
    assert_int_equal(nat_sessions(home), 1);
    assert_int_equal(nat_sessions(home->front), 0);
    street_send_hops(inside, STREET_PORT, &other->addr, 2 + NET_CORE_HOPS);
    street_run(s, PLK_SECOND);
    assert_int_equal(nat_sessions(home->front), 1);
    assert_int_equal(other->datagrams, 0);
    struct plk_addr seen, middle;
    assert_true(nat_seen(home, PLK_UDP, &inside->addr, &other->addr, &middle));
    assert_true(nat_seen(home->front, PLK_UDP, &middle, &other->addr, &seen));
    assert_true(street_tell(other, &seen, inside));
    street_send_hops(inside, STREET_PORT, &other->addr, 3 + NET_CORE_HOPS);
    street_run(s, PLK_SECOND);
    assert_int_equal(other->datagrams, 1);
    street_free(s);
}

// ---- TCP (RFC 5382) -------------------------------------------------------------------------------------------------------------

static void a_stranger_is_answered_with_silence_or_a_reset(void **state) {
    (void)state;
    for (int rejects = 0; rejects < 2; rejects++) {
        struct nat_behaviour is = restricted;
        is.rejects = rejects;
        struct home h = home_new(&is);
        struct plk_addr to = h.nat->outside;
        to.port = STREET_PORT;
        net_open(h.s->net, h.other->index, 1, &to);
        street_run(h.s, PLK_SECOND);
        assert_int_equal(h.other->closed, rejects);
        street_run(h.s, PLK_MINUTE);
        assert_int_equal(h.other->closed, 1);
        assert_int_equal(h.inside->accepted, 0);
        street_free(h.s);
    }
}

static void a_simultaneous_open_meets_through_two_strict_boxes(void **state) {
    (void)state;
    struct street *s = street_new(1);
    struct nat *left = street_class(s, NAT_CLASS_PORT_RESTRICTED), *right = street_class(s, NAT_CLASS_PORT_RESTRICTED);
    struct street_host *a = street_host(s, left), *b = street_host(s, right);
    struct plk_addr to_a = left->outside, to_b = right->outside;
    to_a.port = to_b.port = STREET_PORT;
    net_open(s->net, a->index, 1, &to_b); // from any port: no way in
    street_run(s, PLK_MINUTE);
    assert_int_equal(a->closed, 1);
    net_open_from(s->net, a->index, 2, STREET_PORT, &to_b, NET_HOPS);
    street_run(s, 300 * PLK_MS);
    net_open_from(s->net, b->index, 3, STREET_PORT, &to_a, NET_HOPS);
    street_run(s, 5 * PLK_SECOND);
    assert_int_equal(a->opened, 1);
    assert_int_equal(b->opened, 1);
    assert_int_equal(a->accepted + b->accepted, 0);
    assert_true(plk_addr_equal(&a->remote, &to_b));
    assert_int_equal(s->net->hosts[a->index].streams + s->net->hosts[b->index].streams, 2);
    net_write(s->net, b->index, 3, plk_bytes("hello", 5));
    net_close(s->net, b->index, 3);
    street_run(s, PLK_SECOND);
    assert_int_equal(a->closed, 2);
    assert_int_equal(s->net->hosts[a->index].streams + s->net->hosts[b->index].streams, 0);
    street_free(s);
}

static void a_connection_dies_with_the_state_of_its_box(void **state) {
    (void)state;
    struct home h = home_new(&restricted);
    net_open(h.s->net, h.inside->index, 1, &h.server->addr);
    street_run(h.s, PLK_SECOND);
    assert_int_equal(h.server->accepted, 1);
    street_run(h.s, 2 * PLK_HOUR); // RFC 5382, REQ-5
    net_write(h.s->net, h.inside->index, 1, plk_bytes("x", 1));
    street_run(h.s, 2 * PLK_MINUTE);
    assert_int_equal(h.inside->closed, 0);
    nat_reboot(h.nat);
    net_write(h.s->net, h.inside->index, 1, plk_bytes("x", 1));
    street_run(h.s, 2 * PLK_MINUTE);
    assert_int_equal(h.inside->closed, 1);
    net_open(h.s->net, h.inside->index, 2, &h.server->addr);
    street_run(h.s, PLK_SECOND);
    assert_int_equal(h.inside->opened, 2);
    nat_renumber(h.nat);
    net_write(h.s->net, h.inside->index, 2, plk_bytes("x", 1));
    street_run(h.s, 2 * PLK_MINUTE);
    assert_int_equal(h.inside->closed, 2);
    street_free(h.s);
}

static void the_same_seed_gives_the_same_ports(void **state) {
    (void)state;
    struct plk_addr seen[3];
    for (int i = 0; i < 3; i++) {
        struct street *s = street_new(i < 2 ? 7 : 8);
        struct street_host *inside = street_host(s, street_class(s, NAT_CLASS_SYMMETRIC)),
                           *server = street_host(s, NULL);
        seen[i] = seen_by(inside, &server->addr, server);
        street_free(s);
    }
    assert_true(plk_addr_equal(&seen[0], &seen[1]));
    assert_false(plk_addr_equal(&seen[0], &seen[2]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mapping_depends_on_the_remote_as_its_kind_says),
        cmocka_unit_test(a_port_is_kept_unless_another_has_it),
        cmocka_unit_test(ports_are_random_or_in_sequence),
        cmocka_unit_test(a_mapping_ends_when_nothing_has_passed_for_its_lifetime),
        cmocka_unit_test(lifetimes_are_as_told_and_outside_packets_need_not_renew),
        cmocka_unit_test(a_table_that_is_full_takes_no_more),
        cmocka_unit_test(a_filter_lets_in_whom_its_kind_says),
        cmocka_unit_test(who_was_let_in_is_answered_from_the_same_port),
        cmocka_unit_test(a_firewall_filters_and_translates_nothing),
        cmocka_unit_test(a_box_without_udp_passes_tcp),
        cmocka_unit_test(two_behind_one_box_reach_each_other_by_hairpin_only),
        cmocka_unit_test(a_stack_translates_twice_and_filters_as_its_strictest),
        cmocka_unit_test(subscribers_of_one_carrier_reach_each_other_inside_it),
        cmocka_unit_test(a_rebooted_box_has_forgotten_and_a_renumbered_one_is_elsewhere),
        cmocka_unit_test(an_early_packet_costs_the_port_unless_it_dies_on_the_way),
        cmocka_unit_test(a_packet_that_dies_on_the_way_opens_the_boxes_that_it_passed),
        cmocka_unit_test(a_stranger_is_answered_with_silence_or_a_reset),
        cmocka_unit_test(a_simultaneous_open_meets_through_two_strict_boxes),
        cmocka_unit_test(a_connection_dies_with_the_state_of_its_box),
        cmocka_unit_test(the_same_seed_gives_the_same_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
