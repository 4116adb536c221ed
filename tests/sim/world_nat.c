// SPDX-License-Identifier: MIT
#include "sim/world.h"

struct nat *world_nat_box(struct world *w, const struct nat_behaviour *is, const struct nat *front) {
    plk_assert(w->nat_count < WORLD_NATS_MAX);
    struct nat *nat = nat_new(w->net, w->seed, w->nat_count, is, front);
    w->nats[w->nat_count++] = nat;
    return nat;
}

struct nat *world_nat(struct world *w, enum nat_class class) {
    struct nat_behaviour boxes[NAT_BOXES_MAX];
    struct nat *nat = NULL;
    for (size_t i = nat_class_boxes(class, boxes); i-- > 0;) nat = world_nat_box(w, &boxes[i], nat);
    return nat;
}

void world_behind(struct actor *a, struct nat *nat) {
    struct trace_entry entry = {world_now(a->world), a->name, "# story", plk_bytes(NULL, 0)};
    if (nat)
        trace_add(&a->world->trace, &entry, "goes behind NAT %d", nat->number);
    else
        trace_add(&a->world->trace, &entry, "%s", "goes into the open");
    a->nat = nat;
    actor_go(a, a->place4, a->place6);
}

static const struct nat *outermost(const struct nat *nat) {
    while (nat && nat->front) nat = nat->front;
    return nat;
}

static bool lets_udp(const struct nat *nat) {
    for (; nat; nat = nat->front) {
        if (nat->is.no_udp) return false;
    }
    return true;
}

enum nat_way world_permits(const struct actor *a, const struct actor *b, enum plk_transport transport) {
    bool lan = a->nat == b->nat && a->nat != NULL;
    bool udp = transport != PLK_UDP || lan || (lets_udp(a->nat) && lets_udp(b->nat));
    // Over IPv6 every box is a firewall.
    if (udp && a->has6 && b->has6) return NAT_WAY_BASIC;
    if (!a->has4 || !b->has4) return NAT_WAY_NONE;
    if (lan) return NAT_WAY_BASIC;
    const struct nat *out = outermost(a->nat);
    if (out && out == outermost(b->nat) && !out->is.firewall && !out->is.hairpin) return NAT_WAY_NONE;
    return nat_pair_permits(nat_class_of(a->nat, transport), nat_class_of(b->nat, transport), transport);
}

static void note(struct world *w, const struct nat *nat, const char *what) {
    char name[ACTOR_NAME_MAX];
    snprintf(name, sizeof name, "NAT %d", nat->number);
    struct trace_entry entry = {world_now(w), name, "# story", plk_bytes(NULL, 0)};
    trace_add(&w->trace, &entry, "%s, %zu sessions lost", what, nat_sessions(nat));
}

void world_nat_reboot(struct world *w, struct nat *nat) {
    note(w, nat, "starts again");
    nat_reboot(nat);
}

void world_nat_renumber(struct world *w, struct nat *nat) {
    note(w, nat, "gets another address");
    nat_renumber(nat);
}
